//! Every fuzz target, from the committed corpus: for seconds with a fixed seed in every test run,
//! and for as many minutes as somebody has with `cargo xtask fuzz`.
//!
//! Several run side by side: as many as the machine has processors in a test run, where the time
//! of all counts; as many as are asked for with `--jobs`.
//!
//! The sanitizer and the coverage that libFuzzer wants are options of the compiler that are not
//! stable. A nightly toolchain would take them, but cannot be fetched everywhere and differs from
//! day to day; the stable one takes them, too, when it is told to. So there is one way, and it is
//! that.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::closing::Closing;
use crate::project::Project;
use crate::run;

/// The manifest of the targets, from the top of the checkout.
pub(crate) const MANIFEST: &str = "tests/fuzz/Cargo.toml";

const FOLDER: &str = "tests/fuzz";

/// The seed of every short run.
const SEED: u32 = 20_261_121;

/// How long each target runs in a test run, in seconds.
const SECONDS: u64 = 30;

/// Options of `cargo xtask fuzz`.
#[derive(Args)]
pub(crate) struct Options {
    /// Minutes for each target
    #[arg(long, default_value_t = 1)]
    minutes: u64,
    /// Targets to run; all of them by default
    targets: Vec<String>,
    /// Where chance begins; printed, so that a run can be made again
    #[arg(long, default_value_t = SEED)]
    seed: u32,
    /// Targets that run at the same time; as many as there are processors by default
    #[arg(long)]
    jobs: Option<usize>,
}

/// What is run, and how.
struct Plan<'a> {
    project: &'a Project,
    targets: &'a [String],
    seconds: u64,
    seed: u32,
    jobs: usize,
}

/// Runs targets for as long as somebody has.
pub(crate) fn fuzz(project: &Project, options: &Options) -> Result<()> {
    let all = targets(project)?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target {unknown}; there are {}", all.join(", "));
    }
    let wanted = if options.targets.is_empty() { &all } else { &options.targets };
    let seconds = options.minutes.saturating_mul(60);
    let jobs = options.jobs.unwrap_or_else(processors);
    let plan = Plan { project, targets: wanted, seconds, seed: options.seed, jobs };
    let last_words = run_plan(&plan, &mut Closing::default())?;
    println!();
    last_words.iter().for_each(|words| println!("{words}"));
    Ok(())
}

/// Builds all targets and runs each. One that finds something fails; how to run it again stands in
/// what it printed.
pub(crate) fn run_all(project: &Project, closing: &mut Closing) -> Result<()> {
    let targets = targets(project)?;
    let (seconds, seed, jobs) = (SECONDS, SEED, processors());
    run_plan(&Plan { project, targets: &targets, seconds, seed, jobs }, closing)?;
    Ok(())
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

/// Runs every target of a plan, whatever the others find. Gives their closing lines.
fn run_plan(plan: &Plan<'_>, closing: &mut Closing) -> Result<Vec<String>> {
    run::check(&mut cargo_fuzz(plan.project, "build"))?;
    let waiting = Mutex::new(plan.targets.iter());
    let ended = Mutex::new(Vec::new());
    let closing = Mutex::new(closing);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..plan.jobs.max(1) {
            scope.spawn(|| {
                while let Some(target) = next() {
                    let result = run_one(plan, target, &closing);
                    ended.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    ended.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

/// Runs one target. Gives its closing line.
fn run_one(plan: &Plan<'_>, target: &str, closing: &Mutex<&mut Closing>) -> Result<String> {
    let Plan { project, seconds, seed, .. } = *plan;
    let found = project.target().join("fuzz/corpus").join(target);
    // Always from what is committed, so that the next run begins as this one did.
    if found.exists() {
        fs::remove_dir_all(&found)?;
    }
    fs::create_dir_all(&found)?;
    let mut command = cargo_fuzz(project, "run");
    command.arg(target).arg(&found).arg(format!("{FOLDER}/corpus/{target}")).arg("--");
    command.args([
        format!("-seed={seed}"),
        format!("-max_total_time={seconds}"),
        format!("-dict={}", project.at(FOLDER).join("words.dict").display()),
        // Far more than any input costs, even on a busy machine; less memory than one has.
        "-timeout=120".to_owned(),
        "-rss_limit_mb=2048".to_owned(),
        "-print_final_stats=1".to_owned(),
    ]);
    println!("target {target}, seed {seed}, {seconds} seconds");
    let (mut runs, mut reached) = (String::new(), String::new());
    run::watch_shown(&mut command, |line| {
        closing.lock().unwrap_or_else(PoisonError::into_inner).read_fuzzer(target, line);
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            count.trim().clone_into(&mut runs);
        }
        if let Some(state) = last_state(line) {
            reached = state;
        }
        // Each new input would be a line.
        (!line.starts_with('#') || line.contains("DONE")).then(|| format!("{target}: "))
    })?;
    if !closing.lock().unwrap_or_else(PoisonError::into_inner).passed().contains_key(target) {
        bail!("the fuzz target {target} ended without a run");
    }
    Ok(format!("fuzz {target}: seed {seed}, {seconds} s, {runs} runs, {reached}, nothing found"))
}

/// What a target had reached when it ended: `#98095 DONE cov: 1203 ft: 5120 corp: 310/14Kb …`.
fn last_state(line: &str) -> Option<String> {
    let (_, state) = line.strip_prefix('#')?.split_once("DONE")?;
    let end = state.find(" lim:").or_else(|| state.find(" exec/s:")).unwrap_or(state.len());
    Some(state[..end].trim().to_owned())
}

fn cargo_fuzz(project: &Project, verb: &str) -> Command {
    let mut command = project.cargo();
    command.args(["fuzz", verb, "--fuzz-dir", FOLDER, "--target-dir"]);
    command.arg(project.target().join("fuzz"));
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}

/// The names of the targets, in order.
fn targets(project: &Project) -> Result<Vec<String>> {
    let folder = project.at(FOLDER).join("fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().map(Path::new).unwrap_or(Path::new(""));
            names.push(name.display().to_string());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_was_reached() {
        let line =
            "#98095\tDONE   cov: 1203 ft: 5120 corp: 310/14Kb lim: 64 exec/s: 3163 rss: 88Mb";
        assert_eq!(last_state(line).as_deref(), Some("cov: 1203 ft: 5120 corp: 310/14Kb"));
        assert_eq!(last_state("#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb"), None);
        assert_eq!(last_state("Done 98095 runs in 31 second(s)"), None);
    }
}

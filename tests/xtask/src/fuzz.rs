//! Every fuzz target, from the committed corpus: for seconds with a fixed seed in every test run,
//! and for as many minutes as somebody has with `cargo xtask fuzz`.
//!
//! The sanitizer and the coverage that libFuzzer wants are options of the compiler that are not
//! stable. A nightly toolchain would take them, but cannot be fetched everywhere and differs from
//! day to day; the stable one takes them, too, when it is told to. So there is one way, and it is
//! that.

use std::fs;
use std::path::Path;
use std::process::Command;

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
}

/// Runs targets for as long as somebody has.
pub(crate) fn fuzz(project: &Project, options: &Options) -> Result<()> {
    let all = targets(project)?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target {unknown}; there are {}", all.join(", "));
    }
    let wanted = if options.targets.is_empty() { &all } else { &options.targets };
    run::check(&mut cargo_fuzz(project, "build"))?;
    let mut closing = Closing::default();
    let mut last_words = Vec::new();
    for target in wanted {
        let seconds = options.minutes.saturating_mul(60);
        last_words.push(run_one(project, target, seconds, options.seed, &mut closing)?);
    }
    println!();
    for (target, words) in wanted.iter().zip(last_words) {
        println!("fuzz {target}: {words}");
    }
    Ok(())
}

/// Builds all targets and runs each. One that finds something fails; how to run it again stands in
/// what it printed.
pub(crate) fn run_all(project: &Project, closing: &mut Closing) -> Result<()> {
    run::check(&mut cargo_fuzz(project, "build"))?;
    for target in targets(project)? {
        run_one(project, &target, SECONDS, SEED, closing)?;
    }
    Ok(())
}

/// Runs one target. Gives its closing line.
fn run_one(
    project: &Project,
    target: &str,
    seconds: u64,
    seed: u32,
    closing: &mut Closing,
) -> Result<String> {
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
        // More than any input may cost, less than a machine has.
        "-timeout=20".to_owned(),
        "-rss_limit_mb=2048".to_owned(),
        "-verbosity=0".to_owned(),
        "-print_final_stats=1".to_owned(),
    ]);
    println!("target {target}, seed {seed}, {seconds} seconds");
    let mut runs = String::new();
    run::watch(&mut command, |line| {
        closing.read_fuzzer(target, line);
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            runs = format!("{} runs in {seconds} s, nothing found", count.trim());
        }
    })?;
    if !closing.passed().contains_key(target) {
        bail!("the fuzz target {target} ended without a run");
    }
    Ok(runs)
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

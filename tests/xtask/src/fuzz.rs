//! A short run of every fuzz target: from the committed corpus, with a fixed seed.
//!
//! The sanitizer and the coverage that libFuzzer wants are options of the compiler that are not
//! stable. A nightly toolchain would take them, but cannot be fetched everywhere and differs from
//! day to day; the stable one takes them, too, when it is told to. So there is one way, and it is
//! that.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::closing::Closing;
use crate::project::Project;
use crate::run;

/// The manifest of the targets, from the top of the checkout.
pub(crate) const MANIFEST: &str = "tests/fuzz/Cargo.toml";

const FOLDER: &str = "tests/fuzz";

/// The seed of every run.
const SEED: u32 = 20_261_121;

/// How long a target runs, in seconds.
const SECONDS: u32 = 15;

/// How long the target runs that goes through every command.
const COMMANDS_SECONDS: u32 = 30;

/// Builds all targets and runs each. One that finds something fails; how to run it again stands in
/// what it printed.
pub(crate) fn run_all(project: &Project, closing: &mut Closing) -> Result<()> {
    run::check(&mut cargo_fuzz(project, "build"))?;
    for target in targets(project)? {
        let found = project.target().join("fuzz/corpus").join(&target);
        // Always from what is committed, so that the next run begins as this one did.
        if found.exists() {
            fs::remove_dir_all(&found)?;
        }
        fs::create_dir_all(&found)?;
        let seconds = if target == "commands" { COMMANDS_SECONDS } else { SECONDS };
        let mut command = cargo_fuzz(project, "run");
        command.arg(&target).arg(&found).arg(format!("{FOLDER}/corpus/{target}")).arg("--");
        command.args([
            format!("-seed={SEED}"),
            format!("-max_total_time={seconds}"),
            format!("-dict={}", project.at(FOLDER).join("words.dict").display()),
            // More than any input may cost, less than a machine has.
            "-timeout=20".to_owned(),
            "-rss_limit_mb=2048".to_owned(),
            "-verbosity=0".to_owned(),
            "-print_final_stats=1".to_owned(),
        ]);
        println!("target {target}, seed {SEED}, {seconds} seconds");
        run::watch(&mut command, |line| closing.read_fuzzer(&target, line))?;
        if !closing.passed().contains_key(&target) {
            bail!("the fuzz target {target} ended without a run");
        }
    }
    Ok(())
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

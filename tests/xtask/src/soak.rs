//! `cargo xtask soak`: the tests that can run for longer, run for longer.
//!
//! They are the same tests as in every run, and read from the environment how much they do. Their
//! progress streams by. That all ran and have passed is read from what they print: a test whose
//! name was changed would else be left out without a word.

use anyhow::{Result, bail};
use clap::Args;

use crate::closing::Closing;
use crate::project::Project;
use crate::run;

/// The tests, in `tests/native/rewrites` and `tests/native/hostile`.
const TESTS: [&str; 3] = [
    "rewrites::many::rewrites_end_and_lose_nothing",
    "rewrites::killed_children::children_that_are_killed_cost_nothing",
    "hostile::fuzz::drawn_harm_hurts_nobody_else",
];

/// Options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// Complete rewrites under load, on two servers together
    #[arg(long, default_value_t = 10_000)]
    rewrites: u64,
    /// Seconds of mixed load whose rewrite children are killed at random
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Minutes of drawn hostile clients, beside the others
    #[arg(long, default_value_t = 10)]
    hostile_minutes: u64,
}

/// Runs all of them with as much as the options say.
pub(crate) fn soak(project: &Project, options: &Options) -> Result<()> {
    let mut command = project.cargo();
    command.args(["test", "--release", "-p", "aof-tests", "--test", "native", "--", "--exact"]);
    command.args(TESTS).args(["--nocapture"]);
    command.env("AOF_LAB_SOAK_REWRITES", options.rewrites.to_string());
    command.env("AOF_LAB_SOAK_SECONDS", options.seconds.to_string());
    command.env("AOF_LAB_SOAK_HOSTILE_MINUTES", options.hostile_minutes.to_string());
    let mut closing = Closing::default();
    let (mut complete, mut hostile) = (None, None);
    run::watch(&mut command, |line| {
        closing.read_cargo(line);
        if line.starts_with("soak: ") && line.contains("complete rewrites") {
            complete = Some(line.to_owned());
        }
        if line.starts_with("soak: ") && line.contains("hostile connections") {
            hostile = Some(line.to_owned());
        }
    })?;
    let passed: u64 = closing.passed().values().sum();
    let all = passed == TESTS.len() as u64;
    let Some((complete, hostile)) = complete.zip(hostile).filter(|_| all) else {
        bail!("{passed} of {} tests ran and passed", TESTS.len());
    };
    println!("\n{complete}");
    println!("soak: {} s of killed children, nothing lost", options.seconds);
    println!("{hostile}");
    Ok(())
}

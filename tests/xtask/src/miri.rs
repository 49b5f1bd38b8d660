//! `cargo xtask miri`: the unit tests of some modules of `core`, interpreted by Miri, which stops
//! at undefined behaviour.
//!
//! `core` has no `unsafe` of its own, but what reads strangers' bytes stands on crates that have
//! (`memchr`, `hashbrown`, `itoa`), and on `core`'s promises to them. The modules are those that
//! see the bytes first and those that hand blocks of them on.
//!
//! Miri is some hundred times slower than a debug build, so under `cfg(miri)` the tests go through
//! smaller spaces; each says by how much, in a constant of its own. The whole of `core` would take
//! days. It is no part of a test run: its component belongs to a nightly toolchain, which cannot
//! be fetched everywhere, and not every nightly has it.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::closing::Closing;
use crate::need;
use crate::needs::{self, NIGHTLY};
use crate::project::Project;
use crate::run;

/// Modules of `core`, as paths from its top.
const MODULES: [&str; 4] = ["resp", "load", "rewrite::diff", "aof::policy"];

/// Options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// Modules of `core`, such as `rewrite::diff`; resp, load, rewrite::diff and aof::policy by
    /// default
    modules: Vec<String>,
}

/// Runs the tests of the modules, one module after another, and prints how each closed.
pub(crate) fn miri(project: &Project, options: &Options) -> Result<()> {
    need::meet(project, needs::for_miri(project)?)?;
    let mut modules: Vec<&str> = options.modules.iter().map(String::as_str).collect();
    if modules.is_empty() {
        modules.extend(MODULES);
    }
    // Asked once: to begin, Miri compiles all of `core` anew every time.
    let names = names(project)?;
    let mut endings = Vec::new();
    for module in modules {
        endings.push(run_one(project, module, &tests_of(&names, module))?);
    }
    println!();
    for ending in endings {
        println!("{ending}");
    }
    Ok(())
}

/// The names of all unit tests of `core`, as they are under Miri.
fn names(project: &Project) -> Result<Vec<String>> {
    run::check(cargo_miri(project).arg("--no-run"))?;
    let mut list = cargo_miri(project);
    let text = run::answer(list.args(["--", "--list", "--format=terse"]))
        .with_context(|| format!("no answer from {}", run::line(&list)))?;
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// The names that begin with the path of a module. A filter of the test program would do with the
/// path anywhere in a name, and takes `engine::tests::reload::` for a part of `load`.
fn tests_of<'a>(names: &'a [String], module: &str) -> Vec<&'a str> {
    let path = format!("{module}::");
    names.iter().map(String::as_str).filter(|name| name.starts_with(&path)).collect()
}

/// Runs the tests of one module. Gives its closing line.
fn run_one(project: &Project, module: &str, tests: &[&str]) -> Result<String> {
    if tests.is_empty() {
        bail!("core has no module {module} with tests");
    }
    let mut command = cargo_miri(project);
    command.args(["--", "--exact"]).args(tests);
    let mut closing = Closing::default();
    let mut last_line = None;
    run::watch(&mut command, |line| {
        closing.read_cargo(line);
        if line.starts_with("test result: ") {
            last_line = Some(line.to_owned());
        }
    })?;
    let passed: u64 = closing.passed().values().sum();
    if passed != tests.len() as u64 {
        bail!("{passed} of {} tests of {module} ran and passed", tests.len());
    }
    let last_line = last_line.with_context(|| format!("{module}: no closing line"))?;
    Ok(format!("miri {module}: {last_line}"))
}

/// Miri with the unit tests of `core`, built beside everything else, in `target/miri`.
fn cargo_miri(project: &Project) -> Command {
    // Not `cargo +nightly`: only the cargo of rustup knows that, and which cargo is first on the
    // path is not ours to say.
    let mut command = project.command("rustup");
    command.args(["run", NIGHTLY, "cargo", "miri", "test", "-p", "aof-core", "--lib"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_the_tests_whose_path_begins_with_it() {
        let names = ["engine::tests::reload::x", "load::tests::a", "load_more::b", "resp::load::c"];
        let names = names.map(str::to_owned);
        assert_eq!(tests_of(&names, "load"), ["load::tests::a"]);
        assert_eq!(tests_of(&names, "resp"), ["resp::load::c"]);
        assert!(tests_of(&names, "loa").is_empty());
    }
}

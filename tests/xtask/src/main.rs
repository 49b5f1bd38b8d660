//! The project's automation. Two commands matter: `cargo xtask play` shows the page, and
//! `cargo xtask test` proves everything that CI proves; each first installs what it lacks.
//!
//! Reading order: [`project`] (where things are), [`run`] (starting programs), [`need`] and
//! [`needs`] (what must be installed), [`stamp`] (what need not be done again), [`page`] (building
//! it), [`play`], [`suite`] (the steps of a test run), [`fuzz`] (one of them), [`closing`] and
//! [`counts`] (how many tests ran, and how many should have), [`mod@bench`] (beside Redis),
//! [`soak`] (some tests for longer), [`miri`] (some of them interpreted), [`mod@crashes`] (what
//! some of them find, as a table).

mod bench;
mod closing;
mod counts;
mod crashes;
mod fuzz;
mod miri;
mod need;
mod needs;
mod page;
mod play;
mod project;
mod run;
mod soak;
mod stamp;
mod suite;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;
use crate::suite::{Mode, Subset};

/// Builds, shows and tests AOF Lab, and installs what is missing for that.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page and serve it on this machine
    Play(play::Options),
    /// Run everything that CI runs, or one part of it
    Test {
        /// The part to run; all of them by default
        #[arg(value_enum)]
        subset: Option<Subset>,
    },
    /// Run the tests and write their number to tests/expected-counts.toml
    Counts {
        /// The part to run; all of them by default
        #[arg(value_enum)]
        subset: Option<Subset>,
    },
    /// Measure the server beside Redis, and the parts of `core`
    Bench(bench::Options),
    /// Interpret unit tests of `core` with Miri, which stops at undefined behaviour
    Miri(miri::Options),
    /// Feed the fuzz targets for some minutes each
    Fuzz(fuzz::Options),
    /// Show what every crash of a recorded run leaves of `aofd` and of another server
    Crashes(crashes::Options),
    /// Rewrite the log ten thousand times under load, kill children, bear hostile clients
    Soak(soak::Options),
}

fn main() -> ExitCode {
    match perform(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    let project = Project::discover()?;
    match task {
        Task::Play(options) => play::play(&project, &options),
        Task::Test { subset } => suite::run(&project, subset, Mode::Compare),
        Task::Counts { subset } => suite::run(&project, subset, Mode::Rewrite),
        Task::Bench(options) => bench::bench(&project, &options),
        Task::Crashes(options) => crashes::crashes(&project, &options),
        Task::Miri(options) => miri::miri(&project, &options),
        Task::Fuzz(options) => fuzz::fuzz(&project, &options),
        Task::Soak(options) => soak::soak(&project, &options),
    }
}

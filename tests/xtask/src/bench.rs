//! `cargo xtask bench`: the server beside Redis, in one run.
//!
//! The two are started in turn, never at the same time, on the same disk and the same core, and
//! the generator has another core to itself. What is reported is the ratio of two neighbouring
//! runs, its median and its spread: absolute figures of a shared machine say more about the hour
//! than about the program, while a ratio of neighbours is steady.

mod load;
mod logfile;
mod memory;
mod peer;
mod report;
mod rewrite;
mod throughput;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::need;
use crate::needs;
use crate::project::Project;
use crate::run;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// All of the others
    All,
    /// The parts of `core`, without a server
    Micro,
    /// Requests a second and processor time a request, under every policy
    Throughput,
    /// `always` with 1 and 4 ms added to each sync
    SlowDisk,
    /// How long a log of 4 million commands takes to load
    Load,
    /// Memory per key, for each type
    Memory,
    /// The rewrite: its time, what clients feel of it, its memory
    Rewrite,
}

/// Options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    part: Part,
    /// Pairs of runs for each figure
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// About how long one run of the generator takes, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only these pipeline depths
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    pipelines: Vec<u32>,
    /// Only these policies
    #[arg(long, value_delimiter = ',', default_value = "everysec,no,always")]
    policies: Vec<String>,
    /// Commands in the log that is loaded
    #[arg(long, default_value_t = 4_000_000)]
    commands: u64,
    /// Keys in the datasets whose memory is measured; twice as many are rewritten
    #[arg(long, default_value_t = 1_000_000)]
    keys: u64,
    /// With `micro`: handed to `cargo bench`
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs what was asked for.
pub(crate) fn bench(project: &Project, options: &Options) -> Result<()> {
    if options.rounds == 0 {
        bail!("--rounds must be at least 1");
    }
    let all = options.part == Part::All;
    let wants = |part| all || options.part == part;
    if wants(Part::Micro) {
        run::check(project.cargo().args(["bench", "--workspace"]).args(&options.rest))?;
    }
    if options.part == Part::Micro {
        return Ok(());
    }
    let missing = need::meet(project, needs::for_bench(project)?)?;
    if let Some(missing) = missing.first() {
        bail!("{} is missing. Run this, then try again:\n    {}", missing.name, missing.line);
    }
    let mut build = project.cargo();
    run::check(build.args(["build", "--release", "--package", "aof-native", "--bins"]))?;
    peer::describe(project)?;
    if wants(Part::Throughput) {
        throughput::measure(project, options)?;
    }
    if wants(Part::SlowDisk) {
        throughput::measure_slow_disk(project, options)?;
    }
    if wants(Part::Load) {
        load::measure(project, options)?;
    }
    if wants(Part::Memory) {
        memory::measure(project, options)?;
    }
    if wants(Part::Rewrite) {
        rewrite::measure(project, options)?;
    }
    Ok(())
}

//! `aof inspect FILE`: what a log consists of, and how much of it a rewrite would remove.
//!
//! One pass over the file, through the loader of the server: every figure about keys comes from
//! the dataset that a server would hold. Memory is that dataset and a table of the commands that
//! exist.
//!
//! # Dead weight
//! The smallest log that has this dataset is what a rewrite writes: for each key one command per
//! 64 items, PEXPIREAT where it expires, SELECT before each database. `elements` counts
//! its bytes without writing it. What the log has beyond that is dead weight. It can be less than
//! nothing for a log that was just rewritten and is counted as none then: `SET key value PXAT
//! time` is shorter than the two commands of a rewrite.

mod figures;
mod report;
mod table;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use self::figures::Figures;
use super::loading::{self, Reading};
use crate::clock::Clock;

#[cfg(test)]
mod tests;

/// Shows what an append only file consists of: commands by kind, databases, keys, the largest
/// keys, what a rewrite would remove, and how the dataset grew.
///
/// A damaged file is shown up to the damage. The file is opened for reading only. Sizes of keys
/// and databases are bytes of the commands that a rewrite would write for them.
///
/// Exit code 0: it was shown. 1: it was shown up to some damage. 2: it cannot be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aof inspect appendonly.aof
  aof inspect --keys 50 appendonly.aof
  aof inspect --json appendonly.aof | jq .dead_weight.dead_bytes

The fields of --json are described in docs/aof-json.md.")]
pub struct InspectArguments {
    /// The append only file.
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// How many of the largest keys are shown.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(..=10_000))]
    keys: u16,
    /// At how many positions of the file the growth is shown.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(..=1000))]
    points: u16,
    #[command(flatten)]
    reading: Reading,
}

/// Looks at the file and prints what was found.
///
/// # Errors
/// If the file cannot be read or the answer cannot be printed.
pub fn run(arguments: &InspectArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let now = Clock::start().now();
    let size_bytes = std::fs::metadata(&arguments.file).map_or(0, |metadata| metadata.len());
    let mut figures = Figures::new(size_bytes, arguments.points);
    let log = loading::load(&arguments.file, &arguments.reading, now, &mut figures)?;
    let file = arguments.file.display().to_string();
    let report = report::report(file, figures, &log, usize::from(arguments.keys), now);
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        out.write_all(table::text(&report).as_bytes())?;
    }
    out.flush()?;
    Ok(if log.damage.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

//! The tool `aof`: one file per command.
//!
//! What the commands share: [`source`] reads a file with progress, [`loading`] makes a dataset of
//! it, [`elements`] is what all types of value have in common, [`text`] is how sizes and keys are
//! shown, [`latency`] is how long something took, [`html`] and [`plot`] make reports that are
//! pages, [`stop`] is Ctrl-C.

pub mod check;
pub mod completions;
pub mod diff;
pub mod disk;
mod elements;
pub mod fix;
mod html;
pub mod inspect;
mod latency;
mod loading;
mod plot;
pub mod replay;
mod source;
mod stop;
mod text;
pub mod torture;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks at append only files and at traces of `aofd`, mends what can be mended, and tests servers
/// and disks.
///
/// Only `aof fix` ever writes to a file that it is given.
#[derive(Debug, Parser)]
#[command(name = "aof", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArguments),
    Fix(fix::FixArguments),
    Inspect(inspect::InspectArguments),
    Diff(diff::DiffArguments),
    Replay(replay::ReplayArguments),
    Torture(torture::TortureArguments),
    Disk(disk::DiskArguments),
    Completions(completions::CompletionsArguments),
}

/// The exit code when the question could not be answered.
const NO_ANSWER: u8 = 2;

/// Runs the command. Every command has exit code 0 for "as it should be", 1 for "it is not", and
/// 2 when the question could not be answered.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let mut out = io::stdout().lock();
    let result = match &arguments.command {
        Command::Check(arguments) => check::run(arguments, &mut out),
        Command::Fix(arguments) => fix::run(arguments, &mut out),
        Command::Inspect(arguments) => inspect::run(arguments, &mut out),
        Command::Diff(arguments) => diff::run(arguments, &mut out),
        Command::Replay(arguments) => replay::run(arguments, &mut out),
        Command::Torture(arguments) => torture::run(arguments, &mut out),
        Command::Disk(arguments) => disk::run(arguments, &mut out),
        Command::Completions(arguments) => completions::run(arguments, &mut out),
    };
    result.unwrap_or_else(|error| {
        // A reader that has left, as in `aof check FILE | head`, wants no more answer.
        let left = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if !left {
            writeln!(io::stderr(), "aof: {error:#}").ok();
        }
        ExitCode::from(NO_ANSWER)
    })
}

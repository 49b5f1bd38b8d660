//! `aof`: looks at append only files and at traces.

use std::io::{self, Write};
use std::process::ExitCode;

use aof_native::cli::{check, replay};
use clap::{Parser, Subcommand};

/// Looks at append only files and at traces of `aofd`.
#[derive(Debug, Parser)]
#[command(name = "aof", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArguments),
    Replay(replay::ReplayArguments),
}

/// The exit code when the question could not be answered.
const NO_ANSWER: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let result = match &arguments.command {
        Command::Check(arguments) => check::run(arguments, &mut out),
        Command::Replay(arguments) => replay::run(arguments, &mut out),
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

//! `aof`: looks at append only files and at traces.

use std::process::ExitCode;

use aof_native::cli::{self, Arguments};
use clap::Parser;

fn main() -> ExitCode {
    cli::main(&Arguments::parse())
}

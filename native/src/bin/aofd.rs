//! `aofd`: a Redis-compatible server that keeps its data in an append only file.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use aof_native::boot;
use aof_native::options::{self, Invocation, OptionsError};

/// jemalloc, as in Redis: it knows exactly what it has handed out (`used_memory`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match options::parse(&arguments) {
        Ok(Invocation::Help) => print(&options::help()),
        Ok(Invocation::Version) => print(&options::version()),
        Ok(Invocation::Serve(options)) => boot::run(*options).unwrap_or_else(|error| {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }),
        Err(error @ OptionsError::Directive(_)) => {
            writeln!(io::stderr(), "{error}").ok();
            ExitCode::FAILURE
        }
        Err(error) => {
            complain(&format!("{error}\nTry `aofd --help`."));
            ExitCode::FAILURE
        }
    }
}

/// Prints, and minds no reader who has left.
fn print(text: &str) -> ExitCode {
    io::stdout().write_all(text.as_bytes()).ok();
    ExitCode::SUCCESS
}

fn complain(text: &str) {
    writeln!(io::stderr(), "aofd: {text}").ok();
}

//! The command line of `aofd`, in Redis's style: an optional configuration file, then directives.
//!
//! ```text
//! aofd [FILE] [--record TRACE] [--directive value …]
//! ```
//!
//! Directives of the command line win over those of the file.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use aof_core::config::Config;
use aof_core::config::directives::{ConfigError, DIRECTIVES, parse_arguments, parse_text};

#[cfg(test)]
mod tests;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// Serve.
    Serve(Box<ServerOptions>),
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// The settings, of file and command line.
    pub config: Config,
    /// Where the trace goes, if one is recorded.
    pub record: Option<PathBuf>,
}

/// Why the command line cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The configuration file cannot be read.
    #[error("Can't open the configuration file {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A directive is wrong.
    #[error("{0}")]
    Directive(#[from] ConfigError),
    /// `--record` without a file, or twice.
    #[error("--record needs exactly one file name")]
    Record,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// If a file cannot be read or a directive is wrong.
pub fn parse(arguments: &[OsString]) -> Result<Invocation, OptionsError> {
    match arguments {
        [only] if only == "--help" || only == "-h" => return Ok(Invocation::Help),
        [only] if only == "--version" || only == "-v" => return Ok(Invocation::Version),
        _ => {}
    }
    let mut config = Config::default();
    let mut directives = arguments;
    if let [first, rest @ ..] = arguments
        && !first.as_bytes().starts_with(b"--")
    {
        read_file(&mut config, Path::new(first))?;
        directives = rest;
    }
    let (record, directives) = take_record(directives)?;
    let words: Vec<&[u8]> = directives.iter().map(|word| word.as_bytes()).collect();
    parse_arguments(&mut config, &words)?;
    Ok(Invocation::Serve(Box::new(ServerOptions { config, record })))
}

fn read_file(config: &mut Config, path: &Path) -> Result<(), OptionsError> {
    let text =
        std::fs::read(path).map_err(|error| OptionsError::File { path: path.to_owned(), error })?;
    Ok(parse_text(config, &path.display().to_string(), &text)?)
}

/// Takes `--record TRACE` out of the directives.
fn take_record(arguments: &[OsString]) -> Result<(Option<PathBuf>, Vec<&OsString>), OptionsError> {
    let mut record = None;
    let mut others = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word != "--record" {
            others.push(word);
            continue;
        }
        let path = words.next().filter(|path| !path.as_bytes().starts_with(b"--"));
        let path = path.ok_or(OptionsError::Record)?;
        if record.replace(PathBuf::from(path)).is_some() {
            return Err(OptionsError::Record);
        }
    }
    Ok((record, others))
}

/// What `--help` prints.
#[must_use]
pub fn help() -> String {
    let mut text = String::from(
        "\
Usage: aofd [FILE] [--record TRACE] [--DIRECTIVE VALUE]...

A server for Redis clients that keeps its data in an append only file.
FILE holds directives, one a line, as redis.conf does. Those of the command line win.

  --record TRACE  write every event and effect to TRACE, for `aof replay` and the page
  --help          print this
  --version       print the version

Directives and their defaults:
",
    );
    let defaults = Config::default();
    for directive in DIRECTIVES {
        let value = directive.get(&defaults);
        let value = if value.is_empty() { "\"\"".to_owned() } else { value };
        text.push_str(&format!("  --{} {value}\n", directive.name));
    }
    text.push_str(
        "
Examples:
  aofd
  aofd --port 7000 --appendfsync always
  aofd lab.conf --profile redis-6.2
",
    );
    text
}

/// What `--version` prints.
#[must_use]
pub fn version() -> String {
    format!("aofd {}\n", env!("CARGO_PKG_VERSION"))
}

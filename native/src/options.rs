//! The command line of `aofd`, in Redis's style: an optional configuration file, then directives.
//!
//! ```text
//! aofd [FILE] [--record TRACE] [--directive value …] [-]
//! ```
//!
//! Directives of the command line win over those of the file. `-`, in place of the file or at the
//! end, stands for the standard input; what it says comes after the file and before the command
//! line.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use aof_core::config::Config;
use aof_core::config::directives::{
    ConfigError, Standing, parse_arguments, parse_text_with, settings,
};

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
    /// Whether a file or a directive was given at all, for a line of the log.
    pub configured: bool,
}

/// Why the command line cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The configuration file cannot be read.
    #[error("Fatal error, can't open config file '{}': {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A directive is wrong.
    #[error("{}", .0.report(PROGRAM))]
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
    let (file, stdin, directives) = sources(arguments);
    if let Some(file) = file {
        let path = Path::new(file);
        let text = read_file(path)?;
        // The name must stay right after the working directory has changed.
        config.config_file =
            path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string();
        parse_text_with(&mut config, &path.display().to_string(), &text, &mut include)?;
    }
    if stdin {
        let mut text = Vec::new();
        let path = PathBuf::from("-");
        (io::stdin().lock().take(INPUT_LIMIT_BYTES).read_to_end(&mut text))
            .map_err(|error| OptionsError::File { path, error })?;
        parse_text_with(&mut config, "standard input", &text, &mut include)?;
    }
    let (record, directives) = take_record(directives)?;
    let words: Vec<&[u8]> = directives.iter().map(|word| word.as_bytes()).collect();
    parse_arguments(&mut config, &words)?;
    Ok(Invocation::Serve(Box::new(ServerOptions {
        config,
        record,
        configured: !arguments.is_empty(),
    })))
}

/// Who reports what is wrong with a directive.
const PROGRAM: &str = concat!("aofd ", env!("CARGO_PKG_VERSION"));

/// Most bytes of a configuration that are read. No file of directives is so long, but a device
/// may be.
pub const INPUT_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// The file, whether the standard input is read, and the rest.
fn sources(arguments: &[OsString]) -> (Option<&OsString>, bool, &[OsString]) {
    let mut rest = arguments;
    let mut file = None;
    let mut stdin = false;
    if let [first, others @ ..] = rest
        && !first.as_bytes().starts_with(b"--")
    {
        stdin = first == "-";
        file = (!stdin).then_some(first);
        rest = others;
    }
    if let [others @ .., last] = rest
        && last == "-"
    {
        stdin = true;
        rest = others;
    }
    (file, stdin, rest)
}

fn read_file(path: &Path) -> Result<Vec<u8>, OptionsError> {
    read_bounded(path).map_err(|error| OptionsError::File { path: path.to_owned(), error })
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(INPUT_LIMIT_BYTES).read_to_end(&mut text)?;
    Ok(text)
}

/// Reads what an `include` names.
///
/// # Errors
/// With the reason, as text.
pub fn include(path: &str) -> Result<Vec<u8>, String> {
    read_bounded(Path::new(path)).map_err(|error| error.to_string())
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
Usage: aofd [FILE] [--record TRACE] [--DIRECTIVE VALUE]... [-]

A server for Redis clients that keeps its data in an append only file.
FILE holds directives, one a line, as redis.conf does; - reads them from standard input.
Those of the command line win.

  --record TRACE  write every event and effect to TRACE, for `aof replay` and the page
  --help          print this
  --version       print the version

Directives and their defaults:
",
    );
    let defaults = Config::default();
    let honoured = settings().filter(|one| matches!(one.standing, Standing::Honoured(_)));
    for directive in honoured {
        let value = directive.get(&defaults);
        let value = if value.is_empty() { "\"\"".to_owned() } else { value };
        text.push_str(&format!("  --{} {value}\n", directive.name));
    }
    text.push_str(
        "
Every other directive of Redis 6.2 is known too: it is accepted with a warning where it changes
nothing here, or refused with the reason. core/doc/directives.md lists them all.
",
    );
    text.push_str(
        "
Examples:
  aofd
  aofd --port 7000 --appendfsync always
  aofd lab.conf --profile redis-6.2
  echo 'appendfsync always' | aofd - --port 7000
",
    );
    text
}

/// What `--version` prints.
#[must_use]
pub fn version() -> String {
    format!("aofd {}\n", env!("CARGO_PKG_VERSION"))
}

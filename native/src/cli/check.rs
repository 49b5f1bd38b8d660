//! `aof check FILE`: is this log whole, and if not, where does it stop being so. Opens the file
//! for reading only.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use aof_core::load::{Check, Class, Known, LoadError, Options, Report, TailClass, Verdict};
use aof_core::profile::{OpenMulti, ProfileName};
use clap::Args;
use serde::Serialize;

use super::loading::Reading;
use super::source::Source;

#[cfg(test)]
mod tests;

/// Says whether an append only file is whole and, if not, where it stops being so.
///
/// Exit code 0: it is. 1: it is not. 2: it could not be looked at. Never writes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aof check appendonly.aof
  aof check --json appendonly.aof | jq .class
  aof check --any-command appendonly.aof     (the log of another server)")]
pub struct CheckArguments {
    /// The append only file.
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Accept commands that this server does not have, as redis-check-aof does.
    #[arg(long)]
    any_command: bool,
    #[command(flatten)]
    reading: Reading,
}

/// What a check found, as `--json` prints it.
#[derive(Debug, Serialize)]
struct CheckJson {
    file: String,
    verdict: &'static str,
    class: Option<&'static str>,
    message: Option<String>,
    offset: Option<u64>,
    command: Option<u64>,
    commands: u64,
    ok_up_to: u64,
    size_bytes: u64,
}

/// Checks the file and prints what was found.
///
/// # Errors
/// If the file cannot be read or the answer cannot be printed.
pub fn run(arguments: &CheckArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let known = if arguments.any_command { Known::Everything } else { Known::Table };
    let mut source = Source::open(&arguments.file, arguments.reading.quiet)?;
    let report = examine(&mut source, &arguments.reading, known)
        .with_context(|| format!("Can't read {}", arguments.file.display()))?;
    let text = if arguments.json {
        let mut line = serde_json::to_string(&json(&arguments.file, &report))?;
        line.push('\n');
        line
    } else {
        human(&report, arguments.reading.profile())
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(match report.verdict {
        Verdict::Valid => ExitCode::SUCCESS,
        Verdict::Recoverable | Verdict::Broken => ExitCode::FAILURE,
    })
}

/// Checks what is left of an open file.
pub(super) fn examine(source: &mut Source, reading: &Reading, known: Known) -> io::Result<Report> {
    let options = Options::of(reading.profile().profile()).for_repair();
    let mut check = Check::new(options, known);
    while let Some(piece) = source.next_piece()? {
        check.feed(piece);
    }
    Ok(check.finish())
}

/// What people read: the finding, the figures in redis-check-aof's words, the verdict.
pub(super) fn human(report: &Report, profile: ProfileName) -> String {
    let mut text = String::new();
    if let Some(error) = &report.error {
        let place = error.place();
        text.push_str(&format!("0x{:016x}: {error}\n", place.offset));
    }
    text.push_str(&format!(
        "AOF analyzed: size={}, ok_up_to={}, commands={}, diff={}\n",
        report.size_bytes,
        report.valid_up_to,
        report.commands,
        report.size_bytes.saturating_sub(report.valid_up_to)
    ));
    text.push_str(&match (report.verdict, report.class()) {
        (Verdict::Recoverable, Some(class)) if leaves_multi(report, profile) => format!(
            "AOF is not valid: {}. A server with aof-load-truncated loads it, but of this profile \
             it leaves the open MULTI in the file, and what it writes later stands behind it. Cut \
             the file to {} bytes first (aof fix).\n",
            class.as_str(),
            report.valid_up_to
        ),
        (Verdict::Recoverable, Some(class)) => format!(
            "AOF is not valid: {}. A server with aof-load-truncated loads it and cuts it back to \
             {} bytes.\n",
            class.as_str(),
            report.valid_up_to
        ),
        (_, Some(class)) => {
            format!("AOF is not valid: {}. No server setting loads it.\n", class.as_str())
        }
        (_, None) => "AOF is valid\n".to_owned(),
    });
    text
}

/// Whether the server would keep an open transaction that this check takes off.
fn leaves_multi(report: &Report, profile: ProfileName) -> bool {
    let torn = match report.error {
        Some(LoadError::Unfinished(tail)) => {
            tail.open.is_some() && tail.class != TailClass::OpenTransaction
        }
        _ => false,
    };
    torn && profile.profile().open_multi == OpenMulti::KeptWhenTorn
}

fn json(file: &Path, report: &Report) -> CheckJson {
    CheckJson {
        file: file.display().to_string(),
        verdict: match report.verdict {
            Verdict::Valid => "valid",
            Verdict::Recoverable => "recoverable",
            Verdict::Broken => "broken",
        },
        class: report.class().map(Class::as_str),
        message: report.error.as_ref().map(ToString::to_string),
        offset: report.error.as_ref().map(|error| error.place().offset),
        command: report.error.as_ref().map(|error| error.place().command),
        commands: report.commands,
        ok_up_to: report.valid_up_to,
        size_bytes: report.size_bytes,
    }
}

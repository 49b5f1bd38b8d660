//! `aof fix FILE`: cuts off what makes a log unreadable, after a copy was kept.
//!
//! # The problem
//! Cutting is the only repair that a log without checksums allows, and it is the most dangerous
//! command of this tool: everything behind the first wrong byte goes, also what is good. One bad
//! digit in a length can make a whole day of commands look like the payload of one that was "cut
//! at the end of the file".
//!
//! # The order
//! Look, explain, ask, copy, cut, look again. Up to the cut nothing is written but the copy, and
//! the copy is durable before the cut begins. What would be lost is searched for commands that
//! can still be read ([`salvage`]); if there are any, the answer `y` is not enough. The lock that
//! a server holds on its log is taken for the whole time, and a file that has changed between the
//! look and the cut is left alone.
//!
//! # Not promised
//! `redis-server` knows nothing of the lock: whoever lets it write to a log that is being cut
//! loses what it writes.

mod cut;
mod salvage;

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use aof_core::load::{Class, Known, LoadError, Malformation, Options, Problem, Report, Verdict};
use clap::Args;

use self::cut::Seen;
use self::salvage::{Region, Remains};
use super::loading::Reading;
use super::source::Source;
use super::{check, text};
use crate::lock::{LockError, LogLock};

#[cfg(test)]
mod tests;

/// Cuts off the end of an append only file from the first byte that cannot be read.
///
/// Shows what `aof check` says, what would be cut and what that would lose, and asks. Before it
/// cuts, it keeps a copy beside the file, named FILE.before-fix-TIME. A file that is whole, or
/// that cutting cannot heal, is not touched. Stop the server first; a log that `aofd` is using is
/// refused.
///
/// Exit code 0: the file is whole, or it was cut and now is. 1: it is damaged and was left as it
/// is. 2: it could not be looked at, copied or cut.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aof fix appendonly.aof           look, and ask before cutting
  aof fix --yes appendonly.aof     cut without asking, for scripts
  cp appendonly.aof.before-fix-20261121T051400Z appendonly.aof     undo")]
pub struct FixArguments {
    /// The append only file.
    file: PathBuf,
    /// Do not ask. Also cuts when commands that can be read are lost by it.
    #[arg(long)]
    yes: bool,
    /// Accept commands that this server does not have, as redis-check-aof does.
    #[arg(long)]
    any_command: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Looks, asks and cuts.
///
/// # Errors
/// If the file cannot be looked at, copied or cut, or a server is using it.
pub fn run(arguments: &FixArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let input = io::stdin();
    let mut terminal = input.is_terminal().then(|| input.lock());
    fix(arguments, out, terminal.as_mut().map(|lock| lock as &mut dyn BufRead))
}

/// What can be done.
enum Diagnosis {
    Whole,
    /// Cutting would not help, or would leave nothing.
    Incurable(String),
    Curable,
}

fn fix(
    arguments: &FixArguments,
    out: &mut impl Write,
    terminal: Option<&mut dyn BufRead>,
) -> anyhow::Result<ExitCode> {
    let shown = arguments.file.display();
    let failed = || format!("Can't read {shown}");
    let path = arguments.file.canonicalize().with_context(failed)?;
    let file = File::open(&path).with_context(failed)?;
    let seen = Seen::of(&file.metadata().with_context(failed)?);
    let report = examine(&file, arguments).with_context(failed)?;
    let profile = arguments.reading.profile();
    out.write_all(check::human(&report, profile).as_bytes())?;
    match diagnose(&report) {
        Diagnosis::Whole => return end(out, "There is nothing to fix.", ExitCode::SUCCESS),
        Diagnosis::Incurable(reason) => {
            let said = format!("{reason}\nNothing was changed.");
            return end(out, &said, ExitCode::FAILURE);
        }
        Diagnosis::Curable => {}
    }
    let options = Options::of(profile.profile()).for_repair();
    let region = Region { from: report.valid_up_to, to: report.size_bytes };
    let remains = salvage::search(&file, region, options, known(arguments)).with_context(failed)?;
    out.write_all(explain(&report, &remains).as_bytes())?;
    if terminal.is_none() && !arguments.yes {
        let said = format!(
            "Nothing was changed: there is no terminal to ask on. To cut the file, run\n    \
             aof fix --yes {shown}"
        );
        return end(out, &said, ExitCode::FAILURE);
    }
    let _lock = lock(&path)?;
    if let Some(terminal) = terminal.filter(|_| !arguments.yes)
        && !consents(out, terminal, &remains)?
    {
        return end(out, "Nothing was changed.", ExitCode::FAILURE);
    }
    let backup = cut::cut(&path, &file, &seen, report.valid_up_to)?;
    writeln!(out, "Kept a copy: {}", backup.display())?;
    let file = File::open(&path).with_context(failed)?;
    let after = examine(&file, arguments).with_context(failed)?;
    if after.verdict != Verdict::Valid {
        bail!("{shown} was cut to {} bytes and is still not valid", report.valid_up_to);
    }
    let said = format!("Cut from {} to {} bytes. AOF is valid", seen.size_bytes, after.size_bytes);
    end(out, &said, ExitCode::SUCCESS)
}

fn end(out: &mut impl Write, said: &str, code: ExitCode) -> anyhow::Result<ExitCode> {
    writeln!(out, "{said}")?;
    out.flush()?;
    Ok(code)
}

const fn known(arguments: &FixArguments) -> Known {
    if arguments.any_command { Known::Everything } else { Known::Table }
}

fn examine(file: &File, arguments: &FixArguments) -> io::Result<Report> {
    let metadata = file.metadata()?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut source = Source::of(file.try_clone()?, arguments.reading.quiet)?;
    check::examine(&mut source, &arguments.reading, known(arguments))
}

/// What cutting can do for this file.
fn diagnose(report: &Report) -> Diagnosis {
    let Some(error) = &report.error else { return Diagnosis::Whole };
    let LoadError::Broken(broken) = error else { return Diagnosis::Curable };
    let reason = match &broken.problem {
        Problem::Preamble => {
            "The file begins with a snapshot (RDB), as Redis writes it with \
             'aof-use-rdb-preamble yes'. It is not damaged: this program cannot read it. Load it \
             in a redis-server of its version, set that directive to no, and run BGREWRITEAOF."
        }
        Problem::Malformed(Malformation::Annotation) => {
            "Lines that begin with '#' are written by Redis 7, whose logs this program does not \
             read. If no Redis 7 has written this file, that byte is damaged; cutting there is \
             then for you to do, after you have made a copy."
        }
        Problem::UnknownCommand { .. } => {
            "The file is not damaged there: it holds a command that this server does not have, so \
             another program wrote it. Cutting would throw good commands away. To look for damage \
             only, add --any-command."
        }
        Problem::WrongArity { .. } => {
            "The file is not damaged there: it holds a command in a form that this server does \
             not have, so another program wrote it. Cutting would throw good commands away. To \
             look for damage only, add --any-command."
        }
        _ if report.valid_up_to == 0 => {
            "Nothing of the file would remain. It is no append only file, or its front is lost."
        }
        Problem::Malformed(_) | Problem::UnexpectedMulti | Problem::UnexpectedExec => {
            return Diagnosis::Curable;
        }
    };
    Diagnosis::Incurable(reason.to_owned())
}

/// What would be cut, and what that means.
fn explain(report: &Report, remains: &Remains) -> String {
    let (from, to) = (report.valid_up_to, report.size_bytes);
    let mut said = format!(
        "To cut: {} ({}), from offset {from} to the end at {to}.\n",
        text::count(to - from, "byte"),
        text::percent(to - from, to)
    );
    if remains.open > 0 {
        said.push_str(&format!(
            "  {} of a transaction that was never finished; no server applies them.\n",
            text::count(remains.open, "command")
        ));
    }
    said.push_str(match report.class() {
        Some(Class::Truncated) => "  1 command whose end is missing.\n",
        Some(Class::ZeroTail) => "  Zeros where a command should be.\n",
        Some(Class::OpenTransaction) | None => "",
        Some(_) => "  What stands at the damage cannot be read.\n",
    });
    let Some(first) = remains.first else { return said };
    let least = if remains.complete { "" } else { "at least " };
    said.push_str(&format!(
        "WARNING: what would be cut holds {least}{} that can be read, the first at offset {first}.\n\
         The damage is in the middle of the file, not at its end, and cutting loses them all.\n\
         Somebody who knows the format can instead take out the damaged bytes by hand.\n",
        text::count(remains.behind, "command")
    ));
    said
}

/// Asks. Losing commands that can be read takes more than a `y`.
fn consents(
    out: &mut impl Write,
    terminal: &mut dyn BufRead,
    remains: &Remains,
) -> anyhow::Result<bool> {
    let wanted: &[&str] = if remains.first.is_none() {
        write!(out, "Cut the file? A copy is kept beside it. [y/N] ")?;
        &["y", "yes"]
    } else {
        let lost = text::count(remains.behind, "command");
        write!(
            out,
            "To cut the file and lose {lost}, type the word cut. A copy is kept. [cut/N] "
        )?;
        &["cut"]
    };
    out.flush()?;
    let mut answer = String::new();
    terminal.read_line(&mut answer).context("Can't read the answer")?;
    let answer = answer.trim();
    Ok(wanted.iter().any(|wanted| answer.eq_ignore_ascii_case(wanted)))
}

/// Takes the lock that a server holds on its log.
fn lock(path: &Path) -> anyhow::Result<LogLock> {
    match LogLock::take(path) {
        Ok(lock) => Ok(lock),
        Err(LockError::Held { holder, .. }) => {
            let holder = holder.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
            bail!("a server (pid {holder}) is using {}. Stop it first", path.display())
        }
        Err(error) => Err(error.into()),
    }
}

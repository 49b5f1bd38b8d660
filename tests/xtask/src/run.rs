//! Starting other programs: each is shown as the line one could type, and its output streams by.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Write, pipe};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// The command as a line for a shell.
pub(crate) fn line(command: &Command) -> String {
    let program = command.get_program();
    let name = std::path::Path::new(program).file_name().unwrap_or(program);
    std::iter::once(name).chain(command.get_args()).map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:@+,~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs a command with the terminal as its own; any exit code but 0 is an error.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let shown = line(command);
    println!("$ {shown}");
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("cannot start {shown}"))?;
    judge(status, &shown)
}

/// Runs a command whose output streams by and is also read, line by line, without colours.
///
/// Standard output and standard error share one pipe: cargo names a test binary on one and the
/// binary reports its result on the other, and only one pipe keeps them in order.
pub(crate) fn watch(command: &mut Command, mut each: impl FnMut(&str)) -> Result<()> {
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    watch_shown(command, |line| {
        each(line);
        Some(String::new())
    })
}

/// The same for one of several commands at once: `each` says what stands before a line when it is
/// shown, or that it is not shown.
pub(crate) fn watch_shown(
    command: &mut Command,
    mut each: impl FnMut(&str) -> Option<String>,
) -> Result<()> {
    let shown = line(command);
    println!("$ {shown}");
    let (reader, writer) = pipe().context("no pipe")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {shown}"))?;
    // The command keeps the writing ends; while it holds them, the reader sees no end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        if let Some(front) = each(&without_colours(&String::from_utf8_lossy(&bytes))) {
            let mut out = std::io::stdout().lock();
            out.write_all(front.as_bytes())?;
            out.write_all(&bytes)?;
            out.flush()?;
        }
        bytes.clear();
    }
    judge(child.wait()?, &shown)
}

/// What a short command prints, or nothing when it cannot be run or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn judge(status: ExitStatus, shown: &str) -> Result<()> {
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// Removes what a terminal reads as colour: `ESC [ … letter`.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic()).map_or(after.len(), |at| at + 1);
        rest = &after[end..];
    }
    plain.push_str(rest);
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_words_stay() {
        assert_eq!(without_colours("\u{1b}[1m\u{1b}[32m  Running\u{1b}[0m x\n"), "  Running x");
        assert_eq!(without_colours("plain"), "plain");
        assert_eq!(without_colours("cut \u{1b}[3"), "cut");
    }

    #[test]
    fn a_line_can_be_typed() {
        let mut command = Command::new("/usr/bin/apt-get");
        command.args(["install", "it's", ""]);
        assert_eq!(line(&command), r"apt-get install 'it'\''s' ''");
    }

    #[test]
    fn both_outputs_arrive_in_order_and_a_failure_is_told() {
        let mut seen = Vec::new();
        let script = "echo one; echo two >&2; echo three; exit 3";
        let result =
            watch(Command::new("sh").args(["-c", script]), |line| seen.push(line.to_owned()));
        assert_eq!(seen, ["one", "two", "three"]);
        assert!(result.is_err_and(|error| error.to_string().contains("exit status: 3")));
    }
}

//! Directives as text: the configuration file, the command line, and back.

use thiserror::Error;

use crate::config::Config;
use crate::config::directives::{DIRECTIVES, Kind, ValueError, find};
use crate::resp::Span;
use crate::resp::inline::split_words;

/// Where a directive was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum Source {
    /// A line of a file, counted from 1.
    #[error("{file}, line {line}")]
    File {
        /// The file's name.
        file: String,
        /// The line.
        line: usize,
    },
    /// The command line.
    #[error("the command line")]
    Arguments,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{source_of}: '{line}': {problem}")]
pub struct ConfigError {
    /// Where.
    pub source_of: Source,
    /// The directive as it stands there.
    pub line: String,
    /// What is wrong.
    pub problem: ConfigProblem,
}

/// What is wrong with a directive. The texts are Redis's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigProblem {
    /// A quote is not closed.
    #[error("Unbalanced quotes in configuration line")]
    UnbalancedQuotes,
    /// No such directive.
    #[error("Bad directive or wrong number of arguments")]
    Unknown,
    /// Not exactly one value.
    #[error("wrong number of arguments")]
    WrongCount,
    /// The value is not taken.
    #[error("{0}")]
    Value(#[from] ValueError),
}

/// Reads a configuration file. Later directives win over earlier ones.
///
/// # Errors
/// At the first line that is wrong. Lines before it have changed `config`.
#[doc(alias = "loadServerConfig")]
pub fn parse_text(config: &mut Config, file: &str, text: &[u8]) -> Result<(), ConfigError> {
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        directive_line(config, line).map_err(|problem| ConfigError {
            source_of: Source::File { file: file.to_owned(), line: index + 1 },
            line: String::from_utf8_lossy(line).into_owned(),
            problem,
        })?;
    }
    Ok(())
}

/// Reads `--directive value …` as they come from the command line: everything from one `--` to
/// the next is one directive.
///
/// # Errors
/// At the first directive that is wrong. Those before it have changed `config`.
pub fn parse_arguments<A: AsRef<[u8]>>(
    config: &mut Config,
    arguments: &[A],
) -> Result<(), ConfigError> {
    let mut rest = arguments;
    while let Some((first, others)) = rest.split_first() {
        let count = others.iter().take_while(|word| !word.as_ref().starts_with(b"--")).count();
        let (values, next) = others.split_at(count);
        rest = next;
        let values: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
        let result = match first.as_ref().strip_prefix(b"--") {
            Some(name) => directive(config, name, &values),
            None => Err(ConfigProblem::Unknown),
        };
        result.map_err(|problem| {
            let words = std::iter::once(first.as_ref()).chain(values);
            let line = words.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
            ConfigError { source_of: Source::Arguments, line, problem }
        })?;
    }
    Ok(())
}

fn directive_line(config: &mut Config, line: &[u8]) -> Result<(), ConfigProblem> {
    let (mut bytes, mut spans): (Vec<u8>, Vec<Span>) = (Vec::new(), Vec::new());
    split_words(line, &mut bytes, &mut spans).map_err(|_| ConfigProblem::UnbalancedQuotes)?;
    let words: Vec<&[u8]> =
        spans.iter().map(|span| &bytes[span.start..span.start + span.length]).collect();
    match words.split_first() {
        Some((name, values)) => directive(config, name, values),
        None => Ok(()),
    }
}

fn directive(config: &mut Config, name: &[u8], values: &[&[u8]]) -> Result<(), ConfigProblem> {
    let directive = find(name).ok_or(ConfigProblem::Unknown)?;
    match (directive.kind, values) {
        (_, [value]) => directive.set(config, value)?,
        (Kind::Text { .. } | Kind::Fixed { .. }, [_, ..]) => {
            directive.set(config, &values.join(&b' '))?;
        }
        _ => return Err(ConfigProblem::WrongCount),
    }
    Ok(())
}

/// The whole configuration as directives, one a line. [`parse_text`] reads it back.
#[must_use]
pub fn to_text(config: &Config) -> String {
    let mut text = String::new();
    for directive in DIRECTIVES {
        if matches!(directive.kind, Kind::Fixed { .. }) {
            continue;
        }
        text.push_str(directive.name);
        text.push(' ');
        quote(&directive.get(config), &mut text);
        text.push('\n');
    }
    text
}

/// Writes a value so that it is read back as one word.
fn quote(value: &str, out: &mut String) {
    let plain = |character: char| {
        !character.is_ascii() || character.is_ascii_alphanumeric() || "-._/:".contains(character)
    };
    if !value.is_empty() && value.chars().all(plain) {
        out.push_str(value);
        return;
    }
    out.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..='\x1f' | '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(character))),
            other => out.push(other),
        }
    }
    out.push('"');
}

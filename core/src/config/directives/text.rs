//! Directives as text: the configuration file, the command line, and back.

use thiserror::Error;

use crate::config::Config;
use crate::config::directives::{Standing, ValueError, find, settings, value};
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
    /// An included file cannot be read.
    #[error("Fatal error, can't open config file '{path}': {reason}")]
    Include {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// More than [`INCLUDE_LIMIT`] files.
    #[error("more than {INCLUDE_LIMIT} files are included: does one include itself?")]
    TooManyIncludes,
}

impl ConfigError {
    /// What the operator is told, in the form in which Redis says it; `program` is who says it.
    #[must_use]
    pub fn report(&self, program: &str) -> String {
        let Self { source_of, line, problem } = self;
        let place = match source_of {
            Source::File { file, line } => {
                format!("Reading the configuration file, at line {line} of {file}")
            }
            Source::Arguments => "Reading the command line".to_owned(),
        };
        format!("\n*** FATAL CONFIG FILE ERROR ({program}) ***\n{place}\n>>> '{line}'\n{problem}")
    }
}

/// Reads the file that an `include` names, or says why it cannot.
pub type ReadInclude<'r> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'r;

/// Most files that one configuration includes, one in another or one after the other.
pub const INCLUDE_LIMIT: u32 = 64;

/// Reads a configuration that includes no file.
///
/// # Errors
/// At the first line that is wrong. Lines before it have changed `config`.
pub fn parse_text(config: &mut Config, file: &str, text: &[u8]) -> Result<(), ConfigError> {
    parse_text_with(config, file, text, &mut |_| Err("files cannot be read here".to_owned()))
}

/// Reads a configuration file. Later directives win over earlier ones; an included file stands in
/// the place of its `include`.
///
/// # Errors
/// At the first line that is wrong, of this file or of one that it includes. Lines before it have
/// changed `config`.
#[doc(alias = "loadServerConfig")]
pub fn parse_text_with(
    config: &mut Config,
    file: &str,
    text: &[u8],
    read: &mut ReadInclude<'_>,
) -> Result<(), ConfigError> {
    Reader { config, read, included: 0 }.file(file, text)
}

struct Reader<'c, 'r> {
    config: &'c mut Config,
    read: &'c mut ReadInclude<'r>,
    included: u32,
}

impl Reader<'_, '_> {
    fn file(&mut self, file: &str, text: &[u8]) -> Result<(), ConfigError> {
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let wrong = |problem| ConfigError {
                source_of: Source::File { file: file.to_owned(), line: index + 1 },
                line: String::from_utf8_lossy(line).into_owned(),
                problem,
            };
            let words = words_of(line).map_err(wrong)?;
            let Some((name, values)) = words.split_first() else { continue };
            let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
            match included(name, &values).map_err(wrong)? {
                None => directive(self.config, name, &values).map_err(wrong)?,
                Some(other) => {
                    let text = self.include(other).map_err(wrong)?;
                    self.file(other, &text)?;
                }
            }
        }
        Ok(())
    }

    fn include(&mut self, path: &str) -> Result<Vec<u8>, ConfigProblem> {
        if self.included == INCLUDE_LIMIT {
            return Err(ConfigProblem::TooManyIncludes);
        }
        self.included += 1;
        (self.read)(path).map_err(|reason| ConfigProblem::Include { path: path.to_owned(), reason })
    }
}

/// The file that a line includes, if that is what it does.
fn included<'v>(name: &[u8], values: &[&'v [u8]]) -> Result<Option<&'v str>, ConfigProblem> {
    if !find(name).is_some_and(|found| matches!(found.standing, Standing::Included)) {
        return Ok(None);
    }
    match values {
        [path] => Ok(Some(value::text(path)?)),
        _ => Err(ConfigProblem::Unknown),
    }
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

/// The words of a line, quotes taken off.
pub(super) fn words_of(line: &[u8]) -> Result<Vec<Vec<u8>>, ConfigProblem> {
    let (mut bytes, mut spans): (Vec<u8>, Vec<Span>) = (Vec::new(), Vec::new());
    split_words(line, &mut bytes, &mut spans).map_err(|_| ConfigProblem::UnbalancedQuotes)?;
    let word = |span: &Span| bytes.get(span.start..span.start + span.length);
    Ok(spans.iter().filter_map(word).map(<[u8]>::to_vec).collect())
}

pub(super) fn directive(
    config: &mut Config,
    name: &[u8],
    values: &[&[u8]],
) -> Result<(), ConfigProblem> {
    let directive = find(name).ok_or(ConfigProblem::Unknown)?;
    match values {
        [value] => directive.set(config, value)?,
        [_, ..] if directive.shape().joins_words() => {
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
    for directive in settings() {
        let written = match directive.standing {
            Standing::Honoured(_) => true,
            Standing::Accepted { .. } => config.without_effect.contains_key(directive.name),
            Standing::Included | Standing::Refused { .. } => false,
        };
        if written {
            text.push_str(&line_of(directive.name, [directive.get(config).as_str()]));
            text.push('\n');
        }
    }
    text
}

/// One directive with its words.
pub(super) fn line_of<'w>(name: &str, words: impl IntoIterator<Item = &'w str>) -> String {
    let mut line = name.to_owned();
    for word in words {
        line.push(' ');
        quote(word, &mut line);
    }
    line
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

//! One table of directives: for the configuration file, the command line, `CONFIG GET`,
//! `CONFIG SET`, `CONFIG REWRITE` and the docs. A setting that is not in it cannot be set.
//!
//! Every directive of Redis 6.2 stands here, so that a configuration file of a real server says
//! the same to this one, or is told where it does not. Three standings keep that honest:
//!
//! - *Honoured*: it does what Redis does with it.
//! - *Accepted*: it changes nothing here, and nobody's data or safety depends on it. The value is
//!   checked and kept, so that `CONFIG GET` shows what was set, and the start warns about it.
//! - *Refused*: it would promise something that this server does not do. Only the value that
//!   promises nothing is taken, silently, because stock files contain it.
//!
//! Rejected: to ignore unknown directives. A typing error in `appendfsync` must not pass.
//!
//! Names, units, ranges and error texts are those of Redis 6.2. Not changeable at run time, unlike
//! there: what the host does only once (`port`, `bind`, `dir`).

pub mod rewrite;
mod table;
pub mod text;
pub mod value;

use thiserror::Error;

use crate::config::{Config, OutputLimits};
use crate::glob::{self, Case};

pub use table::SECTIONS;
pub use text::{
    ConfigError, ConfigProblem, INCLUDE_LIMIT, ReadInclude, Source, parse_arguments, parse_text,
    parse_text_with, to_text,
};
pub use value::{Shape, ValueError};

/// Directives about one subject, as redis.conf groups them.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// The subject.
    pub title: &'static str,
    /// Its directives.
    pub directives: &'static [Directive],
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its older name.
    pub alias: Option<&'static str>,
    /// Whether `CONFIG SET` takes it.
    pub changeable: bool,
    /// Whether it is a setting, which `CONFIG GET` shows. The others stand in files only.
    pub setting: bool,
    /// What comes of it.
    pub standing: Standing,
}

/// What comes of a directive.
#[derive(Clone, Copy, Debug)]
pub enum Standing {
    /// It does what Redis does with it.
    Honoured(Kind),
    /// Another file takes this line's place (`include`). Whoever reads the file follows it.
    Included,
    /// It changes nothing here.
    Accepted {
        /// What a value looks like.
        shape: Shape,
        /// The value about which nobody is warned.
        default: &'static str,
        /// Why it changes nothing.
        warning: &'static str,
    },
    /// It would promise what this server does not do.
    Refused {
        /// What a value looks like.
        shape: Shape,
        /// The values that promise nothing; the first is the one shown.
        harmless: &'static [&'static str],
        /// Why no other is taken.
        reason: &'static str,
    },
}

/// What the value of an honoured directive is and where it is kept.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `yes` or `no`.
    YesNo {
        /// Reads it.
        get: fn(&Config) -> bool,
        /// Changes it.
        set: fn(&mut Config, bool),
    },
    /// One of these names, in any case.
    Choice {
        /// The names, in the order in which an error lists them.
        names: &'static [&'static str],
        /// Reads it.
        get: fn(&Config) -> &str,
        /// Changes it, to one of the names.
        set: fn(&mut Config, &'static str),
    },
    /// A number of bytes.
    Memory {
        /// The smallest.
        least: u64,
        /// Reads it.
        get: fn(&Config) -> u64,
        /// Changes it.
        set: fn(&mut Config, u64),
    },
    /// A number that is not negative.
    Integer {
        /// The smallest.
        least: u64,
        /// The largest, at most `i64::MAX`.
        most: u64,
        /// Reads it.
        get: fn(&Config) -> u64,
        /// Changes it.
        set: fn(&mut Config, u64),
    },
    /// A number that may be negative.
    Signed {
        /// The smallest.
        least: i64,
        /// The largest.
        most: i64,
        /// Reads it.
        get: fn(&Config) -> i64,
        /// Changes it.
        set: fn(&mut Config, i64),
    },
    /// Permissions in octal.
    Octal {
        /// Reads it.
        get: fn(&Config) -> u32,
        /// Changes it.
        set: fn(&mut Config, u32),
    },
    /// One word, or several joined by blanks.
    Text {
        /// Whether it may be several.
        several: bool,
        /// Reads it.
        get: fn(&Config) -> &str,
        /// Changes it.
        set: fn(&mut Config, String),
        /// Says what is wrong with a value.
        refuse: fn(&str) -> Option<&'static str>,
    },
    /// Limits for each class of clients.
    OutputLimits {
        /// Reads them.
        get: fn(&Config) -> &OutputLimits,
        /// Where they are.
        get_mut: fn(&mut Config) -> &mut OutputLimits,
    },
}

/// Why `CONFIG SET` failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetError {
    /// No such directive, or one that cannot be changed at run time (Redis 6.2 says the same).
    #[error("Unsupported CONFIG parameter: {name}")]
    Unsupported {
        /// As the client wrote it.
        name: String,
    },
    /// The value is not taken.
    #[error("Invalid argument '{value}' for CONFIG SET '{name}' - {reason}")]
    Invalid {
        /// The name as the client wrote it.
        name: String,
        /// The value as the client wrote it.
        value: String,
        /// Why.
        reason: ValueError,
    },
}

impl SetError {
    /// The error reply, without `-` and line end.
    #[must_use]
    pub fn text(&self) -> String {
        format!("ERR {self}")
    }
}

/// All directives, in the order in which `CONFIG GET *` lists them.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    SECTIONS.iter().flat_map(|section| section.directives)
}

/// All settings: directives that have a value.
pub fn settings() -> impl Iterator<Item = &'static Directive> {
    directives().filter(|directive| directive.setting)
}

/// The directive of that name or older name, in any case.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Directive> {
    directives().find(|directive| {
        name.eq_ignore_ascii_case(directive.name.as_bytes())
            || directive.alias.is_some_and(|alias| name.eq_ignore_ascii_case(alias.as_bytes()))
    })
}

/// `CONFIG GET`: every setting whose name matches the pattern, in any case, with its value. An
/// older name is an answer of its own.
#[doc(alias = "configGetCommand")]
pub fn get<'c>(
    config: &'c Config,
    pattern: &'c [u8],
) -> impl Iterator<Item = (&'static str, String)> + 'c {
    settings()
        .flat_map(|directive| {
            std::iter::once(directive.name)
                .chain(directive.alias)
                .map(move |name| (name, directive))
        })
        .filter(|(name, _)| glob::matches(pattern, name.as_bytes(), Case::Insensitive))
        .map(|(name, directive)| (name, directive.get(config)))
}

/// `CONFIG SET`. Changes `config` and says which directive it was, for whoever must act on it.
///
/// # Errors
/// With Redis's texts. `config` is then as it was.
#[doc(alias = "configSetCommand")]
pub fn set(config: &mut Config, name: &[u8], value: &[u8]) -> Result<&'static Directive, SetError> {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Some(directive) = find(name).filter(|directive| directive.changeable) else {
        return Err(SetError::Unsupported { name: shown(name) });
    };
    let maxclients = config.maxclients;
    let result = directive.set(config, value).and_then(|()| {
        // Only who raises it needs room. A start does not refuse, but lowers it to what there is.
        let most = config.most_clients;
        if config.maxclients <= most.max(maxclients) {
            return Ok(());
        }
        config.maxclients = maxclients;
        Err(ValueError::Clients { most })
    });
    result.map_err(|reason| SetError::Invalid {
        name: shown(name),
        value: shown(value),
        reason,
    })?;
    Ok(directive)
}

/// What the start warns about: every accepted directive with a value of its own.
#[must_use]
pub fn warnings(config: &Config) -> Vec<String> {
    settings()
        .filter_map(|directive| match directive.standing {
            Standing::Accepted { warning, .. } => {
                let value = config.without_effect.get(directive.name)?;
                Some(format!("{} {value} has no effect: {warning}", directive.name))
            }
            _ => None,
        })
        .collect()
}

impl Directive {
    /// Its value as text, empty for what is no setting.
    #[must_use]
    pub fn get(&self, config: &Config) -> String {
        match self.standing {
            Standing::Honoured(kind) => kind.get(config),
            Standing::Included => String::new(),
            Standing::Accepted { default, .. } => {
                config.without_effect.get(self.name).map_or(default, String::as_str).to_owned()
            }
            Standing::Refused { harmless, .. } => {
                harmless.first().copied().unwrap_or("").to_owned()
            }
        }
    }

    /// Changes its value, at run time or not.
    ///
    /// # Errors
    /// When the value is not taken. `config` is then as it was.
    pub fn set(&self, config: &mut Config, value: &[u8]) -> Result<(), ValueError> {
        match self.standing {
            Standing::Honoured(kind) => kind.set(config, value),
            Standing::Included => Err(ValueError::Refused("a file can only be included by a file")),
            Standing::Accepted { shape, default, .. } => {
                let value = shape.canonical(value)?;
                if value == default {
                    config.without_effect.remove(self.name);
                } else {
                    config.without_effect.insert(self.name, value);
                }
                Ok(())
            }
            Standing::Refused { shape, harmless, reason } => {
                let value = shape.canonical(value)?;
                let fine = harmless.iter().any(|harmless| value.eq_ignore_ascii_case(harmless));
                if fine { Ok(()) } else { Err(ValueError::Refused(reason)) }
            }
        }
    }

    /// What a value looks like.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self.standing {
            Standing::Honoured(kind) => kind.shape(),
            Standing::Included => Shape::Text,
            Standing::Accepted { shape, .. } | Standing::Refused { shape, .. } => shape,
        }
    }
}

impl Kind {
    /// What a value looks like.
    #[must_use]
    pub fn shape(self) -> Shape {
        let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
        match self {
            Self::YesNo { .. } => Shape::YesNo,
            Self::Choice { names, .. } => Shape::Choice(names),
            Self::Memory { least, .. } => Shape::Memory(least),
            Self::Integer { least, most, .. } => Shape::Integer(signed(least), signed(most)),
            Self::Signed { least, most, .. } => Shape::Integer(least, most),
            Self::Octal { .. } => Shape::Octal,
            Self::Text { several: true, .. } => Shape::Words,
            Self::Text { several: false, .. } => Shape::Text,
            Self::OutputLimits { .. } => Shape::OutputLimits,
        }
    }

    fn get(self, config: &Config) -> String {
        match self {
            Self::YesNo { get, .. } => if get(config) { "yes" } else { "no" }.to_owned(),
            Self::Choice { get, .. } | Self::Text { get, .. } => get(config).to_owned(),
            Self::Memory { get, .. } | Self::Integer { get, .. } => get(config).to_string(),
            Self::Signed { get, .. } => get(config).to_string(),
            Self::Octal { get, .. } => format!("{:o}", get(config)),
            Self::OutputLimits { get, .. } => value::show_output_limits(get(config)),
        }
    }

    fn set(self, config: &mut Config, value: &[u8]) -> Result<(), ValueError> {
        match self {
            Self::YesNo { set, .. } => set(config, value::yes_no(value)?),
            Self::Choice { names, set, .. } => set(config, value::choice(value, names)?),
            Self::Memory { least, set, .. } => set(config, value::memory(value, least)?),
            Self::Integer { least, most, set, .. } => {
                let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
                let number = value::integer(value, signed(least), signed(most))?;
                set(config, u64::try_from(number).unwrap_or(0));
            }
            Self::Signed { least, most, set, .. } => {
                set(config, value::integer(value, least, most)?);
            }
            Self::Octal { set, .. } => set(config, value::octal(value)?),
            Self::Text { set, refuse, .. } => {
                let text = value::text(value)?;
                if let Some(reason) = refuse(text) {
                    return Err(ValueError::Refused(reason));
                }
                set(config, text.to_owned());
            }
            Self::OutputLimits { get_mut, .. } => value::output_limits(value, get_mut(config))?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

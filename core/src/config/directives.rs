//! One table of directives: for the configuration file, the command line, `CONFIG GET` and
//! `CONFIG SET`. A setting that is not in it cannot be set.
//!
//! Names, units, ranges and error texts are those of Redis 6.2. Not changeable at run time, unlike
//! there: what the host does only once (`port`, `bind`, `dir`).

pub mod text;

use thiserror::Error;

use crate::config::{Config, Policy};
use crate::glob::{self, Case};
use crate::profile::ProfileName;

pub use text::{ConfigError, ConfigProblem, Source, parse_arguments, parse_text, to_text};

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Whether `CONFIG SET` takes it.
    pub changeable: bool,
    /// What its value is and where it is kept.
    pub kind: Kind,
}

/// What the value of a directive is.
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
    /// A number of bytes: `1024`, `64mb`, `1g`.
    Memory {
        /// The smallest.
        least: u64,
        /// Reads it.
        get: fn(&Config) -> u64,
        /// Changes it.
        set: fn(&mut Config, u64),
    },
    /// A number.
    Integer {
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
        /// Reads it.
        get: fn(&Config) -> u64,
        /// Changes it.
        set: fn(&mut Config, u64),
    },
    /// Text. Several words in a file are joined by blanks.
    Text {
        /// Reads it.
        get: fn(&Config) -> &str,
        /// Changes it.
        set: fn(&mut Config, String),
        /// Says what is wrong with a value.
        refuse: fn(&str) -> Option<&'static str>,
    },
    /// Known, because clients ask for it, but only one value exists.
    Fixed {
        /// That value.
        value: &'static str,
        /// Why it cannot be another.
        reason: &'static str,
    },
}

/// Why a value is not taken. The texts are Redis's, where Redis has one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Neither `yes` nor `no`.
    #[error("argument must be 'yes' or 'no'")]
    YesNo,
    /// None of the names.
    #[error("argument must be one of the following: {}", names.join(", "))]
    Choice {
        /// The names.
        names: &'static [&'static str],
    },
    /// No number of bytes.
    #[error("argument must be a memory value")]
    Memory,
    /// No number.
    #[error("argument couldn't be parsed into an integer")]
    Integer,
    /// A number too small or too large.
    #[error("argument must be between {least} and {most} inclusive")]
    Range {
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// Bytes that are no text.
    #[error("argument must be UTF-8 text")]
    NotText,
    /// Something else.
    #[error("{0}")]
    Refused(&'static str),
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

/// The largest number of Redis's `long long` settings.
const LONGEST: u64 = i64::MAX as u64;
/// The largest number of Redis's `int` settings.
const INTEGER: u64 = i32::MAX as u64;
const MEGABYTE: u64 = 1024 * 1024;

const POLICIES: &[&str] = &["everysec", "always", "no"];
const PROFILES: &[&str] = &["hardened", "redis-6.2"];
const LOG_LEVELS: &[&str] = &["debug", "verbose", "notice", "warning"];

/// All directives, in the order in which `CONFIG GET *` lists them.
pub const DIRECTIVES: &[Directive] = &[
    fixed("save", "", "there are no snapshots in this server: only \"\" is possible"),
    fixed("databases", "16", "there are always 16 databases"),
    yes_no("appendonly", |config| config.appendonly, |config, on| config.appendonly = on),
    Directive {
        name: "appendfilename",
        changeable: false,
        kind: Kind::Text {
            get: |config| &config.appendfilename,
            set: |config, text| config.appendfilename = text,
            refuse: |text| {
                (text.is_empty() || text.contains('/'))
                    .then_some("appendfilename can't be a path, just a filename")
            },
        },
    },
    Directive {
        name: "appendfsync",
        changeable: true,
        kind: Kind::Choice {
            names: POLICIES,
            get: |config| config.appendfsync.as_str(),
            set: |config, name| {
                config.appendfsync = Policy::parse(name.as_bytes()).unwrap_or_default();
            },
        },
    },
    yes_no(
        "no-appendfsync-on-rewrite",
        |config| config.no_appendfsync_on_rewrite,
        |config, on| config.no_appendfsync_on_rewrite = on,
    ),
    yes_no(
        "aof-load-truncated",
        |config| config.aof_load_truncated,
        |config, on| config.aof_load_truncated = on,
    ),
    Directive {
        name: "profile",
        changeable: true,
        kind: Kind::Choice {
            names: PROFILES,
            get: |config| config.profile.as_str(),
            set: |config, name| {
                config.profile = ProfileName::parse(name.as_bytes()).unwrap_or_default();
            },
        },
    },
    Directive {
        name: "held-reply-timeout-ms",
        changeable: true,
        kind: Kind::Integer {
            least: 0,
            most: INTEGER,
            get: |config| config.held_reply_timeout_ms,
            set: |config, number| config.held_reply_timeout_ms = number,
        },
    },
    memory(
        "aof-buffer-limit",
        1,
        |config| config.aof_buffer_limit_bytes,
        |config, bytes| config.aof_buffer_limit_bytes = bytes,
    ),
    memory(
        "proto-max-bulk-len",
        MEGABYTE,
        |config| config.proto_max_bulk_len,
        |config, bytes| config.proto_max_bulk_len = bytes,
    ),
    memory(
        "client-query-buffer-limit",
        MEGABYTE,
        |config| config.client_query_buffer_limit,
        |config, bytes| config.client_query_buffer_limit = bytes,
    ),
    text_at_start("dir", |config| &config.dir, |config, text| config.dir = text),
    Directive {
        name: "port",
        changeable: false,
        kind: Kind::Integer {
            least: 0,
            most: u16::MAX as u64,
            get: |config| u64::from(config.port),
            set: |config, number| config.port = u16::try_from(number).unwrap_or_default(),
        },
    },
    text_at_start("bind", |config| &config.bind, |config, text| config.bind = text),
    Directive {
        name: "maxclients",
        changeable: true,
        kind: Kind::Integer {
            least: 1,
            most: u32::MAX as u64,
            get: |config| u64::from(config.maxclients),
            set: |config, number| config.maxclients = u32::try_from(number).unwrap_or(u32::MAX),
        },
    },
    Directive {
        name: "timeout",
        changeable: true,
        kind: Kind::Integer {
            least: 0,
            most: INTEGER,
            get: |config| config.timeout,
            set: |config, number| config.timeout = number,
        },
    },
    Directive {
        name: "loglevel",
        changeable: true,
        kind: Kind::Choice {
            names: LOG_LEVELS,
            get: |config| &config.loglevel,
            set: |config, name| name.clone_into(&mut config.loglevel),
        },
    },
    text_at_start("logfile", |config| &config.logfile, |config, text| config.logfile = text),
];

const fn fixed(name: &'static str, value: &'static str, reason: &'static str) -> Directive {
    Directive { name, changeable: true, kind: Kind::Fixed { value, reason } }
}

const fn yes_no(
    name: &'static str,
    get: fn(&Config) -> bool,
    set: fn(&mut Config, bool),
) -> Directive {
    Directive { name, changeable: true, kind: Kind::YesNo { get, set } }
}

const fn memory(
    name: &'static str,
    least: u64,
    get: fn(&Config) -> u64,
    set: fn(&mut Config, u64),
) -> Directive {
    Directive { name, changeable: true, kind: Kind::Memory { least, get, set } }
}

const fn text_at_start(
    name: &'static str,
    get: fn(&Config) -> &str,
    set: fn(&mut Config, String),
) -> Directive {
    Directive { name, changeable: false, kind: Kind::Text { get, set, refuse: |_| None } }
}

/// The directive of that name, in any case.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Directive> {
    DIRECTIVES.iter().find(|directive| name.eq_ignore_ascii_case(directive.name.as_bytes()))
}

/// `CONFIG GET`: every directive whose name matches the pattern, in any case, with its value.
pub fn get<'c>(
    config: &'c Config,
    pattern: &'c [u8],
) -> impl Iterator<Item = (&'static str, String)> + 'c {
    DIRECTIVES
        .iter()
        .filter(|directive| glob::matches(pattern, directive.name.as_bytes(), Case::Insensitive))
        .map(|directive| (directive.name, directive.get(config)))
}

/// `CONFIG SET`. Changes `config` and says which directive it was, for whoever must act on it.
///
/// # Errors
/// With Redis's texts. `config` is then as it was.
pub fn set(config: &mut Config, name: &[u8], value: &[u8]) -> Result<&'static Directive, SetError> {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Some(directive) = find(name).filter(|directive| directive.changeable) else {
        return Err(SetError::Unsupported { name: shown(name) });
    };
    directive.set(config, value).map_err(|reason| SetError::Invalid {
        name: shown(name),
        value: shown(value),
        reason,
    })?;
    Ok(directive)
}

impl Directive {
    /// Its value as text.
    #[must_use]
    pub fn get(&self, config: &Config) -> String {
        match self.kind {
            Kind::YesNo { get, .. } => if get(config) { "yes" } else { "no" }.to_owned(),
            Kind::Choice { get, .. } | Kind::Text { get, .. } => get(config).to_owned(),
            Kind::Memory { get, .. } | Kind::Integer { get, .. } => get(config).to_string(),
            Kind::Fixed { value, .. } => value.to_owned(),
        }
    }

    /// Changes its value, at run time or not.
    ///
    /// # Errors
    /// When the value is not taken. `config` is then as it was.
    pub fn set(&self, config: &mut Config, value: &[u8]) -> Result<(), ValueError> {
        match self.kind {
            Kind::YesNo { set, .. } => {
                let on = match value {
                    _ if value.eq_ignore_ascii_case(b"yes") => true,
                    _ if value.eq_ignore_ascii_case(b"no") => false,
                    _ => return Err(ValueError::YesNo),
                };
                set(config, on);
            }
            Kind::Choice { names, set, .. } => {
                let chosen = names.iter().find(|name| value.eq_ignore_ascii_case(name.as_bytes()));
                set(config, chosen.ok_or(ValueError::Choice { names })?);
            }
            Kind::Memory { least, set, .. } => {
                let bytes = memory_bytes(value).ok_or(ValueError::Memory)?;
                set(config, within(bytes, least, LONGEST)?);
            }
            Kind::Integer { least, most, set, .. } => {
                let number = crate::number::parse_integer(value).ok_or(ValueError::Integer)?;
                // A negative number is below every range.
                let number =
                    u64::try_from(number).map_err(|_| ValueError::Range { least, most })?;
                set(config, within(number, least, most)?);
            }
            Kind::Text { set, refuse, .. } => {
                let text = std::str::from_utf8(value).map_err(|_| ValueError::NotText)?;
                if let Some(reason) = refuse(text) {
                    return Err(ValueError::Refused(reason));
                }
                set(config, text.to_owned());
            }
            Kind::Fixed { value: only, reason } => {
                if value != only.as_bytes() {
                    return Err(ValueError::Refused(reason));
                }
            }
        }
        Ok(())
    }
}

const fn within(number: u64, least: u64, most: u64) -> Result<u64, ValueError> {
    if number < least || number > most {
        return Err(ValueError::Range { least, most });
    }
    Ok(number)
}

/// Reads a number of bytes with a unit. `k`, `m` and `g` count by 1000, `kb`, `mb` and `gb` by
/// 1024, in any case.
#[doc(alias = "memtoll")]
fn memory_bytes(value: &[u8]) -> Option<u64> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = value.split_at(digits);
    let number: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    let factor = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1024,
        b"m" => 1000 * 1000,
        b"mb" => 1024 * 1024,
        b"g" => 1000 * 1000 * 1000,
        b"gb" => 1024 * 1024 * 1024,
        _ => return None,
    };
    number.checked_mul(factor).filter(|&bytes| bytes <= LONGEST)
}

#[cfg(test)]
mod tests;

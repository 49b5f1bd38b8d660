//! Values of directives: how each shape is read, and why one is not taken.

use thiserror::Error;

use crate::config::{OutputLimit, OutputLimits};

/// What text a directive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `yes` or `no`.
    YesNo,
    /// One of these names, in any case.
    Choice(&'static [&'static str]),
    /// A number of bytes: `1024`, `64mb`, `1g`. The number is the smallest.
    Memory(u64),
    /// A number from the first to the second.
    Integer(i64, i64),
    /// Permissions in octal.
    Octal,
    /// Any one word.
    Text,
    /// Any words; they are joined by blanks.
    Words,
    /// `class hard soft seconds`, repeated.
    OutputLimits,
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
        least: i64,
        /// The largest.
        most: i64,
    },
    /// No permissions.
    #[error("Invalid socket file permissions")]
    Octal,
    /// No class of clients that has a limit.
    #[error(
        "Unrecognized client limit class: the user specified an invalid one, or 'master' which \
         has no buffer limits."
    )]
    OutputClass,
    /// A class without its three numbers, or a number that is none.
    #[error("Wrong number of arguments in buffer limit configuration.")]
    OutputLimits,
    /// A soft limit's time that is no time.
    #[error("Negative number of seconds in soft limit is invalid")]
    OutputSeconds,
    /// Bytes that are no text.
    #[error("argument must be UTF-8 text")]
    NotText,
    /// More clients than the host has room for.
    #[error(
        "The operating system is not able to handle the specified number of clients, try with \
         {most}"
    )]
    Clients {
        /// How many it has room for.
        most: u32,
    },
    /// Something else.
    #[error("{0}")]
    Refused(&'static str),
}

/// The largest number of Redis's `long long` settings.
pub(super) const LONGEST: i64 = i64::MAX;
/// The largest number of Redis's `int` settings.
pub(super) const INTEGER: i64 = i32::MAX as i64;
/// 1024 times 1024 bytes.
pub(super) const MEGABYTE: u64 = 1024 * 1024;

impl Shape {
    /// Reads a value and writes it back in the one form in which `CONFIG GET` shows it.
    ///
    /// # Errors
    /// When the value has not this shape.
    pub fn canonical(self, value: &[u8]) -> Result<String, ValueError> {
        Ok(match self {
            Self::YesNo => if yes_no(value)? { "yes" } else { "no" }.to_owned(),
            Self::Choice(names) => choice(value, names)?.to_owned(),
            Self::Memory(least) => memory(value, least)?.to_string(),
            Self::Integer(least, most) => integer(value, least, most)?.to_string(),
            Self::Octal => format!("{:o}", octal(value)?),
            Self::Text | Self::Words => text(value)?.to_owned(),
            Self::OutputLimits => {
                let mut limits = OutputLimits::default();
                output_limits(value, &mut limits)?;
                show_output_limits(&limits)
            }
        })
    }

    /// Whether several words of a file are one value.
    #[must_use]
    pub const fn joins_words(self) -> bool {
        matches!(self, Self::Words | Self::OutputLimits)
    }

    /// What stands for a value in a usage line and in the docs.
    #[must_use]
    pub fn placeholder(self) -> String {
        match self {
            Self::YesNo => "yes|no".to_owned(),
            Self::Choice(names) => names.join("|"),
            Self::Memory(_) => "bytes".to_owned(),
            Self::Integer(least, most) if most >= INTEGER => match least {
                0 => "number".to_owned(),
                least => format!("number from {least}"),
            },
            Self::Integer(least, most) => format!("{least} to {most}"),
            Self::Octal => "octal".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Words => "words".to_owned(),
            Self::OutputLimits => "class hard soft seconds".to_owned(),
        }
    }
}

pub(super) const fn yes_no(value: &[u8]) -> Result<bool, ValueError> {
    if value.eq_ignore_ascii_case(b"yes") {
        Ok(true)
    } else if value.eq_ignore_ascii_case(b"no") {
        Ok(false)
    } else {
        Err(ValueError::YesNo)
    }
}

pub(super) fn choice(
    value: &[u8],
    names: &'static [&'static str],
) -> Result<&'static str, ValueError> {
    let chosen = names.iter().find(|name| value.eq_ignore_ascii_case(name.as_bytes()));
    chosen.copied().ok_or(ValueError::Choice { names })
}

pub(super) fn memory(value: &[u8], least: u64) -> Result<u64, ValueError> {
    let bytes = memory_bytes(value).ok_or(ValueError::Memory)?;
    if bytes < least {
        let least = i64::try_from(least).unwrap_or(LONGEST);
        return Err(ValueError::Range { least, most: LONGEST });
    }
    Ok(bytes)
}

pub(super) fn integer(value: &[u8], least: i64, most: i64) -> Result<i64, ValueError> {
    let number = crate::number::parse_integer(value).ok_or(ValueError::Integer)?;
    if number < least || number > most {
        return Err(ValueError::Range { least, most });
    }
    Ok(number)
}

/// Up to `777`, with or without leading zeros.
pub(super) fn octal(value: &[u8]) -> Result<u32, ValueError> {
    let digits = std::str::from_utf8(value).map_err(|_| ValueError::Octal)?;
    let all_octal = !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    u32::from_str_radix(digits, 8)
        .ok()
        .filter(|&mode| all_octal && mode <= 0o777)
        .ok_or(ValueError::Octal)
}

pub(super) fn text(value: &[u8]) -> Result<&str, ValueError> {
    std::str::from_utf8(value).map_err(|_| ValueError::NotText)
}

/// Reads a number of bytes with a unit. `k`, `m` and `g` count by 1000, `kb`, `mb` and `gb` by
/// 1024, in any case.
#[doc(alias = "memtoll")]
pub(super) fn memory_bytes(value: &[u8]) -> Option<u64> {
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
    number.checked_mul(factor).filter(|&bytes| bytes <= LONGEST as u64)
}

/// Writes bytes in the largest unit that leaves no rest.
#[doc(alias = "rewriteConfigFormatMemory")]
pub(super) fn show_memory(bytes: u64) -> String {
    for (unit, factor) in [("gb", 1 << 30), ("mb", MEGABYTE), ("kb", 1024)] {
        if bytes > 0 && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    bytes.to_string()
}

/// Reads one or several `class hard soft seconds`; a class that is not named keeps its limits.
pub(super) fn output_limits(value: &[u8], limits: &mut OutputLimits) -> Result<(), ValueError> {
    let words: Vec<&[u8]> =
        value.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).collect();
    if words.is_empty() || !words.len().is_multiple_of(4) {
        return Err(ValueError::OutputLimits);
    }
    let mut changed = *limits;
    for group in words.chunks_exact(4) {
        let &[class, hard, soft, seconds] = group else { return Err(ValueError::OutputLimits) };
        let limit = OutputLimit {
            hard_bytes: memory_bytes(hard).ok_or(ValueError::OutputLimits)?,
            soft_bytes: memory_bytes(soft).ok_or(ValueError::OutputLimits)?,
            soft_seconds: integer(seconds, 0, INTEGER)
                .ok()
                .and_then(|seconds| u64::try_from(seconds).ok())
                .ok_or(ValueError::OutputSeconds)?,
        };
        *class_of(&mut changed, class).ok_or(ValueError::OutputClass)? = limit;
    }
    *limits = changed;
    Ok(())
}

fn class_of<'l>(limits: &'l mut OutputLimits, class: &[u8]) -> Option<&'l mut OutputLimit> {
    match class.to_ascii_lowercase().as_slice() {
        b"normal" => Some(&mut limits.normal),
        b"slave" | b"replica" => Some(&mut limits.replica),
        b"pubsub" => Some(&mut limits.pubsub),
        _ => None,
    }
}

/// As `CONFIG GET` shows them.
pub(super) fn show_output_limits(limits: &OutputLimits) -> String {
    let show = |class, limit: &OutputLimit| {
        format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)
    };
    [show("normal", &limits.normal), show("slave", &limits.replica), show("pubsub", &limits.pubsub)]
        .join(" ")
}

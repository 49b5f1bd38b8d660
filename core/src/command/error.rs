//! Why a command failed, with the texts of Redis 6.2.

use std::borrow::Cow;

use thiserror::Error;

/// A failure that the client gets as an error reply. The dataset was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandError {
    /// The key holds another type.
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    /// Words that do not fit together.
    #[error("ERR syntax error")]
    Syntax,
    /// No integer, or one that does not fit.
    #[error("ERR value is not an integer or out of range")]
    NotInteger,
    /// An integer outside of what this place allows.
    #[error("ERR value is out of range, value must between {least} and {most}")]
    OutOfRange {
        /// The least allowed.
        least: i64,
        /// The most allowed.
        most: i64,
    },
    /// No floating-point number.
    #[error("ERR value is not a valid float")]
    NotFloat,
    /// INCRBYFLOAT left the finite numbers.
    #[error("ERR increment would produce NaN or Infinity")]
    NotFinite,
    /// INCR and the like left 64 bits.
    #[error("ERR increment or decrement would overflow")]
    Overflow,
    /// DECRBY by the one number that has no opposite.
    #[error("ERR decrement would overflow")]
    DecrementOverflow,
    /// SETRANGE at a negative place.
    #[error("ERR offset is out of range")]
    Offset,
    /// APPEND or SETRANGE beyond `proto-max-bulk-len`.
    #[error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")]
    StringTooLong,
    /// A time to live that is zero, negative, or too large.
    #[error("ERR invalid expire time in {command}")]
    ExpireTime {
        /// The command's name, lower case.
        command: &'static str,
    },
    /// RENAME of nothing.
    #[error("ERR no such key")]
    NoSuchKey,
    /// MOVE or COPY of a key onto itself.
    #[error("ERR source and destination objects are the same")]
    SameObject,
    /// A number of words that the table cannot check.
    #[error("ERR wrong number of arguments for '{command}' command")]
    WrongArity {
        /// The command's name, lower case.
        command: &'static str,
    },
    /// A subcommand that does not exist, or has another number of words.
    #[error(
        "ERR Unknown subcommand or wrong number of arguments for '{subcommand}'. Try {command} HELP."
    )]
    Subcommand {
        /// The command's name, upper case.
        command: String,
        /// The word.
        subcommand: String,
    },
    /// The log cannot be written, so nothing may be changed.
    #[error("MISCONF Errors writing to the AOF file: {reason}")]
    Refused {
        /// The text of the error number.
        reason: &'static str,
    },
    /// Any other text, with its code.
    #[error("{0}")]
    Text(Cow<'static, str>),
}

impl CommandError {
    /// A fixed text, with its code.
    pub(crate) const fn text(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

/// At most `limit` bytes of what a client sent, as a C string in a message would show it: up to
/// the first zero byte.
pub(crate) fn shown(bytes: &[u8], limit: usize) -> String {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or(&[]);
    String::from_utf8_lossy(&text[..text.len().min(limit)]).into_owned()
}

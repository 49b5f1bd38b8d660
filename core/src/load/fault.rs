//! What can be wrong with a log, as data: every class carries its place and its facts.
//!
//! Three classes must never be mixed up, because an operator does something else for each:
//!
//! - *Truncated*: the file is the front part of a good log. Something was cut off, nothing is
//!   wrong with what is there.
//! - *Zero tail*: from some byte on there is nothing but NUL up to the end of the file. The length
//!   of the file reached the disk before its data did.
//! - *Malformed*: a byte that no log has, with something else behind it. Nobody can say where the
//!   next good command begins, so nothing is cut off by itself.

use thiserror::Error;

/// Where something in a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Offset of the byte in the file.
    pub offset: u64,
    /// Number of the command that it belongs to, counted from 1.
    pub command: u64,
}

/// A byte or a number that no log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Malformation {
    /// A command begins with something else than `*`.
    #[error("a command begins with '*', got {}", Byte(*.found))]
    CommandStart {
        /// The byte that stands there.
        found: u8,
    },
    /// A line that begins with `#`, which logs have only from Redis 7.0 on.
    #[error("annotation lines ('#') belong to a later generation of logs")]
    Annotation,
    /// A word begins with something else than `$`.
    #[error("a word begins with '$', got {}", Byte(*.found))]
    WordStart {
        /// The byte that stands there.
        found: u8,
    },
    /// A number begins with something else than a digit.
    #[error("expected a digit, got {}", Byte(*.found))]
    Digit {
        /// The byte that stands there.
        found: u8,
    },
    /// A number is followed by something else than a digit or CR.
    #[error("expected a digit or '\\r', got {}", Byte(*.found))]
    NumberEnd {
        /// The byte that stands there.
        found: u8,
    },
    /// The CR after a number is followed by something else than LF.
    #[error("expected '\\n' after '\\r', got {}", Byte(*.found))]
    LineEnd {
        /// The byte that stands there.
        found: u8,
    },
    /// A payload is followed by something else than CR.
    #[error("expected '\\r' after the payload, got {}", Byte(*.found))]
    PayloadCr {
        /// The byte that stands there.
        found: u8,
    },
    /// The CR after a payload is followed by something else than LF.
    #[error("expected '\\n' after the payload, got {}", Byte(*.found))]
    PayloadLf {
        /// The byte that stands there.
        found: u8,
    },
    /// A command of no words.
    #[error("a command has at least one word")]
    NoWords,
    /// A command claims more words than any client may send.
    #[error("a command has at most {limit} words")]
    TooManyWords {
        /// The most there may be.
        limit: u64,
    },
    /// A word claims more bytes than any client may send.
    #[error("a word has at most {limit} bytes")]
    WordTooLong {
        /// The most there may be.
        limit: u64,
    },
    /// The words of one command add up to more than any client may send.
    #[error("a command has at most {limit} bytes")]
    CommandTooLong {
        /// The most there may be.
        limit: u64,
    },
}

impl Malformation {
    /// The byte that should stand there, where only one is right.
    #[must_use]
    pub const fn expected(&self) -> Option<u8> {
        match self {
            Self::CommandStart { .. } | Self::Annotation => Some(b'*'),
            Self::WordStart { .. } => Some(b'$'),
            Self::LineEnd { .. } | Self::PayloadLf { .. } => Some(b'\n'),
            Self::PayloadCr { .. } => Some(b'\r'),
            Self::Digit { .. }
            | Self::NumberEnd { .. }
            | Self::NoWords
            | Self::TooManyWords { .. }
            | Self::WordTooLong { .. }
            | Self::CommandTooLong { .. } => None,
        }
    }

    /// The byte that stands there, where one byte is what is wrong.
    #[must_use]
    pub const fn found(&self) -> Option<u8> {
        match *self {
            Self::CommandStart { found }
            | Self::WordStart { found }
            | Self::Digit { found }
            | Self::NumberEnd { found }
            | Self::LineEnd { found }
            | Self::PayloadCr { found }
            | Self::PayloadLf { found } => Some(found),
            Self::Annotation => Some(b'#'),
            Self::NoWords
            | Self::TooManyWords { .. }
            | Self::WordTooLong { .. }
            | Self::CommandTooLong { .. } => None,
        }
    }
}

/// A byte as people read it: `'a'`, `'\n'`, `0x00`.
struct Byte(u8);

impl std::fmt::Display for Byte {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            b'\r' => out.write_str("'\\r'"),
            b'\n' => out.write_str("'\\n'"),
            graphic @ 0x20..=0x7e => write!(out, "'{}'", char::from(graphic)),
            other => write!(out, "0x{other:02x}"),
        }
    }
}

/// What a cut command still lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// The file ends in the line `*<words>`.
    WordCount,
    /// The file ends before or in the line `$<length>` of this word.
    WordLength {
        /// Which word, counted from 0.
        word: usize,
        /// Of how many.
        words: usize,
    },
    /// The file ends inside the bytes of this word.
    Payload {
        /// Which word, counted from 0.
        word: usize,
        /// Of how many.
        words: usize,
        /// Bytes of it that are there.
        present_bytes: u64,
        /// Bytes that it should have.
        expected_bytes: u64,
    },
    /// The file ends in the CR LF after this word.
    PayloadEnd {
        /// Which word, counted from 0.
        word: usize,
        /// Of how many.
        words: usize,
    },
}

/// How a log stops short of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TailClass {
    /// The file is the front part of a good log and ends inside a command.
    Truncated {
        /// Where the cut command begins.
        place: Place,
        /// What is missing first.
        missing: Missing,
        /// Where the NUL bytes begin that end the file, if it ends with any. They may be data, or
        /// blocks that never reached the disk: inside a payload nobody can tell.
        zeros_from: Option<u64>,
    },
    /// There is nothing but NUL from `from` to the end of the file, where no log has NUL.
    ZeroTail {
        /// Where the command begins that the zeros cut, or that they stand in the place of.
        place: Place,
        /// Offset of the first of these zeros.
        from: u64,
    },
    /// Every command is whole, but the last MULTI has no EXEC.
    OpenTransaction,
}

/// A MULTI without its EXEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenTransaction {
    /// Where the MULTI stands.
    pub place: Place,
    /// Whole commands after it.
    pub queued: u64,
}

/// The end of a log that was left unfinished. `aof-load-truncated` decides what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tail {
    /// How it ends.
    pub class: TailClass,
    /// The transaction that this end leaves open: none of it is applied.
    pub open: Option<OpenTransaction>,
    /// Length of what is good, to which the file is cut: the end of the last whole command outside
    /// a transaction. Under [`OpenMulti::KeptWhenTorn`](crate::profile::OpenMulti) more than that,
    /// see [`Self::applied_up_to`].
    pub valid_up_to: u64,
    /// Length of the file.
    pub size_bytes: u64,
}

impl Tail {
    /// End of the last command that is in the dataset. What stands between it and
    /// [`Self::valid_up_to`] stays in the file behind a MULTI that is open.
    #[must_use]
    pub const fn applied_up_to(&self) -> u64 {
        match self.open {
            Some(open) if open.place.offset < self.valid_up_to => open.place.offset,
            _ => self.valid_up_to,
        }
    }
}

/// What no setting makes good: a log that cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum Problem {
    /// A byte or a number that no log has.
    #[error("{0}")]
    Malformed(#[from] Malformation),
    /// The file begins with a snapshot ("REDIS"), as Redis writes it with
    /// `aof-use-rdb-preamble yes`.
    #[error("the file begins with an RDB preamble, which is not supported")]
    Preamble,
    /// No such command.
    #[error("unknown command '{name}'")]
    UnknownCommand {
        /// Its name, cut to [`NAME_BYTES`] and made readable.
        name: String,
    },
    /// A command with too few or too many words.
    #[error("wrong number of arguments ({words} words) for '{name}'")]
    WrongArity {
        /// Its name.
        name: String,
        /// Words that it has here, the name included.
        words: usize,
    },
    /// MULTI inside a transaction.
    #[error("unexpected MULTI")]
    UnexpectedMulti,
    /// EXEC outside a transaction.
    #[error("unexpected EXEC")]
    UnexpectedExec,
}

/// Most bytes of a command's name that the parser keeps, and that a message shows.
pub const NAME_BYTES: usize = 64;

/// A log that cannot be loaded, with the place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[error("command {}, offset {}: {problem}", .place.command, .place.offset)]
pub struct Broken {
    /// The first wrong byte, or the first byte of a command that is wrong as a whole.
    pub place: Place,
    /// Length of what is good before it: the end of the last whole command outside a transaction.
    pub valid_up_to: u64,
    /// What is wrong.
    pub problem: Problem,
}

/// Why a log was not loaded, or what a check found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum LoadError {
    /// It cannot be loaded.
    #[error("{0}")]
    Broken(#[from] Broken),
    /// Its end is missing, and `aof-load-truncated` is off. (In a check: its end is missing.)
    #[error("{0}")]
    Unfinished(Tail),
}

/// The class of a finding, for a program that has to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// [`TailClass::Truncated`].
    Truncated,
    /// [`TailClass::ZeroTail`].
    ZeroTail,
    /// [`TailClass::OpenTransaction`].
    OpenTransaction,
    /// [`Problem::Malformed`].
    Malformed,
    /// [`Problem::Preamble`].
    Preamble,
    /// [`Problem::UnknownCommand`].
    UnknownCommand,
    /// [`Problem::WrongArity`].
    WrongArity,
    /// [`Problem::UnexpectedMulti`].
    UnexpectedMulti,
    /// [`Problem::UnexpectedExec`].
    UnexpectedExec,
}

impl Class {
    /// A name for programs: `aof check --json` and the page.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::ZeroTail => "zero-tail",
            Self::OpenTransaction => "open-multi",
            Self::Malformed => "malformed",
            Self::Preamble => "preamble",
            Self::UnknownCommand => "unknown-command",
            Self::WrongArity => "wrong-arity",
            Self::UnexpectedMulti => "unexpected-multi",
            Self::UnexpectedExec => "unexpected-exec",
        }
    }
}

impl LoadError {
    /// Which class this is.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Unfinished(tail) => match tail.class {
                TailClass::Truncated { .. } => Class::Truncated,
                TailClass::ZeroTail { .. } => Class::ZeroTail,
                TailClass::OpenTransaction => Class::OpenTransaction,
            },
            Self::Broken(broken) => match broken.problem {
                Problem::Malformed(_) => Class::Malformed,
                Problem::Preamble => Class::Preamble,
                Problem::UnknownCommand { .. } => Class::UnknownCommand,
                Problem::WrongArity { .. } => Class::WrongArity,
                Problem::UnexpectedMulti => Class::UnexpectedMulti,
                Problem::UnexpectedExec => Class::UnexpectedExec,
            },
        }
    }

    /// Length of what is good, see [`Tail::valid_up_to`].
    #[must_use]
    pub const fn valid_up_to(&self) -> u64 {
        match self {
            Self::Unfinished(tail) => tail.valid_up_to,
            Self::Broken(broken) => broken.valid_up_to,
        }
    }

    /// Where to look: the first wrong byte, the first zero, the end of a cut file, or the MULTI
    /// that stays open.
    #[must_use]
    pub const fn place(&self) -> Place {
        match self {
            Self::Broken(broken) => broken.place,
            Self::Unfinished(tail) => match (tail.class, tail.open) {
                (TailClass::Truncated { place, .. }, _) => {
                    Place { offset: tail.size_bytes, command: place.command }
                }
                (TailClass::ZeroTail { place, from }, _) => {
                    Place { offset: from, command: place.command }
                }
                (TailClass::OpenTransaction, Some(open)) => open.place,
                (TailClass::OpenTransaction, None) => {
                    Place { offset: tail.valid_up_to, command: 0 }
                }
            },
        }
    }
}

impl std::fmt::Display for Tail {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.class {
            TailClass::Truncated { place, .. } => {
                write!(out, "the file ends at {} inside command {}", self.size_bytes, place.command)
            }
            TailClass::ZeroTail { place, from } => {
                write!(out, "only zeros from {from} to {}, ", self.size_bytes)?;
                write!(out, "from command {} on", place.command)
            }
            TailClass::OpenTransaction => out.write_str("the last MULTI has no EXEC"),
        }?;
        if let Some(open) = self.open {
            write!(out, "; MULTI at {} stays open", open.place.offset)?;
        }
        write!(out, "; good up to {}", self.valid_up_to)
    }
}

//! The grammar of a log, byte by byte, without keeping a byte.
//!
//! # The problem
//! A log comes in pieces of any size, can be far larger than memory, and is not to be trusted:
//! a power cut or a bad disk may have put anything anywhere. The loader wants the words of each
//! command; the checker wants only to know whether it would get them. Both must agree on every
//! byte.
//!
//! # The structure
//! One state machine knows the grammar and nothing else. It looks at each byte once, remembers
//! where words lie as offsets, and never holds a payload. [`crate::load::parse`] puts a buffer
//! around it, [`mod@crate::load::check`] does not. What a length claims is only ever compared,
//! never reserved.
//!
//! # Zeros
//! When a byte is wrong and it is NUL, the machine does not decide yet: it looks on. If the file
//! ends with nothing but zeros in between, that is a zero tail, and it begins where the run of
//! zeros begins, perhaps far back in a payload, whose bytes were all acceptable until the CR was
//! missing. If anything else follows, the first unexpected byte is malformed.
//! A file that ends *inside* a payload is truncated even when its last bytes are zeros: every byte
//! that is there could be data, so nothing contradicts a plain cut. The fact is reported beside it.
//!
//! # Rejected
//! Reusing the decoder of client requests: it accepts inline commands, its errors are texts
//! for clients without places, and it needs the whole request in memory.

use crate::config::Config;
use crate::load::fault::{Malformation, Missing, NAME_BYTES, Place, TailClass};
use crate::profile::{OpenMulti, PayloadEnd, Profile, ZeroTail};
use crate::resp::Span;

/// The first bytes of a snapshot.
const PREAMBLE: &[u8; 5] = b"REDIS";

/// What a log may hold, and how strictly it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether the two bytes after a payload must be CR LF.
    pub payload_end: PayloadEnd,
    /// Whether zeros up to the end of the file are a class of their own.
    pub zero_tail: ZeroTail,
    /// What a transaction without EXEC at the end is.
    pub open_multi: OpenMulti,
    /// Most words of one command.
    pub words_limit: u64,
    /// Most bytes of one word.
    pub word_bytes_limit: u64,
    /// Most bytes of one command as encoded. Below 4 GiB, so that its words can be addressed where
    /// addresses have 32 bits.
    pub command_bytes_limit: u64,
}

impl Options {
    /// What a client may send at most: 1,048,576 words of 512 MB.
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        Self {
            payload_end: profile.payload_end,
            zero_tail: profile.zero_tail,
            open_multi: profile.open_multi,
            words_limit: 1024 * 1024,
            word_bytes_limit: 512 * 1024 * 1024,
            command_bytes_limit: u32::MAX as u64,
        }
    }

    /// The same for a tool that looks at a log and repairs it: it takes an open transaction off
    /// from its MULTI on, as redis-check-aof does, also where the server would leave the MULTI in
    /// the file.
    #[must_use]
    pub const fn for_repair(self) -> Self {
        let open_multi = match self.open_multi {
            OpenMulti::Reverted | OpenMulti::KeptWhenTorn => OpenMulti::Reverted,
            OpenMulti::Applied => OpenMulti::Applied,
        };
        Self { open_multi, ..self }
    }
}

impl From<&Config> for Options {
    /// The options of the profile. A configuration that lets clients send longer words lets the
    /// log hold them.
    fn from(config: &Config) -> Self {
        let options = Self::of(config.choices());
        let word_bytes_limit = options.word_bytes_limit.max(config.proto_max_bulk_len);
        Self { word_bytes_limit, ..options }
    }
}

/// What stopped the machine for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A wrong byte.
    Malformed { place: Place, what: Malformation },
    /// A snapshot at the front.
    Preamble,
}

/// One whole command was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its first byte and its number.
    pub(crate) place: Place,
    /// Its encoded length in bytes.
    pub(crate) length_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
enum Number {
    Words,
    Length,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the first byte of a command.
    Start,
    /// At the very front of the file, with so many bytes of [`PREAMBLE`] seen.
    Preamble {
        matched: usize,
    },
    /// Before the first digit.
    FirstDigit {
        number: Number,
    },
    /// Between digits; the number began at `from`.
    Digits {
        number: Number,
        value: u64,
        from: u64,
    },
    /// Before the LF of a header line.
    NumberLf {
        number: Number,
        value: u64,
        from: u64,
    },
    /// Before `$`.
    Word,
    /// Inside a payload.
    Payload {
        left: u64,
    },
    PayloadCr,
    PayloadLf,
    /// A NUL stood where `what` says, and since then came nothing but NUL.
    Zeros {
        at: u64,
        from: u64,
        what: Malformation,
    },
    Stopped(Stop),
}

/// A place in the piece that is being read.
struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    /// Offset of the piece in the file.
    base: u64,
}

impl<'a> Cursor<'a> {
    const fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    fn rest(&self) -> &'a [u8] {
        &self.input[self.at..]
    }
}

/// The machine.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    options: Options,
    state: State,
    /// Offset of the next byte.
    offset: u64,
    /// Where the command being read begins, and its number.
    command: Place,
    /// Words that it claims to have.
    words: usize,
    /// Words whose length is known, relative to the start of the command.
    spans: Vec<Span>,
    /// The front of its first word.
    name: Vec<u8>,
    /// Offset after the last byte that was not NUL, as far as calls before this one saw.
    nonzero_end: u64,
}

impl Scanner {
    pub(crate) fn new(options: Options) -> Self {
        let command = Place { offset: 0, command: 1 };
        let (spans, name) = (Vec::new(), Vec::with_capacity(NAME_BYTES));
        let (words, offset, nonzero_end) = (0, 0, 0);
        Self { options, state: State::Start, offset, command, words, spans, name, nonzero_end }
    }

    /// Offset of the next byte: how much was read so far.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The words of the command that was just seen, relative to its start.
    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The name of the command that was just seen, at most [`NAME_BYTES`] of it.
    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether bytes read now are only compared with NUL.
    pub(crate) const fn in_zeros(&self) -> bool {
        matches!(self.state, State::Zeros { .. })
    }

    /// Reads `input` up to the end of a command. Returns how many bytes it took (all of them if
    /// there is no whole command) and the command.
    pub(crate) fn advance(&mut self, input: &[u8]) -> Result<(usize, Option<Seen>), Stop> {
        let mut cursor = Cursor { input, at: 0, base: self.offset };
        let seen = loop {
            match self.step(&mut cursor) {
                Ok(None) if cursor.at < input.len() => {}
                Ok(seen) => break seen,
                Err(stop) => {
                    self.state = State::Stopped(stop);
                    return Err(stop);
                }
            }
        };
        self.offset = cursor.offset();
        if seen.is_none() {
            self.nonzero_end = self.nonzero_end_before(&cursor);
        }
        Ok((cursor.at, seen))
    }

    /// Takes the next byte, or as much of a payload or of zeros as there is.
    fn step(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<Seen>, Stop> {
        let Some(&byte) = cursor.input.get(cursor.at) else { return Ok(None) };
        let skipped = self.options.payload_end == PayloadEnd::Skipped;
        self.state = match self.state {
            State::Start => self.command_begins(byte, cursor)?,
            State::Preamble { matched } => self.preamble(byte, matched)?,
            State::FirstDigit { number } => {
                let from = cursor.offset();
                if let Some((value, length)) = whole_line(cursor.rest()) {
                    cursor.at += length;
                    self.state = self.header(number, value, from, cursor.offset())?;
                    return Ok(None);
                }
                match digit(byte) {
                    Some(value) => State::Digits { number, value, from },
                    None => self.unexpected(cursor, Malformation::Digit { found: byte })?,
                }
            }
            State::Digits { number, value, from } => match digit(byte) {
                // A number never has zeros in front: only one text of a number is accepted.
                Some(digit) if value > 0 => {
                    let value = value * 10 + digit;
                    self.within_limits(number, value, from)?;
                    State::Digits { number, value, from }
                }
                _ if byte == b'\r' => State::NumberLf { number, value, from },
                _ => self.unexpected(cursor, Malformation::NumberEnd { found: byte })?,
            },
            State::NumberLf { number, value, from } if byte == b'\n' => {
                self.header(number, value, from, cursor.offset() + 1)?
            }
            State::NumberLf { .. } => {
                self.unexpected(cursor, Malformation::LineEnd { found: byte })?
            }
            State::Word if byte == b'$' => State::FirstDigit { number: Number::Length },
            State::Word => self.unexpected(cursor, Malformation::WordStart { found: byte })?,
            State::Payload { left } => {
                return Ok(self.payload(cursor, left));
            }
            State::PayloadCr if byte == b'\r' || skipped => State::PayloadLf,
            State::PayloadCr => self.unexpected(cursor, Malformation::PayloadCr { found: byte })?,
            State::PayloadLf if byte != b'\n' && !skipped => {
                self.unexpected(cursor, Malformation::PayloadLf { found: byte })?
            }
            State::PayloadLf if self.spans.len() == self.words => {
                cursor.at += 1;
                return Ok(Some(self.command_ends(cursor.offset())));
            }
            State::PayloadLf => State::Word,
            State::Zeros { at, what, .. } => {
                if cursor.rest().iter().any(|&byte| byte != 0) {
                    return Err(self.malformed(at, what));
                }
                cursor.at = cursor.input.len();
                return Ok(None);
            }
            State::Stopped(stop) => return Err(stop),
        };
        cursor.at += 1;
        Ok(None)
    }

    /// The first byte of a command.
    fn command_begins(&mut self, byte: u8, cursor: &Cursor<'_>) -> Result<State, Stop> {
        let offset = cursor.offset();
        self.command.offset = offset;
        self.nonzero_end = self.nonzero_end.max(offset);
        match byte {
            b'*' => Ok(State::FirstDigit { number: Number::Words }),
            b'R' if offset == 0 => Ok(State::Preamble { matched: 1 }),
            b'#' => Err(self.malformed(offset, Malformation::Annotation)),
            found => self.unexpected(cursor, Malformation::CommandStart { found }),
        }
    }

    fn preamble(&self, byte: u8, matched: usize) -> Result<State, Stop> {
        if PREAMBLE.get(matched) != Some(&byte) {
            return Err(self.malformed(0, Malformation::CommandStart { found: b'R' }));
        }
        let matched = matched + 1;
        if matched == PREAMBLE.len() {
            Err(Stop::Preamble)
        } else {
            Ok(State::Preamble { matched })
        }
    }

    fn payload(&mut self, cursor: &mut Cursor<'_>, left: u64) -> Option<Seen> {
        let rest = cursor.rest();
        let taken = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
        if self.spans.len() == 1 {
            let room = (NAME_BYTES - self.name.len()).min(taken);
            self.name.extend_from_slice(&rest[..room]);
        }
        cursor.at += taken;
        let left = left - taken as u64;
        if left > 0 {
            self.state = State::Payload { left };
        } else if !rest[taken..].starts_with(b"\r\n") {
            self.state = State::PayloadCr;
        } else {
            cursor.at += 2;
            if self.spans.len() == self.words {
                return Some(self.command_ends(cursor.offset()));
            }
            self.state = State::Word;
        }
        None
    }

    /// A wrong byte: an error at once, or perhaps a zero tail.
    fn unexpected(&self, cursor: &Cursor<'_>, what: Malformation) -> Result<State, Stop> {
        let at = cursor.offset();
        if what.found() == Some(0) && self.options.zero_tail == ZeroTail::Recoverable {
            let from = self.nonzero_end_before(cursor).max(self.command.offset);
            Ok(State::Zeros { at, from, what })
        } else {
            Err(self.malformed(at, what))
        }
    }

    /// Offset after the last byte that is not NUL, of what was read before the cursor.
    fn nonzero_end_before(&self, cursor: &Cursor<'_>) -> u64 {
        match cursor.input[..cursor.at].iter().rposition(|&byte| byte != 0) {
            Some(last) => cursor.base + last as u64 + 1,
            None => self.nonzero_end,
        }
    }

    const fn malformed(&self, offset: u64, what: Malformation) -> Stop {
        let place = Place { offset, command: self.command.command };
        Stop::Malformed { place, what }
    }

    /// Compares a number with what it may be while it is being read, so that it cannot overflow.
    const fn within_limits(&self, number: Number, value: u64, from: u64) -> Result<(), Stop> {
        match number {
            Number::Words if value > self.options.words_limit => {
                let limit = self.options.words_limit;
                Err(self.malformed(from, Malformation::TooManyWords { limit }))
            }
            Number::Length if value > self.options.word_bytes_limit => {
                let limit = self.options.word_bytes_limit;
                Err(self.malformed(from, Malformation::WordTooLong { limit }))
            }
            Number::Words | Number::Length => Ok(()),
        }
    }

    /// A header line ended; `next` is the offset after it.
    fn header(&mut self, number: Number, value: u64, from: u64, next: u64) -> Result<State, Stop> {
        self.within_limits(number, value, from)?;
        let limit = self.options.command_bytes_limit;
        let too_long = || self.malformed(from, Malformation::CommandTooLong { limit });
        match number {
            Number::Words if value == 0 => Err(self.malformed(from, Malformation::NoWords)),
            Number::Words => {
                self.words = usize::try_from(value).map_err(|_| too_long())?;
                self.spans.clear();
                self.name.clear();
                Ok(State::Word)
            }
            Number::Length => {
                let relative = next - self.command.offset;
                if relative + value + 2 > limit {
                    return Err(too_long());
                }
                let start = usize::try_from(relative).map_err(|_| too_long())?;
                let length = usize::try_from(value).map_err(|_| too_long())?;
                self.spans.push(Span { start, length });
                Ok(if value == 0 { State::PayloadCr } else { State::Payload { left: value } })
            }
        }
    }

    fn command_ends(&mut self, end: u64) -> Seen {
        let place = self.command;
        self.command = Place { offset: end, command: place.command + 1 };
        self.state = State::Start;
        Seen { place, length_bytes: end - place.offset }
    }

    /// What it means that the input ends here: nothing, if it ends between commands.
    pub(crate) fn end(&self) -> Result<Option<TailClass>, Stop> {
        let (place, words, known) = (self.command, self.words, self.spans.len());
        let missing = match self.state {
            State::Start => return Ok(None),
            State::Stopped(stop) => return Err(stop),
            State::Zeros { from, .. } => return Ok(Some(TailClass::ZeroTail { place, from })),
            State::Preamble { .. } => {
                return Err(self.malformed(0, Malformation::CommandStart { found: b'R' }));
            }
            State::FirstDigit { number: Number::Words }
            | State::Digits { number: Number::Words, .. }
            | State::NumberLf { number: Number::Words, .. } => Missing::WordCount,
            State::Word
            | State::FirstDigit { number: Number::Length }
            | State::Digits { number: Number::Length, .. }
            | State::NumberLf { number: Number::Length, .. } => {
                Missing::WordLength { word: known, words }
            }
            State::Payload { left } => {
                let expected_bytes = self.spans.last().map_or(0, |span| span.length as u64);
                let present_bytes = expected_bytes - left;
                Missing::Payload { word: known - 1, words, present_bytes, expected_bytes }
            }
            State::PayloadCr | State::PayloadLf => Missing::PayloadEnd { word: known - 1, words },
        };
        let zeros_from = (self.nonzero_end < self.offset).then_some(self.nonzero_end);
        Ok(Some(TailClass::Truncated { place, missing, zeros_from }))
    }
}

/// A whole header line at the front of `rest`: its number and its length. The usual case, taken
/// in one go; anything odd or cut is left to the states, which know the exact place.
fn whole_line(rest: &[u8]) -> Option<(u64, usize)> {
    const LONGEST_DIGITS: usize = 10;
    let mut value = 0;
    for (at, &byte) in rest.iter().take(LONGEST_DIGITS + 1).enumerate() {
        match digit(byte) {
            Some(_) if at > 0 && value == 0 => return None,
            Some(digit) => value = value * 10 + digit,
            None if at > 0 && rest[at..].starts_with(b"\r\n") => return Some((value, at + 2)),
            None => return None,
        }
    }
    None
}

/// The value of a digit.
const fn digit(byte: u8) -> Option<u64> {
    if byte.is_ascii_digit() { Some((byte - b'0') as u64) } else { None }
}

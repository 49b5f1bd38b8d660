//! Bytes of a client become requests, however the network cuts them.
//!
//! The host keeps a client's unprocessed input in one buffer and shows it to the decoder whenever
//! it has grown. The decoder remembers how far it came, so a byte is not looked at again when
//! more arrive: without that, a client that sends a megabyte byte by byte would cost the square
//! of it. Words are spans of the host's buffer, so a request is not copied either.
//!
//! Nothing is reserved by a number that a client claims. `*1000000\r\n` costs eight bytes until
//! the words really arrive; the list of spans grows with them.
//!
//! Limits and error texts are those of Redis 6.2. Two of its habits are kept because clients can
//! see them: a header line ends at CR and the byte after it is skipped unseen, and so are the two
//! bytes after a payload. Such a request works, but is not *canonical*: the log must then be
//! encoded anew. One habit is not kept: Redis stops looking for CR at a zero byte and waits for
//! ever; here the line is simply wrong.

use memchr::memchr;
use thiserror::Error;

use crate::number::parse_integer;
use crate::resp::argv::{Argv, Span};
use crate::resp::inline::split_words;

#[cfg(test)]
mod tests;

/// Most words of one request.
const WORDS_LIMIT: i64 = 1024 * 1024;

/// Most bytes of an inline request or of a header line.
#[doc(alias = "PROTO_INLINE_MAX_SIZE")]
const LINE_LIMIT_BYTES: usize = 64 * 1024;

/// A list of spans longer than this is given back after its request.
const KEPT_SPANS: usize = 1024;

/// A decoder that waits for the next request may keep so many bytes.
const IDLE_BYTES: u64 = 1024;

/// What a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// `proto-max-bulk-len`: the longest word, in bytes.
    pub bulk_bytes: u64,
    /// The client has to authenticate first. Until then a request has at most 10 words of at most
    /// 16 KB each: nobody needs more to say a password, and a stranger gets no more memory.
    #[doc(alias = "authRequired")]
    pub unauthenticated: bool,
}

/// Most words of a request of a client that has not authenticated.
const UNAUTHENTICATED_WORDS: i64 = 10;

/// Longest of these words, in bytes.
const UNAUTHENTICATED_BULK_BYTES: u64 = 16 * 1024;

impl Limits {
    /// The longest word that this client may send, in bytes.
    const fn longest_word(&self) -> u64 {
        if self.unauthenticated && self.bulk_bytes > UNAUTHENTICATED_BULK_BYTES {
            UNAUTHENTICATED_BULK_BYTES
        } else {
            self.bulk_bytes
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { bulk_bytes: 512 * 1024 * 1024, unauthenticated: false }
    }
}

/// Why the bytes of a client are no request. The connection cannot be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ProtocolError {
    /// The number after `*` is no number or more than 1,048,576.
    #[error("Protocol error: invalid multibulk length")]
    InvalidMultibulkLength,
    /// The number after `$` is no number, negative, or more than `proto-max-bulk-len`.
    #[error("Protocol error: invalid bulk length")]
    InvalidBulkLength,
    /// A client that has not authenticated announces more than 10 words.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedMultibulkLength,
    /// A client that has not authenticated announces a word of more than 16 KB.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedBulkLength,
    /// Something else stands where the header of a word should.
    #[error("Protocol error: expected '$', got '{}'", shown(*got))]
    ExpectedDollar {
        /// The byte found instead.
        got: u8,
    },
    /// The line after `*` does not end within 64 KB.
    #[error("Protocol error: too big mbulk count string")]
    TooBigMultibulkCount,
    /// The line after `$` does not end within 64 KB.
    #[error("Protocol error: too big bulk count string")]
    TooBigBulkCount,
    /// An inline request does not end within 64 KB.
    #[error("Protocol error: too big inline request")]
    TooBigInline,
    /// A quote of an inline request is not closed, or something is glued to its end.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
}

/// A line end inside an error would end the reply; Redis writes a blank for it.
fn shown(byte: u8) -> char {
    if matches!(byte, b'\r' | b'\n') { ' ' } else { char::from(byte) }
}

impl ProtocolError {
    /// Redis's text. The error reply has the code `ERR` before it.
    #[must_use]
    pub fn text(&self) -> String {
        self.to_string()
    }
}

/// What the input amounts to so far.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    /// A whole request.
    Command {
        /// Its words. They borrow the input, or the decoder for an inline request.
        argv: Argv<'a>,
        /// Bytes of the input it took. The next call must show the input without them.
        consumed: usize,
    },
    /// A request without words (`*0`, `*-1`, a blank line), which has no reply.
    Empty {
        /// Bytes of the input it took. The next call must show the input without them.
        consumed: usize,
    },
    /// The request is not whole. The next call must show the same input with more behind it.
    NeedMore,
    /// No request, and none can follow. Every later call says the same.
    Malformed(ProtocolError),
}

/// How far the request at the front of the input has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// Nothing of it.
    Start,
    /// It begins with `*`; the line with the number of words is next.
    Count,
    /// The header line of a word is next; so many words are still to come.
    Header { words: usize },
    /// The bytes of a word are next.
    Payload { words: usize, length: usize },
    /// It is inline; the end of the line is next.
    Inline,
    /// It was wrong.
    Failed(ProtocolError),
}

/// One client's decoder.
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Limits,
    stage: Stage,
    /// Where the line or the payload begins that is being read.
    position: usize,
    /// Up to here the end of the line was looked for.
    scanned: usize,
    /// Whether every skipped byte so far was the CR or LF it should be.
    canonical: bool,
    spans: Vec<Span>,
    /// The words of an inline request, unquoted.
    inline: Vec<u8>,
    #[cfg(test)]
    looked_at: usize,
}

/// A step of the machine: what [`Decoded`] says, without the words.
enum Step {
    Multibulk(usize),
    Inline(usize),
    Empty(usize),
    NeedMore,
    Malformed(ProtocolError),
}

impl Decoder {
    /// A decoder at the start of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            stage: Stage::Start,
            position: 0,
            scanned: 0,
            canonical: true,
            spans: Vec::new(),
            inline: Vec::new(),
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// What the client may send.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes over a new `proto-max-bulk-len`; it counts from the next word on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Memory that the decoder holds, in bytes. Grows with what a client has sent and not with
    /// what it announces.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        (self.spans.capacity() * size_of::<Span>() + self.inline.capacity()) as u64
    }

    /// Gives back memory that the next request will most likely not need. Only between requests.
    pub fn shrink(&mut self) {
        if self.stage == Stage::Start && self.held_bytes() > IDLE_BYTES {
            self.spans = Vec::new();
            self.inline = Vec::new();
        }
    }

    /// Reads on in `input`, the bytes of the client that no earlier call has consumed.
    pub fn decode<'a>(&'a mut self, input: &'a [u8]) -> Decoded<'a> {
        match self.step(input) {
            Step::Multibulk(consumed) => {
                let canonical = if self.canonical { Some(&input[..consumed]) } else { None };
                Decoded::Command { argv: Argv::new(input, &self.spans, canonical), consumed }
            }
            Step::Inline(consumed) => {
                Decoded::Command { argv: Argv::new(&self.inline, &self.spans, None), consumed }
            }
            Step::Empty(consumed) => Decoded::Empty { consumed },
            Step::NeedMore => Decoded::NeedMore,
            Step::Malformed(error) => Decoded::Malformed(error),
        }
    }

    fn step(&mut self, input: &[u8]) -> Step {
        if self.stage == Stage::Start {
            let Some(&first) = input.first() else { return Step::NeedMore };
            self.begin();
            self.stage = if first == b'*' { Stage::Count } else { Stage::Inline };
        }
        let step = if self.stage == Stage::Inline {
            self.inline_request(input)
        } else {
            self.multibulk_request(input)
        };
        match step {
            Step::Multibulk(_) | Step::Inline(_) | Step::Empty(_) => self.stage = Stage::Start,
            Step::Malformed(error) => self.stage = Stage::Failed(error),
            Step::NeedMore => {}
        }
        step
    }

    fn begin(&mut self) {
        self.position = 0;
        self.scanned = 0;
        self.canonical = true;
        self.spans.clear();
        if self.spans.capacity() > KEPT_SPANS {
            self.spans.shrink_to(KEPT_SPANS);
        }
    }

    fn multibulk_request(&mut self, input: &[u8]) -> Step {
        loop {
            match self.stage {
                Stage::Count => {
                    let count = match self.number(input, ProtocolError::TooBigMultibulkCount) {
                        Ok(Some(Some(count))) if count <= WORDS_LIMIT => count,
                        Ok(Some(_)) => {
                            return Step::Malformed(ProtocolError::InvalidMultibulkLength);
                        }
                        Ok(None) => return Step::NeedMore,
                        Err(error) => return Step::Malformed(error),
                    };
                    if self.limits.unauthenticated && count > UNAUTHENTICATED_WORDS {
                        return Step::Malformed(ProtocolError::UnauthenticatedMultibulkLength);
                    }
                    let Ok(words @ 1..) = usize::try_from(count) else {
                        return Step::Empty(self.position);
                    };
                    self.stage = Stage::Header { words };
                }
                Stage::Header { words } => {
                    let words = self.whole_words(input, words);
                    if words == 0 {
                        return Step::Multibulk(self.position);
                    }
                    self.stage = Stage::Header { words };
                    let length = match self.word_length(input) {
                        Ok(Some(length)) => length,
                        Ok(None) => return Step::NeedMore,
                        Err(error) => return Step::Malformed(error),
                    };
                    self.stage = Stage::Payload { words, length };
                }
                Stage::Payload { words, length } => {
                    // `position` never passes the end of the input.
                    let rest = &input[self.position..];
                    if rest.len() < 2 || rest.len() - 2 < length {
                        return Step::NeedMore;
                    }
                    self.spans.push(Span { start: self.position, length });
                    self.canonical &= rest[length..length + 2] == *b"\r\n";
                    self.position += length + 2;
                    self.scanned = self.position;
                    if words == 1 {
                        return Step::Multibulk(self.position);
                    }
                    self.stage = Stage::Header { words: words - 1 };
                }
                Stage::Failed(error) => return Step::Malformed(error),
                Stage::Start | Stage::Inline => return Step::NeedMore,
            }
        }
    }

    /// Reads words that are there whole and look as usual, which is nearly always all of them:
    /// the same as the slow way, but without a look at the stage for every part. Returns how many
    /// of `words` are left.
    #[inline]
    fn whole_words(&mut self, input: &[u8], words: usize) -> usize {
        if self.scanned != self.position {
            return words;
        }
        let limit = usize::try_from(self.limits.longest_word()).unwrap_or(usize::MAX);
        let mut position = self.position;
        let mut canonical = self.canonical;
        let mut left = words;
        while left > 0 {
            let rest = &input[position..];
            let Some((length, digits)) = short_number(rest) else { break };
            // Below 10^8, so these sums are small.
            let start = 1 + digits + 2;
            let Some(payload) = rest.get(start..start + length + 2) else { break };
            if rest[0] != b'$' || length > limit {
                break;
            }
            canonical &= rest[start - 1] == b'\n' && payload.ends_with(b"\r\n");
            self.spans.push(Span { start: position + start, length });
            position += start + length + 2;
            left -= 1;
        }
        self.position = position;
        self.scanned = position;
        self.canonical = canonical;
        left
    }

    /// Reads `$<length>` and moves behind it.
    fn word_length(&mut self, input: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let kind = self.position;
        let Some(number) = self.number(input, ProtocolError::TooBigBulkCount)? else {
            return Ok(None);
        };
        match input[kind] {
            b'$' => {}
            got => return Err(ProtocolError::ExpectedDollar { got }),
        }
        let length = number
            .and_then(|length| u64::try_from(length).ok())
            .filter(|&length| length <= self.limits.bulk_bytes)
            .ok_or(ProtocolError::InvalidBulkLength)?;
        if length > self.limits.longest_word() {
            return Err(ProtocolError::UnauthenticatedBulkLength);
        }
        // The room for CR LF must be countable too, where addresses have 32 bits.
        let length = usize::try_from(length).ok().filter(|&length| length < usize::MAX - 2);
        length.map(Some).ok_or(ProtocolError::InvalidBulkLength)
    }

    /// Reads the line at `position`, one byte of kind and a number, and moves behind it.
    ///
    /// `Ok(None)`: the line is not whole. `Ok(Some(None))`: what it holds is no number.
    #[inline]
    fn number(
        &mut self,
        input: &[u8],
        too_long: ProtocolError,
    ) -> Result<Option<Option<i64>>, ProtocolError> {
        let start = self.position;
        if self.scanned == start
            && let Some((number, digits)) = short_number(&input[start..])
        {
            self.end_line(input, start + 1 + digits);
            return Ok(Some(i64::try_from(number).ok()));
        }
        self.long_number(input, too_long)
    }

    #[cold]
    fn long_number(
        &mut self,
        input: &[u8],
        too_long: ProtocolError,
    ) -> Result<Option<Option<i64>>, ProtocolError> {
        let start = self.position;
        match self.find(b'\r', input) {
            // The byte after CR must be there too, whatever it is.
            Some(end) if end + 1 < input.len() => {
                self.end_line(input, end);
                // An empty line: the CR itself stands where the kind should.
                let digits = input.get(start + 1..end).unwrap_or(&[]);
                Ok(Some(parse_integer(digits)))
            }
            Some(_) => Ok(None),
            None if input.len() - start > LINE_LIMIT_BYTES => Err(too_long),
            None => Ok(None),
        }
    }

    /// Moves behind the line that ends with the CR at `end`.
    fn end_line(&mut self, input: &[u8], end: usize) {
        self.canonical &= input[end + 1] == b'\n';
        self.position = end + 2;
        self.scanned = self.position;
    }

    /// The first `byte` of the current line, looked for in the new part of the input only.
    fn find(&mut self, byte: u8, input: &[u8]) -> Option<usize> {
        let limit = input.len().min(self.position + LINE_LIMIT_BYTES + 1);
        let fresh = &input[self.scanned..limit];
        let found = memchr(byte, fresh).map(|at| self.scanned + at);
        // A CR without its successor is found again with the next piece.
        let scanned = found.unwrap_or(limit);
        #[cfg(test)]
        {
            self.looked_at += scanned - self.scanned;
        }
        self.scanned = scanned;
        found
    }

    fn inline_request(&mut self, input: &[u8]) -> Step {
        let Some(newline) = self.find(b'\n', input) else {
            return if input.len() > LINE_LIMIT_BYTES {
                Step::Malformed(ProtocolError::TooBigInline)
            } else {
                Step::NeedMore
            };
        };
        let line = &input[..newline];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.inline.clear();
        match split_words(line, &mut self.inline, &mut self.spans) {
            Err(error) => Step::Malformed(error),
            Ok(()) if self.spans.is_empty() => Step::Empty(newline + 1),
            Ok(()) => Step::Inline(newline + 1),
        }
    }
}

/// A number of one to eight digits with its CR and one byte more, behind one byte of kind: nearly
/// every header there is. Anything unusual is left to the slow way, which judges it.
///
/// Returns the number and how many digits it has.
#[inline]
fn short_number(line: &[u8]) -> Option<(usize, usize)> {
    const fn value(digit: u8) -> usize {
        (digit - b'0') as usize
    }
    match *line {
        [_, units @ b'0'..=b'9', b'\r', _, ..] => Some((value(units), 1)),
        [_, tens @ b'1'..=b'9', units @ b'0'..=b'9', b'\r', _, ..] => {
            Some((value(tens) * 10 + value(units), 2))
        }
        [_, b'1'..=b'9', ref rest @ ..] => {
            let digits = rest.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
            let number = rest[..digits].iter().fold(value(line[1]), |n, &d| n * 10 + value(d));
            let whole = digits < 8 && rest.get(digits) == Some(&b'\r') && rest.len() > digits + 1;
            whole.then_some((number, digits + 1))
        }
        _ => None,
    }
}

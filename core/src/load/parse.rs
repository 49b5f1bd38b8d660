//! Pieces of a file become whole commands with their words.
//!
//! A buffer around [`crate::load::scan`]: it holds the pieces that were fed and not yet handed
//! out, so at most one command and one piece. It grows by what arrives, never by what a length
//! claims. Zeros at the end of a file are counted, not kept.

use crate::load::fault::{Place, TailClass};
use crate::load::scan::{Options, Scanner, Stop};
use crate::profile::PayloadEnd;
use crate::resp::Argv;

/// A buffer larger than this is given back when it has become empty.
const KEPT_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// One whole command of a log.
#[derive(Clone, Copy, Debug)]
pub struct Parsed<'a> {
    /// Its first byte and its number.
    pub place: Place,
    /// Its encoded length in bytes.
    pub length_bytes: u64,
    /// Its words.
    pub argv: Argv<'a>,
}

impl Parsed<'_> {
    /// Offset of the byte after it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.place.offset + self.length_bytes
    }
}

/// The strict incremental parser.
#[derive(Clone, Debug)]
pub(crate) struct Parser {
    scanner: Scanner,
    payload_end: PayloadEnd,
    buffer: Vec<u8>,
    /// Where the command being read begins in `buffer`.
    start: usize,
    /// How much of `buffer` the scanner has seen.
    scanned: usize,
}

impl Parser {
    pub(crate) fn new(options: Options) -> Self {
        let scanner = Scanner::new(options);
        let payload_end = options.payload_end;
        Self { scanner, payload_end, buffer: Vec::new(), start: 0, scanned: 0 }
    }

    /// The next piece of the file, of any size.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        // Moving the rest to the front only when it is the smaller part keeps the work linear,
        // however small the pieces are.
        if self.start >= self.buffer.len() - self.start {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
            if self.buffer.is_empty() && self.buffer.capacity() > KEPT_BUFFER_BYTES {
                self.buffer = Vec::new();
            }
        }
        self.buffer.extend_from_slice(piece);
    }

    /// Offset of the next byte to be fed: how long the file is as far as anybody knows.
    pub(crate) fn fed_bytes(&self) -> u64 {
        self.scanner.offset() + (self.buffer.len() - self.scanned) as u64
    }

    /// What was fed and not handed out.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// The next command, or `None` if more pieces are needed.
    pub(crate) fn next_command(&mut self) -> Result<Option<Parsed<'_>>, Stop> {
        let (taken, seen) = self.scanner.advance(&self.buffer[self.scanned..])?;
        self.scanned += taken;
        let Some(seen) = seen else {
            if self.scanner.in_zeros() {
                self.start = self.scanned;
            }
            return Ok(None);
        };
        let bytes = &self.buffer[self.start..self.scanned];
        self.start = self.scanned;
        // With both ends of every payload checked, only one encoding of a command is accepted.
        let canonical = (self.payload_end == PayloadEnd::Checked).then_some(bytes);
        let argv = Argv::new(bytes, self.scanner.spans(), canonical);
        Ok(Some(Parsed { place: seen.place, length_bytes: seen.length_bytes, argv }))
    }

    /// What it means that the file ends here. Every piece must have been parsed.
    pub(crate) fn end(&self) -> Result<Option<TailClass>, Stop> {
        self.scanner.end()
    }
}

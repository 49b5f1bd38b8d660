//! Reads a trace back, from pieces of any size.

use thiserror::Error;

use crate::config::directives::ConfigError;
use crate::trace::record::Record;
use crate::trace::{MAGIC, RECORD_LIMIT_BYTES, VERSION, wire};

/// Magic and version.
const PROLOGUE_BYTES: usize = 12;

/// Why bytes are no trace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TraceError {
    /// The file begins with something else.
    #[error("not a trace: the file does not begin with {:?}", String::from_utf8_lossy(&MAGIC))]
    Magic,
    /// It is a trace of another version.
    #[error("a trace of version {found}; this program reads version {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// The file ends inside a record.
    #[error("the trace is cut off at {size_bytes}, inside the record at {offset}")]
    Cut {
        /// Where that record begins.
        offset: u64,
        /// Where the file ends.
        size_bytes: u64,
    },
    /// A length that no record has.
    #[error("the record at {offset} claims {length} bytes")]
    Length {
        /// Where the record begins.
        offset: u64,
        /// What it claims.
        length: u32,
    },
    /// A kind that this version does not have.
    #[error("the record at {offset} is of unknown kind {kind}")]
    Kind {
        /// Where the record begins.
        offset: u64,
        /// Its kind.
        kind: u8,
    },
    /// A body that does not say what its kind says.
    #[error("the record at {offset} is damaged: {field}")]
    Body {
        /// Where the record begins.
        offset: u64,
        /// Which part of it.
        field: &'static str,
    },
    /// The configuration in the header cannot be used.
    #[error("the configuration of the trace: {0}")]
    Config(#[from] ConfigError),
    /// The first record is no header, or a later one is.
    #[error("the record at {offset} stands in the wrong place")]
    Order {
        /// Where the record begins.
        offset: u64,
    },
}

/// A trace being read. Holds one record and one piece, never what a length claims.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were read.
    read: usize,
    /// Offset of `buffer[read]` in the file.
    offset: u64,
    records: u64,
}

impl Reader {
    /// A reader at the front of a trace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next piece of the file, of any size.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.read >= self.buffer.len() - self.read {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// Records read so far.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// The next record, or `None` if more pieces are needed.
    ///
    /// # Errors
    /// When the bytes are no trace.
    pub fn next_record(&mut self) -> Result<Option<Record>, TraceError> {
        if self.offset == 0 && !self.prologue()? {
            return Ok(None);
        }
        let offset = self.offset;
        let rest = &self.buffer[self.read..];
        let Some((head, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head);
        if length == 0 || length > RECORD_LIMIT_BYTES {
            return Err(TraceError::Length { offset, length });
        }
        let Some(body) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else {
            return Ok(None);
        };
        let record = wire::record(body, offset)?;
        match (&record, self.records) {
            (Record::Header(_), 0) => {}
            (Record::Header(_), _) | (_, 0) => return Err(TraceError::Order { offset }),
            _ => {}
        }
        self.read += 4 + body.len();
        self.offset += 4 + u64::from(length);
        self.records += 1;
        Ok(Some(record))
    }

    /// Whether the file may end here.
    ///
    /// # Errors
    /// [`TraceError::Cut`] inside a record. What came before it is good: a server that is killed
    /// while it records leaves such a file.
    pub fn finish(&self) -> Result<(), TraceError> {
        let left = self.buffer.len() - self.read;
        if left == 0 && self.records > 0 {
            return Ok(());
        }
        Err(TraceError::Cut { offset: self.offset, size_bytes: self.offset + left as u64 })
    }

    /// Reads magic and version. `false` if more pieces are needed.
    fn prologue(&mut self) -> Result<bool, TraceError> {
        let seen = self.buffer.len().min(MAGIC.len());
        if self.buffer[..seen] != MAGIC[..seen] {
            return Err(TraceError::Magic);
        }
        let Some((_, version)) = self.buffer.split_first_chunk::<8>() else { return Ok(false) };
        let Some(version) = version.first_chunk::<4>() else { return Ok(false) };
        let found = u32::from_le_bytes(*version);
        if found != VERSION {
            return Err(TraceError::Version { found });
        }
        self.read = PROLOGUE_BYTES;
        self.offset = PROLOGUE_BYTES as u64;
        Ok(true)
    }
}

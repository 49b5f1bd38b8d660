//! The string type: bytes, and the arithmetic of ranges over them.
//!
//! Integers have no form of their own. The text of every 64-bit integer fits into the value
//! without an allocation, so a second form would save no memory; it would only save `INCR` the
//! parsing, and cost every `SET` an attempt, every `GET` a formatting, and everyone a second case.

use super::compact::CompactBytes;
use crate::number::parse_integer;

/// A string that grows has room for as many bytes again, but never for more than this.
/// The figure is Redis's `SDS_MAX_PREALLOC`.
const MAX_SPARE_BYTES: usize = 1024 * 1024;

/// A byte string. The limit of 512 MB is the commands' to check.
#[derive(Clone)]
pub struct StringValue(Form);

#[derive(Clone)]
enum Form {
    /// Written as a whole: no spare room.
    Settled(CompactBytes),
    /// Was appended to, so it will be again: has spare room. The box keeps the value at 24 bytes.
    #[expect(clippy::box_collection, reason = "24 bytes in every entry for the few that grow")]
    Growing(Box<Vec<u8>>),
}

impl StringValue {
    /// A copy of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Form::Settled(CompactBytes::new(bytes)))
    }

    /// Takes over `bytes`.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self(Form::Settled(CompactBytes::from_vec(bytes)))
    }

    /// Becomes a copy of `bytes`, in the memory that it has when they are exactly as many.
    pub fn replace(&mut self, bytes: &[u8]) {
        let reused = match &mut self.0 {
            Form::Settled(old) => old.overwrite(bytes),
            Form::Growing(_) => false,
        };
        if !reused {
            *self = Self::new(bytes);
        }
    }

    /// The decimal text of `integer`.
    #[must_use]
    pub fn from_integer(integer: i64) -> Self {
        Self::new(itoa::Buffer::new().format(integer).as_bytes())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Settled(bytes) => bytes.as_bytes(),
            Form::Growing(bytes) => bytes,
        }
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there is no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// How it is held: `embstr` in the value itself, `raw` in a block of its own.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Settled(bytes) if bytes.heap_bytes() == 0 => "embstr",
            Form::Settled(_) | Form::Growing(_) => "raw",
        }
    }

    /// Bytes on the heap, as on a machine of 64 bits.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        /// Pointer, capacity and length.
        const VECTOR_BYTES: u64 = 24;
        match &self.0 {
            Form::Settled(bytes) => bytes.heap_bytes(),
            Form::Growing(bytes) => VECTOR_BYTES + bytes.capacity() as u64,
        }
    }

    /// The integer that the bytes spell, by Redis's strict rules, see [`parse_integer`].
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        parse_integer(self.as_bytes())
    }

    /// Adds `bytes` at the end and returns the new length, as `APPEND` does.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        let string = self.growing(bytes.len());
        string.extend_from_slice(bytes);
        string.len()
    }

    /// Writes `bytes` from position `offset` on and returns the new length, as `SETRANGE` does.
    /// Zeros fill the gap when the string ends before `offset`. Nothing happens for no bytes.
    pub fn set_range(&mut self, offset: usize, bytes: &[u8]) -> usize {
        if bytes.is_empty() {
            return self.len();
        }
        let end = offset.saturating_add(bytes.len());
        let additional = end.saturating_sub(self.len());
        let string = self.growing(additional);
        if string.len() < end {
            string.resize(end, 0);
        }
        string[offset..end].copy_from_slice(bytes);
        string.len()
    }

    /// The bytes from position `start` to position `end`, both included, as `GETRANGE` returns
    /// them: negative positions count from the end, positions outside are moved to the nearest
    /// byte.
    #[must_use]
    pub fn get_range(&self, start: i64, end: i64) -> &[u8] {
        let bytes = self.as_bytes();
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        if start < 0 && end < 0 && start > end {
            return &[];
        }
        let from_end = |position: i64| if position < 0 { position + length } else { position };
        let start = from_end(start).max(0);
        let end = from_end(end).max(0).min(length - 1);
        if start > end {
            return &[];
        }
        let position = |index: i64| usize::try_from(index).unwrap_or(0);
        &bytes[position(start)..=position(end)]
    }

    /// The bytes as a vector with room for `additional_bytes` more at least.
    fn growing(&mut self, additional_bytes: usize) -> &mut Vec<u8> {
        let wanted = self.len().saturating_add(additional_bytes);
        let room = additional_bytes.saturating_add(wanted.min(MAX_SPARE_BYTES));
        if let Form::Settled(bytes) = &mut self.0 {
            let bytes = core::mem::take(bytes).into_vec(room);
            self.0 = Form::Growing(Box::new(bytes));
        }
        match &mut self.0 {
            Form::Growing(bytes) => {
                if bytes.capacity() < wanted {
                    bytes.reserve_exact(room);
                }
                bytes
            }
            Form::Settled(_) => unreachable!("it was turned into the growing form above"),
        }
    }
}

impl PartialEq for StringValue {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for StringValue {}

impl core::fmt::Debug for StringValue {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "b\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests;

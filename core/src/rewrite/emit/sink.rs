//! Where the bytes of commands go: into a buffer, or only into a sum.

use crate::resp::encode;

/// Takes bytes at its end.
pub(super) trait Sink {
    /// Bytes that it has taken.
    fn size(&self) -> u64;

    /// Gives back what came after the first `size` bytes.
    fn cut(&mut self, size: u64);

    /// Takes these bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Takes `<kind><number>\r\n`.
    fn header(&mut self, kind: u8, number: usize);

    /// Takes one word.
    fn bulk(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn cut(&mut self, size: u64) {
        self.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn header(&mut self, kind: u8, number: usize) {
        encode::header(kind, number, self);
    }

    fn bulk(&mut self, bytes: &[u8]) {
        encode::bulk(bytes, self);
    }
}

/// Counts bytes and keeps none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted(u64);

impl Sink for Counted {
    fn size(&self) -> u64 {
        self.0
    }

    fn cut(&mut self, size: u64) {
        self.0 = size;
    }

    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    fn header(&mut self, _kind: u8, number: usize) {
        let digits = number.checked_ilog10().unwrap_or(0) + 1;
        self.0 += u64::from(digits) + 3;
    }

    fn bulk(&mut self, bytes: &[u8]) {
        self.header(b'$', bytes.len());
        self.0 += bytes.len() as u64 + 2;
    }
}

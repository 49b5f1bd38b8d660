//! `aof_buf`: bytes that were executed and are not yet with the kernel.

use crate::units::Lsn;

/// A buffer larger than this is given back to the allocator when it is emptied, so that one burst
/// does not hold its memory for ever. Redis frees above 4,000 bytes; a larger bound saves the
/// allocation of every ordinary turn.
const KEPT_CAPACITY_BYTES: usize = 1024 * 1024;

/// The bytes and where they stand in the log.
#[derive(Clone, Debug, Default)]
#[doc(alias = "aof_buf")]
pub struct Buffer {
    bytes: Vec<u8>,
    start: Lsn,
}

impl Buffer {
    /// An empty buffer whose first byte will stand at `start`.
    #[must_use]
    pub const fn starting_at(start: Lsn) -> Self {
        Self { bytes: Vec::new(), start }
    }

    /// What waits, oldest first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where propagation appends.
    pub fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// How much waits, in bytes.
    #[must_use]
    pub fn waiting_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Log position of the first waiting byte.
    #[must_use]
    pub const fn start(&self) -> Lsn {
        self.start
    }

    /// Log position after the last waiting byte.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.start.plus(self.waiting_bytes())
    }

    /// The first `written_bytes` are with the kernel.
    ///
    /// # Panics
    /// If so many are not here.
    pub fn consume(&mut self, written_bytes: usize) {
        assert!(written_bytes <= self.bytes.len(), "consumed more than waits");
        self.start = self.start.plus(written_bytes as u64);
        if written_bytes == self.bytes.len() {
            self.bytes.clear();
            if self.bytes.capacity() > KEPT_CAPACITY_BYTES {
                self.bytes = Vec::new();
            }
        } else {
            self.bytes.drain(..written_bytes);
        }
    }

    /// Forgets what waits: the log is off.
    pub fn discard(&mut self) {
        self.consume(self.bytes.len());
    }
}

//! Pipes between a server and its rewrite child, as `pipe(7)` describes them.
//!
//! A pipe holds so many bytes and no more. Both ends are non-blocking: a write of at most
//! [`ATOMIC_BYTES`] goes in as a whole or not at all, a longer one goes in as far as there is room.
//! When the other end is closed, a write fails with `EPIPE`, and a read gives what is left and then
//! the end. Bytes in a pipe are with nobody: they vanish when both ends are gone.

use std::collections::VecDeque;

use crate::digest::Digest;
use crate::effect::Pipe;
use crate::units::Errno;

/// A write up to this length is never torn (Linux: `PIPE_BUF`).
pub const ATOMIC_BYTES: u64 = 4096;

/// One pipe.
#[derive(Clone, Debug)]
pub struct PipeBuffer {
    capacity_bytes: u64,
    bytes: VecDeque<u8>,
    /// Both ends.
    writer_open: bool,
    reader_open: bool,
    /// A write did not go in as a whole, and nothing was read since.
    found_full: bool,
    /// It was found full and has been read since.
    has_room_again: bool,
}

impl PipeBuffer {
    fn new(capacity_bytes: u64) -> Self {
        Self {
            capacity_bytes: capacity_bytes.max(1),
            bytes: VecDeque::new(),
            writer_open: true,
            reader_open: true,
            found_full: false,
            has_room_again: false,
        }
    }

    /// What it can hold.
    #[must_use]
    pub const fn capacity_bytes(&self) -> u64 {
        self.capacity_bytes
    }

    /// What it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether a read would not have to wait: there is something, or there never will be.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !self.bytes.is_empty() || !self.writer_open
    }

    /// Whether nobody can write any more.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        !self.writer_open
    }

    /// One `write(2)`.
    ///
    /// # Errors
    /// `EAGAIN` when nothing goes in, `EPIPE` when nobody can read.
    pub fn write(&mut self, bytes: &[u8]) -> Result<u64, Errno> {
        if !self.reader_open {
            return Err(Errno::EPIPE);
        }
        let offered = bytes.len() as u64;
        let room = self.capacity_bytes.saturating_sub(self.len());
        let atomic = offered <= ATOMIC_BYTES.min(self.capacity_bytes);
        let taken = if atomic && room < offered { 0 } else { room.min(offered) };
        if taken < offered {
            self.found_full = true;
            self.has_room_again = false;
        }
        if taken == 0 && offered > 0 {
            return Err(Errno::EAGAIN);
        }
        let count = usize::try_from(taken).unwrap_or(usize::MAX).min(bytes.len());
        self.bytes.extend(&bytes[..count]);
        Ok(taken)
    }

    /// One `read(2)`: what there is, at most so much.
    pub fn read(&mut self, max_bytes: usize) -> Vec<u8> {
        let count = max_bytes.min(self.bytes.len());
        if count > 0 && std::mem::take(&mut self.found_full) {
            self.has_room_again = true;
        }
        self.bytes.drain(..count).collect()
    }

    fn digest_into(&self, digest: &mut Digest) {
        digest.put_count(self.bytes.len());
        self.bytes.iter().for_each(|byte| digest.put_u8(*byte));
        for flag in [self.writer_open, self.reader_open, self.found_full, self.has_room_again] {
            digest.put_bool(flag);
        }
    }
}

/// What a child says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Keys written out.
    pub keys_done: u64,
    /// Keys it will write out.
    pub keys_total: u64,
    /// Memory that is no longer shared, in bytes.
    pub copied_bytes: u64,
}

/// All pipes of one rewrite.
#[derive(Clone, Debug)]
pub struct Pipes {
    /// The rewrite buffer, to the child.
    pub data: PipeBuffer,
    /// `!`, to the parent.
    pub stop: PipeBuffer,
    /// `!`, to the child.
    pub ack: PipeBuffer,
    /// Reports, to the parent.
    pub reports: VecDeque<Report>,
}

impl Pipes {
    /// Empty ones.
    #[must_use]
    pub fn new(capacity_bytes: u64) -> Self {
        Self {
            data: PipeBuffer::new(capacity_bytes),
            stop: PipeBuffer::new(capacity_bytes),
            ack: PipeBuffer::new(capacity_bytes),
            reports: VecDeque::new(),
        }
    }

    /// The pipe that the parent writes to.
    pub fn to_child(&mut self, pipe: Pipe) -> Option<&mut PipeBuffer> {
        match pipe {
            Pipe::Data => Some(&mut self.data),
            Pipe::Ack => Some(&mut self.ack),
            Pipe::Stop | Pipe::Report => None,
        }
    }

    /// The parent has closed its ends, or is gone.
    pub fn parent_leaves(&mut self) {
        self.data.writer_open = false;
        self.stop.reader_open = false;
        self.ack.writer_open = false;
    }

    /// The child is gone.
    pub fn child_leaves(&mut self) {
        self.data.reader_open = false;
        self.stop.writer_open = false;
        self.ack.reader_open = false;
    }

    /// What the parent would hear of first.
    #[must_use]
    pub fn heard(&self) -> Option<Pipe> {
        [Pipe::Report, Pipe::Stop, Pipe::Data].into_iter().find(|pipe| self.is_heard(*pipe))
    }

    /// Whether the parent would hear of this pipe.
    #[must_use]
    pub fn is_heard(&self, pipe: Pipe) -> bool {
        match pipe {
            Pipe::Data => self.data.has_room_again,
            Pipe::Stop => !self.stop.is_empty(),
            Pipe::Report => !self.reports.is_empty(),
            Pipe::Ack => false,
        }
    }

    /// The parent has been told that the data pipe has room.
    pub(crate) fn told_of_room(&mut self) {
        self.data.has_room_again = false;
    }

    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        for pipe in [&self.data, &self.stop, &self.ack] {
            pipe.digest_into(digest);
        }
        digest.put_count(self.reports.len());
        for report in &self.reports {
            for field in [report.keys_done, report.keys_total, report.copied_bytes] {
                digest.put_u64(field);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_writes_are_whole_or_not_at_all_and_long_ones_are_cut() {
        let mut pipe = PipeBuffer::new(60);
        assert_eq!(pipe.write(&[b'x'; 44]), Ok(44));
        assert_eq!(pipe.write(&[b'y'; 20]), Err(Errno::EAGAIN));
        assert_eq!(pipe.read(100).len(), 44);
        assert_eq!(pipe.write(&[b'y'; 20]), Ok(20));
        assert_eq!(pipe.write(&[b'z'; 48]), Err(Errno::EAGAIN));
        assert_eq!(pipe.write(&[b'z'; 61]), Ok(40), "longer than the pipe is never atomic");
        assert_eq!(pipe.len(), 60);
        let mut pipe = PipeBuffer::new(8192);
        assert_eq!(pipe.write(&[b'x'; 5000]), Ok(5000));
        assert_eq!(pipe.write(&[b'x'; 4096]), Err(Errno::EAGAIN));
        assert_eq!(pipe.write(&[b'x'; 4097]), Ok(3192));
    }

    #[test]
    fn room_is_told_once_and_only_after_a_read() {
        let mut pipes = Pipes::new(4);
        pipes.data.write(b"abcd").expect("room");
        assert_eq!(pipes.heard(), None);
        pipes.data.write(b"e").expect_err("full");
        assert_eq!(pipes.heard(), None);
        pipes.data.read(1);
        assert_eq!(pipes.heard(), Some(Pipe::Data));
        pipes.told_of_room();
        pipes.data.read(1);
        assert_eq!(pipes.heard(), None);
    }

    #[test]
    fn an_end_that_is_closed_is_told_after_what_is_left() {
        let mut pipes = Pipes::new(10);
        pipes.data.write(b"ab").expect("room");
        pipes.parent_leaves();
        assert!(pipes.data.is_readable() && pipes.data.has_ended());
        assert_eq!(pipes.data.read(9), b"ab");
        assert_eq!(pipes.data.read(9), b"");
        assert_eq!(pipes.stop.write(b"!"), Err(Errno::EPIPE));
        let mut pipes = Pipes::new(10);
        pipes.stop.write(b"!").expect("room");
        pipes.child_leaves();
        assert_eq!(pipes.data.write(b"x"), Err(Errno::EPIPE));
        assert_eq!(pipes.heard(), Some(Pipe::Stop), "what was sent is still there");
    }
}

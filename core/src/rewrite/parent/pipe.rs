//! The rewrite buffer's way to the child, and the child's wish to have no more.

use crate::effect::Pipe;
use crate::note::RewriteNote;
use crate::rewrite::mutation::{self, Mutation};
use crate::rewrite::stage::Stage;
use crate::rewrite::switch::Hold;
use crate::units::{Errno, Micros};

use super::Rewrite;

/// One write into the data pipe has so many bytes at most: what a pipe of Linux holds.
const PIPE_WRITE_BYTES: usize = 64 * 1024;
/// So many of them a turn, so that a fast child does not keep clients waiting.
const PIPE_WRITES_A_TURN: u32 = 16;
/// What the child sends to have no more, and what it is answered.
const BANG: &[u8] = b"!";

/// The pipe to the child.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DataPipe {
    pub(super) full: bool,
    /// Bytes of the write whose answer has not come.
    pub(super) offered: usize,
    pub(super) writes_left: u32,
}

impl Rewrite {
    /// A turn ends: the pipe may be written to again.
    pub(crate) fn turn_ended(&mut self, mono: Micros) {
        self.pipe.writes_left = PIPE_WRITES_A_TURN;
        if self.hold != Hold::No {
            self.hold_turn_ended(mono);
        }
    }

    /// The pipe has room again.
    pub(crate) fn pipe_writable(&mut self) {
        self.pipe.full = false;
        self.pipe.writes_left = PIPE_WRITES_A_TURN;
    }

    /// Bytes that go into the data pipe next, if any: the front of [`super::Diff::unsent`].
    pub(crate) fn next_pipe_write(&mut self) -> Option<usize> {
        let Stage::Child { stop_sending: false, .. } = self.stage else { return None };
        let bytes = self.diff.unsent().len().min(PIPE_WRITE_BYTES);
        if bytes == 0 || self.pipe.full || self.pipe.writes_left == 0 || self.pipe.offered > 0 {
            return None;
        }
        self.pipe.writes_left -= 1;
        self.pipe.offered = bytes;
        Some(bytes)
    }

    /// The bytes behind [`Self::next_pipe_write`] and [`super::Want::PipeWrite`].
    pub(crate) fn pipe_bytes(&self, pipe: Pipe) -> &[u8] {
        match pipe {
            Pipe::Data => self.diff.unsent().get(..self.pipe.offered).unwrap_or_default(),
            Pipe::Ack | Pipe::Stop | Pipe::Report => BANG,
        }
    }

    /// What `write(2)` said of a pipe.
    pub(crate) fn pipe_written(&mut self, pipe: Pipe, result: Result<u64, Errno>) {
        if pipe == Pipe::Ack {
            if let Some(errno) = ack_error(result) {
                // Redis does not try again; the child gives up after five seconds.
                self.notes.push_back(RewriteNote::AckFailed(errno));
            }
            return;
        }
        let offered = std::mem::take(&mut self.pipe.offered);
        match result {
            Ok(bytes) => {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(offered);
                self.pipe.full = bytes < offered;
                if matches!(self.stage, Stage::Child { .. }) {
                    self.diff.sent(bytes);
                }
            }
            Err(Errno::EINTR) => {}
            // Full, or the child is gone: its end will be told.
            Err(_) => self.pipe.full = true,
        }
    }

    /// The child has sent a byte through the stop pipe.
    #[doc(alias = "aofChildPipeReadable")]
    pub(crate) fn stop_asked(&mut self, byte: u8) {
        let Stage::Child { stop_sending, .. } = &mut self.stage else { return };
        if std::mem::replace(&mut self.stop_heard, true) || [byte] != *BANG {
            return;
        }
        *stop_sending = !mutation::is(Mutation::AckBeforeDrain);
        self.ack_due = true;
        self.notes.push_back(RewriteNote::StopAsked);
    }
}

/// Why the child was not told that it may stop reading, if it was not.
fn ack_error(result: Result<u64, Errno>) -> Option<Errno> {
    match result {
        Ok(1) => None,
        Ok(_) => Some(Errno::EIO),
        Err(errno) => Some(errno),
    }
}

//! The child's life: the machine of `core`, run to its end with system calls.
//!
//! This runs in the forked process. What it may do and what not stands in [`crate::fork`]: no
//! logging, no lanes, no poll set, no panic that prints.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aof_core::keyspace::Keyspace;
use aof_core::rewrite::child::{Ack, Child, ChildEffect, ChildEvent, Parameters, Stage};
use aof_core::units::{ChildId, Errno, Micros};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{close, fsync, read, write};

use super::copied::CopyMeter;
use super::pipes::{ChildEnds, Report};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::lanes::errno;

/// Runs the child over `keyspace`, which is this process's own copy. Returns the exit code.
pub(super) fn run(
    keyspace: &Keyspace,
    parameters: Parameters,
    directory: &Directory,
    ends: &ChildEnds,
    clock: Clock,
) -> i32 {
    let id = ChildId(std::process::id());
    let mut child = Child::new(id, keyspace, parameters, clock.mono());
    let mut outside = Outside {
        directory,
        ends,
        file: None,
        input: vec![0; parameters.diff_read_bytes],
        copied: CopyMeter::new(clock),
        clock,
    };
    loop {
        let is_last_report = child.stage() == Stage::Reporting;
        let event = match child.next_effect(keyspace) {
            ChildEffect::Exit { code } => return code,
            ChildEffect::Report { keys_done, keys_total } => {
                let copied = &mut outside.copied;
                let copied_bytes = if is_last_report { copied.look() } else { copied.read() };
                ends.report(Report { copied_bytes, keys_done, keys_total });
                ChildEvent::Reported
            }
            effect => outside.perform(effect),
        };
        let mono = clock.mono();
        child.handle(event, mono);
    }
}

/// The child's file, pipes and memory for input.
struct Outside<'a> {
    directory: &'a Directory,
    ends: &'a ChildEnds,
    file: Option<OwnedFd>,
    input: Vec<u8>,
    copied: CopyMeter,
    clock: Clock,
}

impl Outside<'_> {
    fn perform(&mut self, effect: ChildEffect<'_>) -> ChildEvent<'_> {
        match effect {
            ChildEffect::Open { name } => {
                let made = self.directory.create(name);
                ChildEvent::Opened(made.map(|file| self.file = Some(file)))
            }
            ChildEffect::Write { bytes } => ChildEvent::Written(self.write(bytes)),
            ChildEffect::Sync { .. } => ChildEvent::Synced(self.sync()),
            ChildEffect::ReadDiff { max_bytes } => self.read_diff(max_bytes),
            ChildEffect::AwaitDiff { timeout_ms } => {
                let readable = self.wait(self.ends.data.as_fd(), timeout_ms);
                // What cannot be waited for is read, which says why.
                ChildEvent::Readable(readable.unwrap_or(true))
            }
            ChildEffect::SendStop => {
                ChildEvent::StopSent(self.ends.stop(aof_core::rewrite::child::AGREED))
            }
            ChildEffect::AwaitAck { timeout_ms } => ChildEvent::Ack(self.await_ack(timeout_ms)),
            ChildEffect::Close => ChildEvent::Closed(match self.file.take() {
                Some(file) => close(file).map_err(errno),
                None => Ok(()),
            }),
            ChildEffect::Rename { from, to } => {
                ChildEvent::Renamed(self.directory.rename(from, to))
            }
            ChildEffect::Unlink { name } => {
                self.directory.unlink(name).ok();
                ChildEvent::Unlinked
            }
            // The caller does these.
            ChildEffect::Report { .. } | ChildEffect::Exit { .. } => ChildEvent::Reported,
        }
    }

    /// One `write(2)`.
    fn write(&self, bytes: &[u8]) -> Result<u64, Errno> {
        let file = self.file.as_ref().ok_or(Errno::EBADF)?;
        write(file, bytes).map(|written| written as u64).map_err(errno)
    }

    fn sync(&self) -> Result<(), Errno> {
        fsync(self.file.as_ref().ok_or(Errno::EBADF)?).map_err(errno)
    }

    /// One `read(2)` of the data pipe.
    fn read_diff(&mut self, max_bytes: usize) -> ChildEvent<'_> {
        let length = max_bytes.min(self.input.len());
        let read = read(&self.ends.data, &mut self.input[..length]);
        match read {
            Ok(0) => ChildEvent::DiffEnded,
            Ok(length) => ChildEvent::Diff(Ok(&self.input[..length])),
            Err(nix::errno::Errno::EAGAIN) => ChildEvent::Diff(Ok(&[])),
            Err(error) => ChildEvent::Diff(Err(errno(error))),
        }
    }

    #[doc(alias = "syncRead")]
    fn await_ack(&self, timeout_ms: u64) -> Ack {
        match self.wait(self.ends.ack.as_fd(), timeout_ms) {
            Ok(false) => return Ack::TimedOut,
            Ok(true) => {}
            Err(error) => return Ack::Failed(error),
        }
        let mut byte = [0];
        match read(&self.ends.ack, &mut byte) {
            Ok(0) => Ack::Ended,
            Ok(_) => Ack::Byte(byte[0]),
            Err(error) => Ack::Failed(errno(error)),
        }
    }

    /// Waits until a pipe has something to read, or has ended. Signals do not shorten it.
    fn wait(&self, end: BorrowedFd<'_>, timeout_ms: u64) -> Result<bool, Errno> {
        let until = Micros(self.clock.mono().0.saturating_add(timeout_ms.saturating_mul(1000)));
        loop {
            let left_ms = until.since(self.clock.mono()).div_ceil(1000);
            let timeout = i32::try_from(left_ms).unwrap_or(i32::MAX);
            let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(end, PollFlags::POLLIN)], timeout) {
                Ok(ready) => return Ok(ready > 0),
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(errno(error)),
            }
        }
    }
}

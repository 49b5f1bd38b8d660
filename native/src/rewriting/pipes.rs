//! The four pipes between parent and child.
//!
//! No end ever blocks: the parent must not wait, and the child waits with `poll(2)`, which has a
//! limit. (In Redis only the ends of the data pipe are so, and the parent's write of its `!` is
//! said not to block because one byte fits.)
//!
//! The poll set reports edges. An edge of the data pipe counts only after a write that did not
//! take everything; the one that every new pipe reports is not passed on.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use aof_core::effect::Pipe;
use aof_core::event::Event;
use aof_core::units::Errno;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::fcntl::OFlag;
use nix::unistd::{pipe2, read, write};

use crate::lanes::errno;

/// The parent's end of the data pipe, in the poll set.
pub(super) const DATA: Token = Token(usize::MAX - 3);
/// Of the stop pipe.
pub(super) const STOP: Token = Token(usize::MAX - 4);
/// Of the report pipe.
pub(super) const REPORT: Token = Token(usize::MAX - 5);
/// All that are watched.
pub(super) const WATCHED: [Token; 3] = [DATA, STOP, REPORT];

/// Bytes of a report: three numbers. Written and read whole, because it is far below `PIPE_BUF`.
const REPORT_BYTES: usize = 24;

/// How far the child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// Memory that is its own by now, in bytes.
    pub(super) copied_bytes: u64,
    /// Keys written out.
    pub(super) keys_done: u64,
    /// Keys in the snapshot.
    pub(super) keys_total: u64,
}

impl Report {
    fn to_bytes(self) -> [u8; REPORT_BYTES] {
        let mut bytes = [0; REPORT_BYTES];
        let numbers = [self.copied_bytes, self.keys_done, self.keys_total];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; REPORT_BYTES]) -> Self {
        let number = |index: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[8 * index..8 * index + 8]);
            u64::from_le_bytes(number)
        };
        Self { copied_bytes: number(0), keys_done: number(1), keys_total: number(2) }
    }
}

/// The parent's ends, and the child's until it has them.
#[derive(Debug)]
pub(super) struct Pipes {
    data: OwnedFd,
    stop: OwnedFd,
    ack: OwnedFd,
    report: OwnedFd,
    child: Option<ChildEnds>,
    /// The last write into the data pipe found too little room.
    is_full: bool,
}

/// The child's ends.
#[derive(Debug)]
pub(super) struct ChildEnds {
    /// Where the rewrite buffer arrives.
    pub(super) data: OwnedFd,
    stop: OwnedFd,
    /// Where the parent agrees.
    pub(super) ack: OwnedFd,
    report: OwnedFd,
}

impl Pipes {
    /// Opens all, and adds the parent's ends to the poll set.
    pub(super) fn open(registry: &Registry) -> Result<Self, Errno> {
        let pipe = || pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(errno);
        let (child_data, data) = pipe()?;
        let (stop, child_stop) = pipe()?;
        let (child_ack, ack) = pipe()?;
        let (report, child_report) = pipe()?;
        let child =
            ChildEnds { data: child_data, stop: child_stop, ack: child_ack, report: child_report };
        let pipes = Self { data, stop, ack, report, child: Some(child), is_full: false };
        if let Err(error) = pipes.watch(registry) {
            pipes.close(registry);
            return Err(Errno(error.raw_os_error().unwrap_or(Errno::EIO.0)));
        }
        Ok(pipes)
    }

    fn watch(&self, registry: &Registry) -> io::Result<()> {
        for (end, token, interest) in [
            (&self.data, DATA, Interest::WRITABLE),
            (&self.stop, STOP, Interest::READABLE),
            (&self.report, REPORT, Interest::READABLE),
        ] {
            registry.register(&mut SourceFd(&end.as_raw_fd()), token, interest)?;
        }
        Ok(())
    }

    /// The child's ends, for the one fork of these pipes.
    pub(super) fn take_child(&mut self) -> Option<ChildEnds> {
        self.child.take()
    }

    /// Takes the ends out of the poll set and closes them. In this order: an end that a process
    /// which is just being forked still has open would be reported for ever.
    pub(super) fn close(self, registry: &Registry) {
        for end in [&self.data, &self.stop, &self.report] {
            registry.deregister(&mut SourceFd(&end.as_raw_fd())).ok();
        }
    }

    /// One `write(2)`.
    pub(super) fn write(&mut self, pipe: Pipe, bytes: &[u8]) -> Result<u64, Errno> {
        let end = match pipe {
            Pipe::Data => &self.data,
            Pipe::Ack => &self.ack,
            Pipe::Stop | Pipe::Report => return Err(Errno::EBADF),
        };
        let result = write(end, bytes);
        if pipe == Pipe::Data {
            self.is_full = match result {
                Ok(written) => written < bytes.len(),
                Err(error) => error == nix::errno::Errno::EAGAIN,
            };
        }
        result.map(|written| written as u64).map_err(errno)
    }

    /// The data pipe was reported to have room: news if it had too little before. To be asked once
    /// for each report and never in a loop: what follows may fill the pipe again, and then only the
    /// child can make room, which may wait for an answer of the same event loop.
    pub(super) fn has_room(&mut self) -> Option<Event<'static>> {
        std::mem::take(&mut self.is_full).then_some(Event::PipeWritable)
    }

    /// The next thing that was said through the stop or the report pipe, if any.
    pub(super) fn news(&mut self, token: Token) -> Option<Event<'static>> {
        match token {
            STOP => read_whole(&self.stop).map(|[byte]| Event::StopAsked { byte }),
            REPORT => {
                let Report { copied_bytes, keys_done, keys_total } =
                    read_whole(&self.report).map(Report::from_bytes)?;
                Some(Event::ChildReport { copied_bytes, keys_done, keys_total })
            }
            _ => None,
        }
    }
}

/// One record of a pipe; `None` when there is none now, or never again.
fn read_whole<const LENGTH: usize>(end: &OwnedFd) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    loop {
        match read(end, &mut bytes) {
            Ok(length) => return (length == LENGTH).then_some(bytes),
            Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

impl ChildEnds {
    /// The descriptors.
    pub(super) fn descriptors(&self) -> [BorrowedFd<'_>; 4] {
        [self.data.as_fd(), self.stop.as_fd(), self.ack.as_fd(), self.report.as_fd()]
    }

    /// Asks the parent to stop.
    pub(super) fn stop(&self, byte: u8) -> Result<(), Errno> {
        write(&self.stop, &[byte]).map(drop).map_err(errno)
    }

    /// Tells the parent how far the child is. A report that finds no room is not missed: the next
    /// one says more.
    pub(super) fn report(&self, report: Report) {
        write(&self.report, &report.to_bytes()).ok();
    }
}

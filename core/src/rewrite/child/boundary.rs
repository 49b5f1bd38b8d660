//! What a child asks of the outside, and what it is told.

use crate::rewrite::names::FileName;
use crate::units::Errno;

/// Which sync of its file a child asks for. All are `fsync(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncKind {
    /// So that no sync has too much to do.
    Incremental,
    /// Of the whole snapshot.
    First,
    /// Of the whole file.
    Final,
}

/// What the child asks of the outside; each is answered with the [`ChildEvent`] of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEffect<'a> {
    /// `open(2)`: `O_WRONLY | O_CREAT | O_TRUNC`.
    Open {
        /// Its name.
        name: FileName,
    },
    /// One `write(2)` at the end of the file.
    Write {
        /// What; never empty.
        bytes: &'a [u8],
    },
    /// One `read(2)` of the data pipe; never blocks.
    #[doc(alias = "aofReadDiffFromParent")]
    ReadDiff {
        /// So many bytes at most.
        max_bytes: usize,
    },
    /// `fsync(2)` of the file.
    Sync {
        /// Which.
        kind: SyncKind,
    },
    /// `poll(2)` of the data pipe: does it have something to read, or has it ended?
    AwaitDiff {
        /// For so long at most, in milliseconds.
        timeout_ms: u64,
    },
    /// Writes [`super::AGREED`] into the stop pipe.
    SendStop,
    /// Reads one byte of the ack pipe.
    AwaitAck {
        /// For so long at most, in milliseconds.
        timeout_ms: u64,
    },
    /// `close(2)` of the file.
    Close,
    /// `rename(2)`.
    Rename {
        /// The old name.
        from: FileName,
        /// The new name.
        to: FileName,
    },
    /// `unlink(2)`; its failure is no news.
    Unlink {
        /// Which name.
        name: FileName,
    },
    /// Tells the parent how far it is. The host adds what was copied on write.
    Report {
        /// Keys written out.
        keys_done: u64,
        /// Keys in the snapshot.
        keys_total: u64,
    },
    /// `_exit(2)`.
    Exit {
        /// 0 if the file is finished, else 1.
        code: i32,
    },
}

/// What the parent has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ack {
    /// This byte.
    Byte(u8),
    /// Nothing in time.
    TimedOut,
    /// Its end of the pipe is closed.
    Ended,
    /// The pipe cannot be read.
    Failed(Errno),
}

/// What the outside answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEvent<'a> {
    /// To [`ChildEffect::Open`].
    Opened(Result<(), Errno>),
    /// To [`ChildEffect::Write`]: bytes taken, perhaps fewer than asked.
    Written(Result<u64, Errno>),
    /// To [`ChildEffect::ReadDiff`]: what was there, empty for nothing.
    Diff(Result<&'a [u8], Errno>),
    /// To [`ChildEffect::ReadDiff`]: the parent's end of the pipe is closed.
    DiffEnded,
    /// To [`ChildEffect::Sync`].
    Synced(Result<(), Errno>),
    /// To [`ChildEffect::AwaitDiff`].
    Readable(bool),
    /// To [`ChildEffect::SendStop`].
    StopSent(Result<(), Errno>),
    /// To [`ChildEffect::AwaitAck`].
    Ack(Ack),
    /// To [`ChildEffect::Close`].
    Closed(Result<(), Errno>),
    /// To [`ChildEffect::Rename`].
    Renamed(Result<(), Errno>),
    /// To [`ChildEffect::Unlink`], whatever came of it.
    Unlinked,
    /// To [`ChildEffect::Report`], whatever came of it.
    Reported,
}

impl ChildEvent<'_> {
    /// Whether a signal has interrupted the call: it is made again.
    pub(super) fn was_interrupted(self) -> bool {
        let errno = match self {
            Self::Opened(result)
            | Self::Synced(result)
            | Self::StopSent(result)
            | Self::Renamed(result) => result.err(),
            Self::Written(result) => result.err(),
            Self::Diff(result) => result.err(),
            Self::Ack(Ack::Failed(errno)) => Some(errno),
            _ => None,
        };
        errno == Some(Errno::EINTR)
    }
}

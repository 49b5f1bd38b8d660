//! Where a child is, and why it gave up.

use super::{Ack, SyncKind};
use crate::units::{Errno, Micros};

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Its file is not open yet.
    Opening,
    /// The snapshot goes into the file.
    #[doc(alias = "rewriteAppendOnlyFileRio")]
    Writing {
        /// The pipe is read right now.
        reading: bool,
    },
    /// The first sync.
    FirstSync,
    /// Takes in what the parent still sends.
    Draining {
        /// Since when.
        since: Micros,
        /// Waits in a row that brought nothing.
        silent: u32,
        /// The pipe is read right now.
        reading: bool,
    },
    /// Asks the parent to send no more.
    Asking,
    /// Waits until it agrees.
    AwaitingAck,
    /// Empties the pipe for the last time.
    FinalRead,
    /// What the parent has sent goes into the file.
    Appending {
        /// So many bytes of it are in.
        appended: usize,
    },
    /// The last sync.
    FinalSync,
    /// The file is complete.
    Closing,
    /// The file gets its finished name.
    Renaming,
    /// Tells for the last time what it has cost.
    Reporting,
    /// Something failed: the file is closed.
    Abandoning,
    /// Something failed: the unfinished name is removed.
    Removing,
    /// Nothing more will happen.
    Exited {
        /// The exit code.
        code: i32,
    },
}

impl Stage {
    /// The stage as numbers: which, and what belongs to it.
    pub(super) fn numbers(self) -> (u8, [u64; 3]) {
        match self {
            Self::Opening => (0, [0; 3]),
            Self::Writing { reading } => (1, [u64::from(reading), 0, 0]),
            Self::FirstSync => (2, [0; 3]),
            Self::Draining { since, silent, reading } => {
                (3, [since.0, u64::from(silent), u64::from(reading)])
            }
            Self::Asking => (4, [0; 3]),
            Self::AwaitingAck => (5, [0; 3]),
            Self::FinalRead => (6, [0; 3]),
            Self::Appending { appended } => (7, [appended as u64, 0, 0]),
            Self::FinalSync => (8, [0; 3]),
            Self::Closing => (9, [0; 3]),
            Self::Renaming => (10, [0; 3]),
            Self::Reporting => (11, [0; 3]),
            Self::Abandoning => (12, [0; 3]),
            Self::Removing => (13, [0; 3]),
            Self::Exited { code } => (14, [u64::from(code.unsigned_abs()), 0, 0]),
        }
    }

    /// Whether a read of the data pipe is on its way.
    pub(super) const fn is_reading(self) -> bool {
        matches!(
            self,
            Self::Writing { reading: true }
                | Self::Draining { reading: true, .. }
                | Self::FinalRead
        )
    }
}

/// Why a child gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ChildFailure {
    /// The file cannot be opened.
    #[error("cannot open the file: {}", .0.text())]
    Open(Errno),
    /// A write failed.
    #[error("write failed at byte {at_bytes}: {}", .errno.text())]
    Write {
        /// Why.
        errno: Errno,
        /// Length of the file before it.
        at_bytes: u64,
    },
    /// A write took no byte.
    #[error("a write at byte {at_bytes} took nothing")]
    WroteNothing {
        /// Length of the file.
        at_bytes: u64,
    },
    /// A sync failed.
    #[error("{kind:?} sync failed: {}", .errno.text())]
    Sync {
        /// Which.
        kind: SyncKind,
        /// Why.
        errno: Errno,
    },
    /// The data pipe cannot be read.
    #[error("cannot read from the parent: {}", .0.text())]
    ReadDiff(Errno),
    /// The parent is gone, or does not want the file any more.
    #[error("the parent has closed its end of the pipe")]
    ParentGone,
    /// The parent cannot be asked to stop.
    #[error("cannot ask the parent to stop: {}", .0.text())]
    Stop(Errno),
    /// The parent has not agreed: nothing in time, something else, or its end.
    #[error("the parent did not agree to stop: {0:?}")]
    NotAgreed(Ack),
    /// Closing failed.
    #[error("cannot close the file: {}", .0.text())]
    Close(Errno),
    /// The finished name cannot be given.
    #[error("cannot rename the file: {}", .0.text())]
    Rename(Errno),
}

//! How far a rewrite has come, seen from the parent.

use crate::units::{ChildId, Errno, Lsn, Micros, Millis};

/// How far the rewrite has come. One enum with data in it: what a stage does not have, it cannot
/// be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// None runs.
    #[default]
    Idle,
    /// The pipes are being made.
    OpeningPipes,
    /// The process is about to be forked.
    Forking,
    /// A child writes.
    Child {
        /// Which.
        #[doc(alias = "aof_child_pid")]
        child: ChildId,
        /// It has asked for no more of the rewrite buffer.
        #[doc(alias = "aof_stop_sending_diff")]
        stop_sending: bool,
    },
    /// The child has ended well; its file is being opened.
    Opening {
        /// Whose file.
        child: ChildId,
    },
    /// The rewrite buffer goes into the new file, in the background (`hardened`).
    CatchingUp {
        /// The how-manieth time through what had gathered meanwhile, from 1 on.
        round: u32,
    },
    /// Waiting until nothing of the old log is in flight, so that its last position is known
    /// (`hardened`).
    Freezing,
    /// The rest of the buffer goes into the new file, and the disk takes it.
    Sealing {
        /// Up to here the new file will reach.
        upto: Lsn,
    },
    /// The name of the log is being led to the new file.
    Renaming {
        /// Up to here the new file reaches.
        upto: Lsn,
    },
    /// The new file has the name, and is being synced (`redis-3.0`).
    SyncingRenamed {
        /// Up to here the new file reaches.
        upto: Lsn,
    },
    /// The new name is being made durable (`hardened`).
    SyncingDirectory {
        /// Up to here the new file reaches.
        upto: Lsn,
    },
    /// The name leads to the new file, but nobody knows what a power cut would leave. Nothing may
    /// be acknowledged before a sync of the directory has succeeded (`hardened`).
    Limbo {
        /// Up to here the new file reaches.
        upto: Lsn,
        /// Why the last sync failed.
        errno: Errno,
        /// When the next is tried, on the monotonic clock.
        retry_at: Micros,
    },
    /// It was given up, and the child was told to end.
    Aborting {
        /// Which.
        child: ChildId,
    },
}

impl Stage {
    /// Whether no reply to a write may leave: from the moment at which the last position of the
    /// old log is known until the new one counts. On the loop (`redis-6.2`, `redis-3.0`) nothing
    /// else happens meanwhile, so nobody could tell.
    #[must_use]
    pub const fn holds_gates(self) -> bool {
        matches!(
            self,
            Self::Sealing { .. }
                | Self::Renaming { .. }
                | Self::SyncingRenamed { .. }
                | Self::SyncingDirectory { .. }
                | Self::Limbo { .. }
        )
    }

    /// Whether the name of the log may lead to the new file already: too late to go back.
    #[must_use]
    pub const fn may_be_renamed(self) -> bool {
        matches!(
            self,
            Self::Renaming { .. }
                | Self::SyncingRenamed { .. }
                | Self::SyncingDirectory { .. }
                | Self::Limbo { .. }
        )
    }

    /// Its number, for digests.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::OpeningPipes => 1,
            Self::Forking => 2,
            Self::Child { .. } => 3,
            Self::Opening { .. } => 4,
            Self::CatchingUp { .. } => 5,
            Self::Freezing => 6,
            Self::Sealing { .. } => 7,
            Self::Renaming { .. } => 8,
            Self::SyncingDirectory { .. } => 9,
            Self::Limbo { .. } => 10,
            Self::Aborting { .. } => 11,
            Self::SyncingRenamed { .. } => 12,
        }
    }
}

/// When something happens, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Millis,
    pub(crate) mono: Micros,
}

impl Moment {
    /// So many milliseconds later, by the monotonic clock.
    pub(crate) const fn later(self, milliseconds: u64) -> Micros {
        Micros(self.mono.0.saturating_add(milliseconds.saturating_mul(1_000)))
    }
}

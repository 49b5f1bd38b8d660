//! What a rewrite child did.

use std::sync::Arc;

use crate::resp::OwnedArgv;
use crate::units::Errno;

/// What a part of a rewritten file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The dataset as it was at the fork.
    Snapshot,
    /// What was executed since then.
    Diff,
}

/// Why the child syncs its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildSync {
    /// Every so many megabytes, so that the last sync has less to do.
    Incremental,
    /// After the dataset.
    First,
    /// After the diff.
    Final,
}

/// What the child heard when it waited for the parent's `!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AckHeard {
    /// A byte.
    Byte(u8),
    /// Nothing, for too long.
    TimedOut,
    /// The parent has closed the pipe.
    Ended,
    /// The read failed.
    Failed(Errno),
}

/// One step of the child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildStep {
    /// It made its file.
    Opened {
        /// The name.
        name: String,
        /// The inode, or why not.
        result: Result<u64, Errno>,
    },
    /// One `write(2)` to its file.
    Wrote {
        /// What it wrote.
        part: Part,
        /// Length of the file before.
        from: u64,
        /// Bytes offered.
        offered_bytes: u64,
        /// Bytes taken.
        result: Result<u64, Errno>,
        /// Commands that begin in these bytes, the first [`ChildStep::COMMANDS`].
        commands: Vec<Arc<OwnedArgv>>,
        /// How many begin there.
        commands_total: u64,
        /// Keys that are in the file or in these bytes.
        keys_done: u64,
        /// Keys it will write out.
        keys_total: u64,
    },
    /// It read what the parent had sent: bytes, none when nothing was there.
    ReadDiff {
        /// How many.
        result: Result<u64, Errno>,
        /// How many it has by now.
        diff_bytes: u64,
        /// The parent's end of the pipe is closed.
        ended: bool,
    },
    /// It synced its file.
    Synced {
        /// Why.
        kind: ChildSync,
        /// Durable before, in bytes of the file.
        from: u64,
        /// Covered, in bytes of the file.
        to: u64,
        /// How long it took.
        took_micros: u64,
        /// How it went.
        result: Result<(), Errno>,
    },
    /// It waited for the parent to send more.
    Waited {
        /// For so long at most, in milliseconds.
        timeout_ms: u64,
        /// There is more.
        readable: bool,
    },
    /// It wrote `!` into the stop pipe: send no more.
    AskedToStop {
        /// How it went.
        result: Result<(), Errno>,
        /// Bytes that the parent holds and will have to append itself.
        unsent_bytes: u64,
    },
    /// It waited for the parent to agree.
    HeardAck(AckHeard),
    /// It closed its file.
    Closed,
    /// It gave its file the name under which the parent looks for it.
    Renamed {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// How it went.
        result: Result<(), Errno>,
    },
    /// It removed a file.
    Unlinked {
        /// The name.
        name: String,
    },
    /// It told the parent how far it is.
    Reported {
        /// Keys written out.
        keys_done: u64,
        /// Keys it will write out.
        keys_total: u64,
    },
    /// It ended. The parent will find out at its next look.
    Exited {
        /// With this code.
        code: i32,
    },
}

impl ChildStep {
    /// Commands that are listed of one write.
    pub const COMMANDS: usize = 16;
}

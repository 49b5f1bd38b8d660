//! Work on files that is neither a write to the log nor a sync of it.

use crate::effect::OpenMode;
use crate::units::Errno;

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileWork {
    /// A file is opened.
    Open {
        /// Its name.
        name: String,
        /// How.
        mode: OpenMode,
        /// What the name led to when the work was done.
        inode: Option<u64>,
        /// Length of the file, in bytes.
        length_bytes: u64,
    },
    /// What the child did not get goes to the end of the rewritten file.
    Append {
        /// Which file.
        inode: u64,
        /// Length of the file before.
        from: u64,
        /// Length of the file after.
        to: u64,
        /// Position in the log after the last of these bytes.
        upto: u64,
    },
    /// The rewritten file is synced before it becomes the log.
    Sync {
        /// Which file.
        inode: u64,
        /// Durable before, in bytes of the file.
        from: u64,
        /// Covered, in bytes of the file.
        to: u64,
    },
    /// A name is moved.
    Rename {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// Where the new name led before.
        old_inode: Option<u64>,
        /// Where the old name led.
        new_inode: Option<u64>,
    },
    /// The directory is synced: what the kernel shows of names is what the disk holds.
    SyncDirectory,
    /// A file that is not the log is closed.
    Close {
        /// Which.
        inode: u64,
        /// It had no name any more, so that its room is free now.
        freed: bool,
    },
    /// A name is removed.
    Unlink {
        /// It.
        name: String,
    },
}

/// How far work on a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// A background thread has it now.
    Begun,
    /// It took effect, and the loop has not heard of it (only where a schedule decides).
    Done,
    /// It is over.
    Ended {
        /// How long it took.
        took_micros: u64,
        /// How it went.
        result: Result<(), Errno>,
    },
}

//! Log lines as data. The server prints Redis's text for them, the page shows a sentence, a test
//! matches on the value.

use crate::load::Class;
use crate::units::{Errno, Lsn};

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// A sync is in flight, so the write of `waiting_bytes` is put off.
    WritePostponed {
        /// Bytes in `aof_buf`.
        waiting_bytes: u64,
    },
    /// "Asynchronous AOF fsync is taking too long (disk is busy?)…": the write was put off for
    /// two seconds (`redis-6.2` now writes; `hardened` goes on waiting and counts it once).
    SyncTooSlow {
        /// How long the write has been put off, in milliseconds.
        postponed_ms: u64,
        /// The value of `aof_delayed_fsync` after this.
        delayed_fsync: u64,
    },
    /// "Error writing to the AOF file: %s".
    WriteFailed(Errno),
    /// "Short write while writing to the AOF file: (nwritten=%lld, expected=%lld)".
    ShortWrite {
        /// Bytes that went in.
        written_bytes: u64,
        /// Bytes that should have.
        expected_bytes: u64,
    },
    /// "Could not remove short write from the append-only file…".
    TruncateFailed(Errno),
    /// "AOF write error looks solved, Redis can write again."
    WriteRecovered,
    /// "Fail to fsync the AOF file: %s".
    SyncFailed {
        /// Why.
        errno: Errno,
        /// Durable up to here for certain.
        synced: Lsn,
        /// In doubt up to here.
        upto: Lsn,
    },
    /// A later sync succeeded and the earlier failure is forgotten (`redis-6.2` only).
    SyncRecovered,
    /// The active cycle deleted keys whose time had come.
    KeysExpired {
        /// How many.
        keys: u64,
    },
    /// The append-only file is now off; what it holds stays on the disk.
    AppendOnlyStopped,
    /// "Append Only File loaded by DEBUG LOADAOF".
    LogReloaded {
        /// Commands that were applied.
        commands: u64,
    },
    /// `DEBUG LOADAOF` left the dataset as it was.
    LogNotReloaded(ReloadFailure),
    /// `CONFIG REWRITE`: the file is to be written.
    ConfigRewriteAsked,
    /// `CONFIG REWRITE`: the file says what is in force, or not.
    ConfigRewritten(Result<(), Errno>),
    /// The policy was changed.
    PolicyChanged,
    /// "User requested shutdown..."
    ShutdownRequested,
    /// "Calling fsync() on the AOF file."
    ShutdownSync,
    /// A reply was held too long and its client is closed.
    HeldTooLong {
        /// For how long, in milliseconds.
        held_ms: u64,
    },
}

/// Why the log could not be loaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReloadFailure {
    /// There is no log.
    LogIsOff,
    /// What waits could not be written, so the file does not have all of it.
    NotWritten,
    /// The file could not be read.
    NotRead(Errno),
    /// The file is shorter than what was written to it.
    FileEnds {
        /// Here.
        offset: u64,
    },
    /// It is no good log.
    Refused {
        /// What is wrong.
        class: Class,
        /// Where.
        offset: u64,
    },
}

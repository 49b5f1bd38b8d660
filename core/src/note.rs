//! Log lines as data. The server prints Redis's text for them, the page shows a sentence, a test
//! matches on the value.

use crate::event::ChildStatus;
use crate::load::Class;
use crate::units::{ChildId, Errno, Lsn};

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
    /// Something about a rewrite.
    Rewrite(RewriteNote),
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

/// What happens to a rewrite. The texts are Redis's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RewriteNote {
    /// "Starting automatic rewriting of AOF on %lld%% growth".
    Automatic {
        /// By so much the log has grown, in percent.
        growth_percent: u64,
    },
    /// A rewrite starts by itself because a sync has failed: only a fresh file can heal that.
    Healing,
    /// "Error opening /setting AOF rewrite IPC pipes: %s".
    PipesFailed(Errno),
    /// "Can't rewrite append only file in background: fork: %s".
    ForkFailed(Errno),
    /// "Background append only file rewriting started by pid %d".
    Started {
        /// The child.
        child: ChildId,
    },
    /// "AOF rewrite child asks to stop sending diffs."
    StopAsked,
    /// "Can't send ACK to AOF child: %s".
    AckFailed(Errno),
    /// "AOF rewrite: %zu MB of memory used by copy-on-write".
    CopiedOnWrite {
        /// So much.
        copied_bytes: u64,
    },
    /// "Background AOF rewrite terminated with success", "… with error", "… by signal %d".
    ChildEnded {
        /// The child.
        child: ChildId,
        /// How.
        status: ChildStatus,
    },
    /// "Unable to open the temporary AOF produced by the child: %s".
    OpenFailed(Errno),
    /// "Error trying to flush the parent diff to the rewritten AOF: %s".
    DiffFailed(Errno),
    /// "Residual parent diff successfully flushed to the rewritten AOF (%.2f MB)".
    DiffWritten {
        /// So much was left for the parent to write.
        bytes: u64,
    },
    /// The new file could not be synced, so it does not become the log.
    SealFailed(Errno),
    /// From here on no reply to a write leaves until the new file is the log.
    GatesHeld,
    /// "Error trying to rename the temporary AOF file: %s".
    RenameFailed(Errno),
    /// The name leads to the new file, and the directory could not be synced.
    DirectorySyncFailed {
        /// Why.
        errno: Errno,
        /// It is tried again after so long, in milliseconds.
        retry_ms: u64,
    },
    /// "Background AOF rewrite finished successfully".
    Finished {
        /// Length of the old log.
        old_bytes: u64,
        /// Length of the new one.
        new_bytes: u64,
    },
    /// "Background AOF rewrite signal handler took %lldus".
    SwitchTook {
        /// For so long replies to writes were held, or the loop stood still, in microseconds.
        micros: u64,
    },
    /// "Killing running AOF rewrite child: %ld".
    KillingChild {
        /// The child.
        child: ChildId,
    },
    /// "Background AOF buffer size: %lu MB": a block was added, and their number has a nine at its
    /// end, as in Redis. A record that fills many blocks says so once.
    DiffGrows {
        /// So many there are.
        blocks: u64,
        /// So much waits in those before the last.
        bytes: u64,
    },
    /// The rewrite buffer has reached `aof-rewrite-buffer-limit`, so the rewrite is given up.
    DiffLimit {
        /// So much is in it.
        bytes: u64,
    },
    /// A rewrite failed; the next that starts by itself waits.
    BacksOff {
        /// For so long, in milliseconds.
        retry_ms: u64,
    },
    /// "Redis needs to enable the AOF but can't open the append only file: %s".
    TurnOnFailed(Errno),
    /// The append-only file is on from here: its first rewrite is complete.
    TurnedOn,
    /// "Writing initial AOF, can't exit."
    ShutdownRefused,
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

//! What the engine asks of the outside: everything that touches a disk, a client or the process.
//! Effects are derived from the engine's state when polled; none is queued but notes, which tell
//! what has already happened.

use std::sync::Arc;

use crate::config::Config;
use crate::keyspace::Keyspace;
use crate::note::Note;
use crate::rewrite::names::FileName;
use crate::units::{ChildId, ClientId, Errno, FileId, JobId, Lsn, Micros};

/// One request to the outside. The host performs it at once, in order, and answers with an
/// [`crate::pump::Outcome`].
#[derive(Debug)]
pub enum Effect<'a> {
    /// One `write(2)` at the end of the file. Answered at once with `Event::Written`.
    Write {
        /// Where.
        file: FileId,
        /// What: the front of `aof_buf`, borrowed.
        bytes: &'a [u8],
        /// Length of the file before the write, in bytes.
        offset: u64,
        /// The log position after the last of these bytes.
        upto: Lsn,
    },
    /// One `pread(2)` (`DEBUG LOADAOF`). Answered at once with `Event::Read`.
    Read {
        /// Where.
        file: FileId,
        /// From this byte of the file on.
        offset: u64,
        /// So many bytes at most, at least one.
        max_bytes: u32,
    },
    /// Work that may have to wait for a disk. Answered with `Event::Job`, at once for
    /// [`Lane::Inline`], later for the others.
    Submit {
        /// The name of the work.
        job: JobId,
        /// Where it runs.
        lane: Lane,
        /// What it is.
        work: Work,
    },
    /// All of a block goes to the end of a file, by as many `write(2)` as that takes. Answered with
    /// `Event::Job`, like [`Effect::Submit`]; the host keeps a share of the block until then.
    Append {
        /// The name of the work.
        job: JobId,
        /// Where it runs.
        lane: Lane,
        /// Which file.
        file: FileId,
        /// What.
        block: &'a Arc<Vec<u8>>,
        /// Length of the file before the first write, in bytes.
        offset: u64,
        /// The log position after the last of these bytes.
        upto: Lsn,
    },
    /// Makes the pipes to a rewrite child. Answered at once with `Event::PipesOpened`.
    #[doc(alias = "aofCreatePipes")]
    OpenPipes,
    /// `fork(2)`: the child runs [`crate::rewrite::child`] over the dataset as it is now. Answered
    /// at once with `Event::Forked`; failed or not, the parent's ends of the pipes stay open.
    Fork {
        /// The dataset: what the child sees, for as long as it lives.
        keyspace: &'a Keyspace,
        /// The settings that the child keeps.
        config: &'a Config,
    },
    /// One `write(2)` into a pipe. Answered at once with `Event::PipeWritten`.
    PipeWrite {
        /// Which: [`Pipe::Data`] or [`Pipe::Ack`].
        pipe: Pipe,
        /// What.
        bytes: &'a [u8],
    },
    /// Closes the parent's ends of all pipes.
    #[doc(alias = "aofClosePipes")]
    ClosePipes,
    /// Asks the child to end, by SIGUSR1. Its end is told by `Event::ChildExited`.
    #[doc(alias = "killAppendOnlyChild")]
    Kill {
        /// Which.
        child: ChildId,
    },
    /// Reply bytes that may leave now.
    Send {
        /// To whom.
        client: ClientId,
        /// The replies, whole.
        bytes: &'a [u8],
        /// How many replies these are.
        replies: u32,
        /// What these replies had to wait for, now reached.
        gate: Gate,
    },
    /// End a connection, after what was sent to it has left.
    Close {
        /// Whose.
        client: ClientId,
        /// Why.
        reason: CloseReason,
    },
    /// Stop reading from this client: the log cannot keep up.
    Pause {
        /// Whom.
        client: ClientId,
    },
    /// Read from this client again.
    Resume {
        /// Whom.
        client: ClientId,
    },
    /// Write the settings into the file that they were read from (`CONFIG REWRITE`), all of it or
    /// nothing. Answered at once with `Event::ConfigRewritten`.
    RewriteConfig {
        /// The settings; [`crate::config::directives::rewrite`] makes the text.
        config: &'a Config,
    },
    /// Block the event loop (`DEBUG SLEEP`).
    Sleep {
        /// For how long, in microseconds.
        micros: u64,
    },
    /// A turn must end at this time at the latest: replies wait until more clients share their
    /// sync, but no longer than until then.
    Deadline {
        /// When, on the monotonic clock.
        at: Micros,
    },
    /// A line for the server's log, as data. Text is made by `native` and `www`.
    Note(Note),
    /// The process must end now.
    Halt(HaltReason),
}

/// Where a job runs. One field is the whole difference between waiting for a disk and not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// On the event loop: everything waits (`redis-6.2`).
    Inline,
    /// The background thread for syncs of the live log.
    Sync,
    /// The background thread for what may take long: close, unlink, catching up.
    Slow,
}

/// A pipe between parent and rewrite child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pipe {
    /// The rewrite buffer, to the child. Both ends never block.
    #[doc(alias = "aof_pipe_write_data_to_child")]
    #[doc(alias = "aof_pipe_read_data_from_parent")]
    Data,
    /// `!`, to the parent: send no more.
    #[doc(alias = "aof_pipe_write_ack_to_parent")]
    #[doc(alias = "aof_pipe_read_ack_from_child")]
    Stop,
    /// `!`, to the child: agreed.
    #[doc(alias = "aof_pipe_write_ack_to_child")]
    #[doc(alias = "aof_pipe_read_ack_from_parent")]
    Ack,
    /// How far the child is and what it has cost, to the parent.
    #[doc(alias = "child_info_pipe")]
    Report,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpenMode {
    /// For appending; it must exist. Readable, too, because `DEBUG LOADAOF` reads the log.
    Append,
    /// For appending; made when it is missing.
    AppendOrCreate,
    /// `O_RDONLY`: only so that a rename over the name does not free the old file on the loop.
    ReadOnly,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// `fdatasync(2)`.
    Sync {
        /// Which file.
        file: FileId,
        /// What a success makes durable: all bytes up to here.
        upto: Lsn,
    },
    /// `ftruncate(2)`, to take a short write back.
    Truncate {
        /// Which file.
        file: FileId,
        /// To this many bytes.
        length_bytes: u64,
    },
    /// `close(2)`.
    Close {
        /// Which file.
        file: FileId,
    },
    /// `open(2)`. Answered with `Event::Opened` instead of `Event::Job`.
    Open {
        /// The file's name from now on.
        file: FileId,
        /// Its name in the directory.
        name: FileName,
        /// How.
        mode: OpenMode,
    },
    /// `rename(2)`. A failure that took effect all the same is a success: the host looks where the
    /// name leads (`fstatat(2)`) before it says that it failed.
    Rename {
        /// The file that the old name leads to.
        file: FileId,
        /// The old name.
        from: FileName,
        /// The new name.
        to: FileName,
    },
    /// `fsync(2)` of the log's directory.
    SyncDirectory,
    /// `unlink(2)`. That there is no such name is a success.
    #[doc(alias = "aofRemoveTempFile")]
    Unlink {
        /// Which name.
        name: FileName,
    },
}

/// What a reply waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// Nothing.
    Free,
    /// Until the log is in the page cache up to this position.
    AfterWrite(Lsn),
    /// Until the log is on the disk up to this position.
    AfterSync(Lsn),
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// It asked (`QUIT`).
    Quit,
    /// It spoke no protocol; the error was sent.
    Protocol,
    /// Its reply was held longer than `held-reply-timeout-ms`: neither OK nor an error is true.
    HeldTooLong,
    /// It read too slowly.
    OutputLimit,
    /// It has sent everything it wanted to, and has been told everything it was owed.
    InputEnded,
    /// It spoke HTTP: a page in a browser may have sent it here.
    CrossProtocol,
    /// Another client or the operator asked (`CLIENT KILL`).
    Killed,
}

/// Why the process must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HaltReason {
    /// `always`, and `write(2)` failed: the reply cannot be un-said, so nobody gets one.
    WriteFailed(Errno),
    /// `always`, and `fdatasync(2)` failed.
    SyncFailed(Errno),
    /// An orderly end. `flushed` tells whether every byte reached the disk.
    Shutdown {
        /// Everything was written and synced.
        flushed: bool,
    },
}

impl HaltReason {
    /// The exit code of the process.
    #[must_use]
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::Shutdown { flushed: true } => 0,
            Self::WriteFailed(_) | Self::SyncFailed(_) | Self::Shutdown { flushed: false } => 1,
        }
    }
}

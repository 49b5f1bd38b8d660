//! What happened at one step, as data. Sentences are made from these facts where they are shown.

use std::sync::Arc;

use crate::effect::{CloseReason, Gate, HaltReason, Lane, Pipe};
use crate::event::ChildStatus;
use crate::load::{Class, Tail};
use crate::note::Note;
use crate::resp::{OwnedArgv, ProtocolError};
use crate::start::StartError;
use crate::units::{ChildId, ClientId, Errno, Micros};

mod child;
mod file;
mod function;

pub use child::{AckHeard, ChildStep, ChildSync, Part};
pub use file::{FileWork, Progress};
pub use function::SeedFunction;

/// A fault that a person can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The next sync to end fails with EIO.
    FailNextSync,
    /// The next sync to start takes [`STALL_MICROS`] longer.
    StallNextSync,
    /// Not one byte more fits.
    FillDisk,
    /// There is room again.
    FreeDisk,
    /// The next write takes half of its bytes.
    ShortWrite,
}

/// How much longer a stalled sync takes: longer than the two seconds for which Redis puts a write
/// off, so that their end can be seen.
pub const STALL_MICROS: u64 = 3_000_000;

impl Fault {
    /// All of them, for menus and tests.
    pub const ALL: [Self; 5] =
        [Self::FailNextSync, Self::StallNextSync, Self::FillDisk, Self::FreeDisk, Self::ShortWrite];

    /// As written in scripts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailNextSync => "fail-next-sync",
            Self::StallNextSync => "stall-next-sync",
            Self::FillDisk => "fill-disk",
            Self::FreeDisk => "free-disk",
            Self::ShortWrite => "short-write",
        }
    }

    /// Reads [`Self::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goodbye {
    /// The server ended it.
    Server(CloseReason),
    /// The client did.
    Peer,
}

/// One command that a reply answers.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its number in [`super::journal::Journal::asked`].
    pub asked: usize,
    /// Its words.
    pub words: Arc<OwnedArgv>,
    /// The reply.
    pub reply: Arc<[u8]>,
    /// What it added to the log: from, to.
    pub log: (u64, u64),
}

/// One step.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The moment before the first step.
    Start,
    /// A connection was accepted.
    Connected {
        /// Whose.
        client: ClientId,
    },
    /// A command was executed.
    Command {
        /// From whom.
        client: ClientId,
        /// Its number in [`super::journal::Journal::asked`].
        asked: usize,
        /// Its words.
        words: Arc<OwnedArgv>,
        /// How many commands it added to the log.
        entries: u32,
        /// End of the log before it, in bytes.
        from: u64,
        /// End of the log after it.
        to: u64,
        /// The reply as it was made; it may still be held.
        reply: Arc<[u8]>,
        /// The reply has to wait for a write or a sync.
        held: bool,
    },
    /// What a client sent is no protocol.
    Malformed {
        /// Whose.
        client: ClientId,
        /// What is wrong.
        error: ProtocolError,
    },
    /// A connection ended.
    Closed {
        /// Whose.
        client: ClientId,
        /// Why.
        reason: Goodbye,
    },
    /// One `write(2)`.
    Write {
        /// Position in the log of the first byte.
        from: u64,
        /// Position after the last byte that was offered.
        to: u64,
        /// Bytes taken.
        result: Result<u64, Errno>,
    },
    /// A sync beside the loop has started.
    SyncStart {
        /// Durable before.
        from: u64,
        /// Durable after, if it succeeds.
        to: u64,
    },
    /// It has ended.
    SyncEnd {
        /// Durable before.
        from: u64,
        /// What it covered.
        to: u64,
        /// How long it took.
        took_micros: u64,
        /// How it went.
        result: Result<(), Errno>,
    },
    /// A sync on the loop: everything waited for it.
    SyncInline {
        /// Durable before.
        from: u64,
        /// What it covered.
        to: u64,
        /// How long it took.
        took_micros: u64,
        /// How it went.
        result: Result<(), Errno>,
    },
    /// Replies left.
    Reply {
        /// To whom.
        client: ClientId,
        /// How many.
        replies: u32,
        /// What they had waited for.
        gate: Gate,
        /// The commands they answer, oldest first.
        answered: Arc<[Answered]>,
        /// Bytes of these commands that are only in `aof_buf`.
        in_memory_bytes: u64,
        /// Bytes of these commands that are only in the page cache.
        in_cache_bytes: u64,
        /// Bytes of these commands in the log.
        log_bytes: u64,
    },
    /// A line for the server's log.
    Note(Note),
    /// `ftruncate(2)` takes a short write back.
    Truncate {
        /// To this length.
        length_bytes: u64,
        /// How it went.
        result: Result<(), Errno>,
    },
    /// The log's file was closed.
    CloseFile,
    /// Bytes of the log's file were read (`DEBUG LOADAOF`).
    Read {
        /// From this byte on.
        from: u64,
        /// Up to this byte.
        to: u64,
    },
    /// The server stopped reading from a client.
    Pause {
        /// Whom.
        client: ClientId,
    },
    /// The server reads from a client again.
    Resume {
        /// Whom.
        client: ClientId,
    },
    /// The event loop stood still (`DEBUG SLEEP`).
    Sleep {
        /// For so long.
        micros: u64,
    },
    /// The next sync waits for more clients to share it, at most until then.
    Gathering {
        /// When it starts at the latest.
        until: Micros,
    },
    /// The kernel wrote old bytes back on its own.
    Writeback {
        /// Durable before.
        from: u64,
        /// Durable after.
        to: u64,
    },
    /// The kernel made old changes of the directory durable on its own.
    NamesWrittenBack,
    /// The pipes to a rewrite child were made, or not.
    PipesOpened {
        /// How it went.
        result: Result<(), Errno>,
    },
    /// `fork(2)`: from here on the child sees the dataset as it is now.
    Forked {
        /// The child.
        result: Result<ChildId, Errno>,
        /// For how long the process stood still.
        took_micros: u64,
        /// Position in the log at this moment.
        at: u64,
        /// Keys that the child will write out.
        keys: u64,
        /// Memory pages that both share now.
        pages: u32,
    },
    /// The server wrote into a pipe: the rewrite buffer into [`Pipe::Data`], `!` into
    /// [`Pipe::Ack`].
    PipeWrite {
        /// Which.
        pipe: Pipe,
        /// Bytes offered.
        offered_bytes: u64,
        /// Bytes taken; `EAGAIN` for none.
        result: Result<u64, Errno>,
        /// Bytes of the rewrite buffer that are still to be sent.
        left_bytes: u64,
    },
    /// The server heard that the data pipe, which was full, has room again.
    PipeWritable,
    /// The server read a byte from the stop pipe; `!` asks for no more.
    StopHeard {
        /// It.
        byte: u8,
        /// Bytes of the rewrite buffer that will not be sent.
        unsent_bytes: u64,
    },
    /// The server heard how far the child is.
    ReportHeard {
        /// Keys written out.
        keys_done: u64,
        /// Keys it will write out.
        keys_total: u64,
        /// Memory that is no longer shared, in bytes.
        copied_bytes: u64,
    },
    /// The server closed its ends of the pipes.
    PipesClosed,
    /// The server asked the child to end (SIGUSR1).
    ChildAsked {
        /// Which.
        child: ChildId,
    },
    /// The child took a step.
    Child {
        /// Which.
        child: ChildId,
        /// What it did.
        step: ChildStep,
    },
    /// Somebody killed the child with `kill -9`.
    ChildKilled {
        /// Which.
        child: ChildId,
    },
    /// The server looked for children that have ended, and found one.
    ChildReaped {
        /// Which.
        child: ChildId,
        /// How it had ended.
        status: ChildStatus,
    },
    /// Work on files other than a write to the log or a sync of it.
    File {
        /// Where it runs.
        lane: Lane,
        /// What it is.
        work: FileWork,
        /// How far it is.
        progress: Progress,
    },
    /// The rewritten file is the log from now on: descriptor and size are swapped.
    Switched {
        /// Inode of the old log.
        old_inode: u64,
        /// Inode of the new one.
        new_inode: u64,
        /// Length of the old log.
        old_bytes: u64,
        /// Length of the new one.
        new_bytes: u64,
    },
    /// A fault was set.
    Fault(Fault),
    /// The server ended itself.
    Halt(HaltReason),
    /// The process was killed.
    Killed,
    /// The power went.
    PowerCut {
        /// Durable to here.
        synced: u64,
        /// In the page cache to here.
        written: u64,
        /// In `aof_buf` to here.
        appended: u64,
    },
    /// A start opened the log.
    BootOpen {
        /// Its length.
        image_bytes: u64,
    },
    /// A start loaded one command.
    BootCommand {
        /// Its number in the file, from 1.
        command: u64,
        /// Its words.
        words: Arc<OwnedArgv>,
        /// Its first byte.
        from: u64,
        /// The byte after its last.
        to: u64,
    },
    /// A start cut off what was not whole.
    BootTruncate {
        /// What.
        tail: Tail,
        /// How long the torn command was before the failure, if that is remembered.
        torn_bytes: Option<u64>,
    },
    /// A start made the file durable.
    BootSync,
    /// A start made the file's name durable.
    BootSyncDirectory,
    /// A start met a file that a rewrite had left behind.
    BootRemoved {
        /// Its name.
        name: String,
        /// It is gone; else its child lives, or it could not be removed.
        removed: bool,
    },
    /// The server refuses to start.
    BootRefused {
        /// Why.
        error: Arc<StartError>,
        /// Class of the load error, if it is one.
        class: Option<Class>,
        /// Where in the file.
        at: u64,
    },
    /// The server runs again.
    BootReady {
        /// Commands that were loaded.
        commands: u64,
        /// Keys in the dataset.
        keys: u64,
        /// Length of the log.
        length_bytes: u64,
    },
}

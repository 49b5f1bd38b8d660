//! What the outside tells the engine. A closed list: to know what can make the engine do anything,
//! read this file.

use crate::effect::Pipe;
use crate::peer::Peer;
use crate::resp::{Argv, ProtocolError};
use crate::units::{ChildId, ClientId, Errno, FileId, JobId, Micros, Millis};
use crate::usage::Usage;

/// How a child has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildStatus {
    /// By itself.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

/// Something that happened outside. Allocates nothing; words and bytes are borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A connection was accepted.
    Connected {
        /// Its name from now on.
        client: ClientId,
        /// Where it comes from.
        peer: Peer,
    },
    /// The client has shut down its sending side: no further command will come. What it is owed,
    /// held replies too, is still sent; then the connection ends.
    InputEnded {
        /// Whose.
        client: ClientId,
    },
    /// A connection is gone. What it wrote stays; what it was owed is dropped.
    Closed {
        /// Which.
        client: ClientId,
    },
    /// One whole command arrived, already decoded by [`crate::resp`].
    Command {
        /// From whom.
        client: ClientId,
        /// The words.
        argv: Argv<'a>,
        /// When; decides expiry.
        now: Millis,
    },
    /// The command that was just handled took long: at least `slowlog-log-slower-than`. Only the
    /// host has a clock; it sends this right after the command, with its words once more.
    Took {
        /// From whom.
        client: ClientId,
        /// The words.
        argv: Argv<'a>,
        /// For how long, in microseconds.
        micros: u64,
        /// When it ended.
        now: Millis,
    },
    /// What only the host knows about one connection. It says so of every connection just before
    /// a command named CLIENT.
    Socket {
        /// Whose.
        client: ClientId,
        /// The number of the file descriptor.
        descriptor: u32,
        /// Bytes of requests that are not executed yet.
        query_bytes: u64,
        /// Bytes of replies that the socket has not taken.
        unsent_bytes: u64,
    },
    /// What the process uses. The host says so just before a command named INFO or MEMORY.
    Usage(Usage),
    /// The bytes of a client are no protocol; it is answered and closed, as Redis does.
    Malformed {
        /// Whose.
        client: ClientId,
        /// What is wrong.
        error: ProtocolError,
    },
    /// One turn of the event loop is over and the host is about to sleep: the flush point
    /// (Redis: `beforeSleep`).
    TurnEnd {
        /// Wall clock.
        now: Millis,
        /// Monotonic clock.
        mono: Micros,
    },
    /// Ten times a second (Redis: `serverCron`).
    Tick {
        /// Wall clock.
        now: Millis,
        /// Monotonic clock.
        mono: Micros,
    },
    /// What `write(2)` said to an [`crate::effect::Effect::Write`].
    Written {
        /// The file of the effect.
        file: FileId,
        /// Bytes taken, perhaps fewer than asked.
        result: Result<u64, Errno>,
    },
    /// What `pread(2)` said to an [`crate::effect::Effect::Read`].
    Read {
        /// The file of the effect.
        file: FileId,
        /// The bytes, perhaps fewer than asked; none at the end of the file.
        result: Result<&'a [u8], Errno>,
    },
    /// What came of an [`crate::effect::Effect::RewriteConfig`].
    ConfigRewritten {
        /// Whether the file now says the settings.
        result: Result<(), Errno>,
    },
    /// A job of an [`crate::effect::Effect::Submit`] has ended.
    Job {
        /// Which.
        job: JobId,
        /// How.
        result: Result<(), Errno>,
        /// How long it took on its lane.
        took: Micros,
    },
    /// A file of a [`crate::effect::Work::Open`] is open, or not.
    Opened {
        /// The job.
        job: JobId,
        /// Its length, in bytes.
        result: Result<u64, Errno>,
    },
    /// What came of an [`crate::effect::Effect::OpenPipes`]. After a failure none is open.
    PipesOpened {
        /// Whether all are open.
        result: Result<(), Errno>,
    },
    /// What `fork(2)` said to an [`crate::effect::Effect::Fork`].
    Forked {
        /// The child.
        result: Result<ChildId, Errno>,
        /// For how long the process stood still, in microseconds.
        took: Micros,
    },
    /// What `write(2)` said to an [`crate::effect::Effect::PipeWrite`].
    PipeWritten {
        /// Which pipe.
        pipe: Pipe,
        /// Bytes taken, perhaps fewer than asked; `EAGAIN` for none.
        result: Result<u64, Errno>,
    },
    /// The data pipe, which was full, has room again.
    PipeWritable,
    /// The child has sent a byte through the stop pipe. `!` asks for no more.
    #[doc(alias = "aofChildPipeReadable")]
    StopAsked {
        /// The byte.
        byte: u8,
    },
    /// The child has said how far it is.
    ChildReport {
        /// Memory that is its own by now because one of the two wrote to it, in bytes.
        copied_bytes: u64,
        /// Keys written out.
        keys_done: u64,
        /// Keys it will write out.
        keys_total: u64,
    },
    /// The child has ended. Said just before [`Event::Tick`], because that is when Redis looks
    /// (`wait3` in `serverCron`).
    ChildExited {
        /// Which.
        child: ChildId,
        /// How.
        status: ChildStatus,
    },
    /// Bytes that the host could not send to this client yet, reported when that number changes
    /// class (slow reader).
    Backlog {
        /// Whose.
        client: ClientId,
        /// How many.
        bytes: u64,
    },
    /// The operator wants the server to stop (SIGTERM, SIGINT).
    Shutdown {
        /// Wall clock.
        now: Millis,
    },
}

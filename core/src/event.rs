//! What the outside tells the engine. A closed list: to know what can make the engine do anything,
//! read this file.

use crate::resp::{Argv, ProtocolError};
use crate::units::{ClientId, Errno, FileId, JobId, Micros, Millis};

/// Something that happened outside. Allocates nothing; only a command borrows.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A connection was accepted.
    Connected {
        /// Its name from now on.
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
    /// A job of an [`crate::effect::Effect::Submit`] has ended.
    Job {
        /// Which.
        job: JobId,
        /// How.
        result: Result<(), Errno>,
        /// How long it took on its lane.
        took: Micros,
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

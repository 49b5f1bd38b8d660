//! What the records of a trace say.

use xxhash_rust::xxh3::xxh3_64;

use crate::config::Config;
use crate::digest::Digest;
use crate::effect::{CloseReason, Effect, Gate, HaltReason, Lane, Pipe, Work};
use crate::event::Event;
use crate::keyspace::Keyspace;
use crate::resp::OwnedArgv;
use crate::units::{ChildId, ClientId, Errno, FileId, JobId, Lsn, Micros, Millis};

/// Everything that a run begins with, apart from the dataset itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The configuration at the start.
    pub config: Config,
    /// The seed of the engine's generator.
    pub seed: u64,
    /// Wall clock at the start.
    pub now: Millis,
    /// Monotonic clock at the start.
    pub mono: Micros,
    /// Length of the log that was loaded.
    pub loaded_bytes: u64,
    /// Digest of the dataset that was loaded: [`dataset_digest`].
    pub dataset_digest: u128,
}

/// The digest of a dataset as a header states it: keys in slab order, values, expiry.
#[must_use]
pub fn dataset_digest(keyspace: &Keyspace) -> u128 {
    let mut digest = Digest::new();
    keyspace.digest_into(&mut digest);
    digest.finish()
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// How the run began.
    Header(Box<Header>),
    /// A piece of the log that was loaded.
    Log(Vec<u8>),
    /// An event from outside.
    Event(RecordedEvent),
    /// What an effect returned at once.
    Answer(RecordedEvent),
    /// An effect.
    Effect(EffectSummary),
    /// The digest of the engine after a step.
    Step(u128),
}

/// An event that owns its words.
#[derive(Clone, Debug)]
pub enum RecordedEvent {
    /// A command.
    Command {
        /// From whom.
        client: ClientId,
        /// Its words.
        argv: OwnedArgv,
        /// When.
        now: Millis,
    },
    /// A command that took long.
    Took {
        /// From whom.
        client: ClientId,
        /// Its words.
        argv: OwnedArgv,
        /// For how long, in microseconds.
        micros: u64,
        /// When it ended.
        now: Millis,
    },
    /// Bytes of a file.
    Read {
        /// Which.
        file: FileId,
        /// The bytes.
        result: Result<Vec<u8>, Errno>,
    },
    /// Any other event.
    Plain(Event<'static>),
}

impl RecordedEvent {
    /// The event, to be handled.
    #[must_use]
    pub fn as_event(&self) -> Event<'_> {
        match self {
            Self::Command { client, argv, now } => {
                Event::Command { client: *client, argv: argv.as_argv(), now: *now }
            }
            Self::Took { client, argv, micros, now } => {
                Event::Took { client: *client, argv: argv.as_argv(), micros: *micros, now: *now }
            }
            Self::Read { file, result } => {
                Event::Read { file: *file, result: result.as_deref().map_err(|errno| *errno) }
            }
            Self::Plain(event) => *event,
        }
    }
}

impl From<Event<'_>> for RecordedEvent {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Command { client, argv, now } => {
                Self::Command { client, argv: OwnedArgv::from(argv), now }
            }
            Event::Took { client, argv, micros, now } => {
                Self::Took { client, argv: OwnedArgv::from(argv), micros, now }
            }
            Event::Read { file, result } => Self::Read { file, result: result.map(<[u8]>::to_vec) },
            Event::Connected { client, peer } => Self::Plain(Event::Connected { client, peer }),
            Event::ConfigRewritten { result } => Self::Plain(Event::ConfigRewritten { result }),
            Event::InputEnded { client } => Self::Plain(Event::InputEnded { client }),
            Event::Socket { client, descriptor, query_bytes, unsent_bytes } => {
                Self::Plain(Event::Socket { client, descriptor, query_bytes, unsent_bytes })
            }
            Event::Usage(usage) => Self::Plain(Event::Usage(usage)),
            Event::Closed { client } => Self::Plain(Event::Closed { client }),
            Event::Malformed { client, error } => Self::Plain(Event::Malformed { client, error }),
            Event::TurnEnd { now, mono } => Self::Plain(Event::TurnEnd { now, mono }),
            Event::Tick { now, mono } => Self::Plain(Event::Tick { now, mono }),
            Event::Written { file, result } => Self::Plain(Event::Written { file, result }),
            Event::Job { job, result, took } => Self::Plain(Event::Job { job, result, took }),
            Event::Opened { job, result } => Self::Plain(Event::Opened { job, result }),
            Event::PipesOpened { result } => Self::Plain(Event::PipesOpened { result }),
            Event::Forked { result, took } => Self::Plain(Event::Forked { result, took }),
            Event::PipeWritten { pipe, result } => Self::Plain(Event::PipeWritten { pipe, result }),
            Event::PipeWritable => Self::Plain(Event::PipeWritable),
            Event::StopAsked { byte } => Self::Plain(Event::StopAsked { byte }),
            Event::ChildReport { copied_bytes, keys_done, keys_total } => {
                Self::Plain(Event::ChildReport { copied_bytes, keys_done, keys_total })
            }
            Event::ChildExited { child, status } => {
                Self::Plain(Event::ChildExited { child, status })
            }
            Event::Backlog { client, bytes } => Self::Plain(Event::Backlog { client, bytes }),
            Event::Shutdown { now } => Self::Plain(Event::Shutdown { now }),
        }
    }
}

impl PartialEq for RecordedEvent {
    /// Two events are the same if they are written the same.
    fn eq(&self, other: &Self) -> bool {
        let encoded = |event: &Self| {
            let mut bytes = Vec::new();
            super::wire::event(event.as_event(), &mut bytes);
            bytes
        };
        encoded(self) == encoded(other)
    }
}

impl Eq for RecordedEvent {}

/// Bytes that an effect carries, as a trace knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// How many.
    pub length_bytes: u64,
    /// Their 64-bit XXH3 hash.
    pub hash: u64,
}

impl Fingerprint {
    /// The fingerprint of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { length_bytes: bytes.len() as u64, hash: xxh3_64(bytes) }
    }
}

/// An effect without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EffectSummary {
    /// [`Effect::Write`].
    Write {
        /// Where.
        file: FileId,
        /// What.
        bytes: Fingerprint,
        /// Length of the file before the write.
        offset: u64,
        /// The log position after it.
        upto: Lsn,
    },
    /// [`Effect::Read`].
    Read {
        /// Where.
        file: FileId,
        /// From this byte on.
        offset: u64,
        /// So many bytes at most.
        max_bytes: u32,
    },
    /// [`Effect::Submit`].
    Submit {
        /// The name of the work.
        job: JobId,
        /// Where it runs.
        lane: Lane,
        /// What it is.
        work: Work,
    },
    /// [`Effect::Append`].
    Append {
        /// The name of the work.
        job: JobId,
        /// Where it runs.
        lane: Lane,
        /// Which file.
        file: FileId,
        /// What.
        block: Fingerprint,
        /// Length of the file before it.
        offset: u64,
        /// The log position after it.
        upto: Lsn,
    },
    /// [`Effect::OpenPipes`].
    OpenPipes,
    /// [`Effect::Fork`].
    Fork,
    /// [`Effect::PipeWrite`].
    PipeWrite {
        /// Which.
        pipe: Pipe,
        /// What.
        bytes: Fingerprint,
    },
    /// [`Effect::ClosePipes`].
    ClosePipes,
    /// [`Effect::Kill`].
    Kill {
        /// Which.
        child: ChildId,
    },
    /// [`Effect::Send`].
    Send {
        /// To whom.
        client: ClientId,
        /// What.
        bytes: Fingerprint,
        /// How many replies.
        replies: u32,
        /// What they waited for.
        gate: Gate,
    },
    /// [`Effect::Close`].
    Close {
        /// Whose.
        client: ClientId,
        /// Why.
        reason: CloseReason,
    },
    /// [`Effect::Pause`].
    Pause {
        /// Whom.
        client: ClientId,
    },
    /// [`Effect::Resume`].
    Resume {
        /// Whom.
        client: ClientId,
    },
    /// [`Effect::Sleep`].
    Sleep {
        /// For how long.
        micros: u64,
    },
    /// [`Effect::RewriteConfig`].
    RewriteConfig,
    /// [`Effect::Deadline`].
    Deadline {
        /// When.
        at: Micros,
    },
    /// [`Effect::Note`], as its debug text: a note is for people, and its variants change often.
    Note(String),
    /// [`Effect::Halt`].
    Halt(HaltReason),
}

impl From<&Effect<'_>> for EffectSummary {
    fn from(effect: &Effect<'_>) -> Self {
        match *effect {
            Effect::Write { file, bytes, offset, upto } => {
                Self::Write { file, bytes: Fingerprint::of(bytes), offset, upto }
            }
            Effect::Read { file, offset, max_bytes } => Self::Read { file, offset, max_bytes },
            Effect::Submit { job, lane, work } => Self::Submit { job, lane, work },
            Effect::Append { job, lane, file, block, offset, upto } => {
                Self::Append { job, lane, file, block: Fingerprint::of(block), offset, upto }
            }
            Effect::OpenPipes => Self::OpenPipes,
            Effect::Fork { .. } => Self::Fork,
            Effect::PipeWrite { pipe, bytes } => {
                Self::PipeWrite { pipe, bytes: Fingerprint::of(bytes) }
            }
            Effect::ClosePipes => Self::ClosePipes,
            Effect::Kill { child } => Self::Kill { child },
            Effect::Send { client, bytes, replies, gate } => {
                Self::Send { client, bytes: Fingerprint::of(bytes), replies, gate }
            }
            Effect::Close { client, reason } => Self::Close { client, reason },
            Effect::Pause { client } => Self::Pause { client },
            Effect::Resume { client } => Self::Resume { client },
            Effect::Sleep { micros } => Self::Sleep { micros },
            Effect::RewriteConfig { .. } => Self::RewriteConfig,
            Effect::Deadline { at } => Self::Deadline { at },
            Effect::Note(note) => Self::Note(format!("{note:?}")),
            Effect::Halt(reason) => Self::Halt(reason),
        }
    }
}

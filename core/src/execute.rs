//! One command of one client: queued or run, answered, and handed to the log.

pub mod facts;
pub mod watch;

use thiserror::Error;

use crate::config::Config;
use crate::digest::Digest;
use crate::keyspace::Keyspace;
use crate::propagate::Propagation;
use crate::random::Random;
use crate::resp::{Argv, Reply};
use crate::session::Session;
use crate::units::{ClientId, Millis};

pub use facts::{AofFacts, ClientFacts, Facts, NoFacts, Refusal, ServerFacts};

/// The dataset and everything that commands can see or change besides.
#[derive(Clone, Debug)]
pub struct Executor {
    /// The dataset.
    pub keyspace: Keyspace,
    /// The settings; `CONFIG SET` changes them.
    pub config: Config,
    random: Random,
    watches: watch::Watches,
}

/// What became of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Replies that were written: 1, or 0 (`CLIENT REPLY OFF`, `SHUTDOWN`).
    pub replies: u32,
    /// What only the engine can do.
    pub request: Option<Request>,
}

/// What a command asks of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `QUIT`: end this connection after the reply.
    Close,
    /// `CLIENT KILL`: end these connections. The client's own is ended after the reply.
    Kill {
        /// Whose.
        clients: Vec<ClientId>,
    },
    /// `SHUTDOWN`. No reply was written.
    Shutdown {
        /// Its option.
        save: ShutdownSave,
    },
    /// `DEBUG SLEEP`.
    Sleep {
        /// For how long, in microseconds.
        micros: u64,
    },
    /// `CONFIG SET appendfsync` has changed the settings.
    PolicyChanged,
    /// `CONFIG SET appendonly no`. The settings are changed; the log is still to be stopped.
    AppendOnlyOff,
    /// `CONFIG SET profile` has changed the settings.
    ProfileChanged,
    /// `CONFIG RESETSTAT`: counters of the log go back to zero.
    ResetStatistics,
}

/// The option of `SHUTDOWN`. There is no snapshot to save, so it decides nothing yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShutdownSave {
    /// As configured.
    #[default]
    Default,
    /// `SAVE`.
    Save,
    /// `NOSAVE`.
    NoSave,
}

/// A command of the log that cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// There is no such command.
    #[error("unknown command '{}'", String::from_utf8_lossy(name))]
    UnknownCommand {
        /// Its name as it stands in the log, at most 128 bytes of it.
        name: Vec<u8>,
    },
    /// The command cannot have so many words.
    #[error("wrong number of arguments for '{name}': {words} words")]
    WrongArity {
        /// Its name.
        name: &'static str,
        /// How many words the log has, the name included.
        words: usize,
    },
}

impl Executor {
    /// An executor over `keyspace`. `seed` feeds RANDOMKEY and the like.
    #[must_use]
    pub fn new(config: Config, keyspace: Keyspace, seed: u64) -> Self {
        Self { keyspace, config, random: Random::new(seed), watches: watch::Watches::default() }
    }

    /// Runs one command of one client: queueing under MULTI, EXEC as a unit, lazy expiry, arity,
    /// refusal. The reply goes to the end of `reply`, log records go to `log`.
    pub fn execute(
        &mut self,
        session: &mut Session,
        argv: Argv<'_>,
        now: Millis,
        facts: &dyn Facts,
        reply: &mut Vec<u8>,
        log: &mut Propagation<'_>,
    ) -> Executed {
        let _ = (session, argv, now, facts, log);
        Reply::new(reply).error(b"ERR unknown command");
        Executed { replies: 1, request: None }
    }

    /// One round of the active expiry cycle (`serverCron`): deletes some of the keys whose time
    /// has come and logs a DEL for each. Returns how many.
    #[doc(alias = "activeExpireCycle")]
    pub fn expire_cycle(&mut self, now: Millis, log: &mut Propagation<'_>) -> u64 {
        let _ = (now, log);
        0
    }

    /// Applies one command of the log: no reply, no log, no expiry of keys. MULTI and EXEC are
    /// the loader's to understand.
    ///
    /// # Errors
    /// For a command that does not exist or cannot have so many words. A command that fails for
    /// what it finds in the dataset changes nothing and is no error, as in Redis.
    pub fn replay(&mut self, session: &mut Session, argv: Argv<'_>) -> Result<(), ReplayError> {
        let _ = (session, argv);
        Ok(())
    }

    /// A client is gone: its watched keys are forgotten.
    pub fn disconnected(&mut self, session: &mut Session) {
        self.watches.release(session);
    }

    /// Adds the dataset and whatever else decides how later commands go.
    pub fn digest_into(&self, digest: &mut Digest) {
        self.keyspace.digest_into(digest);
        self.random.digest_into(digest);
    }
}

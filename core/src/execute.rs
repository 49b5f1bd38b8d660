//! One command of one client: queued or run, answered, and handed to the log.

mod counts;
pub mod facts;
mod monitor;
mod secret;
mod slowlog;
pub(crate) mod statistics;
pub mod watch;

use core::ops::Range;

use thiserror::Error;

use crate::command::{self, Call, Command, CommandError, Flags, lookup};
use crate::config::Config;
use crate::digest::Digest;
use crate::keyspace::Keyspace;
use crate::propagate::{Change, Propagation};
use crate::random::Random;
use crate::resp::{Argv, OwnedArgv, Reply};
use crate::session::{ReplyMode, Session};
use crate::units::{ClientId, Millis};

pub use counts::{CommandCount, Counts, Rate};
pub use facts::{AofFacts, ClientFacts, Facts, NoFacts, Refusal, ServerFacts};
pub use monitor::Monitors;
pub use slowlog::{SlowCommand, SlowLog};
pub use statistics::Statistics;

/// Keys that one round of the active cycle deletes in one database at most.
#[doc(alias = "ACTIVE_EXPIRE_CYCLE_KEYS_PER_LOOP")]
const EXPIRED_KEYS_PER_ROUND: u64 = 20;

/// Rounds that one call of the active cycle goes on for, as long as a database has such keys.
const ROUNDS_PER_CYCLE: u32 = 16;

/// The dataset and everything that commands can see or change besides.
#[derive(Clone, Debug)]
pub struct Executor {
    /// The dataset.
    pub keyspace: Keyspace,
    /// The settings; `CONFIG SET` changes them.
    pub config: Config,
    /// Counters for INFO.
    pub statistics: Statistics,
    /// How often each command ran and each error was replied, for INFO.
    pub counts: Counts,
    /// Commands a second.
    pub rate: Rate,
    /// Commands that took long.
    pub slowlog: SlowLog,
    /// Who watches all commands.
    pub monitors: Monitors,
    /// Whether keys expire that nobody looks at (`DEBUG SET-ACTIVE-EXPIRE`).
    pub active_expire: bool,
    pub(crate) random: Random,
    pub(crate) watches: watch::Watches,
    /// What "now" is for relative times in a log that is loaded.
    load_time: Millis,
    /// Replies to commands of the log; nobody reads them.
    scratch: Vec<u8>,
}

/// What became of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Replies that were written: 1, or 0 (`CLIENT REPLY OFF`, `SHUTDOWN`).
    pub replies: u32,
    /// What only the engine can do, in order. Nearly always nothing; a transaction may ask for
    /// several things.
    pub requests: Vec<Asked>,
}

/// What a command asks of the engine, and where its own reply stands: within a transaction that is
/// a part of what EXEC replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What.
    pub request: Request,
    /// The bytes of the reply, counted from the beginning of the buffer that replies go to. `None`
    /// when nobody is to get one.
    pub reply: Option<Range<usize>>,
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
    /// `DEBUG LOADAOF`: write the log and load it again. The reply says that it went well and is
    /// taken back if it does not.
    LoadLog,
    /// `CONFIG SET appendfsync` has changed the settings.
    PolicyChanged,
    /// `BGREWRITEAOF`. The reply says that a child has been started and is replaced if none can be.
    Rewrite,
    /// `BGREWRITEAOF` while another child is still ending: a rewrite starts when it has.
    ScheduleRewrite,
    /// `CONFIG SET appendonly yes`. The settings are changed; the rewrite with which the log begins
    /// is still to be started. The reply says OK and is replaced if it cannot be, and then the
    /// settings are to be changed back.
    AppendOnlyOn,
    /// `SHUTDOWN` was refused because the log is not complete yet. The reply says so.
    ShutdownRefused,
    /// `CONFIG SET appendonly no`. The settings are changed; the log is still to be stopped.
    AppendOnlyOff,
    /// `CONFIG REWRITE`.
    RewriteConfig,
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
        Self {
            keyspace,
            config,
            statistics: Statistics::default(),
            counts: Counts::default(),
            rate: Rate::default(),
            slowlog: SlowLog::default(),
            monitors: Monitors::default(),
            active_expire: true,
            random: Random::new(seed),
            watches: watch::Watches::default(),
            load_time: Millis(0),
            scratch: Vec::new(),
        }
    }

    /// Runs one command of one client: queueing under MULTI, EXEC as a unit, lazy expiry, arity,
    /// refusal. The reply goes to the end of `reply`, log records go to `log`.
    #[doc(alias = "processCommand")]
    pub fn execute(
        &mut self,
        session: &mut Session,
        argv: Argv<'_>,
        now: Millis,
        facts: &dyn Facts,
        reply: &mut Vec<u8>,
        log: &mut Propagation<'_>,
    ) -> Executed {
        let start = reply.len();
        session.last_command = now;
        let most_bytes = self.config.most_output_bytes();
        let mut requests = Vec::new();
        match self.admit(session, argv, facts) {
            Err(error) => self.reject(session, argv, &error, &mut Reply::new(reply)),
            Ok(Admitted::Queued) => Reply::new(reply).simple("QUEUED"),
            Ok(Admitted::Run(command)) => {
                session.last_command_name = command.name;
                run_admitted(&mut Call {
                    command,
                    argv,
                    now,
                    loading: false,
                    executor: self,
                    session,
                    facts,
                    reply: Reply::bounded(reply, most_bytes),
                    log: log.reborrow(),
                    requests: &mut requests,
                });
            }
        }
        if take_mute(session) {
            reply.truncate(start);
            requests.iter_mut().for_each(|asked| asked.reply = None);
        }
        Executed { replies: u32::from(reply.len() > start), requests }
    }

    /// Decides whether a command may run now, must wait for EXEC, or is refused.
    fn admit(
        &mut self,
        session: &mut Session,
        argv: Argv<'_>,
        facts: &dyn Facts,
    ) -> Result<Admitted, CommandError> {
        let command = lookup(argv.name()).ok_or_else(|| unknown_command(argv))?;
        if !command.accepts(argv.len()) {
            return Err(CommandError::WrongArity { command: command.name });
        }
        if command::is_locked_out(&self.config, session, command) {
            return Err(CommandError::text("NOAUTH Authentication required."));
        }
        if let Some(refusal) = facts.refusal()
            && is_refused(command, session)
        {
            return Err(CommandError::Refused { reason: refusal.errno.text() });
        }
        let Some(transaction) = &mut session.transaction else {
            return Ok(Admitted::Run(command));
        };
        if command.flags.has(Flags::NEVER_QUEUED) {
            return Ok(Admitted::Run(command));
        }
        // It will not run anyway, so its bytes need not be kept.
        if !transaction.dirty {
            let queued = OwnedArgv::from(argv);
            transaction.bytes = transaction.bytes.saturating_add(queued.as_bytes().len() as u64);
            if transaction.bytes > self.config.client_query_buffer_limit {
                return Err(CommandError::text("ERR transaction is too large"));
            }
            transaction.memory_bytes += queued.memory_bytes();
            transaction.writes |= command.flags.has(Flags::WRITE);
            transaction.queue.push(queued);
        }
        Ok(Admitted::Queued)
    }

    /// Replies with the refusal. Inside MULTI it also spoils the transaction.
    #[doc(alias = "rejectCommand")]
    fn reject(
        &mut self,
        session: &mut Session,
        argv: Argv<'_>,
        error: &CommandError,
        reply: &mut Reply<'_>,
    ) {
        self.statistics.error_replies += 1;
        let command = lookup(argv.name());
        if let Some(command) = command {
            self.counts.rejected(command);
        }
        if command.is_some_and(|command| command.name == "exec") {
            session.transaction = None;
            self.watches.release(session);
            // It says so even where there was no transaction to discard.
            let cause = error.to_string();
            let cause = cause.strip_prefix("ERR ").unwrap_or(&cause);
            let text = format!("EXECABORT Transaction discarded because of: {cause}");
            self.counts.replied(&text);
            reply.error(text.as_bytes());
            return;
        }
        if let Some(transaction) = &mut session.transaction {
            transaction.dirty = true;
            transaction.queue = Vec::new();
            transaction.memory_bytes = 0;
        }
        let text = error.to_string();
        self.counts.replied(&text);
        reply.error(text.as_bytes());
    }

    /// One call of the active expiry cycle (`serverCron`): deletes keys whose time has come,
    /// soonest first and at most 320 of each database, and logs a DEL for each. Returns how many.
    ///
    /// Redis samples and stops by the clock. Here the keys are known in order, so the bound is a
    /// number, and two runs delete the same keys.
    #[doc(alias = "activeExpireCycle")]
    pub fn expire_cycle(&mut self, now: Millis, log: &mut Propagation<'_>) -> u64 {
        let mut deleted = 0;
        if !self.active_expire {
            return 0;
        }
        for _ in 0..ROUNDS_PER_CYCLE {
            let before = deleted;
            for db in 0..Keyspace::DATABASES {
                for _ in 0..EXPIRED_KEYS_PER_ROUND {
                    let Some(expired) = self.keyspace.db_mut(db).pop_expired(now) else { break };
                    self.account_expired(db, &expired.key, log);
                    deleted += 1;
                }
            }
            if deleted == before {
                break;
            }
        }
        deleted
    }

    /// Deletes `key`, whose time has come, and logs its DEL.
    #[doc(alias = "deleteExpiredKeyAndPropagate")]
    pub(crate) fn expire_now(&mut self, db: u8, key: &[u8], log: &mut Propagation<'_>) {
        self.keyspace.db_mut(db).remove(key);
        self.account_expired(db, key, log);
    }

    fn account_expired(&mut self, db: u8, key: &[u8], log: &mut Propagation<'_>) {
        log.expired(db, key);
        self.watches.touch(db, key);
        self.statistics.expired_keys += 1;
    }

    /// Sets what "now" is for [`Self::replay`]. Only logs of other servers hold relative times;
    /// they begin to run when they are loaded, as in Redis.
    pub fn set_load_time(&mut self, now: Millis) {
        self.load_time = now;
    }

    /// Applies one command of the log: no reply, no log, no expiry of keys. MULTI and EXEC are
    /// the loader's to understand.
    ///
    /// # Errors
    /// For a command that does not exist or cannot have so many words. A command that fails for
    /// what it finds in the dataset changes nothing and is no error, as in Redis.
    pub fn replay(&mut self, session: &mut Session, argv: Argv<'_>) -> Result<(), ReplayError> {
        const NAME_LIMIT: usize = 128;
        let Some(command) = lookup(argv.name()) else {
            let name = argv.name();
            let name = name[..name.len().min(NAME_LIMIT)].to_vec();
            return Err(ReplayError::UnknownCommand { name });
        };
        if !command.accepts(argv.len()) {
            return Err(ReplayError::WrongArity { name: command.name, words: argv.len() });
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let now = self.load_time;
        // A command that asks something of the engine has no business in a log.
        let mut requests = Vec::new();
        // An error would go to a client; the log has none.
        let _ = (command.run)(&mut Call {
            command,
            argv,
            now,
            loading: true,
            executor: self,
            session,
            facts: &NoFacts,
            reply: Reply::new(&mut scratch),
            log: Propagation::off(),
            requests: &mut requests,
        });
        self.scratch = scratch;
        Ok(())
    }

    /// `CONFIG RESETSTAT`.
    pub(crate) fn reset_statistics(&mut self) {
        self.statistics.reset();
        self.counts.reset();
        self.rate = Rate::default();
    }

    /// Another dataset takes the place of this one (`DEBUG LOADAOF`). Whoever watches a key is told
    /// that it changed.
    pub(crate) fn replace_keyspace(&mut self, keyspace: Keyspace) {
        self.keyspace = keyspace;
        for db in 0..Keyspace::DATABASES {
            self.watches.touch_all(db, |_| true);
        }
    }

    /// A client is gone: its watched keys are forgotten.
    pub fn disconnected(&mut self, session: &mut Session) {
        self.watches.release(session);
        self.monitors.remove(session.id);
    }

    /// Adds the dataset and whatever else decides how later commands go or what they reply.
    pub fn digest_into(&self, digest: &mut Digest) {
        self.keyspace.digest_into(digest);
        self.random.digest_into(digest);
        self.statistics.digest_into(digest);
        self.watches.digest_into(digest);
        self.counts.digest_into(digest);
        self.rate.digest_into(digest);
        self.slowlog.digest_into(digest);
        self.monitors.digest_into(digest);
        digest.put_bool(self.active_expire);
    }
}

/// What [`Executor::admit`] found.
enum Admitted {
    Run(&'static Command),
    Queued,
}

/// Writes are refused while the log cannot take them, a transaction with writes as a whole, and
/// PING too, so that whoever watches a server by PING hears of it.
#[doc(alias = "writeCommandsDeniedByDiskError")]
fn is_refused(command: &Command, session: &Session) -> bool {
    let queued_writes = session.transaction.as_ref().is_some_and(|queued| queued.writes);
    command.flags.has(Flags::WRITE)
        || command.name == "ping"
        || (command.name == "exec" && queued_writes)
}

/// "unknown command" with the beginning of its arguments, as Redis 6.2 words it.
fn unknown_command(argv: Argv<'_>) -> CommandError {
    const SHOWN_BYTES: usize = 128;
    let mut arguments = String::new();
    for word in argv.skip(1) {
        if arguments.len() >= SHOWN_BYTES {
            break;
        }
        let word = command::shown(word, SHOWN_BYTES - arguments.len());
        arguments.push_str(&format!("`{word}`, "));
    }
    let name = command::shown(argv.name(), SHOWN_BYTES);
    let text = format!("ERR unknown command `{name}`, with args beginning with: {arguments}");
    CommandError::Text(text.into())
}

/// Runs a command that was admitted, logs what it changed, and replies with its error if it has
/// one. A command that fails has changed nothing; what it had already written is taken back.
#[doc(alias = "call")]
pub(crate) fn run_admitted(call: &mut Call<'_, '_>) {
    let start = call.reply.position();
    let asked = call.requests.len();
    call.executor.statistics.commands += 1;
    call.executor.counts.called(call.command);
    match (call.command.run)(call) {
        Ok(Change::None) => {}
        Ok(change) => {
            call.executor.statistics.changes += 1;
            call.log.append(call.session.db, call.argv, &change);
        }
        Err(error) => {
            let text = error.to_string();
            call.executor.statistics.error_replies += 1;
            call.executor.counts.failed(call.command);
            call.executor.counts.replied(&text);
            call.reply.buffer().truncate(start);
            call.reply.error(text.as_bytes());
        }
    }
    // What EXEC ran has its own part of the reply already.
    for asked in &mut call.requests[asked..] {
        asked.reply.get_or_insert(start..call.reply.position());
    }
    let Executor { monitors, config, .. } = &mut *call.executor;
    monitors.show(call.command, call.argv, call.session, call.now, config);
}

/// Whether the reply of the command that has just run is swallowed.
fn take_mute(session: &mut Session) -> bool {
    let (muted, next) = match session.replies {
        ReplyMode::On => (false, ReplyMode::On),
        ReplyMode::Off => (true, ReplyMode::Off),
        ReplyMode::SkipNext => (true, ReplyMode::Skip),
        ReplyMode::Skip => (true, ReplyMode::On),
    };
    session.replies = next;
    muted
}

#[cfg(test)]
mod tests;

//! Commands of a log are applied to a dataset, one a step.

use crate::execute::{Executor, ReplayError};
use crate::load::fault::{Broken, LoadError, Place, Problem, Tail};
use crate::load::parse::{Parsed, Parser};
use crate::load::progress::{Progress, Role};
use crate::load::scan::Options;
use crate::resp::peek::KEYS_AHEAD;
use crate::resp::{KeysAhead, OwnedArgv};
use crate::session::Session;
use crate::units::ClientId;

/// The loader in progress.
///
/// Feed a piece, then take steps until more is needed; at the end of the file, [`Self::finish`].
/// Memory: the dataset, one piece, one command, and the commands of one open transaction.
#[derive(Clone, Debug)]
#[doc(alias = "loadAppendOnlyFile")]
pub struct Loader {
    parser: Parser,
    progress: Progress,
    executor: Executor,
    session: Session,
    /// Commands since MULTI. They are applied at EXEC, so that an open transaction leaves nothing.
    queued: Vec<(Place, OwnedArgv)>,
    /// Commands that memory was asked for and that were not taken yet.
    looked_ahead: usize,
    /// Whether the end of a file may be missing.
    load_truncated: bool,
    failed: Option<LoadError>,
}

/// What one step did.
#[derive(Debug)]
pub enum LoadStep<'a> {
    /// One command was taken.
    Command(Replayed<'a>),
    /// There is no whole command: feed the next piece, or finish.
    NeedMore,
}

/// One command that was taken.
#[derive(Clone, Copy, Debug)]
pub struct Replayed<'a> {
    /// The command: number, offset, length, words.
    pub command: Parsed<'a>,
    /// The database that is selected after it.
    pub database: u8,
    /// What became of it.
    pub outcome: ReplayOutcome,
}

/// What became of a command of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplayOutcome {
    /// It was applied.
    Applied,
    /// MULTI: what follows is only queued.
    TransactionOpened,
    /// It waits for EXEC.
    Queued,
    /// EXEC: so many queued commands were applied at once.
    Committed {
        /// How many.
        commands: u64,
    },
}

/// A log that was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The dataset, in the executor that was given to the loader.
    pub executor: Executor,
    /// Commands that were taken, those of a reverted transaction not included.
    pub commands: u64,
    /// Length of what was loaded. If [`Self::cut`] is there, the file is longer and must be
    /// truncated to this.
    pub length_bytes: u64,
    /// What is to be cut off the end of the file. Nothing if the log was whole.
    pub cut: Option<Tail>,
}

impl Loader {
    /// A loader into `executor`, whose dataset is empty at a start. The executor's configuration
    /// decides: the profile, and `aof-load-truncated`.
    #[must_use]
    pub fn new(executor: Executor) -> Self {
        let options = Options::from(&executor.config);
        Self {
            progress: Progress::new(Some(lookup), options.open_multi),
            parser: Parser::new(options),
            looked_ahead: 0,
            load_truncated: executor.config.aof_load_truncated,
            executor,
            session: Session::new(ClientId(u64::MAX)),
            queued: Vec::new(),
            failed: None,
        }
    }

    /// The dataset so far.
    #[must_use]
    pub const fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Commands taken so far.
    #[must_use]
    pub const fn commands(&self) -> u64 {
        self.progress.commands
    }

    /// End of the last whole command outside a transaction, so of what is in the dataset.
    #[must_use]
    pub const fn valid_up_to(&self) -> u64 {
        self.progress.valid_up_to
    }

    /// Why the log cannot be loaded, once a step has failed.
    #[must_use]
    pub const fn error(&self) -> Option<&LoadError> {
        self.failed.as_ref()
    }

    /// Bytes fed so far.
    #[must_use]
    pub fn fed_bytes(&self) -> u64 {
        self.parser.fed_bytes()
    }

    /// The next piece of the file, of any size.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.failed.is_none() {
            self.parser.feed(piece);
        }
    }

    /// Takes the next command.
    ///
    /// # Errors
    /// When the log cannot be loaded; again on every later call. Commands before the place have
    /// been applied.
    pub fn next_step(&mut self) -> Result<LoadStep<'_>, LoadError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.looked_ahead == 0 {
            let input = self.parser.waiting();
            let keys = KeysAhead::look(input);
            self.executor.keyspace.db(self.session.db).warm(keys.keys(input));
            self.looked_ahead = KEYS_AHEAD;
        }
        self.looked_ahead -= 1;
        let parsed = match self.parser.next_command() {
            Ok(None) => return Ok(LoadStep::NeedMore),
            Ok(Some(parsed)) => parsed,
            Err(stop) => {
                let error = LoadError::from(self.progress.stopped(stop));
                self.failed = Some(error.clone());
                return Err(error);
            }
        };
        let taken = take(
            parsed,
            &mut self.progress,
            &mut self.executor,
            &mut self.session,
            &mut self.queued,
        );
        match taken {
            Ok(outcome) => {
                let database = self.session.db;
                Ok(LoadStep::Command(Replayed { command: parsed, database, outcome }))
            }
            Err(broken) => {
                let error = LoadError::from(broken);
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// What it would mean that the file ends here: the unfinished end, if it has one. For whoever
    /// wants the dataset of a log that cannot be loaded; every step must have been taken.
    ///
    /// # Errors
    /// When the log cannot be loaded.
    pub fn end(&self) -> Result<Option<Tail>, LoadError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None => self.progress.end(self.parser.end(), self.parser.fed_bytes()),
        }
    }

    /// The file ends here. Steps that were not taken yet are taken now.
    ///
    /// # Errors
    /// When the log cannot be loaded, or its end is missing and `aof-load-truncated` is off.
    pub fn finish(mut self) -> Result<Loaded, LoadError> {
        while let LoadStep::Command(_) = self.next_step()? {}
        let cut = self.end()?;
        if let Some(tail) = cut
            && !self.load_truncated
        {
            return Err(LoadError::Unfinished(tail));
        }
        Ok(Loaded {
            commands: self.progress.commands - self.progress.reverted(),
            length_bytes: cut.map_or(self.progress.valid_up_to, |tail| tail.valid_up_to),
            executor: self.executor,
            cut,
        })
    }
}

/// Applies or queues one command.
fn take(
    parsed: Parsed<'_>,
    progress: &mut Progress,
    executor: &mut Executor,
    session: &mut Session,
    queued: &mut Vec<(Place, OwnedArgv)>,
) -> Result<ReplayOutcome, Broken> {
    let (place, argv) = (parsed.place, parsed.argv);
    match progress.admit(place, argv.name(), argv.len(), parsed.end())? {
        Role::Apply => {
            executor.replay(session, argv).map_err(|error| refused(progress, place, error))?;
            Ok(ReplayOutcome::Applied)
        }
        Role::Begin => Ok(ReplayOutcome::TransactionOpened),
        Role::Queue => {
            queued.push((place, OwnedArgv::from(argv)));
            Ok(ReplayOutcome::Queued)
        }
        Role::Commit { commands } => {
            for (place, argv) in queued.drain(..) {
                executor
                    .replay(session, argv.as_argv())
                    .map_err(|error| refused(progress, place, error))?;
            }
            Ok(ReplayOutcome::Committed { commands })
        }
    }
}

/// The executor refuses a command that the table admitted. Both ask the same table, so this is
/// never reached; it is an error like the other one and not a panic.
fn refused(progress: &Progress, place: Place, error: ReplayError) -> Broken {
    let problem = match error {
        ReplayError::UnknownCommand { name } => {
            Problem::UnknownCommand { name: String::from_utf8_lossy(&name).into_owned() }
        }
        ReplayError::WrongArity { name, words } => {
            Problem::WrongArity { name: name.to_owned(), words }
        }
    };
    progress.broken(place, problem)
}

/// Asks the command table.
pub(crate) fn lookup(name: &[u8], words: usize) -> Option<bool> {
    crate::command::lookup(name).map(|command| command.accepts(words))
}

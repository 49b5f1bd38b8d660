//! The order of a start: what is done to the file before anybody may be answered.
//!
//! # The problem
//! After a crash the page cache can show more than the disk holds: bytes that were written and
//! never synced, a file whose name was never made durable. A server that loads what the cache
//! shows and then acknowledges new writes on top of it has promised something about a file that a
//! power cut may still take away, as a whole. So a start ends with two syncs, the file's and its
//! directory's, and only then is anything served; the very first file is no exception.
//!
//! # The order
//! 1. The host takes the lock, before the first action. It is a file of its own: the log's inode
//!    changes at a rewrite. A lock that is taken by another process is a reason not to start.
//! 2. [`StartAction::Open`], then [`StartAction::Read`] until the end of the file; each command
//!    that is loaded is a step.
//! 3. [`StartAction::Truncate`], if the end is missing and `aof-load-truncated` is on.
//! 4. [`StartAction::SyncFile`], [`StartAction::SyncDirectory`], unless the profile does neither.
//! 5. [`StartAction::FindOrphans`], and [`StartAction::Remove`] for each file that a rewrite left
//!    behind when the process died. Only now: before the name of the log is durable, a power cut
//!    could still take the log back to what it was, and nothing that lies beside it is removed
//!    while it is not certain which file the log is.
//! 6. [`StartStep::Ready`]: `written` and `synced` are the loaded length.
//!
//! Any failure in the first four means: do not start, say why, leave the file as it is. A file
//! that cannot be removed is only told of. One whose child still lives is left alone: it is still
//! being written, and the child removes it itself when it notices that nobody is there any more.
//! Whether the child lives is known by its process id, which may be another process's by now; the
//! file then stays until a later start. Redis never removes any, so they pile up (issue 3065), and
//! so they do under `redis-6.2`.
//!
//! A start with the log off removes nothing, although a rewrite of such a server may leave files,
//! too: it has not taken the lock, so the files may be those of the server that has. They go at the
//! next start with the log on.
//!
//! # What is not promised
//! A sync that had failed before the process ended is not seen here: the kernel tells of it once,
//! drops the pages and counts them as clean. They are read as if nothing had been, the syncs of
//! the start succeed, and a power cut takes what the medium never had. While the server runs, a
//! rewrite heals this; a restart before that rewrite is complete does not. To drop the cache before
//! reading would keep that promise and break another: after a kill alone, what was acknowledged is
//! in the cache and must come back. To write the log anew at every start would keep both and double
//! the work of every start. What could help is a note beside the log, made durable when the sync
//! fails, after which a start writes the log anew; the disk that it would be written to is the one
//! that has just failed.
//!
//! # Rejected
//! A function with callbacks: the page could not stand still in the middle of it.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::execute::Executor;
use crate::load::{LoadError, LoadStep, Loaded, Loader, Replayed, Tail};
use crate::profile::StartSync;
use crate::rewrite::names::{self, FileName};
use crate::units::{ChildId, Errno};

/// Bytes that one [`StartAction::Read`] asks for.
pub const READ_BYTES: usize = 256 * 1024;

/// What the host is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartAction {
    /// Open the log for reading and appending, or create it (mode 0644). Answered with
    /// [`Start::opened`].
    Open,
    /// Read at most so many bytes at this offset. Answered with [`Start::read`].
    Read {
        /// Where.
        offset: u64,
        /// At most so many bytes. Fewer are no sign of the end; none are.
        max_bytes: usize,
    },
    /// Cut the file to this length. Answered with [`Start::done`].
    Truncate {
        /// To so many bytes.
        length_bytes: u64,
    },
    /// `fdatasync(2)` of the file. Answered with [`Start::done`].
    SyncFile,
    /// `fsync(2)` of the directory that holds its name. Answered with [`Start::done`].
    SyncDirectory,
    /// List the directory. Answered with [`Start::found`].
    FindOrphans,
    /// `unlink(2)` of what a rewrite left behind, unless that child is alive. Answered with
    /// [`Start::removed`].
    Remove {
        /// Its name.
        name: FileName,
        /// Who left it.
        child: ChildId,
    },
}

/// What became of a file that a rewrite left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// Its child is alive, or another process has its number.
    InUse,
    /// It could not be removed.
    Failed(Errno),
}

/// One step of a start.
#[derive(Debug)]
pub enum StartStep<'a> {
    /// Do this and answer. The same again until it is answered.
    Perform(StartAction),
    /// One command was loaded.
    Loaded(Replayed<'a>),
    /// All is done: [`Start::into_started`].
    Ready,
}

/// Why a server does not start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum StartError {
    /// The file could not be opened or created.
    #[error("cannot open the append-only file: {}", .0.text())]
    Open(Errno),
    /// The file could not be read.
    #[error("cannot read the append-only file at {offset}: {}", errno.text())]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        errno: Errno,
    },
    /// The log cannot be loaded.
    #[error("{0}")]
    Load(#[from] LoadError),
    /// The missing end could not be cut off.
    #[error("cannot truncate the append-only file to {length_bytes} bytes: {}", errno.text())]
    Truncate {
        /// To this length.
        length_bytes: u64,
        /// Why.
        errno: Errno,
    },
    /// What was loaded could not be made durable.
    #[error("cannot sync the append-only file: {}", .0.text())]
    SyncFile(Errno),
    /// The name of the file could not be made durable.
    #[error("cannot sync the directory of the append-only file: {}", .0.text())]
    SyncDirectory(Errno),
    /// The host answered what was not asked, or went on after a failure.
    #[error("an answer that nobody asked for")]
    OutOfOrder,
}

/// What the host found when it opened the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opened {
    /// The file was not there and is new.
    pub created: bool,
    /// Its length, for progress only: the end is where a read gives nothing.
    pub size_bytes: u64,
}

/// A start that has come to its end.
#[derive(Clone, Debug)]
pub struct Started {
    /// The dataset, in the executor that was given.
    pub executor: Executor,
    /// Length of the log: where the ledger begins, `written` and `synced`.
    pub length_bytes: u64,
    /// Commands that were loaded.
    pub commands: u64,
    /// What was cut off.
    pub cut: Option<Tail>,
    /// The file is new.
    pub created: bool,
    /// Files that rewrites had left behind, and what became of them.
    pub orphans: Vec<(FileName, Removal)>,
}

/// A start in progress.
#[derive(Clone, Debug)]
pub struct Start {
    sync: StartSync,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Opening(Box<Loader>),
    Loading {
        loader: Box<Loader>,
        created: bool,
    },
    Truncating(Box<Started>),
    SyncingFile(Box<Started>),
    SyncingDirectory(Box<Started>),
    FindingOrphans(Box<Started>),
    /// The first of these is being removed.
    Removing(Box<Started>, BTreeSet<(FileName, ChildId)>),
    Ready(Box<Started>),
    Failed(StartError),
}

impl Start {
    /// A start into `executor`, whose dataset is empty and whose configuration decides. Only for
    /// `appendonly yes`: without a log there is nothing to open.
    #[must_use]
    pub fn new(executor: Executor) -> Self {
        let sync = executor.config.choices().start;
        Self { sync, state: State::Opening(Box::new(Loader::new(executor))) }
    }

    /// The loader, while there is one: for progress (`loading_loaded_bytes`).
    #[must_use]
    pub fn loader(&self) -> Option<&Loader> {
        match &self.state {
            State::Opening(loader) | State::Loading { loader, .. } => Some(loader),
            State::Truncating(_)
            | State::SyncingFile(_)
            | State::SyncingDirectory(_)
            | State::FindingOrphans(_)
            | State::Removing(..)
            | State::Ready(_)
            | State::Failed(_) => None,
        }
    }

    /// What is being cut off, while [`StartAction::Truncate`] is what comes next.
    #[must_use]
    pub fn cut(&self) -> Option<Tail> {
        match &self.state {
            State::Truncating(started) => started.cut,
            _ => None,
        }
    }

    /// What comes next. Loads one command, or names the action that the host must perform.
    ///
    /// # Errors
    /// When the server must not start; again on every later call.
    pub fn next_step(&mut self) -> Result<StartStep<'_>, StartError> {
        let action = match &mut self.state {
            State::Opening(_) => StartAction::Open,
            State::Loading { loader, .. } => {
                let offset = loader.fed_bytes();
                match loader.next_step()? {
                    LoadStep::Command(replayed) => return Ok(StartStep::Loaded(replayed)),
                    LoadStep::NeedMore => StartAction::Read { offset, max_bytes: READ_BYTES },
                }
            }
            State::Truncating(started) => {
                StartAction::Truncate { length_bytes: started.length_bytes }
            }
            State::SyncingFile(_) => StartAction::SyncFile,
            State::SyncingDirectory(_) => StartAction::SyncDirectory,
            State::FindingOrphans(_) => StartAction::FindOrphans,
            State::Removing(_, orphans) => match orphans.first() {
                Some(&(name, child)) => StartAction::Remove { name, child },
                None => return Err(StartError::OutOfOrder),
            },
            State::Ready(_) => return Ok(StartStep::Ready),
            State::Failed(error) => return Err(error.clone()),
        };
        Ok(StartStep::Perform(action))
    }

    /// The answer to [`StartAction::Open`].
    ///
    /// # Errors
    /// When the server must not start.
    pub fn opened(&mut self, result: Result<Opened, Errno>) -> Result<(), StartError> {
        self.change(|state, _| match (state, result) {
            (State::Opening(loader), Ok(Opened { created, .. })) => {
                Ok(State::Loading { loader, created })
            }
            (State::Opening(_), Err(errno)) => Err(StartError::Open(errno)),
            _ => Err(StartError::OutOfOrder),
        })
    }

    /// The answer to [`StartAction::Read`]: what was read, nothing at the end of the file. The
    /// host tries again by itself when it was interrupted.
    ///
    /// # Errors
    /// When the server must not start.
    pub fn read(&mut self, result: Result<&[u8], Errno>) -> Result<(), StartError> {
        self.change(|state, sync| {
            let State::Loading { mut loader, created } = state else {
                return Err(StartError::OutOfOrder);
            };
            match result {
                Ok([]) => Ok(Self::loaded(loader.finish()?, created, sync)),
                Ok(bytes) => {
                    loader.feed(bytes);
                    Ok(State::Loading { loader, created })
                }
                Err(errno) => Err(StartError::Read { offset: loader.fed_bytes(), errno }),
            }
        })
    }

    /// The answer to [`StartAction::Truncate`], [`StartAction::SyncFile`] and
    /// [`StartAction::SyncDirectory`].
    ///
    /// # Errors
    /// When the server must not start.
    pub fn done(&mut self, result: Result<(), Errno>) -> Result<(), StartError> {
        self.change(|state, sync| match (state, result) {
            (State::Truncating(started), Ok(())) => Ok(Self::settled(started, sync)),
            (State::Truncating(started), Err(errno)) => {
                Err(StartError::Truncate { length_bytes: started.length_bytes, errno })
            }
            (State::SyncingFile(started), Ok(())) => Ok(State::SyncingDirectory(started)),
            (State::SyncingFile(_), Err(errno)) => Err(StartError::SyncFile(errno)),
            (State::SyncingDirectory(started), Ok(())) => Ok(State::FindingOrphans(started)),
            (State::SyncingDirectory(_), Err(errno)) => Err(StartError::SyncDirectory(errno)),
            _ => Err(StartError::OutOfOrder),
        })
    }

    /// The answer to [`StartAction::FindOrphans`]: the names in the directory, as many as are
    /// text. None of them when it cannot be listed.
    ///
    /// # Errors
    /// When the server must not start.
    pub fn found<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StartError> {
        // In an order of their own, so that no host's order of listing shows.
        let orphans = names.into_iter().filter_map(names::orphan).collect();
        self.change(|state, _| match state {
            State::FindingOrphans(started) => Ok(Self::next_orphan(started, orphans)),
            _ => Err(StartError::OutOfOrder),
        })
    }

    /// The answer to [`StartAction::Remove`].
    ///
    /// # Errors
    /// When the server must not start.
    pub fn removed(&mut self, removal: Removal) -> Result<(), StartError> {
        self.change(|state, _| match state {
            State::Removing(mut started, mut orphans) => {
                let removed = orphans.pop_first();
                started.orphans.extend(removed.map(|(name, _)| (name, removal)));
                Ok(Self::next_orphan(started, orphans))
            }
            _ => Err(StartError::OutOfOrder),
        })
    }

    /// What was started, once [`StartStep::Ready`] was reached.
    ///
    /// # Errors
    /// Before that.
    pub fn into_started(self) -> Result<Started, StartError> {
        match self.state {
            State::Ready(started) => Ok(*started),
            State::Failed(error) => Err(error),
            State::Loading { loader, .. } => {
                Err(loader.error().cloned().map_or(StartError::OutOfOrder, StartError::Load))
            }
            State::Opening(_)
            | State::Truncating(_)
            | State::SyncingFile(_)
            | State::SyncingDirectory(_)
            | State::FindingOrphans(_)
            | State::Removing(..) => Err(StartError::OutOfOrder),
        }
    }

    /// Moves on, or fails for good.
    fn change(
        &mut self,
        next: impl FnOnce(State, StartSync) -> Result<State, StartError>,
    ) -> Result<(), StartError> {
        let state = std::mem::replace(&mut self.state, State::Failed(StartError::OutOfOrder));
        if let State::Failed(error) = state {
            self.state = State::Failed(error.clone());
            return Err(error);
        }
        let (state, result) = match next(state, self.sync) {
            Ok(state) => (state, Ok(())),
            Err(error) => (State::Failed(error.clone()), Err(error)),
        };
        self.state = state;
        result
    }

    fn loaded(loaded: Loaded, created: bool, sync: StartSync) -> State {
        let Loaded { executor, commands, length_bytes, cut } = loaded;
        let orphans = Vec::new();
        let started = Started { executor, length_bytes, commands, cut, created, orphans };
        let started = Box::new(started);
        if cut.is_some() { State::Truncating(started) } else { Self::settled(started, sync) }
    }

    fn next_orphan(started: Box<Started>, orphans: BTreeSet<(FileName, ChildId)>) -> State {
        if orphans.is_empty() { State::Ready(started) } else { State::Removing(started, orphans) }
    }

    /// The file is as it should be; whether the disk knows is the profile's business.
    fn settled(started: Box<Started>, sync: StartSync) -> State {
        match sync {
            StartSync::Nothing => State::Ready(started),
            StartSync::FileAndDirectory => State::SyncingFile(started),
        }
    }
}

#[cfg(test)]
mod tests;

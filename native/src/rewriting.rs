//! What the host does for a rewrite: pipes, the child, the lock. When any of it happens is decided
//! in `core`.
//!
//! Nothing here blocks the event loop. The pipes never wait at either end of the parent, the poll
//! set says when they are ready, and whether the child has ended is asked of the kernel without
//! waiting, just before each tick. (Redis looks at the same moment, in `serverCron`.)
//!
//! # The lock
//! A rewrite lets the name of the log lead to another file. A server whose log is off may do that,
//! too (`BGREWRITEAOF`, `CONFIG SET appendonly yes`), and it has taken no lock at its start. So the
//! lock is taken here, before the first thing that a rewrite does, and from then on held to the end
//! of the process. A server that does not get it says who holds it in its log; to the engine the
//! pipes, or the log, could not be opened: `EBUSY`. Rejected: taking the lock at every start. Two
//! servers without logs may well share a directory.

mod child;
mod copied;
mod pipes;

use std::sync::Arc;

use aof_core::config::Config;
use aof_core::effect::Pipe;
use aof_core::event::{ChildStatus, Event};
use aof_core::keyspace::Keyspace;
use aof_core::rewrite::child::Parameters;
use aof_core::units::{ChildId, Errno};
use mio::{Registry, Token};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::clock::Clock;
use crate::directory::Directory;
use crate::fork;
use crate::lanes::errno;
use crate::lock::LogLock;
use pipes::Pipes;

/// Pipes, child and lock of this process.
#[derive(Debug)]
pub struct Rewriting {
    directory: Arc<Directory>,
    lock: Option<LogLock>,
    pipes: Option<Pipes>,
    child: Option<Pid>,
}

impl Rewriting {
    /// No rewrite yet. `lock` is that of the log, if it was taken already.
    #[must_use]
    pub fn new(directory: Directory, lock: Option<LogLock>) -> Self {
        Self { directory: Arc::new(directory), lock, pipes: None, child: None }
    }

    /// The directory of the log.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Takes the lock of the log, unless it is held already.
    ///
    /// # Errors
    /// `EBUSY` if it cannot be had. Why is in the server's log.
    pub fn lock(&mut self) -> Result<(), Errno> {
        if self.lock.is_none() {
            match LogLock::take(&self.directory.log_path()) {
                Ok(lock) => self.lock = Some(lock),
                Err(error) => {
                    tracing::warn!("{error}");
                    return Err(Errno::EBUSY);
                }
            }
        }
        Ok(())
    }

    /// Opens the pipes and adds the parent's ends to the poll set.
    ///
    /// # Errors
    /// If the log is another's, or there are no descriptors left. None is open then.
    #[doc(alias = "aofCreatePipes")]
    pub fn open_pipes(&mut self, registry: &Registry) -> Result<(), Errno> {
        self.close_pipes(registry);
        self.lock()?;
        self.pipes = Some(Pipes::open(registry)?);
        Ok(())
    }

    /// Closes what is left of the pipes.
    #[doc(alias = "aofClosePipes")]
    pub fn close_pipes(&mut self, registry: &Registry) {
        if let Some(pipes) = self.pipes.take() {
            pipes.close(registry);
        }
    }

    /// Makes the child.
    ///
    /// # Errors
    /// What `fork(2)` said.
    pub fn fork(
        &mut self,
        keyspace: &Keyspace,
        config: &Config,
        clock: Clock,
    ) -> Result<ChildId, Errno> {
        let ends = self.pipes.as_mut().and_then(Pipes::take_child).ok_or(Errno::EBADF)?;
        let mut keep = ends.descriptors().to_vec();
        keep.push(self.directory.descriptor());
        let locks: Vec<_> = self.lock.iter().flat_map(LogLock::descriptors).collect();
        let parameters = Parameters::of(config);
        let run = || child::run(keyspace, parameters, &self.directory, &ends, clock);
        let child = fork::fork(&keep, &locks, run).map_err(errno)?;
        self.child = Some(child);
        Ok(name_of(child))
    }

    /// Writes into a pipe, once.
    ///
    /// # Errors
    /// `EAGAIN` if it is full, `EPIPE` if the child has ended.
    pub fn write(&mut self, pipe: Pipe, bytes: &[u8]) -> Result<u64, Errno> {
        self.pipes.as_mut().ok_or(Errno::EBADF)?.write(pipe, bytes)
    }

    /// What follows from a report that a pipe is ready to be written to, once for each report.
    pub fn has_room(&mut self, token: Token) -> Option<Event<'static>> {
        self.pipes.as_mut().filter(|_| token == pipes::DATA)?.has_room()
    }

    /// What was said through the pipe of this token, one thing after the other, until nothing is
    /// left.
    #[doc(alias = "aofChildPipeReadable")]
    pub fn news(&mut self, token: Token) -> Option<Event<'static>> {
        self.pipes.as_mut()?.news(token)
    }

    /// Ends the child, unless it has ended.
    #[doc(alias = "killAppendOnlyChild")]
    pub fn kill(&self, child: ChildId) {
        // A child that was reaped has given its number back, perhaps to somebody else.
        if let Some(pid) = self.child.filter(|&pid| name_of(pid) == child) {
            kill(pid, Signal::SIGUSR1).ok();
        }
    }

    /// The child, if it lives or was not reaped.
    #[must_use]
    pub fn child(&self) -> Option<ChildId> {
        self.child.map(name_of)
    }

    /// How the child has ended, if it has, and then never again. Does not wait.
    #[doc(alias = "checkChildrenDone")]
    pub fn reap(&mut self) -> Option<Event<'static>> {
        let pid = self.child?;
        let status = match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => ChildStatus::Code(code),
            Ok(WaitStatus::Signaled(_, signal, _)) => ChildStatus::Signal(signal as i32),
            // It lives, or a signal came in between.
            Ok(_) | Err(nix::errno::Errno::EINTR) => return None,
            // Somebody else was told how it ended. What nobody knows is no success.
            Err(_) => ChildStatus::Code(1),
        };
        self.child = None;
        Some(Event::ChildExited { child: name_of(pid), status })
    }
}

fn name_of(pid: Pid) -> ChildId {
    ChildId(pid.as_raw().unsigned_abs())
}

/// Whether this token is one of a rewrite's pipes.
#[must_use]
pub fn is_pipe(token: Token) -> bool {
    pipes::WATCHED.contains(&token)
}

/// The pipes that the child may have said something through before it ended.
pub const READ_BY_PARENT: [Token; 2] = [pipes::STOP, pipes::REPORT];

#[cfg(test)]
mod tests;

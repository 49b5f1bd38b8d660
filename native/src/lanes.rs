//! The background lanes: threads that wait for the disk so that the event loop does not.
//!
//! Each lane is one thread that performs its tasks in the order in which they came. A task owns a
//! share of its open file, so the descriptor stays open until the task has ended: a number that
//! the process reused could never be synced by mistake. (Redis hands the bare number to its
//! thread and has to forgive EBADF.) A `dup(2)` per task would give the same safety for two more
//! system calls a second.
//!
//! A completion goes into a shared queue, and a [`mio::Waker`] wakes the event loop. The threads
//! are never joined: at exit they may still wait for a disk that does not answer.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use aof_core::effect::{Lane, OpenMode};
use aof_core::rewrite::names::FileName;
use aof_core::units::{Errno, FileId, JobId, Micros};
use mio::Waker;
use nix::unistd;

use crate::clock::Clock;
use crate::directory::Directory;

#[cfg(test)]
mod tests;

/// What must be done with one file, or with one name.
#[derive(Debug)]
pub enum FileTask {
    /// `fdatasync(2)`.
    Sync(Arc<File>),
    /// `ftruncate(2)` to so many bytes.
    Truncate(Arc<File>, u64),
    /// `close(2)`.
    Close(Arc<File>),
    /// `write(2)`, until all of it is in the file.
    Append(Arc<File>, Arc<Vec<u8>>),
    /// `open(2)`. The engine knows the file by this number from then on.
    Open(FileId, FileName, OpenMode),
    /// `rename(2)` of the name of this file.
    Rename {
        /// Which.
        file: Arc<File>,
        /// Its name.
        from: FileName,
        /// Its name from now on.
        to: FileName,
    },
    /// `fsync(2)` of the directory.
    SyncDirectory,
    /// `unlink(2)`.
    Unlink(FileName),
}

/// What a task has done.
#[derive(Debug)]
pub enum Done {
    /// The call of every other task.
    Called(Result<(), Errno>),
    /// A file is open, or not: its number, the file and its length in bytes.
    Opened(FileId, Result<(File, u64), Errno>),
}

impl FileTask {
    /// Makes the call and waits for it.
    pub fn perform(self, directory: &Directory) -> Done {
        Done::Called(match self {
            Self::Open(file, name, mode) => {
                return Done::Opened(file, directory.open_file(name, mode));
            }
            Self::Sync(file) => uninterrupted(|| unistd::fdatasync(&*file)).map_err(errno),
            Self::Truncate(file, length_bytes) => {
                let length = i64::try_from(length_bytes).map_err(|_| Errno::EFBIG);
                length.and_then(|length| unistd::ftruncate(&*file, length).map_err(errno))
            }
            Self::Close(file) => match Arc::into_inner(file) {
                Some(file) => unistd::close(file).map_err(errno),
                // Another lane still has a task on this file; the descriptor closes with it.
                None => Ok(()),
            },
            Self::Append(file, block) => append(&file, &block),
            Self::Rename { file, from, to } => directory.rename_file(&file, from, to),
            Self::SyncDirectory => directory.sync(),
            Self::Unlink(name) => directory.unlink(name),
        })
    }
}

/// All of a block goes to the end of a file. After a failure a part of it may be there.
fn append(file: &File, mut block: &[u8]) -> Result<(), Errno> {
    while !block.is_empty() {
        match unistd::write(file, block) {
            // A file that takes nothing and does not say why: Redis calls that EIO, too.
            Ok(0) => return Err(Errno::EIO),
            Ok(written) => block = &block[written..],
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(errno(error)),
        }
    }
    Ok(())
}

/// Makes a call again for as long as a signal interrupts it: that is no word about the disk.
fn uninterrupted(mut call: impl FnMut() -> nix::Result<()>) -> nix::Result<()> {
    loop {
        match call() {
            Err(nix::errno::Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// The number behind nix's name of an error.
#[must_use]
pub fn errno(error: nix::errno::Errno) -> Errno {
    Errno(error as i32)
}

/// The end of a job.
#[derive(Debug)]
pub struct Completion {
    /// Which job.
    pub job: JobId,
    /// What came of it.
    pub done: Done,
    /// How long the call took.
    pub took: Micros,
}

/// Performs a task and measures it.
pub fn perform(job: JobId, task: FileTask, directory: &Directory, clock: Clock) -> Completion {
    let started = clock.mono();
    let done = task.perform(directory);
    Completion { job, done, took: Micros(clock.mono().since(started)) }
}

/// The two background threads and the queue of what they have done.
#[derive(Debug)]
pub struct Lanes {
    sync: Sender<(JobId, FileTask)>,
    slow: Sender<(JobId, FileTask)>,
    done: Arc<Finished>,
}

#[derive(Debug)]
struct Finished {
    queue: Mutex<VecDeque<Completion>>,
    waker: Waker,
}

impl Finished {
    fn push(&self, completion: Completion) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(completion);
        // A wake-up that fails is made up for by the next tick, which looks at the queue too.
        self.waker.wake().ok();
    }
}

impl Lanes {
    /// Starts the threads. `waker` is woken after every completion.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(waker: Waker, directory: &Arc<Directory>, clock: Clock) -> io::Result<Self> {
        let done = Arc::new(Finished { queue: Mutex::new(VecDeque::new()), waker });
        let sync = spawn("aof-sync", clock, directory, &done)?;
        let slow = spawn("aof-slow", clock, directory, &done)?;
        Ok(Self { sync, slow, done })
    }

    /// Hands a task to a lane. [`Lane::Inline`] is not a background lane; such a task counts as
    /// slow here.
    pub fn submit(&self, lane: Lane, job: JobId, task: FileTask) {
        let sender = match lane {
            Lane::Sync => &self.sync,
            Lane::Slow | Lane::Inline => &self.slow,
        };
        if sender.send((job, task)).is_err() {
            // The thread is gone, so nobody knows what the disk has.
            let done = Done::Called(Err(Errno::EIO));
            self.done.push(Completion { job, done, took: Micros(0) });
        }
    }

    /// The oldest completion that was not taken yet.
    #[must_use]
    pub fn take(&self) -> Option<Completion> {
        self.done.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

fn spawn(
    name: &str,
    clock: Clock,
    directory: &Arc<Directory>,
    done: &Arc<Finished>,
) -> io::Result<Sender<(JobId, FileTask)>> {
    let (sender, receiver): (_, Receiver<(JobId, FileTask)>) = channel();
    let (directory, done) = (Arc::clone(directory), Arc::clone(done));
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        for (job, task) in receiver {
            done.push(perform(job, task, &directory, clock));
        }
    })?;
    Ok(sender)
}

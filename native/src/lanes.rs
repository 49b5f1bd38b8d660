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

use aof_core::effect::Lane;
use aof_core::units::{Errno, JobId, Micros};
use mio::Waker;
use nix::unistd;

use crate::clock::Clock;

#[cfg(test)]
mod tests;

/// One system call on one open file.
#[derive(Debug)]
pub enum FileTask {
    /// `fdatasync(2)`.
    Sync(Arc<File>),
    /// `ftruncate(2)` to so many bytes.
    Truncate(Arc<File>, u64),
    /// `close(2)`.
    Close(Arc<File>),
}

impl FileTask {
    /// Makes the call and waits for it.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn perform(self) -> Result<(), Errno> {
        match self {
            Self::Sync(file) => uninterrupted(|| unistd::fdatasync(&*file)).map_err(errno),
            Self::Truncate(file, length_bytes) => {
                let length = i64::try_from(length_bytes).map_err(|_| Errno(27))?;
                unistd::ftruncate(&*file, length).map_err(errno)
            }
            Self::Close(file) => match Arc::into_inner(file) {
                Some(file) => unistd::close(file).map_err(errno),
                // Another lane still has a task on this file; the descriptor closes with it.
                None => Ok(()),
            },
        }
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Which job.
    pub job: JobId,
    /// What the kernel said.
    pub result: Result<(), Errno>,
    /// How long the call took.
    pub took: Micros,
}

/// Performs a task and measures it.
pub fn perform(job: JobId, task: FileTask, clock: Clock) -> Completion {
    let started = clock.mono();
    let result = task.perform();
    Completion { job, result, took: Micros(clock.mono().since(started)) }
}

/// The two background threads and the queue of what they have done.
#[derive(Debug)]
pub struct Lanes {
    sync: Sender<(JobId, FileTask)>,
    slow: Sender<(JobId, FileTask)>,
    done: Arc<Done>,
}

#[derive(Debug)]
struct Done {
    queue: Mutex<VecDeque<Completion>>,
    waker: Waker,
}

impl Done {
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
    pub fn start(waker: Waker, clock: Clock) -> io::Result<Self> {
        let done = Arc::new(Done { queue: Mutex::new(VecDeque::new()), waker });
        let sync = spawn("aof-sync", clock, Arc::clone(&done))?;
        let slow = spawn("aof-slow", clock, Arc::clone(&done))?;
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
            self.done.push(Completion { job, result: Err(Errno::EIO), took: Micros(0) });
        }
    }

    /// The oldest completion that was not taken yet.
    #[must_use]
    pub fn take(&self) -> Option<Completion> {
        self.done.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

fn spawn(name: &str, clock: Clock, done: Arc<Done>) -> io::Result<Sender<(JobId, FileTask)>> {
    let (sender, receiver): (_, Receiver<(JobId, FileTask)>) = channel();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        for (job, task) in receiver {
            done.push(perform(job, task, clock));
        }
    })?;
    Ok(sender)
}

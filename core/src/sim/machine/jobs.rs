//! What runs beside the loop: one queue for each background thread.
//!
//! A job waits for those before it on its thread. It takes effect at its end, all at once. Where
//! the clock decides the loop hears of it in the same moment; where a schedule decides, later.

use std::sync::Arc;

use crate::digest::Digest;
use crate::effect::{Lane, OpenMode, Work};
use crate::event::Event;
use crate::pump::Outcome;
use crate::rewrite::names::FileName;
use crate::sim::disk::{DirectorySync, Inode, Stored, Sync};
use crate::sim::fact::{FileWork, Progress};
use crate::sim::machine::{Machine, Performed};
use crate::units::{Errno, FileId, JobId, Micros};

/// What an operation on names takes, in microseconds.
const NAME_MICROS: u64 = 30;
/// What every whole 1024 bytes of an append take, in microseconds.
const APPEND_PER_KIBIBYTE_MICROS: u64 = 1;
/// What it takes to give back every whole 1024 bytes of a file that has no name any more.
const FREE_PER_KIBIBYTE_MICROS: u64 = 1;

/// A job that will end later.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// Its name.
    pub job: JobId,
    /// Its thread.
    pub lane: Lane,
    /// What it does.
    pub work: Working,
    /// When it started on its lane.
    pub started: Micros,
    /// When it will end.
    pub due: Micros,
    /// How it went, once it has taken effect and the loop has not heard of it.
    pub done: Option<Result<u64, Errno>>,
}

/// What a job does.
#[derive(Clone, Debug)]
pub enum Working {
    /// Syncs the log.
    SyncLog {
        /// The sync.
        sync: Sync,
        /// Durable when it started, as a position in the log.
        from: u64,
        /// Durable when it has succeeded.
        to: u64,
    },
    /// Syncs another file.
    Sync {
        /// The sync.
        sync: Sync,
        /// Durable when it started, in bytes of the file.
        from: u64,
        /// Durable when it has succeeded, in bytes of the file.
        to: u64,
    },
    /// Appends a block.
    Append {
        /// To which file.
        inode: Inode,
        /// What.
        block: Arc<Vec<u8>>,
        /// Length of the file before.
        from: u64,
        /// Position in the log after it.
        upto: u64,
    },
    /// Opens a file.
    Open {
        /// Its number from then on.
        file: FileId,
        /// Its name.
        name: FileName,
        /// How.
        mode: OpenMode,
    },
    /// Moves a name.
    Rename {
        /// The old name.
        from: FileName,
        /// The new name.
        to: FileName,
    },
    /// Syncs the directory.
    SyncDirectory(DirectorySync),
    /// Closes a file.
    Close {
        /// Which.
        inode: Inode,
    },
    /// Removes a name.
    Unlink {
        /// Which.
        name: FileName,
    },
}

impl Machine {
    /// The sync of the log that is on its way, if one is.
    #[must_use]
    pub fn log_sync(&self) -> Option<(&InFlight, u64, u64)> {
        self.jobs.iter().find_map(|job| match job.work {
            Working::SyncLog { from, to, .. } => Some((job, from, to)),
            _ => None,
        })
    }

    /// Work of an engine: done at once on the loop, or begun on its lane.
    pub(super) fn submit(&mut self, job: JobId, lane: Lane, work: Work) -> Outcome<'static> {
        let working = match work {
            Work::Truncate { file, length_bytes } => {
                let inode = self.inode_of(file);
                let result = inode
                    .ok_or(Errno::EBADF)
                    .and_then(|inode| self.disk.truncate(inode, length_bytes, self.clock));
                self.performed = Some(Performed::Truncate { length_bytes, result });
                return Outcome::Now(Event::Job { job, result, took: Micros(0) });
            }
            // Closing the log frees nothing here and takes no time, whatever the lane.
            Work::Close { file } if self.inode_of(file) == Some(self.inode) => {
                self.files.remove(&file);
                self.disk.release(self.inode);
                self.performed = Some(Performed::CloseFile);
                return Outcome::Now(Event::Job { job, result: Ok(()), took: Micros(0) });
            }
            Work::Sync { file, upto } => match self.inode_of(file) {
                None => return self.not_open(job),
                Some(inode) if inode == self.inode => {
                    let from = self.durable();
                    let sync = self.disk.begin_sync(inode);
                    Working::SyncLog { sync, from, to: self.positions.of(upto) }
                }
                Some(inode) => {
                    let stored = self.disk.file(inode);
                    let from = stored.map_or(0, Stored::durable_upto);
                    let to = stored.map_or(0, |stored| stored.cached().len() as u64);
                    Working::Sync { sync: self.disk.begin_sync(inode), from, to }
                }
            },
            Work::Close { file } => match self.files.remove(&file) {
                None => return self.not_open(job),
                Some(inode) => Working::Close { inode },
            },
            Work::Open { file, name, mode } => Working::Open { file, name, mode },
            Work::Rename { from, to, .. } => Working::Rename { from, to },
            Work::SyncDirectory => Working::SyncDirectory(self.disk.begin_directory_sync()),
            Work::Unlink { name } => Working::Unlink { name },
        };
        self.begin(job, lane, working)
    }

    /// A block goes to the end of a file.
    pub(super) fn append(
        &mut self,
        job: JobId,
        lane: Lane,
        file: FileId,
        block: &Arc<Vec<u8>>,
        upto: u64,
    ) -> Outcome<'static> {
        let Some(inode) = self.inode_of(file) else { return self.not_open(job) };
        let from = self.disk.file(inode).map_or(0, |stored| stored.cached().len() as u64);
        let block = Arc::clone(block);
        self.begin(job, lane, Working::Append { inode, block, from, upto })
    }

    fn not_open(&mut self, job: JobId) -> Outcome<'static> {
        self.performed = Some(Performed::CloseFile);
        Outcome::Now(Event::Job { job, result: Err(Errno::EBADF), took: Micros(0) })
    }

    fn begin(&mut self, job: JobId, lane: Lane, work: Working) -> Outcome<'static> {
        let micros = self.duration_micros(&work);
        if lane == Lane::Inline {
            let started = self.clock;
            self.pass(micros);
            let job = InFlight { job, lane, work, started, due: self.clock, done: None };
            let (fact, event) = self.finish(&job);
            self.performed = Some(fact);
            return Outcome::Now(event);
        }
        let same = self.jobs.iter().filter(|other| other.lane == lane);
        let free = same.map(|other| other.due).max().unwrap_or_default();
        let started = self.clock.max(free);
        let due = Micros(started.0.saturating_add(micros));
        self.performed = Some(match work {
            Working::SyncLog { from, to, .. } => Performed::SyncStart { from, to },
            ref work => {
                Performed::File { lane, work: self.told(work, None), progress: Progress::Begun }
            }
        });
        self.jobs.push(InFlight { job, lane, work, started, due, done: None });
        Outcome::Later
    }

    fn duration_micros(&self, work: &Working) -> u64 {
        match work {
            Working::SyncLog { sync, .. } | Working::Sync { sync, .. } => sync.duration_micros,
            Working::Append { block, .. } => {
                NAME_MICROS + block.len() as u64 / 1024 * APPEND_PER_KIBIBYTE_MICROS
            }
            Working::Open { .. } | Working::Rename { .. } | Working::Unlink { .. } => NAME_MICROS,
            Working::SyncDirectory(_) => self.disk.parameters().sync_base_micros,
            Working::Close { inode } => {
                let bytes = self.disk.file(*inode).map_or(0, |stored| stored.cached().len() as u64);
                NAME_MICROS + bytes / 1024 * FREE_PER_KIBIBYTE_MICROS
            }
        }
    }

    /// The job takes effect on the disk.
    pub(crate) fn take_effect(&mut self, job: &InFlight) -> Result<u64, Errno> {
        let clock = self.clock;
        match &job.work {
            Working::SyncLog { sync, .. } | Working::Sync { sync, .. } => {
                self.disk.finish_sync(*sync).map(|()| 0)
            }
            Working::Append { inode, block, .. } => {
                let mut bytes = block.as_slice();
                while !bytes.is_empty() {
                    let taken = self.disk.write(*inode, bytes, clock)?;
                    let taken = usize::try_from(taken).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = &bytes[taken..];
                }
                Ok(0)
            }
            Working::Open { file, name, mode } => {
                let name = name.text(&self.name);
                let inode = match (mode, self.disk.cached_name(&name)) {
                    (_, Some(inode)) => inode,
                    (OpenMode::AppendOrCreate, None) => self.disk.open(&name, clock),
                    (OpenMode::Append | OpenMode::ReadOnly, None) => return Err(Errno::ENOENT),
                };
                self.files.insert(*file, inode);
                self.disk.hold(inode);
                Ok(self.disk.file(inode).map_or(0, |stored| stored.cached().len() as u64))
            }
            Working::Rename { from, to } => {
                let (from, to) = (from.text(&self.name), to.text(&self.name));
                self.disk.rename(&from, &to, clock).map(|()| 0)
            }
            Working::SyncDirectory(sync) => self.disk.finish_directory_sync(*sync).map(|()| 0),
            Working::Close { inode } => Ok(u64::from(self.disk.release(*inode))),
            Working::Unlink { name } => {
                let name = name.text(&self.name);
                match self.disk.unlink(&name, clock) {
                    Ok(()) | Err(Errno::ENOENT) => Ok(0),
                    Err(errno) => Err(errno),
                }
            }
        }
    }

    /// The job takes effect, if it has not, and is over: what happened, and what the engine hears.
    pub(crate) fn finish(&mut self, job: &InFlight) -> (Performed, Event<'static>) {
        self.jobs.retain(|other| other.job != job.job);
        let told = self.told(&job.work, None);
        let result = match job.done {
            Some(result) => result,
            None => self.take_effect(job),
        };
        let took_micros = job.due.since(job.started);
        let (done, took) = (result.map(|_| ()), Micros(took_micros));
        let started = job.started;
        let fact = match (&job.work, job.lane) {
            (Working::SyncLog { from, to, .. }, Lane::Inline) => {
                let (from, to) = (*from, *to);
                Performed::SyncInline { from, to, started, took_micros, result: done }
            }
            (Working::SyncLog { from, to, .. }, Lane::Sync | Lane::Slow) => {
                let (from, to) = (*from, *to);
                Performed::SyncEnd { from, to, started, took_micros, result: done }
            }
            (work, lane) => Performed::File {
                lane,
                work: match work {
                    // What the rename moved is not to be seen any more.
                    Working::Rename { .. } => told,
                    work => self.told(work, result.ok()),
                },
                progress: Progress::Ended { took_micros, result: done },
            },
        };
        let event = match job.work {
            Working::Open { .. } => Event::Opened { job: job.job, result },
            _ => Event::Job { job: job.job, result: done, took },
        };
        (fact, event)
    }

    /// The job takes effect, and the loop does not hear of it yet.
    pub(crate) fn effect_alone(&mut self, job: &InFlight) -> Performed {
        let work = self.told(&job.work, None);
        let result = self.take_effect(job);
        if let Some(known) = self.jobs.iter_mut().find(|known| known.job == job.job) {
            known.done = Some(result);
        }
        Performed::File { lane: job.lane, work, progress: Progress::Done }
    }

    fn told(&self, work: &Working, done: Option<u64>) -> FileWork {
        let cached =
            |name: &FileName| self.disk.cached_name(&name.text(&self.name)).map(|inode| inode.0);
        match work {
            Working::SyncLog { sync, from, to } | Working::Sync { sync, from, to } => {
                FileWork::Sync { inode: sync.inode.0, from: *from, to: *to }
            }
            Working::Append { inode, block, from, upto } => FileWork::Append {
                inode: inode.0,
                from: *from,
                to: from.saturating_add(block.len() as u64),
                upto: *upto,
            },
            Working::Open { name, mode, .. } => FileWork::Open {
                name: name.text(&self.name),
                mode: *mode,
                inode: cached(name),
                length_bytes: done.unwrap_or(0),
            },
            Working::Rename { from, to } => FileWork::Rename {
                from: from.text(&self.name),
                to: to.text(&self.name),
                old_inode: cached(to),
                new_inode: cached(from),
            },
            Working::SyncDirectory(_) => FileWork::SyncDirectory,
            Working::Close { inode } => {
                FileWork::Close { inode: inode.0, freed: done.is_some_and(|freed| freed > 0) }
            }
            Working::Unlink { name } => FileWork::Unlink { name: name.text(&self.name) },
        }
    }

    pub(super) fn jobs_into(&self, digest: &mut Digest) {
        digest.put_count(self.jobs.len());
        for job in &self.jobs {
            for field in [job.job.0, job.started.0, job.due.0] {
                digest.put_u64(field);
            }
            digest.put_bytes(format!("{:?} {:?}", job.lane, job.done).as_bytes());
            if let Working::SyncLog { sync, from, to } | Working::Sync { sync, from, to } = job.work
            {
                [from, to, sync.through].into_iter().for_each(|field| digest.put_u64(field));
            }
        }
    }
}

//! The machine that the engine runs on: a disk, a clock, jobs on their way, and a child process.
//!
//! This is the simulated [`Environment`]. It performs one effect at once, lets its cost pass on
//! the clock, and remembers what it did, so that the world can tell the step.
//!
//! # Costs
//!
//! A reply takes a millisecond to leave, a sync takes what the disk says, work on names takes a
//! moment, a fork and the steps of a child what [`rewriting::Parameters`] say; the rest takes no
//! time. A write into a file that is being synced waits for that sync, as Linux may make it; this
//! is why Redis puts such writes off.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::effect::{CloseReason, Effect, Gate, HaltReason, Lane, Pipe};
use crate::event::Event;
use crate::note::Note;
use crate::pump::{Environment, Outcome};
use crate::sim::disk::{Disk, Inode, Stored};
use crate::sim::fact::{FileWork, Progress};
use crate::sim::pipes::Pipes;
use crate::sim::rewriting;
use crate::units::{ChildId, ClientId, Errno, FileId, Micros, Millis};

mod child;
mod jobs;
mod positions;

pub(crate) use child::parameters_of;
pub use child::{ChildProcess, PAGE_BYTES};
pub use jobs::{InFlight, Working};
pub use positions::Positions;

/// How long a reply takes to leave, in microseconds.
pub const SEND_MICROS: u64 = 1_000;
/// The process id of the first server; its children count on from there.
pub const FIRST_PID: u32 = 4_240;
/// The longest that `DEBUG SLEEP` may stop the clock, in microseconds.
const SLEEP_LIMIT_MICROS: u64 = 3_600_000_000;
/// SIGPIPE.
const ORPHAN_ENDS: i32 = 13;
/// SIGUSR1: the server asks its child to end.
const ASKED_TO_END: i32 = 10;

/// What was done for the last effect.
#[derive(Clone, Debug)]
pub(crate) enum Performed {
    Write { from: u64, to: u64, result: Result<u64, Errno> },
    SyncStart { from: u64, to: u64 },
    SyncInline { from: u64, to: u64, started: Micros, took_micros: u64, result: Result<(), Errno> },
    SyncEnd { from: u64, to: u64, started: Micros, took_micros: u64, result: Result<(), Errno> },
    Truncate { length_bytes: u64, result: Result<(), Errno> },
    CloseFile,
    Read { from: u64, to: u64 },
    Send { client: ClientId, replies: u32, gate: Gate },
    Close { client: ClientId, reason: CloseReason },
    Pause { client: ClientId },
    Resume { client: ClientId },
    Sleep { micros: u64 },
    Deadline { at: Micros },
    Note(Note),
    Halt(HaltReason),
    PipesOpened { result: Result<(), Errno> },
    Forked { result: Result<ChildId, Errno>, took_micros: u64 },
    PipeWrite { pipe: Pipe, offered_bytes: u64, result: Result<u64, Errno> },
    PipesClosed,
    ChildAsked { child: ChildId },
    File { lane: Lane, work: FileWork, progress: Progress },
}

/// Disk, clock, jobs, and the child.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The disk.
    pub disk: Disk,
    /// The file that the log is.
    pub inode: Inode,
    /// Time since the world began.
    pub clock: Micros,
    /// Wall clock at that moment.
    pub epoch: Millis,
    /// What runs beside the loop, in order of submission.
    pub jobs: Vec<InFlight>,
    /// What the log is called.
    pub name: String,
    /// Files that the server has open.
    pub files: BTreeMap<FileId, Inode>,
    /// Positions of this server's life.
    pub positions: Positions,
    /// The pipes to the child, while the server has them.
    pub pipes: Option<Pipes>,
    /// The child, until it is waited for.
    pub child: Option<ChildProcess>,
    /// What rewrites cost.
    pub parameters: rewriting::Parameters,
    /// Memory that parent and child do not share any more, in bytes.
    pub(crate) copied_bytes: u64,
    /// End of the log as the engine had it when the last effect was performed.
    pub(crate) appended: u64,
    pub(crate) next_pid: u32,
    pub(crate) performed: Option<Performed>,
}

impl Machine {
    /// A machine with this disk, at the beginning of time.
    #[must_use]
    pub fn new(disk: Disk, name: &str, epoch: Millis, parameters: rewriting::Parameters) -> Self {
        Self {
            disk,
            inode: Inode(0),
            clock: Micros(0),
            epoch,
            jobs: Vec::new(),
            name: name.to_owned(),
            files: BTreeMap::new(),
            positions: Positions::default(),
            pipes: None,
            child: None,
            parameters,
            copied_bytes: 0,
            appended: 0,
            next_pid: FIRST_PID + 2,
            performed: None,
        }
    }

    /// The wall clock.
    #[must_use]
    pub const fn wall(&self) -> Millis {
        Millis(self.epoch.0 + self.clock.0 / 1_000)
    }

    /// Lets time pass until `at`; it never goes back.
    pub fn advance_to(&mut self, at: Micros) {
        self.clock = self.clock.max(at);
    }

    fn pass(&mut self, micros: u64) {
        self.clock = Micros(self.clock.0.saturating_add(micros));
    }

    /// The file behind a descriptor of the server.
    #[must_use]
    pub fn inode_of(&self, file: FileId) -> Option<Inode> {
        self.files.get(&file).copied()
    }

    /// The server has opened its log.
    pub(crate) fn opened_log(&mut self, file: FileId) {
        self.disk.hold(self.inode);
        self.files.insert(file, self.inode);
    }

    /// The log may be another file now.
    pub(crate) fn log_is(&mut self, file: FileId) {
        if let Some(inode) = self.inode_of(file) {
            self.inode = inode;
        }
    }

    /// The process is gone, and with it its descriptors and jobs.
    pub(crate) fn process_gone(&mut self) {
        self.jobs.clear();
        for inode in std::mem::take(&mut self.files).into_values() {
            self.disk.release(inode);
        }
        if let Some(pipes) = &mut self.pipes {
            pipes.parent_leaves();
        }
    }

    /// How much of the log is durable, as a position in it.
    #[must_use]
    pub fn durable(&self) -> u64 {
        let stored = self.disk.file(self.inode);
        stored.and_then(|file| file.origin().position_of(file.durable_upto())).unwrap_or(0)
    }

    /// How much of the log the kernel has, as a position in it.
    #[must_use]
    pub fn written(&self) -> u64 {
        let stored = self.disk.file(self.inode);
        stored.and_then(|file| file.origin().position_of(file.cached().len() as u64)).unwrap_or(0)
    }

    /// Length of the log's file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.disk.file(self.inode).map_or(0, |stored| stored.cached().len() as u64)
    }

    fn write(&mut self, file: FileId, bytes: &[u8], upto: u64) -> Result<u64, Errno> {
        let inode = self.inode_of(file);
        let syncing = self.jobs.iter().filter(|job| match job.work {
            Working::SyncLog { sync, .. } | Working::Sync { sync, .. } => Some(sync.inode) == inode,
            _ => false,
        });
        if let Some(due) = syncing.map(|job| job.due).max() {
            self.advance_to(due);
        }
        let from = upto.saturating_sub(bytes.len() as u64);
        let result = match inode {
            Some(inode) => self.disk.write(inode, bytes, self.clock),
            None => Err(Errno::EBADF),
        };
        self.performed = Some(Performed::Write { from, to: upto, result });
        result
    }

    fn read(&mut self, file: FileId, offset: u64, max_bytes: u32) -> Outcome<'_> {
        let stored = self.inode_of(file).and_then(|inode| self.disk.file(inode));
        let cached = stored.map_or(&[][..], Stored::cached);
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(cached.len());
        let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let bytes = &cached[from..cached.len().min(from.saturating_add(most))];
        let to = offset + bytes.len() as u64;
        self.performed = Some(Performed::Read { from: offset, to });
        Outcome::Now(Event::Read { file, result: Ok(bytes) })
    }

    fn open_pipes(&mut self) -> Outcome<'static> {
        // The child of a server that is gone has pipes of its own, which nobody else has an end
        // of: there is nothing more to be learnt from it.
        if self.child.as_ref().is_some_and(|child| child.orphan) {
            self.signal_child(ORPHAN_ENDS);
        }
        self.pipes = Some(Pipes::new(self.parameters.pipe_bytes));
        self.performed = Some(Performed::PipesOpened { result: Ok(()) });
        Outcome::Now(Event::PipesOpened { result: Ok(()) })
    }

    fn pipe_write(&mut self, pipe: Pipe, bytes: &[u8]) -> Outcome<'static> {
        let buffer = self.pipes.as_mut().and_then(|pipes| pipes.to_child(pipe));
        let result = buffer.map_or(Err(Errno::EBADF), |buffer| buffer.write(bytes));
        let offered_bytes = bytes.len() as u64;
        self.performed = Some(Performed::PipeWrite { pipe, offered_bytes, result });
        Outcome::Now(Event::PipeWritten { pipe, result })
    }

    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        self.disk.digest_into(digest);
        digest.put_u64(self.inode.0);
        digest.put_u64(self.clock.0);
        digest.put_u64(self.epoch.0);
        self.jobs_into(digest);
        for (file, inode) in &self.files {
            digest.put_u32(file.0);
            digest.put_u64(inode.0);
        }
        digest.put_u64(self.positions.engine);
        digest.put_u64(self.positions.world);
        digest.put_bool(self.pipes.is_some());
        if let Some(pipes) = &self.pipes {
            pipes.digest_into(digest);
        }
        digest.put_bool(self.child.is_some());
        if let Some(child) = &self.child {
            child.digest_into(digest);
        }
        digest.put_u32(self.next_pid);
    }
}

impl Environment for Machine {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        let performed = match effect {
            Effect::Write { file, bytes, upto, .. } => {
                let result = self.write(file, bytes, self.positions.of(upto));
                return Outcome::Now(Event::Written { file, result });
            }
            Effect::Read { file, offset, max_bytes } => return self.read(file, offset, max_bytes),
            Effect::Submit { job, lane, work } => return self.submit(job, lane, work),
            Effect::Append { job, lane, file, block, upto, .. } => {
                return self.append(job, lane, file, block, self.positions.of(upto));
            }
            Effect::OpenPipes => return self.open_pipes(),
            Effect::Fork { keyspace, config } => {
                let took_micros = self.parameters.fork_micros;
                self.pass(took_micros);
                let result = if self.child.as_ref().is_some_and(|child| !child.orphan) {
                    Err(Errno::EAGAIN)
                } else {
                    Ok(self.fork(keyspace, config, self.appended))
                };
                self.performed = Some(Performed::Forked { result, took_micros });
                return Outcome::Now(Event::Forked { result, took: Micros(took_micros) });
            }
            Effect::PipeWrite { pipe, bytes } => return self.pipe_write(pipe, bytes),
            Effect::ClosePipes => {
                if let Some(pipes) = &mut self.pipes {
                    pipes.parent_leaves();
                }
                if self.child.as_ref().is_none_or(|child| !child.is_alive()) {
                    self.pipes = None;
                }
                Performed::PipesClosed
            }
            Effect::Kill { child } => {
                self.signal_child(ASKED_TO_END);
                Performed::ChildAsked { child }
            }
            Effect::Send { client, replies, gate, .. } => {
                self.pass(SEND_MICROS);
                Performed::Send { client, replies, gate }
            }
            Effect::Close { client, reason } => Performed::Close { client, reason },
            Effect::Pause { client } => Performed::Pause { client },
            Effect::Resume { client } => Performed::Resume { client },
            Effect::Sleep { micros } => {
                self.pass(micros.min(SLEEP_LIMIT_MICROS));
                Performed::Sleep { micros }
            }
            // There is no file; the answer says so.
            Effect::RewriteConfig { .. } => {
                self.performed = Some(Performed::Note(Note::ConfigRewriteAsked));
                return Outcome::Now(Event::ConfigRewritten { result: Err(Errno(2)) });
            }
            Effect::Deadline { at } => Performed::Deadline { at },
            Effect::Note(note) => Performed::Note(note),
            Effect::Halt(reason) => Performed::Halt(reason),
        };
        self.performed = Some(performed);
        Outcome::Done
    }
}

//! The machine that the engine runs on: a disk, a clock, and jobs on their way.
//!
//! This is the simulated [`Environment`]. It performs one effect at once, lets its cost pass on
//! the clock, and remembers what it did, so that the world can tell the step.
//!
//! # Costs
//!
//! A reply takes a millisecond to leave, a sync takes what the disk says, the rest takes no time.
//! A write into a file that is being synced waits for that sync, as Linux may make it; this is why
//! Redis puts such writes off.

use crate::digest::Digest;
use crate::effect::{CloseReason, Effect, Gate, HaltReason, Lane, Work};
use crate::event::Event;
use crate::note::Note;
use crate::pump::{Environment, Outcome};
use crate::sim::disk::{Disk, Inode, Stored, Sync};
use crate::units::{ClientId, Errno, JobId, Micros, Millis};

/// How long a reply takes to leave, in microseconds.
pub const SEND_MICROS: u64 = 1_000;
/// "Function not implemented": this machine has one process.
const NO_CALL: Errno = Errno(38);
/// The longest that `DEBUG SLEEP` may stop the clock, in microseconds.
const SLEEP_LIMIT_MICROS: u64 = 3_600_000_000;

/// A job that will end later.
#[derive(Clone, Copy, Debug)]
pub struct InFlight {
    /// Its name.
    pub job: JobId,
    /// The sync that it is.
    pub sync: Sync,
    /// Durable when it started.
    pub from: u64,
    /// Durable when it has succeeded.
    pub to: u64,
    /// When it started on its lane.
    pub started: Micros,
    /// When it will end.
    pub due: Micros,
}

/// What was done for the last effect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Performed {
    Write { from: u64, to: u64, result: Result<u64, Errno> },
    SyncStart { from: u64, to: u64 },
    SyncInline { from: u64, to: u64, started: Micros, took_micros: u64, result: Result<(), Errno> },
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
}

/// Disk, clock and jobs.
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
    pub(crate) performed: Option<Performed>,
}

impl Machine {
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

    /// Ends a job that is due: what the engine is told, and what happened.
    pub(crate) fn end_job(&mut self, job: InFlight) -> (Event<'static>, Result<(), Errno>) {
        self.jobs.retain(|other| other.job != job.job);
        let result = self.disk.finish_sync(job.sync);
        let took = Micros(job.due.since(job.started));
        (Event::Job { job: job.job, result, took }, result)
    }

    /// How much of the log is durable.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.disk.file(self.inode).map_or(0, Stored::durable_upto)
    }

    /// How much of the log the kernel has.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.disk.file(self.inode).map_or(0, |stored| stored.cached().len() as u64)
    }

    fn write(&mut self, bytes: &[u8], upto: u64) -> (Performed, Result<u64, Errno>) {
        if let Some(due) = self.jobs.iter().map(|job| job.due).max() {
            self.advance_to(due);
        }
        let from = upto.saturating_sub(bytes.len() as u64);
        let result = self.disk.write(self.inode, bytes, self.clock);
        (Performed::Write { from, to: upto, result }, result)
    }

    fn sync_inline(&mut self, job: JobId, upto: u64) -> Outcome<'static> {
        let from = self.durable();
        let started = self.clock;
        let sync = self.disk.begin_sync(self.inode);
        self.pass(sync.duration_micros);
        let result = self.disk.finish_sync(sync);
        let took_micros = sync.duration_micros;
        self.performed =
            Some(Performed::SyncInline { from, to: upto, started, took_micros, result });
        Outcome::Now(Event::Job { job, result, took: Micros(took_micros) })
    }

    fn sync_beside(&mut self, job: JobId, upto: u64) -> Outcome<'static> {
        let from = self.durable();
        let free = self.jobs.iter().map(|job| job.due).max().unwrap_or_default();
        let started = self.clock.max(free);
        let sync = self.disk.begin_sync(self.inode);
        let due = Micros(started.0.saturating_add(sync.duration_micros));
        self.jobs.push(InFlight { job, sync, from, to: upto, started, due });
        self.performed = Some(Performed::SyncStart { from, to: upto });
        Outcome::Later
    }

    fn work(&mut self, job: JobId, lane: Lane, work: Work) -> Outcome<'static> {
        match (work, lane) {
            (Work::Sync { upto, .. }, Lane::Inline) => self.sync_inline(job, upto.0),
            (Work::Sync { upto, .. }, Lane::Sync | Lane::Slow) => self.sync_beside(job, upto.0),
            (Work::Truncate { length_bytes, .. }, _) => {
                let result = self.disk.truncate(self.inode, length_bytes, self.clock);
                self.performed = Some(Performed::Truncate { length_bytes, result });
                Outcome::Now(Event::Job { job, result, took: Micros(0) })
            }
            // Closing frees nothing here and takes no time, whatever the lane.
            (Work::Close { .. }, _) => {
                self.performed = Some(Performed::CloseFile);
                Outcome::Now(Event::Job { job, result: Ok(()), took: Micros(0) })
            }
            (Work::Open { .. }, _) => Outcome::Now(Event::Opened { job, result: Err(NO_CALL) }),
            (Work::Rename { .. } | Work::SyncDirectory | Work::Unlink { .. }, _) => {
                Outcome::Now(Event::Job { job, result: Err(NO_CALL), took: Micros(0) })
            }
        }
    }

    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        self.disk.digest_into(digest);
        digest.put_u64(self.inode.0);
        digest.put_u64(self.clock.0);
        digest.put_u64(self.epoch.0);
        digest.put_count(self.jobs.len());
        for job in &self.jobs {
            for field in [job.job.0, job.from, job.to, job.started.0, job.due.0, job.sync.through] {
                digest.put_u64(field);
            }
        }
    }
}

impl Environment for Machine {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        let performed = match effect {
            Effect::Write { file, bytes, upto, .. } => {
                let (performed, result) = self.write(bytes, upto.0);
                self.performed = Some(performed);
                return Outcome::Now(Event::Written { file, result });
            }
            Effect::Read { file, offset, max_bytes } => {
                let cached = self.disk.file(self.inode).map_or(&[][..], Stored::cached);
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(cached.len());
                let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
                let bytes = &cached[from..cached.len().min(from.saturating_add(most))];
                let to = offset + bytes.len() as u64;
                self.performed = Some(Performed::Read { from: offset, to });
                return Outcome::Now(Event::Read { file, result: Ok(bytes) });
            }
            Effect::Submit { job, lane, work } => return self.work(job, lane, work),
            Effect::Append { job, .. } => {
                return Outcome::Now(Event::Job { job, result: Err(NO_CALL), took: Micros(0) });
            }
            Effect::OpenPipes => {
                return Outcome::Now(Event::PipesOpened { result: Err(NO_CALL) });
            }
            Effect::Fork { .. } => {
                return Outcome::Now(Event::Forked { result: Err(NO_CALL), took: Micros(0) });
            }
            Effect::PipeWrite { pipe, .. } => {
                return Outcome::Now(Event::PipeWritten { pipe, result: Err(NO_CALL) });
            }
            Effect::ClosePipes | Effect::Kill { .. } => return Outcome::Done,
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

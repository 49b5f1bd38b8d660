//! The writer of the log: carries out what [`super::policy::decide`] says, one effect at a time.
//!
//! # The machine
//!
//! Everything starts with a *pass* (Redis: one call of `flushAppendOnlyFile`). A pass asks for a
//! decision, performs it and asks again, until the answer is to rest. It can be held up by the
//! answer of one effect: a write, the truncation that takes a short write back, a sync on the
//! loop. A background sync does not hold it up; its end starts a pass of its own.
//!
//! # Short writes
//!
//! The kernel may take fewer bytes than asked. As long as it takes some, the rest is offered
//! again; when it then refuses, the file ends inside a command. The part is cut off with
//! `ftruncate(2)` so that the file stays loadable; if even that fails, the part counts as written
//! and only the rest stays in `aof_buf`, so that the file continues where it ends.
//!
//! # What is not promised
//!
//! A failed sync is not repaired by the next one: the kernel may have dropped the pages and then
//! reports success for nothing. The ledger therefore stops at the first byte of the failed range
//! for good, also under `redis-6.2`, which merely *believes* otherwise.

use crate::client::Held;
use crate::config::Config;
use crate::digest::Digest;
use crate::effect::{HaltReason, Lane, Work};
use crate::ledger::Ledger;
use crate::note::Note;
use crate::profile::{FailedSync, ShutdownBuffer};
use crate::units::{Errno, FileId, JobId, Lsn, Micros, Millis};

use super::buffer::Buffer;
use super::group::Group;
use super::policy::SyncCause;

/// Whether commands are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "aof_state")]
pub enum State {
    /// They are.
    #[doc(alias = "AOF_ON")]
    On,
    /// They are until everything has reached the disk; then no more.
    Stopping,
    /// They will be once a first rewrite is complete. Until then they go nowhere but into the
    /// buffer of that rewrite.
    #[doc(alias = "AOF_WAIT_REWRITE")]
    WaitRewrite,
    /// They are not.
    #[doc(alias = "AOF_OFF")]
    Off,
}

/// A sync that runs beside the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncInFlight {
    /// Its job.
    pub job: JobId,
    /// Where its range starts: what was durable or asked for before.
    pub from: Lsn,
    /// Where its range ends: what was written when it started.
    pub upto: Lsn,
    /// When it started.
    pub since: Millis,
    /// Why.
    pub cause: SyncCause,
}

/// A write that a running sync has put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "aof_flush_postponed_start")]
pub struct Postponed {
    /// Since when.
    pub since: Millis,
    /// It was counted in `aof_delayed_fsync`.
    pub counted: bool,
}

/// How positions of the log and offsets of its file go together: `lsn` stands at `offset` bytes,
/// and from there on both grow alike. A switch of files changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Position in the log.
    pub lsn: Lsn,
}

impl Origin {
    /// Where this position stands in the file, if it is in this file and not older.
    #[must_use]
    pub const fn offset_of(self, lsn: Lsn) -> Option<u64> {
        match lsn.0.checked_sub(self.lsn.0) {
            Some(bytes) => self.offset.checked_add(bytes),
            None => None,
        }
    }

    /// The position of what stands at this offset, if it was written since.
    #[must_use]
    pub const fn lsn_at(self, offset: u64) -> Option<Lsn> {
        match offset.checked_sub(self.offset) {
            Some(bytes) => Some(self.lsn.plus(bytes)),
            None => None,
        }
    }
}

/// How the last write went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "aof_last_write_status")]
pub enum WriteStatus {
    /// Well.
    Fine,
    /// It failed and is tried again.
    Failed {
        /// Why.
        errno: Errno,
        /// When it was tried last.
        tried: Millis,
        /// When it was told last.
        told: Millis,
    },
}

/// How the syncs have gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncStatus {
    /// Well, as far as the server believes.
    Fine,
    /// One failed, and writes are refused.
    Failed(Errno),
}

/// Where the pass stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// None is under way.
    Idle,
    /// It asks for the next decision.
    Deciding { just_written: bool },
    /// It has (or is about to have) a write with the kernel, which took `taken_bytes` so far.
    Writing { taken_bytes: usize, offered: bool },
    /// It takes a short write back.
    Truncating { taken_bytes: usize, errno: Errno, job: Option<JobId> },
    /// It waits for a sync on the loop.
    SyncingInline { job: JobId, upto: Lsn },
    /// It closes the file of a log that stops.
    Closing { job: Option<JobId> },
}

/// The log of one engine.
#[derive(Clone, Debug)]
pub struct Log {
    state: State,
    file: FileId,
    /// Whether that file is open.
    is_open: bool,
    origin: Origin,
    buffer: Buffer,
    ledger: Ledger,
    file_length_bytes: u64,
    base_length_bytes: u64,
    pass: Pass,
    background: Option<SyncInFlight>,
    group: Group,
    sync_requested: Lsn,
    lost_from: Option<Lsn>,
    postponed: Option<Postponed>,
    last_sync: Millis,
    delayed_fsync: u64,
    write_status: WriteStatus,
    sync_status: SyncStatus,
    draining: bool,
    /// What waits is not written any more (SHUTDOWN of Redis 3.0).
    forgets: bool,
    /// What waits is written now, whatever speaks against it.
    forced: bool,
    /// A rewrite is about to replace the file: nothing is written or synced.
    frozen: bool,
    /// A rewrite child lives.
    child_lives: bool,
    now: Millis,
    next_job: u64,
    halted: Option<HaltReason>,
    note: Option<Note>,
}

/// What a pass wants next.
pub(crate) enum Want {
    /// Nothing.
    Nothing,
    /// A line for the log.
    Note(Note),
    /// A write of what waits, from the first `taken_bytes` on.
    Write { taken_bytes: usize },
    /// A job.
    Submit { job: JobId, lane: Lane, work: Work },
}

impl Log {
    /// A log that continues a file of `loaded_bytes`, all of them durable.
    #[must_use]
    pub fn starting_at(config: &Config, loaded_bytes: u64, now: Millis) -> Self {
        Self {
            state: if config.appendonly { State::On } else { State::Off },
            file: FileId::LIVE,
            is_open: config.appendonly,
            origin: Origin { offset: loaded_bytes, lsn: Lsn(loaded_bytes) },
            buffer: Buffer::starting_at(Lsn(loaded_bytes)),
            ledger: Ledger::starting_at(loaded_bytes),
            file_length_bytes: loaded_bytes,
            base_length_bytes: loaded_bytes,
            pass: Pass::Idle,
            background: None,
            group: Group::default(),
            sync_requested: Lsn(loaded_bytes),
            lost_from: None,
            postponed: None,
            last_sync: now,
            delayed_fsync: 0,
            write_status: WriteStatus::Fine,
            sync_status: SyncStatus::Fine,
            draining: false,
            forgets: false,
            forced: false,
            frozen: false,
            child_lives: false,
            now,
            next_job: 1,
            halted: None,
            note: None,
        }
    }

    /// Whether commands are logged.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether propagated bytes belong into the buffer.
    #[must_use]
    pub fn accepts(&self) -> bool {
        self.state == State::On
    }

    /// The file written to.
    #[must_use]
    #[doc(alias = "aof_fd")]
    pub const fn file(&self) -> FileId {
        self.file
    }

    /// `aof_buf`.
    #[must_use]
    pub const fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// How far everything has come.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Length of the file up to its last whole write, in bytes.
    #[must_use]
    #[doc(alias = "aof_current_size")]
    pub const fn file_length_bytes(&self) -> u64 {
        self.file_length_bytes
    }

    /// How positions and offsets go together in the file that is written to.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether [`Self::file`] is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Length of the file when it was loaded or had just been rewritten, in bytes.
    #[must_use]
    #[doc(alias = "aof_rewrite_base_size")]
    pub const fn base_length_bytes(&self) -> u64 {
        self.base_length_bytes
    }

    /// `CONFIG RESETSTAT`.
    pub(crate) fn reset_statistics(&mut self) {
        self.delayed_fsync = 0;
    }

    /// The sync that runs beside the loop.
    #[must_use]
    pub const fn sync_in_flight(&self) -> Option<SyncInFlight> {
        self.background
    }

    /// The write that is put off.
    #[must_use]
    pub const fn postponed(&self) -> Option<Postponed> {
        self.postponed
    }

    /// When a sync was last asked for.
    #[must_use]
    #[doc(alias = "aof_last_fsync")]
    pub const fn last_sync(&self) -> Millis {
        self.last_sync
    }

    /// How often a write was put off for more than two seconds.
    #[must_use]
    #[doc(alias = "aof_delayed_fsync")]
    pub const fn delayed_fsync(&self) -> u64 {
        self.delayed_fsync
    }

    /// How the last write went.
    #[must_use]
    #[doc(alias = "aof_last_write_errno")]
    pub const fn write_status(&self) -> WriteStatus {
        self.write_status
    }

    /// How the syncs have gone, as the server believes.
    #[must_use]
    pub const fn sync_status(&self) -> SyncStatus {
        self.sync_status
    }

    /// First byte that a failed sync may have lost for good.
    #[must_use]
    pub const fn lost_from(&self) -> Option<Lsn> {
        self.lost_from
    }

    /// The error for which writes are refused, if they are. Redis looks at both kinds of failure
    /// (`writeCommandsDeniedByDiskError`), and at neither when the log is off.
    #[must_use]
    pub fn refusal(&self) -> Option<Errno> {
        if self.state != State::On {
            return None;
        }
        match (self.write_status, self.sync_status) {
            (WriteStatus::Failed { errno, .. }, _) | (_, SyncStatus::Failed(errno)) => Some(errno),
            (WriteStatus::Fine, SyncStatus::Fine) => None,
        }
    }

    /// Where propagation appends. Follow with [`Self::appended`].
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        self.buffer.tail()
    }

    /// Takes into account what was appended to [`Self::tail`].
    pub(crate) fn appended(&mut self) {
        let bytes = self.buffer.end().since(self.ledger.appended());
        self.ledger.append(bytes);
    }

    /// A reply to everything up to here has left.
    pub(crate) fn acknowledge(&mut self, upto: Lsn) {
        self.ledger.acknowledge(upto);
    }

    /// Starts a pass, unless one is under way.
    pub(crate) fn start_pass(&mut self, now: Millis) {
        self.now = now;
        let writes =
            matches!(self.state, State::On | State::Stopping) && self.is_open && !self.frozen;
        if self.pass == Pass::Idle && writes && self.halted.is_none() {
            self.pass = Pass::Deciding { just_written: false };
        }
    }

    /// A turn ends: time has gone on for a group that is gathered.
    pub(crate) fn turn_ended(&mut self, mono: Micros, held: &Held) {
        let (_, waiting) = held.around_sync(self.ledger.believed());
        self.group.turn_ended(mono, waiting);
    }

    /// When the log must be looked at again at the latest because a group is gathered.
    pub(crate) fn deadline(&self, held: &Held) -> Option<Micros> {
        if self.background.is_some() || self.draining || self.frozen || self.buffer.is_empty() {
            return None;
        }
        let (_, waiting) = held.around_sync(self.ledger.believed());
        self.group.deadline(waiting)
    }

    /// Writes what waits now, also while a sync runs and while a failed write rests
    /// (`DEBUG LOADAOF`; Redis: `flushAppendOnlyFile(1)`).
    pub(crate) fn force_write(&mut self, now: Millis) {
        self.forced = true;
        self.start_pass(now);
    }

    /// The pass that was forced is over, however it went.
    pub(crate) fn end_forced_write(&mut self) {
        self.forced = false;
    }

    /// From now on everything must reach the disk.
    pub(crate) fn drain(&mut self, now: Millis) {
        self.draining = true;
        self.start_pass(now);
    }

    /// The server ends: as [`Self::drain`], or without what the kernel does not have yet.
    pub(crate) fn shut_down(&mut self, config: &Config, now: Millis) {
        self.forgets = config.choices().shutdown == ShutdownBuffer::Forgotten;
        self.drain(now);
    }

    /// The log stops for good once everything has reached the disk (`CONFIG SET appendonly no`).
    #[doc(alias = "stopAppendOnly")]
    pub(crate) fn stop(&mut self, now: Millis) {
        if matches!(self.state, State::On | State::WaitRewrite) {
            self.state = State::Stopping;
            self.drain(now);
        }
    }

    /// Whether draining has come to its end, and how.
    pub(crate) fn drained(&self, config: &Config) -> Option<bool> {
        if matches!(self.state, State::Off | State::WaitRewrite) {
            return Some(true);
        }
        if !self.draining || self.pass != Pass::Idle || self.background.is_some() {
            return None;
        }
        let unseen = config.choices().failed_sync == FailedSync::Unseen;
        let failed = self.write_status != WriteStatus::Fine
            || self.sync_status != SyncStatus::Fine
            || (self.lost_from.is_some() && !unseen);
        if failed && !self.forgets {
            return Some(false);
        }
        let nothing_waits = self.buffer.is_empty() || self.forgets;
        (nothing_waits && self.ledger.believed() == self.ledger.written()).then_some(true)
    }

    /// Why the process must end, if it must.
    pub(crate) const fn halted(&self) -> Option<HaltReason> {
        self.halted
    }

    /// Whether [`Self::want`] could say anything.
    pub(crate) fn busy(&self) -> bool {
        self.pass != Pass::Idle || self.note.is_some()
    }

    /// Puts everything that decides later behaviour into a digest.
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u8(self.state as u8);
        digest.put_bytes(self.buffer.bytes());
        for lsn in [
            self.ledger.appended(),
            self.ledger.written(),
            self.ledger.synced(),
            self.ledger.acknowledged(),
            self.sync_requested,
            self.lost_from.unwrap_or(Lsn(u64::MAX)),
        ] {
            digest.put_u64(lsn.0);
        }
        digest.put_u64(self.file_length_bytes);
        digest.put_u64(self.base_length_bytes);
        digest.put_u64(self.last_sync.0);
        digest.put_u64(self.delayed_fsync);
        digest.put_u64(self.next_job);
        digest.put_u64(self.now.0);
        // These are small enums with numbers in them. Their debug form names every part, the same
        // on every machine, and cannot forget a field that is added later.
        digest.put_bytes(
            format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                self.pass,
                self.background,
                self.postponed,
                self.write_status,
                self.sync_status,
                self.halted,
                self.note,
            )
            .as_bytes(),
        );
        digest.put_u8(u8::from(self.draining));
        self.group.digest_into(digest);
        digest.put_u64(self.origin.offset);
        digest.put_u64(self.origin.lsn.0);
        digest.put_u32(self.file.0);
        for flag in [self.forced, self.frozen, self.child_lives, self.is_open] {
            digest.put_bool(flag);
        }
        // These are rare. They add to a digest only when they are there, so that the digests of
        // runs without them stay what they were.
        if self.ledger.believed() > self.ledger.synced() {
            digest.put_u64(self.ledger.believed().0);
        }
        if self.forgets {
            digest.put_bool(true);
        }
    }
}

mod pass;
mod replace;

pub(crate) use replace::{NewFile, Sealed};

#[cfg(test)]
mod tests;

//! The child of a rewrite: a snapshot becomes a file.
//!
//! # The problem
//! The child holds the dataset as it was at the fork. It must leave a file that loads to it and to
//! all that was propagated meanwhile, as nearly as it can: what it leaves out the parent must
//! append while clients wait. It must never leave a file under the name that says *finished* which
//! is not, whatever disk, pipe or parent do. And it must say when it cannot.
//!
//! # The order of steps
//! 1. Open the *unfinished* name. Write the snapshot ([`super::emit`]). After every 10 KiB of it
//!    take what the parent has sent into memory ([`Child::diff`]): the pipe holds 64 KiB only, and
//!    what it cannot hold the parent keeps.
//! 2. The first sync. It is the slow one, so it comes while the parent still sends.
//! 3. Drain: take what comes until nothing came for 20 ms, at most for a second.
//! 4. Send `!`: send no more. Wait for the parent's `!`, at most 5 s. The pipe is a queue, so what
//!    was sent before the answer is in it, and a last reading until it is empty has everything.
//! 5. Append what was taken in, sync, close, and only then rename to the *finished* name.
//! 6. Tell what it has cost, and exit with 0.
//!
//! The taken bytes wait in memory until then because they must stand behind the snapshot. They are
//! records of the log as it is, from a SELECT on.
//!
//! # Failures
//! Nothing is tried twice but what a signal has interrupted. The first failure closes the file,
//! removes the unfinished name and exits with 1. A sync that failed is not tried again because
//! the kernel tells of a page that it could not write only once. A rename is asked for only when
//! everything before it has succeeded. When the parent's end of the pipe is closed the parent is
//! gone or does not want the file any more: nobody would ever rename it, so the child ends at
//! once. Redis goes on writing and fails when it sends its `!`.
//!
//! # Bounds
//! Output is held up to [`Parameters::write_bytes`] and one command whose words are short (8 MiB at
//! most, see [`super::emit`]). [`Child::diff`] has no bound of its own: it holds what the parent
//! sends, and the parent limits that (`aof-rewrite-buffer-limit`) and kills the child
//! when it is reached. To refuse to read would only move the bytes into the parent's memory.
//!
//! # Rejected
//! A program with blocking calls, as Redis has it: the simulated world moves a child by single
//! steps, and a test makes each of them fail. To write the taken bytes into a second file and join
//! both: it saves memory in the child and costs the disk twice.
//!
//! # Not promised
//! That the file is durable under its finished name: the parent syncs the directory, after it has
//! renamed the file once more.

mod boundary;
mod stage;

pub use boundary::{Ack, ChildEffect, ChildEvent, SyncKind};
pub use stage::{ChildFailure, Stage};

use crate::config::Config;
use crate::digest::Digest;
use crate::keyspace::Keyspace;
use crate::rewrite::emit::Emitter;
use crate::rewrite::names::FileName;
use crate::units::{ChildId, Errno, Micros};

/// The byte that asks to stop, and the byte that agrees.
pub const AGREED: u8 = b'!';

/// The limits of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// So many bytes are collected for one write.
    pub write_bytes: usize,
    /// After so many bytes of the snapshot the pipe is read.
    #[doc(alias = "AOF_READ_DIFF_INTERVAL_BYTES")]
    pub read_diff_every_bytes: u64,
    /// One read of the pipe takes so many bytes at most.
    pub diff_read_bytes: usize,
    /// After so many bytes written the file is synced; never, if none.
    #[doc(alias = "AOF_AUTOSYNC_BYTES")]
    #[doc(alias = "REDIS_AUTOSYNC_BYTES")]
    pub sync_every_bytes: Option<u64>,
    /// One write of what the parent has sent has so many bytes at most.
    pub append_bytes: usize,
    /// The parent hears of the progress so often, in milliseconds.
    pub report_every_ms: u64,
    /// What the parent sends is taken in after the first sync for so long at most, in
    /// milliseconds.
    pub drain_limit_ms: u64,
    /// It ends earlier when so many waits of a millisecond in a row have brought nothing.
    pub silent_ms: u32,
    /// The parent must agree within this time, in milliseconds.
    pub ack_timeout_ms: u64,
}

impl Parameters {
    /// Those of Redis 6.2, but for the size of one write: there it is that of a C library's buffer,
    /// 4 KiB.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            write_bytes: 256 * 1024,
            read_diff_every_bytes: 10 * 1024,
            diff_read_bytes: 64 * 1024,
            sync_every_bytes: config.aof_rewrite_incremental_fsync.then_some(32 * 1024 * 1024),
            append_bytes: 8 * 1024 * 1024,
            report_every_ms: 1000,
            drain_limit_ms: 1000,
            silent_ms: 20,
            ack_timeout_ms: 5000,
        }
    }
}

/// A child.
#[doc(alias = "rewriteAppendOnlyFile")]
#[derive(Clone, Debug)]
pub struct Child {
    id: ChildId,
    parameters: Parameters,
    stage: Stage,
    emitter: Emitter,
    /// Whether the emitter has more.
    more: bool,
    /// Commands that are not all written.
    output: Vec<u8>,
    /// So many bytes of `output` are.
    output_written: usize,
    /// What the parent has sent.
    diff: Vec<u8>,
    /// Bytes of the snapshot since the pipe was read.
    unread_bytes: u64,
    /// Bytes written since the file was synced.
    unsynced_bytes: u64,
    written_bytes: u64,
    snapshot_bytes: Option<u64>,
    keys_total: u64,
    reported: Micros,
    report_due: bool,
    failure: Option<ChildFailure>,
}

impl Child {
    /// The child `id`, just forked with `keyspace`. It must be given the same, unchanged, with
    /// every call.
    #[must_use]
    pub fn new(id: ChildId, keyspace: &Keyspace, parameters: Parameters, mono: Micros) -> Self {
        Self {
            id,
            parameters,
            stage: Stage::Opening,
            emitter: Emitter::new(),
            more: true,
            output: Vec::new(),
            output_written: 0,
            diff: Vec::new(),
            unread_bytes: 0,
            unsynced_bytes: 0,
            written_bytes: 0,
            snapshot_bytes: None,
            keys_total: keyspace.len() as u64,
            reported: mono,
            report_due: false,
            failure: None,
        }
    }

    /// What must be done next, and answered by [`Self::handle`]. Asked again before that, it says
    /// the same. After an exit it says that for ever.
    pub fn next_effect(&mut self, keyspace: &Keyspace) -> ChildEffect<'_> {
        let unfinished = FileName::Unfinished(self.id);
        match self.stage {
            Stage::Opening => ChildEffect::Open { name: unfinished },
            Stage::Writing { reading } => self.next_of_writing(keyspace, reading),
            Stage::FirstSync => ChildEffect::Sync { kind: SyncKind::First },
            Stage::Draining { reading: false, .. } => ChildEffect::AwaitDiff { timeout_ms: 1 },
            Stage::Draining { reading: true, .. } | Stage::FinalRead => self.read_diff(),
            Stage::Asking => ChildEffect::SendStop,
            Stage::AwaitingAck => {
                ChildEffect::AwaitAck { timeout_ms: self.parameters.ack_timeout_ms }
            }
            Stage::Appending { .. } if self.report_due => self.report(),
            Stage::Appending { .. } if self.is_sync_due() => {
                ChildEffect::Sync { kind: SyncKind::Incremental }
            }
            Stage::Appending { appended } => {
                let rest = &self.diff[appended.min(self.diff.len())..];
                let most = self.parameters.append_bytes.max(1).min(rest.len());
                ChildEffect::Write { bytes: &rest[..most] }
            }
            Stage::FinalSync => ChildEffect::Sync { kind: SyncKind::Final },
            Stage::Closing | Stage::Abandoning => ChildEffect::Close,
            Stage::Renaming => {
                ChildEffect::Rename { from: unfinished, to: FileName::Rewritten(self.id) }
            }
            Stage::Reporting => self.report(),
            Stage::Removing => ChildEffect::Unlink { name: unfinished },
            Stage::Exited { code } => ChildEffect::Exit { code },
        }
    }

    /// Makes output until something must be done with it.
    fn next_of_writing(&mut self, keyspace: &Keyspace, reading: bool) -> ChildEffect<'_> {
        loop {
            if self.report_due {
                return self.report();
            }
            if reading || self.unread_bytes >= self.parameters.read_diff_every_bytes.max(1) {
                self.stage = Stage::Writing { reading: true };
                return self.read_diff();
            }
            if self.is_sync_due() {
                return ChildEffect::Sync { kind: SyncKind::Incremental };
            }
            // What a short write left is written before anything else is added.
            let is_full = self.output.len() >= self.parameters.write_bytes.max(1);
            if self.output_written > 0 || is_full || !(self.more || self.output.is_empty()) {
                return ChildEffect::Write { bytes: &self.output[self.output_written..] };
            }
            if !self.more {
                self.snapshot_bytes = Some(self.written_bytes);
                self.stage = Stage::FirstSync;
                return ChildEffect::Sync { kind: SyncKind::First };
            }
            let until_full = self.parameters.write_bytes.max(1) - self.output.len();
            let until_reading = self.parameters.read_diff_every_bytes.max(1) - self.unread_bytes;
            let least = until_full.min(usize::try_from(until_reading).unwrap_or(usize::MAX));
            let before = self.output.len();
            self.more = self.emitter.emit(keyspace, &mut self.output, least);
            self.unread_bytes += (self.output.len() - before) as u64;
        }
    }

    fn read_diff(&self) -> ChildEffect<'static> {
        ChildEffect::ReadDiff { max_bytes: self.parameters.diff_read_bytes.max(1) }
    }

    fn report(&self) -> ChildEffect<'static> {
        ChildEffect::Report { keys_done: self.keys_done(), keys_total: self.keys_total }
    }

    fn is_sync_due(&self) -> bool {
        let limit = self.parameters.sync_every_bytes;
        limit.is_some_and(|limit| self.unsynced_bytes >= limit.max(1))
    }

    /// Takes the answer to the last effect. An answer to anything else changes nothing.
    pub fn handle(&mut self, event: ChildEvent<'_>, mono: Micros) {
        let every = self.parameters.report_every_ms.saturating_mul(1000);
        self.report_due |= mono.since(self.reported) >= every.max(1);
        if !event.was_interrupted() {
            self.take_answer(event, mono);
        }
        self.end_of_draining(mono);
    }

    fn take_answer(&mut self, event: ChildEvent<'_>, mono: Micros) {
        match (event, self.stage) {
            (ChildEvent::Opened(Ok(())), Stage::Opening) => {
                self.stage = Stage::Writing { reading: false };
            }
            (ChildEvent::Opened(Err(errno)), Stage::Opening) => {
                self.failure = Some(ChildFailure::Open(errno));
                self.stage = Stage::Exited { code: 1 };
            }
            (ChildEvent::Written(result), Stage::Writing { .. } | Stage::Appending { .. }) => {
                self.written(result);
            }
            (ChildEvent::Diff(result), stage) if stage.is_reading() => match result {
                Ok(bytes) => self.take_in(bytes),
                Err(errno) => self.fail(ChildFailure::ReadDiff(errno)),
            },
            (ChildEvent::DiffEnded, stage) if stage.is_reading() => {
                self.fail(ChildFailure::ParentGone);
            }
            (ChildEvent::Synced(result), _) => self.synced(result, mono),
            (ChildEvent::Readable(is_readable), Stage::Draining { since, silent, .. }) => {
                let silent = if is_readable { 0 } else { silent + 1 };
                self.stage = Stage::Draining { since, silent, reading: is_readable };
            }
            (ChildEvent::StopSent(Ok(())), Stage::Asking) => self.stage = Stage::AwaitingAck,
            (ChildEvent::StopSent(Err(errno)), Stage::Asking) => {
                self.fail(ChildFailure::Stop(errno));
            }
            (ChildEvent::Ack(Ack::Byte(AGREED)), Stage::AwaitingAck) => {
                self.stage = Stage::FinalRead;
            }
            (ChildEvent::Ack(other), Stage::AwaitingAck) => {
                self.fail(ChildFailure::NotAgreed(other));
            }
            // The descriptor is gone all the same, and the file is synced.
            (ChildEvent::Closed(Ok(()) | Err(Errno::EINTR)), Stage::Closing) => {
                self.stage = Stage::Renaming;
            }
            (ChildEvent::Closed(Err(errno)), Stage::Closing) => {
                self.fail(ChildFailure::Close(errno));
            }
            (ChildEvent::Closed(_), Stage::Abandoning) => self.stage = Stage::Removing,
            (ChildEvent::Renamed(Ok(())), Stage::Renaming) => self.stage = Stage::Reporting,
            (ChildEvent::Renamed(Err(errno)), Stage::Renaming) => {
                self.fail(ChildFailure::Rename(errno));
            }
            (ChildEvent::Unlinked, Stage::Removing) => self.stage = Stage::Exited { code: 1 },
            (ChildEvent::Reported, stage) => {
                self.reported = mono;
                self.report_due = false;
                if stage == Stage::Reporting {
                    self.stage = Stage::Exited { code: 0 };
                }
            }
            _ => {}
        }
    }
}

impl Child {
    fn written(&mut self, result: Result<u64, Errno>) {
        let at_bytes = self.written_bytes;
        let taken = match result {
            Ok(0) => return self.fail(ChildFailure::WroteNothing { at_bytes }),
            Ok(taken) => usize::try_from(taken).unwrap_or(usize::MAX),
            Err(errno) => return self.fail(ChildFailure::Write { errno, at_bytes }),
        };
        let taken = if let Stage::Appending { appended } = self.stage {
            let taken = taken.min(self.diff.len() - appended);
            self.stage = self.appending_from(appended + taken);
            taken
        } else {
            let taken = taken.min(self.output.len() - self.output_written);
            self.output_written += taken;
            if self.output_written == self.output.len() {
                self.output.clear();
                self.output_written = 0;
            }
            taken
        };
        self.written_bytes += taken as u64;
        self.unsynced_bytes += taken as u64;
    }

    fn appending_from(&self, appended: usize) -> Stage {
        if appended == self.diff.len() { Stage::FinalSync } else { Stage::Appending { appended } }
    }

    /// Keeps what the parent has sent. A read that brought less than it could has emptied the
    /// pipe; after the parent has agreed only one that brought nothing is taken for a proof.
    fn take_in(&mut self, bytes: &[u8]) {
        self.diff.extend_from_slice(bytes);
        let is_empty = bytes.len() < self.parameters.diff_read_bytes.max(1);
        match &mut self.stage {
            Stage::Writing { reading } if is_empty => {
                *reading = false;
                self.unread_bytes = 0;
            }
            Stage::Draining { reading, .. } if is_empty => *reading = false,
            Stage::FinalRead if bytes.is_empty() => self.stage = self.appending_from(0),
            _ => {}
        }
    }

    fn synced(&mut self, result: Result<(), Errno>, mono: Micros) {
        let kind = match self.stage {
            Stage::Writing { .. } | Stage::Appending { .. } => SyncKind::Incremental,
            Stage::FirstSync => SyncKind::First,
            Stage::FinalSync => SyncKind::Final,
            _ => return,
        };
        if let Err(errno) = result {
            return self.fail(ChildFailure::Sync { kind, errno });
        }
        self.unsynced_bytes = 0;
        match kind {
            SyncKind::Incremental => {}
            SyncKind::First => {
                self.stage = Stage::Draining { since: mono, silent: 0, reading: false };
            }
            SyncKind::Final => self.stage = Stage::Closing,
        }
    }

    /// The drain rule: it ends by silence, or when its time is over, even while bytes come.
    fn end_of_draining(&mut self, mono: Micros) {
        if let Stage::Draining { since, silent, .. } = self.stage {
            let limit = self.parameters.drain_limit_ms.saturating_mul(1000);
            if silent >= self.parameters.silent_ms || mono.since(since) >= limit {
                self.stage = Stage::Asking;
            }
        }
    }

    /// The first failure decides.
    fn fail(&mut self, failure: ChildFailure) {
        let is_open = match self.stage {
            Stage::Opening | Stage::Closing | Stage::Renaming => false,
            Stage::Reporting | Stage::Abandoning | Stage::Removing | Stage::Exited { .. } => return,
            _ => true,
        };
        self.failure = Some(failure);
        self.stage = if is_open { Stage::Abandoning } else { Stage::Removing };
    }

    /// Which child it is.
    #[must_use]
    pub const fn id(&self) -> ChildId {
        self.id
    }

    /// What it is doing.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// All that the parent has sent so far.
    #[doc(alias = "aof_child_diff")]
    #[must_use]
    pub fn diff(&self) -> &[u8] {
        &self.diff
    }

    /// Length of its file.
    #[must_use]
    pub const fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Length of the snapshot in its file, when all of it is there.
    #[must_use]
    pub const fn snapshot_bytes(&self) -> Option<u64> {
        self.snapshot_bytes
    }

    /// Keys that are in the file or will be with the next write.
    #[must_use]
    pub const fn keys_done(&self) -> u64 {
        self.emitter.keys_done()
    }

    /// Keys of the snapshot.
    #[must_use]
    pub const fn keys_total(&self) -> u64 {
        self.keys_total
    }

    /// Commands of the snapshot that are in the file or will be with the next write.
    #[must_use]
    pub const fn commands_written(&self) -> u64 {
        self.emitter.commands_written()
    }

    /// Why it gave up, if it did.
    #[must_use]
    pub const fn failure(&self) -> Option<ChildFailure> {
        self.failure
    }

    /// Adds everything that decides what comes next.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_u32(self.id.0);
        let (number, data) = self.stage.numbers();
        digest.put_u8(number);
        data.iter().for_each(|&number| digest.put_u64(number));
        self.emitter.digest_into(digest);
        digest.put_bool(self.more);
        digest.put_bytes(&self.output);
        digest.put_count(self.output_written);
        digest.put_bytes(&self.diff);
        digest.put_u64(self.unread_bytes);
        digest.put_u64(self.unsynced_bytes);
        digest.put_u64(self.written_bytes);
        digest.put_optional_u64(self.snapshot_bytes);
        digest.put_u64(self.keys_total);
        digest.put_u64(self.reported.0);
        digest.put_bool(self.report_due);
        digest.put_bool(self.failure.is_some());
    }
}

#[cfg(test)]
mod tests;

//! The parent's side of a rewrite, from the pipes to the end of the child.
//!
//! # The problem
//!
//! For as long as a child lives, every record has two readers: the old log, which stays the truth
//! until the new file is complete, and the child, whose file must say the same in the end. What is
//! propagated therefore goes to `aof_buf` as always and once more into the rewrite buffer
//! ([`Diff`]). Both see the same bytes from the same position on: the fork forgets which database
//! was selected last, so the first record after it says its own in both.
//!
//! # The machine
//!
//! One enum, [`Stage`], and what belongs to a rewrite from its fork to its end (`Run`). Everything
//! comes in by the methods of this module and goes out by `Rewrite::want`, one thing at a time.
//! What follows the child's end is [`super::switch`]. Small errands whose outcome changes nothing
//! (close a file, remove a name, tell a child to end) are queued as `Chore`s.
//!
//! # Failures
//!
//! Whatever fails before the name was led to the new file costs nothing but the attempt: the old
//! log never stopped. Redis tries again as soon as the reason holds, ten times a second if need be,
//! and lets its own failures look like successes in `aof_last_bgrewrite_status`. `hardened` counts
//! each, and waits before the next attempt that nobody asked for: a second, twice as long after
//! every further failure, a minute at most.
//!
//! # The bound
//!
//! The buffer grows by what clients write faster than the child takes it, and the child holds
//! what it took in memory too. Redis has no bound (its issue 476). `hardened` gives the rewrite up
//! when both together reach `aof-rewrite-buffer-limit`: the old log is still good, memory is not.
//! Likewise later, when what waits reaches it while a job on the new file is in flight: nobody
//! knows whether that job ever ends.
//!
//! # What is not promised
//!
//! That the child ends. One that hangs keeps the rewrite waiting, as in Redis; the buffer's bound
//! ends it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::aof::Log;
use crate::config::Config;
use crate::effect::{Lane, Pipe, Work};
use crate::event::ChildStatus;
use crate::note::{Note, RewriteNote};
use crate::profile::{FailedRewrite, FullDiff, Switch};
use crate::units::{ChildId, Errno, FileId, JobId, Lsn, Micros, Millis};

use super::diff::Diff;
use super::mutation::{self, Mutation};
use super::stage::{Moment, Stage};
use super::switch::{Hold, InFlight, Limits, Round};
use super::trigger::Cause;

/// The first wait after a failure, doubled by each further one.
const BACK_OFF_MS: u64 = 1_000;
/// The longest.
const MOST_BACK_OFF_MS: u64 = 60_000;
/// SIGUSR1, by which a child is told to end. That it did is no failure.
const TOLD_TO_END: i32 = 10;

/// What the child has said of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Memory that is its own by now because one of the two wrote to it, in bytes.
    pub copied_bytes: u64,
    /// Keys written out.
    pub keys_done: u64,
    /// Keys it will write out.
    pub keys_total: u64,
    /// When it said so.
    pub at: Millis,
}

/// What belongs to one rewrite from its fork to its end.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) child: ChildId,
    /// The log position at the fork: what the child sees is all that was propagated up to here.
    pub(super) forked_at: Lsn,
    /// The log was on at the fork, or waited for this rewrite, so the new file will be the log.
    pub(super) replaces_log: bool,
    /// The order of things at the end, as it was configured when the child ended.
    pub(super) order: Switch,
    /// The new file and its length in bytes, once it is open.
    pub(super) file: Option<(FileId, u64)>,
    /// The file that had the name, if it was opened only so that it is not freed on the loop.
    pub(super) old: Option<FileId>,
    pub(super) old_asked: bool,
    /// The new file has everything up to here.
    pub(super) covered: Lsn,
    /// Bytes that were appended to it since its last sync.
    pub(super) unsynced_bytes: u64,
    /// The new file was synced with everything in it.
    pub(super) sealed: bool,
    /// That sync failed, and nobody looked (`redis-3.0`).
    pub(super) failed_unseen: bool,
    /// How far the ledger was when the gates closed: written and synced.
    pub(super) frozen: Option<(Lsn, Lsn)>,
    /// A sync of the new file that was queued and not waited for (`redis-6.2`).
    pub(super) queued_sync: Option<JobId>,
    /// Waits of the directory sync, in milliseconds.
    pub(super) retry_ms: u64,
}

/// The rewrite of one engine.
#[derive(Clone, Debug)]
pub struct Rewrite {
    pub(super) stage: Stage,
    pub(super) cause: Option<Cause>,
    scheduled: bool,
    pub(super) diff: Diff,
    /// Whether records go into the diff.
    pub(super) feeding: bool,
    pub(super) run: Option<Run>,
    /// The present stage has asked for what it needs.
    asked: bool,
    pipe: DataPipe,
    /// The stop pipe is looked at once (Redis removes its read event, whatever came).
    stop_heard: bool,
    ack_due: bool,
    pub(super) in_flight: Option<InFlight>,
    /// The block that is being appended.
    pub(super) block: Arc<Vec<u8>>,
    pub(super) round: Round,
    pub(super) limits: Limits,
    pub(super) hold: Hold,
    pub(super) chores: VecDeque<Chore>,
    pub(super) notes: VecDeque<RewriteNote>,
    /// Names that are being removed.
    tidying: Vec<JobId>,
    /// Files that are being opened and that nobody needs any more.
    unwanted: Vec<(JobId, FileId)>,
    next_file: u32,
    started: Option<Millis>,
    last_took_seconds: Option<u64>,
    report: Option<Report>,
    last_copied_bytes: u64,
    last_sent_bytes: u64,
    fork_micros: u64,
    pub(super) switch_micros: Option<u64>,
    attempts: u64,
    forks: u64,
    pub(super) completed: u64,
    last_failed: bool,
    failures: u32,
    not_before: Option<Micros>,
    /// The server ends: a directory that cannot be synced is tried once more and then given up.
    pub(super) last_try: LastTry,
}

/// Whether a directory that cannot be synced is tried once more because the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastTry {
    No,
    Due,
    Made,
    Failed,
}

/// What the rewrite wants next.
pub(crate) enum Want {
    Note(Note),
    OpenPipes,
    Fork,
    ClosePipes,
    Kill { child: ChildId },
    PipeWrite { pipe: Pipe },
    Submit { job: JobId, lane: Lane, work: Work },
    Append { job: JobId, lane: Lane, file: FileId, offset: u64, upto: Lsn },
}

impl Rewrite {
    /// No rewrite, and none so far.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            stage: Stage::Idle,
            cause: None,
            scheduled: false,
            diff: Diff::new(config.aof_rewrite_block_bytes),
            feeding: false,
            run: None,
            asked: false,
            pipe: DataPipe::default(),
            stop_heard: false,
            ack_due: false,
            in_flight: None,
            block: Arc::default(),
            round: Round::default(),
            limits: Limits::default(),
            hold: Hold::No,
            chores: VecDeque::new(),
            notes: VecDeque::new(),
            tidying: Vec::new(),
            unwanted: Vec::new(),
            next_file: FileId::LIVE.0 + 1,
            started: None,
            last_took_seconds: None,
            report: None,
            last_copied_bytes: 0,
            last_sent_bytes: 0,
            fork_micros: 0,
            switch_micros: None,
            attempts: 0,
            forks: 0,
            completed: 0,
            last_failed: false,
            failures: 0,
            not_before: None,
            last_try: LastTry::No,
        }
    }

    /// One is made as soon as possible.
    pub(crate) fn schedule(&mut self) {
        self.scheduled = true;
    }

    /// None is, any more.
    pub(crate) fn unschedule(&mut self) {
        self.scheduled = false;
    }

    /// Begins one. Nothing may run.
    #[doc(alias = "rewriteAppendOnlyFileBackground")]
    pub(crate) fn begin(&mut self, cause: Cause) {
        assert_eq!(self.stage, Stage::Idle, "one rewrite at a time");
        self.stage = Stage::OpeningPipes;
        self.cause = Some(cause);
        self.asked = false;
        self.attempts += 1;
        if cause == Cause::Healing {
            self.notes.push_back(RewriteNote::Healing);
        }
    }

    /// Takes a line for the server's log.
    pub(crate) fn note(&mut self, note: RewriteNote) {
        self.notes.push_back(note);
    }

    /// The pipes are open, or none is. Returns whether the rewrite goes on.
    #[doc(alias = "aofCreatePipes")]
    pub(crate) fn pipes_opened(
        &mut self,
        result: Result<(), Errno>,
        config: &Config,
        at: Moment,
    ) -> bool {
        if self.stage != Stage::OpeningPipes {
            return true;
        }
        if let Err(errno) = result {
            self.notes.push_back(RewriteNote::PipesFailed(errno));
            self.not_begun(config, at);
            return false;
        }
        self.stage = Stage::Forking;
        self.asked = false;
        true
    }

    /// There is a child, or not. Returns whether there is.
    pub(crate) fn forked(
        &mut self,
        result: Result<ChildId, Errno>,
        took: Micros,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) -> bool {
        if self.stage != Stage::Forking {
            return true;
        }
        self.fork_micros = took.0;
        let child = match result {
            Ok(child) => child,
            Err(errno) => {
                self.notes.push_back(RewriteNote::ForkFailed(errno));
                self.chores.push_back(Chore::ClosePipes);
                self.not_begun(config, at);
                return false;
            }
        };
        self.forks += 1;
        self.scheduled = false;
        self.started = Some(at.now);
        self.report = None;
        self.stage = Stage::Child { child, stop_sending: false };
        self.stop_heard = false;
        self.ack_due = false;
        self.pipe = DataPipe::default();
        let replaces_log = log.takes_new_file();
        self.feeding = replaces_log;
        if !mutation::is(Mutation::DiffNotCleared) {
            self.diff.reset(config.aof_rewrite_block_bytes);
        }
        let forked_at = log.ledger().appended();
        self.run = Some(Run {
            child,
            forked_at,
            replaces_log,
            order: config.choices().switch,
            file: None,
            old: None,
            old_asked: false,
            covered: forked_at,
            unsynced_bytes: 0,
            sealed: false,
            failed_unseen: false,
            frozen: None,
            queued_sync: None,
            retry_ms: 0,
        });
        log.set_child_lives(true);
        self.notes.push_back(RewriteNote::Started { child });
        true
    }

    /// The attempt has failed before there was a child.
    fn not_begun(&mut self, config: &Config, at: Moment) {
        self.stage = Stage::Idle;
        self.cause = None;
        if config.choices().failed_rewrite == FailedRewrite::BacksOff {
            self.last_failed = true;
            self.back_off(at);
        }
    }

    /// The next one that nobody asks for waits.
    fn back_off(&mut self, at: Moment) {
        let doublings = self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        let retry_ms = (BACK_OFF_MS << doublings).min(MOST_BACK_OFF_MS);
        self.not_before = Some(at.later(retry_ms));
        self.notes.push_back(RewriteNote::BacksOff { retry_ms });
    }

    /// Records went to the log: `bytes` of them. Returns whether the buffer is full and the rewrite
    /// must be given up.
    #[doc(alias = "feedAppendOnlyFile")]
    pub(crate) fn feed(&mut self, bytes: &[u8], config: &Config) -> bool {
        let blocks_before = self.diff.blocks_len();
        self.diff.append(bytes);
        self.tell_growth(blocks_before);
        let kept_bytes = match self.stage {
            // What was sent lies in the memory of the child.
            Stage::Child { .. } => self.diff.appended_bytes(),
            // With no job in flight the gates are closed instead, see `want_catching_up`.
            Stage::Opening { .. } | Stage::CatchingUp { .. } if self.in_flight.is_some() => {
                self.diff.waiting_bytes()
            }
            _ => return false,
        };
        config.choices().full_diff == FullDiff::AbortsRewrite
            && kept_bytes > config.aof_rewrite_buffer_limit_bytes
    }

    /// Says at every tenth block how much waits.
    fn tell_growth(&mut self, blocks_before: u64) {
        let blocks = ((self.diff.blocks_len() + 1) / 10 * 10).saturating_sub(1);
        if blocks > blocks_before {
            let bytes = self.diff.waiting_bytes_before(blocks);
            self.notes.push_back(RewriteNote::DiffGrows { blocks, bytes });
        }
    }

    /// The child has said how far it is.
    pub(crate) fn child_report(&mut self, report: Report) {
        if matches!(self.stage, Stage::Child { .. }) {
            self.report = Some(report);
        }
    }

    /// The child has ended. Returns whether a switch begins.
    #[doc(alias = "backgroundRewriteDoneHandler")]
    pub(crate) fn child_exited(
        &mut self,
        child: ChildId,
        status: ChildStatus,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) {
        if self.child() != Some(child) {
            return;
        }
        self.chores.push_back(Chore::ClosePipes);
        log.set_child_lives(false);
        self.last_sent_bytes = self.diff.sent_bytes();
        if let Some(report) = self.report.take() {
            self.last_copied_bytes = report.copied_bytes;
            let copied_bytes = report.copied_bytes;
            self.notes.push_back(RewriteNote::CopiedOnWrite { copied_bytes });
        }
        let Stage::Child { stop_sending, .. } = self.stage else {
            self.remove_names();
            self.stage = Stage::Idle;
            self.run = None;
            self.cause = None;
            return;
        };
        self.notes.push_back(RewriteNote::ChildEnded { child, status });
        match status {
            // Sent, and perhaps not read: the child has not gone the way that it must go.
            ChildStatus::Code(0) if !stop_sending && self.diff.sent_bytes() > 0 => {
                self.notes.push_back(RewriteNote::DiffFailed(Errno::EIO));
                self.last_failed = true;
                self.give_up(log, config, at);
            }
            ChildStatus::Code(0) => {
                if let Some(run) = &mut self.run {
                    run.order = config.choices().switch;
                    run.covered = run.forked_at.plus(self.diff.sent_bytes());
                }
                self.stage = Stage::Opening { child };
            }
            ChildStatus::Code(_) | ChildStatus::Signal(_) => {
                self.last_failed |= status != ChildStatus::Signal(TOLD_TO_END);
                self.give_up(log, config, at);
            }
        }
    }

    /// The rewrite has failed: the old log goes on. If the log waited for it, it waits for another.
    pub(super) fn give_up(&mut self, log: &mut Log, config: &Config, at: Moment) {
        if config.choices().failed_rewrite == FailedRewrite::BacksOff {
            self.last_failed = true;
            self.back_off(at);
        }
        self.end(log, config, at);
        self.scheduled |= log.waits_for_rewrite();
    }

    /// Ends a rewrite before the new file has the name, on purpose. Only what cannot be
    /// interrupted any more goes on.
    pub(crate) fn abort(&mut self, log: &mut Log, config: &Config, at: Moment) {
        match self.stage {
            Stage::Idle
            | Stage::Aborting { .. }
            | Stage::Renaming { .. }
            | Stage::SyncingRenamed { .. }
            | Stage::SyncingDirectory { .. }
            | Stage::Limbo { .. } => {}
            Stage::OpeningPipes => {
                // Its answer is due; nothing of it will be used.
                self.chores.push_back(Chore::ClosePipes);
                self.stage = Stage::Idle;
                self.cause = None;
            }
            Stage::Forking => {
                self.chores.push_back(Chore::ClosePipes);
                self.stage = Stage::Idle;
                self.cause = None;
            }
            Stage::Child { child, .. } => self.kill(child, config),
            Stage::Opening { .. }
            | Stage::CatchingUp { .. }
            | Stage::Freezing
            | Stage::Sealing { .. } => self.end(log, config, at),
        }
    }

    /// The buffer has reached its bound.
    pub(crate) fn diff_limit_reached(&mut self, log: &mut Log, config: &Config, at: Moment) {
        let Stage::Child { child, .. } = self.stage else {
            let bytes = self.diff.waiting_bytes();
            self.fail(RewriteNote::DiffLimit { bytes }, log, config, at);
            return;
        };
        let bytes = self.diff.appended_bytes();
        self.notes.push_back(RewriteNote::DiffLimit { bytes });
        self.kill(child, config);
        self.last_failed = true;
        self.back_off(at);
        self.scheduled |= log.waits_for_rewrite();
    }

    #[doc(alias = "killAppendOnlyChild")]
    fn kill(&mut self, child: ChildId, config: &Config) {
        self.notes.push_back(RewriteNote::KillingChild { child });
        self.chores.push_back(Chore::Kill { child });
        self.stage = Stage::Aborting { child };
        self.feeding = false;
        self.started = None;
        self.ack_due = false;
        self.diff.reset(config.aof_rewrite_block_bytes);
    }

    /// What every rewrite ends with, whatever came of it, once there is no child any more.
    pub(super) fn end(&mut self, log: &mut Log, config: &Config, at: Moment) {
        self.remove_names();
        if let Some(run) = self.run.take() {
            let close = |file| Chore::Close { file, lane: Lane::Slow };
            self.chores.extend(run.file.map(|(file, _)| close(file)));
            self.chores.extend(run.old.map(close));
        }
        self.last_took_seconds =
            self.started.take().map(|started| at.now.seconds().saturating_sub(started.seconds()));
        self.stage = Stage::Idle;
        self.cause = None;
        self.feeding = false;
        let in_flight = self.in_flight.take();
        self.unwanted.extend(in_flight.and_then(InFlight::opens));
        self.block = Arc::default();
        self.hold = Hold::No;
        if !mutation::is(Mutation::DiffNotCleared) {
            self.diff.reset(config.aof_rewrite_block_bytes);
        }
        log.thaw(at.now);
    }

    /// One has ended well.
    pub(super) fn succeeded(&mut self) {
        self.completed += 1;
        self.last_failed = false;
        self.failures = 0;
        self.not_before = None;
    }

    /// Makes the numbers of catching up small.
    #[cfg(test)]
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    pub(super) fn new_file(&mut self) -> FileId {
        let file = FileId(self.next_file);
        self.next_file += 1;
        file
    }

    /// A name for a file that the engine opens for another reason.
    pub(crate) fn name_file(&mut self) -> FileId {
        self.new_file()
    }

    /// What is wanted next, before any reply leaves.
    pub(crate) fn want(&mut self, log: &mut Log, config: &Config, at: Moment) -> Option<Want> {
        if let Some(note) = self.notes.pop_front() {
            return Some(Want::Note(Note::Rewrite(note)));
        }
        if let Some(chore) = self.chores.pop_front() {
            return Some(self.run_errand(chore, log));
        }
        match self.stage {
            Stage::Idle | Stage::Aborting { .. } => None,
            Stage::OpeningPipes => {
                (!std::mem::replace(&mut self.asked, true)).then_some(Want::OpenPipes)
            }
            Stage::Forking => (!std::mem::replace(&mut self.asked, true)).then_some(Want::Fork),
            Stage::Child { .. } => {
                std::mem::take(&mut self.ack_due).then_some(Want::PipeWrite { pipe: Pipe::Ack })
            }
            Stage::Opening { .. }
            | Stage::CatchingUp { .. }
            | Stage::Freezing
            | Stage::Sealing { .. }
            | Stage::Renaming { .. }
            | Stage::SyncingRenamed { .. }
            | Stage::SyncingDirectory { .. }
            | Stage::Limbo { .. } => self.want_switch(log, config, at),
        }
    }
}

mod errands;
mod pipe;
mod view;

pub(super) use errands::Chore;
use pipe::DataPipe;

//! The switch: the file that a child has finished becomes the log.
//!
//! # The problem
//!
//! The old file O is the truth for every promise given so far, the new file T must be for every
//! promise given later, and which of the two a failure leaves under the name is for some moments
//! not ours to say. A rename is one step for whoever looks at the directory, but the disk learns of
//! it when it likes. So there is a time in which both may be found, and in it a reply may leave
//! only if both files have what it reports.
//!
//! # `hardened`
//!
//! Nobody waits for a disk on the loop, and nothing is acknowledged that one of the files lacks:
//!
//! 1. *Opening*, *catching up*: T takes what has gathered in the rewrite buffer, in the background,
//!    round by round, until little is left.
//! 2. *Freezing*: O gets nothing any more. When nothing of it is in flight, the last position C is
//!    known. From here to the end all gates are held; commands run on, into `aof_buf`.
//! 3. *Sealing*: the rest up to C, then a sync. T is now at least as good as O.
//! 4. *Renaming*, *syncing the directory*.
//! 5. The swap, one step without I/O: the ledger says C, `aof_buf` forgets what T has, and what
//!    came after C is the first write to T.
//!
//! Before the rename every failure leads back: O never lost anything and gates go by it again.
//! After the rename there is no way back, since the name may lead to T for ever. If then the
//! directory cannot be synced, the switch is in *limbo*: gates stay held, writes are refused, and
//! the sync is tried again; under `always` the process ends, as after any failed sync.
//!
//! # `redis-6.2`
//!
//! The same stages, all of them on the loop, without catching up and without a sync of the
//! directory; the sync of T is made as `appendfsync` says. No reply could overtake anything,
//! because nothing runs meanwhile. What this order does not promise: under `everysec` the ledger
//! keeps what O had synced while T, which has the name, is still to be synced in the background; a
//! power cut in between can lose the part that the parent appended, although it had been synced
//! once.
//!
//! # `redis-3.0`
//!
//! As `redis-6.2`, but the rename comes first and the sync after it. So the same can happen under
//! `always`, too: the name may be durable before the part that the parent appended is.
//!
//! # Rejected
//!
//! To let gates go by T before it has the name: a crash would leave O, which lacks what was
//! acknowledged. To write to both files until the directory is synced: a reply would then wait for
//! two disks' worth of syncs, and a failure of either would have to be told apart.

use crate::aof::Log;
use crate::config::{Config, Policy};
use crate::effect::{Lane, OpenMode, Work};
use crate::note::RewriteNote;
use crate::profile::Switch;
use crate::units::{FileId, JobId};

use super::mutation::{self, Mutation};
use super::names::FileName;
use super::parent::{LastTry, Rewrite, Want};
use super::stage::{Moment, Stage};

/// How the parent catches up. The numbers are not configured; a test makes them small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The most that is appended at once, in bytes: a part of a block is copied on the loop.
    pub(crate) append_bytes: u64,
    /// Catching up, the new file is synced when so much was appended, in bytes.
    pub(crate) sync_bytes: u64,
    /// The parent stops catching up when no more than this is left, in bytes,
    pub(crate) little_bytes: u64,
    /// and after so many rounds at the latest.
    pub(crate) most_rounds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            append_bytes: 1024 * 1024,
            sync_bytes: 4 * 1024 * 1024,
            little_bytes: 256 * 1024,
            most_rounds: 8,
        }
    }
}

/// A directory that could not be synced is tried again after this long, in milliseconds,
const RETRY_MS: u64 = 100;
/// then after twice as long each time, and this long at most.
const MOST_RETRY_MS: u64 = 10_000;

/// What was asked for and has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InFlight {
    pub(super) job: JobId,
    kind: Kind,
}

impl InFlight {
    /// The file that it opens, if it does.
    pub(super) const fn opens(self) -> Option<(JobId, FileId)> {
        match self.kind {
            Kind::Open { file } | Kind::OpenOld { file } => Some((self.job, file)),
            Kind::Append { .. } | Kind::Sync | Kind::Rename | Kind::SyncDirectory => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Opens the new file.
    Open {
        file: FileId,
    },
    /// Opens the old file only so that its end is not on the loop.
    OpenOld {
        file: FileId,
    },
    /// Appends a block of so many bytes.
    Append {
        bytes: u64,
    },
    /// Syncs the new file.
    Sync,
    Rename,
    SyncDirectory,
}

/// One time through what had gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// What had gathered when it began, in bytes.
    began_with: u64,
    /// What of it is left.
    left: u64,
}

impl Rewrite {
    /// What the switch wants next.
    pub(super) fn want_switch(
        &mut self,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) -> Option<Want> {
        if self.in_flight.is_some() {
            return None;
        }
        match self.stage {
            Stage::Opening { child } => {
                let file = self.new_file();
                let name = FileName::Rewritten(child);
                let work = Work::Open { file, name, mode: OpenMode::Append };
                Some(self.submit(log, Lane::Slow, work, Kind::Open { file }))
            }
            Stage::CatchingUp { round } => self.want_catching_up(log, config, round, at),
            Stage::Freezing => {
                if !log.is_quiet() && !mutation::is(Mutation::NoHold) {
                    return None;
                }
                self.close_gates(log);
                self.want(log, config, at)
            }
            Stage::Sealing { .. } => self.want_sealing(log, config, at),
            Stage::Renaming { .. } => self.want_rename(log),
            Stage::SyncingRenamed { .. } => self.want_policy_sync(log, config, at),
            Stage::SyncingDirectory { .. } => {
                if mutation::is(Mutation::RenameBeforeResidual) && self.diff.waiting_bytes() > 0 {
                    return self.append(log, Lane::Sync, self.limits.append_bytes);
                }
                Some(self.submit(log, Lane::Sync, Work::SyncDirectory, Kind::SyncDirectory))
            }
            Stage::Limbo { retry_at, .. } => {
                if self.last_try == LastTry::Due {
                    self.last_try = LastTry::Made;
                } else if at.mono < retry_at || self.last_try != LastTry::No {
                    return None;
                }
                Some(self.submit(log, Lane::Sync, Work::SyncDirectory, Kind::SyncDirectory))
            }
            Stage::Idle
            | Stage::OpeningPipes
            | Stage::Forking
            | Stage::Child { .. }
            | Stage::Aborting { .. } => None,
        }
    }

    /// Hands work out. Under `redis-6.2` and `redis-3.0` all of it is done on the loop.
    fn submit(&mut self, log: &mut Log, lane: Lane, work: Work, kind: Kind) -> Want {
        let job = log.new_job();
        self.in_flight = Some(InFlight { job, kind });
        let lane = if self.is_on_the_loop() { Lane::Inline } else { lane };
        Want::Submit { job, lane, work }
    }

    fn is_on_the_loop(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.order.is_on_the_loop())
    }

    /// The next block, at most `most_bytes` of it.
    fn append(&mut self, log: &mut Log, lane: Lane, most_bytes: u64) -> Option<Want> {
        let block = self.diff.take(most_bytes)?;
        let on_the_loop = self.is_on_the_loop();
        let run = self.run.as_mut()?;
        let (file, offset) = run.file?;
        let bytes = block.len() as u64;
        self.block = block;
        let job = log.new_job();
        self.in_flight = Some(InFlight { job, kind: Kind::Append { bytes } });
        let upto = run.covered.plus(bytes);
        let lane = if on_the_loop { Lane::Inline } else { lane };
        Some(Want::Append { job, lane, file, offset, upto })
    }

    /// A round is what had gathered when it began, in blocks that are synced one by one, so that
    /// the sync in the hold finds little.
    fn want_catching_up(
        &mut self,
        log: &mut Log,
        config: &Config,
        round: u32,
        at: Moment,
    ) -> Option<Want> {
        let run = self.run.as_ref()?;
        let (file, _) = run.file?;
        let due = if self.round.left == 0 { 1 } else { self.limits.sync_bytes };
        if run.unsynced_bytes >= due {
            let work = Work::Sync { file, upto: run.covered };
            return Some(self.submit(log, Lane::Slow, work, Kind::Sync));
        }
        let rest = self.diff.waiting_bytes();
        let full = rest > config.aof_rewrite_buffer_limit_bytes;
        if self.round.left > 0 && !full {
            let bytes = self.round.left.min(self.limits.append_bytes);
            return self.append(log, Lane::Slow, bytes);
        }
        let halved = round == 0 || rest <= self.round.began_with / 2;
        let is_little = rest <= self.limits.little_bytes;
        let is_due = is_little || round >= self.limits.most_rounds || !halved || full;
        // Waiting for a sync of the old file costs nothing while gates are open. Under `always` one
        // is nearly always in flight, so there the next is not started.
        let waits = config.appendfsync != Policy::Always && !full && !log.is_quiet();
        if is_due && !waits {
            self.stage = Stage::Freezing;
            self.hold = Hold::Begins { jobs_micros: 0 };
            if !mutation::is(Mutation::NoHold) {
                log.freeze();
            }
            return self.want_switch(log, config, at);
        }
        if is_due && is_little {
            return None;
        }
        // That sync may take long. What clients write meanwhile goes round after round, or all of
        // it would be left for the hold.
        let round = if is_due { round } else { round + 1 };
        self.stage = Stage::CatchingUp { round };
        self.round = Round { began_with: rest, left: rest };
        self.append(log, Lane::Slow, rest.min(self.limits.append_bytes))
    }

    fn want_rename(&mut self, log: &mut Log) -> Option<Want> {
        let on_the_loop = self.is_on_the_loop();
        let run = self.run.as_mut()?;
        let (file, _) = run.file?;
        let from = FileName::Rewritten(run.child);
        // Beside a log that is off nobody has the old file open, and the rename would free it on
        // the loop.
        if on_the_loop && !run.replaces_log && !std::mem::replace(&mut run.old_asked, true) {
            let file = self.new_file();
            let work = Work::Open { file, name: FileName::Log, mode: OpenMode::ReadOnly };
            return Some(self.submit(log, Lane::Inline, work, Kind::OpenOld { file }));
        }
        let work = Work::Rename { file, from, to: FileName::Log };
        self.assert_may_be_renamed(log);
        Some(self.submit(log, Lane::Sync, work, Kind::Rename))
    }

    /// The old log has said its last: its end is where the new file must reach.
    fn close_gates(&mut self, log: &Log) {
        let upto = log.ledger().appended();
        let fed_bytes = self.diff.appended_bytes();
        self.feeding = false;
        self.stage = Stage::Sealing { upto };
        if let Some(run) = &mut self.run {
            if run.replaces_log {
                assert_eq!(
                    upto.since(run.forked_at),
                    fed_bytes,
                    "what was propagated since the fork is what the buffer got"
                );
            }
            run.frozen = Some((log.ledger().written(), log.ledger().synced()));
        }
        if self.holds_gates() {
            self.notes.push_back(RewriteNote::GatesHeld);
        }
    }

    fn want_sealing(&mut self, log: &mut Log, config: &Config, at: Moment) -> Option<Want> {
        let residual_first = !mutation::is(Mutation::RenameBeforeResidual);
        if residual_first && self.diff.waiting_bytes() > 0 {
            let most_bytes =
                if self.is_on_the_loop() { u64::MAX } else { self.limits.append_bytes };
            return self.append(log, Lane::Sync, most_bytes);
        }
        let on_the_loop = self.is_on_the_loop();
        let run = self.run.as_mut()?;
        let (file, _) = run.file?;
        let upto = run.covered;
        if on_the_loop {
            if run.order == Switch::RenamesFirst {
                self.sealed();
                return self.want(log, config, at);
            }
            return self.want_policy_sync(log, config, at);
        }
        if run.sealed || mutation::is(Mutation::NoSealSync) {
            self.sealed();
            return self.want(log, config, at);
        }
        Some(self.submit(log, Lane::Sync, Work::Sync { file, upto }, Kind::Sync))
    }

    /// On the loop: the residual is in; the sync is as the policy says.
    fn want_policy_sync(&mut self, log: &mut Log, config: &Config, at: Moment) -> Option<Want> {
        let run = self.run.as_mut()?;
        let (file, _) = run.file?;
        let work = Work::Sync { file, upto: run.covered };
        match config.appendfsync {
            Policy::Always if !run.sealed => Some(self.submit(log, Lane::Inline, work, Kind::Sync)),
            Policy::EverySec if run.queued_sync.is_none() => {
                let job = log.new_job();
                run.queued_sync = Some(job);
                Some(Want::Submit { job, lane: Lane::Sync, work })
            }
            Policy::Always | Policy::EverySec | Policy::No => {
                match self.stage {
                    Stage::SyncingRenamed { .. } => self.swap(log, config, at),
                    _ => self.sealed(),
                }
                self.want(log, config, at)
            }
        }
    }

    /// The new file has everything that it must have.
    fn sealed(&mut self) {
        let Stage::Sealing { upto } = self.stage else { return };
        self.stage = Stage::Renaming { upto };
        let bytes = self.diff.taken_bytes();
        self.notes.push_back(RewriteNote::DiffWritten { bytes });
    }

    /// The rename is about to be asked for: the new file has everything up to the position that
    /// will count, and nothing beyond that was acknowledged.
    fn assert_may_be_renamed(&self, log: &Log) {
        let (Stage::Renaming { upto }, Some(run)) = (self.stage, &self.run) else { return };
        if !run.replaces_log || mutation::any() {
            return;
        }
        assert_eq!(run.covered, upto, "the new file reaches the end of the old one");
        if run.order == Switch::HoldsGates {
            assert!(run.sealed, "the new file is synced before it gets the name");
            assert!(log.ledger().acknowledged() <= upto, "a reply has passed a closed gate");
        }
    }
}

mod hold;
mod outcome;

pub(super) use hold::Hold;

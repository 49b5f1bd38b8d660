//! What came of each step of the switch, and the swap at its end.

use std::sync::Arc;

use crate::aof::Log;
use crate::aof::log::{NewFile, Sealed};
use crate::config::{Config, Policy};
use crate::effect::Lane;
use crate::note::RewriteNote;
use crate::profile::Switch;
use crate::rewrite::Rewrite;
use crate::rewrite::mutation::{self, Mutation};
use crate::rewrite::parent::{Chore, LastTry, Run};
use crate::rewrite::stage::{Moment, Stage};
use crate::units::{Errno, JobId, Micros};

use super::{Hold, InFlight, Kind, MOST_RETRY_MS, RETRY_MS, Round};

impl Rewrite {
    /// A job has ended. Returns whether it was one of the rewrite's.
    pub(crate) fn job_ended(
        &mut self,
        job: JobId,
        result: Result<(), Errno>,
        took: Micros,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) -> bool {
        if self.errand_ended(job) || self.unwanted_opened(job, false) {
            return true;
        }
        let Some(InFlight { kind, .. }) = self.in_flight.take_if(|known| known.job == job) else {
            return false;
        };
        self.count_job(took);
        match kind {
            Kind::Append { bytes } => self.appended(bytes, result, log, config, at),
            Kind::Sync => self.synced(result, log, config, at),
            Kind::Rename => match result {
                Ok(()) => self.renamed(log, config, at),
                Err(errno) => self.fail(RewriteNote::RenameFailed(errno), log, config, at),
            },
            Kind::SyncDirectory => match result {
                Ok(()) => self.swap(log, config, at),
                Err(errno) => self.directory_not_synced(errno, log, config, at),
            },
            // These are answered by `Event::Opened`.
            Kind::Open { .. } | Kind::OpenOld { .. } => {
                let error = result.err().unwrap_or(Errno::EIO);
                self.file_opened(kind, Err(error), log, config, at);
            }
        }
        true
    }

    /// A file is open, or not. Returns whether it was one of the rewrite's.
    pub(crate) fn opened(
        &mut self,
        job: JobId,
        result: Result<u64, Errno>,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) -> bool {
        if self.unwanted_opened(job, result.is_ok()) {
            return true;
        }
        let Some(InFlight { kind, .. }) = self.in_flight.take_if(|known| known.job == job) else {
            return false;
        };
        self.file_opened(kind, result, log, config, at);
        true
    }

    fn file_opened(
        &mut self,
        kind: Kind,
        result: Result<u64, Errno>,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) {
        match (kind, result) {
            (Kind::Open { file }, Ok(length_bytes)) => {
                let Some(run) = &mut self.run else { return };
                run.file = Some((file, length_bytes));
                if run.replaces_log && run.order == Switch::HoldsGates {
                    self.round = Round::default();
                    self.stage = Stage::CatchingUp { round: 0 };
                } else {
                    // On the loop nothing else happens meanwhile; and beside a log that is off
                    // nothing has been promised.
                    self.hold = Hold::Begins { jobs_micros: 0 };
                    self.close_gates(log);
                }
            }
            (Kind::OpenOld { file }, Ok(_)) => {
                if let Some(run) = &mut self.run {
                    run.old = Some(file);
                }
            }
            // There is none, so nothing will be freed by the rename.
            (Kind::OpenOld { .. }, Err(_)) => {}
            (_, Err(errno)) => self.fail(RewriteNote::OpenFailed(errno), log, config, at),
            (_, Ok(_)) => {}
        }
    }

    fn appended(
        &mut self,
        bytes: u64,
        result: Result<(), Errno>,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) {
        self.block = Arc::default();
        if let Err(errno) = result {
            self.fail(RewriteNote::DiffFailed(errno), log, config, at);
            return;
        }
        let Some(run) = &mut self.run else { return };
        run.covered = run.covered.plus(bytes);
        run.unsynced_bytes += bytes;
        if let Some((_, length_bytes)) = &mut run.file {
            *length_bytes += bytes;
        }
        self.round.left = self.round.left.saturating_sub(bytes);
    }

    fn synced(&mut self, result: Result<(), Errno>, log: &mut Log, config: &Config, at: Moment) {
        if let (Stage::SyncingRenamed { .. }, Some(run)) = (self.stage, &mut self.run) {
            (run.sealed, run.failed_unseen) = (result.is_ok(), result.is_err());
            self.swap(log, config, at);
            return;
        }
        if let Err(errno) = result {
            self.fail(RewriteNote::SealFailed(errno), log, config, at);
            return;
        }
        let Some(run) = &mut self.run else { return };
        run.unsynced_bytes = 0;
        run.sealed = matches!(self.stage, Stage::Sealing { .. });
        if run.sealed && mutation::is(Mutation::GatesByNewFileBeforeRename) {
            log.claim(run.covered);
        }
    }

    /// The name leads to the new file.
    fn renamed(&mut self, log: &mut Log, config: &Config, at: Moment) {
        let Stage::Renaming { upto } = self.stage else { return };
        let syncs =
            self.run.as_ref().is_some_and(|r| r.order == Switch::RenamesFirst && r.replaces_log);
        if syncs {
            self.stage = Stage::SyncingRenamed { upto };
        } else if self.is_on_the_loop() || mutation::is(Mutation::SwapBeforeDirectorySync) {
            self.swap(log, config, at);
        } else {
            self.stage = Stage::SyncingDirectory { upto };
        }
    }

    /// Nobody knows what the name would lead to after a power cut.
    fn directory_not_synced(&mut self, errno: Errno, log: &mut Log, config: &Config, at: Moment) {
        let upto = match self.stage {
            Stage::SyncingDirectory { upto } | Stage::Limbo { upto, .. } => upto,
            _ => return,
        };
        let Some(run) = &mut self.run else { return };
        if !run.replaces_log {
            // Nothing is promised while the log is off.
            self.fail(RewriteNote::DirectorySyncFailed { errno, retry_ms: 0 }, log, config, at);
            return;
        }
        run.retry_ms = (run.retry_ms * 2).clamp(RETRY_MS, MOST_RETRY_MS);
        let retry_ms = run.retry_ms;
        self.notes.push_back(RewriteNote::DirectorySyncFailed { errno, retry_ms });
        self.stage = Stage::Limbo { upto, errno, retry_at: at.later(retry_ms) };
        if self.last_try == LastTry::Made {
            self.last_try = LastTry::Failed;
        }
        if config.appendfsync == Policy::Always {
            log.halt_after_failed_sync(errno);
        }
    }

    /// The server ends.
    pub(crate) fn try_for_the_last_time(&mut self) {
        if self.last_try == LastTry::No {
            self.last_try = LastTry::Due;
        }
    }

    pub(in crate::rewrite) fn fail(
        &mut self,
        note: RewriteNote,
        log: &mut Log,
        config: &Config,
        at: Moment,
    ) {
        self.notes.push_back(note);
        self.give_up(log, config, at);
    }

    /// The new file counts from now on.
    pub(super) fn swap(&mut self, log: &mut Log, config: &Config, at: Moment) {
        let upto = match self.stage {
            Stage::Renaming { upto }
            | Stage::SyncingRenamed { upto }
            | Stage::SyncingDirectory { upto }
            | Stage::Limbo { upto, .. } => upto,
            _ => return,
        };
        let Some(run) = self.run.take() else { return };
        let Some((file, new_bytes)) = run.file else { return };
        let old_bytes = log.file_length_bytes();
        if run.replaces_log {
            self.assert_held(&run, log);
            let sealed = match run.queued_sync {
                Some(job) => Sealed::Queued(job),
                None if run.sealed => Sealed::Yes,
                None if run.failed_unseen => Sealed::FailedUnseen,
                None => Sealed::No,
            };
            let heals = run.order == Switch::HoldsGates;
            let waited = log.waits_for_rewrite();
            let new = NewFile { file, upto, length_bytes: new_bytes, sealed, heals };
            let old = log.swap(&new, at.now);
            if waited {
                self.notes.push_back(RewriteNote::TurnedOn);
            }
            let close = |file| Chore::Close { file, lane: Lane::Slow };
            self.chores.extend(old.map(close));
        } else {
            let lane = if run.order.is_on_the_loop() { Lane::Inline } else { Lane::Slow };
            self.chores.push_back(Chore::Close { file, lane });
        }
        self.run = Some(Run { file: None, ..run });
        self.notes.push_back(RewriteNote::Finished { old_bytes, new_bytes });
        self.succeeded();
        self.last_try = LastTry::No;
        let hold = self.hold;
        self.end(log, config, at);
        self.hold_ends(hold);
    }

    /// Nothing has moved since the gates were closed.
    fn assert_held(&self, run: &Run, log: &Log) {
        if run.order == Switch::HoldsGates
            && let Some(frozen) = run.frozen
            && !mutation::any()
        {
            let now = (log.ledger().written(), log.ledger().synced());
            assert_eq!(now, frozen, "a gate has moved while it was held");
        }
    }
}

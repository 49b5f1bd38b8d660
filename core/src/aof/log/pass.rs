//! One pass: ask, perform, ask again, until there is nothing to do.

use crate::client::Held;
use crate::config::{Config, Policy};
use crate::effect::{Effect, HaltReason, Lane, Work};
use crate::note::Note;
use crate::profile::{FailedSync, PostponedWrite};
use crate::rewrite::mutation::{self, Mutation};
use crate::units::{Errno, JobId, Lsn, Micros};

use super::super::policy::{Decision, Rest, Situation, SyncCause, decide};
use super::{Log, Pass, Postponed, State, SyncInFlight, SyncStatus, Want, WriteStatus};

/// A failed write is told at most this often (Redis: `AOF_WRITE_LOG_ERROR_RATE`).
const WRITE_ERROR_NOTE_INTERVAL_MS: u64 = 30_000;
/// `hardened` tries a failed write again after this long; `redis-6.2` at every pass.
const WRITE_RETRY_INTERVAL_MS: u64 = 1_000;

impl Log {
    /// The next thing the pass wants. `held`: whose replies were promised a sync.
    pub(crate) fn want(&mut self, config: &Config, held: &Held) -> Want {
        if let Some(note) = self.note.take() {
            return Want::Note(note);
        }
        if self.halted.is_some() {
            return Want::Nothing;
        }
        match self.pass {
            Pass::Idle | Pass::SyncingInline { .. } => Want::Nothing,
            Pass::Deciding { just_written } => {
                let situation = self.situation(config, held, just_written);
                self.carry_out(config, decide(&situation))
            }
            Pass::Writing { taken_bytes, offered: false } => {
                self.pass = Pass::Writing { taken_bytes, offered: true };
                Want::Write { taken_bytes }
            }
            Pass::Truncating { taken_bytes, errno, job: None } => {
                let job = self.new_job();
                self.pass = Pass::Truncating { taken_bytes, errno, job: Some(job) };
                let length_bytes = self.file_length_bytes;
                let work = Work::Truncate { file: self.file, length_bytes };
                Want::Submit { job, lane: Lane::Inline, work }
            }
            Pass::Closing { job: None } => {
                let job = self.new_job();
                self.pass = Pass::Closing { job: Some(job) };
                Want::Submit { job, lane: Lane::Slow, work: Work::Close { file: self.file } }
            }
            Pass::Writing { .. } | Pass::Truncating { .. } | Pass::Closing { .. } => Want::Nothing,
        }
    }

    /// The effect behind [`Want::Write`].
    pub(crate) fn write_effect(&self, taken_bytes: usize) -> Effect<'_> {
        Effect::Write {
            file: self.file,
            bytes: self.buffer.bytes().get(taken_bytes..).unwrap_or_default(),
            offset: self.file_length_bytes + taken_bytes as u64,
            upto: self.buffer.end(),
        }
    }

    fn situation(&self, config: &Config, held: &Held, just_written: bool) -> Situation {
        let (_, waiting) = held.around_sync(self.ledger.believed());
        let choices = config.choices();
        let retry = choices.postponed_write == PostponedWrite::MadeAfterTwoSeconds;
        let write_resting = match self.write_status {
            WriteStatus::Fine => false,
            WriteStatus::Failed { tried, .. } => {
                !retry
                    && !self.draining
                    && !self.forced
                    && self.now.since(tried) < WRITE_RETRY_INTERVAL_MS
            }
        };
        Situation {
            policy: config.appendfsync,
            choices,
            now: self.now,
            waiting_bytes: self.buffer.waiting_bytes(),
            write_resting,
            sync_in_flight: self.background.is_some(),
            unsynced: self.sync_requested < self.ledger.written() || self.redrain(),
            just_written,
            sync_hopeless: self.lost_from.is_some()
                && choices.failed_sync == FailedSync::RemainsUntilRewritten,
            postponed_since: self.postponed.map(|postponed| postponed.since),
            delay_counted: self.postponed.is_some_and(|postponed| postponed.counted),
            last_sync: self.last_sync,
            gate_needs_sync: held.needs_sync() && !mutation::is(Mutation::NoSyncForClosedGates),
            gathering: self.group.gathers(waiting),
            child_forbids_sync: config.no_appendfsync_on_rewrite && self.child_lives,
            draining: self.draining,
            forgets: self.forgets,
            forced: self.forced,
        }
    }

    /// A drain syncs once more even what a background sync was asked to cover, as Redis does on
    /// its way out; once.
    fn redrain(&self) -> bool {
        self.draining && self.lost_from.is_none() && self.ledger.believed() < self.ledger.written()
    }

    fn carry_out(&mut self, config: &Config, decision: Decision) -> Want {
        match decision {
            Decision::Rest(reason) => {
                if reason == Rest::SecondSpent {
                    self.last_sync = self.now;
                }
                self.pass = Pass::Idle;
                if self.state == State::Stopping && self.drained(config).is_some() {
                    self.pass = Pass::Closing { job: None };
                    return Want::Note(Note::AppendOnlyStopped);
                }
                Want::Nothing
            }
            Decision::PutOff => {
                self.pass = Pass::Idle;
                self.postponed = Some(Postponed { since: self.now, counted: false });
                Want::Note(Note::WritePostponed { waiting_bytes: self.buffer.waiting_bytes() })
            }
            Decision::CountDelay { postponed_ms } => {
                self.postponed = self.postponed.map(|p| Postponed { counted: true, ..p });
                Want::Note(self.count_delay(postponed_ms))
            }
            Decision::Write { delayed_ms } => {
                self.pass = Pass::Writing { taken_bytes: 0, offered: false };
                match delayed_ms {
                    Some(postponed_ms) => Want::Note(self.count_delay(postponed_ms)),
                    None => {
                        self.pass = Pass::Writing { taken_bytes: 0, offered: true };
                        Want::Write { taken_bytes: 0 }
                    }
                }
            }
            Decision::Sync { lane, cause } => self.start_sync(lane, cause),
        }
    }

    fn count_delay(&mut self, postponed_ms: u64) -> Note {
        self.delayed_fsync += 1;
        Note::SyncTooSlow { postponed_ms, delayed_fsync: self.delayed_fsync }
    }

    fn start_sync(&mut self, lane: Lane, cause: SyncCause) -> Want {
        let job = self.new_job();
        let upto = self.ledger.written();
        let from = self.ledger.synced();
        self.sync_requested = upto;
        self.last_sync = self.now;
        if lane == Lane::Inline {
            self.pass = Pass::SyncingInline { job, upto };
        } else {
            self.pass = Pass::Idle;
            self.background = Some(SyncInFlight { job, from, upto, since: self.now, cause });
            self.group.close();
        }
        Want::Submit { job, lane, work: Work::Sync { file: self.file, upto } }
    }

    /// A name for work that nobody has asked for before.
    pub(crate) fn new_job(&mut self) -> JobId {
        let job = JobId(self.next_job);
        self.next_job += 1;
        job
    }

    /// What `write(2)` said.
    pub(crate) fn written(&mut self, policy: Policy, result: Result<u64, Errno>) {
        let Pass::Writing { taken_bytes, .. } = self.pass else { return };
        let offered_bytes = self.buffer.bytes().len() - taken_bytes;
        match result {
            Err(Errno::EINTR) => self.pass = Pass::Writing { taken_bytes, offered: false },
            Err(errno) => self.write_refused(policy, taken_bytes, errno),
            // Nothing taken and no error: POSIX allows it, and asking for ever would hang.
            Ok(0) => self.write_refused(policy, taken_bytes, Errno::ENOSPC),
            Ok(more_bytes) => {
                let more_bytes = usize::try_from(more_bytes).unwrap_or(usize::MAX);
                assert!(more_bytes <= offered_bytes, "the kernel took more than was offered");
                let taken_bytes = taken_bytes + more_bytes;
                if more_bytes < offered_bytes {
                    self.pass = Pass::Writing { taken_bytes, offered: false };
                } else {
                    self.write_complete();
                }
            }
        }
    }

    fn write_complete(&mut self) {
        self.accept(self.buffer.bytes().len());
        self.pass = Pass::Deciding { just_written: true };
        if self.write_status != WriteStatus::Fine {
            self.write_status = WriteStatus::Fine;
            self.note = Some(Note::WriteRecovered);
        }
    }

    /// The front of the buffer is in the file.
    fn accept(&mut self, bytes: usize) {
        self.buffer.consume(bytes);
        self.ledger.write(self.buffer.start());
        self.file_length_bytes += bytes as u64;
        self.postponed = None;
    }

    fn write_refused(&mut self, policy: Policy, taken_bytes: usize, errno: Errno) {
        self.postponed = None;
        let (told, tell) = match self.write_status {
            WriteStatus::Failed { told, .. }
                if self.now.since(told) <= WRITE_ERROR_NOTE_INTERVAL_MS =>
            {
                (told, false)
            }
            WriteStatus::Failed { .. } | WriteStatus::Fine => (self.now, true),
        };
        if tell {
            self.note = Some(if taken_bytes == 0 {
                Note::WriteFailed(errno)
            } else {
                Note::ShortWrite {
                    written_bytes: taken_bytes as u64,
                    expected_bytes: self.buffer.waiting_bytes(),
                }
            });
        }
        self.write_status = WriteStatus::Failed { errno, tried: self.now, told };
        if taken_bytes == 0 {
            self.write_given_up(policy, errno);
        } else {
            self.pass = Pass::Truncating { taken_bytes, errno, job: None };
        }
    }

    fn write_given_up(&mut self, policy: Policy, errno: Errno) {
        self.pass = Pass::Idle;
        if policy == Policy::Always {
            self.halted = Some(HaltReason::WriteFailed(errno));
        } else if self.state == State::Stopping {
            self.pass = Pass::Closing { job: None };
        }
    }

    /// A job has ended, after so long. `held`: whose replies were promised a sync.
    pub(crate) fn job_ended(
        &mut self,
        config: &Config,
        job: JobId,
        result: Result<(), Errno>,
        took: Micros,
        held: &Held,
    ) {
        let must_halt = held.needs_sync();
        if self.background.is_some_and(|sync| sync.job == job) {
            let Some(sync) = self.background.take() else { return };
            self.sync_ended(config, sync.from, sync.upto, result, must_halt);
            let (released, waiting) = held.around_sync(self.ledger.believed());
            self.group.sync_ended(took, released, waiting);
            // The next group starts before the replies of this one leave, so that sending them
            // overlaps its sync. Redis 6.2 learns of the end only at its next turn.
            if config.choices().always_sync != Lane::Inline {
                self.start_pass(self.now);
            }
            return;
        }
        match self.pass {
            Pass::SyncingInline { job: waiting, upto } if waiting == job => {
                let from = self.ledger.synced();
                self.pass = Pass::Idle;
                self.sync_ended(config, from, upto, result, must_halt);
                self.start_pass(self.now);
            }
            Pass::Truncating { taken_bytes, errno, job: Some(waiting) } if waiting == job => {
                if let Err(truncate_errno) = result {
                    self.accept(taken_bytes);
                    self.note = Some(Note::TruncateFailed(truncate_errno));
                }
                self.write_given_up(config.appendfsync, errno);
            }
            Pass::Closing { job: Some(waiting) } if waiting == job => {
                self.pass = Pass::Idle;
                self.state = State::Off;
                self.is_open = false;
                self.draining = false;
                self.discard_after_stop();
            }
            _ => {}
        }
    }

    /// The log is off; what could not be written is not the disk's any more, it is nobody's.
    pub(super) fn discard_after_stop(&mut self) {
        self.buffer.discard();
        self.write_status = WriteStatus::Fine;
        self.sync_status = SyncStatus::Fine;
        self.postponed = None;
    }

    fn sync_ended(
        &mut self,
        config: &Config,
        from: Lsn,
        upto: Lsn,
        result: Result<(), Errno>,
        must_halt: bool,
    ) {
        match result {
            Ok(()) => {
                // What an earlier failure may have lost stays lost, whatever the kernel says now.
                let durable = self.lost_from.map_or(upto, |lost| lost.min(upto));
                self.ledger.sync(durable);
                if config.choices().failed_sync == FailedSync::RemainsUntilRewritten {
                    return;
                }
                self.ledger.believe(upto);
                if self.sync_status != SyncStatus::Fine {
                    self.sync_status = SyncStatus::Fine;
                    self.note = Some(Note::SyncRecovered);
                }
            }
            // Nobody looks at it. The truth is kept all the same.
            Err(_) if config.choices().failed_sync == FailedSync::Unseen => {
                self.lost_from = Some(self.lost_from.map_or(from, |lost| lost.min(from)));
                self.ledger.believe(upto);
            }
            Err(errno) => {
                self.note = Some(Note::SyncFailed { errno, synced: from, upto });
                self.lost_from = Some(self.lost_from.map_or(from, |lost| lost.min(from)));
                self.sync_status = SyncStatus::Failed(errno);
                if config.appendfsync == Policy::Always || must_halt {
                    self.halted = Some(HaltReason::SyncFailed(errno));
                }
            }
        }
    }
}

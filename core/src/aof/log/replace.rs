//! The file of the log is replaced: turned on, frozen, swapped.

use crate::config::Config;
use crate::effect::HaltReason;
use crate::profile::FailedSync;
use crate::rewrite::mutation::{self, Mutation};
use crate::units::{Errno, FileId, JobId, Lsn, Millis};

use super::super::policy::SyncCause;
use super::{Log, Origin, Pass, State, SyncInFlight, SyncStatus, WriteStatus};

/// A file that a rewrite has made.
pub(crate) struct NewFile {
    pub(crate) file: FileId,
    /// It has everything up to here.
    pub(crate) upto: Lsn,
    pub(crate) length_bytes: u64,
    pub(crate) sealed: Sealed,
    /// It makes good what a failed sync of the old file may have lost.
    pub(crate) heals: bool,
}

/// Whether a new file is on the disk.
pub(crate) enum Sealed {
    /// All of it.
    Yes,
    /// A sync that covers all of it is on its way.
    Queued(JobId),
    /// The parent's part is with the kernel only.
    No,
    /// A sync of it has failed, and nobody looked.
    FailedUnseen,
}

impl Log {
    /// Whether the file of a rewrite that begins now will be the log.
    pub(crate) fn takes_new_file(&self) -> bool {
        matches!(self.state, State::On | State::WaitRewrite)
    }

    /// Whether the first rewrite is waited for.
    pub(crate) fn waits_for_rewrite(&self) -> bool {
        self.state == State::WaitRewrite
    }

    /// Whether it is being turned off without ever having had a file. Its first rewrite can still
    /// bring one; if that fails, none will come.
    pub(crate) fn stops_without_file(&self) -> bool {
        self.state == State::Stopping && !self.is_open
    }

    /// Whether a sync has failed, so that only a fresh file can help. The policy does not matter: a
    /// sync that fails under `always` ends the process, but one may have failed before `always` was
    /// chosen.
    pub(crate) fn needs_healing(&self, config: &Config) -> bool {
        self.state == State::On
            && self.lost_from.is_some()
            && config.choices().failed_sync == FailedSync::RemainsUntilRewritten
    }

    /// Whether a rewrite child lives.
    pub(crate) fn child_lives(&self) -> bool {
        self.child_lives
    }

    /// A rewrite child lives, or no longer.
    pub(crate) fn set_child_lives(&mut self, lives: bool) {
        self.child_lives = lives;
    }

    /// The log is turned on: nothing is logged before a first rewrite is complete. `file`: an open
    /// file of the name and its length in bytes (`redis-6.2`).
    #[doc(alias = "startAppendOnly")]
    pub(crate) fn wait_for_rewrite(&mut self, file: Option<(FileId, u64)>, now: Millis) {
        assert_eq!(self.state, State::Off, "only a log that is off is turned on");
        self.state = State::WaitRewrite;
        self.is_open = file.is_some();
        if let Some((file, length_bytes)) = file {
            self.file = file;
            self.file_length_bytes = length_bytes;
        }
        self.lost_from = None;
        self.last_sync = now;
        self.discard_after_stop();
    }

    /// The log is turned off before its first rewrite was complete. Returns the file that must be
    /// closed.
    pub(crate) fn stop_waiting(&mut self) -> Option<FileId> {
        self.state = State::Off;
        self.draining = false;
        self.discard_after_stop();
        std::mem::take(&mut self.is_open).then_some(self.file)
    }

    /// What was appended while the log waits is with the rewrite and nowhere else.
    pub(crate) fn pass_by(&mut self) {
        self.buffer.discard();
    }

    /// From now on nothing is written or synced.
    pub(crate) fn freeze(&mut self) {
        self.frozen = true;
    }

    /// Nothing is with the kernel that has not been answered.
    pub(crate) fn is_quiet(&self) -> bool {
        self.pass == Pass::Idle && self.background.is_none()
    }

    /// Writing and syncing go on.
    pub(crate) fn thaw(&mut self, now: Millis) {
        if std::mem::take(&mut self.frozen) {
            self.start_pass(now);
        }
    }

    /// The new file is the log. In one step: the ledger goes by it, `aof_buf` forgets what it has,
    /// and what was wrong with the old file is over. Returns the old file, if it is open.
    pub(crate) fn swap(&mut self, new: &NewFile, now: Millis) -> Option<FileId> {
        let old = self.is_open.then_some(self.file);
        let has = new.upto.since(self.buffer.start());
        let mut has = usize::try_from(has).unwrap_or(usize::MAX);
        if mutation::is(Mutation::DiscardsTooMuch) {
            has = self.buffer.bytes().len();
        }
        assert!(new.upto <= self.buffer.end(), "the new file has more than was ever appended");
        self.buffer.consume(has.min(self.buffer.bytes().len()));
        self.ledger.write(new.upto);
        self.file = new.file;
        self.is_open = true;
        self.file_length_bytes = new.length_bytes;
        self.base_length_bytes = new.length_bytes;
        self.origin = Origin { offset: new.length_bytes, lsn: new.upto };
        // A sync of the old file says nothing any more.
        self.background = None;
        self.lost_from = None;
        match new.sealed {
            Sealed::Yes => {
                self.ledger.sync(new.upto);
                self.sync_requested = self.sync_requested.max(new.upto);
                self.last_sync = now;
            }
            Sealed::Queued(job) => {
                let (from, upto) = (self.ledger.synced(), new.upto);
                let cause = SyncCause::Second;
                self.background = Some(SyncInFlight { job, from, upto, since: now, cause });
                self.sync_requested = self.sync_requested.max(new.upto);
                self.last_sync = now;
            }
            Sealed::No => self.sync_requested = self.ledger.synced(),
            Sealed::FailedUnseen => {
                self.lost_from = Some(self.ledger.synced());
                self.ledger.believe(new.upto);
                self.sync_requested = self.sync_requested.max(new.upto);
                self.last_sync = now;
            }
        }
        if new.heals {
            self.sync_status = SyncStatus::Fine;
        }
        // What could not be written is in the new file, so there may be nothing left to try again
        // with: a status that waits for a write would refuse the very commands that bring one.
        self.write_status = WriteStatus::Fine;
        self.postponed = None;
        if self.state == State::WaitRewrite {
            self.state = State::On;
        }
        old
    }

    /// `always`, and what was to be durable is not.
    pub(crate) fn halt_after_failed_sync(&mut self, errno: Errno) {
        self.halted = Some(HaltReason::SyncFailed(errno));
    }

    /// A deliberate mistake: the ledger goes by a file that does not have the name.
    pub(crate) fn claim(&mut self, upto: Lsn) {
        self.ledger.write(upto);
        self.ledger.sync(upto);
    }
}

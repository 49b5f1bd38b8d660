//! What can be seen of a rewrite.

use std::sync::Arc;

use crate::digest::Digest;
use crate::profile::Switch;
use crate::rewrite::diff::Diff;
use crate::rewrite::stage::Stage;
use crate::rewrite::trigger::Cause;
use crate::units::{ChildId, Errno, FileId, Lsn, Micros, Millis};

use super::{Chore, LastTry, Report, Rewrite};

impl Rewrite {
    /// How far it has come.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether one runs, its switch included.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.stage != Stage::Idle
    }

    /// The child, while it lives.
    #[must_use]
    #[doc(alias = "aof_child_pid")]
    pub const fn child(&self) -> Option<ChildId> {
        match self.stage {
            Stage::Child { child, .. } | Stage::Aborting { child } => Some(child),
            _ => None,
        }
    }

    /// The child whose file is being written or made the log, while a rewrite runs.
    #[must_use]
    pub fn writer(&self) -> Option<ChildId> {
        self.run.as_ref().map(|run| run.child)
    }

    /// The new file, once the parent has opened it and until it is the log.
    #[must_use]
    pub fn file(&self) -> Option<FileId> {
        Some(self.run.as_ref()?.file?.0)
    }

    /// Why the one that runs is made.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// The rewrite buffer.
    #[must_use]
    pub const fn diff(&self) -> &Diff {
        &self.diff
    }

    /// Whether one is to be made as soon as possible.
    #[must_use]
    #[doc(alias = "aof_rewrite_scheduled")]
    pub const fn is_scheduled(&self) -> bool {
        self.scheduled
    }

    /// Whether the child has asked for no more.
    #[must_use]
    #[doc(alias = "aof_stop_sending_diff")]
    pub const fn stop_sending(&self) -> bool {
        matches!(self.stage, Stage::Child { stop_sending: true, .. })
    }

    /// Whether the last one failed.
    #[must_use]
    #[doc(alias = "aof_lastbgrewrite_status")]
    pub const fn last_failed(&self) -> bool {
        self.last_failed
    }

    /// When the one that runs was forked.
    #[must_use]
    #[doc(alias = "aof_rewrite_time_start")]
    pub const fn started(&self) -> Option<Millis> {
        self.started
    }

    /// How long the last one took, well or not, in whole seconds.
    #[must_use]
    #[doc(alias = "aof_rewrite_time_last")]
    pub const fn last_took_seconds(&self) -> Option<u64> {
        self.last_took_seconds
    }

    /// What the child that lives has said last.
    #[must_use]
    pub const fn report(&self) -> Option<Report> {
        self.report
    }

    /// Memory that the last child had to itself at its end, in bytes.
    #[must_use]
    #[doc(alias = "stat_aof_cow_bytes")]
    pub const fn copied_bytes(&self) -> u64 {
        self.last_copied_bytes
    }

    /// What the last child was sent of the rewrite buffer, in bytes.
    #[must_use]
    pub const fn last_sent_bytes(&self) -> u64 {
        self.last_sent_bytes
    }

    /// For how long the last fork stopped the process, in microseconds.
    #[must_use]
    #[doc(alias = "stat_fork_time")]
    pub const fn fork_micros(&self) -> u64 {
        self.fork_micros
    }

    /// How many children were forked.
    #[must_use]
    #[doc(alias = "stat_total_forks")]
    pub const fn forks(&self) -> u64 {
        self.forks
    }

    /// How many rewrites were begun, forked or not.
    #[must_use]
    pub const fn attempts(&self) -> u64 {
        self.attempts
    }

    /// How many have ended well.
    #[must_use]
    pub const fn completed(&self) -> u64 {
        self.completed
    }

    /// How many have failed since the last that ended well (`hardened`).
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// `CONFIG RESETSTAT`.
    pub(crate) fn reset_statistics(&mut self) {
        self.fork_micros = 0;
        self.forks = 0;
        self.attempts = 0;
    }

    /// Whether there are pipes to a child.
    #[must_use]
    pub fn pipes_are_open(&self) -> bool {
        let close_soon = self.chores.iter().any(|chore| matches!(chore, Chore::ClosePipes));
        close_soon
            || matches!(self.stage, Stage::Forking | Stage::Child { .. } | Stage::Aborting { .. })
    }

    /// For how long the last switch held replies to writes, or stopped the loop, in microseconds.
    #[must_use]
    pub const fn switch_micros(&self) -> Option<u64> {
        self.switch_micros
    }

    /// Before this none begins by itself.
    #[must_use]
    pub const fn not_before(&self) -> Option<Micros> {
        self.not_before
    }

    /// The log position at the fork of the one that runs.
    #[must_use]
    pub fn forked_at(&self) -> Option<Lsn> {
        self.run.as_ref().map(|run| run.forked_at)
    }

    /// How far the new file is known to have come, from when the parent has opened it on.
    #[must_use]
    pub fn covered(&self) -> Option<Lsn> {
        self.run.as_ref().filter(|run| run.file.is_some()).map(|run| run.covered)
    }

    /// Whether records go into the rewrite buffer.
    #[must_use]
    pub const fn is_feeding(&self) -> bool {
        self.feeding
    }

    /// Whether no reply to a write may leave, see [`Stage::holds_gates`].
    #[must_use]
    pub fn holds_gates(&self) -> bool {
        self.stage.holds_gates()
            && self
                .run
                .as_ref()
                .is_some_and(|run| run.replaces_log && run.order == Switch::HoldsGates)
    }

    /// Why writes are refused: the directory of a renamed log cannot be synced.
    #[must_use]
    pub const fn refusal(&self) -> Option<Errno> {
        match self.stage {
            Stage::Limbo { errno, .. } => Some(errno),
            _ => None,
        }
    }

    /// Whether the name of the log may lead to the new file already, so that there is no way back.
    pub(crate) fn is_past_return(&self) -> bool {
        self.stage.may_be_renamed() && self.run.as_ref().is_some_and(|run| run.replaces_log)
    }

    /// The block that is being appended.
    pub(crate) const fn block(&self) -> &Arc<Vec<u8>> {
        &self.block
    }

    /// Whether nothing of any rewrite is under way.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.stage == Stage::Idle
            && self.chores.is_empty()
            && self.notes.is_empty()
            && self.tidying.is_empty()
            && self.unwanted.is_empty()
    }

    /// Whether the server must end although the name of the log is not durable.
    pub(crate) fn is_given_up(&self) -> bool {
        self.last_try == LastTry::Failed
    }

    /// Adds everything that decides what comes next.
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u8(self.stage.number());
        // Small enums and structs with numbers in them, as in the log: their debug form names
        // every part and cannot forget one that is added later.
        digest.put_bytes(
            format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                self.stage,
                self.cause,
                self.run,
                self.in_flight,
                self.round,
                self.hold,
                self.chores,
                self.notes,
                self.tidying,
                self.unwanted,
                self.started,
                self.report,
                self.last_took_seconds,
                self.not_before,
                self.last_try,
            )
            .as_bytes(),
        );
        for flag in [
            self.scheduled,
            self.feeding,
            self.asked,
            self.pipe.full,
            self.stop_heard,
            self.ack_due,
            self.last_failed,
            self.switch_micros.is_some(),
        ] {
            digest.put_bool(flag);
        }
        for number in [
            u64::from(self.pipe.writes_left),
            u64::from(self.next_file),
            self.last_copied_bytes,
            self.last_sent_bytes,
            self.fork_micros,
            self.switch_micros.unwrap_or(0),
            self.attempts,
            self.forks,
            self.completed,
            u64::from(self.failures),
        ] {
            digest.put_u64(number);
        }
        digest.put_count(self.pipe.offered);
        digest.put_bytes(&self.block);
        self.diff.digest_into(digest);
    }
}

//! What a policy promises, and the one check of it.
//!
//! A recovered dataset is judged by one sentence: *it equals the dataset after some prefix of the
//! executed units, and that prefix is at least as long as what was promised for this failure.* A
//! unit is what can never be torn apart: one command, one transaction, one deletion of an expired
//! key. Everything here is plain data, so that unit tests, the simulated world, tests of the real
//! server and the verdict of the page all ask the same function.
//!
//! | failure | `always` | `everysec` | `no` |
//! |---|---|---|---|
//! | process killed | acknowledged | acknowledged; of it only the written part where replies do not wait for the write | as `everysec` |
//! | power cut | acknowledged | what the last completed sync covered | what the kernel wrote back |
//!
//! Under the disk models *exact*, *any prefix*, *ext4 ordered* and *zero tail* the part beyond the
//! promise is still a prefix. A model that loses single blocks breaks that: a log has no checksum.

use thiserror::Error;

use crate::config::Policy;
use crate::profile::{Profile, Replies};

#[cfg(test)]
mod tests;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// The process is gone, the kernel lives on.
    Killed,
    /// Everything that was not on the medium is gone.
    PowerCut,
}

/// Positions in the log at the moment of the failure, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reached {
    /// End of what the engine believes the kernel has.
    pub written: u64,
    /// End of what the engine believes the disk has.
    pub synced: u64,
    /// End of the last write that was acknowledged.
    pub acknowledged: u64,
    /// End of the last acknowledged write whose turn ended under `always`: its reply had to wait
    /// for a sync.
    pub acknowledged_after_sync: u64,
    /// End of what the kernel wrote back on its own, 0 where nobody can tell.
    pub written_back: u64,
}

/// Why that much was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ground {
    /// It was acknowledged, and acknowledged means survives.
    Acknowledged,
    /// It was acknowledged and had been handed to the kernel.
    AcknowledgedAndWritten,
    /// A sync that covered it had ended.
    LastSync,
    /// The kernel had written it back.
    WrittenBack,
}

/// What must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Promise {
    /// Every unit that ends here or before.
    pub at_least_upto: u64,
    /// For this reason.
    pub ground: Ground,
}

/// The table above.
#[must_use]
pub fn promised(failure: Failure, policy: Policy, profile: &Profile, reached: Reached) -> Promise {
    // A reply that waited for a sync keeps its worth when the policy is changed later.
    let kept_word = reached.acknowledged_after_sync;
    let (at_least_upto, ground) = match (failure, policy, profile.replies) {
        (Failure::Killed, _, Replies::AfterWrite) => (reached.acknowledged, Ground::Acknowledged),
        // What was acknowledged before `always` came was acknowledged by the rules of then.
        (Failure::Killed, policy, Replies::AtOnce) => {
            let always = policy == Policy::Always;
            let ground = if always { Ground::Acknowledged } else { Ground::AcknowledgedAndWritten };
            (reached.acknowledged.min(reached.written), ground)
        }
        (Failure::PowerCut, Policy::Always, _) => (kept_word, Ground::Acknowledged),
        (Failure::PowerCut, Policy::EverySec, _) => (reached.synced, Ground::LastSync),
        (Failure::PowerCut, Policy::No, _) if reached.written_back > reached.synced => {
            (reached.written_back, Ground::WrittenBack)
        }
        (Failure::PowerCut, Policy::No, _) => (reached.synced, Ground::LastSync),
    };
    Promise { at_least_upto: at_least_upto.max(kept_word), ground }
}

/// One unit of execution: where it ends in the log, and the dataset after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Position in the log after its last byte.
    pub end: u64,
    /// Content digest of the dataset after it, independent of any order.
    pub digest: u128,
}

/// What was executed: a dataset to begin with, and units in order.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// Content digest before the first unit.
    pub start_digest: u128,
    /// The units, oldest first.
    pub units: &'a [Unit],
}

impl History<'_> {
    /// How many units end at this position or before.
    #[must_use]
    pub fn units_upto(&self, position: u64) -> usize {
        self.units.partition_point(|unit| unit.end <= position)
    }
}

/// What a recovery led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recovered {
    /// A dataset with this content digest.
    Dataset(u128),
    /// The loader refused the log, so that there is no dataset.
    Refused,
}

/// How the promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Breach {
    /// Nothing can be loaded, although something was promised or written.
    #[error("the log cannot be loaded")]
    Refused,
    /// No prefix of what was executed gives this dataset.
    #[error("the recovered dataset is not the dataset after any prefix of the executed commands")]
    NotAPrefix,
    /// A prefix, but shorter than promised.
    #[error("{units} units survived, {at_least} were promised")]
    TooShort {
        /// Length of the longest prefix that fits.
        units: usize,
        /// Length of the shortest prefix that would have done.
        at_least: usize,
    },
}

/// The one check. Gives the length of the longest prefix of units that leads to the recovered
/// dataset.
///
/// # Errors
/// How the promise was broken.
pub fn check(
    history: &History<'_>,
    recovered: Recovered,
    promise: Promise,
) -> Result<usize, Breach> {
    let Recovered::Dataset(digest) = recovered else { return Err(Breach::Refused) };
    let at_least = history.units_upto(promise.at_least_upto);
    // Several prefixes may give the same dataset (SET a 1 twice). Any of them proves the point,
    // so the longest is asked.
    let longest = history
        .units
        .iter()
        .rposition(|unit| unit.digest == digest)
        .map(|index| index + 1)
        .or_else(|| (history.start_digest == digest).then_some(0));
    match longest {
        None => Err(Breach::NotAPrefix),
        Some(units) if units < at_least => Err(Breach::TooShort { units, at_least }),
        Some(units) => Ok(units),
    }
}

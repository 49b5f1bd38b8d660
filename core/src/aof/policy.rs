//! When to write and when to sync: one pure function, [`decide`].
//!
//! It is asked at the end of every turn of the event loop, at every tick, when a sync ends and
//! after every write, and it answers with the one next thing to do and the reason. All of
//! `flushAppendOnlyFile`'s branches are rows of its test, and the page shows the reason as a
//! sentence. The machine that carries the answer out is [`super::log::Log`].
//!
//! What makes `everysec` subtle is that a `write(2)` to a file that is being synced may block in
//! the kernel as long as the sync does. Redis 6.2 therefore puts the write off while a sync runs,
//! but at most two seconds, and lets the replies go meanwhile: for that time an acknowledged write
//! exists only in the server's memory. `hardened` never writes into a running sync and keeps the
//! replies; the price of a slow disk is latency, not truth.

use crate::config::Policy;
use crate::effect::Lane;
use crate::profile::{IdleSync, PostponedWrite, Profile, Second};
use crate::units::Millis;

/// Redis 6.2 makes a postponed write after so many seconds.
pub const POSTPONE_LIMIT_SECONDS: u64 = 2;
/// A put-off longer than this counts as delayed under `hardened`.
pub const POSTPONE_LIMIT_MS: u64 = 2_000;
/// `everysec`.
pub const SYNC_INTERVAL_MS: u64 = 1_000;

/// Everything the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// `appendfsync`.
    pub policy: Policy,
    /// The profile's choices.
    pub choices: Profile,
    /// Wall clock.
    pub now: Millis,
    /// Bytes in `aof_buf`.
    pub waiting_bytes: u64,
    /// The last write failed and it is too early to try again.
    pub write_resting: bool,
    /// A background sync is in flight.
    pub sync_in_flight: bool,
    /// The kernel has bytes that no sync was asked to cover.
    pub unsynced: bool,
    /// This pass has just handed bytes to the kernel.
    pub just_written: bool,
    /// A sync has failed and nothing can make its bytes durable any more.
    pub sync_hopeless: bool,
    /// Since when the write is put off.
    pub postponed_since: Option<Millis>,
    /// The put-off was already counted as delayed.
    pub delay_counted: bool,
    /// When the last sync was asked for.
    pub last_sync: Millis,
    /// A held reply needs a sync, whatever the policy says now.
    pub gate_needs_sync: bool,
    /// `no-appendfsync-on-rewrite` is on and a child is writing.
    pub child_forbids_sync: bool,
    /// Under `always`: the next sync waits for more clients to share it, see [`super::group`].
    pub gathering: bool,
    /// Everything must reach the disk before the log stops or the server ends.
    pub draining: bool,
    /// The server ends without what waits.
    pub forgets: bool,
    /// What waits must be in the file now.
    pub forced: bool,
}

/// The next thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, for now.
    Rest(Rest),
    /// Put the write off and remember when.
    PutOff,
    /// The write has been put off too long: count it, and go on waiting.
    CountDelay {
        /// For how long, in milliseconds.
        postponed_ms: u64,
    },
    /// Hand `aof_buf` to the kernel.
    Write {
        /// It was put off for so long that it is made although a sync runs, in milliseconds.
        delayed_ms: Option<u64>,
    },
    /// Make what the kernel has durable.
    Sync {
        /// On the loop or beside it.
        lane: Lane,
        /// Why.
        cause: SyncCause,
    },
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing waits and nothing is unsynced.
    Clean,
    /// The write is put off already.
    PutOff,
    /// `always`: the next group waits for the sync of this one.
    GroupCommit,
    /// `always`: more clients may share the next sync.
    Gathering,
    /// A failed write is tried again later.
    WriteFailed,
    /// A sync is running; `everysec` spends its second on it all the same (`redis-6.2`).
    SecondSpent,
    /// A sync is running.
    SyncInFlight,
    /// The second is not over.
    SecondNotOver,
    /// `no`: the kernel decides.
    KernelDecides,
    /// `no-appendfsync-on-rewrite`.
    ChildRuns,
    /// Only a write brings a sync: under `always` in `redis-6.2`, under every policy in
    /// `redis-3.0`.
    NothingWritten,
    /// A sync failed; only a fresh file could help.
    SyncHopeless,
}

/// Why a sync is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncCause {
    /// `always`.
    Always,
    /// `everysec`.
    Second,
    /// A held reply was promised one.
    HeldReply,
    /// The log stops or the server ends.
    Draining,
}

/// What to do next.
#[must_use]
#[doc(alias = "flushAppendOnlyFile")]
pub fn decide(situation: &Situation) -> Decision {
    // The medium may hold zeros where the lost pages were. Bytes behind them would make a log that
    // no loader takes, where a log that ends there is still a good one.
    if situation.sync_hopeless && situation.waiting_bytes > 0 {
        return Decision::Rest(Rest::SyncHopeless);
    }
    if situation.waiting_bytes > 0 && !situation.write_resting && !situation.forgets {
        match decide_write(situation) {
            Some(decision) => return decision,
            None => return Decision::Write { delayed_ms: None },
        }
    }
    decide_sync(situation)
}

/// Whether something speaks against writing now.
fn decide_write(situation: &Situation) -> Option<Decision> {
    if situation.forced {
        return None;
    }
    if !situation.sync_in_flight {
        let beside = situation.choices.always_sync != Lane::Inline;
        let gathers = situation.gathering && situation.policy == Policy::Always && beside;
        return (gathers && !situation.draining).then_some(Decision::Rest(Rest::Gathering));
    }
    match (situation.choices.postponed_write, situation.policy) {
        // Redis postpones under `everysec` only, and never when forced.
        (PostponedWrite::MadeAfterTwoSeconds, Policy::EverySec) if !situation.draining => {
            let Some(since) = situation.postponed_since else { return Some(Decision::PutOff) };
            let waited_seconds = situation.now.seconds().saturating_sub(since.seconds());
            if waited_seconds < POSTPONE_LIMIT_SECONDS {
                return Some(Decision::Rest(Rest::PutOff));
            }
            Some(Decision::Write { delayed_ms: Some(situation.now.since(since)) })
        }
        (PostponedWrite::MadeAfterTwoSeconds, _) => None,
        (PostponedWrite::WaitsForSync, Policy::Always) => Some(Decision::Rest(Rest::GroupCommit)),
        (PostponedWrite::WaitsForSync, _) => {
            let Some(since) = situation.postponed_since else { return Some(Decision::PutOff) };
            let postponed_ms = situation.now.since(since);
            if postponed_ms > POSTPONE_LIMIT_MS && !situation.delay_counted {
                return Some(Decision::CountDelay { postponed_ms });
            }
            Some(Decision::Rest(Rest::PutOff))
        }
    }
}

/// With nothing to write: whether a sync is due.
fn decide_sync(situation: &Situation) -> Decision {
    let background = Lane::Sync;
    let rest =
        |reason| Decision::Rest(if situation.write_resting { Rest::WriteFailed } else { reason });
    if !situation.unsynced {
        return rest(if situation.sync_in_flight { Rest::SyncInFlight } else { Rest::Clean });
    }
    if situation.sync_hopeless {
        return rest(Rest::SyncHopeless);
    }
    if situation.draining {
        return match situation.choices.always_sync {
            Lane::Inline => Decision::Sync { lane: Lane::Inline, cause: SyncCause::Draining },
            _ if situation.sync_in_flight => rest(Rest::SyncInFlight),
            lane => Decision::Sync { lane, cause: SyncCause::Draining },
        };
    }
    let always_skips = situation.choices.skip_always_sync_on_rewrite;
    // What a reply was promised before is kept all the same.
    if situation.child_forbids_sync
        && !situation.gate_needs_sync
        && (situation.policy != Policy::Always || always_skips)
    {
        return rest(Rest::ChildRuns);
    }
    if situation.policy == Policy::Always {
        let lane = situation.choices.always_sync;
        // Redis 6.2 looks at the sync only after a write: bytes that were written under another
        // policy wait for the next one.
        if lane == Lane::Inline && !situation.just_written {
            return rest(Rest::NothingWritten);
        }
        if lane != Lane::Inline && situation.sync_in_flight {
            return rest(Rest::GroupCommit);
        }
        return Decision::Sync { lane, cause: SyncCause::Always };
    }
    if situation.gate_needs_sync && !situation.sync_in_flight {
        return Decision::Sync { lane: background, cause: SyncCause::HeldReply };
    }
    if situation.policy == Policy::No {
        return rest(Rest::KernelDecides);
    }
    if situation.choices.idle_sync == IdleSync::NeedsAWrite && !situation.just_written {
        return rest(Rest::NothingWritten);
    }
    if !second_is_over(situation) {
        return rest(Rest::SecondNotOver);
    }
    if situation.sync_in_flight {
        return rest(match situation.choices.second {
            Second::Whole if situation.just_written => Rest::SecondSpent,
            Second::Whole | Second::Milliseconds => Rest::SyncInFlight,
        });
    }
    Decision::Sync { lane: background, cause: SyncCause::Second }
}

fn second_is_over(situation: &Situation) -> bool {
    match situation.choices.second {
        Second::Whole => situation.now.seconds() > situation.last_sync.seconds(),
        Second::Milliseconds => situation.now.since(situation.last_sync) >= SYNC_INTERVAL_MS,
    }
}

#[cfg(test)]
mod tests;

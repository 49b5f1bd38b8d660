//! When a rewrite starts that no command has asked for at this moment.
//!
//! Ten times a second the engine looks ([`crate::event::Event::Tick`], `serverCron` in Redis). The
//! decision is a function of a few numbers, so that all of them can be tried.
//!
//! # As in Redis 6.2
//! A rewrite that is scheduled comes first, whatever `aof_state` is: it was asked for. Growth
//! counts only while the log is on. Redis 3.0 to 4.0.2 did not look at that, so after `CONFIG SET
//! appendonly no` the sizes of a log that nobody wrote to any more went on starting rewrites
//! (issue 677). `BGREWRITEAOF` with the log off still works, there and here, and leaves a file
//! that a later start with `appendonly yes` will load.
//!
//! # Unlike Redis
//! A log whose sync has failed is made anew ([`Cause::Healing`]), and after a failure the next
//! rewrite that starts by itself waits. Both are the engine's to say: under `redis-6.2` it never
//! needs healing and never backs off.

use crate::units::Micros;

/// Why a rewrite was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// `BGREWRITEAOF`.
    Asked,
    /// The log has grown enough.
    Automatic,
    /// It could not start when it was asked for, or it failed and the log is still to be turned on.
    Scheduled,
    /// A sync of the log has failed, and only a fresh file can heal that.
    Healing,
    /// `CONFIG SET appendonly yes`: the log begins with what is in memory.
    TurningOn,
}

/// What the decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Situation {
    /// The monotonic clock.
    pub mono: Micros,
    /// A child lives, or what it left is on its way to become the log.
    pub is_active: bool,
    /// `aof_state` is ON, so neither OFF nor WAIT_REWRITE.
    pub log_is_on: bool,
    /// `aof_rewrite_scheduled`.
    pub is_scheduled: bool,
    /// `auto-aof-rewrite-percentage`, 0 for never.
    pub percentage: u64,
    /// `auto-aof-rewrite-min-size`, in bytes.
    pub min_size_bytes: u64,
    /// `aof_rewrite_base_size`: length of the log after the last rewrite, or at the start.
    pub base_bytes: u64,
    /// `aof_current_size`.
    pub current_bytes: u64,
    /// A sync of the log has failed and what it covered counts as lost.
    pub needs_healing: bool,
    /// After a failure: no earlier than this on the monotonic clock.
    pub not_before: Option<Micros>,
}

/// What starts a rewrite now, if anything does.
#[must_use]
pub fn due(situation: &Situation) -> Option<Cause> {
    let waits = situation.not_before.is_some_and(|earliest| situation.mono < earliest);
    if situation.is_active || waits {
        return None;
    }
    if situation.is_scheduled {
        return Some(Cause::Scheduled);
    }
    if !situation.log_is_on {
        return None;
    }
    if situation.needs_healing {
        return Some(Cause::Healing);
    }
    let Situation { percentage, min_size_bytes, base_bytes, current_bytes, .. } = *situation;
    let has_grown = percentage != 0
        && current_bytes > min_size_bytes
        && hundredths(base_bytes, current_bytes) >= u128::from(percentage) + 100;
    has_grown.then_some(Cause::Automatic)
}

/// By how many percent the log has grown, rounded down; 0 if it is shorter than it was. A base of
/// no bytes counts as one byte, as in Redis.
#[must_use]
pub fn growth_percent(base_bytes: u64, current_bytes: u64) -> u64 {
    let growth = hundredths(base_bytes, current_bytes).saturating_sub(100);
    u64::try_from(growth).unwrap_or(u64::MAX)
}

/// `current` in hundredths of `base`. Redis multiplies in 64 bits, which overflows from 92 PB on;
/// here it cannot.
fn hundredths(base_bytes: u64, current_bytes: u64) -> u128 {
    u128::from(current_bytes) * 100 / u128::from(base_bytes.max(1))
}

#[cfg(test)]
mod tests;

//! Group commit under `always`: whether it pays to let more clients share the next sync.
//!
//! # The problem
//!
//! Replies wait for a sync beside the loop. When one ends, its clients get their replies and soon
//! ask again, while those who asked during the sync wait already. Starting the next sync at once
//! serves only the latter, and the former must wait for the whole of it: the clients fall into two
//! halves that take turns, and each sync carries half a load. On a disk where a sync takes much
//! longer than a command, waiting for the other half nearly doubles the throughput. On a quick
//! disk the wait costs more than it brings.
//!
//! # The rule
//!
//! When a sync ends, so many clients are *expected* for the next one: those released now and those
//! waiting. If a sync takes longer than serving that many, the next one starts when nearly all are
//! there, or when three quarters of a sync's time have passed, whichever comes first. Who waits for
//! a bus that does not come loses at most what it would have saved (the ski-rental argument).
//!
//! There is no constant to tune: the time of a sync is measured, and so is the time in which one
//! more client comes. A crowd that does not come back is not expected again. While waiting does not
//! pay, the second measure fades towards its first guess, so that waiting is tried again.
//!
//! # Rejected
//!
//! A fixed window helped at no load and no disk that was tried. A target taken from the sizes of
//! past groups settles on the half groups that it should merge.

use crate::digest::Digest;
use crate::units::Micros;

/// The first guess of how long one more client takes to come, in nanoseconds: to be sent its reply,
/// to ask again, to be read and executed. Server and client on one machine need about so long.
const SERVING_NANOS: u64 = 8_000;

/// The group for the next sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How long a sync takes, as a moving average. None before the first.
    sync_micros: Option<u64>,
    /// How long one more client takes to come, as a moving average.
    serving_nanos: u64,
    gathering: Option<Gathering>,
}

impl Default for Group {
    fn default() -> Self {
        Self { sync_micros: None, serving_nanos: SERVING_NANOS, gathering: None }
    }
}

/// A moving average that a new figure changes by an eighth.
const fn moved(average: u64, figure: u64) -> u64 {
    (average.saturating_mul(7).saturating_add(figure)) / 8
}

/// A group that is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gathering {
    /// Clients that may come.
    expected: u64,
    /// Clients that were there from the beginning.
    there: u64,
    /// When it began. Known from the first end of a turn on, which has the time.
    since: Option<Micros>,
}

impl Group {
    /// A sync that took so long has ended: `released` clients get their replies, `waiting` have
    /// asked meanwhile.
    pub(crate) fn sync_ended(&mut self, took: Micros, released: usize, waiting: usize) {
        let sync_micros = self.sync_micros.map_or(took.0, |average| moved(average, took.0));
        self.sync_micros = Some(sync_micros);
        let (expected, there) = ((released + waiting) as u64, waiting as u64);
        let gathering_nanos = expected.saturating_mul(self.serving_nanos);
        if sync_micros.saturating_mul(1_000) > gathering_nanos {
            self.gathering = Some(Gathering { expected, there, since: None });
        } else {
            self.gathering = None;
            let excess = self.serving_nanos.saturating_sub(SERVING_NANOS);
            self.serving_nanos -= excess.div_ceil(64);
        }
    }

    /// A turn ends now, and so many wait.
    pub(crate) fn turn_ended(&mut self, now: Micros, waiting: usize) {
        let Some(gathering) = &mut self.gathering else { return };
        let since = *gathering.since.get_or_insert(now);
        let Gathering { expected, there, .. } = *gathering;
        let (waiting, elapsed) = (waiting as u64, now.since(since));
        let overdue = elapsed >= self.patience_micros();
        if overdue || is_complete(waiting, expected) {
            if let Some(each) =
                elapsed.saturating_mul(1_000).checked_div(waiting.saturating_sub(there))
            {
                self.serving_nanos = moved(self.serving_nanos, each);
            }
            self.gathering = None;
        }
    }

    /// How long a group is waited for.
    fn patience_micros(&self) -> u64 {
        self.sync_micros.unwrap_or(0) / 4 * 3
    }

    /// Whether the next sync waits for more than the `waiting` clients that are there.
    pub(crate) fn gathers(&self, waiting: usize) -> bool {
        self.gathering.is_some_and(|gathering| !is_complete(waiting as u64, gathering.expected))
    }

    /// The next sync has started.
    pub(crate) fn close(&mut self) {
        self.gathering = None;
    }

    /// When waiting for the group ends at the latest, as long as it is waited for.
    pub(crate) fn deadline(&self, waiting: usize) -> Option<Micros> {
        let since = self.gathering.filter(|_| waiting > 0 && self.gathers(waiting))?.since?;
        Some(Micros(since.0.saturating_add(self.patience_micros())))
    }

    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_optional_u64(self.sync_micros);
        digest.put_u64(self.serving_nanos);
        digest.put_bool(self.gathering.is_some());
        if let Some(gathering) = self.gathering {
            digest.put_u64(gathering.expected);
            digest.put_u64(gathering.there);
            digest.put_optional_u64(gathering.since.map(|since| since.0));
        }
    }
}

/// Nineteen of twenty are nearly all; of fewer than twenty, all.
const fn is_complete(waiting: u64, expected: u64) -> bool {
    waiting.saturating_mul(20) >= expected.saturating_mul(19)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(took_micros: u64, released: usize, waiting: usize) -> Group {
        let mut group = Group::default();
        group.sync_ended(Micros(took_micros), released, waiting);
        group
    }

    #[test]
    fn a_quick_disk_is_not_waited_for() {
        assert!(!after(90, 25, 25).gathers(25));
        assert!(!after(400, 25, 25).gathers(25));
        assert!(after(401, 25, 25).gathers(25));
        assert!(!after(1_000, 100, 100).gathers(100));
        assert!(after(4_000, 100, 100).gathers(100));
    }

    #[test]
    fn the_sync_starts_when_nearly_all_are_there() {
        let group = after(1_000, 25, 25);
        assert!(group.gathers(0) && group.gathers(47));
        assert!(!group.gathers(48));
        let few = after(1_000, 2, 1);
        assert!(few.gathers(2) && !few.gathers(3));
    }

    #[test]
    fn a_client_alone_never_waits() {
        let group = after(5_000, 1, 0);
        assert!(!group.gathers(1));
        assert_eq!(group.deadline(1), None);
        assert!(!Group::default().gathers(1));
    }

    #[test]
    fn waiting_ends_after_three_quarters_of_a_sync() {
        let mut group = after(1_000, 25, 25);
        assert_eq!(group.deadline(25), None, "no turn has ended, so nobody knows the time");
        group.turn_ended(Micros(10_000), 25);
        assert_eq!(group.deadline(25), Some(Micros(10_750)));
        assert_eq!(group.deadline(0), None, "there is nobody to be kept waiting");
        group.turn_ended(Micros(10_749), 25);
        assert!(group.gathers(25));
        group.turn_ended(Micros(10_750), 25);
        assert!(!group.gathers(25));
        assert_eq!(group.deadline(25), None);
    }

    #[test]
    fn a_crowd_that_does_not_come_back_is_not_expected_again() {
        let mut group = after(1_000, 25, 25);
        group.turn_ended(Micros(0), 3);
        group.turn_ended(Micros(750), 3);
        group.close();
        group.sync_ended(Micros(1_000), 3, 0);
        assert!(!group.gathers(3));
    }

    /// A hundred clients come in 3 ms and a sync takes 1 ms: after some tries it is not waited for.
    #[test]
    fn how_long_clients_take_is_measured_and_tried_again() {
        let mut group = Group::default();
        let mut waited = Vec::new();
        for round in 0..2_000 {
            group.sync_ended(Micros(1_000), 50, 50);
            waited.push(group.gathers(50));
            let start = Micros(round * 10_000);
            group.turn_ended(start, 50);
            group.turn_ended(Micros(start.0 + 750), 62);
            group.close();
        }
        let tries = waited.iter().filter(|&&waits| waits).count();
        assert!(waited[0] && tries > 1, "waiting is never tried again: {tries}");
        assert!(tries < 200, "waiting goes on although it does not pay: {tries}");
    }

    #[test]
    fn the_time_of_a_sync_is_an_average() {
        let mut group = after(1_000, 1, 1);
        for _ in 0..40 {
            group.sync_ended(Micros(100), 10, 10);
        }
        assert!(!group.gathers(10), "{group:?}");
    }
}

//! Which entry expires next.

use std::collections::BTreeSet;

use super::slab::Slot;
use crate::units::Millis;

/// The entries of one database that expire, soonest first. When a single entry expires is known
/// to the slab; this is the order over all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct ExpiryOrder {
    soonest_first: BTreeSet<(Millis, Slot)>,
    /// Sum of all times, for the average.
    sum_ms: u128,
}

impl ExpiryOrder {
    pub(super) fn len(&self) -> usize {
        self.soonest_first.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.soonest_first.is_empty()
    }

    /// Moves `slot` from its time `before` to its time `after`.
    pub(super) fn update(&mut self, slot: Slot, before: Option<Millis>, after: Option<Millis>) {
        if before == after {
            return;
        }
        if let Some(when) = before
            && self.soonest_first.remove(&(when, slot))
        {
            self.sum_ms -= u128::from(when.0);
        }
        if let Some(when) = after
            && self.soonest_first.insert((when, slot))
        {
            self.sum_ms += u128::from(when.0);
        }
    }

    /// The entry that expires first, and when.
    pub(super) fn first(&self) -> Option<(Millis, Slot)> {
        self.soonest_first.first().copied()
    }

    /// Milliseconds from `now` to the mean of all times, 0 when that has passed or nothing expires.
    pub(super) fn average_ttl_ms(&self, now: Millis) -> u64 {
        let Ok(count) = u128::try_from(self.len()) else { return 0 };
        let mean = self.sum_ms.checked_div(count).unwrap_or(0);
        u64::try_from(mean).unwrap_or(u64::MAX).saturating_sub(now.0)
    }
}

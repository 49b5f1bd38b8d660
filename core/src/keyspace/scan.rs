//! Walking through a database that changes meanwhile, and picking from it blindly.

use super::{Database, Entry};
use crate::random::Random;

/// For each entry asked for, a scan looks at no more than this many places. The figure is Redis's,
/// which looks at so many empty buckets.
const PLACES_PER_ENTRY: u64 = 10;

/// Places that `random` tries before it takes the next entry that it finds.
const RANDOM_PROBES: u32 = 64;

impl Database {
    /// Calls `visit` for about `count` entries from `cursor` on and returns the cursor to go on
    /// with, 0 at the end. A scan starts with cursor 0.
    ///
    /// The cursor is the next place of the slab. A key that exists from the start of a scan to its
    /// end is visited exactly once, whatever happens to others in between: nothing ever moves. One
    /// call visits at most `count` entries (at least 1 is taken) and looks at no more than ten
    /// times as many places. A cursor that no call returned is harmless.
    pub fn scan(&self, cursor: u64, count: u64, mut visit: impl FnMut(Entry<'_>)) -> u64 {
        let count = count.max(1);
        let mut places = count.saturating_mul(PLACES_PER_ENTRY);
        let mut position = cursor;
        for _ in 0..count {
            let (found, next) = self.slab.next_from(position, &mut places);
            position = next;
            let Some((slot, item)) = found else { break };
            visit(Entry { key: &item.key, value: &item.value, expiry: self.slab.expiry(slot) });
        }
        if position < self.slab.end() { position } else { 0 }
    }

    /// Some key, chosen by `random`.
    ///
    /// It tries places of the slab, so each key has the same chance as long as at least one place
    /// in ten is in use. Where most keys were deleted, a key behind a gap is found more often.
    pub fn random(&self, random: &mut Random) -> Option<&[u8]> {
        if self.is_empty() {
            return None;
        }
        let mut position = 0;
        for _ in 0..RANDOM_PROBES {
            position = random.below(self.slab.end());
            if let (Some((_, item)), _) = self.slab.next_from(position, &mut 1) {
                return Some(&item.key);
            }
        }
        let mut places = u64::MAX;
        let (behind, _) = self.slab.next_from(position, &mut places);
        let found = behind.or_else(|| self.slab.next_from(0, &mut places).0);
        found.map(|(_, item)| item.key.as_bytes())
    }
}

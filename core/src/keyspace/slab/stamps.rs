//! Which places were written, and in what order: what a kernel sees of a dataset whose pages a
//! child shares.

use super::Slot;

/// For each place, the number of the last write to it; 0 for none.
#[derive(Clone, Debug, Default)]
pub(in crate::keyspace) struct Stamps {
    writes: u64,
    by_slot: Vec<u64>,
}

impl Stamps {
    /// Writes so far.
    pub(in crate::keyspace) const fn writes(&self) -> u64 {
        self.writes
    }

    pub(super) fn written(&mut self, slot: Slot) {
        let index = slot.0 as usize;
        if self.by_slot.len() <= index {
            self.by_slot.resize(index + 1, 0);
        }
        self.writes += 1;
        self.by_slot[index] = self.writes;
    }

    /// The places that were written after that many writes, in order.
    pub(in crate::keyspace) fn after(&self, writes: u64) -> impl Iterator<Item = u32> {
        let slots = self.by_slot.iter().zip(0_u32..);
        slots.filter(move |(stamp, _)| **stamp > writes).map(|(_, slot)| slot)
    }
}

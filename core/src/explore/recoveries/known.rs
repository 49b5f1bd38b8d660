//! What is known by a hash of its bytes.

use hashbrown::HashTable;

/// Values by 128-bit hashes. They are spread well already, so that no second hash is made; their
/// order is never seen.
#[derive(Clone, Debug)]
pub(super) struct Known<V>(HashTable<(u128, V)>);

impl<V: Copy> Known<V> {
    pub(super) const fn new() -> Self {
        Self(HashTable::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn get(&self, hash: u128) -> Option<V> {
        self.0.find(low_half(hash), |(known, _)| *known == hash).map(|(_, value)| *value)
    }

    /// Adds what is not there yet.
    pub(super) fn insert(&mut self, hash: u128, value: V) {
        self.0.insert_unique(low_half(hash), (hash, value), |(known, _)| low_half(*known));
    }
}

fn low_half(hash: u128) -> u64 {
    u64::try_from(hash & u128::from(u64::MAX)).unwrap_or(0)
}

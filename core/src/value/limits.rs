//! Up to which size a hash or a set is packed.

/// Most elements that a packed collection is allowed to have, whatever the settings say: to find
/// one is to walk.
const MOST_ELEMENTS: usize = 32_000;

/// What decides whether a hash or a set is packed, and where its members stand when it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most fields, or members that are not all integers.
    pub elements: usize,
    /// Longest field, value or member, in bytes.
    pub element_bytes: usize,
    /// Most members of a set of integers.
    pub integers: usize,
    /// Decides where members stand in the index of a table. No result depends on it.
    pub hash_seed: u64,
}

impl Limits {
    /// The limits of hashes.
    #[must_use]
    pub fn of_hashes(fields: u64, bytes: u64, hash_seed: u64) -> Self {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            elements: count(fields).min(MOST_ELEMENTS),
            element_bytes: count(bytes),
            integers: 0,
            hash_seed,
        }
    }

    /// The limits of sets. Those of members that are no integers are fixed: 6.2 has no setting
    /// for them, because it does not pack such sets at all; the figures are those of Redis 7.2.
    #[must_use]
    pub fn of_sets(integers: u64, hash_seed: u64) -> Self {
        Self {
            elements: 128,
            element_bytes: 64,
            integers: usize::try_from(integers).unwrap_or(usize::MAX),
            hash_seed,
        }
    }
}

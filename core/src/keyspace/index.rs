//! From the hash of a key to its slot, without ever a long pause.
//!
//! # The problem
//! A hash table doubles when it is full. At ten million keys that is one insertion that takes a
//! second: a server that stands still.
//!
//! # The structure
//! Extendible hashing (Fagin, Nievergelt, Pippenger, Strong 1979). The index is many small tables,
//! *segments*. The first `depth` bits of a hash choose the segment, through a *directory* of
//! 2^depth entries in which one segment may stand several times in a row. A segment that is full
//! is split in two by its next bit. Each table entry carries 32 bits of the hash, so a split reads
//! no key: it moves at most [`SEGMENT_ENTRIES`] pairs of eight bytes.
//!
//! Where the directory has no bit left to tell the two halves apart, it is doubled first. That
//! copies four bytes a position and touches no segment. At ten million keys it has 16,384
//! positions, 64 KB.
//!
//! # Equal hashes
//! Keys whose hashes agree in their first bits would double the directory again and again. It may
//! hold at most [`DIRECTORY_ENTRIES_PER_SEGMENT`] entries for each segment, and never looks at
//! more than 32 bits. A segment that may not be split grows like any table; then, and only then,
//! one insertion may move more than a segment's worth of entries. Hashes are seeded, so it takes
//! the seed to bring that about.
//!
//! # Rejected
//! Two tables between which each insertion moves some entries, as Redis does: 17 ms for the
//! allocation alone. Linear hashing: it splits a segment that is not the full one, so segments
//! overflow. Splitting at 1,024 entries: a table for 1,024 has 2,048 buckets, half of them unused.
//!
//! # Not promised
//! The order of anything. The memory of the directory is returned only when the index is emptied.

use core::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;
use hashbrown::HashTable;

use super::slab::Slot;

/// A segment with as many entries is split: what a table of 1,024 buckets holds.
pub(crate) const SEGMENT_ENTRIES: usize = 896;

/// Two neighbours with no more entries than this together become one segment again.
const MERGE_ENTRIES: usize = SEGMENT_ENTRIES / 2;

/// How far the directory may run ahead of the number of segments.
const DIRECTORY_ENTRIES_PER_SEGMENT: usize = 16;

/// Bits of a stored hash.
const HASH_BITS: u32 = u32::BITS;

#[derive(Clone, Debug, Default)]
struct Segment {
    /// How many first bits the hashes in it have in common.
    depth: u32,
    table: HashTable<(u32, Slot)>,
}

/// The index of one database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Empty, or 2^`depth` positions in `segments`.
    directory: Vec<u32>,
    depth: u32,
    segments: Vec<Segment>,
    /// Positions in `segments` that are not used, after merging.
    unused: Vec<u32>,
    work: IndexWork,
}

/// How much an index has done so far, to prove that no single insertion does much.
///
/// A table that tidies up in place after removals does not count: it stays within its segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexWork {
    /// Entries moved from table to table, by splits, merges and growth.
    pub entries_moved: u64,
    /// Positions copied to double the directory.
    pub positions_copied: u64,
    /// Segments split in two.
    pub splits: u64,
    /// Pairs of segments merged into one.
    pub merges: u64,
}

/// The hash under which a key stands in an index.
pub(crate) fn key_hash(state: &FixedState, key: &[u8]) -> u32 {
    let mut hasher = state.build_hasher();
    hasher.write(key);
    #[expect(clippy::cast_possible_truncation, reason = "all bits of the hash are good")]
    let hash = hasher.finish() as u32;
    hash
}

/// What `hashbrown` wants: it takes the bucket from the low bits of a `usize` and a tag from the
/// high ones. Entries of a segment agree in the first bits of `hash`, so those must be mixed in,
/// on a machine of 32 bits as on one of 64.
fn table_hash(hash: u32) -> u64 {
    let mixed = hash.wrapping_mul(0x9E37_79B1) ^ hash;
    u64::from(mixed) << 32 | u64::from(mixed)
}

/// The first `depth` bits of `hash` as a number.
fn prefix(hash: u32, depth: u32) -> usize {
    hash.checked_shr(HASH_BITS - depth).unwrap_or(0) as usize
}

impl Index {
    pub(crate) fn work(&self) -> IndexWork {
        self.work
    }

    /// The slot under `hash` for which `is_key` holds.
    pub(crate) fn find(&self, hash: u32, is_key: impl Fn(Slot) -> bool) -> Option<Slot> {
        let position = *self.directory.get(prefix(hash, self.depth))?;
        self.segments[position as usize]
            .table
            .find(table_hash(hash), |&(other, slot)| other == hash && is_key(slot))
            .map(|&(_, slot)| slot)
    }

    /// Adds `slot` under `hash`. It must not be there yet.
    pub(crate) fn insert(&mut self, hash: u32, slot: Slot) {
        if self.directory.is_empty() {
            self.directory.push(0);
            self.segments.push(Segment::default());
        }
        let position = self.directory[prefix(hash, self.depth)];
        if self.segments[position as usize].table.len() >= SEGMENT_ENTRIES
            && self.make_divisible(position)
        {
            self.split(position, hash);
        }
        let position = self.directory[prefix(hash, self.depth)];
        let table = &mut self.segments[position as usize].table;
        let buckets_before = table.num_buckets();
        let length = table.len() as u64;
        table.insert_unique(table_hash(hash), (hash, slot), |&(hash, _)| table_hash(hash));
        if table.num_buckets() != buckets_before {
            self.work.entries_moved += length;
        }
    }

    /// Takes `slot` out from under `hash`.
    pub(crate) fn remove(&mut self, hash: u32, slot: Slot) {
        let Some(&position) = self.directory.get(prefix(hash, self.depth)) else { return };
        let segment = &mut self.segments[position as usize];
        if let Ok(entry) = segment.table.find_entry(table_hash(hash), |&(_, other)| other == slot) {
            entry.remove();
        }
        if segment.depth > 0 && segment.table.len() <= MERGE_ENTRIES / 2 {
            self.merge(position, hash);
        }
    }

    /// The entry under `hash` whose slot was `from` is at slot `to` from now on.
    pub(crate) fn relocate(&mut self, hash: u32, from: Slot, to: Slot) {
        let Some(&position) = self.directory.get(prefix(hash, self.depth)) else { return };
        let table = &mut self.segments[position as usize].table;
        if let Some((_, slot)) = table.find_mut(table_hash(hash), |&(_, other)| other == from) {
            *slot = to;
        }
    }

    /// Whether the directory can tell the halves of a segment apart, after doubling it if need be.
    fn make_divisible(&mut self, position: u32) -> bool {
        let depth = self.segments[position as usize].depth;
        if depth < self.depth {
            return true;
        }
        let segments = self.segments.len() - self.unused.len();
        if depth >= HASH_BITS || self.directory.len() * 2 > segments * DIRECTORY_ENTRIES_PER_SEGMENT
        {
            return false;
        }
        self.directory = self.directory.iter().flat_map(|&position| [position; 2]).collect();
        self.depth += 1;
        self.work.positions_copied += self.directory.len() as u64;
        true
    }

    /// Splits the segment at `position`, in which `hash` belongs, by its next bit.
    fn split(&mut self, position: u32, hash: u32) {
        let segment = &mut self.segments[position as usize];
        segment.depth += 1;
        let depth = segment.depth;
        let bit = 1_u32 << (HASH_BITS - depth);
        // Both are as large as they ever get: neither has to grow before it is split.
        let (mut low, mut high) = (Segment::sized(depth), Segment::sized(depth));
        self.work.entries_moved += segment.table.len() as u64;
        self.work.splits += 1;
        for (hash, slot) in core::mem::take(&mut segment.table) {
            let half = if hash & bit == 0 { &mut low } else { &mut high };
            half.table.insert_unique(table_hash(hash), (hash, slot), |&(hash, _)| table_hash(hash));
        }
        *segment = low;
        let new = self.place(high);
        let first = prefix(hash | bit, depth) << (self.depth - depth);
        self.directory[first..first + (1 << (self.depth - depth))].fill(new);
    }

    /// Makes the segment at `position`, in which `hash` belongs, one with its neighbour, if both
    /// together are small enough.
    fn merge(&mut self, position: u32, hash: u32) {
        let depth = self.segments[position as usize].depth;
        let neighbour_first = (prefix(hash, depth) ^ 1) << (self.depth - depth);
        let neighbour = self.directory[neighbour_first];
        let other = &mut self.segments[neighbour as usize];
        if other.depth != depth {
            return;
        }
        let other_table = core::mem::take(&mut other.table);
        let length = other_table.len();
        if length + self.segments[position as usize].table.len() > MERGE_ENTRIES {
            self.segments[neighbour as usize].table = other_table;
            return;
        }
        let segment = &mut self.segments[position as usize];
        segment.depth -= 1;
        for (hash, slot) in other_table {
            segment
                .table
                .insert_unique(table_hash(hash), (hash, slot), |&(hash, _)| table_hash(hash));
        }
        self.directory[neighbour_first..neighbour_first + (1 << (self.depth - depth))]
            .fill(position);
        self.unused.push(neighbour);
        self.work.entries_moved += length as u64;
        self.work.merges += 1;
    }

    /// Stores `segment` and returns its position.
    fn place(&mut self, segment: Segment) -> u32 {
        if let Some(position) = self.unused.pop() {
            self.segments[position as usize] = segment;
            return position;
        }
        self.segments.push(segment);
        u32::try_from(self.segments.len() - 1).expect("a segment has many entries of 2^32")
    }
}

impl Segment {
    fn sized(depth: u32) -> Self {
        Self { depth, table: HashTable::with_capacity(SEGMENT_ENTRIES) }
    }
}

#[cfg(test)]
mod tests;

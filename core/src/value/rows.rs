//! Rows that are found by their key: the form of large hashes and sets.
//!
//! # The problem
//! A collection may be as large as a database, so the same holds for it: no insertion may stand
//! still, no order of a hash table may be seen, and every byte counts a million times. A member
//! must also be picked at random in constant time, and a scan must miss none.
//!
//! # The structure
//! The rows stand one after the other, in chunks of 512; the [`Index`] of the keyspace finds
//! them. A row that is taken out is replaced by the last one, so the rows have no gaps: a random
//! position is a random row. What a client sees follows positions, and those follow from the
//! operations alone.
//!
//! A member of up to 22 bytes takes 24 bytes and 10 to 20 in the index; a field with its value 24
//! more. Measured in a million members of 16 bytes: 46 bytes each, where Redis 6.2 takes 73; a
//! million fields with values of 16 bytes: 79, where Redis takes 105.
//!
//! # Scans
//! A cursor is a number of rows: those at positions below it are still to be visited. A scan
//! begins with all and counts down to zero. *Every row that is there from beginning to end is
//! visited.* For a row that was not visited yet stands below the cursor, and stays there: an
//! insertion goes to the end and moves nothing, and a removal moves the last row only, to a lower
//! position. A row that was visited may come below the cursor in this way, and is then visited
//! again; Redis allows the same.
//!
//! A packed collection is visited as a whole, so no cursor outlives the change to a table, and
//! nothing changes back.
//!
//! # Rejected
//! The table of sorted sets (`value/table.rs`), whose elements never move: a scan visits each
//! exactly once there, but a random place may be empty, and a set of which most was taken would
//! have to be searched for SPOP.
//! An `IndexMap`: 32 bytes for an entry and 9 to 18 in its table, both doubled at once, which is a
//! pause of a second for ten million members. One chunk for all rows: half of it may be unused.
//!
//! # Not promised
//! A scan across a command that puts another collection in the place of this one.

use foldhash::quality::FixedState;

use crate::keyspace::index::{Index, SEGMENT_ENTRIES, key_hash};
use crate::keyspace::slab::Slot;
use crate::value::table::Element;

/// Rows in one chunk.
const CHUNK_ROWS: usize = 512;

/// Rows by key, without gaps.
#[derive(Clone, Debug)]
pub(super) struct Rows<R> {
    hash: FixedState,
    index: Index,
    /// All but the last are full; none is empty.
    chunks: Vec<Vec<R>>,
    /// Sum of what the rows say.
    heap_bytes: u64,
}

impl<R: Element> Rows<R> {
    pub(super) fn new(hash_seed: u64) -> Self {
        Self {
            hash: FixedState::with_seed(hash_seed),
            index: Index::default(),
            chunks: Vec::new(),
            heap_bytes: 0,
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        match self.chunks.last() {
            Some(last) => (self.chunks.len() - 1) * CHUNK_ROWS + last.len(),
            None => 0,
        }
    }

    /// The row at `position`.
    pub(super) fn get(&self, position: usize) -> Option<&R> {
        self.chunks.get(position / CHUNK_ROWS)?.get(position % CHUNK_ROWS)
    }

    /// Where the row with that key stands.
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        self.find_hashed(self.hash(key), key)
    }

    /// The row with that key.
    pub(super) fn row(&self, key: &[u8]) -> Option<&R> {
        self.get(self.find(key)?)
    }

    /// Puts the row that `make` gives at the end, unless there is one with that key: then its
    /// position is the error.
    pub(super) fn insert_with(
        &mut self,
        key: &[u8],
        make: impl FnOnce() -> R,
    ) -> Result<(), usize> {
        let hash = self.hash(key);
        if let Some(position) = self.find_hashed(hash, key) {
            return Err(position);
        }
        let row = make();
        self.index.insert(hash, slot(self.len()));
        self.heap_bytes += row.heap_bytes();
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK_ROWS => last.push(row),
            last => {
                // Only the first chunk grows in steps.
                let capacity = if last.is_some() { CHUNK_ROWS } else { 4 };
                let mut chunk = Vec::with_capacity(capacity);
                chunk.push(row);
                self.chunks.push(chunk);
            }
        }
        Ok(())
    }

    /// Changes the row at `position`, but not its key.
    pub(super) fn update(&mut self, position: usize, change: impl FnOnce(&mut R)) {
        let chunk = self.chunks.get_mut(position / CHUNK_ROWS);
        if let Some(row) = chunk.and_then(|chunk| chunk.get_mut(position % CHUNK_ROWS)) {
            let before = row.heap_bytes();
            change(row);
            self.heap_bytes = self.heap_bytes - before + row.heap_bytes();
        }
    }

    /// Takes out the row with that key; the last row takes its place.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<R> {
        let hash = self.hash(key);
        let position = self.find_hashed(hash, key)?;
        let last_position = self.len() - 1;
        let chunk = self.chunks.last_mut()?;
        let last = chunk.pop()?;
        if chunk.is_empty() {
            self.chunks.pop();
        }
        self.index.remove(hash, slot(position));
        let removed = if position == last_position {
            last
        } else {
            self.index.relocate(self.hash(last.key()), slot(last_position), slot(position));
            let place = &mut self.chunks[position / CHUNK_ROWS][position % CHUNK_ROWS];
            core::mem::replace(place, last)
        };
        self.heap_bytes -= removed.heap_bytes();
        Some(removed)
    }

    /// All rows in order.
    pub(super) fn iter(&self) -> Iter<'_, R> {
        Iter { chunks: self.chunks.iter(), rows: [].iter() }
    }

    /// The rows from `position` on.
    pub(super) fn iter_from(&self, position: usize) -> Iter<'_, R> {
        let (first, place) = (position / CHUNK_ROWS, position % CHUNK_ROWS);
        let mut chunks = self.chunks.get(first..).unwrap_or(&[]).iter();
        let rows = chunks.next().and_then(|rows| rows.get(place..)).unwrap_or(&[]).iter();
        Iter { chunks, rows }
    }

    /// Visits up to `count` rows (at least 1) below `cursor`, or from the last one on for 0.
    /// Returns the cursor to go on with, 0 at the end. A cursor that no call returned is harmless.
    pub(super) fn scan(&self, cursor: u64, count: u64, mut visit: impl FnMut(&R)) -> u64 {
        let length = self.len();
        let begin = if cursor == 0 { length } else { usize::try_from(cursor).unwrap_or(length) };
        let begin = begin.min(length);
        let end = begin.saturating_sub(usize::try_from(count.max(1)).unwrap_or(usize::MAX));
        for position in (end..begin).rev() {
            if let Some(row) = self.get(position) {
                visit(row);
            }
        }
        end as u64
    }

    /// What the table takes on a machine of 64 bits, in bytes: a function of the commands that
    /// were run, and not of the machine or the seed. So the index counts with the segments that
    /// hashes without luck bring about.
    pub(super) fn memory_bytes(&self) -> u64 {
        const STRUCT_BYTES: u64 = 192;
        let count = self.len() as u64;
        let rows = match self.chunks.len() as u64 {
            0 => 0,
            1 => count.next_power_of_two().max(4),
            chunks => chunks * CHUNK_ROWS as u64,
        };
        STRUCT_BYTES + rows * R::PLACE_BYTES + index_bytes(count) + self.heap_bytes
    }

    fn hash(&self, key: &[u8]) -> u32 {
        key_hash(&self.hash, key)
    }

    fn find_hashed(&self, hash: u32, key: &[u8]) -> Option<usize> {
        let is_key = |slot: Slot| self.get(slot.0 as usize).is_some_and(|row| row.key() == key);
        self.index.find(hash, is_key).map(|slot| slot.0 as usize)
    }
}

/// One table that doubles, or segments that all split at about the same time.
fn index_bytes(entries: u64) -> u64 {
    const BUCKET_BYTES: u64 = 9;
    const SEGMENT_BYTES: u64 = 1024 * BUCKET_BYTES + 64;
    // Hashes spread unevenly, so the first segment is full before the average one is.
    const ENTRIES_WHEN_SPLIT: u64 = SEGMENT_ENTRIES as u64 - 50;
    if entries <= SEGMENT_ENTRIES as u64 {
        (entries * 8).div_ceil(7).next_power_of_two().max(4) * BUCKET_BYTES
    } else {
        entries.div_ceil(ENTRIES_WHEN_SPLIT).next_power_of_two() * SEGMENT_BYTES
    }
}

fn slot(position: usize) -> Slot {
    // 2^32 rows take at least 160 GB: a machine runs out of memory first, and wasm32 of addresses.
    Slot(u32::try_from(position).expect("fewer than 2^32 rows"))
}

/// The rows of [`Rows`] in order.
#[derive(Clone, Debug)]
pub(super) struct Iter<'a, R> {
    chunks: core::slice::Iter<'a, Vec<R>>,
    rows: core::slice::Iter<'a, R>,
}

impl<'a, R> Iterator for Iter<'a, R> {
    type Item = &'a R;

    fn next(&mut self) -> Option<&'a R> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            self.rows = self.chunks.next()?.iter();
        }
    }
}

#[cfg(test)]
mod tests;

//! Elements of a large collection, found by their bytes.
//!
//! # The problem
//! A hash table that grows stands still while it does, its order follows the hash, and its cells
//! are half empty. A set of ten million members must not stop the server, must reply the same on
//! every machine, and should be small.
//!
//! # The structure
//! The same as that of the keyspace: elements live in chunks of 1,024 places and never move, and
//! [`Index`] leads from a hash to a place, eight bytes an element, split by small steps. A place
//! is used again after a removal, first in the lowest chunk that has one; a chunk without
//! elements gives its memory back. So a place is a cursor: a scan that goes from place to place
//! meets every element that was there all the time exactly once.
//!
//! # Not promised
//! That two tables with the same elements hold them in the same places.

use std::collections::BTreeSet;

use foldhash::quality::FixedState;

pub(crate) use crate::keyspace::slab::Slot;

use crate::keyspace::index::{Index, key_hash};
use crate::keyspace::slab::CHUNK_PLACES;

/// For each element asked for, a scan looks at no more than so many places.
const PLACES_PER_ELEMENT: u64 = 10;

/// What a table can hold.
pub(crate) trait Element {
    /// Size of one place on a 64-bit machine.
    const PLACE_BYTES: u64;

    /// What it is found by.
    fn key(&self) -> &[u8];

    /// What it holds on the heap.
    fn heap_bytes(&self) -> u64;
}

#[derive(Clone, Debug)]
struct Chunk<E> {
    /// At most [`CHUNK_PLACES`]; those beyond the end were never used.
    places: Vec<Option<E>>,
    /// Places that hold nothing; the last one is used next.
    vacant: Vec<u16>,
}

impl<E> Default for Chunk<E> {
    fn default() -> Self {
        Self { places: Vec::new(), vacant: Vec::new() }
    }
}

impl<E> Chunk<E> {
    fn occupied(&self) -> usize {
        self.places.len() - self.vacant.len()
    }
}

/// Elements by their bytes.
#[derive(Clone, Debug)]
pub(crate) struct Table<E> {
    hash: FixedState,
    index: Index,
    chunks: Vec<Chunk<E>>,
    /// Chunks with a place for one more element.
    open: BTreeSet<usize>,
    occupied: usize,
    /// What the elements hold on the heap.
    heap_bytes: u64,
}

impl<E: Element> Table<E> {
    /// A table without elements. `hash_seed` decides where they stand in the index; no result
    /// depends on it.
    pub(crate) fn new(hash_seed: u64) -> Self {
        Self {
            hash: FixedState::with_seed(hash_seed),
            index: Index::default(),
            chunks: Vec::new(),
            open: BTreeSet::new(),
            occupied: 0,
            heap_bytes: 0,
        }
    }

    /// Number of elements.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.occupied
    }

    /// Whether there is none.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    fn hash(&self, key: &[u8]) -> u32 {
        key_hash(&self.hash, key)
    }

    /// Where the element with these bytes is.
    pub(crate) fn find(&self, key: &[u8]) -> Option<Slot> {
        let is_key = |slot| self.get(slot).is_some_and(|element| element.key() == key);
        self.index.find(self.hash(key), is_key)
    }

    /// The element at `slot`.
    pub(crate) fn get(&self, slot: Slot) -> Option<&E> {
        self.chunks.get(slot.chunk())?.places.get(slot.place())?.as_ref()
    }

    /// The element at `slot`, to change all but its key and what it holds on the
    /// heap.
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut E> {
        self.chunks.get_mut(slot.chunk())?.places.get_mut(slot.place())?.as_mut()
    }

    /// Adds an element. None with its key may be there yet.
    pub(crate) fn insert(&mut self, element: E) -> Slot {
        let hash = self.hash(element.key());
        let heap_bytes = element.heap_bytes();
        let number = match self.open.first() {
            Some(&number) => number,
            None => {
                self.chunks.push(Chunk::default());
                self.open.insert(self.chunks.len() - 1);
                self.chunks.len() - 1
            }
        };
        let chunk = &mut self.chunks[number];
        let place = if let Some(place) = chunk.vacant.pop() {
            chunk.places[usize::from(place)] = Some(element);
            usize::from(place)
        } else {
            if number > 0 && chunk.places.capacity() == 0 {
                // Only the first chunk grows in steps: behind it, most are full.
                chunk.places.reserve_exact(CHUNK_PLACES);
            }
            chunk.places.push(Some(element));
            chunk.places.len() - 1
        };
        if chunk.occupied() == CHUNK_PLACES {
            self.open.remove(&number);
        }
        self.occupied += 1;
        self.heap_bytes += heap_bytes;
        let slot = Slot::at(number, place);
        self.index.insert(hash, slot);
        slot
    }

    /// Takes out the element at `slot`.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<E> {
        let chunk = self.chunks.get_mut(slot.chunk())?;
        let element = chunk.places.get_mut(slot.place())?.take()?;
        chunk.vacant.push(u16::try_from(slot.place()).unwrap_or(u16::MAX));
        if chunk.occupied() == 0 {
            *chunk = Chunk::default();
        }
        self.open.insert(slot.chunk());
        self.occupied -= 1;
        self.heap_bytes -= element.heap_bytes();
        self.index.remove(self.hash(element.key()), slot);
        Some(element)
    }

    /// The elements in the order of their places.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &E)> {
        self.chunks.iter().enumerate().flat_map(|(number, chunk)| {
            let places = chunk.places.iter().enumerate();
            places.filter_map(move |(place, element)| {
                Some((Slot::at(number, place), element.as_ref()?))
            })
        })
    }

    /// The first position behind all places in use.
    pub(crate) fn end(&self) -> u64 {
        match self.chunks.last() {
            Some(last) => ((self.chunks.len() - 1) * CHUNK_PLACES + last.places.len()) as u64,
            None => 0,
        }
    }

    /// The element at position `from` or the next one behind it, and the position behind that. No
    /// more than `limit` places are looked at; a chunk without elements is one place.
    pub(crate) fn next_from(&self, from: u64, limit: &mut u64) -> (Option<&E>, u64) {
        let mut position = usize::try_from(from).unwrap_or(usize::MAX);
        while let Some(chunk) = self.chunks.get(position / CHUNK_PLACES) {
            if *limit == 0 {
                break;
            }
            *limit -= 1;
            let place = position % CHUNK_PLACES;
            if chunk.occupied() == 0 || place >= chunk.places.len() {
                position += CHUNK_PLACES - place;
                continue;
            }
            position += 1;
            if let Some(element) = &chunk.places[place] {
                return (Some(element), position as u64);
            }
        }
        (None, position as u64)
    }

    /// Calls `visit` for about `count` elements from `cursor` on and returns the cursor to go on
    /// with, 0 at the end. What is there from the start of a scan to its end is visited exactly
    /// once. A cursor that no call returned is harmless.
    pub(crate) fn scan(&self, cursor: u64, count: u64, mut visit: impl FnMut(&E)) -> u64 {
        let count = count.max(1);
        let mut places = count.saturating_mul(PLACES_PER_ELEMENT);
        let mut position = cursor;
        for _ in 0..count {
            let (found, next) = self.next_from(position, &mut places);
            position = next;
            let Some(element) = found else { break };
            visit(element);
        }
        if position < self.end() { position } else { 0 }
    }

    /// What it holds on the heap, on a 64-bit machine.
    ///
    /// It is a function of the commands that were run and not of the allocator, the machine or the
    /// seed: a chunk counts with the places it has room for, the index with its mean.
    pub(crate) fn memory_bytes(&self) -> u64 {
        /// A segment of 1,024 buckets of nine bytes is between half and nearly full.
        const INDEX_BYTES_PER_ELEMENT: u64 = 14;
        let chunks = self.chunks.iter().enumerate().map(|(number, chunk)| {
            let places = match (number, chunk.places.len()) {
                (_, 0) => 0,
                (0, used) => used.next_power_of_two().max(4),
                _ => CHUNK_PLACES,
            } as u64;
            48 + places * E::PLACE_BYTES + chunk.vacant.len() as u64 * 2
        });
        chunks.sum::<u64>() + self.heap_bytes + self.occupied as u64 * INDEX_BYTES_PER_ELEMENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::value::CompactBytes;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Pair(CompactBytes, u32);

    impl Element for Pair {
        const PLACE_BYTES: u64 = 32;
        fn key(&self) -> &[u8] {
            &self.0
        }
        fn heap_bytes(&self) -> u64 {
            0
        }
    }

    /// Random insertions and removals, against a map; at the end a scan through changes.
    #[test]
    fn agrees_with_a_map() {
        const SEED: u64 = 20_261_121;
        let mut random = Random::new(SEED);
        let mut table = Table::<Pair>::new(SEED);
        let mut model = BTreeMap::<Vec<u8>, (Slot, u32)>::new();
        for step in 0..60_000_u32 {
            // The first half mostly grows, the second mostly shrinks.
            let grows = random.below(10) < if step < 30_000 { 8 } else { 3 };
            let key = random.below(9_000).to_string().into_bytes();
            let expected = model.get(&key).copied();
            let found = table.find(&key);
            assert_eq!(found, expected.map(|(slot, _)| slot), "seed {SEED}, step {step}");
            match found {
                Some(slot) if !grows => {
                    let removed = table.remove(slot).map(|pair| pair.1);
                    assert_eq!(removed, model.remove(&key).map(|(_, number)| number));
                }
                Some(slot) => {
                    table.get_mut(slot).unwrap().1 = step;
                    model.insert(key, (slot, step));
                }
                None if grows => {
                    let slot = table.insert(Pair(CompactBytes::new(&key), step));
                    model.insert(key, (slot, step));
                }
                None => {}
            }
            assert_eq!((table.len(), table.is_empty()), (model.len(), model.is_empty()));
        }
        let all: BTreeMap<_, _> =
            table.iter().map(|(slot, pair)| (pair.key().to_vec(), (slot, pair.1))).collect();
        assert_eq!(all, model, "seed {SEED}");
    }

    #[test]
    fn a_scan_meets_what_stays_exactly_once() {
        let mut table = Table::<Pair>::new(1);
        let key = |number: u32| number.to_string().into_bytes();
        for number in 0..5_000 {
            table.insert(Pair(CompactBytes::new(&key(number)), number));
        }
        let (mut cursor, mut calls, mut seen) = (0, 0, Vec::new());
        loop {
            cursor = table.scan(cursor, 7, |pair| seen.push(pair.1));
            calls += 1;
            // Odd numbers come and go.
            let number = calls * 2 % 5_000 + 1;
            match table.find(&key(number)) {
                Some(slot) => {
                    table.remove(slot);
                }
                None => {
                    table.insert(Pair(CompactBytes::new(&key(number)), number));
                }
            }
            if cursor == 0 {
                break;
            }
        }
        let mut even: Vec<u32> = seen.into_iter().filter(|number| number % 2 == 0).collect();
        even.sort_unstable();
        assert_eq!(even, (0..5_000).step_by(2).collect::<Vec<_>>());
        assert_eq!(table.scan(u64::MAX, 1, |_| panic!("nothing is there")), 0);
    }

    #[test]
    fn an_empty_chunk_gives_its_memory_back() {
        let mut table = Table::<Pair>::new(1);
        let slots: Vec<Slot> = (0..3_000_u32)
            .map(|number| table.insert(Pair(CompactBytes::new(&number.to_le_bytes()), number)))
            .collect();
        let full = table.memory_bytes();
        slots.iter().skip(1).for_each(|&slot| assert!(table.remove(slot).is_some()));
        assert!(table.memory_bytes() < full / 2, "{} of {full}", table.memory_bytes());
        assert!(table.remove(slots[1]).is_none());
        let again = table.insert(Pair(CompactBytes::new(b"x"), 1));
        assert!(again.0 < 1_024, "the lowest chunk is used first");
    }
}

//! Where entries live: chunks of 1,024 places, in the order of insertion, never moved.
//!
//! A place freed by a deletion is used again by a later insertion, first in the lowest chunk that
//! has one. A chunk without entries gives its memory back.

mod stamps;

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::units::Millis;
use crate::value::{CompactBytes, Value};
pub(super) use stamps::Stamps;

/// Places in one chunk.
pub(crate) const CHUNK_PLACES: usize = 1024;

/// The place of an entry in its database. An entry keeps it as long as it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    pub(crate) const fn chunk(self) -> usize {
        self.0 as usize / CHUNK_PLACES
    }

    pub(crate) const fn place(self) -> usize {
        self.0 as usize % CHUNK_PLACES
    }

    pub(crate) fn at(chunk: usize, place: usize) -> Self {
        // 2^32 entries take at least 200 GB: a machine runs out of memory first, and wasm32 of
        // addresses.
        Self(u32::try_from(chunk * CHUNK_PLACES + place).expect("fewer than 2^32 keys"))
    }
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) key: CompactBytes,
    pub(super) value: Value,
}

/// Marks a place without an expiry in [`Chunk::expiries`].
pub(super) const NEVER: Millis = Millis(u64::MAX);

#[derive(Clone, Debug, Default)]
struct Chunk {
    /// At most [`CHUNK_PLACES`]; those beyond the end were never used.
    items: Vec<Option<Item>>,
    /// Places of `items` that hold nothing; the last one is used next.
    vacant: Vec<u16>,
    /// By place, when each entry expires. Empty as long as no entry of the chunk does.
    expiries: Vec<Millis>,
    /// What [`Chunk::digest`] gave, until something changes.
    digest: Cell<Option<u128>>,
}

impl Chunk {
    fn occupied(&self) -> usize {
        self.items.len() - self.vacant.len()
    }

    fn has_room(&self) -> bool {
        self.occupied() < CHUNK_PLACES
    }

    fn expiry(&self, place: usize) -> Option<Millis> {
        self.expiries.get(place).copied().filter(|&when| when != NEVER)
    }

    fn digest(&self) -> u128 {
        if let Some(digest) = self.digest.get() {
            return digest;
        }
        let mut digest = Digest::new();
        for (place, item) in self.items.iter().enumerate() {
            if let Some(item) = item {
                digest.put_bytes(&item.key);
                item.value.digest_into(&mut digest);
                digest.put_optional_u64(self.expiry(place).map(|when| when.0));
            }
        }
        let digest = digest.finish();
        self.digest.set(Some(digest));
        digest
    }
}

/// The entries of one database by [`Slot`].
#[derive(Clone, Debug, Default)]
pub(super) struct Slab {
    chunks: Vec<Chunk>,
    /// Chunks with a place for one more entry.
    open: BTreeSet<usize>,
    occupied: usize,
    /// Which places were written, where somebody wants to know. A server does not.
    stamps: Option<Box<Stamps>>,
}

impl Slab {
    /// From now on, or no more, it is remembered which places are written.
    pub(super) fn set_stamps(&mut self, stamps: Option<Box<Stamps>>) {
        self.stamps = stamps;
    }

    /// An empty slab in the place of this one. Every entry was written: it was given back.
    pub(super) fn emptied(&mut self) -> Self {
        let mut stamps = self.stamps.take();
        if let Some(stamps) = &mut stamps {
            self.iter().for_each(|(slot, _, _)| stamps.written(slot));
        }
        Self { stamps, ..Self::default() }
    }

    pub(super) fn stamps(&self) -> Option<&Stamps> {
        self.stamps.as_deref()
    }

    /// Takes note that the entry at `slot` was written. A server only looks at an empty pointer.
    #[inline]
    fn written(&mut self, slot: Slot) {
        if self.stamps.is_some() {
            self.stamp(slot);
        }
    }

    #[cold]
    #[inline(never)]
    fn stamp(&mut self, slot: Slot) {
        if let Some(stamps) = &mut self.stamps {
            stamps.written(slot);
        }
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.occupied
    }

    /// The first position behind all slots that are in use.
    pub(super) fn end(&self) -> u64 {
        match self.chunks.last() {
            Some(last) => ((self.chunks.len() - 1) * CHUNK_PLACES + last.items.len()) as u64,
            None => 0,
        }
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Item> {
        self.chunks.get(slot.chunk())?.items.get(slot.place())?.as_ref()
    }

    /// The value at `slot`. It counts as changed from now on.
    #[inline]
    pub(super) fn value_mut(&mut self, slot: Slot) -> Option<&mut Value> {
        self.written(slot);
        let chunk = self.chunks.get_mut(slot.chunk())?;
        chunk.digest.set(None);
        Some(&mut chunk.items.get_mut(slot.place())?.as_mut()?.value)
    }

    pub(super) fn expiry(&self, slot: Slot) -> Option<Millis> {
        self.chunks.get(slot.chunk())?.expiry(slot.place())
    }

    /// Sets when the entry at `slot` expires, and returns what held before.
    pub(super) fn set_expiry(&mut self, slot: Slot, when: Option<Millis>) -> Option<Millis> {
        let chunk = self.chunks.get_mut(slot.chunk())?;
        let before = chunk.expiry(slot.place());
        if before == when {
            return before;
        }
        chunk.digest.set(None);
        if chunk.expiries.len() <= slot.place() {
            chunk.expiries.resize(chunk.items.len(), NEVER);
        }
        chunk.expiries[slot.place()] = when.unwrap_or(NEVER);
        self.written(slot);
        before
    }

    /// Puts an entry in the lowest chunk that has a place.
    pub(super) fn insert(&mut self, item: Item) -> Slot {
        let index = match self.open.first() {
            Some(&index) => index,
            None => {
                self.chunks.push(Chunk::default());
                self.open.insert(self.chunks.len() - 1);
                self.chunks.len() - 1
            }
        };
        let chunk = &mut self.chunks[index];
        chunk.digest.set(None);
        let place = if let Some(place) = chunk.vacant.pop() {
            chunk.items[usize::from(place)] = Some(item);
            usize::from(place)
        } else {
            if index > 0 && chunk.items.capacity() == 0 {
                // Only the first chunk grows in steps: most databases are small, most chunks full.
                chunk.items.reserve_exact(CHUNK_PLACES);
            }
            chunk.items.push(Some(item));
            chunk.items.len() - 1
        };
        if !chunk.has_room() {
            self.open.remove(&index);
        }
        self.occupied += 1;
        let slot = Slot::at(index, place);
        self.written(slot);
        slot
    }

    /// Takes out the entry at `slot`, whose expiry must have been taken off.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Item> {
        let chunk = self.chunks.get_mut(slot.chunk())?;
        let item = chunk.items.get_mut(slot.place())?.take()?;
        chunk.digest.set(None);
        chunk.vacant.push(u16::try_from(slot.place()).expect("a chunk has 1,024 places"));
        if chunk.occupied() == 0 {
            *chunk = Chunk::default();
        }
        self.open.insert(slot.chunk());
        self.occupied -= 1;
        self.written(slot);
        Some(item)
    }

    /// The first entry at position `from` or later, looking at no more than `limit` places (an
    /// empty chunk is one place). Gives the entry, if there was one, and the position after the
    /// last place it looked at.
    pub(super) fn next_from(&self, from: u64, limit: &mut u64) -> (Option<(Slot, &Item)>, u64) {
        let mut position = usize::try_from(from).unwrap_or(usize::MAX);
        while let Some(chunk) = self.chunks.get(position / CHUNK_PLACES) {
            if *limit == 0 {
                break;
            }
            *limit -= 1;
            let place = position % CHUNK_PLACES;
            if chunk.occupied() == 0 || place >= chunk.items.len() {
                position += CHUNK_PLACES - place;
                continue;
            }
            position += 1;
            if let Some(item) = &chunk.items[place] {
                let slot = Slot::at((position - 1) / CHUNK_PLACES, place);
                return (Some((slot, item)), position as u64);
            }
        }
        (None, position as u64)
    }

    /// All entries in the order of their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Item, Option<Millis>)> {
        self.iter_from(0)
    }

    /// The entries at position `from` and later. No place before it is looked at.
    pub(super) fn iter_from(
        &self,
        from: u64,
    ) -> impl Iterator<Item = (Slot, &Item, Option<Millis>)> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let (first, first_place) = (from / CHUNK_PLACES, from % CHUNK_PLACES);
        self.chunks.iter().enumerate().skip(first).flat_map(move |(index, chunk)| {
            let skipped = if index == first { first_place } else { 0 };
            chunk.items.iter().enumerate().skip(skipped).filter_map(move |(place, item)| {
                let item = item.as_ref()?;
                Some((Slot::at(index, place), item, chunk.expiry(place)))
            })
        })
    }

    /// Whether any chunk keeps what [`Self::digest_into`] found.
    #[cfg(test)]
    pub(super) fn keeps_digests(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.digest.get().is_some())
    }

    /// Adds all entries with their expiry, in the order of their slots. Chunks that did not change
    /// since the last time cost nothing but their turn.
    pub(super) fn digest_into(&self, digest: &mut Digest) {
        let chunks = || self.chunks.iter().filter(|chunk| chunk.occupied() > 0);
        digest.put_count(chunks().count());
        for chunk in chunks() {
            digest.put_u128(chunk.digest());
        }
    }
}

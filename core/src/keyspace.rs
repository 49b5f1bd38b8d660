//! The dataset: sixteen databases of keys with values and expiry times.
//!
//! # The problem
//! A table of keys must be fast and small, must never stand still while it grows, and must look
//! the same on every machine: a recorded run is replayed in a page, and the order in which SCAN or
//! a rewrite meets the keys is part of the run. Hash tables fail all but the first.
//!
//! # The structure
//! - The *slab* holds the entries, in the order of insertion, at places that never change. All
//!   that iterates goes by place: the order depends on the operations alone, a SCAN cursor is
//!   a place, and no entry that exists throughout can be missed or met twice.
//! - The *index* finds the place for a key. Its order is never seen. See `keyspace/index.rs` for
//!   how it grows without a pause.
//! - The *expiry order* sorts the entries that expire by time. The active cycle takes from its
//!   front, where Redis has to sample.
//!
//! An entry takes 48 bytes; keys and values of up to 22 bytes stand in it. With the index that is
//! about 63 bytes for a key.
//!
//! # Rejected
//! An insertion-ordered map from a crate: its growth stands still for 350 ms at ten million keys.
//! An expiry time in each entry: 8 bytes for all, for the sake of few. It stands beside the
//! entries of a chunk as soon as one of them expires.
//!
//! # Not promised
//! Resistance against someone who knows the hash seed: keys can then be chosen that fall into one
//! segment. Fair odds of `random` between keys when many were deleted.

mod expiry;
pub(crate) mod index;
mod scan;
pub(crate) mod slab;
mod writes;

use foldhash::quality::FixedState;

pub use index::IndexWork;
pub use writes::WriteMark;

use crate::digest::Digest;
use crate::resp::peek::KEYS_AHEAD;
use crate::units::Millis;
use crate::value::{CompactBytes, Value};
use expiry::ExpiryOrder;
use index::{Index, key_hash};
use slab::{Item, Slab, Slot};

/// A database with fewer keys is in the processor's cache, where a hint costs more than it saves.
const WARM_KEYS: usize = 4096;

/// All databases.
#[derive(Clone, Debug)]
pub struct Keyspace {
    databases: Vec<Database>,
    hash_seed: u64,
}

impl Keyspace {
    /// Number of databases, Redis's default.
    pub const DATABASES: u8 = 16;

    /// An empty dataset. `hash_seed` decides where keys stand in the index; no result depends on
    /// it.
    #[must_use]
    pub fn new(hash_seed: u64) -> Self {
        let empty = Database::new(hash_seed);
        Self { databases: vec![empty; usize::from(Self::DATABASES)], hash_seed }
    }

    /// What decides where keys, and members of large collections, stand in their indexes.
    #[must_use]
    pub const fn hash_seed(&self) -> u64 {
        self.hash_seed
    }

    /// Database number `number`.
    ///
    /// # Panics
    /// If `number` is not below [`Self::DATABASES`].
    #[must_use]
    pub fn db(&self, number: u8) -> &Database {
        &self.databases[usize::from(number)]
    }

    /// Database number `number`, to change it.
    ///
    /// # Panics
    /// If `number` is not below [`Self::DATABASES`].
    #[must_use]
    pub fn db_mut(&mut self, number: u8) -> &mut Database {
        &mut self.databases[usize::from(number)]
    }

    /// All databases with their numbers.
    pub fn databases(&self) -> impl Iterator<Item = (u8, &Database)> {
        (0..Self::DATABASES).zip(&self.databases)
    }

    /// Number of keys in all databases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.databases.iter().map(Database::len).sum()
    }

    /// Whether no database has a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.databases.iter().all(Database::is_empty)
    }

    /// Empties all databases.
    pub fn clear(&mut self) -> Detached {
        let databases = self.databases.iter_mut().flat_map(|database| database.clear().databases);
        Detached { databases: databases.collect() }
    }

    /// Adds everything that a client could find out, in the order in which it would: two datasets
    /// that saw the same operations agree.
    pub fn digest_into(&self, digest: &mut Digest) {
        for (number, database) in self.databases().filter(|(_, database)| !database.is_empty()) {
            digest.put_u8(number);
            database.slab.digest_into(digest);
        }
    }

    /// A fingerprint of the keys, their values and expiry times, in no order: two datasets with
    /// the same content agree, however they came about.
    #[must_use]
    pub fn content_digest(&self) -> u128 {
        let mut sum: u128 = 0;
        for (number, database) in self.databases() {
            for entry in database.iter() {
                let mut digest = Digest::new();
                digest.put_u8(number);
                digest.put_bytes(entry.key);
                entry.value.content_digest_into(&mut digest);
                digest.put_optional_u64(entry.expiry.map(|when| when.0));
                sum = sum.wrapping_add(digest.finish());
            }
        }
        sum
    }
}

/// One database.
#[derive(Clone, Debug)]
pub struct Database {
    hash: FixedState,
    index: Index,
    slab: Slab,
    expiry_order: ExpiryOrder,
}

/// A key with all that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key.
    pub key: &'a [u8],
    /// What it holds.
    pub value: &'a Value,
    /// When it expires, if it does.
    pub expiry: Option<Millis>,
}

/// A key that was taken out of its database because its time had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The key.
    pub key: CompactBytes,
    /// What it held.
    pub value: Value,
    /// When it expired.
    pub when: Millis,
}

/// What was in emptied databases, so that it can be dropped where it does not hurt.
#[derive(Debug, Default)]
pub struct Detached {
    databases: Vec<Database>,
}

impl Detached {
    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.databases.iter().map(Database::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Database {
    fn new(hash_seed: u64) -> Self {
        Self {
            hash: FixedState::with_seed(hash_seed),
            index: Index::default(),
            slab: Slab::default(),
            expiry_order: ExpiryOrder::default(),
        }
    }

    fn hash(&self, key: &[u8]) -> u32 {
        key_hash(&self.hash, key)
    }

    fn find(&self, hash: u32, key: &[u8]) -> Option<Slot> {
        self.index.find(hash, |slot| self.slab.get(slot).is_some_and(|item| *item.key == *key))
    }

    fn slot(&self, key: &[u8]) -> Option<Slot> {
        if self.is_empty() { None } else { self.find(self.hash(key), key) }
    }

    /// Number of keys, expired ones that were not removed yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is such a key, expired or not.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.slot(key).is_some()
    }

    /// What `key` holds, expired or not.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Value> {
        Some(&self.slab.get(self.slot(key)?)?.value)
    }

    /// What `key` holds, to change it. Its expiry stays.
    #[must_use]
    pub fn get_mut(&mut self, key: &[u8]) -> Option<&mut Value> {
        let slot = self.slot(key)?;
        self.slab.value_mut(slot)
    }

    /// All about `key` with one look.
    #[must_use]
    pub fn entry(&self, key: &[u8]) -> Option<Entry<'_>> {
        let slot = self.slot(key)?;
        self.slab.get(slot).map(|item| Entry {
            key: &item.key,
            value: &item.value,
            expiry: self.slab.expiry(slot),
        })
    }

    /// Asks memory for what commands about these keys will read: a hint that changes nothing.
    ///
    /// Each look-up waits for memory three times, one after the other. Here the same step is made
    /// for all keys before the next step, so the processor waits for all of them at once.
    pub fn warm<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        if self.len() < WARM_KEYS {
            return;
        }
        let mut slots = [None; KEYS_AHEAD];
        for (place, key) in slots.iter_mut().zip(keys) {
            *place = self.index.find(self.hash(key), |_| true);
        }
        let mut touched = [None; KEYS_AHEAD];
        for (place, slot) in touched.iter_mut().zip(slots.into_iter().flatten()) {
            *place = self.slab.get(slot);
        }
        let touch = |item: &Item| item.key.first().copied().unwrap_or(0) ^ item.value.touch();
        let sum = touched.into_iter().flatten().map(touch).fold(0, |sum, byte| sum ^ byte);
        core::hint::black_box(sum);
    }

    /// Gives `key` the string `bytes` and no expiry. A string that is there already gives its
    /// memory to the new one where that fits.
    pub fn set_string(&mut self, key: &[u8], bytes: &[u8]) {
        let hash = self.hash(key);
        let Some(slot) = self.find(hash, key) else {
            let item = Item { key: CompactBytes::new(key), value: Value::string(bytes) };
            let slot = self.slab.insert(item);
            self.index.insert(hash, slot);
            return;
        };
        self.set_slot_expiry(slot, None);
        match self.slab.value_mut(slot) {
            Some(Value::String(string)) => string.replace(bytes),
            Some(other) => *other = Value::string(bytes),
            None => {}
        }
    }

    /// Gives `key` a new value and no expiry, and returns the old value. A key that existed keeps
    /// its place in the order.
    pub fn insert(&mut self, key: &[u8], value: Value) -> Option<Value> {
        let hash = self.hash(key);
        if let Some(slot) = self.find(hash, key) {
            self.set_slot_expiry(slot, None);
            return self.slab.value_mut(slot).map(|old| core::mem::replace(old, value));
        }
        let slot = self.slab.insert(Item { key: CompactBytes::new(key), value });
        self.index.insert(hash, slot);
        None
    }

    /// Takes out `key` and returns what it held.
    pub fn remove(&mut self, key: &[u8]) -> Option<Value> {
        let slot = self.slot(key)?;
        self.remove_slot(slot).map(|item| item.value)
    }

    /// Moves what `from` holds, and its expiry, to `to`, and drops what `to` held. Returns whether
    /// there was such a key. Nothing happens when both are the same.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> bool {
        if from == to {
            return self.contains(from);
        }
        let Some(slot) = self.slot(from) else { return false };
        let expiry = self.slab.expiry(slot);
        let Some(item) = self.remove_slot(slot) else { return false };
        self.insert(to, item.value);
        self.set_expiry(to, expiry);
        true
    }

    /// Empties the database.
    pub fn clear(&mut self) -> Detached {
        let empty = Self {
            hash: self.hash.clone(),
            index: Index::default(),
            slab: self.slab.emptied(),
            expiry_order: ExpiryOrder::default(),
        };
        Detached { databases: vec![core::mem::replace(self, empty)] }
    }

    /// When `key` expires, if it exists and does.
    #[must_use]
    pub fn expiry(&self, key: &[u8]) -> Option<Millis> {
        if self.expiry_order.is_empty() { None } else { self.slab.expiry(self.slot(key)?) }
    }

    /// Sets when `key` expires. Returns whether there is such a key.
    ///
    /// `Millis(u64::MAX)` means never, as `None` does; Redis's times end at 2^63 - 1.
    pub fn set_expiry(&mut self, key: &[u8], when: Option<Millis>) -> bool {
        let slot = self.slot(key);
        if let Some(slot) = slot {
            self.set_slot_expiry(slot, when);
        }
        slot.is_some()
    }

    /// Whether the time of `key` has come: a key still lives in the millisecond at which it
    /// expires.
    #[doc(alias = "keyIsExpired")]
    #[must_use]
    pub fn is_expired(&self, key: &[u8], now: Millis) -> bool {
        self.has_expired(now) && self.expiry(key).is_some_and(|when| now > when)
    }

    /// Whether any key's time has come. Needs no search.
    #[must_use]
    pub fn has_expired(&self, now: Millis) -> bool {
        self.expiry_order.first().is_some_and(|(when, _)| now > when)
    }

    /// The key whose time has come first, see [`Self::is_expired`].
    #[must_use]
    pub fn next_expired(&self, now: Millis) -> Option<&[u8]> {
        let (when, slot) = self.expiry_order.first()?;
        if now > when { self.slab.get(slot).map(|item| &*item.key) } else { None }
    }

    /// Takes out the key whose time has come first, if any has.
    pub fn pop_expired(&mut self, now: Millis) -> Option<Expired> {
        let (when, slot) = self.expiry_order.first()?;
        if now <= when {
            return None;
        }
        let item = self.remove_slot(slot)?;
        Some(Expired { key: item.key, value: item.value, when })
    }

    /// When the next key expires.
    #[must_use]
    pub fn soonest_expiry(&self) -> Option<Millis> {
        self.expiry_order.first().map(|(when, _)| when)
    }

    /// Number of keys that expire.
    #[doc(alias = "expires")]
    #[must_use]
    pub fn expires_len(&self) -> usize {
        self.expiry_order.len()
    }

    /// How long the keys that expire have on average, in milliseconds; 0 when there is none.
    #[doc(alias = "avg_ttl")]
    #[must_use]
    pub fn average_ttl_ms(&self, now: Millis) -> u64 {
        self.expiry_order.average_ttl_ms(now)
    }

    /// All entries, in an order that depends on the operations alone.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.slab.iter().map(|(_, item, expiry)| Entry {
            key: &item.key,
            value: &item.value,
            expiry,
        })
    }

    /// The entries from place `from` on, with their places, in the order of [`Self::iter`]. Writes
    /// nothing, not even what a digest remembers: whoever shares the memory keeps sharing it.
    pub(crate) fn iter_from(&self, from: u64) -> impl Iterator<Item = (u64, Entry<'_>)> {
        self.slab.iter_from(from).map(|(slot, item, expiry)| {
            (u64::from(slot.0), Entry { key: &item.key, value: &item.value, expiry })
        })
    }

    /// Whether a digest was made since the last change.
    #[cfg(test)]
    pub(crate) fn keeps_digests(&self) -> bool {
        self.slab.keeps_digests()
    }

    /// How much work the index has done since the database was last emptied.
    #[must_use]
    pub fn index_work(&self) -> IndexWork {
        self.index.work()
    }

    fn set_slot_expiry(&mut self, slot: Slot, when: Option<Millis>) {
        let when = when.filter(|&when| when != slab::NEVER);
        let before = self.slab.set_expiry(slot, when);
        self.expiry_order.update(slot, before, when);
    }

    fn remove_slot(&mut self, slot: Slot) -> Option<Item> {
        self.set_slot_expiry(slot, None);
        let item = self.slab.remove(slot)?;
        self.index.remove(self.hash(&item.key), slot);
        if self.is_empty() {
            // Returns what the structures keep for the next insertion.
            self.clear();
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests;

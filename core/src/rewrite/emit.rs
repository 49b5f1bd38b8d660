//! The dataset as the fewest commands that make it.
//!
//! # The problem
//! A rewrite reads the dataset and nothing else: not the old log, so it does not matter what that
//! looks like. Whoever loads the result sends it through the code that also serves clients, so one
//! command must not be too long. And whoever writes must be able to stop anywhere: to read from a
//! pipe every few kilobytes, to show one step on a page, and not to hold a gigabyte in memory
//! because a value has one.
//!
//! # The commands
//! Databases in order, those with keys, each begun by SELECT. Each key is one SET, or RPUSH, SADD,
//! HMSET or ZADD with 64 items at most, as many as that takes. A key that expires has PEXPIREAT
//! behind it, with the time that it has, even when that is over: a key is deleted by the one who
//! serves it, and by nobody else. Scores have the 17 digits that give back the same number.
//!
//! # The structure
//! An [`Emitter`] is a place in the dataset: a database, a place in the slab, an item in the value.
//! Each is found again without a search, because the dataset does not change meanwhile. Keys come
//! in the order of the slab, elements in the order of their collection.
//!
//! It stops between two commands, but for one case: a command with a word of more than 64 KiB is
//! emitted in pieces. Such a word is noticed when it is reached, the command taken back,
//! and begun again word by word. So no more is held than was asked for, and one command of 64 items
//! with two words of 64 KiB: 8 MiB.
//!
//! Nothing is written but the place and the output. A page of memory that the child of a fork
//! only reads stays shared with its parent; even a cached digest would cost a copy.
//!
//! # Rejected
//! To borrow long words instead of copying them: an output of pieces with two owners, to save a
//! copy that is small beside the write. To size a value by arithmetic apart from its emission: two
//! truths. [`size_of_key`] is the same code with a sum for an output.
//!
//! # Not promised
//! An order between the members of sets, or between fields, that means anything.

mod key;
mod sink;

use crate::digest::Digest;
use crate::keyspace::{Entry, Keyspace};
use crate::units::Millis;
use crate::value::Value;
use key::Progress;
use sink::{Counted, Sink};

/// Items that one command has at most: a client that loads the log must hold a command as a whole.
#[doc(alias = "REDIS_AOF_REWRITE_ITEMS_PER_CMD")]
#[doc(alias = "AOF_REWRITE_ITEMS_PER_CMD")]
pub const ITEMS_PER_COMMAND: usize = 64;

/// A place in a dataset up to which commands were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitter {
    database: u8,
    /// Whether SELECT was made for it.
    is_selected: bool,
    /// The place of the next entry, or of the one that `progress` is about.
    place: u64,
    progress: Progress,
    keys_done: u64,
    selects: u64,
}

impl Default for Emitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Emitter {
    /// The beginning of any dataset.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            database: 0,
            is_selected: false,
            place: 0,
            progress: Progress::START,
            keys_done: 0,
            selects: 0,
        }
    }

    /// Appends the next commands to `out`, until those are `least_bytes` or more, or the end.
    /// Returns whether there may be more. `keyspace` must be the same with every call, unchanged.
    ///
    /// The last command is whole, unless it has a word of more than 64 KiB; see the module.
    pub fn emit(&mut self, keyspace: &Keyspace, out: &mut Vec<u8>, least_bytes: usize) -> bool {
        let until = out.size().saturating_add(least_bytes.max(1) as u64);
        while self.database < Keyspace::DATABASES {
            for (place, entry) in keyspace.db(self.database).iter_from(self.place) {
                if out.size() >= until {
                    return true;
                }
                self.place = place;
                if !self.is_selected {
                    select(self.database, out);
                    self.selects += 1;
                    self.is_selected = true;
                }
                if !self.progress.advance(entry, out, until) {
                    return true;
                }
                self.progress.next_key();
                self.keys_done += 1;
                self.place = place + 1;
            }
            self.database += 1;
            self.is_selected = false;
            self.place = 0;
        }
        false
    }

    /// Keys whose commands are all made.
    #[must_use]
    pub const fn keys_done(&self) -> u64 {
        self.keys_done
    }

    /// Commands that are made as a whole.
    #[must_use]
    pub const fn commands_written(&self) -> u64 {
        self.selects + self.progress.commands()
    }

    /// Adds the place.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_u8(self.database);
        digest.put_bool(self.is_selected);
        digest.put_u64(self.place);
        self.progress.digest_into(digest);
        digest.put_u64(self.keys_done);
        digest.put_u64(self.selects);
    }
}

/// What a rewrite makes of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeySize {
    /// Bytes of its commands.
    pub bytes: u64,
    /// Their number.
    pub commands: u64,
}

/// Measures what a rewrite makes of `key` without making it.
#[must_use]
pub fn size_of_key(key: &[u8], value: &Value, expiry: Option<Millis>) -> KeySize {
    let (mut progress, mut sum) = (Progress::START, Counted::default());
    let is_whole = progress.advance(Entry { key, value, expiry }, &mut sum, u64::MAX);
    debug_assert!(is_whole, "no key has 2^64 bytes");
    KeySize { bytes: sum.size(), commands: progress.commands() }
}

/// Bytes of the SELECT before the keys of a database.
#[must_use]
pub fn select_bytes(database: u8) -> u64 {
    let mut sum = Counted::default();
    select(database, &mut sum);
    sum.size()
}

fn select(database: u8, sink: &mut impl Sink) {
    sink.put(b"*2\r\n$6\r\nSELECT\r\n");
    sink.bulk(itoa::Buffer::new().format(database).as_bytes());
}

#[cfg(test)]
mod tests;

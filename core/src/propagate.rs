//! A change of the dataset becomes the bytes that say so in the log.
//!
//! The log must give the same dataset whenever it is replayed, so what depends on time or on the
//! value found there is written as its effect: absolute expiry instead of a duration, the sum
//! instead of the increment. Everything else is logged as the client sent it, in one copy when
//! the request was canonical.
//!
//! The forms are those of Redis 6.2. Three rules belong to the log and not to a command:
//!
//! - **SELECT** comes before a command whose database differs from that of the record before it,
//!   and before MULTI rather than inside.
//! - **MULTI** is written when the first command of a transaction changes something, EXEC at the
//!   end if MULTI was. A transaction that changed nothing leaves no trace; one that made a single
//!   change is wrapped all the same.
//! - An **execution unit** is what recovery applies whole or not at all: a command with its
//!   SELECT, the DEL of an expired key, or MULTI to EXEC.

use crate::digest::Digest;
use crate::resp::encode::{array_header, bulk};
use crate::resp::{Argv, encode_command};
use crate::units::Millis;
use crate::value::CompactBytes;

/// What a command did to the dataset, and so what the log must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Nothing: it only read, or found nothing to do, or failed.
    None,
    /// The request itself says it.
    Verbatim,
    /// `SET key value`.
    Set {
        /// The key.
        key: &'a [u8],
        /// Its value now.
        value: &'a [u8],
    },
    /// `SET key value PXAT at`.
    SetUntil {
        /// The key.
        key: &'a [u8],
        /// Its value now.
        value: &'a [u8],
        /// When it ends.
        at: Millis,
    },
    /// `SET key value KEEPTTL`.
    SetKeepingExpiry {
        /// The key.
        key: &'a [u8],
        /// Its value now.
        value: Vec<u8>,
    },
    /// The request without the words `GET` behind the value.
    WithoutGet,
    /// `PEXPIREAT key at`.
    ExpireAt {
        /// The key.
        key: &'a [u8],
        /// When it ends.
        at: Millis,
    },
    /// `PERSIST key`.
    Persist {
        /// The key.
        key: &'a [u8],
    },
    /// `DEL key`.
    Delete {
        /// The key.
        key: &'a [u8],
    },
    /// `HSET key field value`.
    SetField {
        /// The key.
        key: &'a [u8],
        /// The field.
        field: &'a [u8],
        /// Its value now.
        value: Vec<u8>,
    },
    /// `SREM key member` for each, as one unit: between MULTI and EXEC when there are several.
    RemoveMembers {
        /// The key.
        key: &'a [u8],
        /// The members that were taken out; at least one.
        members: Vec<CompactBytes>,
    },
}

/// What the log remembers from one record to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PropagationState {
    /// The database of the last record; none after a start, so that the next one says it.
    #[doc(alias = "aof_selected_db")]
    selected_db: Option<u8>,
    transaction: Wrapping,
    /// Length of the output after each execution unit since the last [`Propagation::new`].
    units: Vec<usize>,
}

/// How far a transaction has come in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wrapping {
    /// None runs.
    #[default]
    Outside,
    /// One runs and has changed nothing yet.
    Pending,
    /// MULTI is in the log.
    Open,
}

impl PropagationState {
    /// The next record must say its database: after a start, a stop, or a switch of files.
    pub fn forget_selected_db(&mut self) {
        self.selected_db = None;
    }

    /// The database of the last record, if one was written.
    #[must_use]
    pub const fn selected_db(&self) -> Option<u8> {
        self.selected_db
    }

    /// Ends of the execution units, as lengths of the output buffer, since the last
    /// [`Propagation::new`].
    #[must_use]
    pub fn units(&self) -> &[usize] {
        &self.units
    }

    /// Adds what decides how later records look.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_optional_u64(self.selected_db.map(u64::from));
    }
}

/// The way into `aof_buf` for the length of one event.
#[derive(Debug)]
pub struct Propagation<'a>(Option<Target<'a>>);

#[derive(Debug)]
struct Target<'a> {
    state: &'a mut PropagationState,
    out: &'a mut Vec<u8>,
}

impl<'a> Propagation<'a> {
    /// Records go to the end of `out`. Forgets the units of the event before.
    #[must_use]
    pub fn new(state: &'a mut PropagationState, out: &'a mut Vec<u8>) -> Self {
        state.units.clear();
        Self(Some(Target { state, out }))
    }

    /// The log is off: nothing is written.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// The same way, for a shorter time. Units go on being collected.
    pub fn reborrow(&mut self) -> Propagation<'_> {
        Propagation(
            self.0
                .as_mut()
                .map(|target| Target { state: &mut *target.state, out: &mut *target.out }),
        )
    }

    /// Ends of the execution units so far, see [`PropagationState::units`].
    #[must_use]
    pub fn units(&self) -> &[usize] {
        self.0.as_ref().map_or(&[], |target| target.state.units())
    }

    /// Appends the log form of what the command `argv` changed in database `db`.
    #[doc(alias = "feedAppendOnlyFile")]
    pub fn append(&mut self, db: u8, argv: Argv<'_>, change: &Change<'_>) {
        let Some(target) = &mut self.0 else { return };
        if *change == Change::None {
            return;
        }
        target.before_record(db);
        match change {
            Change::RemoveMembers { key, members } => target.remove_members(key, members),
            _ => target.record(argv, change),
        }
        target.after_record();
    }

    /// Appends `DEL key`, for a key whose time had come: a unit of its own, or part of the
    /// transaction that runs.
    #[doc(alias = "propagateExpire")]
    pub fn expired(&mut self, db: u8, key: &[u8]) {
        let Some(target) = &mut self.0 else { return };
        target.before_record(db);
        encode_command(&[b"DEL", key], target.out);
        target.after_record();
    }

    /// EXEC begins to run its queue.
    pub fn begin_transaction(&mut self) {
        if let Some(target) = &mut self.0 {
            target.state.transaction = Wrapping::Pending;
        }
    }

    /// EXEC has run its queue.
    pub fn end_transaction(&mut self) {
        let Some(target) = &mut self.0 else { return };
        if target.state.transaction == Wrapping::Open {
            encode_command(&[b"EXEC"], target.out);
        }
        let wrapped = target.state.transaction == Wrapping::Open;
        target.state.transaction = Wrapping::Outside;
        if wrapped {
            target.after_record();
        }
    }
}

impl Target<'_> {
    fn before_record(&mut self, db: u8) {
        if self.state.selected_db != Some(db) {
            let mut digits = itoa::Buffer::new();
            encode_command(&[b"SELECT", digits.format(db).as_bytes()], self.out);
            self.state.selected_db = Some(db);
        }
        if self.state.transaction == Wrapping::Pending {
            encode_command(&[b"MULTI"], self.out);
            self.state.transaction = Wrapping::Open;
        }
    }

    fn after_record(&mut self) {
        if self.state.transaction == Wrapping::Outside {
            self.state.units.push(self.out.len());
        }
    }

    /// Redis 6.2 propagates each as a command of its own and wraps several that come from one
    /// command (`propagate`, `server.also_propagate`), unless a transaction does so already.
    fn remove_members(&mut self, key: &[u8], members: &[CompactBytes]) {
        let wraps = members.len() > 1 && self.state.transaction == Wrapping::Outside;
        if wraps {
            encode_command(&[b"MULTI"], self.out);
        }
        for member in members {
            encode_command(&[b"SREM", key, member], self.out);
        }
        if wraps {
            encode_command(&[b"EXEC"], self.out);
        }
    }

    fn record(&mut self, argv: Argv<'_>, change: &Change<'_>) {
        let out = &mut *self.out;
        match change {
            Change::None | Change::RemoveMembers { .. } => {}
            Change::SetField { key, field, value } => {
                encode_command(&[b"HSET", *key, *field, value], out);
            }
            Change::Verbatim => match argv.canonical() {
                Some(bytes) => out.extend_from_slice(bytes),
                None => {
                    array_header(argv.len(), out);
                    argv.iter().for_each(|word| bulk(word, out));
                }
            },
            Change::Set { key, value } => encode_command(&[b"SET", *key, *value], out),
            Change::SetUntil { key, value, at } => {
                let mut digits = itoa::Buffer::new();
                let at = digits.format(at.0).as_bytes();
                encode_command(&[b"SET", *key, *value, b"PXAT", at], out);
            }
            Change::SetKeepingExpiry { key, value } => {
                encode_command(&[b"SET", *key, value, b"KEEPTTL"], out);
            }
            Change::WithoutGet => {
                let is_get =
                    |index: usize, word: &[u8]| index >= 3 && word.eq_ignore_ascii_case(b"GET");
                let words: Vec<&[u8]> = argv
                    .iter()
                    .enumerate()
                    .filter(|(index, word)| !is_get(*index, word))
                    .map(|(_, word)| word)
                    .collect();
                encode_command(&words, out);
            }
            Change::ExpireAt { key, at } => {
                let mut digits = itoa::Buffer::new();
                encode_command(&[b"PEXPIREAT", *key, digits.format(at.0).as_bytes()], out);
            }
            Change::Persist { key } => encode_command(&[b"PERSIST", *key], out),
            Change::Delete { key } => encode_command(&[b"DEL", *key], out),
        }
    }
}

#[cfg(test)]
mod tests;

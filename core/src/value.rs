//! What a key holds.
//!
//! A value takes 24 bytes in the entry of its key, whatever its type: short strings stand there
//! themselves, small collections are one allocation (`value/packed.rs`), larger ones a structure
//! of their own behind a box.

mod compact;
mod hash;
mod limits;
mod list;
mod packed;
mod rows;
mod set;
mod sorted_set;
mod string;
pub(crate) mod table;

pub use compact::CompactBytes;
pub use hash::Hash;
pub use limits::Limits;
pub(crate) use list::Bookmark;
pub use list::{ChunkLimit, End, Iter as ListIter, List};
pub use packed::Packed;
pub use set::{Member, Set};
pub use sorted_set::SortedSet;
pub(crate) use sorted_set::{PackingLimits, ScoreKey, ScoreUpdate};
pub use string::StringValue;

use crate::digest::Digest;

/// The value of a key: one of Redis's types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string of bytes.
    String(StringValue),
    /// Elements in order.
    List(List),
    /// Fields with values.
    Hash(Hash),
    /// Members.
    Set(Set),
    /// Members with scores.
    SortedSet(SortedSet),
}

const _: () = assert!(size_of::<Value>() <= 24, "an entry of the keyspace grew");

/// A type that a value can have, for code that is the same for all.
pub(crate) trait Kind: Sized {
    /// The value, if it has this type.
    fn of(value: &Value) -> Option<&Self>;
    /// The value, to change it, if it has this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    /// One without elements.
    fn empty() -> Value;
}

macro_rules! kind {
    ($type:ident) => {
        impl Kind for $type {
            fn of(value: &Value) -> Option<&Self> {
                if let Value::$type(value) = value { Some(value) } else { None }
            }
            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$type(value) = value { Some(value) } else { None }
            }
            fn empty() -> Value {
                Value::$type($type::default())
            }
        }
    };
}
kind!(List);
kind!(Hash);
kind!(Set);
kind!(SortedSet);

impl Value {
    /// A string with these bytes.
    #[must_use]
    pub fn string(bytes: &[u8]) -> Self {
        Self::String(StringValue::new(bytes))
    }

    /// The word that `TYPE` replies.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::SortedSet(_) => "zset",
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub const fn as_string(&self) -> Option<&StringValue> {
        if let Self::String(string) = self { Some(string) } else { None }
    }

    /// The string, to change it, if it is one.
    #[must_use]
    pub const fn as_string_mut(&mut self) -> Option<&mut StringValue> {
        if let Self::String(string) = self { Some(string) } else { None }
    }

    /// Number of its elements; 1 for a string.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "`is_empty_collection` says what is meant")]
    pub fn len(&self) -> usize {
        match self {
            Self::String(_) => 1,
            Self::List(list) => list.len(),
            Self::Hash(hash) => hash.len(),
            Self::Set(set) => set.len(),
            Self::SortedSet(sorted_set) => sorted_set.len(),
        }
    }

    /// Whether it is a collection without elements. Redis holds none: the key goes with the last
    /// element.
    #[must_use]
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::String(_) => false,
            Self::List(list) => list.is_empty(),
            Self::Hash(hash) => hash.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::SortedSet(sorted_set) => sorted_set.is_empty(),
        }
    }

    /// How it is held, in the words of `OBJECT ENCODING`.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::String(string) => string.encoding(),
            Self::List(list) => list.encoding(),
            Self::Hash(hash) => hash.encoding(),
            Self::Set(set) => set.encoding(),
            Self::SortedSet(sorted_set) => sorted_set.encoding(),
        }
    }

    /// Bytes that it holds on the heap, as on a machine of 64 bits.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::String(string) => string.memory_bytes(),
            Self::List(list) => list.memory_bytes(),
            Self::Hash(hash) => hash.memory_bytes(),
            Self::Set(set) => set.memory_bytes(),
            Self::SortedSet(sorted_set) => sorted_set.memory_bytes(),
        }
    }

    /// Some byte of what it holds, so that the processor fetches it.
    pub(crate) fn touch(&self) -> u8 {
        let length = match self {
            Self::String(string) => return string.as_bytes().first().copied().unwrap_or(0),
            // Their number of elements stands at the front of what they hold.
            Self::List(list) => list.len(),
            Self::Hash(hash) => hash.len(),
            Self::Set(set) => set.len(),
            Self::SortedSet(sorted_set) => sorted_set.len(),
        };
        length.to_le_bytes()[0]
    }

    const fn type_number(&self) -> u8 {
        match self {
            Self::String(_) => 0,
            Self::List(_) => 1,
            Self::Hash(_) => 2,
            Self::Set(_) => 3,
            Self::SortedSet(_) => 4,
        }
    }

    /// Adds the type and the elements to `digest`, in the order in which a client meets them: it
    /// decides what later commands reply.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_u8(self.type_number());
        match self {
            Self::String(string) => digest.put_bytes(string.as_bytes()),
            Self::List(list) => list.digest_into(digest),
            Self::Hash(hash) => hash.digest_into(digest),
            Self::Set(set) => set.digest_into(digest),
            Self::SortedSet(sorted_set) => sorted_set.digest_into(digest),
        }
    }

    /// Adds the type and the content to `digest`: values that Redis calls equal agree, however
    /// they came about and however they are held.
    pub fn content_digest_into(&self, digest: &mut Digest) {
        digest.put_u8(self.type_number());
        match self {
            Self::String(string) => digest.put_bytes(string.as_bytes()),
            Self::List(list) => list.content_digest_into(digest),
            Self::Hash(hash) => hash.content_digest_into(digest),
            Self::Set(set) => set.content_digest_into(digest),
            Self::SortedSet(sorted_set) => sorted_set.content_digest_into(digest),
        }
    }
}

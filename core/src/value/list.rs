//! Lists: elements in the order in which they were pushed.
//!
//! # The problem
//! A list is a short queue, a log of the last hundred events, or a work queue of a million jobs.
//! The first should take little more than its bytes. The last must take a push or a pop at either
//! end in constant time, and an element itself must not cost a pointer and an allocation. Whoever
//! asks for an element in the middle accepts to wait, but not for a million steps.
//!
//! # The structure
//! - Up to 2 KB a list is one [`Packed`] block.
//! - Beyond that it is a deque of *chunks* (Redis's *quicklist*, one step further: its linked list
//!   of blocks is a deque here). A chunk holds elements in the packed form, up to the limit that
//!   `list-max-ziplist-size` sets, 8 KB by default. An element in the middle is found by the
//!   counts of the chunks, from the nearer end, then by a walk in one chunk.
//! - A list that has shrunk to one chunk of 512 bytes is packed again. The distance between both
//!   limits pays for the change of form.
//!
//! # Room to grow
//! The elements of a chunk lie in the middle of its block, so that a push at either end writes
//! and a pop moves a number; Redis moves the whole block for a push in front. When the room at an
//! end is used up, three things can happen:
//! - the block has free room of at least half of what lives in it (elements were popped at the
//!   other end): they are moved to the middle of the block;
//! - the block is smaller than the limit: it is moved to one twice as large;
//! - otherwise the chunk counts as full, although the limit may allow a few bytes more, and a new
//!   one begins.
//!
//! So every move of `n` bytes is paid by pushes of a quarter of `n` bytes at least, in any
//! pattern of pushes and pops. Only the two chunks at the ends keep room. A chunk that gets a
//! neighbour gives back what is worth it.
//!
//! # Rejected
//! A deque of boxed strings: 16 bytes and an allocation for each element, and a cache miss for
//! each that LRANGE replies. A tree of chunks by position: LINDEX in the middle of a million
//! elements looks at 750 chunk headers at most, in one piece of memory; a tree would save a
//! microsecond there and cost every push. Compressed chunks (`list-compress-depth`): no use for
//! a server whose disk holds the log anyway.
//!
//! # Not promised
//! Full chunks: LREM and LINSERT leave chunks that are half empty; LREM joins those that are small
//! together. Which chunks there are depends on the commands since the start; no reply but MEMORY
//! USAGE and OBJECT ENCODING shows it.

mod chunk;
mod chunks;

pub use chunk::ChunkLimit;
pub(crate) use chunks::Bookmark;
pub use chunks::Iter;

use crate::digest::Digest;
use crate::value::Packed;
use crate::value::packed::form_bytes;
use chunks::Chunks;

/// The most bytes of a packed list.
const PACKED_BYTES: usize = 2 * 1024;

/// A list in one chunk of so many bytes is packed again.
const PACKED_AGAIN_BYTES: usize = PACKED_BYTES / 4;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `LEFT`, the head.
    Front,
    /// `RIGHT`, the tail.
    Back,
}

/// A list.
#[derive(Clone, Default)]
pub struct List(Form);

#[derive(Clone)]
enum Form {
    Packed(Packed),
    Chunks(Box<Chunks>),
}

impl Default for Form {
    fn default() -> Self {
        Self::Packed(Packed::new())
    }
}

impl List {
    /// Whether there is no element. No key holds an empty one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Packed(packed) => packed.len(),
            Form::Chunks(chunks) => chunks.len(),
        }
    }

    /// The elements in order; also from the back.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        match &self.0 {
            Form::Packed(packed) => Iter::over_packed(packed.iter()),
            Form::Chunks(chunks) => chunks.iter(),
        }
    }

    /// The elements from element `index` on.
    #[must_use]
    pub fn iter_from(&self, index: usize) -> Iter<'_> {
        match &self.0 {
            Form::Packed(packed) => Iter::over_packed(packed.iter_from(index)),
            Form::Chunks(chunks) => chunks.iter_from(index),
        }
    }

    /// As [`Self::iter_from`], for who goes on where it was: the search begins at `bookmark`, which
    /// is moved. The list must not have changed since it was new.
    pub(crate) fn iter_at(&self, index: usize, bookmark: &mut Bookmark) -> Iter<'_> {
        match &self.0 {
            Form::Packed(packed) => Iter::over_packed(packed.iter_from(index)),
            Form::Chunks(chunks) => chunks.iter_at(index, bookmark),
        }
    }

    /// Element `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        match &self.0 {
            Form::Packed(packed) => packed.get(index),
            Form::Chunks(chunks) => chunks.iter_from(index).next(),
        }
    }

    /// The element at `end`.
    #[must_use]
    pub fn peek(&self, end: End) -> Option<&[u8]> {
        match end {
            End::Front => self.iter().next(),
            End::Back => self.iter().next_back(),
        }
    }

    /// Puts `element` at `end`.
    pub fn push(&mut self, element: &[u8], end: End, limit: ChunkLimit) {
        if let Form::Packed(packed) = &mut self.0
            && stays_packed(packed, element, limit)
        {
            return match end {
                End::Front => packed.insert(0, element),
                End::Back => packed.push(element),
            };
        }
        self.chunks().push(element, end, limit);
    }

    /// Takes out the element at `end`. Nothing happens when there is none.
    pub fn pop(&mut self, end: End) {
        match &mut self.0 {
            Form::Packed(packed) => match end {
                End::Front => packed.remove(0, 1),
                End::Back => packed.remove(packed.len().saturating_sub(1), 1),
            },
            Form::Chunks(chunks) => {
                chunks.pop(end);
                self.settle(PACKED_AGAIN_BYTES);
            }
        }
    }

    /// Puts `element` before element `index`, or at the end when there is none.
    pub fn insert(&mut self, index: usize, element: &[u8], limit: ChunkLimit) {
        if let Form::Packed(packed) = &mut self.0
            && stays_packed(packed, element, limit)
        {
            packed.insert(index, element);
            return;
        }
        self.chunks().insert(index, element, limit);
    }

    /// Puts `element` in the place of element `index`. Returns whether there is one.
    pub fn set(&mut self, index: usize, element: &[u8], limit: ChunkLimit) -> bool {
        if index >= self.len() {
            return false;
        }
        if let Form::Packed(packed) = &mut self.0
            && stays_packed(packed, element, limit)
        {
            packed.replace(index, element);
            return true;
        }
        self.chunks().set(index, element, limit);
        self.settle(PACKED_AGAIN_BYTES);
        true
    }

    /// Takes out `count` elements from element `index` on, or as many as there are.
    pub fn remove(&mut self, index: usize, count: usize) {
        match &mut self.0 {
            Form::Packed(packed) => packed.remove(index, count),
            Form::Chunks(chunks) => {
                chunks.remove(index, count);
                self.settle(PACKED_AGAIN_BYTES);
            }
        }
    }

    /// Takes out the elements that equal `element`, `most` of them at most, first those that are
    /// nearest to `end`. Returns how many.
    pub fn remove_equal(
        &mut self,
        element: &[u8],
        end: End,
        most: usize,
        limit: ChunkLimit,
    ) -> usize {
        let small = match &self.0 {
            Form::Packed(packed) if !packed.iter().any(|other| other == element) => return 0,
            // It becomes a chunk for the length of its one pass.
            Form::Packed(_) => PACKED_BYTES,
            Form::Chunks(_) => PACKED_AGAIN_BYTES,
        };
        let removed = self.chunks().remove_equal(element, end, most, limit);
        self.settle(small);
        removed
    }

    /// How it is held, as `OBJECT ENCODING` says it.
    #[must_use]
    pub const fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Packed(_) => "listpack",
            Form::Chunks(_) => "quicklist",
        }
    }

    /// Bytes on the heap, as on a machine of 64 bits.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        match &self.0 {
            Form::Packed(packed) => packed.size_bytes() as u64,
            Form::Chunks(chunks) => chunks.memory_bytes(),
        }
    }

    /// The chunks; a packed list becomes one.
    fn chunks(&mut self) -> &mut Chunks {
        if let Form::Packed(packed) = &mut self.0 {
            let chunks = Chunks::from_packed(core::mem::take(packed));
            self.0 = Form::Chunks(Box::new(chunks));
        }
        match &mut self.0 {
            Form::Chunks(chunks) => chunks,
            Form::Packed(_) => unreachable!("it was turned into chunks above"),
        }
    }

    /// Packs what is one chunk of `most_bytes` at most.
    fn settle(&mut self, most_bytes: usize) {
        if let Form::Chunks(chunks) = &self.0
            && let Some(packed) = chunks.to_packed(most_bytes)
        {
            self.0 = Form::Packed(packed);
        }
    }

    /// Adds the elements in the order in which a client meets them.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_count(self.len());
        self.iter().for_each(|element| digest.put_bytes(element));
    }

    /// Adds the content: what two of them have in common that are equal to a client.
    pub fn content_digest_into(&self, digest: &mut Digest) {
        self.digest_into(digest);
    }
}

fn stays_packed(packed: &Packed, element: &[u8], limit: ChunkLimit) -> bool {
    let bytes = packed.size_bytes() + form_bytes(element.len());
    bytes <= PACKED_BYTES && limit.allows(bytes, packed.len() + 1)
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for List {}

impl core::fmt::Debug for List {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let elements = self.iter().map(|element| element.escape_ascii().to_string());
        formatter.debug_list().entries(elements).finish()
    }
}

#[cfg(test)]
mod tests;

//! One chunk of a large list: some elements in a block that has room to grow at both ends.

use core::ops::Range;

use super::End;
use crate::value::packed::{Iter, Packed, form_bytes, put, write_form};

/// How much one chunk may hold, from `list-max-ziplist-size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLimit {
    /// Bytes of all elements with their lengths.
    pub(super) bytes: usize,
    /// Number of elements.
    pub(super) elements: usize,
}

impl ChunkLimit {
    /// From the setting: so many elements when positive, 4, 8, 16, 32 or 64 KB from -1 to -5.
    /// Chunks that are limited by number end at 8 KB all the same; both as in Redis.
    #[doc(alias = "quicklistSetFill")]
    #[must_use]
    pub fn from_setting(list_max_ziplist_size: i64) -> Self {
        /// More would not fit into the count of a chunk that is packed again.
        const MAX_ELEMENTS: usize = 32_767;
        const SAFETY_BYTES: usize = 8 * 1024;
        match list_max_ziplist_size {
            ..=-5 => Self { bytes: 64 * 1024, elements: MAX_ELEMENTS },
            -4 => Self { bytes: 32 * 1024, elements: MAX_ELEMENTS },
            -3 => Self { bytes: 16 * 1024, elements: MAX_ELEMENTS },
            -2 => Self { bytes: 8 * 1024, elements: MAX_ELEMENTS },
            -1 => Self { bytes: 4 * 1024, elements: MAX_ELEMENTS },
            count => {
                let count = usize::try_from(count).unwrap_or(MAX_ELEMENTS);
                Self { bytes: SAFETY_BYTES, elements: count.clamp(1, MAX_ELEMENTS) }
            }
        }
    }

    /// Whether this much may be in one chunk.
    pub(super) const fn allows(self, bytes: usize, elements: usize) -> bool {
        bytes <= self.bytes && elements <= self.elements
    }
}

/// Elements in one block, in the form of [`Packed`]. The elements lie somewhere in the middle:
/// the bytes before them and the spare capacity behind them are room to grow.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// Up to the end of the last element.
    bytes: Vec<u8>,
    /// Where the first element begins.
    start: usize,
    count: usize,
}

/// What one [`Chunk`] takes in the deque on a machine of 64 bits.
pub(super) const CHUNK_STRUCTURE_BYTES: u64 = 40;

/// The least room of a new chunk: it is followed by more elements.
const FIRST_ROOM_BYTES: usize = 1024;

impl Chunk {
    /// A chunk with one element and room for more towards `end`.
    pub(super) fn with(element: &[u8], end: End, limit: ChunkLimit) -> Self {
        let need = form_bytes(element.len());
        let mut chunk = Self { bytes: Vec::new(), start: 0, count: 0 };
        chunk.relocate(need.max(FIRST_ROOM_BYTES.min(limit.bytes)), end);
        chunk.put(element, end);
        chunk
    }

    pub(super) fn from_packed(packed: Packed) -> Self {
        let (bytes, start, count) = packed.into_bytes();
        Self { bytes, start, count }
    }

    pub(super) fn to_packed(&self) -> Packed {
        Packed::from_elements(&self.bytes[self.start..], self.count)
    }

    /// Number of elements.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Bytes that the elements take.
    pub(super) const fn live_bytes(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Bytes of the block.
    pub(super) const fn block_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        Iter::over(&self.bytes[self.start..], self.count)
    }

    /// The elements from element `index` on.
    pub(super) fn iter_from(&self, index: usize) -> Iter<'_> {
        Iter::over(&self.bytes[self.offset(index)..], self.count.saturating_sub(index))
    }

    /// The one element that begins at `at` in the block.
    fn iter_at(&self, at: usize) -> Iter<'_> {
        Iter::over(&self.bytes[at..], 1)
    }

    /// Where in the block element `index` begins, or where the last one ends.
    fn offset(&self, index: usize) -> usize {
        self.start + self.iter().offset(index)
    }

    /// Puts `element` at `end` if the limit allows it and if room can be had at a price that the
    /// pushes before have paid, see the essay of the list. Returns whether it did.
    pub(super) fn push(&mut self, element: &[u8], end: End, limit: ChunkLimit) -> bool {
        let need = form_bytes(element.len());
        let fits = limit.allows(self.live_bytes() + need, self.count + 1);
        let done = fits && self.make_room(need, end, limit);
        if done {
            self.put(element, end);
        }
        done
    }

    /// Writes `element` at `end`, where there is room.
    fn put(&mut self, element: &[u8], end: End) {
        match end {
            End::Back => put(element, &mut self.bytes),
            End::Front => {
                let first = self.start - form_bytes(element.len());
                write_form(element, &mut self.bytes[first..self.start]);
                self.start = first;
            }
        }
        self.count += 1;
    }

    fn room(&self, end: End) -> usize {
        match end {
            End::Front => self.start,
            End::Back => self.bytes.capacity() - self.bytes.len(),
        }
    }

    fn make_room(&mut self, need: usize, end: End, limit: ChunkLimit) -> bool {
        if self.room(end) >= need {
            return true;
        }
        let (live, capacity) = (self.live_bytes(), self.bytes.capacity());
        let free = capacity - live;
        if free >= (live / 2).max(2 * need) {
            // Half of the free room on either side.
            let start = free / 2;
            self.bytes.resize(self.bytes.len().max(start + live), 0);
            self.bytes.copy_within(self.start..self.start + live, start);
            self.bytes.truncate(start + live);
            self.start = start;
            return true;
        }
        let grown = (live + need).max((2 * live).min(limit.bytes));
        if grown <= capacity {
            return false;
        }
        self.relocate(grown, end);
        true
    }

    /// Moves the elements to a new block of `capacity` bytes, all of whose room is at `end`.
    fn relocate(&mut self, capacity: usize, end: End) {
        let live = self.live_bytes();
        let start = if end == End::Front { capacity - live } else { 0 };
        let mut bytes = Vec::with_capacity(capacity);
        bytes.resize(start, 0);
        bytes.extend_from_slice(&self.bytes[self.start..]);
        (self.bytes, self.start) = (bytes, start);
    }

    /// No more pushes are expected here: gives back room that is worth it.
    pub(super) fn seal(&mut self) {
        let live = self.live_bytes();
        if self.bytes.capacity() - live > live / 8 {
            self.relocate(live, End::Back);
        }
    }

    /// Much may have been taken out: gives back room that nobody needs.
    pub(super) fn shrink(&mut self) {
        if self.bytes.capacity() / 4 > self.live_bytes() {
            self.relocate(self.live_bytes(), End::Back);
        }
    }

    /// Takes out the element at `end`, whose form has `form` bytes.
    pub(super) fn pop(&mut self, end: End, form: usize) {
        match end {
            End::Front => self.start += form,
            End::Back => self.bytes.truncate(self.bytes.len() - form),
        }
        self.count -= 1;
    }

    /// Takes out `count` elements from element `index` on; there are that many.
    pub(super) fn remove(&mut self, index: usize, count: usize) {
        let first = self.offset(index);
        let last = self.offset(index + count);
        self.remove_bytes(first..last);
        self.count -= count;
    }

    fn remove_bytes(&mut self, range: Range<usize>) {
        if range.start == self.start {
            self.start = range.end;
        } else {
            self.bytes.drain(range);
        }
    }

    /// Puts `element` before element `index` (or at the end) if the limit allows it.
    pub(super) fn insert(&mut self, index: usize, element: &[u8], limit: ChunkLimit) -> bool {
        let need = form_bytes(element.len());
        if !limit.allows(self.live_bytes() + need, self.count + 1) {
            return false;
        }
        if !self.make_room(need, End::Back, limit) {
            self.relocate(self.live_bytes() + need, End::Back);
        }
        let (at, end) = (self.offset(index), self.bytes.len());
        self.bytes.resize(end + need, 0);
        self.bytes.copy_within(at..end, at + need);
        write_form(element, &mut self.bytes[at..at + need]);
        self.count += 1;
        true
    }

    /// Puts `element` in the place of element `index`, which exists, if the limit allows it.
    pub(super) fn replace(&mut self, index: usize, element: &[u8], limit: ChunkLimit) -> bool {
        let first = self.offset(index);
        let (_, form) = self.iter_at(first).next_form().unwrap_or_default();
        let last = first + form;
        let need = form_bytes(element.len());
        if last - first == need {
            write_form(element, &mut self.bytes[first..last]);
            return true;
        }
        if !limit.allows(self.live_bytes() + need - (last - first), self.count) {
            return false;
        }
        self.remove_bytes(first..last);
        self.count -= 1;
        self.insert(index, element, limit)
    }

    /// Takes the elements from element `index` on into a chunk of their own.
    pub(super) fn split_off(&mut self, index: usize) -> Self {
        let at = self.offset(index);
        let tail = Self { bytes: self.bytes[at..].to_vec(), start: 0, count: self.count - index };
        self.bytes.truncate(at);
        self.count = index;
        tail
    }

    /// Adds all elements of `next` at the end.
    pub(super) fn append(&mut self, next: &Self) {
        let more = next.live_bytes();
        if self.room(End::Back) < more {
            self.relocate(self.live_bytes() + more, End::Back);
        }
        self.bytes.extend_from_slice(&next.bytes[next.start..]);
        self.count += next.count;
    }

    /// Number of elements that equal `element`.
    pub(super) fn count_of(&self, element: &[u8]) -> usize {
        self.iter().filter(|other| *other == element).count()
    }

    /// Leaves out, of the elements that equal `element`, all but the first `skip`, and no more
    /// than `most`. Returns how many went. One pass.
    pub(super) fn remove_equal(&mut self, element: &[u8], skip: usize, most: usize) -> usize {
        let (mut at, mut kept) = (self.start, self.start);
        let (mut met, mut removed) = (0, 0);
        for _ in 0..self.count {
            let Some((other, form)) = self.iter_at(at).next_form() else { break };
            let is_equal = other == element;
            met += usize::from(is_equal);
            if is_equal && met > skip && removed < most {
                removed += 1;
            } else {
                if kept != at {
                    self.bytes.copy_within(at..at + form, kept);
                }
                kept += form;
            }
            at += form;
        }
        self.bytes.truncate(kept);
        self.count -= removed;
        removed
    }
}

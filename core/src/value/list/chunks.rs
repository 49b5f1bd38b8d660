//! A large list: chunks in a deque.

use std::collections::VecDeque;
use std::collections::vec_deque;

use super::End;
use super::chunk::{CHUNK_STRUCTURE_BYTES, Chunk, ChunkLimit};
use crate::value::packed::{self, Packed, form_bytes};

/// What [`Chunks`] takes on a machine of 64 bits.
const STRUCTURE_BYTES: u64 = 40;

/// A chunk, and how many elements stand before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bookmark {
    chunk: usize,
    before: usize,
}

impl Bookmark {
    /// The first chunk.
    pub(crate) const FRONT: Self = Self { chunk: 0, before: 0 };
}

/// The chunks of a list; none is empty.
#[derive(Clone, Debug)]
pub(super) struct Chunks {
    chunks: VecDeque<Chunk>,
    /// Elements in all of them.
    len: usize,
}

impl Chunks {
    pub(super) fn from_packed(packed: Packed) -> Self {
        let len = packed.len();
        let mut chunks = VecDeque::with_capacity(2);
        if len > 0 {
            chunks.push_back(Chunk::from_packed(packed));
        }
        Self { chunks, len }
    }

    /// The elements packed, if they are all in one chunk and take `most_bytes` at most.
    pub(super) fn to_packed(&self, most_bytes: usize) -> Option<Packed> {
        match self.chunks.front() {
            None => Some(Packed::new()),
            Some(chunk) => (self.chunks.len() == 1 && chunk.live_bytes() <= most_bytes)
                .then(|| chunk.to_packed()),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn memory_bytes(&self) -> u64 {
        let blocks: u64 = self.chunks.iter().map(|chunk| chunk.block_bytes() as u64).sum();
        STRUCTURE_BYTES + self.chunks.capacity() as u64 * CHUNK_STRUCTURE_BYTES + blocks
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        Iter { front: NOTHING, chunks: self.chunks.iter(), back: NOTHING }
    }

    /// The elements from element `index` on.
    pub(super) fn iter_from(&self, index: usize) -> Iter<'_> {
        let (number, place) = self.locate(index);
        let front = self.chunks.get(number).map_or(NOTHING, |chunk| chunk.iter_from(place));
        let next = (number + 1).min(self.chunks.len());
        Iter { front, chunks: self.chunks.range(next..), back: NOTHING }
    }

    /// As [`Self::iter_from`], with a search that begins at `bookmark`.
    pub(super) fn iter_at(&self, index: usize, bookmark: &mut Bookmark) -> Iter<'_> {
        if index < bookmark.before {
            *bookmark = Bookmark::FRONT;
        }
        while let Some(chunk) = self.chunks.get(bookmark.chunk)
            && index - bookmark.before >= chunk.len()
        {
            bookmark.before += chunk.len();
            bookmark.chunk += 1;
        }
        let place = index - bookmark.before;
        let chunk = self.chunks.get(bookmark.chunk);
        let front = chunk.map_or(NOTHING, |chunk| chunk.iter_from(place));
        let next = (bookmark.chunk + 1).min(self.chunks.len());
        Iter { front, chunks: self.chunks.range(next..), back: NOTHING }
    }

    /// The chunk of element `index` and its place there, found from the nearer end; behind the
    /// last chunk if there is no such element.
    fn locate(&self, index: usize) -> (usize, usize) {
        if index >= self.len {
            return (self.chunks.len(), 0);
        }
        if index <= self.len / 2 {
            let mut before = 0;
            for (number, chunk) in self.chunks.iter().enumerate() {
                if index < before + chunk.len() {
                    return (number, index - before);
                }
                before += chunk.len();
            }
        } else {
            let mut after = self.len;
            for (number, chunk) in self.chunks.iter().enumerate().rev() {
                after -= chunk.len();
                if index >= after {
                    return (number, index - after);
                }
            }
        }
        (self.chunks.len(), 0)
    }

    fn outermost(&mut self, end: End) -> Option<&mut Chunk> {
        match end {
            End::Front => self.chunks.front_mut(),
            End::Back => self.chunks.back_mut(),
        }
    }

    pub(super) fn push(&mut self, element: &[u8], end: End, limit: ChunkLimit) {
        self.len += 1;
        if let Some(chunk) = self.outermost(end) {
            if chunk.push(element, end, limit) {
                return;
            }
            chunk.seal();
        }
        let chunk = Chunk::with(element, end, limit);
        match end {
            End::Front => self.chunks.push_front(chunk),
            End::Back => self.chunks.push_back(chunk),
        }
    }

    pub(super) fn pop(&mut self, end: End) {
        let Some(chunk) = self.outermost(end) else { return };
        let mut elements = chunk.iter();
        let element = match end {
            End::Front => elements.next(),
            End::Back => elements.next_back(),
        };
        let form = element.map_or(0, |element| form_bytes(element.len()));
        chunk.pop(end, form);
        if chunk.len() == 0 {
            match end {
                End::Front => drop(self.chunks.pop_front()),
                End::Back => drop(self.chunks.pop_back()),
            }
        }
        self.len -= 1;
    }

    /// Puts `element` before element `index`, or at the end when there is none. When the chunk
    /// there is full, it is parted in two at this place.
    pub(super) fn insert(&mut self, index: usize, element: &[u8], limit: ChunkLimit) {
        let (number, place) = self.locate(index);
        if number >= self.chunks.len() {
            return self.push(element, End::Back, limit);
        }
        self.len += 1;
        if self.chunks[number].insert(place, element, limit) {
            return;
        }
        if place == 0 {
            // In front of a chunk is also behind the one before.
            let joined = number.checked_sub(1).is_some_and(|before| {
                let before = &mut self.chunks[before];
                before.insert(before.len(), element, limit)
            });
            if !joined {
                self.chunks.insert(number, Chunk::with(element, End::Back, limit));
            }
            return;
        }
        let mut tail = self.chunks[number].split_off(place);
        let head = &mut self.chunks[number];
        let joined = head.insert(place, element, limit) || tail.insert(0, element, limit);
        head.shrink();
        self.chunks.insert(number + 1, tail);
        if !joined {
            self.chunks.insert(number + 1, Chunk::with(element, End::Back, limit));
        }
    }

    /// Puts `element` in the place of element `index`, which exists.
    pub(super) fn set(&mut self, index: usize, element: &[u8], limit: ChunkLimit) {
        let (number, place) = self.locate(index);
        if !self.chunks[number].replace(place, element, limit) {
            self.remove(index, 1);
            self.insert(index, element, limit);
        }
    }

    /// Takes out `count` elements from element `index` on, or as many as there are.
    pub(super) fn remove(&mut self, index: usize, count: usize) {
        let (mut number, mut place) = self.locate(index);
        let mut left = count.min(self.len.saturating_sub(index));
        self.len -= left;
        let mut whole = None;
        while left > 0 {
            let chunk = &mut self.chunks[number];
            let here = left.min(chunk.len() - place);
            if here == chunk.len() {
                whole = Some((whole.map_or(number, |(first, _)| first), number + 1));
            } else {
                chunk.remove(place, here);
                chunk.shrink();
            }
            left -= here;
            number += 1;
            place = 0;
        }
        if let Some((first, last)) = whole {
            self.chunks.drain(first..last);
        }
    }

    /// See [`super::List::remove_equal`]. One pass over the chunks.
    pub(super) fn remove_equal(
        &mut self,
        element: &[u8],
        end: End,
        most: usize,
        limit: ChunkLimit,
    ) -> usize {
        let mut left = most;
        let remove = |chunk: &mut Chunk| {
            let equal = if left == 0 { 0 } else { chunk.count_of(element) };
            if equal > 0 {
                // From the back it is the last ones that go.
                let skip = if end == End::Back { equal.saturating_sub(left) } else { 0 };
                left -= chunk.remove_equal(element, skip, left);
            }
        };
        match end {
            End::Front => self.chunks.iter_mut().for_each(remove),
            End::Back => self.chunks.iter_mut().rev().for_each(remove),
        }
        let removed = most - left;
        self.len -= removed;
        if removed > 0 {
            self.join_small(limit);
        }
        removed
    }

    /// Drops empty chunks and joins neighbours that fill one half together.
    fn join_small(&mut self, limit: ChunkLimit) {
        let chunks = core::mem::take(&mut self.chunks);
        for mut chunk in chunks {
            if chunk.len() == 0 {
                continue;
            }
            if let Some(before) = self.chunks.back_mut()
                && limit.allows(
                    2 * (before.live_bytes() + chunk.live_bytes()),
                    before.len() + chunk.len(),
                )
            {
                before.append(&chunk);
            } else {
                chunk.shrink();
                self.chunks.push_back(chunk);
            }
        }
    }
}

#[cfg(test)]
impl Chunks {
    /// Panics unless every chunk holds elements, their numbers add up, and no block is larger
    /// than the largest limit or its only element.
    pub(super) fn assert_whole(&self) {
        let mut len = 0;
        for chunk in &self.chunks {
            assert!(chunk.len() > 0 && chunk.iter().count() == chunk.len());
            assert!(chunk.block_bytes() <= 64 * 1024 || chunk.len() == 1);
            len += chunk.len();
        }
        assert_eq!(len, self.len);
    }
}

const NOTHING: packed::Iter<'static> = packed::Iter::over(&[], 0);

/// The elements of a [`super::List`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    front: packed::Iter<'a>,
    chunks: vec_deque::Iter<'a, Chunk>,
    back: packed::Iter<'a>,
}

impl<'a> Iter<'a> {
    pub(super) fn over_packed(elements: packed::Iter<'a>) -> Self {
        Self { front: elements, chunks: vec_deque::Iter::default(), back: NOTHING }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(element) = self.front.next() {
                return Some(element);
            }
            match self.chunks.next() {
                Some(chunk) => self.front = chunk.iter(),
                None => return self.back.next(),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.front.len() + self.back.len(), None)
    }
}

impl<'a> DoubleEndedIterator for Iter<'a> {
    fn next_back(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(element) = self.back.next_back() {
                return Some(element);
            }
            match self.chunks.next_back() {
                Some(chunk) => self.back = chunk.iter(),
                None => return self.front.next_back(),
            }
        }
    }
}

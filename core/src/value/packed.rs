//! A short sequence of byte strings in one allocation.
//!
//! Most collections are small. A table or a tree for ten elements costs many times what the
//! elements do, so a small collection is a *packed* one: its elements stand one after the other
//! in one block, and to find one is to walk. Redis does the same (`ziplist` up to 6.2,
//! `listpack` since 7.0).
//!
//! The form of one element is `length, bytes, length`: the length in front lets a walk go
//! forward, the one behind backward. A length takes one byte below 254 and five from there on.
//! The number of elements stands in front of all, as two bytes.
//!
//! A block whose number is zero holds no elements but a *blob*: bytes in a form that only its owner
//! knows. A value has no room to say which of two forms a block has, so the block says it itself.
//!
//! The block has exactly the size of its content, so a change reallocates. For the sizes at which
//! a collection is packed that costs less than room to spare would in memory.

use core::fmt;

/// Most elements of one packed sequence.
const MAX_ELEMENTS: usize = u16::MAX as usize;

/// Bytes in front of the elements: their number.
const HEAD_BYTES: usize = 2;

/// A length from here on is written in four further bytes.
const LONG: u8 = 254;

/// Byte strings, one after the other, in one allocation.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// No elements; no allocation either.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::default())
    }

    /// A block with a blob in it. Its first two bytes are taken for the head.
    pub(super) fn from_blob(mut block: Vec<u8>) -> Self {
        block.iter_mut().take(HEAD_BYTES).for_each(|byte| *byte = 0);
        Self(block.into_boxed_slice())
    }

    /// The blob behind the head, if the block holds one.
    pub(super) fn blob(&self) -> Option<&[u8]> {
        if let [0, 0, blob @ ..] = &*self.0 { Some(blob) } else { None }
    }

    /// The whole block.
    pub(super) fn into_block(self) -> Vec<u8> {
        self.0.into_vec()
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match *self.0 {
            [low, high, ..] => usize::from(u16::from_le_bytes([low, high])),
            _ => 0,
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size of the block, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.0.len()
    }

    /// The elements in order; also from the back.
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: self.0.get(HEAD_BYTES..).unwrap_or(&[]), left: self.len() }
    }

    /// Element `index`. Walks from the nearer end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let count = self.len();
        if index >= count {
            None
        } else if index <= count / 2 {
            self.iter().nth(index)
        } else {
            self.iter().nth_back(count - 1 - index)
        }
    }

    /// Puts `element` before element `index`, or at the end when there is none.
    ///
    /// # Panics
    /// If there are 65,535 already; whoever keeps a packed sequence turns it into
    /// something else long before.
    pub fn insert(&mut self, index: usize, element: &[u8]) {
        let at = self.offset(index);
        let mut form = Vec::with_capacity(element.len() + 10);
        put(element, &mut form);
        self.splice(at..at, &form, self.len() + 1);
    }

    /// Puts `element` at the end.
    ///
    /// # Panics
    /// As [`Self::insert`].
    pub fn push(&mut self, element: &[u8]) {
        let count = self.len();
        assert!(count < MAX_ELEMENTS, "a packed sequence is full");
        let mut bytes = core::mem::take(&mut self.0).into_vec();
        bytes.reserve_exact(element.len() + 10 + HEAD_BYTES);
        if bytes.is_empty() {
            bytes.extend_from_slice(&[0; HEAD_BYTES]);
        }
        put(element, &mut bytes);
        self.finish(bytes, count + 1);
    }

    /// Puts `element` in the place of element `index`. Nothing happens when there is none.
    pub fn replace(&mut self, index: usize, element: &[u8]) {
        if index < self.len() {
            let (start, end) = (self.offset(index), self.offset(index + 1));
            let mut form = Vec::with_capacity(element.len() + 10);
            put(element, &mut form);
            self.splice(start..end, &form, self.len());
        }
    }

    /// Takes `count` elements out from element `index` on, or as many as there are.
    pub fn remove(&mut self, index: usize, count: usize) {
        let length = self.len();
        let (first, last) = (index.min(length), index.saturating_add(count).min(length));
        let (start, end) = (self.offset(first), self.offset(last));
        if first < last {
            self.splice(start..end, &[], length - (last - first));
        }
    }

    /// Where element `index` begins, or where the last one ends. Walks from the nearer end.
    fn offset(&self, index: usize) -> usize {
        HEAD_BYTES + self.iter().offset(index)
    }

    /// The elements from element `index` on. Walks from the nearer end.
    pub(super) fn iter_from(&self, index: usize) -> Iter<'_> {
        let rest = self.0.get(self.offset(index)..).unwrap_or(&[]);
        Iter::over(rest, self.len().saturating_sub(index))
    }

    /// A sequence of `count` elements in their form, as [`Self::into_bytes`] gives them.
    pub(super) fn from_elements(elements: &[u8], count: usize) -> Self {
        let mut packed = Self::new();
        packed.splice(HEAD_BYTES..HEAD_BYTES, elements, count);
        packed
    }

    /// The block, where in it the elements begin, and their number.
    pub(super) fn into_bytes(self) -> (Vec<u8>, usize, usize) {
        let count = self.len();
        let start = HEAD_BYTES.min(self.0.len());
        (self.0.into_vec(), start, count)
    }

    fn splice(&mut self, range: core::ops::Range<usize>, form: &[u8], count: usize) {
        assert!(count <= MAX_ELEMENTS, "a packed sequence is full");
        let mut bytes = core::mem::take(&mut self.0).into_vec();
        bytes.reserve_exact((form.len() + HEAD_BYTES).saturating_sub(range.len()));
        if bytes.is_empty() {
            bytes.extend_from_slice(&[0; HEAD_BYTES]);
        }
        bytes.splice(range, form.iter().copied());
        self.finish(bytes, count);
    }

    fn finish(&mut self, mut bytes: Vec<u8>, count: usize) {
        if count == 0 {
            bytes = Vec::new();
        } else {
            let count = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
            bytes[..HEAD_BYTES].copy_from_slice(&count);
        }
        self.0 = bytes.into_boxed_slice();
    }
}

/// Appends the form of `element`.
pub(super) fn put(element: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(element.len()) {
        Ok(length) if length < LONG => {
            out.push(length);
            out.extend_from_slice(element);
            out.push(length);
        }
        _ => {
            // A word of a request is at most 512 MB long, so four bytes hold it.
            let length = u32::try_from(element.len()).unwrap_or(u32::MAX).to_le_bytes();
            out.push(LONG);
            out.extend_from_slice(&length);
            out.extend_from_slice(element);
            out.extend_from_slice(&length);
            out.push(LONG);
        }
    }
}

/// Writes the form of `element` over `place`, which has exactly [`form_bytes`] bytes.
pub(super) fn write_form(element: &[u8], place: &mut [u8]) {
    let (front, rest) = place.split_at_mut((place.len() - element.len()) / 2);
    let (middle, back) = rest.split_at_mut(element.len());
    middle.copy_from_slice(element);
    match u8::try_from(element.len()) {
        Ok(length) if length < LONG => {
            front.fill(length);
            back.fill(length);
        }
        _ => {
            let length = u32::try_from(element.len()).unwrap_or(u32::MAX).to_le_bytes();
            front[0] = LONG;
            front[1..].copy_from_slice(&length);
            back[..4].copy_from_slice(&length);
            back[4] = LONG;
        }
    }
}

/// The elements of a [`Packed`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iter<'a> {
    /// The `count` elements whose forms are `bytes`.
    pub(super) const fn over(bytes: &'a [u8], count: usize) -> Self {
        Self { rest: bytes, left: count }
    }

    /// Takes the next element and the number of bytes of its form.
    pub(super) fn next_form(&mut self) -> Option<(&'a [u8], usize)> {
        let before = self.rest.len();
        self.next().map(|element| (element, before - self.rest.len()))
    }

    /// Where in the bytes element `index` begins, or where the last one ends. Walks from the
    /// nearer end.
    pub(super) fn offset(mut self, index: usize) -> usize {
        let (size, count) = (self.rest.len(), self.left);
        if index <= count / 2 {
            for _ in 0..index {
                let _ = self.next();
            }
            size - self.rest.len()
        } else {
            for _ in index..count {
                let _ = self.next_back();
            }
            self.rest.len()
        }
    }
}

/// Bytes that the form of an element of `length` bytes takes.
pub(super) const fn form_bytes(length: usize) -> usize {
    if length < LONG as usize { length + 2 } else { length + 10 }
}

fn long_length(bytes: &[u8]) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&first, after) = self.rest.split_first()?;
        let (edge, length) =
            if first < LONG { (1, usize::from(first)) } else { (5, long_length(after.get(..4)?)?) };
        let element = self.rest.get(edge..edge + length)?;
        self.rest = self.rest.get(edge + length + edge..)?;
        self.left -= 1;
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a> DoubleEndedIterator for Iter<'a> {
    fn next_back(&mut self) -> Option<&'a [u8]> {
        let (&last, before) = self.rest.split_last()?;
        let (edge, length) = if last < LONG {
            (1, usize::from(last))
        } else {
            (5, long_length(before.get(before.len().checked_sub(4)?..)?)?)
        };
        let end = self.rest.len().checked_sub(edge)?;
        let start = end.checked_sub(length)?;
        let element = self.rest.get(start..end)?;
        self.rest = self.rest.get(..start.checked_sub(edge)?)?;
        self.left -= 1;
        Some(element)
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl Default for Packed {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> IntoIterator for &'a Packed {
    type Item = &'a [u8];
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = self.iter().map(|element| element.escape_ascii().to_string());
        formatter.debug_list().entries(elements).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn check(packed: &Packed, model: &[Vec<u8>]) {
        let forward: Vec<_> = packed.iter().map(<[u8]>::to_vec).collect();
        assert_eq!(forward, model);
        let mut backward: Vec<_> = packed.iter().rev().map(<[u8]>::to_vec).collect();
        backward.reverse();
        assert_eq!(backward, model);
        assert_eq!((packed.len(), packed.iter().len()), (model.len(), model.len()));
        for index in 0..=model.len() {
            assert_eq!(packed.get(index), model.get(index).map(Vec::as_slice), "{index}");
        }
    }

    /// Ten thousand random changes, against a vector.
    #[test]
    fn agrees_with_a_vector() {
        const SEED: u64 = 20_261_121;
        let mut random = Random::new(SEED);
        let mut below = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap();
        let (mut packed, mut model) = (Packed::new(), Vec::<Vec<u8>>::new());
        for _ in 0..10_000 {
            let length = [0, 1, 22, 253, 254, 255, 70_000][below(7)];
            let element = vec![b"abcdefgh"[below(8)]; length];
            let index = below(model.len() + 1);
            match below(if model.len() > 20 { 3 } else { 6 }) {
                0 | 1 => {
                    let count = below(3);
                    packed.remove(index, count);
                    model.drain(index..(index + count).min(model.len()));
                }
                2 => {
                    packed.replace(index, &element);
                    if let Some(place) = model.get_mut(index) {
                        *place = element;
                    }
                }
                3 => {
                    packed.push(&element);
                    model.push(element);
                }
                _ => {
                    packed.insert(index, &element);
                    model.insert(index, element);
                }
            }
            check(&packed, &model);
        }
    }

    #[test]
    fn nothing_takes_no_room() {
        let mut packed = Packed::new();
        assert_eq!(packed.size_bytes(), 0);
        packed.push(b"abc");
        assert_eq!(packed.size_bytes(), 2 + 5);
        packed.remove(0, 9);
        assert_eq!(packed, Packed::new());
        packed.remove(0, 1);
        packed.replace(0, b"a");
        assert!(packed.is_empty() && packed.get(0).is_none());
    }
}

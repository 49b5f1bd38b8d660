//! One file whose pending changes are cut somewhere.
//!
//! The pending changes are an ordered list. Its *states* are: nothing arrived; then one more byte
//! of an append, or one truncation, at a time. What a model allows is told from there: which states
//! it knows, and what may stand in a state's unsynced bytes instead of what was written.
//!
//! Between two truncations the states are the beginnings of one row of bytes. Such a row is a
//! [`Segment`], and most files have one. Listing, counting and recognizing images all go over
//! segments, so that a megabyte is looked at once and not once for each of its bytes.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use crate::sim::crash::{Assumptions, Data, RenamedOver};
use crate::sim::disk::{Change, Pending, Stored};

/// States that are beginnings of the same bytes. Lengths are those of the tail, which is what
/// stands behind the front.
pub(super) struct Segment {
    /// The bytes of the longest state.
    pub(super) tail: Vec<u8>,
    /// Bytes of it that no pending change touches.
    pub(super) settled: usize,
    /// Length of the shortest state.
    pub(super) start: usize,
    /// Where changes ended, in order, `start` and the end among them.
    pub(super) ends: Vec<usize>,
}

/// A file and what is assumed about its pending changes.
pub(super) struct Pended {
    pub(super) data: Data,
    /// What is durable.
    base: Arc<Vec<u8>>,
    /// How much of it is in every image.
    pub(super) front: usize,
    /// One more than there are truncations.
    pub(super) segments: Vec<Segment>,
    /// A name that arrived says that the tail is at least so long.
    pub(super) least: usize,
}

impl Pended {
    /// The file as it may be found under `name`.
    pub(super) fn of(stored: &Stored, name: &str, assumed: Assumptions) -> Self {
        let data = assumed.data;
        let base = stored.shared_durable();
        let changes: Vec<&Pending> = match data {
            Data::Nothing => Vec::new(),
            _ => stored.pending().collect(),
        };
        let front = changes.iter().fold(base.len(), |least, pending| match pending.change {
            Change::Append(_) => least,
            Change::Truncate(length_bytes) => least.min(length(length_bytes)),
        });
        let mut pended = Self { data, front, segments: Vec::new(), least: 0, base };
        let mut last = Segment::beginning(pended.base[front..].to_vec());
        for pending in changes {
            match &pending.change {
                Change::Append(bytes) => {
                    pending.apply_to(&mut last.tail);
                    if !bytes.is_empty() {
                        last.ends.push(last.tail.len());
                    }
                }
                Change::Truncate(to) => {
                    let next = last.cut_to(length(*to) - front);
                    pended.segments.push(std::mem::replace(&mut last, next));
                }
            }
        }
        pended.segments.push(last);
        pended.least = pended.least_under(stored, name, assumed);
        pended
    }

    /// The least length of the tail, if what leads to this file is this name.
    fn least_under(&self, stored: &Stored, name: &str, assumed: Assumptions) -> usize {
        let Data::ZeroTailByBlocks { block_bytes } = self.data else { return 0 };
        // A truncation is a change of the length, too; with one there are no conclusions.
        let ([segment], Some(named)) = (&self.segments[..], stored.named(name)) else { return 0 };
        let then = stored.pending().take_while(|pending| pending.number <= named.through);
        let appended = then.fold(segment.start, |length, pending| match &pending.change {
            Change::Append(bytes) => length + bytes.len(),
            Change::Truncate(_) => length,
        });
        let whole = assumed.renamed_over == RenamedOver::WholeLength;
        if named.replaced && whole {
            appended
        } else {
            appended.min(self.allocated(segment, block_bytes))
        }
    }

    /// What is the same in every image.
    pub(super) fn front(&self) -> &[u8] {
        &self.base[..self.front]
    }

    /// The same, to be kept.
    pub(super) fn into_front(self) -> Arc<Vec<u8>> {
        if self.front == self.base.len() { self.base } else { Arc::new(self.front().to_vec()) }
    }

    /// Length of the tail up to the end of the block in which the settled bytes end.
    pub(super) const fn allocated(&self, segment: &Segment, block_bytes: usize) -> usize {
        (self.front + segment.settled).next_multiple_of(block_bytes) - self.front
    }

    /// Whether real bytes, or the file, may end at this length of the tail.
    pub(super) fn is_step(&self, segment: &Segment, length: usize) -> bool {
        let Data::ZeroTailByBlocks { block_bytes } = self.data else { return true };
        length <= self.allocated(segment, block_bytes)
            || (self.front + length).is_multiple_of(block_bytes)
            || segment.ends.binary_search(&length).is_ok()
    }

    /// Whether the model knows the state of this length.
    pub(super) fn is_state(&self, segment: &Segment, length: usize) -> bool {
        (segment.start..=segment.tail.len()).contains(&length)
            && length >= self.least
            && self.is_step(segment, length)
    }

    /// The longest state.
    pub(super) fn everything(&self) -> Option<&Segment> {
        self.segments.last()
    }

    /// The shortest image of the first segment: its tail, and how much of it is real.
    pub(super) fn nothing(&self) -> (Vec<u8>, usize) {
        let Some(first) = self.segments.first() else { return (Vec::new(), 0) };
        let mut tail = first.tail[..first.start.max(self.least)].to_vec();
        let real = first.settled.min(tail.len());
        tail[real..].fill(0);
        (tail, real)
    }

    /// Visits every state in order, until a visit breaks off: its segment, its length, and whether
    /// it stands between two changes rather than inside of one.
    pub(super) fn walk(
        &self,
        visit: &mut dyn FnMut(&Segment, usize, bool) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for segment in &self.segments {
            let mut ends = segment.ends.iter().peekable();
            for length in segment.start..=segment.tail.len() {
                while ends.next_if(|end| **end < length).is_some() {}
                let is_between = ends.peek() == Some(&&length);
                if self.is_state(segment, length) {
                    visit(segment, length, is_between)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The length (of the tail) of a state that is nearest to this one; of two the shorter.
    pub(super) fn nearest(&self, wanted: usize) -> Option<usize> {
        let known = |length: &usize| self.segments.iter().any(|part| self.is_state(part, *length));
        let most = self.segments.iter().map(|part| part.tail.len()).max()?;
        let below = (0..=wanted.min(most)).rev().find(known);
        let above = (wanted..=most).find(known);
        [below, above].into_iter().flatten().min_by_key(|length| length.abs_diff(wanted))
    }

    /// An image of this length (of the tail), with as few real bytes as any: its bytes, and how
    /// many of them are real.
    pub(super) fn of_length(&self, length: usize) -> Option<(Vec<u8>, usize)> {
        let segment = self.segments.iter().find(|segment| self.is_state(segment, length))?;
        let mut tail = segment.tail[..length].to_vec();
        let real = match self.data {
            Data::Nothing | Data::Prefix => length,
            _ => segment.settled.min(length),
        };
        tail[real..].fill(0);
        Some((tail, real))
    }
}

impl Segment {
    fn beginning(tail: Vec<u8>) -> Self {
        let start = tail.len();
        Self { settled: start, start, ends: vec![start], tail }
    }

    /// Where changes ended inside of this range of the tail, neither at its beginning nor at its
    /// end.
    pub(super) fn ends_inside(&self, range: &Range<usize>) -> &[usize] {
        let first = self.ends.partition_point(|end| *end <= range.start);
        let behind = self.ends.partition_point(|end| *end < range.end);
        self.ends.get(first..behind).unwrap_or_default()
    }

    /// What follows when the file is truncated to this length.
    fn cut_to(&self, start: usize) -> Self {
        // Truncation never makes a file longer here.
        let start = start.min(self.tail.len());
        let tail = self.tail[..start].to_vec();
        let mut ends: Vec<usize> = self.ends.iter().copied().filter(|end| *end < start).collect();
        ends.push(start);
        Self { settled: self.settled.min(start), start, ends, tail }
    }
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

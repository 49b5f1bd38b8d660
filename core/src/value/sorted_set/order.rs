//! The order of a large sorted set: a sequence that knows its places.
//!
//! # The problem
//! ZRANK asks how many members stand before one, ZRANGE for those from a place on, ZCOUNT for how
//! many lie between two scores; each must take O(log n). The order compares members, but members
//! live in the table, once: the order must not copy them.
//!
//! # The structure
//! A B+ tree without keys of its own. It holds a sequence of [`Entry`], each a score and the slot
//! of a member, in leaves of at most [`LEAF_ENTRIES`]; every inner node knows of each child its
//! first entry and how many entries lie below it. It has two kinds of descent, and no other:
//!
//! - *by condition* ([`Order::count_before`]): how many entries from the front on satisfy a
//!   condition that holds for a beginning of the sequence and for nothing behind it. Rank, count
//!   and the ends of every range are this question. The condition may look into the table, but
//!   does so only where scores are equal.
//! - *by place* ([`Order::insert`], [`Order::remove`], [`Order::leaf_at`]): counts lead the way,
//!   nothing is compared.
//!
//! A node that is full is split in the middle; the last leaf is split behind its end, so that a
//! set that is filled in order has full leaves. After a removal two neighbours that are together
//! no more than half a node become one. So neighbours are always more than half a node together,
//! and the height stays logarithmic, without the rule by which entries wander between siblings.
//!
//! # Rejected
//! Crates with a rank: `indexset` 0.16 (counts again over all nodes after a split), `wabi_tree`
//! 0.1 (a year old, one user), `sweep-bptree` 0.4 (not maintained), `skiplist` 2.0 (870 lines with
//! `unsafe`). All of them order keys by `Ord`, which cannot look into a table, so each member
//! would be stored twice or be shared with a count. A skip list as in Redis: 21 bytes of pointers
//! an element, and a cache miss for each.
//!
//! # Not promised
//! Which entries share a leaf. Entries in order: that is the caller's, who inserts at the place
//! that [`Order::count_before`] gave.

use super::score::ScoreKey;
use crate::value::table::Slot;

/// Most entries of a leaf: 1,536 bytes.
const LEAF_ENTRIES: usize = 128;

/// Most children of an inner node: 1,536 bytes on a 64-bit machine.
const CHILDREN: usize = 64;

/// A score and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// In two halves, so that an entry takes twelve bytes and not sixteen.
    high: u32,
    low: u32,
    pub(super) slot: Slot,
}

impl Entry {
    pub(super) const fn new(key: ScoreKey, slot: Slot) -> Self {
        let (high, low) = key.halves();
        Self { high, low, slot }
    }

    pub(super) const fn key(self) -> ScoreKey {
        ScoreKey::from_halves(self.high, self.low)
    }
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Vec<Entry>),
    Inner(Vec<Child>),
}

#[derive(Clone, Debug)]
struct Child {
    /// The first entry below.
    first: Entry,
    /// Number of entries below, never zero.
    count: u32,
    node: Box<Node>,
}

impl Child {
    /// A child for `node`, if anything is in it.
    fn of(node: Node) -> Option<Self> {
        let first = node.first()?;
        Some(Self { first, count: node.count(), node: Box::new(node) })
    }

    /// After something was inserted or removed below.
    fn refresh(&mut self) {
        self.count = self.node.count();
        if let Some(first) = self.node.first() {
            self.first = first;
        }
    }
}

impl Node {
    fn first(&self) -> Option<Entry> {
        match self {
            Self::Leaf(entries) => entries.first().copied(),
            Self::Inner(children) => children.first().map(|child| child.first),
        }
    }

    fn count(&self) -> u32 {
        match self {
            // A leaf is far smaller than 2^32.
            Self::Leaf(entries) => u32::try_from(entries.len()).unwrap_or(u32::MAX),
            Self::Inner(children) => children.iter().map(|child| child.count).sum(),
        }
    }

    /// Entries of a leaf or children of an inner node.
    fn width(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(children) => children.len(),
        }
    }

    const fn most(&self) -> usize {
        match self {
            Self::Leaf(_) => LEAF_ENTRIES,
            Self::Inner(_) => CHILDREN,
        }
    }

    /// Puts `entry` at `place`. Returns what was split off behind, if this node was full. `last`
    /// says that nothing comes behind this node.
    fn insert(&mut self, place: u32, entry: Entry, last: bool) -> Option<Child> {
        match self {
            Self::Leaf(entries) => {
                let place = place as usize;
                if entries.len() < LEAF_ENTRIES {
                    entries.insert(place, entry);
                    return None;
                }
                let at = if last && place == entries.len() { place } else { LEAF_ENTRIES / 2 };
                let mut behind = split_off(entries, at, LEAF_ENTRIES);
                if place < at || (place == at && !behind.is_empty()) {
                    entries.insert(place, entry);
                } else {
                    behind.insert(place - at, entry);
                }
                Child::of(Self::Leaf(behind))
            }
            Self::Inner(children) => {
                let (index, before) = child_for_insertion(children, place);
                let is_last = last && index + 1 == children.len();
                let split = children[index].node.insert(place - before, entry, is_last);
                children[index].refresh();
                let split = split?;
                if children.len() < CHILDREN {
                    children.insert(index + 1, split);
                    return None;
                }
                let at = if is_last { CHILDREN } else { CHILDREN / 2 };
                let mut behind = split_off(children, at, CHILDREN);
                if index + 1 < at || (index + 1 == at && !behind.is_empty()) {
                    children.insert(index + 1, split);
                } else {
                    behind.insert(index + 1 - at, split);
                }
                Child::of(Self::Inner(behind))
            }
        }
    }

    /// Takes out the entry at `place`.
    fn remove(&mut self, place: u32) -> Option<Entry> {
        match self {
            Self::Leaf(entries) => {
                let place = place as usize;
                (place < entries.len()).then(|| entries.remove(place))
            }
            Self::Inner(children) => {
                let (index, before) = child_at(children, place)?;
                let removed = children[index].node.remove(place - before)?;
                children[index].refresh();
                if children[index].count == 0 {
                    children.remove(index);
                } else if !merge(children, index) && index > 0 {
                    merge(children, index - 1);
                }
                Some(removed)
            }
        }
    }

    /// Adds what follows this node.
    fn append(&mut self, behind: Self) {
        match (self, behind) {
            (Self::Leaf(entries), Self::Leaf(mut more)) => entries.append(&mut more),
            (Self::Inner(children), Self::Inner(mut more)) => children.append(&mut more),
            _ => unreachable!("siblings have the same height"),
        }
    }
}

/// The elements from `at` on, in a vector with room for as many as a node ever holds.
fn split_off<T>(elements: &mut Vec<T>, at: usize, most: usize) -> Vec<T> {
    let mut behind = Vec::with_capacity(most);
    behind.extend(elements.drain(at..));
    behind
}

/// The child in which `place` lies, and how many entries come before that child.
fn child_at(children: &[Child], place: u32) -> Option<(usize, u32)> {
    let mut before = 0;
    for (index, child) in children.iter().enumerate() {
        if place - before < child.count {
            return Some((index, before));
        }
        before += child.count;
    }
    None
}

/// As [`child_at`]; the end belongs to the last child.
fn child_for_insertion(children: &[Child], place: u32) -> (usize, u32) {
    child_at(children, place).unwrap_or_else(|| {
        let last = children.len() - 1;
        (last, children[..last].iter().map(|child| child.count).sum())
    })
}

/// Makes the children at `index` and behind it one, if they are small.
fn merge(children: &mut Vec<Child>, index: usize) -> bool {
    let [this, next, ..] = &children[index..] else { return false };
    if this.node.width() + next.node.width() > this.node.most() / 2 {
        return false;
    }
    let next = children.remove(index + 1);
    children[index].node.append(*next.node);
    children[index].refresh();
    true
}

/// Entries in order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    root: Node,
    count: u32,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self { root: Node::Leaf(Vec::new()), count: 0 }
    }

    /// Number of entries.
    pub(super) const fn len(&self) -> usize {
        self.count as usize
    }

    /// How many entries satisfy `before`, which must hold for a beginning of the sequence and for
    /// nothing behind it.
    pub(super) fn count_before(&self, before: impl Fn(Entry) -> bool) -> usize {
        let mut node = &self.root;
        let mut count = 0;
        loop {
            match node {
                Node::Leaf(entries) => {
                    return count + entries.partition_point(|&entry| before(entry));
                }
                Node::Inner(children) => {
                    // The boundary lies below the last child that begins before it.
                    let behind = children.partition_point(|child| before(child.first));
                    let index = behind.saturating_sub(1);
                    count += children[..index].iter().map(|c| c.count as usize).sum::<usize>();
                    node = &children[index].node;
                }
            }
        }
    }

    /// Puts `entry` before the entry at `place`, or at the end.
    pub(super) fn insert(&mut self, place: usize, entry: Entry) {
        let place = u32::try_from(place).unwrap_or(u32::MAX).min(self.count);
        if let Some(behind) = self.root.insert(place, entry, true) {
            let front = core::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
            let mut children = Vec::with_capacity(CHILDREN);
            children.extend(Child::of(front));
            children.push(behind);
            self.root = Node::Inner(children);
        }
        self.count += 1;
    }

    /// Takes out the entry at `place`.
    pub(super) fn remove(&mut self, place: usize) -> Option<Entry> {
        let removed = self.root.remove(u32::try_from(place).ok()?)?;
        self.count -= 1;
        while let Node::Inner(children) = &mut self.root {
            match children.len() {
                0 => self.root = Node::Leaf(Vec::new()),
                1 => self.root = children.pop().map_or(Node::Leaf(Vec::new()), |only| *only.node),
                _ => break,
            }
        }
        Some(removed)
    }

    /// The entry at `place`.
    pub(super) fn get(&self, place: usize) -> Option<Entry> {
        let (entries, at) = self.leaf_at(place)?;
        entries.get(at).copied()
    }

    /// The leaf in which `place` lies, and where in it.
    fn leaf_at(&self, place: usize) -> Option<(&[Entry], usize)> {
        let mut place = u32::try_from(place).ok()?;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    return ((place as usize) < entries.len())
                        .then_some((entries.as_slice(), place as usize));
                }
                Node::Inner(children) => {
                    let (index, before) = child_at(children, place)?;
                    place -= before;
                    node = &children[index].node;
                }
            }
        }
    }

    /// The entries from place `start` up to and without `end`; also from the back.
    pub(super) fn range(&self, start: usize, end: usize) -> Range<'_> {
        let end = end.min(self.len());
        let start = start.min(end);
        Range { order: self, start, end, front: [].iter(), back: [].iter() }
    }

    /// What it holds on the heap, on a 64-bit machine.
    pub(super) fn memory_bytes(&self) -> u64 {
        fn below(node: &Node) -> u64 {
            match node {
                Node::Leaf(entries) if entries.is_empty() => 0,
                Node::Leaf(_) => LEAF_ENTRIES as u64 * 12,
                Node::Inner(children) => {
                    let boxes = children.len() as u64 * 32;
                    let here = CHILDREN as u64 * 24 + boxes;
                    here + children.iter().map(|child| below(&child.node)).sum::<u64>()
                }
            }
        }
        below(&self.root)
    }
}

/// Entries of an [`Order`] between two places. It looks up each leaf once.
#[derive(Clone, Debug)]
pub(super) struct Range<'a> {
    order: &'a Order,
    /// Place behind `front`: the first one that is in neither slice.
    start: usize,
    /// Place before `back`.
    end: usize,
    front: core::slice::Iter<'a, Entry>,
    back: core::slice::Iter<'a, Entry>,
}

impl Iterator for Range<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.front.as_slice().is_empty() && self.start < self.end {
            let (entries, at) = self.order.leaf_at(self.start)?;
            let length = (entries.len() - at).min(self.end - self.start);
            self.front = entries[at..at + length].iter();
            self.start += length;
        }
        self.front.next().or_else(|| self.back.next()).copied()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.front.len() + (self.end - self.start) + self.back.len();
        (left, Some(left))
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Entry> {
        if self.back.as_slice().is_empty() && self.start < self.end {
            let (entries, at) = self.order.leaf_at(self.end - 1)?;
            let length = (at + 1).min(self.end - self.start);
            self.back = entries[at + 1 - length..=at].iter();
            self.end -= length;
        }
        self.back.next_back().or_else(|| self.front.next_back()).copied()
    }
}

impl ExactSizeIterator for Range<'_> {}

#[cfg(test)]
mod tests;

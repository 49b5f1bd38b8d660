//! A sorted set of many members: a table and an order.

use super::order::{self, Entry, Order};
use super::{PackingLimits, ScoreKey, ScoreUpdate};
use crate::value::CompactBytes;
use crate::value::table::{Element, Slot, Table};

/// A member with its score.
#[derive(Clone, Debug)]
struct Scored {
    member: CompactBytes,
    score: f64,
}

impl Element for Scored {
    const PLACE_BYTES: u64 = 32;

    fn key(&self) -> &[u8] {
        &self.member
    }

    fn heap_bytes(&self) -> u64 {
        self.member.heap_bytes()
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Option<Scored>>() == 32, "a place of the table grew");

/// Each member of `members` has one entry in `order`, with its score and its slot.
#[derive(Clone, Debug)]
pub(super) struct Large {
    members: Table<Scored>,
    order: Order,
}

impl Large {
    /// A set of members that come in order and differ.
    pub(super) fn from_sorted<'a>(
        limits: &PackingLimits,
        members: impl Iterator<Item = (&'a [u8], f64)>,
    ) -> Self {
        let mut large = Self { members: Table::new(limits.hash_seed), order: Order::new() };
        for (member, score) in members {
            large.insert_at(large.len(), member, score);
        }
        large
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn member(&self, slot: Slot) -> &[u8] {
        self.members.get(slot).map_or(&[], |scored| &scored.member)
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        Some(self.members.get(self.members.find(member)?)?.score)
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<usize> {
        Some(self.place(member, self.score(member)?))
    }

    pub(super) fn get(&self, place: usize) -> Option<(&[u8], f64)> {
        let scored = self.members.get(self.order.get(place)?.slot)?;
        Some((&scored.member, scored.score))
    }

    /// Where `member` with `score` is or belongs. Looks into the table only where scores are
    /// equal.
    fn place(&self, member: &[u8], score: f64) -> usize {
        let key = ScoreKey::new(score);
        self.order.count_before(|entry| match entry.key().cmp(&key) {
            core::cmp::Ordering::Equal => self.member(entry.slot) < member,
            order => order.is_lt(),
        })
    }

    pub(super) fn count_before(&self, before: impl Fn(f64, &[u8]) -> bool) -> usize {
        self.order.count_before(|entry| {
            self.members.get(entry.slot).is_some_and(|scored| before(scored.score, &scored.member))
        })
    }

    pub(super) fn update<E>(
        &mut self,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Result<Option<f64>, E>,
    ) -> Result<ScoreUpdate, E> {
        let slot = self.members.find(member);
        let old = slot.and_then(|slot| self.members.get(slot)).map(|scored| scored.score);
        let Some(new) = decide(old)? else { return Ok(ScoreUpdate::Declined) };
        let (Some(slot), Some(old)) = (slot, old) else {
            self.add(member, new);
            return Ok(ScoreUpdate::Added(new));
        };
        #[expect(clippy::float_cmp, reason = "the same score is what is meant")]
        if old == new {
            return Ok(ScoreUpdate::Same(new));
        }
        self.order.remove(self.place(member, old));
        if let Some(scored) = self.members.get_mut(slot) {
            scored.score = new;
        }
        let place = self.place(member, new);
        self.order.insert(place, Entry::new(ScoreKey::new(new), slot));
        Ok(ScoreUpdate::Changed(new))
    }

    /// Adds a member that is not there yet.
    pub(super) fn add(&mut self, member: &[u8], score: f64) {
        self.insert_at(self.place(member, score), member, score);
    }

    fn insert_at(&mut self, place: usize, member: &[u8], score: f64) {
        let slot = self.members.insert(Scored { member: CompactBytes::new(member), score });
        self.order.insert(place, Entry::new(ScoreKey::new(score), slot));
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let slot = self.members.find(member)?;
        let score = self.members.get(slot)?.score;
        self.order.remove(self.place(member, score));
        self.members.remove(slot);
        Some(score)
    }

    pub(super) fn remove_at(&mut self, place: usize) {
        if let Some(entry) = self.order.remove(place) {
            self.members.remove(entry.slot);
        }
    }

    pub(super) fn range(&self, start: usize, end: usize) -> Range<'_> {
        Range { members: &self.members, entries: self.order.range(start, end) }
    }

    pub(super) fn scan(&self, cursor: u64, count: u64, mut visit: impl FnMut(&[u8], f64)) -> u64 {
        self.members.scan(cursor, count, |scored| visit(&scored.member, scored.score))
    }

    pub(super) fn memory_bytes(&self) -> u64 {
        /// Table and order themselves, behind the box.
        const HEAD_BYTES: u64 = 208;
        HEAD_BYTES + self.members.memory_bytes() + self.order.memory_bytes()
    }
}

/// Members with their scores, in order.
#[derive(Clone, Debug)]
pub(super) struct Range<'a> {
    members: &'a Table<Scored>,
    entries: order::Range<'a>,
}

impl<'a> Range<'a> {
    fn element(&self, entry: Entry) -> Option<(&'a [u8], f64)> {
        self.members.get(entry.slot).map(|scored| (scored.member.as_bytes(), scored.score))
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = (&'a [u8], f64);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        self.element(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next_back()?;
        self.element(entry)
    }
}

impl ExactSizeIterator for Range<'_> {}

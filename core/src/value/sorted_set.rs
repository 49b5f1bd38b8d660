//! Sorted sets: members in the order of their scores.
//!
//! # The structure
//! A small set is packed: each element is a score, in as few bytes as it needs, and then the
//! member, in order, in one allocation. A large one holds each member once, in a table with its
//! score (`value/table.rs`), and an order of scores and places in that table, in which the rank of
//! a member takes O(log n) (`sorted_set/order.rs`). A set that has become large stays so.
//!
//! Its order is Redis's: by score, then by the bytes of the member. Zero and minus zero are the
//! same score, but what was written first is what is replied.
//!
//! # Rejected
//! A tree of members beside a table of members, as in a textbook: it holds each member twice.

mod large;
mod order;
mod score;

use crate::digest::Digest;
use crate::value::packed::{self, Packed};
use large::Large;
pub(crate) use score::ScoreKey;
use score::compare;

/// Bytes of a score.
const SCORE_BYTES: usize = 8;

/// Most members of a packed set, whatever the settings say.
const MAX_PACKED: u64 = 65_000;

/// A sorted set.
#[derive(Clone, Debug)]
pub struct SortedSet(Form);

#[derive(Clone, Debug)]
enum Form {
    Packed(Packed),
    Large(Box<Large>),
}

/// Until when a set is packed, and how members of a large one are hashed.
#[derive(Clone, Debug)]
pub(crate) struct PackingLimits {
    /// Most members.
    pub(crate) members: u64,
    /// Longest member, in bytes.
    pub(crate) member_bytes: u64,
    /// No result depends on it.
    pub(crate) hash_seed: u64,
}

/// What became of one member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ScoreUpdate {
    /// It is new.
    Added(f64),
    /// It has another score.
    Changed(f64),
    /// It was there with a score equal to this one, and nothing changed.
    Same(f64),
    /// Nothing was to be done.
    Declined,
}

impl Default for SortedSet {
    fn default() -> Self {
        Self(Form::Packed(Packed::new()))
    }
}

/// A packed element: one byte that says how many bytes of the score follow, those, and the member.
///
/// The high bytes of a float come first and zeros at its end are left out: a small integer needs
/// two to four of its eight bytes, and Redis keeps it as an integer for the same reason.
fn unpack(element: &[u8]) -> (&[u8], f64) {
    let (&count, rest) = element.split_first().unwrap_or((&0, element));
    let (score, member) = rest.split_at_checked(usize::from(count)).unwrap_or((&[], rest));
    let mut bytes = [0; SCORE_BYTES];
    if let Some(front) = bytes.get_mut(..score.len()) {
        front.copy_from_slice(score);
    }
    (member, f64::from_bits(u64::from_be_bytes(bytes)))
}

fn pack(member: &[u8], score: f64) -> Vec<u8> {
    let bits = score.to_bits();
    let count = (u64::BITS - bits.trailing_zeros()).div_ceil(8);
    let mut element = Vec::with_capacity(1 + SCORE_BYTES + member.len());
    element.extend(u8::try_from(count));
    element.extend(bits.to_be_bytes().into_iter().take(count as usize));
    element.extend_from_slice(member);
    element
}

/// Where a member is or belongs in a packed set.
fn packed_place(packed: &Packed, member: &[u8], score: f64) -> usize {
    let before = |element: &&[u8]| {
        let (other, other_score) = unpack(element);
        compare((other_score, other), (score, member)).is_lt()
    };
    packed.iter().take_while(before).count()
}

impl SortedSet {
    /// Whether there is no element. No key holds an empty one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Packed(packed) => packed.len(),
            Form::Large(large) => large.len(),
        }
    }

    /// The score of `member`.
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Form::Packed(packed) => {
                packed.iter().map(unpack).find(|(other, _)| *other == member).map(|pair| pair.1)
            }
            Form::Large(large) => large.score(member),
        }
    }

    /// How many members stand before `member`.
    #[must_use]
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.0 {
            Form::Packed(packed) => packed.iter().position(|element| unpack(element).0 == member),
            Form::Large(large) => large.rank(member),
        }
    }

    /// The member at `place` in the order, with its score.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<(&[u8], f64)> {
        match &self.0 {
            Form::Packed(packed) => packed.get(place).map(unpack),
            Form::Large(large) => large.get(place),
        }
    }

    /// How many members satisfy `before`, which must hold for a beginning of the order and for
    /// nothing behind it. O(log n) in a large set.
    pub fn count_before(&self, before: impl Fn(f64, &[u8]) -> bool) -> usize {
        match &self.0 {
            Form::Packed(packed) => {
                let holds = |(member, score): &(&[u8], f64)| before(*score, member);
                packed.iter().map(unpack).take_while(holds).count()
            }
            Form::Large(large) => large.count_before(before),
        }
    }

    /// The members from place `start` up to and without `end`, with their scores.
    #[must_use]
    pub fn range(&self, start: usize, end: usize) -> Range<'_> {
        match &self.0 {
            Form::Packed(packed) => {
                let end = end.min(packed.len());
                let start = start.min(end);
                let mut elements = packed.iter();
                if end < packed.len() {
                    elements.nth_back(packed.len() - end - 1);
                }
                if start > 0 {
                    elements.nth(start - 1);
                }
                Range(Elements::Packed(elements))
            }
            Form::Large(large) => Range(Elements::Large(large.range(start, end))),
        }
    }

    /// All members in order, with their scores.
    #[must_use]
    pub fn iter(&self) -> Range<'_> {
        self.range(0, usize::MAX)
    }

    /// Gives `member` the score that `decide` returns for the one it has; nothing happens when
    /// that is none. A score that is equal to the one before counts as the same, so that minus
    /// zero does not replace zero.
    ///
    /// # Errors
    /// What `decide` returns.
    pub(crate) fn update<E>(
        &mut self,
        member: &[u8],
        limits: &PackingLimits,
        decide: impl FnOnce(Option<f64>) -> Result<Option<f64>, E>,
    ) -> Result<ScoreUpdate, E> {
        let packed = match &mut self.0 {
            Form::Large(large) => return large.update(member, decide),
            Form::Packed(packed) => packed,
        };
        let mut found = None;
        for (place, element) in packed.iter().enumerate() {
            let (other, score) = unpack(element);
            if other == member {
                found = Some((place, score));
                break;
            }
        }
        let Some(new) = decide(found.map(|(_, score)| score))? else {
            return Ok(ScoreUpdate::Declined);
        };
        let Some((place, old)) = found else {
            let fits = (packed.len() as u64) < limits.members.min(MAX_PACKED)
                && member.len() as u64 <= limits.member_bytes;
            if fits {
                packed.insert(packed_place(packed, member, new), &pack(member, new));
            } else {
                let mut large = Large::from_sorted(limits, packed.iter().map(unpack));
                large.add(member, new);
                self.0 = Form::Large(Box::new(large));
            }
            return Ok(ScoreUpdate::Added(new));
        };
        #[expect(clippy::float_cmp, reason = "the same score is what is meant")]
        if old == new {
            return Ok(ScoreUpdate::Same(new));
        }
        packed.remove(place, 1);
        packed.insert(packed_place(packed, member, new), &pack(member, new));
        Ok(ScoreUpdate::Changed(new))
    }

    /// Gives `member` this score, whatever it had before.
    pub(crate) fn insert(
        &mut self,
        member: &[u8],
        score: f64,
        limits: &PackingLimits,
    ) -> ScoreUpdate {
        let decided: Result<ScoreUpdate, core::convert::Infallible> =
            self.update(member, limits, |_| Ok(Some(score)));
        match decided {
            Ok(update) => update,
            Err(never) => match never {},
        }
    }

    /// Takes out `member` and returns its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Form::Packed(packed) => {
                let mut elements = packed.iter().map(unpack).enumerate();
                let (place, (_, score)) = elements.find(|(_, (other, _))| *other == member)?;
                packed.remove(place, 1);
                Some(score)
            }
            Form::Large(large) => large.remove(member),
        }
    }

    /// Takes out the members from place `start` up to and without `end`. Returns how many.
    pub fn remove_range(&mut self, start: usize, end: usize) -> usize {
        let end = end.min(self.len());
        let count = end.saturating_sub(start);
        match &mut self.0 {
            Form::Packed(packed) if count > 0 => packed.remove(start, count),
            Form::Packed(_) => {}
            Form::Large(large) => (0..count).for_each(|_| large.remove_at(start)),
        }
        count
    }

    /// Calls `visit` for members and scores from `cursor` on, about `count`, and returns the
    /// cursor to go on with, 0 at the end. A packed set is visited as a whole. What is there from
    /// the start of a scan to its end is visited at least once.
    pub fn scan(&self, cursor: u64, count: u64, mut visit: impl FnMut(&[u8], f64)) -> u64 {
        match &self.0 {
            Form::Packed(packed) => {
                packed.iter().map(unpack).for_each(|(member, score)| visit(member, score));
                0
            }
            Form::Large(large) => large.scan(cursor, count, visit),
        }
    }

    /// How it is held, as OBJECT ENCODING names it.
    #[must_use]
    pub const fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Packed(_) => "listpack",
            Form::Large(_) => "btree",
        }
    }

    /// What it holds on the heap, on a 64-bit machine.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        match &self.0 {
            Form::Packed(packed) => packed.size_bytes() as u64,
            Form::Large(large) => large.memory_bytes(),
        }
    }

    /// Adds the members with their scores, in order.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_count(self.len());
        for (member, score) in self.iter() {
            digest.put_bytes(member);
            digest.put_u64(score.to_bits());
        }
    }

    /// Adds the content: the same as [`Self::digest_into`], because the order is part of it.
    pub fn content_digest_into(&self, digest: &mut Digest) {
        self.digest_into(digest);
    }
}

impl PartialEq for SortedSet {
    fn eq(&self, other: &Self) -> bool {
        let exactly = |(member, score): (_, f64)| (member, score.to_bits());
        self.iter().map(exactly).eq(other.iter().map(exactly))
    }
}

impl Eq for SortedSet {}

/// Members with their scores, in order; also from the back.
#[derive(Clone, Debug)]
pub struct Range<'a>(Elements<'a>);

#[derive(Clone, Debug)]
enum Elements<'a> {
    Packed(packed::Iter<'a>),
    Large(large::Range<'a>),
}

impl<'a> Iterator for Range<'a> {
    type Item = (&'a [u8], f64);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Elements::Packed(elements) => elements.next().map(unpack),
            Elements::Large(elements) => elements.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            Elements::Packed(elements) => elements.len(),
            Elements::Large(elements) => elements.len(),
        };
        (left, Some(left))
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Elements::Packed(elements) => elements.next_back().map(unpack),
            Elements::Large(elements) => elements.next_back(),
        }
    }
}

impl ExactSizeIterator for Range<'_> {}

#[cfg(test)]
mod tests;

//! From where to where: by rank, by score, or by the bytes of members.

use core::ops::Range;

use crate::command::{Call, CommandError};
use crate::number::parse_loose_float;
use crate::value::SortedSet;

/// What a range goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Lex,
}

/// Both ends of a range.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bounds<'a> {
    /// Places, from the end when negative; both ends are inside.
    Rank(i64, i64),
    Score(ScoreEnd, ScoreEnd),
    Lex(LexEnd<'a>, LexEnd<'a>),
}

/// One end of a range of scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScoreEnd {
    score: f64,
    exclusive: bool,
}

/// One end of a range of members with equal scores.
#[derive(Clone, Copy, Debug)]
pub(super) enum LexEnd<'a> {
    /// `-`
    Before,
    /// `[member`
    With(&'a [u8]),
    /// `(member`
    Without(&'a [u8]),
    /// `+`
    Behind,
}

impl ScoreEnd {
    #[doc(alias = "zslParseRange")]
    fn parse(text: &[u8]) -> Result<Self, CommandError> {
        let (exclusive, number) = match text {
            [b'(', number @ ..] => (true, number),
            number => (false, number),
        };
        let score =
            parse_loose_float(number).ok_or(CommandError::text("ERR min or max is not a float"))?;
        Ok(Self { score, exclusive })
    }

    /// Members that a range with this least end leaves out.
    fn leaves_below(self, score: f64) -> bool {
        if self.exclusive { score <= self.score } else { score < self.score }
    }

    /// Members that a range with this greatest end does not leave out.
    fn reaches(self, score: f64) -> bool {
        if self.exclusive { score < self.score } else { score <= self.score }
    }
}

impl<'a> LexEnd<'a> {
    #[doc(alias = "zslParseLexRangeItem")]
    fn parse(text: &'a [u8]) -> Result<Self, CommandError> {
        match text {
            // Redis sees the end of a text in a zero byte here.
            [b'-'] | [b'-', 0, ..] => Ok(Self::Before),
            [b'+'] | [b'+', 0, ..] => Ok(Self::Behind),
            [b'[', member @ ..] => Ok(Self::With(member)),
            [b'(', member @ ..] => Ok(Self::Without(member)),
            _ => Err(CommandError::text("ERR min or max not valid string range item")),
        }
    }

    fn leaves_below(self, member: &[u8]) -> bool {
        match self {
            Self::Before => false,
            Self::With(least) => member < least,
            Self::Without(least) => member <= least,
            Self::Behind => true,
        }
    }

    fn reaches(self, member: &[u8]) -> bool {
        match self {
            Self::Before => false,
            Self::With(most) => member <= most,
            Self::Without(most) => member < most,
            Self::Behind => true,
        }
    }
}

impl<'a> Bounds<'a> {
    /// Reads word `least` and word `most`.
    pub(super) fn parse(
        call: &Call<'a, '_>,
        by: By,
        least: usize,
        most: usize,
    ) -> Result<Self, CommandError> {
        let (first, second) = (call.word(least), call.word(most));
        Ok(match by {
            By::Rank => Self::Rank(call.integer(least)?, call.integer(most)?),
            By::Score => Self::Score(ScoreEnd::parse(first)?, ScoreEnd::parse(second)?),
            By::Lex => Self::Lex(LexEnd::parse(first)?, LexEnd::parse(second)?),
        })
    }

    /// The places of `set` between these bounds, in the order of scores. Ranks count from the
    /// other end when `reverse`.
    pub(super) fn places(self, set: &SortedSet, reverse: bool) -> Range<usize> {
        let (start, end) = match self {
            Self::Rank(first, last) => {
                let (length, ranks) = (set.len(), ranks(first, last, set.len()));
                if reverse {
                    (length - ranks.end, length - ranks.start)
                } else {
                    (ranks.start, ranks.end)
                }
            }
            Self::Score(least, most) => (
                set.count_before(|score, _| least.leaves_below(score)),
                set.count_before(|score, _| most.reaches(score)),
            ),
            Self::Lex(least, most) if has_one_score(set) => (
                set.count_before(|_, member| least.leaves_below(member)),
                set.count_before(|_, member| most.reaches(member)),
            ),
            Self::Lex(least, most) => walk(set, least, most),
        };
        start..end.max(start)
    }
}

/// Whether the order is that of the members alone.
fn has_one_score(set: &SortedSet) -> bool {
    let score = |(_, score): (&[u8], f64)| score.to_bits();
    set.iter().next().map(score) == set.iter().next_back().map(score)
}

/// The places between bounds of members where scores differ. Redis promises nothing for such a
/// set. Here the log must lead to the same dataset whatever form a set has when it is loaded, so
/// the members are met one after the other, as in a packed set of Redis: a search would depend on
/// the shape of what is searched.
fn walk(set: &SortedSet, least: LexEnd<'_>, most: LexEnd<'_>) -> (usize, usize) {
    let (Some((first, _)), Some((last, _))) = (set.iter().next(), set.iter().next_back()) else {
        return (0, 0);
    };
    if !most.reaches(first) || least.leaves_below(last) {
        return (0, 0);
    }
    let start = set.iter().take_while(|(member, _)| least.leaves_below(member)).count();
    let inside = set.iter().skip(start).take_while(|(member, _)| most.reaches(member)).count();
    (start, start + inside)
}

/// Places from rank `first` to rank `last`, both inside, from the end when negative.
fn ranks(first: i64, last: i64, length: usize) -> Range<usize> {
    let count = i64::try_from(length).unwrap_or(i64::MAX);
    let from_front = |rank: i64| if rank < 0 { rank.saturating_add(count) } else { rank };
    let first = from_front(first).max(0);
    let last = from_front(last).min(count - 1);
    if first > last {
        return 0..0;
    }
    let place = |rank: i64| usize::try_from(rank).unwrap_or(length);
    place(first)..place(last + 1)
}

/// What LIMIT leaves of `places`: `count` of them behind the first `offset`, counted from the end
/// when `reverse`. A negative offset leaves nothing, a negative count takes all.
pub(super) fn window(places: Range<usize>, offset: i64, count: i64, reverse: bool) -> Range<usize> {
    let Ok(offset) = usize::try_from(offset) else { return places.start..places.start };
    let skipped = offset.min(places.len());
    let left = places.len() - skipped;
    let taken = if count < 0 { left } else { usize::try_from(count).unwrap_or(left).min(left) };
    if reverse {
        let end = places.end - skipped;
        end - taken..end
    } else {
        let start = places.start + skipped;
        start..start + taken
    }
}

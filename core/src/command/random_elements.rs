//! Random elements of a collection: HRANDFIELD, SRANDMEMBER, ZRANDMEMBER, SPOP.
//!
//! All draws are the executor's, and depend on the number of elements and the count alone.

use std::collections::BTreeSet;

use crate::command::{Call, CommandError};
use crate::number::parse_integer;
use crate::random::Random;
use crate::resp::Reply;
use crate::value::Kind;

/// A reply with elements that may repeat is as long as the client wants it. Redis lets it grow
/// until memory ends; here it ends with an error.
const REPEATED_REPLY_LIMIT_BYTES: usize = 128 * 1024 * 1024;

/// The shortest element of a reply: an empty bulk string.
const SHORTEST_BULK_BYTES: u64 = 6;

/// How many elements are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// So many different ones, or all if there are fewer.
    Distinct(u64),
    /// Exactly so many, each drawn from all.
    Repeated(u64),
}

impl Count {
    /// Reads a count: negative for elements that may repeat. `most` is the largest magnitude.
    pub(super) fn parse(word: &[u8]) -> Result<Self, CommandError> {
        let number = parse_integer(word).ok_or(CommandError::NotInteger)?;
        if number == i64::MIN {
            return Err(CommandError::OutOfRange { least: -i64::MAX, most: i64::MAX });
        }
        let magnitude = number.unsigned_abs();
        Ok(if number < 0 { Self::Repeated(magnitude) } else { Self::Distinct(magnitude) })
    }

    /// The same, unless twice as many do not fit into a reply's count.
    pub(super) fn halved(self) -> Result<Self, CommandError> {
        let (Self::Distinct(count) | Self::Repeated(count)) = self;
        if count > i64::MAX.unsigned_abs() / 2 { Err(out_of_range()) } else { Ok(self) }
    }
}

fn out_of_range() -> CommandError {
    CommandError::text("ERR value is out of range")
}

/// The collection at `key` with what it takes to draw from it and to reply. Counts a hit or a miss.
pub(super) fn open<'s, 'c, T: Kind>(
    call: &'s mut Call<'_, 'c>,
    key: &[u8],
) -> Result<Option<(&'s T, &'s mut Random, &'s mut Reply<'c>)>, CommandError> {
    call.read_of::<T>(key)?;
    let executor = &mut *call.executor;
    let collection = executor.keyspace.db(call.session.db).get(key).and_then(T::of);
    Ok(collection.map(|collection| (collection, &mut executor.random, &mut call.reply)))
}

/// One position below `size`.
pub(super) fn one(random: &mut Random, size: usize) -> usize {
    usize::try_from(random.below(size as u64)).unwrap_or(0)
}

/// `count` different positions below `size` in ascending order, each choice with the same chance;
/// all when there are no more.
pub(super) fn distinct(random: &mut Random, count: u64, size: usize) -> Vec<usize> {
    let Some(count) = usize::try_from(count).ok().filter(|&count| count < size) else {
        return (0..size).collect();
    };
    if count >= size / 4 {
        // Knuth, The Art of Computer Programming, volume 2, algorithm S.
        let mut wanted = count;
        let takes = |&position: &usize| {
            let takes = one(random, size - position) < wanted;
            wanted -= usize::from(takes);
            takes
        };
        return (0..size).filter(takes).collect();
    }
    // Floyd's: as many draws as elements, however many there are to choose from.
    let mut chosen = BTreeSet::new();
    for most in size - count..size {
        let position = one(random, most + 1);
        if !chosen.insert(position) {
            chosen.insert(most);
        }
    }
    chosen.into_iter().collect()
}

/// Draws `count` positions below `size` and calls `write` for each.
///
/// # Errors
/// When the reply becomes too long. What was written is the caller's to take back; the executor
/// does so.
pub(super) fn repeat(
    reply: &mut Reply<'_>,
    random: &mut Random,
    count: u64,
    size: usize,
    mut write: impl FnMut(&mut Reply<'_>, usize),
) -> Result<(), CommandError> {
    if count > REPEATED_REPLY_LIMIT_BYTES as u64 / SHORTEST_BULK_BYTES {
        return Err(out_of_range());
    }
    let start = reply.position();
    for _ in 0..count {
        write(reply, one(random, size));
        if reply.position() - start > REPEATED_REPLY_LIMIT_BYTES {
            return Err(out_of_range());
        }
        if reply.is_full() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every choice of `count` out of `size` comes up, and about equally often.
    #[test]
    fn distinct_positions_are_fair() {
        const DRAWS: usize = 4_000;
        for size in 1..9_usize {
            for count in 0..=size + 1 {
                let mut random = Random::new(size as u64);
                let mut times = vec![0_usize; size];
                let mut choices = BTreeSet::new();
                for _ in 0..DRAWS {
                    let positions = distinct(&mut random, count as u64, size);
                    assert_eq!(positions.len(), count.min(size));
                    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
                    positions.iter().for_each(|&position| times[position] += 1);
                    choices.insert(positions);
                }
                let expected = DRAWS * count.min(size) / size;
                let near = |&time: &usize| time.abs_diff(expected) <= DRAWS / 20;
                assert!(times.iter().all(near), "{count} of {size}: {times:?}");
                let (taken, left) = (count.min(size), size - count.min(size));
                let product = |range: core::ops::RangeInclusive<usize>| range.product::<usize>();
                assert_eq!(choices.len(), product(left + 1..=size) / product(1..=taken));
            }
        }
    }

    #[test]
    fn a_count_has_its_borders() {
        let max = i64::MAX.unsigned_abs();
        assert_eq!(Count::parse(b"-9223372036854775807"), Ok(Count::Repeated(max)));
        assert_eq!(Count::parse(b"9223372036854775807"), Ok(Count::Distinct(max)));
        assert!(Count::parse(b"-9223372036854775808").is_err());
        assert!(Count::Distinct(max / 2).halved().is_ok());
        assert!(Count::Repeated(max / 2 + 1).halved().is_err());
    }
}

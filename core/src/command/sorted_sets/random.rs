//! ZRANDMEMBER.

use std::collections::BTreeSet;

use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::random::Random;
use crate::value::SortedSet;

/// Most members that one command replies with repetitions. Without a bound a few bytes would ask
/// for any amount of memory; Redis has none and dies.
const MOST_REPEATED: u64 = 1 << 20;

/// A set with no more than so many members for each one asked for is drawn from by shuffling.
const SHUFFLED: usize = 3;

/// `ZRANDMEMBER key [count [WITHSCORES]]`
pub(in crate::command) fn zrandmember<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    if call.argv.len() == 2 {
        return one(call);
    }
    let count = call.integer(2)?;
    if count == i64::MIN {
        return Err(CommandError::OutOfRange { least: -i64::MAX, most: i64::MAX });
    }
    let with_scores = match call.argv.len() {
        3 => false,
        4 if call.word(3).eq_ignore_ascii_case(b"WITHSCORES") => true,
        _ => return Err(CommandError::Syntax),
    };
    let too_many = count < 0 && count.unsigned_abs() > MOST_REPEATED;
    if too_many || (with_scores && count.unsigned_abs() > i64::MAX as u64 / 2) {
        return Err(CommandError::text("ERR value is out of range"));
    }
    many(call, count, with_scores)
}

fn one<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    // Cloned and put back, because the set is borrowed from the executor as well.
    let mut random = call.executor.random.clone();
    let (set, reply) = call.read_of::<SortedSet>(call.word(1))?;
    let Some(set) = set else {
        reply.null_bulk();
        return Ok(Change::None);
    };
    let place = below(&mut random, set.len());
    reply.bulk_or_null(set.get(place).map(|(member, _)| member));
    call.executor.random = random;
    Ok(Change::None)
}

#[doc(alias = "zrandmemberWithCountCommand")]
fn many<'a>(
    call: &mut Call<'a, '_>,
    count: i64,
    with_scores: bool,
) -> Result<Change<'a>, CommandError> {
    let mut random = call.executor.random.clone();
    let (set, reply) = call.read_of::<SortedSet>(call.word(1))?;
    let Some(set) = set.filter(|_| count != 0) else {
        reply.array(0);
        return Ok(Change::None);
    };
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let places: Vec<usize> = if count < 0 {
        (0..wanted).map(|_| below(&mut random, set.len())).collect()
    } else if wanted >= set.len() {
        // All of them, the last first, as Redis does.
        (0..set.len()).rev().collect()
    } else {
        distinct(&mut random, set.len(), wanted)
    };
    reply.array(places.len() * if with_scores { 2 } else { 1 });
    for (member, score) in places.into_iter().filter_map(|place| set.get(place)) {
        reply.bulk(member);
        if with_scores {
            reply.double(score);
        }
    }
    call.executor.random = random;
    Ok(Change::None)
}

fn below(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.below(length as u64)).unwrap_or(0)
}

/// `wanted` different numbers below `length`, in random order.
fn distinct(random: &mut Random, length: usize, wanted: usize) -> Vec<usize> {
    if length / SHUFFLED <= wanted {
        let mut places: Vec<usize> = (0..length).collect();
        for index in 0..wanted {
            let other = index + below(random, length - index);
            places.swap(index, other);
        }
        places.truncate(wanted);
        return places;
    }
    let mut seen = BTreeSet::new();
    let mut places = Vec::with_capacity(wanted);
    while places.len() < wanted {
        let place = below(random, length);
        if seen.insert(place) {
            places.push(place);
        }
    }
    places
}

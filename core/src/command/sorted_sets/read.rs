//! What is there: scores, ranks, counts.

use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::value::SortedSet;

use super::bounds::{Bounds, By};

pub(in crate::command) fn zcard<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (set, reply) = call.read_of::<SortedSet>(call.word(1))?;
    reply.count(set.map_or(0, SortedSet::len));
    Ok(Change::None)
}

pub(in crate::command) fn zscore<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let member = call.word(2);
    let (set, reply) = call.read_of::<SortedSet>(call.word(1))?;
    match set.and_then(|set| set.score(member)) {
        Some(score) => reply.double(score),
        None => reply.null_bulk(),
    }
    Ok(Change::None)
}

pub(in crate::command) fn zmscore<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let members = call.argv.skip(2);
    let (set, reply) = call.read_of::<SortedSet>(call.word(1))?;
    reply.array(members.len());
    for member in members {
        match set.and_then(|set| set.score(member)) {
            Some(score) => reply.double(score),
            None => reply.null_bulk(),
        }
    }
    Ok(Change::None)
}

pub(in crate::command) fn zrank<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    rank(call, |_, rank| rank)
}

pub(in crate::command) fn zrevrank<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    rank(call, |length, rank| length - 1 - rank)
}

#[doc(alias = "zrankGenericCommand")]
fn rank<'a>(
    call: &mut Call<'a, '_>,
    of: impl Fn(usize, usize) -> usize,
) -> Result<Change<'a>, CommandError> {
    let member = call.word(2);
    let (set, reply) = call.read_of::<SortedSet>(call.word(1))?;
    match set.and_then(|set| Some(of(set.len(), set.rank(member)?))) {
        Some(rank) => reply.count(rank),
        None => reply.null_bulk(),
    }
    Ok(Change::None)
}

pub(in crate::command) fn zcount<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    count(call, By::Score)
}

pub(in crate::command) fn zlexcount<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    count(call, By::Lex)
}

fn count<'a>(call: &mut Call<'a, '_>, by: By) -> Result<Change<'a>, CommandError> {
    let bounds = Bounds::parse(call, by, 2, 3)?;
    let (set, reply) = call.read_of::<SortedSet>(call.word(1))?;
    reply.count(set.map_or(0, |set| bounds.places(set, false).len()));
    Ok(Change::None)
}

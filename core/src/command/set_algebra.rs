//! SINTER, SUNION, SDIFF and the forms of them that store.
//!
//! None is quadratic. An intersection asks the larger sets about the members of the smallest. A
//! difference either asks all others about the members of the first, or takes the members of all
//! others out of a copy, whichever is less; the choice is Redis's.

use crate::command::sets::limits;
use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::value::{Kind, Limits, Set, Value};

#[derive(Clone, Copy, Debug)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

pub(super) fn sinter<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    show(call, Operation::Intersection)
}

pub(super) fn sunion<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    show(call, Operation::Union)
}

pub(super) fn sdiff<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    show(call, Operation::Difference)
}

pub(super) fn sinterstore<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    store(call, Operation::Intersection)
}

pub(super) fn sunionstore<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    store(call, Operation::Union)
}

pub(super) fn sdiffstore<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    store(call, Operation::Difference)
}

/// All keys are arguments; the reply holds the members.
fn show<'a>(call: &mut Call<'a, '_>, operation: Operation) -> Result<Change<'a>, CommandError> {
    // Each key has its type looked at, also behind one that is missing.
    for key in call.argv.skip(1) {
        call.read_of::<Set>(key)?;
    }
    let limits = limits(call);
    let database = call.executor.keyspace.db(call.session.db);
    let mut sets: Vec<Option<&Set>> =
        call.argv.skip(1).map(|key| database.get(key).and_then(Set::of)).collect();
    let reply = &mut call.reply;
    let start = reply.position();
    let mut count = 0;
    let mut write = |member: &[u8]| {
        reply.bulk(member);
        count += 1;
    };
    match operation {
        Operation::Intersection => intersect(&sets, &mut write),
        Operation::Union => union(&sets, &limits).iter().for_each(|member| write(&member)),
        Operation::Difference => difference(&mut sets, &limits, &mut write),
    }
    call.reply.insert_array(start, count);
    Ok(Change::None)
}

/// The first key gets the result, or is deleted if there is none; the reply is its size.
fn store<'a>(call: &mut Call<'a, '_>, operation: Operation) -> Result<Change<'a>, CommandError> {
    let (destination, keys) = (call.word(1), call.argv.skip(2));
    // Each key has its type looked at, also behind one that is missing.
    for key in keys.clone() {
        call.write_of::<Set>(key)?;
    }
    let limits = limits(call);
    let database = call.executor.keyspace.db(call.session.db);
    let mut sets: Vec<Option<&Set>> = keys.map(|key| database.get(key).and_then(Set::of)).collect();
    let mut result = Set::default();
    let mut write = |member: &[u8]| {
        result.add(member, &limits);
    };
    match operation {
        Operation::Intersection => intersect(&sets, &mut write),
        Operation::Union => result = union(&sets, &limits),
        Operation::Difference => difference(&mut sets, &limits, &mut write),
    }
    Ok(replace(call, destination, result))
}

/// A change only if something was stored or deleted. It is logged as it came: the sets that it
/// is made from are the same when the log is replayed.
fn replace<'a>(call: &mut Call<'a, '_>, key: &[u8], result: Set) -> Change<'a> {
    call.reply.count(result.len());
    if result.is_empty() {
        return if call.delete(key) { Change::Verbatim } else { Change::None };
    }
    call.expire_if_needed(key);
    call.db_mut().insert(key, Value::Set(result));
    call.changed(key);
    Change::Verbatim
}

/// In the order of the smallest set, the first of these if there are several. Nothing if one is
/// missing.
#[doc(alias = "sinterGenericCommand")]
fn intersect(sets: &[Option<&Set>], write: &mut impl FnMut(&[u8])) {
    let Some(mut sets) = sets.iter().copied().collect::<Option<Vec<&Set>>>() else { return };
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    for member in *smallest {
        if others.iter().all(|set| set.contains(&member)) {
            write(&member);
        }
    }
}

#[doc(alias = "sunionDiffGenericCommand")]
fn union(sets: &[Option<&Set>], limits: &Limits) -> Set {
    let mut union = Set::default();
    for member in sets.iter().flatten().copied().flatten() {
        union.add(&member, limits);
    }
    union
}

fn difference(sets: &mut [Option<&Set>], limits: &Limits, write: &mut impl FnMut(&[u8])) {
    let Some((Some(first), others)) = sets.split_first_mut() else { return };
    let mut others: Vec<&Set> = others.iter().copied().flatten().collect();
    let asked = first.len().saturating_mul(others.len()) / 2;
    let taken = others.iter().fold(first.len(), |sum, set| sum.saturating_add(set.len()));
    if asked <= taken {
        // A large set is the likeliest to hold a member.
        others.sort_by_key(|set| core::cmp::Reverse(set.len()));
        for member in *first {
            if !others.iter().any(|set| set.contains(&member)) {
                write(&member);
            }
        }
        return;
    }
    let mut rest = Set::default();
    first.iter().for_each(|member| {
        rest.add(&member, limits);
    });
    for member in others.into_iter().flatten() {
        if rest.is_empty() {
            break;
        }
        rest.remove(&member);
    }
    rest.iter().for_each(|member| write(&member));
}

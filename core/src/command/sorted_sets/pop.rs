//! ZPOPMIN and ZPOPMAX.

use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::value::SortedSet;

use super::removed;

/// `ZPOPMIN key [count]`
pub(in crate::command) fn zpopmin<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    pop(call, false)
}

/// `ZPOPMAX key [count]`
pub(in crate::command) fn zpopmax<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    pop(call, true)
}

/// A count of zero or less pops nothing and does not look at the key.
#[doc(alias = "genericZpopCommand")]
fn pop<'a>(call: &mut Call<'a, '_>, greatest: bool) -> Result<Change<'a>, CommandError> {
    let count = match call.argv.len() {
        2 => 1,
        3 => usize::try_from(call.integer(2)?.max(0)).unwrap_or(usize::MAX),
        _ => return Err(CommandError::Syntax),
    };
    let key = call.word(1);
    if count == 0 {
        call.reply.array(0);
        return Ok(Change::None);
    }
    call.expire_if_needed(key);
    let executor = &mut *call.executor;
    let value = executor.keyspace.db_mut(call.session.db).get_mut(key);
    let Some(value) = value else {
        call.reply.array(0);
        return Ok(Change::None);
    };
    let set = <SortedSet as crate::value::Kind>::of_mut(value).ok_or(CommandError::WrongType)?;
    let taken = count.min(set.len());
    let reply = &mut call.reply;
    reply.array(taken * 2);
    let start = if greatest { set.len() - taken } else { 0 };
    let mut put = |(member, score): (&[u8], f64)| {
        reply.bulk(member);
        reply.double(score);
    };
    let elements = set.range(start, start + taken);
    if greatest {
        elements.rev().for_each(&mut put);
    } else {
        elements.for_each(&mut put);
    }
    set.remove_range(start, start + taken);
    Ok(removed(call, key, taken))
}

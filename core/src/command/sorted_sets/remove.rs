//! ZREM, and ranges that are taken out.

use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::value::SortedSet;

use super::bounds::{Bounds, By};
use super::removed;

/// `ZREM key member ...`
pub(in crate::command) fn zrem<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, members) = (call.word(1), call.argv.skip(2));
    let set = call.write_of::<SortedSet>(key)?;
    let count = set.map_or(0, |set| members.filter(|member| set.remove(member).is_some()).count());
    call.reply.count(count);
    Ok(removed(call, key, count))
}

/// `ZREMRANGEBYRANK key start stop`
pub(in crate::command) fn zremrangebyrank<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    remove_range(call, By::Rank)
}

/// `ZREMRANGEBYSCORE key min max`
pub(in crate::command) fn zremrangebyscore<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    remove_range(call, By::Score)
}

/// `ZREMRANGEBYLEX key min max`
pub(in crate::command) fn zremrangebylex<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    remove_range(call, By::Lex)
}

#[doc(alias = "zremrangeGenericCommand")]
fn remove_range<'a>(call: &mut Call<'a, '_>, by: By) -> Result<Change<'a>, CommandError> {
    let bounds = Bounds::parse(call, by, 2, 3)?;
    let key = call.word(1);
    let count = call.write_of::<SortedSet>(key)?.map_or(0, |set| {
        let places = bounds.places(set, false);
        set.remove_range(places.start, places.end)
    });
    call.reply.count(count);
    Ok(removed(call, key, count))
}

//! ZRANDMEMBER.

use crate::command::random_elements::{Count, distinct, one, open, repeat};
use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::resp::Reply;
use crate::value::SortedSet;

/// `ZRANDMEMBER key [count [WITHSCORES]]`
pub(in crate::command) fn zrandmember<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    if call.argv.len() == 2 {
        match open::<SortedSet>(call, key)? {
            Some((set, random, reply)) => {
                let member = set.get(one(random, set.len())).map(|(member, _)| member);
                reply.bulk_or_null(member);
            }
            None => call.reply.null_bulk(),
        }
        return Ok(Change::None);
    }
    let count = Count::parse(call.word(2))?;
    let with_scores = match call.argv.len() {
        3 => false,
        4 if call.word(3).eq_ignore_ascii_case(b"WITHSCORES") => true,
        _ => return Err(CommandError::Syntax),
    };
    let count = if with_scores { count.halved()? } else { count };
    many(call, key, count, with_scores)?;
    Ok(Change::None)
}

#[doc(alias = "zrandmemberWithCountCommand")]
fn many(
    call: &mut Call<'_, '_>,
    key: &[u8],
    count: Count,
    with_scores: bool,
) -> Result<(), CommandError> {
    let Some((set, random, reply)) = open::<SortedSet>(call, key)? else {
        call.reply.array(0);
        return Ok(());
    };
    let put = |reply: &mut Reply<'_>, place: usize| {
        if let Some((member, score)) = set.get(place) {
            reply.bulk(member);
            if with_scores {
                reply.double(score);
            }
        }
    };
    let words = |elements: usize| if with_scores { elements * 2 } else { elements };
    match count {
        Count::Distinct(count) => {
            let mut places = distinct(random, count, set.len());
            if places.len() == set.len() {
                // All of them, the last first, as in Redis.
                places.reverse();
            }
            reply.array(words(places.len()));
            places.into_iter().for_each(|place| put(reply, place));
            Ok(())
        }
        Count::Repeated(count) => {
            let start = reply.position();
            repeat(reply, random, count, set.len(), put)?;
            reply.insert_array(start, words(usize::try_from(count).unwrap_or(usize::MAX)));
            Ok(())
        }
    }
}

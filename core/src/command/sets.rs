//! SADD, SPOP and their relatives. What combines sets is in `command/set_algebra.rs`.

use crate::command::random_elements::{self, Count};
use crate::command::{Call, CommandError};
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::value::{CompactBytes, Kind, Limits, Member, Set};

pub(super) fn limits(call: &Call<'_, '_>) -> Limits {
    let executor = &call.executor;
    Limits::of_sets(executor.config.set_max_intset_entries, executor.keyspace.hash_seed())
}

pub(super) fn sadd<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, argv) = (call.word(1), call.argv);
    let limits = limits(call);
    let set = call.write_or_create::<Set>(key)?;
    let added = argv.skip(2).filter(|member| set.add(member, &limits)).count();
    call.reply.count(added);
    if added == 0 {
        return Ok(Change::None);
    }
    call.changed(key);
    Ok(Change::Verbatim)
}

pub(super) fn srem<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, argv) = (call.word(1), call.argv);
    let removed = match call.write_of::<Set>(key)? {
        Some(set) => argv.skip(2).filter(|member| set.remove(member)).count(),
        None => 0,
    };
    call.reply.count(removed);
    if removed == 0 {
        return Ok(Change::None);
    }
    call.collection_changed(key);
    Ok(Change::Verbatim)
}

pub(super) fn smove<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (source, destination, member) = (call.word(1), call.word(2), call.word(3));
    call.expire_if_needed(source);
    call.expire_if_needed(destination);
    let Some(set) = call.write_of::<Set>(source)? else {
        call.reply.integer(0);
        return Ok(Change::None);
    };
    let is_member = set.contains(member);
    call.write_of::<Set>(destination)?;
    call.reply.integer(i64::from(is_member));
    if !is_member || source == destination {
        return Ok(Change::None);
    }
    if let Some(set) = call.write_of::<Set>(source)? {
        set.remove(member);
    }
    call.collection_changed(source);
    let limits = limits(call);
    if call.write_or_create::<Set>(destination)?.add(member, &limits) {
        call.changed(destination);
    }
    Ok(Change::Verbatim)
}

pub(super) fn smembers<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (set, reply) = call.read_of::<Set>(call.word(1))?;
    reply.array(set.map_or(0, Set::len));
    set.into_iter().flatten().for_each(|member| reply.bulk(&member));
    Ok(Change::None)
}

pub(super) fn sismember<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let member = call.word(2);
    let (set, reply) = call.read_of::<Set>(call.word(1))?;
    reply.integer(i64::from(set.is_some_and(|set| set.contains(member))));
    Ok(Change::None)
}

pub(super) fn smismember<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let members = call.argv.skip(2);
    let (set, reply) = call.read_of::<Set>(call.word(1))?;
    reply.array(members.len());
    for member in members {
        reply.integer(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(Change::None)
}

pub(super) fn scard<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (set, reply) = call.read_of::<Set>(call.word(1))?;
    reply.count(set.map_or(0, Set::len));
    Ok(Change::None)
}

/// `SPOP key [count]`. Logged as the removal of what was drawn, or as a deletion if all was asked
/// for.
pub(super) fn spop<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, argv) = (call.word(1), call.argv);
    let count = match argv.get(2) {
        None => None,
        Some(_) if argv.len() > 3 => return Err(CommandError::Syntax),
        Some(word) => {
            let count = parse_integer(word).and_then(|count| u64::try_from(count).ok());
            let out_of_range =
                const { CommandError::text("ERR value is out of range, must be positive") };
            Some(count.ok_or(out_of_range)?)
        }
    };
    let size = call.write_of::<Set>(key)?.map_or(0, |set| set.len());
    match count {
        None if size == 0 => call.reply.null_bulk(),
        None => return Ok(pop(call, 1, size, false)),
        Some(count) if size == 0 || count == 0 => call.reply.array(0),
        Some(count) if count >= size as u64 => {
            // Redis answers this one as it answers SUNION of one key, which reads.
            smembers(call)?;
            call.delete(key);
            return Ok(Change::Delete { key });
        }
        Some(count) => return Ok(pop(call, count, size, true)),
    }
    Ok(Change::None)
}

/// Takes `count` random members out of the set of `size` at the first key, and replies with them.
fn pop<'a>(call: &mut Call<'a, '_>, count: u64, size: usize, as_array: bool) -> Change<'a> {
    let key = call.word(1);
    let executor = &mut *call.executor;
    let database = executor.keyspace.db_mut(call.session.db);
    let mut members = Vec::new();
    if let Some(set) = database.get_mut(key).and_then(Set::of_mut) {
        let positions = random_elements::distinct(&mut executor.random, count, size);
        let drawn = positions.into_iter().filter_map(|position| set.at(position));
        members.extend(drawn.map(|member| CompactBytes::new(&member)));
        members.iter().for_each(|member| {
            set.remove(member);
        });
    }
    if as_array {
        call.reply.array(members.len());
    }
    members.iter().for_each(|member| call.reply.bulk(member));
    call.collection_changed(key);
    Change::RemoveMembers { key, members }
}

/// `SRANDMEMBER key [count]`.
pub(super) fn srandmember<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, argv) = (call.word(1), call.argv);
    let Some(count) = argv.get(2) else {
        match random_elements::open::<Set>(call, key)? {
            None => call.reply.null_bulk(),
            Some((set, random, reply)) => {
                let member = set.at(random_elements::one(random, set.len()));
                reply.bulk_or_null(member.as_deref());
            }
        }
        return Ok(Change::None);
    };
    if argv.len() > 3 {
        return Err(CommandError::Syntax);
    }
    let count = Count::parse(count)?;
    let Some((set, random, reply)) = random_elements::open::<Set>(call, key)? else {
        call.reply.array(0);
        return Ok(Change::None);
    };
    match count {
        Count::Distinct(count) => {
            let positions = random_elements::distinct(random, count, set.len());
            reply.array(positions.len());
            for position in positions {
                set.at(position).into_iter().for_each(|member| reply.bulk(&member));
            }
        }
        Count::Repeated(count) => {
            // To find one in a packed set is to walk: once is enough.
            let packed: Vec<Member<'_>> =
                if set.is_packed() { set.iter().collect() } else { Vec::new() };
            reply.array(usize::try_from(count).unwrap_or(usize::MAX));
            random_elements::repeat(reply, random, count, set.len(), |reply, position| {
                let member = packed.get(position).copied().or_else(|| set.at(position));
                member.into_iter().for_each(|member| reply.bulk(&member));
            })?;
        }
    }
    Ok(Change::None)
}

//! HSET, HGETALL and their relatives.

use crate::command::random_elements::{self, Count};
use crate::command::{Call, CommandError};
use crate::number::{LongDouble, parse_integer};
use crate::propagate::Change;
use crate::resp::Reply;
use crate::value::{Hash, Limits};

fn limits(call: &Call<'_, '_>) -> Limits {
    let config = &call.executor.config;
    Limits::of_hashes(
        config.hash_max_ziplist_entries,
        config.hash_max_ziplist_value,
        call.executor.keyspace.hash_seed(),
    )
}

pub(super) fn hset<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let created = set_fields(call)?;
    call.reply.count(created);
    Ok(Change::Verbatim)
}

pub(super) fn hmset<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    set_fields(call)?;
    call.reply.ok();
    Ok(Change::Verbatim)
}

/// Every field counts as changed, also one that gets the value it has. Returns how many are new.
#[doc(alias = "hsetCommand")]
fn set_fields(call: &mut Call<'_, '_>) -> Result<usize, CommandError> {
    let (key, argv) = (call.word(1), call.argv);
    if argv.len().is_multiple_of(2) {
        let limits = limits(call);
        let hash = call.write_or_create::<Hash>(key)?;
        let (fields, values) = (argv.skip(2).step_by(2), argv.skip(3).step_by(2));
        let created = fields.zip(values).filter(|(field, value)| hash.set(field, value, &limits));
        let created = created.count();
        call.changed(key);
        Ok(created)
    } else {
        Err(CommandError::WrongArity { command: call.command.name })
    }
}

pub(super) fn hsetnx<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, field) = (call.word(1), call.word(2));
    if call.write_of::<Hash>(key)?.is_some_and(|hash| hash.get(field).is_some()) {
        call.reply.integer(0);
        return Ok(Change::None);
    }
    set_field(call, field, call.word(3))?;
    call.reply.integer(1);
    Ok(Change::Verbatim)
}

/// `field` of the hash at the first key gets a value.
fn set_field(call: &mut Call<'_, '_>, field: &[u8], value: &[u8]) -> Result<(), CommandError> {
    let key = call.word(1);
    let limits = limits(call);
    call.write_or_create::<Hash>(key)?.set(field, value, &limits);
    call.changed(key);
    Ok(())
}

pub(super) fn hget<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let field = call.word(2);
    let (hash, reply) = call.read_of::<Hash>(call.word(1))?;
    reply.bulk_or_null(hash.and_then(|hash| hash.get(field)));
    Ok(Change::None)
}

pub(super) fn hmget<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let fields = call.argv.skip(2);
    let (hash, reply) = call.read_of::<Hash>(call.word(1))?;
    reply.array(fields.len());
    fields.for_each(|field| reply.bulk_or_null(hash.and_then(|hash| hash.get(field))));
    Ok(Change::None)
}

pub(super) fn hgetall<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    list(call, true, true)
}

pub(super) fn hkeys<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    list(call, true, false)
}

pub(super) fn hvals<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    list(call, false, true)
}

#[doc(alias = "genericHgetallCommand")]
fn list<'a>(
    call: &mut Call<'a, '_>,
    fields: bool,
    values: bool,
) -> Result<Change<'a>, CommandError> {
    let (hash, reply) = call.read_of::<Hash>(call.word(1))?;
    let words = usize::from(fields) + usize::from(values);
    reply.array(hash.map_or(0, Hash::len) * words);
    for (field, value) in hash.into_iter().flatten() {
        if fields {
            reply.bulk(field);
        }
        if values {
            reply.bulk(value);
        }
    }
    Ok(Change::None)
}

pub(super) fn hexists<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let field = call.word(2);
    let (hash, reply) = call.read_of::<Hash>(call.word(1))?;
    let exists = hash.is_some_and(|hash| hash.get(field).is_some());
    reply.integer(i64::from(exists));
    Ok(Change::None)
}

pub(super) fn hlen<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (hash, reply) = call.read_of::<Hash>(call.word(1))?;
    reply.count(hash.map_or(0, Hash::len));
    Ok(Change::None)
}

pub(super) fn hstrlen<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let field = call.word(2);
    let (hash, reply) = call.read_of::<Hash>(call.word(1))?;
    reply.count(hash.and_then(|hash| hash.get(field)).map_or(0, <[u8]>::len));
    Ok(Change::None)
}

pub(super) fn hdel<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, argv) = (call.word(1), call.argv);
    let deleted = match call.write_of::<Hash>(key)? {
        Some(hash) => argv.skip(2).filter(|field| hash.remove(field)).count(),
        None => 0,
    };
    call.reply.count(deleted);
    if deleted == 0 {
        return Ok(Change::None);
    }
    call.collection_changed(key);
    Ok(Change::Verbatim)
}

pub(super) fn hincrby<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, field) = (call.word(1), call.word(2));
    let increment = call.integer(3)?;
    let old = match call.write_of::<Hash>(key)?.and_then(|hash| hash.get(field)) {
        Some(text) => parse_integer(text)
            .ok_or(const { CommandError::text("ERR hash value is not an integer") })?,
        None => 0,
    };
    let new = old.checked_add(increment).ok_or(CommandError::Overflow)?;
    set_field(call, field, itoa::Buffer::new().format(new).as_bytes())?;
    call.reply.integer(new);
    Ok(Change::Verbatim)
}

/// Logged as its result, so that a replay elsewhere cannot round in another way.
pub(super) fn hincrbyfloat<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, field) = (call.word(1), call.word(2));
    let increment = LongDouble::parse(call.word(3)).ok_or(CommandError::NotFloat)?;
    if increment.plus(LongDouble::ZERO).is_none() {
        return Err(CommandError::text("ERR value is NaN or Infinity"));
    }
    let old = match call.write_of::<Hash>(key)?.and_then(|hash| hash.get(field)) {
        Some(text) => LongDouble::parse(text)
            .ok_or(const { CommandError::text("ERR hash value is not a float") })?,
        None => LongDouble::ZERO,
    };
    let value = old.plus(increment).ok_or(CommandError::NotFinite)?.to_text().into_bytes();
    set_field(call, field, &value)?;
    call.reply.bulk(&value);
    Ok(Change::SetField { key, field, value })
}

/// `HRANDFIELD key [count [WITHVALUES]]`.
pub(super) fn hrandfield<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, argv) = (call.word(1), call.argv);
    let Some(count) = argv.get(2) else {
        match random_elements::open::<Hash>(call, key)? {
            None => call.reply.null_bulk(),
            Some((hash, random, reply)) => {
                let position = random_elements::one(random, hash.len());
                reply.bulk_or_null(hash.at(position).map(|(field, _)| field));
            }
        }
        return Ok(Change::None);
    };
    let mut count = Count::parse(count)?;
    let with_values = match argv.get(3) {
        None => false,
        Some(word) if argv.len() == 4 && word.eq_ignore_ascii_case(b"WITHVALUES") => true,
        Some(_) => return Err(CommandError::Syntax),
    };
    if with_values {
        count = count.halved()?;
    }
    let Some((hash, random, reply)) = random_elements::open::<Hash>(call, key)? else {
        call.reply.array(0);
        return Ok(Change::None);
    };
    let words = 1 + usize::from(with_values);
    let write = |reply: &mut Reply<'_>, (field, value): (&[u8], &[u8])| {
        reply.bulk(field);
        if with_values {
            reply.bulk(value);
        }
    };
    match count {
        Count::Distinct(count) => {
            let positions = random_elements::distinct(random, count, hash.len());
            reply.array(positions.len() * words);
            for position in positions {
                hash.at(position).into_iter().for_each(|pair| write(reply, pair));
            }
        }
        Count::Repeated(count) => {
            // To find one in a packed hash is to walk: once is enough.
            let packed: Vec<_> = if hash.is_packed() { hash.iter().collect() } else { Vec::new() };
            reply.array(usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(words));
            random_elements::repeat(reply, random, count, hash.len(), |reply, position| {
                let pair = packed.get(position).copied().or_else(|| hash.at(position));
                pair.into_iter().for_each(|pair| write(reply, pair));
            })?;
        }
    }
    Ok(Change::None)
}

//! GET, SET and their relatives.

use crate::command::set_options::{Condition, Deadline, Expiry, Grammar, Options};
use crate::command::{Call, CommandError};
use crate::profile::RelativeExpiry;
use crate::propagate::Change;
use crate::resp::Argv;
use crate::value::Value;

pub(super) fn get<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.reply_string(call.word(1))?;
    Ok(Change::None)
}

pub(super) fn set<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, value) = (call.word(1), call.word(2));
    if call.argv.len() == 3 {
        call.expire_if_needed(key);
        call.set(key, value);
        call.reply.ok();
        return Ok(Change::Verbatim);
    }
    set_with_options(call, key, value)
}

/// Not inlined, so that plain SET stays small.
#[inline(never)]
fn set_with_options<'a>(
    call: &mut Call<'a, '_>,
    key: &'a [u8],
    value: &'a [u8],
) -> Result<Change<'a>, CommandError> {
    let options = Options::parse(call.argv, 3, Grammar::Set)?;
    let at = match options.expiry {
        Expiry::Until(deadline) => Some(deadline.at(call.now, call.command.name)?),
        _ => None,
    };
    let exists = call.exists(key);
    let unwanted = match options.condition {
        Condition::Always => false,
        Condition::Missing => exists,
        Condition::Present => !exists,
    };
    if unwanted {
        call.reply.null_bulk();
        return Ok(Change::None);
    }
    if options.get {
        call.reply_string(key)?;
    } else {
        call.reply.ok();
    }
    let at = match options.expiry {
        Expiry::Keep => call.db().expiry(key),
        _ => at,
    };
    call.set(key, value);
    call.db_mut().set_expiry(key, at);
    let as_a_time = call.executor.config.choices().relative_expiry == RelativeExpiry::AsATime;
    Ok(match (options.expiry, at) {
        (Expiry::Until(deadline), Some(at)) if deadline.absolute || as_a_time => {
            Change::SetUntil { key, value, at }
        }
        _ if options.get => Change::WithoutGet,
        _ => Change::Verbatim,
    })
}

pub(super) fn setnx<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    if call.exists(key) {
        call.reply.integer(0);
        return Ok(Change::None);
    }
    call.set(key, call.word(2));
    call.reply.integer(1);
    Ok(Change::Verbatim)
}

pub(super) fn setex<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    set_for(call, true)
}

pub(super) fn psetex<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    set_for(call, false)
}

fn set_for<'a>(call: &mut Call<'a, '_>, seconds: bool) -> Result<Change<'a>, CommandError> {
    let (key, value) = (call.word(1), call.word(3));
    let deadline = Deadline { number: call.word(2), seconds, absolute: false };
    let at = deadline.at(call.now, call.command.name)?;
    call.expire_if_needed(key);
    call.set(key, value);
    call.db_mut().set_expiry(key, Some(at));
    call.reply.ok();
    Ok(Change::SetUntil { key, value, at })
}

pub(super) fn getset<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, value) = (call.word(1), call.word(2));
    call.reply_string(key)?;
    call.set(key, value);
    Ok(Change::Set { key, value })
}

pub(super) fn getdel<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    if !call.reply_string(key)? {
        return Ok(Change::None);
    }
    call.delete(key);
    Ok(Change::Delete { key })
}

/// Logged as what it did to the expiry, never as it came.
pub(super) fn getex<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    let options = Options::parse(call.argv, 2, Grammar::GetEx)?;
    if call.read_string(key)?.is_none() {
        call.reply.null_bulk();
        return Ok(Change::None);
    }
    let deadline = match options.expiry {
        Expiry::Until(deadline) => Some((deadline.at(call.now, call.command.name)?, deadline)),
        _ => None,
    };
    let db = call.session.db;
    if let Some(Value::String(value)) = call.executor.keyspace.db(db).get(key) {
        call.reply.bulk(value.as_bytes());
    }
    if let Some((at, deadline)) = deadline {
        if deadline.absolute && super::expire::is_past(call, at) {
            call.delete(key);
            return Ok(Change::Delete { key });
        }
        call.db_mut().set_expiry(key, Some(at));
        call.changed(key);
        return Ok(Change::ExpireAt { key, at });
    }
    if options.expiry == Expiry::Remove && call.db().expiry(key).is_some() {
        call.db_mut().set_expiry(key, None);
        call.changed(key);
        return Ok(Change::Persist { key });
    }
    Ok(Change::None)
}

pub(super) fn append<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, tail) = (call.word(1), call.word(2));
    let limit = call.executor.config.proto_max_bulk_len;
    let length = match call.write_string(key)? {
        Some(value) => {
            check_length(value.len().saturating_add(tail.len()), limit)?;
            value.append(tail)
        }
        None => {
            call.db_mut().insert(key, Value::string(tail));
            tail.len()
        }
    };
    call.changed(key);
    call.reply.count(length);
    Ok(Change::Verbatim)
}

pub(super) fn strlen<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let length = call.read_string(call.word(1))?.map_or(0, |value| value.len());
    call.reply.count(length);
    Ok(Change::None)
}

pub(super) fn getrange<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.word(1);
    call.expire_if_needed(key);
    let db = call.session.db;
    match call.executor.keyspace.db(db).get(key) {
        None => {
            call.executor.statistics.keyspace_misses += 1;
            call.reply.bulk(b"");
        }
        Some(value) => {
            call.executor.statistics.keyspace_hits += 1;
            let string = value.as_string().ok_or(CommandError::WrongType)?;
            call.reply.bulk(string.get_range(start, end));
        }
    }
    Ok(Change::None)
}

pub(super) fn setrange<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, piece) = (call.word(1), call.word(3));
    let offset = usize::try_from(call.integer(2)?).map_err(|_| CommandError::Offset)?;
    let limit = call.executor.config.proto_max_bulk_len;
    let length = match call.write_string(key)? {
        None if piece.is_empty() => {
            call.reply.integer(0);
            return Ok(Change::None);
        }
        Some(value) if piece.is_empty() => {
            let length = value.len();
            call.reply.count(length);
            return Ok(Change::None);
        }
        Some(value) => {
            check_length(offset.saturating_add(piece.len()), limit)?;
            value.set_range(offset, piece)
        }
        None => {
            let length = offset.saturating_add(piece.len());
            check_length(length, limit)?;
            let mut bytes = vec![0; length];
            bytes[offset..].copy_from_slice(piece);
            call.db_mut().insert(key, Value::string(&bytes));
            length
        }
    };
    call.changed(key);
    call.reply.count(length);
    Ok(Change::Verbatim)
}

/// A string may not outgrow what a client could send in one word.
fn check_length(length: usize, limit: u64) -> Result<(), CommandError> {
    if length as u64 > limit { Err(CommandError::StringTooLong) } else { Ok(()) }
}

pub(super) fn mget<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.reply.array(call.argv.len() - 1);
    for key in call.argv.skip(1) {
        // A key of another type is as good as none.
        if call.reply_string(key).is_err() {
            call.reply.null_bulk();
        }
    }
    Ok(Change::None)
}

pub(super) fn mset<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    check_pairs(call.argv)?;
    set_pairs(call);
    call.reply.ok();
    Ok(Change::Verbatim)
}

pub(super) fn msetnx<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    check_pairs(call.argv)?;
    for key in call.argv.skip(1).step_by(2) {
        if call.exists(key) {
            call.reply.integer(0);
            return Ok(Change::None);
        }
    }
    set_pairs(call);
    call.reply.integer(1);
    Ok(Change::Verbatim)
}

fn check_pairs(argv: Argv<'_>) -> Result<(), CommandError> {
    if argv.len().is_multiple_of(2) {
        return Err(CommandError::text("ERR wrong number of arguments for MSET"));
    }
    Ok(())
}

fn set_pairs(call: &mut Call<'_, '_>) {
    let mut words = call.argv.skip(1);
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        call.expire_if_needed(key);
        call.set(key, value);
    }
}

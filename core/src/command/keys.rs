//! Commands for keys of any type, and for whole databases.

use crate::command::{Call, CommandError};
use crate::keyspace::Keyspace;
use crate::number::parse_integer;
use crate::propagate::Change;

pub(super) fn del<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let mut deleted = 0;
    for key in call.argv.skip(1) {
        if !call.expire_if_needed(key) && call.delete(key) {
            deleted += 1;
        }
    }
    call.reply.integer(deleted);
    Ok(if deleted > 0 { Change::Verbatim } else { Change::None })
}

pub(super) fn exists<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let count = call.argv.skip(1).filter(|key| call.read(key).is_some()).count();
    call.reply.count(count);
    Ok(Change::None)
}

/// There are no access times to set, so it counts keys as EXISTS does.
pub(super) fn touch<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    exists(call)
}

pub(super) fn type_of<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let name = call.read(call.word(1)).map_or("none", |value| value.type_name());
    call.reply.simple(name);
    Ok(Change::None)
}

pub(super) fn rename<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let moved = rename_key(call, true)?;
    call.reply.ok();
    Ok(moved)
}

pub(super) fn renamenx<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let moved = rename_key(call, false)?;
    call.reply.integer(i64::from(moved != Change::None));
    Ok(moved)
}

fn rename_key<'a>(call: &mut Call<'a, '_>, over: bool) -> Result<Change<'a>, CommandError> {
    let (from, to) = (call.word(1), call.word(2));
    if !call.exists(from) {
        return Err(CommandError::NoSuchKey);
    }
    if from == to || (call.exists(to) && !over) {
        return Ok(Change::None);
    }
    call.db_mut().rename(from, to);
    call.changed(from);
    call.changed(to);
    Ok(Change::Verbatim)
}

#[doc(alias = "moveCommand")]
pub(super) fn move_key<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, source) = (call.word(1), call.session.db);
    let target = database_number(call.integer(2)?)?;
    if source == target {
        return Err(CommandError::SameObject);
    }
    if !call.exists(key) || call.exists_in(target, key) {
        call.reply.integer(0);
        return Ok(Change::None);
    }
    let expiry = call.db().expiry(key);
    if let Some(value) = call.db_mut().remove(key) {
        let database = call.executor.keyspace.db_mut(target);
        database.insert(key, value);
        database.set_expiry(key, expiry);
    }
    call.changed(key);
    call.executor.watches.touch(target, key);
    call.reply.integer(1);
    Ok(Change::Verbatim)
}

#[doc(alias = "copyCommand")]
pub(super) fn copy<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (from, to) = (call.word(1), call.word(2));
    let (mut target, mut over) = (call.session.db, false);
    let mut words = call.argv.skip(3);
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case(b"REPLACE") {
            over = true;
        } else if word.eq_ignore_ascii_case(b"DB") {
            let number = words.next().ok_or(CommandError::Syntax)?;
            let number = parse_integer(number).ok_or(CommandError::NotInteger)?;
            target = database_number(number)?;
        } else {
            return Err(CommandError::Syntax);
        }
    }
    if target == call.session.db && from == to {
        return Err(CommandError::SameObject);
    }
    if call.read(from).is_none() || (call.exists_in(target, to) && !over) {
        call.reply.integer(0);
        return Ok(Change::None);
    }
    let expiry = call.db().expiry(from);
    let Some(value) = call.db().get(from).cloned() else { return Err(CommandError::NoSuchKey) };
    let database = call.executor.keyspace.db_mut(target);
    database.insert(to, value);
    database.set_expiry(to, expiry);
    call.executor.watches.touch(target, to);
    call.reply.integer(1);
    Ok(Change::Verbatim)
}

/// A database by its number, with the errors of `SELECT`.
#[doc(alias = "selectDb")]
pub(super) fn database_number(number: i64) -> Result<u8, CommandError> {
    const LEAST: i64 = i32::MIN as i64;
    const MOST: i64 = i32::MAX as i64;
    if !(LEAST..=MOST).contains(&number) {
        return Err(CommandError::OutOfRange { least: LEAST, most: MOST });
    }
    let number = u8::try_from(number).ok().filter(|&db| db < Keyspace::DATABASES);
    number.ok_or(CommandError::text("ERR DB index is out of range"))
}

pub(super) fn randomkey<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let db = call.session.db;
    loop {
        let executor = &mut *call.executor;
        let Some(key) = executor.keyspace.db(db).random(&mut executor.random) else {
            call.reply.null_bulk();
            return Ok(Change::None);
        };
        if call.loading || !executor.keyspace.db(db).is_expired(key, call.now) {
            call.reply.bulk(key);
            return Ok(Change::None);
        }
        // Each round deletes a key, so this ends.
        let key = key.to_vec();
        call.expire_if_needed(&key);
    }
}

pub(super) fn dbsize<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let keys = call.db().len();
    call.reply.count(keys);
    Ok(Change::None)
}

/// Logged only if there was something to delete.
pub(super) fn flushdb<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    check_flush_option(call)?;
    let deleted = empty(call, call.session.db);
    call.reply.ok();
    Ok(if deleted { Change::Verbatim } else { Change::None })
}

/// Logged always, as in Redis.
pub(super) fn flushall<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    check_flush_option(call)?;
    for db in 0..Keyspace::DATABASES {
        empty(call, db);
    }
    call.reply.ok();
    Ok(Change::Verbatim)
}

/// `ASYNC` and `SYNC` are the same here.
fn check_flush_option(call: &Call<'_, '_>) -> Result<(), CommandError> {
    let known = match call.argv.get(1) {
        None => true,
        Some(word) => word.eq_ignore_ascii_case(b"ASYNC") || word.eq_ignore_ascii_case(b"SYNC"),
    };
    if known && call.argv.len() <= 2 { Ok(()) } else { Err(CommandError::Syntax) }
}

fn empty(call: &mut Call<'_, '_>, db: u8) -> bool {
    let executor = &mut *call.executor;
    let database = executor.keyspace.db_mut(db);
    executor.watches.touch_all(db, |key| database.contains(key));
    !database.clear().is_empty()
}

//! INCR and its relatives.

use crate::command::{Call, CommandError};
use crate::number::LongDouble;
use crate::propagate::Change;
use crate::value::{StringValue, Value};

pub(super) fn incr<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    add(call, 1)
}

pub(super) fn decr<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    add(call, -1)
}

pub(super) fn incrby<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let increment = call.integer(2)?;
    add(call, increment)
}

pub(super) fn decrby<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let decrement = call.integer(2)?;
    add(call, decrement.checked_neg().ok_or(CommandError::DecrementOverflow)?)
}

/// The expiry stays. Logged as it came: replaying it on the same value gives the same sum.
#[doc(alias = "incrDecrCommand")]
fn add<'a>(call: &mut Call<'a, '_>, increment: i64) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    let old = match call.write_string(key)? {
        Some(value) => value.as_integer().ok_or(CommandError::NotInteger)?,
        None => 0,
    };
    let new = old.checked_add(increment).ok_or(CommandError::Overflow)?;
    replace(call, key, StringValue::from_integer(new));
    call.reply.integer(new);
    Ok(Change::Verbatim)
}

/// Logged as its result, so that a replay elsewhere cannot round in another way.
pub(super) fn incrbyfloat<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    let old = match call.write_string(key)? {
        Some(value) => LongDouble::parse(value.as_bytes()).ok_or(CommandError::NotFloat)?,
        None => LongDouble::ZERO,
    };
    let increment = LongDouble::parse(call.word(2)).ok_or(CommandError::NotFloat)?;
    let sum = old.plus(increment).ok_or(CommandError::NotFinite)?;
    let value = sum.to_text().into_bytes();
    replace(call, key, StringValue::new(&value));
    call.reply.bulk(&value);
    Ok(Change::SetKeepingExpiry { key, value })
}

/// Puts a new string in the place of the old one, whose expiry stays.
fn replace(call: &mut Call<'_, '_>, key: &[u8], value: StringValue) {
    match call.db_mut().get_mut(key) {
        Some(place) => *place = Value::String(value),
        None => {
            call.db_mut().insert(key, Value::String(value));
        }
    }
    call.changed(key);
}

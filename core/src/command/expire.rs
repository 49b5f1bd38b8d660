//! EXPIRE, TTL and PERSIST.

use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::units::Millis;

pub(super) fn expire<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    expire_at(call, 1000, call.now)
}

pub(super) fn pexpire<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    expire_at(call, 1, call.now)
}

pub(super) fn expireat<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    expire_at(call, 1000, Millis(0))
}

pub(super) fn pexpireat<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    expire_at(call, 1, Millis(0))
}

/// `scale`: milliseconds in one unit of the number; `base`: what it is counted from.
///
/// A time that is over deletes the key at once, which the log says with DEL. Not while loading:
/// there the key stays until its expiry is looked at, as in Redis.
#[doc(alias = "expireGenericCommand")]
fn expire_at<'a>(
    call: &mut Call<'a, '_>,
    scale: i64,
    base: Millis,
) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    let number = call.integer(2)?;
    let when = i64::try_from(base.0)
        .ok()
        .and_then(|base| number.checked_mul(scale)?.checked_add(base))
        .ok_or(CommandError::ExpireTime { command: call.command.name })?;
    if !call.exists(key) {
        call.reply.integer(0);
        return Ok(Change::None);
    }
    call.reply.integer(1);
    // Only a log that nobody's server wrote has negative times; they are over all the same.
    let at = Millis(u64::try_from(when).unwrap_or(0));
    if is_past(call, at) {
        call.delete(key);
        return Ok(Change::Delete { key });
    }
    call.db_mut().set_expiry(key, Some(at));
    call.changed(key);
    // PEXPIREAT is the log form already: it stays as the client wrote it.
    let is_log_form = scale == 1 && base == Millis(0);
    Ok(if is_log_form { Change::Verbatim } else { Change::ExpireAt { key, at } })
}

/// Whether a key with this expiry need not be kept at all.
#[doc(alias = "checkAlreadyExpired")]
pub(super) fn is_past(call: &Call<'_, '_>, at: Millis) -> bool {
    at <= call.now && !call.loading
}

pub(super) fn ttl<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    reply_ttl(call, |milliseconds| (milliseconds + 500) / 1000);
    Ok(Change::None)
}

pub(super) fn pttl<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    reply_ttl(call, |milliseconds| milliseconds);
    Ok(Change::None)
}

fn reply_ttl(call: &mut Call<'_, '_>, unit: impl Fn(u64) -> u64) {
    let key = call.word(1);
    if call.read(key).is_none() {
        call.reply.integer(-2);
        return;
    }
    let Some(at) = call.db().expiry(key) else {
        call.reply.integer(-1);
        return;
    };
    let left = unit(at.since(call.now));
    call.reply.integer(i64::try_from(left).unwrap_or(i64::MAX));
}

pub(super) fn persist<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    if !call.exists(key) || call.db().expiry(key).is_none() {
        call.reply.integer(0);
        return Ok(Change::None);
    }
    call.db_mut().set_expiry(key, None);
    call.changed(key);
    call.reply.integer(1);
    Ok(Change::Verbatim)
}

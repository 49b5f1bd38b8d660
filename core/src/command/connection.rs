//! PING, ECHO, SELECT, QUIT, HELLO, RESET.

use crate::command::error::shown;
use crate::command::{Call, CommandError};
use crate::execute::Request;
use crate::info::REDIS_VERSION;
use crate::keyspace::Keyspace;
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::session::ReplyMode;

pub(super) fn ping<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    match call.argv.len() {
        1 => call.reply.simple("PONG"),
        2 => call.reply.bulk(call.word(1)),
        _ => return Err(CommandError::WrongArity { command: call.command.name }),
    }
    Ok(Change::None)
}

pub(super) fn echo<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.reply.bulk(call.word(1));
    Ok(Change::None)
}

/// Never logged itself: the next record says its database when it differs.
pub(super) fn select<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    const LEAST: i64 = i32::MIN as i64;
    const MOST: i64 = i32::MAX as i64;
    let number = call.integer(1)?;
    if !(LEAST..=MOST).contains(&number) {
        return Err(CommandError::OutOfRange { least: LEAST, most: MOST });
    }
    call.session.db = u8::try_from(number)
        .ok()
        .filter(|&db| db < Keyspace::DATABASES)
        .ok_or(CommandError::text("ERR DB index is out of range"))?;
    call.reply.ok();
    Ok(Change::None)
}

pub(super) fn quit<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.reply.ok();
    call.requests.push(Request::Close);
    Ok(Change::None)
}

/// Only RESP2 is spoken. A library that asks for RESP3 gets the error for an unsupported version
/// and falls back.
pub(super) fn hello<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    if let Some(version) = call.argv.get(1)
        && parse_integer(version) != Some(2)
    {
        return Err(CommandError::text("NOPROTO unsupported protocol version"));
    }
    let mut options = call.argv.skip(2);
    while let Some(option) = options.next() {
        if option.eq_ignore_ascii_case(b"SETNAME")
            && let Some(name) = options.next()
        {
            super::client::set_name(call, name)?;
        } else {
            return Err(CommandError::Text(
                format!("ERR Syntax error in HELLO option '{}'", shown(option, 128)).into(),
            ));
        }
    }
    call.reply.array(14);
    call.reply.bulk(b"server");
    call.reply.bulk(b"redis");
    call.reply.bulk(b"version");
    call.reply.bulk(REDIS_VERSION.as_bytes());
    call.reply.bulk(b"proto");
    call.reply.integer(2);
    call.reply.bulk(b"id");
    call.reply.integer(i64::try_from(call.session.id.0).unwrap_or(i64::MAX));
    call.reply.bulk(b"mode");
    call.reply.bulk(b"standalone");
    call.reply.bulk(b"role");
    call.reply.bulk(b"master");
    call.reply.bulk(b"modules");
    call.reply.array(0);
    Ok(Change::None)
}

/// The connection is as good as new.
pub(super) fn reset<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.session.transaction = None;
    call.executor.watches.release(call.session);
    call.session.db = 0;
    call.session.name.clear();
    call.session.replies = ReplyMode::On;
    call.reply.simple("RESET");
    Ok(Change::None)
}

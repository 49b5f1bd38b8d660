//! PING, ECHO, SELECT, QUIT, HELLO, RESET.

use crate::command::{Call, CommandError};
use crate::execute::Request;
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
    call.session.db = super::keys::database_number(call.integer(1)?)?;
    call.reply.ok();
    Ok(Change::None)
}

pub(super) fn quit<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.reply.ok();
    call.ask(Request::Close);
    Ok(Change::None)
}

/// The connection is as good as new.
pub(super) fn reset<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.session.transaction = None;
    call.executor.watches.release(call.session);
    call.session.db = 0;
    call.session.name.clear();
    call.session.replies = ReplyMode::On;
    call.session.authenticated = call.executor.config.requirepass.is_empty();
    call.executor.monitors.remove(call.session.id);
    call.reply.simple("RESET");
    Ok(Change::None)
}

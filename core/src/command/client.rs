//! CLIENT: what a connection may ask about itself and the others.

mod filter;
mod line;

use crate::command::{Call, CommandError};
use crate::execute::Request;
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::session::{ReplyMode, Session};
use crate::units::ClientId;
use filter::{Filter, parse_id};
use line::Line;

const HELP: &[&str] = &[
    "GETNAME | SETNAME <name> | ID | INFO",
    "    About this connection.",
    "LIST [ID <id> ...] [TYPE normal]",
    "    All connections, or some.",
    "KILL <ip:port>",
    "    End the connection from there.",
    "KILL [ID <id>] [ADDR|LADDR <ip:port>] [TYPE normal] [USER default] [SKIPME yes|no]",
    "    End all connections for which this holds.",
    "REPLY ON|OFF|SKIP",
    "    Whether commands are answered.",
];

pub(super) fn client<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let subcommand = call.word(1).to_ascii_lowercase();
    match (subcommand.as_slice(), call.argv.len()) {
        (b"id", 2) => call.reply.integer(i64::try_from(call.session.id.0).unwrap_or(i64::MAX)),
        (b"getname", 2) => {
            let name = &call.session.name;
            call.reply.bulk_or_null(Some(name.as_slice()).filter(|name| !name.is_empty()));
        }
        (b"setname", 3) => {
            set_name(call, call.word(2))?;
            call.reply.ok();
        }
        (b"info", 2) => {
            let held_bytes = call.reply.buffer().len() as u64;
            let text = line(call, call.session, held_bytes);
            call.reply.bulk(text.as_bytes());
        }
        (b"list", _) => list(call)?,
        (b"kill", 3) => {
            if kill(call, &Filter::of_address(call.word(2))) == 0 {
                return Err(CommandError::text("ERR No such client"));
            }
            call.reply.ok();
        }
        (b"kill", 4..) => {
            let killed = kill(call, &Filter::of_kill(call.argv.skip(2))?);
            call.reply.count(killed);
        }
        (b"unblock", 3 | 4) => unblock(call)?,
        (b"tracking", 3..) => tracking(call)?,
        (b"trackinginfo", 2) => tracking_info(call),
        (b"getredir", 2) => call.reply.integer(-1),
        (b"caching", 3) => {
            return Err(CommandError::text(
                "ERR CLIENT CACHING can be called only when the client is in tracking mode with \
                 OPTIN or OPTOUT mode enabled",
            ));
        }
        (b"pause", 3 | 4) => {
            return Err(CommandError::text("ERR CLIENT PAUSE is not supported"));
        }
        // Nothing is ever paused.
        (b"unpause", 2) => call.reply.ok(),
        (b"reply", 3) => reply_mode(call)?,
        (b"help", 2) => super::introspection::help(&mut call.reply, "CLIENT", HELP),
        _ => return Err(call.unknown_subcommand()),
    }
    Ok(Change::None)
}

pub(super) fn set_name(call: &mut Call<'_, '_>, name: &[u8]) -> Result<(), CommandError> {
    if !name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Err(CommandError::text(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        ));
    }
    call.session.name = name.to_vec();
    Ok(())
}

/// Nobody is tracked.
fn tracking_info(call: &mut Call<'_, '_>) {
    call.reply.array(6);
    call.reply.bulk(b"flags");
    call.reply.array(1);
    call.reply.bulk(b"off");
    call.reply.bulk(b"redirect");
    call.reply.integer(-1);
    call.reply.bulk(b"prefixes");
    call.reply.array(0);
}

/// ON is answered, OFF and SKIP are not.
fn reply_mode(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mode = call.word(2);
    if mode.eq_ignore_ascii_case(b"ON") {
        call.session.replies = ReplyMode::On;
        call.reply.ok();
    } else if mode.eq_ignore_ascii_case(b"OFF") {
        call.session.replies = ReplyMode::Off;
    } else if mode.eq_ignore_ascii_case(b"SKIP") {
        if call.session.replies != ReplyMode::Off {
            call.session.replies = ReplyMode::SkipNext;
        }
    } else {
        return Err(CommandError::Syntax);
    }
    Ok(())
}

fn list(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mut filter = Filter::default();
    match call.argv.get(2) {
        None => {}
        Some(word) if word.eq_ignore_ascii_case(b"TYPE") && call.argv.len() == 4 => {
            filter.set_type(call.word(3))?;
        }
        Some(word) if word.eq_ignore_ascii_case(b"ID") && call.argv.len() > 3 => {
            let ids: Option<Vec<_>> = call.argv.skip(3).map(parse_id).collect();
            filter.ids = Some(ids.ok_or(CommandError::text("ERR Invalid client ID"))?);
        }
        Some(_) => return Err(CommandError::Syntax),
    }
    let own = call.reply.buffer().len() as u64;
    let mut lines: Vec<(ClientId, String)> = Vec::new();
    let mut add = |session: &Session, held_bytes: u64| {
        if filter.matches(session, &call.executor.config.unixsocket) {
            lines.push((session.id, line(call, session, held_bytes)));
        }
    };
    add(call.session, own);
    call.facts.other_sessions(&mut add);
    lines.sort_by_key(|(id, _)| *id);
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    call.reply.bulk(text.as_bytes());
    Ok(())
}

fn line(call: &Call<'_, '_>, session: &Session, held_bytes: u64) -> String {
    let is_own = session.id == call.session.id;
    let argv_bytes = call.argv.iter().map(|word| word.len() as u64).sum();
    let mut text = String::new();
    Line {
        session,
        held_bytes,
        argv_bytes: if is_own { argv_bytes } else { 0 },
        monitors: call.executor.monitors.has(session.id),
        stale: call.executor.watches.is_stale(session),
        now: call.now,
        socket_path: &call.executor.config.unixsocket,
    }
    .write(&mut text);
    text
}

/// `CLIENT KILL` with filters replies with the number of connections that will end; with one
/// address, OK or an error.
fn kill(call: &mut Call<'_, '_>, filter: &Filter<'_>) -> usize {
    let socket_path = &call.executor.config.unixsocket;
    let mut clients = Vec::new();
    if !filter.skip_own && filter.matches(call.session, socket_path) {
        clients.push(call.session.id);
    }
    call.facts.other_sessions(&mut |session, _| {
        if filter.matches(session, socket_path) {
            clients.push(session.id);
        }
    });
    let killed = clients.len();
    if killed > 0 {
        call.ask(Request::Kill { clients });
    }
    killed
}

/// Nobody ever waits inside a command here, so nobody is unblocked.
fn unblock(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if let Some(reason) = call.argv.get(3)
        && !reason.eq_ignore_ascii_case(b"TIMEOUT")
        && !reason.eq_ignore_ascii_case(b"ERROR")
    {
        return Err(CommandError::text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
    }
    parse_integer(call.word(2)).ok_or(CommandError::NotInteger)?;
    call.reply.integer(0);
    Ok(())
}

/// No client is tracked here; switching it off, or asking, is answered as by a Redis in which
/// nobody switched it on.
fn tracking(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mode = call.word(2);
    if mode.eq_ignore_ascii_case(b"OFF") && call.argv.len() == 3 {
        call.reply.ok();
        return Ok(());
    }
    if mode.eq_ignore_ascii_case(b"ON") {
        return Err(CommandError::text("ERR client side caching is not supported"));
    }
    Err(CommandError::Syntax)
}

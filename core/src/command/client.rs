//! CLIENT: what a connection may ask about itself and the others.

use std::fmt::Write;

use crate::command::error::shown;
use crate::command::{Call, CommandError};
use crate::execute::Request;
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::session::{ReplyMode, Session};
use crate::units::{ClientId, Millis};

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
            let mut text = String::new();
            describe(call.session, call.now, &mut text);
            call.reply.bulk(text.as_bytes());
        }
        (b"list", _) => list(call)?,
        (b"kill", 3) => {
            // Connections have no address here, so none can have this one.
            return Err(CommandError::text("ERR No such client"));
        }
        (b"kill", 4..) => kill(call)?,
        (b"reply", 3) => reply_mode(call)?,
        (b"help", 2) => super::introspection::help(
            &mut call.reply,
            "CLIENT",
            &[
                "GETNAME | SETNAME <name> | ID | INFO",
                "    About this connection.",
                "LIST [ID <id> ...] [TYPE normal]",
                "    All connections, or some.",
                "KILL ID <id> [SKIPME yes|no]",
                "    End a connection.",
                "REPLY ON|OFF|SKIP",
                "    Whether commands are answered.",
            ],
        ),
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

/// One line of `CLIENT LIST`, with the fields of Redis 6.2. What only the host knows (addresses,
/// descriptors, buffers) is zero or unknown.
#[doc(alias = "catClientInfoString")]
fn describe(session: &Session, now: Millis, out: &mut String) {
    let queued = session.transaction.as_ref().map(|transaction| transaction.queue.len());
    let queued = queued.map_or_else(|| "-1".to_owned(), |queued| queued.to_string());
    let flags = if session.transaction.is_some() { "x" } else { "N" };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "id={} addr=?:0 laddr=?:0 fd=0 name={} age={} idle={} flags={flags} db={} sub=0 psub=0 \
         multi={queued} qbuf=0 qbuf-free=0 argv-mem=0 obl=0 oll=0 omem=0 tot-mem=0 events=r \
         cmd={} user=default redir=-1",
        session.id.0,
        String::from_utf8_lossy(&session.name),
        now.since(session.connected) / 1000,
        now.since(session.last_command) / 1000,
        session.db,
        session.last_command_name,
    );
}

/// Which connections are meant.
#[derive(Default)]
struct Filter {
    ids: Option<Vec<ClientId>>,
    /// A type that no connection here has, or an address.
    none: bool,
    /// Without the one that asks.
    skip_own: bool,
}

impl Filter {
    fn matches(&self, id: ClientId) -> bool {
        !self.none && self.ids.as_ref().is_none_or(|ids| ids.contains(&id))
    }

    fn set_type(&mut self, name: &[u8]) -> Result<(), CommandError> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if ["replica", "slave", "master", "pubsub"].into_iter().any(is) {
            self.none = true;
        } else if !is("normal") {
            let text = format!("ERR Unknown client type '{}'", shown(name, 128));
            return Err(CommandError::Text(text.into()));
        }
        Ok(())
    }
}

fn parse_id(text: &[u8]) -> Option<ClientId> {
    parse_integer(text).and_then(|id| u64::try_from(id).ok()).map(ClientId)
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
    let mut lines: Vec<(ClientId, String)> = Vec::new();
    let mut add = |session: &Session| {
        if filter.matches(session.id) {
            let mut line = String::new();
            describe(session, call.now, &mut line);
            lines.push((session.id, line));
        }
    };
    add(call.session);
    call.facts.other_sessions(&mut add);
    lines.sort_by_key(|(id, _)| *id);
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    call.reply.bulk(text.as_bytes());
    Ok(())
}

/// `CLIENT KILL` with filters: replies with the number of connections that will end.
fn kill(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mut filter = Filter { skip_own: true, ..Filter::default() };
    let mut words = call.argv.skip(2);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(CommandError::Syntax)?;
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is("ID") {
            filter.ids = Some(vec![parse_id(value).ok_or(CommandError::NotInteger)?]);
        } else if is("TYPE") {
            filter.set_type(value)?;
        } else if is("ADDR") || is("LADDR") {
            filter.none = true;
        } else if is("USER") {
            if value != b"default" {
                let text = format!("ERR No such user '{}'", shown(value, 128));
                return Err(CommandError::Text(text.into()));
            }
        } else if is("SKIPME") && value.eq_ignore_ascii_case(b"YES") {
            filter.skip_own = true;
        } else if is("SKIPME") && value.eq_ignore_ascii_case(b"NO") {
            filter.skip_own = false;
        } else {
            return Err(CommandError::Syntax);
        }
    }
    let mut clients = Vec::new();
    if !filter.skip_own && filter.matches(call.session.id) {
        clients.push(call.session.id);
    }
    call.facts.other_sessions(&mut |session| {
        if filter.matches(session.id) {
            clients.push(session.id);
        }
    });
    call.reply.count(clients.len());
    if !clients.is_empty() {
        call.requests.push(Request::Kill { clients });
    }
    Ok(())
}

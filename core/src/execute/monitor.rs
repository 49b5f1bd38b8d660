//! MONITOR: clients that see every command that is executed.
//!
//! A command that runs writes its line here, and the engine hands the lines of one event to all
//! who watch. They are output like any other: they leave with the turn, and a client that does
//! not read them meets the output limit. What one event says to all who watch together is bounded
//! by the same limit, because each of them is given a copy before anybody can look at the sum: a
//! word of 2 MB that is shown to 300 clients as `\xff\xff…` would else take 2.4 GB.
//!
//! Commands for operators are not shown, passwords never (Redis 6.2 too).

use std::collections::BTreeSet;

use crate::command::{Command, Flags};
use crate::config::Config;
use crate::digest::Digest;
use crate::execute::secret::words_without_secrets;
use crate::peer::{End, Peer};
use crate::resp::Argv;
use crate::session::Session;
use crate::units::{ClientId, Millis};

/// Who watches, and what they have not been given yet.
#[derive(Clone, Debug, Default)]
pub struct Monitors {
    clients: BTreeSet<ClientId>,
    lines: Vec<u8>,
}

impl Monitors {
    pub(crate) fn add(&mut self, client: ClientId) {
        self.clients.insert(client);
    }

    pub(crate) fn remove(&mut self, client: ClientId) {
        self.clients.remove(&client);
    }

    /// Whether this client watches.
    #[must_use]
    pub fn has(&self, client: ClientId) -> bool {
        self.clients.contains(&client)
    }

    /// Takes the lines out, with those who are to get them.
    pub(crate) fn take_lines(&mut self) -> Option<(Vec<u8>, Vec<ClientId>)> {
        if self.lines.is_empty() {
            return None;
        }
        Some((std::mem::take(&mut self.lines), self.clients.iter().copied().collect()))
    }

    /// Shows a command that has run. Nobody watches: nothing is done.
    #[inline]
    pub(crate) fn show(
        &mut self,
        command: &Command,
        argv: Argv<'_>,
        session: &Session,
        now: Millis,
        config: &Config,
    ) {
        if !self.clients.is_empty() && !command.flags.has(Flags::ADMIN) {
            self.write(argv, session, now, config);
        }
    }

    #[cold]
    #[doc(alias = "replicationFeedMonitors")]
    fn write(&mut self, argv: Argv<'_>, session: &Session, now: Millis, config: &Config) {
        // Beyond what one client may be owed nobody is given the lines, and nobody misses the rest.
        let limit = usize::try_from(config.most_output_bytes()).unwrap_or(usize::MAX);
        if self.lines.len() > limit {
            return;
        }
        let socket_path = &config.unixsocket;
        let unix = if session.peer == Peer::Unix { "unix:" } else { "" };
        let address = match session.peer {
            Peer::Unix => socket_path.clone(),
            peer => peer.address(End::Remote, socket_path).to_string(),
        };
        // The clock of events counts milliseconds.
        let head =
            format!("+{}.{:03}000 [{} {unix}{address}]", now.seconds(), now.0 % 1000, session.db);
        self.lines.extend_from_slice(head.as_bytes());
        for word in words_without_secrets(argv) {
            self.lines.push(b' ');
            quote(word, &mut self.lines, limit);
        }
        self.lines.extend_from_slice(b"\r\n");
    }

    /// Adds who watches. Lines never outlive the event that made them.
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_count(self.clients.len());
        self.clients.iter().for_each(|client| digest.put_u64(client.0));
    }
}

/// A word between quotes, in the notation that `redis-cli` and inline requests read, up to where
/// `out` is longer than `limit_bytes`.
#[doc(alias = "sdscatrepr")]
fn quote(word: &[u8], out: &mut Vec<u8>, limit_bytes: usize) {
    out.push(b'"');
    for &byte in word {
        if out.len() > limit_bytes {
            return;
        }
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_redis_quotes_them() {
        let mut out = Vec::new();
        quote(b"a b\"\\\n\r\t\x07\x08\x01\xff~", &mut out, usize::MAX);
        assert_eq!(out, br#""a b\"\\\n\r\t\a\b\x01\xff~""#);
    }
}

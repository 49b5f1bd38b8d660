//! One line of `CLIENT LIST`, with the fields of Redis 6.2.

use std::fmt::Write;

use crate::peer::{End, Peer};
use crate::session::Session;
use crate::units::Millis;

/// What a line shows beside the session.
pub(super) struct Line<'a> {
    pub(super) session: &'a Session,
    /// Replies that the engine holds for it, in bytes.
    pub(super) held_bytes: u64,
    /// Bytes of the words of the command that runs now.
    pub(super) argv_bytes: u64,
    /// It watches all commands.
    pub(super) monitors: bool,
    /// A key under WATCH has changed.
    pub(super) stale: bool,
    pub(super) now: Millis,
    pub(super) socket_path: &'a str,
}

impl Line<'_> {
    /// Adds the line to `out`.
    ///
    /// `obl` is what the engine holds and `omem` what the socket has not taken; lists of replies
    /// do not exist (`oll`), and room is not kept for requests to come (`qbuf-free`).
    #[doc(alias = "catClientInfoString")]
    pub(super) fn write(&self, out: &mut String) {
        let session = self.session;
        let transaction = session.transaction.as_ref();
        let queued = transaction.map_or_else(|| "-1".to_owned(), |t| t.queue.len().to_string());
        let unsent_bytes = session.socket.unsent_bytes;
        let total_bytes = size_of_session()
            + session.name.len() as u64
            + transaction.map_or(0, |transaction| transaction.bytes)
            + session.socket.query_bytes
            + self.argv_bytes
            + self.held_bytes
            + unsent_bytes;
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub=0 psub=0 \
             multi={queued} qbuf={} qbuf-free=0 argv-mem={} obl={} oll=0 omem={unsent_bytes} \
             tot-mem={total_bytes} events={} cmd={} user=default redir=-1",
            session.id.0,
            session.peer.address(End::Remote, self.socket_path),
            session.peer.address(End::Local, self.socket_path),
            session.socket.descriptor,
            String::from_utf8_lossy(&session.name),
            self.now.since(session.connected) / 1000,
            self.now.since(session.last_command) / 1000,
            self.flags(),
            session.db,
            session.socket.query_bytes,
            self.argv_bytes,
            self.held_bytes,
            if unsent_bytes > 0 { "rw" } else { "r" },
            session.last_command_name,
        );
    }

    fn flags(&self) -> String {
        let flags: String = [
            (self.monitors, 'O'),
            (self.session.transaction.is_some(), 'x'),
            (self.stale, 'd'),
            (self.session.peer == Peer::Unix, 'U'),
        ]
        .into_iter()
        .filter_map(|(has, flag)| has.then_some(flag))
        .collect();
        if flags.is_empty() { "N".to_owned() } else { flags }
    }
}

/// What the engine keeps for a client that does nothing: a number of a 64-bit machine, so that
/// every machine replies the same.
const fn size_of_session() -> u64 {
    320
}

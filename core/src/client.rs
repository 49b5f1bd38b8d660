//! One connection as the engine sees it: its session, and the replies it is owed.
//!
//! # Gates
//!
//! A reply may leave when the bytes it reports are safe enough. All replies that one turn of the
//! event loop made for one client are a [`Portion`] and share one [`Gate`]: between two commands
//! of a turn nothing can be written, so a gate per portion is as exact as a gate per reply, and
//! releasing costs nothing per reply. Portions leave in order; an open one waits behind a closed
//! one, because a client must read its replies in the order of its questions.

use core::ops::Range;
use std::collections::VecDeque;

use crate::digest::Digest;
use crate::effect::{CloseReason, Gate};
use crate::ledger::Ledger;
use crate::peer::Peer;
use crate::session::Session;
use crate::units::{ClientId, Lsn, Micros, Millis};

/// Replies of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Where it ends, in bytes of output since the connection began.
    end: u64,
    /// How many replies it holds.
    replies: u32,
    /// What it waits for.
    gate: Gate,
    /// End of the writes that it reports.
    acknowledges: Option<Lsn>,
}

/// What this turn has brought so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Turn {
    replies: u32,
    wrote_upto: Option<Lsn>,
    touched: bool,
    /// There are bytes that are no reply.
    pushed: bool,
}

/// What can be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sendable {
    pub(crate) bytes: usize,
    pub(crate) replies: u32,
    pub(crate) gate: Gate,
    pub(crate) acknowledges: Option<Lsn>,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct Client {
    /// Database, transaction, watched keys, name.
    pub session: Session,
    output: Vec<u8>,
    sent_bytes: u64,
    portions: VecDeque<Portion>,
    turn: Turn,
    ending: Option<CloseReason>,
    paused: bool,
    /// What waits for the client to read, as the host reported it last.
    pub(crate) unsent_bytes: u64,
    /// Since when it is owed more than the soft limit.
    pub(crate) slow_since: Option<Micros>,
    /// The memory that this client was counted for last, in bytes.
    pub(crate) counted_bytes: u64,
}

impl Client {
    pub(crate) fn new(id: ClientId, peer: Peer, now: Millis) -> Self {
        Self {
            session: Session::connected_at(id, peer, now),
            output: Vec::new(),
            sent_bytes: 0,
            portions: VecDeque::new(),
            turn: Turn::default(),
            ending: None,
            paused: false,
            unsent_bytes: 0,
            slow_since: None,
            counted_bytes: 0,
        }
    }

    /// Lends session and output for executing a command. Nothing is copied but a few words.
    pub(crate) fn lend(&mut self) -> (Session, Vec<u8>) {
        let placeholder = Session::new(self.session.id);
        (std::mem::replace(&mut self.session, placeholder), std::mem::take(&mut self.output))
    }

    /// Takes them back.
    pub(crate) fn give_back(&mut self, session: Session, output: Vec<u8>) {
        self.session = session;
        self.output = output;
    }

    /// Where replies go.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Puts other bytes in the place of a reply of this turn, none of which has left. The place is
    /// counted from the beginning of the connection.
    pub(crate) fn replace_reply(&mut self, place: Range<u64>, bytes: &[u8]) {
        let index = |at: u64| {
            let index = usize::try_from(at.saturating_sub(self.sent_bytes)).unwrap_or(usize::MAX);
            index.min(self.output.len())
        };
        let (from, to) = (index(place.start), index(place.end));
        self.output.splice(from..to.max(from), bytes.iter().copied());
    }

    /// Bytes that are no reply (MONITOR). Returns whether they are the first of this turn.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.output.extend_from_slice(bytes);
        self.turn.pushed = true;
        !std::mem::replace(&mut self.turn.touched, true)
    }

    /// Bytes since the connection began, sent or not.
    pub(crate) fn output_end(&self) -> u64 {
        self.sent_bytes + self.output.len() as u64
    }

    /// Takes note of a command that was executed. Returns whether it is the first of this turn.
    pub(crate) fn executed(&mut self, replies: u32, wrote_upto: Option<Lsn>) -> bool {
        self.turn.replies += replies;
        self.turn.wrote_upto = wrote_upto.or(self.turn.wrote_upto);
        !std::mem::replace(&mut self.turn.touched, true)
    }

    /// Whether this turn wrote.
    pub(crate) fn wrote_upto(&self) -> Option<Lsn> {
        self.turn.wrote_upto
    }

    /// Ends the turn: what it brought is a portion behind `gate`.
    pub(crate) fn end_turn(&mut self, gate: Gate) {
        let turn = std::mem::take(&mut self.turn);
        if turn.replies == 0 && !turn.pushed {
            return;
        }
        let end = self.sent_bytes + self.output.len() as u64;
        let portion = Portion { end, replies: turn.replies, gate, acknowledges: turn.wrote_upto };
        self.portions.push_back(portion);
    }

    /// The leading portions whose gates are open.
    pub(crate) fn sendable(&self, ledger: &Ledger) -> Option<Sendable> {
        let mut sendable: Option<Sendable> = None;
        for portion in self.portions.iter().take_while(|portion| is_open(portion.gate, ledger)) {
            let bytes = usize::try_from(portion.end - self.sent_bytes).unwrap_or(usize::MAX);
            let before = sendable.unwrap_or(Sendable {
                bytes: 0,
                replies: 0,
                gate: Gate::Free,
                acknowledges: None,
            });
            sendable = Some(Sendable {
                bytes,
                replies: before.replies + portion.replies,
                gate: before.gate.max(portion.gate),
                acknowledges: portion.acknowledges.or(before.acknowledges),
            });
        }
        sendable
    }

    /// What it is owed waits for nothing any more.
    pub(crate) fn open_gates(&mut self) {
        for portion in &mut self.portions {
            portion.gate = Gate::Free;
        }
    }

    /// The bytes of [`Self::sendable`].
    pub(crate) fn front(&self, bytes: usize) -> &[u8] {
        self.output.get(..bytes).unwrap_or_default()
    }

    /// Those bytes have left.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent_bytes += bytes as u64;
        while self.portions.front().is_some_and(|portion| portion.end <= self.sent_bytes) {
            self.portions.pop_front();
        }
        if bytes == self.output.len() {
            self.output.clear();
            self.output.shrink_to(KEPT_OUTPUT_BYTES);
        } else {
            self.output.drain(..bytes);
        }
    }

    /// Replies that have not left.
    #[must_use]
    pub fn held(&self) -> &[u8] {
        &self.output
    }

    /// Replies that have not left, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.output.len() as u64
    }

    /// Memory that is held for this client, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.output.capacity() as u64 + self.session.memory_bytes()
    }

    /// Gives an output buffer back that holds nothing.
    pub(crate) fn free_idle_output(&mut self) {
        if self.output.is_empty() {
            self.output = Vec::new();
        }
    }

    /// How many replies have not left.
    #[must_use]
    pub fn held_replies(&self) -> u32 {
        self.turn.replies + self.portions.iter().map(|portion| portion.replies).sum::<u32>()
    }

    /// Why the connection is about to end, if it is.
    #[must_use]
    pub const fn ending(&self) -> Option<CloseReason> {
        self.ending
    }

    pub(crate) fn end(&mut self, reason: CloseReason) {
        self.ending.get_or_insert(reason);
    }

    /// Drops what it is owed: the connection ends at once.
    pub(crate) fn drop_output(&mut self) {
        self.output = Vec::new();
        self.portions.clear();
        self.turn = Turn { touched: self.turn.touched, ..Turn::default() };
    }

    /// Whether it is not read from.
    #[must_use]
    pub const fn paused(&self) -> bool {
        self.paused
    }

    pub(crate) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        self.session.digest_into(digest);
        digest.put_bytes(&self.output);
        digest.put_u64(self.sent_bytes);
        digest.put_bytes(
            format!(
                "{:?} {:?} {:?} {} {} {:?}",
                self.portions,
                self.turn,
                self.ending,
                self.paused,
                self.unsent_bytes,
                self.slow_since
            )
            .as_bytes(),
        );
    }
}

/// An output buffer larger than this is given back when it is empty.
const KEPT_OUTPUT_BYTES: usize = 16 * 1024;

/// Whether what a gate waits for has happened.
#[must_use]
pub fn is_open(gate: Gate, ledger: &Ledger) -> bool {
    match gate {
        Gate::Free => true,
        Gate::AfterWrite(lsn) => lsn <= ledger.written(),
        Gate::AfterSync(lsn) => lsn <= ledger.believed(),
    }
}

/// Clients whose next portion is held, oldest first: what to look at when the log has come on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    after_write: VecDeque<Waiting>,
    after_sync: VecDeque<Waiting>,
}

/// One client behind one gate.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    lsn: Lsn,
    client: ClientId,
    since: Millis,
}

impl Held {
    /// Remembers who waits. Positions only grow, so each queue stays sorted.
    pub(crate) fn push(&mut self, gate: Gate, client: ClientId, since: Millis) {
        match gate {
            Gate::Free => {}
            Gate::AfterWrite(lsn) => self.after_write.push_back(Waiting { lsn, client, since }),
            Gate::AfterSync(lsn) => self.after_sync.push_back(Waiting { lsn, client, since }),
        }
    }

    /// Takes out the next client whose gate has opened.
    pub(crate) fn pop_open(&mut self, ledger: &Ledger) -> Option<ClientId> {
        let take = |queue: &mut VecDeque<Waiting>, upto: Lsn| {
            queue.pop_front_if(|waiting| waiting.lsn <= upto).map(|waiting| waiting.client)
        };
        take(&mut self.after_write, ledger.written())
            .or_else(|| take(&mut self.after_sync, ledger.believed()))
    }

    /// Takes out the next client that has waited longer than `limit_ms`, with how long.
    pub(crate) fn pop_overdue(&mut self, now: Millis, limit_ms: u64) -> Option<(ClientId, u64)> {
        let take = |queue: &mut VecDeque<Waiting>| {
            queue
                .pop_front_if(|waiting| now.since(waiting.since) > limit_ms)
                .map(|waiting| (waiting.client, now.since(waiting.since)))
        };
        take(&mut self.after_write).or_else(|| take(&mut self.after_sync))
    }

    /// Takes out everybody: the log is off and opens no gate any more.
    pub(crate) fn pop_any(&mut self) -> Option<ClientId> {
        let waiting = self.after_write.pop_front().or_else(|| self.after_sync.pop_front());
        waiting.map(|waiting| waiting.client)
    }

    /// Whether a held reply was promised a sync.
    pub(crate) fn needs_sync(&self) -> bool {
        !self.after_sync.is_empty()
    }

    /// Clients whose replies were promised a sync: those that one up to here releases, and those
    /// that need a further one.
    pub(crate) fn around_sync(&self, synced: Lsn) -> (usize, usize) {
        let released = self.after_sync.partition_point(|waiting| waiting.lsn <= synced);
        (released, self.after_sync.len() - released)
    }
}

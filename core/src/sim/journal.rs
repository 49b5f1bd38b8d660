//! What was asked, executed and acknowledged, with its place in the log.
//!
//! The engine forgets a command once it is answered. Whoever wants to know what a failure takes
//! must remember: this is the memory of the world, not of the server, and nothing the server does
//! depends on it. Positions count the bytes of everything that was ever logged, from byte 0 of the
//! log of the first start on and over later ones. Before the first rewrite they are offsets in the
//! file. A write that changed memory while the log was off takes one position, too: a file that was
//! made before ends in front of it, one that was made from memory after it does not.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::resp::{Argv, Decoded, Decoder, Limits, OwnedArgv};
use crate::units::{ClientId, Micros};

#[cfg(test)]
mod tests;

/// Who put a command into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A client, in its log form.
    Client,
    /// The engine, to make the log readable: SELECT, MULTI, EXEC.
    Log,
    /// The engine, because a key's time had come.
    Expiry,
}

/// One command of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its first byte.
    pub from: u64,
    /// The byte after its last.
    pub to: u64,
    /// Its words, with their encoding.
    pub words: Arc<OwnedArgv>,
    /// Who put it there.
    pub origin: Origin,
    /// The unit it belongs to, a number in the journal's units.
    pub unit: usize,
    /// The command of a client that it came from, a number in [`Journal::asked`]. Nothing for
    /// what an earlier start loaded.
    pub asked: Option<usize>,
    /// When it was executed.
    pub executed: Micros,
}

/// How far the answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It has not left.
    Held,
    /// It was sent, or the command has none.
    Sent,
    /// The connection ended first.
    ConnectionLost,
}

/// One command that a client sent.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose.
    pub client: ClientId,
    /// Its words.
    pub words: Arc<OwnedArgv>,
    /// The reply, as it was made.
    pub reply: Arc<[u8]>,
    /// What became of the reply.
    pub answer: Answer,
    /// What it added to the log; empty for what changed nothing.
    pub from: u64,
    /// End of that.
    pub to: u64,
    /// When it was executed.
    pub executed: Micros,
    /// The step at which it was executed.
    pub step: u64,
    /// The turn in which it ran ended under `always`.
    pub always: bool,
    /// A failure took its bytes from the log.
    pub lost: bool,
    /// The log was on when it ran, so that its reply promised something.
    pub logged: bool,
    /// It changed the dataset while the log was off. So that it has a place in the order, and only
    /// what was made from memory later holds it, it takes one position of its own, for which no
    /// file has a byte.
    pub bypassed: bool,
}

impl Asked {
    /// What it added to the log: from, to. Empty for what changed nothing, or nothing but memory.
    #[must_use]
    pub const fn in_log(&self) -> (u64, u64) {
        if self.bypassed { (self.from, self.from) } else { (self.from, self.to) }
    }

    /// Whether it changed the dataset.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        self.from < self.to
    }

    /// Whether it is a write whose client believes that it was made.
    #[must_use]
    pub fn is_acknowledged_write(&self) -> bool {
        self.is_write() && !self.lost && self.answer == Answer::Sent
    }
}

/// One unit of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub from: u64,
    /// The byte after its last.
    pub to: u64,
}

/// Everything that was executed, in order.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Bytes before this position were there before the first step and are described no further.
    base_bytes: u64,
    entries: Vec<Entry>,
    units: Vec<Span>,
    asked: Vec<Asked>,
    waiting: BTreeMap<ClientId, VecDeque<usize>>,
    acknowledged_writes: u64,
    acknowledged_upto: u64,
    acknowledged_after_sync: u64,
    /// The first command of the turn that has not ended.
    turn_from: usize,
}

impl Journal {
    /// A journal of a log that already holds so many bytes.
    #[must_use]
    pub fn starting_at(base_bytes: u64) -> Self {
        Self { base_bytes, ..Self::default() }
    }

    /// Bytes before the first entry.
    #[must_use]
    pub const fn base_bytes(&self) -> u64 {
        self.base_bytes
    }

    /// End of the last unit.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.units.last().map_or(self.base_bytes, |unit| unit.to)
    }

    /// The commands of the log, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The units of the log, in order.
    #[must_use]
    pub fn units(&self) -> &[Span] {
        &self.units
    }

    /// What clients asked, in order.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// How many writes are acknowledged and have not been lost.
    #[must_use]
    pub const fn acknowledged_writes(&self) -> u64 {
        self.acknowledged_writes
    }

    /// End of the last acknowledged write.
    #[must_use]
    pub const fn acknowledged_upto(&self) -> u64 {
        self.acknowledged_upto
    }

    /// End of the last acknowledged write whose turn ended under `always`.
    #[must_use]
    pub const fn acknowledged_after_sync(&self) -> u64 {
        self.acknowledged_after_sync
    }

    /// Takes note of a command. Returns its number.
    pub(crate) fn asked_now(&mut self, asked: Asked) -> usize {
        let number = self.asked.len();
        if asked.answer == Answer::Held {
            self.waiting.entry(asked.client).or_default().push_back(number);
        }
        self.asked.push(asked);
        number
    }

    /// Takes note of what one event added to the log: `bytes` from `from` on, with units that end
    /// at `ends`. Returns how many commands that were.
    pub(crate) fn appended(
        &mut self,
        from: u64,
        bytes: &[u8],
        ends: impl Iterator<Item = u64>,
        cause: Cause<'_>,
        executed: Micros,
    ) -> u32 {
        let first_entry = self.entries.len();
        let mut at = from;
        for end in ends {
            let unit = self.units.len();
            self.units.push(Span { from: at, to: end });
            let start = usize::try_from(at - from).unwrap_or(usize::MAX);
            let stop = usize::try_from(end - from).unwrap_or(usize::MAX);
            let last = end == from + bytes.len() as u64;
            self.describe(bytes.get(start..stop).unwrap_or_default(), at, unit, |words| {
                cause.origin_of(words, last)
            });
            at = end;
        }
        let added = &mut self.entries[first_entry..];
        for entry in &mut *added {
            entry.executed = executed;
            entry.asked = match (cause, entry.origin) {
                (Cause::Command { asked, .. }, Origin::Client | Origin::Log) => Some(asked),
                _ => None,
            };
        }
        u32::try_from(added.len()).unwrap_or(u32::MAX)
    }

    /// Splits the bytes of one unit into commands.
    fn describe(
        &mut self,
        mut bytes: &[u8],
        mut at: u64,
        unit: usize,
        origin_of: impl Fn(Argv<'_>) -> Origin,
    ) {
        let mut decoder = Decoder::new(Limits::default());
        while let Decoded::Command { argv, consumed } = decoder.decode(bytes) {
            let to = at + consumed as u64;
            let words = Arc::new(OwnedArgv::from(argv));
            let origin = origin_of(argv);
            let executed = Micros::default();
            self.entries.push(Entry { from: at, to, words, origin, unit, asked: None, executed });
            at = to;
            bytes = &bytes[consumed..];
        }
    }

    /// Replies left: the oldest `replies` commands of this client are answered. Returns them.
    pub(crate) fn answered(&mut self, client: ClientId, replies: u32) -> Vec<usize> {
        let Some(waiting) = self.waiting.get_mut(&client) else { return Vec::new() };
        let count = waiting.len().min(replies as usize);
        let numbers: Vec<usize> = waiting.drain(..count).collect();
        for number in &numbers {
            let asked = &mut self.asked[*number];
            asked.answer = Answer::Sent;
            if asked.is_write() {
                self.acknowledged_writes += 1;
                if asked.logged {
                    self.acknowledged_upto = self.acknowledged_upto.max(asked.to);
                }
                if asked.always && asked.logged {
                    self.acknowledged_after_sync = self.acknowledged_after_sync.max(asked.to);
                }
            }
        }
        numbers
    }

    /// A turn ended, and this policy decides what its replies wait for.
    pub(crate) fn turn_ended(&mut self, always: bool) {
        for asked in &mut self.asked[self.turn_from..] {
            asked.always = always;
        }
        self.turn_from = self.asked.len();
    }

    /// A connection ended: what it waited for never comes.
    pub(crate) fn connection_lost(&mut self, client: ClientId) {
        for number in self.waiting.remove(&client).unwrap_or_default() {
            self.asked[number].answer = Answer::ConnectionLost;
        }
    }

    /// The machine or the process is gone, and with it every connection.
    pub(crate) fn all_connections_lost(&mut self) {
        let clients: Vec<ClientId> = self.waiting.keys().copied().collect();
        clients.into_iter().for_each(|client| self.connection_lost(client));
    }

    /// A start found a log that agrees with this one up to `upto` and ends at `length_bytes`.
    /// What stood behind is gone; what stands there now is told with [`Self::loaded`].
    pub(crate) fn cut_back_to(&mut self, upto: u64) {
        self.entries.truncate(self.entries.partition_point(|entry| entry.to <= upto));
        self.units.truncate(self.units.partition_point(|unit| unit.to <= upto));
        let units = self.units.len();
        self.entries.truncate(self.entries.partition_point(|entry| entry.unit < units));
        let end = self.end();
        for asked in &mut self.asked {
            if asked.is_acknowledged_write() && asked.to > end {
                self.acknowledged_writes -= 1;
            }
            asked.lost |= asked.is_write() && asked.to > end;
        }
        self.acknowledged_upto = self.acknowledged_upto.min(end);
        self.acknowledged_after_sync = self.acknowledged_after_sync.min(end);
    }

    /// A start found a file that describes no moment of this journal: nothing of it is left.
    pub(crate) fn all_lost(&mut self) {
        self.entries.clear();
        self.units.clear();
        self.base_bytes = 0;
        for asked in &mut self.asked {
            asked.lost |= asked.is_write();
        }
        self.acknowledged_writes = 0;
        self.acknowledged_upto = 0;
        self.acknowledged_after_sync = 0;
    }

    /// From now on the log begins with a dataset that holds everything up to `position`, however it
    /// came about.
    pub(crate) fn begins_at(&mut self, position: u64) {
        let first = self.units.partition_point(|unit| unit.to <= position);
        self.entries.retain(|entry| entry.unit >= first);
        self.entries.iter_mut().for_each(|entry| entry.unit -= first);
        self.units.drain(..first);
        self.base_bytes = position;
    }

    /// A start loaded a unit that this journal does not know.
    pub(crate) fn loaded(&mut self, from: u64, bytes: &[u8], executed: Micros) {
        let end = from + bytes.len() as u64;
        self.appended(from, bytes, std::iter::once(end), Cause::Loaded, executed);
    }
}

/// Why something was added to the log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause<'a> {
    /// A client's command, with its number and its reply.
    Command { asked: usize, words: Argv<'a>, reply: &'a [u8] },
    /// The active expiry cycle.
    Expiry,
    /// A start.
    Loaded,
}

impl Cause<'_> {
    /// Who put a command of the log there. The engine tells units apart, not their causes; a
    /// deletion that no client asked for is one of an expired key.
    fn origin_of(self, entry: Argv<'_>, last_unit: bool) -> Origin {
        let is = |name: &str| entry.name().eq_ignore_ascii_case(name.as_bytes());
        let one_of = |names: &[&str], word: &[u8]| {
            names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
        };
        match self {
            Self::Expiry if is("SELECT") => Origin::Log,
            Self::Expiry => Origin::Expiry,
            _ if one_of(&["SELECT", "MULTI", "EXEC"], entry.name()) => Origin::Log,
            Self::Loaded => Origin::Client,
            Self::Command { words, reply, .. } => {
                let deletes = ["DEL", "UNLINK", "GETDEL", "GETEX", "EXEC"];
                let expires = ["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"];
                let may_delete = one_of(&deletes, words.name()) || one_of(&expires, words.name());
                let nothing_done = reply == b":0\r\n" || reply == b"$-1\r\n";
                if is("DEL") && (!last_unit || !may_delete || nothing_done) {
                    Origin::Expiry
                } else {
                    Origin::Client
                }
            }
        }
    }
}

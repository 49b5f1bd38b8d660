//! When two replies are the same, and the table of what is known to differ.

use aof_tests::client::{Answer, Reply};
use aof_tests::workload::Command;

/// How far apart two servers may be that were asked one after the other, in milliseconds.
pub(crate) const TOLERANCE_MS: u64 = 5_000;

/// What equality means for the reply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// The same bytes.
    Exact,
    /// The same elements: Redis promises no order.
    AnyOrder,
    /// The cursor, and the same keys in any order.
    Scan,
    /// Time that is left, in units of so many milliseconds.
    TimeLeft(u64),
}

fn class(command: &Command) -> Class {
    let name = command.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    match name.as_slice() {
        b"KEYS" => Class::AnyOrder,
        b"SCAN" => Class::Scan,
        b"TTL" => Class::TimeLeft(1000),
        b"PTTL" => Class::TimeLeft(1),
        _ => Class::Exact,
    }
}

/// One difference between Redis 7.0, which is here to be asked, and Redis 6.2, which is meant.
pub(crate) struct KnownDifference {
    /// Why they differ.
    pub(crate) reason: &'static str,
    /// What Redis 6.2 says where 7.0 says this to the command; `None` where it does not apply.
    pub(crate) old: fn(&Command, &str) -> Option<String>,
}

/// Follows a connection through its transactions and compares replies.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    queued: Vec<Command>,
    in_transaction: bool,
    /// How often each known difference was met.
    pub(crate) met: Vec<(&'static str, u32)>,
}

impl Comparison {
    /// Whether both servers said the same to `command`, apart from the known.
    pub(crate) fn same(
        &mut self,
        known: &[KnownDifference],
        command: &Command,
        ours: &Answer,
        theirs: &Answer,
    ) -> bool {
        let name = command.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
        let queued = ours.reply == Reply::Simple(b"QUEUED".to_vec());
        if queued {
            self.queued.push(command.clone());
        }
        let same = match name.as_slice() {
            b"EXEC" if self.in_transaction => {
                let queued = std::mem::take(&mut self.queued);
                let pairs = ours.reply.elements().iter().zip(theirs.reply.elements());
                let every = queued
                    .iter()
                    .zip(pairs)
                    .all(|(command, (a, b))| self.same_reply(known, command, a, b));
                let lengths = ours.reply.elements().len() == theirs.reply.elements().len();
                let heads = ours.reply.elements().is_empty();
                every && lengths && (!heads || ours.raw == theirs.raw)
            }
            _ if class(command) == Class::Exact || queued => {
                ours.raw == theirs.raw
                    || self.same_reply(known, command, &ours.reply, &theirs.reply)
            }
            _ => self.same_reply(known, command, &ours.reply, &theirs.reply),
        };
        match name.as_slice() {
            b"MULTI" => self.in_transaction = true,
            b"EXEC" | b"DISCARD" => {
                self.in_transaction = false;
                self.queued.clear();
            }
            _ => {}
        }
        same
    }

    fn same_reply(
        &mut self,
        known: &[KnownDifference],
        command: &Command,
        ours: &Reply,
        theirs: &Reply,
    ) -> bool {
        if ours == theirs {
            return true;
        }
        match (class(command), ours, theirs) {
            (Class::AnyOrder, Reply::Array(Some(ours)), Reply::Array(Some(theirs))) => {
                sorted(ours) == sorted(theirs)
            }
            (Class::Scan, Reply::Array(Some(ours)), Reply::Array(Some(theirs))) => {
                let [our_cursor, our_keys] = ours.as_slice() else { return false };
                let [their_cursor, their_keys] = theirs.as_slice() else { return false };
                our_cursor == their_cursor
                    && sorted(our_keys.elements()) == sorted(their_keys.elements())
            }
            (Class::TimeLeft(unit_ms), Reply::Integer(ours), Reply::Integer(theirs)) => {
                *ours >= 0 && *theirs >= 0 && ours.abs_diff(*theirs) * unit_ms <= TOLERANCE_MS
            }
            (_, Reply::Error(_), theirs) => {
                for difference in known {
                    let old = (difference.old)(command, &theirs.text());
                    if old.is_some_and(|old| ours.text() == old) {
                        self.meet(difference.reason);
                        return true;
                    }
                }
                false
            }
            _ => false,
        }
    }

    fn meet(&mut self, reason: &'static str) {
        match self.met.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, times)) => *times += 1,
            None => self.met.push((reason, 1)),
        }
    }
}

fn sorted(replies: &[Reply]) -> Vec<Reply> {
    let mut replies = replies.to_vec();
    replies.sort();
    replies
}

//! When two replies are the same, and what the table of known differences is made of.

use aof_tests::client::{Answer, Reply};
use aof_tests::workload::Command;

/// How far apart two servers may be that were asked one after the other, in milliseconds.
pub(crate) const TOLERANCE_MS: u64 = 20_000;

/// What equality means for the reply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// The same bytes.
    Exact,
    /// The same elements: Redis promises no order.
    AnyOrder,
    /// The same pairs of elements, in any order.
    PairsInAnyOrder,
    /// The cursor, and the same elements in any order.
    Scan,
    /// The cursor, and the same pairs of elements in any order.
    ScanOfPairs,
    /// Time that is left, in units of so many milliseconds.
    TimeLeft(u64),
    /// Both are told, and each server is right about itself.
    OwnAffair,
}

fn class(command: &Command) -> Class {
    let upper = |at: usize| command.get(at).map(|word| word.to_ascii_uppercase());
    let name = upper(0).unwrap_or_default();
    match name.as_slice() {
        b"KEYS" | b"SMEMBERS" | b"SINTER" | b"SUNION" | b"SDIFF" | b"HKEYS" | b"HVALS"
        | b"SPOP" => Class::AnyOrder,
        b"HGETALL" => Class::PairsInAnyOrder,
        b"SCAN" | b"SSCAN" => Class::Scan,
        b"HSCAN" | b"ZSCAN" => Class::ScanOfPairs,
        b"TTL" => Class::TimeLeft(1000),
        b"PTTL" => Class::TimeLeft(1),
        b"OBJECT" => Class::OwnAffair,
        b"SORT" if sorts_nothing_of_unknown_type(command) => Class::AnyOrder,
        _ => Class::Exact,
    }
}

/// Whether the elements come as they are held, and it may be a set that holds them.
fn sorts_nothing_of_unknown_type(command: &Command) -> bool {
    let key = command.get(1).map(Vec::as_slice);
    command.iter().any(|word| word == b"nosort") && !matches!(key, Some(b"sorted" | b"ranked"))
}

/// One difference between Redis 7.0, which is here to be asked, and Redis 6.2, which is meant.
pub(crate) struct KnownDifference {
    /// Why they differ.
    pub(crate) reason: &'static str,
    /// Commands that meet it, one a line.
    pub(crate) example: &'static str,
    /// How they differ.
    pub(crate) how: How,
}

/// How a reply of 6.2 follows from that of 7.0.
pub(crate) enum How {
    /// What Redis 6.2 says where 7.0 says this to the command; `None` where it does not apply.
    Says(fn(&Command, &Reply) -> Option<Reply>),
    /// Both say the same in this form; `None` where it does not apply.
    Alike(fn(&Command, &Reply) -> Option<Reply>),
}

/// How often each known difference was met, by its reason.
pub(crate) type Met = Vec<(&'static str, u32)>;

/// Follows a connection through its transactions and compares replies.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    queued: Vec<Command>,
    in_transaction: bool,
    pub(crate) met: Met,
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
            _ if queued => ours.raw == theirs.raw,
            _ => {
                ours.raw == theirs.raw
                    || self.same_reply(known, command, &ours.reply, &theirs.reply)
            }
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

    /// The connection is a new one.
    pub(crate) fn forget_transaction(&mut self) {
        self.queued.clear();
        self.in_transaction = false;
    }

    fn same_reply(
        &mut self,
        known: &[KnownDifference],
        command: &Command,
        ours: &Reply,
        theirs: &Reply,
    ) -> bool {
        if same_by_class(class(command), ours, theirs) {
            return true;
        }
        for difference in known {
            let same = match difference.how {
                How::Says(old) => old(command, theirs).is_some_and(|old| *ours == old),
                How::Alike(form) => match (form(command, ours), form(command, theirs)) {
                    (Some(ours), Some(theirs)) => same_by_class(class(command), &ours, &theirs),
                    _ => false,
                },
            };
            if same {
                self.meet(difference.reason);
                return true;
            }
        }
        false
    }

    fn meet(&mut self, reason: &'static str) {
        meet(&mut self.met, reason, 1);
    }
}

/// Counts one reason.
pub(crate) fn meet(met: &mut Met, reason: &'static str, more: u32) {
    match met.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, times)) => *times += more,
        None => met.push((reason, more)),
    }
}

fn same_by_class(class: Class, ours: &Reply, theirs: &Reply) -> bool {
    if ours == theirs {
        return true;
    }
    match (class, ours, theirs) {
        (Class::AnyOrder, Reply::Array(Some(ours)), Reply::Array(Some(theirs))) => {
            sorted(ours) == sorted(theirs)
        }
        (Class::PairsInAnyOrder, Reply::Array(Some(ours)), Reply::Array(Some(theirs))) => {
            sorted_pairs(ours) == sorted_pairs(theirs)
        }
        (
            Class::Scan | Class::ScanOfPairs,
            Reply::Array(Some(ours)),
            Reply::Array(Some(theirs)),
        ) => {
            let [our_cursor, our_found] = ours.as_slice() else { return false };
            let [their_cursor, their_found] = theirs.as_slice() else { return false };
            let (ours, theirs) = (our_found.elements(), their_found.elements());
            let found = match class {
                Class::Scan => sorted(ours) == sorted(theirs),
                _ => sorted_pairs(ours) == sorted_pairs(theirs),
            };
            our_cursor == their_cursor && found
        }
        (Class::TimeLeft(unit_ms), Reply::Integer(ours), Reply::Integer(theirs)) => {
            *ours >= 0 && *theirs >= 0 && ours.abs_diff(*theirs) * unit_ms <= TOLERANCE_MS
        }
        (Class::OwnAffair, Reply::Integer(_), Reply::Integer(_))
        | (Class::OwnAffair, Reply::Bulk(Some(_)), Reply::Bulk(Some(_))) => true,
        _ => false,
    }
}

fn sorted(replies: &[Reply]) -> Vec<&Reply> {
    let mut replies: Vec<&Reply> = replies.iter().collect();
    replies.sort();
    replies
}

fn sorted_pairs(replies: &[Reply]) -> Vec<&[Reply]> {
    let mut pairs: Vec<&[Reply]> = replies.chunks(2).collect();
    pairs.sort();
    pairs
}

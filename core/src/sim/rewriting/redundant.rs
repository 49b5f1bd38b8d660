//! What a rewrite makes of a log, key by key: how much stood in the old file for each, and how
//! much the key takes now. The rows add up to both files, so that nobody has to believe a part.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::command::lookup;
use crate::keyspace::Keyspace;
use crate::resp::{Argv, OwnedArgv};
use crate::rewrite::emit::{Emitter, select_bytes, size_of_key};
use crate::sim::rewriting::{Redundant, Subject, pieces};

/// Keys that are told one by one.
const TOLD: usize = 5;

/// Commands and bytes, in the old file and in the new one.
#[derive(Clone, Copy, Default)]
struct Sum {
    commands: u64,
    bytes: u64,
    new_commands: u64,
    new_bytes: u64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.commands += other.commands;
        self.bytes += other.bytes;
        self.new_commands += other.new_commands;
        self.new_bytes += other.new_bytes;
    }

    const fn differs(self) -> bool {
        self.commands != self.new_commands || self.bytes != self.new_bytes
    }

    fn row(self, subject: Subject, becomes: Option<Arc<OwnedArgv>>) -> Redundant {
        let Self { commands, bytes, new_commands, new_bytes } = self;
        Redundant { subject, commands, bytes, becomes, new_commands, new_bytes }
    }
}

/// Compares the bytes of a log with the dataset that is written anew: the keys that change most
/// first, then what is about no key, then all that is left. Also the number of commands in the log.
pub(crate) fn redundant(log: &[u8], keyspace: &Keyspace) -> (Vec<Redundant>, u64) {
    let mut keys: BTreeMap<(u8, Vec<u8>), Sum> = BTreeMap::new();
    let (mut whole, mut frame, mut rest) = (Sum::default(), Sum::default(), Sum::default());
    let (mut database, mut commands, mut bytes) = (0, 0, 0);
    for piece in pieces::written(log) {
        let argv = piece.words.as_argv();
        let old = Sum { commands: piece.count, bytes: piece.bytes, ..Sum::default() };
        (commands, bytes) = (commands + piece.count, bytes + piece.bytes);
        let is = |name: &[u8]| argv.name().eq_ignore_ascii_case(name);
        if is(b"SELECT") {
            let number = argv.get(1).and_then(|word| std::str::from_utf8(word).ok());
            database = number.and_then(|text| text.parse().ok()).unwrap_or(database);
        }
        // A command about several keys counts for its first.
        match first_key(argv) {
            Some(key) => keys.entry((database, key.to_vec())).or_default().add(old),
            None if is(b"SELECT") || is(b"MULTI") || is(b"EXEC") => frame.add(old),
            None => whole.add(old),
        }
    }
    // What is no whole command is needed by nobody, and counts where nothing is told.
    rest.bytes = log.len() as u64 - bytes;
    for (number, database) in keyspace.databases() {
        if !database.is_empty() {
            frame.add(Sum { new_commands: 1, new_bytes: select_bytes(number), ..Sum::default() });
        }
        for entry in database.iter() {
            let size = size_of_key(entry.key, entry.value, entry.expiry);
            let (new_commands, new_bytes) = (size.commands, size.bytes);
            let new = Sum { new_commands, new_bytes, ..Sum::default() };
            keys.entry((number, entry.key.to_vec())).or_default().add(new);
        }
    }
    (rows(keys, whole, frame, rest, keyspace), commands)
}

fn rows(
    keys: BTreeMap<(u8, Vec<u8>), Sum>,
    whole: Sum,
    frame: Sum,
    mut rest: Sum,
    keyspace: &Keyspace,
) -> Vec<Redundant> {
    let total = keys.len();
    let mut changed: Vec<((u8, Vec<u8>), Sum)> = Vec::new();
    let mut same = Vec::new();
    for (key, sum) in keys {
        if sum.differs() { changed.push((key, sum)) } else { same.push(sum) }
    }
    let saved = |sum: &Sum| i128::from(sum.bytes) - i128::from(sum.new_bytes);
    changed.sort_by_key(|(_, sum)| std::cmp::Reverse(saved(sum)));
    let others = changed.split_off(changed.len().min(TOLD));
    others.iter().for_each(|(_, sum)| rest.add(*sum));
    same.iter().for_each(|sum| rest.add(*sum));
    let left = (total - changed.len()) as u64;
    let mut rows: Vec<Redundant> = changed
        .into_iter()
        .map(|((database, key), sum)| {
            let becomes = first_command(keyspace, database, &key);
            sum.row(Subject::Key(key), becomes)
        })
        .collect();
    if whole.commands > 0 {
        rows.push(whole.row(Subject::Dataset, None));
    }
    if frame.commands + frame.new_commands > 0 {
        rows.push(frame.row(Subject::Frame, None));
    }
    if left > 0 || rest.bytes > 0 {
        rows.push(rest.row(Subject::Rest { keys: left }, None));
    }
    rows
}

fn first_key(argv: Argv<'_>) -> Option<&[u8]> {
    let place = usize::from(lookup(argv.name())?.keys.first.unsigned_abs());
    if place == 0 { None } else { argv.get(place) }
}

/// The first command that makes this key.
fn first_command(keyspace: &Keyspace, database: u8, key: &[u8]) -> Option<Arc<OwnedArgv>> {
    if database >= Keyspace::DATABASES {
        return None;
    }
    let entry = keyspace.db(database).entry(key)?;
    let mut alone = Keyspace::new(0);
    alone.db_mut(0).insert(key, entry.value.clone());
    let mut bytes = Vec::new();
    Emitter::new().emit(&alone, &mut bytes, usize::MAX);
    pieces::written(&bytes).into_iter().nth(1).map(|piece| piece.words)
}

//! What of a log was redundant: the keys whose commands took more bytes than the key does now.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::command::lookup;
use crate::keyspace::Keyspace;
use crate::resp::{Argv, OwnedArgv};
use crate::rewrite::emit::{Emitter, size_of_key};
use crate::sim::journal::Entry;
use crate::sim::rewriting::{Redundant, pieces};

/// Keys that are told.
const TOLD: usize = 5;

#[derive(Default)]
struct Sum<'a> {
    commands: u64,
    bytes: u64,
    example: Option<&'a Arc<OwnedArgv>>,
}

/// The largest savings between these commands and this dataset.
pub(crate) fn redundant(entries: &[Entry], keyspace: &Keyspace) -> Vec<Redundant> {
    let mut sums: BTreeMap<(u8, &[u8]), Sum<'_>> = BTreeMap::new();
    let mut database = 0;
    for entry in entries {
        let argv = entry.words.as_argv();
        if argv.name().eq_ignore_ascii_case(b"SELECT") {
            let number = argv.get(1).and_then(|word| std::str::from_utf8(word).ok());
            database = number.and_then(|text| text.parse().ok()).unwrap_or(database);
        }
        // A command about several keys counts for its first.
        let Some(key) = first_key(argv) else { continue };
        let sum = sums.entry((database, key)).or_default();
        sum.commands += 1;
        sum.bytes += entry.to - entry.from;
        sum.example = Some(&entry.words);
    }
    let mut found: Vec<(u64, u8, Redundant)> = sums
        .into_iter()
        .filter_map(|((database, key), sum)| {
            let new_bytes = if database < Keyspace::DATABASES {
                let entry = keyspace.db(database).entry(key);
                entry.map_or(0, |e| size_of_key(e.key, e.value, e.expiry).bytes)
            } else {
                0
            };
            let saved = sum.bytes.checked_sub(new_bytes).filter(|saved| *saved > 0)?;
            let example = Arc::clone(sum.example?);
            let (commands, bytes) = (sum.commands, sum.bytes);
            let key = key.to_vec();
            let told = Redundant { key, example, commands, bytes, becomes: None, new_bytes };
            Some((saved, database, told))
        })
        .collect();
    found.sort_by_key(|(saved, _, _)| std::cmp::Reverse(*saved));
    found.truncate(TOLD);
    let becomes = |(_, database, told): (u64, u8, Redundant)| {
        let becomes = first_command(keyspace, database, &told.key);
        Redundant { becomes, ..told }
    };
    found.into_iter().map(becomes).collect()
}

fn first_key(argv: Argv<'_>) -> Option<&[u8]> {
    let place = usize::from(lookup(argv.name())?.keys.first.unsigned_abs());
    if place == 0 { None } else { argv.get(place) }
}

/// The first command that makes this key.
fn first_command(keyspace: &Keyspace, database: u8, key: &[u8]) -> Option<Arc<OwnedArgv>> {
    let entry = keyspace.db(database).entry(key)?;
    let mut alone = Keyspace::new(0);
    alone.db_mut(0).insert(key, entry.value.clone());
    let mut bytes = Vec::new();
    Emitter::new().emit(&alone, &mut bytes, usize::MAX);
    pieces::written(&bytes).into_iter().nth(1).map(|piece| piece.words)
}

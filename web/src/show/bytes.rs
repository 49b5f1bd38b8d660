//! The bytes of a file, with what the loader makes of them.

use aof_core::config::Config;
use aof_core::load::check::Report;
use aof_core::resp::{self, Decoded, Decoder, OwnedArgv};
use aof_core::sim::bytes::{Reading, read};
use aof_core::sim::journal::Journal;
use aof_core::sim::recover::{Recovery, recover};
use aof_core::sim::world::World;

use crate::lab::bytes::{Look, Opened};
use crate::show::{line, log};
use crate::view::Bytes;
use crate::view::bytes::{BytesEntry, BytesView, LedgerRow, LedgerView};

/// Bytes that are shown at once.
pub const WINDOW_BYTES: u64 = 2048;
/// Writes of one kind that are named.
const NAMED: usize = 8;

/// `BytesView`.
#[must_use]
pub fn shown(world: &World, opened: &Opened, look: &Look) -> BytesView {
    let scene = world.down().and_then(|down| down.scene.as_deref());
    let journal = scene.map_or(world.journal(), |scene| &scene.journal);
    let known = world.down().map_or(world.config(), |down| &down.config);
    let load_truncated = look.load_truncated.unwrap_or(known.aof_load_truncated);
    let config = Config { aof_load_truncated: load_truncated, ..known.clone() };
    let bytes = look.edits.applied_to(&opened.content);
    let seed = world.settings().seed;
    let reading = read(&bytes, &opened.content, opened.origin, journal, &config, seed);
    let played = look.until.map(|until| recover(Some(front(&bytes, until)), &config, seed));
    let (dataset, key_count) = match played.as_ref().unwrap_or(&reading.recovery) {
        Recovery::Loaded { keyspace, .. } => {
            let now = log::wall(world, scene.map_or(world.now(), |scene| scene.at));
            (log::dataset(keyspace, journal, &(0..0), now), keyspace.len() as u64)
        }
        Recovery::Refused(_) => (Vec::new(), 0),
    };
    let length = bytes.len() as u64;
    let from = look.window_from.min(length.saturating_sub(1) / WINDOW_BYTES * WINDOW_BYTES);
    let window = front(&bytes, from.saturating_add(WINDOW_BYTES));
    let Reading { report, recovery, ledger } = &reading;
    let named = |numbers: &[usize]| row(journal, numbers);
    BytesView {
        inode: opened.inode,
        original_bytes: opened.content.len() as u64,
        length_bytes: length,
        window_from: from,
        window_bytes: WINDOW_BYTES,
        bytes: Bytes(window[front(&bytes, from).len()..].to_vec()),
        entries: entries(&bytes, &reading, (from, from + WINDOW_BYTES)),
        commands: report.commands,
        valid_up_to: report.valid_up_to,
        class: report.class().map(|class| class.as_str()),
        error: report.error.as_ref().map(ToString::to_string),
        loaded_bytes: recovery.length_bytes(),
        refused: match recovery {
            Recovery::Loaded { .. } => None,
            Recovery::Refused(error) => Some(error.to_string()),
        },
        dataset,
        key_count,
        ledger: LedgerView {
            kept: named(&ledger.kept),
            lost: named(&ledger.lost),
            altered: named(&ledger.altered),
            extra: named(&ledger.extra),
        },
        load_truncated,
    }
}

/// The first bytes, all of them if there are fewer.
fn front(bytes: &[u8], length: u64) -> &[u8] {
    &bytes[..usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len())]
}

fn row(journal: &Journal, numbers: &[usize]) -> LedgerRow {
    let newest = &numbers[numbers.len().saturating_sub(NAMED)..];
    let asked = |number: &usize| journal.asked().get(*number);
    LedgerRow {
        count: numbers.len() as u64,
        newest: newest.iter().filter_map(asked).map(|asked| line(&asked.words)).collect(),
    }
}

/// The commands of which bytes lie between these places, then what is no command.
fn entries(bytes: &[u8], reading: &Reading, window: (u64, u64)) -> Vec<BytesEntry> {
    let Reading { report, recovery, .. } = reading;
    let loaded = recovery.length_bytes();
    let whole = whole_bytes(report, bytes.len() as u64);
    let (mut found, mut from, mut rest) = (Vec::new(), 0, front(bytes, whole));
    let mut decoder = Decoder::new(resp::Limits::default());
    let mut add = |entry: BytesEntry| {
        if entry.from < window.1 && entry.to > window.0 {
            found.push(entry);
        }
    };
    while let Decoded::Command { argv, consumed } = decoder.decode(rest) {
        let to = from + consumed as u64;
        let state = match loaded {
            Some(loaded) if to <= loaded => "loaded",
            Some(_) => "cut",
            None => "refused",
        };
        add(BytesEntry { from, to, text: line(&OwnedArgv::from(argv)), state });
        (from, rest) = (to, &rest[consumed..]);
    }
    let length = bytes.len() as u64;
    if from < length {
        let state = if loaded.is_some() { "torn" } else { "broken" };
        add(BytesEntry { from, to: length, text: String::new(), state });
    }
    found
}

/// Up to where the loader found whole commands.
fn whole_bytes(report: &Report, length: u64) -> u64 {
    report.error.as_ref().map_or(length, |error| error.place().offset).min(length)
}

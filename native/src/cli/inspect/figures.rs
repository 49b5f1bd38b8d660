//! What is counted while a log is loaded.

use std::collections::BTreeMap;

use aof_core::command::lookup;
use aof_core::keyspace::Keyspace;
use aof_core::load::{ReplayOutcome, Replayed};
use aof_core::rewrite::emit;

use super::report::{GrowthPoint, LongestCommand, Transactions};

use crate::cli::loading::Watcher;

/// Commands of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kind {
    pub(super) count: u64,
    pub(super) bytes: u64,
}

/// All that is counted on the way.
#[derive(Debug)]
pub(super) struct Figures {
    /// By name.
    pub(super) kinds: BTreeMap<&'static str, Kind>,
    /// All of them together.
    pub(super) total: Kind,
    pub(super) transactions: Transactions,
    pub(super) longest: Option<LongestCommand>,
    pub(super) growth: Vec<GrowthPoint>,
    size_bytes: u64,
    points: u16,
}

impl Figures {
    /// For a file of this size, with so many points of growth.
    pub(super) fn new(size_bytes: u64, points: u16) -> Self {
        Self {
            kinds: BTreeMap::new(),
            total: Kind::default(),
            transactions: Transactions::default(),
            longest: None,
            growth: Vec::new(),
            size_bytes,
            points,
        }
    }

    /// Where the next point of growth is due.
    fn next_point(&self) -> Option<u64> {
        let number = u64::try_from(self.growth.len()).unwrap_or(u64::MAX) + 1;
        let points = u64::from(self.points);
        if self.size_bytes == 0 || number > points {
            return None;
        }
        let at = u128::from(self.size_bytes) * u128::from(number) / u128::from(points);
        u64::try_from(at).ok()
    }
}

impl Watcher for Figures {
    fn command(&mut self, replayed: &Replayed<'_>) {
        let command = &replayed.command;
        let bytes = command.length_bytes;
        // The loader takes nothing that is not in the table.
        let name = lookup(command.argv.name()).map_or("", |command| command.name);
        for kind in [self.kinds.entry(name).or_default(), &mut self.total] {
            kind.count += 1;
            kind.bytes += bytes;
        }
        if self.longest.as_ref().is_none_or(|longest| bytes > longest.bytes) {
            let (name, place) = (name.to_owned(), command.place);
            let (offset, number) = (place.offset, place.command);
            self.longest = Some(LongestCommand { name, bytes, offset, command: number });
        }
        if let ReplayOutcome::Committed { commands } = replayed.outcome {
            self.transactions.count += 1;
            self.transactions.commands += commands;
            self.transactions.longest = self.transactions.longest.max(commands);
        }
    }

    fn dataset(&mut self, offset: u64, keyspace: &Keyspace) {
        let Some(mut next) = self.next_point() else { return };
        if offset < next {
            return;
        }
        let keys = u64::try_from(keyspace.len()).unwrap_or(u64::MAX);
        let rewrite_bytes = rewrite_bytes(keyspace);
        let dead_bytes = offset.saturating_sub(rewrite_bytes);
        let commands = self.total.count;
        // One command can pass several points.
        while offset >= next {
            self.growth.push(GrowthPoint { offset, commands, keys, rewrite_bytes, dead_bytes });
            let Some(after) = self.next_point() else { return };
            next = after;
        }
    }
}

/// Bytes of the log that a rewrite of this dataset would write.
pub(super) fn rewrite_bytes(keyspace: &Keyspace) -> u64 {
    let mut bytes = 0;
    for (number, database) in keyspace.databases().filter(|(_, database)| !database.is_empty()) {
        bytes += emit::select_bytes(number);
        for entry in database.iter() {
            bytes += emit::size_of_key(entry.key, entry.value, entry.expiry).bytes;
        }
    }
    bytes
}

//! What `aof inspect` found, as `--json` prints it. Names of fields are a promise to programs:
//! they are added, never changed; `docs/aof-json.md` describes them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use aof_core::load::{Class, LoadError};
use aof_core::rewrite::emit;
use aof_core::units::Millis;
use serde::Serialize;

use super::figures::Figures;

use crate::cli::loading::Log;
use crate::cli::text;

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    pub(super) size_bytes: u64,
    pub(super) good_bytes: u64,
    pub(super) damage: Option<Damage>,
    pub(super) commands: Commands,
    pub(super) transactions: Transactions,
    pub(super) longest_command: Option<LongestCommand>,
    pub(super) databases: Vec<Database>,
    pub(super) types: Vec<Type>,
    pub(super) largest_keys: Vec<Key>,
    pub(super) expired: Expired,
    pub(super) dead_weight: DeadWeight,
    pub(super) growth: Vec<GrowthPoint>,
}

/// Why the file was not read to its end.
#[derive(Debug, Serialize)]
pub(super) struct Damage {
    pub(super) class: &'static str,
    pub(super) message: String,
    pub(super) offset: u64,
    pub(super) command: u64,
}

/// All whole commands.
#[derive(Debug, Serialize)]
pub(super) struct Commands {
    pub(super) count: u64,
    pub(super) bytes: u64,
    pub(super) kinds: Vec<Kind>,
}

/// Commands of one name.
#[derive(Debug, Serialize)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) count: u64,
    pub(super) bytes: u64,
}

/// Transactions that were finished.
#[derive(Debug, Default, Serialize)]
pub(super) struct Transactions {
    pub(super) count: u64,
    pub(super) commands: u64,
    pub(super) longest: u64,
}

/// The command with the most bytes.
#[derive(Debug, Serialize)]
pub(super) struct LongestCommand {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) offset: u64,
    pub(super) command: u64,
}

/// One database that is not empty.
#[derive(Debug, Serialize)]
pub(super) struct Database {
    pub(super) number: u8,
    pub(super) keys: u64,
    pub(super) expiring_keys: u64,
    pub(super) rewrite_bytes: u64,
}

/// All keys of one type.
#[derive(Debug, Serialize)]
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) keys: u64,
    pub(super) elements: u64,
    pub(super) rewrite_bytes: u64,
}

/// One key.
#[derive(Debug, Serialize)]
pub(super) struct Key {
    pub(super) database: u8,
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) elements: u64,
    pub(super) rewrite_bytes: u64,
    pub(super) expires_ms: Option<u64>,
}

/// Keys whose time has come. A server deletes them soon after it has loaded them.
#[derive(Debug, Default, Serialize)]
pub(super) struct Expired {
    pub(super) keys: u64,
    pub(super) rewrite_bytes: u64,
}

/// What a rewrite would remove.
#[derive(Debug, Serialize)]
pub(super) struct DeadWeight {
    pub(super) log_bytes: u64,
    pub(super) rewrite_bytes: u64,
    pub(super) dead_bytes: u64,
}

/// The dataset at one place of the file.
#[derive(Debug, Serialize)]
pub(super) struct GrowthPoint {
    pub(super) offset: u64,
    pub(super) commands: u64,
    pub(super) keys: u64,
    pub(super) rewrite_bytes: u64,
    pub(super) dead_bytes: u64,
}

/// Puts together what was counted on the way and what the dataset says at the end.
pub(super) fn report(
    file: String,
    figures: Figures,
    log: &Log,
    largest: usize,
    now: Millis,
) -> Report {
    let mut kinds: Vec<Kind> = figures
        .kinds
        .iter()
        .map(|(&name, kind)| Kind { name, count: kind.count, bytes: kind.bytes })
        .collect();
    kinds.sort_by_key(|kind| Reverse(kind.bytes));
    let keys = Keys::of(log, largest, now);
    let rewrite_bytes = keys.databases.iter().map(|database| database.rewrite_bytes).sum();
    let log_bytes = log.good_bytes();
    let dead_bytes = log_bytes.saturating_sub(rewrite_bytes);
    Report {
        file,
        size_bytes: log.size_bytes,
        good_bytes: log_bytes,
        damage: log.damage.as_ref().map(damage),
        commands: Commands { count: figures.total.count, bytes: figures.total.bytes, kinds },
        transactions: figures.transactions,
        longest_command: figures.longest,
        databases: keys.databases,
        types: keys.types.into_values().collect(),
        largest_keys: keys.largest,
        expired: keys.expired,
        dead_weight: DeadWeight { log_bytes, rewrite_bytes, dead_bytes },
        growth: figures.growth,
    }
}

fn damage(error: &LoadError) -> Damage {
    let place = error.place();
    Damage {
        class: Class::as_str(error.class()),
        message: error.to_string(),
        offset: place.offset,
        command: place.command,
    }
}

/// A key on its way to the largest ones: its bytes, its database, its place in that. Among equals
/// the first in the dataset is the largest.
type Rank = (u64, Reverse<u8>, Reverse<usize>);

/// What the dataset says.
struct Keys {
    databases: Vec<Database>,
    types: BTreeMap<&'static str, Type>,
    largest: Vec<Key>,
    expired: Expired,
}

impl Keys {
    fn of(log: &Log, largest: usize, now: Millis) -> Self {
        let mut keys = Self {
            databases: Vec::new(),
            types: BTreeMap::new(),
            largest: Vec::new(),
            expired: Expired::default(),
        };
        // The smallest of the largest is on top.
        let mut heap: BinaryHeap<Reverse<Rank>> = BinaryHeap::new();
        for (number, database) in log.keyspace().databases() {
            if database.is_empty() {
                continue;
            }
            let mut rewrite_bytes = emit::select_bytes(number);
            for (index, entry) in database.iter().enumerate() {
                let size = emit::size_of_key(entry.key, entry.value, entry.expiry);
                rewrite_bytes += size.bytes;
                let name = entry.value.type_name();
                let empty = Type { name, keys: 0, elements: 0, rewrite_bytes: 0 };
                let kind = keys.types.entry(name).or_insert(empty);
                kind.keys += 1;
                kind.elements += entry.value.len() as u64;
                kind.rewrite_bytes += size.bytes;
                if entry.expiry.is_some_and(|when| now > when) {
                    keys.expired.keys += 1;
                    keys.expired.rewrite_bytes += size.bytes;
                }
                heap.push(Reverse((size.bytes, Reverse(number), Reverse(index))));
                if heap.len() > largest {
                    heap.pop();
                }
            }
            keys.databases.push(Database {
                number,
                keys: database.len() as u64,
                expiring_keys: database.expires_len() as u64,
                rewrite_bytes,
            });
        }
        keys.largest = named(log, heap);
        keys
    }
}

/// The names of the largest keys, the largest first. A second walk finds them, so that no name is
/// copied in the first.
fn named(log: &Log, heap: BinaryHeap<Reverse<Rank>>) -> Vec<Key> {
    let wanted: BTreeMap<(u8, usize), usize> = heap
        .into_sorted_vec()
        .into_iter()
        .enumerate()
        .map(|(rank, Reverse((_, Reverse(number), Reverse(index))))| ((number, index), rank))
        .collect();
    let mut ranked = Vec::new();
    for (number, database) in log.keyspace().databases() {
        let mut indexes = wanted.range((number, 0)..=(number, usize::MAX));
        let mut next = indexes.next();
        for (index, entry) in database.iter().enumerate() {
            let Some((&(_, wanted), &rank)) = next else { break };
            if index < wanted {
                continue;
            }
            let size = emit::size_of_key(entry.key, entry.value, entry.expiry);
            let key = Key {
                database: number,
                key: text::escaped(entry.key),
                kind: entry.value.type_name(),
                elements: entry.value.len() as u64,
                rewrite_bytes: size.bytes,
                expires_ms: entry.expiry.map(|when| when.0),
            };
            ranked.push((rank, key));
            next = indexes.next();
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, key)| key).collect()
}

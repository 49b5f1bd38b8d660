//! What a server or a log holds, in a form that can be compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aof_core::config::Config;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadError, LoadStep, Loader};

use crate::client::{Client, Reply};
use crate::workload::now_ms;

/// One key's value.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    /// The word of `TYPE`.
    pub kind: String,
    /// The string.
    pub value: Vec<u8>,
    /// When it ends, in milliseconds since the epoch.
    pub expires_ms: Option<u64>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.value.get(..40).unwrap_or(&self.value);
        let length = self.value.len();
        write!(out, "{} {:?}", self.kind, shown.escape_ascii().to_string())?;
        write!(out, " ({length} bytes) until {:?}", self.expires_ms)
    }
}

/// Everything, by database and key.
pub type Dataset = BTreeMap<(u8, Vec<u8>), Held>;

/// The first differences between two datasets, in words; empty when they are equal.
#[must_use]
pub fn differences(left: &Dataset, right: &Dataset) -> Vec<String> {
    let mut keys: Vec<_> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    let differs = |key: &&&(u8, Vec<u8>)| left.get(**key) != right.get(**key);
    keys.iter()
        .filter(differs)
        .take(10)
        .map(|key| {
            let (database, name) = (key.0, key.1.escape_ascii().to_string());
            format!("db {database} {name:?}: {:?} / {:?}", left.get(*key), right.get(*key))
        })
        .collect()
}

/// Fails with the differences.
///
/// # Panics
/// If there is one.
pub fn assert_equal(what: &str, left: &Dataset, right: &Dataset) {
    let differences = differences(left, right);
    assert!(differences.is_empty(), "{what}: left and right differ:\n{}", differences.join("\n"));
}

/// What the log at `path` loads to, in this process, by the real loader.
///
/// # Errors
/// If it does not load.
pub fn of_log(path: &Path, config: &Config) -> Result<Dataset, LoadError> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    of_bytes(&bytes, config)
}

/// What these bytes of a log load to.
///
/// # Errors
/// If they do not load.
pub fn of_bytes(bytes: &[u8], config: &Config) -> Result<Dataset, LoadError> {
    let executor = Executor::new(config.clone(), Keyspace::new(1), 1);
    let mut loader = Loader::new(executor);
    loader.feed(bytes);
    while let LoadStep::Command(_) = loader.next_step()? {}
    let loaded = loader.finish()?;
    let mut dataset = Dataset::new();
    for (number, database) in loaded.executor.keyspace.databases() {
        for entry in database.iter() {
            let kind = entry.value.type_name().to_owned();
            let value = entry.value.as_string().map(|string| string.as_bytes().to_vec());
            let value = value.unwrap_or_default();
            let expires_ms = entry.expiry.map(|at| at.0);
            let held = Held { kind, value, expires_ms };
            dataset.insert((number, entry.key.to_vec()), held);
        }
    }
    Ok(dataset)
}

/// What Redis 7 holds, its ends exact (`PEXPIRETIME`).
///
/// # Panics
/// If a reply is not what it must be.
pub fn of_redis(client: &mut Client) -> Dataset {
    of_server(client, |client, key| {
        let at = ask(client, &[b"PEXPIRETIME", key]).integer();
        at.and_then(|at| u64::try_from(at).ok())
    })
}

/// What our server holds. It answers as Redis 6.2 does, which tells an end only as what is left
/// (`PTTL`), so each end is asked of `expected` and accepted if the answer agrees with it.
///
/// # Panics
/// If an end does not agree, or a reply is not what it must be.
pub fn of_aofd(client: &mut Client, expected: &Dataset) -> Dataset {
    let mut database = 0;
    let mut dataset = Dataset::new();
    for number in 0..16 {
        select(client, number);
        for key in all_keys(client) {
            let asked = now_ms();
            let left = ask(client, &[b"PTTL", &key]).integer().expect("PTTL gives a number");
            let answered = now_ms();
            let expires_ms = u64::try_from(left).ok().map(|left| {
                let expected = expected.get(&(number, key.clone()));
                let at = expected.and_then(|held| held.expires_ms);
                at.filter(|at| (asked + left..=answered + left).contains(at))
                    .unwrap_or(asked + left)
            });
            let held = Held { kind: kind(client, &key), value: get(client, &key), expires_ms };
            dataset.insert((number, key), held);
        }
        database = number;
    }
    assert_eq!(database, 15);
    select(client, 0);
    dataset
}

fn of_server(
    client: &mut Client,
    mut expires: impl FnMut(&mut Client, &[u8]) -> Option<u64>,
) -> Dataset {
    let mut dataset = Dataset::new();
    for number in 0..16 {
        select(client, number);
        for key in all_keys(client) {
            let expires_ms = expires(client, &key);
            let held = Held { kind: kind(client, &key), value: get(client, &key), expires_ms };
            dataset.insert((number, key), held);
        }
    }
    select(client, 0);
    dataset
}

fn ask(client: &mut Client, words: &[&[u8]]) -> Reply {
    client.call(words).expect("a reply").reply
}

fn select(client: &mut Client, database: u8) {
    let reply = ask(client, &[b"SELECT", database.to_string().as_bytes()]);
    assert_eq!(reply, Reply::ok());
}

fn kind(client: &mut Client, key: &[u8]) -> String {
    ask(client, &[b"TYPE", key]).text()
}

fn get(client: &mut Client, key: &[u8]) -> Vec<u8> {
    match ask(client, &[b"GET", key]) {
        Reply::Bulk(Some(value)) => value,
        other => panic!("GET {:?} gave {other:?}", key.escape_ascii().to_string()),
    }
}

/// Every key of the selected database, by SCAN.
fn all_keys(client: &mut Client) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let mut cursor = b"0".to_vec();
    loop {
        let reply = ask(client, &[b"SCAN", &cursor, b"COUNT", b"100"]);
        let [Reply::Bulk(Some(next)), Reply::Array(Some(found))] = reply.elements() else {
            panic!("SCAN gave {reply:?}");
        };
        for key in found {
            if let Reply::Bulk(Some(key)) = key {
                keys.push(key.clone());
            }
        }
        if next == b"0" {
            break;
        }
        cursor.clone_from(next);
    }
    keys.sort();
    keys.dedup();
    keys
}

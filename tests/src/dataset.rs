//! What a server or a log holds, in a form that can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aof_core::config::Config;
use aof_core::execute::{Executor, NoFacts};
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadError, LoadStep, Loader};
use aof_core::propagate::Propagation;
use aof_core::resp::OwnedArgv;
use aof_core::session::Session;
use aof_core::units::{ClientId, Millis};

use crate::client::{Client, Reply, parse_reply};
use crate::workload::now_ms;

/// One key's value.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    /// What it holds.
    pub contents: Contents,
    /// When it ends, in milliseconds since the epoch.
    pub expires_ms: Option<u64>,
}

/// What a key holds, without the order that Redis does not define.
#[derive(Clone, PartialEq, Eq)]
pub enum Contents {
    /// A string.
    String(Vec<u8>),
    /// A list, from its head.
    List(Vec<Vec<u8>>),
    /// Fields and values.
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    /// Members.
    Set(BTreeSet<Vec<u8>>),
    /// Members by rank, and the text of each one's score.
    SortedSet(Vec<(Vec<u8>, Vec<u8>)>),
}

impl Contents {
    /// Asks for what `key` holds.
    ///
    /// # Panics
    /// If a reply is not what it must be.
    pub fn ask(key: &[u8], ask: &mut impl FnMut(&[&[u8]]) -> Reply) -> Self {
        let kind = ask(&[b"TYPE", key]).text();
        match kind.as_str() {
            "string" => Self::String(payload(&ask(&[b"GET", key]))),
            "list" => Self::List(payloads(&ask(&[b"LRANGE", key, b"0", b"-1"]))),
            "hash" => Self::Hash(pairs(&ask(&[b"HGETALL", key])).into_iter().collect()),
            "set" => Self::Set(payloads(&ask(&[b"SMEMBERS", key])).into_iter().collect()),
            "zset" => {
                let mut members = pairs(&ask(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]));
                // Redis 7 forgets the sign of zero in a small sorted set.
                for (_, score) in members.iter_mut().filter(|(_, score)| score == b"-0") {
                    *score = b"0".to_vec();
                }
                Self::SortedSet(members)
            }
            other => panic!("{:?} holds a {other}", key.escape_ascii().to_string()),
        }
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |word: &[u8]| {
            let start = word.get(..40).unwrap_or(word);
            let more = if start.len() < word.len() { "…" } else { "" };
            format!("{}{more}", start.escape_ascii())
        };
        let pair =
            |(left, right): (&Vec<u8>, &Vec<u8>)| format!("{}={}", shown(left), shown(right));
        let (kind, words): (&str, Vec<String>) = match self {
            Self::String(value) => ("string", vec![shown(value)]),
            Self::List(values) => ("list", values.iter().map(|value| shown(value)).collect()),
            Self::Hash(fields) => ("hash", fields.iter().map(pair).collect()),
            Self::Set(members) => ("set", members.iter().map(|member| shown(member)).collect()),
            Self::SortedSet(members) => {
                ("zset", members.iter().map(|(member, score)| pair((member, score))).collect())
            }
        };
        let first = words.iter().take(50).cloned().collect::<Vec<_>>().join(" ");
        write!(out, "{kind} of {}: {first}", words.len())
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} until {:?}", self.contents, self.expires_ms)
    }
}

fn payload(reply: &Reply) -> Vec<u8> {
    match reply {
        Reply::Bulk(Some(bytes)) => bytes.clone(),
        other => panic!("{other:?} is no bulk string"),
    }
}

fn payloads(reply: &Reply) -> Vec<Vec<u8>> {
    reply.elements().iter().map(payload).collect()
}

fn pairs(reply: &Reply) -> Vec<(Vec<u8>, Vec<u8>)> {
    let words = payloads(reply);
    words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// Everything, by database and key.
pub type Dataset = BTreeMap<(u8, Vec<u8>), Held>;

/// The first differences between two datasets, in words; empty when they are equal. Ends may be
/// apart by `tolerance_ms`, for two servers that were told the same relative time.
#[must_use]
pub fn differences(left: &Dataset, right: &Dataset, tolerance_ms: u64) -> Vec<String> {
    let mut keys: Vec<_> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    let same = |left: &Held, right: &Held| {
        let near = match (left.expires_ms, right.expires_ms) {
            (Some(left), Some(right)) => left.abs_diff(right) <= tolerance_ms,
            (left, right) => left == right,
        };
        near && left.contents == right.contents
    };
    let differs = |key: &&&(u8, Vec<u8>)| match (left.get(**key), right.get(**key)) {
        (Some(left), Some(right)) => !same(left, right),
        _ => true,
    };
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
    assert_near(what, left, right, 0);
}

/// Fails with the differences, where ends may be apart by `tolerance_ms`.
///
/// # Panics
/// If there is one.
pub fn assert_near(what: &str, left: &Dataset, right: &Dataset, tolerance_ms: u64) {
    let differences = differences(left, right, tolerance_ms);
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
    let mut executor = loaded.executor;
    let mut found = Vec::new();
    for (number, database) in executor.keyspace.databases() {
        let keys = database.iter().map(|entry| (entry.key.to_vec(), entry.expiry.map(|at| at.0)));
        found.extend(keys.map(|(key, expires_ms)| ((number, key), expires_ms)));
    }
    let mut session = Session::new(ClientId(1));
    let mut execute = |words: &[&[u8]]| {
        let argv = OwnedArgv::from_words(words);
        let (mut reply, mut log) = (Vec::new(), Propagation::off());
        // At the beginning of time nothing has ended yet.
        let now = Millis(0);
        executor.execute(&mut session, argv.as_argv(), now, &NoFacts, &mut reply, &mut log);
        let parsed = parse_reply(&reply).expect("RESP2");
        parsed.expect("a whole reply").0
    };
    let mut dataset = Dataset::new();
    for ((number, key), expires_ms) in found {
        assert_eq!(execute(&[b"SELECT", number.to_string().as_bytes()]), Reply::ok());
        let contents = Contents::ask(&key, &mut execute);
        dataset.insert((number, key), Held { contents, expires_ms });
    }
    Ok(dataset)
}

/// What a server holds: Redis 7 with exact ends (`PEXPIRETIME`), an older one with ends that are
/// as exact as two clocks.
///
/// # Panics
/// If a reply is not what it must be.
pub fn of_redis(client: &mut Client) -> Dataset {
    of_server(client, |client, key| {
        let at = ask(client, &[b"PEXPIRETIME", key]);
        if let Some(at) = at.integer() {
            return u64::try_from(at).ok();
        }
        let left = ask(client, &[b"PTTL", key]).integer()?;
        u64::try_from(left).ok().map(|left| now_ms() + left)
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
            let contents = Contents::ask(&key, &mut |words| ask(client, words));
            let held = Held { contents, expires_ms };
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
            let contents = Contents::ask(&key, &mut |words| ask(client, words));
            let held = Held { contents, expires_ms };
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

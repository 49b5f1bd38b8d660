//! Memory per key: what a server grows by when it loads many keys of one kind.

use std::path::Path;

use anyhow::{Result, bail};

use super::Options;
use super::logfile::LogFile;
use super::peer::{Kind, Peer, Setting};
use super::report::{Better, Pair, heading, row};
use crate::project::Project;

/// One kind of dataset.
struct Shape {
    name: &'static str,
    /// Words of one command; `{}` in them is the number of the key.
    command: fn(u64) -> Vec<String>,
    /// Keys for each of [`Options::keys`], as a divisor.
    divisor: u64,
}

fn words(key: String, name: &str, rest: impl IntoIterator<Item = String>) -> Vec<String> {
    [name.to_owned(), key].into_iter().chain(rest).collect()
}

fn elements(count: u64, seed: u64) -> impl Iterator<Item = String> {
    (0..count).map(move |index| format!("element:{:08}", seed * 31 + index))
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "string, 16 bytes",
        command: |key| words(format!("key:{key:012}"), "SET", [format!("value:{key:010}")]),
        divisor: 1,
    },
    Shape {
        name: "string, 64 bytes",
        command: |key| words(format!("key:{key:012}"), "SET", [format!("{key:064}")]),
        divisor: 1,
    },
    Shape {
        name: "list of 10",
        command: |key| words(format!("key:{key:012}"), "RPUSH", elements(10, key)),
        divisor: 10,
    },
    Shape {
        name: "list of 1000",
        command: |key| words(format!("key:{key:012}"), "RPUSH", elements(1000, key)),
        divisor: 1000,
    },
    Shape {
        name: "hash of 10",
        command: |key| words(format!("key:{key:012}"), "HSET", elements(20, key)),
        divisor: 10,
    },
    Shape {
        name: "hash of 1000",
        command: |key| words(format!("key:{key:012}"), "HSET", elements(2000, key)),
        divisor: 1000,
    },
    Shape {
        name: "set of 10 integers",
        command: |key| {
            let members = (0..10).map(move |index| (key * 31 + index).to_string());
            words(format!("key:{key:012}"), "SADD", members)
        },
        divisor: 10,
    },
    Shape {
        name: "set of 10",
        command: |key| words(format!("key:{key:012}"), "SADD", elements(10, key)),
        divisor: 10,
    },
    Shape {
        name: "set of 1000",
        command: |key| words(format!("key:{key:012}"), "SADD", elements(1000, key)),
        divisor: 1000,
    },
    Shape {
        name: "sorted set of 10",
        command: |key| words(format!("key:{key:012}"), "ZADD", scored(10, key)),
        divisor: 10,
    },
    Shape {
        name: "sorted set of 1000",
        command: |key| words(format!("key:{key:012}"), "ZADD", scored(1000, key)),
        divisor: 1000,
    },
];

fn scored(count: u64, seed: u64) -> impl Iterator<Item = String> {
    elements(count, seed)
        .enumerate()
        .flat_map(move |(index, member)| [(seed * 7 + index as u64).to_string(), member])
}

/// Measures every shape in both servers.
pub(crate) fn measure(project: &Project, options: &Options) -> Result<()> {
    println!("{}", heading("bytes of memory per key"));
    std::fs::create_dir_all(project.target().join("bench"))?;
    let path = project.target().join("bench/keys.aof");
    for shape in SHAPES {
        let keys = (options.keys / shape.divisor).max(1);
        let mut log = LogFile::create(&path, 1)?;
        for key in 0..keys {
            log.command(&(shape.command)(key))?;
        }
        log.finish()?;
        let mut pairs = Vec::new();
        // Memory hardly varies: one pair says it.
        for round in 0..options.rounds.min(2) {
            let (mut ours, mut redis) = (0.0, 0.0);
            for kind in Kind::pair(round) {
                let bytes = growth(project, kind, &path, keys)? as f64 / keys as f64;
                match kind {
                    Kind::Ours => ours = bytes,
                    Kind::Redis => redis = bytes,
                }
            }
            pairs.push(Pair { ours, redis });
        }
        println!("{}", row(shape.name, &pairs, Better::Less));
    }
    std::fs::remove_file(&path)?;
    Ok(())
}

/// Memory with the keys less memory without any, in bytes.
fn growth(project: &Project, kind: Kind, log: &Path, keys: u64) -> Result<u64> {
    let setting = Setting { policy: "no", sync_delay_micros: 0 };
    let empty = Peer::start(project, kind, setting, None)?.resident_bytes()?;
    let peer = Peer::start(project, kind, setting, Some(log))?;
    let reply = peer.ask("DBSIZE")?;
    if !reply.starts_with(&format!(":{keys}\r\n")) {
        bail!("{kind:?} holds {reply:?} keys instead of {keys}");
    }
    Ok(peer.resident_bytes()?.saturating_sub(empty))
}

//! What a rewrite costs before anything is written: time to make the commands of a key, by type.
//!
//! `AOF_BENCH_KEYS=2000000 cargo bench --bench rewrite` takes the figures for two million keys;
//! without it they are taken for 20,000.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a benchmark reads its size")]

use std::hint::black_box;

use aof_core::config::Config;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::Loader;
use aof_core::resp::encode_command;
use aof_core::rewrite::emit::{Emitter, size_of_key};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// As the child collects them.
const WRITE_BYTES: usize = 256 * 1024;
/// As the child asks for them.
const ASK_BYTES: usize = 10 * 1024;

fn keys_wanted() -> u64 {
    std::env::var("AOF_BENCH_KEYS").map_or(20_000, |text| text.parse().unwrap())
}

/// A dataset with `keys` keys, each made by one command of `words`.
fn dataset(keys: u64, words: impl Fn(u64) -> Vec<String>) -> Keyspace {
    let executor = Executor::new(Config::default(), Keyspace::new(1), 1);
    let mut loader = Loader::new(executor);
    let mut log = Vec::new();
    for key in 0..keys {
        log.clear();
        encode_command(&words(key), &mut log);
        loader.feed(&log);
        while let aof_core::load::LoadStep::Command(_) = loader.next_step().unwrap() {}
    }
    loader.finish().unwrap().executor.keyspace
}

/// One command with `items` items, each of which is what `item` says.
fn command(name: &str, key: u64, items: u64, item: impl Fn(u64) -> Vec<String>) -> Vec<String> {
    let head = vec![name.to_owned(), format!("key:{key:012}")];
    head.into_iter().chain((0..items).flat_map(item)).collect()
}

fn emit(keyspace: &Keyspace, out: &mut Vec<u8>) -> u64 {
    let mut emitter = Emitter::new();
    let mut bytes = 0;
    while emitter.emit(keyspace, out, ASK_BYTES) {
        if out.len() >= WRITE_BYTES {
            bytes += black_box(&*out).len() as u64;
            out.clear();
        }
    }
    bytes += out.len() as u64;
    out.clear();
    bytes
}

/// Measures one dataset: the time is for all its keys.
fn measure(criterion: &mut Criterion, name: &str, keyspace: &Keyspace) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20);
    group.throughput(Throughput::Elements(keyspace.len() as u64));
    let mut out = Vec::with_capacity(WRITE_BYTES * 2);
    group.bench_function("emit", |bencher| bencher.iter(|| emit(keyspace, &mut out)));
    group.bench_function("measure", |bencher| {
        bencher.iter(|| -> u64 {
            let size = |entry: aof_core::keyspace::Entry<'_>| {
                size_of_key(entry.key, entry.value, entry.expiry).bytes
            };
            keyspace.db(0).iter().map(size).sum()
        });
    });
    group.finish();
}

fn small(criterion: &mut Criterion) {
    let keys = keys_wanted();
    let text = |length: usize| "x".repeat(length);
    let one =
        |name: &str, make: &dyn Fn(u64) -> Vec<String>| (name.to_owned(), dataset(keys, make));
    let sets: Vec<(String, Keyspace)> = vec![
        one("string of 16 bytes", &|key| command("SET", key, 1, |_| vec![text(16)])),
        one("string of 100 bytes", &|key| command("SET", key, 1, |_| vec![text(100)])),
        one("string that expires", &|key| {
            vec!["PSETEX".into(), format!("key:{key:012}"), "999999999".into(), text(16)]
        }),
        one("list of 10", &|key| command("RPUSH", key, 10, |item| vec![format!("element:{item}")])),
        one("set of 10 integers", &|key| command("SADD", key, 10, |item| vec![item.to_string()])),
        one("set of 10", &|key| command("SADD", key, 10, |item| vec![format!("member:{item}")])),
        one("hash of 10", &|key| {
            command("HSET", key, 10, |item| vec![format!("field:{item}"), format!("value:{item}")])
        }),
        one("sorted set of 10, integers", &|key| {
            command("ZADD", key, 10, |item| vec![item.to_string(), format!("member:{item}")])
        }),
        one("sorted set of 10, fractions", &|key| {
            command("ZADD", key, 10, |item| vec![format!("{item}.123"), format!("member:{item}")])
        }),
    ];
    for (name, keyspace) in &sets {
        measure(criterion, name, keyspace);
    }
}

/// One key that holds everything: the figures are for an item.
fn large(criterion: &mut Criterion) {
    let items = keys_wanted();
    for (name, item) in [
        ("RPUSH", (|item| vec![format!("element:{item}")]) as fn(u64) -> Vec<String>),
        ("SADD", |item| vec![format!("member:{item}")]),
        ("HSET", |item| vec![format!("field:{item}"), format!("value:{item}")]),
        ("ZADD", |item| vec![(item * 7919 % 1_000_003).to_string(), format!("member:{item}")]),
    ] {
        let keyspace = dataset(1, |key| command(name, key, items, item));
        let mut group = criterion.benchmark_group(format!("one large value by {name}"));
        group.sample_size(20);
        group.throughput(Throughput::Elements(items));
        let mut out = Vec::with_capacity(WRITE_BYTES * 2);
        group.bench_function("emit", |bencher| bencher.iter(|| emit(&keyspace, &mut out)));
        group.finish();
    }
}

criterion_group!(benches, small, large);
criterion_main!(benches);

//! What the dataset costs: time for one insertion, look-up and removal, the worst single
//! insertion, and memory for a key.
//!
//! `AOF_BENCH_KEYS=10000000 cargo bench --bench keyspace` takes the figures at ten million keys;
//! without it they are taken at 100,000, to run in seconds.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, its size, and prints"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aof_core::keyspace::{Database, Keyspace};
use aof_core::random::Random;
use aof_core::value::Value;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn keys_wanted() -> u64 {
    std::env::var("AOF_BENCH_KEYS").map_or(100_000, |text| text.parse().unwrap())
}

/// Sixteen bytes, as `redis-benchmark -r` writes its keys.
fn key(number: u64) -> Vec<u8> {
    format!("key:{number:012}").into_bytes()
}

fn filled(count: u64) -> Keyspace {
    let mut keyspace = Keyspace::new(1);
    for number in 0..count {
        keyspace.db_mut(0).insert(&key(number), Value::string(b"sixteen byte val"));
    }
    keyspace
}

/// Resident bytes of this process, 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Fills a database once and prints the longest single insertion. A figure, not a test: the
/// machine may interrupt any of them. Hence how many took long, and what moved at most.
fn worst_insertion(count: u64) {
    let before = resident_bytes();
    let mut keyspace = Keyspace::new(1);
    let database: &mut Database = keyspace.db_mut(0);
    let (mut worst, mut above, mut most_moved) = (Duration::ZERO, 0, 0);
    let mut moved = 0;
    let start = Instant::now();
    for number in 0..count {
        let key = key(number);
        let began = Instant::now();
        database.insert(&key, Value::string(b"sixteen byte val"));
        let took = began.elapsed();
        worst = worst.max(took);
        above += u64::from(took > Duration::from_millis(1));
        let work = database.index_work();
        most_moved = most_moved.max(work.entries_moved - moved);
        moved = work.entries_moved;
    }
    let total = start.elapsed();
    let bytes = resident_bytes().saturating_sub(before);
    println!(
        "worst single insertion at {count} keys: {worst:?}, {above} above 1 ms, \
         {most_moved} index entries moved at most; {:.0} ns on average, {:.1} bytes a key",
        total.as_nanos() as f64 / count as f64,
        bytes as f64 / count as f64,
    );
}

fn benchmark(criterion: &mut Criterion) {
    let count = keys_wanted();
    worst_insertion(count);

    let mut group = criterion.benchmark_group(format!("keyspace {count}"));
    group.throughput(Throughput::Elements(1));
    let mut keyspace = filled(count);
    let mut random = Random::new(1);

    group.bench_function("get", |bencher| {
        let database = keyspace.db(0);
        bencher.iter_batched(
            || key(random.below(count)),
            |key| black_box(database.get(&key)).is_some(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("get missing", |bencher| {
        let database = keyspace.db(0);
        bencher.iter_batched(
            || key(count + random.below(count)),
            |key| black_box(database.get(&key)).is_some(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("overwrite", |bencher| {
        let database = keyspace.db_mut(0);
        bencher.iter_batched(
            || key(random.below(count)),
            |key| database.insert(&key, Value::string(b"sixteen byte val")),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("remove and insert", |bencher| {
        let database = keyspace.db_mut(0);
        bencher.iter_batched(
            || key(random.below(count)),
            |key| {
                let value = database.remove(&key).unwrap();
                database.insert(&key, value)
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("digest after one change", |bencher| {
        bencher.iter(|| {
            keyspace.db_mut(0).insert(&key(random.below(count)), Value::string(b"new"));
            let mut digest = aof_core::digest::Digest::new();
            keyspace.digest_into(&mut digest);
            digest.finish()
        });
    });
    group.finish();

    criterion.bench_function("keyspace: clone of 100 keys", |bencher| {
        let small = filled(100);
        bencher.iter(|| black_box(small.clone()));
    });
}

criterion_group!(benches, benchmark);
criterion_main!(benches);

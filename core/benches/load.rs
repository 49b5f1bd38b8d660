//! What loading costs: the grammar alone, and commands applied to a dataset.
//!
//! `AOF_BENCH_COMMANDS=1000000 cargo bench --bench load` takes the figures at a million commands;
//! without it they are taken at 100,000, to run in seconds.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark reads its size from the environment"
)]

use std::hint::black_box;

use aof_core::config::Config;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{Known, LoadStep, Loader, Options, check};
use aof_core::random::Random;
use aof_core::resp::encode_command;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// Bytes that a host reads at once.
const PIECE_BYTES: usize = 256 * 1024;

fn commands_wanted() -> u64 {
    std::env::var("AOF_BENCH_COMMANDS").map_or(100_000, |text| text.parse().unwrap())
}

/// A log as a busy server leaves it: mostly SET, some counters, expiry, deletions and
/// transactions.
fn log(commands: u64) -> Vec<u8> {
    let mut random = Random::new(1);
    let mut bytes = Vec::new();
    let value = "v".repeat(64);
    encode_command(&["SELECT", "0"], &mut bytes);
    for _ in 0..commands {
        let key = format!("key:{:012}", random.below(commands / 2 + 1));
        match random.below(20) {
            0 | 1 => {
                let counter = format!("counter:{}", random.below(1000));
                encode_command(&["INCR", &counter], &mut bytes);
            }
            2 => encode_command(&["PEXPIREAT", &key, "99999999999999"], &mut bytes),
            3 => encode_command(&["DEL", &key], &mut bytes),
            4 => {
                encode_command(&["MULTI"], &mut bytes);
                encode_command(&["SET", &key, "in a transaction"], &mut bytes);
                encode_command(&["EXEC"], &mut bytes);
            }
            _ => encode_command(&["SET", &key, &value], &mut bytes),
        }
    }
    bytes
}

fn loader() -> Loader {
    Loader::new(Executor::new(Config::default(), Keyspace::new(1), 1))
}

fn loading(criterion: &mut Criterion) {
    let bytes = log(commands_wanted());
    let options = Options::from(&Config::default());
    let commands = check(options, Known::Table, &bytes).commands;
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10).throughput(Throughput::Elements(commands));
    group.bench_function("check", |bencher| {
        bencher.iter(|| check(options, Known::Table, black_box(&bytes)));
    });
    group.bench_function("load", |bencher| {
        bencher.iter_batched(
            loader,
            |mut loader| {
                for piece in bytes.chunks(PIECE_BYTES) {
                    loader.feed(piece);
                    while let LoadStep::Command(_) = loader.next_step().unwrap() {}
                }
                loader.finish().unwrap()
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, loading);
criterion_main!(benches);

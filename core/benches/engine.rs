//! What one command costs on its way from a client's bytes to the log and back.
//!
//! `cargo bench -p aof-core --bench engine`. The outside takes everything at once and does
//! nothing, so what is measured is `core` alone.

use std::hint::black_box;

use aof_core::config::{Config, Policy};
use aof_core::effect::{Effect, Lane};
use aof_core::engine::Engine;
use aof_core::event::Event;
use aof_core::keyspace::Keyspace;
use aof_core::peer::Peer;
use aof_core::propagate::{Change, Propagation, PropagationState};
use aof_core::pump::{Environment, Outcome, pump};
use aof_core::resp::{Decoded, Decoder, Limits, OwnedArgv, encode_command};
use aof_core::units::{ClientId, Micros, Millis};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const CLIENT: ClientId = ClientId(1);
const NOW: Millis = Millis(1_700_000_000_000);

/// An outside that takes everything at once.
struct Null;

impl Environment for Null {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        match effect {
            Effect::Write { file, bytes, .. } => {
                let result = Ok(black_box(bytes).len() as u64);
                Outcome::Now(Event::Written { file, result })
            }
            Effect::Submit { job, lane, .. } => {
                assert_eq!(lane, Lane::Inline, "the benchmarks ask for no background work");
                Outcome::Now(Event::Job { job, result: Ok(()), took: Micros(0) })
            }
            Effect::Send { bytes, .. } => {
                black_box(bytes);
                Outcome::Done
            }
            _ => Outcome::Done,
        }
    }
}

fn engine(policy: Policy) -> Engine {
    let config = Config { appendfsync: policy, ..Config::default() };
    let mut engine = Engine::new(config, 1, Keyspace::new(1), 0, NOW, Micros(0));
    pump(&mut engine, &mut Null, Event::Connected { client: CLIENT, peer: Peer::Simulated });
    engine
}

fn set(key: u64) -> OwnedArgv {
    let key = format!("key:{key:012}");
    OwnedArgv::from_words(&[b"SET".as_slice(), key.as_bytes(), &[b'x'; 64]])
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (name, words) in [
        ("get", vec![b"GET".to_vec(), b"key:000000000001".to_vec()]),
        ("set 64 B", vec![b"SET".to_vec(), b"key:000000000001".to_vec(), vec![b'x'; 64]]),
    ] {
        const REQUESTS: u64 = 1000;
        let mut input = Vec::new();
        for _ in 0..REQUESTS {
            encode_command(&words, &mut input);
        }
        let mut decoder = Decoder::new(Limits::default());
        group.throughput(Throughput::Elements(REQUESTS));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut rest = input.as_slice();
                let mut requests = 0;
                while let Decoded::Command { argv, consumed } = decoder.decode(rest) {
                    black_box(argv.len());
                    rest = &rest[consumed..];
                    requests += 1;
                }
                assert_eq!(requests, REQUESTS);
            });
        });
    }
    group.finish();
}

fn execute(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("execute and answer, turn of 16");
    const TURN: u64 = 16;
    group.throughput(Throughput::Elements(TURN));
    let sets: Vec<OwnedArgv> = (0..TURN).map(set).collect();
    let get = OwnedArgv::from_words(&[b"GET".as_slice(), b"key:000000000001"]);
    for (name, requests) in
        [("set 64 B", sets.clone()), ("get", vec![get; usize::try_from(TURN).unwrap_or(16)])]
    {
        let mut engine = engine(Policy::No);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for request in &requests {
                    let argv = request.as_argv();
                    pump(&mut engine, &mut Null, Event::Command { client: CLIENT, argv, now: NOW });
                }
                pump(&mut engine, &mut Null, Event::TurnEnd { now: NOW, mono: Micros(0) });
            });
        });
    }
    group.finish();
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    let request = set(1);
    for (name, change) in [
        ("verbatim", Change::Verbatim),
        ("set until", Change::SetUntil { key: b"key:000000000001", value: &[b'x'; 64], at: NOW }),
    ] {
        group.throughput(Throughput::Elements(1));
        group.bench_function(name, |bencher| {
            let mut state = PropagationState::default();
            let mut buffer = Vec::with_capacity(1 << 20);
            bencher.iter(|| {
                if buffer.len() > (1 << 20) - 4096 {
                    buffer.clear();
                }
                let mut propagation = Propagation::new(&mut state, &mut buffer);
                propagation.append(0, black_box(request.as_argv()), &change);
            });
        });
    }
    group.finish();
}

fn flush(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flush a turn of one");
    for policy in [Policy::No, Policy::EverySec] {
        group.bench_function(policy.as_str(), |bencher| {
            let request = set(1);
            bencher.iter_batched_ref(
                || {
                    let mut engine = engine(policy);
                    let argv = request.as_argv();
                    pump(&mut engine, &mut Null, Event::Command { client: CLIENT, argv, now: NOW });
                    engine
                },
                |engine| {
                    pump(engine, &mut Null, Event::TurnEnd { now: NOW, mono: Micros(0) });
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, decode, execute, append, flush);
criterion_main!(benches);

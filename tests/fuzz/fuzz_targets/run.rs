//! A run as bytes, as the page sends it to its worker: whatever the bytes are, they are refused, or
//! run and labelled step by step without a panic. What was read is written as the same bytes.
//!
//! The first byte says what the rest is: the bytes of a run; changes to a good run, or to a good
//! trace that a run follows, each a place in two bytes and the byte that goes there; or acts, which
//! are done to a good run at any step, in any order.
#![no_main]

use std::sync::{Arc, OnceLock};

use aof_core::config::Policy;
use aof_core::explore::Options;
use aof_core::explore::holes::{self, Hole};
use aof_core::explore::risk::Strip;
use aof_core::profile::ProfileName;
use aof_core::resp::OwnedArgv;
use aof_core::sim::crash::{DiskModel, Limits};
use aof_core::sim::fact::Fault;
use aof_core::sim::scenario::{self, Scenario};
use aof_core::sim::timeline::run::Run;
use aof_core::sim::world::{Settings, World};
use libfuzzer_sys::fuzz_target;

/// Steps that are labelled of one run.
const STEPS: usize = 80;
/// Strings that one command makes as long as the longest word are no finding.
const STRING_LIMIT_BYTES: u64 = 1024 * 1024;
/// A picture of a step needs thousands of images; a panic needs few.
const LIMITS: Limits = Limits { images: 48, total_bytes: 256 * 1024 };

/// Lines that do something with a log. The number goes into some of them.
const LINES: [&str; 14] = [
    "SET a 1",
    "INCR n",
    "APPEND a xyz",
    "BGREWRITEAOF",
    "PEXPIRE a 700",
    "RPUSH l 1 2 3",
    "FLUSHALL",
    "MULTI",
    "EXEC",
    "CONFIG SET appendonly no",
    "CONFIG SET appendonly yes",
    "CONFIG SET appendfsync always",
    "CONFIG SET auto-aof-rewrite-min-size 1",
    "SHUTDOWN",
];

/// Good runs, as bytes.
fn stories() -> &'static [Vec<u8>] {
    static STORIES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    STORIES.get_or_init(|| {
        let mut stories: Vec<Scenario> = Vec::new();
        for profile in ProfileName::ALL {
            stories.push(scenario::first_visit(Policy::EverySec, profile, 7));
            stories.push(scenario::rewrite(Policy::Always, profile, 7));
            stories.push(scenario::rename(Policy::EverySec, profile, 7));
            stories.extend(holes::ALL.into_iter().map(|hole: Hole| hole.scenario(profile)));
        }
        let as_bytes = |mut story: Scenario| {
            story.settings.config.proto_max_bulk_len = STRING_LIMIT_BYTES;
            Run::new(story.settings, story.inputs).to_bytes()
        };
        stories.into_iter().map(as_bytes).collect()
    })
}

fn story(number: u8) -> Vec<u8> {
    let stories = stories();
    stories[usize::from(number) % stories.len()].clone()
}

/// A run that follows a trace, as bytes, and where the trace is in them.
fn following(trace: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(1, &mut bytes);
    put(trace.len() as u64, &mut bytes);
    bytes.extend_from_slice(trace);
    put(0, &mut bytes);
    bytes
}

/// A run with a log to load, four writes and a rewrite.
fn good_trace() -> &'static [u8] {
    static TRACE: OnceLock<Vec<u8>> = OnceLock::new();
    TRACE.get_or_init(|| {
        let mut scenario = scenario::first_visit(Policy::EverySec, ProfileName::Hardened, 7);
        scenario.inputs.push(scenario::command(3_000_000, "BGREWRITEAOF"));
        let aof = Arc::new(b"*3\r\n$3\r\nSET\r\n$1\r\nz\r\n$1\r\n1\r\n".to_vec());
        let settings = Settings { record: true, aof, ..scenario.settings };
        let mut world = World::new(settings).expect("the log loads");
        scenario.inputs.into_iter().for_each(|due| world.submit(due));
        for _ in 0..120 {
            world.step();
        }
        let trace = world.trace().to_vec();
        assert!(aof_core::trace::replay(&trace).is_ok(), "it is no good trace");
        trace
    })
}

fn changed(mut good: Vec<u8>, changes: &[u8]) -> Vec<u8> {
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
        match good.get_mut(place) {
            Some(byte) => *byte = change[2],
            None => good.truncate(good.len() - usize::from(change[2]).min(good.len())),
        }
    }
    good
}

fn put(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A disk to start from: one of four kinds, which may be changed by hand before.
fn put_pick(kind: u8, place: u8, out: &mut Vec<u8>) {
    let by_hand = kind & 4 != 0;
    if by_hand {
        put(4, out);
    }
    put(u64::from(kind % 4), out);
    put(u64::from(kind / 32), out);
    if by_hand {
        put(u64::from(kind & 8 != 0), out);
        put(u64::from(place) * 2, out);
        put(1, out);
        put(u64::from(place), out);
        put(u64::from(kind & 16), out);
        put(u64::from(kind / 8 % 3), out);
    }
}

/// Behind a good run: acts of five bytes each, namely a step, a delay, what, and a number.
fn acted(mut run: Vec<u8>, acts: &[u8]) -> Vec<u8> {
    for act in acts.chunks_exact(5) {
        let [step, delay, kind, low, high] = *act else { unreachable!() };
        let number = u64::from(u16::from_le_bytes([low, high]));
        put(step.into(), &mut run);
        put(u64::from(delay) * u64::from(delay) * 1_000, &mut run);
        let kind = u64::from(kind % 9);
        put(kind, &mut run);
        match kind {
            0 => {
                put(number % 3, &mut run);
                let line = LINES[usize::from(low) % LINES.len()];
                put_bytes(OwnedArgv::from_line(line).as_bytes(), &mut run);
            }
            1 => put(number % 3, &mut run),
            3 => put_bytes(
                Fault::ALL[usize::from(low) % Fault::ALL.len()].as_str().as_bytes(),
                &mut run,
            ),
            7 => {
                let model = DiskModel::ALL[usize::from(low) % DiskModel::ALL.len()];
                put_bytes(model.as_str().as_bytes(), &mut run);
                put_pick(high, step, &mut run);
            }
            _ => {}
        }
    }
    run
}

fuzz_target!(|data: &[u8]| {
    let [kind, number, rest @ ..] = data else { return };
    let bytes = match kind % 4 {
        0 => rest.to_vec(),
        1 => changed(story(*number), rest),
        2 => following(&changed(good_trace().to_vec(), rest)),
        _ => acted(story(*number), rest),
    };
    let Ok(run) = Run::from_bytes(&bytes) else { return };
    let again = run.to_bytes();
    let read = Run::from_bytes(&again).expect("its own bytes");
    assert_eq!(read.to_bytes(), again, "it changes again");
    let model = DiskModel::ALL[usize::from(*number) % DiskModel::ALL.len()];
    let options = Options { model, limits: LIMITS, remembered_images: 1_000, ..Options::default() };
    let Ok(strip) = Strip::new(run, options) else { return };
    for label in strip.take(STEPS) {
        let Some(look) = label.look else { continue };
        for outlook in [look.killed, look.power_cut] {
            assert!(outlook.kept_at_worst <= outlook.acknowledged, "step {}", label.step);
            assert!(outlook.kept_at_best <= outlook.acknowledged, "step {}", label.step);
        }
    }
});

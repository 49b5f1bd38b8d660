//! A trace: the records do not depend on the pieces in which it is read, and a replay of anything
//! ends without a panic.
//!
//! After an even byte the input is the trace. After an odd one it is changes to a good trace,
//! which is made here, so that no new version of the format makes the corpus worthless: a place in
//! two bytes, then the byte that goes there. A place behind the end cuts the trace.
#![no_main]

use std::sync::{Arc, OnceLock};

use aof_core::config::Policy;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadStep, Loader};
use aof_core::profile::ProfileName;
use aof_core::sim::scenario::first_visit;
use aof_core::sim::world::{Settings, World};
use aof_core::trace::{Header, Reader, Record, Replay, TraceError};
use libfuzzer_sys::fuzz_target;

fn read(data: &[u8], piece_bytes: usize) -> (Vec<Record>, Option<TraceError>) {
    let mut reader = Reader::new();
    let mut records = Vec::new();
    for piece in data.chunks(piece_bytes) {
        reader.feed(piece);
        loop {
            match reader.next_record() {
                Ok(Some(record)) => records.push(record),
                Ok(None) => break,
                Err(error) => return (records, Some(error)),
            }
        }
    }
    (records, reader.finish().err())
}

/// Replays what was read, as `aof replay` does.
fn replay(records: &[Record]) -> Option<()> {
    let (Record::Header(header), rest) = records.split_first()? else { return None };
    let mut header = Header::clone(header);
    // Strings that one command makes as long as the longest word are no finding.
    header.config.proto_max_bulk_len = header.config.proto_max_bulk_len.min(64 * 1024);
    let keyspace = Keyspace::new(header.seed);
    let mut executor = Executor::new(header.config.clone(), keyspace, header.seed);
    executor.set_load_time(header.now);
    let mut loader = Loader::new(executor);
    let pieces = rest.iter().take_while(|record| matches!(record, Record::Log(_))).count();
    let (log, events) = rest.split_at(pieces);
    for record in log {
        let Record::Log(piece) = record else { return None };
        loader.feed(piece);
        while let LoadStep::Command(_) = loader.next_step().ok()? {}
    }
    let keyspace = loader.finish().ok()?.executor.keyspace;
    let mut replay = Replay::new(&header, keyspace).ok()?;
    for (number, record) in events.iter().enumerate() {
        replay.apply(record, number as u64).ok()?;
    }
    Some(())
}

/// A run of the simulated server with a log to load and four writes.
fn good_trace() -> &'static [u8] {
    static TRACE: OnceLock<Vec<u8>> = OnceLock::new();
    TRACE.get_or_init(|| {
        let scenario = first_visit(Policy::EverySec, ProfileName::Hardened, 7);
        let aof = Arc::new(b"*3\r\n$3\r\nSET\r\n$1\r\nz\r\n$1\r\n1\r\n".to_vec());
        let settings = Settings { record: true, aof, ..scenario.settings };
        let mut world = World::new(settings).expect("the log loads");
        scenario.inputs.into_iter().for_each(|due| world.submit(due));
        for _ in 0..60 {
            world.step();
        }
        let trace = world.trace().to_vec();
        assert!(aof_core::trace::replay(&trace).is_ok(), "it is no good trace");
        trace
    })
}

fn changed(changes: &[u8]) -> Vec<u8> {
    let mut trace = good_trace().to_vec();
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
        match trace.get_mut(place) {
            Some(byte) => *byte = change[2],
            None => trace.truncate(trace.len() - usize::from(change[2]).min(trace.len())),
        }
    }
    trace
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let trace = if kind & 1 == 0 { rest.to_vec() } else { changed(rest) };
    let whole = read(&trace, trace.len().max(1));
    assert_eq!(whole, read(&trace, 7), "the pieces decide");
    replay(&whole.0);
});

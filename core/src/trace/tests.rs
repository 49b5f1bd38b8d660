//! Records as bytes and back, and a run against its own record.

mod runs;

use super::*;
use crate::config::{Config, Policy, ProcessFacts};
use crate::effect::{CloseReason, Gate, HaltReason, Lane, OpenMode, Pipe, Work};
use crate::event::{ChildStatus, Event};
use crate::note::Note;
use crate::peer::Peer;
use crate::resp::{OwnedArgv, ProtocolError};
use crate::rewrite::names::FileName;
use crate::units::{ChildId, ClientId, Errno, FileId, JobId, Lsn, Micros, Millis};
use crate::usage::Usage;

pub(super) fn header() -> Header {
    Header {
        config: Config {
            appendfsync: Policy::Always,
            process_id: 77,
            most_clients: 19_968,
            process: ProcessFacts {
                run_id: "0123".to_owned(),
                executable: "/bin/aofd".to_owned(),
                system: "Linux".to_owned(),
                allocator: "one".to_owned(),
                multiplexing: String::new(),
            },
            ..Config::default()
        },
        seed: 5,
        now: Millis(1_700_000_000_000),
        mono: Micros(6),
        loaded_bytes: 7,
        dataset_digest: u128::MAX - 8,
    }
}

/// Every variant of an event, with every kind of field.
fn events() -> Vec<RecordedEvent> {
    let client = ClientId(u64::MAX);
    let (now, mono) = (Millis(1), Micros(2));
    let errors = [
        ProtocolError::InvalidMultibulkLength,
        ProtocolError::InvalidBulkLength,
        ProtocolError::ExpectedDollar { got: 0xff },
        ProtocolError::TooBigMultibulkCount,
        ProtocolError::TooBigBulkCount,
        ProtocolError::TooBigInline,
        ProtocolError::UnbalancedQuotes,
        ProtocolError::UnauthenticatedMultibulkLength,
        ProtocolError::UnauthenticatedBulkLength,
    ];
    let mut events = vec![
        Event::Connected { client, peer: Peer::Simulated },
        Event::Connected { client, peer: Peer::Unix },
        Event::Connected { client, peer: tcp("127.0.0.1:1", "0.0.0.0:65535") },
        Event::Connected { client, peer: tcp("[fe80::1%7]:1", "[::1]:6379") },
        Event::InputEnded { client },
        Event::Socket { client, descriptor: 8, query_bytes: 9, unsent_bytes: u64::MAX },
        Event::Usage(Usage { used_bytes: 1, largest_output_bytes: u64::MAX, ..Usage::default() }),
        Event::Closed { client },
        Event::TurnEnd { now, mono },
        Event::Tick { now, mono },
        Event::Written { file: FileId(3), result: Ok(u64::MAX) },
        Event::Written { file: FileId(3), result: Err(Errno::ENOSPC) },
        Event::Job { job: JobId(4), result: Ok(()), took: Micros(5) },
        Event::Job { job: JobId(4), result: Err(Errno(-1)), took: Micros(5) },
        Event::Backlog { client, bytes: 6 },
        Event::Shutdown { now },
        Event::ConfigRewritten { result: Ok(()) },
        Event::ConfigRewritten { result: Err(Errno::EIO) },
    ];
    events.extend(rewrite_events());
    events.extend(errors.map(|error| Event::Malformed { client, error }));
    let mut events: Vec<_> = events.into_iter().map(RecordedEvent::Plain).collect();
    for words in [&[&b"PING"[..]][..], &[b"", b"", b"\0\r\n\xff"]] {
        events.push(RecordedEvent::Command { client, argv: OwnedArgv::from_words(words), now });
    }
    let file = FileId(2);
    events.push(RecordedEvent::Read { file, result: Err(Errno::EIO) });
    for bytes in [&b""[..], b"*1\r\n"] {
        events.push(RecordedEvent::Read { file, result: Ok(bytes.to_vec()) });
    }
    let argv = OwnedArgv::from_words(&[&b"GET"[..], b"\xff"]);
    events.push(RecordedEvent::Took { client, argv, micros: 10_000, now });
    events
}

/// What a rewrite is told.
fn rewrite_events() -> Vec<Event<'static>> {
    let (job, child, took) = (JobId(u64::MAX), ChildId(u32::MAX), Micros(7));
    let mut events = vec![
        Event::Opened { job, result: Ok(u64::MAX) },
        Event::Opened { job, result: Err(Errno::ENOSPC) },
        Event::PipesOpened { result: Ok(()) },
        Event::PipesOpened { result: Err(Errno::EIO) },
        Event::Forked { result: Ok(child), took },
        Event::Forked { result: Err(Errno(11)), took },
        Event::PipeWritable,
        Event::StopAsked { byte: b'!' },
        Event::StopAsked { byte: 0 },
        Event::ChildReport { copied_bytes: 1, keys_done: 2, keys_total: u64::MAX },
        Event::ChildExited { child, status: ChildStatus::Code(0) },
        Event::ChildExited { child, status: ChildStatus::Code(i32::MIN) },
        Event::ChildExited { child, status: ChildStatus::Signal(10) },
    ];
    for pipe in PIPES {
        events.push(Event::PipeWritten { pipe, result: Ok(65_536) });
        events.push(Event::PipeWritten { pipe, result: Err(Errno(11)) });
    }
    events
}

const PIPES: [Pipe; 4] = [Pipe::Data, Pipe::Stop, Pipe::Ack, Pipe::Report];

fn tcp(remote: &str, local: &str) -> Peer {
    let parse = |text: &str| text.parse().expect("an address");
    Peer::Tcp { remote: parse(remote), local: parse(local) }
}

/// Every variant of an effect, with every kind of field.
fn effects() -> Vec<EffectSummary> {
    let (client, file, bytes) = (ClientId(1), FileId(2), Fingerprint::of(b"abc"));
    let mut effects = vec![
        EffectSummary::Write { file, bytes, offset: 3, upto: Lsn(4) },
        EffectSummary::Read { file, offset: 5, max_bytes: u32::MAX },
        EffectSummary::Pause { client },
        EffectSummary::Resume { client },
        EffectSummary::Sleep { micros: 5 },
        EffectSummary::Deadline { at: Micros(6) },
        EffectSummary::RewriteConfig,
        EffectSummary::OpenPipes,
        EffectSummary::Fork,
        EffectSummary::ClosePipes,
        EffectSummary::Kill { child: ChildId(u32::MAX) },
        EffectSummary::Note(format!("{:?}", Note::WriteFailed(Errno::EIO))),
        EffectSummary::Note(String::new()),
        EffectSummary::Halt(HaltReason::WriteFailed(Errno::EIO)),
        EffectSummary::Halt(HaltReason::SyncFailed(Errno::ENOSPC)),
        EffectSummary::Halt(HaltReason::Shutdown { flushed: true }),
        EffectSummary::Halt(HaltReason::Shutdown { flushed: false }),
    ];
    for gate in [Gate::Free, Gate::AfterWrite(Lsn(6)), Gate::AfterSync(Lsn(7))] {
        effects.push(EffectSummary::Send { client, bytes, replies: 8, gate });
    }
    for reason in [
        CloseReason::Quit,
        CloseReason::Protocol,
        CloseReason::HeldTooLong,
        CloseReason::OutputLimit,
        CloseReason::Killed,
        CloseReason::InputEnded,
        CloseReason::CrossProtocol,
    ] {
        effects.push(EffectSummary::Close { client, reason });
    }
    effects.extend(PIPES.map(|pipe| EffectSummary::PipeWrite { pipe, bytes }));
    let (job, offset, upto) = (JobId(11), u64::MAX, Lsn(9));
    for lane in [Lane::Inline, Lane::Sync, Lane::Slow] {
        effects.push(EffectSummary::Append { job, lane, file, block: bytes, offset, upto });
        effects.extend(works(file).into_iter().map(|work| EffectSummary::Submit {
            job,
            lane,
            work,
        }));
    }
    effects
}

/// Every variant of work, with every kind of name.
fn works(file: FileId) -> Vec<Work> {
    let child = ChildId(u32::MAX);
    let names = [FileName::Log, FileName::Unfinished(child), FileName::Rewritten(ChildId(1))];
    let mut works = vec![
        Work::Sync { file, upto: Lsn(9) },
        Work::Truncate { file, length_bytes: 10 },
        Work::Close { file },
        Work::SyncDirectory,
    ];
    for name in names {
        works.push(Work::Unlink { name });
        for mode in [OpenMode::Append, OpenMode::AppendOrCreate, OpenMode::ReadOnly] {
            works.push(Work::Open { file, name, mode });
        }
        works.extend(names.map(|to| Work::Rename { file, from: name, to }));
    }
    works
}

/// A record as bytes, with its length.
fn encoded(record: &Record) -> Vec<u8> {
    let mut body = Vec::new();
    match record {
        Record::Header(header) => {
            body.push(wire::HEADER);
            wire::header(header, &mut body);
        }
        Record::Log(piece) => {
            body.push(wire::LOG);
            body.extend_from_slice(piece);
        }
        Record::Event(event) => {
            body.push(wire::EVENT);
            wire::event(event.as_event(), &mut body);
        }
        Record::Answer(event) => {
            body.push(wire::ANSWER);
            wire::event(event.as_event(), &mut body);
        }
        Record::Effect(effect) => {
            body.push(wire::EFFECT);
            wire::effect(effect, &mut body);
        }
        Record::Step(digest) => {
            body.push(wire::STEP);
            body.extend_from_slice(&digest.to_le_bytes());
        }
    }
    let length = u32::try_from(body.len()).expect("small");
    [&length.to_le_bytes()[..], &body].concat()
}

fn every_record() -> Vec<Record> {
    let mut records = vec![
        Record::Header(Box::new(header())),
        Record::Log(b"*1\r\n".to_vec()),
        Record::Log(Vec::new()),
        Record::Step(0),
        Record::Step(u128::MAX),
    ];
    records
        .extend(events().into_iter().flat_map(|e| [Record::Event(e.clone()), Record::Answer(e)]));
    records.extend(effects().into_iter().map(Record::Effect));
    records
}

fn file_of(records: &[Record]) -> Vec<u8> {
    let mut file = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
    file.extend(records.iter().flat_map(encoded));
    file
}

/// Reads everything, in pieces.
#[expect(clippy::result_large_err, reason = "a test, and the error is what it is about")]
pub(super) fn read(bytes: &[u8], piece: usize) -> Result<Vec<Record>, (Vec<Record>, TraceError)> {
    let mut reader = Reader::new();
    let mut records = Vec::new();
    for piece in bytes.chunks(piece) {
        reader.feed(piece);
        loop {
            match reader.next_record() {
                Ok(Some(record)) => records.push(record),
                Ok(None) => break,
                Err(error) => return Err((records, error)),
            }
        }
    }
    match reader.finish() {
        Ok(()) => Ok(records),
        Err(error) => Err((records, error)),
    }
}

#[test]
fn every_record_is_read_back_in_pieces_of_every_size() {
    let records = every_record();
    let file = file_of(&records);
    for piece in [1, 2, 3, 5, 8, 13, 100, file.len()] {
        assert_eq!(read(&file, piece).expect("a good trace"), records);
    }
}

#[test]
fn the_recorder_writes_what_the_reader_reads() {
    let mut recorder = Recorder::new(&header());
    recorder.log(b"*1\r\n");
    let mut expected = vec![Record::Header(Box::new(header())), Record::Log(b"*1\r\n".to_vec())];
    for event in events() {
        recorder.event(&event.as_event());
        recorder.answer(&event.as_event());
        expected.extend([Record::Event(event.clone()), Record::Answer(event)]);
    }
    recorder.step(9);
    expected.push(Record::Step(9));
    assert_eq!(recorder.bytes(), file_of(&expected));
    assert_eq!(recorder.skipped(), 0);
    recorder.clear();
    assert_eq!(recorder.bytes(), b"");
}

#[test]
fn a_cut_trace_is_read_up_to_the_cut() {
    let records = every_record();
    let file = file_of(&records);
    let mut ends = vec![12];
    for record in &records {
        ends.push(ends[ends.len() - 1] + encoded(record).len());
    }
    for cut in 0..file.len() {
        let whole = ends.iter().filter(|&&end| end <= cut).count().saturating_sub(1);
        match read(&file[..cut], 7) {
            Ok(found) => {
                assert!(ends.contains(&cut) && whole > 0, "cut at {cut}");
                assert_eq!(found, records[..whole]);
            }
            Err((found, TraceError::Cut { offset, size_bytes })) => {
                assert!(whole == 0 || !ends.contains(&cut), "cut at {cut}");
                assert_eq!(found, records[..whole]);
                assert_eq!(size_bytes, cut as u64);
                let begins = if cut < 12 { 0 } else { ends[whole] };
                assert_eq!(offset, begins as u64);
            }
            Err((_, other)) => panic!("cut at {cut}: {other}"),
        }
    }
}

#[test]
fn every_flipped_byte_is_another_trace_or_an_error() {
    let records = every_record();
    let file = file_of(&records);
    // The header holds text, in which upper and lower case mean the same.
    let text = 12 + encoded(&records[0]).len();
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << bit;
            match read(&flipped, 1000) {
                Ok(found) => {
                    assert!(at < text || found != records, "byte {at} bit {bit} means nothing");
                }
                Err((_, error)) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let error = |bytes: &[u8]| read(bytes, 100).expect_err("no trace").1.to_string();
    assert_eq!(error(b"*3\r\n$3\r\n"), "not a trace: the file does not begin with \"AOFTRACE\"");
    assert_eq!(
        error(&[&MAGIC[..], &[9, 0, 0, 0]].concat()),
        "a trace of version 9; this program reads version 3"
    );
    assert_eq!(
        error(&[&file_of(&[])[..], &[0xff, 0xff, 0xff, 0xff]].concat()),
        "the record at 12 claims 4294967295 bytes"
    );
    assert_eq!(
        error(&[&file_of(&[])[..], &[0, 0, 0, 0]].concat()),
        "the record at 12 claims 0 bytes"
    );
    assert_eq!(
        error(&[&file_of(&[])[..], &[1, 0, 0, 0, 99]].concat()),
        "the record at 12 is of unknown kind 99"
    );
    assert_eq!(
        error(&[&file_of(&[])[..], &[2, 0, 0, 0, wire::STEP, 0]].concat()),
        "the record at 12 is damaged: digest"
    );
    assert_eq!(error(&file_of(&[Record::Step(1)])), "the record at 12 stands in the wrong place");
    assert_eq!(error(&MAGIC), "the trace is cut off at 8, inside the record at 0");
}

#[test]
fn a_claimed_length_reserves_nothing() {
    let mut reader = Reader::new();
    reader.feed(&[&file_of(&[])[..], &(RECORD_LIMIT_BYTES).to_le_bytes(), &[wire::LOG]].concat());
    assert_eq!(reader.next_record(), Ok(None));
    assert!(reader.finish().is_err());
    // A command that claims more words than its record has bytes.
    let mut body = vec![wire::EVENT, 3];
    body.extend([0; 16]);
    body.extend(u64::MAX.to_le_bytes());
    assert!(wire::record(&body, 0).is_err());
}

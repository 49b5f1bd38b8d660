//! Records as bytes. Each writer stands beside its reader; a new variant of an event or an effect
//! does not compile before it is here.

use crate::config::Config;
use crate::config::directives::{parse_text, to_text};
use crate::effect::{CloseReason, Gate, HaltReason, Lane, Work};
use crate::event::Event;
use crate::resp::{OwnedArgv, ProtocolError};
use crate::trace::read::TraceError;
use crate::trace::record::{EffectSummary, Fingerprint, Header, Record, RecordedEvent};
use crate::units::{ClientId, Errno, FileId, JobId, Lsn, Micros, Millis};

pub(crate) const HEADER: u8 = 1;
pub(crate) const LOG: u8 = 2;
pub(crate) const EVENT: u8 = 3;
pub(crate) const ANSWER: u8 = 4;
pub(crate) const EFFECT: u8 = 5;
pub(crate) const STEP: u8 = 6;

/// A field that cannot be read; its name.
type Bad = &'static str;

/// Reads a record's kind and body. `offset` is where it begins.
pub(crate) fn record(bytes: &[u8], offset: u64) -> Result<Record, TraceError> {
    let damaged = |field| TraceError::Body { offset, field };
    let mut body = Body(bytes);
    let kind = body.u8("kind").map_err(damaged)?;
    let record = match kind {
        HEADER => Record::Header(Box::new(read_header(&mut body, offset)?)),
        LOG => Record::Log(std::mem::take(&mut body.0).to_vec()),
        EVENT => Record::Event(read_event(&mut body).map_err(damaged)?),
        ANSWER => Record::Answer(read_event(&mut body).map_err(damaged)?),
        EFFECT => Record::Effect(read_effect(&mut body).map_err(damaged)?),
        STEP => Record::Step(body.u128("digest").map_err(damaged)?),
        kind => return Err(TraceError::Kind { offset, kind }),
    };
    body.is_empty("length").map_err(damaged)?;
    Ok(record)
}

pub(crate) fn header(header: &Header, out: &mut Vec<u8>) {
    put_u64(header.seed, out);
    put_u64(header.now.0, out);
    put_u64(header.mono.0, out);
    put_u64(header.loaded_bytes, out);
    out.extend_from_slice(&header.dataset_digest.to_le_bytes());
    put_u32(header.config.process_id, out);
    out.extend_from_slice(to_text(&header.config).as_bytes());
}

fn read_header(body: &mut Body<'_>, offset: u64) -> Result<Header, TraceError> {
    let damaged = |field| TraceError::Body { offset, field };
    let seed = body.u64("seed").map_err(damaged)?;
    let now = Millis(body.u64("wall clock").map_err(damaged)?);
    let mono = Micros(body.u64("monotonic clock").map_err(damaged)?);
    let loaded_bytes = body.u64("loaded bytes").map_err(damaged)?;
    let dataset_digest = body.u128("dataset digest").map_err(damaged)?;
    let process_id = body.u32("process").map_err(damaged)?;
    let mut config = Config { process_id, ..Config::default() };
    parse_text(&mut config, "header", std::mem::take(&mut body.0))?;
    Ok(Header { config, seed, now, mono, loaded_bytes, dataset_digest })
}

/// Writes an event.
pub(crate) fn event(event: Event<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Connected { client } => {
            out.push(1);
            put_u64(client.0, out);
        }
        Event::Closed { client } => {
            out.push(2);
            put_u64(client.0, out);
        }
        Event::Command { client, argv, now } => {
            out.push(3);
            put_u64(client.0, out);
            put_u64(now.0, out);
            put_u64(argv.len() as u64, out);
            for word in argv.iter() {
                put_u64(word.len() as u64, out);
                out.extend_from_slice(word);
            }
        }
        Event::Malformed { client, error } => {
            out.push(4);
            put_u64(client.0, out);
            let (code, got) = protocol_error(error);
            out.extend([code, got]);
        }
        Event::TurnEnd { now, mono } => {
            out.push(5);
            put_u64(now.0, out);
            put_u64(mono.0, out);
        }
        Event::Tick { now, mono } => {
            out.push(6);
            put_u64(now.0, out);
            put_u64(mono.0, out);
        }
        Event::Written { file, result } => {
            out.push(7);
            put_u32(file.0, out);
            put_result(result, out);
        }
        Event::Job { job, result, took } => {
            out.push(8);
            put_u64(job.0, out);
            put_result(result.map(|()| 0), out);
            put_u64(took.0, out);
        }
        Event::Backlog { client, bytes } => {
            out.push(9);
            put_u64(client.0, out);
            put_u64(bytes, out);
        }
        Event::Shutdown { now } => {
            out.push(10);
            put_u64(now.0, out);
        }
    }
}

fn read_event(body: &mut Body<'_>) -> Result<RecordedEvent, Bad> {
    Ok(RecordedEvent::Plain(match body.u8("event")? {
        1 => Event::Connected { client: ClientId(body.u64("client")?) },
        2 => Event::Closed { client: ClientId(body.u64("client")?) },
        3 => {
            let client = ClientId(body.u64("client")?);
            let now = Millis(body.u64("wall clock")?);
            let count = body.u64("number of words")?;
            let mut words = Vec::new();
            for _ in 0..count {
                let length = body.u64("length of a word")?;
                words.push(body.take(usize::try_from(length).ok(), "word")?);
            }
            if words.is_empty() {
                return Err("number of words");
            }
            let argv = OwnedArgv::from_words(&words);
            return Ok(RecordedEvent::Command { client, argv, now });
        }
        4 => {
            let client = ClientId(body.u64("client")?);
            let error = read_protocol_error(body.u8("protocol error")?, body.u8("byte")?)?;
            Event::Malformed { client, error }
        }
        5 => {
            let now = Millis(body.u64("wall clock")?);
            Event::TurnEnd { now, mono: Micros(body.u64("monotonic clock")?) }
        }
        6 => {
            let now = Millis(body.u64("wall clock")?);
            Event::Tick { now, mono: Micros(body.u64("monotonic clock")?) }
        }
        7 => Event::Written { file: FileId(body.u32("file")?), result: body.result()? },
        8 => {
            let job = JobId(body.u64("job")?);
            let result = match body.result()? {
                Ok(0) => Ok(()),
                Ok(_) => return Err("result"),
                Err(errno) => Err(errno),
            };
            Event::Job { job, result, took: Micros(body.u64("duration")?) }
        }
        9 => {
            let client = ClientId(body.u64("client")?);
            Event::Backlog { client, bytes: body.u64("bytes")? }
        }
        10 => Event::Shutdown { now: Millis(body.u64("wall clock")?) },
        _ => return Err("event"),
    }))
}

const fn protocol_error(error: ProtocolError) -> (u8, u8) {
    match error {
        ProtocolError::InvalidMultibulkLength => (1, 0),
        ProtocolError::InvalidBulkLength => (2, 0),
        ProtocolError::ExpectedDollar { got } => (3, got),
        ProtocolError::TooBigMultibulkCount => (4, 0),
        ProtocolError::TooBigBulkCount => (5, 0),
        ProtocolError::TooBigInline => (6, 0),
        ProtocolError::UnbalancedQuotes => (7, 0),
    }
}

const fn read_protocol_error(code: u8, got: u8) -> Result<ProtocolError, Bad> {
    Ok(match (code, got) {
        (1, 0) => ProtocolError::InvalidMultibulkLength,
        (2, 0) => ProtocolError::InvalidBulkLength,
        (3, got) => ProtocolError::ExpectedDollar { got },
        (4, 0) => ProtocolError::TooBigMultibulkCount,
        (5, 0) => ProtocolError::TooBigBulkCount,
        (6, 0) => ProtocolError::TooBigInline,
        (7, 0) => ProtocolError::UnbalancedQuotes,
        _ => return Err("protocol error"),
    })
}

/// Writes an effect.
pub(crate) fn effect(effect: &EffectSummary, out: &mut Vec<u8>) {
    match *effect {
        EffectSummary::Write { file, bytes, offset, upto } => {
            out.push(1);
            put_u32(file.0, out);
            put_fingerprint(bytes, out);
            put_u64(offset, out);
            put_u64(upto.0, out);
        }
        EffectSummary::Submit { job, lane, work } => {
            out.push(2);
            put_u64(job.0, out);
            out.push(lane_code(lane));
            put_work(work, out);
        }
        EffectSummary::Send { client, bytes, replies, gate } => {
            out.push(3);
            put_u64(client.0, out);
            put_fingerprint(bytes, out);
            put_u32(replies, out);
            let (code, lsn) = match gate {
                Gate::Free => (0, Lsn(0)),
                Gate::AfterWrite(lsn) => (1, lsn),
                Gate::AfterSync(lsn) => (2, lsn),
            };
            out.push(code);
            put_u64(lsn.0, out);
        }
        EffectSummary::Close { client, reason } => {
            out.push(4);
            put_u64(client.0, out);
            out.push(close_code(reason));
        }
        EffectSummary::Pause { client } => {
            out.push(5);
            put_u64(client.0, out);
        }
        EffectSummary::Resume { client } => {
            out.push(6);
            put_u64(client.0, out);
        }
        EffectSummary::Sleep { micros } => {
            out.push(7);
            put_u64(micros, out);
        }
        EffectSummary::Note(ref text) => {
            out.push(8);
            out.extend_from_slice(text.as_bytes());
        }
        EffectSummary::Halt(reason) => {
            out.push(9);
            let (code, value) = match reason {
                HaltReason::WriteFailed(errno) => (1, errno.0),
                HaltReason::SyncFailed(errno) => (2, errno.0),
                HaltReason::Shutdown { flushed } => (3, i32::from(flushed)),
            };
            out.push(code);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

fn read_effect(body: &mut Body<'_>) -> Result<EffectSummary, Bad> {
    Ok(match body.u8("effect")? {
        1 => EffectSummary::Write {
            file: FileId(body.u32("file")?),
            bytes: body.fingerprint()?,
            offset: body.u64("offset")?,
            upto: Lsn(body.u64("log position")?),
        },
        2 => EffectSummary::Submit {
            job: JobId(body.u64("job")?),
            lane: read_lane(body.u8("lane")?)?,
            work: read_work(body)?,
        },
        3 => {
            let client = ClientId(body.u64("client")?);
            let (bytes, replies) = (body.fingerprint()?, body.u32("replies")?);
            let gate = match (body.u8("gate")?, Lsn(body.u64("gate")?)) {
                (0, Lsn(0)) => Gate::Free,
                (1, lsn) => Gate::AfterWrite(lsn),
                (2, lsn) => Gate::AfterSync(lsn),
                _ => return Err("gate"),
            };
            EffectSummary::Send { client, bytes, replies, gate }
        }
        4 => {
            let client = ClientId(body.u64("client")?);
            EffectSummary::Close { client, reason: read_close(body.u8("reason")?)? }
        }
        5 => EffectSummary::Pause { client: ClientId(body.u64("client")?) },
        6 => EffectSummary::Resume { client: ClientId(body.u64("client")?) },
        7 => EffectSummary::Sleep { micros: body.u64("duration")? },
        8 => {
            let text = std::str::from_utf8(std::mem::take(&mut body.0)).map_err(|_| "note")?;
            EffectSummary::Note(text.to_owned())
        }
        9 => EffectSummary::Halt(match (body.u8("reason")?, body.i32("reason")?) {
            (1, errno) => HaltReason::WriteFailed(Errno(errno)),
            (2, errno) => HaltReason::SyncFailed(Errno(errno)),
            (3, 0) => HaltReason::Shutdown { flushed: false },
            (3, 1) => HaltReason::Shutdown { flushed: true },
            _ => return Err("reason"),
        }),
        _ => return Err("effect"),
    })
}

const fn lane_code(lane: Lane) -> u8 {
    match lane {
        Lane::Inline => 0,
        Lane::Sync => 1,
        Lane::Slow => 2,
    }
}

const fn read_lane(code: u8) -> Result<Lane, Bad> {
    Ok(match code {
        0 => Lane::Inline,
        1 => Lane::Sync,
        2 => Lane::Slow,
        _ => return Err("lane"),
    })
}

fn put_work(work: Work, out: &mut Vec<u8>) {
    let (code, file, number) = match work {
        Work::Sync { file, upto } => (1, file, upto.0),
        Work::Truncate { file, length_bytes } => (2, file, length_bytes),
        Work::Close { file } => (3, file, 0),
    };
    out.push(code);
    put_u32(file.0, out);
    put_u64(number, out);
}

fn read_work(body: &mut Body<'_>) -> Result<Work, Bad> {
    let code = body.u8("work")?;
    let (file, number) = (FileId(body.u32("file")?), body.u64("work")?);
    Ok(match code {
        1 => Work::Sync { file, upto: Lsn(number) },
        2 => Work::Truncate { file, length_bytes: number },
        3 if number == 0 => Work::Close { file },
        _ => return Err("work"),
    })
}

const fn close_code(reason: CloseReason) -> u8 {
    match reason {
        CloseReason::Quit => 1,
        CloseReason::Protocol => 2,
        CloseReason::HeldTooLong => 3,
        CloseReason::OutputLimit => 4,
        CloseReason::Killed => 5,
    }
}

const fn read_close(code: u8) -> Result<CloseReason, Bad> {
    Ok(match code {
        1 => CloseReason::Quit,
        2 => CloseReason::Protocol,
        3 => CloseReason::HeldTooLong,
        4 => CloseReason::OutputLimit,
        5 => CloseReason::Killed,
        _ => return Err("reason"),
    })
}

fn put_u32(value: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_u64(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_fingerprint(bytes: Fingerprint, out: &mut Vec<u8>) {
    put_u64(bytes.length_bytes, out);
    put_u64(bytes.hash, out);
}

fn put_result(result: Result<u64, Errno>, out: &mut Vec<u8>) {
    match result {
        Ok(value) => {
            out.push(0);
            put_u64(value, out);
        }
        Err(errno) => {
            out.push(1);
            out.extend_from_slice(&errno.0.to_le_bytes());
        }
    }
}

/// What is left of a record's body.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, length: Option<usize>, field: Bad) -> Result<&'a [u8], Bad> {
        let (front, rest) =
            length.and_then(|length| self.0.split_at_checked(length)).ok_or(field)?;
        self.0 = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self, field: Bad) -> Result<[u8; N], Bad> {
        let (front, rest) = self.0.split_first_chunk::<N>().ok_or(field)?;
        self.0 = rest;
        Ok(*front)
    }

    fn u8(&mut self, field: Bad) -> Result<u8, Bad> {
        self.array(field).map(u8::from_le_bytes)
    }

    fn u32(&mut self, field: Bad) -> Result<u32, Bad> {
        self.array(field).map(u32::from_le_bytes)
    }

    fn i32(&mut self, field: Bad) -> Result<i32, Bad> {
        self.array(field).map(i32::from_le_bytes)
    }

    fn u64(&mut self, field: Bad) -> Result<u64, Bad> {
        self.array(field).map(u64::from_le_bytes)
    }

    fn u128(&mut self, field: Bad) -> Result<u128, Bad> {
        self.array(field).map(u128::from_le_bytes)
    }

    fn fingerprint(&mut self) -> Result<Fingerprint, Bad> {
        Ok(Fingerprint { length_bytes: self.u64("length")?, hash: self.u64("hash")? })
    }

    fn result(&mut self) -> Result<Result<u64, Errno>, Bad> {
        Ok(match self.u8("result")? {
            0 => Ok(self.u64("result")?),
            1 => Err(Errno(self.i32("result")?)),
            _ => return Err("result"),
        })
    }

    fn is_empty(&self, field: Bad) -> Result<(), Bad> {
        if self.0.is_empty() { Ok(()) } else { Err(field) }
    }
}

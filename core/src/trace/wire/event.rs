//! Events as bytes.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::body::{Bad, Body, put_result, put_u32, put_u64};
use super::effect::{pipe_code, read_pipe};
use crate::event::{ChildStatus, Event};
use crate::peer::Peer;
use crate::resp::{Argv, OwnedArgv, ProtocolError};
use crate::trace::record::RecordedEvent;
use crate::units::{ChildId, ClientId, FileId, JobId, Micros, Millis};
use crate::usage::Usage;

/// Writes an event.
pub(crate) fn event(event: Event<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Connected { client, peer } => {
            out.push(1);
            put_u64(client.0, out);
            put_peer(peer, out);
        }
        Event::Closed { client } => {
            out.push(2);
            put_u64(client.0, out);
        }
        Event::Command { client, argv, now } => {
            out.push(3);
            put_u64(client.0, out);
            put_u64(now.0, out);
            put_words(argv, out);
        }
        Event::Malformed { client, error } => {
            out.push(4);
            put_u64(client.0, out);
            let (code, got) = protocol_error(error);
            out.extend([code, got]);
        }
        Event::TurnEnd { now, mono } => put_clocks(5, now, mono, out),
        Event::Tick { now, mono } => put_clocks(6, now, mono, out),
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
        Event::InputEnded { client } => {
            out.push(11);
            put_u64(client.0, out);
        }
        Event::Took { client, argv, micros, now } => {
            out.push(12);
            put_u64(client.0, out);
            put_u64(micros, out);
            put_u64(now.0, out);
            put_words(argv, out);
        }
        Event::Socket { client, descriptor, query_bytes, unsent_bytes } => {
            out.push(13);
            put_u64(client.0, out);
            put_u32(descriptor, out);
            put_u64(query_bytes, out);
            put_u64(unsent_bytes, out);
        }
        Event::ConfigRewritten { result } => {
            out.push(16);
            put_result(result.map(|()| 0), out);
        }
        Event::Opened { job, result } => {
            out.push(17);
            put_u64(job.0, out);
            put_result(result, out);
        }
        Event::PipesOpened { result } => {
            out.push(18);
            put_result(result.map(|()| 0), out);
        }
        Event::Forked { result, took } => {
            out.push(19);
            put_result(result.map(|child| u64::from(child.0)), out);
            put_u64(took.0, out);
        }
        Event::PipeWritten { pipe, result } => {
            out.extend([20, pipe_code(pipe)]);
            put_result(result, out);
        }
        Event::PipeWritable => out.push(21),
        Event::StopAsked { byte } => out.extend([22, byte]),
        Event::ChildReport { copied_bytes, keys_done, keys_total } => {
            out.push(23);
            [copied_bytes, keys_done, keys_total].into_iter().for_each(|it| put_u64(it, out));
        }
        Event::ChildExited { child, status } => {
            out.push(24);
            put_u32(child.0, out);
            let (code, number) = match status {
                ChildStatus::Code(code) => (0, code),
                ChildStatus::Signal(signal) => (1, signal),
            };
            out.push(code);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Event::Usage(usage) => {
            out.push(14);
            usage.fields().into_iter().for_each(|field| put_u64(field, out));
        }
        Event::Read { file, result } => {
            out.push(15);
            put_u32(file.0, out);
            put_result(result.map(|bytes| bytes.len() as u64), out);
            out.extend_from_slice(result.unwrap_or_default());
        }
    }
}

fn put_clocks(code: u8, now: Millis, mono: Micros, out: &mut Vec<u8>) {
    out.push(code);
    put_u64(now.0, out);
    put_u64(mono.0, out);
}

pub(super) fn read_event(body: &mut Body<'_>) -> Result<RecordedEvent, Bad> {
    Ok(RecordedEvent::Plain(match body.u8("event")? {
        1 => {
            let client = ClientId(body.u64("client")?);
            Event::Connected { client, peer: read_peer(body)? }
        }
        2 => Event::Closed { client: ClientId(body.u64("client")?) },
        3 => {
            let client = ClientId(body.u64("client")?);
            let now = Millis(body.u64("wall clock")?);
            return Ok(RecordedEvent::Command { client, argv: read_words(body)?, now });
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
        11 => Event::InputEnded { client: ClientId(body.u64("client")?) },
        12 => {
            let client = ClientId(body.u64("client")?);
            let (micros, now) = (body.u64("duration")?, Millis(body.u64("wall clock")?));
            return Ok(RecordedEvent::Took { client, argv: read_words(body)?, micros, now });
        }
        13 => Event::Socket {
            client: ClientId(body.u64("client")?),
            descriptor: body.u32("descriptor")?,
            query_bytes: body.u64("bytes")?,
            unsent_bytes: body.u64("bytes")?,
        },
        14 => {
            let mut fields = [0; Usage::FIELDS];
            for field in &mut fields {
                *field = body.u64("usage")?;
            }
            Event::Usage(Usage::from_fields(fields))
        }
        17 => Event::Opened { job: JobId(body.u64("job")?), result: body.result()? },
        18 => Event::PipesOpened { result: body.unit_result()? },
        19 => {
            let result = match body.result()? {
                Ok(child) => Ok(ChildId(u32::try_from(child).map_err(|_| "child")?)),
                Err(errno) => Err(errno),
            };
            Event::Forked { result, took: Micros(body.u64("duration")?) }
        }
        20 => Event::PipeWritten { pipe: read_pipe(body.u8("pipe")?)?, result: body.result()? },
        21 => Event::PipeWritable,
        22 => Event::StopAsked { byte: body.u8("byte")? },
        23 => Event::ChildReport {
            copied_bytes: body.u64("bytes")?,
            keys_done: body.u64("keys")?,
            keys_total: body.u64("keys")?,
        },
        24 => {
            let child = ChildId(body.u32("child")?);
            let status = match (body.u8("status")?, body.i32("status")?) {
                (0, code) => ChildStatus::Code(code),
                (1, signal) => ChildStatus::Signal(signal),
                _ => return Err("status"),
            };
            Event::ChildExited { child, status }
        }
        16 => Event::ConfigRewritten { result: body.unit_result()? },
        15 => {
            let file = FileId(body.u32("file")?);
            let result = match body.result()? {
                Ok(length) => Ok(body.take(usize::try_from(length).ok(), "bytes")?.to_vec()),
                Err(errno) => Err(errno),
            };
            return Ok(RecordedEvent::Read { file, result });
        }
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
        ProtocolError::UnauthenticatedMultibulkLength => (8, 0),
        ProtocolError::UnauthenticatedBulkLength => (9, 0),
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
        (8, 0) => ProtocolError::UnauthenticatedMultibulkLength,
        (9, 0) => ProtocolError::UnauthenticatedBulkLength,
        _ => return Err("protocol error"),
    })
}

fn put_words(argv: Argv<'_>, out: &mut Vec<u8>) {
    put_u64(argv.len() as u64, out);
    for word in argv.iter() {
        put_u64(word.len() as u64, out);
        out.extend_from_slice(word);
    }
}

fn read_words(body: &mut Body<'_>) -> Result<OwnedArgv, Bad> {
    let count = body.u64("number of words")?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length = body.u64("length of a word")?;
        words.push(body.take(usize::try_from(length).ok(), "word")?);
    }
    if words.is_empty() {
        return Err("number of words");
    }
    Ok(OwnedArgv::from_words(&words))
}

fn put_peer(peer: Peer, out: &mut Vec<u8>) {
    match peer {
        Peer::Simulated => out.push(0),
        Peer::Unix => out.push(1),
        Peer::Tcp { remote, local } => {
            out.push(2);
            put_address(remote, out);
            put_address(local, out);
        }
    }
}

fn read_peer(body: &mut Body<'_>) -> Result<Peer, Bad> {
    Ok(match body.u8("peer")? {
        0 => Peer::Simulated,
        1 => Peer::Unix,
        2 => Peer::Tcp { remote: read_address(body)?, local: read_address(body)? },
        _ => return Err("peer"),
    })
}

/// The flow label and the scope of an IPv6 address are kept too: two events are the same only if
/// they are written the same.
fn put_address(address: SocketAddr, out: &mut Vec<u8>) {
    match address {
        SocketAddr::V4(address) => {
            out.push(4);
            out.extend_from_slice(&address.ip().octets());
        }
        SocketAddr::V6(address) => {
            out.push(6);
            out.extend_from_slice(&address.ip().octets());
            put_u32(address.flowinfo(), out);
            put_u32(address.scope_id(), out);
        }
    }
    out.extend_from_slice(&address.port().to_le_bytes());
}

fn read_address(body: &mut Body<'_>) -> Result<SocketAddr, Bad> {
    Ok(match body.u8("address")? {
        4 => {
            let ip = Ipv4Addr::from(body.array::<4>("address")?);
            SocketAddr::V4(SocketAddrV4::new(ip, body.u16("port")?))
        }
        6 => {
            let ip = Ipv6Addr::from(body.array::<16>("address")?);
            let (flow, scope) = (body.u32("address")?, body.u32("address")?);
            SocketAddr::V6(SocketAddrV6::new(ip, body.u16("port")?, flow, scope))
        }
        _ => return Err("address"),
    })
}

//! Clients that mean harm or know no better. Each function is one kind; all of them return in a
//! bounded time, whatever the server does, and none of them expects anything of it: what must
//! hold is for the test to say.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::client::encode;
use crate::workload::Random;

/// A connection that never waits long.
///
/// # Panics
/// If the server does not accept.
#[must_use]
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a server that serves accepts");
    let patience = Some(Duration::from_millis(500));
    stream.set_read_timeout(patience).expect("a socket takes a timeout");
    stream.set_write_timeout(patience).expect("a socket takes a timeout");
    stream
}

/// Bytes that nearly are a protocol, one connection after the other.
pub fn random_bytes(port: u16, seed: u64, connections: usize) {
    const PIECES: [&[u8]; 16] = [
        b"*",
        b"$",
        b"\r\n",
        b"\n",
        b"*3\r\n$3\r\nSET\r\n",
        b"-1",
        b"1048577",
        b"PING\r\n",
        b"\0",
        b"\"",
        b"$5\r\nhello\r\n",
        b"*-5\r\n",
        b"GET x\r\n",
        b"\xff\xfe",
        b"MULTI\r\n",
        b"EXEC\r\n",
    ];
    let mut random = Random::new(seed);
    for _ in 0..connections {
        let mut stream = connect(port);
        let mut bytes = Vec::new();
        for _ in 0..random.below(60) {
            bytes.extend_from_slice(random.one_of::<&[u8]>(&PIECES));
            if random.one_in(4) {
                bytes.push(random.below(256).to_le_bytes()[0]);
            }
        }
        stream.write_all(&bytes).ok();
        match random.below(3) {
            0 => {}
            1 => drop(stream.shutdown(Shutdown::Write)),
            _ => drop(stream.read_exact(&mut [0; 16])),
        }
    }
}

/// Claims that are never made good: counts and lengths up to the largest that are allowed, and
/// beyond. Returns the connections, still open.
#[must_use]
pub fn giant_claims(port: u16, connections: usize) -> Vec<TcpStream> {
    const CLAIMS: [&[u8]; 6] = [
        b"*1048577\r\n",
        b"*1048576\r\n$3\r\nSET\r\n",
        b"*2\r\n$536870913\r\n",
        b"*2\r\n$3\r\nGET\r\n$536870912\r\n",
        b"*3\r\n$3\r\nSET\r\n$536870912\r\nabc",
        b"*2147483648\r\n$9223372036854775807\r\n",
    ];
    (0..connections)
        .map(|index| {
            let mut stream = connect(port);
            stream.write_all(CLAIMS[index % CLAIMS.len()]).ok();
            stream
        })
        .collect()
}

/// Requests of `length` bytes whose last byte never comes, sent in turns. Returns the connections,
/// still open.
#[must_use]
pub fn unfinished_requests(port: u16, connections: usize, length: usize) -> Vec<TcpStream> {
    let header = format!("*3\r\n$3\r\nSET\r\n$7\r\nhostile\r\n${length}\r\n");
    let mut streams: Vec<TcpStream> = (0..connections).map(|_| connect(port)).collect();
    for stream in &mut streams {
        stream.write_all(header.as_bytes()).ok();
    }
    let piece = vec![b'x'; 64 * 1024];
    for start in (0..length).step_by(piece.len()) {
        let rest = (length - start).min(piece.len()).saturating_sub(1);
        for stream in &mut streams {
            stream.write_all(&piece[..rest]).ok();
        }
    }
    streams
}

/// Requests for a large value, many in a row, without ever reading. Returns the connections, still
/// open.
#[must_use]
pub fn slow_readers(port: u16, connections: usize, key: &str, requests: usize) -> Vec<TcpStream> {
    let request = encode(&["GET", key]).repeat(requests);
    (0..connections)
        .map(|_| {
            let mut stream = connect(port);
            stream.write_all(&request).ok();
            stream
        })
        .collect()
}

/// Whole requests, a byte at a time, all connections in turn. Returns how many were answered +OK.
#[must_use]
pub fn slow_writers(port: u16, connections: usize) -> usize {
    let request = encode(&["SET", "slow", "writer"]);
    let mut streams: Vec<TcpStream> = (0..connections).map(|_| connect(port)).collect();
    for byte in request {
        for stream in &mut streams {
            stream.write_all(&[byte]).ok();
        }
    }
    let mut answered = 0;
    for stream in &mut streams {
        stream.set_read_timeout(Some(crate::wait::LIMIT)).expect("a socket takes a timeout");
        let mut reply = [0; 5];
        answered += usize::from(stream.read_exact(&mut reply).is_ok() && reply == *b"+OK\r\n");
    }
    answered
}

/// Connections that come and go: without a word, in the middle of a request, in the middle of a
/// reply.
pub fn comers_and_goers(port: u16, seed: u64, connections: usize, key: &str) {
    let mut random = Random::new(seed);
    let get = encode(&["GET", key]);
    let set = encode(&["SET", "goer", "value"]);
    for _ in 0..connections {
        let mut stream = connect(port);
        match random.below(4) {
            0 => {}
            1 => {
                let length = usize::try_from(random.below(set.len() as u64)).unwrap_or(0);
                stream.write_all(&set[..length]).ok();
            }
            2 => drop(stream.write_all(&get)),
            _ => {
                stream.write_all(&get).ok();
                stream.read_exact(&mut [0; 100]).ok();
            }
        }
    }
}

/// Requests behind which the sending side is closed. Returns how many replies `+OK` came in all.
#[must_use]
pub fn half_closers(port: u16, connections: usize, requests: usize) -> usize {
    let request = encode(&["SET", "half", "closed"]).repeat(requests);
    let mut replies = 0;
    for _ in 0..connections {
        let mut stream = connect(port);
        stream.set_read_timeout(Some(crate::wait::LIMIT)).expect("a socket takes a timeout");
        stream.write_all(&request).ok();
        stream.shutdown(Shutdown::Write).ok();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        replies += bytes.chunks(5).filter(|reply| *reply == b"+OK\r\n").count();
    }
    replies
}

/// Transactions that are filled and never executed. Returns the connections, still open.
#[must_use]
pub fn hoarders(port: u16, connections: usize, length: usize) -> Vec<TcpStream> {
    let queued = encode(&[b"SET".as_slice(), b"hoard", &vec![b'h'; 16 * 1024]]);
    (0..connections)
        .map(|_| {
            let mut stream = connect(port);
            stream.write_all(b"MULTI\r\n").ok();
            for _ in 0..length.div_ceil(queued.len()) {
                stream.write_all(&queued).ok();
            }
            stream
        })
        .collect()
}

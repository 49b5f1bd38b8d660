//! One connection to the server under torture: plain RESP2 over a Unix socket, waiting.
//!
//! The requests are written by [`aof_core::resp::encode`]. Replies are read here, because no other
//! program of this project reads replies; every length in them is bounded.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use aof_core::resp::encode::encode_command;

/// A server that is silent for so long does not answer any more.
const SILENCE: Duration = Duration::from_secs(60);
/// No line of a reply is longer.
const LINE_BYTES: u64 = 64 * 1024;
/// No value is longer.
const BULK_BYTES: usize = 64 * 1024 * 1024;
/// No array has more elements.
const ELEMENTS: usize = 1_000_000;
/// No array stands deeper in others.
const DEPTH: u32 = 4;
/// No reply takes more memory, all its values and elements together.
const REPLY_BYTES: usize = 256 * 1024 * 1024;
/// What an element takes beside its bytes.
const ELEMENT_BYTES: usize = size_of::<Reply>();

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// `+OK`.
    Simple(Vec<u8>),
    /// `-ERR …`.
    Error(Vec<u8>),
    /// `:1`.
    Integer(i64),
    /// `$3`; `None` for the null bulk string.
    Bulk(Option<Vec<u8>>),
    /// `*2`; `None` for the null array.
    Array(Option<Vec<Self>>),
}

impl Reply {
    /// The text of a status, an error or a value.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Simple(bytes) | Self::Error(bytes) | Self::Bulk(Some(bytes)) => {
                bytes.escape_ascii().to_string()
            }
            Self::Integer(number) => number.to_string(),
            Self::Bulk(None) | Self::Array(None) => "nothing".to_owned(),
            Self::Array(Some(elements)) => format!("{} elements", elements.len()),
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the socket `name` in `folder`. The path goes through the open folder, because
    /// the path of a socket may have 107 bytes only and that of the folder may be longer.
    ///
    /// # Errors
    /// What the kernel said.
    pub(super) fn connect(folder: &File, name: &str) -> io::Result<Self> {
        let path = format!("/proc/self/fd/{}/{name}", folder.as_raw_fd());
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// What the kernel said.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends one command and returns the reply.
    ///
    /// # Errors
    /// If the connection ends or the reply is no RESP2.
    pub(super) fn call<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        encode_command(words, &mut bytes);
        self.send(&bytes)?;
        self.receive()
    }

    /// The next reply.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) fn receive(&mut self) -> io::Result<Reply> {
        receive(&mut self.stream, DEPTH, &mut REPLY_BYTES.clone())
    }
}

/// Reads one reply whose arrays stand at most `depth` deep in each other, and which takes no more
/// than `room` bytes.
fn receive(stream: &mut impl BufRead, depth: u32, room: &mut usize) -> io::Result<Reply> {
    let mut line = Vec::new();
    stream.take(LINE_BYTES).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let Some(([kind], text)) = line.strip_suffix(b"\r\n").and_then(<[u8]>::split_first_chunk::<1>)
    else {
        return Err(wrong(&line));
    };
    Ok(match kind {
        b'+' => Reply::Simple(text.to_vec()),
        b'-' => Reply::Error(text.to_vec()),
        b':' => Reply::Integer(number(text).ok_or_else(|| wrong(&line))?),
        b'$' => Reply::Bulk(match length(text, BULK_BYTES).ok_or_else(|| wrong(&line))? {
            None => None,
            Some(length) => {
                *room = room.checked_sub(length).ok_or_else(|| wrong(&line))?;
                let mut value = vec![0; length + 2];
                stream.read_exact(&mut value)?;
                if !value.ends_with(b"\r\n") {
                    return Err(wrong(&line));
                }
                value.truncate(length);
                Some(value)
            }
        }),
        b'*' if depth > 0 => {
            Reply::Array(match length(text, ELEMENTS).ok_or_else(|| wrong(&line))? {
                None => None,
                Some(count) => {
                    let bytes = count.checked_mul(ELEMENT_BYTES);
                    let rest = bytes.and_then(|bytes| room.checked_sub(bytes));
                    *room = rest.ok_or_else(|| wrong(&line))?;
                    let elements = (0..count).map(|_| receive(stream, depth - 1, room));
                    Some(elements.collect::<io::Result<_>>()?)
                }
            })
        }
        _ => return Err(wrong(&line)),
    })
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `Some(None)` for -1, `None` for what is no length.
fn length(text: &[u8], limit: usize) -> Option<Option<usize>> {
    match number(text)? {
        -1 => Some(None),
        length => usize::try_from(length).ok().filter(|&length| length <= limit).map(Some),
    }
}

fn wrong(line: &[u8]) -> io::Error {
    let shown = line.get(..60).unwrap_or(line).escape_ascii();
    io::Error::new(ErrorKind::InvalidData, format!("the server said what is no RESP2: {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_reply_is_read() {
        let mut input: &[u8] =
            b"+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*2\r\n:1\r\n*-1\r\n";
        let mut next = || receive(&mut input, DEPTH, &mut 1000).expect("a reply");
        assert_eq!(next(), Reply::Simple(b"OK".to_vec()));
        assert_eq!(next(), Reply::Error(b"ERR no".to_vec()));
        assert_eq!(next(), Reply::Integer(-7));
        assert_eq!(next(), Reply::Bulk(Some(b"a\r\n".to_vec()[..3].to_vec())));
        assert_eq!(next(), Reply::Bulk(None));
        assert_eq!(next(), Reply::Array(Some(vec![Reply::Integer(1), Reply::Array(None)])));
        let end = receive(&mut input, DEPTH, &mut 1000).expect_err("the end");
        assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_no_reply_is_an_error_and_takes_no_memory() {
        let deep = "*1\r\n".repeat(10);
        let huge = "$99999999999\r\n";
        let many = "*99999999999\r\n";
        let line = format!("+{}", "x".repeat(100_000));
        for text in ["hello\r\n", "$x\r\n", "$-2\r\n", "+OK", "\r\n", &deep, huge, many, &line] {
            let error = receive(&mut text.as_bytes(), DEPTH, &mut 1000).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{text:.20}: {error}");
        }
    }

    #[test]
    fn a_reply_has_room_for_so_many_bytes_only() {
        let take = |text: &str, mut room: usize| {
            receive(&mut text.as_bytes(), DEPTH, &mut room).map_err(|error| error.kind())
        };
        let two = "*2\r\n$3\r\nabc\r\n*1\r\n$4\r\nabcd\r\n";
        let needed = 3 * ELEMENT_BYTES + 7;
        assert!(take(two, needed).is_ok());
        for room in 0..needed {
            assert_eq!(take(two, room), Err(ErrorKind::InvalidData), "{room}");
        }
        assert_eq!(take("$3\r\nabcde", 100), Err(ErrorKind::InvalidData), "no line end behind it");
    }
}

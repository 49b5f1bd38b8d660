//! A client for RESP2 that keeps the bytes of each reply, so that two servers can be compared to
//! the byte. It shares no code with the decoder under test.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::wait::LIMIT;

/// What a server said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// `+OK`.
    Simple(Vec<u8>),
    /// `-ERR …`.
    Error(Vec<u8>),
    /// `:1`.
    Integer(i64),
    /// `$3`; `None` for the null bulk string.
    Bulk(Option<Vec<u8>>),
    /// `*2`; `None` for the null array.
    Array(Option<Vec<Reply>>),
}

impl Reply {
    /// `+OK`.
    #[must_use]
    pub fn ok() -> Self {
        Self::Simple(b"OK".to_vec())
    }

    /// A bulk string that is there.
    #[must_use]
    pub fn bulk(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(Some(bytes.as_ref().to_vec()))
    }

    /// The number in an integer reply.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The text of a status, an error or a bulk string.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Simple(bytes) | Self::Error(bytes) | Self::Bulk(Some(bytes)) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            other => format!("{other:?}"),
        }
    }

    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// The elements of an array reply.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        if let Self::Array(Some(elements)) = self { elements } else { &[] }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple(bytes) => write!(out, "+{}", bytes.escape_ascii()),
            Self::Error(bytes) => write!(out, "-{}", bytes.escape_ascii()),
            Self::Integer(number) => write!(out, ":{number}"),
            Self::Bulk(Some(bytes)) => write!(out, "\"{}\"", bytes.escape_ascii()),
            Self::Bulk(None) => write!(out, "(nil)"),
            Self::Array(Some(elements)) => out.debug_list().entries(elements).finish(),
            Self::Array(None) => write!(out, "(nil array)"),
        }
    }
}

/// A reply and the bytes it came as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub reply: Reply,
    /// How it was said.
    pub raw: Vec<u8>,
}

/// Reads one reply from the front of `bytes`: the reply and its length.
///
/// # Errors
/// If the bytes are no RESP2.
pub fn parse_reply(bytes: &[u8]) -> io::Result<Option<(Reply, usize)>> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let bad = |what: &str| {
        let start = bytes.get(..bytes.len().min(60)).unwrap_or(bytes).escape_ascii().to_string();
        io::Error::new(ErrorKind::InvalidData, format!("{what}: {start}"))
    };
    let (Some(&kind), Some(line)) = (bytes.first(), bytes.get(1..end)) else {
        return Err(bad("an empty line"));
    };
    let after = end + 2;
    let number = || {
        let text = std::str::from_utf8(line).ok();
        text.and_then(|text| text.parse::<i64>().ok()).ok_or_else(|| bad("not a number"))
    };
    let reply = match kind {
        b'+' => Reply::Simple(line.to_vec()),
        b'-' => Reply::Error(line.to_vec()),
        b':' => Reply::Integer(number()?),
        b'$' => {
            let Ok(length) = usize::try_from(number()?) else {
                return Ok(Some((Reply::Bulk(None), after)));
            };
            let Some(payload) = bytes.get(after..after + length) else { return Ok(None) };
            let Some(tail) = bytes.get(after + length..after + length + 2) else {
                return Ok(None);
            };
            if tail != b"\r\n" {
                return Err(bad("no line end after a bulk string"));
            }
            return Ok(Some((Reply::Bulk(Some(payload.to_vec())), after + length + 2)));
        }
        b'*' => {
            let Ok(count) = usize::try_from(number()?) else {
                return Ok(Some((Reply::Array(None), after)));
            };
            return parse_elements(bytes, after, count);
        }
        _ => return Err(bad("no RESP2")),
    };
    Ok(Some((reply, after)))
}

fn parse_elements(bytes: &[u8], mut at: usize, count: usize) -> io::Result<Option<(Reply, usize)>> {
    let mut elements = Vec::new();
    for _ in 0..count {
        let Some((element, length)) = parse_reply(bytes.get(at..).unwrap_or_default())? else {
            return Ok(None);
        };
        elements.push(element);
        at += length;
    }
    Ok(Some((Reply::Array(Some(elements)), at)))
}

/// A command as a client sends it.
pub fn encode(words: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    /// Connects to a port of this machine.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(Self { stream, input: Vec::new() })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends one command.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn send(&mut self, words: &[impl AsRef<[u8]>]) -> io::Result<()> {
        self.send_raw(&encode(words))
    }

    /// Waits for one reply.
    ///
    /// # Errors
    /// If the connection ends, nothing comes for [`LIMIT`], or what comes is no RESP2.
    pub fn receive(&mut self) -> io::Result<Answer> {
        loop {
            if let Some((reply, length)) = parse_reply(&self.input)? {
                let raw = self.input.drain(..length).collect();
                return Ok(Answer { reply, raw });
            }
            let mut piece = [0; 16 * 1024];
            let bytes = self.stream.read(&mut piece)?;
            if bytes == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.input.extend_from_slice(piece.get(..bytes).unwrap_or_default());
        }
    }

    /// Sends all commands and waits for all replies, both at the same time: a server that waits
    /// for its replies to be read cannot hold up the sending for ever.
    ///
    /// # Errors
    /// As [`Self::receive`]; the number of replies that came stands in the text.
    pub fn pipeline(&mut self, commands: &[Vec<Vec<u8>>]) -> io::Result<Vec<Answer>> {
        let mut sending = self.stream.try_clone()?;
        let bytes: Vec<u8> = commands.iter().flat_map(|command| encode(command)).collect();
        std::thread::scope(|scope| {
            scope.spawn(move || sending.write_all(&bytes));
            let mut answers = Vec::with_capacity(commands.len());
            while answers.len() < commands.len() {
                answers.push(self.receive().map_err(|error| {
                    let text = format!("after {} replies: {error}", answers.len());
                    io::Error::new(error.kind(), text)
                })?);
            }
            Ok(answers)
        })
    }

    /// Reads everything up to the end of the connection. A reset is an end, too.
    ///
    /// # Errors
    /// If nothing comes for [`LIMIT`].
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.input);
        match self.stream.read_to_end(&mut bytes) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error),
            _ => Ok(bytes),
        }
    }

    /// Limits how long [`Self::receive`] waits.
    ///
    /// # Panics
    /// If the socket refuses.
    pub fn patience(&mut self, limit: std::time::Duration) {
        self.stream.set_read_timeout(Some(limit)).expect("a socket takes a timeout");
    }

    /// Sends one command and waits for its reply.
    ///
    /// # Errors
    /// As [`Self::send`] and [`Self::receive`].
    pub fn call(&mut self, words: &[impl AsRef<[u8]>]) -> io::Result<Answer> {
        self.send(words)?;
        self.receive()
    }

    /// Sends words that stand in one line, separated by blanks, and waits for the reply.
    ///
    /// # Panics
    /// If the connection breaks.
    pub fn command(&mut self, line: &str) -> Reply {
        let words: Vec<&str> = line.split_whitespace().collect();
        match self.call(&words) {
            Ok(answer) => answer.reply,
            Err(error) => panic!("`{line}` got no reply: {error}"),
        }
    }

    /// One figure of INFO.
    ///
    /// # Panics
    /// If INFO does not have it.
    pub fn info(&mut self, field: &str) -> String {
        let text = self.command("INFO").text();
        let found = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("INFO has no {field}:\n{text}")).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reply_is_read_and_a_cut_one_is_waited_for() {
        let bytes = b"*3\r\n:-1\r\n$-1\r\n*2\r\n$3\r\na\r\n\r\n-ERR x\r\n";
        let (reply, length) = parse_reply(bytes).expect("RESP2").expect("whole");
        assert_eq!(length, bytes.len());
        assert_eq!(format!("{reply:?}"), "[:-1, (nil), [\"a\\r\\n\", -ERR x]]");
        for cut in 0..bytes.len() {
            assert_eq!(parse_reply(&bytes[..cut]).expect("RESP2"), None, "cut at {cut}");
        }
    }
}

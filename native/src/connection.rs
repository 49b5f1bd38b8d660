//! One client's socket: what was read from it and what could not be sent to it yet.

use std::io::{self, Read, Write};

use aof_core::peer::Peer;
use aof_core::resp::{Decoder, Limits};
use aof_core::units::Micros;
use mio::{Interest, Registry, Token};

use crate::socket::Stream;

#[cfg(test)]
mod tests;

/// The reading side: bytes that are no whole request yet, and the decoder that knows how far it
/// looked at them. Kept apart from [`Connection`], because a request borrows from here while the
/// engine's effects change the connection.
#[derive(Debug)]
pub struct Inbox {
    /// The client's decoder.
    pub decoder: Decoder,
    /// Input that is not processed yet. The decoder's positions count from its front.
    pub pending: Vec<u8>,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { decoder: Decoder::new(limits), pending: Vec::new() }
    }

    /// Keeps `bytes` behind what waits already. From a megabyte on the buffer grows by a quarter
    /// and not to twice its size, so that a large request costs little more than its bytes.
    pub fn keep(&mut self, bytes: &[u8]) {
        let needed = self.pending.len() + bytes.len();
        if needed > self.pending.capacity() && needed > MEGABYTE {
            self.pending.reserve_exact(bytes.len() + needed / 4);
        }
        self.pending.extend_from_slice(bytes);
    }

    /// Takes back what `execute` was lent, without its first `consumed` bytes. A buffer that is
    /// mostly empty is given back.
    pub fn put_back(&mut self, mut pending: Vec<u8>, consumed: usize) {
        if consumed == pending.len() {
            self.decoder.shrink();
            return;
        }
        pending.drain(..consumed);
        if pending.capacity() > KEPT_BYTES && pending.capacity() / 4 > pending.len() {
            pending.shrink_to(pending.len());
        }
        self.pending = pending;
    }

    /// Memory of what waits here, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.pending.capacity() as u64 + self.decoder.held_bytes()
    }
}

const MEGABYTE: usize = 1024 * 1024;

/// A buffer of up to so many bytes is not worth shrinking.
const KEPT_BYTES: usize = 16 * 1024;

/// What is being done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Requests are read and served.
    Open,
    /// The log cannot keep up: nothing is read until the engine resumes it.
    Paused,
    /// The client sends no more. What it is owed still leaves; then the engine ends it.
    InputEnded,
    /// What it sends is no protocol, so it is not read any more. The error still leaves; then the
    /// engine ends it.
    Ignored,
    /// The engine has ended it; it goes as soon as what it is owed has left.
    Closing,
    /// All has left. What the client still sends is read and dropped, until it hangs up or until
    /// this moment: a socket that is closed with unread bytes in it resets the connection, and
    /// the last reply may be lost with that.
    Lingering {
        /// Until then.
        until: Micros,
    },
}

impl Phase {
    /// Whether the engine has ended this client, and knows it no more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closing | Self::Lingering { .. })
    }
}

/// What came of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Everything has left.
    All,
    /// So many bytes wait for the client to read.
    Waiting(u64),
    /// The connection is broken.
    Broken,
}

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// So many bytes; `true` when the socket may hold more.
    Bytes(usize, bool),
    /// Nothing is there.
    Nothing,
    /// The client will send no more.
    Ended,
    /// The connection is broken.
    Broken,
}

/// The socket and its writing side.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    token: Token,
    peer: Peer,
    unsent: Vec<u8>,
    /// How many bytes at the front of `unsent` have left.
    left: usize,
    watches_writable: bool,
    hung_up: bool,
    /// Whether requests of this client are served.
    pub phase: Phase,
    /// Whether the socket may hold bytes although no new readiness will be reported.
    pub may_read: bool,
    /// The class of the backlog that the engine was told last.
    pub backlog_class: (u64, bool, bool),
    /// When something was last read.
    pub active: Micros,
    /// Bytes of requests that are not executed yet.
    pub query_bytes: u64,
}

impl Connection {
    /// Takes an accepted socket into the poll set, for reading only.
    ///
    /// # Errors
    /// If the poll set refuses it.
    pub fn register(
        mut stream: Stream,
        peer: Peer,
        token: Token,
        registry: &Registry,
        active: Micros,
    ) -> io::Result<Self> {
        registry.register(&mut stream, token, Interest::READABLE)?;
        Ok(Self {
            stream,
            token,
            peer,
            unsent: Vec::new(),
            left: 0,
            watches_writable: false,
            hung_up: false,
            phase: Phase::Open,
            may_read: false,
            backlog_class: (0, false, false),
            active,
            query_bytes: 0,
        })
    }

    /// Where the client is.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// The number of its descriptor.
    #[must_use]
    pub fn descriptor(&self) -> u32 {
        self.stream.descriptor()
    }

    /// Says that nothing more will be sent.
    pub fn end_output(&self) {
        self.stream.end_output();
    }

    /// Memory of what waits to be sent, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.unsent.capacity() as u64
    }

    /// The poll set reported that the client will send no more. A short read does not prove then
    /// that the socket is empty: its end is still in it.
    pub fn hang_up(&mut self) {
        self.hung_up = true;
    }

    /// Reads once. A buffer that is not filled means that the socket is empty: the poll set
    /// reports edges, so a second read would only say "would block".
    pub fn receive(&mut self, buffer: &mut [u8]) -> Received {
        loop {
            return match self.stream.read(buffer) {
                Ok(0) => Received::Ended,
                Ok(bytes) => Received::Bytes(bytes, bytes == buffer.len() || self.hung_up),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Nothing,
                Err(_) => Received::Broken,
            };
        }
    }

    /// Bytes that wait for the client to read.
    #[must_use]
    pub fn backlog_bytes(&self) -> u64 {
        u64::try_from(self.unsent.len() - self.left).unwrap_or(u64::MAX)
    }

    /// Sends, or keeps what the socket does not take behind what waits already.
    pub fn send(&mut self, bytes: &[u8], registry: &Registry) -> Sent {
        if self.backlog_bytes() > 0 {
            self.keep(bytes);
            return Sent::Waiting(self.backlog_bytes());
        }
        match write_once(&mut self.stream, bytes) {
            Err(Gone) => Sent::Broken,
            Ok(taken) if taken == bytes.len() => Sent::All,
            Ok(taken) => {
                self.keep(&bytes[taken..]);
                self.watch(true, registry);
                Sent::Waiting(self.backlog_bytes())
            }
        }
    }

    /// As [`Inbox::keep`].
    fn keep(&mut self, bytes: &[u8]) {
        let needed = self.unsent.len() + bytes.len();
        if needed > self.unsent.capacity() && needed > MEGABYTE {
            self.unsent.reserve_exact(bytes.len() + needed / 4);
        }
        self.unsent.extend_from_slice(bytes);
    }

    /// Sends what waits, as far as the socket takes it.
    pub fn flush(&mut self, registry: &Registry) -> Sent {
        while self.backlog_bytes() > 0 {
            match write_once(&mut self.stream, &self.unsent[self.left..]) {
                Err(Gone) => return Sent::Broken,
                Ok(0) => {
                    self.compact();
                    return Sent::Waiting(self.backlog_bytes());
                }
                Ok(taken) => self.left += taken,
            }
        }
        self.unsent = Vec::new();
        self.left = 0;
        self.watch(false, registry);
        Sent::All
    }

    /// Drops the bytes that have left once they are the larger part, so that each byte is moved
    /// at most once on average.
    fn compact(&mut self) {
        if self.left > self.unsent.len() / 2 {
            self.unsent.drain(..self.left);
            self.left = 0;
            self.unsent.shrink_to(self.unsent.len().max(KEPT_BYTES));
        }
    }

    /// Asks to be told when the socket takes bytes again, or stops asking.
    fn watch(&mut self, writable: bool, registry: &Registry) {
        if self.watches_writable == writable {
            return;
        }
        let interest = match writable {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        // A failure here cannot be answered better than by the broken connection that follows.
        if registry.reregister(&mut self.stream, self.token, interest).is_ok() {
            self.watches_writable = writable;
        }
    }

    /// Takes the socket out of the poll set and closes it. In this order, because a forked child
    /// may hold a copy of the descriptor, and the poll set would go on reporting it.
    pub fn close(mut self, registry: &Registry) {
        registry.deregister(&mut self.stream).ok();
    }
}

/// The connection is broken.
struct Gone;

/// Writes as much as the socket takes; zero when it takes nothing now.
fn write_once(stream: &mut Stream, bytes: &[u8]) -> Result<usize, Gone> {
    loop {
        match stream.write(bytes) {
            Ok(taken) => return Ok(taken),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(_) => return Err(Gone),
        }
    }
}

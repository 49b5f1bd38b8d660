use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream as StdTcpStream};
use std::time::Duration;

use mio::{Events, Poll};

use super::*;

const TOKEN: Token = Token(7);

/// A registered connection and the client at its other end.
struct Pair {
    poll: Poll,
    connection: Connection,
    client: StdTcpStream,
}

impl Pair {
    fn new() -> Self {
        let poll = Poll::new().expect("a poll set");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let client =
            StdTcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
        let (stream, address) = listener.accept().expect("accepted");
        stream.set_nonblocking(true).expect("a socket");
        let local = stream.local_addr().expect("an address");
        let stream = Stream::Tcp(mio::net::TcpStream::from_std(stream));
        let peer = Peer::Tcp { remote: address, local };
        let connection =
            Connection::register(stream, peer, TOKEN, poll.registry(), Micros(0)).expect("new");
        Self { poll, connection, client }
    }

    fn send(&mut self, bytes: &[u8]) -> Sent {
        self.connection.send(bytes, self.poll.registry())
    }

    fn flush(&mut self) -> Sent {
        self.connection.flush(self.poll.registry())
    }

    /// Waits until `wanted` was reported.
    fn wait(&mut self, wanted: impl Fn(&mio::event::Event) -> bool) {
        let mut events = Events::with_capacity(4);
        loop {
            self.poll.poll(&mut events, Some(Duration::from_secs(60))).expect("poll");
            assert!(!events.is_empty(), "nothing within a minute");
            if events.iter().any(&wanted) {
                return;
            }
        }
    }
}

/// Bytes that tell where they were.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251).to_le_bytes()[0]).collect()
}

#[test]
fn what_the_socket_does_not_take_waits_in_order() {
    const PIECE: usize = 100_003;
    let mut pair = Pair::new();
    let expected = pattern(PIECE * 200);
    let mut waiting = 0;
    for piece in expected.chunks(PIECE) {
        match pair.send(piece) {
            Sent::All => assert_eq!(waiting, 0, "nothing overtakes what waits"),
            Sent::Waiting(bytes) => {
                assert!(bytes > waiting);
                waiting = bytes;
            }
            Sent::Broken => panic!("the client is there"),
        }
    }
    assert!(waiting > 0, "20 MB are more than a socket takes");
    assert_eq!(waiting, pair.connection.backlog_bytes());

    let mut client = pair.client.try_clone().expect("a socket");
    let length = expected.len();
    let reader = std::thread::spawn(move || {
        let mut bytes = vec![0; length];
        client.read_exact(&mut bytes).map(|()| bytes)
    });
    loop {
        match pair.flush() {
            Sent::All => break,
            Sent::Waiting(bytes) => {
                assert!(bytes <= waiting);
                waiting = bytes;
                pair.wait(mio::event::Event::is_writable);
            }
            Sent::Broken => panic!("the client is there"),
        }
    }
    assert_eq!(pair.connection.backlog_bytes(), 0);
    assert!(reader.join().expect("no panic").expect("everything came") == expected);
    assert_eq!(pair.send(b"more"), Sent::All);
}

#[test]
fn a_short_read_is_the_last_one() {
    let mut pair = Pair::new();
    let mut buffer = [0; 4];
    assert_eq!(pair.connection.receive(&mut buffer), Received::Nothing);
    pair.client.write_all(b"123456").expect("sent");
    pair.wait(mio::event::Event::is_readable);
    assert_eq!(pair.connection.receive(&mut buffer), Received::Bytes(4, true));
    assert_eq!(pair.connection.receive(&mut buffer), Received::Bytes(2, false));
    assert_eq!(&buffer[..2], b"56");
}

#[test]
fn the_end_behind_the_last_bytes_is_not_missed() {
    let mut pair = Pair::new();
    let mut buffer = [0; 16];
    pair.client.write_all(b"bye").expect("sent");
    pair.client.shutdown(Shutdown::Write).expect("shut down");
    pair.wait(mio::event::Event::is_read_closed);
    pair.connection.hang_up();
    // The read is short, but no further edge will tell of the end.
    assert_eq!(pair.connection.receive(&mut buffer), Received::Bytes(3, true));
    assert_eq!(pair.connection.receive(&mut buffer), Received::Ended);
}

#[test]
fn a_client_that_is_gone_breaks_the_connection() {
    let Pair { mut poll, mut connection, client } = Pair::new();
    assert_eq!(connection.send(b"unread", poll.registry()), Sent::All);
    // A close with unread bytes resets the connection.
    drop(client);
    let mut events = Events::with_capacity(4);
    poll.poll(&mut events, Some(Duration::from_secs(60))).expect("poll");
    assert!(events.iter().any(mio::event::Event::is_read_closed), "{events:?}");
    assert_eq!(connection.send(b"more", poll.registry()), Sent::Broken);
}

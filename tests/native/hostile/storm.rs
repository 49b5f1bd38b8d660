//! Many hostile connections at once, from one thread: each action is one step, or one piece of
//! it, of one connection, and never waits. Who acts follows from a seed; how far the server has
//! come meanwhile does not, so a schedule can be run again but its outcome may differ.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aof_tests::client::{encode, parse_reply};
use aof_tests::workload::Random;
use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};

use super::behaviour::{Ending, Script, Step};

/// After so many attempts in a row that the socket did not take, a step is given up.
const PATIENCE: u32 = 12;

/// Replies of one connection are looked at up to here.
const CHECKED_BYTES: usize = 128 * 1024;

/// A connection on its way through its script.
#[derive(Debug)]
struct Connection {
    /// Which script, counted from 0.
    number: usize,
    stream: TcpStream,
    local: SocketAddr,
    piece_bytes: usize,
    steps: VecDeque<Step>,
    refused: u32,
    read: Vec<u8>,
    checked: bool,
}

/// What a round was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Connections that were opened.
    pub(crate) opened: u64,
    /// Of these, those that the server ended.
    pub(crate) ended_by_server: u64,
    /// Things done.
    pub(crate) actions: u64,
    /// Bytes that the sockets took.
    pub(crate) sent_bytes: u64,
    /// Bytes read.
    pub(crate) read_bytes: u64,
    /// The most connections at one time.
    pub(crate) most: usize,
}

/// What came of an action.
enum Next {
    Stays,
    Gone,
    EndedByServer,
}

/// Hostile connections on one server.
#[derive(Debug)]
pub(crate) struct Storm<'a> {
    port: u16,
    wants_password: bool,
    /// How often everybody's connections were ended, or may have been.
    kills: &'a AtomicU64,
    /// Those with something left to do, and the others.
    busy: Vec<Connection>,
    idle: Vec<Connection>,
    pub(crate) tally: Tally,
}

impl<'a> Storm<'a> {
    pub(crate) fn new(port: u16, wants_password: bool, kills: &'a AtomicU64) -> Self {
        Self {
            port,
            wants_password,
            kills,
            busy: Vec::new(),
            idle: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Plays all scripts, at most `most` at a time, in an order that follows from `random`, until
    /// each has ended or has nothing left to do. Those that stay are still open then, until
    /// [`Self::leave`].
    pub(crate) fn play(&mut self, scripts: &[Script], most: usize, random: &mut Random) {
        let mut scripts = scripts.iter().enumerate().peekable();
        loop {
            let may_come = scripts.peek().is_some() && (self.busy.is_empty() || random.one_in(3));
            if may_come && self.busy.len() + self.idle.len() >= most && !self.idle.is_empty() {
                // Somebody who has nothing left to do goes without a word.
                self.idle.swap_remove(index(random, self.idle.len()));
            }
            let has_room = self.busy.len() + self.idle.len() < most;
            if let Some((number, script)) = scripts.next_if(|_| may_come && has_room) {
                self.connect(number, script);
            } else if self.busy.is_empty() {
                return;
            } else {
                self.act(index(random, self.busy.len()), random);
            }
        }
    }

    /// Plays some steps of one script and nothing else.
    pub(crate) fn play_steps(&mut self, script: &Script, steps: &[Step], random: &mut Random) {
        self.connect(0, script);
        if let Some(connection) = self.busy.first_mut() {
            connection.steps = steps.iter().cloned().collect();
        }
        while !self.busy.is_empty() {
            self.act(0, random);
        }
    }

    /// Everybody goes.
    pub(crate) fn leave(&mut self) {
        self.busy.clear();
        self.idle.clear();
    }

    fn connect(&mut self, number: usize, script: &Script) {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        // A server that is gone is for the test to report.
        let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_secs(10)) else {
            return;
        };
        stream.set_nonblocking(true).expect("a socket can be told not to wait");
        let local = stream.local_addr().expect("a connection has two ends");
        self.tally.opened += 1;
        self.tally.most = self.tally.most.max(self.busy.len() + self.idle.len() + 1);
        self.busy.push(Connection {
            number,
            stream,
            local,
            piece_bytes: script.piece_bytes,
            steps: script.steps(self.wants_password).into(),
            refused: 0,
            read: Vec::new(),
            checked: true,
        });
    }

    fn act(&mut self, at: usize, random: &mut Random) {
        self.tally.actions += 1;
        let Some(step) = self.busy[at].steps.pop_front() else {
            self.idle.push(self.busy.swap_remove(at));
            return;
        };
        let next = match step {
            Step::Send(bytes) => self.send(at, bytes),
            Step::Fill(byte, count) => self.fill(at, byte, count),
            Step::Read(bytes) => self.read(at, bytes),
            Step::KillOther => {
                let other = index(random, self.busy.len() + self.idle.len());
                let victim = self.busy.iter().chain(&self.idle).nth(other);
                let victim = victim.map_or_else(String::new, |victim| victim.local.to_string());
                self.busy[at].steps.push_front(Step::Send(encode(&["CLIENT", "KILL", &victim])));
                Next::Stays
            }
            Step::KillEverybody => {
                self.kills.fetch_add(1, Ordering::SeqCst);
                let kill = encode(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
                self.busy[at].steps.push_front(Step::Send(kill));
                Next::Stays
            }
            Step::End(ending) => self.end(at, ending),
        };
        if !matches!(next, Next::Stays) {
            self.tally.ended_by_server += u64::from(matches!(next, Next::EndedByServer));
            self.busy.swap_remove(at);
        }
    }

    /// Sends a piece. What is left is sent by later actions.
    fn send(&mut self, at: usize, mut bytes: Vec<u8>) -> Next {
        let connection = &mut self.busy[at];
        let piece = &bytes[..bytes.len().min(connection.piece_bytes)];
        let taken = match connection.stream.write(piece) {
            Ok(taken) => taken,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => return Next::EndedByServer,
        };
        self.tally.sent_bytes += taken as u64;
        bytes.drain(..taken);
        if connection.goes_on(taken) && !bytes.is_empty() {
            connection.steps.push_front(Step::Send(bytes));
        }
        Next::Stays
    }

    fn fill(&mut self, at: usize, byte: u8, count: usize) -> Next {
        let piece = vec![byte; count.min(self.busy[at].piece_bytes)];
        let left = count - piece.len();
        let next = self.send(at, piece);
        if left > 0 && self.busy[at].refused < PATIENCE {
            let steps = &mut self.busy[at].steps;
            // The rest of the piece goes first.
            let place = usize::from(matches!(steps.front(), Some(Step::Send(_))));
            steps.insert(place, Step::Fill(byte, left));
        }
        next
    }

    fn read(&mut self, at: usize, most_bytes: usize) -> Next {
        let connection = &mut self.busy[at];
        let mut buffer = vec![0; most_bytes];
        match connection.stream.read(&mut buffer) {
            Ok(0) => Next::EndedByServer,
            Ok(bytes) => {
                self.tally.read_bytes += bytes as u64;
                connection.refused = 0;
                connection.check(&buffer[..bytes]);
                // There may be more, and some look for it.
                if bytes == most_bytes {
                    connection.steps.push_front(Step::Read(most_bytes));
                }
                Next::Stays
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if connection.goes_on(0) {
                    connection.steps.push_front(Step::Read(most_bytes));
                }
                Next::Stays
            }
            Err(_) => Next::EndedByServer,
        }
    }

    fn end(&mut self, at: usize, ending: Ending) -> Next {
        let connection = &mut self.busy[at];
        match ending {
            Ending::Stay => Next::Stays,
            Ending::Close => Next::Gone,
            Ending::HalfClose => {
                connection.stream.shutdown(Shutdown::Write).ok();
                connection.steps.extend([Step::Read(16_384), Step::Read(16_384)]);
                connection.steps.push_back(Step::End(Ending::Close));
                Next::Stays
            }
            Ending::Reset => connection.reset(),
            Ending::ReadAndReset => {
                // As much as is there; how much does not matter.
                connection.stream.read_exact(&mut [0; 100]).ok();
                connection.reset()
            }
        }
    }
}

impl Connection {
    /// Counts attempts that came to nothing. Returns whether to go on with this step.
    fn goes_on(&mut self, progress: usize) -> bool {
        self.refused = if progress > 0 { 0 } else { self.refused + 1 };
        if self.refused < PATIENCE {
            return true;
        }
        // What this step had left is lost, and half a request spoils what follows.
        self.steps.retain(|step| matches!(step, Step::End(_)));
        false
    }

    /// What a server says is RESP2, whoever is asked. A long array is not looked at twice.
    fn check(&mut self, bytes: &[u8]) {
        if !self.checked {
            return;
        }
        self.read.extend_from_slice(bytes);
        if self.read.len() > CHECKED_BYTES {
            self.checked = false;
            self.read = Vec::new();
            return;
        }
        loop {
            match parse_reply(&self.read) {
                Ok(Some((_, length))) => drop(self.read.drain(..length)),
                Ok(None) => return,
                Err(error) => panic!("script {} was told what is no RESP2: {error}", self.number),
            }
        }
    }

    /// Closing sends a reset.
    fn reset(&self) -> Next {
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        setsockopt(&self.stream, sockopt::Linger, &at_once).expect("a socket takes this");
        Next::Gone
    }
}

fn index(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.below(limit as u64)).unwrap_or(0)
}

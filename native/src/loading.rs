//! Clients while the log is being loaded.
//!
//! Connections are accepted and answered before there is anything to serve: a client that asks
//! learns that the server is there and loads (`-LOADING …`), instead of waiting in the kernel's
//! queue for minutes. The loader stops for them between two pieces of the file; that costs one
//! system call for each piece, so the load is as fast as without them.
//!
//! There is no engine yet, so nothing is remembered about a client but its socket and its unread
//! bytes, and these go over to the server when the load has ended. Redis knows more commands
//! while it loads (AUTH, SELECT, CONFIG…); here INFO says how far the load is, SHUTDOWN ends it,
//! QUIT leaves, and everything else is refused.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use aof_core::config::Config;
use aof_core::info::REDIS_VERSION;
use aof_core::resp::{Argv, Decoded, Reply};
use aof_core::units::{ClientId, Micros, Millis};
use foldhash::fast::RandomState;
use mio::{Events, Poll, Token};

use crate::admission;
use crate::clock::Clock;
use crate::connection::{Connection, Inbox, Phase, Received, Sent};
use crate::host::Traffic;
use crate::socket::Listener;

/// What Redis answers while it loads.
const LOADING: &[u8] = b"LOADING Redis is loading the dataset in memory";
const NO_AUTH: &[u8] = b"NOAUTH Authentication required.";

/// A client is not read from while so many bytes of it wait, either way.
const WAITING_BYTES: u64 = 64 * 1024;

const READ_BYTES: usize = 16 * 1024;
const EVENTS: usize = 256;

/// How far the load is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Length of the log when it was opened, in bytes.
    pub total_bytes: u64,
    /// Bytes that were read.
    pub loaded_bytes: u64,
}

/// The listening sockets and who came through them so far.
#[derive(Debug)]
pub struct Waiting {
    /// The poll set that the server will use.
    pub poll: Poll,
    /// Registered in it, under tokens that count down from [`FIRST_LISTENER`].
    pub listeners: Vec<Listener>,
    /// Connections and their unread bytes.
    pub clients: HashMap<ClientId, (Connection, Inbox), RandomState>,
    /// The name of the next client.
    pub next_client: u64,
    /// What came and went.
    pub traffic: Traffic,
    events: Events,
    scratch: Box<[u8]>,
    clock: Clock,
    began: (Millis, Micros),
    shutdown: bool,
}

/// The token of the first listener; the others count down from here.
pub const FIRST_LISTENER: usize = usize::MAX - 6;

impl Waiting {
    /// Begins to listen.
    ///
    /// # Errors
    /// If the poll set refuses a listener.
    pub fn new(poll: Poll, mut listeners: Vec<Listener>, clock: Clock) -> io::Result<Self> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            let token = Token(FIRST_LISTENER - index);
            poll.registry().register(listener, token, mio::Interest::READABLE)?;
        }
        Ok(Self {
            poll,
            listeners,
            clients: HashMap::default(),
            next_client: 1,
            traffic: Traffic::default(),
            events: Events::with_capacity(EVENTS),
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
            clock,
            began: (clock.now(), clock.mono()),
            shutdown: false,
        })
    }

    /// Whether a client has asked the server to end.
    #[must_use]
    pub fn shutdown(&self) -> bool {
        self.shutdown
    }

    /// Answers whoever has something to ask, without waiting.
    #[doc(alias = "processEventsWhileBlocked")]
    pub fn serve(&mut self, config: &Config, progress: Progress) {
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        // A poll set that fails now fails again when the server runs, which says so.
        if self.poll.poll(&mut events, Some(Duration::ZERO)).is_ok() {
            for event in &events {
                let client = ClientId(event.token().0 as u64);
                match self.clients.get_mut(&client) {
                    Some((connection, _)) => {
                        connection.may_read |= event.is_readable() || event.is_read_closed();
                        if event.is_read_closed() || event.is_error() {
                            connection.hang_up();
                        }
                        self.serve_client(client, config, progress);
                    }
                    None => self.accept(config),
                }
            }
        }
        self.events = events;
    }

    fn accept(&mut self, config: &Config) {
        for index in 0..self.listeners.len() {
            while let Some(Ok((stream, peer))) = self.listeners.get(index).map(Listener::accept) {
                if let Err(refusal) = admission::judge(config, peer, self.clients.len()) {
                    admission::turn_away(stream, refusal);
                    self.traffic.rejected_connections += 1;
                    continue;
                }
                stream.prepare(config.tcp_keepalive);
                let client = ClientId(self.next_client);
                let Ok(token) = usize::try_from(client.0) else { return };
                let (registry, mono) = (self.poll.registry(), self.clock.mono());
                let registered = Connection::register(stream, peer, Token(token), registry, mono);
                if let Ok(connection) = registered {
                    self.next_client += 1;
                    let inbox = Inbox::new(admission::limits(config));
                    self.clients.insert(client, (connection, inbox));
                }
            }
        }
    }

    fn serve_client(&mut self, client: ClientId, config: &Config, progress: Progress) {
        let Some((connection, inbox)) = self.clients.get_mut(&client) else { return };
        let registry = self.poll.registry();
        let mut alive = connection.flush(registry) != Sent::Broken;
        while alive
            && connection.may_read
            && connection.phase == Phase::Open
            && connection.backlog_bytes() < WAITING_BYTES
            && inbox.held_bytes() < WAITING_BYTES
        {
            match connection.receive(&mut self.scratch) {
                Received::Nothing => connection.may_read = false,
                // The server will see the end again, behind what waits.
                Received::Ended => break,
                Received::Broken => alive = false,
                Received::Bytes(bytes, more) => {
                    connection.may_read = more;
                    connection.active = self.clock.mono();
                    self.traffic.input_bytes += bytes as u64;
                    inbox.keep(&self.scratch[..bytes]);
                    let answers = Answers { config, progress, began: self.began };
                    let (replies, asked) = answers.to_all(inbox, self.clock);
                    self.traffic.output_bytes += replies.len() as u64;
                    alive = connection.send(&replies, registry) != Sent::Broken;
                    match asked {
                        Asked::Nothing => {}
                        Asked::Leave => alive = false,
                        Asked::Shutdown => self.shutdown = true,
                    }
                }
            }
        }
        if !alive && let Some((connection, _)) = self.clients.remove(&client) {
            connection.end_output();
            connection.close(registry);
        }
    }
}

/// What a client wants beyond an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Leave,
    Shutdown,
}

/// What is known while the log is loaded.
struct Answers<'a> {
    config: &'a Config,
    progress: Progress,
    began: (Millis, Micros),
}

impl Answers<'_> {
    /// Answers all whole requests that wait.
    fn to_all(&self, inbox: &mut Inbox, clock: Clock) -> (Vec<u8>, Asked) {
        let mut replies = Vec::new();
        let mut asked = Asked::Nothing;
        let pending = std::mem::take(&mut inbox.pending);
        let mut start = 0;
        while asked == Asked::Nothing {
            match inbox.decoder.decode(&pending[start..]) {
                Decoded::Command { argv, consumed } => {
                    asked = self.to_one(argv, clock, &mut Reply::new(&mut replies));
                    start += consumed;
                }
                Decoded::Empty { consumed } => start += consumed,
                Decoded::NeedMore => break,
                Decoded::Malformed(error) => {
                    Reply::new(&mut replies).error(format!("ERR {}", error.text()).as_bytes());
                    asked = Asked::Leave;
                }
            }
        }
        inbox.put_back(pending, start);
        (replies, asked)
    }

    fn to_one(&self, argv: Argv<'_>, clock: Clock, reply: &mut Reply<'_>) -> Asked {
        let is = |name: &str| argv.name().eq_ignore_ascii_case(name.as_bytes());
        let stranger = !self.config.requirepass.is_empty();
        if is("POST") || is("Host:") {
            return Asked::Leave;
        } else if is("QUIT") {
            reply.simple("OK");
            return Asked::Leave;
        } else if stranger && (is("INFO") || is("SHUTDOWN")) {
            reply.error(NO_AUTH);
        } else if is("SHUTDOWN") {
            return Asked::Shutdown;
        } else if is("INFO") {
            reply.bulk(self.info(clock).as_bytes());
        } else {
            reply.error(LOADING);
        }
        Asked::Nothing
    }

    /// The fields of INFO that are true already.
    fn info(&self, clock: Clock) -> String {
        let Progress { total_bytes, loaded_bytes } = self.progress;
        let (start_time, start) = self.began;
        let percent = loaded_bytes as f64 * 100.0 / total_bytes.max(1) as f64;
        let rate = loaded_bytes.max(1) as f64 / clock.mono().since(start).max(1) as f64;
        let rest = total_bytes.saturating_sub(loaded_bytes) as f64;
        format!(
            "# Server\r\nredis_version:{REDIS_VERSION}\r\nredis_mode:standalone\r\nprocess_id:{}\r\n\
             tcp_port:{}\r\n\r\n# Persistence\r\nloading:1\r\nloading_start_time:{}\r\n\
             loading_total_bytes:{total_bytes}\r\nloading_loaded_bytes:{loaded_bytes}\r\n\
             loading_loaded_perc:{percent:.2}\r\nloading_eta_seconds:{:.0}\r\n",
            self.config.process_id,
            self.config.port,
            start_time.0 / 1_000,
            rest / rate / 1_000_000.0,
        )
    }
}

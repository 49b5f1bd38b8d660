//! The event loop: one thread, one poll set.
//!
//! A turn: wait for readiness; accept, read, decode and execute; at most ten times a second a
//! tick; then the end of the turn, at which the engine writes, syncs and answers. Replies leave
//! before the loop waits again.
//!
//! The poll set reports edges: a socket is reported again only after new bytes came. Therefore a
//! read that did not fill its buffer is the last one, and a socket that may hold more is named for
//! the next turn, which then does not wait. Each client is served once a turn, with one read: one
//! with much to say takes one buffer, like everybody else.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use aof_core::effect::HaltReason;
use aof_core::engine::Engine;
use aof_core::event::Event;
use aof_core::resp::peek::KEYS_AHEAD;
use aof_core::resp::{Decoded, Limits};
use aof_core::units::{ClientId, Micros, Millis};
use foldhash::fast::RandomState;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::clock::Clock;
use crate::connection::{Inbox, Phase, Received};
use crate::descriptors::{self, Room};
use crate::driver::Driver;
use crate::host::Host;
use crate::logger;
use crate::ready::Ready;
use crate::signals::Signals;
use crate::timer::Timer;

/// Bytes of one read: what a client may have executed in one turn.
const READ_BYTES: usize = 64 * 1024;

/// Connections accepted in one turn, so that a storm of them does not stop those who are served.
#[doc(alias = "MAX_ACCEPTS_PER_CALL")]
const ACCEPTS_PER_TURN: usize = 1000;

/// Ten ticks a second, as Redis's default `hz`.
const TICK_MICROS: u64 = 100_000;

/// How often idle clients are looked for.
const IDLE_CHECK_MICROS: u64 = 1_000_000;

const EVENTS_PER_TURN: usize = 1024;

/// The token of the lanes' waker.
pub const WAKER: Token = Token(usize::MAX);
const SIGNALS: Token = Token(usize::MAX - 1);
const TIMER: Token = Token(usize::MAX - 2);
/// Listeners count down from here.
const FIRST_LISTENER: usize = usize::MAX - 3;

/// A running server.
#[derive(Debug)]
pub struct Server {
    poll: Poll,
    driver: Driver,
    inboxes: HashMap<ClientId, Inbox, RandomState>,
    listeners: Vec<TcpListener>,
    signals: Signals,
    timer: Timer,
    clock: Clock,
    /// Clients to be served in the next turn although nothing will be reported for them.
    ready: Ready,
    /// Those of this turn; kept for its memory.
    turn: Vec<ClientId>,
    /// Listeners may have more connections waiting.
    accept_more: bool,
    /// The last `accept` failed and its edge is used up: the next tick tries again.
    accept_failed: bool,
    next_client: u64,
    next_tick: Micros,
    next_idle_check: Micros,
    signalled_before: bool,
    loglevel: String,
    maxclients: u32,
    now: Millis,
    mono: Micros,
    scratch: Box<[u8]>,
}

impl Server {
    /// A server that is ready to run. `poll` already has the lanes' waker under [`WAKER`].
    ///
    /// # Errors
    /// If the poll set refuses a listener or the signal pipe.
    pub fn new(
        poll: Poll,
        driver: Driver,
        mut listeners: Vec<TcpListener>,
        mut signals: Signals,
        clock: Clock,
    ) -> io::Result<Self> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            poll.registry().register(
                listener,
                Token(FIRST_LISTENER - index),
                Interest::READABLE,
            )?;
        }
        let loglevel = driver.engine().config().loglevel.clone();
        let maxclients = driver.engine().config().maxclients;
        poll.registry().register(signals.source(), SIGNALS, Interest::READABLE)?;
        let timer = Timer::register(poll.registry(), TIMER)?;
        Ok(Self {
            poll,
            driver,
            inboxes: HashMap::default(),
            listeners,
            signals,
            timer,
            clock,
            ready: Ready::default(),
            turn: Vec::new(),
            // Connections that came while the log was loaded wait already.
            accept_more: true,
            accept_failed: false,
            next_client: 1,
            next_tick: Micros(clock.mono().0 + TICK_MICROS),
            next_idle_check: Micros(0),
            signalled_before: false,
            loglevel,
            maxclients,
            now: clock.now(),
            mono: clock.mono(),
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
        })
    }

    /// Serves until the engine says that the process must end.
    ///
    /// # Errors
    /// If the poll set fails, which leaves nothing to wait for.
    pub fn run(&mut self) -> io::Result<HaltReason> {
        let mut events = Events::with_capacity(EVENTS_PER_TURN);
        loop {
            self.wait(&mut events)?;
            self.now = self.clock.now();
            self.mono = self.clock.mono();
            for event in &events {
                self.dispatch(event);
            }
            if self.accept_more {
                self.accept();
            }
            self.complete_jobs();
            self.serve_ready();
            self.end_turn();
            if let Some(reason) = self.driver.host().halted() {
                return Ok(reason);
            }
        }
    }

    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let timeout = if self.ready.is_empty() && !self.accept_more {
            Duration::from_micros(self.next_tick.since(self.clock.mono()))
        } else {
            Duration::ZERO
        };
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            other => other,
        }
    }

    fn dispatch(&mut self, event: &mio::event::Event) {
        match event.token() {
            // Completions are taken in every turn, and every turn ends by the clock.
            WAKER | TIMER => {}
            SIGNALS => self.signalled(),
            Token(token) if token > FIRST_LISTENER - self.listeners.len() => {
                self.accept_more = true;
            }
            Token(token) => self.client_ready(ClientId(token as u64), event),
        }
    }

    fn client_ready(&mut self, client: ClientId, event: &mio::event::Event) {
        if event.is_writable()
            && let Some(news) = self.driver.host().flush(client)
        {
            self.driver.handle(news);
        }
        let Some(connection) = self.driver.host().connection(client) else { return };
        if event.is_read_closed() || event.is_error() {
            connection.hang_up();
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            connection.may_read = true;
            self.ready.push(client);
        }
    }

    /// Takes a signal: the first asks for an orderly end, a further one insists.
    fn signalled(&mut self) {
        let Some(came) = self.signals.take() else { return };
        let insists = self.signalled_before;
        self.signalled_before = true;
        if insists {
            tracing::warn!("You insist... exiting now.");
            std::process::exit(1);
        }
        tracing::warn!("Received {} scheduling shutdown...", came.name);
        self.driver.handle(Event::Shutdown { now: self.now });
    }

    fn accept(&mut self) {
        self.accept_more = false;
        for index in 0..self.listeners.len() {
            for round in 0.. {
                if round == ACCEPTS_PER_TURN {
                    self.accept_more = true;
                    break;
                }
                let Some(listener) = self.listeners.get(index) else { break };
                match listener.accept() {
                    Ok((stream, address)) => self.admit(stream, address),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        // Most likely no descriptor is left.
                        self.accept_failed = true;
                        tracing::warn!("Accepting client connection: {error}");
                        break;
                    }
                }
            }
        }
    }

    fn admit(&mut self, stream: mio::net::TcpStream, address: std::net::SocketAddr) {
        let limit = usize::try_from(self.driver.engine().config().maxclients).unwrap_or(usize::MAX);
        if self.driver.host().connections().len() >= limit {
            Host::turn_away(stream);
            return;
        }
        let client = ClientId(self.next_client);
        let Ok(token) = usize::try_from(client.0) else { return };
        if let Err(error) = self.driver.host().admit(client, Token(token), stream, address) {
            tracing::warn!("Accepting client connection: {error}");
            return;
        }
        tracing::debug!("Accepted {address}");
        self.next_client += 1;
        let bulk_bytes = self.driver.engine().config().proto_max_bulk_len;
        self.inboxes.insert(client, Inbox::new(Limits { bulk_bytes }));
        let peer = self.driver.host().peer(client);
        self.driver.handle(Event::Connected { client, peer });
    }

    /// Hands over what the lanes have done.
    fn complete_jobs(&mut self) {
        while let Some(done) = self.driver.host().lanes().take() {
            self.driver.handle(Event::Job { job: done.job, result: done.result, took: done.took });
        }
    }

    fn serve_ready(&mut self) {
        let mut turn = std::mem::take(&mut self.turn);
        self.ready.take_into(&mut turn);
        for &client in &turn {
            self.serve(client);
        }
        self.turn = turn;
    }

    /// Serves one client: what was left over first, then one read.
    fn serve(&mut self, client: ClientId) {
        let Some(inbox) = self.inboxes.get_mut(&client) else { return };
        if !inbox.pending.is_empty() {
            let mut pending = std::mem::take(&mut inbox.pending);
            let (consumed, open) = execute(&mut self.driver, inbox, client, &pending, self.now);
            pending.drain(..consumed);
            inbox.pending = pending;
            if !open {
                return;
            }
        }
        let Some(connection) = self.driver.host().connection(client) else { return };
        if connection.phase != Phase::Open || !connection.may_read {
            return;
        }
        match connection.receive(&mut self.scratch) {
            Received::Nothing => connection.may_read = false,
            Received::End => self.hung_up(client),
            Received::Bytes(bytes, more) => {
                connection.may_read = more;
                connection.active = self.mono;
                self.received(client, bytes);
                if more {
                    self.ready.push(client);
                }
            }
        }
    }

    /// Executes what was read into the scratch buffer and keeps what is no whole request.
    fn received(&mut self, client: ClientId, bytes: usize) {
        let Some(inbox) = self.inboxes.get_mut(&client) else { return };
        let input = &self.scratch[..bytes];
        if inbox.pending.is_empty() {
            let (consumed, _) = execute(&mut self.driver, inbox, client, input, self.now);
            inbox.pending.extend_from_slice(&input[consumed..]);
        } else {
            let mut pending = std::mem::take(&mut inbox.pending);
            pending.extend_from_slice(input);
            let (consumed, _) = execute(&mut self.driver, inbox, client, &pending, self.now);
            pending.drain(..consumed);
            if !pending.is_empty() {
                inbox.pending = pending;
            }
        }
        let limit = self.driver.engine().config().client_query_buffer_limit;
        if inbox.pending.len() as u64 > limit {
            tracing::warn!("Closing client that reached max query buffer length: id={}", client.0);
            self.hung_up(client);
        }
    }

    fn hung_up(&mut self, client: ClientId) {
        if self.driver.host().remove(client) {
            self.driver.handle(Event::Closed { client });
        }
    }

    fn end_turn(&mut self) {
        let mono = self.clock.mono();
        if mono >= self.next_tick {
            self.next_tick = Micros(mono.0 + TICK_MICROS);
            self.accept_more |= std::mem::take(&mut self.accept_failed);
            self.follow_settings();
            self.close_idle(mono);
            self.driver.handle(Event::Tick { now: self.now, mono });
        }
        self.driver.handle(Event::TurnEnd { now: self.now, mono });
        if let Some(at) = self.driver.host().take_deadline() {
            let delay = Duration::from_micros(at.since(mono));
            if let Err(error) = self.timer.set(delay) {
                // The next tick makes up for it.
                tracing::warn!("Can't set a timer: {error}");
            }
        }
        self.driver.keep_recording();
        for client in self.driver.host().take_resumed() {
            self.ready.push(client);
        }
        for client in self.driver.host().take_gone() {
            self.inboxes.remove(&client);
        }
    }

    /// Follows what `CONFIG SET` changed and the engine does not do itself.
    fn follow_settings(&mut self) {
        let postponed_write = self.driver.engine().config().choices().postponed_write;
        self.driver.host().notes().follow(postponed_write);
        let config = self.driver.engine().config();
        if config.loglevel != self.loglevel {
            self.loglevel.clone_from(&config.loglevel);
            logger::set_level(&self.loglevel);
        }
        if config.maxclients != self.maxclients {
            self.maxclients = config.maxclients;
            if let Room::Fewer { clients, limit } = descriptors::make_room(self.maxclients) {
                tracing::warn!(
                    "maxclients is {} but the limit of {limit} open files has room for {clients}",
                    self.maxclients
                );
            }
        }
    }

    /// Closes clients that were idle for longer than `timeout`.
    fn close_idle(&mut self, mono: Micros) {
        let limit_seconds = self.driver.engine().config().timeout;
        if limit_seconds == 0 || mono < self.next_idle_check {
            return;
        }
        self.next_idle_check = Micros(mono.0 + IDLE_CHECK_MICROS);
        let limit_micros = limit_seconds.saturating_mul(1_000_000);
        let connections = self.driver.host().connections().iter();
        let mut idle: Vec<ClientId> = connections
            // Who is paused waits for us.
            .filter(|(_, connection)| connection.phase != Phase::Paused)
            .filter(|(_, connection)| mono.since(connection.active) > limit_micros)
            .map(|(&client, _)| client)
            .collect();
        idle.sort_unstable();
        for client in idle {
            tracing::debug!("Closing idle client");
            self.hung_up(client);
        }
    }

    /// The engine, for whoever looks on.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.driver.engine()
    }
}

/// Decodes and executes all whole requests at the front of `input`. Returns how many bytes they
/// took, and whether the client may still be served.
fn execute(
    driver: &mut Driver,
    inbox: &mut Inbox,
    client: ClientId,
    input: &[u8],
    now: Millis,
) -> (usize, bool) {
    let mut start = 0;
    for number in 0.. {
        if number % KEYS_AHEAD == 0 {
            driver.engine().look_ahead(client, &input[start..]);
        }
        let open = driver.host().connection(client).is_some_and(|found| found.phase == Phase::Open);
        if !open || start == input.len() {
            return (start, open);
        }
        match inbox.decoder.decode(&input[start..]) {
            Decoded::Command { argv, consumed } => {
                driver.handle(Event::Command { client, argv, now });
                start += consumed;
            }
            Decoded::Empty { consumed } => start += consumed,
            Decoded::NeedMore => return (start, true),
            Decoded::Malformed(error) => {
                driver.handle(Event::Malformed { client, error });
                return (input.len(), false);
            }
        }
    }
    (start, true)
}

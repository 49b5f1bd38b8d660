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

mod accept;
mod child;
mod facts;
mod limits;

use aof_core::effect::HaltReason;
use aof_core::engine::Engine;
use aof_core::event::Event;
use aof_core::resp::peek::KEYS_AHEAD;
use aof_core::resp::{Decoded, Limits};
use aof_core::units::{ClientId, Micros, Millis};
use foldhash::fast::RandomState;
use mio::{Events, Interest, Poll, Token};

use crate::clock::Clock;
use crate::connection::{Inbox, Phase, Received};
use crate::descriptors;
use crate::driver::Driver;
use crate::loading::{self, Waiting};
use crate::log_text;
use crate::logger;
use crate::ready::Ready;
use crate::rewriting;
use crate::signals::Signals;
use crate::socket::Listener;
use crate::timer::Timer;
use facts::Stopwatch;

/// Bytes of one read: what a client may have executed in one turn.
const READ_BYTES: usize = 64 * 1024;

/// Replies that one client may be given in one turn, in bytes; then others come first. Without
/// this, 64 KB of requests for large values would be answered in one piece.
const REPLY_BYTES_PER_TURN: u64 = 1024 * 1024;

/// Ten ticks a second, as Redis's default `hz`.
const TICK_MICROS: u64 = 100_000;

const EVENTS_PER_TURN: usize = 1024;

/// The token of the lanes' waker.
pub const WAKER: Token = Token(usize::MAX);
const SIGNALS: Token = Token(usize::MAX - 1);
const TIMER: Token = Token(usize::MAX - 2);
/// Listeners count down from here.
const FIRST_LISTENER: usize = loading::FIRST_LISTENER;

/// A running server.
#[derive(Debug)]
pub struct Server {
    poll: Poll,
    driver: Driver,
    inboxes: HashMap<ClientId, Inbox, RandomState>,
    /// Memory of all inboxes, in bytes.
    query_bytes: u64,
    listeners: Vec<Listener>,
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
    bulk_bytes: u64,
    now: Millis,
    mono: Micros,
    scratch: Box<[u8]>,
}

impl Server {
    /// A server that is ready to run, with the clients that came while the log was loaded. Its
    /// poll set already has the listeners, and the lanes' waker under [`WAKER`].
    ///
    /// # Errors
    /// If the poll set refuses the signal pipe.
    pub fn new(
        waiting: Waiting,
        mut driver: Driver,
        mut signals: Signals,
        clock: Clock,
    ) -> io::Result<Self> {
        let Waiting { poll, listeners, clients, next_client, traffic, .. } = waiting;
        let loglevel = driver.engine().config().loglevel.clone();
        let maxclients = driver.engine().config().maxclients;
        let bulk_bytes = driver.engine().config().proto_max_bulk_len;
        poll.registry().register(signals.source(), SIGNALS, Interest::READABLE)?;
        let timer = Timer::register(poll.registry(), TIMER)?;
        driver.host().traffic = traffic;
        let mut server = Self {
            poll,
            driver,
            inboxes: HashMap::default(),
            query_bytes: 0,
            listeners,
            signals,
            timer,
            clock,
            ready: Ready::default(),
            turn: Vec::new(),
            // Connections that came at the end of the load wait already.
            accept_more: true,
            accept_failed: false,
            next_client,
            next_tick: Micros(clock.mono().0 + TICK_MICROS),
            next_idle_check: Micros(0),
            signalled_before: false,
            loglevel,
            maxclients,
            bulk_bytes,
            now: clock.now(),
            mono: clock.mono(),
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
        };
        let mut clients: Vec<_> = clients.into_iter().collect();
        clients.sort_unstable_by_key(|&(client, _)| client);
        for (client, (mut connection, inbox)) in clients {
            // What was reported while the log was loaded is not reported again.
            connection.may_read = true;
            server.take_in(client, connection, inbox);
            server.ready.push(client);
        }
        Ok(server)
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
            token if rewriting::is_pipe(token) => self.pipe_ready(token),
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
        // Both directions are closed. Only of a client that is read from may requests remain.
        if event.is_error() && connection.phase != Phase::Open {
            self.hung_up(client);
            return;
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            connection.may_read = true;
            self.ready.push(client);
        }
    }

    /// Takes a signal: the first asks for an orderly end, a further one insists.
    fn signalled(&mut self) {
        let Some(came) = self.signals.take() else { return };
        if self.signalled_before {
            tracing::warn!("You insist... exiting now.");
            std::process::exit(1);
        }
        tracing::warn!("Received {} scheduling shutdown...", came.name);
        self.driver.handle(Event::Shutdown { now: self.now });
        // One that was refused is forgotten: the next is again the first.
        self.signalled_before = self.driver.engine().is_ending();
    }

    /// Hands over what the lanes have done.
    fn complete_jobs(&mut self) {
        while let Some(done) = self.driver.host().lanes().take() {
            let event = self.driver.host().completed(done);
            self.driver.handle(event);
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
        if !self.serve_pending(client) {
            return;
        }
        let Some(connection) = self.driver.host().connection(client) else { return };
        match connection.phase {
            Phase::Open | Phase::Lingering { .. } if connection.may_read => {}
            _ => return,
        }
        let lingers = connection.phase != Phase::Open;
        let received = connection.receive(&mut self.scratch);
        match received {
            Received::Nothing => connection.may_read = false,
            Received::Ended if lingers => self.hung_up(client),
            Received::Ended => self.input_ended(client),
            Received::Broken => self.hung_up(client),
            Received::Bytes(bytes, more) => {
                connection.may_read = more;
                connection.active = self.mono;
                if more {
                    self.ready.push(client);
                }
                if !lingers {
                    self.driver.host().traffic.input_bytes += bytes as u64;
                    self.received(client, bytes);
                }
            }
        }
    }

    /// Executes what was left over. Returns whether more may be read in this turn.
    fn serve_pending(&mut self, client: ClientId) -> bool {
        let Some(inbox) = self.inboxes.get_mut(&client) else { return true };
        if inbox.pending.is_empty() {
            return true;
        }
        let held = inbox.held_bytes();
        let pending = std::mem::take(&mut inbox.pending);
        let allowance = Allowance::new(&self.driver, self.query_bytes);
        let (consumed, stop) =
            execute(&mut self.driver, inbox, client, &pending, (self.now, self.clock, allowance));
        inbox.put_back(pending, consumed);
        let waiting = inbox.pending.len();
        self.query_bytes = self.query_bytes - held + inbox.held_bytes();
        self.note_query(client, waiting);
        self.stopped(client, stop);
        stop == Stop::NeedMore
    }

    /// Executes what was read into the scratch buffer and keeps what is no whole request.
    fn received(&mut self, client: ClientId, bytes: usize) {
        let Some(inbox) = self.inboxes.get_mut(&client) else { return };
        let held = inbox.held_bytes();
        let waited = inbox.pending.len();
        let input = &self.scratch[..bytes];
        let allowance = Allowance::new(&self.driver, self.query_bytes);
        let stop = if inbox.pending.is_empty() {
            let (consumed, stop) =
                execute(&mut self.driver, inbox, client, input, (self.now, self.clock, allowance));
            if consumed < input.len() {
                inbox.keep(&input[consumed..]);
            } else {
                inbox.decoder.shrink();
            }
            stop
        } else {
            inbox.keep(input);
            let pending = std::mem::take(&mut inbox.pending);
            let (consumed, stop) = execute(
                &mut self.driver,
                inbox,
                client,
                &pending,
                (self.now, self.clock, allowance),
            );
            inbox.put_back(pending, consumed);
            stop
        };
        let waiting = inbox.pending.len();
        self.query_bytes = self.query_bytes - held + inbox.held_bytes();
        if waiting > 0 || waited > 0 {
            self.note_query(client, waiting);
        }
        self.stopped(client, stop);
        self.bound_query(client);
    }

    /// So much of a client's input waits, for CLIENT LIST and INFO.
    fn note_query(&mut self, client: ClientId, bytes: usize) {
        if let Some(connection) = self.driver.host().connection(client) {
            connection.query_bytes = bytes as u64;
        }
    }

    /// What follows when the execution of a client's requests has stopped.
    fn stopped(&mut self, client: ClientId, stop: Stop) {
        match stop {
            Stop::NeedMore | Stop::NotOpen => {}
            Stop::Enough => {
                self.ready.push(client);
                self.bound_buffers();
            }
        }
    }

    /// The client sends no more; what it is owed may still have to leave.
    fn input_ended(&mut self, client: ClientId) {
        if let Some(connection) = self.driver.host().connection(client) {
            connection.phase = Phase::InputEnded;
            self.forget_input(client);
            self.driver.handle(Event::InputEnded { client });
        }
    }

    /// Ends a connection at once.
    fn hung_up(&mut self, client: ClientId) {
        self.forget_input(client);
        if self.driver.host().remove(client) {
            self.driver.handle(Event::Closed { client });
        }
    }

    fn forget_input(&mut self, client: ClientId) {
        if let Some(inbox) = self.inboxes.remove(&client) {
            self.query_bytes -= inbox.held_bytes();
        }
    }

    fn end_turn(&mut self) {
        let mono = self.clock.mono();
        if mono >= self.next_tick {
            self.next_tick = Micros(mono.0 + TICK_MICROS);
            self.accept_more |= std::mem::take(&mut self.accept_failed);
            self.follow_settings();
            self.close_idle(mono);
            self.end_lingering(mono);
            self.driver.host().sample_usage();
            self.reap();
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
            self.forget_input(client);
        }
        self.bound_buffers();
    }

    /// Follows what `CONFIG SET` changed and the engine does not do itself.
    fn follow_settings(&mut self) {
        let postponed_write = self.driver.engine().config().choices().postponed_write;
        self.driver.host().notes().follow(postponed_write);
        self.driver.follow_output_limit();
        let config = self.driver.engine().config();
        if config.loglevel != self.loglevel {
            self.loglevel.clone_from(&config.loglevel);
            logger::set_level(&self.loglevel);
        }
        if config.proto_max_bulk_len != self.bulk_bytes {
            let bulk_bytes = config.proto_max_bulk_len;
            self.bulk_bytes = bulk_bytes;
            for inbox in self.inboxes.values_mut() {
                inbox.decoder.set_limits(Limits { bulk_bytes, ..inbox.decoder.limits() });
            }
        }
        let config = self.driver.engine().config();
        if config.maxclients != self.maxclients {
            let maxclients = config.maxclients;
            self.maxclients = maxclients;
            for (_, line) in log_text::room(self.maxclients, &descriptors::make_room(maxclients)) {
                tracing::warn!("{line}");
            }
        }
    }

    /// Where clients arrive.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// The engine, for whoever looks on.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.driver.engine()
    }
}

/// Why the execution of a client's requests has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// All whole requests were executed.
    NeedMore,
    /// The client may not be served now, or never again.
    NotOpen,
    /// There are more requests, but this turn has brought enough replies.
    Enough,
}

/// What the clients may hold before a turn stops.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// Replies of all clients, before the first request of this client.
    replies_bytes: u64,
    /// The most that replies of all clients may come to.
    most_bytes: u64,
}

impl Allowance {
    fn new(driver: &Driver, query_bytes: u64) -> Self {
        let replies_bytes = driver.engine().clients_bytes();
        let limit = driver.engine().config().client_buffers_limit_bytes;
        let others = query_bytes + driver.unsent_bytes();
        let most = limit.saturating_sub(others).min(replies_bytes + REPLY_BYTES_PER_TURN);
        Self { replies_bytes, most_bytes: most.max(replies_bytes) }
    }

    fn is_used_up(self, engine: &Engine) -> bool {
        let held = engine.clients_bytes();
        held > self.most_bytes && held > self.replies_bytes
    }
}

/// Decodes and executes whole requests at the front of `input`. Returns how many bytes they took,
/// and why it stopped.
fn execute(
    driver: &mut Driver,
    inbox: &mut Inbox,
    client: ClientId,
    input: &[u8],
    (now, clock, allowance): (Millis, Clock, Allowance),
) -> (usize, Stop) {
    let mut start = 0;
    for number in 0.. {
        if number % KEYS_AHEAD == 0 {
            driver.engine().look_ahead(client, &input[start..]);
        }
        let open = driver.host().connection(client).is_some_and(|found| found.phase == Phase::Open);
        if !open {
            return (start, Stop::NotOpen);
        }
        if start == input.len() {
            return (start, Stop::NeedMore);
        }
        if allowance.is_used_up(driver.engine()) {
            return (start, Stop::Enough);
        }
        match inbox.decoder.decode(&input[start..]) {
            Decoded::Command { argv, consumed } => {
                let rest_bytes = input.len() - start - consumed;
                facts::tell_before(driver, argv.name(), client, rest_bytes);
                let alone = start == 0 && rest_bytes == 0;
                let watch = Stopwatch::start(driver, clock, argv, (consumed, alone));
                driver.handle(Event::Command { client, argv, now });
                watch.stop(driver, client, argv);
                start += consumed;
                follow_authentication(driver, inbox, client);
            }
            Decoded::Empty { consumed } => start += consumed,
            Decoded::NeedMore => return (start, Stop::NeedMore),
            Decoded::Malformed(error) => {
                driver.handle(Event::Malformed { client, error });
                if let Some(connection) = driver.host().connection(client) {
                    connection.phase = Phase::Ignored;
                }
                return (input.len(), Stop::NotOpen);
            }
        }
    }
    (start, Stop::NeedMore)
}

/// A client that has given its password may send requests of any size from now on.
#[doc(alias = "authRequired")]
fn follow_authentication(driver: &Driver, inbox: &mut Inbox, client: ClientId) {
    let engine = driver.engine();
    if engine.config().requirepass.is_empty() && !inbox.decoder.limits().unauthenticated {
        return;
    }
    let Some(client) = engine.client(client) else { return };
    let unauthenticated = !client.session.authenticated;
    inbox.decoder.set_limits(Limits { unauthenticated, ..inbox.decoder.limits() });
}

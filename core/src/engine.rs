//! The engine: dataset, clients and log in one machine.
//!
//! [`Engine::handle`] takes one event and changes state; [`Engine::poll_effect`] says what the
//! outside must do next, one effect at a time, derived from that state. Between the two nothing
//! is stored but facts.
//!
//! # A turn
//!
//! A command executes at once: the dataset changes, the log form goes to `aof_buf`, the reply
//! goes to the client's output. None of this is an effect. At the end of the turn
//! ([`Event::TurnEnd`], Redis's `beforeSleep`) every client that was served gets its gate, and
//! the log looks whether to write and to sync. Then, in this order: lines for the server's log,
//! what the log wants of the disk, replies whose gate is open, connections to end.
//! The disk comes before the replies, so that a reply can never overtake its write.

use std::collections::{BTreeMap, VecDeque};

use crate::aof::Log;
use crate::client::{Client, Held};
use crate::config::Config;
use crate::digest::Digest;
use crate::effect::{CloseReason, Effect};
use crate::event::Event;
use crate::execute::{Asked, Executor, Request};
use crate::keyspace::Keyspace;
use crate::ledger::Ledger;
use crate::note::{Note, RewriteNote};
use crate::propagate::{Propagation, PropagationState};
use crate::resp::{Argv, KeysAhead};
use crate::rewrite::Rewrite;
use crate::session::Socket;
use crate::units::{ClientId, Lsn, Micros, Millis};
use crate::usage::Usage;

mod buffers;
mod effects;
mod endings;
mod facts;
mod reload;
mod reply_place;
mod rewrite_config;
mod rewriting;
mod turns;
mod watching;

use buffers::Buffers;
use effects::Next;
use facts::EngineFacts;
use reload::Reload;
use reply_place::ReplyPlace;
use rewrite_config::ConfigRewrite;
use rewriting::Begun;

/// Whether the server is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It is not.
    No,
    /// The log is brought to the disk.
    Draining,
    /// The host was told to end the process.
    Told,
}

/// The whole persistence engine of one server.
#[derive(Clone, Debug)]
pub struct Engine {
    executor: Executor,
    propagation: PropagationState,
    log: Log,
    clients: BTreeMap<ClientId, Client>,
    /// What they make the engine hold.
    buffers: Buffers,
    /// Clients served in this turn.
    touched: Vec<ClientId>,
    /// Clients with something to send, perhaps.
    ready: VecDeque<ClientId>,
    held: Held,
    /// Clients to be told goodbye.
    ending_clients: VecDeque<ClientId>,
    /// Clients to be paused or resumed.
    throttled: VecDeque<(ClientId, bool)>,
    paused: u32,
    /// What the last polled effect sends, still in the client's output because it was borrowed.
    sending: Option<(ClientId, usize)>,
    notes: VecDeque<Note>,
    sleep_micros: Option<u64>,
    /// The deadline that the host knows.
    told_deadline: Option<Micros>,
    /// The log is being loaded again.
    reload: Option<Reload>,
    /// The configuration file is being written.
    config_rewrite: Option<ConfigRewrite>,
    begun: Begun,
    rewrite: Rewrite,
    ending: Ending,
    /// Connections accepted since the start.
    received: u64,
    /// What the host said last of what the process uses.
    usage: Option<Usage>,
    /// What of it was counted before the last `CONFIG RESETSTAT`.
    counted_from: Usage,
    started: Millis,
    /// Ends of the execution units that the last event appended.
    units: Vec<Lsn>,
    now: Millis,
    mono: Micros,
    /// Whether polling could bring anything.
    work: bool,
}

impl Engine {
    /// An engine over a dataset that was loaded from `loaded_bytes` of log, all durable.
    /// `seed` feeds its one pseudo-random generator.
    #[must_use]
    pub fn new(
        config: Config,
        seed: u64,
        keyspace: Keyspace,
        loaded_bytes: u64,
        now: Millis,
        mono: Micros,
    ) -> Self {
        let log = Log::starting_at(&config, loaded_bytes, now);
        let rewrite = Rewrite::new(&config);
        Self {
            executor: Executor::new(config, keyspace, seed),
            propagation: PropagationState::default(),
            log,
            clients: BTreeMap::new(),
            buffers: Buffers::default(),
            touched: Vec::new(),
            ready: VecDeque::new(),
            held: Held::default(),
            ending_clients: VecDeque::new(),
            throttled: VecDeque::new(),
            paused: 0,
            sending: None,
            notes: VecDeque::new(),
            sleep_micros: None,
            told_deadline: None,
            reload: None,
            config_rewrite: None,
            begun: Begun::default(),
            rewrite,
            ending: Ending::No,
            received: 0,
            usage: None,
            counted_from: Usage::default(),
            started: now,
            units: Vec::new(),
            now,
            mono,
            work: false,
        }
    }

    /// The configuration as it stands.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.executor.config
    }

    /// Dataset, statistics and everything else that commands see.
    #[must_use]
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The rewrite of the log.
    #[must_use]
    pub fn rewrite(&self) -> &Rewrite {
        &self.rewrite
    }

    /// Makes the numbers of catching up small.
    #[cfg(test)]
    #[allow(dead_code)]
    pub(crate) fn set_catch_up_limits(&mut self, limits: crate::rewrite::switch::Limits) {
        self.rewrite.set_limits(limits);
    }

    /// The account of how far everything has come.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.log.ledger()
    }

    /// The connections, by name.
    pub fn clients(&self) -> impl Iterator<Item = (ClientId, &Client)> {
        self.clients.iter().map(|(&id, client)| (id, client))
    }

    /// One connection.
    #[must_use]
    pub fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(&id)
    }

    /// The database that the next command of the log would be written for.
    #[must_use]
    #[doc(alias = "aof_selected_db")]
    pub fn selected_db(&self) -> Option<u8> {
        self.propagation.selected_db()
    }

    /// Ends of the execution units that the last handled event appended to the log.
    /// A transaction is one unit.
    #[must_use]
    pub fn last_units(&self) -> &[Lsn] {
        &self.units
    }

    /// Asks memory for the keys of the requests at the front of `input`, which this client will
    /// send next: a hint that changes nothing.
    pub fn look_ahead(&self, id: ClientId, input: &[u8]) {
        let keys = KeysAhead::look(input);
        if keys.are_several()
            && let Some(client) = self.clients.get(&id)
        {
            self.executor.keyspace.db(client.session.db).warm(keys.keys(input));
        }
    }

    /// When a turn must end at the latest, for the sake of replies that wait until more clients
    /// share their sync. [`Effect::Deadline`] tells it to the host.
    #[must_use]
    pub fn deadline(&self) -> Option<Micros> {
        self.log.deadline(&self.held)
    }

    /// Whether the host was told to end the process.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ending == Ending::Told
    }

    /// Whether the server is on its way out. A request to end may have been refused.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending != Ending::No
    }

    /// Takes one event.
    pub fn handle(&mut self, event: Event<'_>) {
        self.finish_send();
        self.units.clear();
        if self.ending == Ending::Told {
            return;
        }
        match event {
            Event::Connected { client, peer } => {
                self.received += 1;
                let mut new = Client::new(client, peer, self.now);
                new.session.authenticated = self.executor.config.requirepass.is_empty();
                self.clients.insert(client, new);
            }
            Event::InputEnded { client } => self.input_ended(client),
            Event::Closed { client } => self.closed(client),
            Event::Command { client, argv, now } => self.command(client, argv, now),
            Event::Took { client, argv, micros, now } => self.took(client, argv, micros, now),
            Event::Socket { client, descriptor, query_bytes, unsent_bytes } => {
                if let Some(client) = self.clients.get_mut(&client) {
                    client.session.socket = Socket { descriptor, query_bytes, unsent_bytes };
                }
            }
            Event::Usage(usage) => self.usage = Some(usage),
            Event::Read { file, result } => self.read(file, result),
            Event::ConfigRewritten { result } => self.config_rewritten(result),
            Event::Malformed { client, error } => self.malformed(client, &error),
            Event::TurnEnd { now, mono } => {
                self.set_time(now, mono);
                self.turn_end();
            }
            Event::Tick { now, mono } => {
                self.set_time(now, mono);
                self.tick();
            }
            Event::Written { result, .. } => {
                self.log.written(self.executor.config.appendfsync, result);
                self.work = true;
            }
            Event::Job { job, result, took } => {
                if !self.rewrite_job_ended(job, result, took) {
                    self.log.job_ended(&self.executor.config, job, result, took, &self.held);
                }
                self.work = true;
            }
            Event::Opened { .. }
            | Event::PipesOpened { .. }
            | Event::Forked { .. }
            | Event::PipeWritten { .. }
            | Event::PipeWritable
            | Event::StopAsked { .. }
            | Event::ChildReport { .. }
            | Event::ChildExited { .. } => self.rewrite_event(&event),
            Event::Backlog { client, bytes } => {
                if let Some(client) = self.clients.get_mut(&client) {
                    client.unsent_bytes = bytes;
                }
                self.judge_output(client);
            }
            Event::Shutdown { now } => {
                self.now = now;
                self.shut_down();
            }
        }
    }

    fn set_time(&mut self, now: Millis, mono: Micros) {
        self.now = now;
        self.mono = mono;
    }

    fn command(&mut self, id: ClientId, argv: Argv<'_>, now: Millis) {
        self.now = now;
        if self.ending != Ending::No {
            return;
        }
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.ending().is_some() {
            return;
        }
        if speaks_http(argv.name()) {
            self.end_client(id, CloseReason::CrossProtocol);
            return;
        }
        // Session, output and `aof_buf` leave the engine for a moment, so that the command may
        // look at all the rest while it changes them.
        let output_at = client.output_end() - client.held_bytes();
        let (mut session, mut output) = client.lend();
        let start = self.log.buffer().start();
        let accepts = self.accepts();
        let waiting_bytes = self.log.buffer().waiting_bytes();
        let mut buffer = std::mem::take(self.log.tail());
        let facts = EngineFacts {
            log: &self.log,
            rewrite: &self.rewrite,
            is_turning_on: self.begun.is_turning_on(),
            now,
            waiting_bytes,
            clients: &self.clients,
            running: id,
            received: self.received,
            usage: self.usage.map(|usage| usage.counted_from(self.counted_from)),
            clients_bytes: self.clients_bytes(),
            started: self.started,
        };
        let mut propagation = if accepts {
            Propagation::new(&mut self.propagation, &mut buffer)
        } else {
            Propagation::off()
        };
        let executed =
            self.executor.execute(&mut session, argv, now, &facts, &mut output, &mut propagation);
        self.units.extend(propagation.units().iter().map(|&end| start.plus(end as u64)));
        *self.log.tail() = buffer;
        self.log.appended();
        if self.rewrite.is_feeding() {
            self.feed_rewrite(waiting_bytes);
        }
        let wrote_upto = self.units.last().copied();
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.give_back(session, output);
        if client.executed(executed.replies, wrote_upto) {
            self.touched.push(id);
        }
        self.judge_output(id);
        self.feed_monitors();
        for Asked { request, reply } in executed.requests {
            let place = reply.map(|reply| [reply.start, reply.end].map(|at| output_at + at as u64));
            self.carry_out(request, ReplyPlace::new(id, place));
        }
    }

    /// Does what a command asked for and only the engine can do.
    fn carry_out(&mut self, request: Request, reply: ReplyPlace) {
        let id = reply.client;
        match request {
            Request::Close => {
                if let Some(client) = self.clients.get_mut(&id) {
                    client.end(CloseReason::Quit);
                    self.ending_clients.push_back(id);
                }
            }
            Request::Kill { clients } => {
                for client in clients {
                    self.kill_client(client, id);
                }
            }
            Request::Shutdown { .. } => self.shut_down(),
            Request::Sleep { micros } => {
                self.sleep_micros = Some(self.sleep_micros.unwrap_or(0).saturating_add(micros));
            }
            Request::LoadLog => self.begin_reload(reply),
            Request::RewriteConfig => {
                self.config_rewrite = Some(ConfigRewrite { reply, asked: false });
            }
            Request::PolicyChanged => self.notes.push_back(Note::PolicyChanged),
            Request::AppendOnlyOff => self.turn_off(reply),
            Request::ProfileChanged => {}
            Request::Rewrite => self.ask_for_rewrite(reply),
            Request::ScheduleRewrite => self.schedule_rewrite(),
            Request::AppendOnlyOn => self.turn_on(Some(reply)),
            Request::ShutdownRefused => {
                self.notes.push_back(Note::ShutdownRequested);
                self.notes.push_back(Note::Rewrite(RewriteNote::ShutdownRefused));
            }
            Request::ResetStatistics => {
                self.log.reset_statistics();
                self.rewrite.reset_statistics();
                self.received = 0;
                self.counted_from = self.usage.unwrap_or_default();
            }
        }
        self.work = true;
    }

    /// What the outside must do next.
    pub fn poll_effect(&mut self) -> Option<Effect<'_>> {
        self.finish_send();
        if !self.work {
            return None;
        }
        let Some(next) = self.next_effect() else {
            self.work = false;
            return None;
        };
        Some(match next {
            Next::Note(note) => Effect::Note(note),
            Next::Write { taken_bytes } => self.log.write_effect(taken_bytes),
            Next::Read { file, offset, max_bytes } => Effect::Read { file, offset, max_bytes },
            Next::Submit { job, lane, work } => Effect::Submit { job, lane, work },
            Next::Send { client, bytes, replies, gate } => {
                let output = self.clients.get(&client).map_or(&[][..], |c| c.front(bytes));
                Effect::Send { client, bytes: output, replies, gate }
            }
            Next::Close { client, reason } => Effect::Close { client, reason },
            Next::Pause { client } => Effect::Pause { client },
            Next::Resume { client } => Effect::Resume { client },
            Next::Sleep { micros } => Effect::Sleep { micros },
            Next::Append { job, lane, file, offset, upto } => {
                Effect::Append { job, lane, file, block: self.rewrite.block(), offset, upto }
            }
            Next::OpenPipes => Effect::OpenPipes,
            Next::Fork => {
                Effect::Fork { keyspace: &self.executor.keyspace, config: &self.executor.config }
            }
            Next::PipeWrite { pipe } => {
                Effect::PipeWrite { pipe, bytes: self.rewrite.pipe_bytes(pipe) }
            }
            Next::ClosePipes => Effect::ClosePipes,
            Next::Kill { child } => Effect::Kill { child },
            Next::RewriteConfig => Effect::RewriteConfig { config: &self.executor.config },
            Next::Deadline { at } => Effect::Deadline { at },
            Next::Halt(reason) => Effect::Halt(reason),
        })
    }

    /// Takes the bytes of the last send out of the client's output. They stayed there because the
    /// effect borrowed them.
    fn finish_send(&mut self) {
        let Some((id, bytes)) = self.sending.take() else { return };
        if let Some(client) = self.clients.get_mut(&id) {
            client.sent(bytes);
            self.recount(id);
        }
    }

    /// A 128-bit digest of everything that decides what this engine will do.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let mut digest = Digest::default();
        self.executor.digest_into(&mut digest);
        self.digest_behind(digest)
    }

    /// The same, over all but what commands see, behind what `digest` holds already.
    pub(crate) fn digest_behind(&self, mut digest: Digest) -> u128 {
        self.log.digest_into(&mut digest);
        self.propagation.digest_into(&mut digest);
        digest.put_u64(self.now.0);
        digest.put_u64(self.mono.0);
        // As in the log: the debug form of these lists names every part of them.
        digest.put_bytes(
            format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                self.ending,
                self.held,
                self.touched,
                self.ready,
                self.ending_clients,
                self.throttled,
                self.sending,
                self.notes,
                self.sleep_micros,
                self.told_deadline,
            )
            .as_bytes(),
        );
        digest.put_bytes(format!("{:?}", self.buffers.slow_readers()).as_bytes());
        digest.put_u64(self.received);
        self.rewrite.digest_into(&mut digest);
        self.begun.digest_into(&mut digest);
        digest.put_bool(self.config_rewrite.is_some());
        if let Some(rewrite) = &self.config_rewrite {
            rewrite.digest_into(&mut digest);
        }
        digest.put_bool(self.reload.is_some());
        if let Some(reload) = &self.reload {
            reload.digest_into(&mut digest);
        }
        digest.put_bool(self.usage.is_some());
        self.usage.unwrap_or_default().digest_into(&mut digest);
        self.counted_from.digest_into(&mut digest);
        digest.put_u64(self.clients.len() as u64);
        for (id, client) in &self.clients {
            digest.put_u64(id.0);
            client.digest_into(&mut digest);
        }
        digest.finish()
    }
}

/// Whether a line is the beginning of an HTTP request. Any page in a browser on this machine can
/// make one, and its body would be executed line by line, so the connection ends at once
/// (Redis: the commands `post` and `host:`, `securityWarningCommand`).
fn speaks_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"POST") || name.eq_ignore_ascii_case(b"Host:")
}

#[cfg(test)]
mod tests;

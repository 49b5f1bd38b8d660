//! The environment of the engine: every effect becomes a system call here, and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aof_core::config::{Config, OutputLimit};
use aof_core::effect::{CloseReason, Effect, HaltReason, Lane, Work};
use aof_core::event::Event;
use aof_core::keyspace::Keyspace;
use aof_core::peer::Peer;
use aof_core::pump::{Environment, Outcome};
use aof_core::rewrite::names::FileName;
use aof_core::units::{ClientId, Errno, FileId, JobId, Micros};
use aof_core::usage::Usage;
use foldhash::fast::RandomState;
use mio::Registry;

use crate::clock::Clock;
use crate::config_file;
use crate::connection::{Connection, Phase, Sent};
use crate::lanes::{self, Completion, Done, FileTask, Lanes};
use crate::log_text::NoteLog;
use crate::rewriting::Rewriting;
use crate::usage::Meter;

/// Connections by the name that the engine knows.
pub type Connections = HashMap<ClientId, Connection, RandomState>;

/// How long a connection that was ended may go on sending before it is closed. See
/// [`Phase::Lingering`].
const LINGER_MICROS: u64 = 2_000_000;

/// Bytes that have come and gone since the start, for INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Read from clients.
    #[doc(alias = "stat_net_input_bytes")]
    pub input_bytes: u64,
    /// Sent to clients.
    #[doc(alias = "stat_net_output_bytes")]
    pub output_bytes: u64,
    /// Connections that were one too many.
    #[doc(alias = "stat_rejected_conn")]
    pub rejected_connections: u64,
}

/// Sockets, files and lanes.
#[derive(Debug)]
pub struct Host {
    connections: Connections,
    files: BTreeMap<FileId, Arc<File>>,
    rewriting: Rewriting,
    lanes: Lanes,
    registry: Registry,
    clock: Clock,
    notes: NoteLog,
    /// Clients that may be served again although no readiness will be reported for them.
    resumed: Vec<ClientId>,
    /// Connections that ended and whose input can be forgotten.
    gone: Vec<ClientId>,
    /// When a turn must end at the latest.
    deadline: Option<Micros>,
    halted: Option<HaltReason>,
    /// What was read last (`DEBUG LOADAOF`).
    read_bytes: Vec<u8>,
    /// Measures memory and time.
    pub meter: Meter,
    /// Memory of all that waits to be sent, in bytes.
    unsent_bytes: u64,
    /// What came and went.
    pub traffic: Traffic,
    /// The limit in whose steps backlogs are reported.
    pub output_limit: OutputLimit,
}

impl Host {
    /// An environment without clients. `log` is the file that the engine calls
    /// [`FileId::LIVE`], opened for appending.
    #[must_use]
    pub fn new(
        log: Option<Arc<File>>,
        rewriting: Rewriting,
        lanes: Lanes,
        registry: Registry,
        clock: Clock,
        notes: NoteLog,
    ) -> Self {
        Self {
            connections: Connections::default(),
            files: log.into_iter().map(|file| (FileId::LIVE, file)).collect(),
            rewriting,
            lanes,
            registry,
            clock,
            notes,
            resumed: Vec::new(),
            gone: Vec::new(),
            deadline: None,
            halted: None,
            read_bytes: Vec::new(),
            meter: Meter::default(),
            unsent_bytes: 0,
            traffic: Traffic::default(),
            output_limit: OutputLimit::default(),
        }
    }

    /// The connections.
    pub fn connections(&mut self) -> &mut Connections {
        &mut self.connections
    }

    /// One connection.
    pub fn connection(&mut self, client: ClientId) -> Option<&mut Connection> {
        self.connections.get_mut(&client)
    }

    /// The log of what the engine notes.
    pub fn notes(&mut self) -> &mut NoteLog {
        &mut self.notes
    }

    /// The background lanes.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The pipes and the child of a rewrite.
    pub fn rewriting(&mut self) -> &mut Rewriting {
        &mut self.rewriting
    }

    /// What the engine must hear of a job that has ended.
    pub fn completed(&mut self, completion: Completion) -> Event<'static> {
        let Completion { job, done, took } = completion;
        match done {
            Done::Called(result) => Event::Job { job, result, took },
            Done::Opened(id, result) => {
                let result = result.map(|(file, length_bytes)| {
                    self.files.insert(id, Arc::new(file));
                    length_bytes
                });
                Event::Opened { job, result }
            }
        }
    }

    /// The deadline that the engine has set since the last call.
    pub fn take_deadline(&mut self) -> Option<Micros> {
        self.deadline.take()
    }

    /// Why the process must end, once the engine has said so.
    #[must_use]
    pub fn halted(&self) -> Option<HaltReason> {
        self.halted
    }

    /// Memory of all that waits for clients to read, in bytes.
    #[must_use]
    pub fn unsent_bytes(&self) -> u64 {
        self.unsent_bytes
    }

    /// All connections.
    pub fn all_connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.values()
    }

    /// Of every connection: descriptor, bytes of requests that wait, bytes of replies that wait.
    #[must_use]
    pub fn sockets(&self) -> Vec<(ClientId, u32, u64, u64)> {
        let of = |(&client, connection): (&ClientId, &Connection)| {
            let waiting = (connection.query_bytes, connection.backlog_bytes());
            (client, connection.descriptor(), waiting.0, waiting.1)
        };
        self.connections.iter().map(of).collect()
    }

    /// What the process uses.
    pub fn usage(&mut self) -> Usage {
        let mut meter = self.meter;
        let usage = meter.read(self);
        self.meter = meter;
        usage
    }

    /// Remembers the peak of memory.
    pub fn sample_usage(&mut self) {
        self.meter.sample();
    }

    /// Clients that were resumed since the last call.
    pub fn take_resumed(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.resumed)
    }

    /// Connections that ended since the last call.
    pub fn take_gone(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.gone)
    }

    /// Takes a registered connection in.
    pub fn admit(&mut self, client: ClientId, connection: Connection) {
        self.unsent_bytes += connection.held_bytes();
        self.connections.insert(client, connection);
    }

    /// Closes a connection. Returns whether the engine still knew it: one that it ended itself,
    /// and that only waited for its last bytes to leave, is no news.
    pub fn remove(&mut self, client: ClientId) -> bool {
        let Some(connection) = self.connections.remove(&client) else { return false };
        let known = !connection.phase.is_over();
        tracing::debug!("Client closed connection {}", shown(connection.peer()));
        self.unsent_bytes -= connection.held_bytes();
        connection.close(&self.registry);
        self.gone.push(client);
        known
    }

    /// Sends what waits for a client whose socket takes bytes again. The answer is what the engine
    /// must hear, if anything.
    pub fn flush(&mut self, client: ClientId) -> Option<Event<'static>> {
        let connection = self.connections.get_mut(&client)?;
        let (held, waited) = (connection.held_bytes(), connection.backlog_bytes());
        let sent = connection.flush(&self.registry);
        self.unsent_bytes = self.unsent_bytes - held + connection.held_bytes();
        let left = waited - connection.backlog_bytes();
        self.traffic.output_bytes += left;
        if left > 0 {
            connection.active = self.clock.mono();
        }
        if sent == Sent::All && connection.phase == Phase::Closing {
            self.linger(client);
            return None;
        }
        self.after_sending(client, sent)
    }

    /// What the engine must hear after something was sent.
    fn after_sending(&mut self, client: ClientId, sent: Sent) -> Option<Event<'static>> {
        let bytes = match sent {
            Sent::Broken => return self.remove(client).then_some(Event::Closed { client }),
            Sent::All => 0,
            Sent::Waiting(bytes) => bytes,
        };
        let connection = self.connections.get_mut(&client)?;
        let class = backlog_class(bytes, self.output_limit);
        if connection.phase.is_over() || connection.backlog_class == class {
            return None;
        }
        connection.backlog_class = class;
        Some(Event::Backlog { client, bytes })
    }

    fn send(&mut self, client: ClientId, bytes: &[u8]) -> Outcome<'static> {
        let Some(connection) = self.connections.get_mut(&client) else { return Outcome::Done };
        let (held, waited) = (connection.held_bytes(), connection.backlog_bytes());
        let sent = connection.send(bytes, &self.registry);
        self.unsent_bytes = self.unsent_bytes - held + connection.held_bytes();
        self.traffic.output_bytes += waited + bytes.len() as u64 - connection.backlog_bytes();
        self.after_sending(client, sent).map_or(Outcome::Done, Outcome::Now)
    }

    /// Ends a connection: after what it is owed where that is the point of the end, else at once.
    fn end(&mut self, client: ClientId, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(&client) else { return };
        if reason == CloseReason::OutputLimit {
            tracing::warn!(
                "Client id={} addr={} scheduled to be closed ASAP for overcoming of output buffer \
                 limits.",
                client.0,
                shown(connection.peer())
            );
        }
        if reason == CloseReason::CrossProtocol {
            self.notes.cross_protocol(self.clock.now());
        }
        let says_goodbye = match reason {
            CloseReason::Quit | CloseReason::Protocol | CloseReason::InputEnded => true,
            CloseReason::HeldTooLong
            | CloseReason::OutputLimit
            | CloseReason::CrossProtocol
            | CloseReason::Killed => false,
        };
        let input_ended = connection.phase == Phase::InputEnded;
        connection.phase = Phase::Closing;
        if !says_goodbye || (input_ended && connection.backlog_bytes() == 0) {
            self.remove(client);
        } else if connection.backlog_bytes() == 0 {
            self.linger(client);
        }
    }

    /// All that this client is owed has left: it is closed when it has heard that.
    fn linger(&mut self, client: ClientId) {
        let until = Micros(self.clock.mono().0 + LINGER_MICROS);
        let Some(connection) = self.connections.get_mut(&client) else { return };
        connection.end_output();
        connection.phase = Phase::Lingering { until };
        connection.may_read = true;
        // Most have sent nothing more: they are looked at once, in the next turn.
        self.resumed.push(client);
    }

    fn set_phase(&mut self, client: ClientId, phase: Phase) {
        let Some(connection) = self.connections.get_mut(&client) else { return };
        match (connection.phase, phase) {
            (Phase::Open | Phase::Paused, Phase::Open) => self.resumed.push(client),
            (Phase::Open | Phase::Paused, _) => {}
            // It sends nothing any more.
            _ => return,
        }
        connection.phase = phase;
    }

    /// Exactly one `write(2)`, whatever comes of it.
    fn write(&self, file: FileId, bytes: &[u8]) -> Event<'static> {
        let result = match self.files.get(&file) {
            Some(target) => nix::unistd::write(&**target, bytes).map_err(lanes::errno),
            None => Err(Errno::EBADF),
        };
        Event::Written { file, result: result.map(|bytes| bytes as u64) }
    }

    /// Exactly one `pread(2)`.
    fn read(&mut self, file: FileId, offset: u64, max_bytes: u32) -> Event<'_> {
        let Some(target) = self.files.get(&file) else {
            return Event::Read { file, result: Err(Errno::EBADF) };
        };
        self.read_bytes.resize(usize::try_from(max_bytes).unwrap_or(usize::MAX), 0);
        let result = target
            .read_at(&mut self.read_bytes, offset)
            .map_err(|error| Errno(error.raw_os_error().unwrap_or(Errno::EIO.0)));
        Event::Read { file, result: result.map(|bytes| &self.read_bytes[..bytes]) }
    }

    fn submit(&mut self, job: JobId, lane: Lane, work: Work) -> Outcome<'static> {
        if let Work::Open { name: FileName::Log, .. } = work
            && let Err(errno) = self.rewriting.lock()
        {
            return Outcome::Now(Event::Opened { job, result: Err(errno) });
        }
        let task = self.task(work);
        self.start(job, lane, task)
    }

    /// Performs a task on its lane; `None` is one on a file that is not open.
    fn start(&mut self, job: JobId, lane: Lane, task: Option<FileTask>) -> Outcome<'static> {
        let Some(task) = task else {
            return Outcome::Now(Event::Job { job, result: Err(Errno::EBADF), took: Micros(0) });
        };
        match lane {
            Lane::Inline => {
                let done = lanes::perform(job, task, self.rewriting.directory(), self.clock);
                Outcome::Now(self.completed(done))
            }
            Lane::Sync | Lane::Slow => {
                self.lanes.submit(lane, job, task);
                Outcome::Later
            }
        }
    }

    fn task(&mut self, work: Work) -> Option<FileTask> {
        Some(match work {
            Work::Sync { file, .. } => FileTask::Sync(Arc::clone(self.files.get(&file)?)),
            Work::Truncate { file, length_bytes } => {
                FileTask::Truncate(Arc::clone(self.files.get(&file)?), length_bytes)
            }
            Work::Close { file } => FileTask::Close(self.files.remove(&file)?),
            Work::Open { file, name, mode } => FileTask::Open(file, name, mode),
            Work::Rename { file, from, to } => {
                FileTask::Rename { file: Arc::clone(self.files.get(&file)?), from, to }
            }
            Work::SyncDirectory => FileTask::SyncDirectory,
            Work::Unlink { name } => FileTask::Unlink(name),
        })
    }

    #[doc(alias = "rewriteAppendOnlyFileBackground")]
    fn fork(&mut self, keyspace: &Keyspace, config: &Config) -> Event<'static> {
        let began = self.clock.mono();
        let result = self.rewriting.fork(keyspace, config, self.clock);
        Event::Forked { result, took: Micros(self.clock.mono().since(began)) }
    }
}

impl Environment for Host {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        match effect {
            Effect::Write { file, bytes, .. } => return Outcome::Now(self.write(file, bytes)),
            Effect::Read { file, offset, max_bytes } => {
                return Outcome::Now(self.read(file, offset, max_bytes));
            }
            Effect::Submit { job, lane, work } => return self.submit(job, lane, work),
            Effect::Send { client, bytes, .. } => return self.send(client, bytes),
            Effect::Close { client, reason } => self.end(client, reason),
            Effect::Pause { client } => self.set_phase(client, Phase::Paused),
            Effect::Resume { client } => self.set_phase(client, Phase::Open),
            Effect::Sleep { micros } => std::thread::sleep(Duration::from_micros(micros)),
            Effect::RewriteConfig { config } => {
                let written = config_file::rewrite(Path::new(&config.config_file), config);
                let result =
                    written.map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno));
                return Outcome::Now(Event::ConfigRewritten { result });
            }
            Effect::Append { job, lane, file, block, .. } => {
                let file = self.files.get(&file);
                let task = file.map(|file| FileTask::Append(Arc::clone(file), Arc::clone(block)));
                return self.start(job, lane, task);
            }
            Effect::OpenPipes => {
                let result = self.rewriting.open_pipes(&self.registry);
                return Outcome::Now(Event::PipesOpened { result });
            }
            Effect::Fork { keyspace, config } => return Outcome::Now(self.fork(keyspace, config)),
            Effect::PipeWrite { pipe, bytes } => {
                let result = self.rewriting.write(pipe, bytes);
                return Outcome::Now(Event::PipeWritten { pipe, result });
            }
            Effect::ClosePipes => self.rewriting.close_pipes(&self.registry),
            Effect::Kill { child } => self.rewriting.kill(child),
            Effect::Deadline { at } => self.deadline = Some(at),
            Effect::Note(note) => self.notes.write(&note, self.clock.now()),
            Effect::Halt(reason) => self.halted = Some(reason),
        }
        Outcome::Done
    }
}

/// A peer as log lines show it.
#[must_use]
pub fn shown(peer: Peer) -> String {
    match peer {
        Peer::Tcp { remote, .. } => remote.to_string(),
        Peer::Unix | Peer::Simulated => "connection to the Unix socket".to_owned(),
    }
}

/// Steps in which a backlog is reported: a megabyte, or a quarter of a limit that is small; and
/// each limit is a step of its own. A fast client is never reported.
fn backlog_class(bytes: u64, limit: OutputLimit) -> (u64, bool, bool) {
    let OutputLimit { hard_bytes, soft_bytes, .. } = limit;
    let small = [hard_bytes, soft_bytes].into_iter().filter(|&limit| limit > 0).min();
    let step = small.map_or(STEP_BYTES, |limit| (limit / 4).clamp(1, STEP_BYTES));
    let passes = |limit: u64| limit > 0 && bytes > limit;
    (bytes / step, passes(soft_bytes), passes(hard_bytes))
}

const STEP_BYTES: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backlog_classes_grow_and_each_limit_begins_one() {
        let class = |bytes, hard_bytes, soft_bytes| {
            backlog_class(bytes, OutputLimit { hard_bytes, soft_bytes, soft_seconds: 1 })
        };
        assert_eq!(class(STEP_BYTES - 1, 0, 0), (0, false, false));
        assert_eq!(class(STEP_BYTES, 0, 0), (1, false, false));
        assert_eq!(class(u64::MAX, 0, 0), (u64::MAX / STEP_BYTES, false, false));
        // With small limits a client is told early enough.
        assert_eq!(class(1000, 4000, 0), (1, false, false));
        assert_eq!(class(4000, 4000, 0), (4, false, false));
        assert_eq!(class(4001, 4000, 0), (4, false, true));
        assert_eq!(class(801, 4000, 800), (4, true, false));
        assert_eq!(class(1, 1, 1), (1, false, false));
        let large = 256 * STEP_BYTES;
        assert_eq!(class(large + 1, large, 0), (256, false, true));
    }
}

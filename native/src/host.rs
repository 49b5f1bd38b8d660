//! The environment of the engine: every effect becomes a system call here, and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use aof_core::effect::{CloseReason, Effect, HaltReason, Lane, Work};
use aof_core::engine::OUTPUT_LIMIT_BYTES;
use aof_core::event::Event;
use aof_core::peer::Peer;
use aof_core::pump::{Environment, Outcome};
use aof_core::units::{ClientId, Errno, FileId, JobId, Micros};
use foldhash::fast::RandomState;
use mio::net::TcpStream;
use mio::{Registry, Token};

use crate::clock::Clock;
use crate::connection::{Connection, Phase, Sent};
use crate::lanes::{self, FileTask, Lanes};
use crate::log_text::NoteLog;

/// Connections by the name that the engine knows.
pub type Connections = HashMap<ClientId, Connection, RandomState>;

/// What Redis answers to a connection too many.
pub const TOO_MANY_CLIENTS: &[u8] = b"-ERR max number of clients reached\r\n";

/// Sockets, files and lanes.
#[derive(Debug)]
pub struct Host {
    connections: Connections,
    files: BTreeMap<FileId, Arc<File>>,
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
}

impl Host {
    /// An environment without clients. `log` is the file that the engine calls
    /// [`FileId::LIVE`], opened for appending.
    #[must_use]
    pub fn new(
        log: Option<Arc<File>>,
        lanes: Lanes,
        registry: Registry,
        clock: Clock,
        notes: NoteLog,
    ) -> Self {
        Self {
            connections: Connections::default(),
            files: log.into_iter().map(|file| (FileId::LIVE, file)).collect(),
            lanes,
            registry,
            clock,
            notes,
            resumed: Vec::new(),
            gone: Vec::new(),
            deadline: None,
            halted: None,
            read_bytes: Vec::new(),
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

    /// The deadline that the engine has set since the last call.
    pub fn take_deadline(&mut self) -> Option<Micros> {
        self.deadline.take()
    }

    /// Why the process must end, once the engine has said so.
    #[must_use]
    pub fn halted(&self) -> Option<HaltReason> {
        self.halted
    }

    /// Clients that were resumed since the last call.
    pub fn take_resumed(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.resumed)
    }

    /// Connections that ended since the last call.
    pub fn take_gone(&mut self) -> Vec<ClientId> {
        std::mem::take(&mut self.gone)
    }

    /// Takes an accepted socket in.
    ///
    /// # Errors
    /// If the poll set refuses it.
    pub fn admit(
        &mut self,
        client: ClientId,
        token: Token,
        stream: TcpStream,
        address: SocketAddr,
    ) -> io::Result<()> {
        let active = self.clock.mono();
        let connection = Connection::register(stream, address, token, &self.registry, active)?;
        self.connections.insert(client, connection);
        Ok(())
    }

    /// The two ends of a connection. One that is closed already has none to show.
    #[must_use]
    pub fn peer(&self, client: ClientId) -> Peer {
        let connection = self.connections.get(&client);
        connection.map_or(Peer::Simulated, |connection| connection.peer())
    }

    /// Sends a socket away that is one too many.
    pub fn turn_away(mut stream: TcpStream) {
        // Nobody waits for this: if the socket does not take it at once, it is lost.
        stream.write_all(TOO_MANY_CLIENTS).ok();
    }

    /// Closes a connection. Returns whether the engine still knew it: one that it ended itself,
    /// and that only waited for its last bytes to leave, is no news.
    pub fn remove(&mut self, client: ClientId) -> bool {
        let Some(connection) = self.connections.remove(&client) else { return false };
        let known = connection.phase != Phase::Closing;
        tracing::debug!("Client closed connection {}", connection.address());
        connection.close(&self.registry);
        self.gone.push(client);
        known
    }

    /// Sends what waits for a client whose socket takes bytes again. The answer is what the engine
    /// must hear, if anything.
    pub fn flush(&mut self, client: ClientId) -> Option<Event<'static>> {
        let connection = self.connections.get_mut(&client)?;
        let sent = connection.flush(&self.registry);
        if sent == Sent::All && connection.phase == Phase::Closing {
            self.remove(client);
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
        let class = backlog_class(bytes);
        if connection.phase == Phase::Closing || connection.backlog_class == class {
            return None;
        }
        connection.backlog_class = class;
        Some(Event::Backlog { client, bytes })
    }

    fn send(&mut self, client: ClientId, bytes: &[u8]) -> Outcome<'static> {
        let Some(connection) = self.connections.get_mut(&client) else { return Outcome::Done };
        let sent = connection.send(bytes, &self.registry);
        self.after_sending(client, sent).map_or(Outcome::Done, Outcome::Now)
    }

    /// Ends a connection: after what it is owed where that is the point of the end, else at once.
    fn end(&mut self, client: ClientId, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(&client) else { return };
        let waits = match reason {
            CloseReason::Quit | CloseReason::Protocol | CloseReason::InputEnded => {
                connection.backlog_bytes() > 0
            }
            CloseReason::HeldTooLong | CloseReason::OutputLimit | CloseReason::Killed => false,
        };
        if reason == CloseReason::OutputLimit {
            tracing::warn!(
                "Client id={} addr={} scheduled to be closed ASAP for overcoming of output buffer \
                 limits.",
                client.0,
                connection.address()
            );
        }
        connection.phase = Phase::Closing;
        if !waits {
            self.remove(client);
        }
    }

    fn set_phase(&mut self, client: ClientId, phase: Phase) {
        let Some(connection) = self.connections.get_mut(&client) else { return };
        if connection.phase == Phase::Closing {
            return;
        }
        connection.phase = phase;
        if phase == Phase::Open {
            self.resumed.push(client);
        }
    }

    /// Exactly one `write(2)`, whatever comes of it.
    fn write(&self, file: FileId, bytes: &[u8]) -> Event<'static> {
        let result = match self.files.get(&file) {
            Some(target) => nix::unistd::write(&**target, bytes).map_err(lanes::errno),
            None => Err(BAD_FILE),
        };
        Event::Written { file, result: result.map(|bytes| bytes as u64) }
    }

    /// Exactly one `pread(2)`.
    fn read(&mut self, file: FileId, offset: u64, max_bytes: u32) -> Event<'_> {
        let Some(target) = self.files.get(&file) else {
            return Event::Read { file, result: Err(BAD_FILE) };
        };
        self.read_bytes.resize(usize::try_from(max_bytes).unwrap_or(usize::MAX), 0);
        let result = target
            .read_at(&mut self.read_bytes, offset)
            .map_err(|error| Errno(error.raw_os_error().unwrap_or(Errno::EIO.0)));
        Event::Read { file, result: result.map(|bytes| &self.read_bytes[..bytes]) }
    }

    fn submit(&mut self, job: JobId, lane: Lane, work: Work) -> Outcome<'static> {
        let Some(task) = self.task(work) else {
            let took = aof_core::units::Micros(0);
            return Outcome::Now(Event::Job { job, result: Err(BAD_FILE), took });
        };
        match lane {
            Lane::Inline => {
                let done = lanes::perform(job, task, self.clock);
                Outcome::Now(Event::Job { job, result: done.result, took: done.took })
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
        })
    }
}

/// The engine named a file that is not open.
const BAD_FILE: Errno = Errno(9);

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
            Effect::Deadline { at } => self.deadline = Some(at),
            Effect::Note(note) => self.notes.write(&note, self.clock.now()),
            Effect::Halt(reason) => self.halted = Some(reason),
        }
        Outcome::Done
    }
}

/// Steps in which a backlog is reported: one per doubling from 1 MiB on, and one for more than the
/// engine tolerates. A fast client is never reported.
fn backlog_class(bytes: u64) -> u32 {
    if bytes > OUTPUT_LIMIT_BYTES {
        return u32::MAX;
    }
    u64::BITS - (bytes >> 20).leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backlog_classes_grow_and_the_limit_is_one_of_them() {
        const MIB: u64 = 1024 * 1024;
        assert_eq!(backlog_class(0), 0);
        assert_eq!(backlog_class(MIB - 1), 0);
        assert_eq!(backlog_class(MIB), 1);
        assert_eq!(backlog_class(2 * MIB), 2);
        assert_eq!(backlog_class(OUTPUT_LIMIT_BYTES), 9);
        assert_eq!(backlog_class(OUTPUT_LIMIT_BYTES + 1), u32::MAX);
        assert_eq!(backlog_class(u64::MAX), u32::MAX);
    }
}

//! What the server remembers about one client between two commands.

use crate::digest::Digest;
use crate::peer::Peer;
use crate::resp::OwnedArgv;
use crate::units::{ClientId, Millis};

/// One client's state, as far as commands can see or change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub id: ClientId,
    /// Where the client is.
    pub peer: Peer,
    /// What the host said last of its connection.
    pub socket: Socket,
    /// It said the password, or none was needed when it came.
    pub authenticated: bool,
    /// Its transaction is running.
    pub in_exec: bool,
    /// The selected database.
    pub db: u8,
    /// `CLIENT SETNAME`; empty for none.
    pub name: Vec<u8>,
    /// Between MULTI and EXEC.
    pub transaction: Option<Transaction>,
    /// Keys under WATCH.
    pub watched: Vec<WatchedKey>,
    /// The memory that they take, in bytes.
    pub watched_bytes: u64,
    /// Whether replies are written (`CLIENT REPLY`).
    pub replies: ReplyMode,
    /// When the connection was accepted, for `CLIENT LIST`.
    pub connected: Millis,
    /// When the last command arrived, for `CLIENT LIST`.
    pub last_command: Millis,
    /// Name of the last command, for `CLIENT LIST`.
    pub last_command_name: &'static str,
}

/// One connection as only the host knows it, for `CLIENT LIST`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Socket {
    /// The number of the file descriptor.
    pub descriptor: u32,
    /// Bytes of requests that are not executed yet.
    pub query_bytes: u64,
    /// Bytes of replies that the socket has not taken.
    pub unsent_bytes: u64,
}

/// Commands that wait for EXEC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// In order of arrival.
    pub queue: Vec<OwnedArgv>,
    /// A command was refused when it was queued, so EXEC must fail. The queue is empty then.
    pub dirty: bool,
    /// One of them may change the dataset.
    pub writes: bool,
    /// Their size in the log, in bytes.
    pub bytes: u64,
    /// The memory that they take, in bytes.
    pub memory_bytes: u64,
}

/// A key under WATCH and what it looked like then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedKey {
    /// The database.
    pub db: u8,
    /// The key.
    pub key: Box<[u8]>,
    /// The mark of the key's last change that the client may know of; see
    /// [`crate::execute::watch`].
    pub version: u64,
}

/// `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyMode {
    /// Every command is answered.
    #[default]
    On,
    /// None is.
    Off,
    /// `CLIENT REPLY SKIP` is running; it is not answered, nor is the next command.
    SkipNext,
    /// The next command is not.
    Skip,
}

impl Session {
    /// A client that has just connected.
    #[must_use]
    pub fn new(id: ClientId) -> Self {
        Self {
            id,
            peer: Peer::Simulated,
            socket: Socket::default(),
            authenticated: true,
            in_exec: false,
            db: 0,
            name: Vec::new(),
            transaction: None,
            watched: Vec::new(),
            watched_bytes: 0,
            replies: ReplyMode::On,
            connected: Millis(0),
            last_command: Millis(0),
            last_command_name: "NULL",
        }
    }

    /// A client that connected at `now`.
    #[must_use]
    pub fn connected_at(id: ClientId, peer: Peer, now: Millis) -> Self {
        Self { peer, connected: now, last_command: now, ..Self::new(id) }
    }

    /// Memory of what the client left here, in bytes: its transaction and its watched keys.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let queued = self.transaction.as_ref().map_or(0, |transaction| transaction.memory_bytes);
        queued + self.watched_bytes + self.name.capacity() as u64
    }

    /// Adds everything that decides how later commands go.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.id.0);
        self.peer.digest_into(digest);
        digest.put_u32(self.socket.descriptor);
        digest.put_u64(self.socket.query_bytes);
        digest.put_u64(self.socket.unsent_bytes);
        digest.put_bool(self.authenticated);
        digest.put_u8(self.db);
        digest.put_bytes(&self.name);
        digest.put_bool(self.transaction.is_some());
        if let Some(transaction) = &self.transaction {
            digest.put_bool(transaction.dirty);
            digest.put_bool(transaction.writes);
            digest.put_u64(transaction.bytes);
            digest.put_count(transaction.queue.len());
            for argv in &transaction.queue {
                digest.put_bytes(argv.as_bytes());
            }
        }
        digest.put_count(self.watched.len());
        for watched in &self.watched {
            digest.put_u8(watched.db);
            digest.put_bytes(&watched.key);
            digest.put_u64(watched.version);
        }
        digest.put_u8(match self.replies {
            ReplyMode::On => 0,
            ReplyMode::Off => 1,
            ReplyMode::SkipNext => 2,
            ReplyMode::Skip => 3,
        });
        digest.put_u64(self.connected.0);
        digest.put_u64(self.last_command.0);
        digest.put_bytes(self.last_command_name.as_bytes());
    }
}

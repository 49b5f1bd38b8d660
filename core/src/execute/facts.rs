//! What commands must know about the rest of the engine: for INFO, for CLIENT, and to refuse
//! writes that the log cannot take.

use crate::session::Session;
use crate::units::{Errno, Millis};
use crate::usage::Usage;

/// Answers of the engine.
pub trait Facts {
    /// Writes (and PING) are refused for now, and why.
    fn refusal(&self) -> Option<Refusal>;

    /// The log, for `INFO persistence`.
    fn aof(&self) -> AofFacts;

    /// The connections, for `INFO clients`.
    fn clients(&self) -> ClientFacts;

    /// The process, for `INFO server`.
    fn server(&self) -> ServerFacts;

    /// What the process uses, if the host knows.
    fn usage(&self) -> Option<Usage>;

    /// Shows every session but the one that runs the command, in order of their ids, each with
    /// the bytes of replies that the engine holds for it.
    fn other_sessions(&self, visit: &mut dyn FnMut(&Session, u64));
}

/// Why writes are refused: the log could not be written or synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The error of the last attempt.
    pub errno: Errno,
}

/// The state of the log as INFO shows it. Field by field the `aof_*` lines of Redis 6.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AofFacts {
    /// `aof_enabled`. Under `hardened` not before the first rewrite is complete.
    pub enabled: bool,
    /// The log is being turned on and is not complete yet: WAIT_REWRITE.
    pub waits_for_rewrite: bool,
    /// A child is alive in that state: the server must not end now.
    pub writes_initial_log: bool,
    /// `aof_rewrite_in_progress`: until the new file is the log.
    pub rewrite_in_progress: bool,
    /// A child was told to end and has not yet, and no rewrite is in progress.
    pub child_is_ending: bool,
    /// `aof_rewrite_scheduled` and `aof_pending_rewrite`.
    pub rewrite_scheduled: bool,
    /// `aof_last_rewrite_time_sec`, none before the first.
    pub last_rewrite_seconds: Option<u64>,
    /// `aof_current_rewrite_time_sec`, none if none runs.
    pub current_rewrite_seconds: Option<u64>,
    /// `aof_last_bgrewrite_status` is `err`.
    pub last_rewrite_failed: bool,
    /// `aof_last_write_status` is `err`.
    pub last_write_failed: bool,
    /// `aof_last_cow_size`.
    pub last_cow_bytes: u64,
    /// `current_cow_size`: what the child of now has said last.
    pub current_cow_bytes: u64,
    /// `current_cow_size_age`: how long ago that was, in seconds.
    pub current_cow_age_seconds: u64,
    /// `current_save_keys_processed`.
    pub keys_done: u64,
    /// `current_save_keys_total`.
    pub keys_total: u64,
    /// `latest_fork_usec`.
    pub latest_fork_micros: u64,
    /// `total_forks`.
    pub forks: u64,
    /// Rewrites that were begun, those that failed included.
    pub rewrites: u64,
    /// What the last child was sent of the rewrite buffer, in bytes.
    pub last_sent_bytes: u64,
    /// For how long replies to writes were held at the last switch, or the loop stood still, in
    /// microseconds.
    pub last_switch_micros: Option<u64>,
    /// `aof_current_size`.
    pub current_size_bytes: u64,
    /// `aof_base_size`.
    pub base_size_bytes: u64,
    /// `aof_buffer_length`.
    pub buffer_bytes: u64,
    /// `aof_rewrite_buffer_length`.
    pub rewrite_buffer_bytes: u64,
    /// `aof_pending_bio_fsync`.
    pub pending_syncs: u64,
    /// `aof_delayed_fsync`.
    pub delayed_syncs: u64,
}

/// The connections as INFO shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientFacts {
    /// `connected_clients`.
    pub connected: u64,
    /// `total_connections_received`.
    pub received: u64,
    /// Memory that the engine holds for them: replies that wait, transactions that are queued.
    pub held_bytes: u64,
}

/// The process as INFO shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServerFacts {
    /// When it started.
    pub started: Millis,
}

/// Facts of nobody: one client, no log. For tests and for loading.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn refusal(&self) -> Option<Refusal> {
        None
    }

    fn aof(&self) -> AofFacts {
        AofFacts::default()
    }

    fn clients(&self) -> ClientFacts {
        ClientFacts { connected: 1, received: 1, held_bytes: 0 }
    }

    fn server(&self) -> ServerFacts {
        ServerFacts::default()
    }

    fn usage(&self) -> Option<Usage> {
        None
    }

    fn other_sessions(&self, _visit: &mut dyn FnMut(&Session, u64)) {}
}

//! The fields of `struct redisServer` that exist so far, as they stand at one step.

use crate::aof::log::{State, WriteStatus};
use crate::config::Policy;
use crate::engine::Engine;
use crate::units::{Errno, Millis};

/// One look at the engine. Small, so that every step can keep its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// `aof_state`.
    pub state: State,
    /// `aof_fsync`.
    pub policy: Policy,
    /// Bytes in `aof_buf`.
    pub buffer_bytes: u64,
    /// `aof_current_size`.
    pub current_size_bytes: u64,
    /// `aof_rewrite_base_size`.
    pub base_size_bytes: u64,
    /// `aof_selected_db`, nothing for -1.
    pub selected_db: Option<u8>,
    /// `aof_flush_postponed_start`, nothing for 0.
    pub postponed_since: Option<Millis>,
    /// `aof_last_fsync`.
    pub last_sync: Millis,
    /// `aof_delayed_fsync`.
    pub delayed_syncs: u64,
    /// `aof_last_write_errno`, nothing while `aof_last_write_status` is fine.
    pub last_write_error: Option<Errno>,
    /// `aof_no_fsync_on_rewrite`.
    pub no_sync_on_rewrite: bool,
    /// `aof_load_truncated`.
    pub load_truncated: bool,
}

impl Fields {
    /// Reads them.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let (log, config) = (engine.log(), engine.config());
        Self {
            state: log.state(),
            policy: config.appendfsync,
            buffer_bytes: log.buffer().waiting_bytes(),
            current_size_bytes: log.file_length_bytes(),
            base_size_bytes: log.base_length_bytes(),
            selected_db: engine.selected_db(),
            postponed_since: log.postponed().map(|postponed| postponed.since),
            last_sync: log.last_sync(),
            delayed_syncs: log.delayed_fsync(),
            last_write_error: match log.write_status() {
                WriteStatus::Fine => None,
                WriteStatus::Failed { errno, .. } => Some(errno),
            },
            no_sync_on_rewrite: config.no_appendfsync_on_rewrite,
            load_truncated: config.aof_load_truncated,
        }
    }
}

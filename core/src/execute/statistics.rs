//! Counters for INFO.

use crate::digest::Digest;

/// What has been counted since the start or since `CONFIG RESETSTAT`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// `total_commands_processed`.
    pub commands: u64,
    /// Commands that changed the dataset; never set back (Redis: `server.dirty`, without
    /// snapshots).
    pub changes: u64,
    /// `expired_keys`.
    pub expired_keys: u64,
    /// `keyspace_hits`.
    pub keyspace_hits: u64,
    /// `keyspace_misses`.
    pub keyspace_misses: u64,
    /// `total_error_replies`.
    pub error_replies: u64,
}

impl Statistics {
    /// A command that reads has looked for a key.
    pub(crate) const fn looked_up(&mut self, found: bool) {
        if found {
            self.keyspace_hits += 1;
        } else {
            self.keyspace_misses += 1;
        }
    }

    /// `CONFIG RESETSTAT`.
    pub fn reset(&mut self) {
        *self = Self { changes: self.changes, ..Self::default() };
    }

    /// Adds all counters.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.commands);
        digest.put_u64(self.changes);
        digest.put_u64(self.expired_keys);
        digest.put_u64(self.keyspace_hits);
        digest.put_u64(self.keyspace_misses);
        digest.put_u64(self.error_replies);
    }
}

//! What clients make the engine hold: counted, bounded, given back.
//!
//! The engine judges one client's replies, by `client-output-buffer-limit`: it holds those that
//! wait for the disk, and the host tells how many bytes wait for the client
//! ([`crate::event::Event::Backlog`]). What all clients hold together only the host can judge,
//! since their requests are there; it asks for [`Engine::clients_bytes`].

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::client::Client;
use crate::config::OutputLimit;
use crate::effect::CloseReason;
use crate::units::{ClientId, Micros};

use super::Engine;

/// Memory that clients make the engine hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    /// Of all clients, in bytes.
    bytes: u64,
    /// Clients that were over the soft limit when last looked at.
    slow_readers: BTreeSet<ClientId>,
    /// Up to here idle clients were looked at.
    swept: ClientId,
}

impl Buffers {
    fn count(&mut self, client: &mut Client) {
        let bytes = client.memory_bytes();
        self.bytes = self.bytes - client.counted_bytes + bytes;
        client.counted_bytes = bytes;
    }

    /// Who may be ended by the next tick.
    pub(super) fn slow_readers(&self) -> &BTreeSet<ClientId> {
        &self.slow_readers
    }
}

/// In so many ticks every client has been looked at once, as in Redis.
const TICKS_PER_SWEEP: usize = 10;

impl Engine {
    /// Memory that the engine holds for all clients, in bytes: replies, queued transactions,
    /// watched keys. Whether it is used or only reserved does not matter.
    #[must_use]
    pub fn clients_bytes(&self) -> u64 {
        self.buffers.bytes
    }

    /// Of these, what it holds for one client.
    #[must_use]
    pub fn client_bytes(&self, id: ClientId) -> u64 {
        self.clients.get(&id).map_or(0, |client| client.counted_bytes)
    }

    /// Counts one client's memory again, after whatever may have changed it.
    pub(super) fn recount(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        self.buffers.count(client);
    }

    /// A client is gone, with what it was counted for.
    pub(super) fn forget_count(&mut self, id: ClientId, counted_bytes: u64) {
        self.buffers.bytes -= counted_bytes;
        self.buffers.slow_readers.remove(&id);
    }

    /// Counts a client anew and ends one that does not read: at once beyond the hard limit; beyond
    /// the soft limit it is remembered since when.
    #[doc(alias = "checkClientOutputBufferLimits")]
    pub(super) fn judge_output(&mut self, id: ClientId) {
        let limit = self.executor.config.client_output_buffer_limit.normal;
        let (most_bytes, mono) = (self.executor.config.most_output_bytes(), self.mono);
        let Some(client) = self.clients.get_mut(&id) else { return };
        self.buffers.count(client);
        let owed = client.held_bytes() + client.unsent_bytes;
        if owed > most_bytes {
            self.end_client(id, CloseReason::OutputLimit);
        } else if limit.soft_bytes > 0 && owed > limit.soft_bytes {
            client.slow_since.get_or_insert(mono);
            self.buffers.slow_readers.insert(id);
        } else if client.slow_since.take().is_some() {
            self.buffers.slow_readers.remove(&id);
        }
    }

    /// Ends clients that have been over the soft limit for too long.
    pub(super) fn end_slow_readers(&mut self) {
        let OutputLimit { soft_seconds, .. } =
            self.executor.config.client_output_buffer_limit.normal;
        for id in self.buffers.slow_readers.clone() {
            // What it read since then has not been judged.
            self.judge_output(id);
            let since = self.clients.get(&id).and_then(|client| client.slow_since);
            if since.is_some_and(|since| is_overdue(self.mono, since, soft_seconds)) {
                self.buffers.slow_readers.remove(&id);
                self.end_client(id, CloseReason::OutputLimit);
            }
        }
    }

    /// Looks at a tenth of the clients and takes back the buffers that nobody uses.
    #[doc(alias = "clientsCron")]
    pub(super) fn sweep_buffers(&mut self) {
        let share = self.clients.len().div_ceil(TICKS_PER_SWEEP);
        let after = (Bound::Excluded(self.buffers.swept), Bound::Unbounded);
        let mut last = None;
        let mut freed = 0;
        for (&id, client) in self.clients.range_mut(after).take(share) {
            client.free_idle_output();
            let bytes = client.memory_bytes();
            freed += client.counted_bytes.saturating_sub(bytes);
            client.counted_bytes = client.counted_bytes.min(bytes);
            last = Some(id);
        }
        self.buffers.bytes -= freed;
        self.buffers.swept = last.unwrap_or(ClientId(0));
    }
}

/// Whether more than so many seconds have passed, as Redis counts them.
fn is_overdue(now: Micros, since: Micros, seconds: u64) -> bool {
    now.since(since) > seconds.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests;

//! Clients that take too much: too long a request, too much memory, too much time.
//!
//! # What bounds the memory of clients
//! One client: its requests by `client-query-buffer-limit`, its replies by
//! `client-output-buffer-limit`; the engine judges the second, because it holds most of them. All
//! clients together: by `client-buffers-limit`. Counted is the memory that is held for them, used
//! or not: request bytes and the decoder's notes, queued transactions, replies that wait for the
//! disk, replies that wait for the client. Beyond it the largest client is closed, then the next,
//! until the rest fits. Redis 6.2 has no such limit: ten thousand clients below their own limits
//! take all memory there.
//!
//! The sum is kept up to date and compared after every command, so it is passed by one reply at
//! most. A reply on its way from the engine to the socket exists twice for a moment.
//!
//! Nothing is reserved by what a client announces; see `aof_core::resp`.

use aof_core::units::{ClientId, Micros};

use super::Server;
use crate::connection::Phase;
use crate::host::shown;

/// How often idle clients are looked for.
const IDLE_CHECK_MICROS: u64 = 1_000_000;

/// Bytes of a request that are shown when it was too long, as in Redis.
const SHOWN_QUERY_BYTES: usize = 64;

impl Server {
    /// Closes a client whose unprocessed input is too long.
    pub(super) fn bound_query(&mut self, client: ClientId) {
        let limit = self.driver.engine().config().client_query_buffer_limit;
        let Some(inbox) = self.inboxes.get(&client) else { return };
        if inbox.pending.len() as u64 <= limit {
            return;
        }
        let shown_bytes = inbox.pending.len().min(SHOWN_QUERY_BYTES);
        let begin = inbox.pending[..shown_bytes].escape_ascii().to_string();
        tracing::warn!(
            "Closing client that reached max query buffer length: {} (qbuf initial bytes: \
             \"{begin}\")",
            self.describe(client)
        );
        self.hung_up(client);
    }

    /// Closes the largest clients while all together hold too much.
    pub(super) fn bound_buffers(&mut self) {
        let limit = self.driver.engine().config().client_buffers_limit_bytes;
        if self.held_bytes() <= limit {
            return;
        }
        let mut sizes: Vec<(u64, ClientId)> = Vec::new();
        let clients: Vec<ClientId> = self.driver.host().connections().keys().copied().collect();
        for client in clients {
            sizes.push((self.held_bytes_of(client), client));
        }
        // The largest first, of equal ones the youngest.
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        for (bytes, client) in sizes {
            if self.held_bytes() <= limit {
                return;
            }
            tracing::warn!(
                "Client {} closed: it holds {bytes} bytes, the most of all clients, and all \
                 together hold more than client-buffers-limit ({limit} bytes).",
                self.describe(client)
            );
            self.hung_up(client);
        }
    }

    /// Memory held for all clients, in bytes.
    pub(super) fn held_bytes(&self) -> u64 {
        self.query_bytes + self.driver.unsent_bytes() + self.driver.engine().clients_bytes()
    }

    fn held_bytes_of(&mut self, client: ClientId) -> u64 {
        let query = self.inboxes.get(&client).map_or(0, crate::connection::Inbox::held_bytes);
        let unsent = self.driver.host().connection(client).map_or(0, |found| found.held_bytes());
        query + unsent + self.driver.engine().client_bytes(client)
    }

    /// A client as log lines name it.
    fn describe(&mut self, client: ClientId) -> String {
        let peer = self.driver.host().connection(client).map(|connection| connection.peer());
        format!("id={} addr={}", client.0, peer.map_or_else(String::new, shown))
    }

    /// Closes clients that were idle for longer than `timeout`. Who monitors only listens, and who
    /// is paused waits for us.
    #[doc(alias = "clientsCronHandleTimeout")]
    pub(super) fn close_idle(&mut self, mono: Micros) {
        let limit_seconds = self.driver.engine().config().timeout;
        if limit_seconds == 0 || mono < self.next_idle_check {
            return;
        }
        self.next_idle_check = Micros(mono.0 + IDLE_CHECK_MICROS);
        let limit_micros = limit_seconds.saturating_mul(1_000_000);
        let connections = self.driver.host().connections().iter();
        let mut idle: Vec<ClientId> = connections
            .filter(|(_, connection)| connection.phase != Phase::Paused)
            .filter(|(_, connection)| mono.since(connection.active) > limit_micros)
            .map(|(&client, _)| client)
            .collect();
        idle.retain(|&client| !self.driver.engine().executor().monitors.has(client));
        idle.sort_unstable();
        for client in idle {
            tracing::debug!("Closing idle client");
            self.hung_up(client);
        }
    }

    /// Closes connections that were told goodbye and do not hang up.
    pub(super) fn end_lingering(&mut self, mono: Micros) {
        let over = |phase| matches!(phase, Phase::Lingering { until } if until < mono);
        let connections = self.driver.host().connections().iter();
        let mut late: Vec<ClientId> = connections
            .filter(|(_, connection)| over(connection.phase))
            .map(|(&client, _)| client)
            .collect();
        late.sort_unstable();
        for client in late {
            self.hung_up(client);
        }
    }
}

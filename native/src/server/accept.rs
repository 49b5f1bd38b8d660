//! Taking connections in.

use std::io;

use aof_core::event::Event;
use aof_core::peer::Peer;
use aof_core::units::ClientId;
use mio::Token;

use super::Server;
use crate::admission;
use crate::connection::{Connection, Inbox};
use crate::host::shown;
use crate::socket::Stream;

/// Connections accepted in one turn, so that a storm of them does not stop those who are served.
#[doc(alias = "MAX_ACCEPTS_PER_CALL")]
const ACCEPTS_PER_TURN: usize = 1000;

impl Server {
    pub(super) fn accept(&mut self) {
        self.accept_more = false;
        for index in 0..self.listeners.len() {
            for round in 0.. {
                if round == ACCEPTS_PER_TURN {
                    self.accept_more = true;
                    break;
                }
                let Some(listener) = self.listeners.get(index) else { break };
                match listener.accept() {
                    Ok((stream, peer)) => self.admit(stream, peer),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if admission::left_already(&error) => {}
                    Err(error) => {
                        // Most likely no descriptor is left.
                        self.accept_failed = true;
                        tracing::warn!("Accepting client connection: {error}");
                        break;
                    }
                }
            }
        }
    }

    /// Takes a connection in, or sends it away.
    fn admit(&mut self, stream: Stream, peer: Peer) {
        let connected = self.driver.host().connections().len();
        let config = self.driver.engine().config();
        if let Err(refusal) = admission::judge(config, peer, connected) {
            admission::turn_away(stream, refusal);
            self.driver.host().traffic.rejected_connections += 1;
            return;
        }
        let limits = admission::limits(config);
        stream.prepare(config.tcp_keepalive);
        tracing::debug!("Accepted {}", shown(peer));
        let client = ClientId(self.next_client);
        let Ok(token) = usize::try_from(client.0) else { return };
        let registry = self.poll.registry();
        match Connection::register(stream, peer, Token(token), registry, self.mono) {
            Ok(connection) => {
                self.next_client += 1;
                self.take_in(client, connection, Inbox::new(limits));
            }
            Err(error) => tracing::warn!("Accepting client connection: {error}"),
        }
    }

    /// Makes a registered connection a client.
    pub(super) fn take_in(&mut self, client: ClientId, connection: Connection, inbox: Inbox) {
        let peer = connection.peer();
        self.query_bytes += inbox.held_bytes();
        self.inboxes.insert(client, inbox);
        self.driver.host().admit(client, connection);
        self.driver.handle(Event::Connected { client, peer });
    }
}

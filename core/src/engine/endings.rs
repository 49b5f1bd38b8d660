//! How connections end: by the client, by others, by the engine.
//!
//! A client that is told goodbye stays until it has what it is owed; one that is ended at once
//! loses it. `Engine::next_effect` asks the host to close either.

use crate::aof::log::State;
use crate::effect::CloseReason;
use crate::note::{Note, RewriteNote};
use crate::resp::{ProtocolError, Reply};
use crate::units::ClientId;

use super::{Ending, Engine};

impl Engine {
    /// `CLIENT KILL`: others are ended at once, the one that asks after its reply.
    pub(super) fn kill_client(&mut self, id: ClientId, asking: ClientId) {
        if id != asking {
            self.end_client(id, CloseReason::Killed);
        } else if let Some(client) = self.clients.get_mut(&id) {
            client.end(CloseReason::Killed);
            self.ending_clients.push_back(id);
        }
    }

    pub(super) fn malformed(&mut self, id: ClientId, error: &ProtocolError) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        // After a goodbye nothing is read, and so nothing can be wrong.
        if client.ending().is_some() {
            return;
        }
        Reply::new(client.output()).error(format!("ERR {}", error.text()).as_bytes());
        if client.executed(1, None) {
            self.touched.push(id);
        }
        client.end(CloseReason::Protocol);
        self.ending_clients.push_back(id);
        self.work = true;
        self.recount(id);
    }

    /// The client has said its last word. It is ended like one that said QUIT, without the reply.
    pub(super) fn input_ended(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.end(CloseReason::InputEnded);
        self.ending_clients.push_back(id);
        self.work = true;
    }

    pub(super) fn closed(&mut self, id: ClientId) {
        if let Some(mut client) = self.clients.remove(&id) {
            self.forget_count(id, client.counted_bytes);
            self.paused -= u32::from(client.paused());
            self.executor.disconnected(&mut client.session);
        }
    }

    /// Ends a connection at once; what it is owed is dropped.
    pub(super) fn end_client(&mut self, id: ClientId, reason: CloseReason) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.drop_output();
        client.end(reason);
        self.ending_clients.push_back(id);
        self.work = true;
        self.recount(id);
    }

    pub(super) fn shut_down(&mut self) {
        if self.ending != Ending::No {
            return;
        }
        self.notes.push_back(Note::ShutdownRequested);
        if self.refuses_to_end() {
            self.notes.push_back(Note::Rewrite(RewriteNote::ShutdownRefused));
            self.work = true;
            return;
        }
        self.ending = Ending::Draining;
        self.end_rewrite();
        if self.log.state() == State::On {
            self.notes.push_back(Note::ShutdownSync);
        }
        self.log.shut_down(&self.executor.config, self.now);
        self.turn_end();
    }
}

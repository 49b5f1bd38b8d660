//! Clients to be served in the next turn, each once, in the order in which they were named.
//!
//! A client can be named several times: its socket was reported, its last read filled the buffer,
//! the engine resumed it. Served once for each, it would get more of every turn the longer it
//! talks, and the bound on what one turn may add to `aof_buf` would be gone.

use std::collections::HashSet;

use aof_core::units::ClientId;
use foldhash::fast::RandomState;

/// The queue of the next turn.
#[derive(Debug, Default)]
pub struct Ready {
    clients: Vec<ClientId>,
    members: HashSet<ClientId, RandomState>,
}

impl Ready {
    /// Names a client. Twice is once.
    pub fn push(&mut self, client: ClientId) {
        if self.members.insert(client) {
            self.clients.push(client);
        }
    }

    /// Whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Moves everybody into `turn`, whose memory is used for the next queue.
    pub fn take_into(&mut self, turn: &mut Vec<ClientId>) {
        turn.clear();
        std::mem::swap(turn, &mut self.clients);
        self.members.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_is_served_once_a_turn_in_order() {
        let mut ready = Ready::default();
        let mut turn = Vec::new();
        for client in [3, 1, 3, 2, 1] {
            ready.push(ClientId(client));
        }
        ready.take_into(&mut turn);
        assert_eq!(turn, [ClientId(3), ClientId(1), ClientId(2)]);
        assert!(ready.is_empty());
        // Whoever is named while it is served comes again, in the next turn.
        ready.push(ClientId(3));
        ready.push(ClientId(3));
        ready.take_into(&mut turn);
        assert_eq!(turn, [ClientId(3)]);
    }
}

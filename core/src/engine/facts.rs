//! What commands may ask about the rest of the engine.

use std::collections::BTreeMap;

use crate::aof::Log;
use crate::aof::log::{State, SyncStatus, WriteStatus};
use crate::client::Client;
use crate::execute::{AofFacts, ClientFacts, Facts, Refusal, ServerFacts};
use crate::session::Session;
use crate::units::{ClientId, Millis};
use crate::usage::Usage;

/// A look at the engine while one of its clients runs a command.
pub(super) struct EngineFacts<'a> {
    pub(super) log: &'a Log,
    /// Length of `aof_buf`, which is with the executor for the moment.
    pub(super) waiting_bytes: u64,
    pub(super) clients: &'a BTreeMap<ClientId, Client>,
    pub(super) running: ClientId,
    pub(super) received: u64,
    pub(super) usage: Option<Usage>,
    pub(super) started: Millis,
    /// Memory that the engine holds for clients.
    pub(super) clients_bytes: u64,
}

impl Facts for EngineFacts<'_> {
    fn refusal(&self) -> Option<Refusal> {
        self.log.refusal().map(|errno| Refusal { errno })
    }

    fn aof(&self) -> AofFacts {
        let last_write_failed = self.log.write_status() != WriteStatus::Fine
            || self.log.sync_status() != SyncStatus::Fine;
        AofFacts {
            enabled: self.log.state() != State::Off,
            last_write_failed,
            current_size_bytes: self.log.file_length_bytes(),
            base_size_bytes: self.log.base_length_bytes(),
            buffer_bytes: self.waiting_bytes,
            pending_syncs: u64::from(self.log.sync_in_flight().is_some()),
            delayed_syncs: self.log.delayed_fsync(),
            ..AofFacts::default()
        }
    }

    fn clients(&self) -> ClientFacts {
        ClientFacts {
            connected: self.clients.len() as u64,
            received: self.received,
            held_bytes: self.clients_bytes,
        }
    }

    fn server(&self) -> ServerFacts {
        ServerFacts { started: self.started }
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn other_sessions(&self, visit: &mut dyn FnMut(&Session, u64)) {
        for (&id, client) in self.clients {
            if id != self.running {
                visit(&client.session, client.held_bytes());
            }
        }
    }
}

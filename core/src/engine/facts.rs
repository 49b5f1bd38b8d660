//! What commands may ask about the rest of the engine.

use std::collections::BTreeMap;

use crate::aof::Log;
use crate::aof::log::{State, SyncStatus, WriteStatus};
use crate::client::Client;
use crate::execute::{AofFacts, ClientFacts, Facts, Refusal, ServerFacts};
use crate::rewrite::{Rewrite, Stage};
use crate::session::Session;
use crate::units::{ClientId, Millis};
use crate::usage::Usage;

/// A look at the engine while one of its clients runs a command.
pub(super) struct EngineFacts<'a> {
    pub(super) log: &'a Log,
    pub(super) rewrite: &'a Rewrite,
    /// The log was turned on, and does not even wait for its first rewrite yet.
    pub(super) is_turning_on: bool,
    pub(super) now: Millis,
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
        self.log.refusal().or(self.rewrite.refusal()).map(|errno| Refusal { errno })
    }

    fn aof(&self) -> AofFacts {
        let last_write_failed = self.log.write_status() != WriteStatus::Fine
            || self.log.sync_status() != SyncStatus::Fine;
        let (log, rewrite) = (self.log, self.rewrite);
        let is_ending = matches!(rewrite.stage(), Stage::Aborting { .. });
        // In Redis the command itself does all of it: nobody can see the time before.
        let waits = log.state() == State::WaitRewrite || self.is_turning_on;
        let report = rewrite.report();
        AofFacts {
            enabled: match log.state() {
                State::On | State::Stopping => !self.is_turning_on,
                // Redis opens the log at once and calls it enabled.
                State::WaitRewrite => log.is_open(),
                State::Off => false,
            },
            waits_for_rewrite: waits,
            writes_initial_log: waits && (rewrite.is_active() || self.is_turning_on),
            rewrite_in_progress: rewrite.is_active() && !is_ending,
            child_is_ending: is_ending,
            rewrite_scheduled: rewrite.is_scheduled(),
            last_rewrite_seconds: rewrite.last_took_seconds(),
            current_rewrite_seconds: rewrite
                .started()
                .map(|started| self.now.seconds().saturating_sub(started.seconds())),
            last_rewrite_failed: rewrite.last_failed(),
            last_write_failed,
            last_cow_bytes: rewrite.copied_bytes(),
            current_cow_bytes: report.map_or(0, |report| report.copied_bytes),
            current_cow_age_seconds: report.map_or(0, |report| self.now.since(report.at) / 1_000),
            keys_done: report.map_or(0, |report| report.keys_done),
            keys_total: report.map_or(0, |report| report.keys_total),
            latest_fork_micros: rewrite.fork_micros(),
            forks: rewrite.forks(),
            rewrites: rewrite.attempts(),
            last_sent_bytes: rewrite.last_sent_bytes(),
            last_switch_micros: rewrite.switch_micros(),
            current_size_bytes: log.file_length_bytes(),
            base_size_bytes: log.base_length_bytes(),
            buffer_bytes: self.waiting_bytes,
            rewrite_buffer_bytes: rewrite.diff().waiting_bytes(),
            pending_syncs: u64::from(log.sync_in_flight().is_some()),
            delayed_syncs: log.delayed_fsync(),
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

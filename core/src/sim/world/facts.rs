//! What an effect came to, as a fact, with the journal told.

use std::sync::Arc;

use crate::effect::Gate;
use crate::note::{Note, RewriteNote};
use crate::sim::fact::{Answered, Fact, Goodbye};
use crate::sim::machine::Performed;
use crate::sim::world::World;
use crate::sim::world::down::SceneKind;
use crate::units::ClientId;

impl World {
    /// What an effect came to, with the journal told.
    pub(crate) fn fact_of(&mut self, performed: Performed) -> Fact {
        match performed {
            Performed::Write { from, to, result } => Fact::Write { from, to, result },
            Performed::SyncStart { from, to } => Fact::SyncStart { from, to },
            Performed::SyncEnd { from, to, started, took_micros, result } => {
                if result.is_ok() {
                    self.last_sync_started = Some(started);
                }
                Fact::SyncEnd { from, to, took_micros, result }
            }
            Performed::SyncInline { from, to, started, took_micros, result } => {
                if result.is_ok() {
                    self.last_sync_started = Some(started);
                }
                Fact::SyncInline { from, to, took_micros, result }
            }
            Performed::Truncate { length_bytes, result } => Fact::Truncate { length_bytes, result },
            Performed::CloseFile => Fact::CloseFile,
            Performed::Read { from, to } => Fact::Read { from, to },
            Performed::Send { client, replies, gate } => self.replied(client, replies, gate),
            Performed::Close { client, reason } => {
                self.journal.connection_lost(client);
                let client = Self::client_of(client);
                Fact::Closed { client, reason: Goodbye::Server(reason) }
            }
            Performed::Pause { client } => Fact::Pause { client: Self::client_of(client) },
            Performed::Resume { client } => Fact::Resume { client: Self::client_of(client) },
            Performed::Sleep { micros } => Fact::Sleep { micros },
            Performed::Deadline { at } => Fact::Gathering { until: at },
            Performed::Note(Note::Rewrite(RewriteNote::Finished { old_bytes, new_bytes })) => {
                let (old_inode, new_inode) = self.switched_inodes();
                Fact::Switched { old_inode, new_inode, old_bytes, new_bytes }
            }
            Performed::Note(note) => Fact::Note(note),
            Performed::PipesOpened { result } => Fact::PipesOpened { result },
            Performed::Forked { result, took_micros } => self.forked(result, took_micros),
            Performed::PipeWrite { pipe, offered_bytes, result } => {
                let left_bytes = self.unsent_bytes();
                Fact::PipeWrite { pipe, offered_bytes, result, left_bytes }
            }
            Performed::PipesClosed => Fact::PipesClosed,
            Performed::ChildAsked { child } => Fact::ChildAsked { child },
            Performed::File { lane, work, progress } => Fact::File { lane, work, progress },
            Performed::Halt(reason) => {
                self.go_down(SceneKind::Halted(reason));
                Fact::Halt(reason)
            }
        }
    }

    fn replied(&mut self, client: ClientId, replies: u32, gate: Gate) -> Fact {
        let answered = self.journal.answered(client, replies);
        let (written, durable) = (self.machine.written(), self.machine.durable());
        let (mut in_memory_bytes, mut in_cache_bytes, mut log_bytes) = (0, 0, 0);
        let mut told = Vec::with_capacity(answered.len());
        for number in answered {
            let asked = &self.journal.asked()[number];
            let (from, to) = asked.in_log();
            told.push(Answered {
                asked: number,
                words: Arc::clone(&asked.words),
                reply: Arc::clone(&asked.reply),
                log: (from, to),
            });
            log_bytes += to - from;
            in_memory_bytes += to.max(written) - from.max(written);
            let in_cache = |at: u64| at.clamp(durable, written.max(durable));
            in_cache_bytes += in_cache(to) - in_cache(from);
        }
        Fact::Reply {
            client: Self::client_of(client),
            replies,
            gate,
            answered: told.into(),
            in_memory_bytes,
            in_cache_bytes,
            log_bytes,
        }
    }
}

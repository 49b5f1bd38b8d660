//! What happens in a running world: inputs, ends of jobs, ticks, and the facts of effects.

use std::sync::Arc;

use crate::config::Policy;
use crate::effect::Gate;
use crate::event::Event;
use crate::profile::Replies;
use crate::resp::OwnedArgv;
use crate::sim::disk::Writeback;
use crate::sim::fact::{Answered, Fact, Fault, Goodbye, STALL_MICROS};
use crate::sim::journal::{Answer, Asked, Cause};
use crate::sim::machine::Performed;
use crate::sim::world::down::SceneKind;
use crate::sim::world::{Due, Input, Phase, TICK_MICROS, Taken, World};
use crate::units::{ClientId, Errno, Lsn, Micros, Millis};

impl World {
    /// Takes the next thing that is due now.
    pub(super) fn take_due(&mut self) -> Taken {
        let clock = self.machine.clock;
        if self.inputs.front().is_some_and(|due| due.at <= clock) {
            return self.take_input();
        }
        let ended = self.machine.jobs.iter().filter(|job| job.due <= clock).min_by_key(|j| j.due);
        if let Some(job) = ended.copied() {
            let (event, result) = self.machine.end_job(job);
            self.handle(event);
            if result.is_ok() {
                self.last_sync_started = Some(job.started);
            }
            let took_micros = job.due.since(job.started);
            let (from, to) = (job.from, job.to);
            return Taken::Step(Fact::SyncEnd { from, to, took_micros, result });
        }
        // A turn that has begun is ended before time goes on.
        if self.turn_open {
            return Taken::Nothing;
        }
        if self.machine.disk.next_writeback().is_some_and(|at| at <= clock) {
            let inode = self.machine.inode;
            let done = self.machine.disk.writeback(clock);
            // A truncation that becomes durable is nothing to tell.
            let grew = |done: &&Writeback| done.inode == inode && done.from_bytes < done.to_bytes;
            return match done.iter().find(grew) {
                Some(done) => {
                    Taken::Step(Fact::Writeback { from: done.from_bytes, to: done.to_bytes })
                }
                None => Taken::Silently,
            };
        }
        if self.tick_matters() && self.next_tick <= clock {
            self.next_tick = Micros((clock.0 / TICK_MICROS + 1) * TICK_MICROS);
            return self.tick();
        }
        Taken::Nothing
    }

    fn tick(&mut self) -> Taken {
        let before = self.appended();
        let (now, mono) = self.clocks();
        self.handle(Event::Tick { now, mono });
        let units = self.last_units();
        self.note_appended(before, &units, Cause::Expiry);
        Taken::Silently
    }

    fn take_input(&mut self) -> Taken {
        let Some(Due { input, at }) = self.inputs.pop_front() else { return Taken::Nothing };
        match input {
            Input::Command { client, words } => {
                let connection = self.connection(client);
                if self.is_connected(connection) {
                    let now = self.machine.wall();
                    return Taken::Step(self.command(connection, &words, now));
                }
                self.inputs.push_front(Due { at, input: Input::Command { client, words } });
                self.handle(Event::Connected {
                    client: connection,
                    peer: crate::peer::Peer::Simulated,
                });
                Taken::Step(Fact::Connected { client })
            }
            Input::Disconnect { client } => {
                let connection = self.connection(client);
                if !self.is_connected(connection) {
                    return Taken::Silently;
                }
                self.handle(Event::Closed { client: connection });
                self.journal.connection_lost(connection);
                Taken::Step(Fact::Closed { client, reason: Goodbye::Peer })
            }
            Input::Shutdown => {
                let now = self.machine.wall();
                self.handle(Event::Shutdown { now });
                Taken::Silently
            }
            Input::Wait
            | Input::Fault(_)
            | Input::Kill
            | Input::KillChild
            | Input::CutPower
            | Input::Boot { .. } => Taken::Silently,
        }
    }

    fn is_connected(&self, connection: ClientId) -> bool {
        self.engine().is_some_and(|engine| engine.client(connection).is_some())
    }

    pub(super) fn appended(&self) -> u64 {
        self.engine().map_or(0, |engine| engine.ledger().appended().0)
    }

    pub(super) fn last_units(&self) -> Vec<Lsn> {
        self.engine().map(|engine| engine.last_units().to_vec()).unwrap_or_default()
    }

    /// Tells the journal what the last event added to `aof_buf`.
    pub(super) fn note_appended(&mut self, before: u64, units: &[Lsn], cause: Cause<'_>) -> u32 {
        let Phase::Running(engine) = &self.phase else { return 0 };
        let buffer = engine.log().buffer();
        let skip = usize::try_from(before.saturating_sub(buffer.start().0)).unwrap_or(usize::MAX);
        let bytes = buffer.bytes().get(skip..).unwrap_or_default();
        let ends = units.iter().map(|end| end.0);
        self.journal.appended(before, bytes, ends, cause, self.machine.clock)
    }

    pub(super) fn command(
        &mut self,
        connection: ClientId,
        words: &Arc<OwnedArgv>,
        now: Millis,
    ) -> Fact {
        let before = self.appended();
        // Lets go of what was sent, so that what is held is exactly what has not left.
        if let Phase::Running(engine) = &mut self.phase {
            let rest = engine.poll_effect();
            debug_assert!(rest.is_none(), "a command before the effects of the last event");
        }
        let held_bytes = self.held(connection).len();
        let executed = self.machine.clock;
        let argv = words.as_argv();
        self.handle(Event::Command { client: connection, argv, now });
        let reply: Arc<[u8]> = self.held(connection).get(held_bytes..).unwrap_or_default().into();
        let units = self.last_units();
        let (from, to) = (before, self.appended());
        let asked = self.journal.asked_now(Asked {
            client: connection,
            words: Arc::clone(words),
            reply: Arc::clone(&reply),
            answer: if reply.is_empty() { Answer::Sent } else { Answer::Held },
            from,
            to,
            executed,
            step: self.steps + 1,
            always: false,
            lost: false,
        });
        let cause = Cause::Command { asked, words: argv, reply: &reply };
        let entries = self.note_appended(before, &units, cause);
        let held = self.will_be_held(from < to);
        let client = Self::client_of(connection);
        let words = Arc::clone(words);
        Fact::Command { client, asked, words, entries, from, to, reply, held }
    }

    fn held(&self, connection: ClientId) -> &[u8] {
        let client = self.engine().and_then(|engine| engine.client(connection));
        client.map_or(&[], |client| client.held())
    }

    /// Whether a reply made now will wait for the log. The gate itself is given when the turn
    /// ends.
    fn will_be_held(&self, changed: bool) -> bool {
        let Some(engine) = self.engine() else { return false };
        let ledger = engine.ledger();
        if !engine.log().accepts() {
            return false;
        }
        match (engine.config().appendfsync, engine.config().choices().replies) {
            (Policy::Always, _) => ledger.appended() > ledger.synced(),
            (_, Replies::AfterWrite) => changed,
            (_, Replies::AtOnce) => false,
        }
    }

    /// Sets a fault.
    pub(super) fn set_fault(&mut self, fault: Fault) -> Fact {
        let used = self.machine.disk.used_bytes();
        let faults = &mut self.machine.disk.faults;
        match fault {
            Fault::FailNextSync => faults.fail_next_sync = Some(Errno::EIO),
            Fault::StallNextSync => faults.stall_next_sync_micros = Some(STALL_MICROS),
            Fault::FillDisk => faults.capacity_bytes = Some(used),
            Fault::FreeDisk => faults.capacity_bytes = None,
            Fault::ShortWrite => faults.short_next_write = true,
        }
        Fact::Fault(fault)
    }

    /// What an effect came to, with the journal told.
    pub(super) fn fact_of(&mut self, performed: Performed) -> Fact {
        match performed {
            Performed::Write { from, to, result } => Fact::Write { from, to, result },
            Performed::SyncStart { from, to } => Fact::SyncStart { from, to },
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
            Performed::Note(note) => Fact::Note(note),
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
            told.push(Answered {
                asked: number,
                words: Arc::clone(&asked.words),
                reply: Arc::clone(&asked.reply),
                log: (asked.from, asked.to),
            });
            log_bytes += asked.to - asked.from;
            in_memory_bytes += asked.to.max(written) - asked.from.max(written);
            let in_cache = |at: u64| at.clamp(durable, written.max(durable));
            in_cache_bytes += in_cache(asked.to) - in_cache(asked.from);
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

//! What happens in a running world: inputs, ends of jobs, ticks, and the facts of effects.

use std::sync::Arc;

use crate::aof::log::State;
use crate::config::Policy;
use crate::effect::Pipe;
use crate::event::Event;
use crate::profile::Replies;
use crate::resp::OwnedArgv;
use crate::sim::disk::{Stored, Writeback};
use crate::sim::fact::{ChildStep, Fact, Fault, Goodbye, STALL_MICROS};
use crate::sim::journal::{Answer, Asked, Cause};
use crate::sim::machine::{InFlight, PAGE_BYTES};
use crate::sim::pipes::{Pipes, Report};
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
        if let Some(job) = ended.cloned() {
            return Taken::Step(self.end_job(&job));
        }
        if let Some(pipe) = self.machine.pipes.as_ref().and_then(Pipes::heard)
            && let Some(fact) = self.hear(pipe)
        {
            return Taken::Step(fact);
        }
        if std::mem::take(&mut self.tick_follows) {
            self.tick();
            return Taken::Silently;
        }
        // A turn that has begun is ended before time goes on.
        if self.turn_open {
            return Taken::Nothing;
        }
        if self.machine.child_due().is_some_and(|at| at <= clock) {
            return match self.child_step() {
                // A wait that brought nothing is nothing to tell.
                None
                | Some(Fact::Child { step: ChildStep::Waited { readable: false, .. }, .. }) => {
                    Taken::Silently
                }
                Some(fact) => Taken::Step(fact),
            };
        }
        if self.machine.disk.next_writeback().is_some_and(|at| at <= clock) {
            return self.write_back().map_or(Taken::Silently, Taken::Step);
        }
        if self.tick_matters() && self.next_tick <= clock {
            self.next_tick = Micros((clock.0 / TICK_MICROS + 1) * TICK_MICROS);
            return match self.reap() {
                Some(fact) => {
                    self.tick_follows = true;
                    Taken::Step(fact)
                }
                None => {
                    self.tick();
                    Taken::Silently
                }
            };
        }
        Taken::Nothing
    }

    /// A job has ended, and the loop hears of it.
    pub(crate) fn end_job(&mut self, job: &InFlight) -> Fact {
        let (performed, event) = self.machine.finish(job);
        self.handle(event);
        self.fact_of(performed)
    }

    /// The loop hears from a pipe. Nothing if there is nothing to hear.
    pub(crate) fn hear(&mut self, pipe: Pipe) -> Option<Fact> {
        let unsent_bytes = self.unsent_bytes();
        let pipes = self.machine.pipes.as_mut().filter(|pipes| pipes.is_heard(pipe))?;
        let (event, fact) = match pipe {
            Pipe::Data => {
                pipes.told_of_room();
                (Event::PipeWritable, Fact::PipeWritable)
            }
            Pipe::Stop => {
                let byte = *pipes.stop.read(1).first()?;
                (Event::StopAsked { byte }, Fact::StopHeard { byte, unsent_bytes })
            }
            Pipe::Report => {
                let report = pipes.reports.pop_front()?;
                let Report { keys_done, keys_total, copied_bytes } = report;
                (
                    Event::ChildReport { copied_bytes, keys_done, keys_total },
                    Fact::ReportHeard { keys_done, keys_total, copied_bytes },
                )
            }
            Pipe::Ack => return None,
        };
        self.handle(event);
        Some(fact)
    }

    /// Bytes of the rewrite buffer that are not sent.
    pub(super) fn unsent_bytes(&self) -> u64 {
        self.engine().map_or(0, |engine| engine.rewrite().diff().waiting_bytes())
    }

    /// The child takes its step.
    pub(crate) fn child_step(&mut self) -> Option<Fact> {
        self.machine.copied_bytes = self.split_pages().len() as u64 * PAGE_BYTES;
        let child = self.machine.child.as_ref()?.id;
        let mut step = self.machine.child_step()?;
        if let ChildStep::AskedToStop { unsent_bytes, .. } = &mut step {
            *unsent_bytes = self.unsent_bytes();
        }
        Some(Fact::Child { child, step })
    }

    /// While the server does not run, a child that outlives it takes its steps.
    pub(super) fn orphan_step(&mut self) -> Option<Fact> {
        loop {
            let due = self.machine.child_due()?;
            let strike = self.inputs.iter().filter(|input| input.input.strikes()).map(|i| i.at);
            if strike.min().is_some_and(|at| at < due) {
                return None;
            }
            self.machine.advance_to(due);
            match self.child_step() {
                Some(Fact::Child { step: ChildStep::Waited { readable: false, .. }, .. }) => {}
                fact => return fact,
            }
        }
    }

    /// The kernel writes old changes back.
    pub(super) fn write_back(&mut self) -> Option<Fact> {
        self.write_back_at(self.machine.clock)
    }

    /// The same, as if it were that late.
    pub(crate) fn write_back_at(&mut self, clock: Micros) -> Option<Fact> {
        let inode = self.machine.inode;
        let names_differed = self.machine.disk.names_differ();
        let done = self.machine.disk.writeback(clock);
        // A truncation that becomes durable is nothing to tell.
        let grew = |done: &&Writeback| done.inode == inode && done.from_bytes < done.to_bytes;
        if let Some(done) = done.iter().find(grew) {
            let origin = self.machine.disk.file(inode).map(Stored::origin).unwrap_or_default();
            let position = |length| origin.position_of(length).unwrap_or(0);
            let (from, to) = (position(done.from_bytes), position(done.to_bytes));
            return Some(Fact::Writeback { from, to });
        }
        (names_differed && !self.machine.disk.names_differ()).then_some(Fact::NamesWrittenBack)
    }

    /// The server looks for a child that has ended.
    pub(crate) fn reap(&mut self) -> Option<Fact> {
        let process = self.machine.child.take_if(|child| !child.is_alive() && !child.orphan)?;
        let (child, status) = (process.id, process.status?);
        self.keep_reaped(process);
        self.handle(Event::ChildExited { child, status });
        Some(Fact::ChildReaped { child, status })
    }

    /// The next input arrives, whenever it was due.
    pub(crate) fn take_first_input(&mut self) -> Option<Fact> {
        match self.take_input() {
            Taken::Step(fact) => Some(fact),
            Taken::Silently | Taken::Nothing => None,
        }
    }

    /// When the timer comes next.
    pub(crate) const fn next_tick_after(&self) -> Micros {
        Micros((self.machine.clock.0 / TICK_MICROS + 1) * TICK_MICROS)
    }

    /// Lets time pass until the timer comes.
    pub(crate) fn advance_to_tick(&mut self) {
        let at = self.next_tick_after();
        self.machine.advance_to(at);
        self.next_tick = Micros(at.0 + TICK_MICROS);
    }

    /// `serverCron`.
    pub(crate) fn tick(&mut self) {
        let before = self.appended();
        let (now, mono) = self.clocks();
        self.handle(Event::Tick { now, mono });
        let units = self.last_units();
        self.note_appended(before, &units, Cause::Expiry);
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
        let positions = self.machine.positions;
        self.engine().map_or(0, |engine| positions.of(engine.ledger().appended()))
    }

    pub(super) fn last_units(&self) -> Vec<Lsn> {
        self.engine().map(|engine| engine.last_units().to_vec()).unwrap_or_default()
    }

    /// Tells the journal what the last event added to `aof_buf`.
    pub(super) fn note_appended(&mut self, before: u64, units: &[Lsn], cause: Cause<'_>) -> u32 {
        let Phase::Running(engine) = &self.phase else { return 0 };
        let positions = self.machine.positions;
        let buffer = engine.log().buffer();
        let start = positions.of(buffer.start());
        let ends = units.iter().map(|end| positions.of(*end));
        let clock = self.machine.clock;
        if start <= before {
            let skip = usize::try_from(before - start).unwrap_or(usize::MAX);
            let bytes = buffer.bytes().get(skip..).unwrap_or_default();
            return self.journal.appended(before, bytes, ends, cause, clock);
        }
        // While the log waits for its first rewrite, what is executed is in the diff only.
        let blocks = engine.rewrite().diff().blocks();
        let fed: Vec<u8> = blocks.flat_map(|block| block.bytes.iter().copied()).collect();
        let end = positions.of(engine.ledger().appended());
        let added = usize::try_from(end.saturating_sub(before)).unwrap_or(usize::MAX);
        let bytes = &fed[fed.len().saturating_sub(added)..];
        self.journal.appended(before, bytes, ends, cause, clock)
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
        let changes = self.changes();
        self.handle(Event::Command { client: connection, argv, now });
        let reply: Arc<[u8]> = self.held(connection).get(held_bytes..).unwrap_or_default().into();
        let units = self.last_units();
        let (from, to) = (before, self.appended());
        let bypassed = from == to && self.changes() > changes && !self.is_log_on();
        if bypassed {
            self.machine.positions.world += 1;
        }
        let asked = self.journal.asked_now(Asked {
            client: connection,
            words: Arc::clone(words),
            reply: Arc::clone(&reply),
            answer: if reply.is_empty() { Answer::Sent } else { Answer::Held },
            from,
            to: to + u64::from(bypassed),
            executed,
            step: self.steps + 1,
            always: false,
            lost: false,
            logged: self.is_log_on(),
            bypassed,
        });
        let cause = Cause::Command { asked, words: argv, reply: &reply };
        let entries = self.note_appended(before, &units, cause);
        let held = self.will_be_held(from < to);
        let client = Self::client_of(connection);
        let words = Arc::clone(words);
        Fact::Command { client, asked, words, entries, from, to, reply, held }
    }

    fn is_log_on(&self) -> bool {
        self.engine().is_some_and(|engine| engine.log().state() == State::On)
    }

    /// Commands that have changed the dataset.
    fn changes(&self) -> u64 {
        self.engine().map_or(0, |engine| engine.executor().statistics.changes)
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
}

//! Who may move next, where a choice decides and not the clock.
//!
//! The order of [`crate::sim::world`] is fixed: by time, so that the same inputs give the same
//! run. Whoever wants other orders asks [`World::movable`] and decides with
//! [`World::step_actor`]: a script, a person, a seeded generator, or all orders in turn.
//!
//! Here a job has two steps: it takes effect, and the loop hears of it. A child's step is one step
//! of its own. Times still pass, since timeouts are part of the machines: whoever moves, moves the
//! clock to where its step would have ended, and never back.

use crate::effect::{Lane, Pipe};
use crate::engine::Engine;
use crate::event::Event;
use crate::sim::fact::Fact;
use crate::sim::machine::{ChildProcess, InFlight};
use crate::sim::world::{Due, Input, Phase, World};
use crate::units::{ClientId, Millis};

pub mod choice;

/// Something that can take a step of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A client: its next command arrives and is executed.
    Client(ClientId),
    /// The server's loop: its next effect, or the end of its turn with what follows from it.
    Parent,
    /// The server's loop hears from this pipe.
    Hears(Pipe),
    /// The rewrite child.
    Child,
    /// The oldest job of this background thread takes effect.
    Works(Place),
    /// The server's loop hears that the oldest job of this thread that took effect has ended.
    Ended(Place),
    /// The server's timer: it looks for children that have ended, and does what is due.
    Timer,
    /// The kernel writes old changes back.
    Kernel,
}

/// A background thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// [`Lane::Sync`].
    Sync,
    /// [`Lane::Slow`].
    Slow,
}

impl Place {
    /// The thread of a lane, none for the loop.
    #[must_use]
    pub const fn of(lane: Lane) -> Option<Self> {
        match lane {
            Lane::Inline => None,
            Lane::Sync => Some(Self::Sync),
            Lane::Slow => Some(Self::Slow),
        }
    }
}

impl World {
    /// Everybody who can take a step now, in a fixed order.
    ///
    /// The loop hears of nothing before its effects are performed. A child that waits is among
    /// them, too: its step is then that the wait is over for nothing, see
    /// [`Self::child_waits_in_vain`].
    #[must_use]
    pub fn movable(&self) -> Vec<Actor> {
        let mut actors = Vec::new();
        match self.phase() {
            Phase::Booting(_) => actors.push(Actor::Parent),
            Phase::Down(_) => {}
            Phase::Running(engine) => self.movable_of(engine, &mut actors),
        }
        let machine = self.machine();
        if machine.child.as_ref().is_some_and(ChildProcess::is_alive) {
            actors.push(Actor::Child);
        }
        for place in [Place::Sync, Place::Slow] {
            if self.next_work(place).is_some() {
                actors.push(Actor::Works(place));
            }
        }
        if machine.disk.next_writeback().is_some() {
            actors.push(Actor::Kernel);
        }
        actors
    }

    fn movable_of(&self, engine: &Engine, actors: &mut Vec<Actor>) {
        if engine.clone().poll_effect().is_some() {
            actors.push(Actor::Parent);
            return;
        }
        let mut clients: Vec<ClientId> = self.inputs.iter().filter_map(client_of).collect();
        clients.sort_unstable();
        clients.dedup();
        actors.extend(clients.into_iter().map(Actor::Client));
        if self.turn_is_open() {
            actors.push(Actor::Parent);
        }
        let pipes = self.machine.pipes.as_ref();
        let heard = [Pipe::Data, Pipe::Stop, Pipe::Report].into_iter();
        let heard = heard.filter(|pipe| pipes.is_some_and(|pipes| pipes.is_heard(*pipe)));
        actors.extend(heard.map(Actor::Hears));
        let ended = [Place::Sync, Place::Slow].into_iter();
        let ended = ended.filter(|place| self.next_ended(*place).is_some());
        actors.extend(ended.map(Actor::Ended));
        let child = self.machine.child.as_ref();
        if child.is_some_and(|child| !child.is_alive() && !child.orphan) || self.tick_brings(engine)
        {
            actors.push(Actor::Timer);
        }
    }

    /// Whether the next step of the child would be the end of a wait that brought nothing.
    #[must_use]
    pub fn child_waits_in_vain(&self) -> bool {
        self.machine().child_waits_in_vain()
    }

    /// Lets one of [`Self::movable`] take its step. Nothing if it cannot.
    pub fn step_actor(&mut self, actor: Actor) -> Option<Fact> {
        let fact = self.move_actor(actor);
        self.settle();
        self.stepped(fact.as_ref());
        fact
    }

    fn move_actor(&mut self, actor: Actor) -> Option<Fact> {
        match actor {
            Actor::Child => {
                let due = self.machine.child_due()?;
                self.machine.advance_to(due);
                return self.child_step();
            }
            Actor::Works(place) => return self.work(place),
            Actor::Kernel => {
                let at = self.machine.disk.next_writeback()?;
                return self.write_back_at(at);
            }
            Actor::Parent if matches!(self.phase(), Phase::Booting(_)) => {
                return Some(self.boot_step());
            }
            _ => {}
        }
        let busy = self.engine()?.clone().poll_effect().is_some();
        if actor == Actor::Parent {
            if !busy && self.turn_is_open() {
                self.end_turn();
            }
            return self.perform_effect();
        }
        if busy {
            return None;
        }
        match actor {
            Actor::Client(client) => {
                let next = self.inputs.iter().position(|due| client_of(due) == Some(client))?;
                let due = self.inputs.remove(next)?;
                self.inputs.push_front(due);
                self.take_first_input()
            }
            Actor::Hears(pipe) => self.hear(pipe),
            Actor::Ended(place) => {
                let job = self.next_ended(place)?.clone();
                Some(self.end_job(&job))
            }
            Actor::Timer => {
                self.advance_to_tick();
                if let Some(fact) = self.reap() {
                    self.tick_follows = true;
                    return Some(fact);
                }
                self.tick();
                self.perform_effect()
            }
            Actor::Parent | Actor::Child | Actor::Works(_) | Actor::Kernel => None,
        }
    }

    /// What leaves no choice and is no step: the rest of a tick in which a child was waited for,
    /// and the end of a turn that brings nothing.
    fn settle(&mut self) {
        loop {
            let Some(engine) = self.engine() else { return };
            if engine.clone().poll_effect().is_some() {
                return;
            }
            let mut probe = engine.clone();
            if std::mem::take(&mut self.tick_follows) {
                self.tick();
                continue;
            }
            if !self.turn_is_open() {
                return;
            }
            let (now, mono) = self.clocks();
            probe.handle(Event::TurnEnd { now, mono });
            if probe.poll_effect().is_some() {
                return;
            }
            self.end_turn();
        }
    }

    fn next_work(&self, place: Place) -> Option<&InFlight> {
        let jobs = self.machine.jobs.iter();
        jobs.filter(|job| Place::of(job.lane) == Some(place)).find(|job| job.done.is_none())
    }

    fn next_ended(&self, place: Place) -> Option<&InFlight> {
        let jobs = self.machine.jobs.iter();
        jobs.filter(|job| Place::of(job.lane) == Some(place)).find(|job| job.done.is_some())
    }

    /// The oldest job of a thread takes effect.
    fn work(&mut self, place: Place) -> Option<Fact> {
        let job = self.next_work(place)?.clone();
        self.machine.advance_to(job.due);
        let fact = self.machine.effect_alone(&job);
        Some(self.fact_of(fact))
    }

    /// Whether a tick now would bring an effect.
    fn tick_brings(&self, engine: &Engine) -> bool {
        let mut probe = engine.clone();
        let at = self.next_tick_after();
        let now = Millis(self.machine.epoch.0 + at.0 / 1_000);
        probe.handle(Event::Tick { now, mono: at });
        probe.poll_effect().is_some()
    }
}

fn client_of(due: &Due) -> Option<ClientId> {
    match due.input {
        Input::Command { client, .. } | Input::Disconnect { client } => Some(client),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

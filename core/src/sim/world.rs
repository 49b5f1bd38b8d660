//! The world: an engine, the machine under it, clients, a clock, and faults.
//!
//! # Steps
//!
//! [`World::step`] takes one step: one event from outside, or one effect together with the answer
//! that it got at once. Ends of turns and ticks are no steps; whatever they change shows as an
//! effect. The page's button, the crash explorer and the tests take these steps and no others.
//!
//! # Who comes first
//!
//! A failure or a fault that a person asks for strikes at once, between any two steps. Else the
//! rule of the pump holds: effects before the next event. Then what is due: inputs in order, ends
//! of jobs by time. When nothing more is due the turn ends, once for the whole burst. When that
//! brings no effect either, the clock moves to the next thing that can happen. There is no choice
//! and no chance in any of this, so that the same inputs give the same run, step for step.
//!
//! # Idle time
//!
//! A real server ticks ten times a second for ever. Here it ticks while a tick can change
//! something: bytes that are not durable, a failure to recover from, a key to expire. A run without
//! any of them is at rest, and [`World::step`] says so.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use crate::config::{Config, Policy};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::event::Event;
use crate::keyspace::Keyspace;
use crate::profile::Profile;
use crate::pump;
use crate::resp::OwnedArgv;
use crate::sim::boot::Boot;
use crate::sim::crash::DiskModel;
use crate::sim::disk::Parameters;
use crate::sim::fact::{Fact, Fault};
use crate::sim::journal::Journal;
use crate::sim::machine::Machine;
use crate::sim::rewriting;
use crate::sim::verdict::{Frontier, Verdict};
use crate::trace::{Header, Recorder, dataset_digest, step_recorded};
use crate::units::{ClientId, Micros, Millis};

pub(crate) mod chronicle;
mod down;
mod events;
mod facts;
mod frontier;
mod rewriting_record;
mod start;
mod time;
mod traced;

pub use down::{ByHand, Down, DownKind, Pick, Scene, SceneKind};
pub(crate) use rewriting_record::Record as RewritingRecord;
use start::Loading;
pub use start::StartFailed;
use traced::Following;
pub use traced::{Recorded, TraceFailed, settings_of};

#[cfg(test)]
mod tests;

/// Ten ticks a second (Redis: `hz`).
const TICK_MICROS: u64 = 100_000;
/// SIGKILL.
const KILLED: i32 = 9;
/// 2026-01-01T00:00:00Z: a whole second, because Redis 6.2 counts in whole seconds.
pub const EPOCH: Millis = Millis(1_767_225_600_000);

/// What a world begins with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's configuration.
    pub config: Config,
    /// Feeds the engine's generator.
    pub seed: u64,
    /// The disk.
    pub parameters: Parameters,
    /// What is in the log already, durably.
    pub aof: Arc<Vec<u8>>,
    /// Syncs after the start (counted from 1) that take longer, and by how many microseconds.
    pub stalled_syncs_micros: Vec<(u64, u64)>,
    /// Clients that are connected before the first step.
    pub clients: Vec<ClientId>,
    /// What rewrites cost.
    pub rewriting: rewriting::Parameters,
    /// Keep a trace of the server's life, see [`World::trace`].
    pub record: bool,
    /// Follow this trace, see [`settings_of`].
    pub trace: Option<Rc<Recorded>>,
}

impl Settings {
    /// Whether both lead to the same runs.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.config == other.config
            && self.seed == other.seed
            && self.parameters == other.parameters
            && (Arc::ptr_eq(&self.aof, &other.aof) || self.aof == other.aof)
            && self.stalled_syncs_micros == other.stalled_syncs_micros
            && self.clients == other.clients
            && self.rewriting == other.rewriting
            && self.trace.as_ref().map(Rc::as_ptr) == other.trace.as_ref().map(Rc::as_ptr)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: Config::default(),
            seed: 1,
            parameters: Parameters::default(),
            aof: Arc::new(Vec::new()),
            stalled_syncs_micros: Vec::new(),
            clients: vec![ClientId(1)],
            rewriting: rewriting::Parameters::default(),
            record: false,
            trace: None,
        }
    }
}

/// What comes from people and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A command of this client, which connects first if it has to.
    Command {
        /// Whose.
        client: ClientId,
        /// Its words.
        words: Arc<OwnedArgv>,
    },
    /// A client goes away.
    Disconnect {
        /// Which.
        client: ClientId,
    },
    /// SIGTERM.
    Shutdown,
    /// Something is wrong with the disk from now on.
    Fault(Fault),
    /// `kill -9` of the server. Its child dies with it, unless
    /// [`rewriting::Parameters::orphan_lives`].
    Kill,
    /// `kill -9` of the rewrite child. Nothing if there is none.
    KillChild,
    /// The power plug.
    CutPower,
    /// The server is started again.
    Boot {
        /// From which of the possible disks.
        pick: Pick,
        /// What is assumed about the disk.
        model: DiskModel,
    },
    /// Nothing; time passes until then.
    Wait,
}

impl Input {
    /// Whether it takes effect between any two steps, before pending effects.
    const fn strikes(&self) -> bool {
        matches!(
            self,
            Self::Fault(_) | Self::Kill | Self::KillChild | Self::CutPower | Self::Boot { .. }
        )
    }
}

/// An input and when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Micros,
    /// What.
    pub input: Input,
}

/// What the server is doing.
#[derive(Clone, Debug)]
pub enum Phase {
    /// It serves clients.
    Running(Box<Engine>),
    /// It starts.
    Booting(Box<Boot>),
    /// It does not run.
    Down(Box<Down>),
}

/// Everything. Cloning it is how time travel works.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) settings: Settings,
    pub(crate) phase: Phase,
    pub(crate) machine: Machine,
    pub(crate) journal: Journal,
    pub(crate) inputs: VecDeque<Due>,
    /// The dataset before the first unit of the journal.
    pub(crate) base: Rc<Keyspace>,
    loading: Loading,
    /// What the last run had synced, for a failure during the start after it.
    synced_before_boot: u64,
    turn_open: bool,
    next_tick: Micros,
    last_input: Micros,
    /// Somebody let time pass until then.
    waiting_until: Micros,
    /// Steps taken.
    steps: u64,
    /// Starts since the world began: a connection's name is never used twice.
    lives: u64,
    /// When the last sync that succeeded had started.
    last_sync_started: Option<Micros>,
    pub(crate) recorder: Option<Box<Recorder>>,
    /// The trace that is followed.
    following: Option<Following>,
    /// The rewrite that was started last in this life of the server.
    pub(crate) rewriting: Option<Box<RewritingRecord>>,
    /// A child was waited for, and the rest of that tick is to come.
    pub(crate) tick_follows: bool,
}

impl World {
    /// A world whose server has started from the given log and serves.
    ///
    /// # Errors
    /// When the loader refuses the log.
    pub fn new(settings: Settings) -> Result<Self, StartFailed> {
        start::start(settings)
    }

    /// From here on the world lives by itself: an act and a recorded future do not go together.
    pub(crate) fn forget_trace(&mut self) {
        if self.following.take().is_some() {
            // What the trace's child went on to do, nobody knows.
            self.machine.signal_child(KILLED);
        }
    }

    /// Adds an input. It is handled when it is due, after those that are due at the same time.
    pub fn submit(&mut self, due: Due) {
        if due.input == Input::Wait {
            self.waiting_until = self.waiting_until.max(due.at);
        }
        let place = self.inputs.partition_point(|other| other.at <= due.at);
        self.last_input = self.last_input.max(due.at);
        self.inputs.insert(place, due);
    }

    /// Whether anything is still to come from people and scripts.
    #[must_use]
    pub fn has_inputs(&self) -> bool {
        self.follows() || self.inputs.iter().any(|due| !matches!(due.input, Input::Wait))
    }

    /// Drops what was still to come.
    pub(crate) fn forget_inputs(&mut self) {
        self.inputs.clear();
    }

    /// Now: the clock, or the end of a wait that nothing has interrupted.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.machine.clock.max(self.waiting_until)
    }

    /// Steps taken so far.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The server.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The engine, while the server runs.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        match &self.phase {
            Phase::Running(engine) => Some(engine),
            Phase::Booting(_) | Phase::Down(_) => None,
        }
    }

    /// Why the server does not run.
    #[must_use]
    pub fn down(&self) -> Option<&Down> {
        match &self.phase {
            Phase::Down(down) => Some(down),
            Phase::Running(_) | Phase::Booting(_) => None,
        }
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What was asked and executed.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What the world began with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The settings as they stand: those of the running engine, or those it would start with.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.engine().map_or(&self.settings.config, Engine::config)
    }

    /// The named behaviours in force.
    #[must_use]
    pub fn choices(&self) -> Profile {
        self.config().choices()
    }

    /// Starts since the world began, the first not counted. The upper half of a connection's name
    /// is the life that it belongs to.
    #[must_use]
    pub const fn lives(&self) -> u64 {
        self.lives
    }

    /// When the last sync that succeeded had started.
    #[must_use]
    pub const fn last_sync_started(&self) -> Option<Micros> {
        self.last_sync_started
    }

    /// The connection that a client number means in this life of the server.
    #[must_use]
    pub const fn connection(&self, client: ClientId) -> ClientId {
        ClientId((self.lives << 32) | (client.0 & 0xffff_ffff))
    }

    /// The client number of a connection.
    #[must_use]
    pub const fn client_of(connection: ClientId) -> ClientId {
        ClientId(connection.0 & 0xffff_ffff)
    }

    /// What each failure would take now. After a failure: what it would have taken the moment
    /// before.
    #[must_use]
    pub fn verdict(&self, model: DiskModel) -> Verdict {
        match self.down().and_then(|down| down.scene.as_ref()) {
            Some(scene) => Verdict::of(&scene.journal, &Frontier { model, ..scene.frontier }),
            None => Verdict::of(&self.journal, &self.frontier(model)),
        }
    }

    /// A digest of everything: engine, disk, clock and what is on its way.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let mut digest = Digest::new();
        match &self.phase {
            Phase::Running(engine) => digest.put_u128(engine.digest()),
            Phase::Booting(boot) => boot.digest_into(&mut digest),
            Phase::Down(down) => down.digest_into(&mut digest),
        }
        self.machine.digest_into(&mut digest);
        digest.put_bool(self.turn_open);
        digest.put_u64(self.next_tick.0);
        digest.put_count(self.inputs.len());
        digest.put_count(self.journal.entries().len());
        digest.put_count(self.journal.asked().len());
        digest.put_u64(self.journal.acknowledged_upto());
        digest.put_bool(self.tick_follows);
        digest.finish()
    }

    /// Takes the next step. Nothing when the world is at rest: no input is left, nothing is on its
    /// way, and time alone changes nothing (or only later than anybody follows it).
    pub fn step(&mut self) -> Option<Fact> {
        let fact = self.next_fact();
        self.stepped(fact.as_ref());
        fact
    }

    /// A step was taken, by whoever.
    pub(crate) fn stepped(&mut self, fact: Option<&Fact>) {
        if let Some(fact) = fact {
            self.steps += 1;
            self.observe_rewriting(fact);
        }
    }

    fn next_fact(&mut self) -> Option<Fact> {
        if self.following.is_some() {
            if let Some(fact) = self.traced_step() {
                return Some(fact);
            }
            if self.differs_at().is_some() {
                return None;
            }
            self.forget_trace();
            self.last_input = self.machine.clock;
        }
        loop {
            if let Some(fact) = self.strike() {
                return Some(fact);
            }
            match &self.phase {
                Phase::Running(_) => {
                    if let Some(fact) = self.perform_effect() {
                        return Some(fact);
                    }
                    match self.take_due() {
                        Taken::Step(fact) => return Some(fact),
                        Taken::Silently => continue,
                        Taken::Nothing => {}
                    }
                    if self.turn_open {
                        self.end_turn();
                        continue;
                    }
                    if !self.move_clock() {
                        return None;
                    }
                }
                Phase::Booting(_) => return Some(self.boot_step()),
                // Nobody is there to be served; only a start, a failure or an orphan can follow.
                Phase::Down(_) => {
                    if let Some(fact) = self.orphan_step() {
                        return Some(fact);
                    }
                    let next = self.inputs.iter().position(|due| due.input.strikes())?;
                    let at = self.inputs[next].at;
                    self.inputs.drain(..next);
                    self.machine.advance_to(at);
                }
            }
        }
    }

    /// Failures and faults that are due strike before anything else.
    fn strike(&mut self) -> Option<Fact> {
        let clock = self.machine.clock;
        let mut due = self.inputs.iter().take_while(|due| due.at <= clock);
        let due = due.position(|due| due.input.strikes())?;
        let Due { input, .. } = self.inputs.remove(due)?;
        match input {
            Input::Fault(fault) => Some(self.set_fault(fault)),
            Input::Kill => self.go_down(SceneKind::Killed),
            Input::KillChild => {
                self.machine.signal_child(KILLED).map(|child| Fact::ChildKilled { child })
            }
            Input::CutPower => self.go_down(SceneKind::PowerCut),
            Input::Boot { pick, model } => self.boot(&pick, model),
            Input::Command { .. } | Input::Disconnect { .. } | Input::Shutdown | Input::Wait => {
                None
            }
        }
    }

    /// Performs the next effect of the engine, if it wants one.
    pub(crate) fn perform_effect(&mut self) -> Option<Fact> {
        self.machine.appended = self.appended();
        let Phase::Running(engine) = &mut self.phase else { return None };
        let performed = match &mut self.recorder {
            None => pump::step(engine, &mut self.machine),
            Some(recorder) => step_recorded(engine, &mut self.machine, recorder),
        };
        if !performed {
            return None;
        }
        self.follow_log();
        let performed = self.machine.performed.take()?;
        Some(self.fact_of(performed))
    }

    /// The engine may have another file for its log now.
    pub(crate) fn follow_log(&mut self) {
        if let Phase::Running(engine) = &self.phase {
            self.machine.log_is(engine.log().file());
        }
    }

    /// Hands one event to the engine.
    pub(crate) fn handle(&mut self, event: Event<'_>) {
        let Phase::Running(engine) = &mut self.phase else { return };
        // Also lets go of the bytes of the last reply, so that the output is what it seems.
        let rest = engine.poll_effect();
        debug_assert!(rest.is_none(), "an event before the effects of the last one");
        let is_turn = matches!(event, Event::TurnEnd { .. });
        let is_step = !is_turn && !matches!(event, Event::Tick { .. });
        if let Some(recorder) = &mut self.recorder {
            recorder.event(&event);
        }
        engine.handle(event);
        self.machine.log_is(engine.log().file());
        if is_turn {
            self.journal.turn_ended(engine.config().appendfsync == Policy::Always);
        }
        if let Some(recorder) = &mut self.recorder
            && is_step
            && recorder.wants_digest()
        {
            recorder.step(engine.digest());
        }
        self.turn_open |= !is_turn;
    }

    /// Whether something happened since the last turn ended.
    pub(crate) const fn turn_is_open(&self) -> bool {
        self.turn_open
    }

    /// The server is about to sleep.
    pub(crate) fn end_turn(&mut self) {
        self.turn_open = false;
        let (now, mono) = self.clocks();
        self.handle(Event::TurnEnd { now, mono });
    }

    /// The clocks as events carry them.
    pub(crate) fn clocks(&self) -> (Millis, Micros) {
        (self.machine.wall(), self.machine.clock)
    }

    /// A trace begins with the engine: over what log, and with what clocks.
    fn begin_trace(&mut self) {
        let Phase::Running(engine) = &self.phase else { return };
        if !self.settings.record {
            return;
        }
        let (now, mono) = self.clocks();
        let mut recorder = Recorder::new(&Header {
            config: engine.config().clone(),
            seed: self.settings.seed,
            now,
            mono,
            loaded_bytes: engine.ledger().appended().0,
            dataset_digest: dataset_digest(&engine.executor().keyspace),
        });
        if let Some(stored) = self.machine.disk.file(self.machine.inode) {
            recorder.log(stored.cached());
        }
        self.recorder = Some(Box::new(recorder));
    }

    /// The trace of the server's life so far, or of its last one. Empty unless
    /// [`Settings::record`].
    #[must_use]
    pub fn trace(&self) -> &[u8] {
        self.recorder.as_ref().map_or(&[], |recorder| recorder.bytes())
    }
}

/// What [`World::take_due`] came to.
enum Taken {
    /// A step.
    Step(Fact),
    /// Something that is no step.
    Silently,
    /// Nothing is due.
    Nothing,
}

//! Time travel: branches of one story, and any step of them.
//!
//! # How
//!
//! A world is a pure function of its settings and its inputs, so a step back is a step forward from
//! an earlier copy. A branch holds copies of the world at some steps (checkpoints) and the inputs
//! with the step at which they were given. Seeking takes the last checkpoint before the wanted step
//! and goes on from there. When checkpoints become many, every second one is dropped and the
//! distance doubles, so that a long run costs no more memory than a short one.
//!
//! # The future
//!
//! After every input the run is followed to its rest, so that the steps to come are known: they are
//! what happens if nobody acts. Acting cuts that future off. Where the future holds more than its
//! own course (commands of a script, earlier acts), and always for a failure, the act makes a new
//! branch and the old one stays.
//!
//! # Rejected
//!
//! Undo code in every part of the engine: twice the logic, and wrong once. A copy at every step:
//! simple, but a run of 10,000 steps over a large dataset would not fit.

use std::collections::BTreeMap;
use std::rc::Rc;

use thiserror::Error;

use crate::sim::crash::DiskModel;
use crate::sim::fact::Fact;
use crate::sim::fields::Fields;
use crate::sim::scenario::Scenario;
use crate::sim::world::{Due, Input, Settings, StartFailed, World};
use crate::units::Micros;

pub mod run;
#[cfg(test)]
mod tests;

/// Steps of one branch.
pub const STEP_LIMIT: u64 = 10_000;
/// Branches of one story.
pub const BRANCH_LIMIT: usize = 64;
/// Checkpoints of one branch.
const CHECKPOINT_LIMIT: usize = 64;
/// Distance of checkpoints in a short run, in steps.
const CHECKPOINT_INTERVAL: u64 = 16;

/// Why a branch exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It is the first.
    Main,
    /// Somebody sent a command, or let time pass.
    Command,
    /// Somebody set a fault.
    Fault,
    /// The process was killed.
    Killed,
    /// The power was cut.
    PowerCut,
    /// The same inputs under other settings.
    Settings,
    /// The server was started again.
    Boot,
    /// A log or a trace was brought in.
    Import,
}

/// One step as the scrubber shows it.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The clock after the step.
    pub time: Micros,
    /// What happened.
    pub fact: Fact,
    /// Acknowledged writes that a kill would have put at risk after it.
    pub risk_killed: u64,
    /// The same for a power cut.
    pub risk_power: u64,
    /// The engine's fields after it, while the server runs.
    pub fields: Option<Fields>,
}

/// Why time cannot be travelled like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TravelError {
    /// There is no such step.
    #[error("there is no step {step}; this branch has {steps}")]
    NoSuchStep {
        /// The wanted one.
        step: u64,
        /// How many there are.
        steps: u64,
    },
    /// There is no such branch.
    #[error("there is no branch {0}")]
    NoSuchBranch(u64),
    /// There are too many branches.
    #[error("there are {BRANCH_LIMIT} branches already")]
    TooManyBranches,
    /// The branch is as long as one may be.
    #[error("a branch has at most {STEP_LIMIT} steps")]
    TooManySteps,
}

/// One course of events.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its number, from 1.
    pub id: u64,
    /// The branch that it left.
    pub parent: Option<u64>,
    /// The last step that both share.
    pub from_step: u64,
    /// Why.
    pub cause: Cause,
    settings: Settings,
    script: Vec<Due>,
    /// Inputs given at a step, in order.
    acts: Vec<(u64, Due)>,
    marks: Vec<Mark>,
    checkpoints: BTreeMap<u64, Rc<World>>,
    interval: u64,
    /// The run was not followed to its rest, because it became too long.
    cut_short: bool,
}

impl Branch {
    /// Known steps.
    #[must_use]
    pub fn steps(&self) -> u64 {
        (self.marks.len() as u64).saturating_sub(1)
    }

    /// What the branch began with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All inputs by their times, as a run under other settings gets them. That somebody let time
    /// pass shows in the times of what came after.
    fn story(&self) -> Vec<Due> {
        let mut inputs = self.script.clone();
        let acts = self.acts.iter().map(|(_, due)| due);
        for due in acts.filter(|due| due.input != Input::Wait) {
            if matches!(due.input, Input::Kill | Input::CutPower) {
                inputs.retain(|other| other.at <= due.at);
            }
            inputs.push(due.clone());
        }
        inputs
    }

    fn acts_after(&self, step: u64) -> bool {
        self.acts.iter().any(|(at, _)| *at > step)
    }

    fn acts_at(&self, step: u64) -> bool {
        self.acts.iter().any(|(at, _)| *at == step)
    }

    /// The world at a step as it was reached, before anybody acted there.
    fn world_before_acts(&self, step: u64) -> Option<World> {
        let Some(before) = step.checked_sub(1) else {
            return begin(self.settings.clone(), &self.script).ok();
        };
        let mut world = self.world_at(before)?;
        world.step();
        Some(world)
    }

    /// Forgets everything after `step`; `world` is what stands there now.
    fn cut_to(&mut self, step: u64, world: &World) {
        self.marks.truncate(usize::try_from(step).map_or(usize::MAX, |step| step + 1));
        self.checkpoints.retain(|at, _| *at < step);
        self.checkpoints.insert(step, Rc::new(world.clone()));
        self.cut_short = false;
    }

    /// Follows the run to its rest.
    fn run_ahead(&mut self, mut world: World) {
        while self.steps() < STEP_LIMIT {
            let Some(fact) = world.step() else { return };
            self.marks.push(mark_of(&world, fact));
            let step = self.steps();
            if step.is_multiple_of(self.interval) {
                self.checkpoints.insert(step, Rc::new(world.clone()));
                self.thin_out();
            }
        }
        self.cut_short = world.step().is_some();
    }

    fn thin_out(&mut self) {
        if self.checkpoints.len() > CHECKPOINT_LIMIT {
            self.interval *= 2;
            let interval = self.interval;
            // Step 0, and the steps at which somebody acted, are no multiples; 0 must stay.
            self.checkpoints.retain(|step, _| step.is_multiple_of(interval));
        }
    }

    /// The world at a step.
    fn world_at(&self, step: u64) -> Option<World> {
        let (at, checkpoint) = self.checkpoints.range(..=step).next_back()?;
        let mut world = World::clone(checkpoint);
        self.replay(&mut world, *at, step);
        Some(world)
    }

    /// Goes on from step `at`, whose acts are part of `world`, to `step`.
    fn replay(&self, world: &mut World, at: u64, step: u64) {
        for now in at + 1..=step {
            world.step();
            for (_, due) in self.acts.iter().filter(|(at, _)| *at == now) {
                give(world, due.clone());
            }
        }
    }
}

/// Hands an act to a world. A failure ends what the script still had in mind.
fn give(world: &mut World, due: Due) {
    if matches!(due.input, Input::Kill | Input::CutPower) {
        world.forget_inputs();
    }
    world.forget_trace();
    world.submit(due);
}

fn mark_of(world: &World, fact: Fact) -> Mark {
    let (risk_killed, risk_power) = if world.engine().is_some() {
        let verdict = world.verdict(DiskModel::AnyPrefix);
        (verdict.killed.of - verdict.killed.sure, verdict.power.of - verdict.power.sure)
    } else {
        (0, 0)
    };
    let child = world.machine().child.as_ref().filter(|process| !process.orphan);
    let child = child.map(|process| &process.child);
    let fields = world.engine().map(|engine| Fields::of(engine, child));
    Mark { time: world.machine().clock, fact, risk_killed, risk_power, fields }
}

/// A story: its branches, and the step that is looked at.
#[derive(Clone, Debug)]
pub struct Timeline {
    branches: Vec<Branch>,
    current: usize,
    position: u64,
    world: World,
    /// The moment that is looked at, while settings are compared: their runs have no step at
    /// exactly this time, and taking them back must lead back.
    moment: Option<Micros>,
    /// Somebody has acted at this step since it was reached. Acts at this step that are older
    /// belong to the future that was left by coming back.
    acted_here: bool,
}

impl Timeline {
    /// Runs a scenario and stands at its position, or at its end if it is shorter.
    ///
    /// # Errors
    /// When the scenario's log cannot be loaded.
    pub fn new(scenario: Scenario) -> Result<Self, StartFailed> {
        let branch = fresh_branch(1, None, Cause::Main, scenario.settings, scenario.inputs)?;
        let mut timeline = Self {
            position: 0,
            current: 0,
            world: branch.1,
            branches: vec![branch.0],
            moment: None,
            acted_here: false,
        };
        timeline.go_to(scenario.position.min(timeline.branch().steps()));
        Ok(timeline)
    }

    /// The branch that is looked at.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        &self.branches[self.current]
    }

    /// All branches, oldest first.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// The step that is looked at.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Every known step of the branch, from the moment before the first.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.branch().marks
    }

    /// The world at the step that is looked at.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// The step that led here.
    #[must_use]
    pub fn mark(&self) -> &Mark {
        let last = self.marks().len() - 1;
        &self.marks()[usize::try_from(self.position).unwrap_or(last).min(last)]
    }

    /// Whether steps were left out because the branch became too long.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.branch().cut_short
    }

    /// Goes to a known step.
    ///
    /// # Errors
    /// When it is not known.
    pub fn seek(&mut self, step: u64) -> Result<(), TravelError> {
        let steps = self.branch().steps();
        if step > steps {
            return Err(TravelError::NoSuchStep { step, steps });
        }
        self.go_to(step);
        Ok(())
    }

    fn go_to(&mut self, step: u64) {
        let branch = &self.branches[self.current];
        let checkpoint = branch.checkpoints.range(..=step).next_back().map_or(0, |(at, _)| *at);
        if self.position <= step && self.position >= checkpoint {
            branch.replay(&mut self.world, self.position, step);
        } else if let Some(world) = branch.world_at(step) {
            self.world = world;
        }
        self.acted_here &= self.position == step;
        self.position = step;
        self.moment = None;
    }

    /// Somebody acts now. The future is run again; if it held more than its own course, or if this
    /// is a failure, on a new branch. The position stays.
    ///
    /// # Errors
    /// When there are too many branches, or the branch is too long.
    pub fn act(&mut self, input: Input, cause: Cause) -> Result<(), TravelError> {
        if self.position >= STEP_LIMIT {
            return Err(TravelError::TooManySteps);
        }
        let fails = matches!(input, Input::Kill | Input::CutPower);
        let scripted = self.world.has_inputs();
        if !self.acted_here && self.branch().acts_at(self.position) {
            self.fork(cause)?;
            self.forget_acts_here();
        } else if fails || scripted || self.branch().acts_after(self.position) {
            self.fork(cause)?;
        }
        let due = Due { at: self.world.now(), input };
        self.give_now(due);
        Ok(())
    }

    /// Lets time pass: goes to the last step before its end, and from there on it is later.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn wait(&mut self, micros: u64) -> Result<(), TravelError> {
        let until = Micros(self.world.now().0.saturating_add(micros));
        let last = self.marks().partition_point(|mark| mark.time <= until).saturating_sub(1);
        self.go_to((last as u64).max(self.position));
        if self.position >= STEP_LIMIT {
            return Err(TravelError::TooManySteps);
        }
        if !self.acted_here && self.branch().acts_at(self.position) {
            self.fork(Cause::Command)?;
            self.forget_acts_here();
        } else if self.branch().acts_after(self.position) {
            self.fork(Cause::Command)?;
        }
        self.give_now(Due { at: until, input: Input::Wait });
        Ok(())
    }

    /// On a fresh branch: what was once done at this step is not done here.
    fn forget_acts_here(&mut self) {
        let position = self.position;
        let branch = &mut self.branches[self.current];
        branch.acts.retain(|(at, _)| *at < position);
        if let Some(world) = branch.world_before_acts(position) {
            branch.cut_to(position, &world);
            self.world = world;
        }
    }

    fn give_now(&mut self, due: Due) {
        self.acted_here = true;
        self.moment = None;
        give(&mut self.world, due.clone());
        let (position, world) = (self.position, self.world.clone());
        let branch = &mut self.branches[self.current];
        branch.acts.push((position, due));
        branch.cut_to(position, &world);
        branch.run_ahead(world);
    }

    /// A new branch that shares everything up to here, and is looked at from now on.
    fn fork(&mut self, cause: Cause) -> Result<(), TravelError> {
        self.make_room()?;
        let parent = self.branch();
        let mut branch = parent.clone();
        branch.id = self.next_id();
        branch.parent = Some(parent.id);
        branch.from_step = self.position;
        branch.cause = cause;
        branch.acts.retain(|(at, _)| *at <= self.position);
        branch.cut_to(self.position, &self.world);
        self.current = self.branches.len();
        self.branches.push(branch);
        Ok(())
    }

    /// Makes room for one more branch: the oldest one goes, but never the first, the one that is
    /// looked at, or its parent.
    fn make_room(&mut self) -> Result<(), TravelError> {
        if self.branches.len() < BRANCH_LIMIT {
            return Ok(());
        }
        // Every branch stands alone; the parent is kept for going back to it.
        let needed = [Some(1), Some(self.branch().id), self.branch().parent];
        let spare = self.branches.iter().position(|branch| !needed.contains(&Some(branch.id)));
        let spare = spare.ok_or(TravelError::TooManyBranches)?;
        self.branches.remove(spare);
        if spare < self.current {
            self.current -= 1;
        }
        Ok(())
    }

    fn next_id(&self) -> u64 {
        self.branches.last().map_or(1, |branch| branch.id + 1)
    }

    /// Looks at another branch: at the step where it left its parent and one more, or at the same
    /// step if both share it.
    ///
    /// # Errors
    /// When there is no such branch.
    pub fn select(&mut self, id: u64) -> Result<(), TravelError> {
        let index = self.branches.iter().position(|branch| branch.id == id);
        let index = index.ok_or(TravelError::NoSuchBranch(id))?;
        if index != self.current {
            let position = self.position.min(self.branches[index].steps());
            self.look_at(index, position);
        }
        Ok(())
    }

    /// Goes back to the parent branch, to the step where this one left it.
    ///
    /// # Errors
    /// When there is no parent.
    pub fn leave(&mut self) -> Result<(), TravelError> {
        let (id, from_step) = (self.branch().id, self.branch().from_step);
        let parent = self.branch().parent.ok_or(TravelError::NoSuchBranch(id))?;
        let index = self.branches.iter().position(|branch| branch.id == parent);
        let index = index.ok_or(TravelError::NoSuchBranch(parent))?;
        self.look_at(index, from_step);
        Ok(())
    }

    fn look_at(&mut self, index: usize, position: u64) {
        self.current = index;
        if let Some(world) = self.branches[index].world_at(position) {
            self.world = world;
        }
        self.position = position;
        self.moment = None;
        self.acted_here = false;
    }

    /// Runs the inputs of this branch again under other settings, as a new branch, and looks at
    /// the same moment.
    ///
    /// # Errors
    /// When there are too many branches. A log that cannot be loaded under the new settings leaves
    /// everything as it was.
    pub fn configure(
        &mut self,
        settings: Settings,
    ) -> Result<Result<(), StartFailed>, TravelError> {
        let now = self.moment.unwrap_or(self.world.now());
        let inputs = self.branch().story();
        let same = self
            .branches
            .iter()
            .position(|branch| branch.settings.is_like(&settings) && branch.story() == inputs);
        let begun = match same {
            Some(index) => {
                self.look_at(index, 0);
                Ok(())
            }
            None => {
                let parent = Some(self.branch().id);
                self.add_branch(parent, Cause::Settings, settings, inputs)?
            }
        };
        Ok(begun.map(|()| {
            let last = self.marks().partition_point(|mark| mark.time <= now);
            self.go_to((last as u64).saturating_sub(1));
            self.moment = Some(now);
        }))
    }

    /// Adds a branch with a story of its own, and looks at its beginning.
    ///
    /// # Errors
    /// When there are too many branches.
    pub fn add_branch(
        &mut self,
        parent: Option<u64>,
        cause: Cause,
        settings: Settings,
        inputs: Vec<Due>,
    ) -> Result<Result<(), StartFailed>, TravelError> {
        self.make_room()?;
        match fresh_branch(self.next_id(), parent, cause, settings, inputs) {
            Err(error) => Ok(Err(error)),
            Ok((branch, world)) => {
                self.current = self.branches.len();
                self.branches.push(branch);
                self.world = world;
                self.position = 0;
                self.moment = None;
                self.acted_here = false;
                Ok(Ok(()))
            }
        }
    }

    /// The run up to here as a trace: the life of the server that is looked at, from its start.
    ///
    /// # Errors
    /// When the log of the beginning cannot be loaded, which it was before.
    pub fn trace(&self) -> Result<Vec<u8>, StartFailed> {
        let settings = Settings { record: true, ..self.branch().settings.clone() };
        let world = self.run_again(settings)?;
        Ok(world.trace().to_vec())
    }

    /// Runs this branch again from its beginning up to the step that is looked at.
    fn run_again(&self, settings: Settings) -> Result<World, StartFailed> {
        let branch = self.branch();
        let mut world = begin(settings, &branch.script)?;
        for (_, due) in branch.acts.iter().filter(|(at, _)| *at == 0) {
            give(&mut world, due.clone());
        }
        branch.replay(&mut world, 0, self.position);
        Ok(world)
    }
}

fn begin(settings: Settings, inputs: &[Due]) -> Result<World, StartFailed> {
    let mut world = World::new(settings)?;
    inputs.iter().for_each(|due| world.submit(due.clone()));
    Ok(world)
}

fn fresh_branch(
    id: u64,
    parent: Option<u64>,
    cause: Cause,
    settings: Settings,
    inputs: Vec<Due>,
) -> Result<(Branch, World), StartFailed> {
    let world = begin(settings.clone(), &inputs)?;
    let mut branch = Branch {
        id,
        parent,
        from_step: 0,
        cause,
        settings,
        script: inputs,
        acts: Vec::new(),
        marks: vec![mark_of(&world, Fact::Start)],
        checkpoints: BTreeMap::from([(0, Rc::new(world.clone()))]),
        interval: CHECKPOINT_INTERVAL,
        cut_short: false,
    };
    branch.run_ahead(world.clone());
    Ok((branch, world))
}

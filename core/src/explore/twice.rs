//! Two failures: recover, go on, and cut again.
//!
//! A server that has recovered must not promise what only the page cache holds: after a kill the
//! kernel still has everything, and a start that acknowledges on top of it without a sync loses it
//! when the power goes. Nor may a start leave anything in the log that turns against what is
//! written behind it. One failure cannot show either.
//!
//! # How many
//!
//! After the first failure a server is started from one file of every dataset that the failure may
//! lead to, the longest; what stands behind the good front of the others is cut off anyway.
//! [`Options::second_starts`] bounds how many datasets of one moment these are.
//! Two starts from one disk, with the same history and the same promises, are one start: the second
//! is not followed. They begin at other times, so that the clock's second is not where it was; a
//! report does not cover that.
//!
//! What is left out by a bound makes the report say "more than".

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::explore::explorer::Explorer;
use crate::explore::report::{FirstCut, Report};
use crate::explore::{Options, STEP_LIMIT, next_step};
use crate::promise::Failure;
use crate::sim::world::chronicle::Chronicle;
use crate::sim::world::{Due, Input, Phase, Pick, World};
use crate::units::Micros;

/// A second life that takes longer than this is given up.
const LIFE_STEPS: usize = 100_000;

/// For every moment of a run, every failure, and every dataset that it may lead to: starts the
/// server again, gives it these inputs (with times from the start on), and looks at every moment
/// of that, up to its rest.
#[must_use]
pub fn explore_twice(world: World, after: &[Due], options: Options) -> Report {
    explore_within(world, after, options, STEP_LIMIT, LIFE_STEPS)
}

/// The same with bounds of its own.
pub(super) fn explore_within(
    mut world: World,
    after: &[Due],
    options: Options,
    step_limit: u64,
    life_steps: usize,
) -> Report {
    let explorer = Explorer::new(world.settings().seed, options);
    let mut second = Second { explorer, options, after, life_steps, lives: BTreeSet::new() };
    let mut seen = BTreeSet::new();
    let mut facts = Vec::new();
    loop {
        for failure in [Failure::Killed, Failure::PowerCut] {
            if seen.insert(fingerprint(&world, failure)) {
                second.fails_now(&world, failure);
            }
        }
        match next_step(&mut world, facts.len(), step_limit, &mut second.explorer) {
            Some(fact) => facts.push(fact),
            None => return second.explorer.finish(facts),
        }
    }
}

/// What decides how a failure now ends.
fn fingerprint(world: &World, failure: Failure) -> u128 {
    let mut digest = Digest::new();
    digest.put_bool(failure == Failure::Killed);
    world.machine().disk.digest_into(&mut digest);
    digest.put_u64(world.journal().end());
    digest.put_u64(world.journal().acknowledged_writes());
    if let Some(promises) = world.promises() {
        digest.put_u64(promises.of(failure).at_least_upto);
    }
    digest.finish()
}

/// What decides how a life goes that has just begun, but for the time.
fn beginning(world: &World) -> u128 {
    let mut digest = Digest::new();
    world.machine().disk.digest_into(&mut digest);
    let mut chronicle = Chronicle::of(world, world.journal());
    chronicle.follow(world);
    let told = chronicle.told();
    digest.put_u64(told.from);
    digest.put_u128(told.history.start_digest);
    digest.put_count(told.history.units.len());
    for unit in told.history.units {
        digest.put_u64(unit.end);
        digest.put_u128(unit.digest);
    }
    digest.put_u64(world.journal().acknowledged_writes());
    digest.put_bytes(world.config_of_start().appendfsync.as_str().as_bytes());
    if let Some(promises) = world.promises() {
        digest.put_u64(promises.killed.at_least_upto);
        digest.put_u64(promises.power_cut.at_least_upto);
    }
    digest.finish()
}

/// Second lives of servers.
struct Second<'a> {
    explorer: Explorer,
    options: Options,
    after: &'a [Due],
    life_steps: usize,
    /// Beginnings of those that were followed.
    lives: BTreeSet<u128>,
}

impl Second<'_> {
    /// The first failure strikes now.
    fn fails_now(&mut self, world: &World, failure: Failure) {
        let Options { model, limits, .. } = self.options;
        let step = world.steps();
        let mut failed = world.clone();
        failed.forget_inputs();
        let input = match failure {
            Failure::Killed => Input::Kill,
            Failure::PowerCut => Input::CutPower,
        };
        failed.submit(Due { at: failed.now(), input });
        while failed.down().is_none() {
            if failed.step().is_none() {
                return;
            }
        }
        let Some(survey) = failed.survey(model, limits) else { return };
        let starts = chosen(survey.groups.len(), self.options.second_starts);
        let all = starts.len() == survey.groups.len();
        self.explorer.left_out(survey.more_than || !all);
        for number in starts {
            let mut started = failed.clone();
            let pick = Pick::Example(number);
            let at = started.now();
            started.submit(Due { at, input: Input::Boot { pick, model } });
            if started.step().is_some() && self.lives.insert(beginning(&started)) {
                let image = survey.groups[number].example.clone();
                self.explorer.first = Some(FirstCut { step, failure, image });
                self.explorer.begin_world();
                self.again(started, step);
            }
        }
    }

    /// The server has begun to start again. It goes on, and every moment of it is looked at.
    fn again(&mut self, mut world: World, first: u64) {
        let mut served = false;
        self.explorer.look_after(&world, first);
        for _ in 0..self.life_steps {
            if !served && matches!(world.phase(), Phase::Running(_)) {
                served = true;
                let now = world.now();
                for due in self.after {
                    let at = Micros(now.0.saturating_add(due.at.0));
                    world.submit(Due { at, input: due.input.clone() });
                }
            }
            if world.step().is_none() {
                return;
            }
            self.explorer.look_after(&world, first);
        }
        self.explorer.left_out(world.step().is_some());
    }
}

/// Which of so many datasets are started from: the worst, the best, and others evenly in between.
fn chosen(datasets: usize, most: usize) -> Vec<usize> {
    let count = datasets.min(most);
    let between = |place: usize| match count {
        0 | 1 => 0,
        _ => place * (datasets - 1) / (count - 1),
    };
    (0..count).map(between).collect()
}

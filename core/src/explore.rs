//! Every crash there is: at every moment of a run, every disk that a failure may leave, what it
//! recovers to, and whether a promise is broken.
//!
//! # The problem
//!
//! A run of two hundred steps has hundreds of moments at which the power can go, and at each of
//! them a disk may be left in thousands of states. Each state must go through the loader of a real
//! server; a rule of our own about what a loader would do proves nothing. Done one by one, every
//! image would load the whole log again.
//!
//! # The structure
//!
//! - A [`Moment`] is what is needed for judging: the disk, what was executed, what is promised.
//!   A [`World`] gives one after each step ([`explore`]); a list of operations that a recorder saw
//!   gives one after each operation.
//! - [`sim::crash`](crate::sim::crash) lists the images of a moment.
//! - `Recoveries` leads each image to its dataset. An image is looked up by a hash of its bytes:
//!   what was recovered once in a run is never recovered again. A new one shares its front with
//!   many others. The front goes once through the real [`Loader`](crate::load::Loader) and the real
//!   [`Check`](crate::load::Check), which share their grammar and their rules; a copy of the check
//!   reads on through the tail and says how far the log is good, and the dataset up to there is
//!   looked up by its bytes. Only when nobody had that front yet, a copy of the loader goes on to
//!   it. A test holds this against [`recover`](crate::sim::recover::recover), image by image.
//! - [`promise::check`](crate::promise::check) judges every dataset of every moment. What breaks a
//!   promise is kept as a [`Violation`] with its smallest [`Witness`]: fewest steps first, then the
//!   shortest image.
//! - [`twice`] starts the server again from what the first failure left, goes on, and cuts again.
//! - [`risk`] says for every step what the worst disk would take.
//!
//! # Rejected
//!
//! A loader that can undo commands: a second truth about every command. Sampling images: a promise
//! that held for a sample is no promise.
//!
//! # Not promised
//!
//! The set of images is bounded ([`Limits`]), and so are the steps of a run; a report then says
//! "more than". Two images with one
//! 128-bit hash would count as one.

use crate::sim::crash::{DiskModel, Limits};
use crate::sim::fact::Fact;
use crate::sim::world::World;

mod explorer;
pub mod holes;
mod moment;
mod recoveries;
mod report;
pub mod risk;
mod trunk;
pub mod twice;

#[cfg(test)]
mod tests;

pub use explorer::Explorer;
pub use moment::{Moment, Promises, Told};
pub use recoveries::Outcome;
pub use report::{BreachKind, FirstCut, Look, Outlook, Report, Violation, Witness};

/// Steps of a run that are looked at, at most.
const STEP_LIMIT: u64 = 1_000_000;

/// What is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What is assumed about the disk.
    pub model: DiskModel,
    /// How many images are listed at each moment, at most.
    pub limits: Limits,
    /// How many images are remembered. In a run with more, some may be counted twice.
    pub remembered_images: usize,
    /// From how many of the datasets that a first failure leads to a server is started again, at
    /// most ([`twice`]).
    pub second_starts: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            model: DiskModel::default(),
            limits: Limits::default(),
            remembered_images: 2_000_000,
            second_starts: usize::MAX,
        }
    }
}

/// Follows a run to its rest and looks at every moment of it, the one before its first step
/// included. Both failures are asked about. A server that a script has ended is not looked at
/// before it starts again.
#[must_use]
pub fn explore(world: World, options: Options) -> Report {
    explore_within(world, options, STEP_LIMIT)
}

/// The same with a bound of its own.
fn explore_within(mut world: World, options: Options, step_limit: u64) -> Report {
    let mut explorer = Explorer::new(world.settings().seed, options);
    explorer.look_at(&world);
    let mut facts = Vec::new();
    while let Some(fact) = next_step(&mut world, facts.len(), step_limit, &mut explorer) {
        facts.push(fact);
        explorer.look_at(&world);
    }
    explorer.finish(facts)
}

/// The next step of a run that has taken so many. A run that goes on behind the limit was looked at
/// in part only.
fn next_step(
    world: &mut World,
    steps: usize,
    step_limit: u64,
    explorer: &mut Explorer,
) -> Option<Fact> {
    let fact = world.step();
    let ended = steps as u64 >= step_limit;
    explorer.left_out(ended && fact.is_some());
    fact.filter(|_| !ended)
}

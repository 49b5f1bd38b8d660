//! What the worst disk would take, for every step of a run.

use crate::explore::explorer::Explorer;
use crate::explore::report::Look;
use crate::explore::{Options, Report};
use crate::sim::fact::Fact;
use crate::sim::world::World;

/// One step with what a failure after it would do.
#[derive(Clone, Debug)]
pub struct Label {
    /// Its number; 0 is the moment before the first.
    pub step: u64,
    /// What a failure would do. Nothing while the server does not run.
    pub look: Option<Look>,
}

/// Labels every step of a run, one after the other, so that whoever draws them need not wait for
/// the last.
#[derive(Clone, Debug)]
pub struct Strip {
    world: World,
    explorer: Explorer,
    facts: Vec<Fact>,
    begun: bool,
}

impl Strip {
    /// Before the first step of `world`.
    #[must_use]
    pub fn new(world: World, options: Options) -> Self {
        let explorer = Explorer::new(world.settings().seed, options);
        Self { world, explorer, facts: Vec::new(), begun: false }
    }

    /// The world at the step that was labelled last, to be given inputs.
    pub const fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// What was found so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        self.explorer.report()
    }
}

impl Iterator for Strip {
    type Item = Label;

    /// Labels the next step. Nothing when the run is at its rest.
    fn next(&mut self) -> Option<Label> {
        if self.begun {
            self.facts.push(super::next_step(&mut self.world, self.facts.len())?);
        }
        self.begun = true;
        let look = self.explorer.look_at(&self.world);
        Some(Label { step: self.facts.len() as u64, look })
    }
}

//! What the worst disk would take, for every step of a run.

use crate::explore::explorer::Explorer;
use crate::explore::report::Look;
use crate::explore::{Options, Report};
use crate::sim::timeline::STEP_LIMIT;
use crate::sim::timeline::run::Run;
use crate::sim::world::{StartFailed, World};

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
    run: Run,
    world: World,
    explorer: Explorer,
    /// The step that comes next.
    step: u64,
}

impl Strip {
    /// Before the first step of a run.
    ///
    /// # Errors
    /// When its log cannot be loaded.
    pub fn new(run: Run, options: Options) -> Result<Self, StartFailed> {
        let world = run.begin()?;
        let explorer = Explorer::new(world.settings().seed, options);
        Ok(Self { run, world, explorer, step: 0 })
    }

    /// What was found so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        self.explorer.report()
    }
}

impl Iterator for Strip {
    type Item = Label;

    /// Labels the next step. Nothing when the run is at its rest, or as long as a branch may be.
    fn next(&mut self) -> Option<Label> {
        if self.step > STEP_LIMIT {
            self.explorer.left_out(self.world.step().is_some());
            return None;
        }
        let step = self.step;
        if step > 0 {
            self.world.step()?;
        }
        self.step += 1;
        let look = self.explorer.look_at(&self.world);
        self.run.act(&mut self.world, step);
        Some(Label { step, look })
    }
}

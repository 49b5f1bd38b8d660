//! Two failures: recover, go on, and cut again.
//!
//! A server that has recovered must not promise what only the page cache holds: after a kill the
//! kernel still has everything, and a start that acknowledges on top of it without a sync loses it
//! when the power goes. One failure cannot show that.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::explore::explorer::Explorer;
use crate::explore::report::{FirstCut, Report};
use crate::explore::{Options, next_step};
use crate::promise::Failure;
use crate::sim::crash::Limits;
use crate::sim::world::{Due, Input, Phase, Pick, World};
use crate::units::Micros;

/// A start that takes longer than this is given up.
const START_STEPS: usize = 100_000;

/// For every moment of a run, every failure, and every dataset that it may lead to: starts the
/// server again, gives it these inputs (with times from the start on), and looks at every moment
/// of that, up to its rest.
#[must_use]
pub fn explore_twice(mut world: World, after: &[Due], options: Options) -> Report {
    let mut explorer = Explorer::new(world.settings().seed, options);
    let mut seen = BTreeSet::new();
    let mut facts = Vec::new();
    loop {
        for failure in [Failure::Killed, Failure::PowerCut] {
            if seen.insert(fingerprint(&world, failure)) {
                from_here(&world, failure, after, &mut explorer, options);
            }
        }
        match next_step(&mut world, facts.len()) {
            Some(fact) => facts.push(fact),
            None => return explorer.finish(facts),
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

/// The first failure strikes now.
fn from_here(
    world: &World,
    failure: Failure,
    after: &[Due],
    explorer: &mut Explorer,
    options: Options,
) {
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
    let Some(survey) = failed.survey(options.model, Limits::default()) else { return };
    for (number, group) in survey.groups.iter().enumerate() {
        let image = group.example.clone();
        let mut started = failed.clone();
        let pick = Pick::Example(number);
        let at = started.now();
        started.submit(Due { at, input: Input::Boot { pick, model: options.model } });
        explorer.first = Some(FirstCut { step, failure, image });
        explorer.begin_world();
        again(started, after, explorer, step);
    }
}

/// The server starts again, goes on, and every moment of it is looked at.
fn again(mut world: World, after: &[Due], explorer: &mut Explorer, first: u64) {
    let mut served = false;
    for _ in 0..START_STEPS {
        if world.step().is_none() {
            return;
        }
        if !served && matches!(world.phase(), Phase::Running(_)) {
            served = true;
            let now = world.now();
            for due in after {
                let at = Micros(now.0.saturating_add(due.at.0));
                world.submit(Due { at, input: due.input.clone() });
            }
        }
        explorer.look_after(&world, first);
    }
}

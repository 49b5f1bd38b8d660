//! What is promised holds on every disk of every moment.

use super::*;
use crate::promise::Ground;
use crate::rewrite::mutation::{self, Mutation};
use crate::sim::crash::Limits;
use crate::sim::world::chronicle::Chronicle;

fn options(model: DiskModel) -> Options {
    // Enough for every image but the torn ones of a hundred increments in one write.
    let limits = Limits { images: 400, ..Limits::default() };
    Options { model, limits, ..Options::default() }
}

#[test]
fn hardened_keeps_its_promises_at_every_moment() {
    for (name, story) in STORIES {
        for policy in Policy::ALL {
            for model in DiskModel::IN_ORDER {
                let world = world_of(story(policy, ProfileName::Hardened, 1));
                let report = explore(world, options(model));
                assert_eq!(report.violations, [], "{name} {policy:?} {model:?}");
                assert!(report.cuts > 10, "{name} {policy:?} {model:?}: {report:?}");
                assert!(report.datasets > 3, "{name} {policy:?} {model:?}: {report:?}");
                assert!(report.distinct <= report.listed && report.listed <= report.counted);
            }
        }
    }
}

#[test]
fn a_power_cut_in_the_middle_of_redis_breaks_what_was_promised() {
    for (_, story) in &STORIES[1..] {
        let world = world_of(story(Policy::EverySec, ProfileName::Redis62, 1));
        let report = explore(world, options(DiskModel::AnyPrefix));
        let violation = report.violation(Failure::PowerCut, BreachKind::TooShort);
        let witness = &violation.expect("found").witness;
        assert_eq!(witness.promise.ground, Ground::LastSync);
        assert!(witness.kept < witness.acknowledged, "{witness:?}");
        assert!(witness.step < report.facts.len() as u64);
    }
}

/// What the explorer is for: a mistake in the order of a rewrite is found.
#[test]
fn a_mistake_in_the_switch_is_found() {
    for mistake in [Mutation::NoSealSync, Mutation::SwapBeforeDirectorySync] {
        mutation::make(Some(mistake));
        let found = STORIES.iter().any(|(_, story)| {
            let world = world_of(story(Policy::EverySec, ProfileName::Hardened, 1));
            !explore(world, options(DiskModel::AnyPrefix)).is_clean()
        });
        mutation::make(None);
        assert!(found, "{mistake:?}");
    }
}

/// A promise that nobody gave is found to be broken: the check is not one that always agrees.
#[test]
fn a_wrong_promise_is_found() {
    let mut world = world_of(scenario::first_visit(Policy::EverySec, ProfileName::Hardened, 1));
    let mut explorer = Explorer::new(1, options(DiskModel::AnyPrefix));
    while world.step().is_some() {
        let Some(promises) = world.promises() else { continue };
        // As if `everysec` promised after a power cut what it promises after a kill.
        let promises = Promises { power_cut: promises.killed, ..promises };
        let mut chronicle = Chronicle::of(&world, world.journal());
        chronicle.follow(&world);
        let config = world.config_of_start();
        explorer.look(&Moment {
            step: world.steps(),
            disk: &world.machine().disk,
            name: &config.appendfilename,
            config,
            promises,
            told: chronicle.told(),
            told_otherwise: None,
            acknowledged: &[],
        });
    }
    let violation = explorer.report().violation(Failure::PowerCut, BreachKind::TooShort);
    let witness = &violation.expect("found").witness;
    // The smallest: nothing of the first write is there.
    assert_eq!(witness.image.length_bytes(), 0, "{witness:?}");
    assert!(explorer.report().violation(Failure::Killed, BreachKind::TooShort).is_none());
}

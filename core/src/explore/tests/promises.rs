//! What is promised holds on every disk of every moment.

use super::*;
use crate::promise::Ground;

fn options(model: DiskModel) -> Options {
    Options { model, ..Options::default() }
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

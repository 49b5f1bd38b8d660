//! The case that a report shows is the smallest there is.

use std::collections::BTreeMap;

use super::*;
use crate::sim::crash::Limits;
use crate::sim::scenario::{command, empty};
use crate::sim::world::{Due, Input};

const LIMITS: Limits = Limits { images: 400, total_bytes: 1 << 20 };

/// Steps and length of an image.
type Size = (u64, u64);

/// The smallest case of every kind, by loading each image of each moment as a whole.
fn smallest(mut world: World, model: DiskModel) -> BTreeMap<(Failure, BreachKind), Size> {
    let mut found = BTreeMap::new();
    loop {
        for (failure, input) in
            [(Failure::Killed, Input::Kill), (Failure::PowerCut, Input::CutPower)]
        {
            let mut struck = world.clone();
            struck.forget_inputs();
            struck.submit(Due { at: struck.now(), input });
            while struck.down().is_none() {
                struck.step().expect("it strikes");
            }
            let survey = struck.survey(model, LIMITS).expect("it ran");
            for group in survey.groups {
                if let Err(breach) = group.judgement {
                    let size = (world.steps(), group.shortest);
                    let least = found.entry((failure, breach.into())).or_insert(size);
                    *least = size.min(*least);
                }
            }
        }
        if world.step().is_none() {
            return found;
        }
    }
}

/// One key is rewritten by a slow child, and others are written meanwhile and later.
fn short_rewrite(policy: Policy, profile: ProfileName) -> World {
    let mut scenario = empty(policy, profile, 1);
    scenario.settings.rewriting.write_micros = 400_000;
    scenario.settings.config.no_appendfsync_on_rewrite = true;
    scenario.inputs = vec![
        command(100_000, "SET a 1"),
        command(1_200_000, "BGREWRITEAOF"),
        command(1_300_000, "SET b 2"),
        command(3_000_000, "SET c 3"),
    ];
    world_of(scenario)
}

#[test]
fn the_smallest_case_of_every_violation_is_shown() {
    let mut kinds = Vec::new();
    for (policy, profile) in [
        (Policy::EverySec, ProfileName::Redis62),
        (Policy::Always, ProfileName::Redis62),
        (Policy::Always, ProfileName::Redis30),
    ] {
        for model in [DiskModel::AnyPrefix, DiskModel::ZeroTail] {
            let world = short_rewrite(policy, profile);
            let report =
                explore(world.clone(), Options { model, limits: LIMITS, ..Options::default() });
            let shown: BTreeMap<(Failure, BreachKind), Size> = report
                .violations
                .iter()
                .map(|found| {
                    let size = (found.witness.step, found.witness.image.length_bytes());
                    ((found.failure, found.kind), size)
                })
                .collect();
            assert_eq!(shown, smallest(world, model), "{policy:?} {profile:?} {model:?}");
            kinds.extend(shown.into_keys());
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() >= 3, "only {kinds:?} was compared");
}

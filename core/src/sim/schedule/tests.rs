use std::collections::BTreeSet;

use super::*;
use crate::config::Policy;
use crate::profile::ProfileName;
use crate::random::Random;
use crate::sim::crash::{DiskModel, Limits};
use crate::sim::rewriting::Parameters;
use crate::sim::scenario::{command, empty};

fn small(policy: Policy, profile: ProfileName) -> World {
    let mut scenario = empty(policy, profile, 1);
    scenario.settings.config.aof_rewrite_block_bytes = 32;
    scenario.settings.rewriting =
        Parameters { pipe_bytes: 40, silent_ms: 1, ..Parameters::default() };
    scenario.inputs = vec![
        command(0, "SET a 1"),
        command(0, "BGREWRITEAOF"),
        command(0, "SET b 2"),
        command(0, "INCR a"),
    ];
    let mut world = World::new(scenario.settings).expect("an empty log loads");
    scenario.inputs.into_iter().for_each(|due| world.submit(due));
    world
}

/// Every schedule that a generator chooses ends with a dataset that survives.
#[test]
fn any_order_ends_well() {
    let mut moved = BTreeSet::new();
    let mut random = Random::new(20_261_121);
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            for run in 0..12 {
                let mut world = small(policy, profile);
                let mut idle = 0;
                for _ in 0..2_000 {
                    let mut actors = world.movable();
                    // An acknowledgement that is only late is not lost.
                    if world.child_waits_in_vain() && actors.len() > 1 {
                        actors.retain(|actor| *actor != Actor::Child);
                    }
                    if actors.is_empty() || idle > 50 {
                        break;
                    }
                    let index = random.below(actors.len() as u64);
                    let actor = actors[usize::try_from(index).expect("small")];
                    moved.insert(
                        std::mem::discriminant(&actor) == std::mem::discriminant(&Actor::Child),
                    );
                    idle = if world.step_actor(actor).is_some() { 0 } else { idle + 1 };
                }
                let context = format!("{profile:?} {policy:?} run {run}");
                let rewrite = world.engine().expect("it runs").rewrite();
                assert_eq!(rewrite.completed(), 1, "{context}");
                let acknowledged = world.journal().acknowledged_writes();
                assert_eq!(acknowledged, 3, "{context}");
                world.submit(Due { at: world.now(), input: Input::Kill });
                world.step().expect("a kill is a step");
                assert!(world.log_describes_memory(), "{context}");
                let survey = world.survey(DiskModel::AnyPrefix, Limits::default()).expect("down");
                assert!(survey.is_kept(), "{context}");
            }
        }
    }
    assert_eq!(moved.len(), 2, "children moved, and others");
}

#[test]
fn the_loop_hears_of_nothing_before_its_effects_are_performed() {
    let mut world = small(Policy::Always, ProfileName::Hardened);
    assert_eq!(world.movable(), [Actor::Client(ClientId(1))]);
    assert!(matches!(world.step_actor(Actor::Client(ClientId(1))), Some(Fact::Command { .. })));
    // The turn is open: another command may share it.
    assert_eq!(world.movable(), [Actor::Client(ClientId(1)), Actor::Parent]);
    assert!(matches!(world.step_actor(Actor::Parent), Some(Fact::Write { .. })));
    assert!(matches!(world.step_actor(Actor::Parent), Some(Fact::SyncStart { .. })));
    let actors = world.movable();
    assert!(
        actors.contains(&Actor::Works(Place::Sync)) && !actors.contains(&Actor::Ended(Place::Sync))
    );
    assert_eq!(world.machine().durable(), 0);
    assert!(world.step_actor(Actor::Works(Place::Sync)).is_some());
    assert_eq!(world.machine().durable(), 50, "it took effect, and nobody knows");
    assert_eq!(world.engine().expect("it runs").ledger().synced().0, 0);
    assert!(world.movable().contains(&Actor::Ended(Place::Sync)));
    assert!(matches!(
        world.step_actor(Actor::Ended(Place::Sync)),
        Some(Fact::SyncEnd { result: Ok(()), .. })
    ));
    assert_eq!(world.engine().expect("it runs").ledger().synced().0, 50);
    assert!(world.step_actor(Actor::Hears(Pipe::Stop)).is_none());
}

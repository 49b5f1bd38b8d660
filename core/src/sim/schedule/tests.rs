use std::collections::BTreeSet;

use super::*;
use crate::config::Policy;
use crate::profile::ProfileName;
use crate::random::Random;
use crate::sim::crash::{DiskModel, Limits};
use crate::sim::rewriting::Parameters;
use crate::sim::scenario::{command, empty};
use crate::sim::schedule::choice::Choice;

mod orders;

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

/// Which kind of actor it is, 0 to 7.
fn kind(actor: Actor) -> u8 {
    match actor {
        Actor::Client(_) => 0,
        Actor::Parent => 1,
        Actor::Hears(_) => 2,
        Actor::Child => 3,
        Actor::Works(_) => 4,
        Actor::Ended(_) => 5,
        Actor::Timer => 6,
        Actor::Kernel => 7,
    }
}

/// Runs a world in the order that a seed gives. Returns who moved.
fn in_some_order(world: &mut World, seed: u64) -> Vec<Actor> {
    let mut random = Random::new(seed);
    let (mut moved, mut idle) = (Vec::new(), 0);
    while moved.len() < 2_000 && idle <= 50 {
        let mut actors = world.movable();
        // An acknowledgement that is only late is not lost.
        if world.child_waits_in_vain() && actors.len() > 1 {
            actors.retain(|actor| *actor != Actor::Child);
        }
        let mut choice = Choice::Seeded(random.fork());
        let Some(actor) = choice.choose(&actors) else { break };
        moved.push(actor);
        idle = if world.step_actor(actor).is_some() { 0 } else { idle + 1 };
    }
    moved
}

/// Every schedule that a generator chooses ends with a dataset that survives, and can be run
/// again.
#[test]
fn any_order_ends_well() {
    let mut kinds = BTreeSet::new();
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            for seed in 0..10 {
                let mut world = small(policy, profile);
                let moved = in_some_order(&mut world, seed);
                kinds.extend(moved.iter().copied().map(kind));
                let context = format!("{profile:?} {policy:?} seed {seed}");
                let rewrite = world.engine().expect("it runs").rewrite();
                assert_eq!(rewrite.completed(), 1, "{context}");
                assert_eq!(world.journal().acknowledged_writes(), 3, "{context}");
                if seed == 0 {
                    let mut again = small(policy, profile);
                    let mut script = Choice::Script(moved.into());
                    while again.step_chosen(&mut script).is_some() {}
                    assert_eq!(again.digest(), world.digest(), "{context}");
                }
                world.submit(Due { at: world.now(), input: Input::Kill });
                world.step().expect("a kill is a step");
                assert!(world.log_describes_memory(), "{context}");
                let survey = world.survey(DiskModel::AnyPrefix, Limits::default()).expect("down");
                assert!(survey.is_kept(), "{context}");
            }
        }
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
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

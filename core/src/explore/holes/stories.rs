//! The runs behind the holes.

use crate::explore::holes::Hole;
use crate::profile::{IdleSync, ProfileName};
use crate::sim::disk::FailedPages;
use crate::sim::fact::{Fact, Fault};
use crate::sim::scenario::{Scenario, command, empty, first_visit, rename};
use crate::sim::world::{Due, Input, Pick, World};
use crate::units::Micros;

/// One generator for all: nothing here depends on it.
const SEED: u64 = 1;

/// The run of a hole under a profile.
pub(super) fn of(hole: Hole, profile: ProfileName) -> Scenario {
    let policy = hole.policy();
    match hole {
        // The fourth write is acknowledged while the second sync runs.
        Hole::PostponedWrite => {
            let mut scenario = first_visit(policy, profile, SEED);
            if profile.profile().idle_sync == IdleSync::Made {
                return scenario;
            }
            // Here a sync begins only with a write, so the fourth begins the second: a fifth.
            scenario.inputs.push(command(2_150_000, "SET e 5"));
            looking_at(scenario, |world, _| world.journal().acknowledged_writes() == 5)
        }
        // A sync of the old log has ended, then the name moves.
        Hole::RenameBeforeResidual | Hole::RenameBeforeSync => rename(policy, profile, SEED),
        Hole::LostRename => {
            let mut scenario = short_rewrite(hole, profile);
            scenario.inputs.push(command(3_000_000, "SET c 3"));
            looking_at(scenario, |world, _| world.journal().acknowledged_writes() == 3)
        }
        Hole::AlwaysDuringRewrite => {
            let mut scenario = short_rewrite(hole, profile);
            scenario.settings.config.no_appendfsync_on_rewrite = true;
            looking_at(scenario, |world, _| world.journal().acknowledged_writes() == 2)
        }
        Hole::ForgottenSync => forgotten_sync(profile),
        Hole::IgnoredSync => {
            let mut scenario = empty(policy, profile, SEED);
            scenario.settings.parameters.failed_pages = FailedPages::Dropped;
            scenario.inputs = vec![
                command(100_000, "SET a 1"),
                Due { at: Micros(500_000), input: Input::Fault(Fault::FailNextSync) },
                command(600_000, "SET b 2"),
            ];
            looking_at(scenario, |world, _| world.journal().acknowledged_writes() == 2)
        }
        Hole::HalfTransaction => {
            let mut scenario = empty(policy, profile, SEED);
            scenario.inputs = vec![
                command(100_000, "MSET from 5 to 5"),
                command(1_300_000, "MULTI"),
                command(1_300_000, "SET from 0"),
                command(1_300_000, "SET to 10"),
                command(1_300_000, "EXEC"),
            ];
            looking_at(scenario, |world, _| world.journal().acknowledged_writes() == 2)
        }
        Hole::TornTransaction => torn_transaction(profile),
        Hole::SilentZeros => {
            let mut scenario = empty(policy, profile, SEED);
            scenario.inputs =
                vec![command(100_000, "SET a 1"), command(1_300_000, "SET balance 1000")];
            looking_at(scenario, |world, _| world.journal().acknowledged_writes() == 2)
        }
    }
}

/// One key is rewritten by a slow child, and another is written meanwhile.
fn short_rewrite(hole: Hole, profile: ProfileName) -> Scenario {
    let mut scenario = empty(hole.policy(), profile, SEED);
    scenario.settings.rewriting.write_micros = 400_000;
    scenario.inputs = vec![
        command(100_000, "SET a 1"),
        command(200_000, "BGREWRITEAOF"),
        command(300_000, "SET b 2"),
    ];
    scenario
}

/// While the first sync runs and will fail, `SET b` is put off. Its write brings the sync that
/// succeeds.
fn forgotten_sync(profile: ProfileName) -> Scenario {
    let mut scenario = empty(Hole::ForgottenSync.policy(), profile, SEED);
    scenario.settings.parameters.failed_pages = FailedPages::Dropped;
    scenario.settings.stalled_syncs_micros = vec![(1, 300_000)];
    scenario.inputs = vec![
        command(100_000, "SET a 1"),
        Due { at: Micros(500_000), input: Input::Fault(Fault::FailNextSync) },
        command(1_100_000, "SET b 2"),
    ];
    let mut failed = false;
    looking_at(scenario, move |world, _| {
        let lost = world.engine().and_then(|engine| engine.log().lost_from()).is_some();
        let refuses = world.engine().is_some_and(|engine| engine.log().refusal().is_some());
        failed |= refuses;
        failed && !refuses && lost
    })
}

/// How much of its log the power cut of [`torn_transaction`] leaves: a SELECT, a SET, the MULTI,
/// the first command behind it, and of the second the beginning.
const TORN_BYTES: u64 = 23 + 27 + 15 + 34 + 10;

/// The power goes while a transaction is not synced. A server starts from what is left, and
/// acknowledges a write; later the client makes its transaction again.
fn torn_transaction(profile: ProfileName) -> Scenario {
    let mut scenario = empty(Hole::TornTransaction.policy(), profile, SEED);
    let transfer = |at: u64| {
        let lines = ["MULTI", "DECRBY from 5", "INCRBY to 5", "EXEC"];
        lines.map(|line| command(at, line))
    };
    let boot = Input::Boot { pick: Pick::Length(TORN_BYTES), model: Hole::TornTransaction.model() };
    scenario.inputs = vec![command(100_000, "SET a 1")];
    scenario.inputs.extend(transfer(1_300_000));
    scenario.inputs.push(Due { at: Micros(1_400_000), input: Input::CutPower });
    scenario.inputs.push(Due { at: Micros(1_500_000), input: boot });
    scenario.inputs.push(command(2_000_000, "SET b 2"));
    scenario.inputs.extend(transfer(4_000_000));
    looking_at(scenario, |world, _| {
        world.lives() == 1 && world.journal().acknowledged_writes() == 2
    })
}

/// The scenario at the first step after which this is true, or at its end.
fn looking_at(mut scenario: Scenario, mut is_it: impl FnMut(&World, &Fact) -> bool) -> Scenario {
    if let Ok(mut world) = World::new(scenario.settings.clone()) {
        scenario.inputs.iter().for_each(|due| world.submit(due.clone()));
        while let Some(fact) = world.step() {
            scenario.position = world.steps();
            if is_it(&world, &fact) {
                break;
            }
        }
    }
    scenario
}

//! Recover, go on, and cut again.

use super::*;
use crate::explore::twice::{explore_twice, explore_within};
use crate::promise::Failure::{Killed, PowerCut};
use crate::sim::crash::Limits;
use crate::sim::fact::Fault;
use crate::sim::scenario::{command, empty, first_visit};
use crate::sim::world::{Due, Input};
use crate::units::Micros;

/// Three disks between what was synced and what ext4 can leave.
const MODELS: [DiskModel; 3] = [DiskModel::AnyPrefix, DiskModel::Ext4Ordered, DiskModel::ZeroTail];

fn options(model: DiskModel) -> Options {
    let limits = Limits { images: 60, ..Limits::default() };
    Options { model, limits, second_starts: 6, ..Options::default() }
}

fn transfer(at: u64) -> [Due; 4] {
    ["MULTI", "DECR from", "INCR to", "EXEC"].map(|line| command(at, line))
}

/// What the second life is asked: a write, another, and a transaction.
fn after() -> Vec<Due> {
    let mut after = vec![command(50_000, "SET e 5"), command(300_000, "INCR n")];
    after.extend(transfer(2_500_000));
    after
}

fn four_writes(policy: Policy, profile: ProfileName) -> World {
    world_of(first_visit(policy, profile, 1))
}

/// One key is rewritten by a slow child, and others are written meanwhile and later.
fn short_rewrite(policy: Policy, profile: ProfileName) -> World {
    let mut scenario = empty(policy, profile, 1);
    scenario.settings.rewriting.write_micros = 400_000;
    scenario.inputs = vec![
        command(100_000, "SET a 1"),
        command(1_200_000, "BGREWRITEAOF"),
        command(1_300_000, "SET b 2"),
        command(3_000_000, "SET c 3"),
    ];
    world_of(scenario)
}

/// A write, and later a transaction.
fn transaction(policy: Policy, profile: ProfileName) -> World {
    let mut scenario = empty(policy, profile, 1);
    scenario.inputs = vec![command(100_000, "SET a 1")];
    scenario.inputs.extend(transfer(1_300_000));
    world_of(scenario)
}

/// Which failure, and how it breaks the promise.
type Kind = (Failure, BreachKind);

type Run = fn(Policy, ProfileName) -> World;

const RUNS: [(&str, Run); 3] =
    [("four writes", four_writes), ("rewrite", short_rewrite), ("transaction", transaction)];

#[test]
fn hardened_survives_any_second_failure() {
    for (name, run) in RUNS {
        for policy in Policy::ALL {
            for model in MODELS {
                let world = run(policy, ProfileName::Hardened);
                let report = explore_twice(world, &after(), options(model));
                assert_eq!(report.violations, [], "{name} {policy:?} {model:?}");
                assert!(report.cuts > 100, "{name} {policy:?} {model:?}: {}", report.cuts);
            }
        }
    }
}

/// What only a second failure shows: the kinds that no single failure has in the same run.
fn only_second(run: Run, policy: Policy, profile: ProfileName, model: DiskModel) -> Vec<Kind> {
    let kinds = |report: Report| -> Vec<Kind> {
        report.violations.iter().map(|found| (found.failure, found.kind)).collect()
    };
    let once = kinds(explore(run(policy, profile), options(model)));
    let mut twice = kinds(explore_twice(run(policy, profile), &after(), options(model)));
    twice.retain(|kind| !once.contains(kind));
    twice
}

/// Under *any prefix*, policy by policy; and under two disks that leave zeros, in both releases.
#[test]
fn what_only_a_second_failure_shows() {
    use BreachKind::{NotAPrefix, TooShort};
    let [always, everysec, no] = [Policy::Always, Policy::EverySec, Policy::No];
    let torn =
        [(Killed, NotAPrefix), (Killed, TooShort), (PowerCut, NotAPrefix), (PowerCut, TooShort)];
    let unsynced = [(PowerCut, TooShort)];
    let found: [(usize, Policy, &[Kind]); 9] = [
        (0, always, &[]),
        (0, everysec, &unsynced),
        (0, no, &unsynced),
        (1, always, &[]),
        (1, everysec, &[]),
        (1, no, &unsynced),
        (2, always, &torn),
        (2, everysec, &torn),
        (2, no, &torn),
    ];
    for (number, policy, expected) in found {
        let (name, run) = RUNS[number];
        let found = only_second(run, policy, ProfileName::Redis62, DiskModel::AnyPrefix);
        assert_eq!(found, expected, "{name} {policy:?}");
    }
    // Where zeros may stand, a start is refused: the next failure finds the same file.
    for profile in [ProfileName::Redis62, ProfileName::Redis30] {
        for (name, run) in RUNS {
            for model in &MODELS[1..] {
                let found = only_second(run, everysec, profile, *model);
                let refused = found.contains(&(Killed, BreachKind::Refused));
                assert!(refused, "{name} {profile:?} {model:?}: {found:?}");
            }
        }
    }
}

#[test]
fn a_start_without_a_sync_promises_what_a_power_cut_takes() {
    let world = four_writes(Policy::EverySec, ProfileName::Redis62);
    let report = explore_twice(world, &after(), options(DiskModel::AnyPrefix));
    let violation = report.violation(PowerCut, BreachKind::TooShort).expect("found");
    let first = violation.witness.first.as_ref().expect("a first failure");
    assert_eq!(first.failure, Killed, "{violation:?}");
}

/// No single failure breaks a promise of this run. After a power cut inside the transaction the
/// MULTI stays in the log, and then a kill is enough.
#[test]
fn a_torn_transaction_turns_against_what_is_written_behind_it() {
    for policy in Policy::ALL {
        let run = |profile| transaction(policy, profile);
        let options = options(DiskModel::AnyPrefix);
        assert!(explore(run(ProfileName::Redis62), options).is_clean(), "{policy:?}");
        let report = explore_twice(run(ProfileName::Redis62), &after(), options);
        for kind in [BreachKind::TooShort, BreachKind::NotAPrefix] {
            let violation = report.violation(Killed, kind).expect("found");
            let first = violation.witness.first.as_ref().expect("a first failure");
            assert_eq!(first.failure, PowerCut, "{policy:?} {violation:?}");
        }
    }
}

/// The limit of `hardened` that the README names: a sync has failed, and the process is killed and
/// started before the rewrite is complete that heals this. The kernel counts the dropped pages as
/// clean, so the syncs of the start succeed, and a power cut takes what was acknowledged.
#[test]
fn a_restart_between_a_failed_sync_and_its_healing_is_the_limit_of_hardened() {
    let mut world = four_writes(Policy::EverySec, ProfileName::Hardened);
    world.submit(Due { at: Micros(1_900_000), input: Input::Fault(Fault::FailNextSync) });
    let options = options(DiskModel::AnyPrefix);
    assert_eq!(explore(world.clone(), options).violations, []);
    let report = explore_twice(world.clone(), &after(), options);
    assert!(!report.is_clean());
    for violation in &report.violations {
        let first = violation.witness.first.as_ref().expect("a first failure");
        assert_eq!((violation.failure, first.failure), (PowerCut, Killed), "{violation:?}");
    }
    // Once it has healed, nothing is left of it.
    let lost = |world: &World| world.engine().is_some_and(|e| e.log().lost_from().is_some());
    while !lost(&world) {
        world.step().expect("the sync fails");
    }
    while lost(&world) {
        world.step().expect("it heals");
    }
    assert_eq!(explore_twice(world, &after(), options).violations, []);
}

#[test]
fn a_report_says_what_was_left_out() {
    let world = || four_writes(Policy::EverySec, ProfileName::Hardened);
    let after = [command(50_000, "SET e 5")];
    let all = Options::default();
    assert!(!explore_twice(world(), &after, all).more_than);
    let few = Options { second_starts: 2, ..all };
    assert!(explore_twice(world(), &after, few).more_than, "not every dataset is started from");
    let short = Options { limits: Limits { images: 5, ..all.limits }, ..all };
    assert!(explore_twice(world(), &after, short).more_than, "not every image is listed");
    let steps = explore(world(), all).facts.len() as u64;
    assert!(!explore_within(world(), &after, all, steps, 1_000).more_than);
    assert!(explore_within(world(), &after, all, steps - 1, 1_000).more_than, "the first life");
    assert!(explore_within(world(), &after, all, steps, 5).more_than, "the second life");
    assert!(!super::super::explore_within(world(), all, steps).more_than);
    assert!(super::super::explore_within(world(), all, steps - 1).more_than);
}

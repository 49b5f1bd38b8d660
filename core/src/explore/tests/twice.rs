//! Recover, go on, and cut again.

use super::*;
use crate::explore::twice::explore_twice;
use crate::sim::scenario::command;

fn twice(profile: ProfileName, policy: Policy) -> Report {
    let after = [command(50_000, "SET e 5"), command(300_000, "INCR n")];
    let world = world_of(scenario::first_visit(policy, profile, 1));
    explore_twice(world, &after, Options::default())
}

#[test]
fn hardened_survives_any_second_failure() {
    for policy in Policy::ALL {
        let report = twice(ProfileName::Hardened, policy);
        assert_eq!(report.violations, [], "{policy:?}");
        assert!(report.cuts > 500, "{policy:?}: {report:?}");
    }
}

#[test]
fn a_start_without_a_sync_promises_what_a_power_cut_takes() {
    let report = twice(ProfileName::Redis62, Policy::EverySec);
    let violation = report.violation(Failure::PowerCut, BreachKind::TooShort).expect("found");
    let first = violation.witness.first.as_ref().expect("a first failure");
    assert_eq!(first.failure, Failure::Killed, "{violation:?}");
}

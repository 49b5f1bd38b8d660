use super::*;
use crate::explore::{Explorer, Options, Report, explore};
use crate::sim::crash::Limits;
use crate::sim::world::World;

fn options(model: DiskModel) -> Options {
    let limits = Limits { images: 200, total_bytes: 1_000_000 };
    Options { model, limits, ..Options::default() }
}

fn world_of(hole: Hole, profile: ProfileName) -> World {
    let scenario = hole.scenario(profile);
    let mut world = World::new(scenario.settings).expect("an empty log loads");
    scenario.inputs.into_iter().for_each(|due| world.submit(due));
    world
}

/// What a failure would do at the step to look at.
fn look(hole: Hole, profile: ProfileName) -> Option<Look> {
    let steps = hole.scenario(profile).position;
    let mut world = world_of(hole, profile);
    while world.steps() < steps {
        world.step().expect("the step is in the run");
    }
    Explorer::new(1, options(hole.model())).look_at(&world)
}

fn explored(hole: Hole, profile: ProfileName, model: DiskModel) -> Report {
    explore(world_of(hole, profile), options(model))
}

#[test]
fn every_hole_is_in_the_list_and_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> = ALL.iter().map(|hole| hole.as_str()).collect();
    assert_eq!(names.len(), ALL.len());
    for hole in ALL {
        assert_eq!(Hole::parse(hole.as_str()), Some(hole));
        assert_ne!(hole.profile(), ProfileName::Hardened);
    }
    assert_eq!(Hole::parse("none"), None);
}

#[test]
fn every_hole_is_found_at_its_step_and_in_its_run() {
    for hole in ALL {
        let look = look(hole, hole.profile()).expect("the server runs");
        assert!(hole.is_seen_in(&look), "{hole:?}: {look:?}");
        let report = explored(hole, hole.profile(), hole.model());
        match hole.shows() {
            Shows::Breach(kind) => {
                let found = report.violation(hole.failure(), kind);
                assert!(found.is_some(), "{hole:?}: {:?}", report.violations);
            }
            Shows::AcknowledgedLost => {
                assert!(report.violation(hole.failure(), BreachKind::TooShort).is_none());
            }
        }
    }
}

/// That it is not seen. Only an ignored sync may leave no server to look at: who does not ignore it
/// ends under `always`, and then nothing was acknowledged that is lost.
fn assert_unseen(hole: Hole, profile: ProfileName) {
    match look(hole, profile) {
        Some(look) => {
            assert_ne!(hole, Hole::IgnoredSync, "{profile:?} serves after a failed sync");
            assert!(!hole.is_seen_in(&look), "{hole:?} {profile:?}: {look:?}");
        }
        None => assert_eq!(hole, Hole::IgnoredSync, "{profile:?}: the server is down"),
    }
}

#[test]
fn hardened_has_none_of_them() {
    for hole in ALL {
        assert_unseen(hole, ProfileName::Hardened);
        for model in DiskModel::IN_ORDER {
            let report = explored(hole, ProfileName::Hardened, model);
            assert!(report.is_clean(), "{hole:?} {model:?}: {:?}", report.violations);
        }
    }
}

/// A plain restart is enough: what was acknowledged behind the torn transaction is taken back with
/// it, and once the client has made its transaction again, the beginning of the torn one is run.
#[test]
fn a_torn_transaction_takes_what_is_written_behind_it_and_then_runs() {
    let hole = Hole::TornTransaction;
    let report = explored(hole, ProfileName::Redis62, hole.model());
    let lost = report.violation(Failure::Killed, BreachKind::TooShort).expect("found");
    assert_eq!((lost.witness.acknowledged, lost.witness.kept), (2, 1), "{lost:?}");
    let mixed = report.violation(Failure::Killed, BreachKind::NotAPrefix).expect("found");
    assert!(mixed.witness.step > lost.witness.step, "{mixed:?}");
}

#[test]
fn what_ended_before_6_2_is_not_seen_there() {
    for hole in ALL.into_iter().filter(|hole| hole.profile() == ProfileName::Redis30) {
        assert_unseen(hole, ProfileName::Redis62);
    }
}

/// The older release has the holes of the younger, with the same failure and in the same way. Only
/// a torn transaction it loads at once: its own hole is that half of it comes back.
#[test]
fn redis_3_0_has_the_holes_of_6_2() {
    let younger = |hole: &Hole| hole.profile() == ProfileName::Redis62;
    for hole in ALL.into_iter().filter(younger) {
        if hole == Hole::TornTransaction {
            let report = explored(hole, ProfileName::Redis30, hole.model());
            let half = report.violation(Failure::PowerCut, BreachKind::NotAPrefix);
            assert!(half.is_some(), "{:?}", report.violations);
            assert!(report.violation(Failure::Killed, BreachKind::TooShort).is_none());
            continue;
        }
        match hole.shows() {
            Shows::Breach(kind) => {
                let report = explored(hole, ProfileName::Redis30, hole.model());
                // There the sync that fails is the first and has the whole log: nothing stands
                // behind the gap.
                let kind = if hole == Hole::ForgottenSync { BreachKind::TooShort } else { kind };
                let found = report.violation(hole.failure(), kind);
                assert!(found.is_some(), "{hole:?}: {:?}", report.violations);
            }
            Shows::AcknowledgedLost => {
                let look = look(hole, ProfileName::Redis30).expect("the server runs");
                assert!(hole.is_seen_in(&look), "{hole:?}: {look:?}");
            }
        }
    }
}

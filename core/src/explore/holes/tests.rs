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

#[test]
fn hardened_has_none_of_them() {
    for hole in ALL {
        if let Some(look) = look(hole, ProfileName::Hardened) {
            assert!(!hole.is_seen_in(&look), "{hole:?}: {look:?}");
        }
        for model in [DiskModel::Exact, DiskModel::AnyPrefix, DiskModel::ZeroTail] {
            let report = explored(hole, ProfileName::Hardened, model);
            assert!(report.is_clean(), "{hole:?} {model:?}: {:?}", report.violations);
        }
    }
}

#[test]
fn what_ended_before_6_2_is_not_seen_there() {
    for hole in ALL.into_iter().filter(|hole| hole.profile() == ProfileName::Redis30) {
        let look = look(hole, ProfileName::Redis62);
        assert!(look.is_none_or(|look| !hole.is_seen_in(&look)), "{hole:?}: {look:?}");
    }
}

/// The older release has the holes of the younger.
#[test]
fn redis_3_0_has_the_holes_of_6_2() {
    for hole in ALL.into_iter().filter(|hole| hole.profile() == ProfileName::Redis62) {
        let report = explored(hole, ProfileName::Redis30, hole.model());
        let kept = matches!(hole.shows(), Shows::Breach(_)) && report.is_clean();
        assert!(!kept, "{hole:?}");
    }
}

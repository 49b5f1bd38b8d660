//! Known holes as lessons.

use super::*;
use aof_core::explore::holes::{ALL, Hole};
use aof_core::promise::Failure;

fn lesson(hole: Hole, profile: ProfileName) -> Lab {
    let name = hole.as_str();
    let scenario = ScenarioName::parse(name).expect("a name of a lesson");
    assert_eq!(scenario.as_str(), name);
    let (policy, disk_model) = (hole.policy(), hole.model());
    Lab::new(Options { policy, profile, disk_model, seed: 1, scenario }).expect("it begins")
}

#[test]
fn a_hole_is_one_failure_away_and_is_closed_in_hardened() {
    for hole in ALL {
        for profile in [hole.profile(), ProfileName::Hardened] {
            let mut lab = lesson(hole, profile);
            let before = lab.snapshot();
            assert_eq!(before.policy, hole.policy().as_str());
            // `hardened` closes the ignored sync by ending itself.
            let halted = before.state == "halted" && profile == ProfileName::Hardened;
            match hole.failure() {
                _ if halted => {}
                Failure::Killed => lab.kill().expect("it runs"),
                Failure::PowerCut => lab.cut_power().expect("it runs"),
            }
            let down = lab.snapshot();
            let crash = down.crash.expect("a failure");
            let lost = down.verdict.killed.lost > 0;
            let shows = !crash.promise.kept || (hole.failure() == Failure::Killed && lost);
            assert_eq!(shows, profile == hole.profile(), "{hole:?} {profile:?}");
        }
    }
}

/// The page names them only; what each begins with is said here.
#[test]
fn a_hole_begins_with_the_settings_that_show_it() {
    for hole in ALL {
        let options = Options::of(ScenarioName::Hole(hole));
        let mut lab = Lab::new(options).expect("it begins");
        let shown = lab.snapshot();
        let begun = (shown.policy, shown.profile, shown.disk_model);
        let wanted = (hole.policy().as_str(), hole.profile().as_str(), hole.model().as_str());
        assert_eq!(begun, wanted, "{hole:?}");
    }
}

/// TypeScript has the names a second time: in the types, where the page's own list is compared
/// with them, and nothing else.
#[test]
fn the_page_names_every_hole() {
    let types = include_str!("../../types.ts");
    let (_, names) = types.split_once("export type HoleName =").expect("the type");
    let (names, _) = names.split_once(';').expect("its end");
    let names: Vec<_> = names.split('|').map(|name| name.trim().trim_matches('"')).collect();
    assert_eq!(names, ALL.map(Hole::as_str));
}

#[test]
fn a_write_of_several_keys_is_told_by_its_command() {
    let mut lab = lesson(Hole::HalfTransaction, ProfileName::Redis30);
    let chips = lab.snapshot().verdict.power.chips;
    let labels: Vec<_> = chips.iter().map(|chip| chip.label.as_str()).collect();
    assert_eq!(labels, ["MSET", "EXEC"]);
}

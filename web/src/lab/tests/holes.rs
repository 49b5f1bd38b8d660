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

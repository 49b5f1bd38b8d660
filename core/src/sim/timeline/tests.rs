use super::*;
use crate::config::Policy;
use crate::profile::ProfileName;
use crate::random::Random;
use crate::sim::fact::Fault;
use crate::sim::scenario::{command, empty, first_visit};

/// Thousands of small writes, with every kind of thing among them.
fn long_run(policy: Policy, profile: ProfileName) -> Scenario {
    let mut scenario = empty(policy, profile, 3);
    for number in 0..4_600_u64 {
        let line = match number % 7 {
            0 => format!("SET key{} {number} PX 700", number % 40),
            1 | 2 => format!("INCR n{}", number % 5),
            3 => format!("GET key{}", number % 40),
            4 => format!("APPEND log{} x", number % 3),
            5 => format!("DEL key{}", number % 40),
            _ => format!("SET fixed{} {number}", number % 20),
        };
        scenario.inputs.push(command(number * 1_900, &line));
    }
    scenario.settings.stalled_syncs_micros = vec![(2, 2_600_000), (4, 300_000)];
    scenario
}

/// Digests of a straight run at these steps, which must be in order.
fn straight(scenario: &Scenario, steps: &[u64]) -> Vec<u128> {
    let mut world = World::new(scenario.settings.clone()).expect("an empty log loads");
    scenario.inputs.iter().for_each(|due| world.submit(due.clone()));
    let mut digests = Vec::new();
    for step in steps {
        while world.steps() < *step {
            world.step().expect("the run is longer");
        }
        digests.push(world.digest());
    }
    digests
}

#[test]
fn seeking_anywhere_in_ten_thousand_steps_equals_a_straight_run() {
    let scenario = long_run(Policy::EverySec, ProfileName::Redis62);
    let mut timeline = Timeline::new(scenario.clone()).expect("it starts");
    let steps = timeline.branch().steps();
    assert_eq!(steps, STEP_LIMIT, "the run is as long as one may be");
    assert!(timeline.is_cut_short());
    let checkpoints: Vec<u64> = timeline.branch().checkpoints.keys().copied().collect();
    assert!(checkpoints.len() > CHECKPOINT_LIMIT / 2, "{}", checkpoints.len());

    let mut random = Random::new(20_261_121);
    let mut wanted: Vec<u64> = checkpoints
        .iter()
        .flat_map(|at| [at.saturating_sub(1), *at, (at + 1).min(steps)])
        .chain((0..60).map(|_| random.below(steps + 1)))
        .chain([0, 1, steps - 1, steps])
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let expected = straight(&scenario, &wanted);

    // In random order, so that most seeks go backwards or far.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    for index in (1..order.len()).rev() {
        let other = usize::try_from(random.below(index as u64 + 1)).expect("small");
        order.swap(index, other);
    }
    for index in order {
        timeline.seek(wanted[index]).expect("it is known");
        assert_eq!(timeline.world().steps(), wanted[index]);
        assert_eq!(timeline.world().digest(), expected[index], "step {}", wanted[index]);
    }
}

#[test]
fn the_same_scenario_runs_the_same_twice() {
    for policy in Policy::ALL {
        for profile in ProfileName::ALL {
            let scenario = first_visit(policy, profile, 1);
            let runs = [0, 1].map(|_| {
                let mut timeline = Timeline::new(scenario.clone()).expect("it starts");
                timeline.seek(timeline.branch().steps()).expect("it is known");
                timeline.world().digest()
            });
            assert_eq!(runs[0], runs[1]);
        }
    }
}

fn opening() -> Timeline {
    Timeline::new(first_visit(Policy::EverySec, ProfileName::Redis62, 1)).expect("it starts")
}

/// Digests of every step of the branch that is looked at.
fn digests(timeline: &mut Timeline) -> Vec<u128> {
    (0..=timeline.branch().steps())
        .map(|step| {
            timeline.seek(step).expect("it is known");
            timeline.world().digest()
        })
        .collect()
}

#[test]
fn acting_in_the_past_makes_a_branch_and_keeps_both() {
    let mut timeline = opening();
    let main = digests(&mut timeline);
    for step in 0..=19 {
        timeline.select(1).expect("it is there");
        timeline.seek(step).expect("it is known");
        timeline.act(Input::Fault(Fault::FailNextSync), Cause::Fault).expect("there is room");
        let forked = timeline.branch().id;
        // From step 15 on, nothing of the script is left; the act changes that branch itself.
        if forked == 1 {
            assert!(step >= 13, "step {step}");
            break;
        }
        assert_eq!((timeline.branch().parent, timeline.branch().from_step), (Some(1), step));
        let branch = digests(&mut timeline);
        let shared = usize::try_from(step).expect("small");
        // At the step itself the act is already known, before it only what both share.
        assert_eq!(branch[..shared], main[..shared]);
        timeline.select(1).expect("it is there");
        assert_eq!(digests(&mut timeline), main, "after a branch at {step}");
    }
}

#[test]
fn a_failure_leaves_the_line_and_leaving_it_leads_back() {
    let mut timeline = opening();
    let before = timeline.world().digest();
    timeline.act(Input::Kill, Cause::Killed).expect("there is room");
    assert_eq!((timeline.branch().id, timeline.position()), (2, 15));
    assert_eq!(timeline.branch().steps(), 16);
    timeline.seek(16).expect("the kill is a step");
    timeline.leave().expect("it has a parent");
    assert_eq!((timeline.branch().id, timeline.position()), (1, 15));
    assert_eq!(timeline.world().digest(), before);
    assert_eq!(timeline.leave(), Err(TravelError::NoSuchBranch(1)));
}

#[test]
fn acting_at_the_end_goes_on_with_the_branch() {
    let mut timeline = opening();
    timeline.act(command(0, "SET e 5").input, Cause::Command).expect("there is room");
    assert_eq!((timeline.branch().id, timeline.position()), (1, 15));
    assert!(timeline.branch().steps() > 19);
    assert!(matches!(timeline.marks()[16].fact, Fact::Command { .. }));
}

#[test]
fn what_is_not_known_cannot_be_sought() {
    let mut timeline = opening();
    assert_eq!(timeline.seek(20), Err(TravelError::NoSuchStep { step: 20, steps: 19 }));
    assert_eq!(timeline.select(9), Err(TravelError::NoSuchBranch(9)));
    assert_eq!(timeline.position(), 15);
}

#[test]
fn a_story_has_room_for_so_many_branches_and_lets_the_oldest_go() {
    let mut timeline = opening();
    for _ in 0..2 * BRANCH_LIMIT {
        timeline.select(1).expect("the first stays");
        timeline.seek(15).expect("it is known");
        timeline.act(Input::CutPower, Cause::PowerCut).expect("there is room");
    }
    assert_eq!(timeline.branches().len(), BRANCH_LIMIT);
    assert_eq!(timeline.branches()[0].id, 1);
}

#[test]
fn other_settings_run_the_same_inputs_and_look_at_the_same_moment() {
    let mut timeline = opening();
    let settings = timeline.branch().settings().clone();
    let mut hardened = settings.clone();
    hardened.config.profile = ProfileName::Hardened;
    timeline.configure(hardened).expect("there is room").expect("it starts");
    assert_eq!(timeline.branch().id, 2);
    assert!(timeline.world().now() <= Micros(2_105_000));
    // SET d has run, and its reply waits.
    assert_eq!(timeline.world().journal().asked().len(), 4);
    assert_eq!(timeline.world().journal().acknowledged_writes(), 3);
    timeline.configure(settings).expect("there is room").expect("it starts");
    assert_eq!((timeline.branch().id, timeline.position()), (1, 15));
}

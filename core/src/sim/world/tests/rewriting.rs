//! Every failure at every step of runs in which a log is rewritten.

use super::*;
use crate::sim::fact::{ChildStep, FileWork, Progress};
use crate::sim::rewriting::{Parameters, Stage};
use crate::sim::scenario::Scenario;
use crate::sim::timeline::Timeline;

/// Enough for all prefixes of what is ever pending here, and for a part of the zero tails.
const LIMITS: Limits = Limits { images: 120, total_bytes: 1_000_000 };

/// Three keys, one of them redundant, a rewrite, and writes at every stage of it: while the child
/// writes, after it has asked to stop, while gates are held, and behind the switch.
pub(in crate::sim::world) fn rewritten(policy: Policy, profile: ProfileName) -> Scenario {
    let mut scenario = empty(policy, profile, 3);
    scenario.settings.config.aof_rewrite_block_bytes = 32;
    scenario.settings.rewriting = Parameters {
        pipe_bytes: 40,
        write_bytes: 32,
        write_micros: 4_000,
        step_micros: 2_000,
        read_diff_every_bytes: 64,
        ..Parameters::default()
    };
    scenario.inputs = vec![
        command(10_000, "SET a 1"),
        command(10_000, "INCR a"),
        command(10_000, "SELECT 2"),
        command(10_000, "RPUSH l x y"),
        command(30_000, "BGREWRITEAOF"),
        command(36_000, "INCR n"),
        command(95_500, "SET b 2"),
        command(101_010, "DEL l"),
        command(130_000, "INCR n"),
        command(1_400_000, "SET c 3"),
    ];
    scenario
}

fn run(scenario: Scenario) -> World {
    world_of(scenario)
}

/// Every state of a run, with the step that led to it.
fn all_states(mut world: World) -> Vec<(World, Option<Fact>)> {
    let mut states = vec![(world.clone(), None)];
    while let Some(fact) = world.step() {
        states.push((world.clone(), Some(fact)));
    }
    assert!(states.len() < 200, "{}", states.len());
    states
}

fn judged(down: &World, model: DiskModel) -> Survey {
    let survey = down.survey(model, LIMITS).expect("the server is down");
    assert!(survey.images > 0);
    assert!(down.log_describes_memory(), "the log is what the engine had in memory");
    survey
}

#[test]
fn a_rewrite_goes_through_all_its_stages() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            let states = all_states(run(rewritten(policy, profile)));
            let stages: Vec<Stage> =
                states.iter().filter_map(|(world, _)| Some(world.rewriting()?.stage)).collect();
            let context = format!("{policy:?} {profile:?} {stages:?}");
            assert!(stages.contains(&Stage::Child) && stages.contains(&Stage::Done), "{context}");
            let background = profile == ProfileName::Hardened;
            for stage in [Stage::Sealing, Stage::Renaming, Stage::SyncingDirectory] {
                assert!(stages.contains(&stage) || !background, "{stage:?} {context}");
            }
            let (last, _) = states.last().expect("one");
            assert_eq!(last.machine().written(), last.journal().end(), "{context}");
        }
    }
}

#[test]
fn hardened_keeps_its_promise_at_every_step_of_a_rewrite() {
    let (mut cases, mut two_names) = (0, 0);
    for policy in Policy::ALL {
        let states = all_states(run(rewritten(policy, ProfileName::Hardened)));
        for (step, (world, _)) in states.iter().enumerate() {
            let frontier = world.frontier(DiskModel::AnyPrefix);
            let engine = world.engine().expect("it runs");
            let positions = world.machine().positions;
            let context = format!("{policy:?} step {step}");
            assert!(positions.of(engine.ledger().synced()) <= frontier.safe(), "{context}");
            assert!(positions.of(engine.ledger().written()) <= frontier.written, "{context}");
            two_names += u32::from(frontier.elsewhere.is_some());
            for (input, name) in &FAILURES {
                let down = struck(world, input.clone());
                for model in DiskModel::IN_ORDER {
                    let survey = judged(&down, model);
                    assert_eq!(breaches(&survey), [], "{context} {name} {model:?}");
                    verdict_agrees(world, &survey, *name == "kill", model, &context);
                    cases += 1;
                }
            }
        }
    }
    assert!(cases > 1_000 && two_names > 3, "{cases} {two_names}");
}

/// What the verdict calls kept is in every image, and what it calls lost in none.
fn verdict_agrees(world: &World, survey: &Survey, killed: bool, model: DiskModel, context: &str) {
    if survey.more_than {
        return;
    }
    let verdict = world.verdict(model);
    let row = if killed { &verdict.killed } else { &verdict.power };
    let reached = |group: &crate::sim::recover::Group| {
        let length = group.recovery.length_bytes()?;
        group.witness.origin.position_of(length)
    };
    let positions: Vec<Option<u64>> = survey.groups.iter().map(reached).collect();
    for (number, asked) in world.journal().asked().iter().enumerate() {
        if !asked.is_acknowledged_write() {
            continue;
        }
        let fate = row.fates.iter().find(|(known, _)| *known == number).map(|(_, fate)| *fate);
        let holds = |position: &Option<u64>| position.is_some_and(|at| asked.to <= at);
        match fate {
            None => assert!(positions.iter().all(holds), "{context} {number} {positions:?}"),
            Some(crate::sim::verdict::Fate::Lost) => {
                assert!(!positions.iter().any(holds), "{context} {number} {positions:?}");
            }
            Some(_) => {}
        }
    }
}

/// What Redis 6.2 cannot promise: zeros at the end, and what was logged behind a name that is not
/// durable.
#[test]
fn redis_keeps_its_promise_at_every_step_of_a_rewrite_but_for_names_and_zeros() {
    let mut behind_names = 0;
    for policy in Policy::ALL {
        let states = all_states(run(rewritten(policy, ProfileName::Redis62)));
        for (step, (world, _)) in states.iter().enumerate() {
            let two_names = world.frontier(DiskModel::AnyPrefix).elsewhere.is_some();
            for (input, name) in &FAILURES {
                let down = struck(world, input.clone());
                for model in DiskModel::IN_ORDER {
                    let context = format!("{policy:?} step {step} {name} {model:?}");
                    let survey = judged(&down, model);
                    for breach in breaches(&survey) {
                        let by_zeros = model.leaves_zeros();
                        let by_name = two_names && matches!(breach, Breach::TooShort { .. });
                        assert!(
                            *name == "power cut" && (by_zeros || by_name),
                            "{context} {breach:?}"
                        );
                        behind_names += u32::from(by_name && !by_zeros);
                    }
                    if !model.leaves_zeros() {
                        verdict_agrees(world, &survey, *name == "kill", model, &context);
                    }
                }
            }
        }
    }
    assert!(behind_names > 0, "the known hole of a directory that is never synced was not found");
}

/// The server starts again from every image and goes on; then the power is cut once more.
#[test]
fn a_start_after_any_failure_goes_on_where_the_log_ends() {
    let mut from_new = 0;
    for policy in Policy::ALL {
        let states = all_states(run(rewritten(policy, ProfileName::Hardened)));
        for (step, (world, _)) in states.iter().enumerate().step_by(2) {
            for (input, name) in &FAILURES {
                for pick in [Pick::Worst, Pick::Best] {
                    let mut down = struck(world, input.clone());
                    let context = format!("{policy:?} step {step} {name} {pick:?}");
                    let model = DiskModel::AnyPrefix;
                    let before = down.journal().acknowledged_upto();
                    down.submit(Due {
                        at: down.now(),
                        input: Input::Boot { pick: pick.clone(), model },
                    });
                    while down.engine().is_none() {
                        let fact = down.step();
                        assert!(fact.is_some(), "{context}");
                    }
                    let disk = &down.machine().disk;
                    let mut left = disk.names();
                    left.retain(|name| disk.cached_name(name).is_some());
                    assert_eq!(left.len(), 1, "{context}: orphans");
                    let positions = down.machine().positions;
                    from_new += u32::from(positions.engine != positions.world);
                    if *name == "kill" || policy == Policy::Always {
                        assert!(down.journal().end() >= before, "{context}");
                    }
                    let at = Micros(down.now().0 + 5_000);
                    down.submit(Due { at, ..command(0, "SET z 9") });
                    let again = down.journal().acknowledged_writes() + 1;
                    while down.journal().acknowledged_writes() < again {
                        assert!(down.step().is_some(), "{context}");
                    }
                    let end = down.journal().end();
                    assert_eq!(down.machine().written(), end, "{context}");
                    let down = struck(&down, Input::CutPower);
                    assert_eq!(breaches(&judged(&down, model)), [], "{context}");
                }
            }
        }
    }
    assert!(from_new > 10, "{from_new}");
}

/// The old log stays whole, nothing is left behind, and the next rewrite succeeds.
#[test]
fn a_child_that_is_killed_anywhere_costs_nothing_but_the_attempt() {
    let mut killed = 0;
    for profile in ProfileName::ALL {
        for (step, (world, _)) in
            all_states(run(rewritten(Policy::EverySec, profile))).iter().enumerate()
        {
            let mut world = world.clone();
            let lives = world.machine().child.as_ref().is_some_and(|child| child.is_alive());
            world.submit(Due { at: world.now(), input: Input::KillChild });
            let fact = world.step();
            assert_eq!(matches!(fact, Some(Fact::ChildKilled { .. })), lives, "{profile:?} {step}");
            if !lives {
                continue;
            }
            killed += 1;
            world.submit(command(3_000_000, "BGREWRITEAOF"));
            while world.step().is_some() {}
            let context = format!("{profile:?} step {step}");
            let engine = world.engine().expect("it runs");
            assert_eq!(
                (engine.rewrite().completed(), engine.rewrite().forks()),
                (1, 2),
                "{context}"
            );
            assert_eq!(world.machine().written(), world.journal().end(), "{context}");
            let names: Vec<&str> = world.machine().disk.names().into_iter().collect();
            assert_eq!(names, ["appendonly.aof"], "{context}");
            let down = struck(&world, Input::Kill);
            assert_eq!(breaches(&judged(&down, DiskModel::AnyPrefix)), [], "{context}");
        }
    }
    assert!(killed > 20, "{killed}");
}

/// A disk that is full from some step on, and has room again later; and one whose next sync fails.
#[test]
fn a_disk_that_fails_at_any_step_of_a_rewrite_breaks_no_promise() {
    let mut failed = 0;
    for policy in Policy::ALL {
        let states = all_states(run(rewritten(policy, ProfileName::Hardened)));
        for fault in [Fault::FillDisk, Fault::FailNextSync, Fault::ShortWrite] {
            for (step, (world, _)) in states.iter().enumerate().step_by(3) {
                let mut world = world.clone();
                world.submit(Due { at: world.now(), input: Input::Fault(fault) });
                world.submit(Due { at: Micros(2_500_000), input: Input::Fault(Fault::FreeDisk) });
                let mut steps = 0;
                while steps < 150 && world.step().is_some() {
                    steps += 1;
                    let Some(engine) = world.engine() else { break };
                    failed += u32::from(engine.rewrite().last_failed());
                    if steps % 7 == 0 {
                        let down = struck(&world, Input::CutPower);
                        let context = format!("{policy:?} {fault:?} step {step} and {steps}");
                        assert_eq!(breaches(&judged(&down, DiskModel::AnyPrefix)), [], "{context}");
                    }
                }
            }
        }
    }
    assert!(failed > 0);
}

#[test]
fn seeking_through_a_rewrite_equals_a_straight_run() {
    for profile in ProfileName::ALL {
        let scenario = rewritten(Policy::EverySec, profile);
        let digests: Vec<u128> =
            all_states(run(scenario.clone())).iter().map(|(world, _)| world.digest()).collect();
        let mut timeline = Timeline::new(scenario).expect("an empty log loads");
        let steps = timeline.branch().steps();
        assert_eq!(steps + 1, digests.len() as u64);
        for step in (0..=steps).rev().chain(0..=steps) {
            timeline.seek(step).expect("it is known");
            let index = usize::try_from(step).expect("small");
            assert_eq!(timeline.world().digest(), digests[index], "{profile:?} step {step}");
        }
    }
}

/// Pages are split by writes and by nothing else, and no further once the child has gone.
#[test]
fn pages_are_split_by_writes_alone() {
    let states = all_states(run(rewritten(Policy::EverySec, ProfileName::Hardened)));
    let mut before: Vec<u32> = Vec::new();
    for (world, fact) in &states {
        let Some(view) = world.rewriting() else { continue };
        let grew = view.pages.split.len() > before.len();
        let wrote = matches!(fact, Some(Fact::Command { from, to, .. }) if from < to);
        assert!(!grew || wrote, "{fact:?}");
        assert_eq!(view.pages.split_now.len(), view.pages.split.len() - before.len());
        before = view.pages.split;
    }
    // DEL l; the new keys of its database lie in memory that the child never had.
    assert_eq!(before.len(), 1);
}

#[test]
fn an_orphan_goes_on_until_it_finds_out() {
    let mut scenario = rewritten(Policy::EverySec, ProfileName::Redis62);
    scenario.settings.rewriting.orphan_lives = true;
    let mut world = run(scenario);
    while world.machine().child.is_none() {
        world.step().expect("there will be a child");
    }
    let mut world = struck(&world, Input::Kill);
    let mut steps = Vec::new();
    while let Some(fact) = world.step() {
        steps.push(fact);
    }
    let exited =
        matches!(steps.last(), Some(Fact::Child { step: ChildStep::Exited { code: 1 }, .. }));
    assert!(exited, "{steps:?}");
    assert!(world.machine().child.is_none());
    assert_eq!(world.machine().disk.names().len(), 1, "it removed its file");
}

/// The same run, recorded and followed: the child is not simulated, and the facts of the server
/// are the same.
#[test]
fn a_recorded_rewrite_is_followed() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            let scenario = rewritten(policy, profile);
            let settings = Settings { record: true, ..scenario.settings };
            let mut world = World::new(settings).expect("an empty log loads");
            scenario.inputs.iter().for_each(|due| world.submit(due.clone()));
            let mut recorded = Vec::new();
            while let Some(fact) = world.step() {
                recorded.push(fact);
            }
            let settings = settings_of(world.trace()).expect("a trace");
            let mut follower = World::new(settings).expect("the same log");
            let mut followed = Vec::new();
            while follower.follows() {
                followed.extend(follower.step());
            }
            let context = format!("{policy:?} {profile:?}");
            assert_eq!(follower.differs_at(), None, "{context}");
            let kind = |fact: &Fact| {
                let text = format!("{fact:?}");
                let end = text.find([' ', '(', '{']).unwrap_or(text.len());
                text[..end].to_owned()
            };
            let of_server = |facts: &[Fact]| -> Vec<String> {
                let outside = |fact: &&Fact| {
                    !matches!(
                        fact,
                        Fact::Child { .. }
                            | Fact::Connected { .. }
                            | Fact::Writeback { .. }
                            | Fact::NamesWrittenBack
                    )
                };
                facts.iter().filter(outside).map(kind).collect()
            };
            assert_eq!(of_server(&followed), of_server(&recorded), "{context}");
            assert_eq!(follower.machine().file_bytes(), world.machine().file_bytes(), "{context}");
            let content = |world: &World| {
                let stored = world.machine().disk.file(world.machine().inode);
                stored.expect("the log").cached().to_vec()
            };
            assert_eq!(content(&follower), content(&world), "{context}");
            let renamed = followed.iter().any(|fact| {
                matches!(fact, Fact::File { work: FileWork::Rename { .. }, progress, .. }
                    if matches!(progress, Progress::Ended { .. }))
            });
            assert!(renamed, "{context}");
        }
    }
}

//! The log is turned off and on again: nothing is promised before its first rewrite is complete.

use super::*;
use crate::aof::log::State;
use crate::sim::rewriting::{Cause, Parameters};
use crate::sim::scenario::Scenario;

const LIMITS: Limits = Limits { images: 120, total_bytes: 1_000_000 };

fn turned_on(policy: Policy, profile: ProfileName) -> Scenario {
    let mut scenario = empty(policy, profile, 3);
    scenario.settings.rewriting =
        Parameters { write_micros: 30_000, silent_ms: 3, ..Parameters::default() };
    scenario.inputs = vec![
        command(10_000, "SET old 1"),
        command(1_200_000, "CONFIG SET appendonly no"),
        command(1_300_000, "SET between 2"),
        command(1_400_000, "CONFIG SET appendonly yes"),
        command(1_410_000, "SET meanwhile 3"),
        command(2_000_000, "SET after 4"),
    ];
    scenario
}

/// It starts from this image, is written to, and fails once more.
fn goes_on(mut down: World, pick: Pick, context: &str) {
    let model = DiskModel::AnyPrefix;
    down.submit(Due { at: down.now(), input: Input::Boot { pick, model } });
    while down.engine().is_none() {
        assert!(down.step().is_some(), "{context}");
    }
    if !down.config().appendonly {
        return;
    }
    let again = down.journal().acknowledged_writes() + 1;
    let at = Micros(down.now().0 + 5_000);
    down.submit(Due { at, ..command(0, "SET z 9") });
    while down.journal().acknowledged_writes() < again {
        assert!(down.step().is_some(), "{context}");
    }
    let down = struck(&down, Input::Kill);
    assert!(down.log_describes_memory(), "{context}");
    let survey = down.survey(model, LIMITS).expect("it is down");
    assert_eq!(breaches(&survey), [], "{context}");
}

/// Acknowledged writes of this key.
fn acknowledged(world: &World, key: &[u8]) -> u64 {
    let asked = world.journal().asked().iter();
    let writes = asked.filter(|asked| asked.is_acknowledged_write());
    writes.filter(|asked| asked.words.as_argv().get(1) == Some(key)).count() as u64
}

#[test]
fn a_log_that_is_turned_on_promises_nothing_before_its_first_rewrite() {
    let (mut waiting, mut off, mut on_again) = (0, 0, 0);
    for policy in Policy::ALL {
        let mut world = world_of(turned_on(policy, ProfileName::Hardened));
        let mut steps = 0;
        loop {
            let engine = world.engine().expect("it runs");
            let waits = engine.log().state() == State::WaitRewrite;
            waiting += u32::from(waits);
            let done = engine.rewrite().completed() == 1;
            on_again += u32::from(done);
            for (input, name) in &FAILURES {
                let down = struck(&world, input.clone());
                for model in [DiskModel::Exact, DiskModel::AnyPrefix] {
                    let survey = down.survey(model, LIMITS).expect("it is down");
                    let context = format!("{policy:?} step {steps} {name} {model:?}");
                    assert_eq!(breaches(&survey), [], "{context}");
                    if done {
                        assert!(down.log_describes_memory(), "{context}");
                    }
                }
                for pick in [Pick::Worst, Pick::Best] {
                    let context = format!("{policy:?} step {steps} {name} {pick:?}");
                    goes_on(down.clone(), pick, &context);
                }
            }
            let named = world.machine().disk.cached_name("appendonly.aof");
            let state = world.engine().map(|engine| engine.log().state());
            if state != Some(State::On) && named == Some(world.machine().inode) {
                // What is acknowledged while the log is off or waits is told to be lost.
                let at_risk = acknowledged(&world, b"between") + acknowledged(&world, b"meanwhile");
                off += u32::from(state == Some(State::Off) && at_risk == 1);
                for model in DiskModel::IN_ORDER {
                    let verdict = world.verdict(model);
                    // Before the log is off, what it holds may still be on its way to the disk.
                    let power = if state == Some(State::Stopping) { 0 } else { verdict.power.lost };
                    let lost = [verdict.killed.lost, power.max(at_risk)];
                    assert_eq!(lost, [at_risk; 2], "{policy:?} step {steps} {model:?}");
                }
            }
            if world.step().is_none() {
                break;
            }
            steps += 1;
        }
        let view = world.rewriting().expect("there was a fork");
        assert_eq!(view.cause, Cause::TurningOn);
        assert_eq!(world.verdict(DiskModel::AnyPrefix).killed.lost, 0);
        let keys = world.engine().expect("it runs").executor().keyspace.len();
        assert_eq!(keys, 4);
    }
    assert!(waiting > 10 && off >= 3 && on_again > 5, "{waiting} {off} {on_again}");
}

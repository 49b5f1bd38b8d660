//! Anything at any time: commands, ends of work in any order, faults, kills of the child, changes
//! of the policy. After every event the crashes that are possible are checked, and in the end
//! nobody waits for ever.

use std::ops::Range;

use super::rig::Rig;
use crate::aof::log::State;
use crate::config::Config;
use crate::effect::Lane;
use crate::event::ChildStatus;
use crate::profile::ProfileName;
use crate::random::Random;
use crate::rewrite::stage::Stage;
use crate::rewrite::switch::Limits;
use crate::units::{ClientId, Errno};

const FAULTS: [&str; 9] =
    ["pipes", "fork", "open", "append", "sync new", "rename", "directory", "write", "ack"];

fn one_step(rig: &mut Rig, random: &mut Random, step: u64) {
    let client = 1 + random.below(3);
    match random.below(22) {
        0..=5 => drop(rig.turn(client, &format!("SET key{} {step}", random.below(4)))),
        6 => drop(rig.command(client, "INCR n")),
        7 => {
            rig.command(client, "MULTI");
            rig.command(client, &format!("SET x {step}"));
            rig.command(client, &format!("SET y {step}"));
            rig.turn(client, "EXEC");
        }
        8 => drop(rig.turn(client, "BGREWRITEAOF")),
        9 => drop(rig.tick(100)),
        10 => drop(rig.tick(1_000)),
        11 | 12 => drop(rig.job_of_lane(Lane::Sync)),
        13 | 14 => drop(rig.job_of_lane(Lane::Slow)),
        15 => drop(rig.turn_end()),
        16 => {
            let fault = FAULTS[usize::try_from(random.below(9)).unwrap()];
            rig.outside.fails.push((fault, Errno::EIO));
        }
        17 if rig.outside.killed.is_some() => drop(rig.killed_child_ends()),
        18 if rig.outside.child.is_some() && rig.outside.killed.is_none() => {
            if random.below(4) == 0 {
                rig.child_dies(ChildStatus::Signal(9));
            }
        }
        17..=20 if rig.outside.child.is_some() && rig.outside.killed.is_none() => {
            rig.child_reads();
            if rig.outside.acked {
                rig.child_ends();
            } else {
                rig.child_asks();
            }
        }
        _ => {
            let policy = ["everysec", "no"][usize::try_from(random.below(2)).unwrap()];
            rig.turn(client, &format!("CONFIG SET appendfsync {policy}"));
        }
    }
}

fn until_all_is_quiet(rig: &mut Rig) {
    rig.outside.fails.clear();
    for _ in 0..300 {
        rig.settle();
        if rig.outside.killed.is_some() {
            rig.killed_child_ends();
        } else if rig.outside.child.is_some() {
            if !rig.outside.acked {
                rig.child_asks();
            }
            if rig.outside.acked {
                rig.child_ends();
            } else {
                rig.child_dies(ChildStatus::Code(1));
            }
        }
        rig.tick(1_000);
    }
}

#[test]
fn whatever_happens_nothing_promised_is_lost_and_nobody_waits_for_ever() {
    run(0..10);
}

/// `cargo test --release -p aof-core --lib whatever_happens`. Minutes without optimization, so a
/// debug build does not have it.
#[test]
#[cfg(not(debug_assertions))]
fn whatever_happens_for_longer() {
    run(10..500);
}

fn run(seeds: Range<u64>) {
    for seed in seeds {
        for profile in ProfileName::ALL {
            for appendonly in [true, false] {
                let mut rig = Rig::with(Config { profile, appendonly, ..Config::default() });
                rig.engine.set_catch_up_limits(Limits {
                    append_bytes: 40,
                    sync_bytes: 80,
                    little_bytes: 30,
                    most_rounds: 4,
                });
                rig.outside.pipe_capacity = 90;
                let mut random = Random::new(seed);
                if !appendonly {
                    rig.turn(1, "SET before 1");
                    rig.turn(1, "CONFIG SET appendonly yes");
                }
                for step in 0..120 {
                    one_step(&mut rig, &mut random, step);
                }
                until_all_is_quiet(&mut rig);
                let context = format!("seed {seed} {profile:?} on at first: {appendonly}");
                assert_eq!(rig.engine.rewrite().stage(), Stage::Idle, "{context}");
                for client in 1..=3 {
                    let held =
                        rig.engine.client(ClientId(client)).map(|client| client.held_bytes());
                    assert_eq!(held.unwrap_or(0), 0, "{context}: client {client} waits");
                }
                if rig.engine.log().state() == State::On {
                    rig.assert_log_is_complete();
                    assert_eq!(rig.outside.open.len(), 1, "{context}");
                }
                assert_eq!(rig.leftovers(), 0, "{context}");
            }
        }
    }
}

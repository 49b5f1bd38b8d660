//! A failure, a start, and a failure again: at every step, also at every step of the start.

use super::*;
use crate::sim::bytes::Edits;

fn boot(model: DiskModel, pick: Pick) -> Input {
    Input::Boot { pick, model }
}

/// Starts again and sends one more write.
fn restarted(down: &World, model: DiskModel, pick: Pick) -> World {
    let mut world = down.clone();
    let now = world.now();
    world.submit(Due { at: now, input: boot(model, pick) });
    world.submit(command(now.0, "SET e 5"));
    world
}

fn second_failures(profile: ProfileName, first: &Input, model: DiskModel) -> Vec<(String, Breach)> {
    let mut found = Vec::new();
    for policy in Policy::ALL {
        for (step, world) in states(four_writes(policy, profile)).iter().enumerate() {
            let down = struck(world, first.clone());
            for pick in [Pick::Worst, Pick::Best] {
                let again = restarted(&down, model, pick.clone());
                for (later, world) in states(again).iter().enumerate().skip(1) {
                    if world.down().is_some() {
                        continue;
                    }
                    for (input, name) in &FAILURES {
                        let down = struck(world, input.clone());
                        for breach in breaches(&survey(&down, model)) {
                            let context =
                                format!("{policy:?} {step} {pick:?}, {name} {later} later");
                            found.push((context, breach));
                        }
                    }
                }
            }
        }
    }
    found
}

#[test]
fn hardened_keeps_its_promise_over_two_failures() {
    for (first, _) in &FAILURES {
        for model in [DiskModel::Exact, DiskModel::AnyPrefix] {
            assert_eq!(second_failures(ProfileName::Hardened, first, model), []);
        }
    }
}

#[test]
fn redis_believes_that_what_it_loaded_is_durable() {
    let model = DiskModel::Exact;
    let found = second_failures(ProfileName::Redis62, &Input::Kill, model);
    assert!(found.iter().any(|(_, breach)| matches!(breach, Breach::TooShort { .. })));
    // After a power cut what it loads is what the medium has.
    assert_eq!(second_failures(ProfileName::Redis62, &Input::CutPower, model), []);
}

/// The facts of a start, by name.
fn facts_of_boot(down: &World, model: DiskModel, pick: Pick) -> Vec<String> {
    let mut world = down.clone();
    world.submit(Due { at: world.now(), input: boot(model, pick) });
    let mut facts = Vec::new();
    while let Some(fact) = world.step() {
        facts.push(match fact {
            Fact::BootOpen { image_bytes } => format!("open {image_bytes}"),
            Fact::BootCommand { command, from, to, .. } => format!("{command}: {from}..{to}"),
            Fact::BootTruncate { tail, torn_bytes } => {
                format!("cut {} to {}, {torn_bytes:?}", tail.size_bytes, tail.valid_up_to)
            }
            Fact::BootSync => "sync".to_owned(),
            Fact::BootSyncDirectory => "sync directory".to_owned(),
            Fact::BootReady { commands, keys, length_bytes } => {
                format!("ready {commands} {keys} {length_bytes}")
            }
            Fact::BootRefused { class, at, .. } => format!("refused {class:?} at {at}"),
            other => format!("{other:?}"),
        });
    }
    facts
}

#[test]
fn a_start_is_a_row_of_steps() {
    let model = DiskModel::AnyPrefix;
    for (profile, tail) in
        [(ProfileName::Redis62, &[][..]), (ProfileName::Hardened, &["sync", "sync directory"])]
    {
        let down = struck(&states(four_writes(Policy::EverySec, profile))[12], Input::CutPower);
        let mut expected = vec!["open 63", "1: 0..23", "2: 23..50", "cut 63 to 50, Some(27)"];
        expected.extend(tail);
        expected.push("ready 2 1 50");
        assert_eq!(facts_of_boot(&down, model, Pick::Length(63)), expected);
    }
}

#[test]
fn a_start_from_zeros_is_refused_by_redis_and_cut_by_hardened() {
    let model = DiskModel::ZeroTail;
    for (profile, last) in [
        (ProfileName::Redis62, "refused Some(Malformed) at 50"),
        (ProfileName::Hardened, "ready 2 1 50"),
    ] {
        let down = struck(&states(four_writes(Policy::EverySec, profile))[12], Input::CutPower);
        let facts = facts_of_boot(&down, model, Pick::Length(63));
        assert_eq!(facts.last().map(String::as_str), Some(last), "{facts:?}");
    }
}

#[test]
fn what_survives_keeps_its_place_and_what_does_not_is_lost() {
    let states = states(four_writes(Policy::EverySec, ProfileName::Redis62));
    let down = struck(&states[15], Input::CutPower);
    let mut world = restarted(&down, DiskModel::AnyPrefix, Pick::Length(80));
    while world.step().is_some() {}
    let entries: Vec<(u64, u64)> =
        world.journal().entries().iter().map(|entry| (entry.from, entry.to)).collect();
    // SELECT, a and b are loaded; the first write after a start selects again.
    assert_eq!(entries, [(0, 23), (23, 50), (50, 77), (77, 100), (100, 127)]);
    let lost: Vec<bool> = world.journal().asked().iter().map(|asked| asked.lost).collect();
    assert_eq!(lost, [false, false, true, true, false]);
    assert_eq!(world.journal().acknowledged_writes(), 3);
}

fn by_hand(cut: Option<u64>, flips: &[(u64, u8)], load_truncated: Option<bool>) -> Pick {
    let edits = Edits { cut, flips: flips.to_vec() };
    Pick::ByHand(Box::new(ByHand { of: Pick::Best, edits, load_truncated }))
}

#[test]
fn a_file_that_was_changed_by_hand_is_loaded_as_it_is_now() {
    let states = states(four_writes(Policy::EverySec, ProfileName::Redis62));
    let model = DiskModel::AnyPrefix;
    for (failure, name) in FAILURES {
        let down = struck(&states[15], failure);
        // The end of SET b is missing.
        let facts = facts_of_boot(&down, model, by_hand(Some(60), &[], None));
        let expected =
            ["open 60", "1: 0..23", "2: 23..50", "cut 60 to 50, Some(27)", "ready 2 1 50"];
        assert_eq!(facts, expected, "{name}");
        let facts = facts_of_boot(&down, model, by_hand(Some(60), &[], Some(false)));
        assert_eq!(facts.last().expect("a fact"), "refused Some(Truncated) at 50", "{name}");
        // A length.
        let facts = facts_of_boot(&down, model, by_hand(None, &[(23, 1)], None));
        assert_eq!(facts.last().expect("a fact"), "refused Some(Malformed) at 23", "{name}");
    }
}

#[test]
fn a_value_that_was_changed_by_hand_is_nobodys_write() {
    let states = states(four_writes(Policy::EverySec, ProfileName::Redis62));
    for (failure, name) in FAILURES {
        let down = struck(&states[15], failure);
        // The value of SET a.
        let mut world = restarted(&down, DiskModel::AnyPrefix, by_hand(None, &[(47, 2)], None));
        while world.step().is_some() {}
        let value = world.engine().and_then(|engine| {
            let database = engine.executor().keyspace.databases().next()?.1;
            database
                .iter()
                .find(|entry| entry.key == b"a")
                .map(|entry| format!("{:?}", entry.value))
        });
        assert!(value.as_ref().is_some_and(|value| value.contains('3')), "{name}: {value:?}");
        let lost: Vec<bool> = world.journal().asked().iter().map(|asked| asked.lost).collect();
        // What stands behind it is as it was, and no longer of this history.
        assert_eq!(lost, [true, true, true, true, false], "{name}");
        assert_eq!(world.journal().acknowledged_writes(), 1, "{name}");
    }
}

/// Whoever puts a file under the name of the log puts it behind the rename of a rewrite that the
/// medium has not seen yet, and a file that nobody touched is no more durable than before.
#[test]
fn a_file_that_was_put_there_by_hand_stays_there() {
    let model = DiskModel::AnyPrefix;
    let mut scenario = empty(Policy::EverySec, ProfileName::Redis62, 3);
    scenario.inputs = vec![
        command(10_000, "SET a 1"),
        command(20_000, "BGREWRITEAOF"),
        command(900_000, "SET b 2"),
    ];
    let is_renamed =
        |disk: &Disk| disk.cached_name("appendonly.aof") != disk.durable_name("appendonly.aof");
    let (mut between, mut untouched) = (0, 0);
    for world in states(world_of(scenario)) {
        if !is_renamed(&world.machine.disk) || world.down().is_some() {
            continue;
        }
        between += 1;
        let down = struck(&world, Input::Kill);
        let mut again = restarted(&down, model, by_hand(Some(50), &[], None));
        while again.step().is_some() {}
        let cut = struck(&again, Input::CutPower);
        assert_eq!(breaches(&survey(&cut, model)), [], "step {between}");
        let again = restarted(&down, model, by_hand(None, &[], Some(false)));
        let started = states(again).into_iter().find(|world| world.engine().is_some());
        let disk = &started.expect("it starts").machine.disk;
        untouched += usize::from(is_renamed(disk));
    }
    assert!(between > 3 && untouched > 0, "{between} {untouched}");
}

/// Zeros, flips and cuts anywhere, also in what a rewritten file begins with: the run goes on to
/// its end, and what is told of it is what the server has in memory.
#[test]
fn the_log_describes_what_was_loaded_wherever_a_hand_was() {
    let mut scenario = empty(Policy::EverySec, ProfileName::Redis62, 3);
    scenario.inputs = vec![
        command(10_000, "SET a 1"),
        command(20_000, "BGREWRITEAOF"),
        command(900_000, "SET b 2"),
        command(910_000, "SET c 3"),
    ];
    let rewritten = states(world_of(scenario)).pop().expect("a state");
    let plain = states(four_writes(Policy::EverySec, ProfileName::Redis62))[15].clone();
    let (mut served, mut refused) = (0, 0);
    for world in [rewritten, plain] {
        for (failure, name) in FAILURES {
            let down = struck(&world, failure);
            for place in 0..110 {
                for pick in [by_hand(Some(place), &[], None), by_hand(None, &[(place, 1)], None)] {
                    let mut again = restarted(&down, DiskModel::AnyPrefix, pick);
                    while again.step().is_some() {}
                    if again.engine().is_none() {
                        refused += 1;
                        continue;
                    }
                    served += 1;
                    let down = struck(&again, Input::Kill);
                    assert!(down.log_describes_memory(), "{name} {place}");
                }
            }
        }
    }
    assert!(served > 100 && refused > 100, "{served} {refused}");
}

/// A transaction is torn anywhere, the server starts, goes on, is killed, and starts again: what
/// the world says was executed is what the server has in memory, whatever the profile makes of the
/// open MULTI. A tear inside it is left there by Redis 6.2, and applied in part by Redis 3.0.
#[test]
fn the_journal_tells_of_torn_transactions_as_the_server_does() {
    let model = DiskModel::AnyPrefix;
    for profile in ProfileName::ALL {
        let mut scenario = empty(Policy::EverySec, profile, 3);
        let transfer = |at| ["MULTI", "DECR from", "INCR to", "EXEC"].map(|line| command(at, line));
        scenario.inputs = vec![command(100_000, "SET a 1")];
        scenario.inputs.extend(transfer(1_300_000));
        let states = states(world_of(scenario));
        let acknowledged = |world: &&World| world.journal().acknowledged_writes() == 2;
        let down = struck(states.iter().find(acknowledged).expect("reached"), Input::CutPower);
        let end = down.machine().written();
        for length in 50..=end {
            for second in [false, true] {
                let mut world = restarted(&down, model, Pick::Length(length));
                while world.step().is_some() {}
                let now = world.now();
                if second {
                    transfer(now.0).into_iter().for_each(|due| world.submit(due));
                    while world.step().is_some() {}
                }
                for _ in 0..2 {
                    world = struck(&world, Input::Kill);
                    let context = format!("{profile:?} {length} {second}");
                    assert!(world.log_describes_memory(), "{context}");
                    world = restarted(&world, model, Pick::Best);
                    while world.step().is_some() {}
                    assert!(world.engine().is_some(), "{context}");
                }
            }
        }
    }
}

/// No sync of a start can notice that an earlier one had failed: the pages count as clean. What
/// the cache shows is loaded and believed, and a power cut takes it. Only a file written anew
/// would help.
#[test]
fn a_start_cannot_see_that_a_sync_had_failed() {
    let mut world = four_writes(Policy::EverySec, ProfileName::Hardened);
    world.submit(Due { at: Micros(1_900_000), input: Input::Fault(Fault::FailNextSync) });
    let failed = states(world)
        .into_iter()
        .find(|world| world.engine().is_some_and(|engine| engine.log().lost_from().is_some()))
        .expect("the second sync fails");
    let mut again = restarted(&struck(&failed, Input::Kill), DiskModel::Exact, Pick::Best);
    while again.step().is_some() {}
    let found = breaches(&survey(&struck(&again, Input::CutPower), DiskModel::Exact));
    assert_eq!(found, [Breach::Refused]);
}

/// The names of temporary files that processes see.
fn temporary(world: &World) -> Vec<String> {
    let disk = &world.machine().disk;
    let names = disk.names().into_iter().filter(|name| disk.cached_name(name).is_some());
    names.filter(|name| crate::rewrite::names::left_by(name).is_some()).map(str::to_owned).collect()
}

/// The server is killed, or the power is cut, at every step of a rewrite, and what a child has left
/// is gone as soon as the server serves again. Redis leaves it.
#[test]
fn a_start_leaves_nothing_of_a_rewrite_behind() {
    for profile in ProfileName::ALL {
        let mut scenario = empty(Policy::EverySec, profile, 3);
        scenario.inputs = vec![
            command(10_000, "SET a 1"),
            command(20_000, "BGREWRITEAOF"),
            command(21_000, "SET b 2"),
        ];
        let (mut left, mut kept) = (0, 0);
        for world in states(world_of(scenario)) {
            for (input, name) in &FAILURES {
                let down = struck(&world, input.clone());
                let mut again = restarted(&down, DiskModel::Exact, Pick::Worst);
                left += usize::from(!temporary(&again).is_empty());
                while again.engine().is_none() {
                    let fact = again.step();
                    assert!(fact.is_some(), "{profile:?} {name}: it never serves");
                }
                kept += usize::from(!temporary(&again).is_empty());
            }
        }
        assert!(left > 10, "{profile:?}: only {left} failures left something");
        match profile {
            ProfileName::Hardened => assert_eq!(kept, 0),
            ProfileName::Redis62 | ProfileName::Redis30 => assert!(kept > 10, "{kept} of {left}"),
        }
    }
}

//! When the pipe is read, when the file is synced, and when draining ends.

use super::*;

fn many_keys(keys: usize, value_bytes: usize) -> Keyspace {
    let mut keyspace = Keyspace::new(0);
    for key in 0..keys {
        let value = Value::string(&vec![b'v'; value_bytes]);
        keyspace.db_mut(0).insert(format!("key:{key}").as_bytes(), value);
    }
    keyspace
}

fn default_parameters() -> Parameters {
    Parameters::of(&Config::default())
}

fn is_over(child: &Child) -> bool {
    matches!(child.stage(), Stage::Exited { .. })
}

#[test]
fn the_parameters_are_those_of_redis() {
    let parameters = default_parameters();
    assert_eq!(parameters.read_diff_every_bytes, 10 * 1024);
    assert_eq!(parameters.diff_read_bytes, 65_536);
    assert_eq!(parameters.sync_every_bytes, Some(32 * 1024 * 1024));
    assert_eq!(parameters.append_bytes, 8 * 1024 * 1024);
    assert_eq!((parameters.drain_limit_ms, parameters.silent_ms), (1000, 20));
    assert_eq!(parameters.ack_timeout_ms, 5000);
    let config = Config { aof_rewrite_incremental_fsync: false, ..Config::default() };
    assert_eq!(Parameters::of(&config).sync_every_bytes, None);
}

#[test]
fn the_pipe_is_read_after_every_ten_kilobytes() {
    let keyspace = many_keys(3000, 100);
    let mut child = Child::new(ID, &keyspace, default_parameters(), Micros(0));
    let mut outside = Outside::new();
    let (mut before, mut readings) = (0, 0);
    while child.snapshot_bytes().is_none() {
        if matches!(child.next_effect(&keyspace), ChildEffect::ReadDiff { .. }) {
            let made = child.written_bytes() + child.output.len() as u64;
            let since = made - before;
            assert!((10 * 1024..10 * 1024 + 200).contains(&since), "{since}: one command more");
            (before, readings) = (made, readings + 1);
        }
        outside.step(&mut child, &keyspace);
    }
    assert!(child.written_bytes() - before < 10 * 1024);
    assert!(readings > 30, "{readings}");
}

#[test]
fn a_full_read_is_followed_by_another() {
    let keyspace = many_keys(200, 100);
    let mut outside = Outside::new();
    outside.pipe.extend(vec![b'd'; 3 * 65_536 + 1]);
    let parameters = Parameters { write_bytes: 1000, ..default_parameters() };
    let child = outside.run(&keyspace, parameters);
    let first = outside.effects.iter().position(|effect| effect == "ReadDiff").expect("a read");
    assert_eq!(outside.effects[first..first + 4], ["ReadDiff"; 4]);
    assert_ne!(outside.effects[first + 4], "ReadDiff");
    assert_eq!(child.diff().len(), 3 * 65_536 + 1);
    assert!(outside.file.ends_with(child.diff()));
}

#[test]
fn the_file_is_synced_now_and_then_if_wanted() {
    let keyspace = many_keys(3000, 100);
    let size = snapshot_of(&keyspace).len();
    for (every, expected) in [(None, 0), (Some(100_000), size / 100_000), (Some(u64::MAX), 0)] {
        let parameters =
            Parameters { write_bytes: 1000, sync_every_bytes: every, ..default_parameters() };
        let mut outside = Outside::new();
        outside.run(&keyspace, parameters);
        let syncs = outside.effects.iter().filter(|effect| *effect == "Sync Incremental").count();
        assert_eq!(syncs, expected, "{every:?}");
    }
}

#[test]
fn draining_ends_after_twenty_silent_milliseconds() {
    let keyspace = many_keys(1, 1);
    let mut outside = Outside::new();
    outside.run(&keyspace, default_parameters());
    let before = ["Open", "Write", "Sync First"];
    let after = ["SendStop", "AwaitAck", "ReadDiff", "Sync Final", "Close", "Rename", "Report"];
    let expected = [&before[..], &["AwaitDiff"; 20], &after].concat();
    assert_eq!(outside.effects, expected);

    // Something that comes after 19 begins the count again.
    let mut outside = Outside::new();
    outside.arrivals.push_back((before.len() + 19, b"late".to_vec()));
    outside.run(&keyspace, default_parameters());
    let waits = outside.effects.iter().filter(|effect| *effect == "AwaitDiff").count();
    assert_eq!(waits, 19 + 1 + 20);
}

/// A parent that sends a record in every millisecond is asked to stop after a second, and so is one
/// that fills the pipe faster than it is read.
#[test]
fn draining_ends_after_a_second_while_bytes_come() {
    let keyspace = many_keys(1, 1);
    let parameters = Parameters { diff_read_bytes: 64, ..default_parameters() };
    for (bytes, step_micros) in [(10, 500), (64, 1000), (64, 100_000), (200, 1000)] {
        let mut outside = Outside::new();
        outside.step_micros = step_micros;
        outside.arrivals = (3..3000).map(|at| (at, vec![b'd'; bytes])).collect();
        let mut child = Child::new(ID, &keyspace, parameters, Micros(0));
        let mut since = None;
        while child.stage() != Stage::Asking {
            outside.step(&mut child, &keyspace);
            if let Stage::Draining { since: begin, .. } = child.stage() {
                since = Some(begin);
            }
        }
        let took = outside.now - since.expect("it drained").0;
        assert!((1_000_000..1_000_000 + 2 * step_micros).contains(&took), "{took}");
        // Once the parent has agreed nothing more comes, and the rest is read to its end.
        outside.arrivals.clear();
        while !is_over(&child) {
            outside.step(&mut child, &keyspace);
        }
        assert!(outside.pipe.is_empty());
        assert!(outside.file.ends_with(child.diff()));
    }
}

#[test]
fn the_parent_has_five_seconds_to_agree() {
    let keyspace = many_keys(1, 1);
    let mut child = Child::new(ID, &keyspace, default_parameters(), Micros(0));
    let mut outside = Outside::new();
    while child.stage() != Stage::AwaitingAck {
        outside.step(&mut child, &keyspace);
    }
    assert_eq!(child.next_effect(&keyspace), ChildEffect::AwaitAck { timeout_ms: 5000 });
    child.handle(ChildEvent::Ack(Ack::TimedOut), Micros(0));
    assert_eq!(child.failure(), Some(ChildFailure::NotAgreed(Ack::TimedOut)));
}

/// What was in the pipe when the parent agreed is in the file, however it is cut.
#[test]
fn what_is_in_the_pipe_when_the_parent_agrees_is_read() {
    let keyspace = many_keys(1, 1);
    for bytes in 0..40 {
        let mut child = Child::new(ID, &keyspace, SMALL, Micros(0));
        let mut outside = Outside::new();
        while child.stage() != Stage::FinalRead {
            outside.step(&mut child, &keyspace);
        }
        let sent: Vec<u8> = (0..bytes).collect();
        outside.pipe.extend(&sent);
        while !is_over(&child) {
            outside.step(&mut child, &keyspace);
        }
        assert!(outside.file.ends_with(&sent) && child.diff() == sent, "{bytes}");
    }
}

#[test]
fn progress_is_told_once_a_second_and_at_the_end() {
    let keyspace = many_keys(3000, 100);
    let parameters = Parameters { write_bytes: 1000, append_bytes: 10, ..default_parameters() };
    let mut outside = Outside::new();
    outside.step_micros = 10_000;
    outside.arrivals.push_back((0, vec![b'd'; 2000]));
    outside.run(&keyspace, parameters);
    let numbers = 0..outside.effects.len();
    let reports: Vec<usize> = numbers.filter(|&at| outside.effects[at] == "Report").collect();
    assert_eq!(reports.last(), Some(&(outside.effects.len() - 1)), "the last thing before the end");
    let [written, asked] = ["Sync First", "SendStop"]
        .map(|name| outside.effects.iter().position(|effect| effect == name).expect("it"));
    assert!(reports.iter().any(|&at| at < written), "none while it writes");
    assert!(reports.iter().filter(|&&at| at > asked).count() > 1, "none while it appends");
    for pair in reports[..reports.len() - 1].windows(2) {
        assert!(pair[1] - pair[0] >= 100, "{pair:?} are steps of 10 ms");
    }
}

#[test]
fn output_is_held_up_to_its_limit_and_one_command() {
    let mut keyspace = many_keys(100, 5);
    keyspace.db_mut(0).insert(b"long", Value::string(&vec![b'v'; 3_000_000]));
    let mut child = Child::new(ID, &keyspace, default_parameters(), Micros(0));
    let mut outside = Outside::new();
    while child.snapshot_bytes().is_none() {
        outside.step(&mut child, &keyspace);
        let limit = default_parameters().write_bytes + 70_000;
        assert!(child.output.len() <= limit, "{}", child.output.len());
    }
    assert!(outside.file == snapshot_of(&keyspace));
}

/// Two states with one digest would be taken for one by whoever looks for all of them.
#[test]
fn each_step_gives_another_state() {
    let keyspace = small_dataset();
    let mut child = Child::new(ID, &keyspace, SMALL, Micros(0));
    let mut outside = Outside::new();
    outside.arrivals.push_back((4, b"something of the parent".to_vec()));
    let mut seen = BTreeSet::new();
    while !is_over(&child) {
        assert_eq!(digest(&child), digest(&child.clone()));
        assert!(seen.insert(digest(&child)), "{:?}", child.stage());
        outside.step(&mut child, &keyspace);
    }
}

#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let keyspace = small_dataset();
    let child = Child::new(ID, &keyspace, SMALL, Micros(0));
    for event in [
        ChildEvent::Written(Ok(1)),
        ChildEvent::Diff(Ok(b"diff")),
        ChildEvent::DiffEnded,
        ChildEvent::Synced(Err(Errno::EIO)),
        ChildEvent::Readable(true),
        ChildEvent::StopSent(Ok(())),
        ChildEvent::Ack(Ack::Byte(AGREED)),
        ChildEvent::Closed(Ok(())),
        ChildEvent::Renamed(Ok(())),
        ChildEvent::Unlinked,
    ] {
        let mut other = child.clone();
        other.handle(event, Micros(0));
        assert_eq!(digest(&other), digest(&child), "{event:?}");
    }
}

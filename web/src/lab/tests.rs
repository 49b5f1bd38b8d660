use super::*;
use crate::view::snapshot::May;
use crate::view::step::StepFact;

mod bytes;
mod holes;
mod rewriting;

fn opening() -> Lab {
    let options = Options { scenario: ScenarioName::FirstVisit, ..Options::default() };
    let mut lab = Lab::new(options).expect("it begins");
    assert_eq!(lab.snapshot().step, 15);
    lab
}

fn empty() -> Lab {
    Lab::new(Options::default()).expect("it begins")
}

#[test]
fn the_opening_snapshot_has_the_numbers_of_the_picture() {
    let mut lab = opening();
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.step, snapshot.step_count, snapshot.time_us), (15, 19, 2_105_000));
    assert_eq!((snapshot.synced, snapshot.written, snapshot.appended), (50, 104, 131));
    assert_eq!((snapshot.acknowledged, snapshot.file_bytes, snapshot.key_count), (131, 104, 4));
    assert_eq!((snapshot.policy, snapshot.profile), ("everysec", "redis-6.2"));
    let layers: Vec<_> = snapshot.log.iter().map(|entry| entry.layer).collect();
    assert_eq!(layers, ["disk", "disk", "syncing", "syncing", "memory"]);
    assert_eq!((snapshot.log[0].origin, &snapshot.log[0].key), ("log", &None));
    assert_eq!(snapshot.log[4].key.as_deref(), Some("d"));
    let sync = snapshot.sync.expect("a sync runs");
    assert_eq!(
        (sync.from, sync.to, sync.elapsed_us, sync.expected_us),
        (50, 104, 105_000, 175_000)
    );
    let postponed = snapshot.postponed.expect("a write is put off");
    assert_eq!((postponed.since_us, postponed.waiting_bytes), (2_104_000, 27));
    assert_eq!(postponed.limit_us, Some(2_000_000));
    let rows = [&snapshot.verdict.killed, &snapshot.verdict.power, &snapshot.verdict.disk_error];
    let numbers: Vec<_> = rows.iter().map(|row| (row.sure, row.risk_bytes, row.risk_us)).collect();
    assert_eq!(numbers, [(3, 27, 1_000), (1, 81, 795_000), (2, 54, 795_000)]);
    let fates = |row: usize| rows[row].chips.iter().map(|chip| chip.fate).collect::<Vec<_>>();
    assert_eq!(fates(0), ["kept", "kept", "kept", "lost"]);
    assert_eq!(fates(1), ["kept", "maybe", "maybe", "lost"]);
    assert_eq!(fates(2), ["kept", "maybe", "maybe", "memory"]);
    assert_eq!(rows[2].then, Some("refuses-writes"));
    assert_eq!(snapshot.focus.entries, Some((4, 5)));
    assert_eq!(snapshot.clients[0].commands.len(), 4);
}

#[test]
fn the_fields_have_their_seed_names_and_their_steps() {
    let snapshot = opening().snapshot();
    let field = |name: &str| {
        let field = snapshot.fields.iter().find(|field| field.name == name).expect("it exists");
        (field.value.as_str(), field.changed_at_step)
    };
    assert_eq!(field("aof_state"), ("AOF_ON", 0));
    assert_eq!(field("aof_current_size"), ("104", 10));
    assert_eq!(field("aof_buf"), ("27 B", 13));
    assert_eq!(field("aof_selected_db"), ("0", 1));
    assert_eq!(field("aof_flush_postponed_start"), ("1767225602", 14));
    assert_eq!(field("aof_last_fsync"), ("1767225602", 12));
    assert_eq!(field("aof_delayed_fsync"), ("0", 0));
    assert_eq!(field("aof_last_write_status"), ("REDIS_OK", 0));
}

#[test]
fn a_power_cut_is_a_branch_with_fifty_five_disks() {
    let mut lab = opening();
    lab.cut_power().expect("it runs");
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.branch, snapshot.step, snapshot.state), (2, 16, "power-lost"));
    assert_eq!(snapshot.can.submit, May::No("power-lost"));
    let crash = snapshot.crash.expect("it is down");
    assert_eq!((crash.images, crash.more_than, crash.worst, crash.best), (55, false, 50, 104));
    assert_eq!(crash.promise.since_us, Some(1_000_000));
    assert!(crash.promise.kept);
    let groups: Vec<_> = crash
        .groups
        .iter()
        .map(|group| (group.images, group.kept_writes, group.lost_writes, group.dataset.len()))
        .collect();
    assert_eq!(groups, [(27, 1, 3, 1), (27, 2, 2, 2), (1, 3, 1, 3)]);
    let fates: Vec<_> = snapshot.log.iter().map(|entry| entry.fate).collect();
    assert_eq!(fates, [Some("kept"), Some("kept"), Some("maybe"), Some("maybe"), Some("lost")]);
    lab.undo_crash().expect("it has failed");
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.branch, snapshot.step, snapshot.state), (1, 15, "running"));
    assert_eq!(lab.timeline().branches.len(), 2);
}

#[test]
fn a_boot_from_a_torn_disk_cuts_it_back() {
    let mut lab = opening();
    lab.cut_power().expect("it runs");
    assert_eq!(lab.boot(&BootImage::Length(49)), Err(LabError::NoSuchImage));
    lab.boot(&BootImage::Length(63)).expect("there is such a disk");
    assert_eq!(lab.snapshot().fact, StepFact::BootOpen { image_bytes: 63 });
    lab.run_until("boot-truncate");
    assert_eq!(
        lab.snapshot().fact,
        StepFact::BootTruncate {
            valid_up_to: 50,
            file_bytes: 63,
            class: "truncated",
            torn_present: 13,
            torn_expected: Some(27),
        }
    );
    lab.run_until("boot-ready");
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.state, snapshot.key_count), ("running", 1));
    let fates: Vec<_> = snapshot.clients[0].commands.iter().map(|c| c.fate).collect();
    assert_eq!(fates, [Some("kept"), Some("lost"), Some("lost"), Some("lost")]);
    lab.submit(1, "GET a").expect("it serves again");
    assert_eq!(lab.snapshot().state, "running");
}

/// Each group of possible disks can be started from, and comes to what the group says.
#[test]
fn every_group_boots_to_its_own_dataset_under_every_model() {
    for profile in ProfileName::ALL {
        for disk_model in DiskModel::ALL {
            let options = Options {
                scenario: ScenarioName::FirstVisit,
                profile,
                disk_model,
                ..Options::default()
            };
            let mut lab = Lab::new(options).expect("it begins");
            lab.seek(14).expect("a step with a sync in flight");
            lab.cut_power().expect("it runs");
            let crash = lab.snapshot().crash.expect("it is down");
            let failed_at = (lab.snapshot().branch, lab.snapshot().step);
            for group in &crash.groups {
                let context = format!("{profile:?} {disk_model:?} {group:?}");
                lab.select_branch(failed_at.0).expect("the branch of the failure");
                lab.seek(failed_at.1).expect("its step");
                lab.boot(&BootImage::Example(group.example)).expect("there is such a disk");
                let end = lab.story().branch().steps();
                lab.seek(end).expect("the end");
                let state = lab.snapshot();
                assert_eq!(state.state == "refused", group.refused.is_some(), "{context}");
                let keys: Vec<_> = state.dataset.iter().map(|key| (&key.key, &key.value)).collect();
                let said: Vec<_> = group.dataset.iter().map(|key| (&key.key, &key.value)).collect();
                assert_eq!(keys, said, "{context}");
            }
        }
    }
    let mut lab = opening();
    lab.cut_power().expect("it runs");
    assert_eq!(lab.boot(&BootImage::Example(3)), Err(LabError::NoSuchImage));
}

#[test]
fn acting_again_at_the_same_step_keeps_what_was_done_there() {
    let keys = |lab: &mut Lab| {
        let end = lab.story().branch().steps();
        lab.seek(end).expect("the end");
        lab.snapshot().dataset.into_iter().map(|key| key.key).collect::<Vec<_>>()
    };
    let mut lab = empty();
    lab.submit(1, "SET a 1").expect("a write");
    assert_eq!(keys(&mut lab), ["a"]);
    let here = lab.snapshot().step;
    lab.submit(1, "SET b 2").expect("a write");
    assert_eq!(keys(&mut lab), ["a", "b"]);
    lab.seek(here).expect("back");
    lab.submit(1, "SET c 3").expect("another write");
    assert_eq!(lab.snapshot().branch, 2);
    assert_eq!(keys(&mut lab), ["a", "c"]);
    lab.seek(0).expect("the beginning");
    lab.submit(1, "SET d 4").expect("a write instead of the first");
    assert_eq!(keys(&mut lab), ["d"]);
    lab.select_branch(1).expect("the first branch");
    assert_eq!(keys(&mut lab), ["a", "b"]);
    // Two acts without a step between them belong to the same moment.
    lab.wait(500).expect("time passes");
    lab.submit(1, "SET e 5").expect("a write");
    assert_eq!((lab.snapshot().branch, keys(&mut lab).len()), (1, 3));
}

#[test]
fn the_prompt_refuses_what_is_no_command_with_the_text_of_redis() {
    let mut lab = empty();
    let before = lab.snapshot();
    for (line, text) in [
        ("SET a \"1", "Invalid argument(s)"),
        ("", "empty line"),
        ("NOSUCH a", "ERR unknown command `NOSUCH`, with args beginning with: `a`, "),
        ("GET", "ERR wrong number of arguments for 'get' command"),
    ] {
        assert_eq!(lab.submit(1, line), Err(LabError::BadCommand(text.to_owned())), "{line}");
    }
    let long = format!("SET a {}", "x".repeat(LINE_LIMIT_BYTES));
    assert_eq!(lab.submit(1, &long).map_err(|error| error.code()), Err("too-large"));
    assert_eq!(lab.submit(0, "GET a").map_err(|error| error.code()), Err("bad-option"));
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_command_is_stepped_down_to_the_disk() {
    let mut lab = empty();
    lab.submit(1, "SET a 1").expect("it runs");
    let mut kinds = vec![lab.snapshot().fact.kind()];
    while lab.step().is_ok() {
        kinds.push(lab.snapshot().fact.kind());
    }
    assert_eq!(kinds, ["command", "write", "reply", "sync-start", "sync-end"]);
    assert_eq!(lab.snapshot().verdict.power.sure, 1);
    assert_eq!(lab.step().map_err(|error| error.code()), Err("no-such-step"));
}

#[test]
fn settings_make_a_branch_and_taking_them_back_finds_the_old_one() {
    let mut lab = opening();
    lab.configure(Some(Policy::Always), None, None).expect("it begins");
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.branch, snapshot.policy), (2, "always"));
    assert_eq!(snapshot.verdict.power.sure, snapshot.verdict.power.of);
    lab.configure(Some(Policy::EverySec), None, None).expect("it begins");
    assert_eq!((lab.snapshot().branch, lab.snapshot().step), (1, 15));
    lab.configure(None, None, Some(DiskModel::Exact)).expect("nothing happens");
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.branch, snapshot.verdict.power.maybe), (1, 0));
    for _ in 0..25 {
        for policy in Policy::ALL {
            lab.submit(1, "INCR n").expect("it runs");
            lab.configure(Some(policy), None, None).expect("old branches make room");
        }
    }
}

#[test]
fn faults_are_steps_and_their_effects_follow() {
    let mut lab = opening();
    lab.fault("fail-next-sync").expect("there is such a fault");
    assert_eq!(lab.snapshot().fact, StepFact::Fault { fault: "fail-next-sync" });
    assert!(lab.snapshot().faults.fail_next_sync);
    lab.run_until("sync-end");
    let snapshot = lab.snapshot();
    let refusing = snapshot.refusing.expect("writes are refused");
    assert_eq!((refusing.reason, refusing.ends_when), ("sync", "next-sync"));
    assert_eq!(lab.fault("flood").map_err(|error| error.code()), Err("bad-option"));
}

#[test]
fn a_log_goes_out_and_comes_in() {
    let mut lab = opening();
    let bytes = lab.export_aof();
    assert_eq!(bytes.len(), 104);
    lab.import_aof(bytes).expect("it loads");
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.step, snapshot.key_count, snapshot.log.len()), (0, 3, 4));
    assert_eq!((snapshot.appended, snapshot.synced), (104, 104));
    let error = lab.import_aof(b"garbage".to_vec()).expect_err("it does not load");
    assert_eq!(error.code(), "bad-aof");
    let large = lab.import_aof(vec![0; AOF_LIMIT_BYTES + 1]).expect_err("too much");
    assert_eq!(large.code(), "too-large");
    assert_eq!(lab.snapshot(), snapshot);
}

#[test]
fn a_story_goes_out_as_a_trace_that_replays() {
    let mut lab = opening();
    lab.fault("stall-next-sync").expect("there is such a fault");
    lab.submit(1, "SET e 5").expect("it runs");
    while lab.step().is_ok() {}
    let trace = lab.export_trace().expect("it runs again");
    let report = aof_core::trace::replay(&trace).expect("it is the same engine");
    assert!(report.effects > 12, "{report:?}");
}

#[test]
fn a_trace_comes_back_as_the_same_steps() {
    let mut lab = opening();
    lab.fault("short-write").expect("there is such a fault");
    lab.submit(1, "SET e 5").expect("it runs");
    lab.submit(2, "MULTI").expect("it runs");
    lab.submit(2, "INCR n").expect("it runs");
    lab.submit(2, "EXEC").expect("it runs");
    while lab.step().is_ok() {}
    let recorded = lab.timeline();
    let trace = lab.export_trace().expect("it runs again");
    lab.import_trace(&trace).expect("it is the same engine");
    let followed = lab.timeline();
    // A fault is no event of the engine; a connection that the world made beforehand is.
    let kinds = |timeline: &view::step::Timeline| {
        let kinds = timeline.marks.iter().map(|mark| mark.fact.kind());
        kinds.filter(|kind| !["fault", "connected"].contains(kind)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&followed), kinds(&recorded));
    let last = recorded.marks.last().expect("one").time_us;
    while lab.step().is_ok() {}
    let snapshot = lab.snapshot();
    assert!(snapshot.time_us <= last, "{} {last}", snapshot.time_us);
    assert_eq!(snapshot.synced, snapshot.appended);
    assert_eq!(snapshot.clients.len(), 2);
    // An act on the way is where the recorded future ends.
    lab.seek(10).expect("it is known");
    lab.submit(1, "SET z 1").expect("it runs");
    assert_eq!(lab.snapshot().branch, 3);
    lab.cut_power().expect("it runs");
    assert!(lab.snapshot().crash.is_some());
}

#[test]
fn a_trace_of_another_engine_is_refused() {
    let mut lab = opening();
    while lab.step().is_ok() {}
    let trace = lab.export_trace().expect("it runs again");
    let mut refused = 0;
    for at in (0..trace.len()).step_by(5) {
        let mut bent = trace.clone();
        bent[at] ^= 1;
        if let Err(error) = lab.import_trace(&bent) {
            assert_eq!(error.code(), "bad-trace", "{at}: {error}");
            refused += 1;
        }
    }
    // What no step depends on may differ: a port, the microseconds of a clock.
    assert!(refused > trace.len() / 10, "{refused} of {}", trace.len() / 5);
    for length in (0..trace.len()).step_by(5) {
        // A trace may end after any record, but not inside one.
        if let Err(error) = lab.import_trace(&trace[..length]) {
            assert_eq!(error.code(), "bad-trace", "{length}: {error}");
        }
    }
}

#[test]
fn time_passes_when_asked() {
    let mut lab = empty();
    lab.wait(1_500).expect("it runs");
    assert_eq!((lab.snapshot().step, lab.snapshot().time_us), (0, 1_500_000));
    lab.submit(1, "SET a 1 PX 200").expect("it runs");
    assert_eq!(lab.snapshot().time_us, 1_500_000);
    lab.wait(1_000).expect("it runs");
    assert_eq!((lab.snapshot().key_count, lab.snapshot().time_us), (0, 2_500_000));
    let expired = lab.snapshot().log.last().map(|entry| (entry.words.join(" "), entry.origin));
    assert_eq!(expired, Some(("DEL a".to_owned(), "expiry")));
}

#[test]
fn every_type_is_shown_with_its_first_elements() {
    let mut lab = empty();
    for line in [
        "RPUSH l a b",
        "HSET h f 1 g two",
        "SADD s x",
        "ZADD z 1.5 ann 3 bob",
        "SET t text",
        "SADD numbers 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
    ] {
        lab.submit(1, line).expect("it runs");
    }
    let shown = |lab: &mut Lab| -> Vec<(String, &'static str, String, u64)> {
        let mut keys: Vec<_> = (lab.snapshot().dataset.into_iter())
            .map(|key| (key.key, key.kind, key.value, key.more))
            .collect();
        keys.sort();
        keys
    };
    let found = shown(&mut lab);
    let row = |key: &str, kind, value: &str, more| (key.to_owned(), kind, value.to_owned(), more);
    assert_eq!(
        found,
        [
            row("h", "hash", "{f: 1, g: two}", 0),
            row("l", "list", "[a, b]", 0),
            row("numbers", "set", "{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}", 2),
            row("s", "set", "{x}", 0),
            row("t", "string", "text", 0),
            row("z", "zset", "(1.5 ann, 3 bob)", 0),
        ]
    );
    lab.kill().expect("it runs");
    let crash = lab.snapshot().crash.expect("it is down");
    let values: Vec<_> = crash.groups[0].dataset.iter().map(|key| key.value.as_str()).collect();
    assert!(values.is_empty() || values.contains(&"[a, b]"), "{values:?}");
}

#[test]
fn the_log_holds_what_came_of_a_command_by_chance() {
    let mut lab = empty();
    for line in ["SADD s a b c", "SPOP s", "HSET h price 10", "HINCRBYFLOAT h price 0.5"] {
        lab.submit(1, line).expect("it runs");
    }
    let log: Vec<String> = lab.snapshot().log.iter().map(|entry| entry.words.join(" ")).collect();
    assert!(log.iter().any(|line| line.starts_with("SREM s ")), "{log:?}");
    assert!(log.contains(&"HSET h price 10.5".to_owned()), "{log:?}");
}

#[test]
fn what_the_page_cannot_do_is_said() {
    let mut lab = empty();
    assert_eq!(lab.submit(1, "monitor").map_err(|error| error.code()), Err("not-here"));
    lab.submit(1, "CONFIG REWRITE").expect("it is a command");
    let replies = |lab: &mut Lab| format!("{:?}", lab.snapshot().fact);
    assert!(replies(&mut lab).contains("The server is running without a config file"));
    lab.submit(1, "SLOWLOG GET").expect("it is a command");
    assert!(replies(&mut lab).contains("(empty array)"));
}

#[test]
fn completion_offers_commands_and_then_keys() {
    let lab = opening();
    let names = lab.complete("incr");
    assert_eq!(names, ["INCR", "INCRBY", "INCRBYFLOAT"]);
    assert_eq!(lab.complete("GET "), ["a", "b", "c", "d"]);
    assert_eq!(lab.complete("GET c"), ["c"]);
}

/// Runs of the real server, as `tests/src/fixtures.rs` describes them.
const NATIVE: [(&str, &[u8]); 6] = [
    ("hardened-always", include_bytes!("../../../tests/fixtures/traces/hardened-always.trace")),
    ("hardened-everysec", include_bytes!("../../../tests/fixtures/traces/hardened-everysec.trace")),
    ("hardened-no", include_bytes!("../../../tests/fixtures/traces/hardened-no.trace")),
    ("redis-6.2-always", include_bytes!("../../../tests/fixtures/traces/redis-6.2-always.trace")),
    (
        "redis-6.2-everysec",
        include_bytes!("../../../tests/fixtures/traces/redis-6.2-everysec.trace"),
    ),
    ("redis-6.2-no", include_bytes!("../../../tests/fixtures/traces/redis-6.2-no.trace")),
];

#[test]
fn a_run_of_the_real_server_can_be_stepped_and_cut() {
    for (name, trace) in NATIVE {
        let mut lab = empty();
        lab.import_trace(trace).unwrap_or_else(|error| panic!("{name}: {error}"));
        let steps = lab.snapshot().step_count;
        assert!(steps > 300, "{name}: {steps}");
        for step in [1, steps / 3, steps / 2, steps - 1, steps] {
            lab.select_branch(2).expect("it is there");
            lab.seek(step).expect("it is known");
            let snapshot = lab.snapshot();
            if snapshot.state != "running" {
                continue;
            }
            assert!(snapshot.appended >= snapshot.written, "{name} {step}");
            lab.cut_power().expect("it runs");
            let crash = lab.snapshot().crash.expect("it is down");
            assert!(crash.promise.kept, "{name} {step}: {:?}", crash.promise);
        }
    }
}

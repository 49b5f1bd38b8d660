//! BGREWRITEAOF and what else a rewrite changes for commands. Whether one really starts is the
//! engine's business.

use super::Bench;
use crate::execute::{AofFacts, Request};

const STARTED: &str = "+Background append only file rewriting started";
const SCHEDULED: &str = "+Background append only file rewriting scheduled";
const IN_PROGRESS: &str = "-ERR Background append only file rewriting already in progress";

fn while_rewriting() -> Bench {
    let aof = AofFacts { rewrite_in_progress: true, ..AofFacts::default() };
    Bench { aof, ..Bench::default() }
}

#[test]
fn bgrewriteaof_answers_by_what_goes_on() {
    let mut bench = Bench::default();
    assert_eq!(bench.step("BGREWRITEAOF"), STARTED);
    assert_eq!(bench.requests, [Request::Rewrite]);

    let mut bench = while_rewriting();
    assert_eq!(bench.step("bgrewriteaof"), IN_PROGRESS);
    assert_eq!(bench.requests, []);

    let mut bench = Bench::default();
    bench.aof.child_is_ending = true;
    assert_eq!(bench.step("BGREWRITEAOF"), SCHEDULED);
    assert_eq!(bench.requests, [Request::ScheduleRewrite]);

    let arity = "-ERR wrong number of arguments for 'bgrewriteaof' command";
    assert_eq!(Bench::default().step("BGREWRITEAOF now"), arity);
    assert!(Bench::default().log.is_empty());
}

#[test]
fn bgrewriteaof_works_with_the_log_off() {
    let mut bench = Bench::default();
    bench.step("CONFIG SET appendonly no");
    bench.aof.enabled = false;
    bench.requests.clear();
    assert_eq!(bench.step("BGREWRITEAOF"), STARTED);
    assert_eq!(bench.requests, [Request::Rewrite]);
}

/// Redis 6.2 starts it within EXEC, so that a second one in the same transaction finds it running.
#[test]
fn one_transaction_starts_one_rewrite() {
    let mut bench = Bench::default();
    for line in ["MULTI", "BGREWRITEAOF", "SET a 1", "BGREWRITEAOF"] {
        bench.step(line);
    }
    assert_eq!(bench.step("EXEC"), format!("[{STARTED}, +OK, {IN_PROGRESS}]"));
    assert_eq!(bench.requests, [Request::Rewrite]);
}

#[test]
fn command_describes_bgrewriteaof_as_redis_does() {
    assert_eq!(
        Bench::default().step("COMMAND INFO bgrewriteaof"),
        "[[\"bgrewriteaof\", :1, [+admin, +noscript], :0, :0, :0, \
         [+@admin, +@slow, +@dangerous]]]"
    );
}

#[test]
fn the_log_is_turned_on_by_the_engine() {
    let mut bench = Bench::default();
    for (line, reply) in [
        ("CONFIG SET appendonly yes", "+OK"),
        ("CONFIG SET appendonly no", "+OK"),
        ("CONFIG SET appendonly no", "+OK"),
        ("CONFIG SET appendonly yes", "+OK"),
        ("CONFIG SET appendonly yes", "+OK"),
        ("CONFIG GET appendonly", "[\"appendonly\", \"yes\"]"),
        (
            "CONFIG SET appendonly maybe",
            "-ERR Invalid argument 'maybe' for CONFIG SET 'appendonly' - argument must be \
             'yes' or 'no'",
        ),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    assert_eq!(bench.requests, [Request::AppendOnlyOff, Request::AppendOnlyOn]);
}

#[test]
fn the_directives_of_a_rewrite_can_be_changed() {
    let mut bench = Bench::default();
    for (line, reply) in [
        ("CONFIG SET auto-aof-rewrite-percentage 0", "+OK"),
        ("CONFIG SET auto-aof-rewrite-min-size 16mb", "+OK"),
        ("CONFIG SET aof-rewrite-incremental-fsync no", "+OK"),
        ("CONFIG SET aof-rewrite-buffer-limit 1gb", "+OK"),
        ("CONFIG SET aof-rewrite-block-size 64kb", "+OK"),
        ("CONFIG SET auto-aof-rewrite-percentage 2147483647", "+OK"),
        (
            "CONFIG GET auto-aof-rewrite-*",
            "[\"auto-aof-rewrite-percentage\", \"2147483647\", \
             \"auto-aof-rewrite-min-size\", \"16777216\"]",
        ),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    for line in [
        "CONFIG SET auto-aof-rewrite-percentage -1",
        "CONFIG SET auto-aof-rewrite-percentage 2147483648",
        "CONFIG SET auto-aof-rewrite-min-size -1",
        "CONFIG SET aof-rewrite-buffer-limit 0",
        "CONFIG SET aof-rewrite-block-size 31",
    ] {
        let reply = bench.step(line);
        assert!(reply.starts_with("-ERR Invalid argument"), "{line}: {reply}");
    }
    let config = &bench.executor.config;
    assert!(!config.aof_rewrite_incremental_fsync);
    assert_eq!(config.aof_rewrite_block_bytes, 65_536);
    assert_eq!(bench.requests, [], "the engine reads them when it needs them");
}

#[test]
fn the_server_does_not_end_while_the_log_is_not_complete() {
    let mut bench = Bench::default();
    bench.aof.writes_initial_log = true;
    for line in ["SHUTDOWN", "SHUTDOWN NOSAVE", "SHUTDOWN SAVE"] {
        let refused = "-ERR Errors trying to SHUTDOWN. Check logs.";
        assert_eq!(bench.step(line), refused, "{line}");
    }
    assert_eq!(bench.step("SHUTDOWN now"), "-ERR syntax error");
    assert_eq!(bench.requests, [const { Request::ShutdownRefused }; 3]);
    bench.requests.clear();
    bench.aof = AofFacts { rewrite_in_progress: true, ..AofFacts::default() };
    assert_eq!(bench.step("SHUTDOWN"), "(none)", "any other rewrite is given up");
}

#[test]
fn the_log_is_not_loaded_again_while_it_is_rewritten() {
    let refused = "-ERR DEBUG LOADAOF is not allowed while the AOF is rewritten";
    let mut bench = while_rewriting();
    assert_eq!(bench.step("DEBUG LOADAOF"), refused);
    bench.aof = AofFacts { waits_for_rewrite: true, ..AofFacts::default() };
    assert_eq!(bench.step("DEBUG LOADAOF"), refused);
    assert_eq!(bench.requests, []);
    bench.aof = AofFacts { child_is_ending: true, ..AofFacts::default() };
    assert_eq!(bench.step("DEBUG LOADAOF"), "+OK");
}

#[track_caller]
fn assert_lines(bench: &mut Bench, section: &str, lines: &[&str]) {
    let text = String::from_utf8(bench.run_words(1, &["INFO", section])).unwrap();
    for line in lines {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line} in {text}");
    }
}

#[test]
fn info_tells_of_a_rewrite() {
    let mut bench = Bench::default();
    assert_lines(
        &mut bench,
        "persistence",
        &[
            "current_cow_size:0",
            "current_fork_perc:0.00",
            "aof_rewrite_in_progress:0",
            "aof_rewrite_scheduled:0",
            "aof_last_rewrite_time_sec:-1",
            "aof_current_rewrite_time_sec:-1",
            "aof_last_bgrewrite_status:ok",
            "aof_state:on",
            "aof_rewrites:0",
            "aof_last_diff_sent:0",
            "aof_last_switch_usec:-1",
        ],
    );
    bench.aof = AofFacts {
        enabled: true,
        rewrite_in_progress: true,
        rewrite_scheduled: true,
        last_rewrite_seconds: Some(3),
        current_rewrite_seconds: Some(4),
        last_rewrite_failed: true,
        last_cow_bytes: 5,
        current_cow_bytes: 6,
        current_cow_age_seconds: 7,
        keys_done: 1,
        keys_total: 3,
        buffer_bytes: 20,
        rewrite_buffer_bytes: 22,
        latest_fork_micros: 8,
        forks: 9,
        rewrites: 10,
        last_switch_micros: Some(11),
        last_sent_bytes: 13,
        base_size_bytes: 12,
        ..AofFacts::default()
    };
    assert_lines(
        &mut bench,
        "persistence",
        &[
            "current_cow_size:6",
            "current_cow_size_age:7",
            "current_fork_perc:33.33",
            "current_save_keys_processed:1",
            "current_save_keys_total:3",
            "aof_enabled:1",
            "aof_rewrite_in_progress:1",
            "aof_rewrite_scheduled:1",
            "aof_last_rewrite_time_sec:3",
            "aof_current_rewrite_time_sec:4",
            "aof_last_bgrewrite_status:err",
            "aof_last_cow_size:5",
            "aof_base_size:12",
            "aof_pending_rewrite:1",
            "aof_buffer_length:20",
            "aof_rewrite_buffer_length:22",
            "aof_rewrites:10",
            "aof_last_diff_sent:13",
            "aof_last_switch_usec:11",
        ],
    );
    assert_lines(&mut bench, "stats", &["latest_fork_usec:8", "total_forks:9"]);
    assert_lines(&mut bench, "memory", &["mem_aof_buffer:42"]);
}

/// WAIT_REWRITE, as either profile calls it, and OFF.
#[test]
fn info_tells_a_log_that_waits_for_its_first_rewrite_from_one_that_is_on() {
    for (enabled, waits_for_rewrite, lines) in [
        (true, false, ["aof_enabled:1", "aof_state:on"]),
        (true, true, ["aof_enabled:1", "aof_state:wait_rewrite"]),
        (false, true, ["aof_enabled:0", "aof_state:wait_rewrite"]),
        (false, false, ["aof_enabled:0", "aof_state:off"]),
    ] {
        let aof = AofFacts { enabled, waits_for_rewrite, ..AofFacts::default() };
        assert_lines(&mut Bench { aof, ..Bench::default() }, "persistence", &lines);
    }
}

#[test]
fn the_part_of_the_keys_that_is_written_has_two_digits() {
    for (keys_done, keys_total, percent) in [
        (0, 0, "0.00"),
        (0, 5, "0.00"),
        (5, 5, "100.00"),
        (2, 3, "66.66"),
        (1, 10_000, "0.01"),
        (u64::MAX, u64::MAX, "100.00"),
    ] {
        let aof = AofFacts { keys_done, keys_total, ..AofFacts::default() };
        let line = format!("current_fork_perc:{percent}");
        assert_lines(&mut Bench { aof, ..Bench::default() }, "persistence", &[&line]);
    }
}

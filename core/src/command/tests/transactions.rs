use super::{Bench, check};
use crate::units::Errno;

#[test]
fn a_transaction_is_one_unit() {
    let mut bench = Bench::default();
    for (line, reply) in [
        ("MULTI", "+OK"),
        ("SET a 1", "+QUEUED"),
        ("GET a", "+QUEUED"),
        ("INCR a", "+QUEUED"),
        ("EXEC", "[+OK, \"1\", :2]"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    assert_eq!(bench.log_lines(), ["SELECT 0", "MULTI", "SET a 1", "INCR a", "EXEC"]);
    assert_eq!(bench.units, [bench.log.len()]);
}

#[test]
fn what_is_wrapped() {
    check(
        &[
            ("SET t 1", "+OK"),
            ("MULTI", "+OK"),
            ("EXEC", "[]"),
            ("MULTI", "+OK"),
            ("GET a", "+QUEUED"),
            ("DEL a", "+QUEUED"),
            ("EXEC", "[nil, :0]"),
            ("MULTI", "+OK"),
            ("set a 1", "+QUEUED"),
            ("EXEC", "[+OK]"),
            ("MULTI", "+OK"),
            ("SELECT 3", "+QUEUED"),
            ("SET b 1 EX 1", "+QUEUED"),
            ("SELECT 0", "+QUEUED"),
            ("SET b 2", "+QUEUED"),
            ("EXEC", "[+OK, +OK, +OK, +OK]"),
        ],
        &[
            "SELECT 0",
            "SET t 1",
            "MULTI",
            "set a 1",
            "EXEC",
            "SELECT 3",
            "MULTI",
            "SET b 1 PXAT {+1000}",
            "SELECT 0",
            "SET b 2",
            "EXEC",
        ],
    );
}

#[test]
fn a_key_that_expires_inside_is_deleted_inside() {
    check(
        &[
            ("SET a 1 PX 10", "+OK"),
            ("+11", ""),
            ("MULTI", "+OK"),
            ("GET a", "+QUEUED"),
            ("SET b 1", "+QUEUED"),
            ("EXEC", "[nil, +OK]"),
        ],
        &["SELECT 0", "SET a 1 PXAT {+10}", "MULTI", "DEL a", "SET b 1", "EXEC"],
    );
}

#[test]
fn failing_commands_do_not_stop_the_others() {
    check(
        &[
            ("SET a x", "+OK"),
            ("MULTI", "+OK"),
            ("INCR a", "+QUEUED"),
            ("SET b 1", "+QUEUED"),
            ("EXEC", "[-ERR value is not an integer or out of range, +OK]"),
        ],
        &["SELECT 0", "SET a x", "MULTI", "SET b 1", "EXEC"],
    );
}

#[test]
fn errors_while_queueing_spoil_it() {
    check(
        &[
            ("MULTI", "+OK"),
            ("SET a 1", "+QUEUED"),
            ("GET", "-ERR wrong number of arguments for 'get' command"),
            ("SET b 1", "+QUEUED"),
            ("EXEC", "-EXECABORT Transaction discarded because of previous errors."),
            ("EXEC", "-ERR EXEC without MULTI"),
            ("MULTI", "+OK"),
            ("WHAT", "-ERR unknown command `WHAT`, with args beginning with: "),
            ("DISCARD", "+OK"),
            ("DISCARD", "-ERR DISCARD without MULTI"),
            ("MULTI", "+OK"),
            ("MULTI", "-ERR MULTI calls can not be nested"),
            ("WATCH a", "-ERR WATCH inside MULTI is not allowed"),
            ("SET a 1", "+QUEUED"),
            ("EXEC", "[+OK]"),
        ],
        &["SELECT 0", "MULTI", "SET a 1", "EXEC"],
    );
}

/// Each line changes a watched key or does not.
#[test]
fn what_spoils_a_watch() {
    let cases: &[(&str, bool)] = &[
        ("2> GET w", false),
        ("2> SET other 1", false),
        ("2> SET w 1", true),
        ("2> SET w 1 NX", false),
        ("2> DEL w", true),
        ("2> DEL missing", false),
        ("2> APPEND w x", true),
        ("2> EXPIRE w 100", true),
        ("2> EXPIRE w 0", true),
        ("2> PERSIST w", false),
        ("2> GETEX w PERSIST", false),
        ("2> GETEX w EX 5", true),
        ("2> GETDEL w", true),
        ("2> INCR n", false),
        ("2> INCRBYFLOAT w 1", true),
        ("2> RENAME w v", true),
        ("2> RENAME other w", true),
        ("2> MSET x 1 w 1", true),
        ("2> MSETNX x 1 w 1", false),
        ("2> SETRANGE w 0 ''", false),
        ("2> FLUSHDB", true),
        ("2> FLUSHALL", true),
        ("3> FLUSHDB", false),
        ("3> SET w 1", false),
        ("SET w 1", true),
        ("UNWATCH", false),
        ("RESET", false),
    ];
    for (line, spoils) in cases {
        let mut bench = Bench::default();
        for setup in ["SET w 1", "SET other 1", "3> SELECT 1", "3> SET x 1", "WATCH w w"] {
            bench.step(setup);
        }
        bench.step(line);
        bench.step("MULTI");
        bench.step("PING");
        let expected = if *spoils { "[nil]" } else { "[+PONG]" };
        assert_eq!(bench.step("EXEC"), expected, "after {line:?}");
        // EXEC has released it, whatever became of it.
        bench.step("2> SET w 2");
        bench.step("MULTI");
        assert_eq!(bench.step("EXEC"), "[]", "after {line:?}");
    }
}

#[test]
fn a_missing_key_can_be_watched() {
    for (line, expected) in [("2> SET w 1", "[nil]"), ("2> FLUSHALL", "[]")] {
        let mut bench = Bench::default();
        bench.step("WATCH w");
        bench.step(line);
        bench.step("MULTI");
        assert_eq!(bench.step("EXEC"), expected, "after {line:?}");
    }
}

#[test]
fn a_watched_key_that_expires_spoils_it() {
    for cycle in [false, true] {
        let mut bench = Bench::default();
        bench.step("SET w 1 PX 10");
        bench.step("WATCH w");
        bench.step("+11");
        if cycle {
            bench.step("cycle");
        }
        bench.step("MULTI");
        assert_eq!(bench.step("EXEC"), "[nil]", "cycle: {cycle}");
    }
}

#[test]
fn a_client_that_leaves_watches_nothing() {
    let mut bench = Bench::default();
    bench.step("WATCH a b");
    bench.step("2> WATCH a");
    for id in [1, 2] {
        let mut session = bench.sessions.remove(&id).unwrap();
        bench.executor.disconnected(&mut session);
    }
    let mut fresh = Bench::default();
    fresh.step("PING");
    fresh.step("PING");
    let digest = |bench: &Bench| {
        let mut digest = crate::digest::Digest::new();
        bench.executor.watches.digest_into(&mut digest);
        digest.finish()
    };
    assert_eq!(digest(&bench), digest(&fresh));
}

#[test]
fn writes_and_ping_are_refused_while_the_log_cannot_be_written() {
    let mut bench = Bench::default();
    bench.step("SET a 1");
    bench.step("2> MULTI");
    bench.step("2> SET b 1");
    bench.step("3> MULTI");
    bench.step("3> GET a");
    bench.refusal = Some(Errno::ENOSPC);
    let refused = "-MISCONF Errors writing to the AOF file: No space left on device";
    for (line, reply) in [
        ("SET a 2", refused),
        ("PING", refused),
        ("GET a", "\"1\""),
        ("ECHO x", "\"x\""),
        (
            "2> EXEC",
            "-EXECABORT Transaction discarded because of: MISCONF Errors writing to the AOF \
             file: No space left on device",
        ),
        ("2> EXEC", "-ERR EXEC without MULTI"),
        ("3> EXEC", "[\"1\"]"),
        ("MULTI", "+OK"),
        ("SET a 2", refused),
        ("EXEC", "-EXECABORT Transaction discarded because of previous errors."),
        ("FLUSHALL", refused),
        ("GETEX a", refused),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    bench.refusal = None;
    assert_eq!(bench.step("SET a 2"), "+OK");
    assert_eq!(bench.log_lines(), ["SELECT 0", "SET a 1", "SET a 2"]);
}

#[test]
fn a_queue_is_bounded() {
    let mut bench = Bench::default();
    bench.executor.config.client_query_buffer_limit = 100;
    bench.step("MULTI");
    assert_eq!(bench.step("SET a 1"), "+QUEUED");
    let mut replies: Vec<String> = (0..5).map(|_| bench.step("SET a 1")).collect();
    replies.dedup();
    assert_eq!(replies, ["+QUEUED", "-ERR transaction is too large", "+QUEUED"]);
    assert!(bench.step("EXEC").starts_with("-EXECABORT"));
}

mod model;

use super::{Bench, check};

#[test]
fn pushes() {
    check(
        &[
            ("LPUSHX a 1", ":0"),
            ("RPUSHX a 1", ":0"),
            ("EXISTS a", ":0"),
            ("LPUSH a 1 2 3", ":3"),
            ("rpush a 4 5", ":5"),
            ("LPUSHX a x y", ":7"),
            ("RPUSHX a z", ":8"),
            ("LRANGE a 0 -1", r#"["y", "x", "3", "2", "1", "4", "5", "z"]"#),
            ("LLEN a", ":8"),
            ("LLEN x", ":0"),
            ("TYPE a", "+list"),
            ("RPUSH a", "-ERR wrong number of arguments for 'rpush' command"),
        ],
        &["SELECT 0", "LPUSH a 1 2 3", "rpush a 4 5", "LPUSHX a x y", "RPUSHX a z"],
    );
}

#[test]
fn pops() {
    let positive = "-ERR value is out of range, must be positive";
    check(
        &[
            ("LPOP a", "nil"),
            ("LPOP a 1", "[nil]"),
            ("RPOP a 0", "[nil]"),
            ("LPOP a x", positive),
            ("LPOP a -1", positive),
            ("LPOP a 9223372036854775808", positive),
            ("RPOP a 1 2", "-ERR wrong number of arguments for 'rpop' command"),
            ("RPUSH a 1 2 3 4 5 6", ":6"),
            ("LPOP a", "\"1\""),
            ("RPOP a", "\"6\""),
            ("LPOP a 0", "[]"),
            ("RPOP a 2", r#"["5", "4"]"#),
            ("lpop a 9223372036854775807", r#"["2", "3"]"#),
            ("EXISTS a", ":0"),
            ("RPUSH a x", ":1"),
            ("RPOP a", "\"x\""),
            ("EXISTS a", ":0"),
        ],
        &[
            "SELECT 0",
            "RPUSH a 1 2 3 4 5 6",
            "LPOP a",
            "RPOP a",
            "RPOP a 2",
            "lpop a 9223372036854775807",
            "RPUSH a x",
            "RPOP a",
        ],
    );
}

#[test]
fn ranges_and_indices() {
    check(
        &[
            ("LRANGE x 0 -1", "[]"),
            ("RPUSH a 0 1 2 3 4", ":5"),
            ("LRANGE a 1 3", r#"["1", "2", "3"]"#),
            ("LRANGE a -2 -1", r#"["3", "4"]"#),
            ("LRANGE a -100 1", r#"["0", "1"]"#),
            ("LRANGE a 3 100", r#"["3", "4"]"#),
            ("LRANGE a 5 9", "[]"),
            ("LRANGE a 2 1", "[]"),
            ("LRANGE a 0 -6", "[]"),
            ("LRANGE a -9223372036854775808 9223372036854775807", r#"["0", "1", "2", "3", "4"]"#),
            ("LRANGE a 9223372036854775807 -9223372036854775808", "[]"),
            ("LRANGE a x 1", "-ERR value is not an integer or out of range"),
            ("LRANGE x 0 1.0", "-ERR value is not an integer or out of range"),
            ("LINDEX a 0", "\"0\""),
            ("LINDEX a -1", "\"4\""),
            ("LINDEX a 5", "nil"),
            ("LINDEX a -6", "nil"),
            ("LINDEX a -9223372036854775808", "nil"),
            ("LINDEX a x", "-ERR value is not an integer or out of range"),
            ("LINDEX x x", "nil"),
        ],
        &["SELECT 0", "RPUSH a 0 1 2 3 4"],
    );
}

#[test]
fn changes_in_the_middle() {
    let integer = "-ERR value is not an integer or out of range";
    check(
        &[
            ("LSET x y z", "-ERR no such key"),
            ("RPUSH a 0 1 2 1", ":4"),
            ("LSET a x 1", integer),
            ("LSET a 4 x", "-ERR index out of range"),
            ("LSET a -5 x", "-ERR index out of range"),
            ("LSET a -4 zero", "+OK"),
            ("LSET a 2 2", "+OK"),
            ("LINSERT a middle 1 x", "-ERR syntax error"),
            ("LINSERT x BEFORE 1 x", ":0"),
            ("LINSERT a before 7 x", ":-1"),
            ("LINSERT a before 1 x", ":5"),
            ("LINSERT a AFTER 1 y", ":6"),
            ("LINSERT a after zero z", ":7"),
            ("LRANGE a 0 -1", r#"["zero", "z", "x", "1", "y", "2", "1"]"#),
        ],
        &[
            "SELECT 0",
            "RPUSH a 0 1 2 1",
            "LSET a -4 zero",
            "LSET a 2 2",
            "LINSERT a before 1 x",
            "LINSERT a AFTER 1 y",
            "LINSERT a after zero z",
        ],
    );
}

#[test]
fn removals() {
    check(
        &[
            ("LREM x 0 a", ":0"),
            ("LREM x y a", "-ERR value is not an integer or out of range"),
            ("RPUSH a x 1 x 2 x 3 x", ":7"),
            ("LREM a 0 nothing", ":0"),
            ("LREM a 1 x", ":1"),
            ("LREM a -1 x", ":1"),
            ("LRANGE a 0 -1", r#"["1", "x", "2", "x", "3"]"#),
            ("LREM a -9223372036854775808 x", ":2"),
            ("LREM a 9223372036854775807 2", ":1"),
            ("RPUSH b y y y", ":3"),
            ("LREM b 0 y", ":3"),
            ("EXISTS b", ":0"),
            ("LRANGE a 0 -1", r#"["1", "3"]"#),
        ],
        &[
            "SELECT 0",
            "RPUSH a x 1 x 2 x 3 x",
            "LREM a 1 x",
            "LREM a -1 x",
            "LREM a -9223372036854775808 x",
            "LREM a 9223372036854775807 2",
            "RPUSH b y y y",
            "LREM b 0 y",
        ],
    );
}

/// One that takes nothing away stands nowhere in the log.
#[test]
fn trims() {
    check(
        &[
            ("LTRIM x 0 1", "+OK"),
            ("LTRIM x 0 y", "-ERR value is not an integer or out of range"),
            ("RPUSH a 0 1 2 3 4", ":5"),
            ("LTRIM a 0 -1", "+OK"),
            ("LTRIM a -9 9", "+OK"),
            ("LTRIM a 1 -2", "+OK"),
            ("LRANGE a 0 -1", r#"["1", "2", "3"]"#),
            ("LTRIM a 0 0", "+OK"),
            ("LTRIM a 2 1", "+OK"),
            ("EXISTS a", ":0"),
        ],
        &["SELECT 0", "RPUSH a 0 1 2 3 4", "LTRIM a 1 -2", "LTRIM a 0 0", "LTRIM a 2 1"],
    );
}

#[test]
fn moves() {
    check(
        &[
            ("LMOVE a b LEFT x", "-ERR syntax error"),
            ("LMOVE a b left right", "nil"),
            ("RPOPLPUSH a a", "nil"),
            ("RPUSH a 1 2 3", ":3"),
            ("LMOVE a a left RIGHT", "\"1\""),
            ("RPOPLPUSH a a", "\"1\""),
            ("LRANGE a 0 -1", r#"["1", "2", "3"]"#),
            ("LMOVE a a LEFT LEFT", "\"1\""),
            ("LMOVE a b RIGHT LEFT", "\"3\""),
            ("LMOVE a b RIGHT LEFT", "\"2\""),
            ("RPOPLPUSH a b", "\"1\""),
            ("EXISTS a", ":0"),
            ("LRANGE b 0 -1", r#"["1", "2", "3"]"#),
            ("RPUSH c x", ":1"),
            ("LMOVE c c LEFT RIGHT", "\"x\""),
            ("LRANGE c 0 -1", "[\"x\"]"),
        ],
        &[
            "SELECT 0",
            "RPUSH a 1 2 3",
            "LMOVE a a left RIGHT",
            "RPOPLPUSH a a",
            "LMOVE a a LEFT LEFT",
            "LMOVE a b RIGHT LEFT",
            "LMOVE a b RIGHT LEFT",
            "RPOPLPUSH a b",
            "RPUSH c x",
            "LMOVE c c LEFT RIGHT",
        ],
    );
}

#[test]
fn positions() {
    let zero = "-ERR RANK can't be zero: use 1 to start from the first match, \
                2 from the second, ...";
    check(
        &[
            ("RPUSH a x 1 x 2 x 3 x", ":7"),
            ("LPOS a x", ":0"),
            ("LPOS a 9", "nil"),
            ("LPOS n x", "nil"),
            ("LPOS n x COUNT 2", "[]"),
            ("LPOS a 9 COUNT 2", "[]"),
            ("LPOS a x RANK 2", ":2"),
            ("LPOS a x RANK -1", ":6"),
            ("LPOS a x rank -2 count 2", "[:4, :2]"),
            ("LPOS a x COUNT 0", "[:0, :2, :4, :6]"),
            ("LPOS a x COUNT 0 MAXLEN 3", "[:0, :2]"),
            ("LPOS a x COUNT 0 MAXLEN 3 RANK -1", "[:6, :4]"),
            ("LPOS a x MAXLEN 0 RANK 4", ":6"),
            ("LPOS a x RANK 5", "nil"),
            ("LPOS a x RANK -9223372036854775808", ":6"),
            ("LPOS a x RANK 9223372036854775807", "nil"),
            ("LPOS a x RANK -9223372036854775807", "nil"),
            ("LPOS n x RANK 0", zero),
            ("LPOS a x RANK y", "-ERR value is not an integer or out of range"),
            ("LPOS a x COUNT -1", "-ERR COUNT can't be negative"),
            ("LPOS a x COUNT y", "-ERR COUNT can't be negative"),
            ("LPOS a x MAXLEN -1", "-ERR MAXLEN can't be negative"),
            ("LPOS a x COUNT", "-ERR syntax error"),
            ("LPOS a x WHAT 1", "-ERR syntax error"),
        ],
        &["SELECT 0", "RPUSH a x 1 x 2 x 3 x"],
    );
}

#[test]
fn other_types_are_refused() {
    let mut bench = Bench::default();
    bench.step("SET s 1");
    bench.step("RPUSH l 1");
    for line in [
        "LPUSH s 1",
        "RPUSHX s 1",
        "LPOP s",
        "RPOP s 0",
        "LLEN s",
        "LRANGE s 0 1",
        "LINDEX s 0",
        "LINDEX s x",
        "LSET s x 1",
        "LINSERT s before 1 1",
        "LREM s 0 1",
        "LTRIM s 0 1",
        "LMOVE s l LEFT LEFT",
        "LMOVE l s LEFT LEFT",
        "RPOPLPUSH s n",
        "LPOS s 1",
    ] {
        let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
        assert_eq!(bench.step(line), wrong, "{line}");
    }
    assert_eq!(bench.step("GET l"), bench.step("LPOP s"));
    // Nothing to move is found first, whatever is at the target.
    assert_eq!(bench.step("LMOVE n s LEFT LEFT"), "nil");
    assert_eq!(bench.log_lines(), ["SELECT 0", "SET s 1", "RPUSH l 1"]);
}

#[test]
fn an_expired_list_is_none() {
    check(
        &[
            ("RPUSH a 1", ":1"),
            ("PEXPIRE a 10", ":1"),
            ("RPUSH a 2", ":2"),
            ("PTTL a", ":10"),
            ("RPUSH b 1", ":1"),
            ("PEXPIRE b 10", ":1"),
            ("RPUSH c 1", ":1"),
            ("PEXPIRE c 10", ":1"),
            ("+11", ""),
            ("RPUSH a 3", ":1"),
            ("PTTL a", ":-1"),
            ("LMOVE b c LEFT LEFT", "nil"),
            ("LMOVE a c LEFT LEFT", "\"3\""),
            ("PTTL c", ":-1"),
        ],
        &[
            "SELECT 0",
            "RPUSH a 1",
            "PEXPIREAT a {+10}",
            "RPUSH a 2",
            "RPUSH b 1",
            "PEXPIREAT b {+10}",
            "RPUSH c 1",
            "PEXPIREAT c {+10}",
            "DEL a",
            "RPUSH a 3",
            "DEL b",
            "DEL c",
            "LMOVE a c LEFT LEFT",
        ],
    );
}

/// Whether EXEC runs after another client's command on a watched key `w`.
fn is_undisturbed(line: &str) -> bool {
    let mut bench = Bench::default();
    bench.step("RPUSH w 1 2 3");
    bench.step("RPUSH v 1");
    bench.step("WATCH w");
    bench.step(&format!("2> {line}"));
    bench.step("MULTI");
    bench.step("EXEC") == "[]"
}

#[test]
fn watched_lists() {
    for line in [
        "LPUSH w 1",
        "RPUSHX w 1",
        "LPOP w",
        "RPOP w 3",
        "LSET w 0 1",
        "LINSERT w AFTER 2 x",
        "LREM w 1 2",
        "LTRIM w 0 -1",
        "LMOVE w v LEFT LEFT",
        "LMOVE v w LEFT LEFT",
        "RPOPLPUSH w w",
    ] {
        assert!(!is_undisturbed(line), "{line}");
    }
    for line in [
        "LPUSHX n 1",
        "LPOP w 0",
        "LSET w 9 1",
        "LINSERT w AFTER 9 x",
        "LREM w 1 9",
        "LMOVE n w LEFT LEFT",
        "LRANGE w 0 -1",
        "LPOS w 1",
    ] {
        assert!(is_undisturbed(line), "{line}");
    }
}

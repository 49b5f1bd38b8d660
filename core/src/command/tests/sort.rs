use super::check;

/// What C's `strtod` reads, found by asking Redis.
#[test]
fn numbers_are_those_of_c() {
    let score = "-ERR One or more scores can't be converted into double";
    check(
        &[
            (r#"RPUSH e "" 1 -1 " 2" 0x10 1e1"#, ":6"),
            ("SORT e", r#"["-1", "", "1", " 2", "1e1", "0x10"]"#),
            ("RPUSH f inf -inf 5 infinity", ":4"),
            ("SORT f", r#"["-inf", "5", "inf", "infinity"]"#),
            ("RPUSH g +5 -0 0 .5 6.", ":5"),
            ("SORT g", r#"["-0", "0", ".5", "+5", "6."]"#),
            (r#"RPUSH h "2\x00x" 1"#, ":2"),
            ("SORT h", "[\"1\", \"2\\0x\"]"),
            ("RPUSH n1 1e400", ":1"),
            ("SORT n1", score),
            ("RPUSH n2 1e-310", ":1"),
            ("SORT n2", score),
            ("RPUSH n3 nan", ":1"),
            ("SORT n3", score),
            (r#"RPUSH n4 "1 ""#, ":1"),
            ("SORT n4", score),
            ("RPUSH n5 1_0", ":1"),
            ("SORT n5", score),
            (r#"RPUSH n6 " ""#, ":1"),
            ("SORT n6", score),
        ],
        &[
            "SELECT 0",
            "RPUSH e  1 -1  2 0x10 1e1",
            "RPUSH f inf -inf 5 infinity",
            "RPUSH g +5 -0 0 .5 6.",
            "RPUSH h 2\0x 1",
            "RPUSH n1 1e400",
            "RPUSH n2 1e-310",
            "RPUSH n3 nan",
            "RPUSH n4 1 ",
            "RPUSH n5 1_0",
            "RPUSH n6  ",
        ],
    );
}

#[test]
fn storing() {
    check(
        &[
            ("SORT x STORE dst", ":0"),
            ("RPUSH l 3 1 2", ":3"),
            ("SET dst x PX 500", "+OK"),
            ("SORT l STORE dst", ":3"),
            ("PTTL dst", ":-1"),
            ("LRANGE dst 0 -1", r#"["1", "2", "3"]"#),
            ("SET d_1 x", "+OK"),
            ("sort l GET d_* GET # STORE dst", ":6"),
            ("LRANGE dst 0 -1", r#"["x", "1", "", "2", "", "3"]"#),
            ("SORT l LIMIT 9 1 STORE dst", ":0"),
            ("EXISTS dst", ":0"),
            ("SORT l LIMIT 9 1 STORE dst", ":0"),
            ("SORT l STORE a STORE l", ":3"),
            ("EXISTS a", ":0"),
            ("LRANGE l 0 -1", r#"["1", "2", "3"]"#),
        ],
        &[
            "SELECT 0",
            "RPUSH l 3 1 2",
            "SET dst x PXAT {+500}",
            "SORT l STORE dst",
            "SET d_1 x",
            "sort l GET d_* GET # STORE dst",
            "SORT l LIMIT 9 1 STORE dst",
            "SORT l STORE a STORE l",
        ],
    );
}

/// Weights whose time has come are deleted, and that stands in the log before the command.
#[test]
fn expired_weights() {
    check(
        &[
            ("RPUSH l a b", ":2"),
            ("MSET w_a 2 w_b 1", "+OK"),
            ("PEXPIRE w_a 10", ":1"),
            ("SORT l BY w_*", r#"["b", "a"]"#),
            ("+11", ""),
            ("SORT l BY w_* STORE dst", ":2"),
            ("LRANGE dst 0 -1", r#"["a", "b"]"#),
        ],
        &[
            "SELECT 0",
            "RPUSH l a b",
            "MSET w_a 2 w_b 1",
            "PEXPIREAT w_a {+10}",
            "DEL w_a",
            "SORT l BY w_* STORE dst",
        ],
    );
}

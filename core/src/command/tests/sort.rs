use super::check;

#[test]
fn by_number_and_by_letter() {
    check(
        &[
            ("SORT x", "[]"),
            ("RPUSH l 3 1 2 10", ":4"),
            ("SORT l", r#"["1", "2", "3", "10"]"#),
            ("SORT l DESC", r#"["10", "3", "2", "1"]"#),
            ("SORT l DESC asc", r#"["1", "2", "3", "10"]"#),
            ("SORT l ALPHA", r#"["1", "10", "2", "3"]"#),
            ("SORT l ALPHA DESC", r#"["3", "2", "10", "1"]"#),
            ("SORT l LIMIT 1 2", r#"["2", "3"]"#),
            ("SORT l LIMIT -1 2", r#"["1", "2"]"#),
            ("SORT l LIMIT 1 -1", r#"["2", "3", "10"]"#),
            ("SORT l LIMIT 5 2", "[]"),
            ("SORT l LIMIT 0 0", "[]"),
            ("SORT l LIMIT 9223372036854775807 9223372036854775807", "[]"),
            ("SORT l LIMIT 1 9223372036854775807", r#"["2", "3", "10"]"#),
            ("ZADD z 3 30 1 200 2 1", ":3"),
            ("SORT z DESC", r#"["200", "30", "1"]"#),
        ],
        &["SELECT 0", "RPUSH l 3 1 2 10", "ZADD z 3 30 1 200 2 1"],
    );
}

#[test]
fn errors() {
    let score = "-ERR One or more scores can't be converted into double";
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    check(
        &[
            ("RPUSH w a b c", ":3"),
            ("SORT w", score),
            ("SORT w STORE dst", score),
            ("SORT w FOO", "-ERR syntax error"),
            ("SORT w BY", "-ERR syntax error"),
            ("SORT w GET", "-ERR syntax error"),
            ("SORT w STORE", "-ERR syntax error"),
            ("SORT w LIMIT 1", "-ERR syntax error"),
            ("SORT w LIMIT x 1", "-ERR value is not an integer or out of range"),
            ("SORT w LIMIT 1 x", "-ERR value is not an integer or out of range"),
            ("SET str 1", "+OK"),
            ("SORT str FOO", "-ERR syntax error"),
            ("SORT str", wrong),
            ("SORT str BY nosort", wrong),
            ("SORT str STORE dst", wrong),
            ("EXISTS dst", ":0"),
        ],
        &["SELECT 0", "RPUSH w a b c", "SET str 1"],
    );
}

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
fn weights_and_what_is_got_instead() {
    check(
        &[
            ("RPUSH w a b c", ":3"),
            ("MSET w_a 3 w_b 1 w_c 2 d_a A d_c C", "+OK"),
            ("SORT w BY w_*", r#"["b", "c", "a"]"#),
            (
                "SORT w BY w_* GET # GET d_* GET nopattern GET w_*->f",
                r#"["b", nil, nil, nil, "c", "C", nil, nil, "a", "A", nil, nil]"#,
            ),
            ("1> SET k_a-> 2", "+OK"),
            ("1> SET k_b-> 1", "+OK"),
            ("SORT w BY k_*->", r#"["c", "b", "a"]"#),
            ("SORT w BY w_*x*", r#"["a", "b", "c"]"#),
            ("RPUSH v c a b", ":3"),
            ("SORT v BY no_*", r#"["a", "b", "c"]"#),
            ("SORT v BY no_* DESC", r#"["c", "b", "a"]"#),
            ("SORT v BY no_* ALPHA", r#"["c", "a", "b"]"#),
            ("SORT v BY no_* ALPHA DESC", r#"["c", "a", "b"]"#),
        ],
        &[
            "SELECT 0",
            "RPUSH w a b c",
            "MSET w_a 3 w_b 1 w_c 2 d_a A d_c C",
            "SET k_a-> 2",
            "SET k_b-> 1",
            "RPUSH v c a b",
        ],
    );
}

#[test]
fn not_to_sort() {
    check(
        &[
            ("RPUSH l 3 1 2 10", ":4"),
            ("SORT l BY nosort", r#"["3", "1", "2", "10"]"#),
            ("SORT l BY nosort DESC", r#"["10", "2", "1", "3"]"#),
            ("SORT l BY nosort LIMIT 1 2", r#"["1", "2"]"#),
            ("SORT l BY nosort DESC LIMIT 1 2", r#"["2", "1"]"#),
            ("SORT l BY # LIMIT 3 9 GET # GET #", r#"["10", "10"]"#),
            ("SORT l BY nosort BY w_*", r#"["3", "1", "2", "10"]"#),
            ("ZADD z 3 a 1 b 2 c", ":3"),
            ("SORT z BY nosort", r#"["b", "c", "a"]"#),
            ("SORT z BY nosort DESC", r#"["a", "c", "b"]"#),
            ("SORT z BY nosort LIMIT 1 1", r#"["c"]"#),
            ("SORT z BY nosort LIMIT 2 9", r#"["a"]"#),
            ("SORT z BY nosort DESC LIMIT 1 100", r#"["c", "b"]"#),
            ("SORT z BY nosort DESC LIMIT 3 1", "[]"),
        ],
        &["SELECT 0", "RPUSH l 3 1 2 10", "ZADD z 3 a 1 b 2 c"],
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

#[test]
fn sets() {
    check(
        &[
            ("SADD s 5 4 10 1", ":4"),
            ("SORT s", r#"["1", "4", "5", "10"]"#),
            ("SADD t x y z 1", ":4"),
            ("SORT t BY nosort DESC STORE d", ":4"),
            ("LRANGE d 0 -1", r#"["z", "y", "x", "1"]"#),
            ("SORT t BY no_* ALPHA STORE d", ":4"),
            ("LRANGE d 0 -1", r#"["1", "x", "y", "z"]"#),
        ],
        &[
            "SELECT 0",
            "SADD s 5 4 10 1",
            "SADD t x y z 1",
            "SORT t BY nosort DESC STORE d",
            "SORT t BY no_* ALPHA STORE d",
        ],
    );
}

#[test]
fn fields_of_hashes() {
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    check(
        &[
            ("RPUSH w a b c", ":3"),
            ("HSET h_a f 5 g x", ":2"),
            ("HSET h_b f 4 g y", ":2"),
            ("SORT w BY h_*->f GET h_*->g", r#"[nil, "y", "x"]"#),
            ("SORT w BY h_*->g ALPHA GET #", r#"["c", "a", "b"]"#),
            ("SORT w BY h_*->g ALPHA DESC", r#"["b", "a", "c"]"#),
            ("SORT w BY h_*", r#"["a", "b", "c"]"#),
            ("SORT w BY w_*->f GET h_*", "[nil, nil, nil]"),
            ("SORT h_a STORE dst", wrong),
        ],
        &["SELECT 0", "RPUSH w a b c", "HSET h_a f 5 g x", "HSET h_b f 4 g y"],
    );
}

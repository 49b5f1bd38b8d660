mod model;

use super::{Bench, check};

#[test]
fn get_and_set() {
    check(
        &[
            ("GET a", "nil"),
            ("SET a 1", "+OK"),
            ("GET a", "\"1\""),
            ("set a 2", "+OK"),
            ("SeT b ''", "+OK"),
            ("GET b", "\"\""),
            ("STRLEN a", ":1"),
            ("STRLEN c", ":0"),
            ("MGET a x b", "[\"2\", nil, \"\"]"),
        ],
        &["SELECT 0", "SET a 1", "set a 2", "SeT b "],
    );
}

#[test]
fn conditions_of_set() {
    check(
        &[
            ("SET a 1 XX", "nil"),
            ("SET a 1 NX", "+OK"),
            ("SET a 2 NX", "nil"),
            ("SET a 3 XX", "+OK"),
            ("SET a 4 GET", "\"3\""),
            ("SET n 5 GET", "nil"),
            ("SET m 5 XX GET", "nil"),
            ("SET a 6 get xx GET", "\"4\""),
            ("GET a", "\"6\""),
        ],
        &["SELECT 0", "SET a 1 NX", "SET a 3 XX", "SET a 4", "SET n 5", "SET a 6 xx"],
    );
}

#[test]
fn expiry_of_set() {
    check(
        &[
            ("SET a 1 EX 10", "+OK"),
            ("PTTL a", ":10000"),
            ("SET a 2 KEEPTTL", "+OK"),
            ("PTTL a", ":10000"),
            ("SET a 3", "+OK"),
            ("TTL a", ":-1"),
            ("SET a 4 px 1500", "+OK"),
            ("TTL a", ":2"),
            ("set a 5 exat 1795226500", "+OK"),
            ("TTL a", ":100"),
            ("SET a 6 PXAT 1795226400007 GET XX", "\"5\""),
            ("PTTL a", ":7"),
            ("SET a 7 KEEPTTL GET", "\"6\""),
            ("SET b 1 EX 1 EX 2", "+OK"),
            ("SET b 2 keepttl KEEPTTL", "+OK"),
            ("SETEX c 3 v", "+OK"),
            ("PSETEX d 4 v", "+OK"),
        ],
        &[
            "SELECT 0",
            "SET a 1 PXAT {+10000}",
            "SET a 2 KEEPTTL",
            "SET a 3",
            "SET a 4 PXAT {+1500}",
            "SET a 5 PXAT 1795226500000",
            "SET a 6 PXAT {+7}",
            "SET a 7 KEEPTTL",
            "SET b 1 PXAT {+2000}",
            "SET b 2 keepttl KEEPTTL",
            "SET c v PXAT {+3000}",
            "SET d v PXAT {+4}",
        ],
    );
}

#[test]
fn redis_3_0_logs_a_relative_expiry_of_set_as_it_came() {
    check(
        &[
            ("CONFIG SET profile redis-3.0", "+OK"),
            ("SET a 1 EX 10", "+OK"),
            ("PTTL a", ":10000"),
            ("SET a 4 px 1500 XX", "+OK"),
            ("SET a 5 exat 1795226500", "+OK"),
            ("SETEX c 3 v", "+OK"),
        ],
        &[
            "SELECT 0",
            "SET a 1 EX 10",
            "SET a 4 px 1500 XX",
            "SET a 5 PXAT 1795226500000",
            "SET c v PXAT {+3000}",
        ],
    );
}

#[test]
fn a_deadline_of_long_ago_is_set_and_then_expires() {
    check(
        &[("SET a 1 PXAT 1", "+OK"), ("GET a", "nil"), ("DBSIZE", ":0")],
        &["SELECT 0", "SET a 1 PXAT 1", "DEL a"],
    );
}

#[test]
fn options_that_do_not_fit() {
    let mut script = Vec::new();
    for line in [
        "SET a 1 NX XX",
        "SET a 1 XX NX",
        "SET a 1 NX GET",
        "SET a 1 GET NX",
        "SET a 1 EX",
        "SET a 1 EX 1 PX 1",
        "SET a 1 EX 1 KEEPTTL",
        "SET a 1 KEEPTTL EX 1",
        "SET a 1 PERSIST",
        "SET a 1 WHAT",
        "GETEX a KEEPTTL",
        "GETEX a PERSIST EX 1",
        "GETEX a EX 1 PERSIST",
        "GETEX a NX",
        "GETEX a EX",
        "SET a 1 EXAT 1 PXAT 1",
    ] {
        script.push((line, "-ERR syntax error"));
    }
    for line in ["SET a 1 EX x", "SET a 1 PX 1.5", "SETEX a x 1", "SET a 1 EX 9223372036854775808"]
    {
        script.push((line, "-ERR value is not an integer or out of range"));
    }
    for line in ["SET a 1 EX 0", "SET a 1 PX -1", "SET a 1 EX 9223372036854775807"] {
        script.push((line, "-ERR invalid expire time in set"));
    }
    script.push(("SET a 1 PX 9223372036854775807", "-ERR invalid expire time in set"));
    script.push(("SETEX a 0 1", "-ERR invalid expire time in setex"));
    script.push(("PSETEX a -5 1", "-ERR invalid expire time in psetex"));
    check(&script, &[]);
}

#[test]
fn read_and_change_at_once() {
    check(
        &[
            ("GETSET a 1", "nil"),
            ("getset a 2", "\"1\""),
            ("EXPIRE a 10", ":1"),
            ("GETSET a 3", "\"2\""),
            ("TTL a", ":-1"),
            ("GETDEL x", "nil"),
            ("getdel a", "\"3\""),
            ("EXISTS a", ":0"),
        ],
        &["SELECT 0", "SET a 1", "SET a 2", "PEXPIREAT a {+10000}", "SET a 3", "DEL a"],
    );
}

#[test]
fn getex_is_logged_as_what_it_did() {
    check(
        &[
            ("GETEX a EX 10", "nil"),
            ("SET a 1", "+OK"),
            ("GETEX a", "\"1\""),
            ("GETEX a PERSIST", "\"1\""),
            ("GETEX a EX 10", "\"1\""),
            ("GETEX a PX 500", "\"1\""),
            ("PTTL a", ":500"),
            ("GETEX a EXAT 1795226500", "\"1\""),
            ("getex a persist", "\"1\""),
            ("TTL a", ":-1"),
            ("GETEX a EX 0", "-ERR invalid expire time in getex"),
            ("GETEX a EX x", "-ERR value is not an integer or out of range"),
            ("GETEX a PXAT 1795226400000", "\"1\""),
            ("EXISTS a", ":0"),
        ],
        &[
            "SELECT 0",
            "SET a 1",
            "PEXPIREAT a {+10000}",
            "PEXPIREAT a {+500}",
            "PEXPIREAT a 1795226500000",
            "PERSIST a",
            "DEL a",
        ],
    );
}

#[test]
fn setnx_and_many_keys() {
    check(
        &[
            ("SETNX a 1", ":1"),
            ("setnx a 2", ":0"),
            ("MSET a 1 b 2 a 3", "+OK"),
            ("MSETNX c 1 b 2", ":0"),
            ("EXISTS c", ":0"),
            ("msetnx c 1 d 2", ":1"),
            ("MGET a b c d", "[\"3\", \"2\", \"1\", \"2\"]"),
            ("MSET a 1 b", "-ERR wrong number of arguments for MSET"),
            ("MSETNX a 1 b", "-ERR wrong number of arguments for MSET"),
            ("MSET a", "-ERR wrong number of arguments for 'mset' command"),
        ],
        &["SELECT 0", "SETNX a 1", "MSET a 1 b 2 a 3", "msetnx c 1 d 2"],
    );
}

#[test]
fn pieces_of_strings() {
    check(
        &[
            ("APPEND a hello", ":5"),
            ("APPEND a ''", ":5"),
            ("APPEND a ' world'", ":11"),
            ("GETRANGE a 0 4", "\"hello\""),
            ("SUBSTR a -5 -1", "\"world\""),
            ("GETRANGE a 5 1", "\"\""),
            ("GETRANGE a -1 -5", "\"\""),
            ("GETRANGE x 0 -1", "\"\""),
            ("GETRANGE a 0 x", "-ERR value is not an integer or out of range"),
            ("SETRANGE a 6 Redis", ":11"),
            ("GET a", "\"hello Redis\""),
            ("SETRANGE b 2 x", ":3"),
            ("GET b", "\"\\0\\0x\""),
            ("SETRANGE c 2 ''", ":0"),
            ("EXISTS c", ":0"),
            ("SETRANGE b 9 ''", ":3"),
            ("SETRANGE b -1 x", "-ERR offset is out of range"),
            (
                "SETRANGE b 536870911 xx",
                "-ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            ),
            (
                "SETRANGE q 9223372036854775807 x",
                "-ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            ),
        ],
        &[
            "SELECT 0",
            "APPEND a hello",
            "APPEND a ",
            "APPEND a  world",
            "SETRANGE a 6 Redis",
            "SETRANGE b 2 x",
        ],
    );
}

#[test]
fn appending_keeps_the_expiry() {
    check(
        &[
            ("SET a 1 PX 500", "+OK"),
            ("APPEND a 2", ":2"),
            ("SETRANGE a 0 9", ":2"),
            ("PTTL a", ":500"),
        ],
        &["SELECT 0", "SET a 1 PXAT {+500}", "APPEND a 2", "SETRANGE a 0 9"],
    );
}

#[test]
fn counters() {
    check(
        &[
            ("INCR a", ":1"),
            ("INCRBY a 41", ":42"),
            ("DECR a", ":41"),
            ("DECRBY a -1", ":42"),
            ("EXPIRE a 5", ":1"),
            ("incr a", ":43"),
            ("TTL a", ":5"),
            ("SET b x", "+OK"),
            ("INCR b", "-ERR value is not an integer or out of range"),
            ("SET b ' 1'", "+OK"),
            ("INCR b", "-ERR value is not an integer or out of range"),
            ("SET b 9223372036854775807", "+OK"),
            ("INCR b", "-ERR increment or decrement would overflow"),
            ("DECRBY b -9223372036854775808", "-ERR decrement would overflow"),
            ("INCRBY b 1.5", "-ERR value is not an integer or out of range"),
            ("INCRBY b -9223372036854775808", ":-1"),
        ],
        &[
            "SELECT 0",
            "INCR a",
            "INCRBY a 41",
            "DECR a",
            "DECRBY a -1",
            "PEXPIREAT a {+5000}",
            "incr a",
            "SET b x",
            "SET b  1",
            "SET b 9223372036854775807",
            "INCRBY b -9223372036854775808",
        ],
    );
}

#[test]
fn incrbyfloat_is_logged_as_its_result() {
    check(
        &[
            ("INCRBYFLOAT a 0.1", "\"0.1\""),
            ("incrbyfloat a 0.2", "\"0.3\""),
            ("EXPIRE a 5", ":1"),
            ("INCRBYFLOAT a 5.0e3", "\"5000.29999999999999982\""),
            ("TTL a", ":5"),
            ("INCRBYFLOAT a x", "-ERR value is not a valid float"),
            ("INCRBYFLOAT a inf", "-ERR increment would produce NaN or Infinity"),
            ("INCRBYFLOAT a nan", "-ERR value is not a valid float"),
            ("SET b ' 1'", "+OK"),
            ("INCRBYFLOAT b 1", "-ERR value is not a valid float"),
        ],
        &[
            "SELECT 0",
            "SET a 0.1 KEEPTTL",
            "SET a 0.3 KEEPTTL",
            "PEXPIREAT a {+5000}",
            "SET a 5000.29999999999999982 KEEPTTL",
            "SET b  1",
        ],
    );
}

/// Bytes of any kind go through memory and log unchanged.
#[test]
fn values_are_bytes() {
    let mut bench = Bench::default();
    let value: Vec<u8> = (0..=255).collect();
    assert_eq!(bench.run_words(1, &[b"SET", &value[..], &value[..]]), b"+OK\r\n");
    let reply = bench.run_words(1, &[b"GET", &value[..]]);
    assert_eq!(&reply[..6], b"$256\r\n");
    assert_eq!(&reply[6..262], &value[..]);
    let replayed = bench.replayed();
    assert_eq!(replayed.keyspace.content_digest(), bench.executor.keyspace.content_digest());
}

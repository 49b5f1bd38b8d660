use super::{Bench, check};

#[test]
fn delete_and_ask() {
    check(
        &[
            ("DEL a", ":0"),
            ("MSET a 1 b 2 c 3", "+OK"),
            ("EXISTS a b x a", ":3"),
            ("TYPE a", "+string"),
            ("TYPE x", "+none"),
            ("del a x b a", ":2"),
            ("UNLINK x", ":0"),
            ("UNLINK c", ":1"),
            ("DBSIZE", ":0"),
        ],
        &["SELECT 0", "MSET a 1 b 2 c 3", "del a x b a", "UNLINK c"],
    );
}

#[test]
fn rename() {
    check(
        &[
            ("RENAME a b", "-ERR no such key"),
            ("RENAME a a", "-ERR no such key"),
            ("SET a 1 PX 500", "+OK"),
            ("SET b 2", "+OK"),
            ("RENAME a a", "+OK"),
            ("RENAMENX a a", ":0"),
            ("RENAMENX a b", ":0"),
            ("RENAME a b", "+OK"),
            ("PTTL b", ":500"),
            ("renamenx b c", ":1"),
            ("GET c", "\"1\""),
            ("PTTL c", ":500"),
            ("SET d 1", "+OK"),
            ("RENAME d c", "+OK"),
            ("TTL c", ":-1"),
        ],
        &[
            "SELECT 0",
            "SET a 1 PXAT {+500}",
            "SET b 2",
            "RENAME a b",
            "renamenx b c",
            "SET d 1",
            "RENAME d c",
        ],
    );
}

#[test]
fn keys_and_scan() {
    check(
        &[
            ("KEYS *", "[]"),
            ("MSET one 1 two 2 three 3", "+OK"),
            ("KEYS t*", "[\"two\", \"three\"]"),
            ("KEYS [^t]*", "[\"one\"]"),
            ("SCAN 0", "[\"0\", [\"one\", \"two\", \"three\"]]"),
            ("SCAN 0 COUNT 2", "[\"2\", [\"one\", \"two\"]]"),
            ("SCAN 2 COUNT 2 match th*", "[\"0\", [\"three\"]]"),
            ("SCAN 0 MATCH *o* TYPE string", "[\"0\", [\"one\", \"two\"]]"),
            ("SCAN 0 TYPE list", "[\"0\", []]"),
            ("SCAN 99", "[\"0\", []]"),
            ("SCAN 18446744073709551615", "[\"0\", []]"),
            ("SCAN x", "-ERR invalid cursor"),
            ("SCAN -1", "-ERR invalid cursor"),
            ("SCAN 18446744073709551616", "-ERR invalid cursor"),
            ("SCAN 0 COUNT", "-ERR syntax error"),
            ("SCAN 0 COUNT 0", "-ERR syntax error"),
            ("SCAN 0 COUNT x", "-ERR value is not an integer or out of range"),
            ("SCAN 0 WHAT x", "-ERR syntax error"),
            ("SCAN 0 COUNT 9223372036854775807", "[\"0\", [\"one\", \"two\", \"three\"]]"),
        ],
        &["SELECT 0", "MSET one 1 two 2 three 3"],
    );
}

#[test]
fn a_scan_deletes_what_has_expired_and_keys_does_not() {
    check(
        &[
            ("SET a 1 PX 10", "+OK"),
            ("SET b 1 PX 10", "+OK"),
            ("SET c 1", "+OK"),
            ("+11", ""),
            ("KEYS *", "[\"c\"]"),
            ("DBSIZE", ":3"),
            ("SCAN 0 MATCH [bc]", "[\"0\", [\"c\"]]"),
            ("DBSIZE", ":2"),
            ("RANDOMKEY", "\"c\""),
            ("DEL c", ":1"),
            ("RANDOMKEY", "nil"),
            ("DBSIZE", ":0"),
        ],
        &[
            "SELECT 0",
            "SET a 1 PXAT {+10}",
            "SET b 1 PXAT {+10}",
            "SET c 1",
            "DEL b",
            "DEL c",
            "DEL a",
        ],
    );
}

#[test]
fn flushing() {
    check(
        &[
            ("FLUSHDB", "+OK"),
            ("FLUSHALL", "+OK"),
            ("SET a 1", "+OK"),
            ("SELECT 3", "+OK"),
            ("FLUSHDB SYNC", "+OK"),
            ("SET b 1", "+OK"),
            ("flushdb async", "+OK"),
            ("SELECT 0", "+OK"),
            ("EXISTS a", ":1"),
            ("FLUSHALL async", "+OK"),
            ("DBSIZE", ":0"),
            ("FLUSHALL x", "-ERR syntax error"),
            ("FLUSHDB sync sync", "-ERR syntax error"),
        ],
        &[
            "SELECT 0",
            "FLUSHALL",
            "SET a 1",
            "SELECT 3",
            "SET b 1",
            "flushdb async",
            "SELECT 0",
            "FLUSHALL async",
        ],
    );
}

/// SELECT is never logged as such; the next record says its database.
#[test]
fn databases_are_said_when_they_change() {
    check(
        &[
            ("SELECT 15", "+OK"),
            ("SELECT 16", "-ERR DB index is out of range"),
            ("SELECT -1", "-ERR DB index is out of range"),
            ("SELECT x", "-ERR value is not an integer or out of range"),
            (
                "SELECT 2147483648",
                "-ERR value is out of range, value must between -2147483648 and 2147483647",
            ),
            ("SET a 1", "+OK"),
            ("2> SET a 1", "+OK"),
            ("2> GET a", "\"1\""),
            ("SET b 1", "+OK"),
            ("SET c 1", "+OK"),
        ],
        &["SELECT 15", "SET a 1", "SELECT 0", "SET a 1", "SELECT 15", "SET b 1", "SET c 1"],
    );
}

#[test]
fn hits_and_misses_are_counted() {
    let mut bench = Bench::default();
    for line in ["SET a 1", "GET a", "GET b", "MGET a b", "EXISTS a", "STRLEN b"] {
        bench.step(line);
    }
    let statistics = bench.executor.statistics;
    assert_eq!((statistics.keyspace_hits, statistics.keyspace_misses), (3, 3));
    assert_eq!((statistics.commands, statistics.changes), (6, 1));
}

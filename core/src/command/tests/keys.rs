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
            ("SCAN -1", "[\"0\", []]"),
            ("SCAN +1 COUNT 2", "[\"0\", [\"two\", \"three\"]]"),
            ("SCAN -", "-ERR invalid cursor"),
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

#[test]
fn moving_to_another_database() {
    let same = "-ERR source and destination objects are the same";
    let index = "-ERR DB index is out of range";
    check(
        &[
            ("MOVE a 0", same),
            ("MOVE a 16", index),
            ("MOVE a -1", index),
            ("MOVE a x", "-ERR value is not an integer or out of range"),
            (
                "MOVE a 2147483648",
                "-ERR value is out of range, value must between -2147483648 and 2147483647",
            ),
            ("MOVE a 1", ":0"),
            ("RPUSH a 1 2", ":2"),
            ("PEXPIRE a 500", ":1"),
            ("MOVE a 1", ":1"),
            ("EXISTS a", ":0"),
            ("SET a x", "+OK"),
            ("MOVE a 1", ":0"),
            ("SELECT 1", "+OK"),
            ("PTTL a", ":500"),
            ("LRANGE a 0 -1", "[\"1\", \"2\"]"),
            ("SELECT 0", "+OK"),
            ("+501", ""),
            ("MOVE a 1", ":1"),
            ("SELECT 1", "+OK"),
            ("GET a", "\"x\""),
            ("TTL a", ":-1"),
        ],
        &[
            "SELECT 0",
            "RPUSH a 1 2",
            "PEXPIREAT a {+500}",
            "MOVE a 1",
            "SET a x",
            "SELECT 1",
            "DEL a",
            "SELECT 0",
            "MOVE a 1",
        ],
    );
}

#[test]
fn copying() {
    let same = "-ERR source and destination objects are the same";
    check(
        &[
            ("COPY a b", ":0"),
            ("COPY a a", same),
            ("COPY a a DB 0", same),
            ("COPY a b DB 16", "-ERR DB index is out of range"),
            ("COPY a b DB x", "-ERR value is not an integer or out of range"),
            ("COPY a b DB", "-ERR syntax error"),
            ("COPY a b WHAT", "-ERR syntax error"),
            ("RPUSH a 1 2", ":2"),
            ("PEXPIRE a 500", ":1"),
            ("COPY a b", ":1"),
            ("RPUSH a 3", ":3"),
            ("LRANGE b 0 -1", "[\"1\", \"2\"]"),
            ("PTTL b", ":500"),
            ("SET b x", "+OK"),
            ("COPY a b", ":0"),
            ("copy a b replace REPLACE", ":1"),
            ("LLEN b", ":3"),
            ("PTTL b", ":500"),
            ("SET c x", "+OK"),
            ("COPY c b REPLACE", ":1"),
            ("TTL b", ":-1"),
            ("COPY a a DB 3", ":1"),
            ("COPY a a DB 3 REPLACE DB 4", ":1"),
            ("+501", ""),
            ("COPY a c REPLACE", ":0"),
            ("COPY c a DB 3", ":1"),
            ("SELECT 3", "+OK"),
            ("GET a", "\"x\""),
        ],
        &[
            "SELECT 0",
            "RPUSH a 1 2",
            "PEXPIREAT a {+500}",
            "COPY a b",
            "RPUSH a 3",
            "SET b x",
            "copy a b replace REPLACE",
            "SET c x",
            "COPY c b REPLACE",
            "COPY a a DB 3",
            "COPY a a DB 3 REPLACE DB 4",
            "DEL a",
            "SELECT 3",
            "DEL a",
            "SELECT 0",
            "COPY c a DB 3",
        ],
    );
}

#[test]
fn moves_and_copies_are_seen_by_those_who_watch() {
    for (watched_db, line) in
        [(0, "MOVE a 1"), (1, "MOVE a 1"), (0, "COPY b a REPLACE"), (1, "COPY b a DB 1")]
    {
        let mut bench = Bench::default();
        bench.step("MSET a 1 b 2");
        bench.step(&format!("2> SELECT {watched_db}"));
        bench.step("2> WATCH a");
        assert_eq!(bench.step(line), ":1");
        bench.step("2> MULTI");
        assert_eq!(bench.step("2> EXEC"), "[nil]", "{line} in {watched_db}");
    }
}

#[test]
fn how_values_are_held() {
    let subcommand = |word: &str| {
        format!(
            "-ERR Unknown subcommand or wrong number of arguments for '{word}'. Try OBJECT HELP."
        )
    };
    let long = format!("SET long {}", "x".repeat(23));
    let words: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let large = format!("RPUSH large {}", words.join(" "));
    let frequency = "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. \
                     Please note that when switching between policies at runtime LRU and LFU data \
                     will take some time to adjust.";
    let idle = "-ERR idle time not tracked: this server evicts nothing and keeps no access times";
    check(
        &[
            ("TOUCH a b", ":0"),
            ("SET a 1", "+OK"),
            ("TOUCH a b a", ":2"),
            ("OBJECT ENCODING b", "nil"),
            ("OBJECT FREQ b", "nil"),
            ("OBJECT IDLETIME b", "nil"),
            ("OBJECT REFCOUNT b", "nil"),
            ("OBJECT refcount a", ":1"),
            ("OBJECT FREQ a", frequency),
            ("OBJECT IDLETIME a", idle),
            ("object encoding a", "\"embstr\""),
            (&long, "+OK"),
            ("OBJECT ENCODING long", "\"raw\""),
            ("APPEND a 2", ":2"),
            ("OBJECT ENCODING a", "\"raw\""),
            ("RPUSH l 1", ":1"),
            ("OBJECT ENCODING l", "\"listpack\""),
            (&large, ":500"),
            ("OBJECT ENCODING large", "\"quicklist\""),
            ("OBJECT ENCODING", &subcommand("ENCODING")),
            ("OBJECT ENCODING a b", &subcommand("ENCODING")),
            ("OBJECT HELP a", &subcommand("HELP")),
            ("OBJECT what a", &subcommand("what")),
            ("OBJECT", "-ERR wrong number of arguments for 'object' command"),
        ],
        &["SELECT 0", "SET a 1", &long, "APPEND a 2", "RPUSH l 1", &large],
    );
    assert!(Bench::default().step("OBJECT HELP").starts_with("[+OBJECT <subcommand>"));
}

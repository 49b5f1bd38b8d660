//! Sorted sets. Every reply was compared with that of a Redis 6.2.14.

mod combine;
mod model;
mod range;

use super::{Bench, check};
use crate::keyspace::Keyspace;
use crate::random::Random;
use crate::value::Value;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn add_and_ask() {
    check(
        &[
            ("ZADD z 1 a 2 b 3.1 c", ":3"),
            ("ZADD z 1 a 5 b 4 d", ":1"),
            ("ZADD z 1 a 5 b", ":0"),
            ("ZADD z CH 2 a 5 b 6 e", ":2"),
            ("ZADD z ch nx 9 a 9 f", ":1"),
            ("ZADD z XX CH 9 a 9 g", ":1"),
            ("ZADD z XX 9 a 9 g", ":0"),
            ("ZSCORE z a", "\"9\""),
            ("ZSCORE z c", "\"3.1000000000000001\""),
            ("ZSCORE z x", "nil"),
            ("ZSCORE nosuch x", "nil"),
            ("ZCARD z", ":6"),
            ("ZCARD nosuch", ":0"),
            ("ZMSCORE z a x f", "[\"9\", nil, \"9\"]"),
            ("ZMSCORE nosuch a b", "[nil, nil]"),
            ("ZRANK z c", ":0"),
            ("ZRANK z a", ":4"),
            ("ZREVRANK z a", ":1"),
            ("ZREVRANK z f", ":0"),
            ("ZRANK z x", "nil"),
            ("ZREVRANK nosuch x", "nil"),
            ("TYPE z", "+zset"),
        ],
        &[
            "SELECT 0",
            "ZADD z 1 a 2 b 3.1 c",
            "ZADD z 1 a 5 b 4 d",
            "ZADD z CH 2 a 5 b 6 e",
            "ZADD z ch nx 9 a 9 f",
            "ZADD z XX CH 9 a 9 g",
        ],
    );
}

#[test]
fn greater_and_less() {
    check(
        &[
            ("ZADD z GT 5 a", ":1"),
            ("ZADD z GT CH 4 a", ":0"),
            ("ZADD z GT CH 5 a", ":0"),
            ("ZADD z gt ch 6 a", ":1"),
            ("ZADD z LT CH 7 a 1 b", ":1"),
            ("ZADD z LT XX CH 5 a 1 c", ":1"),
            ("ZADD z GT INCR -1 a", "nil"),
            ("ZADD z GT INCR 0 a", "nil"),
            ("ZADD z LT INCR -1 a", "\"4\""),
            ("ZADD z XX INCR 1 nosuch", "nil"),
            ("ZADD z NX INCR 1 a", "nil"),
            ("ZADD z NX INCR 1.5 n", "\"1.5\""),
            ("ZADD nosuch XX 1 a", ":0"),
            ("ZADD nosuch XX INCR 1 a", "nil"),
            ("EXISTS nosuch", ":0"),
        ],
        &[
            "SELECT 0",
            "ZADD z GT 5 a",
            "ZADD z gt ch 6 a",
            "ZADD z LT CH 7 a 1 b",
            "ZADD z LT XX CH 5 a 1 c",
            "ZADD z LT INCR -1 a",
            "ZADD z NX INCR 1.5 n",
        ],
    );
}

#[test]
fn increments() {
    check(
        &[
            ("ZINCRBY z 1 a", "\"1\""),
            ("ZINCRBY z 0.1 a", "\"1.1000000000000001\""),
            ("ZINCRBY z 0 a", "\"1.1000000000000001\""),
            ("ZINCRBY z -1e17 b", "\"-1e+17\""),
            ("ZINCRBY z inf a", "\"inf\""),
            ("ZINCRBY z 1 a", "\"inf\""),
            ("ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)"),
            ("ZADD z INCR -inf a", "-ERR resulting score is not a number (NaN)"),
            ("ZINCRBY z x a", "-ERR value is not a valid float"),
            ("ZINCRBY z nx a", "-ERR syntax error"),
            ("SET str 1", "+OK"),
            ("ZINCRBY str x a", "-ERR value is not a valid float"),
            ("ZINCRBY str 1 a", WRONG_TYPE),
        ],
        &[
            "SELECT 0",
            "ZINCRBY z 1 a",
            "ZINCRBY z 0.1 a",
            "ZINCRBY z -1e17 b",
            "ZINCRBY z inf a",
            "SET str 1",
        ],
    );
}

#[test]
fn scores_keep_the_sign_of_zero() {
    check(
        &[
            ("ZADD z -0 i", ":1"),
            ("ZSCORE z i", "\"-0\""),
            ("ZADD z CH 0 i", ":0"),
            ("ZSCORE z i", "\"-0\""),
            ("ZINCRBY z 0 i", "\"0\""),
            ("ZSCORE z i", "\"-0\""),
            ("ZADD z 0 a", ":1"),
            ("ZRANGE z 0 -1 WITHSCORES", "[\"a\", \"0\", \"i\", \"-0\"]"),
            ("ZCOUNT z 0 0", ":2"),
            ("ZCOUNT z -0 (0", ":0"),
        ],
        &["SELECT 0", "ZADD z -0 i", "ZADD z 0 a"],
    );
}

#[test]
fn wrong_words_are_refused_before_anything_changes() {
    let incompatible = "-ERR GT, LT, and/or NX options at the same time are not compatible";
    check(
        &[
            ("ZADD z nx", "-ERR wrong number of arguments for 'zadd' command"),
            ("ZADD z nx 1", "-ERR syntax error"),
            ("ZADD z nx xx ch", "-ERR syntax error"),
            ("ZADD z 1 a 2", "-ERR syntax error"),
            ("ZADD z nx xx 1 a", "-ERR XX and NX options at the same time are not compatible"),
            ("ZADD z gt nx 1 a", incompatible),
            ("ZADD z lt nx 1 a", incompatible),
            ("ZADD z gt lt 1 a", incompatible),
            ("ZADD z incr 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
            ("ZADD z x a", "-ERR value is not a valid float"),
            ("ZADD z 1 a nan b", "-ERR value is not a valid float"),
            ("ZADD z 1 a \" 2\" b", "-ERR value is not a valid float"),
            ("EXISTS z", ":0"),
            ("SET str 1", "+OK"),
            ("ZADD str x a", "-ERR value is not a valid float"),
            ("ZADD str 1 a", WRONG_TYPE),
            ("ZREM str a", WRONG_TYPE),
            ("ZSCORE str a", WRONG_TYPE),
            ("ZMSCORE str a", WRONG_TYPE),
            ("ZCARD str", WRONG_TYPE),
            ("ZRANK str a", WRONG_TYPE),
            ("ZREVRANK str a", WRONG_TYPE),
            ("ZPOPMIN str", WRONG_TYPE),
            ("ZSCAN str 0", WRONG_TYPE),
            ("ZRANDMEMBER str", WRONG_TYPE),
            ("ZRANDMEMBER str 1", WRONG_TYPE),
        ],
        &["SELECT 0", "SET str 1"],
    );
}

#[test]
fn removing() {
    check(
        &[
            ("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f", ":6"),
            ("ZREM z x", ":0"),
            ("ZREM nosuch x", ":0"),
            ("zrem z a x a b", ":2"),
            ("ZREMRANGEBYRANK z 5 9", ":0"),
            ("ZREMRANGEBYRANK z 0 0", ":1"),
            ("ZREMRANGEBYSCORE z (4 +inf", ":2"),
            ("ZREMRANGEBYSCORE z 9 1", ":0"),
            ("ZREMRANGEBYLEX z [d [d", ":1"),
            ("EXISTS z", ":0"),
            ("ZREMRANGEBYRANK z a b", "-ERR value is not an integer or out of range"),
            ("ZREMRANGEBYSCORE z a b", "-ERR min or max is not a float"),
            ("ZREMRANGEBYLEX z a b", "-ERR min or max not valid string range item"),
            ("ZREMRANGEBYRANK nosuch 0 -1", ":0"),
            ("SET str 1", "+OK"),
            ("ZREMRANGEBYRANK str 0 1", WRONG_TYPE),
            ("ZREMRANGEBYSCORE str a 1", "-ERR min or max is not a float"),
        ],
        &[
            "SELECT 0",
            "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f",
            "zrem z a x a b",
            "ZREMRANGEBYRANK z 0 0",
            "ZREMRANGEBYSCORE z (4 +inf",
            "ZREMRANGEBYLEX z [d [d",
            "SET str 1",
        ],
    );
}

#[test]
fn popping() {
    check(
        &[
            ("ZPOPMIN nosuch", "[]"),
            ("ZPOPMIN nosuch 1", "[]"),
            ("ZADD z 1 a 2 b 3 c 4 d 4 e", ":5"),
            ("ZPOPMIN z 0", "[]"),
            ("ZPOPMIN z -1", "[]"),
            ("ZPOPMIN z x", "-ERR value is not an integer or out of range"),
            ("ZPOPMIN z 1 2", "-ERR syntax error"),
            ("ZPOPMIN z", "[\"a\", \"1\"]"),
            ("zpopmax z 2", "[\"e\", \"4\", \"d\", \"4\"]"),
            ("ZPOPMAX z 99", "[\"c\", \"3\", \"b\", \"2\"]"),
            ("EXISTS z", ":0"),
            ("SET str 1", "+OK"),
            ("ZPOPMIN str 0", "[]"),
            ("ZPOPMAX str 1", WRONG_TYPE),
        ],
        &[
            "SELECT 0",
            "ZADD z 1 a 2 b 3 c 4 d 4 e",
            "ZPOPMIN z",
            "zpopmax z 2",
            "ZPOPMAX z 99",
            "SET str 1",
        ],
    );
}

#[test]
fn scanning() {
    check(
        &[
            ("ZADD z 1 a 2.5 ab 3 b inf c", ":4"),
            ("ZSCAN z 0", "[\"0\", [\"a\", \"1\", \"ab\", \"2.5\", \"b\", \"3\", \"c\", \"inf\"]]"),
            ("ZSCAN z 0 MATCH a* COUNT 1", "[\"0\", [\"a\", \"1\", \"ab\", \"2.5\"]]"),
            ("ZSCAN z x", "-ERR invalid cursor"),
            ("ZSCAN nosuch 0 count x", "[\"0\", []]"),
            ("ZSCAN z 0 count x", "-ERR value is not an integer or out of range"),
            ("ZSCAN z 0 count 0", "-ERR syntax error"),
            ("ZSCAN z 0 foo", "-ERR syntax error"),
        ],
        &["SELECT 0", "ZADD z 1 a 2.5 ab 3 b inf c"],
    );
}

/// A large set is met by places and in several calls, whatever comes and goes.
#[test]
fn a_scan_of_a_large_set_meets_everything() {
    let mut bench = Bench::default();
    for number in 0..500 {
        bench.step(&format!("ZADD z {} m{number}", number % 7));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut cursor = "0".to_owned();
    let mut calls = 0;
    loop {
        let reply = bench.step(&format!("ZSCAN z {cursor} COUNT 20"));
        let mut words = reply.split('"').skip(1).step_by(2);
        cursor = words.next().unwrap().to_owned();
        seen.extend(words.step_by(2).map(str::to_owned));
        calls += 1;
        bench.step(&format!("ZREM z m{}", calls * 2 + 1));
        bench.step(&format!("ZADD z 1 new{calls}"));
        if cursor == "0" {
            break;
        }
    }
    assert!(calls >= 25, "{calls} calls");
    assert!((0..500).step_by(2).all(|number| seen.contains(&format!("m{number}"))));
}

/// Two servers with other hash seeds reply the same, also where nothing sorts the reply, and count
/// the same memory.
#[test]
fn the_hash_seed_shows_nowhere() {
    let (mut one, mut other) = (Bench::default(), Bench::default());
    other.executor.keyspace = Keyspace::new(99);
    let mut random = Random::new(4);
    let mut cursor = "0".to_owned();
    for step in 0..4_000 {
        let member = random.below(2_500);
        let line = match random.below(8) {
            0 => format!("ZREM z m{member}"),
            1 => "ZRANDMEMBER z 5".to_owned(),
            2 => format!("ZSCAN z {cursor} COUNT 30"),
            _ => format!("ZADD z {} m{member}", member % 10),
        };
        let reply = one.step(&line);
        assert_eq!(reply, other.step(&line), "step {step}: {line}");
        if line.starts_with("ZSCAN") {
            cursor = reply.split('"').nth(1).unwrap().to_owned();
        }
    }
    let memory_bytes = |bench: &Bench| match bench.executor.keyspace.db(0).get(b"z") {
        Some(Value::SortedSet(set)) => set.memory_bytes(),
        _ => 0,
    };
    assert!(memory_bytes(&one) > 60_000);
    assert_eq!(memory_bytes(&one), memory_bytes(&other));
}

#[test]
fn random_members() {
    let mut bench = Bench::default();
    for (line, expected) in [
        ("ZRANDMEMBER nosuch", "nil"),
        ("ZRANDMEMBER nosuch 1", "[]"),
        ("ZADD z 1 a 2 b 3 c", ":3"),
        ("ZRANDMEMBER z 0", "[]"),
        ("ZRANDMEMBER z 3", "[\"c\", \"b\", \"a\"]"),
        ("ZRANDMEMBER z 9 WITHSCORES", "[\"c\", \"3\", \"b\", \"2\", \"a\", \"1\"]"),
        ("ZRANDMEMBER z x foo", "-ERR value is not an integer or out of range"),
        ("ZRANDMEMBER z 1 foo", "-ERR syntax error"),
        ("ZRANDMEMBER z 1 withscores withscores", "-ERR syntax error"),
        ("ZRANDMEMBER z 9223372036854775807", "[\"c\", \"b\", \"a\"]"),
        ("ZRANDMEMBER z 9223372036854775807 withscores", "-ERR value is out of range"),
        ("ZRANDMEMBER z -4611686018427387904 withscores", "-ERR value is out of range"),
        (
            "ZRANDMEMBER z -9223372036854775808",
            "-ERR value is out of range, value must between -9223372036854775807 and \
             9223372036854775807",
        ),
        // Ours: Redis would fill the memory.
        ("ZRANDMEMBER z -9223372036854775807", "-ERR value is out of range"),
    ] {
        assert_eq!(bench.step(line), expected, "{line}");
    }
    let counts = |reply: &str| {
        ["a", "b", "c", "d"].map(|member| reply.matches(&format!("\"{member}\"")).count())
    };
    let repeated = counts(&bench.step("ZRANDMEMBER z -3000"));
    assert_eq!(repeated.iter().sum::<usize>(), 3_000);
    assert!(repeated[..3].iter().all(|count| (850..1_150).contains(count)), "{repeated:?}");
    let mut alone = [0; 4];
    for _ in 0..600 {
        let one = counts(&bench.step("ZRANDMEMBER z"));
        let two = counts(&bench.step("ZRANDMEMBER z 2"));
        assert_eq!((one.iter().sum::<usize>(), two.iter().max()), (1, Some(&1)));
        (0..4).for_each(|index| alone[index] += one[index] + two[index]);
    }
    assert!(alone[..3].iter().all(|count| (500..700).contains(count)), "{alone:?}");
    for number in 0..1_000 {
        bench.step(&format!("ZADD large {number} m{number}"));
    }
    let some = bench.step("ZRANDMEMBER large 50 WITHSCORES");
    let words: Vec<&str> = some.split('"').skip(1).step_by(2).collect();
    assert!(words.chunks(2).all(|pair| pair[0] == format!("m{}", pair[1])), "{some}");
    let members: std::collections::BTreeSet<&str> = words.into_iter().step_by(2).collect();
    assert_eq!(members.len(), 50);
}

/// The settings decide when a set is large, and nothing but its encoding shows it.
#[test]
fn small_and_large() {
    let mut bench = Bench::default();
    bench.executor.config.zset_max_ziplist_entries = 2;
    let encoding = |bench: &Bench| {
        let value = bench.executor.keyspace.db(0).get(b"z");
        match value {
            Some(Value::SortedSet(set)) => set.encoding(),
            _ => "none",
        }
    };
    bench.step("ZADD z 1 a 2 b");
    assert_eq!(encoding(&bench), "listpack");
    bench.step("ZADD z 3 c");
    assert_eq!(encoding(&bench), "btree");
    assert_eq!(bench.step("ZRANGE z 0 -1"), "[\"a\", \"b\", \"c\"]");
    bench.step("ZREM z a b c");
    assert_eq!(encoding(&bench), "none");
    bench.step("ZADD z 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_eq!(encoding(&bench), "btree");
}

#[test]
fn those_who_watch_are_told_only_of_changes() {
    check(
        &[
            ("ZADD z 1 a", ":1"),
            ("2> WATCH z", "+OK"),
            ("ZADD z 1 a", ":0"),
            ("ZADD z NX 2 a", ":0"),
            ("ZREM z x", ":0"),
            ("ZPOPMIN z 0", "[]"),
            ("2> MULTI", "+OK"),
            ("2> ZINCRBY z 1 a", "+QUEUED"),
            ("2> EXEC", "[\"2\"]"),
            ("2> WATCH z", "+OK"),
            ("ZADD z 3 a", ":0"),
            ("2> MULTI", "+OK"),
            ("2> ZINCRBY z 1 a", "+QUEUED"),
            ("2> EXEC", "[nil]"),
        ],
        &["SELECT 0", "ZADD z 1 a", "MULTI", "ZINCRBY z 1 a", "EXEC", "ZADD z 3 a"],
    );
}

use std::collections::{BTreeMap, BTreeSet};

use super::{Bench, check, show};
use crate::random::Random;

const WRONG: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn members() {
    check(
        &[
            ("SADD s b a b", ":2"),
            ("SADD s a", ":0"),
            ("SADD s 10 -3", ":2"),
            ("SCARD s", ":4"),
            ("SCARD x", ":0"),
            ("SISMEMBER s a", ":1"),
            ("SISMEMBER s x", ":0"),
            ("SISMEMBER x x", ":0"),
            ("SMISMEMBER s a x -3", "[:1, :0, :1]"),
            ("SMISMEMBER x a b", "[:0, :0]"),
            ("SMEMBERS s", "[\"b\", \"a\", \"10\", \"-3\"]"),
            ("SMEMBERS x", "[]"),
            ("SADD i 3 1 2 1", ":3"),
            ("SMEMBERS i", "[\"1\", \"2\", \"3\"]"),
            ("TYPE s", "+set"),
            ("SREM s x y", ":0"),
            ("SREM x a", ":0"),
            ("SREM s a a x 10", ":2"),
            ("SREM s b -3", ":2"),
            ("EXISTS s", ":0"),
            ("SREM i 1 2 3", ":3"),
            ("EXISTS i", ":0"),
        ],
        &[
            "SELECT 0",
            "SADD s b a b",
            "SADD s 10 -3",
            "SADD i 3 1 2 1",
            "SREM s a a x 10",
            "SREM s b -3",
            "SREM i 1 2 3",
        ],
    );
}

#[test]
fn moving() {
    check(
        &[
            ("SET s 1", "+OK"),
            ("SMOVE x s a", ":0"),
            ("SMOVE s x a", WRONG),
            ("SADD a 1 2 3", ":3"),
            ("SMOVE a s 1", WRONG),
            ("SMOVE a s 9", WRONG),
            ("SMOVE a b 9", ":0"),
            ("EXISTS b", ":0"),
            ("SMOVE a a 1", ":1"),
            ("SMOVE a a 9", ":0"),
            ("2> WATCH b", "+OK"),
            ("SMOVE a b 1", ":1"),
            ("2> MULTI", "+OK"),
            ("2> EXEC", "[nil]"),
            ("SADD b 2", ":1"),
            ("3> WATCH b", "+OK"),
            ("SMOVE a b 2", ":1"),
            ("3> MULTI", "+OK"),
            ("3> EXEC", "[]"),
            ("SMOVE a b 3", ":1"),
            ("EXISTS a", ":0"),
            ("SMEMBERS b", "[\"1\", \"2\", \"3\"]"),
        ],
        &[
            "SELECT 0",
            "SET s 1",
            "SADD a 1 2 3",
            "SMOVE a b 1",
            "SADD b 2",
            "SMOVE a b 2",
            "SMOVE a b 3",
        ],
    );
}

#[test]
fn combining() {
    check(
        &[
            ("SADD a 1 2 3 4", ":4"),
            ("SADD b 2 4 6", ":3"),
            ("SADD c x 4", ":2"),
            ("SINTER a b", "[\"2\", \"4\"]"),
            ("SINTER c b a", "[\"4\"]"),
            ("SINTER a a", "[\"1\", \"2\", \"3\", \"4\"]"),
            ("SINTER a none", "[]"),
            ("SUNION b c none", "[\"2\", \"4\", \"6\", \"x\"]"),
            ("SUNION none", "[]"),
            ("SDIFF a b", "[\"1\", \"3\"]"),
            ("SDIFF a none", "[\"1\", \"2\", \"3\", \"4\"]"),
            ("SDIFF a a", "[]"),
            ("SDIFF a b b b b b b c", "[\"1\", \"3\"]"),
            ("SDIFF none a", "[]"),
            ("SET s 1", "+OK"),
            ("SINTER none s", WRONG),
            ("SINTER s none", WRONG),
            ("SINTERSTORE d s none", WRONG),
            ("SUNION none s", WRONG),
            ("SDIFF none s", WRONG),
            ("SINTERSTORE d a b", ":2"),
            ("SUNIONSTORE d d c", ":3"),
            ("SMEMBERS d", "[\"2\", \"4\", \"x\"]"),
            ("SDIFFSTORE d d a", ":1"),
            ("SMEMBERS d", "[\"x\"]"),
            ("SDIFFSTORE none2 a a", ":0"),
            ("SINTERSTORE none2 a none s", WRONG),
            ("SINTERSTORE s a none", ":0"),
            ("EXISTS s", ":0"),
            ("SDIFFSTORE d a a", ":0"),
            ("EXISTS d", ":0"),
            ("SUNIONSTORE a b", ":3"),
            ("SMEMBERS a", "[\"2\", \"4\", \"6\"]"),
            ("EXPIRE a 10", ":1"),
            ("SINTERSTORE a a", ":3"),
            ("TTL a", ":-1"),
        ],
        &[
            "SELECT 0",
            "SADD a 1 2 3 4",
            "SADD b 2 4 6",
            "SADD c x 4",
            "SET s 1",
            "SINTERSTORE d a b",
            "SUNIONSTORE d d c",
            "SDIFFSTORE d d a",
            "SINTERSTORE s a none",
            "SDIFFSTORE d a a",
            "SUNIONSTORE a b",
            "PEXPIREAT a {+10000}",
            "SINTERSTORE a a",
        ],
    );
}

#[test]
fn expired_sets_are_none() {
    check(
        &[
            ("SADD a 1", ":1"),
            ("SADD b 1", ":1"),
            ("PEXPIRE a 5", ":1"),
            ("+6", ""),
            ("SUNION b a", "[\"1\"]"),
            ("SADD c 1", ":1"),
            ("PEXPIRE c 5", ":1"),
            ("+6", ""),
            ("SUNIONSTORE c b", ":1"),
            ("PTTL c", ":-1"),
            ("PEXPIRE c 5", ":1"),
            ("+6", ""),
            ("SMOVE c b 1", ":0"),
        ],
        &[
            "SELECT 0",
            "SADD a 1",
            "SADD b 1",
            "PEXPIREAT a {+5}",
            "DEL a",
            "SADD c 1",
            "PEXPIREAT c {+11}",
            "DEL c",
            "SUNIONSTORE c b",
            "PEXPIREAT c {+17}",
            "DEL c",
        ],
    );
}

#[test]
fn drawing() {
    let range = "-ERR value is out of range, value must between -9223372036854775807 and \
                 9223372036854775807";
    check(
        &[
            ("SRANDMEMBER x", "nil"),
            ("SRANDMEMBER x 2", "[]"),
            ("SRANDMEMBER x y", "-ERR value is not an integer or out of range"),
            ("SRANDMEMBER x 1 2", "-ERR syntax error"),
            ("SRANDMEMBER x -9223372036854775808", range),
            ("SADD s a", ":1"),
            ("SRANDMEMBER s", "\"a\""),
            ("SRANDMEMBER s 0", "[]"),
            ("SRANDMEMBER s -3", "[\"a\", \"a\", \"a\"]"),
            ("SRANDMEMBER s 9223372036854775807", "[\"a\"]"),
            ("SRANDMEMBER s -9223372036854775807", "-ERR value is out of range"),
            ("SADD i 7", ":1"),
            ("SRANDMEMBER i -2", "[\"7\", \"7\"]"),
            ("SRANDMEMBER i", "\"7\""),
        ],
        &["SELECT 0", "SADD s a", "SADD i 7"],
    );
}

#[test]
fn popping() {
    let positive = "-ERR value is out of range, must be positive";
    check(
        &[
            ("SPOP x", "nil"),
            ("SPOP x 2", "[]"),
            ("SPOP x 0", "[]"),
            ("SPOP x y", positive),
            ("SPOP x -1", positive),
            ("SPOP x 1 2", "-ERR syntax error"),
            ("SADD s a", ":1"),
            ("SPOP s", "\"a\""),
            ("EXISTS s", ":0"),
            ("SADD s a b", ":2"),
            ("SPOP s 0", "[]"),
            ("SPOP s 2", "[\"a\", \"b\"]"),
            ("EXISTS s", ":0"),
            ("SADD s 5", ":1"),
            ("SPOP s 9223372036854775807", "[\"5\"]"),
        ],
        &["SELECT 0", "SADD s a", "SREM s a", "SADD s a b", "DEL s", "SADD s 5", "DEL s"],
    );
}

/// Several members at once are one unit of the log, and what the log removes is what was popped.
#[test]
fn popping_some_of_many() {
    let mut bench = Bench::default();
    bench.step("SADD s a b c d e f");
    let popped = bench.step("SPOP s 3");
    let popped: Vec<&str> = popped.split('"').skip(1).step_by(2).collect();
    let lines = bench.log_lines();
    let removals = popped.iter().map(|member| format!("SREM s {member}"));
    let expected: Vec<String> = ["SELECT 0", "SADD s a b c d e f", "MULTI"]
        .map(str::to_owned)
        .into_iter()
        .chain(removals)
        .chain(["EXEC".to_owned()])
        .collect();
    assert_eq!(lines, expected);
    assert_eq!(bench.units.len(), 2);
    bench.step("MULTI");
    bench.step("SPOP s 2");
    bench.step("EXEC");
    assert_eq!(bench.step("SCARD s"), ":1");
    assert_eq!(bench.log_lines().iter().filter(|line| *line == "MULTI").count(), 2);
    let replayed = bench.replayed().keyspace.content_digest();
    assert_eq!(replayed, bench.executor.keyspace.content_digest());
}

#[test]
fn walking() {
    check(
        &[
            ("SSCAN x y", "-ERR invalid cursor"),
            ("SSCAN x 0 WHAT", "[\"0\", []]"),
            ("SADD s a b ab", ":3"),
            ("SSCAN s 0", "[\"0\", [\"a\", \"b\", \"ab\"]]"),
            ("SSCAN s 5 MATCH a* COUNT 1", "[\"0\", [\"a\", \"ab\"]]"),
            ("SSCAN s 0 TYPE set", "-ERR syntax error"),
            ("SADD i 3 1 2", ":3"),
            ("SSCAN i 0 MATCH [12]", "[\"0\", [\"1\", \"2\"]]"),
        ],
        &["SELECT 0", "SADD s a b ab", "SADD i 3 1 2"],
    );
}

#[test]
fn other_types_are_refused() {
    let lines = [
        "SADD s a",
        "SREM s a",
        "SMEMBERS s",
        "SISMEMBER s a",
        "SMISMEMBER s a",
        "SCARD s",
        "SPOP s",
        "SPOP s 0",
        "SRANDMEMBER s",
        "SRANDMEMBER s 1",
        "SMOVE s x a",
        "SINTER s",
        "SUNION s",
        "SDIFF s",
        "SINTERSTORE d s",
        "SUNIONSTORE d s",
        "SDIFFSTORE d s",
        "SSCAN s 0 WHAT",
    ];
    let mut script = vec![("SET s 1", "+OK")];
    script.extend(lines.map(|line| (line, WRONG)));
    check(&script, &["SELECT 0", "SET s 1"]);
}

#[test]
fn hits_and_misses() {
    let mut bench = Bench::default();
    for (line, hits, misses) in [
        ("SADD a 1 2", 0, 0),
        ("SPOP a 1", 0, 0),
        ("SPOP a 9", 1, 0),
        ("SADD a 1 2", 1, 0),
        ("SMEMBERS a", 2, 0),
        ("SUNION a x", 3, 1),
        ("SINTER x a", 4, 2),
        ("SUNIONSTORE d a x", 4, 2),
        ("SMOVE a d 1", 4, 2),
        ("SSCAN a 0", 5, 2),
    ] {
        bench.step(line);
        let statistics = &bench.executor.statistics;
        let counted = (statistics.keyspace_hits, statistics.keyspace_misses);
        assert_eq!(counted, (hits, misses), "{line}");
    }
}

/// A set of words as `show` prints an array, in one order.
fn shown(members: &BTreeSet<String>) -> Vec<String> {
    members.iter().map(|member| format!("{member:?}")).collect()
}

fn sorted(reply: &str) -> Vec<String> {
    let inner = reply.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap();
    let mut items: Vec<String> =
        inner.split(", ").filter(|item| !item.is_empty()).map(str::to_owned).collect();
    items.sort();
    items
}

/// Random commands on a few keys, against a plain model; at the end the log gives the same.
#[test]
fn agrees_with_a_model() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut bench = Bench::default();
        bench.executor.config.set_max_intset_entries = 1 + random.below(12);
        let mut model: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let range = [8, 30, 300][usize::try_from(seed % 3).unwrap()];
        for step in 0..300 {
            let mut key = || ["a", "b", "c"][usize::try_from(random.below(3)).unwrap()].to_owned();
            let keys = [key(), key(), key()];
            let mut member = || match random.below(range) {
                number if number % 7 == 6 => format!("word{number}"),
                number => number.to_string(),
            };
            let words = [member(), member(), member()];
            let [first, second, third] =
                keys.each_ref().map(|key| model.get(key).cloned().unwrap_or_default());
            let at = format!("seed {seed}, step {step}");
            let choice = usize::try_from(random.below(9)).unwrap();
            let results = [
                ("SINTER", &(&first & &second) & &third),
                ("SUNION", &(&first | &second) | &third),
                ("SDIFF", &(&first - &second) - &third),
            ];
            match choice {
                0..=2 => {
                    let (name, removes) = if choice < 2 { ("SADD", false) } else { ("SREM", true) };
                    let set = model.entry(keys[0].clone()).or_default();
                    let change = |word: &&String| {
                        if removes { set.remove(*word) } else { set.insert((*word).clone()) }
                    };
                    let changed = words.iter().filter(change).count();
                    let line = format!("{name} {} {}", keys[0], words.join(" "));
                    assert_eq!(bench.step(&line), format!(":{changed}"), "{at}: {line}");
                }
                3..=5 => {
                    let (name, result) = &results[choice - 3];
                    let reply = bench.step(&format!("{name} {}", keys.join(" ")));
                    assert_eq!(sorted(&reply), shown(result), "{at}: {name} {keys:?}");
                }
                6 => {
                    let (name, result) = &results[step % 3];
                    let line = format!("{name}STORE {} {}", words[0], keys.join(" "));
                    assert_eq!(bench.step(&line), format!(":{}", result.len()), "{at}: {line}");
                    assert_eq!(
                        sorted(&bench.step(&format!("SMEMBERS {}", words[0]))),
                        shown(result)
                    );
                }
                7 => {
                    let count = random.below(6);
                    let reply = sorted(&bench.step(&format!("SPOP {} {count}", keys[0])));
                    let expected = first.len().min(usize::try_from(count).unwrap());
                    assert_eq!(reply.len(), expected, "{at}");
                    let set = model.entry(keys[0].clone()).or_default();
                    for member in reply {
                        assert!(set.remove(member.trim_matches('"')), "{at}: {member}");
                    }
                }
                _ => {
                    let words: [&[u8]; 4] =
                        [b"SMOVE", keys[0].as_bytes(), keys[1].as_bytes(), words[0].as_bytes()];
                    let member = String::from_utf8(words[3].to_vec()).unwrap();
                    let moves = first.contains(&member);
                    let reply = show(&bench.run_words(1, &words));
                    assert_eq!(reply, format!(":{}", i64::from(moves)), "{at}");
                    if moves {
                        model.entry(keys[0].clone()).or_default().remove(&member);
                        model.entry(keys[1].clone()).or_default().insert(member);
                    }
                }
            }
        }
        for (key, set) in &model {
            assert_eq!(sorted(&bench.step(&format!("SMEMBERS {key}"))), shown(set), "seed {seed}");
            assert_eq!(
                bench.step(&format!("EXISTS {key}")),
                format!(":{}", i64::from(!set.is_empty()))
            );
        }
        let replayed = bench.replayed().keyspace.content_digest();
        assert_eq!(replayed, bench.executor.keyspace.content_digest(), "seed {seed}");
    }
}

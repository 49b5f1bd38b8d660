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

/// The sets as a plain map, and what is drawn for one step.
struct Model {
    sets: BTreeMap<String, BTreeSet<String>>,
    bench: Bench,
    keys: [String; 3],
    words: [String; 3],
    /// Where it went wrong.
    at: String,
}

impl Model {
    fn set(&self, index: usize) -> BTreeSet<String> {
        self.sets.get(&self.keys[index]).cloned().unwrap_or_default()
    }

    fn change(&mut self, removes: bool) {
        let name = if removes { "SREM" } else { "SADD" };
        let line = format!("{name} {} {}", self.keys[0], self.words.join(" "));
        let set = self.sets.entry(self.keys[0].clone()).or_default();
        let change = |word: &&String| {
            if removes { set.remove(*word) } else { set.insert((*word).clone()) }
        };
        let changed = self.words.iter().filter(change).count();
        assert_eq!(self.bench.step(&line), format!(":{changed}"), "{}: {line}", self.at);
    }

    /// SINTER, SUNION or SDIFF.
    fn combine(&mut self, which: usize, stores: bool) {
        let [first, second, third] = [0, 1, 2].map(|index| self.set(index));
        let (name, result) = match which {
            0 => ("SINTER", &(&first & &second) & &third),
            1 => ("SUNION", &(&first | &second) | &third),
            _ => ("SDIFF", &(&first - &second) - &third),
        };
        let (keys, target) = (self.keys.join(" "), &self.words[0]);
        let line =
            if stores { format!("{name}STORE {target} {keys}") } else { format!("{name} {keys}") };
        let mut reply = self.bench.step(&line);
        if stores {
            assert_eq!(reply, format!(":{}", result.len()), "{}: {line}", self.at);
            reply = self.bench.step(&format!("SMEMBERS {target}"));
        }
        assert_eq!(sorted(&reply), shown(&result), "{}: {line}", self.at);
    }

    fn pop(&mut self, count: u64) {
        let reply = sorted(&self.bench.step(&format!("SPOP {} {count}", self.keys[0])));
        let expected = self.set(0).len().min(usize::try_from(count).unwrap());
        assert_eq!(reply.len(), expected, "{}", self.at);
        let set = self.sets.entry(self.keys[0].clone()).or_default();
        for member in reply {
            assert!(set.remove(member.trim_matches('"')), "{}: {member}", self.at);
        }
    }

    fn move_member(&mut self) {
        let [source, target, _] = &self.keys;
        let member = &self.words[0];
        let words = ["SMOVE", source, target, member];
        let reply = show(&self.bench.run_words(1, &words));
        let moves = self.sets.get_mut(source).is_some_and(|set| set.remove(member));
        assert_eq!(reply, format!(":{}", i64::from(moves)), "{}", self.at);
        if moves {
            self.sets.entry(target.clone()).or_default().insert(member.clone());
        }
    }

    /// Looks at what is left, and at what the log gives.
    fn finish(&mut self) {
        for (key, set) in &self.sets {
            let members = self.bench.step(&format!("SMEMBERS {key}"));
            assert_eq!(sorted(&members), shown(set), "{}", self.at);
            let exists = format!(":{}", i64::from(!set.is_empty()));
            assert_eq!(self.bench.step(&format!("EXISTS {key}")), exists, "{}", self.at);
        }
        let replayed = self.bench.replayed().keyspace.content_digest();
        assert_eq!(replayed, self.bench.executor.keyspace.content_digest(), "{}", self.at);
    }
}

/// Random commands on a few keys, against a plain model; at the end the log gives the same.
#[test]
fn agrees_with_a_model() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut bench = Bench::default();
        bench.executor.config.set_max_intset_entries = 1 + random.below(12);
        let (keys, words) = Default::default();
        let mut model = Model { sets: BTreeMap::new(), bench, keys, words, at: String::new() };
        let range = [8, 30, 300][usize::try_from(seed % 3).unwrap()];
        for step in 0..300 {
            let mut key = || ["a", "b", "c"][usize::try_from(random.below(3)).unwrap()].to_owned();
            model.keys = [key(), key(), key()];
            let mut member = || match random.below(range) {
                number if number % 7 == 6 => format!("word{number}"),
                number => number.to_string(),
            };
            model.words = [member(), member(), member()];
            model.at = format!("seed {seed}, step {step}");
            match usize::try_from(random.below(9)).unwrap() {
                choice @ 0..=2 => model.change(choice == 2),
                choice @ 3..=5 => model.combine(choice - 3, false),
                6 => model.combine(step % 3, true),
                7 => model.pop(random.below(6)),
                _ => model.move_member(),
            }
        }
        model.finish();
    }
}

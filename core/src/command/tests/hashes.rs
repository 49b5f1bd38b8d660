use std::collections::{BTreeMap, BTreeSet};

use super::{Bench, check};
use crate::random::Random;

#[test]
fn fields_and_values() {
    check(
        &[
            ("HSET h f", "-ERR wrong number of arguments for 'hset' command"),
            ("HSET h f v g", "-ERR wrong number of arguments for 'hset' command"),
            ("hmset h f v g", "-ERR wrong number of arguments for 'hmset' command"),
            ("EXISTS h", ":0"),
            ("HSET h a 1 b 2 a 3", ":2"),
            ("HSET h a 3", ":0"),
            ("HGET h a", "\"3\""),
            ("HGET h x", "nil"),
            ("HGET x a", "nil"),
            ("HMSET h c '' d 4", "+OK"),
            ("HMGET h a x c", "[\"3\", nil, \"\"]"),
            ("HMGET x a b", "[nil, nil]"),
            ("HGETALL h", "[\"a\", \"3\", \"b\", \"2\", \"c\", \"\", \"d\", \"4\"]"),
            ("HKEYS h", "[\"a\", \"b\", \"c\", \"d\"]"),
            ("HVALS h", "[\"3\", \"2\", \"\", \"4\"]"),
            ("HGETALL x", "[]"),
            ("HKEYS x", "[]"),
            ("HVALS x", "[]"),
            ("HLEN h", ":4"),
            ("HLEN x", ":0"),
            ("HEXISTS h c", ":1"),
            ("HEXISTS h x", ":0"),
            ("HEXISTS x x", ":0"),
            ("HSTRLEN h d", ":1"),
            ("HSTRLEN h x", ":0"),
            ("HSTRLEN x x", ":0"),
            ("HSETNX h a 9", ":0"),
            ("HSETNX h e 5", ":1"),
            ("HSETNX n e 5", ":1"),
            ("TYPE h", "+hash"),
            ("HDEL h x y", ":0"),
            ("HDEL x x", ":0"),
            ("HDEL h a a b x", ":2"),
            ("HDEL h c d e", ":3"),
            ("EXISTS h", ":0"),
        ],
        &[
            "SELECT 0",
            "HSET h a 1 b 2 a 3",
            "HSET h a 3",
            "HMSET h c  d 4",
            "HSETNX h e 5",
            "HSETNX n e 5",
            "HDEL h a a b x",
            "HDEL h c d e",
        ],
    );
}

#[test]
fn sums() {
    check(
        &[
            ("HINCRBY h a x", "-ERR value is not an integer or out of range"),
            ("HINCRBY h a 5", ":5"),
            ("HINCRBY h a -7", ":-2"),
            ("HINCRBY h a -9223372036854775807", "-ERR increment or decrement would overflow"),
            ("HSET h t abc", ":1"),
            ("HINCRBY h t 1", "-ERR hash value is not an integer"),
            ("HINCRBYFLOAT h t 1", "-ERR hash value is not a float"),
            ("HINCRBYFLOAT h a foo", "-ERR value is not a valid float"),
            ("HINCRBYFLOAT h a nan", "-ERR value is not a valid float"),
            ("HINCRBYFLOAT h a -inf", "-ERR value is NaN or Infinity"),
            ("HINCRBYFLOAT n x inf", "-ERR value is NaN or Infinity"),
            ("EXISTS n", ":0"),
            ("HINCRBYFLOAT h a 0.1", "\"-1.9\""),
            ("HINCRBYFLOAT h a 2e1", "\"18.1\""),
            ("HINCRBY h a 1", "-ERR hash value is not an integer"),
            ("hincrbyfloat h new 0.3", "\"0.3\""),
            ("HSET h i inf", ":1"),
            ("HINCRBYFLOAT h i 1", "-ERR increment would produce NaN or Infinity"),
        ],
        &[
            "SELECT 0",
            "HINCRBY h a 5",
            "HINCRBY h a -7",
            "HSET h t abc",
            "HSET h a -1.9",
            "HSET h a 18.1",
            "HSET h new 0.3",
            "HSET h i inf",
        ],
    );
}

#[test]
fn random_fields() {
    let range = "-ERR value is out of range, value must between -9223372036854775807 and \
                 9223372036854775807";
    check(
        &[
            ("HRANDFIELD x", "nil"),
            ("HRANDFIELD x 3", "[]"),
            ("HRANDFIELD x -3 WITHVALUES", "[]"),
            ("HRANDFIELD x y", "-ERR value is not an integer or out of range"),
            ("HRANDFIELD x 1 WHAT", "-ERR syntax error"),
            ("HRANDFIELD x 1 WITHVALUES x", "-ERR syntax error"),
            ("HSET h a 1", ":1"),
            ("HRANDFIELD h", "\"a\""),
            ("HRANDFIELD h 0", "[]"),
            ("HRANDFIELD h -3", "[\"a\", \"a\", \"a\"]"),
            ("HRANDFIELD h -2 withvalues", "[\"a\", \"1\", \"a\", \"1\"]"),
            ("HSET h b 2", ":1"),
            ("HRANDFIELD h 2 WITHVALUES", "[\"a\", \"1\", \"b\", \"2\"]"),
            ("HRANDFIELD h 9223372036854775807", "[\"a\", \"b\"]"),
            ("HRANDFIELD h -9223372036854775808", range),
            ("HRANDFIELD h -4611686018427387904 WITHVALUES", "-ERR value is out of range"),
            ("HRANDFIELD h 4611686018427387903 WITHVALUES", "[\"a\", \"1\", \"b\", \"2\"]"),
            ("HRANDFIELD h -9223372036854775807", "-ERR value is out of range"),
        ],
        &["SELECT 0", "HSET h a 1", "HSET h b 2"],
    );
}

#[test]
fn walking() {
    check(
        &[
            ("HSCAN x y", "-ERR invalid cursor"),
            ("HSCAN x 0 WHAT", "[\"0\", []]"),
            ("HSET h a 1 b 2 ab 3", ":3"),
            ("HSCAN h 0", "[\"0\", [\"a\", \"1\", \"b\", \"2\", \"ab\", \"3\"]]"),
            ("HSCAN h 77 COUNT 1 MATCH a*", "[\"0\", [\"a\", \"1\", \"ab\", \"3\"]]"),
            ("HSCAN h 0 match * count 5 MATCH x", "[\"0\", []]"),
            ("HSCAN h 0 COUNT", "-ERR syntax error"),
            ("HSCAN h 0 COUNT 0", "-ERR syntax error"),
            ("HSCAN h 0 COUNT x", "-ERR value is not an integer or out of range"),
            ("HSCAN h 0 TYPE hash", "-ERR syntax error"),
            ("HSCAN h 18446744073709551616", "-ERR invalid cursor"),
        ],
        &["SELECT 0", "HSET h a 1 b 2 ab 3"],
    );
}

#[test]
fn other_types_are_refused_and_expiry_stays() {
    const WRONG: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    check(
        &[
            ("SET s 1", "+OK"),
            ("HSET s a 1", WRONG),
            ("HMSET s a 1", WRONG),
            ("HSETNX s a 1", WRONG),
            ("HGET s a", WRONG),
            ("HMGET s a", WRONG),
            ("HGETALL s", WRONG),
            ("HKEYS s", WRONG),
            ("HVALS s", WRONG),
            ("HLEN s", WRONG),
            ("HEXISTS s a", WRONG),
            ("HSTRLEN s a", WRONG),
            ("HDEL s a", WRONG),
            ("HINCRBY s a 1", WRONG),
            ("HINCRBYFLOAT s a 1", WRONG),
            ("HRANDFIELD s", WRONG),
            ("HRANDFIELD s 1", WRONG),
            ("HSCAN s 0 WHAT", WRONG),
            ("HSET h a 1", ":1"),
            ("GET h", WRONG),
            ("PEXPIRE h 1000", ":1"),
            ("HSET h b 2", ":1"),
            ("PTTL h", ":1000"),
            ("2> WATCH h", "+OK"),
            ("HGET h b", "\"2\""),
            ("HSETNX h b 3", ":0"),
            ("HDEL h x", ":0"),
            ("2> MULTI", "+OK"),
            ("2> HLEN h", "+QUEUED"),
            ("2> EXEC", "[:2]"),
            ("2> WATCH h", "+OK"),
            ("HSET h b 2", ":0"),
            ("2> MULTI", "+OK"),
            ("2> HLEN h", "+QUEUED"),
            ("2> EXEC", "[nil]"),
            ("+1001", ""),
            ("HSETNX h b 3", ":1"),
            ("HGETALL h", "[\"b\", \"3\"]"),
        ],
        &[
            "SELECT 0",
            "SET s 1",
            "HSET h a 1",
            "PEXPIREAT h {+1000}",
            "HSET h b 2",
            "HSET h b 2",
            "DEL h",
            "HSETNX h b 3",
        ],
    );
}

/// Far beyond the limits: the same replies, and a scan that meets every field.
#[test]
fn a_large_hash() {
    let mut bench = Bench::default();
    for number in 0..2_000 {
        assert_eq!(bench.step(&format!("HSET h field:{number} {number}")), ":1");
    }
    assert_eq!(bench.step("HLEN h"), ":2000");
    assert_eq!(bench.step("HGET h field:77"), "\"77\"");
    assert_eq!(bench.step("HDEL h field:0 field:1999 field:5"), ":3");
    let (mut cursor, mut seen) = ("0".to_owned(), 0);
    loop {
        let reply = bench.step(&format!("HSCAN h {cursor} COUNT 100 MATCH *7"));
        let (next, fields) = reply[2..].split_once('"').unwrap();
        seen += fields.matches("field:").count();
        if next == "0" {
            break;
        }
        cursor = next.to_owned();
    }
    assert_eq!(seen, 200);
    assert_eq!(bench.step("HRANDFIELD h -5").matches("field:").count(), 5);
    assert_eq!(bench.step("HRANDFIELD h 700").matches("field:").count(), 700);
    assert_eq!(bench.step("HRANDFIELD h 7 WITHVALUES").matches("field:").count(), 7);
    let replayed = bench.replayed().keyspace.content_digest();
    assert_eq!(replayed, bench.executor.keyspace.content_digest());
}

/// Random commands on two keys, against maps, with limits so small that hashes become tables; at
/// the end the log gives the same.
#[test]
fn agrees_with_a_model() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut bench = Bench::default();
        bench.executor.config.hash_max_ziplist_entries = random.below(8);
        bench.executor.config.hash_max_ziplist_value = 3 + random.below(4);
        let mut models = [BTreeMap::<String, i64>::new(), BTreeMap::new()];
        for step in 0..300 {
            let choice = usize::try_from(random.below(2)).unwrap();
            let (key, model) = (["a", "b"][choice], &mut models[choice]);
            let field = format!("f{}", random.below(12));
            let number = i64::try_from(random.below(2_000_000)).unwrap() - 1_000_000;
            let (line, expected) = match random.below(7) {
                0 | 1 => {
                    let new = model.insert(field.clone(), number).is_none();
                    (format!("HSET {key} {field} {number}"), format!(":{}", i64::from(new)))
                }
                2 => {
                    let new = !model.contains_key(&field);
                    model.entry(field.clone()).or_insert(number);
                    (format!("HSETNX {key} {field} {number}"), format!(":{}", i64::from(new)))
                }
                3 => {
                    let sum = model.entry(field.clone()).or_insert(0);
                    *sum += number;
                    (format!("HINCRBY {key} {field} {number}"), format!(":{sum}"))
                }
                4 => {
                    let sum = model.entry(field.clone()).or_insert(0);
                    *sum += number;
                    (format!("HINCRBYFLOAT {key} {field} {number}.0"), format!("\"{sum}\""))
                }
                5 => {
                    let gone = i64::from(model.remove(&field).is_some());
                    (format!("HDEL {key} {field} none"), format!(":{gone}"))
                }
                _ => {
                    let held = model.get(&field).map_or("nil".to_owned(), |v| format!("\"{v}\""));
                    (format!("HGET {key} {field}"), held)
                }
            };
            assert_eq!(bench.step(&line), expected, "seed {seed}, step {step}: {line}");
            assert_eq!(bench.step(&format!("HLEN {key}")), format!(":{}", model.len()));
        }
        for (key, model) in ["a", "b"].iter().zip(&models) {
            let reply = bench.step(&format!("HGETALL {key}"));
            let words: Vec<&str> = reply.split('"').skip(1).step_by(2).collect();
            let held: BTreeMap<String, i64> = words
                .chunks(2)
                .map(|pair| (pair[0].to_owned(), pair[1].parse().unwrap()))
                .collect();
            assert_eq!(held, *model, "seed {seed}");
        }
        let replayed = bench.replayed().keyspace.content_digest();
        assert_eq!(replayed, bench.executor.keyspace.content_digest(), "seed {seed}");
    }
}

/// A scan meets every field that is there from its first call to its last, while others come and
/// go and a packed hash becomes a table.
#[test]
fn a_scan_misses_no_field_that_stays() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let mut bench = Bench::default();
        bench.executor.config.hash_max_ziplist_entries = 12;
        let size = 1 + random.below(30);
        let mut staying: BTreeSet<String> = (0..size).map(|number| format!("f{number}")).collect();
        staying.iter().for_each(|field| {
            bench.step(&format!("HSET h {field} 1"));
        });
        let (mut cursor, mut seen) = ("0".to_owned(), BTreeSet::new());
        loop {
            let count = 1 + random.below(5);
            let reply = bench.step(&format!("HSCAN h {cursor} COUNT {count}"));
            let words: Vec<&str> = reply.split('"').skip(1).step_by(2).collect();
            seen.extend(words[1..].iter().step_by(2).map(|field| (*field).to_owned()));
            if words[0] == "0" {
                break;
            }
            cursor = words[0].to_owned();
            for _ in 0..random.below(4) {
                let field = format!("f{}", random.below(60));
                if random.below(2) == 0 {
                    bench.step(&format!("HSET h {field} 2"));
                } else {
                    bench.step(&format!("HDEL h {field}"));
                    staying.remove(&field);
                }
            }
        }
        assert!(staying.is_subset(&seen), "seed {seed}: {:?} missed", staying.difference(&seen));
    }
}

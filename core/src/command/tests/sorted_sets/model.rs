//! Random commands against the plainest sorted sets there are: maps that are sorted for each
//! question.

use std::collections::BTreeMap;

use super::super::Bench;
use crate::random::Random;

type Set = BTreeMap<String, f64>;

#[derive(Default)]
struct Model(BTreeMap<String, Set>);

fn bulk(text: &str) -> String {
    format!("{text:?}")
}

/// All scores of this test are multiples of a half, so Rust writes them as C does.
fn score(number: f64) -> String {
    bulk(&number.to_string())
}

fn array(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

fn with_scores(elements: &[(String, f64)]) -> String {
    array(elements.iter().flat_map(|(member, number)| [bulk(member), score(*number)]))
}

/// In the order of a sorted set.
fn sorted(set: Set) -> Vec<(String, f64)> {
    let mut elements: Vec<_> = set.into_iter().collect();
    elements.sort_by(|one, other| {
        one.1.partial_cmp(&other.1).unwrap().then_with(|| one.0.cmp(&other.0))
    });
    elements
}

impl Model {
    fn set(&self, key: &str) -> Set {
        self.0.get(key).cloned().unwrap_or_default()
    }

    fn elements(&self, key: &str) -> Vec<(String, f64)> {
        sorted(self.set(key))
    }

    fn put(&mut self, key: &str, set: Set) {
        if set.is_empty() {
            self.0.remove(key);
        } else {
            self.0.insert(key.to_owned(), set);
        }
    }

    fn add(&mut self, key: &str, options: &[&str], pairs: &[(f64, String)]) -> String {
        let has = |option: &str| options.contains(&option);
        let mut set = self.set(key);
        let (mut added, mut changed) = (0, 0);
        for (number, member) in pairs {
            let declined = match set.get(member) {
                None => has("XX"),
                Some(old) => {
                    has("NX") || (has("GT") && number <= old) || (has("LT") && number >= old)
                }
            };
            if declined {
                continue;
            }
            match set.insert(member.clone(), *number) {
                None => added += 1,
                Some(old) if old != *number => changed += 1,
                Some(_) => {}
            }
        }
        self.put(key, set);
        format!(":{}", added + if has("CH") { changed } else { 0 })
    }

    fn take(&mut self, key: &str, elements: &[(String, f64)]) {
        let mut set = self.set(key);
        elements.iter().for_each(|(member, _)| {
            set.remove(member);
        });
        self.put(key, set);
    }

    /// What a union, an intersection or a difference with SUM gives.
    fn combine(&self, operation: &str, keys: &[String], weights: &[f64]) -> Vec<(String, f64)> {
        let sets: Vec<Set> = keys.iter().map(|key| self.set(key)).collect();
        let mut result = Set::new();
        for (index, (set, weight)) in sets.iter().zip(weights).enumerate() {
            for (member, number) in set {
                let wanted = match operation {
                    "UNION" => true,
                    "INTER" => sets.iter().all(|other| other.contains_key(member)),
                    _ => index == 0 && sets[1..].iter().all(|other| !other.contains_key(member)),
                };
                if wanted {
                    *result.entry(member.clone()).or_default() += weight * number;
                }
            }
        }
        sorted(result)
    }
}

struct Draw(Random);

impl Draw {
    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.0.below(bound)).unwrap()
    }

    fn key(&mut self) -> String {
        format!("z{}", self.below(3))
    }

    fn member(&mut self) -> String {
        format!("m{}", self.below(40))
    }

    fn number(&mut self) -> f64 {
        (self.below(16) as f64 - 6.0) / 2.0
    }

    /// One end of a range as a word, and whether a number lies on its inner side.
    fn end(&mut self, least: bool) -> (String, Box<dyn Fn(f64) -> bool>) {
        let bound = self.number();
        match (self.below(6), least) {
            (0, true) => ("-inf".to_owned(), Box::new(|_| true)),
            (0, false) => ("+inf".to_owned(), Box::new(|_| true)),
            (1 | 2, true) => (format!("({bound}"), Box::new(move |number| number > bound)),
            (1 | 2, false) => (format!("({bound}"), Box::new(move |number| number < bound)),
            (_, true) => (bound.to_string(), Box::new(move |number| number >= bound)),
            (_, false) => (bound.to_string(), Box::new(move |number| number <= bound)),
        }
    }
}

/// One random command, with the reply that the model gives.
fn next(draw: &mut Draw, model: &mut Model) -> (String, String) {
    let key = draw.key();
    match draw.below(16) {
        0..=3 => add(draw, model, &key),
        4 => {
            let member = draw.member();
            let mut set = model.set(&key);
            let number = draw.number();
            let sum = set.get(&member).copied().unwrap_or(0.0) + number;
            set.insert(member.clone(), sum);
            model.put(&key, set);
            (format!("ZINCRBY {key} {number} {member}"), score(sum))
        }
        5 => {
            let member = draw.member();
            let gone = model.set(&key).get(&member).map(|&number| (member.clone(), number));
            let gone: Vec<_> = gone.into_iter().collect();
            model.take(&key, &gone);
            (format!("ZREM {key} {member}"), format!(":{}", gone.len()))
        }
        6 => {
            let member = draw.member();
            let elements = model.elements(&key);
            let rank = elements.iter().position(|(other, _)| *other == member);
            let reply = |rank: Option<usize>| rank.map_or("nil".to_owned(), |r| format!(":{r}"));
            if draw.below(2) == 0 {
                return (format!("ZRANK {key} {member}"), reply(rank));
            }
            let reversed = rank.map(|rank| elements.len() - 1 - rank);
            (format!("ZREVRANK {key} {member}"), reply(reversed))
        }
        7 => pop(draw, model, &key),
        8 => rank_range(draw, model, &key),
        9..=11 => score_range(draw, model, &key),
        12 => {
            let member = draw.member();
            let reply = model.set(&key).get(&member).map_or("nil".to_owned(), |&n| score(n));
            (format!("ZSCORE {key} {member}"), reply)
        }
        13 => (format!("ZCARD {key}"), format!(":{}", model.set(&key).len())),
        _ => combine(draw, model, &key),
    }
}

fn add(draw: &mut Draw, model: &mut Model, key: &str) -> (String, String) {
    let options: &[&str] =
        [&[][..], &[], &["CH"], &["NX"], &["XX", "CH"], &["GT", "CH"], &["LT"]][draw.below(7)];
    let count = 1 + draw.below(6);
    let pairs: Vec<_> = (0..count).map(|_| (draw.number(), draw.member())).collect();
    let words: Vec<String> =
        pairs.iter().map(|(number, member)| format!("{number} {member}")).collect();
    let line = format!("ZADD {key} {} {}", options.join(" "), words.join(" "));
    (line, model.add(key, options, &pairs))
}

fn pop(draw: &mut Draw, model: &mut Model, key: &str) -> (String, String) {
    let count = draw.below(4);
    let greatest = draw.below(2) == 0;
    let mut elements = model.elements(key);
    if greatest {
        elements.reverse();
    }
    elements.truncate(count);
    model.take(key, &elements);
    let name = if greatest { "ZPOPMAX" } else { "ZPOPMIN" };
    (format!("{name} {key} {count}"), with_scores(&elements))
}

fn rank_range(draw: &mut Draw, model: &mut Model, key: &str) -> (String, String) {
    let (first, last) = (draw.below(40) as i64 - 20, draw.below(40) as i64 - 20);
    let mut elements = model.elements(key);
    let reverse = draw.below(2) == 0;
    if reverse {
        elements.reverse();
    }
    let length = elements.len() as i64;
    let from_front = |rank: i64| if rank < 0 { rank + length } else { rank };
    let inside = |place: i64| from_front(first) <= place && place <= from_front(last);
    let places = elements.into_iter().zip(0_i64..);
    let found: Vec<_> = places.filter(|(_, place)| inside(*place)).map(|pair| pair.0).collect();
    if !reverse && draw.below(4) == 0 {
        model.take(key, &found);
        return (format!("ZREMRANGEBYRANK {key} {first} {last}"), format!(":{}", found.len()));
    }
    let reverse = if reverse { "REV" } else { "" };
    (format!("ZRANGE {key} {first} {last} {reverse} WITHSCORES"), with_scores(&found))
}

fn score_range(draw: &mut Draw, model: &mut Model, key: &str) -> (String, String) {
    let ((least, above), (most, below)) = (draw.end(true), draw.end(false));
    let mut found = model.elements(key);
    found.retain(|(_, number)| above(*number) && below(*number));
    let (offset, count) = (draw.below(5), draw.below(8) as i64 - 2);
    let window = |found: Vec<(String, f64)>| -> Vec<(String, f64)> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        found.into_iter().skip(offset).take(count).collect()
    };
    match draw.below(6) {
        0 => (format!("ZCOUNT {key} {least} {most}"), format!(":{}", found.len())),
        1 => {
            model.take(key, &found);
            (format!("ZREMRANGEBYSCORE {key} {least} {most}"), format!(":{}", found.len()))
        }
        2 => {
            let found = window(found);
            let destination = draw.key();
            let line = format!(
                "ZRANGESTORE {destination} {key} {least} {most} BYSCORE LIMIT {offset} {count}"
            );
            let reply = format!(":{}", found.len());
            model.put(&destination, found.into_iter().collect());
            (line, reply)
        }
        3 => {
            found.reverse();
            let line =
                format!("ZREVRANGEBYSCORE {key} {most} {least} LIMIT {offset} {count} WITHSCORES");
            (line, with_scores(&window(found)))
        }
        _ => {
            let line =
                format!("ZRANGEBYSCORE {key} {least} {most} WITHSCORES LIMIT {offset} {count}");
            (line, with_scores(&window(found)))
        }
    }
}

fn combine(draw: &mut Draw, model: &mut Model, destination: &str) -> (String, String) {
    let operation = ["UNION", "INTER", "DIFF"][draw.below(3)];
    let keys: Vec<String> = (0..1 + draw.below(3)).map(|_| draw.key()).collect();
    let mut weights = vec![1.0; keys.len()];
    let mut options = String::new();
    if operation != "DIFF" && draw.below(2) == 0 {
        weights.iter_mut().for_each(|weight| *weight = draw.below(3) as f64);
        let words: Vec<String> = weights.iter().map(f64::to_string).collect();
        options = format!("WEIGHTS {}", words.join(" "));
    }
    let result = model.combine(operation, &keys, &weights);
    // Sums that grow without end would leave the halves that this test can write.
    let stores = draw.below(2) == 0 && result.iter().all(|(_, number)| number.abs() < 1e6);
    let (count, keys) = (keys.len(), keys.join(" "));
    if stores {
        let reply = format!(":{}", result.len());
        model.put(destination, result.into_iter().collect());
        return (format!("Z{operation}STORE {destination} {count} {keys} {options}"), reply);
    }
    (format!("Z{operation} {count} {keys} {options} WITHSCORES"), with_scores(&result))
}

/// Small limits, so that sets of both forms are met; at the end the log is replayed.
#[test]
fn random_commands_agree_with_the_model() {
    for seed in 0..8_u32 {
        let mut draw = Draw(Random::new(seed.into()));
        let mut bench = Bench::default();
        bench.executor.config.zset_max_ziplist_entries = [0, 5, 12, 128][seed as usize % 4];
        let mut model = Model::default();
        for step in 0..2_500 {
            let (line, expected) = next(&mut draw, &mut model);
            let before = bench.log.len();
            let content = bench.executor.keyspace.content_digest();
            let reply = bench.step(&line);
            // Minus zero is written as C does it.
            let reply = reply.replace("\"-0\"", "\"0\"");
            let expected = expected.replace("\"-0\"", "\"0\"");
            assert_eq!(reply, expected, "seed {seed}, step {step}: {line}");
            let changed = content != bench.executor.keyspace.content_digest();
            if changed {
                assert_ne!(bench.log.len(), before, "not logged: seed {seed}, step {step}: {line}");
            }
        }
        let keys: Vec<&String> = model.0.keys().collect();
        assert_eq!(bench.step("DBSIZE"), format!(":{}", keys.len()));
        assert_eq!(
            bench.replayed().keyspace.content_digest(),
            bench.executor.keyspace.content_digest(),
            "seed {seed}"
        );
    }
}

//! Random commands on strings and their expiry against a map, reply by reply.

use std::collections::BTreeMap;

use super::super::{Bench, START};
use crate::random::Random;

const SEED: u64 = 20_261_121;
const KEYS: [&str; 3] = ["a", "b", "c"];

/// A string and when it ends.
#[derive(Clone, Default)]
struct Held {
    text: String,
    ends: Option<u64>,
}

/// What the keys hold, and the time.
struct Model {
    held: BTreeMap<&'static str, Held>,
    now: u64,
}

fn bulk(text: Option<String>) -> String {
    text.map_or("nil".to_owned(), |text| format!("{text:?}"))
}

impl Model {
    /// Lets go of what has ended: a key still lives in the millisecond at which it ends.
    fn pass(&mut self, milliseconds: u64) {
        self.now += milliseconds;
        let now = self.now;
        self.held.retain(|_, held| held.ends.is_none_or(|ends| now <= ends));
    }

    fn text(&self, key: &str) -> Option<String> {
        self.held.get(key).map(|held| held.text.clone())
    }

    fn set(&mut self, key: &'static str, text: &str, ends: Option<u64>) -> String {
        self.held.insert(key, Held { text: text.to_owned(), ends });
        "+OK".to_owned()
    }

    /// Changes the text; what ends goes on to end then.
    fn change(&mut self, key: &'static str, text: String) {
        self.held.entry(key).or_default().text = text;
    }

    fn add(&mut self, key: &'static str, increment: i64) -> String {
        let old = self.text(key).unwrap_or("0".to_owned());
        let strict = old.parse::<i64>().ok().filter(|number| number.to_string() == old);
        let Some(old) = strict else {
            return "-ERR value is not an integer or out of range".to_owned();
        };
        let Some(new) = old.checked_add(increment) else {
            return "-ERR increment or decrement would overflow".to_owned();
        };
        self.change(key, new.to_string());
        format!(":{new}")
    }

    fn set_range(&mut self, key: &'static str, offset: usize, piece: &str) -> String {
        let mut text = self.text(key).unwrap_or_default();
        while text.len() < offset {
            text.push('\0');
        }
        let end = text.len().min(offset + piece.len());
        text.replace_range(offset..end, piece);
        let length = text.len();
        self.change(key, text);
        format!(":{length}")
    }

    fn range(&self, key: &str, start: i64, end: i64) -> String {
        let text = self.text(key).unwrap_or_default();
        let length = text.len() as i64;
        let from_end = |at: i64| (if at < 0 { at + length } else { at }).max(0);
        let places: Vec<usize> = (0..text.len())
            .filter(|&at| (from_end(start)..=from_end(end)).contains(&(at as i64)))
            .collect();
        let none = start < 0 && end < 0 && start > end;
        let found: String = places.iter().filter(|_| !none).map(|&at| &text[at..=at]).collect();
        bulk(Some(found))
    }

    fn expire(&mut self, key: &'static str, ends: u64) -> String {
        let Some(held) = self.held.get_mut(key) else { return ":0".to_owned() };
        held.ends = Some(ends);
        ":1".to_owned()
    }

    fn persist(&mut self, key: &'static str) -> String {
        let ended = self.held.get_mut(key).and_then(|held| held.ends.take());
        format!(":{}", u8::from(ended.is_some()))
    }

    fn ttl(&self, key: &str) -> String {
        match self.held.get(key) {
            None => ":-2".to_owned(),
            Some(Held { ends: None, .. }) => ":-1".to_owned(),
            Some(Held { ends: Some(ends), .. }) => format!(":{}", ends - self.now),
        }
    }
}

struct Script {
    random: Random,
    model: Model,
}

impl Script {
    fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    fn key(&mut self) -> &'static str {
        KEYS[usize::try_from(self.below(3)).unwrap()]
    }

    fn text(&mut self) -> String {
        match self.below(6) {
            0 => "long".repeat(20),
            1 => i64::MAX.to_string(),
            2 => "007".to_owned(),
            3 => "-5".to_owned(),
            _ => self.below(1000).to_string(),
        }
    }

    fn place(&mut self) -> i64 {
        self.below(12) as i64 - 6
    }

    /// A command and its reply.
    fn next(&mut self) -> (String, String) {
        let (key, other, text) = (self.key(), self.key(), self.text());
        let wait = self.below(400) + 1;
        let ends = self.model.now + wait;
        let before = self.model.text(key);
        match self.below(20) {
            0 | 1 => (format!("SET {key} {text}"), self.model.set(key, &text, None)),
            2 => (format!("SET {key} {text} PX {wait}"), self.model.set(key, &text, Some(ends))),
            3 => {
                let reply = match before {
                    Some(_) => "nil".to_owned(),
                    None => self.model.set(key, &text, Some(ends)),
                };
                (format!("SET {key} {text} nx PXAT {ends}"), reply)
            }
            4 => {
                if before.is_some() {
                    self.model.change(key, text.clone());
                }
                let reply = bulk(before);
                (format!("SET {key} {text} XX KEEPTTL GET"), reply)
            }
            5 => (format!("PSETEX {key} {wait} {text}"), self.model.set(key, &text, Some(ends))),
            6 => {
                self.model.set(key, &text, None);
                (format!("GETSET {key} {text}"), bulk(before))
            }
            7 => {
                self.model.held.remove(key);
                (format!("GETDEL {key}"), bulk(before))
            }
            8 => {
                self.model.expire(key, ends);
                (format!("GETEX {key} PX {wait}"), bulk(before))
            }
            9 => {
                let text = before.unwrap_or_default() + &text;
                let length = text.len();
                let added = &text[length - text.len().min(1)..];
                let line = format!("APPEND {key} {added}");
                let joined = self.model.text(key).unwrap_or_default() + added;
                let reply = format!(":{}", joined.len());
                self.model.change(key, joined);
                (line, reply)
            }
            10 => {
                let offset = usize::try_from(self.below(30)).unwrap();
                let reply = self.model.set_range(key, offset, &text);
                (format!("SETRANGE {key} {offset} {text}"), reply)
            }
            11 => {
                let (start, end) = (self.place(), self.place());
                let reply = self.model.range(key, start, end);
                (format!("GETRANGE {key} {start} {end}"), reply)
            }
            12 => (format!("INCR {key}"), self.model.add(key, 1)),
            13 => {
                let number = self.place();
                (format!("DECRBY {key} {number}"), self.model.add(key, -number))
            }
            14 => {
                let free = self.model.text(key).is_none() && self.model.text(other).is_none();
                if free {
                    self.model.set(key, &text, None);
                    self.model.set(other, "m", None);
                }
                (format!("MSETNX {key} {text} {other} m"), format!(":{}", u8::from(free)))
            }
            15 => {
                let reply = format!("[{}, {}]", bulk(before), bulk(self.model.text(other)));
                (format!("MGET {key} {other}"), reply)
            }
            16 => (format!("PEXPIRE {key} {wait}"), self.model.expire(key, ends)),
            17 => (format!("PERSIST {key}"), self.model.persist(key)),
            18 => (format!("PTTL {key}"), self.model.ttl(key)),
            _ => {
                let length = before.map_or(0, |text| text.len());
                (format!("STRLEN {key}"), format!(":{length}"))
            }
        }
    }
}

#[test]
fn random_commands_agree_with_a_map() {
    let held = BTreeMap::new();
    let model = Model { held, now: START.0 };
    let mut script = Script { random: Random::new(SEED), model };
    let mut bench = Bench::default();
    let mut ended = 0;
    for step in 0..20_000 {
        let (line, expected) = script.next();
        let what = format!("seed {SEED}, step {step}: {line}");
        assert_eq!(bench.step(&line), expected, "{what}");
        for key in KEYS {
            let expected = bulk(script.model.text(key));
            assert_eq!(bench.step(&format!("GET {key}")), expected, "{what}: then {key}");
        }
        let before = script.model.held.len();
        let milliseconds = script.below(60);
        script.model.pass(milliseconds);
        bench.step(&format!("+{milliseconds}"));
        ended += before - script.model.held.len();
    }
    assert!(ended > 500, "too small a test: only {ended} keys came to their end");
    // What has ended and was not looked at is still there, in both.
    let replayed = bench.replayed().keyspace.content_digest();
    assert_eq!(replayed, bench.executor.keyspace.content_digest());
}

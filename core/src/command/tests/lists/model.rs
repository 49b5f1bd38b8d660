//! Random list commands against deques in a map, reply by reply.

use std::collections::{BTreeMap, VecDeque};

use super::super::Bench;
use crate::random::Random;

const SEED: u64 = 20_261_121;
const KEYS: [&str; 3] = ["a", "b", "c"];

/// What the lists hold; no list is empty.
#[derive(Default)]
struct Model(BTreeMap<&'static str, VecDeque<String>>);

fn bulk(element: Option<String>) -> String {
    element.map_or("nil".to_owned(), |element| format!("{element:?}"))
}

fn array(elements: impl IntoIterator<Item = String>) -> String {
    let elements: Vec<String> =
        elements.into_iter().map(|element| format!("{element:?}")).collect();
    format!("[{}]", elements.join(", "))
}

impl Model {
    fn list(&self, key: &str) -> &[String] {
        // Every change ends with one straight piece, see `change`.
        self.0.get(key).map_or(&[], |list| list.as_slices().0)
    }

    /// Changes the list at `key`, which goes when it is empty.
    fn change<R>(&mut self, key: &'static str, f: impl FnOnce(&mut VecDeque<String>) -> R) -> R {
        let mut list = self.0.remove(key).unwrap_or_default();
        let result = f(&mut list);
        list.make_contiguous();
        if !list.is_empty() {
            self.0.insert(key, list);
        }
        result
    }

    fn push(&mut self, key: &'static str, left: bool, elements: &[String]) -> String {
        self.change(key, |list| {
            for element in elements {
                if left {
                    list.push_front(element.clone());
                } else {
                    list.push_back(element.clone());
                }
            }
        });
        format!(":{}", self.list(key).len())
    }

    fn pop(&mut self, key: &'static str, left: bool) -> Option<String> {
        self.change(key, |list| if left { list.pop_front() } else { list.pop_back() })
    }

    /// The places from `start` to `end` as LRANGE means them.
    fn span(&self, key: &str, start: i64, end: i64) -> std::ops::Range<usize> {
        let length = self.list(key).len() as i64;
        let from_end = |index: i64| if index < 0 { index + length } else { index };
        let (start, end) = (from_end(start).max(0), from_end(end).min(length - 1));
        if start > end {
            return 0..0;
        }
        usize::try_from(start).unwrap()..usize::try_from(end).unwrap() + 1
    }

    fn remove(&mut self, key: &'static str, count: i64, element: &str) -> String {
        let most = if count == 0 { u64::MAX } else { count.unsigned_abs() };
        let mut removed = 0;
        self.change(key, |list| {
            let mut kept = VecDeque::new();
            while let Some(other) = if count < 0 { list.pop_back() } else { list.pop_front() } {
                if other == element && removed < most {
                    removed += 1;
                } else if count < 0 {
                    kept.push_front(other);
                } else {
                    kept.push_back(other);
                }
            }
            *list = kept;
        });
        format!(":{removed}")
    }
}

struct Script {
    random: Random,
    model: Model,
}

impl Script {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random.below(bound as u64)).unwrap()
    }

    fn index(&mut self, key: &str) -> i64 {
        let length = self.model.list(key).len() as i64;
        self.below(2 * self.model.list(key).len() + 5) as i64 - length - 2
    }

    fn element(&mut self) -> String {
        match self.below(8) {
            0 => "long".repeat(100),
            _ => ["x", "y", "z", "1", "22"][self.below(5)].to_owned(),
        }
    }

    /// A command and its reply.
    fn next(&mut self) -> (String, String) {
        let (key, other) = (KEYS[self.below(3)], KEYS[self.below(3)]);
        let left = self.below(2) == 0;
        let (start, end) = (self.index(key), self.index(key));
        let element = self.element();
        match self.below(14) {
            0..=2 => {
                let elements: Vec<String> = (0..=self.below(4)).map(|_| self.element()).collect();
                let name = if left { "LPUSH" } else { "RPUSH" };
                let line = format!("{name} {key} {}", elements.join(" "));
                (line, self.model.push(key, left, &elements))
            }
            3 => {
                let name = if left { "LPOP" } else { "RPOP" };
                (format!("{name} {key}"), bulk(self.model.pop(key, left)))
            }
            4 => {
                let name = if left { "LPOP" } else { "RPOP" };
                let count = self.below(5);
                let reply = if self.model.list(key).is_empty() {
                    "[nil]".to_owned()
                } else {
                    array((0..count).map_while(|_| self.model.pop(key, left)))
                };
                (format!("{name} {key} {count}"), reply)
            }
            5 => {
                let range = self.model.span(key, start, end);
                let reply = array(self.model.list(key)[range].iter().cloned());
                (format!("LRANGE {key} {start} {end}"), reply)
            }
            6 => {
                let range = self.model.span(key, start, start);
                let reply = bulk(self.model.list(key)[range].first().cloned());
                (format!("LINDEX {key} {start}"), reply)
            }
            7 => (format!("LSET {key} {start} {element}"), self.set(key, start, element)),
            8 => self.insert(key, left, element),
            9 => {
                let count = self.below(7) as i64 - 3;
                let reply = self.model.remove(key, count, &element);
                (format!("LREM {key} {count} {element}"), reply)
            }
            10 => {
                // Rarely more than the ends go, or nothing would grow.
                let (start, end) = (start.min(2), end.max(-3));
                let range = self.model.span(key, start, end);
                self.model.change(key, |list| {
                    *list = list.iter().skip(range.start).take(range.len()).cloned().collect();
                });
                (format!("LTRIM {key} {start} {end}"), "+OK".to_owned())
            }
            11 | 12 => {
                let to_left = self.below(2) == 0;
                let element = self.model.pop(key, left);
                if let Some(element) = &element {
                    self.model.push(other, to_left, std::slice::from_ref(element));
                }
                let side = |left| if left { "LEFT" } else { "right" };
                let line = format!("LMOVE {key} {other} {} {}", side(left), side(to_left));
                (line, bulk(element))
            }
            _ => {
                let list = self.model.list(key).iter();
                let found = list.enumerate().filter(|(_, other)| **other == element);
                let places: Vec<String> =
                    found.map(|(index, _)| format!(":{index}")).take(3).collect();
                (format!("LPOS {key} {element} COUNT 3"), format!("[{}]", places.join(", ")))
            }
        }
    }

    fn set(&mut self, key: &'static str, index: i64, element: String) -> String {
        if self.model.list(key).is_empty() {
            return "-ERR no such key".to_owned();
        }
        let range = self.model.span(key, index, index);
        if range.is_empty() {
            return "-ERR index out of range".to_owned();
        }
        self.model.change(key, |list| list[range.start] = element);
        "+OK".to_owned()
    }

    fn insert(&mut self, key: &'static str, before: bool, element: String) -> (String, String) {
        let pivot = self.element();
        let place = if before { "before" } else { "AFTER" };
        let line = format!("LINSERT {key} {place} {pivot} {element}");
        let list = self.model.list(key);
        let reply = match list.iter().position(|other| *other == pivot) {
            _ if list.is_empty() => 0,
            None => -1,
            Some(index) => {
                let index = index + usize::from(!before);
                self.model.change(key, |list| list.insert(index, element));
                self.model.list(key).len() as i64
            }
        };
        (line, format!(":{reply}"))
    }
}

#[test]
fn random_commands_agree_with_deques() {
    for (number, limit) in [-2, 3, 1, -1].into_iter().enumerate() {
        let random = Random::new(SEED + number as u64);
        let mut script = Script { random, model: Model::default() };
        let mut bench = Bench::default();
        bench.executor.config.list_max_ziplist_size = limit;
        let mut longest = 0;
        for step in 0..4000 {
            let (line, expected) = script.next();
            let what = format!("seed {SEED}, limit {limit}, step {step}: {line}");
            assert_eq!(bench.step(&line), expected, "{what}");
            for key in KEYS {
                let length = format!(":{}", script.model.list(key).len());
                assert_eq!(bench.step(&format!("LLEN {key}")), length, "{what}: length of {key}");
            }
            longest =
                KEYS.map(|key| script.model.list(key).len()).into_iter().fold(longest, usize::max);
        }
        assert!(longest > 20, "too small a test: no list had more than {longest} elements");
        let replayed = bench.replayed().keyspace.content_digest();
        assert_eq!(replayed, bench.executor.keyspace.content_digest(), "limit {limit}");
    }
}

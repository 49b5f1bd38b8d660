//! How two values of one key differ.

use std::collections::BTreeMap;

use aof_core::keyspace::Entry;
use aof_core::value::Value;

use crate::cli::elements;
use crate::cli::text::{count, quoted};

/// One value in a few words.
pub(super) fn summary(entry: &Entry<'_>) -> String {
    let kind = entry.value.type_name();
    let what = match entry.value {
        Value::String(string) => quoted(string.as_bytes()),
        value => format!("{kind} of {}", count(value.len() as u64, "element")),
    };
    match entry.expiry {
        Some(when) => format!("{what}, expires at {}", when.0),
        None => what,
    }
}

/// All the ways in which two entries differ, each as one phrase: A first, then B.
pub(super) fn how(a: &Entry<'_>, b: &Entry<'_>) -> Vec<String> {
    let mut phrases = Vec::new();
    match (a.value, b.value) {
        _ if a.value.type_name() != b.value.type_name() => {
            phrases.push(format!("type {} / {}", a.value.type_name(), b.value.type_name()));
        }
        _ if a.value == b.value => {}
        (Value::String(one), Value::String(other)) => {
            phrases.push(strings(one.as_bytes(), other.as_bytes()));
        }
        (Value::List(_), Value::List(_)) => phrases.extend(lists(a.value, b.value)),
        _ => phrases.extend(unordered(a.value, b.value)),
    }
    if a.expiry != b.expiry {
        let shown = |entry: &Entry<'_>| match entry.expiry {
            Some(when) => format!("at {}", when.0),
            None => "never".to_owned(),
        };
        phrases.push(format!("expires {} / {}", shown(a), shown(b)));
    }
    phrases
}

/// Two strings, from the first byte that differs.
fn strings(a: &[u8], b: &[u8]) -> String {
    const BEFORE: usize = 8;
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let mut phrase = String::new();
    if a.len() != b.len() {
        phrase = format!("{} / {} bytes, ", a.len(), b.len());
    }
    let from = same.saturating_sub(BEFORE);
    let dots = if from > 0 { "…" } else { "" };
    let (a, b) = (quoted(&a[from..]), quoted(&b[from..]));
    format!("{phrase}from byte {same} on: {dots}{a} / {dots}{b}")
}

/// Two lists, at the first element that differs.
fn lists(a: &Value, b: &Value) -> Vec<String> {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    elements::for_each(a, |element, _| one.push(element.to_vec()));
    elements::for_each(b, |element, _| other.push(element.to_vec()));
    let mut phrases = lengths(one.len(), other.len());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let shown = |list: &[Vec<u8>]| list.get(same).map_or("nothing".to_owned(), |e| quoted(e));
    phrases.push(format!("element {same}: {} / {}", shown(&one), shown(&other)));
    phrases
}

/// Two collections in which the order does not count: how many elements differ, and the first of
/// them in the order of bytes.
fn unordered(a: &Value, b: &Value) -> Vec<String> {
    let (one, other) = (map(a), map(b));
    let mut phrases = lengths(one.len(), other.len());
    let (mut only_a, mut only_b, mut changed) = (Few::default(), Few::default(), Few::default());
    for (element, beside) in &one {
        match other.get(element) {
            None => only_a.note(|| quoted(element)),
            Some(held) if held == beside => {}
            Some(held) => {
                changed
                    .note(|| format!("{}: {} / {}", quoted(element), shown(beside), shown(held)));
            }
        }
    }
    for element in other.keys().filter(|element| !one.contains_key(*element)) {
        only_b.note(|| quoted(element));
    }
    for (few, what) in [(only_a, "only in A"), (only_b, "only in B"), (changed, "different")] {
        if let Some(first) = few.first {
            phrases.push(format!("{} {what}, first {first}", few.count));
        }
    }
    phrases
}

fn map(value: &Value) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let mut map = BTreeMap::new();
    elements::for_each(value, |element, beside| {
        map.insert(element.to_vec(), beside.map(<[u8]>::to_vec));
    });
    map
}

fn shown(beside: &Option<Vec<u8>>) -> String {
    beside.as_deref().map_or(String::new(), quoted)
}

fn lengths(a: usize, b: usize) -> Vec<String> {
    if a == b { Vec::new() } else { vec![format!("{a} / {b} elements")] }
}

/// How many, and the first.
#[derive(Default)]
struct Few {
    count: u64,
    first: Option<String>,
}

impl Few {
    fn note(&mut self, shown: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(shown);
    }
}

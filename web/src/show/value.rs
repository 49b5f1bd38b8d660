//! What a key holds, as one text: a list `[a, b]`, a hash `{field: value}`, a set `{a, b}`, a
//! sorted set `(score member, …)` in its order.

use aof_core::number::FloatText;
use aof_core::value::Value;

use crate::view;

/// Elements that are shown of one key. The rest is counted.
pub const ELEMENTS_SHOWN: usize = 16;
/// Bytes that are shown of one element.
const ELEMENT_BYTES: usize = 64;

/// The text, and how many elements it leaves out.
#[must_use]
pub fn shown(value: &Value) -> (String, u64) {
    let pair = |(name, value): (&[u8], &[u8])| format!("{}: {}", element(name), element(value));
    let scored = |(member, score): (&[u8], f64)| {
        format!("{} {}", view::text(FloatText::new(score).as_bytes()), element(member))
    };
    match value {
        Value::String(string) => (view::text(string.as_bytes()), 0),
        Value::List(list) => gathered(['[', ']'], list.iter().map(element), list.len()),
        Value::Hash(hash) => gathered(['{', '}'], hash.iter().map(pair), hash.len()),
        Value::Set(set) => gathered(['{', '}'], set.iter().map(|e| element(&e)), set.len()),
        Value::SortedSet(zset) => gathered(['(', ')'], zset.iter().map(scored), zset.len()),
    }
}

fn gathered(
    [open, close]: [char; 2],
    elements: impl Iterator<Item = String>,
    count: usize,
) -> (String, u64) {
    let texts: Vec<String> = elements.take(ELEMENTS_SHOWN).collect();
    let more = count.saturating_sub(texts.len()) as u64;
    (format!("{open}{}{close}", texts.join(", ")), more)
}

fn element(bytes: &[u8]) -> String {
    match bytes.get(..ELEMENT_BYTES) {
        Some(front) if bytes.len() > ELEMENT_BYTES => view::text(front) + "…",
        _ => view::text(bytes),
    }
}

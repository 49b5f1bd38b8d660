//! What all types of value have in common: elements.

use aof_core::number::FloatText;
use aof_core::value::Value;

/// Calls `each` for every element of a collection: the element or field, and its value or score
/// as text. A string is one element without either.
pub(super) fn for_each(value: &Value, mut each: impl FnMut(&[u8], Option<&[u8]>)) {
    match value {
        Value::String(string) => each(string.as_bytes(), None),
        Value::List(list) => list.iter().for_each(|element| each(element, None)),
        Value::Set(set) => set.iter().for_each(|member| each(&member, None)),
        Value::Hash(hash) => hash.iter().for_each(|(field, value)| each(field, Some(value))),
        Value::SortedSet(members) => {
            for (member, score) in members.iter() {
                each(member, Some(FloatText::new(score).as_bytes()));
            }
        }
    }
}

//! What all types of value have in common: elements, and bytes in a rewritten log.

use aof_core::number::FloatText;
use aof_core::value::Value;

/// Items that a rewrite puts into one command (`AOF_REWRITE_ITEMS_PER_CMD`).
const ITEMS_PER_COMMAND: u64 = 64;

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

/// Number of elements; 1 for a string.
pub(super) fn count(value: &Value) -> u64 {
    let mut count = 0;
    for_each(value, |_, _| count += 1);
    count
}

/// Size of a key and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Elements of the collection; 1 for a string.
    pub(super) elements: u64,
    /// Bytes of the commands that a rewrite writes for it.
    pub(super) rewrite_bytes: u64,
}

/// Measures one key. `expiry` is its time in milliseconds, as PEXPIREAT takes it.
pub(super) fn size(key: &[u8], value: &Value, expiry: Option<u64>) -> Size {
    let mut size = Size::default();
    let mut words_bytes = 0;
    for_each(value, |element, beside| {
        size.elements += 1;
        words_bytes += bulk_bytes(element.len()) + beside.map_or(0, |word| bulk_bytes(word.len()));
    });
    let (name, words_per_item): (&[u8], u64) = match value {
        Value::String(_) => (b"SET", 1),
        Value::List(_) => (b"RPUSH", 1),
        Value::Set(_) => (b"SADD", 1),
        Value::Hash(_) => (b"HMSET", 2),
        Value::SortedSet(_) => (b"ZADD", 2),
    };
    let head_bytes = bulk_bytes(name.len()) + bulk_bytes(key.len());
    let (full, rest) = (size.elements / ITEMS_PER_COMMAND, size.elements % ITEMS_PER_COMMAND);
    size.rewrite_bytes = words_bytes;
    size.rewrite_bytes += full * (head_bytes + count_bytes(2 + ITEMS_PER_COMMAND * words_per_item));
    if rest > 0 {
        size.rewrite_bytes += head_bytes + count_bytes(2 + rest * words_per_item);
    }
    if let Some(when) = expiry {
        size.rewrite_bytes += count_bytes(3) + bulk_bytes(b"PEXPIREAT".len());
        size.rewrite_bytes += bulk_bytes(key.len()) + bulk_bytes(digits(when));
    }
    size
}

/// Bytes of the SELECT before the keys of a database.
pub(super) fn select_bytes(database: u8) -> u64 {
    count_bytes(2) + bulk_bytes(b"SELECT".len()) + bulk_bytes(digits(u64::from(database)))
}

/// `*<count>\r\n`
fn count_bytes(count: u64) -> u64 {
    1 + digits(count) as u64 + 2
}

/// `$<length>\r\n<bytes>\r\n`
fn bulk_bytes(length: usize) -> u64 {
    count_bytes(length as u64) + length as u64 + 2
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |digits| digits as usize + 1)
}

#[cfg(test)]
mod tests {
    use aof_core::config::Config;
    use aof_core::execute::Executor;
    use aof_core::keyspace::Keyspace;
    use aof_core::load::Loader;
    use aof_core::resp::encode_command;

    use super::*;

    #[test]
    fn a_string_takes_what_its_commands_take() {
        for length in [0, 1, 9, 10, 99, 100, 1000, 100_000] {
            for expiry in [None, Some(0), Some(1_900_000_000_000)] {
                let (key, value) = (vec![b'k'; length], vec![b'v'; length]);
                let mut log = Vec::new();
                encode_command(&[b"SET", &key[..], &value], &mut log);
                if let Some(when) = expiry {
                    let when = when.to_string();
                    encode_command(&[b"PEXPIREAT", &key[..], when.as_bytes()], &mut log);
                }
                let expected = Size { elements: 1, rewrite_bytes: log.len() as u64 };
                assert_eq!(size(&key, &Value::string(&value), expiry), expected, "{length}");
            }
        }
    }

    /// What a server executes for these words.
    fn value_of(lines: &[Vec<String>]) -> Value {
        let mut log = Vec::new();
        lines.iter().for_each(|words| encode_command(words, &mut log));
        let executor = Executor::new(Config::default(), Keyspace::new(0), 0);
        let mut loader = Loader::new(executor);
        loader.feed(&log);
        let loaded = loader.finish().expect("a log");
        loaded.executor.keyspace.db(0).get(b"key").cloned().expect("the key")
    }

    /// Collections of every size around the 64 items of one command, packed and large: the log
    /// that a rewrite would write has the size that was computed.
    #[test]
    fn a_collection_takes_what_its_commands_take() {
        for (name, with_values) in
            [("RPUSH", false), ("SADD", false), ("HMSET", true), ("ZADD", true)]
        {
            for count in [1, 2, 63, 64, 65, 127, 128, 129, 1000] {
                let mut words = vec![name.to_owned(), "key".to_owned()];
                for number in 0..count {
                    match name {
                        "ZADD" => words.extend([format!("{number}.5"), format!("m{number}")]),
                        "HMSET" => words.extend([format!("f{number}"), format!("v{number}")]),
                        _ => words.push(number.to_string()),
                    }
                }
                let items = if with_values { 128 } else { 64 };
                let mut log = Vec::new();
                for piece in words[2..].chunks(items) {
                    encode_command(&[&words[..2], piece].concat(), &mut log);
                }
                let value = value_of(&[words]);
                let expected = Size { elements: count, rewrite_bytes: log.len() as u64 };
                assert_eq!(size(b"key", &value, None), expected, "{name} {count}");
                assert_eq!(super::count(&value), count, "{name}");
            }
        }
    }

    #[test]
    fn a_database_takes_its_select() {
        for database in [0, 9, 10, 15] {
            let mut log = Vec::new();
            encode_command(&["SELECT", &database.to_string()], &mut log);
            assert_eq!(select_bytes(database), log.len() as u64);
        }
    }
}

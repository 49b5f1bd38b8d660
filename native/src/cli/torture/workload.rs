//! What the connections write, and what must be there after any number of those writes.
//!
//! Each connection owns its keys and writes numbered units: 0, 1, 2 and so on. Unit `n` is a
//! function of the seed, the connection and `n`, so the dataset after `n` units is one, too, and
//! [`Keys::apply`] makes it without asking any server. That is the whole trick: after a restart the
//! recovered keys of a connection must equal the keys after *some* number of units, and that number
//! is compared with how many were acknowledged.
//!
//! The kinds of unit take turns. Three of them add to a sum, each another number, so that one of
//! them which is missing or stands twice anywhere in the past is seen for ever, although all keys
//! stay small. One of these sums also says how many units there were, but for a rest below eight.
//! Some units are a transaction over two keys, so that half of it is seen.
//!
//! The model here is a few lines of std collections and shares nothing with the engine: a mistake
//! in the engine must not excuse itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::ops::RangeInclusive;

use aof_core::random::Random;
use aof_core::resp::encode::encode_command;

#[cfg(test)]
mod tests;

/// Kinds of unit, in turn.
pub(super) const KINDS: u64 = 8;
/// Which of them adds its number to the key that tells how many there were.
const COUNTS: u64 = 5;
/// Keys of text that take turns.
const TEXTS: u64 = 16;
/// Fields, members and elements that are kept.
const KEPT: u64 = 64;
/// Rounds after which the growing text begins again.
const ROUNDS_OF_TAIL: u64 = 64;

/// One command of a unit, with key and arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Set(String, Vec<u8>),
    Append(String, String),
    Delete(String),
    Push(String, u64),
    /// Keeps the newest [`KEPT`] elements.
    Trim(String),
    SetField(String, String, u64),
    AddToField(String, String, u64),
    AddMember(String, u64),
    RemoveMember(String, u64),
    Score(String, String, u64),
    AddToScore(String, String, u64),
    Add(String, u64),
}

/// What is applied whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// More than one are a transaction.
    pub(super) commands: Vec<Command>,
}

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    Scores(BTreeMap<Vec<u8>, Vec<u8>>),
}

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) seed: u64,
    pub(super) connection: u32,
}

impl Writer {
    fn key(self, name: &str) -> String {
        format!("torture:{}:{name}", self.connection)
    }

    /// The unit of this number.
    pub(super) fn unit(self, number: u64) -> Unit {
        let round = number / KINDS;
        let slot = round % TEXTS;
        let field = || format!("f{}", round % KEPT);
        let commands = match number % KINDS {
            0 => vec![Command::Set(self.key(&format!("text:{slot}")), self.value(number))],
            1 => vec![Command::Push(self.key("list"), number)],
            2 => vec![
                Command::SetField(self.key("hash"), field(), number),
                Command::AddToField(self.key("hash"), "sum".to_owned(), number),
            ],
            3 => {
                let mut commands = vec![Command::AddMember(self.key("set"), number)];
                if let Some(old) = number.checked_sub(KINDS * KEPT) {
                    commands.push(Command::RemoveMember(self.key("set"), old));
                }
                commands
            }
            4 => vec![
                Command::Score(self.key("scores"), field(), number),
                Command::AddToScore(self.key("scores"), "sum".to_owned(), number % 1000),
            ],
            COUNTS => vec![Command::Add(self.counter(), number)],
            6 if round.is_multiple_of(ROUNDS_OF_TAIL) => vec![
                Command::Delete(self.key("tail")),
                Command::Set(self.key("last"), number.to_string().into_bytes()),
            ],
            6 => vec![
                Command::Append(self.key("tail"), format!("{number},")),
                Command::Set(self.key("last"), number.to_string().into_bytes()),
            ],
            _ if round.is_multiple_of(3) => {
                vec![Command::Delete(self.key(&format!("text:{}", (slot + TEXTS / 2) % TEXTS)))]
            }
            _ => vec![Command::Trim(self.key("list"))],
        };
        Unit { commands }
    }

    /// A value that names its number, mostly short, sometimes longer than a page of memory.
    fn value(self, number: u64) -> Vec<u8> {
        let of_connection = u64::from(self.connection) << 40;
        let mut random = Random::new(self.seed ^ of_connection ^ number);
        let length = if random.below(16) == 0 { 6000 } else { 120 };
        let length = usize::try_from(random.below(length)).unwrap_or(0);
        let mut value = format!("{number}:").into_bytes();
        // Line ends and stars inside a value must not confuse a loader that looks for commands.
        value.extend(b"*1\r\n$4\r\nPING\r\n".iter().cycle().take(length));
        value
    }

    /// The numbers of units after which the counter stands at `total`; `None` if it never does.
    ///
    /// After `n` units that count it is 5 + 13 + 21 + … = 4n² + n.
    pub(super) fn numbers_at(total: u64) -> Option<RangeInclusive<u64>> {
        let root = total.checked_mul(16)?.checked_add(1)?.isqrt();
        let counted = (root - 1) / 8;
        // No overflow: this is about a quarter of what was under the root.
        if 4 * counted * counted + counted != total {
            return None;
        }
        let first = counted.checked_sub(1).map_or(0, |before| before * KINDS + COUNTS + 1);
        Some(first..=counted * KINDS + COUNTS)
    }

    /// The keys that it may own, in the order in which they are asked for.
    pub(super) fn names(self) -> Vec<(String, Kind)> {
        let mut names: Vec<_> =
            (0..TEXTS).map(|slot| (self.key(&format!("text:{slot}")), Kind::Text)).collect();
        for (name, kind) in [
            ("counter", Kind::Text),
            ("tail", Kind::Text),
            ("last", Kind::Text),
            ("list", Kind::List),
            ("hash", Kind::Hash),
            ("set", Kind::Set),
            ("scores", Kind::Scores),
        ] {
            names.push((self.key(name), kind));
        }
        names
    }

    /// The key of the counter.
    pub(super) fn counter(self) -> String {
        self.key("counter")
    }
}

/// The type of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    List,
    Hash,
    Set,
    Scores,
}

impl Unit {
    /// Appends the unit as requests; returns how many replies it has. The last of them
    /// acknowledges the unit.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> usize {
        if let [only] = self.commands.as_slice() {
            only.encode(out);
            return 1;
        }
        encode_command(&["MULTI"], out);
        for command in &self.commands {
            command.encode(out);
        }
        encode_command(&["EXEC"], out);
        self.commands.len() + 2
    }
}

impl Command {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_command(&self.words(), out);
    }

    fn words(&self) -> Vec<Vec<u8>> {
        let text = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect();
        match self {
            Self::Set(key, value) => {
                vec![b"SET".to_vec(), key.as_bytes().to_vec(), value.clone()]
            }
            Self::Append(key, more) => text(&["APPEND", key, more]),
            Self::Delete(key) => text(&["DEL", key]),
            Self::Push(key, number) => text(&["RPUSH", key, &number.to_string()]),
            Self::Trim(key) => text(&["LTRIM", key, &format!("-{KEPT}"), "-1"]),
            Self::SetField(key, field, number) => text(&["HSET", key, field, &number.to_string()]),
            Self::AddToField(key, field, number) => {
                text(&["HINCRBY", key, field, &number.to_string()])
            }
            Self::AddMember(key, number) => text(&["SADD", key, &number.to_string()]),
            Self::RemoveMember(key, number) => text(&["SREM", key, &number.to_string()]),
            Self::Score(key, member, score) => text(&["ZADD", key, &score.to_string(), member]),
            Self::AddToScore(key, member, score) => {
                text(&["ZINCRBY", key, &score.to_string(), member])
            }
            Self::Add(key, number) => text(&["INCRBY", key, &number.to_string()]),
        }
    }
}

/// Most bytes of a word that are shown.
const SHOWN_BYTES: usize = 24;

/// As a person would type it, long words cut.
impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, command) in self.commands.iter().enumerate() {
            out.write_str(if index == 0 { "" } else { "; " })?;
            for (index, word) in command.words().iter().enumerate() {
                out.write_str(if index == 0 { "" } else { " " })?;
                match word.get(..SHOWN_BYTES).filter(|_| word.len() > SHOWN_BYTES) {
                    Some(front) if index > 1 => write!(out, "{}…", front.escape_ascii())?,
                    _ => write!(out, "{}", word.escape_ascii())?,
                }
            }
        }
        Ok(())
    }
}

/// The keys of one connection after a number of units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) values: BTreeMap<String, Value>,
}

/// `text` plus `more` as decimal numbers. Sums of units stay far below the end of the integers.
fn sum(text: Option<&Vec<u8>>, more: u64) -> Vec<u8> {
    let old = text.and_then(|text| std::str::from_utf8(text).ok());
    let old: u64 = old.and_then(|text| text.parse().ok()).unwrap_or(0);
    old.wrapping_add(more).to_string().into_bytes()
}

impl Keys {
    /// Applies one unit.
    pub(super) fn apply(&mut self, unit: &Unit) {
        for command in &unit.commands {
            self.run(command);
        }
    }

    fn text(&mut self, key: &str) -> Option<&mut Vec<u8>> {
        let empty = || Value::Text(Vec::new());
        match self.values.entry(key.to_owned()).or_insert_with(empty) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn pairs(&mut self, key: &str, new: Value) -> Option<&mut BTreeMap<Vec<u8>, Vec<u8>>> {
        match self.values.entry(key.to_owned()).or_insert(new) {
            Value::Hash(pairs) | Value::Scores(pairs) => Some(pairs),
            _ => None,
        }
    }

    fn run(&mut self, command: &Command) {
        let (hash, scores) = (Value::Hash(BTreeMap::new()), Value::Scores(BTreeMap::new()));
        match command {
            Command::Set(key, value) => {
                self.values.insert(key.clone(), Value::Text(value.clone()));
            }
            Command::Append(key, text) => {
                if let Some(held) = self.text(key) {
                    held.extend_from_slice(text.as_bytes());
                }
            }
            Command::Delete(key) => {
                self.values.remove(key);
            }
            Command::Push(key, number) => {
                let empty = || Value::List(VecDeque::new());
                if let Value::List(list) = self.values.entry(key.clone()).or_insert_with(empty) {
                    list.push_back(number.to_string().into_bytes());
                }
            }
            Command::Trim(key) => {
                if let Some(Value::List(list)) = self.values.get_mut(key) {
                    while list.len() as u64 > KEPT {
                        list.pop_front();
                    }
                }
            }
            Command::SetField(key, field, number) => {
                if let Some(pairs) = self.pairs(key, hash) {
                    pairs.insert(field.clone().into_bytes(), number.to_string().into_bytes());
                }
            }
            Command::AddToField(key, field, number) => self.add(key, hash, field, *number),
            Command::AddMember(key, number) => {
                let empty = || Value::Set(BTreeSet::new());
                if let Value::Set(set) = self.values.entry(key.clone()).or_insert_with(empty) {
                    set.insert(number.to_string().into_bytes());
                }
            }
            Command::RemoveMember(key, number) => {
                if let Some(Value::Set(set)) = self.values.get_mut(key) {
                    set.remove(number.to_string().as_bytes());
                }
            }
            Command::Score(key, member, score) => {
                if let Some(pairs) = self.pairs(key, scores) {
                    pairs.insert(member.clone().into_bytes(), score.to_string().into_bytes());
                }
            }
            Command::AddToScore(key, member, score) => self.add(key, scores, member, *score),
            Command::Add(key, number) => {
                if let Some(held) = self.text(key) {
                    *held = sum(Some(held), *number);
                }
            }
        }
    }

    fn add(&mut self, key: &str, new: Value, name: &str, more: u64) {
        if let Some(pairs) = self.pairs(key, new) {
            let total = sum(pairs.get(name.as_bytes()), more);
            pairs.insert(name.as_bytes().to_vec(), total);
        }
    }
}

//! Sequences of operations, all short ones and many long ones, on databases with different hash
//! seeds beside a sorted map.

use std::collections::BTreeMap;

use super::*;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<Millis>)>;

#[derive(Clone, Debug)]
enum Operation {
    Insert(Vec<u8>, Vec<u8>),
    Append(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Rename(Vec<u8>, Vec<u8>),
    Expire(Vec<u8>, Option<Millis>),
    Pop(Millis),
    Clear,
}

/// The pair under test: two datasets that differ in their hash seed, and the model.
#[derive(Clone)]
struct Subject {
    one: Keyspace,
    other: Keyspace,
    model: Model,
}

impl Subject {
    fn new() -> Self {
        Self { one: Keyspace::new(0), other: Keyspace::new(0xDEAD_BEEF), model: Model::new() }
    }

    fn apply(&mut self, operation: &Operation) {
        let expected = apply_to_model(&mut self.model, operation);
        assert_eq!(apply(self.one.db_mut(0), operation), expected, "{operation:?}");
        assert_eq!(apply(self.other.db_mut(0), operation), expected, "{operation:?}");
    }

    fn check(&self, keys: &[Vec<u8>]) {
        for keyspace in [&self.one, &self.other] {
            let database = keyspace.db(0);
            assert_eq!(contents(database), self.model);
            assert_eq!(database.len(), self.model.len());
            let times: Vec<Millis> = self.model.values().filter_map(|(_, when)| *when).collect();
            assert_eq!(database.expires_len(), times.len());
            assert_eq!(database.soonest_expiry(), times.iter().min().copied());
            for key in keys {
                let expected = self.model.get(key);
                let entry = database.entry(key);
                assert_eq!(database.contains(key), expected.is_some());
                assert_eq!(entry.map(|entry| bytes(entry.value)), expected.map(|pair| &*pair.0));
                assert_eq!(entry.and_then(|entry| entry.expiry), expected.and_then(|pair| pair.1));
                assert_eq!(database.get(key), entry.map(|entry| entry.value));
                assert_eq!(database.expiry(key), entry.and_then(|entry| entry.expiry));
                let expired = expected.and_then(|pair| pair.1).is_some_and(|when| when < Millis(3));
                assert_eq!(database.is_expired(key, Millis(3)), expired);
            }
        }
        // The order, too, is the same for both seeds.
        assert!(self.one.db(0).iter().eq(self.other.db(0).iter()));
        assert_eq!(digest(&self.one), digest(&self.other));
        assert_eq!(self.one.content_digest(), self.other.content_digest());
        let mut random = (Random::new(4), Random::new(4));
        assert_eq!(self.one.db(0).random(&mut random.0), self.other.db(0).random(&mut random.1));
    }
}

fn bytes(value: &Value) -> &[u8] {
    value.as_string().unwrap().as_bytes()
}

fn contents(database: &Database) -> Model {
    let entries = database.iter();
    entries.map(|entry| (entry.key.to_vec(), (bytes(entry.value).to_vec(), entry.expiry))).collect()
}

/// What an operation returns, in one form for all.
type Returned = Option<Vec<u8>>;

fn flag(happened: bool) -> Returned {
    happened.then(Vec::new)
}

fn apply(database: &mut Database, operation: &Operation) -> Returned {
    match operation {
        Operation::Insert(key, value) => {
            database.insert(key, Value::string(value)).map(|old| bytes(&old).to_vec())
        }
        Operation::Append(key, value) => database.get_mut(key).map(|held| {
            held.as_string_mut().unwrap().append(value);
            bytes(held).to_vec()
        }),
        Operation::Remove(key) => database.remove(key).map(|old| bytes(&old).to_vec()),
        Operation::Rename(from, to) => flag(database.rename(from, to)),
        Operation::Expire(key, when) => flag(database.set_expiry(key, *when)),
        Operation::Pop(now) => {
            // Which of several with the same time comes first depends on their places: only the
            // time is compared.
            let key = database.next_expired(*now).map(<[u8]>::to_vec);
            let expired = database.pop_expired(*now);
            assert_eq!(expired.as_ref().map(|expired| expired.key.to_vec()), key);
            expired.map(|expired| [&expired.when.0.to_le_bytes()[..], &expired.key].concat())
        }
        Operation::Clear => flag(!database.clear().is_empty()),
    }
}

fn apply_to_model(model: &mut Model, operation: &Operation) -> Returned {
    match operation {
        Operation::Insert(key, value) => {
            model.insert(key.clone(), (value.clone(), None)).map(|pair| pair.0)
        }
        Operation::Append(key, value) => model.get_mut(key).map(|pair| {
            pair.0.extend_from_slice(value);
            pair.0.clone()
        }),
        Operation::Remove(key) => model.remove(key).map(|pair| pair.0),
        Operation::Rename(from, to) => flag(match model.remove(from) {
            Some(pair) => {
                model.insert(to.clone(), pair);
                true
            }
            None => false,
        }),
        Operation::Expire(key, when) => flag(match model.get_mut(key) {
            Some(pair) => {
                pair.1 = *when;
                true
            }
            None => false,
        }),
        Operation::Pop(now) => {
            let due = |(key, pair): (&Vec<u8>, &(Vec<u8>, Option<Millis>))| {
                pair.1.filter(|when| when < now).map(|when| (when, key.clone()))
            };
            let (when, key) = model.iter().filter_map(due).min()?;
            model.remove(&key);
            Some([&when.0.to_le_bytes()[..], &key].concat())
        }
        Operation::Clear => {
            let any = !model.is_empty();
            model.clear();
            flag(any)
        }
    }
}

/// All sequences of four operations out of nine on two keys.
#[test]
fn all_short_sequences() {
    let (a, b) = (b"a".to_vec(), b"b".to_vec());
    let operations = [
        Operation::Insert(a.clone(), b"1".to_vec()),
        Operation::Insert(b.clone(), b"2".to_vec()),
        Operation::Append(a.clone(), b"longer than what fits into it".to_vec()),
        Operation::Remove(a.clone()),
        Operation::Rename(a.clone(), b.clone()),
        // Never two with the same time: which of them goes first is not the model's to say.
        Operation::Expire(a.clone(), Some(Millis(1))),
        Operation::Expire(b.clone(), Some(Millis(2))),
        Operation::Expire(b.clone(), None),
        Operation::Pop(Millis(2)),
    ];
    fn descend(subject: &Subject, operations: &[Operation], keys: &[Vec<u8>], depth: u32) -> u64 {
        subject.check(keys);
        if depth == 0 {
            return 1;
        }
        let mut sequences = 0;
        for operation in operations {
            let mut next = subject.clone();
            next.apply(operation);
            sequences += descend(&next, operations, keys, depth - 1);
        }
        sequences
    }
    let sequences = descend(&Subject::new(), &operations, &[a, b], 4);
    assert_eq!(sequences, 9_u64.pow(4));
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a test that fails shows its seed")]
fn many_long_sequences() {
    for seed in 0..24 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let mut number = |bound: u64| random.below(bound);
        // From a handful of keys to several chunks and segments.
        let keys_wanted = [3, 40, 3_000][usize::try_from(seed % 3).unwrap()];
        let keys: Vec<Vec<u8>> = (0..keys_wanted)
            .map(|index: u64| {
                let padding = usize::try_from(number(40)).unwrap();
                [&index.to_le_bytes()[..], &vec![b'.'; padding]].concat()
            })
            .collect();
        let mut subject = Subject::new();
        let removals = number(3);
        for step in 1..=6_000 {
            let mut key = || keys[usize::try_from(number(keys_wanted)).unwrap()].clone();
            let (first, second) = (key(), key());
            let bytes = vec![b'v'; usize::try_from(number(60)).unwrap()];
            // Each time is used once, see above.
            let when = Millis(number(10) * 10_000 + step);
            let operation = match number(8 + removals * 2) {
                0..=2 => Operation::Insert(first, bytes),
                3 => Operation::Append(first, bytes),
                4 => Operation::Rename(first, second),
                5 => Operation::Expire(first, Some(when)),
                6 => Operation::Expire(first, None),
                7 if number(200) == 0 => Operation::Clear,
                7 => Operation::Pop(when),
                _ => Operation::Remove(first),
            };
            subject.apply(&operation);
            if step % 1_500 == 0 || (keys_wanted < 100 && step % 50 == 0) {
                subject.check(&keys);
                let clone = subject.clone();
                clone.check(&keys);
            }
        }
    }
}

//! The dataset against a model that is too simple to be wrong.

mod model;
mod scan;

use super::*;
use crate::random::Random;

fn value(text: &str) -> Value {
    Value::string(text.as_bytes())
}

fn digest(keyspace: &Keyspace) -> u128 {
    let mut digest = Digest::new();
    keyspace.digest_into(&mut digest);
    digest.finish()
}

#[cfg(target_pointer_width = "64")]
#[test]
fn an_entry_takes_48_bytes() {
    assert_eq!(size_of::<Option<Item>>(), 48);
}

#[test]
fn can_be_handed_to_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<Keyspace>();
    assert_send::<Detached>();
}

#[test]
fn databases_are_apart() {
    let mut keyspace = Keyspace::new(1);
    for number in 0..Keyspace::DATABASES {
        keyspace.db_mut(number).insert(b"key", value(&number.to_string()));
    }
    for (number, database) in keyspace.databases() {
        assert_eq!(database.get(b"key"), Some(&value(&number.to_string())));
    }
    assert_eq!(keyspace.len(), 16);
    let detached = keyspace.clear();
    assert_eq!(detached.len(), 16);
    assert!(keyspace.is_empty());
    assert_eq!(digest(&keyspace), digest(&Keyspace::new(2)));
}

#[test]
fn a_key_lives_in_the_millisecond_at_which_it_expires() {
    let mut database = Database::new(1);
    database.insert(b"key", value("v"));
    assert!(database.set_expiry(b"key", Some(Millis(100))));
    assert!(!database.is_expired(b"key", Millis(100)));
    assert_eq!(database.next_expired(Millis(100)), None);
    assert_eq!(database.pop_expired(Millis(100)), None);
    assert!(database.is_expired(b"key", Millis(101)));
    assert_eq!(database.next_expired(Millis(101)), Some(&b"key"[..]));
    let expired = database.pop_expired(Millis(101)).unwrap();
    assert_eq!((expired.key.as_bytes(), expired.when), (&b"key"[..], Millis(100)));
    assert!(database.is_empty());
    assert!(!database.set_expiry(b"key", Some(Millis(100))));
}

#[test]
fn the_average_is_exact_and_never_negative() {
    let mut database = Database::new(1);
    assert_eq!(database.average_ttl_ms(Millis(0)), 0);
    for (key, when) in [(b"a", 100), (b"b", 300), (b"c", 800)] {
        database.insert(key, value("v"));
        database.set_expiry(key, Some(Millis(when)));
    }
    assert_eq!(database.expires_len(), 3);
    assert_eq!(database.average_ttl_ms(Millis(100)), 300);
    assert_eq!(database.average_ttl_ms(Millis(900)), 0);
    database.set_expiry(b"c", None);
    assert_eq!(database.average_ttl_ms(Millis(100)), 100);
    database.remove(b"a");
    assert_eq!(database.average_ttl_ms(Millis(100)), 200);
}

#[test]
fn rename_takes_the_expiry_along_and_drops_the_target() {
    let mut database = Database::new(1);
    database.insert(b"from", value("1"));
    database.set_expiry(b"from", Some(Millis(5)));
    database.insert(b"to", value("2"));
    database.set_expiry(b"to", Some(Millis(6)));
    assert!(database.rename(b"from", b"to"));
    assert!(!database.contains(b"from"));
    let expected = Entry { key: b"to", value: &value("1"), expiry: Some(Millis(5)) };
    assert_eq!(database.entry(b"to"), Some(expected));
    assert!(database.rename(b"to", b"to"));
    assert_eq!(database.expiry(b"to"), Some(Millis(5)));
    assert!(!database.rename(b"from", b"to"));
    assert_eq!((database.len(), database.expires_len()), (1, 1));
}

/// A place that is used again has nothing of its former entry.
#[test]
fn a_new_key_inherits_nothing() {
    let mut database = Database::new(1);
    for round in 0..3 {
        for key in [b"a", b"b"] {
            assert_eq!(database.insert(key, value("v")), None, "round {round}");
            assert_eq!(database.expiry(key), None);
            database.set_expiry(key, Some(Millis(7)));
        }
        database.insert(b"b", value("w"));
        assert_eq!(database.expiry(b"b"), None, "a new value has no expiry");
        database.set_expiry(b"b", Some(Millis(8)));
        database.remove(b"a");
        database.insert(b"c", value("v"));
        assert_eq!(database.expiry(b"c"), None);
        database.remove(b"b");
        database.remove(b"c");
    }
    assert_eq!(database.soonest_expiry(), None);
}

#[test]
fn no_insertion_of_many_keys_does_much() {
    let mut database = Database::new(1);
    let mut work = database.index_work();
    for number in 0..200_000_u32 {
        database.insert(&number.to_le_bytes(), Value::string(b""));
        let after = database.index_work();
        let moved = after.entries_moved - work.entries_moved;
        assert!(moved <= index::SEGMENT_ENTRIES as u64, "key {number}: {moved} entries moved");
        assert!(after.splits - work.splits <= 1, "key {number}");
        work = after;
    }
    assert!(work.positions_copied < 4_096, "{} positions copied", work.positions_copied);
    for number in 0..200_000_u32 {
        assert!(database.contains(&number.to_le_bytes()));
    }
}

#[test]
fn emptied_chunks_are_used_again_before_new_ones() {
    let mut database = Database::new(1);
    let key = |number: u32| number.to_le_bytes();
    for number in 0..5_000 {
        database.insert(&key(number), value("v"));
    }
    let end = database.slab.end();
    for number in 1_000..4_000 {
        database.remove(&key(number));
    }
    for number in 10_000..13_000 {
        database.insert(&key(number), value("v"));
    }
    assert_eq!(database.slab.end(), end);
    assert_eq!(database.len(), 5_000);
}

#[test]
fn random_picks_every_key_and_only_keys() {
    for deleted in [0, 50, 97, 99] {
        let mut database = Database::new(1);
        for number in 0..100_u8 {
            database.insert(&[number], value("v"));
        }
        for number in 0..deleted {
            database.remove(&[number]);
        }
        let mut random = Random::new(9);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..3_000 {
            seen.insert(database.random(&mut random).unwrap()[0]);
        }
        assert_eq!(seen, (deleted..100).collect(), "{deleted} deleted");
    }
    assert_eq!(Database::new(1).random(&mut Random::new(1)), None);
}

/// One key among a hundred thousand empty places: tries alone would not find it.
#[test]
fn random_finds_the_last_key() {
    for last in [0_u32, 50_000, 99_999] {
        let mut database = Database::new(1);
        for number in 0..100_000_u32 {
            database.insert(&number.to_le_bytes(), Value::string(b""));
        }
        for number in (0..100_000_u32).filter(|&number| number != last) {
            database.remove(&number.to_le_bytes());
        }
        let mut random = Random::new(u64::from(last));
        assert_eq!(database.random(&mut random), Some(&last.to_le_bytes()[..]));
    }
}

/// Written down once: a change here breaks every recorded trace.
#[test]
fn digests_are_fixed() {
    let mut keyspace = Keyspace::new(1);
    assert_eq!(digest(&keyspace), Digest::new().finish());
    keyspace.db_mut(0).insert(b"key", value("value"));
    keyspace.db_mut(3).insert(b"a key that is longer than 22 bytes", value("12"));
    keyspace.db_mut(3).set_expiry(b"a key that is longer than 22 bytes", Some(Millis(1_234)));
    assert_eq!(format!("{:032x}", digest(&keyspace)), "775bcfae38e1137ed4ef6324be310d7b");
    assert_eq!(format!("{:032x}", keyspace.content_digest()), "ccfb069526831789d932de956f63ee3f");
}

#[test]
fn the_content_digest_knows_no_order() {
    let mut forward = Keyspace::new(1);
    let mut backward = Keyspace::new(2);
    for number in 0..100_u8 {
        forward.db_mut(0).insert(&[number], Value::string(&[number]));
        let number = 99 - number;
        backward.db_mut(0).insert(&[number], Value::string(&[number]));
    }
    assert_ne!(digest(&forward), digest(&backward));
    assert_eq!(forward.content_digest(), backward.content_digest());
    backward.db_mut(0).set_expiry(&[5], Some(Millis(1)));
    assert_ne!(forward.content_digest(), backward.content_digest());
    forward.db_mut(0).set_expiry(&[5], Some(Millis(1)));
    assert_eq!(forward.content_digest(), backward.content_digest());
    let moved = forward.db_mut(0).remove(&[6]).unwrap();
    forward.db_mut(1).insert(&[6], moved);
    assert_ne!(forward.content_digest(), backward.content_digest());
}

/// A digest that was asked for often equals one that was asked for once.
#[test]
fn digests_notice_every_kind_of_change() {
    let mut keyspace = Keyspace::new(1);
    let mut fresh = Keyspace::new(1);
    type Change = fn(&mut Database);
    let changes: [Change; 9] = [
        |database| _ = database.insert(b"a", value("1")),
        |database| _ = database.insert(b"b", value("1")),
        |database| _ = database.insert(b"a", value("2")),
        |database| _ = database.get_mut(b"a").unwrap().as_string_mut().unwrap().append(b"+"),
        |database| _ = database.set_expiry(b"a", Some(Millis(5))),
        |database| _ = database.set_expiry(b"a", None),
        |database| _ = database.rename(b"a", b"c"),
        |database| _ = database.remove(b"b"),
        |database| _ = database.clear(),
    ];
    let mut seen = vec![digest(&keyspace)];
    for (number, change) in changes.iter().enumerate() {
        change(keyspace.db_mut(0));
        fresh = Keyspace::new(1);
        changes[..=number].iter().for_each(|change| change(fresh.db_mut(0)));
        assert_eq!(digest(&keyspace), digest(&fresh), "change {number}");
        seen.push(digest(&keyspace));
    }
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:x?}");
    assert!(fresh.is_empty());
}

/// A hint may not be noticed, by whatever keys it is given.
#[test]
fn warming_changes_nothing() {
    let mut keyspace = Keyspace::new(7);
    for number in 0..10_000 {
        keyspace.db_mut(0).set_string(format!("key:{number}").as_bytes(), b"value");
    }
    let state = |keyspace: &Keyspace| {
        let mut digest = Digest::new();
        keyspace.digest_into(&mut digest);
        digest.finish()
    };
    let before = state(&keyspace);
    let keys: Vec<String> = (0..100).map(|number| format!("key:{}", number * 137)).collect();
    keyspace.db(0).warm(keys.iter().map(String::as_bytes));
    keyspace.db(0).warm([&b""[..], b"missing"].into_iter());
    assert_eq!(state(&keyspace), before);
}

#[test]
fn a_string_is_replaced_in_its_own_memory_only_when_it_fits() {
    let mut keyspace = Keyspace::new(7);
    let lengths = [0, 5, 22, 23, 64, 64, 65, 23, 64, 0];
    for (round, length) in lengths.into_iter().enumerate() {
        let value = vec![u8::try_from(round).unwrap(); length];
        keyspace.db_mut(0).set_string(b"a", &value);
        assert_eq!(keyspace.db(0).get(b"a"), Some(&Value::string(&value)), "{length}");
        keyspace.db_mut(0).set_expiry(b"a", Some(Millis(5)));
    }
    keyspace.db_mut(0).set_string(b"a", b"last");
    assert_eq!(keyspace.db(0).expiry(b"a"), None);
}

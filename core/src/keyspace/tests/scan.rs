use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn key(number: u32) -> [u8; 4] {
    number.to_le_bytes()
}

fn filled(count: u32) -> Database {
    let mut database = Database::new(1);
    for number in 0..count {
        database.insert(&key(number), value("v"));
    }
    database
}

#[test]
fn nothing_is_scanned_at_once() {
    assert_eq!(Database::new(1).scan(0, 10, |_| panic!("there is no entry")), 0);
}

#[test]
fn a_quiet_database_is_scanned_in_order() {
    for total in [1, 9, 10, 11, 1_023, 1_024, 1_025, 3_000] {
        for count in [0, 1, 10, 1_024, 10_000, u64::MAX] {
            let database = filled(total);
            let mut seen = Vec::new();
            let mut cursor = 0;
            loop {
                let before = seen.len();
                cursor = database.scan(cursor, count, |entry| seen.push(entry.key.to_vec()));
                assert!((seen.len() - before) as u64 <= count.max(1));
                if cursor == 0 {
                    break;
                }
            }
            let expected: Vec<Vec<u8>> = (0..total).map(|number| key(number).to_vec()).collect();
            assert_eq!(seen, expected, "{total} keys, COUNT {count}");
        }
    }
}

#[test]
fn any_cursor_is_harmless() {
    let database = filled(100);
    for cursor in [99, 100, 101, 1_024, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
        let mut visited = 0;
        let next = database.scan(cursor, 10, |_| visited += 1);
        assert_eq!((next, visited), (0, u32::from(cursor == 99)), "cursor {cursor}");
    }
}

/// A call ends even where almost everything was deleted.
#[test]
fn a_call_looks_at_few_places() {
    let mut database = filled(100_000);
    for number in (0..100_000).filter(|number| number % 1_000 != 999) {
        database.remove(&key(number));
    }
    let (mut calls, mut seen, mut cursor) = (0, 0, 0);
    loop {
        let before = cursor;
        cursor = database.scan(cursor, 5, |_| seen += 1);
        calls += 1;
        if cursor == 0 {
            break;
        }
        assert!(cursor - before <= 50, "from {before} to {cursor}");
    }
    assert_eq!(seen, 100);
    assert!(calls >= 2_000);
}

/// Keys come and go while a scan runs. Those that were there all the time are met exactly once,
/// the others at most as often as they came.
#[test]
#[expect(clippy::disallowed_macros, reason = "a test that fails shows its seed")]
fn keys_that_stay_are_met_once() {
    for seed in 0..30 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let total = 3_000;
        let mut database = filled(total);
        let mut stayed: BTreeSet<u32> = (0..total).collect();
        let mut met: BTreeMap<u32, u32> = BTreeMap::new();
        let churn = random.below(60);
        let mut cursor = 0;
        loop {
            cursor = database.scan(cursor, random.below(40), |entry| {
                *met.entry(u32::from_le_bytes(entry.key.try_into().unwrap())).or_default() += 1;
            });
            if cursor == 0 {
                break;
            }
            for _ in 0..churn {
                let number = u32::try_from(random.below(u64::from(total) * 2)).unwrap();
                if random.below(2) == 0 {
                    database.remove(&key(number));
                    stayed.remove(&number);
                } else {
                    database.insert(&key(number), value("w"));
                }
            }
        }
        for number in &stayed {
            assert_eq!(met.get(number), Some(&1), "key {number}");
        }
        assert!(!stayed.is_empty() && stayed.len() <= 3_000);
    }
}

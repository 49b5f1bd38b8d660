use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::random::Random;
use crate::value::CompactBytes;

fn key(number: u64) -> Vec<u8> {
    // Some keys are too long to stand in the row.
    let zeros = if number.is_multiple_of(7) { 40 } else { 1 };
    format!("{number:0zeros$}").into_bytes()
}

fn insert(rows: &mut Rows<CompactBytes>, number: u64) -> bool {
    let key = key(number);
    rows.insert_with(&key, || CompactBytes::new(&key)).is_ok()
}

/// Everything that must hold between two operations.
fn assert_whole(rows: &Rows<CompactBytes>, order: &[Vec<u8>]) {
    let keys: Vec<Vec<u8>> = rows.iter().map(|row| row.to_vec()).collect();
    assert_eq!(keys, order);
    assert_eq!(rows.len(), order.len());
    for (position, key) in order.iter().enumerate() {
        assert_eq!(rows.find(key), Some(position));
    }
    assert_eq!(rows.get(order.len()).map(|row| row.to_vec()), None);
    assert_eq!(rows.heap_bytes, rows.iter().map(CompactBytes::heap_bytes).sum::<u64>());
    let (last, full) = rows.chunks.split_last().map_or((0, &[][..]), |(l, f)| (l.len(), f));
    assert!(full.iter().all(|chunk| chunk.len() == CHUNK_ROWS) && last <= CHUNK_ROWS);
    assert!(last > 0 || rows.chunks.is_empty());
}

/// Up and down over several chunks and segments, against a vector with `swap_remove`.
#[test]
fn agrees_with_a_vector() {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let (mut rows, mut order) = (Rows::new(seed), Vec::<Vec<u8>>::new());
        for step in 0..12_000_u64 {
            let grows = (step / 3_000) % 2 == 0;
            let number = random.below(2_500);
            if random.below(4) < if grows { 3 } else { 1 } {
                let new = !order.contains(&key(number));
                assert_eq!(insert(&mut rows, number), new, "seed {seed}, step {step}");
                if new {
                    order.push(key(number));
                }
            } else {
                let position = order.iter().position(|other| *other == key(number));
                let removed = rows.remove(&key(number)).map(|row| row.to_vec());
                let expected = position.map(|position| order.swap_remove(position));
                assert_eq!(removed, expected, "seed {seed}, step {step}");
            }
            if step % 500 == 0 {
                assert_whole(&rows, &order);
            }
        }
        while let Some(key) = order.pop() {
            assert!(rows.remove(&key).is_some());
        }
        assert_whole(&rows, &order);
    }
}

#[test]
fn updates_keep_the_sum_of_the_heap() {
    let mut rows = Rows::<CompactBytes>::new(0);
    assert!(rows.memory_bytes() < 300);
    insert(&mut rows, 1);
    assert_eq!(rows.insert_with(&key(1), || unreachable!()), Err(0));
    rows.update(0, |row| *row = CompactBytes::new(&[b'a'; 100]));
    assert_eq!(rows.heap_bytes, 112);
    rows.update(1, |_| unreachable!());
}

/// Rows that are there from the first call of a scan to the last are visited, whatever happens to
/// others between the calls.
#[test]
fn a_scan_misses_no_row_that_stays() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut rows = Rows::new(seed);
        let size = random.below(60);
        (0..size).for_each(|number| assert!(insert(&mut rows, number)));
        let mut staying: BTreeSet<u64> = (0..size).collect();
        let mut seen: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let mut cursor = 0;
        for call in 0.. {
            assert!(call < 1_000, "seed {seed}: the scan does not end");
            let count = 1 + random.below(8);
            cursor = rows.scan(cursor, count, |row| *seen.entry(row.to_vec()).or_default() += 1);
            if cursor == 0 {
                break;
            }
            for _ in 0..random.below(6) {
                let number = random.below(120);
                if random.below(2) == 0 {
                    insert(&mut rows, number);
                } else {
                    rows.remove(&key(number));
                    staying.remove(&number);
                }
            }
        }
        for number in staying {
            assert!(seen.contains_key(&key(number)), "seed {seed}: {number} was missed");
        }
    }
}

#[test]
fn a_scan_of_what_rests_visits_each_row_once_and_takes_any_cursor() {
    let mut rows = Rows::new(0);
    (0..1_500).for_each(|number| assert!(insert(&mut rows, number)));
    let (mut cursor, mut seen) = (0, Vec::new());
    loop {
        cursor = rows.scan(cursor, 100, |row| seen.push(row.to_vec()));
        if cursor == 0 {
            break;
        }
    }
    seen.sort();
    let before = seen.len();
    seen.dedup();
    assert_eq!((before, seen.len()), (1_500, 1_500));
    for cursor in [1_500, 1_501, u64::MAX] {
        assert_eq!(rows.scan(cursor, 1, |_| {}), 1_499);
    }
    assert_eq!(rows.scan(7, u64::MAX, |_| {}), 0);
    assert_eq!(Rows::<CompactBytes>::new(0).scan(9, 0, |_| unreachable!()), 0);
}

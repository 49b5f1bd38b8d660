use super::*;
use crate::random::Random;

impl Index {
    /// Everything that must hold between two operations.
    fn assert_whole(&self, expected: usize) {
        if self.directory.is_empty() {
            assert_eq!(expected, 0);
            return;
        }
        assert_eq!(self.directory.len(), 1 << self.depth);
        let used = self.segments.len() - self.unused.len();
        let mut covered = 0;
        let mut first = 0;
        let mut seen = std::collections::BTreeSet::new();
        while first < self.directory.len() {
            let position = self.directory[first];
            let segment = &self.segments[position as usize];
            let width = 1 << (self.depth - segment.depth);
            assert!(self.directory[first..first + width].iter().all(|&other| other == position));
            assert!(seen.insert(position), "segment {position} stands in two places");
            assert!(!self.unused.contains(&position));
            for &(hash, _) in &segment.table {
                assert_eq!(prefix(hash, self.depth) & !(width - 1), first);
            }
            covered += segment.table.len();
            first += width;
        }
        assert_eq!(seen.len(), used);
        assert_eq!(covered, expected);
    }

    fn finds(&self, hash: u32, slot: Slot) -> bool {
        self.find(hash, |other| other == slot) == Some(slot)
    }
}

fn slot(number: usize) -> Slot {
    Slot(u32::try_from(number).unwrap())
}

/// Inserts slot 0 under the first hash and so on, and proves the bound for every single insertion.
fn insert_all(hashes: &[u32]) -> Index {
    let mut index = Index::default();
    for (number, &hash) in hashes.iter().enumerate() {
        let before = index.work();
        index.insert(hash, slot(number));
        let after = index.work();
        assert!(after.splits - before.splits <= 1, "insertion {number} split twice");
        let moved = after.entries_moved - before.entries_moved;
        assert!(moved <= SEGMENT_ENTRIES as u64, "insertion {number} moved {moved} entries");
    }
    index
}

#[test]
fn hash_bits_choose_the_segment() {
    assert_eq!(prefix(u32::MAX, 0), 0);
    assert_eq!(prefix(0x8000_0000, 1), 1);
    assert_eq!(prefix(0x1234_5678, 16), 0x1234);
    assert_eq!(prefix(0x1234_5678, 32), 0x1234_5678);
}

#[test]
fn no_insertion_touches_more_than_one_segment() {
    let mut random = Random::new(1);
    let hashes: Vec<u32> = (0..200_000).map(|_| (random.next_u64() >> 32) as u32).collect();
    let index = insert_all(&hashes);
    index.assert_whole(hashes.len());
    for (number, &hash) in hashes.iter().enumerate() {
        assert!(index.finds(hash, slot(number)));
    }
    assert!(!index.finds(hashes[0], slot(1)));
    let work = index.work();
    let directory = index.directory.len() as u64;
    assert_eq!(work.splits, index.segments.len() as u64 - 1);
    assert!(directory <= 1024, "{directory} positions for 200,000 keys");
    assert!(work.positions_copied < 2 * directory);
    // Each entry was moved about once for each doubling of the segment that it was in.
    assert!(work.entries_moved < 12 * hashes.len() as u64);
}

#[test]
fn equal_hashes_do_not_break_it() {
    for hash in [0, u32::MAX, 0x1234_5678] {
        let mut index = Index::default();
        for number in 0..3_000 {
            index.insert(hash, slot(number));
            let before = index.work();
            assert!(before.splits <= u64::from(HASH_BITS));
        }
        index.assert_whole(3_000);
        assert!((0..3_000).all(|number| index.finds(hash, slot(number))));
        assert!(index.directory.len() <= 256, "{} positions", index.directory.len());
        for number in 0..3_000 {
            index.remove(hash, slot(number));
            assert!(!index.finds(hash, slot(number)));
        }
        index.assert_whole(0);
    }
}

/// Hashes that agree in their first 24 bits, among others that do not.
#[test]
fn equal_prefixes_do_not_break_it() {
    let mut random = Random::new(2);
    let mut hash = |number: usize| {
        let any = (random.next_u64() >> 32) as u32;
        if number < 20_000 || number.is_multiple_of(2) { 0xABCD_EF00 | any & 0xFF } else { any }
    };
    let hashes: Vec<u32> = (0..60_000).map(&mut hash).collect();
    let mut index = Index::default();
    for (number, &hash) in hashes.iter().enumerate() {
        let before = index.work();
        index.insert(hash, slot(number));
        assert!(index.work().splits - before.splits <= 1);
        let segments = index.segments.len() - index.unused.len();
        assert!(index.directory.len() <= segments * DIRECTORY_ENTRIES_PER_SEGMENT);
    }
    index.assert_whole(hashes.len());
    assert!(hashes.iter().enumerate().all(|(number, &hash)| index.finds(hash, slot(number))));
}

/// All keys but a few go: most segments go with them, and what is left is still found.
#[test]
fn shrinks_when_keys_go() {
    let mut random = Random::new(3);
    let hashes: Vec<u32> = (0..50_000).map(|_| (random.next_u64() >> 32) as u32).collect();
    let mut index = insert_all(&hashes);
    let full = index.segments.len();
    for (number, &hash) in hashes.iter().enumerate().skip(1_000) {
        let before = index.work();
        index.remove(hash, slot(number));
        assert!(index.work().entries_moved - before.entries_moved <= MERGE_ENTRIES as u64);
    }
    index.assert_whole(1_000);
    let left = index.segments.len() - index.unused.len();
    assert!(left <= full / 8, "{left} of {full} segments");
    assert!((0..1_000).all(|number| index.finds(hashes[number], slot(number))));
    for (number, &hash) in hashes.iter().enumerate().skip(1_000) {
        index.insert(hash, slot(number));
    }
    index.assert_whole(hashes.len());
    assert!(hashes.iter().enumerate().all(|(number, &hash)| index.finds(hash, slot(number))));
}

#[test]
fn coming_and_going_keeps_it_whole() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let mut index = Index::default();
        let mut present: Vec<(u32, Slot)> = Vec::new();
        let growing = random.below(3) + 4;
        for number in 0..6_000 {
            if random.below(10) < growing || present.is_empty() {
                // Few different first bits, so that splits and merges come often.
                let any = (random.next_u64() >> 32) as u32;
                let hash = any & 0xE000_FFFF;
                index.insert(hash, slot(number));
                present.push((hash, slot(number)));
            } else {
                let at = usize::try_from(random.below(present.len() as u64)).unwrap();
                let (hash, slot) = present.swap_remove(at);
                index.remove(hash, slot);
            }
        }
        index.assert_whole(present.len());
        assert!(present.iter().all(|&(hash, slot)| index.finds(hash, slot)), "seed {seed}");
    }
}

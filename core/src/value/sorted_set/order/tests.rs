#![expect(clippy::cast_possible_truncation, reason = "random numbers below a small bound")]

use super::*;
use crate::random::Random;

fn entry(number: u32) -> Entry {
    Entry::new(ScoreKey::new(f64::from(number)), Slot(number))
}

/// Checks what the essay promises of every node, and returns the number of entries and the height.
fn check(node: &Node, is_root: bool) -> (u32, u32) {
    assert!(node.width() <= node.most(), "a node is too wide");
    assert!(is_root || node.width() > 0, "a node is empty");
    let Node::Inner(children) = node else { return (node.count(), 0) };
    assert!(!is_root || children.len() > 1, "the root has one child");
    let mut heights = Vec::new();
    let mut total = 0;
    for child in children {
        let (count, height) = check(&child.node, false);
        assert_eq!((child.count, Some(child.first)), (count, child.node.first()));
        total += count;
        heights.push(height);
    }
    assert!(heights.windows(2).all(|pair| pair[0] == pair[1]), "leaves at different heights");
    for pair in children.windows(2) {
        let together = pair[0].node.width() + pair[1].node.width();
        assert!(together > pair[0].node.most() / 2, "two neighbours could be one: {together}");
    }
    (total, heights[0] + 1)
}

fn check_all(order: &Order, model: &[Entry]) {
    let (count, _) = check(&order.root, true);
    assert_eq!((count as usize, order.len()), (model.len(), model.len()));
    assert!(order.range(0, usize::MAX).eq(model.iter().copied()), "forward");
    assert!(order.range(0, usize::MAX).rev().eq(model.iter().rev().copied()), "backward");
}

/// Random insertions and removals at random places, against a vector.
#[test]
fn agrees_with_a_vector() {
    const SEED: u64 = 20_261_121;
    let mut random = Random::new(SEED);
    let (mut order, mut model) = (Order::new(), Vec::new());
    for step in 0..60_000_u32 {
        // Grows, stays, and shrinks to nothing.
        let grows = random.below(100) < [75, 50, 20][step as usize / 20_000];
        let place = random.below(model.len() as u64 + 1) as usize;
        if grows {
            order.insert(place, entry(step));
            model.insert(place, entry(step));
        } else {
            let expected = (place < model.len()).then(|| model.remove(place));
            assert_eq!(order.remove(place), expected, "seed {SEED}, step {step}");
        }
        assert_eq!(order.get(place), model.get(place).copied(), "seed {SEED}, step {step}");
        if step % 997 == 0 {
            check_all(&order, &model);
            let (one, other) = (random.below(12_000) as usize, random.below(12_000) as usize);
            let expected = model.get(one..other.min(model.len())).unwrap_or(&[]);
            assert!(order.range(one, other).eq(expected.iter().copied()), "{one} to {other}");
        }
    }
    while !model.is_empty() {
        let place = random.below(model.len() as u64) as usize;
        assert_eq!(order.remove(place), Some(model.remove(place)));
    }
    check_all(&order, &model);
}

/// In order, against the order, and at one place in the middle; then counted at every place.
#[test]
fn counts_at_every_place() {
    const COUNT: u32 = 20_000;
    let mut up = Order::new();
    (0..COUNT).for_each(|number| up.insert(up.len(), entry(number)));
    let mut down = Order::new();
    (0..COUNT).rev().for_each(|number| down.insert(0, entry(number)));
    for order in [&up, &down] {
        let model: Vec<Entry> = (0..COUNT).map(entry).collect();
        check_all(order, &model);
        for number in 0..=COUNT {
            let count = order.count_before(|e| e.key() < ScoreKey::new(f64::from(number)));
            assert_eq!(count, number as usize);
        }
    }
    assert!(up.memory_bytes() < u64::from(COUNT) * 13, "{} bytes", up.memory_bytes());
    assert_eq!(check(&up.root, true).1, 2, "the height");
}

/// From both ends in every mixture, over the ends of leaves.
#[test]
fn a_range_gives_each_entry_once_from_either_end() {
    const SEED: u64 = 7;
    let mut random = Random::new(SEED);
    let mut order = Order::new();
    (0..1_000).for_each(|number| order.insert(order.len(), entry(number)));
    for _ in 0..300 {
        let (start, end) = (random.below(1_100) as u32, random.below(1_100) as u32);
        let mut range = order.range(start as usize, end as usize);
        let mut model: std::collections::VecDeque<u32> = (start..end.min(1_000)).collect();
        loop {
            assert_eq!(range.len(), model.len());
            let (got, expected) = if random.below(2) == 0 {
                (range.next(), model.pop_front())
            } else {
                (range.next_back(), model.pop_back())
            };
            assert_eq!(got, expected.map(entry), "seed {SEED}, {start} to {end}");
            if got.is_none() {
                break;
            }
        }
    }
}

#[test]
fn one_score_among_all_is_cheap_to_take_from_the_front() {
    let mut order = Order::new();
    (0..10_000).for_each(|number| order.insert(order.len(), entry(number)));
    for number in 0..10_000 {
        assert_eq!(order.remove(0), Some(entry(number)));
    }
    assert_eq!((order.len(), order.memory_bytes()), (0, 0));
    assert_eq!(order.remove(0), None);
}

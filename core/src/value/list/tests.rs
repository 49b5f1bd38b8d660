use std::collections::VecDeque;

use super::{ChunkLimit, End, Form, List, PACKED_BYTES};
use crate::random::Random;

fn below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).unwrap()
}

type Model = VecDeque<Vec<u8>>;

/// Everything that can be asked, against the model, and what must hold inside.
#[track_caller]
fn check(list: &List, model: &Model, random: &mut Random, what: &str) {
    assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()), "{what}");
    assert!(list.iter().eq(model.iter().map(Vec::as_slice)), "{what}: {list:?}\n{model:?}");
    assert!(list.iter().rev().eq(model.iter().rev().map(Vec::as_slice)), "{what}: from the back");
    assert_eq!(list.peek(End::Front), model.front().map(Vec::as_slice));
    assert_eq!(list.peek(End::Back), model.back().map(Vec::as_slice));
    let index = below(random, model.len() + 2);
    assert_eq!(list.get(index), model.get(index).map(Vec::as_slice), "{what}: {index}");
    assert!(
        list.iter_from(index).eq(model.iter().skip(index).map(Vec::as_slice)),
        "{what}: {index}"
    );
    // Both ends at once, until they meet.
    let (mut elements, mut expected) = (list.iter_from(index), model.iter().skip(index));
    loop {
        let front = random.below(2) == 0;
        let (element, other) = if front {
            (elements.next(), expected.next())
        } else {
            (elements.next_back(), expected.next_back())
        };
        assert_eq!(element, other.map(Vec::as_slice));
        if element.is_none() {
            break;
        }
    }
    match &list.0 {
        Form::Packed(packed) => assert!(packed.size_bytes() <= PACKED_BYTES),
        Form::Chunks(chunks) => chunks.assert_whole(),
    }
}

fn element(random: &mut Random, longest: usize) -> Vec<u8> {
    let letter = b"abc"[below(random, 3)];
    match random.below(20) {
        0 => vec![letter; longest],
        1 => Vec::new(),
        _ => vec![letter; below(random, 12)],
    }
}

/// One random change of both; returns what it was.
fn change(list: &mut List, model: &mut Model, random: &mut Random, limit: ChunkLimit) -> String {
    let longest = [30, 253, 254, 300][below(random, 4)];
    let word = element(random, longest);
    let index = below(random, model.len() + 1);
    let end = if random.below(2) == 0 { End::Front } else { End::Back };
    // Grows for a while, then shrinks for a while.
    let action = random.below(16);
    match action {
        0..=5 => {
            list.push(&word, end, limit);
            match end {
                End::Front => model.push_front(word),
                End::Back => model.push_back(word),
            }
        }
        6..=8 => {
            list.pop(end);
            match end {
                End::Front => drop(model.pop_front()),
                End::Back => drop(model.pop_back()),
            }
        }
        9..=11 => {
            list.insert(index, &word, limit);
            model.insert(index, word);
        }
        12 | 13 => {
            assert_eq!(list.set(index, &word, limit), index < model.len());
            if let Some(place) = model.get_mut(index) {
                *place = word;
            }
        }
        14 => {
            let most = [4, 4, 4, 60][below(random, 4)];
            let count = below(random, most);
            list.remove(index, count);
            model.drain(index..(index + count).min(model.len()));
        }
        _ => {
            let most = [1, 2, 5, usize::MAX][below(random, 4)];
            let removed = list.remove_equal(&word, end, most, limit);
            assert_eq!(removed, remove_equal(model, &word, end, most));
        }
    }
    format!("{action} at {index} of {}", model.len())
}

fn remove_equal(model: &mut Model, word: &[u8], end: End, most: usize) -> usize {
    let mut removed = 0;
    let mut keep = |other: &Vec<u8>| {
        let goes = other == word && removed < most;
        removed += usize::from(goes);
        !goes
    };
    match end {
        End::Front => model.retain(&mut keep),
        End::Back => {
            *model = model.drain(..).rev().filter(&mut keep).collect();
            *model = model.drain(..).rev().collect();
        }
    }
    removed
}

/// Random changes with chunks of a few elements or bytes, so that nearly each meets a border.
#[test]
fn agrees_with_a_deque() {
    const SEED: u64 = 20_261_121;
    let limits = [
        ChunkLimit { bytes: 40, elements: 1000 },
        ChunkLimit { bytes: 8192, elements: 3 },
        ChunkLimit { bytes: 8192, elements: 1 },
        ChunkLimit { bytes: 400, elements: 32_767 },
        ChunkLimit::from_setting(-1),
    ];
    for (number, limit) in limits.into_iter().enumerate() {
        let mut random = Random::new(SEED + number as u64);
        let (mut list, mut model) = (List::default(), Model::new());
        for step in 0..4000 {
            let what = change(&mut list, &mut model, &mut random, limit);
            if model.len() > 400 {
                list.remove(5, 300);
                model.drain(5..305);
            }
            let what = format!("seed {SEED}, limit {number}, step {step}: {what}");
            check(&list, &model, &mut random, &what);
        }
    }
}

/// A stack, a queue, and both ends in turn: blocks stay within the limit, and a list that was
/// large leaves nothing behind.
#[test]
fn chunks_stay_within_the_limit_in_every_pattern() {
    let limit = ChunkLimit::from_setting(-2);
    let ends = [End::Front, End::Back];
    for push in ends {
        for pop in ends {
            let mut list = List::default();
            for number in 0..20_000_u32 {
                list.push(&number.to_le_bytes(), push, limit);
                if number > 1500 && number % 3 == 0 {
                    list.pop(pop);
                    list.pop(pop);
                }
            }
            let Form::Chunks(chunks) = &list.0 else { panic!("it is large") };
            chunks.assert_whole();
            let live = list.len() as u64 * 6;
            assert!(list.memory_bytes() < live * 5 / 4 + 3 * 8192, "{}", list.memory_bytes());
            while !list.is_empty() {
                list.pop(pop);
            }
            assert_eq!((list.memory_bytes(), list.encoding()), (0, "listpack"));
        }
    }
}

#[test]
fn the_form_follows_the_size() {
    let limit = ChunkLimit::from_setting(-2);
    let mut list = List::default();
    while list.memory_bytes() + 12 <= PACKED_BYTES as u64 {
        assert_eq!(list.encoding(), "listpack");
        list.push(b"0123456789", End::Back, limit);
    }
    assert_eq!(list.memory_bytes(), 2 + 12 * list.len() as u64);
    list.push(b"0123456789", End::Back, limit);
    assert_eq!(list.encoding(), "quicklist");
    list.remove(0, list.len() - 43);
    assert_eq!(list.encoding(), "quicklist");
    list.pop(End::Front);
    assert_eq!((list.encoding(), list.memory_bytes()), ("listpack", 2 + 12 * 42));
    let mut long = List::default();
    long.push(&[b'x'; 100_000], End::Front, limit);
    assert_eq!(long.encoding(), "quicklist");
    long.set(0, b"short", limit);
    assert_eq!((long.encoding(), long.memory_bytes()), ("listpack", 9));
}

#[test]
fn limits_are_those_of_the_setting() {
    let of = |setting| {
        let limit = ChunkLimit::from_setting(setting);
        (limit.bytes / 1024, limit.elements)
    };
    assert_eq!([-1, -2, -3, -4, -5, -6].map(|setting| of(setting).0), [4, 8, 16, 32, 64, 64]);
    assert_eq!([0, 1, 7, 32_767, 1 << 40].map(of), [1, 1, 7, 32_767, 32_767].map(|n| (8, n)));
}

#[test]
fn equal_content_is_equal_in_any_form() {
    let (mut packed, mut chunks) = (List::default(), List::default());
    for number in 0..50_u8 {
        packed.push(&[number], End::Back, ChunkLimit::from_setting(-2));
        chunks.push(&[49 - number], End::Front, ChunkLimit::from_setting(3));
    }
    assert_eq!((packed.encoding(), chunks.encoding()), ("listpack", "quicklist"));
    assert_eq!(packed, chunks);
    chunks.pop(End::Back);
    assert_ne!(packed, chunks);
}

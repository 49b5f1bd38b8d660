#![expect(clippy::cast_possible_truncation, reason = "random numbers below a small bound")]

use std::collections::BTreeMap;

use super::*;
use crate::random::Random;

const SMALL: Limits = Limits { elements: 6, element_bytes: 30, integers: 0, hash_seed: 5 };

fn content(hash: &Hash) -> u128 {
    let mut digest = Digest::new();
    hash.content_digest_into(&mut digest);
    digest.finish()
}

fn check(hash: &Hash, model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    assert_eq!((hash.len(), hash.is_empty()), (model.len(), model.is_empty()));
    let held: BTreeMap<Vec<u8>, Vec<u8>> =
        hash.iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect();
    assert_eq!(held, *model);
    for (position, pair) in hash.iter().enumerate() {
        assert_eq!(hash.at(position), Some(pair));
        assert_eq!(hash.get(pair.0), Some(pair.1));
    }
    assert_eq!(hash.at(model.len()), None);
    assert_eq!(hash.get(b"no such field"), None);
    let mut seen = 0;
    assert_eq!(hash.scan(0, u64::MAX, |_, _| seen += 1), 0);
    assert_eq!(seen, model.len());
    // The same content in another order and form.
    let wide = Limits { elements: 1_000, element_bytes: 1_000, ..SMALL };
    let mut other = Hash::default();
    model.iter().for_each(|(field, value)| assert!(other.set(field, value, &wide)));
    assert_eq!((hash, content(hash)), (&other, content(&other)));
}

/// Random changes around the limits, against a map.
#[test]
fn agrees_with_a_map() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let (mut hash, mut model) = (Hash::default(), BTreeMap::new());
        let mut was_table = false;
        let rarely = random.below(4);
        for _ in 0..60 {
            let field = vec![b'a'; random.below(9) as usize];
            let length = if random.below(40) < rarely { 31 } else { random.below(31) };
            let value = vec![b'0' + random.below(10) as u8; length as usize];
            if random.below(3) > 0 {
                let new = model.insert(field.clone(), value.clone()).is_none();
                assert_eq!(hash.set(&field, &value, &SMALL), new, "seed {seed}");
                let large = value.len() > SMALL.element_bytes || model.len() > SMALL.elements;
                let expected = if was_table || large { "hashtable" } else { "listpack" };
                assert_eq!(hash.encoding(), expected, "seed {seed}");
                was_table |= large;
            } else {
                assert_eq!(hash.remove(&field), model.remove(&field).is_some(), "seed {seed}");
            }
            check(&hash, &model);
        }
    }
}

#[test]
fn what_differs_is_not_equal() {
    let of = |pairs: &[(&str, &str)]| {
        let mut hash = Hash::default();
        pairs.iter().for_each(|(field, value)| {
            hash.set(field.as_bytes(), value.as_bytes(), &SMALL);
        });
        hash
    };
    let hashes = [
        of(&[]),
        of(&[("a", "1")]),
        of(&[("a", "2")]),
        of(&[("1", "a")]),
        of(&[("a", "1"), ("b", "2")]),
        of(&[("a", "2"), ("b", "1")]),
    ];
    for (index, hash) in hashes.iter().enumerate() {
        for (other_index, other) in hashes.iter().enumerate() {
            assert_eq!(hash == other, index == other_index);
            assert_eq!(content(hash) == content(other), index == other_index);
        }
    }
}

#[test]
fn a_field_keeps_its_place_when_its_value_changes() {
    for elements in [0, 10] {
        let limits = Limits { elements, ..SMALL };
        let mut hash = Hash::default();
        [b"a", b"b", b"c"].iter().for_each(|field| assert!(hash.set(*field, b"1", &limits)));
        assert!(!hash.set(b"a", b"22", &limits));
        let order: Vec<_> = hash.iter().collect();
        assert_eq!(order, [(&b"a"[..], &b"22"[..]), (b"b", b"1"), (b"c", b"1")]);
    }
}

#![expect(clippy::cast_possible_truncation, reason = "random numbers below a small bound")]

use std::collections::BTreeSet;

use super::*;
use crate::random::Random;

const SMALL: Limits = Limits { elements: 6, element_bytes: 25, integers: 9, hash_seed: 5 };

fn content(set: &Set) -> u128 {
    let mut digest = Digest::new();
    set.content_digest_into(&mut digest);
    digest.finish()
}

fn check(set: &Set, model: &BTreeSet<Vec<u8>>) {
    assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
    let held: Vec<Vec<u8>> = set.iter().map(|member| member.to_vec()).collect();
    assert_eq!(held.iter().cloned().collect::<BTreeSet<_>>(), *model);
    assert_eq!(held.len(), model.len());
    for (position, member) in held.iter().enumerate() {
        assert_eq!(set.at(position).map(|found| found.to_vec()).as_ref(), Some(member));
        assert!(set.contains(member));
    }
    assert!(set.at(model.len()).is_none());
    for stranger in ["no", "+1", "01", "-0", "", "9223372036854775808"] {
        assert_eq!(set.contains(stranger.as_bytes()), model.contains(stranger.as_bytes()));
    }
    let mut seen = 0;
    assert_eq!(set.scan(0, u64::MAX, |_| seen += 1), 0);
    assert_eq!(seen, model.len());
    // The same content in another order and another form.
    for limits in [
        Limits { elements: 1_000, integers: 0, ..SMALL },
        Limits { elements: 0, integers: 0, ..SMALL },
        Limits { integers: 1_000, ..SMALL },
    ] {
        let mut other = Set::default();
        model.iter().for_each(|member| assert!(other.add(member, &limits)));
        assert_eq!((set, content(set)), (&other, content(&other)));
    }
}

/// Some integer, often one at a border between two widths.
fn integer(random: &mut Random) -> i64 {
    const BORDERS: [i64; 8] =
        [0, 32_767, -32_768, 2_147_483_647, -2_147_483_648, i64::MAX - 3, i64::MIN + 3, 9];
    BORDERS[random.below(8) as usize] + (random.below(7) as i64 - 3)
}

/// Random changes around the limits, against a set.
#[test]
fn agrees_with_a_set() {
    let mut encodings = BTreeSet::new();
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let (mut set, mut model) = (Set::default(), BTreeSet::new());
        let words = random.below(4);
        for step in 0..60 {
            let member = if random.below(12) < words {
                vec![b'a'; random.below(if seed % 3 == 0 { 27 } else { 6 }) as usize]
            } else {
                integer(&mut random).to_string().into_bytes()
            };
            if random.below(3) > 0 {
                let new = model.insert(member.clone());
                assert_eq!(set.add(&member, &SMALL), new, "seed {seed}, step {step}");
            } else {
                assert_eq!(set.remove(&member), model.remove(&member), "seed {seed}, step {step}");
            }
            encodings.insert(set.encoding());
            check(&set, &model);
            let integers = model.iter().all(|member| parse_integer(member).is_some());
            match set.encoding() {
                "intset" => assert!(integers && model.len() <= SMALL.integers),
                "listpack" => assert!(model.len() <= SMALL.elements),
                _ => {}
            }
        }
    }
    assert_eq!(encodings.len(), 3);
}

fn of(members: &[&str], limits: &Limits) -> Set {
    let mut set = Set::default();
    members.iter().for_each(|member| {
        set.add(member.as_bytes(), limits);
    });
    set
}

#[test]
fn each_form_has_its_limits() {
    let limits = Limits { elements: 3, element_bytes: 20, integers: 4, hash_seed: 0 };
    let long = "x".repeat(21);
    for (members, encoding) in [
        (&["1", "-2"][..], "intset"),
        (&["1", "2", "3", "4"], "intset"),
        (&["1", "2", "3", "4", "5"], "hashtable"),
        (&["1", "2", "a"], "listpack"),
        (&["1", "2", "3", "a"], "hashtable"),
        (&["a", "b", "c", "c"], "listpack"),
        (&["a", "b", "c", "d"], "hashtable"),
        (&["01"], "listpack"),
        (&[&long], "hashtable"),
        (&["1", &long], "hashtable"),
    ] {
        assert_eq!(of(members, &limits).encoding(), encoding, "{members:?}");
    }
    let none = Limits { elements: 0, integers: 0, ..limits };
    assert_eq!(of(&["1"], &none).encoding(), "hashtable");
    let mut once_integers = of(&["1", "2", "3"], &limits);
    assert!(!once_integers.add(b"2", &Limits { integers: 1, ..limits }));
    assert_eq!(once_integers.encoding(), "intset");
    assert!(!once_integers.add(b"2", &Limits { integers: 0, ..limits }));
    assert!(once_integers.add(b"4", &Limits { integers: 1, ..limits }));
    assert_eq!(once_integers.encoding(), "hashtable");
}

#[test]
fn integers_take_as_few_bytes_as_they_can() {
    let limits = Limits { integers: 100, ..SMALL };
    for (members, bytes) in [
        (&["1", "2", "3"][..], 3 + 3 * 2),
        (&["1", "2", "32768"], 3 + 3 * 4),
        (&["1", "-32768"], 3 + 2 * 2),
        (&["1", "2", "-2147483649"], 3 + 3 * 8),
    ] {
        assert_eq!(of(members, &limits).memory_bytes(), bytes, "{members:?}");
    }
    let sorted: Vec<Vec<u8>> =
        of(&["70000", "-3", "5", "-70000"], &limits).iter().map(|m| m.to_vec()).collect();
    assert_eq!(sorted, [&b"-70000"[..], b"-3", b"5", b"70000"]);
}

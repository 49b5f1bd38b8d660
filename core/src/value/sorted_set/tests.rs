#![expect(clippy::cast_possible_truncation, reason = "random numbers below a small bound")]

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::random::Random;

fn limits(members: u64) -> PackingLimits {
    PackingLimits { members, member_bytes: 20, hash_seed: 3 }
}

/// What a sorted set is, said with the standard library.
#[derive(Default)]
struct Model {
    scores: BTreeMap<Vec<u8>, f64>,
    order: BTreeSet<(ScoreKey, Vec<u8>)>,
}

impl Model {
    fn insert(&mut self, member: &[u8], score: f64) {
        self.remove(member);
        self.scores.insert(member.to_vec(), score);
        self.order.insert((ScoreKey::new(score), member.to_vec()));
    }

    fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let score = self.scores.remove(member)?;
        self.order.remove(&(ScoreKey::new(score), member.to_vec()));
        Some(score)
    }

    fn elements(&self) -> Vec<(&[u8], f64)> {
        self.order.iter().map(|(_, member)| (&member[..], self.scores[member])).collect()
    }
}

fn check(set: &SortedSet, model: &Model) {
    let elements = model.elements();
    assert_eq!((set.len(), set.is_empty()), (elements.len(), elements.is_empty()));
    assert_eq!(set.iter().collect::<Vec<_>>(), elements);
    assert!(set.iter().rev().eq(elements.iter().rev().copied()));
    for (rank, &(member, score)) in elements.iter().enumerate() {
        assert_eq!((set.rank(member), set.score(member)), (Some(rank), Some(score)));
    }
    let mut scanned = Vec::new();
    let mut cursor = 0;
    loop {
        cursor = set.scan(cursor, 5, |member, score| scanned.push((member.to_vec(), score)));
        if cursor == 0 {
            break;
        }
    }
    scanned.sort_by(|one, other| one.0.cmp(&other.0));
    let all: Vec<_> = model.scores.iter().map(|(member, &score)| (member.clone(), score)).collect();
    assert_eq!(scanned, all);
}

fn score(random: &mut Random) -> f64 {
    match random.below(12) {
        0 => f64::INFINITY,
        1 => f64::NEG_INFINITY,
        2 => 0.0,
        number => (number as f64 - 6.0) / 2.0,
    }
}

/// Few scores, so that many are equal; small limits, so that both forms are met.
#[test]
fn agrees_with_two_trees() {
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let limits = limits([0, 8, 40, 1_000][seed as usize % 4]);
        let (mut set, mut model) = (SortedSet::default(), Model::default());
        for step in 0..1_500 {
            let context = format!("seed {seed}, step {step}");
            let mut member = random.below(400).to_string().into_bytes();
            if random.below(500) == 0 {
                member.resize(30, b'x');
            }
            let old = model.scores.get(&member).copied();
            match random.below(8) {
                0 | 1 => assert_eq!(set.remove(&member), model.remove(&member), "{context}"),
                2 if random.below(10) == 0 => {
                    let start = random.below(set.len() as u64 + 2) as usize;
                    let end = start + random.below(10) as usize;
                    let inside = model.elements();
                    let inside: Vec<Vec<u8>> = inside
                        .get(start..end.min(inside.len()))
                        .unwrap_or(&[])
                        .iter()
                        .map(|(member, _)| member.to_vec())
                        .collect();
                    assert_eq!(set.remove_range(start, end), inside.len(), "{context}");
                    inside.iter().for_each(|member| {
                        model.remove(member);
                    });
                }
                _ => {
                    let new = score(&mut random);
                    let update = set.insert(&member, new, &limits);
                    let expected = match old {
                        None => ScoreUpdate::Added(new),
                        Some(old) if old == new => ScoreUpdate::Same(old),
                        Some(_) => ScoreUpdate::Changed(new),
                    };
                    assert_eq!(update, expected, "{context}");
                    model.insert(&member, new);
                }
            }
            // Every rank at every step, by a count and by the member.
            let bound = score(&mut random);
            let key = ScoreKey::new(bound);
            assert_eq!(
                set.count_before(|score, _| score < bound),
                model.order.iter().filter(|(other, _)| *other < key).count(),
                "{context}"
            );
            let rank = |member: &Vec<u8>| {
                let score = *model.scores.get(member)?;
                Some(model.order.range(..(ScoreKey::new(score), member.clone())).count())
            };
            assert_eq!(set.rank(&member), rank(&member), "{context}");
            if step % 50 == 0 {
                check(&set, &model);
            }
        }
        check(&set, &model);
    }
}

/// However it is held and however it came about, the content is the same.
#[test]
fn the_digest_does_not_see_the_form() {
    let mut random = Random::new(5);
    let digest = |set: &SortedSet| {
        let mut digest = Digest::new();
        set.content_digest_into(&mut digest);
        digest.finish()
    };
    let pairs: Vec<(Vec<u8>, f64)> =
        (0..60_u32).map(|number| (number.to_string().into_bytes(), score(&mut random))).collect();
    let mut packed = SortedSet::default();
    let mut large = SortedSet::default();
    pairs.iter().for_each(|(member, score)| {
        packed.insert(member, *score, &limits(100));
    });
    pairs.iter().rev().for_each(|(member, score)| {
        large.insert(member, *score, &limits(10));
    });
    assert_eq!((packed.encoding(), large.encoding()), ("listpack", "btree"));
    assert_eq!(packed, large);
    assert_eq!(digest(&packed), digest(&large));
    large.insert(b"1", 77.0, &limits(10));
    assert_ne!(packed, large);
    assert_ne!(digest(&packed), digest(&large));
}

#[test]
fn a_member_too_long_or_too_many_make_it_large() {
    for (members, member, encoding) in
        [(2, &b"c"[..], "btree"), (3, b"c", "listpack"), (3, &[b'c'; 21], "btree")]
    {
        let mut set = SortedSet::default();
        set.insert(b"a", 1.0, &limits(members));
        set.insert(b"b", 1.0, &limits(members));
        assert_eq!(set.encoding(), "listpack");
        set.insert(b"b", 0.0, &limits(members));
        assert_eq!(set.encoding(), "listpack", "nothing was added");
        set.insert(member, 0.5, &limits(members));
        assert_eq!(set.encoding(), encoding);
        let scores: Vec<f64> = set.iter().map(|(_, score)| score).collect();
        assert_eq!(scores, [0.0, 0.5, 1.0]);
    }
}

#[test]
fn minus_zero_does_not_replace_zero() {
    for members in [0, 10] {
        let mut set = SortedSet::default();
        set.insert(b"a", -0.0, &limits(members));
        assert_eq!(set.insert(b"a", 0.0, &limits(members)), ScoreUpdate::Same(-0.0));
        assert!(set.score(b"a").is_some_and(f64::is_sign_negative));
        set.insert(b"0", 0.0, &limits(members));
        assert_eq!(set.iter().next().map(|pair| pair.0), Some(&b"0"[..]));
    }
}

/// Redis's node, dict entry, bucket and string take more than 100 bytes for such a member.
#[test]
fn a_large_set_is_small() {
    let mut set = SortedSet::default();
    for number in 0..20_000_u32 {
        set.insert(format!("member:{number}").as_bytes(), f64::from(number), &limits(128));
    }
    let each = set.memory_bytes() / 20_000;
    assert!(each < 64, "{each} bytes a member");
}

#[test]
fn a_score_takes_no_more_bytes_than_it_needs() {
    let scores = [0.0, -0.0, 1.0, 255.0, 4096.5, 1e300, 0.1, f64::INFINITY, f64::NEG_INFINITY];
    for (score, bytes) in scores.into_iter().zip([0, 1, 2, 3, 4, 8, 8, 2, 2]) {
        let element = pack(b"member", score);
        assert_eq!(element.len(), 1 + bytes + 6, "{score}");
        let (member, read) = unpack(&element);
        assert_eq!((member, read.to_bits()), (&b"member"[..], score.to_bits()));
    }
}

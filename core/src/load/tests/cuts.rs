//! Every place at which a log can be cut, every number of zeros behind it, every size of pieces.

use super::*;
use crate::load::fault::{Class, TailClass};

/// Every how many bytes a log is cut; Miri is some hundred times slower than a program of rustc.
const CUT_STEP: usize = if cfg!(miri) { 29 } else { 1 };

/// By how much the sizes of pieces grow, for the same reason.
const PIECE_STEP: usize = if cfg!(miri) { 67 } else { 1 };

/// By how much the numbers of zeros grow, for the same reason.
const ZEROS_STEP: usize = if cfg!(miri) { 9 } else { 1 };

/// Ends of the commands of the sample after which no transaction is open.
fn good_ends(ends: &[usize]) -> Vec<usize> {
    // The transaction reaches from command 3 to command 6, counted from 0.
    ends.iter().enumerate().filter(|(index, _)| !(3..6).contains(index)).map(|(_, &e)| e).collect()
}

fn last_at_most(ends: &[usize], limit: usize) -> usize {
    ends.iter().copied().filter(|&end| end <= limit).max().unwrap_or(0)
}

/// Offsets of the sample that lie inside a payload, found without the scanner: value bytes between
/// a header line and its CR LF.
fn payload_ends(bytes: &[u8]) -> Vec<Option<usize>> {
    let mut inside = vec![None; bytes.len() + 1];
    let mut at = 0;
    while at < bytes.len() {
        let line = bytes[at..].windows(2).position(|pair| pair == b"\r\n").expect("a line") + at;
        let number: usize = std::str::from_utf8(&bytes[at + 1..line]).unwrap().parse().unwrap();
        let kind = bytes[at];
        at = line + 2;
        if kind == b'$' {
            inside[at..at + number].fill(Some(at + number));
            at += number + 2;
        }
    }
    inside
}

#[test]
fn every_cut_in_pieces_of_every_size() {
    let (bytes, ends) = sample();
    let good = good_ends(&ends);
    for cut in (0..=bytes.len()).step_by(CUT_STEP) {
        let front = &bytes[..cut];
        let report = judge(ProfileName::Hardened, front, cut.max(1));
        let expected = if good.contains(&cut) || cut == 0 {
            None
        } else if ends.contains(&cut) {
            Some(Class::OpenTransaction)
        } else {
            Some(Class::Truncated)
        };
        assert_eq!(report.class(), expected, "cut at {cut}");
        assert_eq!(report.valid_up_to, last_at_most(&good, cut) as u64, "cut at {cut}");
        assert_eq!(report.commands, ends.iter().filter(|&&end| end <= cut).count() as u64);
        assert_eq!(
            check_in_pieces(redis().for_repair(), front, 1000),
            report,
            "a tool takes the transaction off, cut at {cut}"
        );
        // The server takes it off when its commands are whole, and else only what is torn.
        let redis = judge(ProfileName::Redis62, front, cut.max(1));
        let left = if ends.contains(&cut) { &good } else { &ends };
        assert_eq!(redis.valid_up_to, last_at_most(left, cut) as u64, "cut at {cut}");
        assert_eq!((redis.class(), redis.commands), (expected, report.commands), "cut at {cut}");
        for piece in (1..cut).step_by(PIECE_STEP) {
            assert_eq!(check_in_pieces(hardened(), front, piece), report, "{cut} by {piece}");
        }
        for piece in [1, 2, 3, 7, 64] {
            assert_eq!(judge(ProfileName::Hardened, front, piece), report, "{cut} by {piece}");
        }
    }
}

#[test]
fn every_cut_loads_the_same_dataset_as_its_good_front() {
    let (bytes, ends) = sample();
    let good = good_ends(&ends);
    for profile in [ProfileName::Hardened, ProfileName::Redis62] {
        let config = config(profile);
        for cut in (0..=bytes.len()).step_by(CUT_STEP) {
            let (_, digest) = load_in_pieces(&config, &bytes[..cut], 11);
            let front = last_at_most(&good, cut);
            let (_, expected) = load_in_pieces(&config, &bytes[..front], 1000);
            assert!(expected.is_some());
            assert_eq!(digest, expected, "{profile:?} cut at {cut}");
        }
    }
}

#[test]
fn every_cut_followed_by_zeros() {
    let (bytes, ends) = sample();
    let (good, payload) = (good_ends(&ends), payload_ends(&bytes));
    for cut in (0..=bytes.len()).step_by(CUT_STEP) {
        for zeros in (1..20).step_by(ZEROS_STEP) {
            let mut file = bytes[..cut].to_vec();
            file.resize(cut + zeros, 0);
            let from = file.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            let report = judge(ProfileName::Hardened, &file, 5);
            // Zeros that fit into a payload could be data; one more, and they cannot.
            let could_be_data = payload[cut].is_some_and(|end| cut + zeros <= end);
            let Some(LoadError::Unfinished(tail)) = report.error else { panic!("{report:?}") };
            match tail.class {
                TailClass::Truncated { zeros_from, .. } => {
                    assert!(could_be_data, "cut at {cut}, {zeros} zeros");
                    assert_eq!(zeros_from, Some(from as u64));
                }
                TailClass::ZeroTail { from: found, .. } => {
                    assert!(!could_be_data, "cut at {cut}, {zeros} zeros");
                    assert_eq!(found, from as u64, "cut at {cut}, {zeros} zeros");
                }
                TailClass::OpenTransaction => panic!("cut at {cut}, {zeros} zeros"),
            }
            assert_eq!(report.valid_up_to, last_at_most(&good, cut) as u64);
            for piece in (1..file.len()).step_by(PIECE_STEP) {
                assert_eq!(check_in_pieces(hardened(), &file, piece).error, report.error);
            }
            // The same with something behind it is damage, and nothing is cut off by itself.
            file.push(b'*');
            let broken = judge(ProfileName::Hardened, &file, 5);
            if payload[cut].is_none_or(|end| cut + zeros >= end) {
                assert_eq!(broken.verdict, Verdict::Broken, "cut at {cut}, {zeros} zeros");
                assert_eq!(broken.class(), Some(Class::Malformed));
            }
        }
    }
}

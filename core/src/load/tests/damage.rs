//! Flipped bytes and nonsense: never a panic, and loader and checker always agree.

use super::*;
use crate::load::fault::Class;
use crate::random::Random;

/// Every how many bytes of the log one is changed; Miri is some hundred times slower than a program
/// of rustc.
const PLACE_STEP: usize = if cfg!(miri) { 31 } else { 1 };

/// By how much the value of the changed byte grows, for the same reason.
const VALUE_STEP: usize = if cfg!(miri) { 85 } else { 1 };

/// Random logs, for the same reason.
const ROUNDS: u64 = if cfg!(miri) { 40 } else { 20_000 };

#[test]
fn every_byte_as_every_other_byte() {
    let (bytes, ends) = sample();
    for at in (0..bytes.len()).step_by(PLACE_STEP) {
        for value in (0..=u8::MAX).step_by(VALUE_STEP) {
            let mut file = bytes.clone();
            file[at] = value;
            for profile in ProfileName::ALL {
                let report = judge(profile, &file, file.len());
                // What lies before the command that holds the byte is good.
                let command = ends.iter().filter(|&&end| end <= at).count() as u64;
                assert!(report.commands >= command, "{at} {value}");
                if let Some(error) = report.error {
                    assert!(error.place().command > command, "{at} {value}");
                }
            }
        }
    }
}

#[test]
fn random_bytes_and_damaged_logs() {
    let (bytes, _) = sample();
    let alphabet = b"*$123\r\n\0ARSETmultiexec ";
    let mut classes = [0_u32; 9];
    for round in 0..ROUNDS {
        // The round is the seed, and every failure names it.
        let mut random = Random::new(round);
        let mut pick =
            |limit: usize| usize::try_from(random.below(limit as u64)).expect("below a usize");
        let mut file = bytes.repeat(1 + pick(2));
        match pick(6) {
            0 => file = (0..pick(60)).map(|_| alphabet[pick(alphabet.len())]).collect(),
            1 => file.truncate(pick(file.len())),
            2 => {
                let from = pick(file.len());
                file[from..].fill(0);
            }
            3 => drop(file.splice(pick(40)..40 + pick(40), *b"*1\r\n$4\r\nEXEC\r\n")),
            _ => {}
        }
        for _ in 0..pick(4) {
            if file.is_empty() {
                break;
            }
            let at = pick(file.len());
            match pick(4) {
                0 => file[at] = alphabet[pick(alphabet.len())],
                1 => drop(file.remove(at)),
                2 => file.insert(at, alphabet[pick(alphabet.len())]),
                _ => file[at] ^= 1 << pick(8),
            }
        }
        let piece = 1 + pick(file.len() + 1);
        for profile in ProfileName::ALL {
            let report = judge(profile, &file, piece);
            let whole = judge(profile, &file, file.len().max(1));
            assert_eq!(report, whole, "round {round}");
            if let Some(class) = report.class() {
                classes[class as usize] += 1;
            }
        }
    }
    for class in [
        Class::Truncated,
        Class::ZeroTail,
        Class::OpenTransaction,
        Class::Malformed,
        Class::UnknownCommand,
        Class::WrongArity,
        Class::UnexpectedExec,
    ] {
        assert!(
            u64::from(classes[class as usize]) >= ROUNDS / 2_000,
            "{class:?} was hardly met: {classes:?}"
        );
    }
}

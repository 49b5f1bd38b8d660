//! Requests of a client: what is decoded does not depend on the pieces in which it arrives, and
//! what the decoder holds does not depend on what is announced.
//!
//! The first two bytes say how long the pieces are and whether the client has authenticated.
#![no_main]

use aof_core::resp::{Decoded, Decoder, Limits, ProtocolError, encode_command};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, PartialEq)]
enum Seen {
    Command(Vec<Vec<u8>>, usize),
    Empty(usize),
    Malformed(ProtocolError),
}

/// Everything in `input`, which arrives in pieces of so many bytes.
fn decode(input: &[u8], piece_bytes: usize, limits: Limits) -> Vec<Seen> {
    let mut decoder = Decoder::new(limits);
    let mut seen = Vec::new();
    let (mut start, mut end) = (0, 0);
    while end < input.len() {
        end = (end + piece_bytes).min(input.len());
        loop {
            let one = match decoder.decode(&input[start..end]) {
                Decoded::NeedMore => break,
                Decoded::Malformed(error) => {
                    seen.push(Seen::Malformed(error));
                    return seen;
                }
                Decoded::Empty { consumed } => Seen::Empty(consumed),
                Decoded::Command { argv, consumed } => {
                    assert!(!argv.is_empty(), "a command without words");
                    let words: Vec<Vec<u8>> = argv.iter().map(<[u8]>::to_vec).collect();
                    if let Some(canonical) = argv.canonical() {
                        let mut encoded = Vec::new();
                        encode_command(&words, &mut encoded);
                        assert_eq!(canonical, encoded, "the log would hold something else");
                    }
                    Seen::Command(words, consumed)
                }
            };
            let (Seen::Command(_, consumed) | Seen::Empty(consumed)) = one else { unreachable!() };
            assert!(consumed > 0 && start + consumed <= end);
            start += consumed;
            seen.push(one);
        }
        // 16 bytes for a word of at least 4, doubled by the growth of a vector, and some room.
        let most = 64 * (end - start) as u64 + 64 * 1024 + 2 * input.len() as u64;
        assert!(decoder.held_bytes() <= most, "{} bytes are held", decoder.held_bytes());
    }
    seen
}

fuzz_target!(|data: &[u8]| {
    let [piece, flags, input @ ..] = data else { return };
    let limits = Limits { bulk_bytes: 1024 * 1024, unauthenticated: flags & 1 == 1 };
    let whole = decode(input, input.len().max(1), limits);
    let pieces = decode(input, usize::from(*piece) + 1, limits);
    assert_eq!(whole, pieces);
});

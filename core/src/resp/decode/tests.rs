use super::*;
use crate::random::Random;
use crate::resp::encode_command;

/// What one request came to, with everything owned.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Command { words: Vec<Vec<u8>>, canonical: bool, consumed: usize },
    Empty { consumed: usize },
    NeedMore,
    Malformed(ProtocolError),
}

fn decode(decoder: &mut Decoder, input: &[u8]) -> Seen {
    match decoder.decode(input) {
        Decoded::Command { argv, consumed } => {
            if let Some(canonical) = argv.canonical() {
                assert_eq!(canonical, &input[..consumed]);
            }
            Seen::Command {
                words: argv.iter().map(<[u8]>::to_vec).collect(),
                canonical: argv.canonical().is_some(),
                consumed,
            }
        }
        Decoded::Empty { consumed } => Seen::Empty { consumed },
        Decoded::NeedMore => Seen::NeedMore,
        Decoded::Malformed(error) => Seen::Malformed(error),
    }
}

/// Everything in `input` when it arrives in pieces that end at `cuts`, until it needs more.
fn decode_all(input: &[u8], cuts: &[usize]) -> Vec<Seen> {
    let mut decoder = Decoder::new(Limits::default());
    let mut seen = Vec::new();
    let mut start = 0;
    for &end in cuts.iter().chain([&input.len()]) {
        loop {
            let one = decode(&mut decoder, &input[start..end]);
            match one {
                Seen::Command { consumed, .. } | Seen::Empty { consumed } => {
                    assert!(consumed > 0 && start + consumed <= end);
                    start += consumed;
                    seen.push(one);
                }
                Seen::Malformed(_) => {
                    seen.push(one);
                    return seen;
                }
                Seen::NeedMore => break,
            }
        }
    }
    seen
}

fn command(words: &[&str], canonical: bool, consumed: usize) -> Seen {
    let words = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    Seen::Command { words, canonical, consumed }
}

/// Requests and what they come to; several at once, wrong ones, and ones that are cut.
fn samples() -> Vec<(&'static [u8], Vec<Seen>)> {
    use ProtocolError as E;
    vec![
        (b"*1\r\n$4\r\nPING\r\n", vec![command(&["PING"], true, 14)]),
        (
            b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n",
            vec![command(&["SET", "a", ""], true, 26), command(&["PING"], true, 14)],
        ),
        // The bytes behind CR and behind a payload are not looked at.
        (b"*1\rx$4\r\nPING\r\n", vec![command(&["PING"], false, 14)]),
        (b"*1\r\n$4\r\rPING\r\n", vec![command(&["PING"], false, 14)]),
        (b"*1\r\n$4\r\nPINGxy", vec![command(&["PING"], false, 14)]),
        // A payload may look like anything.
        (b"*1\r\n$9\r\n$3\r\nabc\r\n\r\n", vec![command(&["$3\r\nabc\r\n"], true, 19)]),
        (b"*0\r\n*-1\r\n", vec![Seen::Empty { consumed: 4 }, Seen::Empty { consumed: 5 }]),
        (
            b"\r\n\n  \r\n",
            vec![
                Seen::Empty { consumed: 2 },
                Seen::Empty { consumed: 1 },
                Seen::Empty { consumed: 4 },
            ],
        ),
        (
            b"PING\r\nset a  1\n",
            vec![command(&["PING"], false, 6), command(&["set", "a", "1"], false, 9)],
        ),
        (
            b" get \"a b\" 'c\\'d' e\"f\"\r\n",
            vec![command(&["get", "a b", "c'd", "ef"], false, 24)],
        ),
        (b"\"\\x41\\n\\\"\\q\\xg\" ''\n", vec![command(&["A\n\"qxg", ""], false, 19)]),
        (b"a\0b c\n", vec![command(&["a"], false, 6)]),
        (b"*1\r\n$4\r\nPING", vec![]),
        (b"*2\r\n$4\r\nPING\r\n", vec![]),
        (b"PING", vec![]),
        (b"*x\r\n", vec![Seen::Malformed(E::InvalidMultibulkLength)]),
        (b"*\r\n", vec![Seen::Malformed(E::InvalidMultibulkLength)]),
        (b"*01\r\n", vec![Seen::Malformed(E::InvalidMultibulkLength)]),
        (b"*+1\r\n", vec![Seen::Malformed(E::InvalidMultibulkLength)]),
        (b"*1048577\r\n", vec![Seen::Malformed(E::InvalidMultibulkLength)]),
        (b"*99999999999999999999\r\n", vec![Seen::Malformed(E::InvalidMultibulkLength)]),
        (b"*1048576\r\n$1\r\na\r\n", vec![]),
        (b"*1\r\n:4\r\n", vec![Seen::Malformed(E::ExpectedDollar { got: b':' })]),
        (b"*1\r\n:4\r\nPING\r\n", vec![Seen::Malformed(E::ExpectedDollar { got: b':' })]),
        (b"*1\r\n\r\n", vec![Seen::Malformed(E::ExpectedDollar { got: b'\r' })]),
        (b"*1\r\n$-1\r\n", vec![Seen::Malformed(E::InvalidBulkLength)]),
        (b"*1\r\n$x\r\n", vec![Seen::Malformed(E::InvalidBulkLength)]),
        (b"*1\r\n$536870913\r\n", vec![Seen::Malformed(E::InvalidBulkLength)]),
        (b"*1\r\n$536870912\r\n", vec![]),
        (b"*1\r\n$9223372036854775807\r\n", vec![Seen::Malformed(E::InvalidBulkLength)]),
        (b"get \"a\r\n", vec![Seen::Malformed(E::UnbalancedQuotes)]),
        (b"get \"a\"b\r\n", vec![Seen::Malformed(E::UnbalancedQuotes)]),
        (b"get 'a'b\r\n", vec![Seen::Malformed(E::UnbalancedQuotes)]),
        (
            b"PING\r\n*1\r\n$4\r\nPONG\r\n*1\r\n$x\r\n",
            vec![
                command(&["PING"], false, 6),
                command(&["PONG"], true, 14),
                Seen::Malformed(E::InvalidBulkLength),
            ],
        ),
    ]
}

#[test]
fn samples_are_understood() {
    for (input, expected) in samples() {
        assert_eq!(decode_all(input, &[]), expected, "{:?}", String::from_utf8_lossy(input));
    }
}

/// By how many bytes the second of two cuts is moved; Miri is some hundred times slower.
const SECOND_CUT_STEP: usize = if cfg!(miri) { 17 } else { 1 };

#[test]
fn every_cut_gives_the_same() {
    for (input, expected) in samples() {
        let shown = String::from_utf8_lossy(input);
        for first in 0..=input.len() {
            assert_eq!(decode_all(input, &[first]), expected, "{shown:?} cut at {first}");
            for second in (first..=input.len()).step_by(SECOND_CUT_STEP) {
                let cuts = [first, second];
                assert_eq!(decode_all(input, &cuts), expected, "{shown:?} cut at {cuts:?}");
            }
        }
        let every: Vec<usize> = (0..input.len()).collect();
        assert_eq!(decode_all(input, &every), expected, "{shown:?} byte by byte");
    }
}

#[test]
fn what_is_wrong_stays_wrong() {
    let mut decoder = Decoder::new(Limits::default());
    let wrong = Seen::Malformed(ProtocolError::InvalidMultibulkLength);
    assert_eq!(decode(&mut decoder, b"*x\r\n"), wrong);
    assert_eq!(decode(&mut decoder, b"*1\r\n$4\r\nPING\r\n"), wrong);
    assert_eq!(decode(&mut decoder, b""), wrong);
}

#[test]
fn texts_are_those_of_redis() {
    for (error, text) in [
        (ProtocolError::InvalidMultibulkLength, "invalid multibulk length"),
        (ProtocolError::InvalidBulkLength, "invalid bulk length"),
        (ProtocolError::ExpectedDollar { got: b':' }, "expected '$', got ':'"),
        (ProtocolError::ExpectedDollar { got: b'\n' }, "expected '$', got ' '"),
        (ProtocolError::TooBigMultibulkCount, "too big mbulk count string"),
        (ProtocolError::TooBigBulkCount, "too big bulk count string"),
        (ProtocolError::TooBigInline, "too big inline request"),
        (ProtocolError::UnbalancedQuotes, "unbalanced quotes in request"),
    ] {
        assert_eq!(error.text(), format!("Protocol error: {text}"));
    }
}

/// Lines without an end are given up after 64 KB, at the same byte however they arrive.
#[test]
fn endless_lines_are_given_up() {
    let cases: [(&[u8], ProtocolError); 3] = [
        (b"*", ProtocolError::TooBigMultibulkCount),
        (b"*1\r\n$", ProtocolError::TooBigBulkCount),
        (b"x", ProtocolError::TooBigInline),
    ];
    for (start, error) in cases {
        let line_start = if start.len() > 1 { start.len() - 1 } else { 0 };
        let mut input = start.to_vec();
        input.resize(line_start + LINE_LIMIT_BYTES, b'1');
        let mut decoder = Decoder::new(Limits::default());
        assert_eq!(decode(&mut decoder, &input), Seen::NeedMore, "{error:?}");
        input.push(b'1');
        assert_eq!(decode(&mut decoder, &input), Seen::Malformed(error));
        input.extend([b'1'; 5000]);
        input.extend(b"\r\n");
        let mut decoder = Decoder::new(Limits::default());
        assert_eq!(decode(&mut decoder, &input), Seen::Malformed(error), "in one piece");
    }
    let mut longest = vec![b'x'; LINE_LIMIT_BYTES];
    longest.push(b'\n');
    assert!(matches!(decode_all(&longest, &[])[..], [Seen::Command { .. }]));
}

/// Bytes of a long line or word, which come one by one; fewer for Miri, which is slow.
const LONG_BYTES: usize = if cfg!(miri) { 300 } else { 5000 };

/// A byte that was looked at for a line's end is not looked at again.
#[test]
fn each_byte_is_looked_at_once() {
    let inline = [b"SET a ".to_vec(), vec![b'x'; LONG_BYTES], b"\r\n".to_vec()].concat();
    let header = [b"*1\r\n$".to_vec(), vec![b'9'; LONG_BYTES], b"\r\n".to_vec()].concat();
    let mut bulk = Vec::new();
    encode_command(
        &[b"SET".to_vec(), vec![b'k'; LONG_BYTES / 2], vec![b'\r'; LONG_BYTES]],
        &mut bulk,
    );
    for input in [inline, header, bulk] {
        let mut decoder = Decoder::new(Limits::default());
        for end in 0..=input.len() {
            let seen = decode(&mut decoder, &input[..end]);
            assert_eq!(seen == Seen::NeedMore, end < input.len(), "{end}: {seen:?}");
        }
        assert!(decoder.looked_at <= input.len(), "{} of {}", decoder.looked_at, input.len());
    }
}

/// A claimed length reserves nothing.
#[test]
fn claims_cost_nothing() {
    let mut decoder = Decoder::new(Limits::default());
    assert_eq!(decode(&mut decoder, b"*1048576\r\n$536870912\r\nabc"), Seen::NeedMore);
    assert!(decoder.spans.capacity() <= 4 && decoder.inline.capacity() == 0);
}

#[test]
fn a_long_list_of_spans_is_given_back() {
    let words = vec![b"x"; 2 * KEPT_SPANS];
    let mut input = Vec::new();
    encode_command(&words, &mut input);
    let mut decoder = Decoder::new(Limits::default());
    assert!(matches!(decode(&mut decoder, &input), Seen::Command { .. }));
    decode(&mut decoder, b"*1\r\n$1\r\na\r\n");
    assert!(decoder.spans.capacity() <= KEPT_SPANS);
}

#[test]
fn a_lower_limit_counts() {
    let mut decoder = Decoder::new(Limits { bulk_bytes: 3, ..Limits::default() });
    let error = Seen::Malformed(ProtocolError::InvalidBulkLength);
    assert!(matches!(decode(&mut decoder, b"*1\r\n$3\r\nabc\r\n"), Seen::Command { .. }));
    assert_eq!(decode(&mut decoder, b"*1\r\n$4\r\nabcd\r\n"), error);
}

/// Commands of any bytes come back from their encoding, canonical, with any number of cuts.
#[test]
fn a_stranger_may_send_little() {
    let verdict = |input: &[u8], unauthenticated| {
        let mut decoder = Decoder::new(Limits { unauthenticated, ..Limits::default() });
        decode(&mut decoder, input)
    };
    let words = Seen::Malformed(ProtocolError::UnauthenticatedMultibulkLength);
    let bulk = Seen::Malformed(ProtocolError::UnauthenticatedBulkLength);
    for (input, refused) in [
        (&b"*11\r\n"[..], Some(&words)),
        (b"*10\r\n", None),
        (b"*2\r\n$16385\r\n", Some(&bulk)),
        (b"*2\r\n$16384\r\n", None),
        (b"*2\r\n$4\r\nAUTH\r\n$16385\r\n", Some(&bulk)),
    ] {
        assert_eq!(&verdict(input, true), refused.unwrap_or(&Seen::NeedMore), "{input:?}");
        assert_eq!(verdict(input, false), Seen::NeedMore, "{input:?}");
    }
    // A word that is there whole takes the short way and finds the same limit.
    let mut whole = b"*2\r\n$4\r\nAUTH\r\n$16385\r\n".to_vec();
    whole.extend([b'x'; 16_385]);
    whole.extend(b"\r\n");
    assert_eq!(verdict(&whole, true), bulk);
    assert!(matches!(verdict(&whole, false), Seen::Command { .. }));
    // What is no length at all has the same text for everybody.
    let invalid = Seen::Malformed(ProtocolError::InvalidBulkLength);
    assert_eq!(verdict(b"*1\r\n$536870913\r\n", true), invalid);
}

/// Random inputs of a test; fewer for Miri, which is slow.
const SEEDS: u64 = if cfg!(miri) { 20 } else { 3_000 };

#[test]
fn encoded_commands_come_back() {
    for seed in 0..SEEDS / 10 {
        let mut random = Random::new(seed);
        let mut input = Vec::new();
        let mut expected = Vec::new();
        for _ in 0..1 + random.below(5) {
            let words: Vec<Vec<u8>> = (0..1 + random.below(6))
                .map(|_| (0..random.below(40)).map(|_| random_byte(&mut random)).collect())
                .collect();
            let before = input.len();
            encode_command(&words, &mut input);
            let consumed = input.len() - before;
            expected.push(Seen::Command { words, canonical: true, consumed });
        }
        let cuts = random_cuts(&mut random, input.len());
        assert_eq!(decode_all(&input, &cuts), expected, "seed {seed}, cuts {cuts:?}");
    }
}

/// Arbitrary bytes, mostly from the alphabet of the protocol: no panic, and cuts change nothing.
#[test]
fn random_bytes_never_panic() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let input: Vec<u8> = (0..random.below(120)).map(|_| protocol_byte(&mut random)).collect();
        let whole = decode_all(&input, &[]);
        let cuts = random_cuts(&mut random, input.len());
        assert_eq!(decode_all(&input, &cuts), whole, "seed {seed}, cuts {cuts:?}");
    }
}

fn random_byte(random: &mut Random) -> u8 {
    u8::try_from(random.below(256)).unwrap()
}

fn protocol_byte(random: &mut Random) -> u8 {
    const ALPHABET: &[u8] = b"*$\r\n\r\n\r\n0123411 \"'\\xab-+\0";
    if random.below(20) == 0 {
        return random_byte(random);
    }
    ALPHABET[usize::try_from(random.below(ALPHABET.len() as u64)).unwrap()]
}

fn random_cuts(random: &mut Random, length: usize) -> Vec<usize> {
    let mut cuts: Vec<usize> = (0..random.below(6))
        .map(|_| usize::try_from(random.below(length as u64 + 1)).unwrap())
        .collect();
    cuts.sort_unstable();
    cuts
}

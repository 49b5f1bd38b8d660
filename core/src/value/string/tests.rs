use super::*;
use crate::random::Random;

/// Every length around the limit of 22 bytes that stand in the value itself.
#[test]
fn keeps_bytes_of_any_length() {
    for length in 0..70_usize {
        let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index).unwrap()).collect();
        let copied = StringValue::new(&bytes);
        assert_eq!(copied.as_bytes(), bytes);
        assert_eq!(copied.len(), length);
        assert_eq!(copied.is_empty(), length == 0);
        assert_eq!(StringValue::from_vec(bytes.clone()), copied);
        let mut grown = copied.clone();
        assert_eq!(grown.append(b"."), length + 1);
        assert_eq!(copied.as_bytes(), bytes, "the clone is a value of its own");
        assert_eq!(grown.as_bytes(), [&bytes[..], b"."].concat());
    }
}

#[cfg(target_pointer_width = "64")]
#[test]
fn takes_24_bytes() {
    assert_eq!(size_of::<CompactBytes>(), 24);
    assert_eq!(size_of::<StringValue>(), 24);
    assert_eq!(size_of::<crate::value::Value>(), 24);
}

#[test]
fn integers_are_their_text() {
    for integer in [0, 1, -1, 10, i64::MAX, i64::MIN] {
        let value = StringValue::from_integer(integer);
        assert_eq!(value.as_bytes(), integer.to_string().as_bytes());
        assert_eq!(value.as_integer(), Some(integer));
    }
    for text in ["", "-", "+1", "01", "-0", " 1", "1 ", "1.0", "9223372036854775808"] {
        assert_eq!(StringValue::new(text.as_bytes()).as_integer(), None, "{text:?}");
    }
}

#[test]
fn get_range_as_redis_documents_it() {
    let value = StringValue::new(b"This is a string");
    let ranges: [(i64, i64, &[u8]); 5] = [
        (0, 3, b"This"),
        (-3, -1, b"ing"),
        (0, -1, b"This is a string"),
        (10, 100, b"string"),
        (5, 3, b""),
    ];
    for (start, end, expected) in ranges {
        assert_eq!(value.get_range(start, end), expected, "{start} {end}");
    }
}

/// All positions around strings of up to five bytes, against a walk over the single bytes.
#[test]
fn get_range_of_all_small_ranges() {
    let ends = [i64::MIN, i64::MAX];
    for length in 0..=5_i64 {
        let bytes = &b"abcde"[..usize::try_from(length).unwrap()];
        let value = StringValue::new(bytes);
        for start in (-8..=8).chain(ends) {
            for end in (-8..=8).chain(ends) {
                let absolute = |position: i64| {
                    if position < 0 { position.saturating_add(length) } else { position }
                };
                // A range that ends before the first byte still gives it: Redis moves both ends
                // into the string, unless they are negative and the wrong way round.
                let (first, last) = (absolute(start).max(0), absolute(end).max(0));
                let reversed = start < 0 && end < 0 && start > end;
                let expected: Vec<u8> = (0..length)
                    .filter(|&position| !reversed && first <= position && position <= last)
                    .map(|position| bytes[usize::try_from(position).unwrap()])
                    .collect();
                assert_eq!(value.get_range(start, end), expected, "{length}: {start} {end}");
            }
        }
    }
}

#[test]
fn set_range_of_nothing_changes_nothing() {
    let mut value = StringValue::new(b"abc");
    assert_eq!(value.set_range(1_000, b""), 3);
    assert_eq!(value.as_bytes(), b"abc");
}

/// Appending and overwriting against a plain vector.
#[test]
fn grows_like_a_vector() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let mut number = |bound| usize::try_from(random.below(bound)).unwrap();
        let mut model = vec![b'x'; number(40)];
        let mut value = StringValue::new(&model);
        for step in 0..60 {
            let bytes = vec![b'a' + u8::try_from(step % 26).unwrap(); number(40)];
            if number(2) == 0 {
                model.extend_from_slice(&bytes);
                assert_eq!(value.append(&bytes), model.len(), "seed {seed}, step {step}");
            } else {
                let offset = number(model.len() as u64 + 10);
                let end = offset + bytes.len();
                if !bytes.is_empty() {
                    model.resize(model.len().max(end), 0);
                    model[offset..end].copy_from_slice(&bytes);
                }
                assert_eq!(value.set_range(offset, &bytes), model.len(), "seed {seed}");
            }
            assert_eq!(value.as_bytes(), model, "seed {seed}, step {step}");
        }
    }
}

/// A megabyte, byte by byte, takes few allocations.
#[test]
fn growing_is_not_quadratic() {
    let mut value = StringValue::new(b"");
    let mut addresses = 0;
    let mut address = value.as_bytes().as_ptr();
    for _ in 0..1_048_576 {
        value.append(b"x");
        if value.as_bytes().as_ptr() != address {
            address = value.as_bytes().as_ptr();
            addresses += 1;
        }
    }
    assert!(addresses <= 22, "{addresses} moves");
}

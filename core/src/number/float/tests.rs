use super::*;
use crate::random::Random;

/// What a real server replied to ZADD and ZSCORE with these words.
#[test]
fn reads_and_writes_as_redis_does() {
    for (text, written) in [
        ("3.1", "3.1000000000000001"),
        ("0.1", "0.10000000000000001"),
        ("-0.5", "-0.5"),
        ("0x10", "16"),
        ("0x1.8p1", "3"),
        ("infinity", "inf"),
        ("INF", "inf"),
        ("-inf", "-inf"),
        ("+inf", "inf"),
        ("4.9e-324", "4.9406564584124654e-324"),
        ("+0x1p-1074", "4.9406564584124654e-324"),
        ("0x1.8p-1075", "4.9406564584124654e-324"),
        ("-0", "-0"),
        ("1e16", "10000000000000000"),
        ("1e17", "1e+17"),
        ("1e20", "1e+20"),
        ("123456789012345678", "1.2345678901234568e+17"),
        ("12345678901234567", "12345678901234568"),
        ("4503599627370496.5", "4503599627370496"),
        ("9007199254740993", "9007199254740992"),
        ("1.", "1"),
        (".5", "0.5"),
        ("1.5e3", "1500"),
        ("+1.5", "1.5"),
        ("0e99999999999999999999", "0"),
        ("1e308", "1e+308"),
        ("0.0001", "0.0001"),
        ("0.00001", "1.0000000000000001e-05"),
        ("00012", "12"),
    ] {
        let number = parse_float(text.as_bytes());
        let shown = number.map(|number| FloatText::new(number).as_bytes().to_vec());
        assert_eq!(shown.as_deref(), Some(written.as_bytes()), "{text}");
        assert_eq!(parse_loose_float(text.as_bytes()), number);
    }
}

#[test]
fn refuses_what_redis_refuses() {
    for text in [
        "",
        " 1",
        "1 ",
        "nan",
        "+nan",
        "-NaN",
        "nan(1)",
        ".",
        "1e",
        "0x",
        "0x.",
        "1e400",
        "-1e309",
        "1e-400",
        "0x1p-1075",
        "0x1p99999999999",
        "1e99999999999999999999",
        "1_0",
        "1,5",
        "--1",
        "+-1",
        "e5",
        "1e5.0",
        "infinit",
        "inf ",
        "1\0",
        "\u{0661}",
        "1e-99999999999999999999",
    ] {
        assert_eq!(parse_float(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(parse_float(b"\xff"), None);
}

/// The ends of ranges, as a real server took them.
#[test]
fn the_end_of_a_range_is_read_loosely() {
    for (text, expected) in [
        ("", Some(0.0)),
        (" 1", Some(1.0)),
        ("\t\n\x0b\x0c\r-2.5", Some(-2.5)),
        ("1e999", Some(f64::INFINITY)),
        ("-1e999", Some(f64::NEG_INFINITY)),
        ("1e-999", Some(0.0)),
        ("1\0anything", Some(1.0)),
        ("\0", Some(0.0)),
        ("1 ", None),
        (" ", None),
        ("nan", None),
        ("a", None),
    ] {
        assert_eq!(parse_loose_float(text.as_bytes()), expected, "{text:?}");
    }
}

/// Any double: 17 digits lead back to the same bits, no digit is there for nothing.
#[test]
fn what_is_written_is_read_again() {
    const SEED: u64 = 20_261_121;
    let mut random = Random::new(SEED);
    for step in 0..200_000_u32 {
        let number = match step % 4 {
            0 => f64::from_bits(random.next_u64()),
            1 => random.below(1 << 60) as f64 / 1024.0,
            2 => random.below(1_000_000) as f64 / 1000.0,
            _ => -(random.below(u64::MAX) as f64),
        };
        if number.is_nan() {
            continue;
        }
        let text = FloatText::new(number);
        let back = parse_float(text.as_bytes());
        assert_eq!(back.map(f64::to_bits), Some(number.to_bits()), "seed {SEED}, {number:e}");
    }
}

/// A number exactly between two of 17 digits goes to the even one: 2^-25 has 18 digits.
#[test]
fn ties_go_to_the_even_digit() {
    let text = |number: f64| String::from_utf8(FloatText::new(number).as_bytes().to_vec());
    assert_eq!(text(2_f64.powi(-25)).as_deref(), Ok("2.9802322387695312e-08"));
    assert_eq!(text(3.0 * 2_f64.powi(-25)).as_deref(), Ok("8.9406967163085938e-08"));
    assert_eq!(text(144_115_188_075_855_875.0).as_deref(), Ok("1.4411518807585587e+17"));
    assert_eq!(text(f64::MAX).as_deref(), Ok("1.7976931348623157e+308"));
    assert_eq!(text(-f64::MIN_POSITIVE).as_deref(), Ok("-2.2250738585072014e-308"));
}

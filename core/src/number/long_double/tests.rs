use super::*;

fn sum(left: &str, right: &str) -> Option<String> {
    LongDouble::parse(left.as_bytes())?
        .plus(LongDouble::parse(right.as_bytes())?)
        .map(|s| s.to_text())
}

#[test]
fn texts_of_simple_numbers_come_back() {
    for text in ["0", "1", "-1", "0.1", "3.14", "10.5", "-2.5", "1234567890123456789", "0.00001"] {
        assert_eq!(LongDouble::parse(text.as_bytes()).unwrap().to_text(), text);
    }
}

#[test]
fn zero_has_no_sign_and_no_point() {
    for text in ["-0", "0.0", "-0.000", "0e5", "-0x0", "0x.0p9", "1e-30", "-1e-18"] {
        assert_eq!(LongDouble::parse(text.as_bytes()).unwrap().to_text(), "0", "{text}");
    }
}

#[test]
fn what_is_no_number_for_strtold_is_none_here() {
    let too_long = "1".repeat(TEXT_LIMIT_BYTES);
    for text in [
        "",
        " 1",
        "1 ",
        "+",
        "-",
        ".",
        "e5",
        "1e",
        "1e+",
        "--1",
        "+-1",
        "1.2.3",
        "0x",
        "0x.",
        "0xg",
        "1_000",
        "nan",
        "-nan",
        "nan(1)",
        "infinit",
        "in",
        "1e5000",
        "-1e5000",
        "1e-5000",
        "1f",
        "0x1p",
        "0x1p99999",
        "\u{661}",
        "1e99999999999999999999",
        too_long.as_str(),
    ] {
        assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn what_is_a_number_for_strtold_is_one_here() {
    for (text, value) in [
        ("+5", "5"),
        ("1.", "1"),
        (".5", "0.5"),
        ("5.0e3", "5000"),
        ("5E-1", "0.5"),
        ("0x10", "16"),
        ("0X1.8p1", "3"),
        ("0x.8", "0.5"),
        ("0010", "10"),
        ("inf", "inf"),
        ("-InFiNiTy", "-inf"),
        ("0e99999999999999999999", "0"),
    ] {
        assert_eq!(LongDouble::parse(text.as_bytes()).unwrap().to_text(), value, "{text:?}");
    }
}

/// From a real server, `SET k left` and `INCRBYFLOAT k right`.
#[test]
fn sums_are_those_of_redis() {
    for (left, right, expected) in [
        ("0", "0.1", "0.1"),
        ("3.0", "1.1", "4.1"),
        ("0.1", "0.2", "0.3"),
        ("1", "-1.1", "-0.1"),
        ("5.0e3", "2.0e2", "5200"),
        ("10.50", "0.1", "10.6"),
        ("1e20", "1", "100000000000000000000"),
    ] {
        assert_eq!(sum(left, right).as_deref(), Some(expected), "{left} + {right}");
    }
}

#[test]
fn infinities_have_no_sum() {
    assert_eq!(sum("inf", "1"), None);
    assert_eq!(sum("-inf", "inf"), None);
    assert_eq!(sum("1.1e4932", "1.1e4932"), None);
}

/// Halves of the last digit go to the even one: 2^-18 has 18 digits after the point and ends
/// with 5.
#[test]
fn ties_go_to_the_even_digit() {
    assert_eq!(with_fraction(1, 18), "0.00000381469726562");
    assert_eq!(with_fraction(3, 18), "0.00001144409179688");
    assert_eq!(with_fraction(1, 17), "0.00000762939453125");
}

#[test]
fn large_powers_of_two_are_exact() {
    assert_eq!(shift_left(1, 64), "18446744073709551616");
    assert_eq!(shift_left(1, 127), (1_u128 << 127).to_string());
    assert_eq!(shift_left(0, 100), "0");
    assert_eq!(shift_left(u64::MAX, 16_320).len(), 4_933);
}

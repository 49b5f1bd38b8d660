//! Numbers as Redis reads and writes them.

mod float;
mod long_double;

pub use float::{FloatText, parse_float, parse_loose_float};
pub use long_double::LongDouble;

/// Reads a signed 64-bit decimal integer with Redis's strict rules: no blanks, no plus sign, no
/// leading zeros, no minus zero, nothing after the digits. So each number has exactly one text.
#[doc(alias = "string2ll")]
#[must_use]
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match digits {
        [b'0'] => return if negative { None } else { Some(0) },
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    let mut magnitude: u64 = 0;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        // 19 digits always fit into 64 bits without a sign.
        magnitude = magnitude * 10 + u64::from(byte - b'0');
    }
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number has one text, and near misses of it are no number.
    #[test]
    fn takes_only_what_it_would_write() {
        let mut numbers: Vec<i64> = (-1100..=1100).collect();
        for power in 0..63 {
            let power = 1_i64 << power;
            numbers.extend([power - 1, power, power + 1, -power, 1 - power, -power - 1]);
        }
        numbers.extend([i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1]);
        for number in numbers {
            let text = number.to_string();
            assert_eq!(parse_integer(text.as_bytes()), Some(number), "{text}");
            for wrong in
                [format!("+{text}"), format!("0{text}"), format!("{text} "), format!(" {text}")]
            {
                assert_eq!(parse_integer(wrong.as_bytes()), None, "{wrong}");
            }
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "-",
            "-0",
            "00",
            "--1",
            "1.0",
            "1e3",
            "0x10",
            "a",
            "1a",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "10000000000000000000",
            "99999999999999999999999999",
        ] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }
}

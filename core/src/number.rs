//! Numbers as Redis reads and writes them.

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

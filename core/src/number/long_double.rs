//! INCRBYFLOAT's arithmetic: the 80-bit `long double` of an x86 processor.
//!
//! Redis adds in the compiler's `long double` and writes 17 digits after the point. Whoever adds
//! in `f64` gets other digits for such simple sums as 0.1 + 0.2 ("0.3" there,
//! "0.30000000000000004" here), and every recorded dataset would show it. The additions are
//! IEEE's and come from a crate; reading is guarded by the grammar of C's `strtold`, and writing
//! is exact: a fraction of 64 bits times 10^17 fits into 128 bits, so no digit is guessed.

use rustc_apfloat::ieee::X87DoubleExtended;
use rustc_apfloat::{Float, Round};

/// Redis copies the text into a buffer of this size first.
#[doc(alias = "MAX_LONG_DOUBLE_CHARS")]
const TEXT_LIMIT_BYTES: usize = 5 * 1024;

/// Digits after the point before zeros are taken away.
const DIGITS: u32 = 17;

/// Distance between the exponent in the bits and that of the 64-bit integer behind it.
const EXPONENT_BIAS: i32 = 16_383 + 63;

/// A number of 64 bits with an exponent of 15, or an infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongDouble(X87DoubleExtended);

impl LongDouble {
    /// Zero.
    pub const ZERO: Self = Self(X87DoubleExtended::ZERO);

    /// Reads what `strtold` reads to the end: a decimal or hexadecimal number or an infinity, no
    /// blanks, no NaN, no number that is too large or too near to zero.
    #[doc(alias = "string2ld")]
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() >= TEXT_LIMIT_BYTES {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let (negative, magnitude) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        let signed = |number: X87DoubleExtended| Self(if negative { -number } else { number });
        if ["inf", "infinity"].into_iter().any(|name| magnitude.eq_ignore_ascii_case(name)) {
            return Some(signed(X87DoubleExtended::INFINITY));
        }
        let grammar = Grammar::of(magnitude)?;
        let number = if grammar.is_zero {
            X87DoubleExtended::ZERO
        } else {
            // The parser wants an exponent behind hexadecimal digits; C does not.
            let completed = if grammar.lacks_exponent {
                format!("{magnitude}p0")
            } else {
                magnitude.to_owned()
            };
            X87DoubleExtended::from_str_r(&completed, Round::NearestTiesToEven).ok()?.value
        };
        let out_of_range = number.is_infinite() || number.is_nan();
        let underflow = number.is_zero() && !grammar.is_zero;
        (!out_of_range && !underflow).then(|| signed(number))
    }

    /// The sum, unless it is no finite number.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let sum = self.0.add_r(other.0, Round::NearestTiesToEven).value;
        (!sum.is_nan() && !sum.is_infinite()).then_some(Self(sum))
    }

    /// The shortest text of the number rounded to 17 digits after the point: no zeros at the end,
    /// no point without digits behind it, no minus zero. An infinity is `inf`.
    #[doc(alias = "ld2string")]
    #[must_use]
    pub fn to_text(self) -> String {
        if self.0.is_infinite() {
            return if self.0.is_negative() { "-inf" } else { "inf" }.to_owned();
        }
        let bits = self.0.to_bits();
        #[expect(clippy::cast_possible_truncation, reason = "the significand is the low 64 bits")]
        let significand = bits as u64;
        let exponent = i32::from(u16::try_from(bits >> 64 & 0x7fff).unwrap_or(0)).max(1);
        let magnitude = match exponent - EXPONENT_BIAS {
            scale @ 0.. => shift_left(significand, scale.unsigned_abs()),
            scale => with_fraction(significand, scale.unsigned_abs()),
        };
        let negative = self.0.is_negative() && magnitude != "0";
        if negative { format!("-{magnitude}") } else { magnitude }
    }
}

/// `significand` / 2^`scale` with 17 digits after the point, rounded to the nearest, ties to the
/// even digit, without zeros at the end.
fn with_fraction(significand: u64, scale: u32) -> String {
    let ten = 10_u128.pow(DIGITS);
    // Below 2^64 times 10^17, so below 2^121.
    let scaled = u128::from(significand) * ten;
    let rounded = if scale > 127 {
        0
    } else {
        let whole = scaled >> scale;
        let rest = scaled - (whole << scale);
        let half = 1_u128 << (scale - 1);
        whole + u128::from(rest > half || (rest == half && whole % 2 == 1))
    };
    let (integer, fraction) = (rounded / ten, rounded % ten);
    let text = format!("{integer}.{fraction:017}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `significand` times 2^`scale`, up to about 4,950 digits: groups of nine digits, least first.
fn shift_left(significand: u64, scale: u32) -> String {
    const GROUP: u64 = 1_000_000_000;
    let mut groups = Vec::new();
    let mut rest = significand;
    while rest > 0 {
        groups.push(rest % GROUP);
        rest /= GROUP;
    }
    let mut left = scale;
    while left > 0 {
        let bits = left.min(32);
        let mut carry = 0;
        for group in &mut groups {
            // Below 10^9 times 2^32 plus a carry of that size divided by 10^9.
            let shifted = (*group << bits) + carry;
            *group = shifted % GROUP;
            carry = shifted / GROUP;
        }
        while carry > 0 {
            groups.push(carry % GROUP);
            carry /= GROUP;
        }
        left -= bits;
    }
    let Some((last, groups)) = groups.split_last() else { return "0".to_owned() };
    let mut text = last.to_string();
    for group in groups.iter().rev() {
        text.push_str(&format!("{group:09}"));
    }
    text
}

/// What a number without its sign looks like.
pub(super) struct Grammar {
    /// All its digits are zeros.
    pub(super) is_zero: bool,
    /// Its digits are hexadecimal.
    pub(super) is_hexadecimal: bool,
    /// Hexadecimal and without `p`.
    pub(super) lacks_exponent: bool,
}

impl Grammar {
    /// Digits with at most one point, and at least one digit; then perhaps an exponent with
    /// digits of its own. Nothing else, because `strtold` must have read to the end.
    pub(super) fn of(text: &str) -> Option<Self> {
        let hexadecimal = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
        let (digits, radix, mark) =
            if hexadecimal { (&text[2..], 16, 'p') } else { (text, 10, 'e') };
        let end = digits.find(|c: char| c.eq_ignore_ascii_case(&mark)).unwrap_or(digits.len());
        let (significand, exponent) = digits.split_at(end);
        let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
        let mut all = whole.chars().chain(fraction.chars());
        if whole.is_empty() && fraction.is_empty() || !all.clone().all(|c| c.is_digit(radix)) {
            return None;
        }
        if !exponent.is_empty() {
            let number = &exponent[1..];
            let number = number.strip_prefix(['+', '-']).unwrap_or(number);
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
        }
        Some(Self {
            is_zero: all.all(|c| c == '0'),
            is_hexadecimal: hexadecimal,
            lacks_exponent: hexadecimal && exponent.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests;

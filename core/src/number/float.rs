//! Scores as text: what Redis reads with C's `strtod` and writes with `%.17g`.
//!
//! Both must give the same bits and the same digits on every machine, so no C library is asked.
//! Decimal numbers are read by the standard library and written by it, with 17 digits; it rounds
//! exactly and to even, as C does, and is the same code everywhere. Hexadecimal numbers, which C
//! takes, are read by the crate that INCRBYFLOAT uses.

use core::fmt::Write;

use rustc_apfloat::ieee::Double;
use rustc_apfloat::{Float, Round};

use super::long_double::Grammar;

/// Significant digits that `%.17g` writes.
const DIGITS: usize = 17;

/// Integers of less magnitude have at most 17 digits, so `%.17g` writes them all.
const ALL_DIGITS: f64 = 1e17;

/// The longest is `-2.2250738585072014e-308`; a fraction with leading zeros is not longer.
const TEXT_BYTES: usize = 32;

/// Reads a whole text as a number or an infinity: no blanks, no NaN, nothing that is too large or
/// too near to zero to be told from it.
#[doc(alias = "string2d")]
#[doc(alias = "getDoubleFromObject")]
#[must_use]
pub fn parse_float(text: &[u8]) -> Option<f64> {
    read(text).and_then(|number| match number {
        Number::Exact(number) => Some(number),
        Number::OutOfRange(_) => None,
    })
}

/// Reads the end of a range of scores, as `zslParseRange` does: blanks in front, nothing at all
/// (which is 0), and numbers that are out of range (which become infinite or 0) are taken; what
/// follows a zero byte is not seen.
#[doc(alias = "zslParseRange")]
#[must_use]
pub fn parse_loose_float(text: &[u8]) -> Option<f64> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or(&[]);
    if text.is_empty() {
        return Some(0.0);
    }
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    read(&text[blanks..]).map(|number| match number {
        Number::Exact(number) | Number::OutOfRange(number) => number,
    })
}

enum Number {
    /// As near to the text as a double can be.
    Exact(f64),
    /// Infinity for a finite text, or zero for one that is not zero.
    OutOfRange(f64),
}

fn read(text: &[u8]) -> Option<Number> {
    if let Some(integer) = small_integer(text) {
        return Some(Number::Exact(integer));
    }
    let text = core::str::from_utf8(text).ok()?;
    let (negative, magnitude) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = |number: f64| if negative { -number } else { number };
    if ["inf", "infinity"].into_iter().any(|name| magnitude.eq_ignore_ascii_case(name)) {
        return Some(Number::Exact(signed(f64::INFINITY)));
    }
    let grammar = Grammar::of(magnitude)?;
    let number = if grammar.is_zero {
        0.0
    } else if grammar.is_hexadecimal {
        // The parser wants an exponent behind hexadecimal digits; C does not.
        let exponent = if grammar.lacks_exponent { "p0" } else { "" };
        let completed = format!("{magnitude}{exponent}");
        let number = Double::from_str_r(&completed, Round::NearestTiesToEven).ok()?.value;
        f64::from_bits(u64::try_from(number.to_bits()).ok()?)
    } else {
        magnitude.parse().ok()?
    };
    let out_of_range = number.is_infinite() || (number == 0.0 && !grammar.is_zero);
    let number = signed(number);
    Some(if out_of_range { Number::OutOfRange(number) } else { Number::Exact(number) })
}

/// Most scores are integers of a few digits.
fn small_integer(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !matches!(digits.len(), 1..=9) {
        return None;
    }
    let mut number = 0_u32;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u32::from(byte - b'0');
    }
    let number = f64::from(number);
    Some(if negative { -number } else { number })
}

/// The text of a number without an allocation.
#[derive(Clone, Copy, Debug)]
pub struct FloatText {
    bytes: [u8; TEXT_BYTES],
    length: usize,
}

impl Default for FloatText {
    fn default() -> Self {
        Self { bytes: [0; TEXT_BYTES], length: 0 }
    }
}

impl Write for FloatText {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let place = self.bytes.get_mut(self.length..self.length + text.len());
        place.ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

impl FloatText {
    /// The text of `number`: `%.17g`, and `inf` or `-inf`.
    #[doc(alias = "addReplyDouble")]
    #[must_use]
    pub fn new(number: f64) -> Self {
        let mut text = Self::default();
        // A text is never longer than the room for it, so nothing fails here.
        let _ = text.write(number);
        text
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn write(&mut self, number: f64) -> core::fmt::Result {
        if number.is_infinite() {
            return self.write_str(if number < 0.0 { "-inf" } else { "inf" });
        }
        if number.is_nan() {
            return self.write_str("nan");
        }
        if number.is_sign_negative() {
            self.write_str("-")?;
        }
        let number = number.abs();
        #[expect(clippy::cast_possible_truncation, reason = "integers below 10^17 fit")]
        #[expect(clippy::cast_sign_loss, reason = "the sign was taken off")]
        let integer = number as u64;
        #[expect(clippy::float_cmp, reason = "whether it is an integer")]
        if number < ALL_DIGITS && integer as f64 == number {
            return self.write_str(itoa::Buffer::new().format(integer));
        }
        let mut scientific = Self::default();
        write!(scientific, "{number:.*e}", DIGITS - 1)?;
        let text = core::str::from_utf8(scientific.as_bytes()).map_err(|_| core::fmt::Error)?;
        let (mantissa, exponent) = text.split_once('e').ok_or(core::fmt::Error)?;
        let exponent: i32 = exponent.parse().map_err(|_| core::fmt::Error)?;
        self.write_general(mantissa.trim_end_matches('0'), exponent)
    }

    /// What `%g` makes of a mantissa `d.ddd` without zeros at its end.
    fn write_general(&mut self, mantissa: &str, exponent: i32) -> core::fmt::Result {
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        match usize::try_from(exponent) {
            Ok(exponent) if exponent < DIGITS => {
                self.write_str(whole)?;
                if let Some((integer, rest)) = fraction.split_at_checked(exponent) {
                    self.write_str(integer)?;
                    self.write_fraction(rest)
                } else {
                    self.write_str(fraction)?;
                    (fraction.len()..exponent).try_for_each(|_| self.write_str("0"))
                }
            }
            Err(_) if exponent >= -4 => {
                self.write_str("0.")?;
                (exponent + 1..0).try_for_each(|_| self.write_str("0"))?;
                self.write_str(whole)?;
                self.write_str(fraction)
            }
            _ => {
                self.write_str(whole)?;
                self.write_fraction(fraction)?;
                let sign = if exponent < 0 { '-' } else { '+' };
                write!(self, "e{sign}{:02}", exponent.unsigned_abs())
            }
        }
    }

    fn write_fraction(&mut self, digits: &str) -> core::fmt::Result {
        if digits.is_empty() {
            return Ok(());
        }
        self.write_str(".")?;
        self.write_str(digits)
    }
}

#[cfg(test)]
mod tests;

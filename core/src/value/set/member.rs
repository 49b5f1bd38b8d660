//! One member of a set.

use core::ops::Deref;

/// A member: bytes of the set, or the digits of an integer that it holds as one.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a>(Form<'a>);

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Bytes(&'a [u8]),
    /// The text of every 64-bit integer has at most 20 bytes.
    Digits {
        digits: [u8; 20],
        length: u8,
    },
}

impl Member<'_> {
    pub(super) fn of_integer(integer: i64) -> Self {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(integer).as_bytes();
        let mut digits = [0; 20];
        let length = text.len().min(digits.len());
        digits[..length].copy_from_slice(&text[..length]);
        Self(Form::Digits { digits, length: u8::try_from(length).unwrap_or(0) })
    }
}

impl<'a> From<&'a [u8]> for Member<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Form::Bytes(bytes))
    }
}

impl Deref for Member<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Form::Bytes(bytes) => bytes,
            Form::Digits { digits, length } => &digits[..usize::from(*length)],
        }
    }
}

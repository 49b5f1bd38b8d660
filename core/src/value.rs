//! What a key holds.

mod compact;
mod string;

pub use compact::CompactBytes;
pub use string::StringValue;

use crate::digest::Digest;

/// The value of a key: one of Redis's types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string of bytes.
    String(StringValue),
}

impl Value {
    /// A string with these bytes.
    #[must_use]
    pub fn string(bytes: &[u8]) -> Self {
        Self::String(StringValue::new(bytes))
    }

    /// The word that `TYPE` replies.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub const fn as_string(&self) -> Option<&StringValue> {
        match self {
            Self::String(string) => Some(string),
        }
    }

    /// The string, to change it, if it is one.
    #[must_use]
    pub const fn as_string_mut(&mut self) -> Option<&mut StringValue> {
        match self {
            Self::String(string) => Some(string),
        }
    }

    /// Adds the type and the content to `digest`.
    pub fn digest_into(&self, digest: &mut Digest) {
        match self {
            Self::String(string) => {
                digest.put_u8(0);
                digest.put_bytes(string.as_bytes());
            }
        }
    }
}

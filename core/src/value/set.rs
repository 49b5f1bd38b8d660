//! Sets: members without an order.

use crate::digest::Digest;
use crate::value::Packed;

/// A set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(Packed);

impl Set {
    /// Whether there is no element. No key holds an empty one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the elements in the order in which a client meets them.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_count(self.0.len());
        self.0.iter().for_each(|element| digest.put_bytes(element));
    }

    /// Adds the content: what two of them have in common that are equal to a client.
    pub fn content_digest_into(&self, digest: &mut Digest) {
        self.digest_into(digest);
    }
}

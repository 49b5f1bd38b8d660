//! A fixed fingerprint of a state.
//!
//! Two runs that took the same events must reach the same state, in a server and in a page. The
//! digest of a state is how they compare: 128 bits of XXH3 over fields in one canonical form.
//! Numbers are little-endian and of fixed width, byte strings carry their length, and no `usize`
//! ever enters, so x86-64 and wasm32 agree.
//!
//! It finds accidents, not attacks: whoever wants two states with one digest can make them.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// The fingerprint of bytes that stand alone; faster than a [`Digest`] of them, and another number.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u128 {
    xxh3_128(bytes)
}

/// Collects the fields of a state and gives its fingerprint.
#[derive(Clone)]
pub struct Digest {
    hash: Xxh3Default,
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Digest({:032x})", self.finish())
    }
}

impl Digest {
    /// A digest of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { hash: Xxh3Default::new() }
    }

    /// Adds one byte.
    pub fn put_u8(&mut self, value: u8) {
        self.hash.update(&[value]);
    }

    /// Adds a truth value as 0 or 1.
    pub fn put_bool(&mut self, value: bool) {
        self.put_u8(u8::from(value));
    }

    /// Adds four bytes.
    pub fn put_u32(&mut self, value: u32) {
        self.hash.update(&value.to_le_bytes());
    }

    /// Adds eight bytes.
    pub fn put_u64(&mut self, value: u64) {
        self.hash.update(&value.to_le_bytes());
    }

    /// Adds a signed number, eight bytes in two's complement.
    pub fn put_i64(&mut self, value: i64) {
        self.hash.update(&value.to_le_bytes());
    }

    /// Adds sixteen bytes, for example another digest.
    pub fn put_u128(&mut self, value: u128) {
        self.hash.update(&value.to_le_bytes());
    }

    /// Adds a number that may be missing: 0, or 1 and eight bytes.
    pub fn put_optional_u64(&mut self, value: Option<u64>) {
        self.put_bool(value.is_some());
        if let Some(value) = value {
            self.put_u64(value);
        }
    }

    /// Adds a count or a length of this machine, as eight bytes.
    pub fn put_count(&mut self, count: usize) {
        self.put_u64(count as u64);
    }

    /// Adds a byte string: its length as eight bytes, then its bytes.
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_count(bytes.len());
        self.hash.update(bytes);
    }

    /// The fingerprint of everything added so far. Adding may go on afterwards.
    #[must_use]
    pub fn finish(&self) -> u128 {
        self.hash.digest128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_digest_is_the_published_one() {
        assert_eq!(Digest::new().finish(), 0x99aa_06d3_0147_98d8_6001_c324_468d_497f);
    }

    /// Written down once; a change here breaks every recorded trace.
    #[test]
    fn the_form_of_each_field_is_fixed() {
        let mut digest = Digest::new();
        digest.put_u8(1);
        digest.put_bool(true);
        digest.put_u32(2);
        digest.put_u64(3);
        digest.put_i64(-4);
        digest.put_u128(5);
        digest.put_optional_u64(None);
        digest.put_optional_u64(Some(6));
        digest.put_count(7);
        digest.put_bytes(b"eight");
        let mut flat = vec![1, 1, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];
        flat.extend((-4_i64).to_le_bytes());
        flat.extend(5_u128.to_le_bytes());
        flat.extend([0, 1, 6, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        flat.extend([5, 0, 0, 0, 0, 0, 0, 0]);
        flat.extend(b"eight");
        assert_eq!(digest.finish(), xxhash_rust::xxh3::xxh3_128(&flat));
    }

    #[test]
    fn lengths_keep_neighbours_apart() {
        let of = |words: [&[u8]; 2]| {
            let mut digest = Digest::new();
            words.iter().for_each(|word| digest.put_bytes(word));
            digest.finish()
        };
        assert_ne!(of([b"ab", b"c"]), of([b"a", b"bc"]));
    }
}

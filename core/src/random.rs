//! The engine's one source of randomness.
//!
//! SplitMix64, written out: fifteen lines that can never change under a recorded trace, where a
//! crate may change its algorithm in a new version.
//! Not for secrets.

use crate::digest::Digest;

/// A deterministic generator of pseudo-random numbers: the same seed gives the same numbers on
/// every platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator that starts at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, any of the 2^64 with equal chance.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    ///
    /// It takes the high half of a product. The chances of two numbers differ by at most
    /// `bound / 2^64`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        let product = self.next_u64() as u128 * bound as u128;
        (product >> 64) as u64
    }

    /// A generator whose numbers have nothing to do with those that this one gives later.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self::new(self.next_u64())
    }

    /// Adds the state to `digest`.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the published generator (Steele, Lea, Flood 2014) from seed 1234567.
    #[test]
    fn gives_the_published_numbers() {
        let mut random = Random::new(1_234_567);
        let numbers: Vec<u64> = (0..5).map(|_| random.next_u64()).collect();
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        for bound in 1..=20_u64 {
            let mut random = Random::new(bound);
            let mut seen = vec![false; usize::try_from(bound).unwrap()];
            for _ in 0..2_000 {
                seen[usize::try_from(random.below(bound)).unwrap()] = true;
            }
            assert!(seen.iter().all(|&was| was), "bound {bound}: {seen:?}");
        }
        assert_eq!(Random::new(1).below(0), 0);
    }

    #[test]
    fn a_clone_goes_the_same_way() {
        let mut random = Random::new(7);
        random.next_u64();
        let mut clone = random.clone();
        assert_eq!(random.next_u64(), clone.next_u64());
        assert_ne!(random.fork().next_u64(), random.next_u64());
    }
}

//! Scores as numbers that can be compared as bits.

use core::cmp::Ordering;

/// The place of a score among all scores: smaller scores have smaller keys, and both zeros have
/// the same. The sign of a zero is all that it forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScoreKey(u64);

const SIGN: u64 = 1 << 63;

impl ScoreKey {
    /// The key of `score`, which is no NaN.
    pub(crate) fn new(score: f64) -> Self {
        debug_assert!(!score.is_nan(), "a score is a number");
        // Adding zero turns -0.0 into 0.0 and changes nothing else.
        let bits = (score + 0.0).to_bits();
        Self(if bits & SIGN == 0 { bits | SIGN } else { !bits })
    }

    #[expect(clippy::cast_possible_truncation, reason = "the two halves are what is wanted")]
    pub(super) const fn halves(self) -> (u32, u32) {
        ((self.0 >> 32) as u32, self.0 as u32)
    }

    pub(super) const fn from_halves(high: u32, low: u32) -> Self {
        Self((high as u64) << 32 | low as u64)
    }
}

/// The order of a sorted set: by score, then by the bytes of the member.
pub(super) fn compare(one: (f64, &[u8]), other: (f64, &[u8])) -> Ordering {
    ScoreKey::new(one.0).cmp(&ScoreKey::new(other.0)).then_with(|| one.1.cmp(other.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_scores() {
        let scores = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.5,
            -1.0,
            -f64::MIN_POSITIVE,
            -5e-324,
            0.0,
            5e-324,
            f64::MIN_POSITIVE,
            1.0,
            1.0 + f64::EPSILON,
            f64::MAX,
            f64::INFINITY,
        ];
        for (at, &one) in scores.iter().enumerate() {
            for (other_at, &other) in scores.iter().enumerate() {
                let order = ScoreKey::new(one).cmp(&ScoreKey::new(other));
                assert_eq!(order, at.cmp(&other_at), "{one} {other}");
            }
            let (high, low) = ScoreKey::new(one).halves();
            assert_eq!(ScoreKey::from_halves(high, low), ScoreKey::new(one));
        }
        assert_eq!(ScoreKey::new(-0.0), ScoreKey::new(0.0));
    }
}

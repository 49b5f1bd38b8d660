//! How many images there are, without looking at one.
//!
//! Each way counts: two that end in the same bytes are two. A state has one image in which
//! everything is real, and those in which something is not.

use crate::sim::crash::cut::{Pended, Segment};
use crate::sim::crash::{Data, Missing};

impl Pended {
    /// Images of this file. `u64::MAX` stands for that many or more.
    pub(super) fn counted(&self) -> u64 {
        let sum = self.segments.iter().fold(0_u128, |sum, segment| {
            sum.saturating_add(match self.data {
                Data::Nothing | Data::Prefix => states(segment),
                Data::ZeroTail => states(segment).saturating_add(zero_tails(segment)),
                Data::ZeroTailByBlocks { block_bytes } => self.steps(segment, block_bytes),
                Data::Blocks { block_bytes, missing } => {
                    states(segment).saturating_add(self.subsets(segment, (block_bytes, missing)))
                }
                Data::Anything { block_bytes, missing } => states(segment)
                    .saturating_add(self.subsets(segment, (block_bytes, missing)))
                    .saturating_add(zero_tails(segment)),
            })
        });
        u64::try_from(sum).unwrap_or(u64::MAX)
    }

    /// Every pair of a step at which the real bytes end and a state that is not shorter.
    fn steps(&self, segment: &Segment, block_bytes: usize) -> u128 {
        let end = segment.tail.len();
        let first = segment.start.max(self.least);
        let allocated = self.allocated(segment, block_bytes);
        // Every byte of the allocated block is a step, so a state has as many as it has bytes.
        let by_bytes = if first <= end.min(allocated) {
            series(first - segment.settled + 1, end.min(allocated) - segment.settled + 1)
        } else {
            0
        };
        let blocks = (1..)
            .map(|number| allocated + number * block_bytes)
            .take_while(|length| *length <= end)
            .filter(|length| segment.ends.binary_search(length).is_err());
        let behind = segment.ends.iter().filter(|length| **length > allocated).count();
        let mut lengths: Vec<usize> = blocks.collect();
        lengths.extend_from_slice(&segment.ends[segment.ends.len() - behind..]);
        lengths.sort_unstable();
        let before = allocated - segment.settled + 1;
        let by_blocks = (1..)
            .zip(lengths)
            .filter(|(_, length)| *length >= first)
            .fold(0_u128, |sum, (number, _)| sum + (before + number) as u128);
        by_bytes + by_blocks
    }

    /// For every state, the ways in which at least one of its blocks is missing.
    fn subsets(&self, segment: &Segment, (block_bytes, missing): (usize, &[Missing])) -> u128 {
        let blocks = self.blocks(segment.settled, segment.tail.len(), block_bytes);
        let of = |hold: &Missing| {
            // Ways of the blocks before the last one of a state, each there or missing.
            let mut before = 1_u128;
            let mut sum = 0_u128;
            for block in &blocks {
                // A state of a single byte may end where a block begins, but not the first block:
                // its beginning is what is settled.
                let from = block.start.max(segment.start.saturating_sub(1));
                let states = block.end.saturating_sub(from) as u128;
                let earlier = match hold {
                    Missing::Earlier => segment.ends_inside(block),
                    Missing::Marker | Missing::Command => &[],
                };
                // The states of this block that are longer than up to where a write ended in it.
                let longer =
                    earlier.iter().map(|end| block.end.saturating_sub(from.max(*end)) as u128);
                // Each state once for its last block there, once for nothing of it.
                let of_last = longer.fold(2 * states, |sum, longer| sum + longer);
                sum = sum.saturating_add(before.saturating_mul(of_last).saturating_sub(states));
                before = before.saturating_mul(2 + earlier.len() as u128);
            }
            sum
        };
        missing.iter().fold(0_u128, |sum, hold| sum.saturating_add(of(hold)))
    }
}

const fn states(segment: &Segment) -> u128 {
    (segment.tail.len() - segment.start + 1) as u128
}

/// For every state, the places in its unsynced bytes.
const fn zero_tails(segment: &Segment) -> u128 {
    series(segment.start - segment.settled, segment.tail.len() - segment.settled)
}

/// The sum of all numbers from one to the other.
const fn series(first: usize, last: usize) -> u128 {
    let (first, last) = (first as u128, last as u128);
    (last + 1 - first) * (first + last) / 2
}

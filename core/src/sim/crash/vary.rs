//! What may stand in the unsynced bytes of one state, instead of what was written.

use std::ops::{ControlFlow, Range};

use crate::sim::crash::cut::{Pended, Segment};
use crate::sim::crash::{Data, Missing};

/// Takes one image: what stands behind the front, and up to where of it the bytes are real.
pub(super) type Visit<'v> = &'v mut dyn FnMut(Vec<u8>, usize) -> ControlFlow<()>;

/// Blocks of which every subset is visited; of more, those of the first of them.
const MOST_BLOCKS: usize = 63;

impl Pended {
    /// Visits everything but what was written itself.
    pub(super) fn vary(
        &self,
        segment: &Segment,
        length: usize,
        visit: Visit<'_>,
    ) -> ControlFlow<()> {
        match self.data {
            Data::Nothing | Data::Prefix => ControlFlow::Continue(()),
            Data::ZeroTail | Data::ZeroTailByBlocks { .. } => {
                self.vary_zeros(segment, length, visit)
            }
            Data::Blocks { block_bytes, missing } => {
                self.vary_blocks(segment, length, (block_bytes, missing), visit)
            }
            Data::Anything { block_bytes, missing } => {
                self.vary_blocks(segment, length, (block_bytes, missing), visit)?;
                self.vary_zeros(segment, length, visit)
            }
        }
    }

    fn vary_zeros(&self, segment: &Segment, length: usize, visit: Visit<'_>) -> ControlFlow<()> {
        (segment.settled..length).filter(|data| self.is_step(segment, *data)).try_for_each(|data| {
            let mut torn = segment.tail[..length].to_vec();
            torn[data..].fill(0);
            visit(torn, data)
        })
    }

    /// All missing first, then each alone missing, then each alone there, then all other subsets.
    fn vary_blocks(
        &self,
        segment: &Segment,
        length: usize,
        (block_bytes, missing): (usize, &[Missing]),
        visit: Visit<'_>,
    ) -> ControlFlow<()> {
        let blocks = self.blocks(segment.settled, length, block_bytes);
        let mut show = |hold: Missing, is_missing: &dyn Fn(usize) -> bool| {
            let mut bytes = segment.tail[..length].to_vec();
            let mut row = None;
            let mut real = length;
            for (number, block) in blocks.iter().enumerate() {
                if is_missing(number) {
                    let row = *row.get_or_insert(self.front + block.start);
                    hold.fill(&mut bytes[block.clone()], self.front + block.start, row);
                    real = real.min(block.start);
                } else {
                    row = None;
                }
            }
            visit(bytes, real)
        };
        if blocks.is_empty() {
            return ControlFlow::Continue(());
        }
        missing.iter().try_for_each(|hold| show(*hold, &|_| true))?;
        let all = blocks.len();
        for only in 0..all {
            missing.iter().try_for_each(|hold| show(*hold, &|block| block == only))?;
        }
        for only in 0..all {
            missing.iter().try_for_each(|hold| show(*hold, &|block| block != only))?;
        }
        let looked_at = all.min(MOST_BLOCKS);
        for subset in 1..(1_u64 << looked_at) {
            let is_missing = |block: usize| block < looked_at && subset >> block & 1 == 1;
            missing.iter().try_for_each(|hold| show(*hold, &is_missing))?;
        }
        ControlFlow::Continue(())
    }

    /// The blocks that hold unsynced bytes of a tail of this length: those bytes of each.
    pub(super) fn blocks(
        &self,
        settled: usize,
        length: usize,
        block_bytes: usize,
    ) -> Vec<Range<usize>> {
        let mut blocks = Vec::new();
        let mut from = settled;
        while from < length {
            let end = (self.front + from + 1).next_multiple_of(block_bytes) - self.front;
            blocks.push(from..end.min(length));
            from = end;
        }
        blocks
    }
}

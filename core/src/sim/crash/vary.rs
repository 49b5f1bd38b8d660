//! What may stand in the unsynced bytes of one state, instead of what was written.

use std::ops::{ControlFlow, Range};

use crate::sim::crash::cut::{Pended, Segment};
use crate::sim::crash::{Data, Missing};

/// Takes one image: what stands behind the front, and up to where of it the bytes are real.
pub(super) type Visit<'v> = &'v mut dyn FnMut(Vec<u8>, usize) -> ControlFlow<()>;

/// A block as it is now.
const ARRIVED: usize = 0;
/// A block of which nothing arrived. Those that follow are the block as it was after an earlier
/// write.
const NOTHING: usize = 1;

/// A block with unsynced bytes.
struct Block<'s> {
    place: Range<usize>,
    /// Where writes ended in the middle of it.
    earlier: &'s [usize],
}

impl Block<'_> {
    /// Where its real bytes end in this version of it. `None` if all of them are there.
    fn real_upto(&self, version: usize) -> Option<usize> {
        match version.checked_sub(NOTHING)? {
            0 => Some(self.place.start),
            write => self.earlier.get(write - 1).copied(),
        }
    }
}

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

    /// All missing first, then each alone missing, then each alone there, then each alone as it
    /// was after an earlier write, then all other ways.
    fn vary_blocks(
        &self,
        segment: &Segment,
        length: usize,
        (block_bytes, missing): (usize, &[Missing]),
        visit: Visit<'_>,
    ) -> ControlFlow<()> {
        let blocks: Vec<Block<'_>> = self
            .blocks(segment.settled, length, block_bytes)
            .into_iter()
            .map(|place| Block { earlier: segment.ends_inside(&place), place })
            .collect();
        let mut show = |version: &dyn Fn(usize) -> usize| {
            let versions: Vec<usize> = (0..blocks.len()).map(version).collect();
            let old = versions.iter().any(|version| *version > NOTHING);
            missing.iter().filter(|hold| !old || **hold == Missing::Earlier).try_for_each(|hold| {
                let mut bytes = segment.tail[..length].to_vec();
                let real = self.hold(&mut bytes, &blocks, &versions, *hold);
                visit(bytes, real)
            })
        };
        let all = blocks.len();
        if all == 0 {
            return ControlFlow::Continue(());
        }
        show(&|_| NOTHING)?;
        for only in 0..all {
            show(&|block| if block == only { NOTHING } else { ARRIVED })?;
        }
        for only in 0..all {
            show(&|block| if block == only { ARRIVED } else { NOTHING })?;
        }
        let old = missing.contains(&Missing::Earlier);
        let last = |block: &Block<'_>| if old { NOTHING + block.earlier.len() } else { NOTHING };
        for (only, block) in blocks.iter().enumerate() {
            for version in NOTHING + 1..=last(block) {
                show(&|block| if block == only { version } else { ARRIVED })?;
            }
        }
        // A number with one digit for each block, counted up.
        let mut digits = vec![ARRIVED; all];
        while let Some(place) = (0..all).find(|place| digits[*place] < last(&blocks[*place])) {
            digits[..place].fill(ARRIVED);
            digits[place] += 1;
            show(&|block| digits[block])?;
        }
        ControlFlow::Continue(())
    }

    /// Puts into each block what it holds in this version. Returns up to where everything is real.
    fn hold(
        &self,
        bytes: &mut [u8],
        blocks: &[Block<'_>],
        versions: &[usize],
        hold: Missing,
    ) -> usize {
        let (mut row, mut real) = (None, bytes.len());
        for (block, version) in blocks.iter().zip(versions) {
            let Some(data) = block.real_upto(*version) else {
                row = None;
                continue;
            };
            let row = *row.get_or_insert(self.front + block.place.start);
            hold.fill(&mut bytes[data..block.place.end], self.front + data, row);
            real = real.min(data);
        }
        real
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

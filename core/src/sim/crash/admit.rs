//! Whether a file that was found is one that the model allows, without listing any.
//!
//! A megabyte that was not synced has more images than anyone could list, and a real disk leaves
//! one of them. Recognizing it takes one look at each byte.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::promise::Failure;
use crate::sim::crash::cut::{Pended, Segment};
use crate::sim::crash::{Assumptions, Data, DiskModel, Missing, possibility};
use crate::sim::disk::Disk;

/// Whether this failure may leave this content under `name`, or no such name for `None`: whether
/// [`images`](super::images) without limits would list it.
#[must_use]
pub fn admits(
    disk: &Disk,
    name: &str,
    failure: Failure,
    model: DiskModel,
    content: Option<&[u8]>,
) -> bool {
    admits_under(disk, name, failure, model.assumptions(), content)
}

pub(super) fn admits_under(
    disk: &Disk,
    name: &str,
    failure: Failure,
    assumed: Assumptions,
    content: Option<&[u8]>,
) -> bool {
    possibility::files(disk, name, failure).into_iter().any(|inode| {
        let stored = inode.and_then(|inode| disk.file(inode));
        match (stored, content) {
            (None, None) => true,
            (Some(stored), Some(content)) => match failure {
                Failure::Killed => stored.cached() == content,
                Failure::PowerCut => Pended::of(stored, name, assumed).admits(content),
            },
            _ => false,
        }
    })
}

impl Pended {
    fn admits(&self, content: &[u8]) -> bool {
        let Some(tail) = content.strip_prefix(self.front()) else { return false };
        self.segments.iter().any(|segment| {
            self.is_state(segment, tail.len())
                && tail[..segment.settled] == segment.tail[..segment.settled]
                && match self.data {
                    Data::Nothing | Data::Prefix => *tail == segment.tail[..tail.len()],
                    Data::ZeroTail | Data::ZeroTailByBlocks { .. } => self.is_torn(segment, tail),
                    Data::Blocks { block_bytes, missing } => {
                        self.is_subset(segment, tail, (block_bytes, missing))
                    }
                    Data::Anything { block_bytes, missing } => {
                        self.is_torn(segment, tail)
                            || self.is_subset(segment, tail, (block_bytes, missing))
                    }
                }
        })
    }

    /// Real bytes up to some step, zeros behind.
    fn is_torn(&self, segment: &Segment, tail: &[u8]) -> bool {
        let equal = tail.iter().zip(&segment.tail).take_while(|(a, b)| a == b).count();
        let zeros = tail.iter().rev().take_while(|byte| **byte == 0).count();
        let least = segment.settled.max(tail.len() - zeros);
        (least..=equal).any(|data| data == tail.len() || self.is_step(segment, data))
    }

    /// Each block is real or missing, and all that are missing hold the same kind.
    fn is_subset(
        &self,
        segment: &Segment,
        tail: &[u8],
        (block_bytes, missing): (usize, &[Missing]),
    ) -> bool {
        let blocks = self.blocks(segment.settled, tail.len(), block_bytes);
        missing.iter().any(|hold| {
            // A block may be both, and then the row of missing ones goes on or not: all ways.
            let mut rows: BTreeSet<Option<usize>> = BTreeSet::from([None]);
            for block in &blocks {
                let found = &tail[block.clone()];
                let offset = self.front + block.start;
                let mut next = BTreeSet::new();
                if !rows.is_empty() && *found == segment.tail[block.clone()] {
                    next.insert(None);
                }
                for row in rows {
                    let row = row.unwrap_or(offset);
                    let holds = match hold {
                        Missing::Earlier => is_earlier(segment, block, found),
                        _ => (offset..).zip(found).all(|(at, byte)| *byte == hold.byte(at, row)),
                    };
                    if holds {
                        next.insert(Some(row));
                    }
                }
                rows = next;
            }
            !rows.is_empty()
        })
    }
}

/// Real bytes up to the beginning of the block or the end of a write in it, zeros behind.
fn is_earlier(segment: &Segment, block: &Range<usize>, found: &[u8]) -> bool {
    let wrote = &segment.tail[block.clone()];
    let equal = found.iter().zip(wrote).take_while(|(a, b)| a == b).count();
    let zeros = found.iter().rev().take_while(|byte| **byte == 0).count();
    let possible = block.start + found.len() - zeros..=block.start + equal;
    let mut ends = std::iter::once(&block.start).chain(segment.ends_inside(block));
    ends.any(|end| possible.contains(end))
}

//! Sorted integers, packed.
//!
//! The block of a set of integers: two bytes that mark it as a blob (see `value/packed.rs`), one
//! that says how wide the integers are (2, 4 or 8 bytes), and the integers, smallest first and
//! little-endian. It grows wider when an integer needs it, and never narrower.

use crate::value::Packed;

/// Bytes in front of the integers: the mark of a blob, and the width.
const HEAD_BYTES: usize = 3;

/// The integers in a block, to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Integers<'a> {
    width: usize,
    bytes: &'a [u8],
}

impl<'a> Integers<'a> {
    /// The integers of `packed`, if it holds such.
    pub(super) fn of(packed: &'a Packed) -> Option<Self> {
        let (&width, bytes) = packed.blob()?.split_first()?;
        Some(Self { width: usize::from(width), bytes })
    }

    pub(super) fn len(self) -> usize {
        self.bytes.len() / self.width
    }

    pub(super) fn get(self, index: usize) -> Option<i64> {
        let start = index.checked_mul(self.width)?;
        read(self.bytes.get(start..start + self.width)?)
    }

    /// Where `integer` stands, or where it would.
    pub(super) fn search(self, integer: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).map(|other| other.cmp(&integer)) {
                Some(core::cmp::Ordering::Equal) => return Ok(middle),
                Some(core::cmp::Ordering::Less) => low = middle + 1,
                _ => high = middle,
            }
        }
        Err(low)
    }
}

fn read(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => Some(i64::from(i16::from_le_bytes(bytes.try_into().ok()?))),
        4 => Some(i64::from(i32::from_le_bytes(bytes.try_into().ok()?))),
        _ => Some(i64::from_le_bytes(bytes.try_into().ok()?)),
    }
}

/// The fewest bytes that `integer` needs.
fn width_of(integer: i64) -> usize {
    if i16::try_from(integer).is_ok() {
        2
    } else if i32::try_from(integer).is_ok() {
        4
    } else {
        8
    }
}

/// A block with `integer` alone.
pub(super) fn single(integer: i64) -> Packed {
    insert(head(width_of(integer)), integer, 0)
}

/// The block of `packed` with `integer` put in at `index`.
pub(super) fn inserted(packed: Packed, integer: i64, index: usize) -> Packed {
    let needed = width_of(integer);
    let narrow = Integers::of(&packed).filter(|integers| integers.width < needed);
    let block = match narrow {
        None => packed.into_block(),
        Some(integers) => {
            let mut block = head(needed);
            block.reserve_exact((integers.len() + 1) * needed);
            let wider = (0..integers.len()).filter_map(|index| integers.get(index));
            wider.for_each(|other| block.extend_from_slice(&other.to_le_bytes()[..needed]));
            block
        }
    };
    insert(block, integer, index)
}

/// The block of `packed` without integer `index`; nothing at all without the last one.
pub(super) fn removed(packed: Packed, index: usize) -> Packed {
    let mut block = packed.into_block();
    let width = width_in(&block);
    let start = (HEAD_BYTES + index * width).min(block.len());
    block.drain(start..(start + width).min(block.len()));
    if block.len() <= HEAD_BYTES { Packed::new() } else { Packed::from_blob(block) }
}

fn head(width: usize) -> Vec<u8> {
    vec![0, 0, u8::try_from(width).unwrap_or(8)]
}

fn width_in(block: &[u8]) -> usize {
    block.get(HEAD_BYTES - 1).map_or(8, |&width| usize::from(width))
}

fn insert(mut block: Vec<u8>, integer: i64, index: usize) -> Packed {
    let width = width_in(&block);
    let at = (HEAD_BYTES + index * width).min(block.len());
    block.reserve_exact(width);
    block.splice(at..at, integer.to_le_bytes().into_iter().take(width));
    Packed::from_blob(block)
}

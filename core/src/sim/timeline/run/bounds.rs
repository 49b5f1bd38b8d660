//! What the numbers of a run may be.

use std::ops::RangeInclusive;

/// Sizes of blocks, pipes, reads and writes, in bytes. A size of nothing leads nowhere.
pub(super) const BYTES: RangeInclusive<u64> = 1..=1 << 30;

/// What one thing may take, in microseconds: an hour, the longest wait of the page.
pub(super) const MICROS: RangeInclusive<u64> = 0..=3_600_000_000;

/// What 1024 bytes of a sync may take, in microseconds.
pub(super) const PER_KIBIBYTE: RangeInclusive<u64> = 0..=1_000_000;

/// How often the kernel may look for old changes, in microseconds.
pub(super) const INTERVAL_MICROS: RangeInclusive<u64> = 1_000..=3_600_000_000;

/// A moment of a run, in microseconds: ten years, so that sums of moments and durations are far
/// from the end of the numbers.
pub(super) const TIME: RangeInclusive<u64> = 0..=10 * 366 * 86_400 * 1_000_000;

/// How long a child may collect the diff, in milliseconds. Each of them may be a wait of its own.
pub(super) const DRAIN_MS: RangeInclusive<u64> = 0..=10_000;

/// Pages, and places on one of them.
pub(super) const PAGES: RangeInclusive<u64> = 1..=1 << 16;

/// How many stalled syncs or clients there may be.
pub(super) const ENTRIES: RangeInclusive<u64> = 0..=1_000;

/// Which sync may be stalled.
pub(super) const SYNCS: RangeInclusive<u64> = 0..=1 << 32;

/// How many inputs a script may have, and how many acts there may be beside it.
pub(super) const INPUTS: RangeInclusive<u64> = 0..=100_000;

/// Places of a file that may be flipped by hand before a start.
pub(super) const FLIPS: RangeInclusive<u64> = 0..=4_096;

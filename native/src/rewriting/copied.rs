//! What copy-on-write has cost.
//!
//! After a fork the two processes share every page until one of them writes to it. A page that
//! only this process has is *private*, so the private dirty memory of the child is what the two
//! hold twice, whichever of them wrote: the pages that the parent has changed, and those that the
//! child needs for itself.
//!
//! The kernel adds it up page by page, which may take tens of milliseconds in a large process. So
//! the child asks at most for a hundredth of its time, as in Redis 6.2, and once more at its end.

use std::fs;

use aof_core::units::Micros;

use crate::clock::Clock;

/// After a look that took so long, the next comes a hundred times as long later.
#[doc(alias = "CHILD_COW_DUTY_CYCLE")]
const DUTY_CYCLE: u64 = 100;

/// Measures the process that it is used in.
#[derive(Debug)]
pub(super) struct CopyMeter {
    clock: Clock,
    not_before: Micros,
    bytes: u64,
}

impl CopyMeter {
    /// A meter that has not looked yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, not_before: Micros(0), bytes: 0 }
    }

    /// What is private and dirty by now, in bytes, or what was when it was last looked at.
    pub(super) fn read(&mut self) -> u64 {
        if self.clock.mono() >= self.not_before { self.look() } else { self.bytes }
    }

    /// What is private and dirty now, in bytes. Zero where the kernel does not say.
    #[doc(alias = "zmalloc_get_private_dirty")]
    pub(super) fn look(&mut self) -> u64 {
        let began = self.clock.mono();
        self.bytes = private_dirty_bytes();
        let ended = self.clock.mono();
        self.not_before = Micros(ended.0 + ended.since(began) * DUTY_CYCLE);
        self.bytes
    }
}

fn private_dirty_bytes() -> u64 {
    // The sum of all mappings, from Linux 4.14 on; before that each has to be added.
    fs::read("/proc/self/smaps_rollup")
        .or_else(|_| fs::read("/proc/self/smaps"))
        .map_or(0, |text| sum_of_private_dirty(&text))
}

/// Adds up the lines `Private_Dirty:       12 kB`.
fn sum_of_private_dirty(text: &[u8]) -> u64 {
    let kilobytes = |line: &[u8]| -> Option<u64> {
        let rest = line.strip_prefix(b"Private_Dirty:")?.strip_suffix(b"kB")?;
        str::from_utf8(rest).ok()?.trim().parse().ok()
    };
    let sum = text.split(|&byte| byte == b'\n').filter_map(kilobytes);
    sum.fold(0_u64, u64::saturating_add).saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_dirty_memory_counts_and_every_mapping_of_it() {
        let one = "55d0-7ffc ---p 00000000 00:00 0  [rollup]\nRss:  900 kB\n\
                   Shared_Dirty:   700 kB\nPrivate_Clean:  100 kB\nPrivate_Dirty:         12 kB\n";
        assert_eq!(sum_of_private_dirty(one.as_bytes()), 12 * 1024);
        let two = format!("{one}{one}Private_Dirty: 1 kB\nPrivate_Dirty: x kB\nPrivate_Dirty:");
        assert_eq!(sum_of_private_dirty(two.as_bytes()), 25 * 1024);
        assert_eq!(sum_of_private_dirty(b""), 0);
    }

    #[test]
    fn memory_that_was_written_to_is_seen() {
        let mut meter = CopyMeter::new(Clock::start());
        let before = meter.look();
        let mine = vec![1_u8; 32 * 1024 * 1024];
        let after = meter.look();
        assert!(after >= before + 24 * 1024 * 1024, "{before} before, {after} after");
        assert!(mine.iter().all(|&byte| byte == 1));
    }
}

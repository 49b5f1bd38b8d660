//! The two clocks, in the units of `core`. Nothing else in this crate asks for the time of day.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use aof_core::units::{Micros, Millis};

/// A clock that counts its monotonic time from its own creation.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts counting.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Wall-clock time. A clock set before 1970 counts as 1970.
    #[must_use]
    pub fn now(&self) -> Millis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    /// Time since this clock was made; never goes back.
    #[must_use]
    pub fn mono(&self) -> Micros {
        Micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

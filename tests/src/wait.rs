//! Waiting for something to become true: with a deadline, and never for a fixed time.

use std::time::{Duration, Instant};

/// Long enough for anything on two slow cores that build something else at the same time; reaching
/// it is a failure, not a delay.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Looks until `look` returns something, and returns it; `None` when `limit` is over.
pub fn for_at_most<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Looks until `look` returns something, and returns it.
///
/// # Panics
/// If nothing came within [`LIMIT`]; `what` says for what it waited.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    for_at_most(LIMIT, look).unwrap_or_else(|| panic!("waited {LIMIT:?} in vain for {what}"))
}

/// Looks until `look` is true.
///
/// # Panics
/// As [`until`].
pub fn until_true(what: &str, mut look: impl FnMut() -> bool) {
    until(what, || look().then_some(()));
}

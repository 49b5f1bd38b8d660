//! File descriptors of this process: one per client and a few of our own.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors kept for everything that is no client: the log, its lock, listeners, the poll set,
/// the signal pipe, a log file, a trace, standard streams. Redis keeps as many.
pub const RESERVED: u32 = 32;

/// What the limit of open files allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As many clients as were asked for.
    Enough,
    /// Fewer, although the limit was raised as far as it goes.
    Fewer {
        /// How many clients there is room for.
        clients: u32,
        /// The limit of open files now in force.
        limit: u64,
    },
}

/// Raises the soft limit of open files so that `clients` fit, as far as the hard limit allows.
#[doc(alias = "adjustOpenFilesLimit")]
#[must_use]
pub fn make_room(clients: u32) -> Room {
    let wanted = u64::from(clients) + u64::from(RESERVED);
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Room::Enough };
    if soft >= wanted {
        return Room::Enough;
    }
    let target = wanted.min(hard);
    let limit = match setrlimit(Resource::RLIMIT_NOFILE, target, hard) {
        Ok(()) => target,
        Err(_) => soft,
    };
    room_under(clients, limit)
}

/// How many of `clients` fit under a limit of open files. At least one client fits always: a limit
/// below [`RESERVED`] may still be enough, and the first failing `accept` will tell.
fn room_under(clients: u32, limit: u64) -> Room {
    let free = limit.saturating_sub(u64::from(RESERVED)).max(1);
    match u32::try_from(free) {
        Ok(free) if free < clients => Room::Fewer { clients: free, limit },
        _ => Room::Enough,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_the_limit_without_the_reserve() {
        assert_eq!(room_under(10_000, 10_032), Room::Enough);
        assert_eq!(room_under(10_000, 10_031), Room::Fewer { clients: 9_999, limit: 10_031 });
        assert_eq!(room_under(10, 5), Room::Fewer { clients: 1, limit: 5 });
        assert_eq!(room_under(1, 0), Room::Enough);
        assert_eq!(room_under(u32::MAX, u64::MAX), Room::Enough);
    }

    #[test]
    fn a_small_wish_is_granted() {
        assert_eq!(make_room(1), Room::Enough);
    }
}

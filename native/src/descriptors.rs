//! File descriptors of this process: one per client and a few of our own.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors kept for everything that is no client: the log, its directory and its lock,
/// listeners, the poll set, the signal pipe, a log file, a trace, standard streams; for a rewrite
/// the eight ends of its pipes and the new log. Redis keeps as many.
pub const RESERVED: u32 = 32;

/// The limit that Redis assumes where it cannot be read.
const ASSUMED_LIMIT: u64 = 1024;

/// What the limit of open files allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As many clients as were asked for.
    Enough,
    /// As many, after the limit was raised.
    Raised {
        /// The limit before.
        from: u64,
        /// The limit now.
        to: u64,
    },
    /// Fewer, although the limit was raised as far as it goes.
    Fewer {
        /// How many clients there is room for.
        clients: u32,
        /// The limit of open files now in force.
        limit: u64,
        /// Why it is not higher; `None` where the limit could not even be read.
        errno: Option<Errno>,
    },
    /// Not for a single client.
    None {
        /// The limit of open files now in force.
        limit: u64,
    },
}

/// Raises the soft limit of open files so that `clients` fit, as far as the hard limit allows.
#[doc(alias = "adjustOpenFilesLimit")]
#[must_use]
pub fn make_room(clients: u32) -> Room {
    let wanted = u64::from(clients) + u64::from(RESERVED);
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return room_under(clients, ASSUMED_LIMIT, None);
    };
    if soft >= wanted {
        return Room::Enough;
    }
    // A process may raise its soft limit to the hard one, and only root may raise that.
    let attempts = [(wanted, hard.max(wanted)), (wanted.min(hard), hard)];
    let mut refused = None;
    for (target, hard) in attempts {
        match setrlimit(Resource::RLIMIT_NOFILE, target, hard) {
            Ok(()) if target == wanted => return Room::Raised { from: soft, to: target },
            Ok(()) => return room_under(clients, target, refused),
            Err(errno) => refused = Some(errno),
        }
    }
    room_under(clients, soft, refused)
}

/// The most clients for which [`make_room`] can make room, `u32::MAX` where that is unknown. To be
/// asked at the start, before threads and children: it tries to raise the hard limit, which only
/// the kernel can judge, and puts it back.
#[must_use]
pub fn most_clients() -> u32 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return u32::MAX };
    let ceiling = std::fs::read_to_string("/proc/sys/fs/nr_open").ok();
    let ceiling = ceiling.and_then(|text| text.trim().parse::<u64>().ok());
    let limit = match ceiling {
        Some(ceiling)
            if ceiling > hard && setrlimit(Resource::RLIMIT_NOFILE, soft, ceiling).is_ok() =>
        {
            // To lower it is always allowed.
            setrlimit(Resource::RLIMIT_NOFILE, soft, hard).ok();
            ceiling
        }
        _ => hard,
    };
    u32::try_from(limit.saturating_sub(u64::from(RESERVED))).unwrap_or(u32::MAX)
}

/// How many of `clients` fit under a limit of open files.
fn room_under(clients: u32, limit: u64, errno: Option<Errno>) -> Room {
    match limit.checked_sub(u64::from(RESERVED)) {
        None | Some(0) => Room::None { limit },
        Some(free) => match u32::try_from(free) {
            Ok(free) if free < clients => Room::Fewer { clients: free, limit, errno },
            _ => Room::Enough,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_the_limit_without_the_reserve() {
        let under = |clients, limit| room_under(clients, limit, None);
        assert_eq!(under(10_000, 10_032), Room::Enough);
        let fewer = Room::Fewer { clients: 9_999, limit: 10_031, errno: None };
        assert_eq!(under(10_000, 10_031), fewer);
        assert_eq!(under(10, 33), Room::Fewer { clients: 1, limit: 33, errno: None });
        assert_eq!(under(10, 32), Room::None { limit: 32 });
        assert_eq!(under(1, 0), Room::None { limit: 0 });
        assert_eq!(under(u32::MAX, u64::MAX), Room::Enough);
    }

    #[test]
    fn the_most_clients_have_room_and_asking_changes_nothing() {
        let before = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
        let most = most_clients();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE), Ok(before));
        assert!(u64::from(most) + u64::from(RESERVED) >= before.1.min(u64::from(u32::MAX)));
    }

    #[test]
    fn a_small_wish_is_granted() {
        assert_eq!(make_room(1), Room::Enough);
    }
}

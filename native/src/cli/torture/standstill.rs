//! A server that stands still while other programs sync, just before its power is cut.
//!
//! # The problem
//! `write` returns when the bytes are in the page cache. If they begin inside a block that the file
//! has already, ext4 notes the new length at once, in a transaction of its journal that has nothing
//! to do with the data. Whoever syncs anything then has that transaction committed. A power cut
//! before the server's own sync leaves the new length on the disk, and zeros where the data should
//! be. The window between the two calls of a server with `appendfsync always` is a few
//! microseconds, and a commit takes a millisecond: by chance it is hit once in a hundred cuts or
//! never. It is wide open whenever the scheduler takes the processor away between the two calls.
//!
//! # What is done
//! That is what happens here: SIGSTOP comes at a random time, and `/proc` says in which system call
//! it has found the server. If that was a write to the log, the server stays as it is until a few
//! syncs of others that began after it are complete, and then the power goes. Otherwise it goes on
//! and is stopped again. The looks are counted, not timed: a signal that comes inside a sync stops
//! the server at its end, so that each look at a server on a slow disk takes as long as a sync,
//! and the next write comes as soon after it as on a fast one. Nothing is done that a busy machine
//! does not do, only more often.
//!
//! # Rejected
//! To trace the server (ptrace) would find each write, but is another kernel path, needs a tracer
//! that holds up every call, and a debugger's rights. A slow disk widens the sync, not the window.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use aof_core::random::Random;
use serde::Serialize;

use super::server::Server;
use super::waiting::Waiting;
use super::writer::Shared;

/// Threads that sync.
pub(super) const SYNCING: u64 = 2;
/// Each sync is of so many more bytes.
const BESIDE_BYTES: usize = 512;
/// Syncs of others that begin and end while the server stands still, each of which would do.
const SYNCS: u64 = 3;
/// How often a write is looked for. Some tens are enough on any disk; where the kernel does not
/// say what the server does, all of them are made.
const LOOKS: u64 = 20_000;
/// Longest time that the server runs between two looks.
const BETWEEN_LOOKS_US: u64 = 1_000;
/// For how long the syncs of others are waited for.
const SYNC_LIMIT: Duration = Duration::from_secs(120);
/// Between two looks at them.
const PAUSE: Duration = Duration::from_millis(1);

/// Where the server stood when the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Standstill {
    /// It had written to its log, and not synced it.
    BetweenWriteAndSync,
    /// Somewhere.
    Anywhere,
}

impl Standstill {
    /// What people read behind "the server stood still".
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::BetweenWriteAndSync => "between a write to its log and the sync of it",
            Self::Anywhere => "somewhere",
        }
    }
}

/// Stops the server, at best between a write to its log and the sync of it, and returns when
/// others have synced. `None` if it ended, or somebody wants to stop.
pub(super) fn stand_still(
    server: &mut Server,
    data: &Path,
    waiting: &Waiting,
    random: &mut Random,
) -> Option<Standstill> {
    let Waiting { stop, shared, .. } = waiting;
    let mut looks = 0;
    let stands = loop {
        if !server.freeze() || stop.load(Ordering::Relaxed) {
            return None;
        }
        looks += 1;
        if server.stands_in_a_write_to(data) {
            break Standstill::BetweenWriteAndSync;
        }
        if looks >= LOOKS || waiting.nobody_writes() {
            break Standstill::Anywhere;
        }
        server.thaw();
        thread::sleep(Duration::from_micros(random.below(BETWEEN_LOOKS_US)));
    };
    // One of each thread may have begun before the write.
    let enough = shared.synced_beside.load(Ordering::Relaxed) + SYNCING + SYNCS;
    let began = Instant::now();
    while shared.synced_beside.load(Ordering::Relaxed) < enough
        && began.elapsed() < SYNC_LIMIT
        && !stop.load(Ordering::Relaxed)
    {
        thread::sleep(PAUSE);
    }
    Some(stands)
}

/// Syncs a file that has nothing to do with the server, as other programs do. Each time the file
/// system writes its journal, and with it names and lengths of files that the server has not
/// asked to be kept yet.
pub(super) fn sync_beside(path: &Path, shared: &Shared) {
    let Ok(mut file) = File::create(path) else { return };
    while !shared.enough.load(Ordering::Relaxed) {
        if file.write_all(&[b'x'; BESIDE_BYTES]).and_then(|()| file.sync_all()).is_err() {
            return;
        }
        shared.synced_beside.fetch_add(1, Ordering::Relaxed);
    }
}

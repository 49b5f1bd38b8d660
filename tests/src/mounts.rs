//! Mounts that nobody else sees.
//!
//! They live in a mount namespace of the one thread that works with them, and of the servers and
//! threads which that thread starts. When the last of them ends, the kernel takes the mounts away,
//! however the test ended; a mount in the common namespace would outlive a test that is killed.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Runs `work` on a thread whose mounts are its own.
///
/// # Panics
/// If that needs root and there is none, or `work` panics.
pub fn on_own_mounts<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            leave_common_mounts();
            work()
        });
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Whether this process may leave the common namespace. Root in a container may be refused.
#[must_use]
pub fn are_allowed() -> bool {
    // On a thread of its own, which takes the namespace with it when it ends.
    std::thread::spawn(|| unshare(CloneFlags::CLONE_NEWNS).is_ok()).join().unwrap_or(false)
}

fn leave_common_mounts() {
    unshare(CloneFlags::CLONE_NEWNS).expect("root may leave the mount namespace");
    let nothing: Option<&str> = None;
    // What is mounted here must not appear outside.
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(nothing, "/", nothing, private, nothing).expect("root may make mounts private");
}

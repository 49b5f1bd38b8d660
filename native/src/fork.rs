//! `fork(2)`: one of the two modules of the product that may say `unsafe`.
//!
//! # The problem
//! `fork` copies the whole memory and one thread. A mutex that another thread held at that moment
//! stays locked in the copy for ever, with nobody to unlock it. So what the child calls must not
//! lock anything that another thread of the parent may have held.
//!
//! # What makes it safe here
//! - Only the thread of the event loop forks. It is the one that runs `core`, so the dataset is
//!   whole, and nobody else can be in the middle of changing it.
//! - What the child runs (`rewriting::child`) reads the dataset, makes system calls and
//!   allocates. It writes no log line, touches no lane, no poll set, no connection.
//! - It may allocate: jemalloc takes all its locks before a fork and makes new ones after it in
//!   the child (`pthread_atfork`), and glibc does the same for its own. That is tested under load
//!   (`tests/native/rewrites`).
//! - It leaves by `_exit(2)`: no destructor, no `atexit`, no buffer of the parent is written twice.
//!   `std::process::exit` would run the exit handlers of the parent's libraries.
//! - A panic in the child neither prints nor unwinds into the parent's frames: the hook that
//!   [`install_panic_hook`] has put in place before any fork ends the child with code 1. To put it
//!   in place after the fork would take a lock of the standard library.
//!
//! # What the child keeps and what not
//! Signals are blocked around the fork, so that none finds the parent's handlers in the child:
//! those would write into the parent's own pipe, and a SIGTERM meant for the child would stop the
//! parent. The child then has SIGTERM and SIGUSR1 (how the parent ends it) do what they do by
//! default, and ignores SIGINT and SIGHUP, which a terminal sends to both: the parent decides.
//!
//! It closes every descriptor but the standard streams and those named to keep, the lock of the
//! log first: a `flock(2)` is shared with the parent, and while one of the two holds it no other
//! server can start on this log. The poll set is shared, too, and closing is all that may be done
//! to it: to deregister would deregister in the parent.
//!
//! It dies with its parent (`PR_SET_PDEATHSIG`). That signal is missed by a child whose parent has
//! died before it asked; such a child sees that it has another parent by now, and leaves.
//!
//! # Rejected
//! `posix_spawn` and a helper program: there is no way to hand over the dataset without copying
//! it. A thread: then every write of the parent would have to copy what the thread has not seen
//! yet; the kernel does exactly that for a process, by the page, without a line of code.

#![expect(unsafe_code, reason = "fork, handlers and close_range have no safe form; see above")]

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, pthread_sigmask, sigaction,
};
use nix::unistd::{self, ForkResult, Pid};

/// Whether this process is a child of [`fork`].
static IS_CHILD: AtomicBool = AtomicBool::new(false);

/// The first descriptor that is no standard stream.
const FIRST_OWN: RawFd = 3;

/// Makes panics of children silent ends with code 1. Panics of the parent are as before. To be
/// called once, before the first fork.
pub fn install_panic_hook() {
    let parents = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        if IS_CHILD.load(Ordering::Relaxed) {
            exit(1);
        }
        parents(what);
    }));
}

/// Makes a child that runs `run` and ends with the code that it returns. Of the descriptors from 3
/// on the child has only those in `keep`, and `locks` are closed before any other.
///
/// # Errors
/// What `fork(2)` said. There is no child then.
pub fn fork(
    keep: &[BorrowedFd<'_>],
    locks: &[BorrowedFd<'_>],
    run: impl FnOnce() -> i32,
) -> Result<Pid, Errno> {
    let mut keep: Vec<RawFd> = keep.iter().map(AsRawFd::as_raw_fd).collect();
    keep.sort_unstable();
    let locks: Vec<RawFd> = locks.iter().map(AsRawFd::as_raw_fd).collect();
    // Somebody who ignores SIGCHLD is never told how a child ended; who starts a server may have
    // left it so.
    set_handler(Signal::SIGCHLD, SigHandler::SigDfl)?;
    let mut before = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before))?;
    let parent = unistd::getpid();
    // SAFETY: the child runs `become_child` and never comes back; what it may do and why that is
    // sound stands at the top of this module.
    let result = unsafe { unistd::fork() };
    match result {
        Ok(ForkResult::Child) => become_child(parent, &keep, &locks, run),
        Ok(ForkResult::Parent { child }) => {
            restore(&before);
            Ok(child)
        }
        Err(errno) => {
            restore(&before);
            Err(errno)
        }
    }
}

/// Cannot fail: the kernel refuses only a way of setting that does not exist.
fn restore(mask: &SigSet) {
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(mask), None).ok();
}

/// All of the child's life.
fn become_child(parent: Pid, keep: &[RawFd], locks: &[RawFd], run: impl FnOnce() -> i32) -> ! {
    IS_CHILD.store(true, Ordering::Relaxed);
    for &lock in locks {
        close_from_to(lock, lock);
    }
    prctl::set_pdeathsig(Signal::SIGKILL).ok();
    if unistd::getppid() != parent {
        exit(1);
    }
    close_all_but(keep);
    for signal in [Signal::SIGTERM, Signal::SIGUSR1] {
        set_handler(signal, SigHandler::SigDfl).ok();
    }
    for signal in [Signal::SIGINT, Signal::SIGHUP] {
        set_handler(signal, SigHandler::SigIgn).ok();
    }
    restore(&SigSet::empty());
    prctl::set_name(c"aof-rewrite").ok();
    exit(run())
}

fn set_handler(signal: Signal, handler: SigHandler) -> Result<(), Errno> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: to ignore a signal or to leave it to the kernel runs no code of ours.
    unsafe { sigaction(signal, &action) }.map(drop)
}

/// Ends this process now, and runs nothing.
fn exit(code: i32) -> ! {
    // SAFETY: `_exit` does not return and touches no memory of ours.
    unsafe { libc::_exit(code) }
}

/// Closes every descriptor from [`FIRST_OWN`] on that is not in `keep`, which is sorted.
fn close_all_but(keep: &[RawFd]) {
    let mut from = FIRST_OWN;
    for &kept in keep {
        close_from_to(from, kept - 1);
        from = from.max(kept + 1);
    }
    close_from_to(from, RawFd::MAX);
}

/// Closes the descriptors from `first` to `last`, both included, in one call.
fn close_from_to(first: RawFd, last: RawFd) {
    let (Ok(from), Ok(to)) = (u32::try_from(first), u32::try_from(last)) else { return };
    if from > to {
        return;
    }
    // SAFETY: the owners of these descriptors live in the copy of the parent's memory. Nothing of
    // it runs in this process, which ends by `_exit`, so no one uses or closes them again.
    if unsafe { libc::close_range(from, to, 0) } != 0 {
        // Linux before 5.9: one by one, as far as descriptors can go.
        let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE);
        let limit = limit.map_or(1024, |(soft, _)| RawFd::try_from(soft).unwrap_or(RawFd::MAX));
        for descriptor in first..=last.min(limit) {
            // SAFETY: as above.
            unsafe { libc::close(descriptor) };
        }
    }
}

//! What a test asks of the kernel that has no safe form: to cut the power of a file system, and to
//! write back a part of a file. The one module outside the server that may say `unsafe`.
//!
//! # What makes it safe here
//! Both calls get a descriptor that a `File` keeps open, and memory of nobody: the first reads four
//! bytes of this stack frame, the second takes numbers alone. Neither gives memory back.
//!
//! # The numbers
//! `EXT4_IOC_SHUTDOWN` and `XFS_IOC_GOINGDOWN` are the same request, `_IOR('X', 125, u32)`, which
//! is 0x8004587d. It is declared as one that gives something, and the kernel takes it as one that
//! reads. Flag 2 (`GOING_FLAGS_NOLOGFLUSH` of both) leaves the journal where it is: what is not on
//! the medium at that moment never gets there.
//!
//! # Rejected
//! `xfs_io -x -c shutdown`: it works on ext4, too, but a cut would then need a program of another
//! file system, and a process between the moment that a test has chosen and the cut.
#![expect(unsafe_code, reason = "an ioctl and sync_file_range have no safe form; see above")]

use std::fs::File;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;

/// The journal is not written.
const NO_LOG_FLUSH: u32 = 2;

mod request {
    nix::ioctl_read!(shutdown, b'X', 125, u32);
}

/// Cuts the power of the file system that this file or directory is on. Every later change of it
/// fails; what is mounted stays mounted.
///
/// # Errors
/// As the kernel says: `ENOTTY` for a file system without such a request, `EPERM` without root.
pub fn cut(on: &File) -> Result<(), Errno> {
    let mut flag = NO_LOG_FLUSH;
    // SAFETY: the descriptor is open, and the kernel reads four bytes that live until it returns.
    unsafe { request::shutdown(on.as_raw_fd(), &raw mut flag) }.map(drop)
}

/// Has the kernel write back the first bytes of a file, and waits for it. No journal is committed,
/// so that a new length is not durable afterwards.
///
/// # Errors
/// As the kernel says.
pub fn write_back(file: &File, first_bytes: u64) -> Result<(), Errno> {
    let all = libc::SYNC_FILE_RANGE_WAIT_BEFORE
        | libc::SYNC_FILE_RANGE_WRITE
        | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    let length = i64::try_from(first_bytes).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the descriptor is open, and the call takes no memory.
    Errno::result(unsafe { libc::sync_file_range(file.as_raw_fd(), 0, length, all) }).map(drop)
}

//! A power cut for one file system: the second module of the product that may say `unsafe`.
//!
//! # The problem
//! `kill -9` leaves the page cache alone, so nothing that a program forgot to sync is missed by
//! its next start. To cut the power of a machine for a test is slow, and of a virtual machine is
//! work for somebody else's tools. ext4 has a call for exactly this: `EXT4_IOC_SHUTDOWN` with the
//! flag "no log flush" makes it answer everything with EIO from now on and write nothing any more,
//! neither pages nor its journal. What is on the medium then is what a power cut would have left,
//! but for caches inside the drive. Mounted again, it replays its journal as after a power cut.
//!
//! # What makes it safe here
//! - The call takes an open descriptor, which we borrow, and a pointer to four bytes that live
//!   until it returns. The kernel reads them and writes nothing.
//! - It would be a disaster on the wrong file system. So [`cut`] refuses whatever is not the top of
//!   a mount, is not ext4, or is the file system of the folder above; its caller made the mount for
//!   this alone, in a mount namespace that nobody else sees.
//!
//! # Rejected
//! `xfs_io -x -c shutdown` makes the same call without a line of `unsafe` here, but few machines
//! have xfsprogs, and a command line is no place for such a check. A copy of the disk's file while
//! it is written is no moment that ever was. A device mapper that drops writes needs tools and
//! rights beyond those of a mount.
//!
//! # What is not promised
//! The medium under the loop device is a file, in the page cache of this machine. A drive that
//! acknowledges a flush and loses it cannot be seen this way.

#![expect(unsafe_code, reason = "this ioctl has no safe form; see above")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statfs::{EXT4_SUPER_MAGIC, fstatfs};

/// "Write nothing any more", of the three ways to shut down.
const NO_LOG_FLUSH: u32 = 2;

/// The macro writes a public function, which only this module shall see.
mod call {
    nix::ioctl_read!(ext4_shutdown, b'X', 125, u32);
}

/// Why the power stays on.
#[derive(Debug, thiserror::Error)]
pub enum PowerCutError {
    /// It is no file system of its own.
    #[error("{0} is not the top of a file system of its own")]
    NotAMount(String),
    /// It is of another kind.
    #[error("{0} is no ext4 file system")]
    NotExt4(String),
    /// The kernel says no.
    #[error("Can't shut {0} down: {1}")]
    Refused(String, std::io::Error),
}

/// Cuts the power of the file system that is mounted at `top`: nothing that is not on its medium
/// gets there any more, and everything that is asked of it fails until it is mounted again.
///
/// # Errors
/// If it is not what it must be, or the kernel refuses (it takes root).
pub fn cut(top: &Path) -> Result<(), PowerCutError> {
    let name = || top.display().to_string();
    let refused = |error| PowerCutError::Refused(name(), error);
    let folder = File::open(top).map_err(refused)?;
    let device = folder.metadata().map_err(refused)?.dev();
    let above = top.join("..").metadata().map_err(refused)?.dev();
    if device == above {
        return Err(PowerCutError::NotAMount(name()));
    }
    let about = fstatfs(&folder).map_err(|errno| refused(errno.into()))?;
    if about.filesystem_type() != EXT4_SUPER_MAGIC {
        return Err(PowerCutError::NotExt4(name()));
    }
    let mut how = NO_LOG_FLUSH;
    // SAFETY: the descriptor is open for as long as `folder` lives, and `how` is four bytes that
    // live until the call returns. That it hits the right file system was looked at above.
    unsafe { call::ext4_shutdown(folder.as_raw_fd(), &raw mut how) }
        .map_err(|errno| refused(errno.into()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a mistake could hit.
    #[test]
    fn no_other_file_system_is_touched() {
        let dir = tempfile::tempdir().expect("a folder");
        let error = cut(dir.path()).expect_err("a folder of a larger file system");
        assert!(matches!(error, PowerCutError::NotAMount(_)), "{error}");
        let error = cut(Path::new("/proc")).expect_err("no disk at all");
        assert!(matches!(error, PowerCutError::NotExt4(_)), "{error}");
        let error = cut(Path::new("/")).expect_err("there is nothing above");
        assert!(matches!(error, PowerCutError::NotAMount(_)), "{error}");
    }
}

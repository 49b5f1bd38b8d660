//! A disk that is really full: a tiny tmpfs that nobody else sees.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sys::statvfs::statvfs;

use crate::mounts::on_own_mounts;

const PAGE_BYTES: u64 = 4096;

/// The tiny disk.
#[derive(Debug)]
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

/// Runs `work` on a thread that has a disk of `size_bytes` of its own.
///
/// # Panics
/// If the disk cannot be made (it needs root), or `work` panics.
pub fn on_small_disk<T: Send>(size_bytes: u64, work: impl FnOnce(&SmallDisk) -> T + Send) -> T {
    on_own_mounts(|| work(&SmallDisk::mount(size_bytes)))
}

impl SmallDisk {
    fn mount(size_bytes: u64) -> Self {
        let disk = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(disk.path()).expect("a place to mount");
        let options = format!("size={size_bytes}");
        let kind = Some("tmpfs");
        mount(kind, &disk.path(), kind, MsFlags::empty(), Some(options.as_str()))
            .expect("root may mount");
        disk
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// A folder beside it, on a disk with room.
    #[must_use]
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all room but so many pages of 4 KiB.
    ///
    /// # Panics
    /// If the disk says no earlier.
    pub fn fill(&self, pages_left: u64) {
        let about = statvfs(&self.path()).expect("the disk tells its size");
        let free_bytes = about.blocks_available() * about.fragment_size();
        let taken = free_bytes.saturating_sub(pages_left * PAGE_BYTES);
        let mut file = File::create(self.filler()).expect("a file");
        let zeros = vec![0; usize::try_from(taken).expect("a small disk")];
        file.write_all(&zeros).expect("there is room for this");
    }

    /// Gives the room back.
    ///
    /// # Panics
    /// If [`Self::fill`] was not called.
    pub fn free(&self) {
        fs::remove_file(self.filler()).expect("the disk was filled");
    }

    /// Makes the disk larger.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn grow(&self, size_bytes: u64) {
        let (options, nothing): (_, Option<&str>) = (format!("size={size_bytes}"), None);
        let place = self.path();
        mount(nothing, &place, nothing, MsFlags::MS_REMOUNT, Some(options.as_str()))
            .expect("root may mount again");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Else the folder could not be removed. Servers of the thread are gone by now.
        nix::mount::umount(&self.path()).ok();
    }
}

//! The calls and their times.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::sys::statfs::{
    BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, FUSE_SUPER_MAGIC, NFS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC,
    TMPFS_MAGIC, XFS_SUPER_MAGIC, statfs,
};
use serde::Serialize;

use crate::cli::latency::Latency;

/// A file that has grown to this is begun again.
const FILE_BYTES: u64 = 128 * 1024 * 1024;
/// Most times of one kind: enough for the last of a thousand, ten times over.
const TIMES: u32 = 20_000;
/// Fewest times of one kind, also on a slow disk.
const FEWEST: u32 = 3;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Call {
    /// Append, into the page cache.
    Write,
    /// `fdatasync` of what was appended: what a log needs.
    #[serde(rename = "fdatasync")]
    DataSync,
    /// `fsync` of what was appended: its times of day, too.
    #[serde(rename = "fsync")]
    Sync,
    /// A file that is synced already gets a name that another file has, and its directory is
    /// synced: the end of a rewrite.
    Rename,
}

impl Call {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Write, Self::DataSync, Self::Sync, Self::Rename];

    /// What people read.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::DataSync => "fdatasync",
            Self::Sync => "fsync",
            Self::Rename => "rename+dir",
        }
    }
}

/// A folder of our own, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes it in `dir`.
    ///
    /// # Errors
    /// If it cannot be made or is there already.
    pub(super) fn make(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(format!("aof-disk-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("Can't make {}", path.display()))?;
        Ok(Self { path })
    }

    /// The name of the file system.
    pub(super) fn file_system(&self) -> String {
        let Ok(about) = statfs(&self.path) else { return "unknown file system".to_owned() };
        let known = [
            (EXT4_SUPER_MAGIC, "ext4"),
            (XFS_SUPER_MAGIC, "xfs"),
            (BTRFS_SUPER_MAGIC, "btrfs"),
            (TMPFS_MAGIC, "tmpfs"),
            (OVERLAYFS_SUPER_MAGIC, "overlayfs"),
            (NFS_SUPER_MAGIC, "nfs"),
            (FUSE_SUPER_MAGIC, "fuse"),
        ];
        let kind = about.filesystem_type();
        let found = known.into_iter().find(|(magic, _)| *magic == kind);
        found.map_or_else(|| format!("file system {:#x}", kind.0), |(_, name)| name.to_owned())
    }

    /// Makes the call again and again until the time is over; `None` if somebody wants to stop.
    ///
    /// # Errors
    /// What the kernel said.
    pub(super) fn measure(
        &self,
        call: Call,
        size_bytes: usize,
        limit: Duration,
        stop: &AtomicBool,
    ) -> anyhow::Result<Option<Latency>> {
        let failed = || format!("{} in {}", call.as_str(), self.path.display());
        let mut latency = Latency::new()?;
        // Random enough that no disk can make it shorter.
        let bytes = incompressible(size_bytes);
        let path = self.path.join("log");
        let mut file = File::create(&path)?;
        let directory = File::open(&self.path)?;
        let mut length = 0;
        let began = Instant::now();
        for number in 0..TIMES {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if number >= FEWEST && began.elapsed() >= limit {
                break;
            }
            if length >= FILE_BYTES {
                file.set_len(0)?;
                io::Seek::rewind(&mut file)?;
                length = 0;
            }
            let took = match call {
                Call::Write => timed(|| file.write_all(&bytes)),
                Call::DataSync => file.write_all(&bytes).and_then(|()| timed(|| file.sync_data())),
                Call::Sync => file.write_all(&bytes).and_then(|()| timed(|| file.sync_all())),
                Call::Rename => self.rename(&bytes, &path, &directory),
            };
            latency.record(took.with_context(failed)?);
            length += size_bytes as u64;
        }
        // What is left behind must not slow the next one down.
        file.sync_all().with_context(failed)?;
        drop(file);
        fs::remove_file(&path)?;
        directory.sync_all()?;
        Ok(Some(latency))
    }

    fn rename(&self, bytes: &[u8], path: &Path, directory: &File) -> io::Result<Duration> {
        let temporary = self.path.join("temp");
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        timed(|| fs::rename(&temporary, path).and_then(|()| directory.sync_all()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).ok();
    }
}

fn timed(call: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let began = Instant::now();
    call()?;
    Ok(began.elapsed())
}

fn incompressible(size_bytes: usize) -> Vec<u8> {
    let mut random = aof_core::random::Random::new(1);
    let mut bytes = Vec::with_capacity(size_bytes + 8);
    while bytes.len() < size_bytes {
        bytes.extend_from_slice(&random.next_u64().to_le_bytes());
    }
    bytes.truncate(size_bytes);
    bytes
}

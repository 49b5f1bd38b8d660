//! The folder that is tortured: taken only when it is empty or our own, and left as it was found.
//!
//! ```text
//! DIR/.aof-torture     says that the folder is ours, and is locked while somebody uses it
//! DIR/data/            the server's own folder; with --power-cut a disk that is mounted there
//! DIR/disk.img         with --power-cut: that disk
//! DIR/server.log       what the server printed since its last start
//! DIR/socket           where it listens
//! DIR/kept-CYCLE/      its files after a promise was broken
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::sys::statvfs::statvfs;

const MARK: &str = ".aof-torture";
const DATA: &str = "data";
const DISK: &str = "disk.img";
const LOG: &str = "server.log";
/// The name of the socket in the folder.
pub(super) const SOCKET: &str = "socket";
const KEPT: &str = "kept-";

/// Room that must be free: logs grow until they are rewritten, and a rewrite needs them twice.
const NEEDED_BYTES: u64 = 512 * 1024 * 1024;
/// So many broken states are kept.
const KEPT_STATES: usize = 3;
/// Most bytes that are kept of one.
const KEPT_BYTES: u64 = 256 * 1024 * 1024;

/// The folder, ours until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    /// Open, so that the socket can be reached through it.
    folder: File,
    /// Holds the lock.
    _mark: File,
    created: bool,
    kept: Vec<PathBuf>,
}

impl Place {
    /// Takes `dir`, which is made if it is not there. The folder around it must be: a misspelt
    /// mount point would have another disk measured.
    ///
    /// # Errors
    /// If it holds something that is not ours, if somebody else uses it, or if it is too small.
    pub(super) fn take(dir: &Path) -> anyhow::Result<Self> {
        let created = !dir.exists();
        if created {
            let outer = std::path::absolute(dir)?;
            if let Some(outer) = outer.parent().filter(|outer| !outer.exists()) {
                bail!("there is no {}", outer.display());
            }
            fs::create_dir(dir).with_context(|| format!("Can't make {}", dir.display()))?;
        } else if !dir.is_dir() {
            bail!("{} is not a folder", dir.display());
        }
        let root = dir.canonicalize().with_context(|| format!("Can't use {}", dir.display()))?;
        let mark = root.join(MARK);
        if !mark.exists() {
            let mut entries = fs::read_dir(&root)?;
            if let Some(entry) = entries.next() {
                bail!(
                    "{} is not empty ({} is in it); name a folder that may be filled and emptied",
                    dir.display(),
                    entry?.file_name().display()
                );
            }
        }
        let mark = File::options().create(true).truncate(false).write(true).open(&mark)?;
        match mark.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("{} is in use by another torture", dir.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).context("Can't lock the folder"),
        }
        let folder = File::open(&root)?;
        let place = Self { root, folder, _mark: mark, created, kept: Vec::new() };
        place.sweep(true)?;
        let room = statvfs(&place.root)?;
        let free_bytes = room.blocks_available().saturating_mul(room.fragment_size());
        if free_bytes < NEEDED_BYTES {
            place.leave().ok();
            bail!("{} has {free_bytes} bytes of room, {NEEDED_BYTES} are needed", dir.display());
        }
        Ok(place)
    }

    /// Removes what this tool makes; what an earlier run kept only if `kept` says so.
    fn sweep(&self, kept: bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name == DATA || (kept && name.starts_with(KEPT)) {
                fs::remove_dir_all(entry.path())?;
            } else if [DISK, LOG, SOCKET].contains(&name.as_ref()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The folder itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder, open.
    pub(super) fn folder(&self) -> &File {
        &self.folder
    }

    /// Where the server keeps its files.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join(DATA)
    }

    /// The file of the disk that loses its power.
    pub(super) fn disk(&self) -> PathBuf {
        self.root.join(DISK)
    }

    /// What the server prints.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join(LOG)
    }

    /// Empties the server's folder.
    ///
    /// # Errors
    /// What the kernel said.
    pub(super) fn empty_data(&self) -> io::Result<()> {
        fs::create_dir_all(self.data())?;
        for entry in fs::read_dir(self.data())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Keeps a copy of the server's files and of what it printed, so that somebody can look at
    /// them; says where. Only the first few states are kept, and none that is very large.
    ///
    /// # Errors
    /// What the kernel said.
    pub(super) fn keep(&mut self, cycle: u64) -> io::Result<Option<PathBuf>> {
        let to = self.root.join(format!("{KEPT}{cycle}"));
        if self.kept.contains(&to) {
            return Ok(Some(to));
        }
        if self.kept.len() >= KEPT_STATES {
            return Ok(None);
        }
        let mut room = KEPT_BYTES;
        copy(&self.data(), &to, &mut room)?;
        if self.log().exists() {
            fs::copy(self.log(), to.join(LOG))?;
        }
        self.kept.push(to.clone());
        Ok(Some(to))
    }

    /// The states that were kept.
    pub(super) fn kept(&self) -> &[PathBuf] {
        &self.kept
    }

    /// Removes everything but what was kept.
    ///
    /// # Errors
    /// What the kernel said.
    pub(super) fn leave(&self) -> io::Result<()> {
        self.sweep(false)?;
        if self.kept.is_empty() {
            fs::remove_file(self.root.join(MARK))?;
            if self.created {
                fs::remove_dir(&self.root)?;
            }
        }
        Ok(())
    }
}

/// Copies files and folders, as far as there is `room`.
fn copy(from: &Path, to: &Path, room: &mut u64) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "lost+found" {
            copy(&entry.path(), &to.join(entry.file_name()), room)?;
        } else if kind.is_file() {
            let Some(rest) = room.checked_sub(entry.metadata()?.len()) else { continue };
            fs::copy(entry.path(), to.join(entry.file_name()))?;
            *room = rest;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_not_touched() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join(DATA)).expect("a folder in it");
        let error = Place::take(dir.path()).expect_err("not empty");
        assert!(error.to_string().contains("is not empty (data is in it)"), "{error}");
        assert!(dir.path().join(DATA).exists());
    }

    #[test]
    fn only_the_last_folder_is_made_and_a_file_is_none() {
        let outer = tempfile::tempdir().expect("a folder");
        let missing = outer.path().join("missing");
        let error = Place::take(&missing.join("folder")).expect_err("no folder around it");
        assert_eq!(error.to_string(), format!("there is no {}", missing.display()));
        assert!(!missing.exists());
        let file = outer.path().join("file");
        fs::write(&file, "bytes").expect("written");
        let error = Place::take(&file).expect_err("no folder");
        assert_eq!(error.to_string(), format!("{} is not a folder", file.display()));
        assert_eq!(fs::read(&file).expect("there"), b"bytes");
    }

    #[test]
    fn our_own_folder_is_emptied_and_left_as_it_was_found() {
        let outer = tempfile::tempdir().expect("a folder");
        let dir = outer.path().join("new");
        let mut place = Place::take(&dir).expect("ours");
        let error = Place::take(&dir).expect_err("in use");
        assert!(error.to_string().contains("in use"), "{error}");
        place.empty_data().expect("made");
        fs::create_dir(place.data().join("appendonlydir")).expect("a folder");
        fs::write(place.data().join("appendonlydir/log"), "bytes").expect("a file");
        fs::write(place.log(), "said").expect("a file");
        place.keep(7).expect("kept");
        place.leave().expect("swept");
        assert_eq!(fs::read(dir.join("kept-7/appendonlydir/log")).expect("there"), b"bytes");
        assert_eq!(fs::read(dir.join("kept-7/server.log")).expect("there"), b"said");
        assert!(!place.data().exists());
        drop(place);
        let place = Place::take(&dir).expect("ours again");
        assert!(!dir.join("kept-7").exists());
        place.leave().expect("swept");
        assert!(dir.exists(), "it was there when it was taken for the second time");
    }
}

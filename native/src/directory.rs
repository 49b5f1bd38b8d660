//! The directory of the log, held open: names are made, moved and removed in it, whatever becomes
//! of the path that led to it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use aof_core::effect::OpenMode;
use aof_core::rewrite::names::FileName;
use aof_core::units::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, fsync, unlinkat};

use crate::lanes::errno;

/// Mode of the files that a rewrite makes, as of the log.
const FILE_MODE: Mode = Mode::from_bits_truncate(0o644);

/// The directory and what the log is called in it.
#[derive(Debug)]
pub struct Directory {
    file: File,
    path: PathBuf,
    log: String,
}

impl Directory {
    /// Opens it. `log` is what `appendfilename` says.
    ///
    /// # Errors
    /// If there is no such directory, or it may not be read.
    pub fn open(path: &Path, log: &str) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, path: path.to_owned(), log: log.to_owned() })
    }

    /// Where the log is.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.path.join(&self.log)
    }

    /// The descriptor.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Opens a file of a rewrite, or the log. Returns its length, too, in bytes.
    ///
    /// What will be the log is opened for reading, too: `DEBUG LOADAOF` reads it.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn open_file(&self, name: FileName, mode: OpenMode) -> Result<(File, u64), Errno> {
        let append = OFlag::O_RDWR | OFlag::O_APPEND;
        let flags = match mode {
            OpenMode::Append => append,
            OpenMode::AppendOrCreate => append | OFlag::O_CREAT,
            OpenMode::ReadOnly => OFlag::O_RDONLY,
        };
        let file = File::from(self.open_with(name, flags)?);
        let length = fstat(&file).map_err(errno)?.st_size;
        Ok((file, u64::try_from(length).unwrap_or(0)))
    }

    /// Makes the file that the child writes, empty.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn create(&self, name: FileName) -> Result<OwnedFd, Errno> {
        self.open_with(name, OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC)
    }

    fn open_with(&self, name: FileName, flags: OFlag) -> Result<OwnedFd, Errno> {
        let name = self.text(name);
        loop {
            match openat(&self.file, name.as_str(), flags | OFlag::O_CLOEXEC, FILE_MODE) {
                // A signal says nothing about the file.
                Err(nix::errno::Errno::EINTR) => {}
                result => return result.map_err(errno),
            }
        }
    }

    /// Lets a name lead to the file of another.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn rename(&self, from: FileName, to: FileName) -> Result<(), Errno> {
        let (from, to) = (self.text(from), self.text(to));
        renameat(&self.file, from.as_str(), &self.file, to.as_str()).map_err(errno)
    }

    /// As [`Self::rename`], but an error that was reported although `to` leads to `file` now is
    /// none: a network file system may lose the answer and not the change.
    ///
    /// # Errors
    /// What the kernel said, when the name does not lead to the file.
    pub fn rename_file(&self, file: &File, from: FileName, to: FileName) -> Result<(), Errno> {
        let Err(error) = self.rename(from, to) else { return Ok(()) };
        if self.leads_to(to, file) { Ok(()) } else { Err(error) }
    }

    /// Whether a name leads to this open file.
    fn leads_to(&self, name: FileName, file: &File) -> bool {
        let name = self.text(name);
        let found = fstatat(&self.file, name.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
        let inode = |of: FileStat| (of.st_dev, of.st_ino);
        matches!((found, fstat(file)), (Ok(found), Ok(open)) if inode(found) == inode(open))
    }

    /// Removes a name. That there is none is a success.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn unlink(&self, name: FileName) -> Result<(), Errno> {
        match unlinkat(&self.file, self.text(name).as_str(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(nix::errno::Errno::ENOENT) => Ok(()),
            Err(error) => Err(errno(error)),
        }
    }

    /// Makes the names durable.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn sync(&self) -> Result<(), Errno> {
        loop {
            match fsync(&self.file) {
                Err(nix::errno::Errno::EINTR) => {}
                result => return result.map_err(errno),
            }
        }
    }

    fn text(&self, name: FileName) -> String {
        name.text(&self.log)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use aof_core::units::ChildId;

    use super::*;

    const CHILD: ChildId = ChildId(42);

    fn directory() -> (tempfile::TempDir, Directory) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let directory = Directory::open(dir.path(), "a.aof").expect("open");
        (dir, directory)
    }

    #[test]
    fn a_rewritten_file_takes_the_name_of_the_log() {
        let (dir, directory) = directory();
        std::fs::write(dir.path().join("a.aof"), "old").expect("written");
        let made = directory.create(FileName::Unfinished(CHILD)).expect("made");
        File::from(made).write_all(b"rewritten").expect("written");
        let (unfinished, rewritten) = (FileName::Unfinished(CHILD), FileName::Rewritten(CHILD));
        directory.rename(unfinished, rewritten).expect("renamed");
        let (file, length) = directory.open_file(rewritten, OpenMode::Append).expect("open");
        assert_eq!(length, 9);
        (&file).write_all(b"+").expect("appended");
        directory.rename_file(&file, rewritten, FileName::Log).expect("renamed");
        assert_eq!(std::fs::read(dir.path().join("a.aof")).expect("read"), b"rewritten+");
        // The second time there is nothing to rename, but the name is right.
        assert_eq!(directory.rename_file(&file, rewritten, FileName::Log), Ok(()));
        let (other, _) =
            directory.open_file(FileName::Log, OpenMode::AppendOrCreate).expect("open");
        assert_eq!(directory.rename_file(&other, rewritten, FileName::Log), Ok(()));
        assert_eq!(directory.rename_file(&other, rewritten, unfinished), Err(Errno(2)));
        assert_eq!(directory.sync(), Ok(()));
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_name_that_is_not_there_counts_as_removed_and_cannot_be_opened() {
        let (dir, directory) = directory();
        let name = FileName::Rewritten(CHILD);
        assert_eq!(directory.unlink(name), Ok(()));
        for mode in [OpenMode::Append, OpenMode::ReadOnly] {
            assert_eq!(directory.open_file(name, mode).err(), Some(Errno(2)));
        }
        std::fs::create_dir(dir.path().join("a.aof")).expect("a folder");
        assert_eq!(directory.unlink(FileName::Log), Err(Errno(21)));
        assert!(directory.open_file(FileName::Log, OpenMode::AppendOrCreate).is_err());
    }
}

//! One server per log. The lock is a file of its own beside the log, because the log's inode
//! changes when a rewrite renames a new file over it. `flock(2)` ends with the process, however
//! it dies, so a stale lock cannot exist; the file itself stays, since removing it would let two
//! servers lock two different inodes of one name.
//!
//! The lock is that of a name in a directory. When the log is a symbolic link, that of the file it
//! leads to is taken, too: another server may write there without the link. The first rewrite
//! replaces the link, as in Redis, and from then on the name alone counts.
//!
//! A forked child shares the lock, and closes it before anything else ([`crate::fork`]).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// The right to write one log. Held until dropped or until the process ends.
#[derive(Debug)]
pub struct LogLock {
    name: Flock<File>,
    /// Of the file that a link leads to.
    target: Option<Flock<File>>,
}

/// Why the right was not given.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error(
        "Another server (pid {pid}) is using the append only file {log}: it holds the lock on \
         {path}. Stop it, or give this server another --dir or --appendfilename.",
        pid = holder.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string())
    )]
    Held {
        /// The log.
        log: String,
        /// The lock file.
        path: String,
        /// The process that wrote itself into the lock file.
        holder: Option<u32>,
    },
    /// The lock file cannot be made or read.
    #[error("Can't lock the append only file: {path}: {error}")]
    File {
        /// The lock file.
        path: String,
        /// Why.
        error: io::Error,
    },
}

/// Where the lock of `log` is.
#[must_use]
pub fn lock_path(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

impl LogLock {
    /// Takes the lock of the log at this path, and writes this process's id into the lock file.
    ///
    /// # Errors
    /// If another process holds it, or the lock file cannot be used.
    pub fn take(log: &Path) -> Result<Self, LockError> {
        let place = place(log);
        let name = take_one(log, &lock_path(&place))?;
        // A log that does not exist leads nowhere.
        let target = match log.canonicalize() {
            Ok(real) if real != place => Some(take_one(log, &lock_path(&real))?),
            _ => None,
        };
        Ok(Self { name, target })
    }

    /// The descriptors that hold it.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [Some(&self.name), self.target.as_ref()].into_iter().flatten().map(|lock| lock.as_fd())
    }
}

/// A path to the log, with no link in its folder. Two paths of one name lead to one lock.
fn place(log: &Path) -> PathBuf {
    let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    match (folder.canonicalize(), log.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => log.to_owned(),
    }
}

/// Takes the lock in one lock file of `log`.
fn take_one(log: &Path, path: &Path) -> Result<Flock<File>, LockError> {
    let failed = |error: io::Error| LockError::File { path: path.display().to_string(), error };
    let mut options = OpenOptions::new();
    let file =
        options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => file,
        Err((file, Errno::EWOULDBLOCK)) => {
            return Err(LockError::Held {
                log: log.display().to_string(),
                path: path.display().to_string(),
                holder: read_holder(&file),
            });
        }
        Err((_, errno)) => return Err(failed(errno.into())),
    };
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    writeln!(&*file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

/// The process id in a lock file, if it holds one.
fn read_holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_is_told_who_holds_it() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = dir.path().join("appendonly.aof");
        let first = LogLock::take(&log).expect("free");
        let Err(LockError::Held { holder, path, .. }) = LogLock::take(&log) else {
            panic!("the lock was given twice");
        };
        assert_eq!(holder, Some(std::process::id()));
        assert!(path.ends_with("appendonly.aof.lock"), "{path}");
        drop(first);
        LogLock::take(&log).expect("free again");
    }

    #[test]
    fn a_link_and_the_file_that_it_leads_to_are_both_locked() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (link, real) = (dir.path().join("a.aof"), dir.path().join("b.aof"));
        File::create(&real).expect("create");
        std::os::unix::fs::symlink("b.aof", &link).expect("linked");
        let lock = LogLock::take(&link).expect("free");
        assert_eq!(lock.descriptors().count(), 2);
        assert!(matches!(LogLock::take(&real), Err(LockError::Held { .. })));
        // A rewrite puts a file in the place of the link; the name is still taken.
        std::fs::remove_file(&link).expect("removed");
        File::create(&link).expect("create");
        assert!(matches!(LogLock::take(&link), Err(LockError::Held { .. })));
        drop(lock);
        LogLock::take(&real).expect("free again");
    }

    #[test]
    fn two_logs_in_one_directory_have_two_locks() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let _first = LogLock::take(&dir.path().join("a.aof")).expect("free");
        let _second = LogLock::take(&dir.path().join("b.aof")).expect("free");
    }

    #[test]
    fn a_lock_file_without_a_number_has_no_holder() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = dir.path().join("appendonly.aof");
        let held = Flock::lock(
            File::create(lock_path(&log)).expect("create"),
            FlockArg::LockExclusiveNonblock,
        );
        assert!(held.is_ok());
        let error = LogLock::take(&log).expect_err("held");
        assert!(matches!(error, LockError::Held { holder: None, .. }), "{error}");
    }
}

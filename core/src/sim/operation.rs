//! What a program did to the file system, as a recorder saw it from outside.
//!
//! A recorder (a file system of our own, or a list of system calls) knows nothing of engines and
//! effects. Its list of [`Operation`]s is laid onto a [`Disk`] by [`Replay`], one after the other,
//! and the same [`crate::sim::crash`] that enumerates the disks of a simulated run enumerates those
//! of a real one.
//!
//! Time is not part of it: without a clock the kernel writes nothing back on its own, so a replay
//! knows fewer durable bytes than the medium may have had. For a promise that is the safe side.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::sim::disk::{DirectorySync, Disk, Inode, Parameters, Sync};
use crate::units::{Errno, Micros};

#[cfg(test)]
mod tests;

/// One change of a file system, in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new, empty file. `file` is the recorder's number for it, never used twice.
    Create {
        /// Its name.
        name: String,
        /// Its number.
        file: u64,
    },
    /// Bytes that were written at the end of a file, as many as the kernel took.
    Append {
        /// The file.
        file: u64,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// `ftruncate(2)` to a length that is not longer.
    Truncate {
        /// The file.
        file: u64,
        /// Its length now.
        length_bytes: u64,
    },
    /// `rename(2)`.
    Rename {
        /// The old name.
        from: String,
        /// The new one; a file of that name is replaced.
        to: String,
    },
    /// `unlink(2)`.
    Unlink {
        /// The name.
        name: String,
    },
    /// `fdatasync(2)` or `fsync(2)` was called.
    SyncBegins {
        /// The recorder's number of this call.
        call: u64,
        /// Of what.
        target: Target,
    },
    /// It returned.
    SyncEnds {
        /// The recorder's number of this call.
        call: u64,
        /// What it returned.
        result: Result<(), Errno>,
    },
    /// A client has got its reply: so many units of the workload are acknowledged now. What a unit
    /// is, is the harness's to say.
    Acknowledged {
        /// Units from the first on.
        units: u64,
    },
}

/// What a sync is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A file.
    File(u64),
    /// The directory.
    Directory,
}

/// A list that no program can have caused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// An operation on a file that was not created before.
    #[error("operation {index}: there is no file {file}")]
    NoSuchFile {
        /// Place in the list, from 0.
        index: u64,
        /// The file's number.
        file: u64,
    },
    /// An operation on a name that does not exist, or another refusal of the model.
    #[error("operation {index}: {}", errno.text())]
    Refused {
        /// Place in the list, from 0.
        index: u64,
        /// As the model says it.
        errno: Errno,
    },
    /// A sync ends that has not begun.
    #[error("operation {index}: sync {call} has not begun")]
    NoSuchSync {
        /// Place in the list, from 0.
        index: u64,
        /// The call's number.
        call: u64,
    },
}

#[derive(Clone, Copy, Debug)]
enum Running {
    File(Sync),
    Directory(DirectorySync),
}

/// A list of operations, laid onto a disk.
#[derive(Clone, Debug)]
pub struct Replay {
    disk: Disk,
    files: BTreeMap<u64, Inode>,
    syncs: BTreeMap<u64, Running>,
    acknowledged_units: u64,
    operations: u64,
}

impl Replay {
    /// An empty disk.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        Self {
            disk: Disk::new(parameters),
            files: BTreeMap::new(),
            syncs: BTreeMap::new(),
            acknowledged_units: 0,
            operations: 0,
        }
    }

    /// A file that is there before the first operation, durably.
    pub fn install(&mut self, name: &str, file: u64, content: Vec<u8>) {
        let inode = self.disk.install(name, content);
        self.files.insert(file, inode);
    }

    /// The disk after the operations so far.
    #[must_use]
    pub const fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The model's file for the recorder's number.
    #[must_use]
    pub fn inode(&self, file: u64) -> Option<Inode> {
        self.files.get(&file).copied()
    }

    /// Units that were acknowledged so far.
    #[must_use]
    pub const fn acknowledged_units(&self) -> u64 {
        self.acknowledged_units
    }

    /// Operations so far.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// Makes the next operation.
    ///
    /// # Errors
    /// When no program can have caused it; the disk is then as it was.
    pub fn apply(&mut self, operation: &Operation) -> Result<(), ReplayError> {
        let index = self.operations;
        let at = Micros(0);
        let refused = |errno| ReplayError::Refused { index, errno };
        match operation {
            Operation::Create { name, file } => {
                let inode = self.disk.open(name, at);
                // A recorder keeps files open as long as their programs do; it does not say so.
                self.disk.hold(inode);
                self.files.insert(*file, inode);
            }
            Operation::Append { file, bytes } => {
                let inode = self.known(*file)?;
                self.disk.write(inode, bytes, at).map_err(refused)?;
            }
            Operation::Truncate { file, length_bytes } => {
                let inode = self.known(*file)?;
                self.disk.truncate(inode, *length_bytes, at).map_err(refused)?;
            }
            Operation::Rename { from, to } => {
                self.disk.rename(from, to, at).map_err(refused)?;
            }
            Operation::Unlink { name } => self.disk.unlink(name, at).map_err(refused)?,
            Operation::SyncBegins { call, target } => {
                let running = match target {
                    Target::File(file) => Running::File(self.disk.begin_sync(self.known(*file)?)),
                    Target::Directory => Running::Directory(self.disk.begin_directory_sync()),
                };
                self.syncs.insert(*call, running);
            }
            Operation::SyncEnds { call, result } => {
                let missing = ReplayError::NoSuchSync { index, call: *call };
                let running = self.syncs.remove(call).ok_or(missing)?;
                self.finish(running, *result);
            }
            Operation::Acknowledged { units } => {
                self.acknowledged_units = self.acknowledged_units.max(*units);
            }
        }
        self.operations += 1;
        Ok(())
    }

    fn known(&self, file: u64) -> Result<Inode, ReplayError> {
        let missing = ReplayError::NoSuchFile { index: self.operations, file };
        self.inode(file).ok_or(missing)
    }

    /// What the recorder saw is what the model does, too: the failure of a sync is armed first.
    fn finish(&mut self, running: Running, result: Result<(), Errno>) {
        self.disk.faults.fail_next_sync = result.err();
        // The outcome is the recorder's, and known.
        let _ = match running {
            Running::File(sync) => self.disk.finish_sync(sync),
            Running::Directory(sync) => self.disk.finish_directory_sync(sync),
        };
        self.disk.faults.fail_next_sync = None;
    }
}

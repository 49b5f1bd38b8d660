//! A model of what a file system and a kernel promise, and of nothing more.
//!
//! # What is modelled
//!
//! Three facts that a program easily takes for one:
//!
//! - the *cached* content of a file: what every process reads, and what a killed process leaves;
//! - the *durable* content: what was certainly on the medium when the power went;
//! - *names*: the directory entry that leads to a file, cached and durable on its own.
//!
//! Between cached and durable stand the *pending* changes, an ordered list of appends and
//! truncations. A sync that started when the list ended at some number makes the list durable up
//! to that number and no further, however much was written while it ran. The kernel, too, writes
//! old changes back, as Linux does: it looks every 5 seconds and takes what is older than 30.
//!
//! # Faults are overlays
//!
//! A failing sync, a full disk, a short write and a slow sync never change what the model knows;
//! they only change what the next call answers. What a power cut leaves is not decided here at
//! all: [`crate::sim::crash`] lists every possibility.
//!
//! # A sync that failed
//!
//! Linux reports a failed writeback once and then treats the pages as clean: the next `fsync`
//! succeeds although the bytes never arrived. [`FailedPages::Dropped`] is that behaviour. The bytes
//! stay readable in the cache, and the medium keeps zeros in their place once the file has grown
//! past them. [`FailedPages::Kept`] is the file system that retries.
//!
//! # Not promised
//!
//! Appends and truncations only: an append-only file needs no more. Blocks, and in which order
//! their bytes arrive, are assumptions of [`crate::sim::crash`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::digest::Digest;
use crate::units::{Errno, Micros};

mod names;
mod stored;

#[cfg(test)]
mod tests;

pub use names::DirectorySync;
use names::Names;
pub use stored::{Change, Named, Origin, Pending, Stored};

/// One file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inode(pub u64);

/// What becomes of pages whose sync failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailedPages {
    /// They count as clean and never reach the medium (Linux).
    #[default]
    Dropped,
    /// They stay dirty; the next sync tries again.
    Kept,
}

/// How this disk and its kernel behave when nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// What every sync takes, in microseconds.
    pub sync_base_micros: u64,
    /// What every whole 1024 dirty bytes add to it, in microseconds.
    pub sync_per_kibibyte_micros: u64,
    /// How often the kernel looks for old changes, in microseconds.
    pub writeback_interval_micros: u64,
    /// How old a change must be for the kernel to write it on its own, in microseconds.
    pub writeback_age_micros: u64,
    /// How old a change of the directory must be for the kernel to make it durable on its own, in
    /// microseconds.
    pub names_age_micros: u64,
    /// What a failed sync does to its pages.
    pub failed_pages: FailedPages,
}

impl Default for Parameters {
    /// A common hard disk under Linux: 18 ms a sync, about 50 MB/s, `dirty_expire_centisecs` 3000
    /// and `dirty_writeback_centisecs` 500, and a journal that is committed every 5 seconds.
    fn default() -> Self {
        Self {
            sync_base_micros: 18_000,
            sync_per_kibibyte_micros: 20,
            writeback_interval_micros: 5_000_000,
            writeback_age_micros: 30_000_000,
            names_age_micros: 5_000_000,
            failed_pages: FailedPages::default(),
        }
    }
}

/// What is wrong with the disk at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The next sync to end, ends with this error.
    pub fail_next_sync: Option<Errno>,
    /// The next sync to start takes so many microseconds longer.
    pub stall_next_sync_micros: Option<u64>,
    /// Syncs (counted from 1 since the disk was made) that take longer, see
    /// [`Disk::stall_sync`].
    pub stalled_syncs_micros: BTreeMap<u64, u64>,
    /// The next write takes only half of its bytes.
    pub short_next_write: bool,
    /// All files together may hold so many bytes.
    pub capacity_bytes: Option<u64>,
}

/// A sync that has started. It covers what was written before, and nothing after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a sync makes nothing durable before it is finished"]
pub struct Sync {
    /// Which file.
    pub inode: Inode,
    /// Changes up to this number are covered.
    pub through: u64,
    /// How many bytes it has to move.
    pub dirty_bytes: u64,
    /// How long it takes, in microseconds.
    pub duration_micros: u64,
}

/// What the kernel wrote back on its own: durable lengths of one file before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Writeback {
    /// Which file.
    pub inode: Inode,
    /// Durable length before, in bytes.
    pub from_bytes: u64,
    /// Durable length after, in bytes.
    pub to_bytes: u64,
}

/// The disk of one machine: files, names, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Disk {
    parameters: Parameters,
    files: BTreeMap<Inode, Stored>,
    names: Names,
    /// How many descriptors lead to a file.
    held: BTreeMap<Inode, u32>,
    next_inode: u64,
    next_change: u64,
    syncs_started: u64,
    next_look: Micros,
    /// What the next calls will answer.
    pub faults: Faults,
}

impl Disk {
    /// An empty disk with an empty directory, both durable.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            files: BTreeMap::new(),
            names: Names::default(),
            held: BTreeMap::new(),
            // Any number would do; small inode numbers are taken on a real file system.
            next_inode: 17,
            next_change: 1,
            syncs_started: 0,
            next_look: Micros(parameters.writeback_interval_micros),
            faults: Faults::default(),
        }
    }

    /// How this disk behaves.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// A file that has been there for long: content and name are durable.
    pub fn install(&mut self, name: &str, content: Vec<u8>) -> Inode {
        let inode = self.fresh_inode();
        self.files.insert(inode, Stored::holding(content));
        self.names.install(name, inode);
        inode
    }

    /// A new file takes the name from whatever had it, and is synced with its name: so is every
    /// change of names before.
    pub fn replace(&mut self, name: &str, content: Vec<u8>) -> Inode {
        self.names.settle(|_| true);
        self.install(name, content)
    }

    /// Says how the bytes of a file and positions in the log go together.
    pub fn set_origin(&mut self, inode: Inode, origin: Origin) {
        if let Some(stored) = self.files.get_mut(&inode) {
            stored.origin = origin;
        }
    }

    /// One file.
    #[must_use]
    pub fn file(&self, inode: Inode) -> Option<&Stored> {
        self.files.get(&inode)
    }

    /// Bytes of all files together, but for those that no process can see any more.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        let taken = |inode: &Inode| self.is_held(*inode) || self.is_named(*inode);
        let files = self.files.iter().filter(|(inode, _)| taken(inode));
        files.map(|(_, stored)| stored.cached.len() as u64).sum()
    }

    /// `write(2)` at the end of a file.
    ///
    /// # Errors
    /// `ENOSPC` when not one byte fits, `EBADF` for a file that does not exist. A disk with a
    /// little room takes what fits and says so, as Linux does.
    pub fn write(&mut self, inode: Inode, bytes: &[u8], at: Micros) -> Result<u64, Errno> {
        let mut taken = bytes.len();
        if std::mem::take(&mut self.faults.short_next_write) {
            taken = taken.div_ceil(2).min(taken.saturating_sub(1)).max(1).min(taken);
        }
        if let Some(capacity) = self.faults.capacity_bytes {
            let room = capacity.saturating_sub(self.used_bytes());
            if room == 0 && taken > 0 {
                return Err(Errno::ENOSPC);
            }
            taken = taken.min(usize::try_from(room).unwrap_or(usize::MAX));
        }
        let bytes = &bytes[..taken];
        let stored = self.files.get_mut(&inode).ok_or(Errno(9))?;
        Arc::make_mut(&mut stored.cached).extend_from_slice(bytes);
        if taken > 0 {
            self.change(inode, at, Change::Append(bytes.into()));
        }
        Ok(taken as u64)
    }

    /// `ftruncate(2)` to a length that is not longer.
    ///
    /// # Errors
    /// `EBADF` for a file that does not exist, `EINVAL` for a longer length.
    pub fn truncate(&mut self, inode: Inode, length_bytes: u64, at: Micros) -> Result<(), Errno> {
        let stored = self.files.get_mut(&inode).ok_or(Errno(9))?;
        let length = usize::try_from(length_bytes).map_err(|_| Errno(22))?;
        if length > stored.cached.len() {
            return Err(Errno(22));
        }
        if length < stored.cached.len() {
            Arc::make_mut(&mut stored.cached).truncate(length);
            self.change(inode, at, Change::Truncate(length_bytes));
        }
        Ok(())
    }

    /// The `nth` sync from now (counted from 1) will take so many microseconds longer.
    pub fn stall_sync(&mut self, nth: u64, micros: u64) {
        self.faults.stalled_syncs_micros.insert(self.syncs_started + nth, micros);
    }

    /// `fdatasync(2)` begins: what is pending now is what it covers.
    pub fn begin_sync(&mut self, inode: Inode) -> Sync {
        self.syncs_started += 1;
        let dirty_bytes = self.files.get(&inode).map_or(0, Stored::dirty_bytes);
        let stall = self.faults.stall_next_sync_micros.take().unwrap_or(0)
            + self.faults.stalled_syncs_micros.remove(&self.syncs_started).unwrap_or(0);
        Sync {
            inode,
            through: self.next_change - 1,
            dirty_bytes,
            duration_micros: self.parameters.sync_base_micros
                + (dirty_bytes / 1024).saturating_mul(self.parameters.sync_per_kibibyte_micros)
                + stall,
        }
    }

    /// `fdatasync(2)` returns.
    ///
    /// # Errors
    /// The armed fault. Its pages are then dropped or stay dirty, see [`FailedPages`].
    pub fn finish_sync(&mut self, sync: Sync) -> Result<(), Errno> {
        let stored = self.files.get_mut(&sync.inode).ok_or(Errno(9))?;
        if let Some(errno) = self.faults.fail_next_sync.take() {
            if self.parameters.failed_pages == FailedPages::Dropped {
                for pending in stored.pending.iter_mut().filter(|p| p.number <= sync.through) {
                    // A truncation is metadata: it is in the journal, not in the pages.
                    pending.dropped = matches!(pending.change, Change::Append(_));
                }
            }
            return Err(errno);
        }
        let through = last_dirty(&stored.pending, |pending| pending.number <= sync.through);
        stored.settle(through);
        Ok(())
    }

    /// When the kernel will next find something old enough to write back, if there is anything.
    #[must_use]
    pub fn next_writeback(&self) -> Option<Micros> {
        let oldest = self
            .files
            .values()
            .filter_map(|stored| stored.pending.iter().find(|pending| !pending.dropped))
            .map(|pending| pending.at.0.saturating_add(self.parameters.writeback_age_micros));
        let names = self.names.oldest_change();
        let names = names.map(|at| at.0.saturating_add(self.parameters.names_age_micros));
        let ripe = oldest.chain(names).min()?;
        let interval = self.parameters.writeback_interval_micros.max(1);
        let late = ripe.saturating_sub(self.next_look.0);
        Some(Micros(self.next_look.0.saturating_add(late.div_ceil(interval) * interval)))
    }

    /// The kernel looks: changes that are old enough become durable. Names, too: see
    /// [`Self::names_differ`].
    pub fn writeback(&mut self, now: Micros) -> Vec<Writeback> {
        let interval = self.parameters.writeback_interval_micros.max(1);
        let age = self.parameters.writeback_age_micros;
        self.next_look = Micros((now.0 / interval).saturating_add(1).saturating_mul(interval));
        let names_age = self.parameters.names_age_micros;
        self.names.settle(|change| now.since(change.at) >= names_age);
        self.sweep();
        let mut done = Vec::new();
        for (inode, stored) in &mut self.files {
            let through = last_dirty(&stored.pending, |pending| now.since(pending.at) >= age);
            let from_bytes = stored.durable.len() as u64;
            stored.settle(through);
            let to_bytes = stored.durable.len() as u64;
            if from_bytes != to_bytes {
                done.push(Writeback { inode: *inode, from_bytes, to_bytes });
            }
        }
        done
    }

    /// Adds everything that this disk knows to a digest.
    pub fn digest_into(&self, digest: &mut Digest) {
        self.names.digest_into(digest);
        for (inode, count) in &self.held {
            digest.put_u64(inode.0);
            digest.put_u32(*count);
        }
        for (inode, stored) in &self.files {
            digest.put_u64(inode.0);
            digest.put_bytes(&stored.durable);
            digest.put_bytes(&stored.cached);
            digest.put_u64(stored.pending.len() as u64);
            for pending in &stored.pending {
                digest.put_u64(pending.number);
                digest.put_u64(pending.at.0);
                digest.put_bool(pending.dropped);
                match &pending.change {
                    Change::Append(bytes) => digest.put_bytes(bytes),
                    Change::Truncate(length_bytes) => digest.put_u64(*length_bytes),
                }
            }
        }
        digest.put_i64(self.faults.fail_next_sync.map_or(0, |errno| errno.0.into()));
        digest.put_optional_u64(self.faults.stall_next_sync_micros);
        digest.put_bool(self.faults.short_next_write);
        digest.put_optional_u64(self.faults.capacity_bytes);
        digest.put_u64(self.syncs_started);
        digest.put_u64(self.next_look.0);
    }

    fn fresh_inode(&mut self) -> Inode {
        let inode = Inode(self.next_inode);
        self.next_inode += 1;
        inode
    }

    fn change(&mut self, inode: Inode, at: Micros, change: Change) {
        let number = self.next_change;
        self.next_change += 1;
        if let Some(stored) = self.files.get_mut(&inode) {
            stored.pending.push_back(Pending { number, at, change, dropped: false });
        }
    }
}

/// The number of the last change that is covered and not dropped, 0 for none. Dropped pages reach
/// the medium as zeros only when something behind them makes the file longer.
fn last_dirty(pending: &VecDeque<Pending>, covered: impl Fn(&Pending) -> bool) -> u64 {
    pending
        .iter()
        .take_while(|pending| covered(pending))
        .filter(|pending| !pending.dropped)
        .map(|pending| pending.number)
        .last()
        .unwrap_or(0)
}

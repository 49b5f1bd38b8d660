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
//! Appends and truncations only: an append-only file needs no more. Order between files and block
//! tearing inside one write belong to disk models that do not exist yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::digest::Digest;
use crate::units::{Errno, Micros};

#[cfg(test)]
mod tests;

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
    /// What a failed sync does to its pages.
    pub failed_pages: FailedPages,
}

impl Default for Parameters {
    /// A common hard disk under Linux: 18 ms a sync, about 50 MB/s, `dirty_expire_centisecs` 3000
    /// and `dirty_writeback_centisecs` 500.
    fn default() -> Self {
        Self {
            sync_base_micros: 18_000,
            sync_per_kibibyte_micros: 20,
            writeback_interval_micros: 5_000_000,
            writeback_age_micros: 30_000_000,
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

/// A change that is in the cache and not certainly on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its place in the order of all changes of this disk.
    pub number: u64,
    /// When it was made.
    pub at: Micros,
    /// What it does.
    pub change: Change,
    /// A sync of it failed and its pages count as clean: the medium will only ever show zeros.
    pub dropped: bool,
}

/// What a pending change does to the content of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Bytes at the end.
    Append(Arc<[u8]>),
    /// The file now ends here.
    Truncate(u64),
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

/// One file: what is durable, what is pending, what is cached.
#[derive(Clone, Debug)]
pub struct Stored {
    durable: Arc<Vec<u8>>,
    pending: VecDeque<Pending>,
    /// Kept beside `durable` and `pending`, because dropped pages are readable and yet will never
    /// be part of either.
    cached: Arc<Vec<u8>>,
    /// Where the first zeros of dropped pages stand in `durable`.
    zeros_from: Option<u64>,
}

impl Stored {
    fn holding(content: Vec<u8>) -> Self {
        let durable = Arc::new(content);
        let cached = Arc::clone(&durable);
        Self { durable, pending: VecDeque::new(), cached, zeros_from: None }
    }

    /// What is certainly on the medium.
    #[must_use]
    pub fn durable(&self) -> &[u8] {
        &self.durable
    }

    /// What a process reads.
    #[must_use]
    pub fn cached(&self) -> &[u8] {
        &self.cached
    }

    /// Changes between the two, oldest first.
    pub fn pending(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.pending.iter()
    }

    /// Bytes of changes that wait for a sync or for the kernel.
    #[must_use]
    pub fn dirty_bytes(&self) -> u64 {
        self.pending
            .iter()
            .filter(|pending| !pending.dropped)
            .map(|pending| match &pending.change {
                Change::Append(bytes) => bytes.len() as u64,
                Change::Truncate(_) => 0,
            })
            .sum()
    }

    /// How much of the cached content is certainly on the medium as it is, in bytes: up to the
    /// end of the durable content, its first zeros, or where a pending truncation cuts.
    #[must_use]
    pub fn durable_upto(&self) -> u64 {
        let cut = self.pending.iter().filter_map(|pending| match pending.change {
            Change::Truncate(length_bytes) => Some(length_bytes),
            Change::Append(_) => None,
        });
        let lengths = [self.durable.len() as u64, self.cached.len() as u64];
        lengths.into_iter().chain(self.zeros_from).chain(cut).min().unwrap_or(0)
    }

    /// First byte that a failed sync has lost for good, if there is one: the cache shows it, the
    /// medium has zeros or will have them.
    #[must_use]
    pub fn lost_from(&self) -> Option<u64> {
        let mut end = self.durable.len() as u64;
        let mut lost = self.zeros_from;
        for pending in &self.pending {
            match &pending.change {
                Change::Append(bytes) => {
                    if pending.dropped {
                        lost.get_or_insert(end);
                    }
                    end += bytes.len() as u64;
                }
                Change::Truncate(length_bytes) => {
                    end = end.min(*length_bytes);
                    lost = lost.filter(|from| *from < end);
                }
            }
        }
        lost
    }

    /// Makes the pending changes up to `through` durable.
    fn settle(&mut self, through: u64) {
        while self.pending.front().is_some_and(|pending| pending.number <= through) {
            let Some(pending) = self.pending.pop_front() else { return };
            let before = self.durable.len() as u64;
            if pending.dropped {
                self.zeros_from.get_or_insert(before);
            }
            pending.apply_to(Arc::make_mut(&mut self.durable));
            let after = self.durable.len() as u64;
            self.zeros_from = self.zeros_from.filter(|from| *from < after);
        }
    }
}

impl Pending {
    /// Makes this change to what the medium holds.
    pub fn apply_to(&self, content: &mut Vec<u8>) {
        match &self.change {
            Change::Append(bytes) if self.dropped => {
                content.resize(content.len() + bytes.len(), 0);
            }
            Change::Append(bytes) => content.extend_from_slice(bytes),
            // A shorter file stays as it is: truncation never makes one longer here.
            Change::Truncate(length_bytes) => {
                content.truncate(usize::try_from(*length_bytes).unwrap_or(usize::MAX));
            }
        }
    }
}

/// The disk of one machine: files, names, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Disk {
    parameters: Parameters,
    files: BTreeMap<Inode, Stored>,
    cached_names: BTreeMap<String, Inode>,
    durable_names: BTreeMap<String, Inode>,
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
            cached_names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
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
        self.cached_names.insert(name.to_owned(), inode);
        self.durable_names.insert(name.to_owned(), inode);
        inode
    }

    /// `open(2)` with `O_CREAT | O_APPEND`: the file of that name, made when it is missing. A new
    /// name is only in the cache until the directory is synced.
    pub fn open(&mut self, name: &str) -> Inode {
        if let Some(inode) = self.cached_names.get(name) {
            return *inode;
        }
        let inode = self.fresh_inode();
        self.files.insert(inode, Stored::holding(Vec::new()));
        self.cached_names.insert(name.to_owned(), inode);
        inode
    }

    /// The file of that name as processes see it.
    #[must_use]
    pub fn cached_name(&self, name: &str) -> Option<Inode> {
        self.cached_names.get(name).copied()
    }

    /// The file of that name as the medium has it.
    #[must_use]
    pub fn durable_name(&self, name: &str) -> Option<Inode> {
        self.durable_names.get(name).copied()
    }

    /// Every name that is cached or durable, in order.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.cached_names.keys().chain(self.durable_names.keys()).map(String::as_str).collect()
    }

    /// One file.
    #[must_use]
    pub fn file(&self, inode: Inode) -> Option<&Stored> {
        self.files.get(&inode)
    }

    /// Bytes of all files together.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.files.values().map(|stored| stored.cached.len() as u64).sum()
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

    /// `fsync(2)` of the directory: cached names become durable.
    ///
    /// # Errors
    /// The armed fault.
    pub fn sync_directory(&mut self) -> Result<(), Errno> {
        if let Some(errno) = self.faults.fail_next_sync.take() {
            return Err(errno);
        }
        self.durable_names.clone_from(&self.cached_names);
        Ok(())
    }

    /// When the kernel will next find something old enough to write back, if there is anything.
    #[must_use]
    pub fn next_writeback(&self) -> Option<Micros> {
        let oldest = self
            .files
            .values()
            .filter_map(|stored| stored.pending.iter().find(|pending| !pending.dropped))
            .map(|pending| pending.at)
            .min()?;
        let ripe = oldest.0.saturating_add(self.parameters.writeback_age_micros);
        let interval = self.parameters.writeback_interval_micros.max(1);
        let late = ripe.saturating_sub(self.next_look.0);
        Some(Micros(self.next_look.0.saturating_add(late.div_ceil(interval) * interval)))
    }

    /// The kernel looks: changes that are old enough become durable.
    pub fn writeback(&mut self, now: Micros) -> Vec<Writeback> {
        let interval = self.parameters.writeback_interval_micros.max(1);
        let age = self.parameters.writeback_age_micros;
        self.next_look = Micros((now.0 / interval).saturating_add(1).saturating_mul(interval));
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

    /// The power came back, and this is what is on the medium: the file of that name holds
    /// exactly this content, or does not exist. Caches are empty; faults went with the power.
    pub fn restart_with(&mut self, name: &str, content: Option<Vec<u8>>) {
        self.faults = Faults::default();
        self.cached_names.remove(name);
        self.durable_names.remove(name);
        if let Some(content) = content {
            self.install(name, content);
        }
        let named: BTreeSet<Inode> = self.cached_names.values().copied().collect();
        self.files.retain(|inode, _| named.contains(inode));
    }

    /// Adds everything that this disk knows to a digest.
    pub fn digest_into(&self, digest: &mut Digest) {
        for names in [&self.cached_names, &self.durable_names] {
            digest.put_u64(names.len() as u64);
            for (name, inode) in names {
                digest.put_bytes(name.as_bytes());
                digest.put_u64(inode.0);
            }
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

//! Names: entries of the one directory, cached and durable on their own.
//!
//! Between the two stands an ordered list of changes, as for a file. A rename is one change,
//! although it touches two names: no failure shows half of it. A sync of the directory that
//! started when the list ended somewhere makes it durable up to there. The kernel commits old
//! changes on its own, after the few seconds of a file system's journal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::digest::Digest;
use crate::sim::disk::{Disk, Inode, Named, Origin, Stored};
use crate::units::{Errno, Micros};

/// "No such file or directory".
const NO_SUCH_NAME: Errno = Errno(2);

/// A change of the directory that is not certainly on the medium.
#[derive(Clone, Debug)]
pub(super) struct NameChange {
    number: u64,
    pub(super) at: Micros,
    /// Where names lead after it.
    entries: Vec<(String, Option<Inode>)>,
}

/// The directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    cached: BTreeMap<String, Inode>,
    durable: BTreeMap<String, Inode>,
    pending: VecDeque<NameChange>,
    next_number: u64,
}

impl Names {
    pub(super) fn install(&mut self, name: &str, inode: Inode) {
        self.cached.insert(name.to_owned(), inode);
        self.durable.insert(name.to_owned(), inode);
    }

    fn change(&mut self, at: Micros, entries: Vec<(String, Option<Inode>)>) {
        for (name, inode) in &entries {
            apply(&mut self.cached, name, *inode);
        }
        self.next_number += 1;
        self.pending.push_back(NameChange { number: self.next_number, at, entries });
    }

    /// Makes the oldest changes durable for as long as they are `covered`.
    pub(super) fn settle(&mut self, covered: impl Fn(&NameChange) -> bool) {
        while self.pending.front().is_some_and(&covered) {
            let Some(change) = self.pending.pop_front() else { return };
            for (name, inode) in &change.entries {
                apply(&mut self.durable, name, *inode);
            }
        }
    }

    pub(super) fn oldest_change(&self) -> Option<Micros> {
        self.pending.front().map(|change| change.at)
    }

    fn lead_to(&self, inode: Inode) -> bool {
        let entries = self.pending.iter().flat_map(|change| &change.entries);
        let known = self.cached.values().chain(self.durable.values()).copied();
        known.chain(entries.filter_map(|(_, inode)| *inode)).any(|known| known == inode)
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        for names in [&self.cached, &self.durable] {
            digest.put_count(names.len());
            for (name, inode) in names {
                digest.put_bytes(name.as_bytes());
                digest.put_u64(inode.0);
            }
        }
        digest.put_count(self.pending.len());
        for change in &self.pending {
            digest.put_u64(change.at.0);
            for (name, inode) in &change.entries {
                digest.put_bytes(name.as_bytes());
                digest.put_u64(inode.map_or(0, |inode| inode.0));
            }
        }
    }
}

fn apply(names: &mut BTreeMap<String, Inode>, name: &str, inode: Option<Inode>) {
    match inode {
        Some(inode) => names.insert(name.to_owned(), inode),
        None => names.remove(name),
    };
}

/// A sync of the directory that has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a sync makes nothing durable before it is finished"]
pub struct DirectorySync {
    through: u64,
}

impl Disk {
    /// `open(2)` with `O_CREAT | O_APPEND`: the file of that name, made when it is missing. A new
    /// name is only in the cache until the directory is synced.
    pub fn open(&mut self, name: &str, at: Micros) -> Inode {
        if let Some(inode) = self.cached_name(name) {
            return inode;
        }
        let inode = self.fresh_inode();
        self.files.insert(inode, Stored::holding(Vec::new()));
        self.remember_name(name, inode);
        self.names.change(at, vec![(name.to_owned(), Some(inode))]);
        inode
    }

    /// Before a name leads to a file: what had been written then, for models in which lengths and
    /// names are in one journal.
    fn remember_name(&mut self, name: &str, inode: Inode) {
        let replaced = self.cached_name(name).is_some_and(|other| other != inode);
        let was_there = self.durable_name(name) == Some(inode);
        let through = self.next_change - 1;
        if let Some(stored) = self.files.get_mut(&inode)
            && !was_there
            && stored.named(name).is_none()
        {
            stored.named.push(Named { name: name.to_owned(), through, replaced });
        }
    }

    /// The file of that name as processes see it.
    #[must_use]
    pub fn cached_name(&self, name: &str) -> Option<Inode> {
        self.names.cached.get(name).copied()
    }

    /// The file of that name as the medium has it.
    #[must_use]
    pub fn durable_name(&self, name: &str) -> Option<Inode> {
        self.names.durable.get(name).copied()
    }

    /// Whether a power cut may show another directory than processes see.
    #[must_use]
    pub fn names_differ(&self) -> bool {
        !self.names.pending.is_empty()
    }

    /// Where this name may lead after a power cut: as the medium has it, or after any change that
    /// may have arrived; the last one is what processes see.
    #[must_use]
    pub fn possible_inodes(&self, name: &str) -> Vec<Option<Inode>> {
        let mut possible = vec![self.durable_name(name)];
        for change in &self.names.pending {
            let entries = change.entries.iter().filter(|(other, _)| other == name);
            possible.extend(entries.map(|(_, inode)| *inode));
        }
        possible.dedup();
        possible
    }

    /// Changes of the directory that are not certainly on the medium, oldest first: where which
    /// names lead after each.
    pub fn name_changes(
        &self,
    ) -> impl Iterator<Item = impl Iterator<Item = (&str, Option<Inode>)>> {
        self.names
            .pending
            .iter()
            .map(|change| change.entries.iter().map(|(name, inode)| (name.as_str(), *inode)))
    }

    /// Every name that is cached or durable, in order.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let names = self.names.cached.keys().chain(self.names.durable.keys());
        names.map(String::as_str).collect()
    }

    /// `rename(2)`: `to` leads where `from` led, and `from` is gone.
    ///
    /// # Errors
    /// `ENOENT` when there is no such name.
    pub fn rename(&mut self, from: &str, to: &str, at: Micros) -> Result<(), Errno> {
        let inode = self.cached_name(from).ok_or(NO_SUCH_NAME)?;
        self.remember_name(to, inode);
        self.names.change(at, vec![(to.to_owned(), Some(inode)), (from.to_owned(), None)]);
        self.sweep();
        Ok(())
    }

    /// `unlink(2)`.
    ///
    /// # Errors
    /// `ENOENT` when there is no such name.
    pub fn unlink(&mut self, name: &str, at: Micros) -> Result<(), Errno> {
        self.cached_name(name).ok_or(NO_SUCH_NAME)?;
        self.names.change(at, vec![(name.to_owned(), None)]);
        self.sweep();
        Ok(())
    }

    /// `fsync(2)` of the directory begins: what is pending now is what it covers.
    pub const fn begin_directory_sync(&self) -> DirectorySync {
        DirectorySync { through: self.names.next_number }
    }

    /// `fsync(2)` of the directory returns: the names that it covers are durable.
    ///
    /// # Errors
    /// The armed fault. What was pending stays so, and a later sync may succeed: a journal keeps
    /// its changes.
    pub fn finish_directory_sync(&mut self, sync: DirectorySync) -> Result<(), Errno> {
        if let Some(errno) = self.faults.fail_next_sync.take() {
            return Err(errno);
        }
        self.names.settle(|change| change.number <= sync.through);
        self.sweep();
        Ok(())
    }

    /// Both at once.
    ///
    /// # Errors
    /// As [`Self::finish_directory_sync`].
    pub fn sync_directory(&mut self) -> Result<(), Errno> {
        let sync = self.begin_directory_sync();
        self.finish_directory_sync(sync)
    }

    /// A descriptor leads to this file from now on.
    pub fn hold(&mut self, inode: Inode) {
        *self.held.entry(inode).or_default() += 1;
    }

    /// One descriptor less. Returns whether the file's room is free now.
    pub fn release(&mut self, inode: Inode) -> bool {
        if let Some(count) = self.held.get_mut(&inode) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&inode);
            }
        }
        let freed = !self.is_held(inode) && !self.is_named(inode);
        self.sweep();
        freed
    }

    pub(super) fn is_held(&self, inode: Inode) -> bool {
        self.held.contains_key(&inode)
    }

    /// Whether processes see a name of this file.
    pub(super) fn is_named(&self, inode: Inode) -> bool {
        self.names.cached.values().any(|known| *known == inode)
    }

    /// Forgets files that nothing can lead to any more.
    pub(super) fn sweep(&mut self) {
        let (names, held) = (&self.names, &self.held);
        self.files.retain(|inode, _| held.contains_key(inode) || names.lead_to(*inode));
    }

    /// The power came back, and this is what is on the medium: the file of that name holds exactly
    /// this content, or does not exist. `inode` is the file that the content was one of, which says
    /// how many changes of the directory had arrived. Other files hold what was durable. Caches are
    /// empty; faults and descriptors went with the power.
    pub fn restart_with(&mut self, name: &str, content: Option<Vec<u8>>, inode: Option<Inode>) {
        self.faults = super::Faults::default();
        self.held.clear();
        let arrived =
            self.names.pending.iter().rev().find(|change| {
                change.entries.iter().any(|(other, to)| other == name && *to == inode)
            });
        let through = if self.durable_name(name) == inode {
            0
        } else {
            arrived.map_or(0, |change| change.number)
        };
        self.names.settle(|change| change.number <= through);
        self.names.pending.clear();
        self.names.cached = self.names.durable.clone();
        let origin =
            inode.and_then(|inode| self.file(inode)).map_or(Origin::default(), |file| file.origin);
        for stored in self.files.values_mut() {
            let origin = stored.origin;
            *stored = Stored::holding(stored.durable.to_vec());
            stored.origin = origin;
        }
        self.names.cached.remove(name);
        self.names.durable.remove(name);
        if let Some(content) = content {
            let inode = self.install(name, content);
            self.set_origin(inode, origin);
        }
        self.sweep();
    }
}

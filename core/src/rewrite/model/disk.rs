//! Contents and names, each cached and durable on its own.
//!
//! [`crate::sim::disk`] knows more: times, numbers, torn writes that were taken back. Here every
//! such difference would be one more state with the same future, so only the facts remain that
//! decide what a failure leaves.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::digest::Digest;
use crate::rewrite::names::FileName;

/// A file, whatever its name.
pub(super) type Inode = usize;

/// The content of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    cached: Vec<u8>,
    /// Settled up to here: nothing before it waits for a sync any more.
    settled: usize,
    /// Pages whose sync failed. They count as clean, and the medium has zeros there.
    dropped: Vec<Range<usize>>,
}

impl Stored {
    pub(super) fn durable(content: Vec<u8>) -> Self {
        Self { settled: content.len(), cached: content, dropped: Vec::new() }
    }

    pub(super) fn cached(&self) -> &[u8] {
        &self.cached
    }

    pub(super) fn length(&self) -> usize {
        self.cached.len()
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.cached.extend_from_slice(bytes);
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.cached.truncate(length);
        self.settled = self.settled.min(length);
        self.dropped.retain(|range| range.start < length);
    }

    /// A sync that covers the first `covers` bytes ends.
    pub(super) fn sync(&mut self, covers: usize, succeeds: bool) {
        let covers = covers.min(self.cached.len());
        if covers <= self.settled {
            return;
        }
        if !succeeds {
            self.dropped.push(self.settled..covers);
        }
        self.settled = covers;
    }

    /// What the medium holds when all of it has arrived.
    pub(super) fn on_medium(&self) -> Vec<u8> {
        let mut content = self.cached.clone();
        for range in &self.dropped {
            let end = range.end.min(content.len());
            content[range.start.min(end)..end].fill(0);
        }
        content
    }

    /// The shortest length that a power cut may leave. Dropped pages at the end count as clean
    /// and never make the file longer.
    pub(super) fn shortest(&self) -> usize {
        let mut shortest = self.settled;
        for range in self.dropped.iter().rev() {
            if range.end >= shortest {
                shortest = shortest.min(range.start);
            }
        }
        shortest
    }
}

/// Files and the two sets of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    files: Vec<Stored>,
    cached_names: BTreeMap<FileName, Inode>,
    durable_names: BTreeMap<FileName, Inode>,
    /// Counts changes; no part of the state.
    version: u64,
}

impl Disk {
    /// A file that has been there for long.
    pub(super) fn install(&mut self, name: FileName, content: Vec<u8>) -> Inode {
        let inode = self.create(name);
        self.files[inode] = Stored::durable(content);
        self.durable_names.insert(name, inode);
        inode
    }

    /// A new, empty file under a name that only the cache knows.
    pub(super) fn create(&mut self, name: FileName) -> Inode {
        self.version += 1;
        self.files.push(Stored::default());
        let inode = self.files.len() - 1;
        self.cached_names.insert(name, inode);
        inode
    }

    pub(super) fn lookup(&self, name: FileName) -> Option<Inode> {
        self.cached_names.get(&name).copied()
    }

    pub(super) fn lookup_durable(&self, name: FileName) -> Option<Inode> {
        self.durable_names.get(&name).copied()
    }

    pub(super) fn file(&self, inode: Inode) -> &Stored {
        &self.files[inode]
    }

    pub(super) fn file_mut(&mut self, inode: Inode) -> &mut Stored {
        self.version += 1;
        &mut self.files[inode]
    }

    /// False when there is no such name.
    pub(super) fn rename(&mut self, from: FileName, to: FileName) -> bool {
        self.version += 1;
        let inode = self.cached_names.remove(&from);
        if let Some(inode) = inode {
            self.cached_names.insert(to, inode);
        }
        inode.is_some()
    }

    pub(super) fn unlink(&mut self, name: FileName) {
        self.version += 1;
        self.cached_names.remove(&name);
    }

    pub(super) fn sync_directory(&mut self) {
        self.version += 1;
        self.durable_names.clone_from(&self.cached_names);
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn names(&self) -> impl Iterator<Item = FileName> + '_ {
        self.cached_names.keys().copied()
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        digest.put_bytes(format!("{:?} {:?}", self.cached_names, self.durable_names).as_bytes());
        for file in &self.files {
            digest.put_bytes(&file.cached);
            digest.put_count(file.settled);
            digest.put_count(file.dropped.len());
            for range in &file.dropped {
                digest.put_count(range.start);
                digest.put_count(range.end);
            }
        }
    }
}

//! One file: what is durable, what is pending, what is cached.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::units::Micros;

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

/// How the bytes of a file and positions in the log go together: from `offset` on the file holds
/// what the log held from `position` on. What stands before it is a dataset, whole only together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Bytes of the file.
    pub offset: u64,
    /// Position in the log.
    pub position: u64,
}

impl Origin {
    /// A file whose dataset is not complete.
    pub const NOWHERE: Self = Self { offset: u64::MAX, position: 0 };

    /// Up to which position in the log a file of this length describes everything, none if it
    /// does not even hold the dataset with which it begins.
    #[must_use]
    pub const fn position_of(self, length_bytes: u64) -> Option<u64> {
        if length_bytes < self.offset {
            None
        } else {
            Some(self.position.saturating_add(length_bytes - self.offset))
        }
    }
}

/// One file: what is durable, what is pending, what is cached.
#[derive(Clone, Debug)]
pub struct Stored {
    pub(super) durable: Arc<Vec<u8>>,
    pub(super) pending: VecDeque<Pending>,
    /// Kept beside `durable` and `pending`, because dropped pages are readable and yet will never
    /// be part of either.
    pub(super) cached: Arc<Vec<u8>>,
    /// Where the first zeros of dropped pages stand in `durable`.
    zeros_from: Option<u64>,
    /// The world's memory, and no part of the file.
    pub(super) origin: Origin,
    /// How its names came to it, but for those that are older than this model.
    pub(super) named: Vec<Named>,
}

/// A change of the directory that gave a file one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Changes of files up to this number had been made then.
    pub through: u64,
    /// The name led to another file before.
    pub replaced: bool,
}

impl Stored {
    pub(super) fn holding(content: Vec<u8>) -> Self {
        let durable = Arc::new(content);
        let cached = Arc::clone(&durable);
        Self {
            durable,
            pending: VecDeque::new(),
            cached,
            zeros_from: None,
            origin: Origin::default(),
            named: Vec::new(),
        }
    }

    /// The first change that gave it this name: has the name arrived, then so has this change.
    /// Nothing if the name was always there.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Named> {
        self.named.iter().find(|named| named.name == name)
    }

    /// What is certainly on the medium.
    #[must_use]
    pub fn durable(&self) -> &[u8] {
        &self.durable
    }

    /// The same, to be kept without a copy.
    #[must_use]
    pub fn shared_durable(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.durable)
    }

    /// What a process reads.
    #[must_use]
    pub fn cached(&self) -> &[u8] {
        &self.cached
    }

    /// The same, to be kept without a copy.
    #[must_use]
    pub fn shared_cached(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.cached)
    }

    /// How its bytes and positions in the log go together.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
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
    pub(super) fn settle(&mut self, through: u64) {
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

//! What every possible disk recovers to, and whether the promise is kept on all of them.
//!
//! Each image goes through the same [`Start`] that a real server performs; images of one file that
//! lead to the same dataset form a group. The dataset is then judged by [`crate::promise::check`]
//! against what was executed.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::Class;
use crate::promise::{Breach, History, Promise, Recovered, check};
use crate::sim::crash::{Image, Images};
use crate::sim::disk::Inode;
use crate::start::{Opened, Removal, Start, StartAction, StartError, StartStep};

/// What one image leads to.
#[derive(Clone, Debug)]
pub enum Recovery {
    /// A dataset.
    Loaded {
        /// It.
        keyspace: Box<Keyspace>,
        /// Length of what was loaded, in bytes.
        length_bytes: u64,
        /// Commands that were loaded.
        commands: u64,
    },
    /// The server refuses to start.
    Refused(Box<StartError>),
}

impl Recovery {
    /// What the promise check asks for.
    #[must_use]
    pub fn judged(&self) -> Recovered {
        match self {
            Self::Loaded { keyspace, .. } => Recovered::Dataset(keyspace.content_digest()),
            Self::Refused(_) => Recovered::Refused,
        }
    }

    /// Length of what was loaded, nothing if the loader refused.
    #[must_use]
    pub fn length_bytes(&self) -> Option<u64> {
        match self {
            Self::Loaded { length_bytes, .. } => Some(*length_bytes),
            Self::Refused(_) => None,
        }
    }
}

/// Starts a server from one image, on a disk without faults.
#[must_use]
pub fn recover(content: Option<&[u8]>, config: &Config, seed: u64) -> Recovery {
    let keyspace = Keyspace::new(seed);
    let mut start = Start::new(Executor::new(config.clone(), keyspace, seed));
    match drive(&mut start, content) {
        Ok(()) => match start.into_started() {
            Ok(started) => Recovery::Loaded {
                keyspace: Box::new(started.executor.keyspace),
                length_bytes: started.length_bytes,
                commands: started.commands,
            },
            Err(error) => Recovery::Refused(Box::new(error)),
        },
        Err(error) => Recovery::Refused(Box::new(error)),
    }
}

fn drive(start: &mut Start, content: Option<&[u8]>) -> Result<(), StartError> {
    let bytes = content.unwrap_or_default();
    loop {
        match start.next_step()? {
            StartStep::Loaded(_) => {}
            StartStep::Ready => return Ok(()),
            StartStep::Perform(StartAction::Open) => {
                let created = content.is_none();
                start.opened(Ok(Opened { created, size_bytes: bytes.len() as u64 }))?;
            }
            StartStep::Perform(StartAction::Read { offset, max_bytes }) => {
                start.read(Ok(piece(bytes, offset, max_bytes)))?;
            }
            StartStep::Perform(
                StartAction::Truncate { .. } | StartAction::SyncFile | StartAction::SyncDirectory,
            ) => start.done(Ok(()))?,
            // An image of one file has nothing beside it.
            StartStep::Perform(StartAction::FindOrphans) => start.found([])?,
            StartStep::Perform(StartAction::Remove { .. }) => start.removed(Removal::Removed)?,
        }
    }
}

/// What a read of at most `max_bytes` at `offset` gives.
pub(crate) fn piece(bytes: &[u8], offset: u64, max_bytes: usize) -> &[u8] {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let to = from.saturating_add(max_bytes).min(bytes.len());
    &bytes[from..to]
}

/// Images of one file that lead to the same dataset, or are refused for the same class of reason.
#[derive(Clone, Debug)]
pub struct Group {
    /// How many.
    pub images: usize,
    /// Length of the shortest, in bytes.
    pub shortest: u64,
    /// Length of the longest, in bytes.
    pub longest: u64,
    /// The first of them.
    pub witness: Image,
    /// The longest of them.
    pub example: Image,
    /// What it leads to.
    pub recovery: Recovery,
    /// How many units it keeps, or how it breaks the promise.
    pub judgement: Result<usize, Breach>,
}

impl Group {
    /// Up to which position in the log its shortest image was loaded; nothing if it was refused.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        let length_bytes = self.recovery.length_bytes()?;
        Some(self.witness.origin.position_of(length_bytes).unwrap_or(0))
    }
}

/// All images of a failure, grouped.
#[derive(Clone, Debug)]
pub struct Survey {
    /// How many images were looked at.
    pub images: usize,
    /// There are more.
    pub more_than: bool,
    /// From the worst to the best: refused, then by what is kept.
    pub groups: Vec<Group>,
    /// What was promised.
    pub promise: Promise,
    /// How many units that is.
    pub at_least_units: usize,
}

impl Survey {
    /// Recovers every image and judges it by what was executed for the file that it is one of.
    #[must_use]
    pub fn of<'h>(
        images: Images,
        config: &Config,
        seed: u64,
        history_of: &dyn Fn(&Image) -> History<'h>,
        promise: Promise,
    ) -> Self {
        let count = images.images.len();
        let first = images.images.first();
        let at_least_units =
            first.map_or(0, |image| history_of(image).units_upto(promise.at_least_upto));
        let mut groups: BTreeMap<(Option<Inode>, Key), Group> = BTreeMap::new();
        for image in images.images {
            let recovery = recover(image.content.as_deref(), config, seed);
            let length = image.length_bytes();
            groups
                .entry((image.inode, Key::of(&recovery)))
                .and_modify(|group| {
                    group.images += 1;
                    group.shortest = group.shortest.min(length);
                    if length >= group.longest {
                        group.longest = length;
                        group.example = image.clone();
                    }
                })
                .or_insert_with(|| Group {
                    images: 1,
                    shortest: length,
                    longest: length,
                    judgement: check(&history_of(&image), recovery.judged(), promise),
                    example: image.clone(),
                    witness: image.clone(),
                    recovery,
                });
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        // By what is kept, and not by length: a rewritten log is short and keeps everything.
        groups.sort_by_key(|group| (group.position(), group.shortest));
        Self { images: count, more_than: images.more_than, groups, promise, at_least_units }
    }

    /// Whether the promise is kept on every image.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.groups.iter().all(|group| group.judgement.is_ok())
    }

    /// The image that loses most.
    #[must_use]
    pub fn worst(&self) -> Option<&Image> {
        self.groups.first().map(|group| &group.witness)
    }

    /// The image that loses least.
    #[must_use]
    pub fn best(&self) -> Option<&Image> {
        self.groups.last().map(|group| &group.witness)
    }
}

/// What makes two recoveries the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Refused(u8),
    Loaded(u128),
}

impl Key {
    fn of(recovery: &Recovery) -> Self {
        match recovery {
            Recovery::Loaded { keyspace, .. } => Self::Loaded(keyspace.content_digest()),
            Recovery::Refused(error) => Self::Refused(match load_class(error) {
                None => 0,
                Some(Class::Truncated) => 1,
                Some(Class::ZeroTail) => 2,
                Some(Class::OpenTransaction) => 3,
                Some(Class::Malformed) => 4,
                Some(_) => 5,
            }),
        }
    }
}

/// The class of the load error behind a refusal.
#[must_use]
pub fn load_class(error: &StartError) -> Option<Class> {
    match error {
        StartError::Load(error) => Some(error.class()),
        _ => None,
    }
}

//! The front that many images share, loaded once.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use crate::config::Config;
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::{Check, Known, LoadStep, Loader, Options, Report};

/// A front, read by the loader and the check, and hashed. All three can be copied and go on.
#[derive(Clone, Debug)]
pub(super) struct Trunk {
    front: Arc<Vec<u8>>,
    hash: Hash,
    check: Check,
    loader: Loader,
    /// The dataset of the front up to its last whole command outside a transaction.
    pub(super) dataset: u128,
}

/// A hash of bytes that can go on.
#[derive(Clone)]
pub(super) struct Hash(Xxh3Default);

impl std::fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Hash({:032x})", self.0.digest128())
    }
}

impl Trunk {
    /// An empty front.
    pub(super) fn new(config: &Config, seed: u64) -> Self {
        let executor = Executor::new(config.clone(), Keyspace::new(seed), seed);
        Self {
            front: Arc::default(),
            hash: Hash(Xxh3Default::new()),
            check: Check::new(Options::from(config), Known::Table),
            dataset: executor.keyspace.content_digest(),
            loader: Loader::new(executor),
        }
    }

    pub(super) fn length_bytes(&self) -> u64 {
        self.front.len() as u64
    }

    /// Whether this trunk is the front, or can grow to it.
    pub(super) fn leads_to(&self, front: &Arc<Vec<u8>>) -> bool {
        Arc::ptr_eq(&self.front, front) || front.starts_with(&self.front)
    }

    /// Grows to this front, see [`Self::leads_to`].
    pub(super) fn grow(&mut self, front: &Arc<Vec<u8>>) {
        let more = front.get(self.front.len()..).unwrap_or_default();
        self.hash.0.update(more);
        self.check.feed(more);
        self.loader.feed(more);
        // What stops the loader stops the check, and the check is asked.
        while let Ok(LoadStep::Command(_)) = self.loader.next_step() {}
        if !more.is_empty() {
            self.dataset = self.loader.executor().keyspace.content_digest();
        }
        self.front = Arc::clone(front);
    }

    /// The hash of the front with these bytes behind it.
    pub(super) fn hash_with(&self, tail: &[u8]) -> u128 {
        let mut hash = self.hash.0.clone();
        hash.update(tail);
        hash.digest128()
    }

    /// What the check says of the front with these bytes behind it.
    pub(super) fn check_with(&self, tail: &[u8]) -> Report {
        let mut check = self.check.clone();
        check.feed(tail);
        check.finish()
    }

    /// The dataset of the front with these bytes behind it, which end a command outside a
    /// transaction.
    pub(super) fn dataset_with(&self, tail: &[u8]) -> u128 {
        let mut loader = self.loader.clone();
        loader.feed(tail);
        while let Ok(LoadStep::Command(_)) = loader.next_step() {}
        loader.executor().keyspace.content_digest()
    }
}

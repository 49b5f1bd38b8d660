//! What images lead to, each image once and each shared front once.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::Config;
use crate::digest::Digest;
use crate::explore::trunk::Trunk;
use crate::load::{Class, LoadError};
use crate::sim::recover::load_class;
use crate::start::StartError;

mod known;

use known::Known;

/// Fronts that are kept beside each other: the log, the file that is to replace it, and the empty
/// one.
const TRUNKS: usize = 4;

/// What one image leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A dataset.
    Loaded {
        /// Its content digest.
        digest: u128,
        /// End of the last command that is in it, in bytes. What a server leaves in the log behind
        /// a MULTI that is open comes after it.
        applied_bytes: u64,
    },
    /// The server does not start, because of a damage of this class.
    Refused(Option<Class>),
}

/// How far an image is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Recovered {
    /// To this length the file is cut.
    pub(super) length_bytes: u64,
    /// Up to here it is in the dataset.
    pub(super) applied_bytes: u64,
    /// Commands in the dataset.
    pub(super) commands: u64,
}

/// Feeds everything of a configuration on which it depends what a log is loaded as.
pub(super) fn load_settings(config: &Config, digest: &mut Digest) {
    digest.put_bytes(config.profile.as_str().as_bytes());
    digest.put_bool(config.aof_load_truncated);
    digest.put_u64(config.proto_max_bulk_len);
}

/// Everything that was recovered in a run.
#[derive(Clone, Debug)]
pub(super) struct Recoveries {
    seed: u64,
    remembered_images: usize,
    /// What a start depends on. Another configuration is another loader.
    config: Config,
    /// The one used last stands last.
    trunks: Vec<Trunk>,
    by_image: Known<Outcome>,
    /// The dataset of whole commands, by a hash of their bytes.
    by_front: Known<u128>,
    datasets: BTreeSet<u128>,
    pub(super) distinct: u64,
    pub(super) refused: u64,
}

impl Recoveries {
    pub(super) fn new(seed: u64, remembered_images: usize) -> Self {
        Self {
            seed,
            remembered_images,
            config: Config::default(),
            trunks: Vec::new(),
            by_image: Known::new(),
            by_front: Known::new(),
            datasets: BTreeSet::new(),
            distinct: 0,
            refused: 0,
        }
    }

    /// Different datasets so far.
    pub(super) fn datasets(&self) -> u64 {
        self.datasets.len() as u64
    }

    /// From now on images are loaded with this configuration.
    pub(super) fn configure(&mut self, config: &Config) {
        // Any other setting may change in a run without another image or another way to load it.
        let of = |config: &Config| {
            let mut digest = Digest::new();
            load_settings(config, &mut digest);
            digest.finish()
        };
        if of(&self.config) != of(config) {
            self.config = config.clone();
            self.trunks.clear();
            self.by_image.clear();
            self.by_front.clear();
        }
    }

    /// What a missing file leads to.
    pub(super) fn of_nothing(&mut self) -> Outcome {
        let digest = 0;
        self.datasets.insert(digest);
        Outcome::Loaded { digest, applied_bytes: 0 }
    }

    /// The front of the images that are asked for next.
    pub(super) fn begin(&mut self, front: &Arc<Vec<u8>>) {
        let longest = (0..self.trunks.len())
            .filter(|at| self.trunks[*at].leads_to(front))
            .max_by_key(|at| self.trunks[*at].length_bytes());
        let mut trunk = match longest {
            Some(at) => self.trunks.remove(at),
            None => Trunk::new(&self.config, self.seed),
        };
        trunk.grow(front);
        self.trunks.push(trunk);
        if self.trunks.len() > TRUNKS {
            self.trunks.remove(0);
        }
    }

    /// What the front of [`Self::begin`] with this tail behind it leads to.
    pub(super) fn of_tail(&mut self, tail: &[u8]) -> Outcome {
        let Some(trunk) = self.trunks.last() else { return Outcome::Refused(None) };
        let hash = trunk.hash_with(tail);
        if let Some(known) = self.by_image.get(hash) {
            return known;
        }
        let outcome = match self.recover(tail) {
            Ok(Recovered { applied_bytes, .. }) => {
                let digest = self.dataset_upto(applied_bytes, tail);
                self.datasets.insert(digest);
                Outcome::Loaded { digest, applied_bytes }
            }
            Err(error) => Outcome::Refused(load_class(&StartError::Load(error))),
        };
        self.distinct += 1;
        self.refused += u64::from(matches!(outcome, Outcome::Refused(_)));
        if self.by_image.len() < self.remembered_images {
            self.by_image.insert(hash, outcome);
        }
        outcome
    }

    /// How far this image is loaded.
    pub(super) fn recover(&self, tail: &[u8]) -> Result<Recovered, LoadError> {
        let Some(trunk) = self.trunks.last() else { return Ok(Recovered::default()) };
        let report = trunk.check_with(tail);
        let length_bytes = report.valid_up_to;
        let (reverted, applied_bytes) = match report.error {
            None => (0, length_bytes),
            Some(LoadError::Unfinished(tail)) if self.config.aof_load_truncated => {
                (tail.open.map_or(0, |open| open.queued + 1), tail.applied_up_to())
            }
            Some(error) => return Err(error),
        };
        let commands = report.commands.saturating_sub(reverted);
        Ok(Recovered { length_bytes, applied_bytes, commands })
    }

    /// The dataset after everything before this offset, where a command ends.
    fn dataset_upto(&mut self, offset: u64, tail: &[u8]) -> u128 {
        let Some(trunk) = self.trunks.last() else { return 0 };
        let in_tail = usize::try_from(offset.saturating_sub(trunk.length_bytes()));
        let whole = in_tail.ok().and_then(|length| tail.get(..length)).unwrap_or_default();
        // Whole commands end before the front does: what is behind them is in no dataset.
        if whole.is_empty() {
            return trunk.dataset;
        }
        let hash = trunk.hash_with(whole);
        match self.by_front.get(hash) {
            Some(known) => known,
            None => {
                let dataset = trunk.dataset_with(whole);
                // There are at most as many fronts as images.
                if self.by_front.len() < self.remembered_images {
                    self.by_front.insert(hash, dataset);
                }
                dataset
            }
        }
    }
}

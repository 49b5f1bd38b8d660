//! One file, read as a server would read it, whatever was done to its bytes: what is valid, what
//! it loads to, and which writes came back.
//!
//! The ledger goes by bytes, not by datasets: a write came back if the loader took all bytes that
//! the write had added to the log, and they are what they were. So it can tell what a comparison
//! of datasets cannot: that one flipped bit inside a value loads without a word.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::load::check::{Known, Report, check};
use crate::load::fault::LoadError;
use crate::load::scan::Options;
use crate::sim::disk::Origin;
use crate::sim::journal::{Answer, Journal};
use crate::sim::recover::{Recovery, recover};

#[cfg(test)]
mod tests;

/// What was done to a file by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// It ends here, if it was longer.
    pub cut: Option<u64>,
    /// At each of these places the bits of the mask are flipped. Places behind the end are
    /// ignored.
    pub flips: Vec<(u64, u8)>,
}

impl Edits {
    /// Nothing was done.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.cut.is_none() && self.flips.iter().all(|(_, mask)| *mask == 0)
    }

    /// The bytes afterwards.
    #[must_use]
    pub fn applied_to(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if let Some(cut) = self.cut.and_then(|cut| usize::try_from(cut).ok()) {
            bytes.truncate(cut);
        }
        for (place, mask) in &self.flips {
            let place = usize::try_from(*place).unwrap_or(usize::MAX);
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= mask;
            }
        }
        bytes
    }
}

/// Writes by what became of them, as numbers in [`Journal::asked`], oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Acknowledged, and back.
    pub kept: Vec<usize>,
    /// Acknowledged, and gone.
    pub lost: Vec<usize>,
    /// The loader took its place in the file, and other bytes stand there.
    pub altered: Vec<usize>,
    /// Nobody was told that it was made, and it is back.
    pub extra: Vec<usize>,
}

/// What a server makes of a file.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What `aof check` says about it.
    pub report: Report,
    /// What a start makes of it.
    pub recovery: Recovery,
    /// Which writes came back.
    pub ledger: Ledger,
}

/// Reads `bytes` by this configuration. `original` is the file before it was edited, `origin` how
/// its places and positions in the log go together.
#[must_use]
pub fn read(
    bytes: &[u8],
    original: &[u8],
    origin: Origin,
    journal: &Journal,
    config: &Config,
    seed: u64,
) -> Reading {
    let options = Options::from(config);
    let report = check(options.for_repair(), Known::Table, bytes);
    let recovery = recover(Some(bytes), config, seed);
    // What a server leaves behind an open MULTI is in its file and not in its dataset.
    let loaded = match check(options, Known::Table, bytes).error {
        Some(LoadError::Unfinished(tail)) => {
            recovery.length_bytes().map(|length| length.min(tail.applied_up_to()))
        }
        _ => recovery.length_bytes(),
    };
    let taken = loaded.map_or(&[][..], |length| {
        &bytes[..usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len())]
    });
    let whole_dataset = usize::try_from(origin.offset).unwrap_or(usize::MAX);
    let dataset = Place {
        is_taken: loaded.is_some() && taken.len() >= whole_dataset,
        is_intact: taken.get(..whole_dataset) == original.get(..whole_dataset),
    };
    Reading { report, recovery, ledger: ledger(taken, origin, dataset, journal) }
}

/// What the loader made of the bytes of one write.
#[derive(Clone, Copy)]
struct Place {
    is_taken: bool,
    is_intact: bool,
}

fn ledger(taken: &[u8], origin: Origin, dataset: Place, journal: &Journal) -> Ledger {
    let mut places: BTreeMap<usize, Place> = BTreeMap::new();
    for entry in journal.entries() {
        let Some(asked) = entry.asked else { continue };
        let found = if entry.to <= origin.position {
            dataset
        } else {
            let offset = |position: u64| {
                let place = position.checked_sub(origin.position)?.checked_add(origin.offset)?;
                usize::try_from(place).ok()
            };
            let stands =
                offset(entry.from).zip(offset(entry.to)).and_then(|(from, to)| taken.get(from..to));
            let words = entry.words.as_bytes();
            Place { is_taken: stands.is_some(), is_intact: stands.is_none_or(|s| s == words) }
        };
        let place = places.entry(asked).or_insert(found);
        place.is_taken &= found.is_taken;
        place.is_intact &= found.is_intact;
    }
    let mut ledger = Ledger::default();
    for (number, asked) in journal.asked().iter().enumerate() {
        if !asked.is_write() || asked.lost {
            continue;
        }
        // What has no bytes of its own is in a dataset that was taken after it, or nowhere.
        let none = Place { is_taken: false, is_intact: true };
        let other = if asked.to <= origin.position { dataset } else { none };
        let place = places.get(&number).copied().unwrap_or(other);
        let acknowledged = asked.answer == Answer::Sent;
        match place {
            Place { is_taken: true, is_intact: false } => ledger.altered.push(number),
            Place { is_taken: true, .. } if acknowledged => ledger.kept.push(number),
            Place { is_taken: true, .. } => ledger.extra.push(number),
            Place { .. } if acknowledged => ledger.lost.push(number),
            Place { .. } => {}
        }
    }
    ledger
}

//! Every directory that a power cut may leave: what may stand beside a name.
//!
//! [`images`](super::images) asks about one name. A start also looks for what a rewrite has left
//! beside the log, and there the order of names matters: after a rename in one journal either both
//! names have changed or none; without an order, the new name may be there and the old one, too.

use std::collections::{BTreeMap, BTreeSet};

use crate::sim::crash::{DiskModel, NameOrder};
use crate::sim::disk::{Disk, Inode};

/// Where every name leads.
pub type Directory = BTreeMap<String, Inode>;

/// The directories of a power cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// Each once, in the order of their names.
    pub directories: Vec<Directory>,
    /// How many the model allows, before any of them were found to be equal. `u64::MAX` stands for
    /// that many or more.
    pub counted: u64,
    /// Some of them were not listed.
    pub more_than: bool,
}

/// Lists at most so many directories. The one that is durable and the one that processes see are
/// always among them.
#[must_use]
pub fn directories(disk: &Disk, model: DiskModel, at_most: usize) -> Directories {
    let names = disk.names().into_iter();
    let durable: Directory =
        names.filter_map(|name| Some((name.to_owned(), disk.durable_name(name)?))).collect();
    // What arrives or does not: a whole change, or one name of it.
    let changes: Vec<Vec<(&str, Option<Inode>)>> = match model.assumptions().names {
        NameOrder::Ordered => disk.name_changes().map(Iterator::collect).collect(),
        NameOrder::Any => disk.name_changes().flatten().map(|entry| vec![entry]).collect(),
    };
    let after = |arrived: &dyn Fn(usize) -> bool| {
        let mut directory: Directory = Directory::clone(&durable);
        let arrived = changes.iter().enumerate().filter(|(number, _)| arrived(*number));
        for (name, inode) in arrived.flat_map(|(_, change)| change) {
            match inode {
                Some(inode) => directory.insert((*name).to_owned(), *inode),
                None => directory.remove(*name),
            };
        }
        directory
    };
    let mut found = BTreeSet::from([after(&|_| false), after(&|_| true)]);
    let mut more_than = false;
    let mut add = |directory: Directory| {
        let room = found.len() < at_most || found.contains(&directory);
        more_than |= !room;
        if room {
            found.insert(directory);
        }
        room
    };
    let counted = match model.assumptions().names {
        NameOrder::Ordered => {
            let _ = (0..=changes.len()).all(|through| add(after(&|number| number < through)));
            changes.len() as u64 + 1
        }
        NameOrder::Any => {
            // Of very many changes, the subsets of the first ones; the limit ends before them.
            let subsets = u32::try_from(changes.len()).ok().and_then(|all| 1_u64.checked_shl(all));
            let looked_at = subsets.unwrap_or(u64::MAX);
            let is_in = |subset: u64, number: usize| number < 64 && subset >> number & 1 == 1;
            let _ = (0..looked_at)
                .take(at_most.saturating_mul(TRIES))
                .all(|subset| add(after(&|number| is_in(subset, number))));
            more_than |= looked_at > at_most.saturating_mul(TRIES) as u64;
            looked_at
        }
    };
    Directories { directories: found.into_iter().collect(), counted, more_than }
}

/// Subsets are tried for every directory that is listed, at most: many lead to the same one.
const TRIES: usize = 64;

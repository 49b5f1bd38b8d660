//! Every disk that a failure may leave.
//!
//! A killed process leaves one image: what the kernel has. A power cut leaves one of many, and
//! which ones are possible is an assumption about disks. [`DiskModel`] names the assumption, and
//! [`images`] lists what it allows, from the shortest to the longest, each image once.
//!
//! The pending changes of a file are an ordered list, in which a short write that was taken back is
//! an append and a truncation. A model cuts that list at every byte. So an image may show the torn
//! write that was truncated a moment later, as a real disk may.
//!
//! # Bounded, and honest about it
//!
//! The zero tail of *n* pending bytes has about *n²/2* images, and *n* blocks have *2ⁿ* subsets.
//! Listing stops at a limit of images and of bytes; [`Images::more_than`] then says that there are
//! more, and [`Possibility::counted`] how many. The first and the last image are always among those
//! that are listed, because the worst and the best case are what people ask for. Whether one file
//! that was found is allowed is answered by [`admits`], which lists none.
//!
//! # Rejected
//!
//! Sampling at random: "no bad image among 1,000 of 4,000" is a sentence that nobody can use.

use std::collections::BTreeMap;

use crate::digest::fingerprint;
use crate::promise::Failure;
use crate::sim::disk::{Disk, Inode, Origin};

mod admit;
mod count;
mod cut;
mod directory;
mod model;
mod possibility;
mod vary;

#[cfg(test)]
mod tests;

pub use admit::admits;
use cut::Pended;
pub use directory::{Directories, Directory, directories};
pub use model::{Assumptions, Data, DiskModel, Missing, NameOrder, RenamedOver};
use possibility::Lister;
pub use possibility::{Possibility, Tail, possibilities};

/// How much is enumerated at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Images.
    pub images: usize,
    /// Bytes of all images together.
    pub total_bytes: u64,
}

impl Default for Limits {
    /// Enough for the zero tail of 89 pending bytes, and for a page that answers within a moment.
    fn default() -> Self {
        Self { images: 4096, total_bytes: 64 * 1024 * 1024 }
    }
}

/// One file that may be found after the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its content, or nothing when the name itself is gone.
    pub content: Option<Vec<u8>>,
    /// Real bytes up to here, zeros behind. The length, unless the model is the zero tail.
    pub data_bytes: u64,
    /// The file that it is one of, none when the name is gone.
    pub inode: Option<Inode>,
    /// How its bytes and positions in the log go together.
    pub origin: Origin,
}

impl Image {
    /// Length of the file, 0 when it is missing.
    #[must_use]
    pub fn length_bytes(&self) -> u64 {
        self.content.as_ref().map_or(0, |content| content.len() as u64)
    }

    /// Up to which position in the log it describes everything, as far as its real bytes go.
    /// Nothing for a part of a dataset.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        self.content.as_ref().and_then(|_| self.origin.position_of(self.data_bytes))
    }
}

/// What a failure may leave under one name.
#[derive(Clone, Debug)]
pub struct Images {
    /// Shortest first; of equal length, the one with fewer real bytes first.
    pub images: Vec<Image>,
    /// There are more that were not enumerated.
    pub more_than: bool,
}

/// Lists every image of the file called `name` that this failure may leave.
#[must_use]
pub fn images(
    disk: &Disk,
    name: &str,
    failure: Failure,
    model: DiskModel,
    limits: Limits,
) -> Images {
    let mut found: BTreeMap<Option<u128>, Image> = BTreeMap::new();
    let mut more_than = false;
    for possibility in Lister::new(limits, true).list(disk, name, failure, model.assumptions()) {
        more_than |= possibility.more_than;
        for image in possibility.images() {
            // The same bytes in two files: the first one stands for both.
            let key = image.content.as_deref().map(fingerprint);
            let known = found.entry(key).or_insert_with(|| image.clone());
            known.data_bytes = known.data_bytes.max(image.data_bytes);
        }
    }
    let mut images: Vec<Image> = found.into_values().collect();
    images.sort_by(|a, b| {
        let key = |image: &Image| (image.content.is_some(), image.length_bytes(), image.data_bytes);
        key(a).cmp(&key(b)).then_with(|| a.content.cmp(&b.content))
    });
    Images { images, more_than }
}

/// The length that a disk may have and that is nearest to this one; of two the shorter. Nothing if
/// there is no disk with a file.
#[must_use]
pub fn length_near(
    disk: &Disk,
    name: &str,
    failure: Failure,
    model: DiskModel,
    wanted_bytes: u64,
) -> Option<u64> {
    let near = |inode| {
        let stored = disk.file(inode)?;
        if failure == Failure::Killed {
            return Some(stored.cached().len() as u64);
        }
        let pended = Pended::of(stored, name, model.assumptions());
        let wanted = usize::try_from(wanted_bytes).unwrap_or(usize::MAX);
        let tail = pended.nearest(wanted.saturating_sub(pended.front))?;
        Some((pended.front + tail) as u64)
    };
    let files = possibility::files(disk, name, failure).into_iter().flatten();
    files.filter_map(near).min_by_key(|length| (length.abs_diff(wanted_bytes), *length))
}

/// One image of this length, if the model allows one: of several, one with the fewest real bytes.
/// Finds it without enumerating all others.
#[must_use]
pub fn image_of_length(
    disk: &Disk,
    name: &str,
    failure: Failure,
    model: DiskModel,
    length_bytes: u64,
) -> Option<Image> {
    possibility::files(disk, name, failure).into_iter().flatten().find_map(|inode| {
        let stored = disk.file(inode)?;
        let (content, data_bytes) = match failure {
            Failure::Killed => {
                let cached = stored.cached();
                (cached.len() as u64 == length_bytes).then(|| (cached.to_vec(), length_bytes))?
            }
            Failure::PowerCut => {
                let pended = Pended::of(stored, name, model.assumptions());
                let length = usize::try_from(length_bytes).ok()?.checked_sub(pended.front)?;
                let (tail, real) = pended.of_length(length)?;
                ([pended.front(), &tail[..]].concat(), (pended.front + real) as u64)
            }
        };
        let (inode, origin) = (Some(inode), stored.origin());
        Some(Image { content: Some(content), data_bytes, inode, origin })
    })
}

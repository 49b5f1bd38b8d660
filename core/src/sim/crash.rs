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
//! The zero tail of *n* pending bytes has about *n²/2* images. Enumeration stops at a limit of
//! images and of bytes; [`Images::more_than`] then says that there are more. The first and the last
//! image are always among them, because the worst and the best case are what people ask for.
//!
//! # Rejected
//!
//! Sampling at random: "no bad image among 1,000 of 4,000" is a sentence that nobody can use.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::promise::Failure;
use crate::sim::disk::{Change, Disk, Inode, Origin, Stored};

mod model;

#[cfg(test)]
mod tests;

pub use model::{Assumptions, Data, DiskModel, NameOrder};

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

    fn fingerprint(&self) -> u128 {
        let mut digest = Digest::new();
        digest.put_bool(self.content.is_some());
        digest.put_bytes(self.content.as_deref().unwrap_or_default());
        digest.finish()
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
    let mut found = Found::new(limits);
    match failure {
        Failure::Killed => {
            let inode = disk.cached_name(name);
            found.of(disk, inode);
            found.add(stored(disk, inode).map(|stored| stored.cached().to_vec()), None);
        }
        Failure::PowerCut => {
            // A name operation that is not durable either arrived or did not.
            for inode in disk.possible_inodes(name) {
                found.of(disk, inode);
                match stored(disk, inode) {
                    None => found.add(None, None),
                    Some(stored) => file_images(stored, model, &mut found),
                }
            }
        }
    }
    found.finish()
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
    let inodes = match failure {
        Failure::Killed => vec![disk.cached_name(name)],
        Failure::PowerCut => disk.possible_inodes(name),
    };
    inodes.into_iter().flatten().find_map(|inode| {
        let stored = disk.file(inode)?;
        let (content, data_bytes) = content_of_length(stored, failure, model, length_bytes)?;
        let (inode, origin) = (Some(inode), stored.origin());
        Some(Image { content: Some(content), data_bytes, inode, origin })
    })
}

fn content_of_length(
    stored: &Stored,
    failure: Failure,
    model: DiskModel,
    length_bytes: u64,
) -> Option<(Vec<u8>, u64)> {
    let length = usize::try_from(length_bytes).ok()?;
    if failure == Failure::Killed {
        let content = stored.cached();
        return (content.len() == length).then(|| (content.to_vec(), length_bytes));
    }
    let mut content = stored.durable().to_vec();
    let mut settled = content.len();
    let mut found = content.len() == length;
    for pending in stored.pending() {
        if found || model == DiskModel::Exact {
            break;
        }
        let before = content.len();
        pending.apply_to(&mut content);
        if content.len() < before {
            settled = settled.min(content.len());
            found = content.len() == length;
        } else if (before..=content.len()).contains(&length) {
            content.truncate(length);
            found = true;
        }
    }
    let data = if model == DiskModel::ZeroTail { settled.min(length) } else { length };
    found.then(|| {
        content[data..].fill(0);
        (content, data as u64)
    })
}

fn stored(disk: &Disk, inode: Option<Inode>) -> Option<&Stored> {
    inode.and_then(|inode| disk.file(inode))
}

/// Cuts the pending changes of one file at every byte.
fn file_images(stored: &Stored, model: DiskModel, found: &mut Found) {
    let mut content = stored.durable().to_vec();
    // Bytes that no pending change touches are real in every image.
    let mut settled = content.len();
    // The longest image first: whatever the limit, it is there. The order is made at the end.
    let mut whole = content.clone();
    stored.pending().for_each(|pending| pending.apply_to(&mut whole));
    found.cut(&content, settled, model);
    if model == DiskModel::Exact {
        return;
    }
    found.add(Some(whole), None);
    for pending in stored.pending() {
        match &pending.change {
            Change::Append(bytes) => {
                for index in 0..bytes.len() {
                    content.push(if pending.dropped { 0 } else { bytes[index] });
                    if !found.cut(&content, settled, model) {
                        return;
                    }
                }
            }
            Change::Truncate(_) => {
                pending.apply_to(&mut content);
                settled = settled.min(content.len());
                if !found.cut(&content, settled, model) {
                    return;
                }
            }
        }
    }
}

/// Images found so far, each once.
struct Found {
    limits: Limits,
    bytes: u64,
    more_than: bool,
    by_fingerprint: BTreeMap<u128, Image>,
    /// The file whose images are added.
    inode: Option<Inode>,
    origin: Origin,
    /// How many were of that file.
    of_file: usize,
}

impl Found {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            bytes: 0,
            more_than: false,
            by_fingerprint: BTreeMap::new(),
            inode: None,
            origin: Origin::default(),
            of_file: 0,
        }
    }

    /// From now on images of this file are added.
    fn of(&mut self, disk: &Disk, inode: Option<Inode>) {
        self.inode = inode;
        self.origin = stored(disk, inode).map(Stored::origin).unwrap_or_default();
        self.of_file = 0;
    }

    /// Adds what one cut of the order may leave. False when the limit is reached.
    fn cut(&mut self, content: &[u8], settled: usize, model: DiskModel) -> bool {
        self.add(Some(content.to_vec()), None);
        if model == DiskModel::ZeroTail {
            for data in settled..content.len() {
                let mut torn = content.to_vec();
                torn[data..].fill(0);
                self.add(Some(torn), Some(data));
                if self.more_than {
                    return false;
                }
            }
        }
        !self.more_than
    }

    fn add(&mut self, content: Option<Vec<u8>>, data: Option<usize>) {
        let length = content.as_ref().map_or(0, Vec::len);
        let data_bytes = data.unwrap_or(length) as u64;
        let image = Image { content, data_bytes, inode: self.inode, origin: self.origin };
        let fingerprint = image.fingerprint();
        if let Some(known) = self.by_fingerprint.get_mut(&fingerprint) {
            // The same bytes by two ways: the one with more real bytes describes it better.
            known.data_bytes = known.data_bytes.max(image.data_bytes);
            return;
        }
        let full = self.by_fingerprint.len() >= self.limits.images
            || self.bytes.saturating_add(length as u64) > self.limits.total_bytes;
        // Two images of each file are always allowed: the shortest and the longest.
        self.of_file += 1;
        if full && self.of_file > 2 {
            self.more_than = true;
            return;
        }
        self.bytes = self.bytes.saturating_add(length as u64);
        self.by_fingerprint.insert(fingerprint, image);
    }

    fn finish(self) -> Images {
        let mut images: Vec<Image> = self.by_fingerprint.into_values().collect();
        images.sort_by(|a, b| {
            let key =
                |image: &Image| (image.content.is_some(), image.length_bytes(), image.data_bytes);
            key(a).cmp(&key(b)).then_with(|| a.content.cmp(&b.content))
        });
        Images { images, more_than: self.more_than }
    }
}

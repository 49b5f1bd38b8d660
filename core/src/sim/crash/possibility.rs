//! The files to which a name may lead after a failure, each with everything that may stand in it.
//!
//! The images of one file begin with the same bytes: what was durable, but for what a pending
//! truncation cuts. A [`Possibility`] holds them once, as the *front*; what differs are short
//! *tails*. So a thousand images of a log of a megabyte cost a thousand tails, and a reader may
//! load the front once.
//!
//! # What is listed when not everything is
//!
//! Nothing arrived, everything arrived, and the whole length without its data: always. Then the
//! states between two changes, because a program is most often cut there; then what the model makes
//! of these; then the states inside of a write, and what it makes of them. `counted` is arithmetic
//! and knows of no limit.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::digest::fingerprint;
use crate::promise::Failure;
use crate::sim::crash::cut::Pended;
use crate::sim::crash::{Assumptions, Data, DiskModel, Image, Limits};
use crate::sim::disk::{Disk, Inode, Origin};

/// What stands behind the front in one image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tail {
    /// The bytes behind the front.
    pub bytes: Vec<u8>,
    /// Real bytes of the whole file, front included, up to here: behind it stands what a disk puts
    /// in the place of bytes that did not arrive. The length of the file if all of them are real.
    pub data_bytes: u64,
}

/// One file that the name may lead to after the failure, with all that it may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possibility {
    /// The file, none when the name is gone.
    pub inode: Option<Inode>,
    /// How its bytes and positions in the log go together.
    pub origin: Origin,
    /// Bytes that are the same in every image of this file; shared, not copied.
    pub front: Arc<Vec<u8>>,
    /// What stands behind them: one for each image, each once, in the order of
    /// [`Image`]s: by length, then by real bytes. A name that is gone has one empty
    /// tail.
    pub tails: Vec<Tail>,
    /// How many images the model allows, by arithmetic: before any of them were found to be equal,
    /// and with those that are not listed. `u64::MAX` stands for that many or more.
    pub counted: u64,
    /// Some of them were not listed.
    pub more_than: bool,
}

impl Possibility {
    /// Its images with their whole content, one for each tail.
    pub fn images(&self) -> impl Iterator<Item = Image> + '_ {
        self.tails.iter().map(|tail| Image {
            content: self.inode.map(|_| [&self.front[..], &tail.bytes].concat()),
            data_bytes: tail.data_bytes,
            inode: self.inode,
            origin: self.origin,
        })
    }
}

/// Lists every file that this failure may leave under `name`, each once, with all that may stand in
/// it. Bytes of the limit are those of the tails.
#[must_use]
pub fn possibilities(
    disk: &Disk,
    name: &str,
    failure: Failure,
    model: DiskModel,
    limits: Limits,
) -> Vec<Possibility> {
    Lister::new(limits, false).list(disk, name, failure, model.assumptions())
}

/// Files to which the name may lead.
pub(super) fn files(disk: &Disk, name: &str, failure: Failure) -> Vec<Option<Inode>> {
    match failure {
        Failure::Killed => vec![disk.cached_name(name)],
        // A name operation that is not durable either arrived or did not.
        Failure::PowerCut => {
            let mut files: Vec<Option<Inode>> = Vec::new();
            for inode in disk.possible_inodes(name) {
                if !files.contains(&inode) {
                    files.push(inode);
                }
            }
            files
        }
    }
}

/// What is left of the limits while possibilities are listed.
pub(super) struct Lister {
    limits: Limits,
    /// The front of a file counts for each of its images.
    fronts_count: bool,
    images: usize,
    bytes: u64,
    /// Images that were made and known already, and their bytes.
    again: usize,
    again_bytes: u64,
}

/// So many times the limits may be spent on images that turn out to be known: a payload of zeros
/// is torn in a million ways that look the same.
const AGAIN: u64 = 8;

impl Lister {
    pub(super) const fn new(limits: Limits, fronts_count: bool) -> Self {
        Self { limits, fronts_count, images: 0, bytes: 0, again: 0, again_bytes: 0 }
    }

    /// Counts an image that is known, and says whether to look for more.
    const fn looks_again(&mut self, bytes: u64) -> bool {
        self.again += 1;
        self.again_bytes = self.again_bytes.saturating_add(bytes);
        self.again as u64 <= AGAIN.saturating_mul(self.limits.images as u64)
            && self.again_bytes <= AGAIN.saturating_mul(self.limits.total_bytes)
    }

    pub(super) fn list(
        mut self,
        disk: &Disk,
        name: &str,
        failure: Failure,
        assumed: Assumptions,
    ) -> Vec<Possibility> {
        let files = files(disk, name, failure);
        let mut of = |inode: Option<Inode>| {
            let stored = inode.and_then(|inode| disk.file(inode));
            let origin = stored.map(|stored| stored.origin()).unwrap_or_default();
            let empty = || Possibility {
                inode,
                origin,
                front: Arc::default(),
                tails: vec![Tail { bytes: Vec::new(), data_bytes: 0 }],
                counted: 1,
                more_than: false,
            };
            let Some(stored) = stored else { return empty() };
            if failure == Failure::Killed {
                let front = stored.shared_cached();
                let data_bytes = front.len() as u64;
                return Possibility {
                    front,
                    tails: vec![Tail { bytes: Vec::new(), data_bytes }],
                    ..empty()
                };
            }
            let pended = Pended::of(stored, name, assumed);
            let mut tails = Tails::new(&mut self, &pended);
            tails.list();
            let (tails, more_than) = tails.finish();
            let counted = pended.counted();
            Possibility { front: pended.into_front(), tails, counted, more_than, ..empty() }
        };
        files.into_iter().map(&mut of).collect()
    }

    /// Whether one more image of so many bytes still fits, which then counts.
    fn takes(&mut self, bytes: u64, always: bool) -> bool {
        let full = self.images >= self.limits.images
            || self.bytes.saturating_add(bytes) > self.limits.total_bytes;
        if full && !always {
            return false;
        }
        self.images += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }
}

/// The tails of one file found so far, each once.
struct Tails<'l, 'p> {
    lister: &'l mut Lister,
    pended: &'p Pended,
    known: BTreeMap<u128, usize>,
    tails: Vec<Tail>,
    more_than: bool,
}

impl<'l, 'p> Tails<'l, 'p> {
    fn new(lister: &'l mut Lister, pended: &'p Pended) -> Self {
        Self { lister, pended, known: BTreeMap::new(), tails: Vec::new(), more_than: false }
    }

    fn list(&mut self) {
        let pended = self.pended;
        self.list_extremes();
        // Each pass walks the same states; what a pass has listed, the next one finds known.
        for between in [true, false] {
            for varied in [false, true] {
                let done = pended.walk(&mut |segment, length, is_between| {
                    if is_between != between {
                        ControlFlow::Continue(())
                    } else if varied {
                        pended.vary(segment, length, &mut |bytes, data| self.next(bytes, data))
                    } else {
                        self.next(segment.tail[..length].to_vec(), length)
                    }
                });
                if done.is_break() {
                    return;
                }
            }
        }
    }

    /// Whatever the limits: nothing arrived, everything, and its length without its data.
    fn list_extremes(&mut self) {
        let pended = self.pended;
        let (bytes, data) = pended.nothing();
        self.add(bytes, data, true);
        let Some(last) = pended.everything() else { return };
        let length = last.tail.len();
        self.add(last.tail.clone(), length, true);
        if matches!(pended.data, Data::ZeroTail | Data::ZeroTailByBlocks { .. }) {
            let mut bytes = last.tail.clone();
            bytes[last.settled..].fill(0);
            self.add(bytes, last.settled, true);
        }
        if let Data::Blocks { missing, .. } | Data::Anything { missing, .. } = pended.data {
            for hold in missing {
                let mut bytes = last.tail.clone();
                let from = pended.front + last.settled;
                hold.fill(&mut bytes[last.settled..], from, from);
                self.add(bytes, last.settled, true);
            }
        }
    }

    fn next(&mut self, bytes: Vec<u8>, data: usize) -> ControlFlow<()> {
        if self.add(bytes, data, false) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    /// Adds a tail whose real bytes end at `data` of it. False when the limit is reached.
    fn add(&mut self, bytes: Vec<u8>, data: usize, always: bool) -> bool {
        let front = self.pended.front;
        let data_bytes = (front + data) as u64;
        let counts = if self.lister.fronts_count { front } else { 0 } + bytes.len();
        let fingerprint = fingerprint(&bytes);
        if let Some(known) = self.known.get(&fingerprint) {
            // The same bytes by two ways: the one with more real bytes describes it better.
            let tail = &mut self.tails[*known];
            tail.data_bytes = tail.data_bytes.max(data_bytes);
            self.more_than |= !self.lister.looks_again(counts as u64);
            return !self.more_than;
        }
        if !self.lister.takes(counts as u64, always) {
            self.more_than = true;
            return false;
        }
        self.known.insert(fingerprint, self.tails.len());
        self.tails.push(Tail { bytes, data_bytes });
        true
    }

    fn finish(mut self) -> (Vec<Tail>, bool) {
        let key = |tail: &Tail| (tail.bytes.len(), tail.data_bytes);
        self.tails.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.bytes.cmp(&b.bytes)));
        (self.tails, self.more_than)
    }
}

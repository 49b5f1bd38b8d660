//! The bytes of a file: of the log as the kernel has it, or of a disk that a failure may leave.

use std::sync::Arc;

use aof_core::promise::Failure;
use aof_core::sim::bytes::Edits;
use aof_core::sim::crash::{DiskModel, Limits};
use aof_core::sim::disk::{Inode, Origin};
use aof_core::sim::world::{ByHand, DownKind, Pick, World};

use crate::error::LabError;
use crate::lab::{BootImage, Lab};
use crate::show;
use crate::view::bytes::BytesView;

/// The most places that can be flipped.
pub const FLIPS_LIMIT: usize = 4096;

/// Which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The log, as the kernel has it now.
    Log,
    /// One that a failure left.
    Image(BootImage),
}

/// What to look at, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What was done to the file.
    pub edits: Edits,
    /// `aof-load-truncated`, if not as the server has it.
    pub load_truncated: Option<bool>,
    /// From which place on bytes are shown.
    pub window_from: u64,
    /// The dataset is the one after the commands that end here or before; all of them if nothing.
    pub until: Option<u64>,
}

/// A file that was opened, so that the next look at it costs no survey.
#[derive(Clone, Debug)]
pub struct Opened {
    key: ((u64, u64, DiskModel), Source),
    pub(crate) content: Arc<Vec<u8>>,
    pub(crate) inode: Option<u64>,
    pub(crate) origin: Origin,
}

fn bounded(look: &Look) -> Result<(), LabError> {
    let flips = look.edits.flips.len();
    if flips > FLIPS_LIMIT {
        let (size, limit) = (flips as u64, FLIPS_LIMIT as u64);
        return Err(LabError::TooLarge { what: "the list of flips", size, limit });
    }
    Ok(())
}

impl Lab {
    /// Looks at the bytes of a file, after they were edited.
    ///
    /// # Errors
    /// `not-crashed` for an image while the server runs, `no-such-image`, `too-large`.
    pub fn bytes(&mut self, source: &Source, look: &Look) -> Result<BytesView, LabError> {
        bounded(look)?;
        let place = (self.timeline.branch().id, self.timeline.position(), self.model);
        let key = (place, source.clone());
        let opened = match self.opened.take().filter(|opened| opened.key == key) {
            Some(opened) => opened,
            None => self.open(key)?,
        };
        let view = show::bytes::shown(self.timeline.world(), &opened, look);
        self.opened = Some(opened);
        Ok(view)
    }

    /// Starts the server from a file after it was edited; goes to the first step of the start. The
    /// log of a server that runs can be edited when the process is gone, so it is killed first.
    ///
    /// # Errors
    /// `not-crashed`, `no-such-image` for the log after a power cut, which leaves more than one,
    /// `too-large`.
    pub fn boot_edited(&mut self, source: &Source, look: &Look) -> Result<(), LabError> {
        bounded(look)?;
        let of = match source {
            Source::Log => {
                if self.timeline.world().down().is_none() {
                    self.kill()?;
                }
                let power_is_cut = |world: &World| match world.down().map(|down| &down.kind) {
                    Some(DownKind::Failed(kind)) => kind.failure() == Failure::PowerCut,
                    _ => false,
                };
                if power_is_cut(self.timeline.world()) {
                    return Err(LabError::NoSuchImage);
                }
                Pick::Best
            }
            Source::Image(image) => image.pick(),
        };
        let Look { edits, load_truncated, .. } = look;
        let as_it_was = edits.is_none() && load_truncated.is_none();
        if as_it_was {
            return self.boot_from(of);
        }
        let (edits, load_truncated) = (edits.clone(), *load_truncated);
        self.boot_from(Pick::ByHand(Box::new(ByHand { of, edits, load_truncated })))
    }

    fn open(&self, key: ((u64, u64, DiskModel), Source)) -> Result<Opened, LabError> {
        let world = self.timeline.world();
        let disk = &world.machine().disk;
        let image = match &key.1 {
            Source::Log => None,
            Source::Image(image) => {
                let survey = world.survey(self.model, Limits::default());
                let survey = survey.ok_or(LabError::NotCrashed)?;
                let found = match image {
                    BootImage::Worst => survey.worst().cloned(),
                    BootImage::Best => survey.best().cloned(),
                    BootImage::Example(group) => usize::try_from(*group)
                        .ok()
                        .and_then(|group| survey.groups.get(group))
                        .map(|group| group.example.clone()),
                    // A length may be of several files; a group says which.
                    BootImage::Length(_) => None,
                };
                Some(found.ok_or(LabError::NoSuchImage)?)
            }
        };
        let (content, inode, origin) = match image {
            Some(image) => (image.content.unwrap_or_default(), image.inode, image.origin),
            None => {
                let inode = disk.cached_name(&world.machine().name);
                let stored = inode.and_then(|inode| disk.file(inode));
                stored.map_or((Vec::new(), inode, Origin::default()), |stored| {
                    (stored.cached().to_vec(), inode, stored.origin())
                })
            }
        };
        let inode = inode.map(|Inode(number)| number);
        Ok(Opened { key, content: Arc::new(content), inode, origin })
    }
}

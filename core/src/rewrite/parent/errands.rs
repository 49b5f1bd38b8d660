//! Errands: what is done once and whose outcome changes nothing.

use crate::aof::Log;
use crate::effect::{Lane, Work};
use crate::rewrite::names::FileName;
use crate::units::{ChildId, FileId, JobId};

use super::{Rewrite, Want};

/// An errand whose outcome changes nothing.
#[derive(Clone, Copy, Debug)]
pub(in crate::rewrite) enum Chore {
    ClosePipes,
    Kill { child: ChildId },
    Close { file: FileId, lane: Lane },
    Unlink { name: FileName },
}

impl Rewrite {
    /// A file that nobody needs is closed.
    pub(crate) fn close_later(&mut self, file: Option<FileId>) {
        self.chores.extend(file.map(|file| Chore::Close { file, lane: Lane::Slow }));
    }

    /// The names that a child may have left are removed.
    #[doc(alias = "aofRemoveTempFile")]
    pub(super) fn remove_names(&mut self) {
        let Some(child) = self.writer() else { return };
        for name in [FileName::Rewritten(child), FileName::Unfinished(child)] {
            self.chores.push_back(Chore::Unlink { name });
        }
    }

    pub(super) fn run_errand(&mut self, chore: Chore, log: &mut Log) -> Want {
        match chore {
            Chore::ClosePipes => Want::ClosePipes,
            Chore::Kill { child } => Want::Kill { child },
            Chore::Close { file, lane } => {
                Want::Submit { job: log.new_job(), lane, work: Work::Close { file } }
            }
            Chore::Unlink { name } => {
                let job = log.new_job();
                self.tidying.push(job);
                Want::Submit { job, lane: Lane::Slow, work: Work::Unlink { name } }
            }
        }
    }

    /// A file was opened for a rewrite that was given up meanwhile: it is closed again. Returns
    /// whether it was one of those.
    pub(in crate::rewrite) fn unwanted_opened(&mut self, job: JobId, opened: bool) -> bool {
        let Some(index) = self.unwanted.iter().position(|&(known, _)| known == job) else {
            return false;
        };
        let (_, file) = self.unwanted.remove(index);
        self.close_later(opened.then_some(file));
        true
    }

    /// Whether a job that has ended was an errand.
    pub(in crate::rewrite) fn errand_ended(&mut self, job: JobId) -> bool {
        let before = self.tidying.len();
        self.tidying.retain(|&known| known != job);
        self.tidying.len() < before
    }
}

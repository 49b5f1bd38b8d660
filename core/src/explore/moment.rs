//! One moment of a run, with all that is needed for judging a failure.

use crate::config::Config;
use crate::promise::{Failure, History, Promise};
use crate::sim::disk::{Disk, Inode};

/// What is promised at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Promises {
    /// If the process is killed now.
    pub killed: Promise,
    /// If the power goes now.
    pub power_cut: Promise,
}

impl Promises {
    /// The one for this failure.
    #[must_use]
    pub const fn of(&self, failure: Failure) -> Promise {
        match failure {
            Failure::Killed => self.killed,
            Failure::PowerCut => self.power_cut,
        }
    }
}

/// What was executed, as one file tells of it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Position in the log at which it begins; everything before is in the dataset that it begins
    /// with.
    pub from: u64,
    /// The dataset that it begins with, and the units since then.
    pub history: History<'a>,
}

impl Told<'_> {
    /// Position in the log after so many units.
    #[must_use]
    pub fn position_after(&self, units: usize) -> u64 {
        let last = units.checked_sub(1).and_then(|last| self.history.units.get(last));
        last.map_or(self.from, |unit| unit.end)
    }
}

/// One moment of a run. What a position is, is the business of whoever makes it: a world counts
/// bytes of everything that was ever logged, a harness around a real server may count units.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Steps that led here.
    pub step: u64,
    /// The disk.
    pub disk: &'a Disk,
    /// Name of the log.
    pub name: &'a str,
    /// What a server would start with.
    pub config: &'a Config,
    /// What is promised.
    pub promises: Promises,
    /// What was executed.
    pub told: Told<'a>,
    /// For one file something else: it begins with a dataset of which the log does not tell.
    pub told_otherwise: Option<(Inode, Told<'a>)>,
    /// For each acknowledged write, the position of its end.
    pub acknowledged: &'a [u64],
}

impl<'a> Moment<'a> {
    /// What was executed, as this file tells of it.
    #[must_use]
    pub fn told_by(&self, inode: Option<Inode>) -> Told<'a> {
        match self.told_otherwise {
            Some((other, told)) if inode == Some(other) => told,
            _ => self.told,
        }
    }

    /// How many acknowledged writes end at this position or before.
    #[must_use]
    pub fn acknowledged_upto(&self, position: u64) -> u64 {
        self.acknowledged.iter().filter(|end| **end <= position).count() as u64
    }
}

//! What an exploration found.

use crate::promise::{Breach, Failure, Promise};
use crate::sim::crash::Image;
use crate::sim::fact::Fact;

/// What one failure would do at one moment, over all images of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Images that the model allows, by its arithmetic.
    pub counted: u64,
    /// Images that were looked at, each once.
    pub listed: u64,
    /// There are more than were looked at.
    pub more_than: bool,
    /// Different datasets that they lead to.
    pub datasets: u64,
    /// Images from which the server refuses to start.
    pub refused: u64,
    /// Acknowledged writes.
    pub acknowledged: u64,
    /// How many of them the worst image keeps. A refused image keeps none.
    pub kept_at_worst: u64,
    /// How many of them the best image keeps.
    pub kept_at_best: u64,
    /// An image breaks the promise.
    pub broken: bool,
}

impl Outlook {
    /// Acknowledged writes that the worst image loses.
    #[must_use]
    pub const fn lost_at_worst(&self) -> u64 {
        self.acknowledged.saturating_sub(self.kept_at_worst)
    }
}

/// What both failures would do at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The process is killed.
    pub killed: Outlook,
    /// The power goes.
    pub power_cut: Outlook,
}

/// How a promise was broken, without the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreachKind {
    /// [`Breach::Refused`].
    Refused,
    /// [`Breach::NotAPrefix`].
    NotAPrefix,
    /// [`Breach::TooShort`].
    TooShort,
}

impl From<Breach> for BreachKind {
    fn from(breach: Breach) -> Self {
        match breach {
            Breach::Refused => Self::Refused,
            Breach::NotAPrefix => Self::NotAPrefix,
            Breach::TooShort { .. } => Self::TooShort,
        }
    }
}

/// A failure before the one that is judged, and the start between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstCut {
    /// Steps before it.
    pub step: u64,
    /// What failed.
    pub failure: Failure,
    /// What the server started from.
    pub image: Image,
}

/// The smallest case that shows a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Steps before the failure; with a first cut, steps after it.
    pub step: u64,
    /// What had failed before.
    pub first: Option<FirstCut>,
    /// What the failure left.
    pub image: Image,
    /// What was promised.
    pub promise: Promise,
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// How many of them came back.
    pub kept: u64,
    /// How it breaks the promise.
    pub breach: Breach,
}

/// A promise that is broken in one way after one failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// After which failure.
    pub failure: Failure,
    /// In which way.
    pub kind: BreachKind,
    /// At how many moments.
    pub cuts: u64,
    /// By how many images, an image of several moments counted for each.
    pub images: u64,
    /// The smallest case.
    pub witness: Witness,
}

/// What was found in a whole run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Moments that differ from the one before in what a failure leaves or what is promised.
    pub cuts: u64,
    /// Images that the model allows, by its arithmetic, over all moments and both failures.
    pub counted: u64,
    /// Images that were listed, over all moments and both failures.
    pub listed: u64,
    /// Different images among them.
    pub distinct: u64,
    /// Different images from which the server refuses to start.
    pub refused: u64,
    /// Different datasets.
    pub datasets: u64,
    /// There are more images than were listed.
    pub more_than: bool,
    /// Broken promises, by failure and kind.
    pub violations: Vec<Violation>,
    /// The steps of the run.
    pub facts: Vec<Fact>,
}

impl Report {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// The violation of this kind after this failure, if there is one.
    #[must_use]
    pub fn violation(&self, failure: Failure, kind: BreachKind) -> Option<&Violation> {
        self.violations.iter().find(|found| found.failure == failure && found.kind == kind)
    }

    /// Takes note of what breaks the promise of one failure at one moment: so many images by each
    /// case.
    pub(super) fn broken(&mut self, failure: Failure, cases: Vec<(u64, Witness)>) {
        let mut kinds: Vec<BreachKind> = Vec::new();
        for (images, witness) in cases {
            let kind = BreachKind::from(witness.breach);
            let first_here = !kinds.contains(&kind);
            kinds.push(kind);
            let same = |found: &&mut Violation| found.failure == failure && found.kind == kind;
            match self.violations.iter_mut().find(same) {
                Some(known) => {
                    known.cuts += u64::from(first_here);
                    known.images += images;
                    if smaller(&witness, &known.witness) {
                        known.witness = witness;
                    }
                }
                None => {
                    self.violations.push(Violation { failure, kind, cuts: 1, images, witness });
                    self.violations.sort_by_key(|found| (found.failure, found.kind));
                }
            }
        }
    }
}

/// Fewest steps, then the shortest image.
fn smaller(one: &Witness, other: &Witness) -> bool {
    let size = |witness: &Witness| {
        let first = witness.first.as_ref().map_or(0, |first| first.step);
        (first + witness.step, witness.image.length_bytes())
    };
    size(one) < size(other)
}

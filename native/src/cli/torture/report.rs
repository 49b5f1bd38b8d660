//! What a torture has found, as data: what `--json` prints, and what table and page are made of.

use serde::Serialize;

use super::standstill::Standstill;
use crate::cli::latency::{Part, Summary};

/// Most breaks that are written down. All are counted.
const LISTED_BREAKS: usize = 100;

/// At which moment the server was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Moment {
    /// While clients wrote.
    Writing,
    /// Some time after BGREWRITEAOF.
    Rewriting,
    /// Just after a rewrite had ended.
    Switching,
    /// While clients wrote, and again while it loaded its log.
    Loading,
}

impl Moment {
    /// All of them.
    pub(super) const ALL: [Self; 4] =
        [Self::Writing, Self::Rewriting, Self::Switching, Self::Loading];

    /// What people read.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Writing => "while writing",
            Self::Rewriting => "while rewriting",
            Self::Switching => "as a rewrite ended",
            Self::Loading => "while loading",
        }
    }
}

/// How a promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Acknowledged writes are gone that the policy does not give away.
    Lost,
    /// The keys are not those after any number of writes.
    Torn,
    /// The server does not load what it has left itself.
    Refused,
    /// The server ended by itself.
    Ended,
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Break {
    pub(super) cycle: u64,
    pub(super) kind: Kind,
    pub(super) connection: Option<u32>,
    /// In words.
    pub(super) how: String,
    /// The known flaw of the profile that does this, if it has one.
    pub(super) known: Option<&'static str>,
    /// Where the server's files are, if they were kept.
    pub(super) kept: Option<String>,
}

/// One failure and what came back.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cycle {
    pub(super) cycle: u64,
    pub(super) moment: Moment,
    /// Where the server was held until others had synced, before the power went.
    pub(super) stood: Option<Standstill>,
    pub(super) acknowledged: u64,
    /// Acknowledged, and gone.
    pub(super) lost: u64,
    /// Never acknowledged, and there.
    pub(super) extra: u64,
    /// From the acknowledgement of the first write that is gone to the failure.
    pub(super) loss_window_ms: f64,
    /// From the start of the server to its first answer; null where it refused.
    pub(super) recovery_ms: Option<f64>,
    /// Length of the files of the log when it was loaded.
    pub(super) log_bytes: u64,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) verdict: Verdict,
    pub(super) server: String,
    pub(super) program: String,
    pub(super) policy: &'static str,
    pub(super) profile: Option<&'static str>,
    /// `kill` or `power-cut`.
    pub(super) failure: &'static str,
    /// Of the disk whose power is cut.
    pub(super) mount_options: Option<String>,
    pub(super) connections: u32,
    pub(super) seed: u64,
    pub(super) seconds: f64,
    pub(super) cycles: u64,
    pub(super) acknowledged: u64,
    pub(super) lost: u64,
    pub(super) extra: u64,
    /// Whether the policy gives away the newest of what was acknowledged.
    pub(super) recent_may_be_lost: bool,
    pub(super) longest_loss_window_ms: f64,
    pub(super) recovery_median_ms: Option<f64>,
    pub(super) recovery_max_ms: Option<f64>,
    pub(super) acknowledgement: Summary,
    /// How many took how long, on a scale with equal steps in each decade.
    pub(super) acknowledgement_parts: Vec<Part>,
    /// All broken promises.
    pub(super) broken: u64,
    /// The first of them.
    pub(super) breaks: Vec<Break>,
    /// Folders in which the server's files were kept after a broken promise.
    pub(super) kept: Vec<String>,
    pub(super) each: Vec<Cycle>,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    Kept,
    Broken,
    /// Not one cycle was completed, or nothing was acknowledged.
    Nothing,
}

impl Report {
    /// One more cycle.
    pub(super) fn add(&mut self, cycle: Cycle) {
        self.cycles += 1;
        self.acknowledged += cycle.acknowledged;
        self.lost += cycle.lost;
        self.extra += cycle.extra;
        self.longest_loss_window_ms = self.longest_loss_window_ms.max(cycle.loss_window_ms);
        self.each.push(cycle);
    }

    /// One more broken promise.
    pub(super) fn add_break(&mut self, found: Break) {
        self.broken += 1;
        if self.breaks.len() < LISTED_BREAKS {
            self.breaks.push(found);
        }
    }

    /// Fills in what follows from all cycles.
    pub(super) fn finish(&mut self) {
        let mut times: Vec<f64> = self.each.iter().filter_map(|cycle| cycle.recovery_ms).collect();
        times.sort_by(f64::total_cmp);
        self.recovery_median_ms = times.get(times.len() / 2).copied();
        self.recovery_max_ms = times.last().copied();
        // Where nothing was acknowledged, there was nothing to keep.
        self.verdict = match (self.broken, self.acknowledged) {
            (0, 0) => Verdict::Nothing,
            (0, _) => Verdict::Kept,
            _ => Verdict::Broken,
        };
    }

    /// In how many cycles the server did not load its own log.
    pub(super) fn refused(&self) -> u64 {
        self.each.iter().filter(|cycle| cycle.recovery_ms.is_none()).count() as u64
    }

    /// In how many cycles the server stood still there.
    pub(super) fn stood(&self, there: Standstill) -> u64 {
        self.each.iter().filter(|cycle| cycle.stood == Some(there)).count() as u64
    }

    /// How many cycles had this moment.
    pub(super) fn at(&self, moment: Moment) -> u64 {
        self.each.iter().filter(|cycle| cycle.moment == moment).count() as u64
    }
}

//! The labels of the scrubber, for a worker that has nothing but the bytes of a run.

use aof_core::explore::risk::{Label, Strip};
use aof_core::explore::{Options, Outlook};
use aof_core::sim::crash::DiskModel;
use aof_core::sim::timeline::run::Run;

use crate::error::LabError;
use crate::view::risk::{RiskLabel, RiskOutlook};

/// Labels that are made by one call at most.
const LABELS_AT_ONCE: u64 = 1_000;

/// Images that a worker remembers: about 7 MB, beside as much again for what they share. More would
/// be found again instead, which costs time and no truth that a label tells.
const REMEMBERED_IMAGES: usize = 100_000;

/// A strip that begins with the bytes of a run.
///
/// # Errors
/// `bad-option` for bytes that are no run, `bad-aof` when its log cannot be loaded.
pub fn strip(bytes: &[u8], model: DiskModel) -> Result<Strip, LabError> {
    let run = Run::from_bytes(bytes).map_err(|error| LabError::BadOption(error.to_string()))?;
    let remembered_images = REMEMBERED_IMAGES;
    Ok(Strip::new(run, Options { model, remembered_images, ..Options::default() })?)
}

/// The next labels, at most so many. Fewer at the end of the run.
pub fn labels(strip: &mut Strip, count: u64) -> Vec<RiskLabel> {
    let count = usize::try_from(count.min(LABELS_AT_ONCE)).unwrap_or(usize::MAX);
    strip.take(count).map(|label| shown(&label)).collect()
}

/// One label as the page gets it.
#[must_use]
pub fn shown(label: &Label) -> RiskLabel {
    RiskLabel {
        step: label.step,
        killed: label.look.map(|look| outlook(&look.killed)),
        power_cut: label.look.map(|look| outlook(&look.power_cut)),
    }
}

const fn outlook(outlook: &Outlook) -> RiskOutlook {
    RiskOutlook {
        acknowledged: outlook.acknowledged,
        kept_at_worst: outlook.kept_at_worst,
        kept_at_best: outlook.kept_at_best,
        images: outlook.listed,
        more_than: outlook.more_than,
        datasets: outlook.datasets,
        refused: outlook.refused,
        broken: outlook.broken,
    }
}

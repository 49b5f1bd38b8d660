//! The ten functions that the seeds declare, with the last step that was in each.

use aof_core::sim::fact::SeedFunction as Function;
use aof_core::sim::timeline::Timeline;

use crate::view::snapshot::SeedFunction;

/// All ten.
#[must_use]
pub fn shown(timeline: &Timeline) -> Vec<SeedFunction> {
    let position = usize::try_from(timeline.position()).unwrap_or(usize::MAX);
    let known = &timeline.marks()[..timeline.marks().len().min(position.saturating_add(1))];
    let last = |function: Function| {
        known
            .iter()
            .rposition(|mark| mark.fact.function() == Some(function))
            .map(|step| step as u64)
    };
    Function::ALL
        .iter()
        .map(|&function| SeedFunction { name: function.as_str(), last_step: last(function) })
        .collect()
}

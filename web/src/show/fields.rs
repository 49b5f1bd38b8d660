//! The fields of `struct redisServer` under their seed names, with the step that changed each.

use aof_core::sim::fields::{Field, Fields};
use aof_core::sim::timeline::Timeline;

use crate::view::snapshot::SeedField;

/// The fields now. None while no server runs: they are gone with its memory.
#[must_use]
pub fn shown(timeline: &Timeline) -> Vec<SeedField> {
    let position = usize::try_from(timeline.position()).unwrap_or(usize::MAX);
    let known = &timeline.marks()[..timeline.marks().len().min(position.saturating_add(1))];
    let Some(now) = timeline.mark().fields else { return Vec::new() };
    let name = &timeline.world().config().appendfilename;
    Field::ALL
        .iter()
        .map(|&field| {
            let value = now.value(field);
            let differs = |old: &Option<Fields>| {
                old.is_none_or(|old| old != now && old.value(field) != value)
            };
            // The step after the last one at which the value was another.
            let changed = known.iter().rposition(|mark| differs(&mark.fields));
            let changed_at_step = changed.map_or(0, |index| index as u64 + 1);
            SeedField { name: field.name(), value: value.text(name), changed_at_step }
        })
        .collect()
}

//! The fields of `struct redisServer` under their seed names, with the step that changed each.

use aof_core::aof::log::State;
use aof_core::sim::fields::Fields;
use aof_core::sim::timeline::Timeline;
use aof_core::units::Errno;

use crate::view::snapshot::SeedField;

/// The descriptor that the simulated log has. Any small number would do.
const DESCRIPTOR: u8 = 8;

/// Reads one field; the second argument is the name of the file.
type Read = fn(&Fields, &str) -> String;

/// How each field is read and written down. `REDIS_` names are those of the seeds.
const SHOWN: [(&str, Read); 14] = [
    ("aof_state", |fields, _| match fields.state {
        State::On | State::Stopping => "AOF_ON".to_owned(),
        State::WaitRewrite => "AOF_WAIT_REWRITE".to_owned(),
        State::Off => "AOF_OFF".to_owned(),
    }),
    ("aof_fsync", |fields, _| fields.policy.as_str().to_owned()),
    ("aof_filename", |_, name| name.to_owned()),
    ("aof_buf", |fields, _| format!("{} B", fields.buffer_bytes)),
    ("aof_current_size", |fields, _| fields.current_size_bytes.to_string()),
    ("aof_fd", |fields, _| match fields.state {
        State::On | State::Stopping => DESCRIPTOR.to_string(),
        State::WaitRewrite | State::Off => "-1".to_owned(),
    }),
    ("aof_selected_db", |fields, _| {
        fields.selected_db.map_or_else(|| "-1".to_owned(), |db| db.to_string())
    }),
    ("aof_flush_postponed_start", |fields, _| {
        fields.postponed_since.map_or(0, |since| since.seconds()).to_string()
    }),
    ("aof_last_fsync", |fields, _| fields.last_sync.seconds().to_string()),
    ("aof_delayed_fsync", |fields, _| fields.delayed_syncs.to_string()),
    ("aof_last_write_status", |fields, _| {
        if fields.last_write_error.is_some() { "REDIS_ERR" } else { "REDIS_OK" }.to_owned()
    }),
    ("aof_last_write_errno", |fields, _| {
        fields.last_write_error.map_or(0, |Errno(number)| number).to_string()
    }),
    ("aof_no_fsync_on_rewrite", |fields, _| u8::from(fields.no_sync_on_rewrite).to_string()),
    ("aof_load_truncated", |fields, _| u8::from(fields.load_truncated).to_string()),
];

/// The fields now. None while no server runs: they are gone with its memory.
#[must_use]
pub fn shown(timeline: &Timeline) -> Vec<SeedField> {
    let position = usize::try_from(timeline.position()).unwrap_or(usize::MAX);
    let known = &timeline.marks()[..timeline.marks().len().min(position.saturating_add(1))];
    let Some(now) = timeline.mark().fields else { return Vec::new() };
    let name = &timeline.world().config().appendfilename;
    SHOWN
        .iter()
        .map(|(field, read)| {
            let value = read(&now, name);
            let differs = |old: &Option<Fields>| {
                old.is_none_or(|old| old != now && read(&old, name) != value)
            };
            // The step after the last one at which the value was another.
            let changed = known.iter().rposition(|mark| differs(&mark.fields));
            let changed_at_step = changed.map_or(0, |index| index as u64 + 1);
            SeedField { name: field, value, changed_at_step }
        })
        .collect()
}

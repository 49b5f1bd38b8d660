//! Numbers of a run that no run has.

use super::*;
use crate::config::Policy;
use crate::profile::ProfileName;
use crate::sim::scenario;

/// A run with these two changed.
fn refused(change: impl Fn(&mut disk::Parameters, &mut rewriting::Parameters)) -> Option<RunError> {
    let mut story = scenario::rewrite(Policy::EverySec, ProfileName::Redis62, 1);
    change(&mut story.settings.parameters, &mut story.settings.rewriting);
    Run::from_bytes(&Run::new(story.settings, story.inputs).to_bytes()).err()
}

fn out_of_bounds(error: Option<RunError>) -> (&'static str, u64) {
    match error {
        Some(RunError::OutOfBounds { field, found, .. }) => (field, found),
        other => panic!("{other:?}"),
    }
}

/// One field after the other gets a number that would stop or break a step.
#[test]
fn a_number_outside_its_bounds_is_refused_by_its_name() {
    assert_eq!(refused(|_, _| {}), None);
    type Change = fn(&mut disk::Parameters, &mut rewriting::Parameters, u64);
    let fields: [(&str, Change, u64); 16] = [
        ("sync micros", |disk, _, to| disk.sync_base_micros = to, u64::MAX),
        ("sync micros per KiB", |disk, _, to| disk.sync_per_kibibyte_micros = to, u64::MAX),
        ("writeback interval", |disk, _, to| disk.writeback_interval_micros = to, 0),
        ("writeback age", |disk, _, to| disk.writeback_age_micros = to, u64::MAX),
        ("names age", |disk, _, to| disk.names_age_micros = to, u64::MAX),
        ("pipe bytes", |_, child, to| child.pipe_bytes = to, 0),
        ("write bytes", |_, child, to| child.write_bytes = to, 0),
        ("bytes between reads", |_, child, to| child.read_diff_every_bytes = to, 0),
        ("read bytes", |_, child, to| child.read_bytes = to, 0),
        ("drain milliseconds", |_, child, to| child.drain_limit_ms = to, u64::MAX),
        ("fork micros", |_, child, to| child.fork_micros = to, u64::MAX),
        ("write micros", |_, child, to| child.write_micros = to, u64::MAX),
        ("step micros", |_, child, to| child.step_micros = to, u64::MAX),
        ("silent milliseconds", |_, child, _| child.silent_ms = u32::MAX, u32::MAX.into()),
        ("page slots", |_, child, _| child.page_slots = 0, 0),
        ("pages", |_, child, _| child.pages = u32::MAX, u32::MAX.into()),
    ];
    for (name, change, number) in fields {
        let error = refused(|disk, child| change(disk, child, number));
        assert_eq!(out_of_bounds(error), (name, number));
    }
    let held = refused(|_, child| child.hold = Some((Micros(0), Micros(u64::MAX))));
    assert_eq!(out_of_bounds(held), ("hold micros", u64::MAX));
}

#[test]
fn an_input_at_the_end_of_time_is_refused() {
    let mut story = scenario::first_visit(Policy::Always, ProfileName::Hardened, 1);
    story.inputs[0].at = Micros(u64::MAX);
    let error = Run::from_bytes(&Run::new(story.settings, story.inputs).to_bytes()).err();
    assert_eq!(out_of_bounds(error), ("time micros", u64::MAX));
}

#[test]
fn a_refusal_says_what_was_found_and_what_may_be() {
    let error = refused(|_, child| child.pages = 0).expect("refused");
    assert_eq!(error.to_string(), "the run cannot be read: pages is 0, it must be 1 to 65536");
}

use super::*;
use crate::note::Note;
use crate::sim::crash::{DiskModel, Limits};
use crate::sim::fact::Fact;
use crate::sim::timeline::{Cause, Timeline};
use crate::sim::verdict::{Fate, Then};

fn opening() -> Timeline {
    Timeline::new(first_visit(Policy::EverySec, ProfileName::Redis62, 1)).expect("it starts")
}

/// What the picture calls each step.
fn name(fact: &Fact) -> String {
    match fact {
        Fact::Command { words, .. } => {
            let words: Vec<_> = words.as_argv().iter().map(String::from_utf8_lossy).collect();
            words.join(" ")
        }
        Fact::Write { from, to, result } => format!("write {from}..{to} {result:?}"),
        Fact::Reply { .. } => "OK".to_owned(),
        Fact::SyncStart { from, to } => format!("fsync {from}..{to}"),
        Fact::SyncEnd { from, to, .. } => format!("synced {from}..{to}"),
        Fact::Note(Note::WritePostponed { waiting_bytes }) => format!("put off {waiting_bytes}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_run_is_the_one_of_the_picture() {
    let timeline = opening();
    let steps: Vec<(u64, String)> =
        timeline.marks().iter().skip(1).map(|mark| (mark.time.0, name(&mark.fact))).collect();
    let expected = [
        (120_000, "SET a 1"),
        (120_000, "write 0..50 Ok(50)"),
        (121_000, "OK"),
        (1_000_000, "fsync 0..50"),
        (1_018_000, "synced 0..50"),
        (1_310_000, "SET b 2"),
        (1_310_000, "write 50..77 Ok(27)"),
        (1_311_000, "OK"),
        (1_640_000, "SET c 3"),
        (1_640_000, "write 77..104 Ok(27)"),
        (1_641_000, "OK"),
        (2_000_000, "fsync 50..104"),
        (2_104_000, "SET d 4"),
        (2_104_000, "put off 27"),
        (2_105_000, "OK"),
        (2_175_000, "synced 50..104"),
        (2_175_000, "write 104..131 Ok(27)"),
        (3_000_000, "fsync 104..131"),
        (3_018_000, "synced 104..131"),
    ];
    let expected: Vec<_> = expected.map(|(at, name)| (at, name.to_owned())).to_vec();
    assert_eq!(steps, expected);
    assert_eq!(timeline.position(), 15);
}

#[test]
fn the_log_lies_as_in_the_picture() {
    let timeline = opening();
    let entries: Vec<_> =
        timeline.world().journal().entries().iter().map(|e| (e.from, e.to)).collect();
    assert_eq!(entries, [(0, 23), (23, 50), (50, 77), (77, 104), (104, 131)]);
    let frontier = timeline.world().frontier(DiskModel::AnyPrefix);
    assert_eq!((frontier.durable, frontier.written, frontier.appended), (50, 104, 131));
    assert_eq!(frontier.syncing, Some((50, 104)));
    assert_eq!(timeline.world().journal().acknowledged_upto(), 131);
    let job = &timeline.world().machine().jobs[0];
    let now = timeline.world().now();
    assert_eq!((now.since(job.started), job.due.since(job.started)), (105_000, 175_000));
}

#[test]
fn the_verdict_is_the_one_of_the_picture() {
    let timeline = opening();
    let verdict = timeline.world().verdict(DiskModel::AnyPrefix);
    let killed = &verdict.killed;
    assert_eq!((killed.sure, killed.of, killed.lost), (3, 4, 1));
    assert_eq!((killed.from, killed.to, killed.risk_micros), (104, 131, 1_000));
    let power = &verdict.power;
    assert_eq!((power.sure, power.of, power.maybe, power.lost), (1, 4, 2, 1));
    assert_eq!((power.from, power.to, power.risk_micros), (50, 131, 795_000));
    let error = &verdict.disk_error;
    assert_eq!((error.sure, error.of, error.maybe, error.lost), (2, 4, 2, 0));
    assert_eq!((error.from, error.to), (50, 104));
    let fates: Vec<Fate> = error.fates.iter().map(|(_, fate)| *fate).collect();
    assert_eq!(fates, [Fate::Maybe, Fate::Maybe, Fate::Memory]);
    assert_eq!(verdict.then, Then::RefusesWrites);
}

#[test]
fn a_power_cut_leaves_fifty_five_disks_and_three_datasets() {
    let mut timeline = opening();
    timeline.act(Input::CutPower, Cause::PowerCut).expect("it runs");
    timeline.seek(16).expect("the cut is a step");
    let world = timeline.world();
    let survey = world.survey(DiskModel::AnyPrefix, Limits::default()).expect("it is down");
    assert_eq!((survey.images, survey.more_than), (55, false));
    let groups: Vec<_> = survey.groups.iter().map(|g| (g.images, g.shortest, g.longest)).collect();
    assert_eq!(groups, [(27, 50, 76), (27, 77, 103), (1, 104, 104)]);
    assert!(survey.is_kept());
    assert_eq!((survey.promise.at_least_upto, survey.at_least_units), (50, 1));
    assert!(world.log_describes_memory());
    assert_eq!(
        world.down().and_then(|d| d.scene.as_ref()).and_then(|s| s.last_sync_started),
        Some(Micros(1_000_000))
    );
}

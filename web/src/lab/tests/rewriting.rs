//! The lessons of the rewrite.

use super::*;
use crate::view::rewrite::RewriteFact;

fn lesson(scenario: ScenarioName, profile: ProfileName) -> Lab {
    Lab::new(Options { scenario, profile, ..Options::default() }).expect("it begins")
}

#[test]
fn the_rewrite_opens_with_the_numbers_of_the_picture_in_both_profiles() {
    for profile in ProfileName::ALL {
        let mut lab = lesson(ScenarioName::Rewrite, profile);
        let snapshot = lab.snapshot();
        let view = snapshot.rewrite.expect("a rewrite");
        assert!(matches!(
            snapshot.fact,
            StepFact::Rewrite { rewrite: RewriteFact::ChildStop { unsent_bytes: 48, .. } }
        ));
        assert_eq!((view.before.bytes, view.before.commands, view.before.keys), (2231, 105, 5));
        assert_eq!(view.after.map(|after| (after.bytes, after.commands)), Some((160, 6)));
        assert_eq!(
            (view.child.diff_bytes, view.pipes.data.bytes, view.diff.waiting_bytes),
            (44, 20, 48),
            "{profile:?}"
        );
        assert_eq!((view.diff.block_bytes, view.diff.freed_blocks, view.pages.total), (64, 1, 32));
        assert_eq!((view.parent.changed, view.child.keys.len()), (3, 5));
        let first = view.redundant.first().expect("something was redundant");
        assert_eq!(
            (first.becomes.as_str(), first.commands, first.bytes, first.new_bytes),
            ("SET n 100", 100, 2100, 29)
        );
        assert_eq!((snapshot.verdict.killed.sure, snapshot.verdict.killed.of), (108, 108));
        assert!(view.foreground.is_some_and(|lane| !lane.waiting.is_empty()));
        assert_eq!((snapshot.fields.len(), snapshot.functions.len()), (32, 10));
        assert_eq!(snapshot.can.kill_child, May::Yes(true));
    }
}

#[test]
fn the_rename_opens_between_the_two_directories() {
    let mut lab = lesson(ScenarioName::Rename, ProfileName::Hardened);
    let view = lab.snapshot().rewrite.expect("a rewrite");
    let name = view.directory.iter().find(|name| name.name == "appendonly.aof").expect("the log");
    assert_ne!(name.cached, name.durable);
    let files: Vec<_> =
        view.files.iter().map(|file| (file.role, file.length_bytes, file.durable_bytes)).collect();
    assert_eq!(files, [("old", 2343, 2343), ("new", 272, 272)]);
    assert_eq!(view.recovered.old, view.recovered.new);
    assert!(view.gates_held);
}

#[test]
fn every_step_of_a_rewrite_can_be_shown_and_says_its_function() {
    for profile in ProfileName::ALL {
        let mut lab = lesson(ScenarioName::Rewrite, profile);
        let mut functions = std::collections::BTreeSet::new();
        let mut facts = std::collections::BTreeSet::new();
        let steps = lab.snapshot().step_count;
        for step in 0..=steps {
            lab.seek(step).expect("a known step");
            let snapshot = lab.snapshot();
            functions.extend(snapshot.function);
            let last = snapshot.functions.iter().filter_map(|one| one.last_step).max();
            assert!(last.is_none_or(|last| last <= step));
            for field in &snapshot.fields {
                assert!(field.changed_at_step <= step, "{}", field.name);
            }
            if let StepFact::Rewrite { rewrite } = &snapshot.fact {
                let name = format!("{rewrite:?}");
                facts.insert(name.split([' ', '{']).next().unwrap_or_default().to_owned());
            }
        }
        for function in [
            "flushAppendOnlyFile",
            "feedAppendOnlyFile",
            "rewriteAppendOnlyFileBackground",
            "backgroundRewriteDoneHandler",
            "aofRewriteBufferReset",
            "aofRewriteBufferSize",
        ] {
            assert!(functions.contains(function), "{profile:?}: no step is in {function}");
        }
        for fact in ["Pipes", "Fork", "Send", "StopAsked", "Reaped", "ChildWrite", "Switched"] {
            assert!(facts.contains(fact), "{profile:?}: {facts:?} has no {fact}");
        }
    }
}

#[test]
fn a_rewrite_is_asked_for_at_the_prompt_and_its_child_can_be_killed() {
    let mut lab = empty();
    assert_eq!(lab.kill_child(), Err(LabError::NotRunning));
    assert_eq!(lab.snapshot().can.kill_child, May::No("no-child"));
    lab.submit(1, "SET a 1").expect("a write");
    lab.submit(1, "BGREWRITEAOF").expect("a command");
    while lab.snapshot().can.kill_child != May::Yes(true) {
        lab.step().expect("there is a fork to come");
    }
    lab.kill_child().expect("there is a child");
    let snapshot = lab.snapshot();
    assert!(matches!(
        snapshot.fact,
        StepFact::Rewrite { rewrite: RewriteFact::ChildKilled { .. } }
    ));
    assert_eq!((snapshot.state, snapshot.can.kill_child), ("running", May::No("no-child")));
    while lab.snapshot().rewrite.is_none_or(|view| view.stage != "failed") {
        lab.step().expect("cron finds out");
    }
    let changed = |lab: &mut Lab, name: &str| {
        let fields = lab.snapshot().fields;
        fields.into_iter().find(|field| field.name == name).expect("a field of the seeds")
    };
    assert_eq!(changed(&mut lab, "aof_child_pid").value, "-1");
}

#[test]
fn a_write_while_a_child_lives_says_which_page_it_split() {
    let mut lab = lesson(ScenarioName::Rewrite, ProfileName::Redis62);
    let mut split = Vec::new();
    for step in 0..=lab.snapshot().step {
        lab.seek(step).expect("a known step");
        let snapshot = lab.snapshot();
        let Some(pages) = snapshot.rewrite.map(|view| view.pages) else { continue };
        split.extend(pages.split_now.iter().copied());
        if !pages.split_now.is_empty() {
            assert!(matches!(snapshot.fact, StepFact::Command { .. }), "step {step}");
        }
        let mut sorted = split.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, pages.split, "step {step}");
    }
    assert!(!split.is_empty());
}

#[test]
fn the_page_shows_a_failure_at_every_step_of_a_rewrite_and_the_start_after_it() {
    for profile in ProfileName::ALL {
        let lab = lesson(ScenarioName::Rewrite, profile);
        let steps = lab.story().branch().steps();
        for step in (120..=steps).step_by(3) {
            for power in [false, true] {
                let mut lab = lab.clone();
                lab.seek(step).expect("a known step");
                let before = lab.snapshot();
                if power { lab.cut_power() } else { lab.kill() }.expect("it runs");
                let down = lab.snapshot();
                let crash = down.crash.expect("a failure");
                let place = format!("{profile:?} step {step} power {power}");
                // That profile gives the new file its name before it is synced.
                let is_hole = profile != ProfileName::Hardened && power;
                assert!(crash.promise.kept || is_hole, "{place}");
                assert!(down.rewrite.is_none(), "{place}: both processes are gone");
                for group in &crash.groups {
                    let (kept, lost) = (group.kept_writes, group.lost_writes);
                    assert!(kept >= down.verdict.power.sure, "{place}: {kept} are kept");
                    assert_eq!(kept + lost, down.verdict.power.of, "{place}");
                }
                lab.boot(&BootImage::Worst).expect("there is a disk");
                while lab.is_booting() {
                    lab.step().expect("the start goes on");
                }
                let up = lab.snapshot();
                assert_eq!(up.state, "running", "{place}");
                if !power && before.written == before.appended {
                    assert_eq!(up.key_count, before.key_count, "{place}");
                }
            }
        }
    }
}

#[test]
fn a_write_with_the_log_off_is_told_to_be_lost() {
    for profile in ProfileName::ALL {
        let mut lab = lesson(ScenarioName::FirstVisit, profile);
        lab.submit(1, "CONFIG SET appendonly no").expect("it runs");
        while lab.step().is_ok() {}
        let (before, log) = (lab.snapshot(), lab.export_aof());
        assert_eq!(before.verdict.killed.lost, 0, "{profile:?}");
        lab.submit(1, "SET q 1").expect("it runs");
        while lab.step().is_ok() {}
        let after = lab.snapshot();
        for row in [&after.verdict.killed, &after.verdict.power] {
            assert_eq!((row.lost, row.of), (1, before.verdict.killed.of + 1), "{profile:?}");
            assert_eq!(row.risk_bytes, 0, "{profile:?}: it has no byte anywhere");
        }
        assert_eq!((lab.export_aof(), after.appended), (log, after.written), "{profile:?}");
        lab.submit(1, "CONFIG SET appendonly yes").expect("it runs");
        while lab.step().is_ok() {}
        let on = lab.snapshot().verdict;
        assert_eq!(
            (on.killed.lost, on.killed.of),
            (0, before.verdict.killed.of + 1),
            "{profile:?}"
        );
    }
}

#[test]
fn a_power_cut_behind_a_rename_tells_the_two_files_apart() {
    let mut lab = lesson(ScenarioName::Rename, ProfileName::Redis62);
    lab.cut_power().expect("it runs");
    let crash = lab.snapshot().crash.expect("a failure");
    let told: Vec<_> =
        crash.files.iter().map(|f| (f.role, f.inode, f.shortest, f.longest)).collect();
    assert_eq!(told, [("new", Some(18), 224, 272), ("old", Some(17), 2_343, 2_343)]);
    assert_eq!(crash.files.iter().map(|file| file.images).sum::<u64>(), crash.images);
    for file in &crash.files {
        let groups = crash.groups.iter().filter(|group| group.inode == file.inode);
        for group in groups {
            assert!(file.shortest <= group.shortest && group.longest <= file.longest);
        }
        assert_eq!(file.entries.last().map(|entry| entry.to), Some(file.longest));
    }
}

//! The bytes of a file, edited.

use super::*;
use crate::lab::bytes::{Look, Source};
use crate::view::bytes::BytesView;
use aof_core::sim::bytes::Edits;

fn cut_lab() -> Lab {
    let mut lab =
        Lab::new(Options { scenario: ScenarioName::FirstVisit, ..Options::default() }).expect("it");
    lab.cut_power().expect("it runs");
    lab
}

fn look(cut: Option<u64>, flips: &[(u64, u8)]) -> Look {
    Look { edits: Edits { cut, flips: flips.to_vec() }, ..Look::default() }
}

fn states(view: &BytesView) -> Vec<(&str, &str)> {
    view.entries.iter().map(|entry| (entry.text.as_str(), entry.state)).collect()
}

#[test]
fn each_possible_disk_can_be_opened_and_agrees_with_its_group() {
    let mut lab = cut_lab();
    let crash = lab.snapshot().crash.expect("a failure");
    for group in &crash.groups {
        let source = Source::Image(BootImage::Example(group.example));
        let view = lab.bytes(&source, &Look::default()).expect("it is there");
        assert_eq!((view.inode, view.length_bytes), (group.inode, group.longest));
        assert_eq!(view.ledger.kept.count, group.kept_writes);
        assert_eq!(view.ledger.lost.count, group.lost_writes);
        assert_eq!((view.refused, view.dataset), (group.refused.clone(), group.dataset.clone()));
    }
    let missing = Source::Image(BootImage::Example(99));
    assert!(lab.bytes(&missing, &Look::default()).is_err());
}

#[test]
fn a_disk_with_other_bytes_than_were_written_keeps_what_its_bytes_say() {
    let mut others = 0;
    let holes = aof_core::explore::holes::ALL.into_iter().map(ScenarioName::Hole);
    for name in ScenarioName::LESSONS.into_iter().chain(holes) {
        for disk_model in DiskModel::ALL {
            let options = Options { scenario: name, disk_model, ..Options::default() };
            let mut lab = Lab::new(options).expect("it");
            // A hole may show a server that is down already.
            lab.cut_power().ok();
            for group in lab.snapshot().crash.expect("a failure").groups {
                let source = Source::Image(BootImage::Example(group.example));
                let view = lab.bytes(&source, &Look::default()).expect("it is there");
                let altered = view.ledger.altered.count;
                if altered > 0 {
                    others += 1;
                    let kept = (view.ledger.kept.count, view.ledger.lost.count + altered);
                    assert_eq!((group.kept_writes, group.lost_writes), kept, "{options:?}");
                }
            }
        }
    }
    assert!(others > 0, "no disk had other bytes");
}

#[test]
fn a_torn_end_is_cut_off_or_refused() {
    let mut lab = cut_lab();
    let source = Source::Image(BootImage::Best);
    let whole = lab.bytes(&source, &Look::default()).expect("it is there");
    assert_eq!((whole.length_bytes, whole.valid_up_to, whole.class), (104, 104, None));
    assert!(states(&whole).iter().all(|(_, state)| *state == "loaded"));
    let torn = lab.bytes(&source, &look(Some(100), &[])).expect("it is there");
    assert_eq!(
        (torn.valid_up_to, torn.loaded_bytes, torn.class),
        (77, Some(77), Some("truncated"))
    );
    assert_eq!(states(&torn).last(), Some(&("", "torn")));
    assert_eq!((torn.bytes.0.len(), torn.original_bytes), (100, 104));
    let off = Look { load_truncated: Some(false), ..look(Some(100), &[]) };
    let refused = lab.bytes(&source, &off).expect("it is there");
    assert_eq!((refused.loaded_bytes, refused.key_count), (None, 0));
    assert!(refused.refused.is_some());
    assert_eq!((refused.ledger.kept.count, refused.ledger.lost.count), (0, 4));
    let half = Look { until: Some(50), ..Look::default() };
    assert_eq!(lab.bytes(&source, &half).expect("it is there").key_count, 1);
}

#[test]
fn a_flipped_bit_inside_a_value_loads_without_a_word() {
    let mut lab = cut_lab();
    let source = Source::Image(BootImage::Best);
    // The last byte of the value of SET a, which ends at 50 with CR LF.
    let flipped = lab.bytes(&source, &look(None, &[(47, 2)])).expect("it is there");
    assert_eq!((flipped.class, flipped.loaded_bytes), (None, Some(104)));
    assert_eq!(flipped.ledger.altered.newest, ["SET a 1"]);
    assert_eq!((flipped.ledger.kept.count, flipped.ledger.lost.count), (2, 1));
    assert_eq!(flipped.dataset.first().map(|key| key.value.as_str()), Some("3"));
    // A length is another matter.
    let broken = lab.bytes(&source, &look(None, &[(23, 1)])).expect("it is there");
    assert!(broken.refused.is_some());
    assert_eq!(states(&broken), [("SELECT 0", "refused"), ("", "broken")]);
}

#[test]
fn the_log_of_a_running_server_has_bytes_too() {
    let mut lab = Lab::new(Options { scenario: ScenarioName::Rewrite, ..Options::default() })
        .expect("it begins");
    let view = lab.bytes(&Source::Log, &Look::default()).expect("it is there");
    assert_eq!(view.length_bytes, lab.export_aof().len() as u64);
    assert_eq!((view.window_from, view.bytes.0.len() as u64), (0, view.window_bytes));
    let last = Look { window_from: u64::MAX, ..Look::default() };
    let end = lab.bytes(&Source::Log, &last).expect("it is there");
    assert_eq!(end.window_from + end.bytes.0.len() as u64, end.length_bytes);
    assert_eq!(end.entries.last().map(|entry| entry.to), Some(end.length_bytes));
    assert!(lab.bytes(&Source::Image(BootImage::Best), &last).is_err());
    // After another step it is another file.
    lab.step().expect("it goes on");
    lab.bytes(&Source::Log, &last).expect("it is there");
}

#[test]
fn a_server_starts_from_a_file_that_was_edited() {
    let mut lab = cut_lab();
    let source = Source::Image(BootImage::Best);
    lab.boot_edited(&source, &look(Some(60), &[])).expect("it is there");
    let kinds: Vec<_> = lab.timeline().marks.iter().map(|mark| mark.fact.kind()).collect();
    let boot = &kinds[kinds.iter().position(|kind| *kind == "boot-open").expect("a start")..];
    let expected = ["boot-open", "boot-command", "boot-command", "boot-truncate", "boot-ready"];
    assert_eq!(boot, expected);
    lab.seek(lab.timeline().marks.len() as u64).expect("the end");
    let snapshot = lab.snapshot();
    assert_eq!((snapshot.state, snapshot.key_count, snapshot.file_bytes), ("running", 1, 50));
}

#[test]
fn a_refused_start_says_why_and_the_setting_is_the_one_that_was_chosen() {
    let mut lab = cut_lab();
    let source = Source::Image(BootImage::Best);
    let off = Look { load_truncated: Some(false), ..look(Some(60), &[]) };
    lab.boot_edited(&source, &off).expect("it is there");
    lab.run_until("boot-refused");
    assert_eq!(lab.snapshot().state, "refused");
}

#[test]
fn the_log_of_a_running_server_is_edited_after_a_kill() {
    let mut lab = Lab::new(Options { scenario: ScenarioName::FirstVisit, ..Options::default() })
        .expect("it begins");
    lab.boot_edited(&Source::Log, &look(None, &[(47, 2)])).expect("it runs");
    let causes: Vec<_> = lab.timeline().branches.iter().map(|branch| branch.cause).collect();
    assert_eq!(causes, ["main", "killed"]);
    lab.run_until("boot-ready");
    let snapshot = lab.snapshot();
    assert_eq!(snapshot.dataset.first().map(|key| key.value.as_str()), Some("3"));
    // Which of the files that a power cut left it was, it does not say.
    let mut lab = cut_lab();
    assert!(lab.boot_edited(&Source::Log, &look(Some(60), &[])).is_err());
    let many = vec![(0, 1); crate::lab::bytes::FLIPS_LIMIT + 1];
    assert!(lab.boot_edited(&Source::Image(BootImage::Best), &look(None, &many)).is_err());
}

use std::sync::Arc;

use super::*;
use crate::resp::OwnedArgv;
use crate::sim::journal::{Answer, Asked};
use crate::units::ClientId;

/// Three writes of ten bytes, executed at 1, 2 and 3 microseconds; the last one is not answered.
fn journal() -> Journal {
    let mut journal = Journal::starting_at(0);
    for number in 0..3_u64 {
        journal.asked_now(Asked {
            client: ClientId(1),
            words: Arc::new(OwnedArgv::from_line("SET a 1")),
            reply: b"+OK\r\n"[..].into(),
            answer: Answer::Held,
            from: number * 10,
            to: number * 10 + 10,
            executed: Micros(number + 1),
            step: number,
            always: false,
            lost: false,
            logged: true,
            bypassed: false,
        });
    }
    journal.answered(ClientId(1), 2);
    journal
}

fn frontier(durable: u64, written: u64) -> Frontier {
    Frontier {
        durable,
        lost_from: None,
        written,
        elsewhere: None,
        appended: 30,
        syncing: None,
        refuses_zeros: false,
        ignores_failed_sync: false,
        model: DiskModel::AnyPrefix,
        policy: Policy::EverySec,
        hopeless: false,
        now: Micros(100),
    }
}

/// Sure survivors of: killed, power, disk error.
fn sure(frontier: &Frontier) -> [u64; 3] {
    let verdict = Verdict::of(&journal(), frontier);
    [verdict.killed.sure, verdict.power.sure, verdict.disk_error.sure]
}

#[test]
fn only_acknowledged_writes_count() {
    assert_eq!(Verdict::of(&journal(), &frontier(0, 0)).killed.of, 2);
    assert_eq!(sure(&frontier(0, 0)), [0, 0, 2]);
    assert_eq!(sure(&frontier(0, 10)), [1, 0, 1]);
    assert_eq!(sure(&frontier(10, 20)), [2, 1, 1]);
    assert_eq!(sure(&frontier(20, 30)), [2, 2, 2]);
}

#[test]
fn the_range_at_risk_ends_with_the_last_acknowledged_write() {
    let verdict = Verdict::of(&journal(), &frontier(5, 10));
    assert_eq!((verdict.power.from, verdict.power.to), (5, 20));
    assert_eq!((verdict.killed.from, verdict.killed.to), (10, 20));
    assert_eq!(verdict.power.risk_micros, 99);
    assert_eq!(verdict.killed.risk_micros, 98);
    let safe = Verdict::of(&journal(), &frontier(20, 30));
    assert_eq!((safe.power.from, safe.power.to, safe.power.risk_micros), (20, 20, 0));
}

#[test]
fn the_model_decides_between_maybe_and_lost() {
    let fates = |model| {
        let verdict = Verdict::of(&journal(), &Frontier { model, ..frontier(0, 10) });
        verdict.power.fates.iter().map(|(_, fate)| *fate).collect::<Vec<_>>()
    };
    for model in DiskModel::ALL.into_iter().filter(|model| *model != DiskModel::Exact) {
        assert_eq!(fates(model), [Fate::Maybe, Fate::Lost], "{model:?}");
    }
    assert_eq!(fates(DiskModel::Exact), [Fate::Lost, Fate::Lost]);
}

#[test]
fn what_a_failed_sync_dropped_is_lost() {
    let verdict = Verdict::of(&journal(), &Frontier { lost_from: Some(0), ..frontier(0, 20) });
    assert_eq!((verdict.power.lost, verdict.power.maybe), (2, 0));
    assert_eq!(verdict.killed.lost, 0);
}

#[test]
fn a_running_sync_bounds_what_an_error_puts_in_doubt() {
    let running = Frontier { syncing: Some((0, 10)), ..frontier(0, 20) };
    let verdict = Verdict::of(&journal(), &running);
    assert_eq!(verdict.disk_error.fates, [(0, Fate::Maybe)]);
    assert_eq!((verdict.disk_error.from, verdict.disk_error.to), (0, 10));
    let memory = Verdict::of(&journal(), &frontier(0, 10));
    assert_eq!(memory.disk_error.fates, [(0, Fate::Maybe), (1, Fate::Memory)]);
    assert_eq!((memory.disk_error.sure, memory.disk_error.of), (1, 2));
}

#[test]
fn what_the_server_does_about_an_error_depends_on_the_policy() {
    let then = |policy, syncing| {
        Verdict::of(&journal(), &Frontier { policy, syncing, ..frontier(0, 20) }).then
    };
    assert_eq!(then(Policy::Always, None), Then::Halts);
    assert_eq!(then(Policy::EverySec, None), Then::RefusesWrites);
    assert_eq!(then(Policy::No, None), Then::NothingToSync);
    assert_eq!(then(Policy::No, Some((0, 20))), Then::RefusesWrites);
    for (policy, syncing, expected) in [
        (Policy::Always, None, Then::GoesOn),
        (Policy::EverySec, None, Then::GoesOn),
        (Policy::No, Some((0, 20)), Then::GoesOn),
        (Policy::No, None, Then::NothingToSync),
    ] {
        let blind = Frontier { policy, syncing, ignores_failed_sync: true, ..frontier(0, 20) };
        assert_eq!(Verdict::of(&journal(), &blind).then, expected, "{policy:?}");
    }
    let clean = Frontier { appended: 20, ..frontier(20, 20) };
    assert_eq!(Verdict::of(&journal(), &clean).then, Then::NothingToSync);
}

#[test]
fn a_log_that_may_be_refused_keeps_nothing_for_sure() {
    let refusing =
        |model, written| Frontier { model, refuses_zeros: true, ..frontier(10, written) };
    let sure = |frontier: &Frontier| Verdict::of(&journal(), frontier).power.sure;
    let hopeful = Frontier { refuses_zeros: false, ..refusing(DiskModel::ZeroTail, 20) };
    assert!(sure(&hopeful) > 0);
    assert_eq!(sure(&refusing(DiskModel::ZeroTail, 20)), 0, "zeros behind byte 10 are refused");
    assert!(sure(&refusing(DiskModel::ZeroTail, 10)) > 0, "nothing is pending");
    assert!(sure(&refusing(DiskModel::AnyPrefix, 20)) > 0, "no zeros are possible");
}

//! Every effect fails in every way that it can.

use super::*;

fn run(faults: &[(usize, Fault)]) -> (Outside, Child, Vec<u8>) {
    let keyspace = small_dataset();
    let mut outside = Outside::new();
    outside.faults = faults.to_vec();
    let record = |number: usize| format!("<record {number}>").into_bytes();
    // It sends until it has agreed not to.
    outside.arrivals = (0..1000).step_by(5).map(|at| (at, record(at))).collect();
    let child = outside.run(&keyspace, SMALL);
    let mut whole = snapshot_of(&keyspace);
    assert_eq!(child.snapshot_bytes().unwrap_or(whole.len() as u64), whole.len() as u64);
    whole.extend(&outside.sent);
    (outside, child, whole)
}

/// What must hold at the end, whatever went wrong. Returns whether the child gave up.
fn check(faults: &[(usize, Fault)]) -> bool {
    let (outside, child, whole) = run(faults);
    let (unfinished, finished) = (FileName::Unfinished(ID), FileName::Rewritten(ID));
    assert!(!outside.is_open, "the file is closed: {faults:?}");
    match outside.failed {
        None => {
            assert_eq!(child.stage(), Stage::Exited { code: 0 }, "{faults:?}");
            assert_eq!(child.failure(), None);
            assert_eq!(outside.names, BTreeSet::from([finished]), "{faults:?}");
            assert_eq!(outside.file.escape_ascii().to_string(), whole.escape_ascii().to_string());
            assert_eq!(child.written_bytes(), whole.len() as u64);
        }
        Some(failed) => {
            assert_eq!(child.stage(), Stage::Exited { code: 1 }, "{faults:?}");
            assert!(child.failure().is_some());
            assert!(!outside.names.contains(&finished), "renamed all the same: {faults:?}");
            assert!(!outside.names.contains(&unfinished), "left behind: {faults:?}");
            for effect in &outside.effects[failed + 1..] {
                assert!(effect == "Close" || effect == "Unlink", "{effect} after {faults:?}");
            }
            assert!(whole.starts_with(&outside.file));
        }
    }
    outside.failed.is_some()
}

#[test]
fn without_a_fault_everything_is_in_the_file() {
    let (outside, _, _) = run(&[]);
    let count = |name: &str| outside.effects.iter().filter(|effect| *effect == name).count();
    // The run meets every kind of effect, or the failures of some would not be tried.
    for name in ["Open", "SendStop", "AwaitAck", "Close", "Rename", "Sync First", "Sync Final"] {
        assert_eq!(count(name), 1, "{name} in {:?}", outside.effects);
    }
    for name in ["Write", "ReadDiff", "Sync Incremental", "AwaitDiff", "Report"] {
        assert!(count(name) > 1, "{name} in {:?}", outside.effects);
    }
    assert!(outside.pipe.is_empty() && outside.sent.len() > 2 * SMALL.append_bytes);
    check(&[]);
}

#[test]
fn any_one_fault_is_survived_or_ends_the_child_without_a_trace() {
    let effects = run(&[]).0.effects.len();
    let mut failed = 0;
    for number in 0..effects {
        for fault in Fault::ALL {
            failed += usize::from(check(&[(number, fault)]));
        }
    }
    assert!(failed > effects, "{failed} of {effects} effects");
}

/// The second one may hit the cleaning up after the first.
#[test]
fn any_two_faults_are_survived_or_end_the_child_without_a_trace() {
    let effects = run(&[]).0.effects.len();
    for first in 0..effects {
        for second in first + 1..effects {
            for fault in [Fault::Short(1), Fault::Errno(Errno::EINTR), Fault::Errno(Errno::EIO)] {
                check(&[(first, fault), (second, Fault::Errno(Errno::ENOSPC))]);
            }
        }
    }
}

/// A disk that takes one byte at a time, and a kernel that interrupts every other call.
#[test]
fn faults_without_end_that_are_no_failures_are_survived() {
    let short = (0..5000).map(|number| (number, Fault::Short(1)));
    assert!(!check(&short.collect::<Vec<_>>()));
    let interrupted = (0..5000).step_by(2).map(|number| (number, Fault::Errno(Errno::EINTR)));
    assert!(!check(&interrupted.collect::<Vec<_>>()));
}

#[test]
fn a_failure_says_what_and_where() {
    let of = |wanted: &str, fault| {
        let effects = run(&[]).0.effects;
        let number = effects.iter().position(|effect| effect == wanted).expect("such an effect");
        let (mut outside, child, _) = run(&[(number, fault)]);
        (child.failure().expect("a failure"), outside.effects.split_off(number + 1))
    };
    let io = Fault::Errno(Errno::EIO);
    let timed_out = Fault::WrongAck(Ack::TimedOut);
    let cleaning = vec!["Close".to_owned(), "Unlink".to_owned()];
    for (wanted, fault, failure) in [
        ("Write", io, ChildFailure::Write { errno: Errno::EIO, at_bytes: 0 }),
        ("Write", Fault::Short(0), ChildFailure::WroteNothing { at_bytes: 0 }),
        ("ReadDiff", io, ChildFailure::ReadDiff(Errno::EIO)),
        ("ReadDiff", Fault::Ended, ChildFailure::ParentGone),
        ("SendStop", io, ChildFailure::Stop(Errno::EIO)),
        ("AwaitAck", io, ChildFailure::NotAgreed(Ack::Failed(Errno::EIO))),
        ("AwaitAck", Fault::Ended, ChildFailure::NotAgreed(Ack::Ended)),
        ("AwaitAck", timed_out, ChildFailure::NotAgreed(Ack::TimedOut)),
        ("Sync Final", io, ChildFailure::Sync { kind: SyncKind::Final, errno: Errno::EIO }),
    ] {
        assert_eq!(of(wanted, fault), (failure, cleaning.clone()), "{wanted}");
    }
    assert_eq!(of("Open", io), (ChildFailure::Open(Errno::EIO), vec![]));
    assert_eq!(of("Close", io), (ChildFailure::Close(Errno::EIO), cleaning[1..].to_vec()));
    assert_eq!(of("Rename", io), (ChildFailure::Rename(Errno::EIO), cleaning[1..].to_vec()));
    let failure = ChildFailure::Write { errno: Errno::ENOSPC, at_bytes: 4096 };
    assert_eq!(failure.to_string(), "write failed at byte 4096: No space left on device");
}

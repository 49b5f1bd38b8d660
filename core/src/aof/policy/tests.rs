//! Every row of the decision, and what no row may ever do.

use super::*;
use crate::profile::ProfileName;

/// A log with nothing to do, at 10.000 s, last synced at 9.500 s.
fn calm(profile: ProfileName, policy: Policy) -> Situation {
    Situation {
        policy,
        choices: profile.profile(),
        now: Millis(10_000),
        waiting_bytes: 0,
        write_resting: false,
        sync_in_flight: false,
        unsynced: false,
        just_written: false,
        sync_hopeless: false,
        postponed_since: None,
        delay_counted: false,
        last_sync: Millis(9_500),
        gate_needs_sync: false,
        child_forbids_sync: false,
        gathering: false,
        draining: false,
        forgets: false,
        forced: false,
    }
}

fn redis(policy: Policy) -> Situation {
    calm(ProfileName::Redis62, policy)
}

fn hardened(policy: Policy) -> Situation {
    calm(ProfileName::Hardened, policy)
}

const WRITE: Decision = Decision::Write { delayed_ms: None };

fn rest(reason: Rest) -> Decision {
    Decision::Rest(reason)
}

fn sync(lane: Lane, cause: SyncCause) -> Decision {
    Decision::Sync { lane, cause }
}

#[test]
fn an_empty_buffer_with_nothing_unsynced_rests() {
    for policy in Policy::ALL {
        assert_eq!(decide(&redis(policy)), rest(Rest::Clean));
        assert_eq!(decide(&hardened(policy)), rest(Rest::Clean));
    }
}

#[test]
fn waiting_bytes_are_written_at_once_when_no_sync_runs() {
    for policy in Policy::ALL {
        for situation in [redis(policy), hardened(policy)] {
            assert_eq!(decide(&Situation { waiting_bytes: 27, ..situation }), WRITE);
        }
    }
}

#[test]
fn redis_postpones_under_everysec_only_and_at_most_two_whole_seconds() {
    let stuck = |policy| Situation { waiting_bytes: 27, sync_in_flight: true, ..redis(policy) };
    assert_eq!(decide(&stuck(Policy::EverySec)), Decision::PutOff);
    for (since, expected) in [
        (10_000, rest(Rest::PutOff)),
        (8_999, rest(Rest::PutOff)), // 1.001 s later, but only one whole second apart from 8
        (8_000, Decision::Write { delayed_ms: Some(2_000) }),
    ] {
        let mut situation = stuck(Policy::EverySec);
        situation.postponed_since = Some(Millis(since));
        if since == 8_999 {
            situation.now = Millis(9_999);
        }
        assert_eq!(decide(&situation), expected, "since {since}");
    }
    // The cached clock counts whole seconds: 1.001 s can already be "two".
    let early = Situation {
        now: Millis(10_000),
        postponed_since: Some(Millis(8_999)),
        ..stuck(Policy::EverySec)
    };
    assert_eq!(decide(&early), Decision::Write { delayed_ms: Some(1_001) });
    assert_eq!(decide(&stuck(Policy::No)), WRITE);
    assert_eq!(decide(&stuck(Policy::Always)), WRITE);
    let forced = Situation { draining: true, ..stuck(Policy::EverySec) };
    assert_eq!(decide(&forced), WRITE);
}

#[test]
fn hardened_never_writes_into_a_running_sync() {
    let stuck = |policy| Situation { waiting_bytes: 27, sync_in_flight: true, ..hardened(policy) };
    assert_eq!(decide(&stuck(Policy::Always)), rest(Rest::GroupCommit));
    for policy in [Policy::EverySec, Policy::No] {
        assert_eq!(decide(&stuck(policy)), Decision::PutOff);
        let waiting = |since| Situation { postponed_since: Some(Millis(since)), ..stuck(policy) };
        assert_eq!(decide(&waiting(8_000)), rest(Rest::PutOff));
        assert_eq!(decide(&waiting(7_999)), Decision::CountDelay { postponed_ms: 2_001 });
        let counted = Situation { delay_counted: true, ..waiting(7_999) };
        assert_eq!(decide(&counted), rest(Rest::PutOff));
    }
}

#[test]
fn always_syncs_after_the_write() {
    let written = Situation { unsynced: true, just_written: true, ..redis(Policy::Always) };
    assert_eq!(decide(&written), sync(Lane::Inline, SyncCause::Always));
    // Even while a background sync from an earlier policy runs.
    let busy = Situation { sync_in_flight: true, ..written };
    assert_eq!(decide(&busy), sync(Lane::Inline, SyncCause::Always));
    // Redis 6.2 does not look at older bytes when nothing was written.
    let older = Situation { just_written: false, ..written };
    assert_eq!(decide(&older), rest(Rest::NothingWritten));

    let written = Situation { unsynced: true, ..hardened(Policy::Always) };
    assert_eq!(decide(&written), sync(Lane::Sync, SyncCause::Always));
    let busy = Situation { sync_in_flight: true, ..written };
    assert_eq!(decide(&busy), rest(Rest::GroupCommit));
}

#[test]
fn everysec_syncs_when_the_second_is_over() {
    // Redis: whole seconds of the cached clock, so 9.999 to 10.000 is one.
    let written = Situation { unsynced: true, ..redis(Policy::EverySec) };
    let at = |last_sync| Situation { last_sync: Millis(last_sync), ..written };
    assert_eq!(decide(&at(9_999)), sync(Lane::Sync, SyncCause::Second));
    assert_eq!(decide(&at(10_000)), rest(Rest::SecondNotOver));
    // A sync that still runs uses the second up, but only right after a write.
    let busy = Situation { sync_in_flight: true, just_written: true, ..at(9_000) };
    assert_eq!(decide(&busy), rest(Rest::SecondSpent));
    let idle = Situation { just_written: false, ..busy };
    assert_eq!(decide(&idle), rest(Rest::SyncInFlight));

    let written = Situation { unsynced: true, ..hardened(Policy::EverySec) };
    let at = |last_sync| Situation { last_sync: Millis(last_sync), ..written };
    assert_eq!(decide(&at(9_000)), sync(Lane::Sync, SyncCause::Second));
    assert_eq!(decide(&at(9_001)), rest(Rest::SecondNotOver));
    assert_eq!(decide(&Situation { sync_in_flight: true, ..at(8_000) }), rest(Rest::SyncInFlight));
}

#[test]
fn in_redis_3_0_only_a_write_brings_a_sync() {
    let idle = |profile| Situation {
        unsynced: true,
        last_sync: Millis(0),
        ..calm(profile, Policy::EverySec)
    };
    assert_eq!(decide(&idle(ProfileName::Redis62)), sync(Lane::Sync, SyncCause::Second));
    assert_eq!(decide(&idle(ProfileName::Redis30)), rest(Rest::NothingWritten));
    let written = Situation { just_written: true, ..idle(ProfileName::Redis30) };
    assert_eq!(decide(&written), sync(Lane::Sync, SyncCause::Second));
    let draining = Situation { draining: true, ..idle(ProfileName::Redis30) };
    assert_eq!(decide(&draining), sync(Lane::Inline, SyncCause::Draining));
}

#[test]
fn what_a_shutdown_forgets_is_not_written() {
    for policy in Policy::ALL {
        let ends = Situation {
            waiting_bytes: 27,
            draining: true,
            forgets: true,
            ..calm(ProfileName::Redis30, policy)
        };
        assert_eq!(decide(&ends), rest(Rest::Clean));
        let unsynced = Situation { unsynced: true, ..ends };
        assert_eq!(decide(&unsynced), sync(Lane::Inline, SyncCause::Draining));
    }
}

#[test]
fn no_leaves_the_sync_to_the_kernel() {
    for situation in [redis(Policy::No), hardened(Policy::No)] {
        let written = Situation { unsynced: true, last_sync: Millis(0), ..situation };
        assert_eq!(decide(&written), rest(Rest::KernelDecides));
    }
}

#[test]
fn a_held_reply_gets_its_sync_after_always_was_left() {
    for policy in [Policy::EverySec, Policy::No] {
        let left = Situation { unsynced: true, gate_needs_sync: true, ..hardened(policy) };
        assert_eq!(decide(&left), sync(Lane::Sync, SyncCause::HeldReply));
    }
}

#[test]
fn a_running_child_forbids_syncs_of_always_only_under_redis() {
    for policy in Policy::ALL {
        let child = |situation| Situation {
            unsynced: true,
            just_written: true,
            child_forbids_sync: true,
            last_sync: Millis(0),
            ..situation
        };
        assert_eq!(decide(&child(redis(policy))), rest(Rest::ChildRuns));
        let expected = match policy {
            Policy::Always => sync(Lane::Sync, SyncCause::Always),
            Policy::EverySec | Policy::No => rest(Rest::ChildRuns),
        };
        assert_eq!(decide(&child(hardened(policy))), expected);
    }
}

#[test]
fn a_resting_write_does_not_keep_earlier_bytes_from_their_sync() {
    let resting = Situation {
        waiting_bytes: 27,
        write_resting: true,
        unsynced: true,
        last_sync: Millis(0),
        ..hardened(Policy::EverySec)
    };
    assert_eq!(decide(&resting), sync(Lane::Sync, SyncCause::Second));
    let clean = Situation { unsynced: false, ..resting };
    assert_eq!(decide(&clean), rest(Rest::WriteFailed));
}

#[test]
fn draining_syncs_under_every_policy() {
    for policy in Policy::ALL {
        let drain = |s| Situation { unsynced: true, draining: true, ..s };
        assert_eq!(decide(&drain(redis(policy))), sync(Lane::Inline, SyncCause::Draining));
        assert_eq!(decide(&drain(hardened(policy))), sync(Lane::Sync, SyncCause::Draining));
        let busy = Situation { sync_in_flight: true, ..drain(hardened(policy)) };
        assert_eq!(decide(&busy), rest(Rest::SyncInFlight));
    }
}

#[test]
fn a_hopeless_sync_is_not_tried() {
    for policy in Policy::ALL {
        let lost = Situation { unsynced: true, sync_hopeless: true, ..hardened(policy) };
        let lost = Situation { last_sync: Millis(0), ..lost };
        assert_eq!(decide(&lost), rest(Rest::SyncHopeless));
    }
}

#[test]
fn nothing_is_written_behind_lost_bytes() {
    for policy in Policy::ALL {
        for draining in [false, true] {
            let lost = Situation { waiting_bytes: 27, sync_hopeless: true, ..hardened(policy) };
            let lost = Situation { draining, ..lost };
            assert_eq!(decide(&lost), rest(Rest::SyncHopeless));
        }
    }
}

#[test]
fn under_always_a_group_is_gathered_unless_everything_must_go() {
    let gathering = |situation| Situation { waiting_bytes: 27, gathering: true, ..situation };
    assert_eq!(decide(&gathering(hardened(Policy::Always))), rest(Rest::Gathering));
    let draining = Situation { draining: true, ..hardened(Policy::Always) };
    for other in [
        draining,
        hardened(Policy::EverySec),
        hardened(Policy::No),
        redis(Policy::Always),
        redis(Policy::EverySec),
    ] {
        assert_eq!(decide(&gathering(other)), WRITE);
    }
}

/// Every how many settings of the switches of [`every_situation`] one is met; fewer for Miri, which
/// is slow. An odd number, so that no switch keeps its place.
const SETTINGS_STEP: usize = if cfg!(miri) { 61 } else { 1 };

/// Every combination of every input (with three representatives for each time).
fn every_situation(mut visit: impl FnMut(&Situation)) -> u32 {
    let mut count = 0;
    let switch = |bits: u32, bit: u32| bits & (1 << bit) != 0;
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            for bits in (0..1_u32 << 11).step_by(SETTINGS_STEP) {
                for postponed in [None, Some(9_900), Some(7_000)] {
                    for last_sync in [9_999, 9_500, 8_000] {
                        count += 1;
                        visit(&Situation {
                            waiting_bytes: if switch(bits, 0) { 27 } else { 0 },
                            write_resting: switch(bits, 1),
                            sync_in_flight: switch(bits, 2),
                            unsynced: switch(bits, 3),
                            just_written: switch(bits, 4),
                            sync_hopeless: switch(bits, 5),
                            delay_counted: switch(bits, 6),
                            gate_needs_sync: switch(bits, 7),
                            child_forbids_sync: switch(bits, 8),
                            draining: switch(bits, 9),
                            gathering: switch(bits, 10),
                            forced: false,
                            postponed_since: postponed.map(Millis),
                            last_sync: Millis(last_sync),
                            ..calm(profile, policy)
                        });
                    }
                }
            }
        }
    }
    count
}

#[test]
fn what_no_decision_may_do() {
    let count = every_situation(|situation| {
        let is_hardened = situation.choices.postponed_write == PostponedWrite::WaitsForSync;
        match decide(situation) {
            Decision::Write { .. } => {
                assert!(situation.waiting_bytes > 0, "writes nothing: {situation:?}");
                assert!(!situation.write_resting, "does not rest: {situation:?}");
                assert!(!situation.sync_hopeless, "writes behind lost bytes: {situation:?}");
                let collides = is_hardened && situation.sync_in_flight;
                assert!(!collides, "writes into a sync: {situation:?}");
            }
            Decision::Sync { lane, cause } => {
                assert!(situation.unsynced, "syncs nothing: {situation:?}");
                assert!(!situation.sync_hopeless, "hopes: {situation:?}");
                let doubled = lane != Lane::Inline && situation.sync_in_flight;
                assert!(!doubled, "two syncs at once: {situation:?}");
                let unasked = situation.policy == Policy::No
                    && !matches!(cause, SyncCause::HeldReply | SyncCause::Draining);
                assert!(!unasked, "syncs under no: {situation:?}");
                if is_hardened {
                    assert_ne!(lane, Lane::Inline, "stalls the loop: {situation:?}");
                }
            }
            Decision::PutOff | Decision::CountDelay { .. } => {
                assert!(situation.sync_in_flight && situation.waiting_bytes > 0);
            }
            Decision::Rest(Rest::Gathering) => {
                assert!(situation.gathering && !situation.draining, "{situation:?}");
                assert!(situation.policy == Policy::Always && is_hardened, "{situation:?}");
            }
            Decision::Rest(_) => {
                let idle = situation.waiting_bytes > 0
                    && !situation.write_resting
                    && !situation.sync_hopeless
                    && !situation.sync_in_flight;
                assert!(!idle, "rests on bytes that could be written: {situation:?}");
            }
        }
    });
    assert_eq!(count, 3 * 3 * if cfg!(miri) { 34 } else { 2048 } * 3 * 3);
}

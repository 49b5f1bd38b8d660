//! Every order of everything, in every policy and both profiles.

use crate::config::Policy;
use crate::effect::Lane;
use crate::profile::ProfileName;

use super::super::acts::{Act, Beginning, Bounds};
use super::super::outside::Fault;
use super::super::search::{Space, Until};
use super::super::story::{How, Violation, When};
use super::super::switch::Switch;
use super::{LITTLE, SMALL, covered};

fn hardened(policy: Policy, beginning: Beginning, bounds: Bounds) {
    let (mut space, mut start) = Switch::new(ProfileName::Hardened, policy, beginning, bounds);
    start.engine.set_catch_up_limits(LITTLE);
    let name = format!("hardened, {}, {beginning:?}, {bounds:?}", policy.as_str());
    let report = covered(&name, &mut space, &start, Until::EVERYTHING);
    assert_eq!(report.kinds(), [], "{name}");
}

/// What a test run searches. The rest is in `the_large_space`.
fn in_small(policy: Policy, beginning: Beginning) {
    let small = Bounds { commands: 2, ..SMALL };
    // Under `always` every turn brings its sync, whatever the time.
    let seconds = u8::from(policy != Policy::Always);
    hardened(policy, beginning, Bounds { faults: 1, seconds, ..small });
    hardened(policy, beginning, Bounds { policy_changes: 1, seconds: 0, ..small });
    hardened(policy, beginning, Bounds { commands: 1, shared_turns: true, ..small });
}

#[test]
fn hardened_keeps_its_word_under_always() {
    in_small(Policy::Always, Beginning::On);
}

#[test]
fn hardened_keeps_its_word_under_everysec() {
    in_small(Policy::EverySec, Beginning::On);
}

#[test]
fn hardened_keeps_its_word_under_no() {
    in_small(Policy::No, Beginning::On);
}

#[test]
fn hardened_keeps_its_word_while_always_waits_for_its_first_rewrite() {
    in_small(Policy::Always, Beginning::Off);
}

#[test]
fn hardened_keeps_its_word_while_everysec_waits_for_its_first_rewrite() {
    in_small(Policy::EverySec, Beginning::Off);
}

#[test]
fn hardened_keeps_its_word_while_no_waits_for_its_first_rewrite() {
    in_small(Policy::No, Beginning::Off);
}

/// What promises of Redis 6.2 break without any failure but a kill or a power cut.
fn redis(policy: Policy, ledger_is_judged: bool) -> Vec<Violation> {
    let bounds = Bounds { commands: 2, ..SMALL };
    let (mut space, mut start) = Switch::new(ProfileName::Redis62, policy, Beginning::On, bounds);
    start.story.ledger_is_judged = ledger_is_judged;
    covered(&format!("redis-6.2, {}", policy.as_str()), &mut space, &start, Until::EVERYTHING)
        .kinds()
}

/// So that the search is known to see. Each has a cause of its own, all of them in the order of the
/// switch: the name of the new file is never made durable, so what is synced into it can be lost
/// with it (`always`); and it gets the name before the residual buffer is synced (`everysec`).
#[test]
fn redis_breaks_what_it_is_known_to_break() {
    let lost = |how| vec![Violation::Broken { failure: When::PowerCut, how }];
    assert_eq!(redis(Policy::Always, false), lost(How::AcknowledgedIsLost));
    assert_eq!(redis(Policy::EverySec, false), lost(How::SyncedIsLost));
    assert_eq!(redis(Policy::No, false), [], "it promises nothing that could be lost");
    let above = Violation::LedgerAbove { failure: When::PowerCut };
    assert!(redis(Policy::Always, true).contains(&above));
}

/// A sync fails under `everysec`, then `always` is chosen: its replies wait for a sync that only a
/// new file can give.
#[test]
fn a_failed_sync_heals_under_always_too() {
    let bounds = Bounds { commands: 1, faults: 1, policy_changes: 1, ..SMALL };
    let profile = ProfileName::Hardened;
    let (mut space, start) = Switch::new(profile, Policy::EverySec, Beginning::On, bounds);
    let mut state = start;
    for act in [
        Act::Command,
        Act::Second,
        Act::Effect(Lane::Sync, Some(Fault::Fails)),
        Act::Told(Lane::Sync),
        Act::Policy(Policy::Always),
    ] {
        state = space.go(&state, act).expect("no promise is broken");
    }
    assert!(state.held_replies() > 0);
    assert_eq!(space.at_rest(&state), Ok(()));
}

/// Millions of states, so only where programs are fast:
/// `cargo test --release -p aof-core --lib the_large_space -- --nocapture`.
#[cfg(not(debug_assertions))]
#[test]
fn the_large_space() {
    for beginning in [Beginning::On, Beginning::Off] {
        for policy in Policy::ALL {
            for (faults, policy_changes) in [(1, 1), (2, 0)] {
                hardened(policy, beginning, Bounds { faults, policy_changes, ..SMALL });
            }
        }
    }
}

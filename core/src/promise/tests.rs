use super::*;
use crate::profile::ProfileName;

const REACHED: Reached = Reached {
    written: 104,
    synced: 50,
    acknowledged: 131,
    acknowledged_after_sync: 0,
    written_back: 0,
};

fn at_least(failure: Failure, policy: Policy, name: ProfileName, reached: Reached) -> u64 {
    promised(failure, policy, &name.profile(), reached).at_least_upto
}

#[test]
fn every_row_of_the_table() {
    use Failure::{Killed, PowerCut};
    use Policy::{Always, EverySec, No};
    use ProfileName::{Hardened, Redis30, Redis62};
    let rows = [
        (Killed, Always, Hardened, 131),
        (Killed, Always, Redis62, 104),
        (Killed, EverySec, Hardened, 131),
        (Killed, EverySec, Redis62, 104),
        (Killed, No, Hardened, 131),
        (Killed, No, Redis62, 104),
        (PowerCut, EverySec, Hardened, 50),
        (PowerCut, EverySec, Redis62, 50),
        (PowerCut, No, Hardened, 50),
        (PowerCut, No, Redis62, 50),
        (Killed, Always, Redis30, 104),
        (Killed, EverySec, Redis30, 104),
        (Killed, No, Redis30, 104),
        (PowerCut, EverySec, Redis30, 50),
        (PowerCut, No, Redis30, 50),
    ];
    for (failure, policy, name, expected) in rows {
        assert_eq!(at_least(failure, policy, name, REACHED), expected, "{failure:?} {policy:?}");
    }
}

#[test]
fn a_reply_that_waited_for_a_sync_is_promised_under_every_policy() {
    let reached = Reached { acknowledged_after_sync: 77, ..REACHED };
    for policy in Policy::ALL {
        for name in ProfileName::ALL {
            assert!(at_least(Failure::PowerCut, policy, name, reached) >= 77);
            let all = Reached { acknowledged_after_sync: 131, ..REACHED };
            assert_eq!(at_least(Failure::PowerCut, policy, name, all), 131);
            assert_eq!(at_least(Failure::Killed, policy, name, all), 131);
        }
    }
}

#[test]
fn under_no_the_kernel_is_the_ground() {
    let reached = Reached { written_back: 77, ..REACHED };
    let promise = promised(Failure::PowerCut, Policy::No, &ProfileName::Redis62.profile(), reached);
    assert_eq!(promise, Promise { at_least_upto: 77, ground: Ground::WrittenBack });
}

fn history() -> [Unit; 3] {
    [Unit { end: 50, digest: 1 }, Unit { end: 77, digest: 2 }, Unit { end: 104, digest: 1 }]
}

fn judge(digest: u128, at_least_upto: u64) -> Result<usize, Breach> {
    let units = history();
    let history = History { start_digest: 0, units: &units };
    let promise = Promise { at_least_upto, ground: Ground::LastSync };
    check(&history, Recovered::Dataset(digest), promise)
}

#[test]
fn a_prefix_that_is_long_enough_keeps_the_promise() {
    assert_eq!(judge(0, 49), Ok(0));
    assert_eq!(judge(2, 77), Ok(2));
    // The position lies inside a unit: that unit was not promised.
    assert_eq!(judge(2, 103), Ok(2));
    // Two prefixes give digest 1; the longer one counts.
    assert_eq!(judge(1, 104), Ok(3));
}

#[test]
fn a_shorter_prefix_or_no_prefix_breaks_it() {
    assert_eq!(judge(0, 50), Err(Breach::TooShort { units: 0, at_least: 1 }));
    assert_eq!(judge(2, 104), Err(Breach::TooShort { units: 2, at_least: 3 }));
    assert_eq!(judge(9, 0), Err(Breach::NotAPrefix));
    let units = history();
    let history = History { start_digest: 0, units: &units };
    let promise = Promise { at_least_upto: 0, ground: Ground::LastSync };
    assert_eq!(check(&history, Recovered::Refused, promise), Err(Breach::Refused));
}

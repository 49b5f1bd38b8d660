use super::*;

const WRITER: Writer = Writer { seed: 3, connection: 2 };

fn after(units: u64) -> Keys {
    let mut keys = Keys::default();
    for number in 0..units {
        keys.apply(&WRITER.unit(number));
    }
    keys
}

fn sent(base: u64, acknowledged: u64, sent: u64) -> Sent {
    Sent { writer: WRITER, base, base_keys: after(base), acknowledged, sent }
}

/// From any base, any prefix is found, also one that is shorter than the base. A unit that
/// changes nothing lets the next number be found instead.
#[test]
fn every_prefix_is_recognised() {
    for base in [0, 1, 40, 99] {
        for units in 0..150 {
            let verdict = judge(&sent(base, 120, 150), &after(units)).expect("a prefix");
            assert_eq!(verdict.keys, after(units), "{base} {units}");
            let same = verdict.units > units && verdict.keys == after(units);
            assert!(verdict.units == units || same, "{base} {units}: {}", verdict.units);
            assert!(verdict.units <= units + 1, "{base} {units}: {}", verdict.units);
        }
    }
}

#[test]
fn what_was_never_sent_is_not_believed() {
    for units in 101..140 {
        let found = judge(&sent(50, 90, 100), &after(units));
        assert!(found.is_err() || after(units) == after(100), "{units}");
    }
}

/// Every single key that is missing, changed, or of a later time.
#[test]
fn a_key_that_does_not_fit_is_named() {
    let whole = after(200);
    for name in whole.values.keys() {
        let mut without = whole.clone();
        without.values.remove(name);
        let torn = judge(&sent(100, 200, 200), &without).expect_err(name);
        assert!(torn.how.contains("no number of its units"), "{}", torn.how);
        let mut changed = whole.clone();
        changed.values.insert(name.clone(), Value::Text(b"other".to_vec()));
        assert!(judge(&sent(100, 200, 200), &changed).is_err(), "{name}");
    }
    let mut more = whole;
    for (total, words) in [("400010000", "were sent"), ("7", "no number"), ("x", "is \"x\"")] {
        more.values.insert(WRITER.counter(), Value::Text(total.into()));
        let torn = judge(&sent(100, 200, 200), &more).expect_err(total);
        assert!(torn.how.contains(words), "{total}: {}", torn.how);
    }
}

/// Whatever single unit is left out or done twice, unless that changes nothing by then.
#[test]
fn one_unit_too_few_or_too_many_is_never_taken_for_a_prefix() {
    const UNITS: u64 = 140;
    for wrong in 0..UNITS {
        for times in [0, 2] {
            let mut keys = Keys::default();
            for number in 0..UNITS {
                for _ in 0..if number == wrong { times } else { 1 } {
                    keys.apply(&WRITER.unit(number));
                }
            }
            if let Ok(verdict) = judge(&sent(0, UNITS, UNITS), &keys) {
                assert_eq!(verdict.keys, keys);
                let adds = matches!(wrong % 8, 2 | 4 | 5);
                let last = times == 0 && wrong + 8 > UNITS;
                assert!(!adds || last, "unit {wrong}, {times} times: {}", verdict.units);
            }
        }
    }
}

#[test]
fn what_a_policy_allows() {
    use Allowed::{Nothing, Recent};
    use Failure::{Killed, PowerCut};
    let hardened = Some(ProfileName::Hardened);
    let redis = Some(ProfileName::Redis62);
    for profile in [hardened, redis, None] {
        assert_eq!(allowed(Killed, Policy::Always, profile), Nothing);
        assert_eq!(allowed(PowerCut, Policy::Always, profile), Nothing);
        assert_eq!(allowed(Killed, Policy::No, profile), Nothing);
        assert_eq!(allowed(PowerCut, Policy::No, profile), Recent);
        assert_eq!(allowed(PowerCut, Policy::EverySec, profile), Recent);
    }
    assert_eq!(allowed(Killed, Policy::EverySec, hardened), Nothing);
    assert_eq!(allowed(Killed, Policy::EverySec, redis), Recent);
    assert_eq!(allowed(Killed, Policy::EverySec, None), Recent);
}

use super::*;

/// A log that has doubled, by the defaults of Redis.
const DOUBLED: Situation = Situation {
    mono: Micros(5_000_000),
    is_active: false,
    log_is_on: true,
    is_scheduled: false,
    percentage: 100,
    min_size_bytes: 64 << 20,
    base_bytes: 50 << 20,
    current_bytes: 100 << 20,
    needs_healing: false,
    not_before: None,
};

#[test]
fn each_row_of_the_rule() {
    let rows: [(&str, Situation, Option<Cause>); 17] = [
        ("it has doubled", DOUBLED, Some(Cause::Automatic)),
        ("one byte short of double", Situation { current_bytes: (100 << 20) - 1, ..DOUBLED }, None),
        ("percentage 0 is never", Situation { percentage: 0, base_bytes: 1, ..DOUBLED }, None),
        (
            "the minimum itself is too small",
            Situation { min_size_bytes: 100 << 20, ..DOUBLED },
            None,
        ),
        (
            "one byte above the minimum",
            Situation { min_size_bytes: (100 << 20) - 1, ..DOUBLED },
            Some(Cause::Automatic),
        ),
        ("no base is one byte", Situation { base_bytes: 0, ..DOUBLED }, Some(Cause::Automatic)),
        ("it has shrunk", Situation { base_bytes: 200 << 20, ..DOUBLED }, None),
        ("a child lives", Situation { is_active: true, ..DOUBLED }, None),
        (
            "a child lives, whatever waits",
            Situation { is_active: true, is_scheduled: true, needs_healing: true, ..DOUBLED },
            None,
        ),
        ("the log is off", Situation { log_is_on: false, ..DOUBLED }, None),
        (
            "the log is off and nothing is healed",
            Situation { log_is_on: false, needs_healing: true, ..DOUBLED },
            None,
        ),
        (
            "scheduled, the log is off",
            Situation { log_is_on: false, is_scheduled: true, ..DOUBLED },
            Some(Cause::Scheduled),
        ),
        (
            "scheduled comes first",
            Situation { is_scheduled: true, needs_healing: true, ..DOUBLED },
            Some(Cause::Scheduled),
        ),
        (
            "healing needs no growth",
            Situation { needs_healing: true, percentage: 0, current_bytes: 0, ..DOUBLED },
            Some(Cause::Healing),
        ),
        (
            "a failure is not over",
            Situation { is_scheduled: true, not_before: Some(Micros(5_000_001)), ..DOUBLED },
            None,
        ),
        (
            "a failure is just over",
            Situation { not_before: Some(Micros(5_000_000)), ..DOUBLED },
            Some(Cause::Automatic),
        ),
        (
            "the largest numbers",
            Situation { base_bytes: 1, current_bytes: u64::MAX, percentage: u64::MAX, ..DOUBLED },
            Some(Cause::Automatic),
        ),
    ];
    for (name, situation, expected) in rows {
        assert_eq!(due(&situation), expected, "{name}");
    }
}

/// The rule of Redis 6.2, in the words of its C: signed numbers and a division first.
fn as_in_redis(s: &Situation) -> Option<Cause> {
    if s.is_active {
        return None;
    }
    if s.is_scheduled {
        return Some(Cause::Scheduled);
    }
    let [perc, min, base, current] =
        [s.percentage, s.min_size_bytes, s.base_bytes, s.current_bytes]
            .map(|number| i64::try_from(number).expect("small"));
    if !s.log_is_on || perc == 0 || current <= min {
        return None;
    }
    let base = if base == 0 { 1 } else { base };
    (current * 100 / base - 100 >= perc).then_some(Cause::Automatic)
}

/// Every situation of a small space: the plain ones decide as Redis does, and what only this
/// server knows changes them in one way each.
#[test]
fn the_small_space_is_that_of_redis_and_two_exceptions() {
    let mut seen = [0_u32; 4];
    let sizes = [0, 1, 2, 3, 5, 7, 10, 15, 20, 21, 40];
    for bits in 0..8_u8 {
        let [is_active, log_is_on, is_scheduled] = [1, 2, 4].map(|bit| bits & bit != 0);
        for percentage in [0, 1, 50, 99, 100, 101, 300] {
            for min_size_bytes in sizes {
                for base_bytes in sizes {
                    for current_bytes in sizes {
                        let plain = Situation {
                            mono: Micros(10),
                            is_active,
                            log_is_on,
                            is_scheduled,
                            percentage,
                            min_size_bytes,
                            base_bytes,
                            current_bytes,
                            needs_healing: false,
                            not_before: None,
                        };
                        let expected = as_in_redis(&plain);
                        assert_eq!(due(&plain), expected, "{plain:?}");
                        seen[expected
                            .map_or(0, |cause| 1 + usize::from(cause == Cause::Scheduled))] += 1;
                        let waits = Situation { not_before: Some(Micros(11)), ..plain };
                        assert_eq!(due(&waits), None, "{waits:?}");
                        let waited = Situation { not_before: Some(Micros(10)), ..plain };
                        assert_eq!(due(&waited), expected, "{waited:?}");
                        let ill = Situation { needs_healing: true, ..plain };
                        let healing = if log_is_on && !is_active && !is_scheduled {
                            seen[3] += 1;
                            Some(Cause::Healing)
                        } else {
                            expected
                        };
                        assert_eq!(due(&ill), healing, "{ill:?}");
                    }
                }
            }
        }
    }
    assert!(seen.iter().all(|&times| times > 1_000), "{seen:?}");
}

#[test]
fn growth_is_told_in_whole_percent() {
    for (base, current, growth) in [
        (100, 100, 0),
        (100, 199, 99),
        (100, 200, 100),
        (3, 10, 233),
        (0, 5, 400),
        (100, 50, 0),
        (1, u64::MAX, u64::MAX),
        (u64::MAX, u64::MAX, 0),
    ] {
        assert_eq!(growth_percent(base, current), growth, "{base} to {current}");
    }
}

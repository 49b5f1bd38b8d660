use super::*;

const WRITER: Writer = Writer { seed: 7, connection: 1 };

fn after(units: u64) -> Keys {
    let mut keys = Keys::default();
    for number in 0..units {
        keys.apply(&WRITER.unit(number));
    }
    keys
}

fn counter(keys: &Keys) -> u64 {
    match keys.values.get(&WRITER.counter()) {
        None => 0,
        Some(Value::Text(text)) => {
            std::str::from_utf8(text).expect("digits").parse().expect("a number")
        }
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn the_counter_says_after_which_units_the_keys_may_be() {
    let mut keys = Keys::default();
    let mut totals = Vec::new();
    for number in 0..500 {
        let total = counter(&keys);
        let numbers = Writer::numbers_at(total).expect("a total that comes up");
        assert!(numbers.contains(&number), "{number}");
        assert!(numbers.end() - numbers.start() < KINDS);
        totals.push(total);
        keys.apply(&WRITER.unit(number));
    }
    for total in 0..counter(&keys) {
        assert_eq!(Writer::numbers_at(total).is_some(), totals.contains(&total), "{total}");
    }
    for total in [u64::MAX, u64::MAX / 16, 1 << 60] {
        assert_eq!(Writer::numbers_at(total), None, "a wrong counter is no panic");
    }
}

/// Else a recovered dataset could be taken for another one.
#[test]
fn no_two_numbers_near_each_other_have_the_same_keys() {
    let all: Vec<Keys> = (0..1200).map(after_each()).collect();
    for pair in all.windows(8) {
        for (index, keys) in pair.iter().enumerate().skip(1) {
            // To trim a list that is short changes nothing: both numbers are right then.
            let same = *keys == pair[index - 1];
            let (before, after) = (&pair[index - 1], keys);
            assert!(!same || before.values == after.values);
        }
    }
    let changes = all.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes > 1000, "{changes}");
}

fn after_each() -> impl FnMut(u64) -> Keys {
    let mut keys = Keys::default();
    move |number| {
        keys.apply(&WRITER.unit(number));
        keys.clone()
    }
}

#[test]
fn one_unit_left_out_or_done_twice_is_seen_later() {
    for wrong in 0..KINDS * 8 {
        for times in [0, 2] {
            let mut keys = Keys::default();
            for number in 0..KINDS * 10 {
                for _ in 0..if number == wrong { times } else { 1 } {
                    keys.apply(&WRITER.unit(number));
                }
            }
            let right = after(KINDS * 10);
            // Texts, trims and deletions that are done twice change nothing.
            let harmless = times == 2 && (matches!(wrong % KINDS, 0 | 3 | 7) || wrong == 6);
            // A text may be deleted by now, and the one that grows is empty at first anyway.
            let hidden = times == 0 && (matches!(wrong % KINDS, 0 | 7) || wrong == 6);
            assert!(keys != right || harmless || hidden, "unit {wrong}, {times} times");
        }
    }
}

#[test]
fn all_keys_stay_small() {
    let keys = after(20_000);
    for (name, value) in &keys.values {
        let bytes = match value {
            Value::Text(text) => text.len(),
            Value::List(list) => list.len() * 8,
            Value::Hash(pairs) | Value::Scores(pairs) => pairs.len() * 16,
            Value::Set(set) => set.len() * 8,
        };
        assert!(bytes < 8000, "{name}: {bytes}");
    }
    let names: Vec<String> = WRITER.names().into_iter().map(|(name, _)| name).collect();
    assert!(keys.values.keys().all(|key| names.contains(key)), "every key is asked for");
}

#[test]
fn a_unit_of_several_commands_is_a_transaction() {
    let mut bytes = Vec::new();
    assert_eq!(WRITER.unit(5).encode(&mut bytes), 1);
    assert_eq!(bytes, b"*3\r\n$6\r\nINCRBY\r\n$17\r\ntorture:1:counter\r\n$1\r\n5\r\n");
    bytes.clear();
    assert_eq!(WRITER.unit(2).encode(&mut bytes), 4);
    let text = String::from_utf8(bytes).expect("text");
    assert!(text.starts_with("*1\r\n$5\r\nMULTI\r\n") && text.ends_with("EXEC\r\n"), "{text}");
}

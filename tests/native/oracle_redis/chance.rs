//! Commands whose reply is a matter of chance, on both servers: how many, of whom, and whether one
//! may come twice follow from the arguments and the model; only who it is does not.
//!
//! What each server did is then in its log and in what is left: SPOP as SREM or DEL in the same
//! form on both, and the rest is the model without those that were popped.

use std::collections::BTreeSet;

use aof_tests::client::{Client, Reply};
use aof_tests::records::Record;
use aof_tests::workload::{self, Random};

use super::known;
use super::types::Setting;

/// Collections that are drawn from.
const ROUNDS: u64 = 400;

/// How the members of a collection look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    FewNumbers,
    ManyNumbers,
    FewWords,
    ManyWords,
}

const SHAPES: [Shape; 4] =
    [Shape::FewNumbers, Shape::ManyNumbers, Shape::FewWords, Shape::ManyWords];

type Members = BTreeSet<Vec<u8>>;
/// What a member comes with.
type Belonging<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

fn members(random: &mut Random, shape: Shape) -> Members {
    let count = match shape {
        Shape::FewNumbers | Shape::FewWords => 1 + random.below(12),
        Shape::ManyNumbers => 600 + random.below(100),
        Shape::ManyWords => 150 + random.below(50),
    };
    let member = |number: u64| match shape {
        Shape::FewNumbers | Shape::ManyNumbers => number.to_string().into_bytes(),
        Shape::FewWords | Shape::ManyWords => format!("word:{number}").into_bytes(),
    };
    (0..count).map(member).collect()
}

/// A count as clients give one: none, or a number below, at, or above the size, of either sign.
fn count(random: &mut Random, size: usize) -> Option<i64> {
    let size = i64::try_from(size).unwrap_or(0);
    let small = i64::try_from(random.below(6)).unwrap_or(0);
    match random.below(8) {
        0 => None,
        1 => Some(size),
        2 => Some(size + 1 + small),
        3 => Some(size - 1),
        4 => Some(-small),
        5 => Some(-2 * size),
        6 => Some(size / 2),
        _ => Some(small),
    }
}

fn ask(client: &mut Client, words: &[&[u8]]) -> Reply {
    client.call(words).expect("a reply").reply
}

fn fill(client: &mut Client, key: &str, members: &Members) {
    client.command(&format!("DEL {key}:s {key}:h {key}:z"));
    let (set, hash, sorted) = (format!("{key}:s"), format!("{key}:h"), format!("{key}:z"));
    let mut sadd: Vec<&[u8]> = vec![b"SADD", set.as_bytes()];
    let mut hset: Vec<&[u8]> = vec![b"HSET", hash.as_bytes()];
    let mut zadd: Vec<&[u8]> = vec![b"ZADD", sorted.as_bytes()];
    for member in members {
        sadd.push(member);
        hset.extend([member.as_slice(), member]);
        zadd.extend([&b"7"[..], member]);
    }
    for command in [sadd, hset, zadd] {
        assert_eq!(ask(client, &command).integer(), i64::try_from(members.len()).ok());
    }
}

/// Checks what a drawing command said: `count` of `members`, without repetition unless the count
/// is negative, each followed by what `belongs` to it.
fn check_drawn(
    what: &str,
    reply: &Reply,
    members: &Members,
    count: Option<i64>,
    belongs: Option<Belonging<'_>>,
) -> Vec<Vec<u8>> {
    let word = |reply: &Reply| match reply {
        Reply::Bulk(Some(word)) => word.clone(),
        other => panic!("{what}: {other:?} is no member"),
    };
    let Some(count) = count else {
        let drawn = word(reply);
        assert!(members.contains(&drawn), "{what}: {reply:?}");
        return vec![drawn];
    };
    let Reply::Array(Some(words)) = reply else { panic!("{what}: {reply:?} is no array") };
    let size = i64::try_from(members.len()).unwrap_or(i64::MAX);
    let expected = if count < 0 { -count } else { count.min(size) };
    let mut drawn = Vec::new();
    for pair in words.chunks(if belongs.is_some() { 2 } else { 1 }) {
        let member = word(&pair[0]);
        assert!(members.contains(&member), "{what}: {member:?} is nobody");
        if let Some(belongs) = belongs {
            assert_eq!(word(&pair[1]), belongs(&member), "{what}");
        }
        drawn.push(member);
    }
    assert_eq!(i64::try_from(drawn.len()).ok(), Some(expected), "{what}");
    let different: BTreeSet<_> = drawn.iter().collect();
    assert!(count < 0 || different.len() == drawn.len(), "{what}: one came twice");
    drawn
}

fn draw(client: &mut Client, random: &mut Random, key: &str, members: &Members) {
    let count = count(random, members.len());
    let number = count.map_or(String::new(), |count| format!(" {count}"));
    for (command, belongs) in [("SRANDMEMBER", "s"), ("HRANDFIELD", "h"), ("ZRANDMEMBER", "z")] {
        let line = format!("{command} {key}:{belongs}{number}");
        check_drawn(&line, &client.command(&line), members, count, None);
    }
    if let Some(count) = count {
        let line = format!("HRANDFIELD {key}:h {count} WITHVALUES");
        let own = |member: &[u8]| member.to_vec();
        check_drawn(&line, &client.command(&line), members, Some(count), Some(&own));
        let line = format!("ZRANDMEMBER {key}:z {count} WITHSCORES");
        let seven = |_: &[u8]| b"7".to_vec();
        check_drawn(&line, &client.command(&line), members, Some(count), Some(&seven));
    }
}

/// Pops, and returns what the log must have about it: the records, as name and words behind the
/// key.
fn pop(client: &mut Client, random: &mut Random, key: &str, members: &mut Members) -> Vec<String> {
    let count = count(random, members.len()).filter(|count| *count >= 0);
    let line = match count {
        Some(count) => format!("SPOP {key}:s {count}"),
        None => format!("SPOP {key}:s"),
    };
    let popped = check_drawn(&line, &client.command(&line), members, count, None);
    let everybody = count.is_some() && popped.len() == members.len();
    for member in &popped {
        members.remove(member);
    }
    let left: Members = client
        .command(&format!("SMEMBERS {key}:s"))
        .elements()
        .iter()
        .map(|member| member.text().into_bytes())
        .collect();
    assert_eq!(left, *members, "{line}");
    if everybody && !popped.is_empty() {
        return vec![format!("DEL {key}:s")];
    }
    let record = |member: &Vec<u8>| format!("SREM {key}:s {}", member.escape_ascii());
    let mut records: Vec<String> = popped.iter().map(record).collect();
    if records.len() > 1 {
        records.insert(0, "MULTI".to_owned());
        records.push("EXEC".to_owned());
    }
    records
}

/// The records as text.
fn shown(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| {
        let words = record.words.iter().map(|word| word.escape_ascii().to_string());
        words.collect::<Vec<_>>().join(" ")
    };
    records.iter().map(text).collect()
}

#[test]
fn members_drawn_by_chance_are_members_and_pops_are_logged_alike() {
    let Some(setting) = Setting::find() else { return };
    let mut pair = setting.pair(known::of_every_type());
    let seed = workload::seed("chance");
    for side in [&mut pair.ours, &mut pair.theirs] {
        let mut random = Random::new(seed);
        let mut client = side.server.client();
        for round in 0..ROUNDS {
            let shape = *random.one_of(&SHAPES);
            let key = format!("key{}", round % 7);
            let mut members = members(&mut random, shape);
            fill(&mut client, &key, &members);
            draw(&mut client, &mut random, &key, &members);
            let drawn = client.command("RANDOMKEY").text();
            assert!(drawn.starts_with("key"), "RANDOMKEY: {drawn}");
            side.new_records();
            let mut expected = Vec::new();
            while !members.is_empty() && !random.one_in(4) {
                expected.extend(pop(&mut client, &mut random, &key, &mut members));
            }
            assert_eq!(shown(&side.new_records()), expected, "the log of {shape:?}");
        }
    }
}

/// Elements that are there during a whole scan come at least once, others may; what is returned
/// was there once. The collection grows and shrinks meanwhile.
#[test]
fn a_scan_finds_what_is_there_all_the_time() {
    let Some(setting) = Setting::find() else { return };
    let mut pair = setting.pair(known::of_every_type());
    let mut random = Random::new(workload::seed("scan"));
    for side in [&mut pair.ours, &mut pair.theirs] {
        let mut client = side.server.client();
        for (name, add, remove) in [
            ("SSCAN", "SADD c", "SREM c"),
            ("HSCAN", "HSET c", "HDEL c"),
            ("ZSCAN", "ZADD c", "ZREM c"),
            ("SCAN", "SET", "DEL"),
        ] {
            for steady in [5, 100, 1_000] {
                let with_value = |member: &str| match name {
                    "SSCAN" => format!("{add} {member}"),
                    "ZSCAN" => format!("{add} 1 {member}"),
                    _ => format!("{add} {member} 1"),
                };
                client.command("FLUSHALL");
                for number in 0..steady {
                    client.command(&with_value(&format!("steady{number}")));
                }
                let mut found = BTreeSet::new();
                let mut cursor = "0".to_owned();
                loop {
                    let key = if name == "SCAN" { "" } else { "c " };
                    let reply = client.command(&format!("{name} {key}{cursor} COUNT 7"));
                    let [next, elements] = reply.elements() else { panic!("{name}: {reply:?}") };
                    let step = if matches!(name, "HSCAN" | "ZSCAN") { 2 } else { 1 };
                    found.extend(elements.elements().iter().step_by(step).map(Reply::text));
                    for _ in 0..3 {
                        let guest = format!("guest{}", random.below(200));
                        if random.one_in(2) {
                            client.command(&with_value(&guest));
                        } else {
                            client.command(&format!("{remove} {guest}"));
                        }
                    }
                    cursor = next.text();
                    if cursor == "0" {
                        break;
                    }
                }
                for number in 0..steady {
                    let member = format!("steady{number}");
                    assert!(found.contains(&member), "{name} of {steady} missed {member}");
                }
            }
        }
    }
}

use super::key::LONG_WORD_BYTES;
use super::*;
use crate::config::Config;
use crate::execute::Executor;
use crate::load::Loader;
use crate::number::FloatText;
use crate::random::Random;
use crate::resp::encode_command;

type Words = Vec<Vec<u8>>;

fn words(text: &str) -> Words {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// The dataset that a server has after this log.
fn load(log: &[u8]) -> Keyspace {
    let config = Config { proto_max_bulk_len: 512 * 1024 * 1024, ..Config::default() };
    let mut loader = Loader::new(Executor::new(config, Keyspace::new(0), 0));
    loader.feed(log);
    loader.finish().expect("a log").executor.keyspace
}

fn dataset(commands: &[Words]) -> Keyspace {
    let mut log = Vec::new();
    commands.iter().for_each(|words| encode_command(words, &mut log));
    load(&log)
}

/// The same, said once more: what a rewrite has to write, in the simplest way to say it.
fn expected(keyspace: &Keyspace) -> Vec<Words> {
    let mut commands = Vec::new();
    for (number, database) in keyspace.databases().filter(|(_, database)| !database.is_empty()) {
        commands.push(words(&format!("SELECT {number}")));
        for entry in database.iter() {
            let (name, items): (&str, Vec<Words>) = match entry.value {
                Value::String(string) => ("SET", vec![vec![string.as_bytes().to_vec()]]),
                Value::List(list) => ("RPUSH", list.iter().map(|e| vec![e.to_vec()]).collect()),
                Value::Set(set) => ("SADD", set.iter().map(|m| vec![m.to_vec()]).collect()),
                Value::Hash(hash) => {
                    ("HMSET", hash.iter().map(|(f, v)| vec![f.to_vec(), v.to_vec()]).collect())
                }
                Value::SortedSet(members) => {
                    let text = |score| FloatText::new(score).as_bytes().to_vec();
                    ("ZADD", members.iter().map(|(m, s)| vec![text(s), m.to_vec()]).collect())
                }
            };
            for piece in items.chunks(64) {
                let head = vec![name.as_bytes().to_vec(), entry.key.to_vec()];
                commands.push([head, piece.concat()].concat());
            }
            if let Some(Millis(when)) = entry.expiry {
                let when = when.to_string().into_bytes();
                commands.push(vec![b"PEXPIREAT".to_vec(), entry.key.to_vec(), when]);
            }
        }
    }
    commands
}

fn emitted(keyspace: &Keyspace) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(!Emitter::new().emit(keyspace, &mut out, usize::MAX));
    out
}

/// Everything that must hold for any dataset. Returns what was emitted.
fn check(keyspace: &Keyspace) -> Vec<u8> {
    let commands = expected(keyspace);
    let mut log = Vec::new();
    commands.iter().for_each(|words| encode_command(words, &mut log));
    let mut emitter = Emitter::new();
    let mut out = b"before".to_vec();
    assert!(!emitter.emit(keyspace, &mut out, usize::MAX));
    assert!(out.starts_with(b"before"), "it appends");
    assert!(out[6..] == log, "other commands");
    assert_eq!(emitter.keys_done(), keyspace.len() as u64);
    assert_eq!(emitter.commands_written(), commands.len() as u64);
    assert_eq!(load(&log).content_digest(), keyspace.content_digest());
    check_sizes(keyspace, log.len() as u64);
    for least_bytes in [1, 100, 1000, 10 * 1024, 200_000] {
        check_pieces(keyspace, &log, &commands, least_bytes);
    }
    log
}

/// Bytes are the same however they are asked for, each piece ends with a command unless a word is
/// long, and none is larger than it must be.
fn check_pieces(keyspace: &Keyspace, log: &[u8], commands: &[Words], least_bytes: usize) {
    let mut ends = vec![0];
    let mut one = Vec::new();
    for words in commands {
        encode_command(words, &mut one);
        ends.push(ends[ends.len() - 1] + one.len());
        one.clear();
    }
    let mut emitter = Emitter::new();
    let (mut whole, mut more) = (Vec::new(), true);
    while more {
        // Another emitter at the same place, as a world that is looked at twice has it.
        emitter = emitter.clone();
        let before = whole.len();
        more = emitter.emit(keyspace, &mut whole, least_bytes);
        let piece = &whole[before..];
        assert!(log[before..].starts_with(piece), "at {before}");
        assert!(!more || piece.len() >= least_bytes, "too few");
        let last = ends.partition_point(|&end| end < whole.len());
        let has_long_word = |words: &Words| words.iter().any(|word| word.len() > LONG_WORD_BYTES);
        if last > 0 && has_long_word(&commands[last - 1]) {
            assert!(piece.len() < least_bytes + LONG_WORD_BYTES + 40, "too many");
        } else {
            assert_eq!(ends[last], whole.len(), "cut within a command");
            assert_eq!(emitter.commands_written(), last as u64);
            let before_last = ends[last.saturating_sub(1)].saturating_sub(before);
            assert!(piece.is_empty() || before_last < least_bytes, "too many");
        }
    }
    assert_eq!(whole.len(), log.len());
}

fn check_sizes(keyspace: &Keyspace, log_bytes: u64) {
    let mut bytes = 0;
    for (number, database) in keyspace.databases().filter(|(_, database)| !database.is_empty()) {
        bytes += select_bytes(number);
        for entry in database.iter() {
            bytes += size_of_key(entry.key, entry.value, entry.expiry).bytes;
        }
    }
    assert_eq!(bytes, log_bytes);
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(check(&Keyspace::new(0)), b"");
}

#[test]
fn a_string_is_one_set() {
    let keyspace = dataset(&[
        words("SELECT 3"),
        words("SET key value"),
        words("PEXPIREAT key 5"),
        vec![b"SET".to_vec(), b"empty".to_vec(), vec![]],
        vec![b"SET".to_vec(), b"b\r\n\0\xff".to_vec(), (0..=255).collect()],
        words("SET integer -9223372036854775808"),
    ]);
    let log = check(&keyspace);
    let begin = "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n\
                 *3\r\n$9\r\nPEXPIREAT\r\n$3\r\nkey\r\n$1\r\n5\r\n\
                 *3\r\n$3\r\nSET\r\n$5\r\nempty\r\n$0\r\n\r\n";
    assert!(log.starts_with(begin.as_bytes()), "{}", log.escape_ascii());
}

/// Each type with each number of items around the 64 of one command, packed and large.
#[test]
fn a_collection_takes_sixty_four_items_at_a_time() {
    for (name, item) in [
        ("RPUSH", "element"),
        ("SADD", "member"),
        ("SADD", ""),
        ("HMSET", "field"),
        ("ZADD", "member"),
    ] {
        for count in [1, 2, 63, 64, 65, 127, 128, 129, 130, 600, 1500] {
            let items = (0..count).flat_map(|number: u32| {
                let element = format!("{item}{number}");
                match name {
                    "HMSET" => vec![element, format!("value {number}")],
                    "ZADD" => vec![format!("{}.5", number % 7), element],
                    _ => vec![element],
                }
            });
            let mut command = words(&format!("{name} key"));
            command.extend(items.map(String::into_bytes));
            let keyspace = dataset(&[command, words("PEXPIREAT key 99999999999999")]);
            check(&keyspace);
            let size = size_of_key(b"key", keyspace.db(0).get(b"key").expect("it"), None);
            assert_eq!(size.commands, u64::from(count.div_ceil(64)), "{name} {count}");
        }
    }
}

#[test]
fn scores_have_the_digits_that_give_them_back() {
    let scores =
        ["inf", "-inf", "0", "-0", "0.1", "1e300", "-3.5", "12345678901234567890", "5e-324"];
    let commands: Vec<Words> =
        scores.iter().map(|score| words(&format!("ZADD key {score} of:{score}"))).collect();
    let log = check(&dataset(&commands));
    for text in
        ["$3\r\ninf\r\n", "$4\r\n-inf\r\n", "$19\r\n0.10000000000000001\r\n", "$2\r\n-0\r\n"]
    {
        assert!(log.windows(text.len()).any(|at| at == text.as_bytes()), "{text}");
    }
}

/// A command with a long word is emitted in pieces, wherever the word stands.
#[test]
fn long_words_are_emitted_in_pieces() {
    let long = |bytes: usize| vec![b'l'; bytes];
    for bytes in [LONG_WORD_BYTES, LONG_WORD_BYTES + 1, 2 * LONG_WORD_BYTES, 300_000] {
        let mut list = words("RPUSH list a b");
        list.extend([long(bytes), vec![], long(bytes)]);
        list.extend((0..100).map(|number: u32| number.to_string().into_bytes()));
        list.push(long(bytes));
        let keyspace = dataset(&[
            vec![b"SET".to_vec(), b"string".to_vec(), long(bytes)],
            vec![b"SET".to_vec(), long(bytes), b"of a long key".to_vec()],
            vec![b"PEXPIREAT".to_vec(), long(bytes), b"99999999999999".to_vec()],
            list,
            [words("SADD set a 1"), vec![long(bytes)]].concat(),
            [words("SADD integers 1 2 3")].concat(),
            [words("HMSET hash f v field"), vec![long(bytes), long(bytes), vec![]]].concat(),
            [words("ZADD zset 1 a 0.1"), vec![long(bytes)], words("inf b")].concat(),
            [words("RPUSH"), vec![long(bytes + 7)], words("element")].concat(),
        ]);
        check(&keyspace);
    }
}

/// A value that is far larger than what is asked for is not held as a whole.
#[test]
fn a_large_list_is_emitted_in_small_parts() {
    let command = |from: u32| {
        let elements = (from..from + 1000).map(|number| format!("{number:0100}").into_bytes());
        [words("RPUSH list"), elements.collect()].concat()
    };
    let keyspace = dataset(&(0..50).map(|part| command(part * 1000)).collect::<Vec<_>>());
    let (mut emitter, mut out, mut calls) = (Emitter::new(), Vec::new(), 0);
    while emitter.emit(&keyspace, &mut out, 10_000) {
        assert!(out.len() < 10_000 + 64 * 120, "{}", out.len());
        out.clear();
        calls += 1;
    }
    assert!(calls > 300, "{calls}");
}

/// Places that deletions left, several chunks of the slab, and databases between empty ones.
#[test]
fn random_datasets_are_emitted_and_load_again() {
    let mut random = Random::new(20_261_121);
    for round in 0..6 {
        let mut commands = Vec::new();
        for _ in 0..3000 {
            if random.below(100) == 0 {
                commands.push(words(&format!("SELECT {}", random.below(16))));
            }
            let (key, n) = (random.below(1500), random.below(80));
            commands.push(words(&match random.below(9) {
                0 | 1 => format!("SET s{key} {n}"),
                2 => format!("RPUSH l{} e{n} {n}", key % 20),
                3 => format!("SADD t{} {n} {key}", key % 20),
                4 => format!("SADD w{} m{n} {key}", key % 20),
                5 => format!("HSET h{} f{n} {key}", key % 20),
                6 => format!("ZADD z{} {n} m{key}", key % 20),
                7 => format!("DEL s{key}"),
                _ => format!("PEXPIREAT s{key} {}", 9_999_999_999_999 + n),
            }));
        }
        let keyspace = dataset(&commands);
        let log = check(&keyspace);
        assert!(log.len() > 10_000, "round {round}");
    }
}

/// A key is deleted by the one who serves it; a rewrite writes what there is.
#[test]
fn a_key_whose_time_is_over_is_kept() {
    let mut keyspace = Keyspace::new(0);
    keyspace.db_mut(0).insert(b"key", Value::string(b"value"));
    keyspace.db_mut(0).set_expiry(b"key", Some(Millis(1)));
    assert_eq!(check(&keyspace), emitted(&keyspace));
    assert_eq!(expected(&keyspace).len(), 3);
}

/// A digest is remembered in the memory of the dataset; in a child of a fork, that would copy it.
#[test]
fn to_emit_remembers_nothing_in_the_dataset() {
    let mut keyspace = Keyspace::new(0);
    keyspace.db_mut(0).insert(b"key", Value::string(b"value"));
    emitted(&keyspace);
    let _ = size_of_key(b"key", &Value::string(b"value"), None);
    assert!(!keyspace.db(0).keeps_digests());
    keyspace.digest_into(&mut Digest::new());
    assert!(keyspace.db(0).keeps_digests(), "this test sees nothing");
}

#[test]
fn each_place_has_another_digest() {
    let mut list = words("RPUSH list");
    list.extend((0..300).map(|number: u32| number.to_string().into_bytes()));
    let keyspace =
        dataset(&[words("SET a b"), list, vec![b"SET".to_vec(), b"c".to_vec(), vec![0; 300_000]]]);
    let (mut emitter, mut seen) = (Emitter::new(), Vec::new());
    loop {
        let mut digest = Digest::new();
        emitter.digest_into(&mut digest);
        assert!(!seen.contains(&digest.finish()));
        seen.push(digest.finish());
        if !emitter.emit(&keyspace, &mut Vec::new(), 1) {
            break;
        }
    }
    assert!(seen.len() >= 3 + 5 + 5, "{}", seen.len());
}

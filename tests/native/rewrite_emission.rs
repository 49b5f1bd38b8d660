//! What a rewrite makes of a dataset, held against Redis: the same dataset in Debian's
//! `redis-server`, rewritten there by BGREWRITEAOF, and each file loaded by the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command as Program;

use aof_core::config::Config;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadStep, Loader};
use aof_core::rewrite::emit::Emitter;
use aof_tests::client::{Client, encode};
use aof_tests::dataset::{self, Dataset};
use aof_tests::needs;
use aof_tests::records::commands;
use aof_tests::server::{Kind, Launch};
use aof_tests::wait;

const PROVES: &str = "that a rewrite writes what Redis's does";

type Words = Vec<Vec<u8>>;

/// Items in a collection: around one command, and so many that no server packs them.
const COUNTS: [u64; 8] = [1, 2, 63, 64, 65, 130, 600, 1300];

fn words(text: &str) -> Words {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

fn with(text: &str, more: impl IntoIterator<Item = Vec<u8>>) -> Words {
    words(text).into_iter().chain(more).collect()
}

/// Every type with every number of items, and whatever bytes and numbers are special.
fn dataset_commands() -> Vec<Words> {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let text = |name: &str, number: u64| format!("{name}:{number}").into_bytes();
    let mut all = Vec::new();
    for (database, count) in (0..).zip(COUNTS) {
        all.push(words(&format!("SELECT {}", database * 2)));
        let items = |make: &dyn Fn(u64) -> Words| (0..count).flat_map(make).collect::<Words>();
        all.push(with("RPUSH list", items(&|item| vec![text("element", item)])));
        all.push(with("LPUSH reversed", items(&|item| vec![text("element", item)])));
        all.push(with("RPUSH numbers", items(&|item| vec![item.to_string().into_bytes()])));
        all.push(with("SADD integers", items(&|item| vec![(item * 7).to_string().into_bytes()])));
        all.push(with("SADD set", items(&|item| vec![text("member", item)])));
        all.push(with("HSET hash", items(&|n| vec![text("field", n), text("value", n)])));
        all.push(with(
            "ZADD zset",
            items(&|item| vec![(item * 13 % 17).to_string().into_bytes(), text("member", item)]),
        ));
        all.push(with(
            "ZADD fractions",
            items(&|item| vec![format!("{item}.1").into_bytes(), text("member", item)]),
        ));
        // A collection that was emptied is none.
        all.push(with("SADD emptied", items(&|item| vec![text("member", item)])));
        all.push(with("SREM emptied", items(&|item| vec![text("member", item)])));
    }
    all.push(words("SELECT 15"));
    for number in ["0", "-1", "9223372036854775807", "-9223372036854775808", "007", "+1", "3.0"] {
        all.push(words(&format!("SET integer:{number} {number}")));
        all.push(words(&format!("SADD set-of-integers {number}")));
    }
    for score in ["inf", "-inf", "0.1", "-3.5", "1e300", "5e-324", "123456789012345678"] {
        all.push(words(&format!("ZADD scores {score} of:{score}")));
    }
    all.extend([
        with("SET empty", [vec![]]),
        vec![b"SET".to_vec(), vec![], b"of an empty key".to_vec()],
        vec![b"SET".to_vec(), all_bytes.clone(), all_bytes.clone()],
        with("SET long", [vec![b'l'; 200_000]]),
        with("RPUSH binary-list", [vec![], all_bytes.clone(), vec![b'l'; 200_000]]),
        with("SADD binary-set", [vec![], all_bytes.clone()]),
        with("HSET binary-hash", [vec![], all_bytes.clone(), all_bytes.clone(), vec![]]),
        with("ZADD binary-zset", [b"1".to_vec(), vec![], b"1".to_vec(), all_bytes.clone()]),
    ]);
    for name in ["empty", "binary-list", "binary-set", "binary-hash", "binary-zset", "scores"] {
        all.push(words(&format!("PEXPIREAT {name} 99999999999999")));
    }
    all
}

fn keyspace_of(log: &[u8]) -> Keyspace {
    let mut loader = Loader::new(Executor::new(Config::default(), Keyspace::new(1), 1));
    loader.feed(log);
    while let LoadStep::Command(_) = loader.next_step().expect("a log") {}
    loader.finish().expect("a log").executor.keyspace
}

fn emitted(keyspace: &Keyspace) -> Vec<u8> {
    let (mut emitter, mut log) = (Emitter::new(), Vec::new());
    while emitter.emit(keyspace, &mut log, 10 * 1024) {}
    log
}

fn our_log() -> Vec<u8> {
    dataset_commands().iter().flat_map(|words| encode(words)).collect()
}

/// The whole file of what the real one wrote.
fn rewritten_by_redis(redis: &Path, folder: &Path) -> (Vec<u8>, Dataset) {
    let server = Launch::redis(redis, folder).start();
    let mut client = server.client();
    for reply in client.pipeline(&dataset_commands()).expect("replies") {
        let reply = reply.reply;
        assert!(!reply.is_error(), "{reply:?}");
    }
    let base = folder.join("appendonlydir");
    let before = base_file(&base);
    client.command("BGREWRITEAOF");
    let path = wait::until("another base file", || {
        let now = base_file(&base);
        (now != before && finished(&mut client)).then_some(now).flatten()
    });
    let held = dataset::of_redis(&mut client);
    (fs::read(path).expect("a file"), held)
}

fn finished(client: &mut Client) -> bool {
    client.info("aof_rewrite_in_progress") == "0" && client.info("aof_rewrite_scheduled") == "0"
}

/// The file of commands that a rewrite of Redis 7 leaves. Before the first there is an empty one.
fn base_file(folder: &Path) -> Option<std::path::PathBuf> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".base.aof"))
        .collect();
    names.sort();
    names.pop()
}

/// The commands for each key, in order.
fn by_key(log: &[u8]) -> BTreeMap<(Vec<u8>, Vec<u8>), Vec<Words>> {
    let mut database = Vec::new();
    let mut keys: BTreeMap<_, Vec<Words>> = BTreeMap::new();
    for words in commands(log) {
        if words[0] == b"SELECT" {
            database.clone_from(&words[1]);
        } else {
            keys.entry((database.clone(), words[1].clone())).or_default().push(words);
        }
    }
    keys
}

/// The order of what Redis holds in a hash table is its own: there, each command must have as many
/// items, and all of them together must be the same.
fn without_order(commands: &[Words]) -> (Vec<(Vec<u8>, usize)>, Vec<Words>) {
    let shape = commands.iter().map(|words| (words[0].clone(), words.len())).collect();
    let mut items: Vec<Words> = Vec::new();
    for words in commands {
        let is_pair = matches!(words[0].as_slice(), b"HMSET" | b"ZADD");
        items.extend(words[2..].chunks(if is_pair { 2 } else { 1 }).map(<[Vec<u8>]>::to_vec));
    }
    items.sort();
    (shape, items)
}

fn has_order(name: &[u8], key: &[u8], items: usize) -> bool {
    match name {
        b"SET" | b"RPUSH" | b"PEXPIREAT" => true,
        b"SADD" => key == b"integers" && items <= 512,
        // One with a long member is a table in Redis, whose order is another in every run.
        b"ZADD" => items <= 128 && key != b"binary-zset",
        _ => items <= 512 && key != b"binary-hash",
    }
}

#[test]
fn a_rewrite_writes_what_redis_writes() {
    let Some(redis) = needs::program("redis-server", PROVES) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (theirs, _) = rewritten_by_redis(&redis, folder.path());
    let ours = emitted(&keyspace_of(&our_log()));
    assert_eq!(ours.len(), theirs.len(), "bytes");
    let (ours, theirs) = (by_key(&ours), by_key(&theirs));
    let names = |keys: &BTreeMap<(Vec<u8>, Vec<u8>), _>| keys.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    let mut exact = 0;
    for ((database, key), our_commands) in &ours {
        let their_commands = &theirs[&(database.clone(), key.clone())];
        let shown = || format!("{} in {}", key.escape_ascii(), database.escape_ascii());
        let (ours, theirs) = (without_order(our_commands), without_order(their_commands));
        assert!(ours == theirs, "{}: {:?}, theirs {:?}", shown(), ours.0, theirs.0);
        if has_order(&our_commands[0][0], key, ours.1.len()) {
            assert!(our_commands == their_commands, "{} has another order", shown());
            exact += 1;
        }
    }
    assert!(exact > ours.len() * 2 / 3, "{exact} of {} in order", ours.len());
}

#[test]
fn what_a_rewrite_writes_loads_everywhere() {
    let Some(redis) = needs::program("redis-server", PROVES) else { return };
    let Some(check) = needs::program("redis-check-aof", PROVES) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let log = emitted(&keyspace_of(&our_log()));
    let expected = dataset::of_bytes(&our_log(), &Config::default()).expect("a log");
    let loaded = dataset::of_bytes(&log, &Config::default()).expect("a log");
    dataset::assert_equal("rewritten / as it was", &loaded, &expected);

    let path = folder.path().join("appendonly.aof");
    fs::write(&path, &log).expect("a file");
    let output = Program::new(check).arg(&path).output().expect("redis-check-aof runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("is valid"), "redis-check-aof: {said}");

    for kind in [Kind::Redis, Kind::Aofd] {
        let dir = folder.path().join(format!("{kind:?}"));
        fs::create_dir(&dir).expect("a folder");
        fs::copy(&path, dir.join("appendonly.aof")).expect("a copy");
        let launch = match kind {
            Kind::Redis => Launch::redis(&redis, &dir),
            Kind::Aofd => Launch::aofd(&dir),
        };
        let server = launch.start();
        let mut client = server.client();
        let held = match kind {
            Kind::Redis => dataset::of_redis(&mut client),
            Kind::Aofd => dataset::of_aofd(&mut client, &expected),
        };
        dataset::assert_equal(&format!("rewritten, in {kind:?} / as it was"), &held, &expected);
    }
}

/// What Redis has rewritten we load, and rewrite to the same size again.
#[test]
fn what_redis_rewrites_is_rewritten_to_the_same() {
    let Some(redis) = needs::program("redis-server", PROVES) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (theirs, held) = rewritten_by_redis(&redis, folder.path());
    let loaded = dataset::of_bytes(&theirs, &Config::default()).expect("a log");
    dataset::assert_equal("rewritten by Redis / alive in Redis", &loaded, &held);
    let again = emitted(&keyspace_of(&theirs));
    assert_eq!(again.len(), theirs.len());
}

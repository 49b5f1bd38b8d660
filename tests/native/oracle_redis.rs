//! Redis as the oracle: the same commands to `aofd` and to Debian's `redis-server`; replies, logs
//! and datasets compared, and each server loading what the other wrote.
//!
//! Always on copies of logs: Redis 7 moves a single file into a folder of its own.

mod chance;
mod compare;
mod errors;
mod forms;
mod known;
mod pair;
mod shrink;
mod types;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use aof_core::config::{Config, Policy};
use aof_tests::client::Client;
use aof_tests::dataset::{self, Dataset};
use aof_tests::needs;
use aof_tests::records::records;
use aof_tests::server::{self, Launch};
use aof_tests::wait;
use aof_tests::workload::{self, Command, SHORT_LIVED_DATABASE, Workload, now_ms};

use compare::KnownDifference;
use pair::{Pair, shown};

/// Commands that are sent before the first of their replies is read.
const BATCH: usize = 64;
const COMMANDS: usize = 6_000;
const SHORT_LIVED_KEYS: u64 = 40;

#[test]
fn redis_and_aofd_agree_under_always() {
    agree(Policy::Always);
}

#[test]
fn redis_and_aofd_agree_under_everysec() {
    agree(Policy::EverySec);
}

#[test]
fn redis_and_aofd_agree_under_no() {
    agree(Policy::No);
}

#[test]
fn errors_are_told_in_the_words_of_redis() {
    let Some(redis) = needs::program("redis-server", "that our errors are those of Redis") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut pair = start(&redis, folder.path(), Policy::No, known::of_errors());
    let cases = errors::cases();
    assert!(cases.len() >= 300, "only {} cases", cases.len());
    let wrong: Vec<String> = cases
        .chunks(BATCH)
        .filter_map(|cases| pair.play(cases).err().map(|difference| (cases, difference)))
        .map(|(cases, difference)| format!("{}\n{}", shown(&cases[difference.at]), difference.what))
        .collect();
    assert!(wrong.is_empty(), "replies differ:\n{}", wrong.join("\n"));
    eprintln!("{} error cases; known differences met: {:?}", cases.len(), pair.met());
}

/// The two servers, side by side, in folders of their own.
fn start(redis: &Path, folder: &Path, policy: Policy, known: Vec<KnownDifference>) -> Pair {
    let make = |name: &str| {
        let path = folder.join(name);
        fs::create_dir(&path).expect("a folder");
        path
    };
    let sync = policy.as_str();
    Pair::start(
        &Launch::aofd(&make("aofd")).set("appendfsync", sync),
        &Launch::redis(redis, &make("redis")).set("appendfsync", sync),
        known,
    )
}

fn agree(policy: Policy) {
    let proves = "that Redis and aofd give the same replies, logs and datasets";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let Some(check) = needs::program("redis-check-aof", proves) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut pair = start(&redis, folder.path(), policy, known::of_every_type());
    let seed = workload::seed("oracle_redis") ^ policy as u64;
    let mut workload = Workload::new(seed, now_ms());
    let mut commands = workload.commands(COMMANDS);
    commands.extend(workload.fill(30));
    for commands in commands.chunks(BATCH) {
        if let Err(difference) = pair.play(commands) {
            panic!("{}\n{}", shown(&commands[difference.at]), difference.what);
        }
    }
    for server in [&pair.ours.server, &pair.theirs.server] {
        let mut client = server.client();
        run(&mut client, &workload::short_lived(SHORT_LIVED_KEYS));
        client.command(&format!("SELECT {SHORT_LIVED_DATABASE}"));
        wait::until_true("short-lived keys to end", || {
            client.command("DBSIZE").integer() == Some(0)
        });
        wait::until_true("aof_buf to be written", || client.info("aof_buffer_length") == "0");
    }
    let our_log = folder.path().join("ours.aof");
    let their_log = folder.path().join("theirs.aof");
    pair.copy_logs(&our_log, &their_log);

    compare_logs(&our_log, &their_log);
    accepted_by_redis_check_aof(&check, &our_log);
    let expected = dataset::of_log(&our_log, &Config::default()).expect("our log loads");
    assert!(expected.len() > 20, "too small a dataset to prove anything: {}", expected.len());
    let live = dataset::of_aofd(&mut pair.ours.server.client(), &expected);
    dataset::assert_equal("aofd alive / its log", &live, &expected);
    redis_loads(&redis, folder.path(), &our_log, &expected);
    let expected = dataset::of_redis(&mut pair.theirs.server.client());
    aofd_loads(folder.path(), &their_log, &expected);
}

fn run(client: &mut Client, commands: &[Command]) {
    for command in commands {
        let answer = client.call(command).expect("a reply");
        assert!(!answer.reply.is_error(), "{}: {:?}", shown(command), answer.reply);
    }
}

fn compare_logs(ours: &Path, theirs: &Path) {
    let read = |path: &Path| fs::read(path).expect("the copy of a log");
    let (ours, theirs) = (read(ours), read(theirs));
    forms::assert_select_only_where_needed(&ours);
    let empty_flushes = forms::compare(records(&ours), records(&theirs)).unwrap_or_else(|what| {
        panic!("{what}");
    });
    assert!(empty_flushes > 0, "the workload has no FLUSHDB of nothing");
    eprintln!("{} bytes of log; {empty_flushes} FLUSHDB of nothing only in 7.0", ours.len());
}

fn accepted_by_redis_check_aof(check: &Path, log: &Path) {
    let output = Program::new(check).arg(log).output().expect("redis-check-aof runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("is valid"), "{said}");
}

/// Debian's server loads a copy of our log, as the single file of older releases.
fn redis_loads(redis: &Path, folder: &Path, log: &Path, expected: &Dataset) {
    let dir = folder.join("redis-loads");
    fs::create_dir(&dir).expect("a folder");
    fs::copy(log, dir.join("appendonly.aof")).expect("a copy");
    let server = Launch::redis(redis, &dir).start();
    let loaded = dataset::of_redis(&mut server.client());
    dataset::assert_equal("our log in Redis / in aofd", &loaded, expected);
}

/// We load a copy of the incremental file of Debian's server, and `aof check` accepts it.
fn aofd_loads(folder: &Path, log: &Path, expected: &Dataset) {
    let dir: PathBuf = folder.join("aofd-loads");
    fs::create_dir(&dir).expect("a folder");
    let copy = dir.join("appendonly.aof");
    fs::copy(log, &copy).expect("a copy");
    let output = Program::new(server::aof()).arg("check").arg(&copy).output().expect("aof runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "aof check: {said}");
    let loaded = dataset::of_log(&copy, &Config::default()).expect("Redis's log loads");
    dataset::assert_equal("Redis's log in core / alive in Redis", &loaded, expected);
    let server = Launch::aofd(&dir).start();
    let loaded = dataset::of_aofd(&mut server.client(), expected);
    dataset::assert_equal("Redis's log in aofd / alive in Redis", &loaded, expected);
}

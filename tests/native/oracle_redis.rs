//! Redis as the oracle: the same commands to `aofd` and to Debian's `redis-server`; replies, logs
//! and datasets compared, and each server loading what the other wrote.
//!
//! Always on copies of logs: Redis 7 moves a single file into a folder of its own.

mod compare;
mod errors;
mod forms;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use aof_core::config::{Config, Policy};
use aof_tests::client::Client;
use aof_tests::dataset::{self, Dataset};
use aof_tests::needs;
use aof_tests::server::{self, Launch, Server};
use aof_tests::wait;
use aof_tests::workload::{self, Command, SHORT_LIVED_DATABASE, Workload, now_ms};

use compare::{Comparison, KnownDifference};

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
    let pair = Pair::start(&redis, folder.path(), Policy::No);
    let cases = errors::cases();
    assert!(cases.len() >= 300, "only {} cases", cases.len());
    let known = errors::known_differences();
    let met = compare_replies(&pair, &cases, &known);
    for difference in &known {
        let times = met.iter().find(|(reason, _)| *reason == difference.reason);
        assert!(times.is_some(), "a known difference was never met: {}", difference.reason);
    }
    eprintln!("{} error cases; known differences met: {met:?}", cases.len());
}

/// The two servers, side by side, in folders of their own.
struct Pair {
    ours: Server,
    theirs: Server,
}

impl Pair {
    fn start(redis: &Path, folder: &Path, policy: Policy) -> Self {
        let make = |name: &str| {
            let path = folder.join(name);
            fs::create_dir(&path).expect("a folder");
            path
        };
        let sync = policy.as_str();
        Self {
            ours: Launch::aofd(&make("aofd")).set("appendfsync", sync).start(),
            theirs: Launch::redis(redis, &make("redis")).set("appendfsync", sync).start(),
        }
    }
}

fn agree(policy: Policy) {
    let proves = "that Redis and aofd give the same replies, logs and datasets";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let Some(check) = needs::program("redis-check-aof", proves) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Pair::start(&redis, folder.path(), policy);
    let seed = workload::seed("oracle_redis") ^ policy as u64;
    let mut workload = Workload::new(seed, now_ms());
    let mut commands = workload.commands(COMMANDS);
    commands.extend(workload.fill(30));
    compare_replies(&pair, &commands, &[]);
    for server in [&pair.ours, &pair.theirs] {
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
    pair.ours.copy_log(&our_log);
    pair.theirs.copy_log(&their_log);

    compare_logs(&our_log, &their_log);
    accepted_by_redis_check_aof(&check, &our_log);
    let expected = dataset::of_log(&our_log, &Config::default()).expect("our log loads");
    assert!(expected.len() > 20, "too small a dataset to prove anything: {}", expected.len());
    let live = dataset::of_aofd(&mut pair.ours.client(), &expected);
    dataset::assert_equal("aofd alive / its log", &live, &expected);
    redis_loads(&redis, folder.path(), &our_log, &expected);
    let expected = dataset::of_redis(&mut pair.theirs.client());
    aofd_loads(folder.path(), &their_log, &expected);
}

/// Sends the commands to both and compares each reply.
fn compare_replies(
    pair: &Pair,
    commands: &[Command],
    known: &[KnownDifference],
) -> Vec<(&'static str, u32)> {
    let (mut ours, mut theirs) = (pair.ours.client(), pair.theirs.client());
    let mut comparison = Comparison::default();
    let mut wrong = Vec::new();
    for (batch, commands) in commands.chunks(BATCH).enumerate() {
        for client in [&mut ours, &mut theirs] {
            let bytes: Vec<u8> =
                commands.iter().flat_map(|command| aof_tests::client::encode(command)).collect();
            client.send_raw(&bytes).expect("the server reads");
        }
        for (at, command) in commands.iter().enumerate() {
            let our = ours.receive().unwrap_or_else(|error| panic!("{}: {error}", shown(command)));
            let their = theirs.receive().expect("Redis answers");
            if !comparison.same(known, command, &our, &their) {
                let number = batch * BATCH + at;
                wrong.push(format!(
                    "{number}: {}\n  aofd  {:?}\n  Redis {:?}",
                    shown(command),
                    our.reply,
                    their.reply
                ));
            }
        }
    }
    let first = wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} replies differ:\n{first}", wrong.len());
    comparison.met
}

fn shown(command: &Command) -> String {
    let words = command.iter().map(|word| {
        let shown = word.get(..60).unwrap_or(word);
        format!("{:?}", shown.escape_ascii().to_string())
    });
    words.collect::<Vec<_>>().join(" ")
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
    let empty_flushes = forms::assert_same_form(&ours, &theirs);
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

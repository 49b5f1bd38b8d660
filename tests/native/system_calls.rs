//! The lab tells the truth: the system calls that strace sees of a real run are the effects that
//! `core` asked for, in its trace of the same run.
//!
//! # What is compared
//! Only the log and its directory count. A run begins with the calls of a start, which the engine
//! does not see; they are stated here. From then on, per thread, the calls are the effects: the
//! event loop's are the writes and the inline jobs, each lane's are its jobs; every call has the
//! effect's length and the result that the engine was told.
//!
//! Two threads have no common order of their own, so between them it is checked as far as it
//! exists: a job begins after every call of the loop that stands before it in the trace, and ends
//! before every call of the loop that stands behind its completion.

mod effects;
mod rewrite;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::Duration;

use aof_tests::client::{Client, Reply, encode};
use aof_tests::needs;
use aof_tests::server::{Server, aof};
use aof_tests::small_disk::{SmallDisk, on_small_disk};
use aof_tests::strace::{Call, Strace};
use aof_tests::wait;
use aof_tests::workload::{self, Command, SHORT_LIVED_DATABASE, Workload, now_ms};

use crate::server::launch;
use effects::{Effects, Threads};

const COMMANDS: usize = 1_200;
/// With [`WRITE_FIXTURES`] set, runs are short and replace those in `tests/fixtures/traces`:
///
/// ```text
/// AOF_LAB_WRITE_FIXTURES=1 cargo test -p aof-tests --test native calls_what_core_asks
/// ```
const FIXTURE_COMMANDS: usize = 120;
const WRITE_FIXTURES: &str = "AOF_LAB_WRITE_FIXTURES";
const SHORT_LIVED_KEYS: u64 = 30;
/// Longer than the two seconds after which Redis 6.2 writes into a running sync.
const STALL: &str = "fdatasync:delay_enter=3100000:when=2";
const DISK_BYTES: u64 = 4 * 1024 * 1024;

#[test]
fn hardened_always_calls_what_core_asks() {
    conforms(("hardened", "always"));
}

#[test]
fn hardened_everysec_calls_what_core_asks() {
    conforms(("hardened", "everysec"));
}

#[test]
fn hardened_no_calls_what_core_asks() {
    conforms(("hardened", "no"));
}

#[test]
fn redis_always_calls_what_core_asks() {
    conforms(("redis-6.2", "always"));
}

#[test]
fn redis_everysec_calls_what_core_asks() {
    conforms(("redis-6.2", "everysec"));
}

#[test]
fn redis_no_calls_what_core_asks() {
    conforms(("redis-6.2", "no"));
}

type World = (&'static str, &'static str);

fn conforms(world: World) {
    let proves = "that the calls of a run are the effects of core";
    let Some(strace) = needs::program("strace", proves) else { return };
    if !needs::root(proves) {
        return;
    }
    on_small_disk(DISK_BYTES, |disk| run_and_compare(world, &strace, disk));
}

fn run_and_compare(world: World, strace: &Path, disk: &SmallDisk) {
    let trace = disk.beside().join("run.trace");
    let strace = Strace::new(strace, &disk.beside().join("calls")).inject(STALL);
    let launch = launch(&disk.path(), world)
        .set("record", &trace)
        .printing_in(disk.beside())
        .under(strace.wrapper());
    let mut server = launch.start();
    let threads = effects::threads(server.pid());
    session(world, &server, &strace, disk);
    let policy = short_write(world, &mut server, disk);
    if policy == "always" {
        let status = server.process.wait(wait::LIMIT);
        assert_eq!(status.code(), Some(1), "{}", server.process.printed());
    } else {
        assert_eq!(server.terminate().code(), Some(0), "{}", server.process.printed());
    }
    let calls = strace.calls();
    assert!(calls.iter().any(|call| call.delayed), "no sync was stalled");
    let effects = Effects::read(&trace);
    assert!(effects.commands >= commands() as u64, "only {} commands", effects.commands);
    let (writes, short) = effects.count("write");
    let (syncs, _) = effects.count("fdatasync");
    let (truncates, _) = effects.count("ftruncate");
    eprintln!(
        "{world:?}: {} commands, {writes} writes ({short} refused or short), {syncs} syncs, \
         {truncates} truncates, trace {} bytes",
        effects.commands,
        fs::metadata(&trace).map_or(0, |about| about.len())
    );
    assert!(writes > 20 && short > 0 && syncs > 2 && truncates > 0, "too little to prove");
    compare(world, &disk.path(), &calls, (&effects, &threads));
    replays(&trace);
    keep(&trace, world);
}

/// Commands, keys that end, transactions, and a change of policy there and back.
fn session((profile, policy): World, server: &Server, strace: &Strace, disk: &SmallDisk) {
    let mut client = server.client();
    client.patience(wait::LIMIT);
    let seed = workload::seed(&format!("system_calls {profile} {policy}"));
    let mut workload = Workload::new(seed, now_ms());
    send(&mut client, &workload.commands(commands() / 2));
    send(&mut client, &workload::short_lived(SHORT_LIVED_KEYS));
    client.command(&format!("SELECT {SHORT_LIVED_DATABASE}"));
    wait::until_true("keys to end", || client.command("DBSIZE").integer() == Some(0));
    client.command("SELECT 0");
    // The policies in turn, and the stall in one of them at the latest.
    for other in ["everysec", "always", "no", "everysec", policy] {
        let set = client.command(&format!("CONFIG SET appendfsync {other}"));
        assert_eq!(set, Reply::ok());
        send(&mut client, &workload.commands(commands() / 10));
        if other == "everysec" {
            until_stalled(&mut client, strace);
        }
    }
    if policy == "always" {
        // It starts no more of them. One that is under way when the server halts keeps the log open
        // until the process is gone, so nobody would see it closed.
        let none = || client.info("aof_pending_bio_fsync") == "0";
        wait::until_true("the last sync in the background to end", none);
    }
    assert!(disk.path().join("appendonly.aof").exists());
}

/// How many commands a run has at least.
fn commands() -> usize {
    if std::env::var_os(WRITE_FIXTURES).is_some() { FIXTURE_COMMANDS } else { COMMANDS }
}

/// Writes until a sync was made to wait.
fn until_stalled(client: &mut Client, strace: &Strace) {
    let stalled = || strace.text().contains("(DELAYED)").then_some(());
    wait::until_true("a stalled sync", || {
        send(client, &[workload::words("INCR number:stall")]);
        wait::for_at_most(Duration::from_millis(25), stalled).is_some()
    });
}

fn send(client: &mut Client, commands: &[Command]) {
    for commands in commands.chunks(7) {
        let bytes: Vec<u8> = commands.iter().flat_map(|command| encode(command)).collect();
        client.send_raw(&bytes).expect("the server reads");
        for command in commands {
            client.receive().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        }
    }
}

/// A write that the disk takes only in part: taken back, refused, and made when there is room.
/// Under `always` it is the end. Returns the policy.
fn short_write<'a>((_, policy): (&str, &'a str), server: &mut Server, disk: &SmallDisk) -> &'a str {
    let mut client = server.client();
    let mut other = server.client();
    disk.fill(2);
    let value = "v".repeat(32 * 1024);
    client.send(&["SET", "large", &value]).expect("the server reads");
    if policy == "always" {
        assert!(client.receive().is_err(), "no reply can be true");
        return policy;
    }
    wait::until_true("writes to be refused", || {
        other.command("PING").text().starts_with("MISCONF")
    });
    disk.free();
    assert_eq!(client.receive().expect("a reply").reply, Reply::ok());
    wait::until_true("writes to be taken again", || other.command("SET a 1") == Reply::ok());
    policy
}

/// Calls on the log and its directory, but not `close` of a directory or the lock.
fn relevant<'a>(calls: &'a [Call], directory: &Path) -> Vec<&'a Call> {
    let log = directory.join("appendonly.aof");
    let temporary = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.parent() == Some(directory) && name.starts_with("temp-rewriteaof-")
    };
    calls
        .iter()
        .filter(|call| match &*call.name {
            // strace shows no path of these.
            "clone" | "pipe2" | "poll" => true,
            "openat" | "close" if call.path == directory => false,
            _ => {
                let is_pipe = call.path.to_string_lossy().starts_with("pipe:[");
                call.path == log || call.path == directory || temporary(&call.path) || is_pipe
            }
        })
        .collect()
}

fn compare(
    (profile, _): World,
    directory: &Path,
    calls: &[Call],
    (effects, threads): (&Effects, &Threads),
) {
    let relevant = relevant(calls, directory);
    let (begin, rest) = relevant.split_at(if profile == "hardened" { 3 } else { 1 });
    let names: Vec<&str> = begin.iter().map(|call| call.name.as_str()).collect();
    // Opened or made, then durable with its name, before anybody is served.
    let start: &[&str] =
        if profile == "hardened" { &["openat", "fdatasync", "fsync"] } else { &["openat"] };
    assert_eq!(names, start);
    // With the process its files go.
    let (end, rest) = rest.split_last().expect("a run has calls");
    assert_eq!((&*end.name, end.thread), ("close", begin[0].thread));
    effects.assert_are(rest, threads);
}

/// `aof replay` comes to the same effects and the same states.
fn replays(trace: &Path) {
    let output = Program::new(aof()).arg("replay").arg(trace).output().expect("aof runs");
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
}

/// Leaves the trace in `target/traces`, to be looked at.
fn keep(trace: &Path, (profile, policy): World) {
    let folder: PathBuf = aof_tests::server::programs().join("../traces");
    fs::create_dir_all(&folder).expect("a folder");
    let name = format!("{profile}-{policy}.trace");
    fs::copy(trace, folder.join(&name)).expect("a copy");
    if std::env::var_os(WRITE_FIXTURES).is_some() {
        let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/traces"));
        fs::create_dir_all(fixtures).expect("a folder");
        fs::copy(trace, fixtures.join(&name)).expect("a copy");
    }
}

#[test]
fn the_recorded_runs_of_the_browser_tests_replay() {
    for (name, trace) in aof_tests::fixtures::TRACES {
        let report = match aof_core::trace::replay(trace) {
            Ok(report) => report,
            Err(error) => panic!("{name}: {error}. Record it again: see {WRITE_FIXTURES}"),
        };
        assert!(report.digests > 100 && report.effects > 100, "{name}: {report:?}");
    }
}

//! `kill -9` at any moment: every acknowledged write is there, and what is there is a prefix.

use std::path::Path;
use std::process::Command as Program;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use aof_tests::client::{Client, Reply, encode};
use aof_tests::needs;
use aof_tests::server::{Server, aof};
use aof_tests::strace::Strace;
use aof_tests::wait;
use aof_tests::workload::{self, Random};

use crate::server::{WORLDS, folder, launch};

const WRITERS: usize = 3;
const CYCLES: u64 = 5;
/// Transactions that a writer sends before it reads their replies.
const PIPELINE: u64 = 4;

/// A writer's numbers are in one string, so that a gap shows, and the last one in a second key of
/// the same transaction, so that half a transaction shows.
fn numbers(from: u64, to: u64) -> String {
    (from..to).map(|number| format!("{number},")).collect()
}

/// Goes on writing from `next` until the connection breaks. Returns the number after the last one
/// that was acknowledged.
fn write_until_killed(
    mut client: Client,
    writer: usize,
    next: u64,
    acknowledged: &AtomicU64,
) -> u64 {
    let mut done = next;
    for batch in 0.. {
        let first = next + batch * PIPELINE;
        let mut bytes = Vec::new();
        for number in first..first + PIPELINE {
            let number = number.to_string();
            bytes.extend(encode(&["MULTI"]));
            bytes.extend(encode(&["APPEND", &format!("log:{writer}"), &format!("{number},")]));
            bytes.extend(encode(&["SET", &format!("last:{writer}"), &number]));
            bytes.extend(encode(&["EXEC"]));
        }
        if client.send_raw(&bytes).is_err() {
            break;
        }
        for _ in 0..PIPELINE {
            for _ in 0..4 {
                match client.receive() {
                    Ok(answer) => assert!(!answer.reply.is_error(), "{answer:?}"),
                    Err(_) => return done,
                }
            }
            done += 1;
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
    done
}

/// What a writer has in a restarted server: numbers without a gap from 0, as many as it returns.
fn recovered(client: &mut Client, writer: usize) -> u64 {
    let log = match client.command(&format!("GET log:{writer}")) {
        Reply::Bulk(log) => String::from_utf8(log.unwrap_or_default()).expect("numbers"),
        other => panic!("{other:?}"),
    };
    let count = log.matches(',').count() as u64;
    assert_eq!(log, numbers(0, count), "writer {writer} has a gap");
    let last = count.checked_sub(1).map_or(Reply::Bulk(None), |last| Reply::bulk(last.to_string()));
    let found = client.command(&format!("GET last:{writer}"));
    assert_eq!(found, last, "writer {writer} has half a transaction");
    count
}

/// A signal may end a `write(2)` at a page, and what is there then can end inside a transaction.
/// Redis 6.2 leaves its MULTI in the log and writes behind it (the known hole
/// `torn-transaction`), so the start after the next would execute half of it. `aof fix` cuts
/// before the MULTI, as `redis-check-aof` does.
fn forget_a_torn_transaction(log: &Path) {
    let mut fix = Program::new(aof());
    let output = fix.args(["fix", "--yes", "--profile", "redis-6.2"]).arg(log).output();
    let output = output.expect("aof runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn every_acknowledged_write_survives_at_any_moment() {
    let mut random = Random::new(workload::seed("kill9"));
    for world in WORLDS {
        let dir = folder();
        let launch = launch(dir.path(), world);
        let mut next = [0; WRITERS];
        for cycle in 0..CYCLES {
            let mut server = launch.start();
            let acknowledged = AtomicU64::new(0);
            let moment = random.below(400);
            let done: Vec<u64> = thread::scope(|scope| {
                let acknowledged = &acknowledged;
                let writers: Vec<_> = next
                    .iter()
                    .enumerate()
                    .map(|(writer, &next)| {
                        let client = server.client();
                        scope.spawn(move || write_until_killed(client, writer, next, acknowledged))
                    })
                    .collect();
                while acknowledged.load(Ordering::Relaxed) < moment {
                    thread::yield_now();
                }
                server.kill();
                writers.into_iter().map(|writer| writer.join().expect("no panic")).collect()
            });
            if world.0 == "redis-6.2" {
                forget_a_torn_transaction(&server.log());
            }
            let server = launch.start();
            let mut client = server.client();
            for (writer, done) in done.into_iter().enumerate() {
                let found = recovered(&mut client, writer);
                // `redis-6.2` answers before a write that a running sync puts off: see below.
                if world != ("redis-6.2", "everysec") {
                    assert!(found >= done, "{world:?} {cycle}: {done} acknowledged, {found} there");
                }
                next[writer] = found;
            }
        }
        let written: u64 = next.iter().sum();
        assert!(written > 0, "{world:?}: nothing was written");
        eprintln!("{world:?}: {written} transactions survived {CYCLES} kills");
    }
}

/// The stalled sync is the second of its thread: the first thread's first one belongs to the
/// start under `hardened`.
const STALL: &str = "fdatasync:delay_enter=20000000:when=2+";

/// A server under everysec whose sync hangs, and a connection that was not used.
fn stalled(profile: &str, strace: &Path, dir: &Path) -> (Server, Client) {
    let strace = Strace::new(strace, &dir.join("calls")).inject(STALL);
    let server = launch(dir, (profile, "everysec")).under(strace.wrapper()).start();
    let (mut writer, mut reader) = (server.client(), server.client());
    let ended_before = if profile == "hardened" { 2 } else { 1 };
    wait::until_true("the second sync to hang", || {
        // The reply is not waited for: it may be held as long as the sync hangs.
        writer.send(&["INCR", "ticks"]).expect("sent");
        let text = strace.text();
        let ended =
            text.lines().filter(|line| line.contains("fdatasync") && line.ends_with("= 0")).count();
        ended >= ended_before && reader.info("aof_pending_bio_fsync") == "1"
    });
    let client = server.client();
    (server, client)
}

/// After a restart without strace: whether the key is there.
fn is_there(profile: &str, dir: &Path, key: &str) -> bool {
    let server = launch(dir, (profile, "everysec")).start();
    server.client().command(&format!("EXISTS {key}")) == Reply::Integer(1)
}

/// The known hole of Redis 6.2: while a sync hangs, a write is answered and stays in the memory
/// of the process for up to two seconds. No power has to fail for it to be lost.
#[test]
fn redis_acknowledges_a_write_that_a_kill_takes_back() {
    const ATTEMPTS: usize = 3;
    let Some(strace) = needs::program("strace", "the hole in everysec of Redis 6.2") else {
        return;
    };
    // Two seconds are a window that a slow machine can miss.
    let lost = (0..ATTEMPTS).any(|_| {
        let dir = folder();
        let (mut server, mut client) = stalled("redis-6.2", &strace, dir.path());
        assert_eq!(client.command("SET hole 1"), Reply::ok());
        server.kill();
        !is_there("redis-6.2", dir.path(), "hole")
    });
    assert!(lost, "acknowledged and still there, {ATTEMPTS} times");
}

/// `hardened` does not answer before the write is made, and goes on serving reads meanwhile.
#[test]
fn hardened_does_not_acknowledge_what_a_kill_takes_back() {
    let Some(strace) = needs::program("strace", "that hardened has no such hole") else { return };
    let dir = folder();
    let (mut server, mut client) = stalled("hardened", &strace, dir.path());
    client.send(&["SET", "hole", "1"]).expect("sent");
    let mut reader = server.client();
    wait::until_true("the write to wait", || reader.info("aof_buffer_length") != "0");
    assert_eq!(reader.command("GET hole"), Reply::bulk("1"), "reads go on");
    server.kill();
    assert!(client.receive().is_err(), "it was never acknowledged");
    assert!(!is_there("hardened", dir.path(), "hole"), "and it was not written");
}

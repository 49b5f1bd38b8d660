//! What is left after an end that nobody asked for, and what a start makes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use aof_tests::client::{Client, Reply, encode};
use aof_tests::server::{Launch, aof};
use tempfile::TempDir;

use crate::server::{WORLDS, folder, launch};

mod transactions;

const SET_A: &str = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";

fn log_of(dir: &Path) -> PathBuf {
    dir.join("appendonly.aof")
}

/// A folder whose log holds these bytes.
fn folder_with(bytes: &[u8]) -> TempDir {
    let dir = folder();
    std::fs::write(log_of(dir.path()), bytes).expect("written");
    dir
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("readable")
}

/// Starts a server on a log that it must refuse and leave as it is. Returns what it printed.
fn refused(bytes: &[u8], directive: &str, value: &str) -> String {
    let dir = folder_with(bytes);
    let (status, printed) = Launch::aofd(dir.path()).set(directive, value).refuse();
    assert_eq!(status.code(), Some(1), "{printed}");
    assert_eq!(read(&log_of(dir.path())), bytes, "a log that is not loaded is left as it is");
    printed
}

/// Runs `aof command file`: its exit code and what it printed.
fn tool(command: &str, file: &Path) -> (Option<i32>, String) {
    let output = Command::new(aof()).arg(command).arg(file).output().expect("aof runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    for world in WORLDS {
        let dir = folder();
        let launch = launch(dir.path(), world);
        let mut expected: BTreeMap<String, String> = BTreeMap::new();
        for round in 0..3 {
            let mut server = launch.start();
            let mut client = server.client();
            let size = Reply::Integer(i64::try_from(expected.len()).expect("few"));
            assert_eq!(client.command("DBSIZE"), size, "{world:?} {round}");
            for (key, value) in &expected {
                let found = client.call(&["GET", key.as_str()]).expect("a reply").reply;
                assert_eq!(found, Reply::bulk(value), "{world:?} {round} {key}");
            }
            for number in 0..100 {
                let (key, value) = (format!("k{}", number % 40), format!("{round}.{number}"));
                let reply = client.call(&["SET", key.as_str(), &value]).expect("a reply").reply;
                assert_eq!(reply, Reply::ok(), "{world:?}");
                expected.insert(key, value);
            }
            assert_eq!(client.command("DEL k7"), Reply::Integer(1));
            expected.remove("k7");
            server.kill();
            let (code, text) = tool("check", &server.log());
            assert_eq!(code, Some(0), "{world:?}\n{text}");
        }
    }
}

/// Writes `name:0`, `name:1`, … in pipelines until the connection breaks. Returns how many were
/// acknowledged.
fn write_until_killed(port: u16, name: usize) -> u64 {
    const PIPELINE: u64 = 16;
    let mut client = Client::connect(port).expect("connected");
    let mut acknowledged = 0;
    for batch in 0.. {
        let mut bytes = Vec::new();
        for number in batch * PIPELINE..(batch + 1) * PIPELINE {
            bytes.extend(encode(&["SET", &format!("{name}:{number}"), "v"]));
        }
        if client.send_raw(&bytes).is_err() {
            break;
        }
        for _ in 0..PIPELINE {
            match client.receive() {
                Ok(answer) => assert_eq!(answer.reply, Reply::ok()),
                Err(_) => return acknowledged,
            }
            acknowledged += 1;
        }
    }
    acknowledged
}

/// How many keys of a writer there are, counted from its first one without a gap.
fn recovered(client: &mut Client, name: usize) -> u64 {
    let mut count = 0;
    while client.command(&format!("EXISTS {name}:{count}")) == Reply::Integer(1) {
        count += 1;
    }
    count
}

#[test]
fn kill_9_under_load_leaves_a_prefix_with_everything_acknowledged() {
    const WRITERS: usize = 4;
    for world in WORLDS {
        let dir = folder();
        let launch = launch(dir.path(), world);
        let mut server = launch.start();
        let port = server.port();
        let writers: Vec<_> = (0..WRITERS)
            .map(|name| thread::spawn(move || write_until_killed(port, name)))
            .collect();
        // Killed in the middle: once each writer has come this far.
        let mut watcher = server.client();
        for name in 0..WRITERS {
            while watcher.command(&format!("EXISTS {name}:200")) != Reply::Integer(1) {}
        }
        server.kill();
        let acknowledged: Vec<u64> =
            writers.into_iter().map(|writer| writer.join().expect("no panic")).collect();
        let server = launch.start();
        let mut client = server.client();
        let mut total = 0;
        // `redis-6.2` answers before a write that a running sync puts off.
        let promises_all = world != ("redis-6.2", "everysec");
        for (name, &acknowledged) in acknowledged.iter().enumerate() {
            let found = recovered(&mut client, name);
            assert!(!promises_all || found >= acknowledged, "{world:?}: {found} {acknowledged}");
            total += found;
        }
        // Each writer's keys have no gap, and there are no others.
        let total = Reply::Integer(i64::try_from(total).expect("few"));
        assert_eq!(client.command("DBSIZE"), total, "{world:?}: no prefix");
    }
}

#[test]
fn a_cut_tail_is_removed_and_said() {
    let mut bytes = SET_A.as_bytes().to_vec();
    bytes.extend_from_slice(b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$5\r\n12");
    for profile in ["hardened", "redis-6.2"] {
        let dir = folder_with(&bytes);
        let launch = Launch::aofd(dir.path()).set("profile", profile);
        let mut server = launch.start();
        let mut client = server.client();
        assert_eq!(client.command("GET a"), Reply::bulk("1"));
        assert_eq!(client.command("EXISTS b"), Reply::Integer(0));
        assert_eq!(read(&server.log()), SET_A.as_bytes());
        assert_eq!(client.command("SET c 3"), Reply::ok());
        server.kill();
        let printed = server.process.printed();
        for line in [
            "# !!! Warning: short read while loading the AOF file !!!",
            "# !!! Truncating the AOF at offset 50 !!!",
            "# AOF loaded anyway because aof-load-truncated is enabled",
            "* DB loaded from append only file: 0.",
        ] {
            assert!(printed.contains(line), "{profile}: {line}\n{printed}");
        }
        assert_eq!(launch.start().client().command("GET c"), Reply::bulk("3"));
    }
}

#[test]
fn a_cut_tail_is_a_reason_not_to_start_when_told_so() {
    let printed = refused(&SET_A.as_bytes()[..45], "aof-load-truncated", "no");
    assert!(printed.contains("Unexpected end of file reading the append only file"), "{printed}");
    assert!(printed.contains("'aof-load-truncated'"), "{printed}");
}

#[test]
fn a_malformed_log_is_refused_with_its_place() {
    let bytes = format!("{SET_A}nonsense{SET_A}");
    for profile in ["hardened", "redis-6.2"] {
        let printed = refused(bytes.as_bytes(), "profile", profile);
        assert!(printed.contains("Bad file format reading the append only file"), "{printed}");
        assert!(printed.contains("offset 50"), "{printed}");
        assert!(printed.contains("command 3"), "{printed}");
    }
}

#[test]
fn an_unknown_command_is_refused_with_its_place() {
    let bytes = format!("{SET_A}*1\r\n$6\r\nNOSUCH\r\n");
    let printed = refused(bytes.as_bytes(), "profile", "hardened");
    assert!(printed.contains("offset 50"), "{printed}");
    assert!(printed.contains("'NOSUCH'"), "{printed}");
}

#[test]
fn zeros_at_the_end_are_what_the_profile_says() {
    let mut bytes = SET_A.as_bytes().to_vec();
    bytes.resize(4096, 0);
    let printed = refused(&bytes, "profile", "redis-6.2");
    assert!(printed.contains("Bad file format"), "{printed}");
    let dir = folder_with(&bytes);
    let server = Launch::aofd(dir.path()).start();
    assert_eq!(server.client().command("GET a"), Reply::bulk("1"));
    assert_eq!(read(&server.log()), SET_A.as_bytes());
}

#[test]
fn an_open_transaction_is_taken_back() {
    let bytes = format!("{SET_A}*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n2\r\n");
    let dir = folder_with(bytes.as_bytes());
    let server = Launch::aofd(dir.path()).start();
    assert_eq!(server.client().command("GET a"), Reply::bulk("1"));
    assert_eq!(read(&server.log()), SET_A.as_bytes());
}

#[test]
fn a_log_that_cannot_be_opened_is_a_reason_not_to_start() {
    let dir = folder();
    std::fs::create_dir(log_of(dir.path())).expect("created");
    let (status, printed) = Launch::aofd(dir.path()).refuse();
    assert_eq!(status.code(), Some(1), "{printed}");
    assert!(printed.contains("cannot open the append-only file"), "{printed}");
}

#[test]
fn the_first_start_makes_an_empty_log() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    assert_eq!(read(&server.log()), b"");
    assert_eq!(server.client().command("GET a"), Reply::Bulk(None));
}

#[test]
fn a_full_disk_refuses_writes_and_keeps_what_was_acknowledged() {
    const LIMIT_BYTES: u64 = 2000;
    for world in WORLDS {
        let dir = folder();
        let launch = launch(dir.path(), world).set("held-reply-timeout-ms", "200");
        let mut server = launch.clone().file_size_limit(LIMIT_BYTES).start();
        let mut client = server.client();
        let mut acknowledged = 0;
        let end = loop {
            let key = format!("k{acknowledged}");
            match client.call(&["SET", key.as_str(), &"v".repeat(50)]) {
                Ok(answer) if answer.reply == Reply::ok() => acknowledged += 1,
                other => break other,
            }
        };
        assert!(acknowledged >= 15, "{world:?}");
        // With the reason: no space after a write that was cut short, else the limit's own.
        let refused =
            |reply: Reply| reply.text().starts_with("MISCONF Errors writing to the AOF file: ");
        match world {
            // It halts: nobody is told anything, because nothing would be true.
            (_, "always") => {
                assert!(end.is_err(), "{world:?}: {end:?}");
                let status = server.process.wait(aof_tests::wait::LIMIT);
                assert_eq!(status.code(), Some(1));
                let halted = "Can't recover from AOF write error when the AOF fsync policy is";
                assert!(server.process.printed().contains(halted));
            }
            // The reply was held until it could be neither.
            ("hardened", _) => {
                assert!(end.is_err(), "{world:?}: {end:?}");
                let mut other = server.client();
                assert!(refused(other.command("SET a 1")), "{world:?}");
                assert_eq!(other.command("GET k0"), Reply::bulk("v".repeat(50)));
                server.kill();
            }
            // The reply of the write that failed has gone out; the next write is refused.
            _ => {
                assert!(refused(end.expect("a reply").reply), "{world:?}");
                assert!(refused(client.command("PING")), "{world:?}");
                assert_eq!(client.command("GET k0"), Reply::bulk("v".repeat(50)));
                acknowledged -= 1;
                server.kill();
            }
        }
        assert!(read(&server.log()).len() as u64 <= LIMIT_BYTES);
        let server = launch.start();
        let mut client = server.client();
        for number in 0..acknowledged {
            let found = client.command(&format!("GET k{number}"));
            assert_eq!(found, Reply::bulk("v".repeat(50)), "{world:?} k{number}");
        }
        let size = Reply::Integer(acknowledged);
        assert_eq!(client.command("DBSIZE"), size, "{world:?}: the failed one is not there");
        let (code, text) = tool("check", &server.log());
        assert_eq!(code, Some(0), "{world:?}\n{text}");
    }
}

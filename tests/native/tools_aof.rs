//! `aof fix`, `inspect` and `diff` on the logs of real servers, and what the servers say of the
//! result.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use aof_core::config::Config;
use aof_tests::client::Client;
use aof_tests::dataset;
use aof_tests::needs;
use aof_tests::server::{Launch, aof};
use aof_tests::wait;

use crate::server::folder;

const PROVES: &str = "that both servers load what aof fix leaves";

/// Every type, a second database, an expiry and a transaction.
const COMMANDS: [&str; 14] = [
    "SET a 1",
    "SET a 22",
    "APPEND a xyz",
    "RPUSH list 1 2 3",
    "HSET hash f v g w",
    "SADD set 1 2 x",
    "ZADD scores 1 one 2.5 two",
    "SET late v PXAT 99999999999999",
    "SELECT 3",
    "SET other 1",
    "MULTI",
    "SET b 1",
    "INCR b",
    "EXEC",
];

fn write_some(client: &mut Client) {
    for command in COMMANDS {
        client.command(command);
    }
    client.command("SET end 1");
}

/// Runs `aof` with no terminal: its exit code and what it printed.
fn tool(words: &[&str], files: &[&Path]) -> (Option<i32>, String) {
    let mut command = Command::new(aof());
    command.args(words).args(files).stdin(Stdio::null());
    let output = command.output().expect("aof runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// The copies that `aof fix` kept.
fn copies(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.to_string_lossy().contains(".before-fix-")).collect()
}

fn aofd_log(dir: &Path) -> Vec<u8> {
    let mut server = Launch::aofd(dir).start();
    write_some(&mut server.client());
    server.terminate();
    fs::read(server.log()).expect("a log")
}

/// The one file of the log of a server that keeps it as Redis 7 does, without its SELECT forms.
fn redis_log(program: &Path, dir: &Path) -> Vec<u8> {
    let mut server = Launch::redis(program, dir).start();
    write_some(&mut server.client());
    server.terminate();
    fs::read(server.log()).expect("a log")
}

/// A server of Debian that loads these bytes as a single file: does it come up, and with which
/// dataset.
fn loads_in_redis(program: &Path, bytes: &[u8]) -> dataset::Dataset {
    let dir = folder();
    fs::write(dir.path().join("appendonly.aof"), bytes).expect("written");
    let server = Launch::redis(program, dir.path()).set("aof-load-truncated", "no").start();
    dataset::of_redis(&mut server.client())
}

/// Every length of a log: `fix` leaves a log that is valid, the longest that there is, and the
/// same for both servers; the copy is the original. Some of them are loaded by the servers.
#[test]
fn every_cut_of_a_log_is_fixed_for_both_servers() {
    let Some(redis) = needs::program("redis-server", PROVES) else { return };
    let logs = [aofd_log(folder().path()), redis_log(&redis, folder().path())];
    // Each cut costs four syncs; every length of one of them is enough.
    for (log, apart) in logs.iter().zip([1, 7]) {
        let mut kept = Vec::new();
        for length in (0..log.len()).step_by(apart) {
            let dir = folder();
            let path = dir.path().join("appendonly.aof");
            fs::write(&path, &log[..length]).expect("written");
            let (code, said) = tool(&["fix", "--yes"], &[&path]);
            assert_eq!(code, Some(0), "{length}: {said}");
            let fixed = fs::read(&path).expect("readable");
            assert!(log.starts_with(&fixed) && fixed.len() <= length, "{length}: {said}");
            let copies = copies(dir.path());
            if fixed.len() == length {
                assert!(copies.is_empty(), "{length}: {said}");
            } else {
                assert_eq!(copies.len(), 1, "{length}: {said}");
                assert_eq!(fs::read(&copies[0]).expect("readable"), &log[..length]);
            }
            let of_log = dataset::of_bytes(&fixed, &Config::default());
            of_log.unwrap_or_else(|error| panic!("{length}: {error}"));
            kept.push(fixed.len());
        }
        assert!(kept.is_sorted(), "a longer log never loses more");
        // Each different result once, in the real servers.
        kept.dedup();
        assert!(kept.len() > COMMANDS.len() / 2, "{kept:?}");
        for &length in &kept {
            let fixed = &log[..length];
            let expected = dataset::of_bytes(fixed, &Config::default()).expect("loads");
            dataset::assert_equal("redis", &expected, &loads_in_redis(&redis, fixed));
            let dir = folder();
            fs::write(dir.path().join("appendonly.aof"), fixed).expect("written");
            let server = Launch::aofd(dir.path()).set("aof-load-truncated", "no").start();
            let loaded = dataset::of_aofd(&mut server.client(), &expected);
            dataset::assert_equal("aofd", &expected, &loaded);
        }
    }
}

#[test]
fn a_running_server_keeps_its_log() {
    let dir = folder();
    let mut server = Launch::aofd(dir.path()).start();
    write_some(&mut server.client());
    let path = server.log();
    // Damage that the running server does not see.
    let mut bytes = fs::read(&path).expect("a log");
    bytes.extend_from_slice(b"*3\r\n$3\r\nSET");
    fs::write(&path, &bytes).expect("written");
    let (code, said) = tool(&["fix", "--yes"], &[&path]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("a server (pid {}) is using", server.pid())), "{said}");
    assert_eq!(fs::read(&path).expect("readable"), bytes);
    server.kill();
    let (code, said) = tool(&["fix"], &[&path]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("aof fix --yes "), "{said}");
    assert_eq!(fs::read(&path).expect("readable"), bytes);
    assert_eq!(tool(&["fix", "--yes"], &[&path]).0, Some(0));
    assert_eq!(tool(&["check"], &[&path]).0, Some(0));
}

/// Both servers are told the same; their logs differ in bytes and not in the dataset.
#[test]
fn diff_finds_the_logs_of_both_servers_equal_until_one_differs() {
    let Some(redis) = needs::program("redis-server", "that aof diff reads both logs") else {
        return;
    };
    let dir = folder();
    let (a, b) = (dir.path().join("a.aof"), dir.path().join("b.aof"));
    fs::write(&a, aofd_log(folder().path())).expect("written");
    fs::write(&b, redis_log(&redis, folder().path())).expect("written");
    let (code, said) = tool(&["diff"], &[&a, &b]);
    assert_eq!(code, Some(0), "{said}");
    let mut bytes = fs::read(&a).expect("readable");
    bytes.extend_from_slice(
        b"*2\r\n$3\r\nDEL\r\n$1\r\nb\r\n*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$1\r\n1\r\n",
    );
    fs::write(&a, bytes).expect("written");
    let (code, said) = tool(&["diff"], &[&a, &b]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("only in A: db 3 \"c\""), "{said}");
    assert!(said.contains("only in B: db 3 \"b\""), "{said}");
    assert_eq!(tool(&["diff"], &[&a, &dir.path().join("none")]).0, Some(2));
}

/// The size that a rewrite would leave is what the rewrite of the real server leaves, to the byte.
#[test]
fn inspect_knows_the_size_of_a_rewritten_log() {
    let Some(redis) = needs::program("redis-server", "that aof inspect weighs as Redis does")
    else {
        return;
    };
    let dir = folder();
    let server = Launch::redis(&redis, dir.path()).start();
    let mut client = server.client();
    write_some(&mut client);
    for number in 0..200 {
        client.command(&format!("RPUSH many {number}"));
        client.command(&format!("SADD members m{number} {number}"));
        client.command(&format!("HSET fields f{number} v{number}"));
        client.command(&format!("ZADD ranks {}.25 m{number} {number} n{number}", number * 31));
        client.command(&format!("SET counter {number}"));
    }
    client.command("PEXPIREAT many 99999999999999");
    // Redis answers before it writes while a sync runs.
    wait::until_true("the log to be written", || client.info("aof_buffer_length") == "0");
    let copy = dir.path().join("copy.aof");
    server.copy_log(&copy);
    client.command("BGREWRITEAOF");
    let rewritten = dir.path().join("appendonlydir/appendonly.aof.2.base.aof");
    wait::until("the rewrite", || rewritten.exists().then_some(()));
    let bytes = fs::metadata(&rewritten).expect("a file").len();
    let (code, said) = tool(&["inspect", "--json"], &[&copy]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("\"rewrite_bytes\":{bytes},\"dead_bytes\"")), "{bytes}\n{said}");
    let (_, said) = tool(&["inspect", "--json"], &[&rewritten]);
    let weight = format!("{{\"log_bytes\":{bytes},\"rewrite_bytes\":{bytes},\"dead_bytes\":0}}");
    assert!(said.contains(&weight), "{said}");
    assert_eq!(tool(&["diff"], &[&copy, &rewritten]).0, Some(0));
}

/// `… | head -1`: the reader leaves, and nobody panics or complains.
#[test]
fn a_reader_that_leaves_is_no_trouble() {
    let dir = folder();
    let path = dir.path().join("log.aof");
    let mut log = Vec::new();
    for number in 0..20_000 {
        let key = format!("key:{number:060}");
        log.extend(aof_tests::client::encode(&["SET", &key, "v"]));
    }
    fs::write(&path, log).expect("written");
    fs::write(dir.path().join("empty"), "").expect("written");
    let (file, empty) =
        (path.display().to_string(), dir.path().join("empty").display().to_string());
    let lines = [
        vec!["inspect", "--keys", "10000", "--json", &file],
        vec!["inspect", "--keys", "10000", &file],
        vec!["diff", "--limit", "20000", &file, &empty],
        vec!["completions", "zsh"],
        vec!["check", &file],
    ];
    for line in lines {
        let mut child = Command::new(aof())
            .args(&line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("aof runs");
        let mut errors = child.stderr.take().expect("a pipe");
        let said = thread::spawn(move || {
            let mut said = String::new();
            errors.read_to_string(&mut said).map(|_| said)
        });
        // Closed before anything is read, so that the write must fail.
        drop(child.stdout.take());
        let status = child.wait().expect("it ends");
        let said = said.join().expect("no panic").expect("text");
        assert_eq!(said, "", "{line:?}");
        assert!(status.code().is_some_and(|code| code != 101), "{line:?}: {status}");
    }
}

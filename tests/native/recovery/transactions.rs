//! A log that ends inside a transaction, as Redis and as we load it.

use aof_tests::dataset::{self, Dataset};
use aof_tests::needs;

use super::*;

fn log_with(lines: &[&str]) -> Vec<u8> {
    let words = |line: &&str| encode(&line.split(' ').collect::<Vec<_>>());
    lines.iter().flat_map(words).collect()
}

/// The log after a start from it, and the dataset.
fn ours(bytes: &[u8]) -> (Vec<u8>, Dataset) {
    let dir = folder_with(bytes);
    let server = Launch::aofd(dir.path()).set("profile", "redis-6.2").start();
    let dataset = dataset::of_redis(&mut server.client());
    (read(&server.log()), dataset)
}

/// The same in Debian's server, which moves the file into a folder of its own.
fn theirs(redis: &Path, bytes: &[u8]) -> (Vec<u8>, Dataset) {
    let dir = folder_with(bytes);
    let server = Launch::redis(redis, dir.path()).start();
    let dataset = dataset::of_redis(&mut server.client());
    (read(&dir.path().join("appendonlydir/appendonly.aof")), dataset)
}

/// Redis cuts a torn transaction behind its last whole command and leaves its MULTI in the log, so
/// that a later load queues what was written since. The profile does the same, byte for byte.
#[test]
fn a_torn_transaction_is_left_where_redis_leaves_it() {
    let proves = "that our profile leaves in the log what Redis leaves in it";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let open = log_with(&["SELECT 0", "SET a 1", "MULTI", "APPEND t x"]);
    let before = log_with(&["SELECT 0", "SET a 1"]).len();
    let torn = b"*3\r\n$3\r\nSE";
    let later: &[&[&str]] = &[
        &[],
        &["SET b 2"],
        &["SET b 2", "MULTI", "APPEND t y"],
        &["SET b 2", "MULTI", "APPEND t y", "EXEC", "SET c 3"],
        &["EXEC", "SET c 3", "MULTI", "SET d 4"],
    ];
    let mut left = Vec::new();
    for lines in later {
        for tear in [&b""[..], b"*", torn] {
            let log = [&open[..], &log_with(lines), tear].concat();
            let (our_log, our_dataset) = ours(&log);
            let (their_log, their_dataset) = theirs(&redis, &log);
            let shown = format!("{lines:?} {:?}", tear.escape_ascii().to_string());
            assert_eq!(our_log.len(), their_log.len(), "{shown}");
            assert_eq!(our_log, their_log, "{shown}");
            dataset::assert_equal(&shown, &our_dataset, &their_dataset);
            left.push(our_log.len() - before);
        }
    }
    let multi = open.len() - before;
    assert_eq!(left[..5], [0, multi, multi, 0, multi + 27], "{left:?}");
}

/// `aof check` and `aof fix` take the transaction off as a whole, as redis-check-aof does, and say
/// what a server of that profile would do.
#[test]
fn tools_take_a_torn_transaction_off() {
    let proves = "that redis-check-aof takes a torn transaction off";
    let Some(check) = needs::program("redis-check-aof", proves) else { return };
    let log =
        [&log_with(&["SELECT 0", "SET a 1", "MULTI", "APPEND t x"])[..], b"*3\r\n$3"].concat();
    let dir = folder_with(&log);
    let file = log_of(dir.path());
    let theirs = Command::new(check).arg(&file).output().expect("redis-check-aof runs");
    let theirs = String::from_utf8_lossy(&theirs.stdout).into_owned();
    assert!(theirs.contains("ok_up_to=50,"), "{theirs}");
    let run = |arguments: &[&str]| {
        let output = Command::new(aof()).args(arguments).arg(&file).output().expect("aof runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for profile in ["hardened", "redis-6.2"] {
        let said = run(&["check", "--profile", profile]);
        assert!(said.contains("ok_up_to=50,"), "{profile}: {said}");
        let leaves = said.contains("leaves the open MULTI");
        assert_eq!(leaves, profile == "redis-6.2", "{profile}: {said}");
    }
    let said = run(&["fix", "--yes", "--profile", "redis-6.2"]);
    assert_eq!(read(&file).len(), 50, "{said}");
}

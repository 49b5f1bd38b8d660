//! Client libraries that people use, against `aofd`: what they send and how they read replies was
//! not written by us.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command as Program;

use aof_tests::needs;
use aof_tests::server::Launch;
use redis::{Commands, Connection, ErrorKind, RedisResult, Value, pipe};

use crate::server::folder;

/// Enough that a scan needs many calls.
const MANY: usize = 2_000;

fn connect(address: &str) -> Connection {
    let client = redis::Client::open(address).expect("an address");
    client.get_connection().expect("a connection")
}

#[test]
fn the_redis_crate_pipelines_and_reads_every_type() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut connection = connect(&format!("redis://127.0.0.1:{}/", server.port()));
    let mut pipeline = pipe();
    for number in 0..MANY {
        pipeline.rpush("list", number).ignore();
        pipeline.hset("hash", format!("f{number}"), number).ignore();
        pipeline.sadd("set", number).ignore();
        pipeline.zadd("zset", format!("m{number}"), number).ignore();
    }
    pipeline.llen("list").hlen("hash").scard("set").zcard("zset");
    let lengths: (usize, usize, usize, usize) = pipeline.query(&mut connection).expect("replies");
    assert_eq!(lengths, (MANY, MANY, MANY, MANY));

    let list: Vec<usize> = connection.lrange("list", 0, -1).expect("a list");
    assert!(list.iter().copied().eq(0..MANY));
    let hash: BTreeMap<String, usize> = connection.hgetall("hash").expect("a hash");
    assert_eq!(hash.len(), MANY);
    assert_eq!(hash.get("f17"), Some(&17));
    let set: BTreeSet<usize> = connection.smembers("set").expect("a set");
    assert!(set.into_iter().eq(0..MANY));
    let top: Vec<(String, f64)> = connection.zrevrange_withscores("zset", 0, 1).expect("a range");
    let last = MANY - 1;
    let expected = [(last, 1999.0), (last - 1, 1998.0)];
    assert_eq!(top, expected.map(|(number, score)| (format!("m{number}"), score)));
    let nothing: Option<String> = connection.get("nothing").expect("a reply");
    assert_eq!(nothing, None);
    let error = connection.incr::<_, _, i64>("list", 1).expect_err("a list is no number");
    assert_eq!(error.code(), Some("WRONGTYPE"));
    let error = redis::cmd("NOSUCH").query::<Value>(&mut connection).expect_err("no command");
    assert_eq!(error.kind(), ErrorKind::Server(redis::ServerErrorKind::ResponseError));
}

#[test]
fn the_redis_crate_scans_everything() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut connection = connect(&format!("redis://127.0.0.1:{}/", server.port()));
    let mut pipeline = pipe();
    for number in 0..MANY {
        pipeline.set(format!("key:{number}"), number).ignore();
        pipeline.hset("hash", number, number + 1).ignore();
        pipeline.sadd("set", format!("m{number}")).ignore();
        pipeline.zadd("zset", number, number).ignore();
    }
    pipeline.exec(&mut connection).expect("replies");

    let keys: RedisResult<BTreeSet<String>> =
        connection.scan_match("key:*").expect("a scan").collect();
    let names = (0..MANY).map(|number| format!("key:{number}"));
    assert_eq!(keys.expect("keys"), names.collect());
    let fields: RedisResult<BTreeMap<usize, usize>> =
        connection.hscan("hash").expect("a scan").collect();
    assert_eq!(fields.expect("fields"), (0..MANY).map(|number| (number, number + 1)).collect());
    let members: RedisResult<BTreeSet<String>> = connection.sscan("set").expect("a scan").collect();
    assert_eq!(members.expect("members"), (0..MANY).map(|number| format!("m{number}")).collect());
    let scores: RedisResult<BTreeMap<usize, usize>> =
        connection.zscan("zset").expect("a scan").collect();
    assert_eq!(scores.expect("scores"), (0..MANY).map(|number| (number, number)).collect());
}

/// Several connections add to one key; WATCH makes those start again that were overtaken.
#[test]
fn the_redis_crate_counts_right_with_watched_transactions() {
    const THREADS: usize = 4;
    const EACH: usize = 50;
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("appendfsync", "always").start();
    let address = format!("redis://127.0.0.1:{}/", server.port());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut connection = connect(&address);
                for _ in 0..EACH {
                    let key = "count";
                    let (sum,): (usize,) =
                        redis::transaction(&mut connection, &[key], |connection, pipeline| {
                            let before: Option<usize> = connection.get(key)?;
                            let after = before.unwrap_or(0) + 1;
                            pipeline.set(key, after).ignore().get(key).query(connection)
                        })
                        .expect("a transaction");
                    assert!(sum > 0);
                }
            });
        }
    });
    let count: usize = connect(&address).get("count").expect("a number");
    assert_eq!(count, THREADS * EACH);
}

#[test]
fn the_redis_crate_comes_by_unix_socket_and_with_a_password() {
    let dir = folder();
    let socket = dir.path().join("aofd.sock");
    let server = Launch::aofd(dir.path())
        .set("unixsocket", socket.as_os_str())
        .set("unixsocketperm", "700")
        .start();
    let mut connection = connect(&format!("unix://{}", socket.display()));
    connection.set::<_, _, ()>("key", "value").expect("a reply");
    let value: String = connection.get("key").expect("a reply");
    assert_eq!(value, "value");
    let address = format!("127.0.0.1:{}/", server.port());
    redis::cmd("CONFIG")
        .arg(&["SET", "requirepass", "secret"])
        .exec(&mut connection)
        .expect("requirepass can be set");
    let value: String = connect(&format!("redis://:secret@{address}")).get("key").expect("a reply");
    assert_eq!(value, "value");
    let client = redis::Client::open(format!("redis://:wrong@{address}")).expect("an address");
    let error = client.get_connection().err().expect("a wrong password");
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
    let error = connect(&format!("redis://{address}")).get::<_, String>("key");
    assert_eq!(error.expect_err("no password").code(), Some("NOAUTH"));
}

/// The script says what it does; a line is printed for each thing that worked.
#[test]
fn redis_py_works_with_every_type() {
    let Some(python) = needs::python_with_redis("that Python's client library works with aofd")
    else {
        return;
    };
    let dir = folder();
    let socket = dir.path().join("aofd.sock");
    let server = Launch::aofd(dir.path()).set("unixsocket", socket.as_os_str()).start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/native/redis_py/session.py");
    let output = Program::new(python)
        .arg(script)
        .arg(server.port().to_string())
        .arg(&socket)
        .output()
        .expect("Python runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaint}");
    let expected = [
        "strings",
        "lists",
        "hashes",
        "sets",
        "sorted sets",
        "pipelines",
        "transactions",
        "scans",
        "errors",
        "expiry",
        "unix socket",
        "sort",
        "monitor",
        "password",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

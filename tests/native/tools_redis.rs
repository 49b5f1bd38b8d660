//! Redis's own tools against `aofd`, as people use them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command as Program, Output, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use aof_tests::client::{Reply, encode};
use aof_tests::needs;
use aof_tests::server::{Launch, Server};
use aof_tests::wait;

use crate::server::{WORLDS, folder, launch};

const PROVES: &str = "that Redis's tools work with aofd";

/// Runs `redis-cli` with these arguments, this input, and nothing else.
fn redis_cli(program: &Path, server: &Server, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Program::new(program)
        .args(["-p", &server.port().to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("redis-cli runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Input and output are pipes with an end: whoever only writes first may wait for ever.
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().expect("redis-cli ends")
    })
}

fn text(output: &Output) -> String {
    let bytes = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn redis_cli_speaks_with_it() {
    let Some(cli) = needs::program("redis-cli", PROVES) else { return };
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let session =
        b"SET greeting \"hello world\"\nGET greeting\nINCR n\nincrby n 41\nMGET n nosuch\n\
        EXPIRE n 1000\nTTL n\nSELECT 3\nSET other 1\nDBSIZE\nSELECT 0\n\
        MULTI\nSET a 1\nINCR a\nEXEC\n\
        INCR greeting\nNOSUCH\nECHO \"a\\r\\nb\"\n";
    let output = redis_cli(&cli, &server, &[], session);
    assert!(output.status.success(), "{}", text(&output));
    let expected = "OK\nhello world\n1\n42\n42\n\n1\n1000\nOK\nOK\n1\nOK\nOK\nQUEUED\nQUEUED\n\
        OK\n2\nERR value is not an integer or out of range\n\n\
        ERR unknown command `NOSUCH`, with args beginning with: \n\na\r\nb\n";
    assert_eq!(text(&output), expected);
}

#[test]
fn redis_cli_prints_what_people_look_at() {
    let Some(cli) = needs::program("redis-cli", PROVES) else { return };
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("appendfsync", "always").start();
    let run = |arguments: &[&str]| {
        let output = redis_cli(&cli, &server, arguments, b"");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    };
    assert_eq!(run(&["PING"]), "PONG\n");
    assert_eq!(run(&["--raw", "SET", "key", "value"]), "OK\n");
    assert_eq!(run(&["--no-raw", "GET", "key"]), "\"value\"\n");
    assert_eq!(run(&["CONFIG", "GET", "appendfsync"]), "appendfsync\nalways\n");
    assert_eq!(run(&["CONFIG", "SET", "appendfsync", "no"]), "OK\n");
    assert_eq!(run(&["CONFIG", "GET", "appendfsync"]), "appendfsync\nno\n");
    let info = run(&["INFO"]);
    for field in ["redis_version:", "aof_enabled:1", "aof_current_size:", "db0:keys=1"] {
        assert!(info.contains(field), "INFO has no {field}:\n{info}");
    }
    let persistence = run(&["INFO", "persistence"]);
    assert!(!persistence.contains("# Server"), "{persistence}");
    assert!(run(&["CLIENT", "LIST"]).contains("cmd=client"));
    assert!(run(&["COMMAND", "COUNT"]).trim().parse::<u32>().is_ok_and(|count| count > 40));
}

#[test]
fn redis_cli_scans_every_key() {
    let Some(cli) = needs::program("redis-cli", PROVES) else { return };
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    let mut expected = Vec::new();
    for number in 0..500 {
        let key = format!("key:{number}");
        assert_eq!(client.command(&format!("SET {key} v")), Reply::ok());
        expected.push(key);
    }
    client.command("SET other v");
    expected.sort();
    let output = redis_cli(&cli, &server, &["--scan", "--pattern", "key:*"], b"");
    assert!(output.status.success());
    let printed = text(&output);
    let mut seen: Vec<&str> = printed.lines().collect();
    seen.sort_unstable();
    assert_eq!(seen, expected);
}

/// Mass insertion. redis-cli ends it with an ECHO of 20 random bytes and waits for them.
#[test]
fn redis_cli_pipes_a_mass_of_commands() {
    const COMMANDS: usize = 20_000;
    let Some(cli) = needs::program("redis-cli", PROVES) else { return };
    for world in WORLDS {
        let dir = folder();
        let mut server = launch(dir.path(), world).start();
        let mut input = Vec::new();
        for number in 0..COMMANDS {
            let number = number.to_string();
            input.extend(encode(&["SET", &format!("key:{number}"), &number]));
        }
        input.extend(encode(&["PING"]));
        input.extend(encode(&["ECHO", "nearly done"]));
        let output = redis_cli(&cli, &server, &["--pipe"], &input);
        let printed = text(&output);
        assert!(output.status.success(), "{world:?}: {printed}");
        let replies = format!("errors: 0, replies: {}", COMMANDS + 2);
        assert!(printed.contains(&replies), "{world:?}: {printed}");
        // What was answered is there after a kill.
        server.kill();
        let server = launch(dir.path(), world).start();
        let keys = server.client().command("DBSIZE");
        if world == ("redis-6.2", "everysec") {
            // A write that a sync put off is answered before it is made: the known hole.
            assert!(keys.integer().is_some_and(|keys| keys > 0), "{world:?}: {keys:?}");
        } else {
            assert_eq!(keys.integer(), i64::try_from(COMMANDS).ok(), "{world:?}");
        }
    }
}

/// What `redis-benchmark` measures when nobody chooses.
const BENCHMARKS: [&str; 20] = [
    "PING_INLINE",
    "PING_MBULK",
    "SET",
    "GET",
    "INCR",
    "LPUSH",
    "RPUSH",
    "LPOP",
    "RPOP",
    "SADD",
    "HSET",
    "SPOP",
    "ZADD",
    "ZPOPMIN",
    "LPUSH (needed to benchmark LRANGE)",
    "LRANGE_100 (first 100 elements)",
    "LRANGE_300 (first 300 elements)",
    "LRANGE_500 (first 500 elements)",
    "LRANGE_600 (first 600 elements)",
    "MSET (10 keys)",
];

#[test]
fn redis_benchmark_runs_its_whole_default_set() {
    let Some(benchmark) = needs::program("redis-benchmark", PROVES) else { return };
    let variants: [(&str, u32, &[&str]); 5] = [
        ("always", 800, &[]),
        ("everysec", 400, &["-c", "1"]),
        ("no", 8_000, &["-P", "16"]),
        ("everysec", 8_000, &["-P", "16", "--threads", "2"]),
        ("no", 1_600, &["-r", "1000", "-d", "100", "--threads", "2"]),
    ];
    for (policy, requests, options) in variants {
        let what = format!("{policy} {options:?}");
        let dir = folder();
        let server = Launch::aofd(dir.path()).set("appendfsync", policy).start();
        let output = Program::new(&benchmark)
            .args(["-p", &server.port().to_string(), "-q", "-n", &requests.to_string()])
            .args(options)
            .output()
            .expect("redis-benchmark runs");
        let printed = text(&output);
        assert!(output.status.success(), "{what}: {printed}");
        for test in BENCHMARKS {
            let rate = format!("{test}: ");
            let done = printed.split(['\r', '\n']).any(|line| {
                line.trim_start().starts_with(&rate) && line.contains("requests per second")
            });
            assert!(done, "{what}: no result of {test}:\n{printed}");
        }
        assert!(!printed.to_lowercase().contains("error"), "{what}: {printed}");
        // Two tests push, two pop, and one pushes again for those that read ranges.
        let mut client = server.client();
        assert_eq!(client.command("LLEN mylist").integer(), Some(requests.into()), "{what}");
        if !options.contains(&"-r") {
            let count = client.command("GET counter:__rand_int__").text();
            assert_eq!(count, requests.to_string(), "{what}");
        }
    }
}

/// Two of every type, of which `big…` is the larger.
fn fill_every_type(server: &Server) {
    let mut client = server.client();
    for (key, count) in [("small", 3), ("big", 300)] {
        for number in 0..count {
            client.command(&format!("APPEND {key}string x"));
            client.command(&format!("RPUSH {key}list {number}"));
            client.command(&format!("HSET {key}hash f{number} {number}"));
            client.command(&format!("SADD {key}set {number}"));
            client.command(&format!("ZADD {key}zset {number} m{number}"));
        }
    }
}

#[test]
fn redis_cli_samples_and_measures() {
    let Some(cli) = needs::program("redis-cli", PROVES) else { return };
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    fill_every_type(&server);
    let run = |arguments: &[&str]| {
        let output = redis_cli(&cli, &server, arguments, b"");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    };
    let biggest = run(&["--bigkeys"]);
    for (kind, size) in [
        ("string", "300 bytes"),
        ("list", "300 items"),
        ("hash", "300 fields"),
        ("set", "300 members"),
        ("zset", "300 members"),
    ] {
        let line = format!("'\"big{kind}\"' has {size}");
        assert!(biggest.contains(&line), "no `{line}`:\n{biggest}");
    }
    assert!(biggest.contains("Sampled 10 keys in the keyspace"), "{biggest}");
    let heaviest = run(&["--memkeys"]);
    for kind in ["string", "list", "hash", "set", "zset"] {
        let found = heaviest.lines().any(|line| {
            line.starts_with("Biggest") && line.contains(&format!("'\"big{kind}\"' has "))
        });
        assert!(found, "no big{kind}:\n{heaviest}");
    }
    // Where nobody looks it measures for a second and prints one line.
    let latency = run(&["--latency"]);
    let numbers: Vec<f64> =
        latency.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers.len(), 4, "{latency}");
    // Newer ones ask for COMMAND DOCS first, and have words of their own when that is an error.
    let help = run(&["help", "SET"]);
    assert!(help.contains("Set the string value of a key"), "{help}");
}

#[test]
fn redis_cli_comes_by_unix_socket_and_with_a_password() {
    let Some(cli) = needs::program("redis-cli", PROVES) else { return };
    let dir = folder();
    let socket = dir.path().join("aofd.sock");
    let server = Launch::aofd(dir.path())
        .set("unixsocket", socket.as_os_str())
        .set("requirepass", "secret")
        .start();
    let socket = socket.to_str().expect("a path of plain letters");
    let run = |arguments: &[&str], input: &[u8]| text(&redis_cli(&cli, &server, arguments, input));
    assert_eq!(run(&["-s", socket, "--no-auth-warning", "-a", "secret", "PING"], b""), "PONG\n");
    assert_eq!(
        run(&["-a", "secret", "--no-auth-warning", "-n", "3", "SET", "k", "v"], b""),
        "OK\n"
    );
    assert_eq!(
        run(&["-a", "secret", "--no-auth-warning", "-n", "3", "-x", "APPEND", "k"], b"w"),
        "2\n"
    );
    let refused = run(&["PING"], b"");
    assert!(refused.contains("NOAUTH Authentication required."), "{refused}");
    let wrong = run(&["--no-auth-warning", "-a", "wrong", "PING"], b"");
    assert!(wrong.contains("WRONGPASS"), "{wrong}");
}

/// A child that is killed at the latest when the test is over, also when it panics.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What goes on until it is stopped: its first lines until `wanted` is true, and then the end.
fn first_lines(
    cli: &Path,
    server: &Server,
    arguments: &[&str],
    mut wanted: impl FnMut(&str) -> bool,
) -> String {
    let child = Program::new(cli)
        .args(["-p", &server.port().to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-cli runs");
    let mut child = Killed(child);
    let output = child.0.stdout.take().expect("a pipe");
    // A pipe cannot be read with a deadline. The thread ends with the child.
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(output).lines().try_for_each(|line| sender.send(line).map_err(drop)).ok();
    });
    let deadline = Instant::now() + wait::LIMIT;
    let mut read = String::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = lines.recv_timeout(left);
        let line = line.unwrap_or_else(|error| panic!("{arguments:?}: {error} after:\n{read}"));
        let line = line.expect("text");
        read.push_str(&line);
        read.push('\n');
        if wanted(&line) {
            return read;
        }
    }
}

#[test]
fn redis_cli_watches() {
    let Some(cli) = needs::program("redis-cli", PROVES) else { return };
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    client.command("SET key value");
    let mut lines = 0;
    let statistics = first_lines(&cli, &server, &["--stat", "-i", "0.05"], |line| {
        lines += u32::from(line.split_whitespace().next().is_some_and(|word| word == "1"));
        lines == 2
    });
    assert_eq!(lines, 2, "{statistics}");
    let seen = first_lines(&cli, &server, &["MONITOR"], |line| {
        client.command("SET seen \"by monitor\"");
        line.contains("\"SET\" \"seen\"")
    });
    assert!(seen.starts_with("OK\n"), "{seen}");
    assert!(seen.contains("[0 127.0.0.1:"), "{seen}");
}

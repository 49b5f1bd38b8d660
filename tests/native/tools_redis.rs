//! Redis's own tools against `aofd`, as people use them.

use std::io::Write;
use std::path::Path;
use std::process::{Command as Program, Output, Stdio};

use aof_tests::client::{Reply, encode};
use aof_tests::needs;
use aof_tests::server::{Launch, Server};

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

#[test]
fn redis_benchmark_runs_the_commands_that_exist() {
    let Some(benchmark) = needs::program("redis-benchmark", PROVES) else { return };
    for policy in ["always", "everysec", "no"] {
        let dir = folder();
        let server = Launch::aofd(dir.path()).set("appendfsync", policy).start();
        let port = server.port().to_string();
        let tests = "ping_inline,ping_mbulk,set,get,incr,mset";
        let output = Program::new(&benchmark)
            .args(["-p", &port, "-t", tests, "-n", "20000", "-P", "16", "-r", "1000", "-q"])
            .output()
            .expect("redis-benchmark runs");
        let printed = text(&output);
        assert!(output.status.success(), "{policy}: {printed}");
        for test in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"] {
            let rate = format!("{test}: ");
            let done = printed.split(['\r', '\n']).any(|line| {
                line.trim_start().starts_with(&rate) && line.contains("requests per second")
            });
            assert!(done, "{policy}: no result of {test}:\n{printed}");
        }
        assert!(!printed.contains("Error"), "{policy}: {printed}");
        // INCR of 20,000 on random keys counts to 20,000, and nothing was lost on the way.
        let keys = server.client().command("DBSIZE").integer();
        assert!(keys.is_some_and(|keys| keys > 1000), "{policy}: {keys:?}");
    }
}

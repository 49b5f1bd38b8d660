//! A run of the server, recorded and replayed.

use std::path::Path;
use std::process::Command;

use aof_tests::server::{Launch, aof};

use crate::server::{WORLDS, folder, launch};

/// Runs `aof replay`: its exit code and what it printed.
fn replay(trace: &Path) -> (Option<i32>, String) {
    let output = Command::new(aof()).arg("replay").arg(trace).output().expect("aof runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

const SESSION: [&str; 11] = [
    "APPEND a 23",
    "SET b 1 EX 1000",
    "MULTI",
    "INCR b",
    "RENAME b c",
    "EXEC",
    "NOSUCH",
    "GET c",
    "CONFIG SET appendfsync everysec",
    "SET d 1",
    "INFO",
];

#[test]
fn a_recorded_run_replays_with_every_effect_the_same() {
    for world in WORLDS {
        let dir = folder();
        // The trace begins with a log that is not empty.
        let mut earlier = launch(dir.path(), world).start();
        earlier.client().command("SET a 1");
        earlier.kill();

        let trace = dir.path().join("run.trace");
        let launch = launch(dir.path(), world).set("record", &trace);
        let mut server = launch.start();
        let mut client = server.client();
        for line in SESSION {
            client.command(line);
        }
        assert_eq!(server.terminate().code(), Some(0), "{}", server.process.printed());
        let (code, text) = replay(&trace);
        assert_eq!(code, Some(0), "{world:?}\n{text}");
        assert!(text.contains("are the same."), "{text}");

        let (_, printed) = launch.refuse();
        assert!(printed.contains("run.trace"), "a trace is not overwritten: {printed}");

        // The replay does look: another value of the same length is another effect.
        let mut bytes = std::fs::read(&trace).expect("readable");
        let find = |word: &[u8], from: usize| {
            let found = bytes[from..].windows(word.len()).position(|window| window == word);
            from + found.expect("recorded")
        };
        let at = find(b"23", find(b"APPEND", 0));
        bytes[at] = b'4';
        std::fs::write(&trace, &bytes).expect("written");
        let (code, text) = replay(&trace);
        assert_eq!(code, Some(1), "{world:?}\n{text}");
        assert!(text.contains("The runs differ. record "), "{text}");
    }
}

/// Makes the record that holds this byte claim to be longer by 65,536 bytes.
fn length_in_front_of(bytes: &mut [u8], byte: usize) -> bool {
    let mut at = 12;
    while let Some(head) = bytes.get(at..at + 4) {
        let length = u32::from_le_bytes(head.try_into().expect("four bytes")) as usize;
        if (at..at + 4 + length).contains(&byte) {
            bytes[at + 2] += 1;
            return true;
        }
        at += 4 + length;
    }
    false
}

#[test]
fn a_trace_of_a_killed_server_replays_as_far_as_it_goes() {
    let dir = folder();
    let trace = dir.path().join("run.trace");
    let mut server = Launch::aofd(dir.path()).set("record", &trace).start();
    let mut client = server.client();
    for number in 0..100 {
        client.command(&format!("SET k{number} v"));
    }
    server.kill();
    let (code, text) = replay(&trace);
    assert_eq!(code, Some(0), "{text}");
    let bytes = std::fs::read(&trace).expect("readable");
    std::fs::write(&trace, &bytes[..bytes.len() - 3]).expect("written");
    let (code, text) = replay(&trace);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("the recording was cut there"), "{text}");
    // A length that was damaged looks the same, and must not pass for a good trace either.
    let mut damaged = bytes.clone();
    let last = damaged.len() - 3;
    assert!(length_in_front_of(&mut damaged, last), "the last record has a length");
    std::fs::write(&trace, &damaged).expect("written");
    let (code, text) = replay(&trace);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("or the length of that record is damaged"), "{text}");
}

#[test]
fn what_is_no_trace_is_said_to_be_none() {
    let dir = folder();
    let file = dir.path().join("no.trace");
    for bytes in [&b""[..], b"AOFTRACE", b"*1\r\n$4\r\nPING\r\n", b"AOFTRACE\xff\xff\xff\xff"] {
        std::fs::write(&file, bytes).expect("written");
        let (code, text) = replay(&file);
        assert_eq!(code, Some(2), "{bytes:?}\n{text}");
        assert!(text.contains("no.trace"), "{text}");
    }
}

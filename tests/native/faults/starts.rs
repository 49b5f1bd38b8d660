//! Calls that fail while a server starts: it does not serve, and it leaves the log as it is.

use aof_tests::client::{Client, Reply};
use aof_tests::needs;
use aof_tests::strace::Strace;
use aof_tests::wait;

use super::story::{Redis, Story};
use crate::server::{folder, launch};

const FAULTS: [(&str, &str); 5] = [
    ("openat", "EMFILE"),
    ("pread64", "EIO"),
    ("ftruncate", "EIO"),
    ("fdatasync", "EIO"),
    ("fsync", "EIO"),
];
const WRITES: usize = 50;
/// The first half of a command, so that the start has something to cut.
const TORN: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r";

#[test]
fn a_start_that_fails_leaves_the_log_as_it_is() {
    let proves = "that a start that fails spoils nothing";
    let Some(strace) = needs::program("strace", proves) else { return };
    let redis = Redis::find();
    for profile in ["hardened", "redis-6.2"] {
        for (call, error) in FAULTS {
            let dir = folder();
            let launch = launch(dir.path(), (profile, "everysec"));
            let mut story = Story::new(20);
            let mut server = launch.start();
            let mut client = server.client();
            for _ in 0..WRITES {
                story.write(&mut client, "no reason");
            }
            super::story::until_written(server.port());
            server.kill();
            let mut refusals = 0;
            loop {
                let what = format!("{profile}, {call} {} fails at a start", refusals + 1);
                let whole = std::fs::read(server.log()).expect("a log");
                let torn = [&whole[..], TORN].concat();
                std::fs::write(server.log(), &torn).expect("a torn log");
                let inject = format!("{call}:error={error}:when={}", refusals + 1);
                let calls = dir.path().join("calls");
                let strace = Strace::new(&strace, &calls).only(call).inject(&inject);
                let strace = strace.path(dir.path()).path(&server.log());
                let traced = launch.clone().under(strace.wrapper());
                let mut failing = traced.spawn();
                let serves = wait::until("it to serve or to end", || {
                    if failing.process.ended().is_some() {
                        return Some(false);
                    }
                    let answer = Client::connect(failing.port()).ok()?.call(&["PING"]).ok()?;
                    (answer.reply == Reply::Simple(b"PONG".to_vec())).then_some(true)
                });
                failing.kill();
                let log = std::fs::read(server.log()).expect("a log");
                if serves {
                    assert_eq!(log, whole, "{what}");
                    break;
                }
                // What comes after the cut may fail, too.
                assert!(log == torn || log == whole, "{what}: {} bytes", log.len());
                assert!(strace.text().contains("(INJECTED)"), "{what}");
                let said = failing.process.printed();
                assert!(said.contains("Input/output error") || call == "openat", "{what}: {said}");
                std::fs::write(server.log(), &whole).expect("the log as it was");
                refusals += 1;
            }
            eprintln!("{profile}: {call} fails at a start: {refusals} refusals");
            let syncs = matches!(call, "fdatasync" | "fsync");
            assert!(refusals > 0 || (syncs && profile == "redis-6.2"), "{profile} {call}");
            story.assert_survives(&launch, redis.as_ref(), &format!("{profile} {call}"));
        }
    }
}

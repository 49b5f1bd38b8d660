//! The calls of a rewrite: those of the server are the effects of its trace, on the loop and on the
//! lanes; those of the child are the effects that the child machine of `core` gives when it is told
//! what the kernel told the child.

use aof_core::config::Config;
use aof_core::event::ChildStatus;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadStep, Loader};
use aof_core::rewrite::child::{Ack, Child, ChildEffect, ChildEvent, Parameters, Stage};
use aof_core::units::{ChildId, Errno, Micros};
use aof_tests::client::{Client, Reply, encode};
use aof_tests::needs;
use aof_tests::strace::{Call, Strace};
use aof_tests::wait;

use super::effects::{self, Effects};
use super::{World, compare, relevant, replays};
use crate::server::{folder, launch};

const REWRITES: usize = 2;
/// Increments while a child lives.
const INCREMENTS: usize = 60;
/// Bytes of a report. Some come by the clock, which a test cannot know.
const REPORT_BYTES: u64 = 24;

#[test]
fn hardened_rewrites_as_core_asks() {
    for policy in ["always", "everysec", "no"] {
        rewrite_and_compare(("hardened", policy));
    }
}

#[test]
fn redis_rewrites_as_core_asks() {
    for policy in ["always", "everysec", "no"] {
        rewrite_and_compare(("redis-6.2", policy));
    }
}

fn rewrite_and_compare(world: World) {
    let proves = "that the calls of a rewrite are the effects of core";
    let Some(strace) = needs::program("strace", proves) else { return };
    let (dir, beside) = (folder(), folder());
    let trace = beside.path().join("run.trace");
    let strace = Strace::new(&strace, &beside.path().join("calls"));
    let strace = strace.watch("pipe2,clone,kill,read,poll");
    let launch = launch(dir.path(), world).set("record", &trace).printing_in(beside.path());
    let mut server = launch.under(strace.wrapper()).start();
    let threads = effects::threads(server.pid());
    let mut client = server.client();
    client.patience(wait::LIMIT);
    let mut snapshots = Vec::new();
    for round in 0..REWRITES {
        for line in [
            "RPUSH list a b c",
            "HSET hash field value",
            "SADD set 1 2 three",
            "ZADD sorted 1.5 member",
            "EXPIRE hash 1000000",
        ] {
            assert!(!client.command(line).is_error(), "{line}");
        }
        wait::until_true("the log to be written", || client.info("aof_buffer_length") == "0");
        snapshots.push(std::fs::read(server.log()).expect("a log"));
        rewrite_under_increments(&mut client, round);
    }
    assert_eq!(server.terminate().code(), Some(0), "{}", server.process.printed());
    let calls = strace.calls();
    let effects = Effects::read(&trace);
    for name in ["pipe2", "clone", "renameat"] {
        assert!(effects.count(name).0 >= REWRITES, "{world:?}: too few {name}");
    }
    let (mine, children): (Vec<Call>, Vec<Call>) =
        calls.into_iter().partition(|call| threads.contains_key(&call.thread));
    // What the server reads from its pipes are events; what it was told stands in the trace.
    let mine: Vec<Call> =
        mine.into_iter().filter(|call| !matches!(&*call.name, "read" | "poll")).collect();
    compare(world, dir.path(), &mine, (&effects, &threads));
    assert_eq!(effects.children.len(), REWRITES);
    for (&(child, status), snapshot) in effects.children.iter().zip(&snapshots) {
        assert_eq!(status, Some(ChildStatus::Code(0)), "{world:?}");
        let of_child = relevant(&children, dir.path());
        let of_child: Vec<&Call> =
            of_child.into_iter().filter(|call| call.thread == child).collect();
        assert_is_child(ChildId(child), snapshot, &of_child);
    }
    replays(&trace);
}

fn rewrite_under_increments(client: &mut Client, round: usize) {
    let reply = client.command("BGREWRITEAOF");
    assert!(!reply.is_error(), "{reply:?}");
    for number in 1..=INCREMENTS {
        let counted = client.call(&["INCR", &format!("number:{round}")]).expect("a reply").reply;
        assert_eq!(counted, Reply::Integer(i64::try_from(number).expect("small")));
    }
    wait::until_true("the rewrite to end", || client.info("aof_rewrite_in_progress") == "0");
    assert_eq!(client.info("aof_last_bgrewrite_status"), "ok");
    client.send_raw(&encode(&["SET", "after", "1"])).expect("sent");
    assert_eq!(client.receive().expect("a reply").reply, Reply::ok());
}

fn dataset(log: &[u8]) -> Keyspace {
    let mut loader = Loader::new(Executor::new(Config::default(), Keyspace::new(1), 1));
    loader.feed(log);
    while !matches!(loader.next_step().expect("a good log"), LoadStep::NeedMore) {}
    loader.finish().expect("a whole log").executor.keyspace
}

/// Runs the machine over the calls: each must be the one that it asks for.
fn assert_is_child(id: ChildId, snapshot: &[u8], calls: &[&Call]) {
    let keyspace = dataset(snapshot);
    let parameters = Parameters::of(&Config::default());
    let mut child = Child::new(id, &keyspace, parameters, Micros(0));
    let is_report = |call: &Call| call.name == "write" && call.argument == Some(REPORT_BYTES);
    let mut calls = calls.iter().copied().filter(|call| !is_report(call)).peekable();
    let input = vec![b'x'; parameters.diff_read_bytes];
    loop {
        let stage = child.stage();
        let mut next = |name: &str, argument: Option<u64>| {
            let call = calls.next().unwrap_or_else(|| panic!("{stage:?}: no {name}"));
            assert_eq!(call.name, name, "{stage:?}: {call:?}");
            assert!(argument.is_none() || call.argument == argument, "{stage:?}: {call:?}");
            call.result.map_err(Errno)
        };
        let event = match child.next_effect(&keyspace) {
            ChildEffect::Open { .. } => ChildEvent::Opened(next("openat", None).map(drop)),
            ChildEffect::Write { bytes } => {
                ChildEvent::Written(next("write", Some(bytes.len() as u64)))
            }
            ChildEffect::ReadDiff { max_bytes } => match next("read", Some(max_bytes as u64)) {
                Ok(0) => ChildEvent::DiffEnded,
                Ok(length) => {
                    let length = usize::try_from(length).expect("at most what was asked for");
                    ChildEvent::Diff(Ok(&input[..length]))
                }
                Err(Errno(11)) => ChildEvent::Diff(Ok(&[])),
                Err(errno) => ChildEvent::Diff(Err(errno)),
            },
            ChildEffect::Sync { .. } => ChildEvent::Synced(next("fsync", None).map(drop)),
            ChildEffect::AwaitDiff { timeout_ms } => {
                let ready = next("poll", Some(timeout_ms));
                ChildEvent::Readable(ready.is_ok_and(|ready| ready > 0))
            }
            ChildEffect::SendStop => ChildEvent::StopSent(next("write", Some(1)).map(drop)),
            ChildEffect::AwaitAck { timeout_ms } => {
                assert_eq!(next("poll", Some(timeout_ms)), Ok(1));
                assert_eq!(next("read", Some(1)), Ok(1));
                ChildEvent::Ack(Ack::Byte(aof_core::rewrite::child::AGREED))
            }
            ChildEffect::Close => ChildEvent::Closed(next("close", None).map(drop)),
            ChildEffect::Rename { .. } => ChildEvent::Renamed(next("renameat", None).map(drop)),
            ChildEffect::Unlink { .. } => {
                next("unlinkat", None).ok();
                ChildEvent::Unlinked
            }
            ChildEffect::Report { .. } => ChildEvent::Reported,
            ChildEffect::Exit { code } => {
                assert_eq!(code, 0);
                assert_eq!(calls.next(), None, "the child has ended");
                return;
            }
        };
        // On a slow machine the second of draining may be over before it was silent for long.
        let drained = matches!(child.stage(), Stage::Draining { .. })
            && calls.peek().is_some_and(|call| call.name == "write");
        child.handle(event, Micros(if drained { 2_000_000 } else { 0 }));
    }
}

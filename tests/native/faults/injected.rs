//! The n-th call fails, for n = 1, 2, 3, …, until a run has no n-th call.
//!
//! The server is the program as it is; strace lets a call fail without making it. Calls are
//! counted for each thread alone, so one run may have several that fail, each once. Nothing is
//! spared: a line of the server's log, a message through a pipe and a wake-up between threads are
//! writes, too.
//!
//! Everything is tried on the server alone, and some of it on its rewrite child as well. Only the
//! latter would not do: a child that fails spares its parent the rename and what follows.

use std::path::PathBuf;
use std::time::Duration;

use aof_tests::client::Client;
use aof_tests::needs;
use aof_tests::server::Server;
use aof_tests::strace::Attached;
use aof_tests::wait;

use super::story::{Redis, Said, Story, assert_clean, info, until_written};
use crate::server::{folder, launch};

/// Whose calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Server,
    /// Of both.
    Child,
}

/// What fails, and how.
#[derive(Clone, Copy, Debug)]
struct Fault {
    of: Of,
    call: &'static str,
    error: &'static str,
}

const fn fault(of: Of, call: &'static str, error: &'static str) -> Fault {
    Fault { of, call, error }
}

const FAULTS: [Fault; 16] = [
    fault(Of::Server, "write", "ENOSPC"),
    fault(Of::Server, "write", "EIO"),
    fault(Of::Server, "fdatasync", "EIO"),
    fault(Of::Server, "fsync", "EIO"),
    fault(Of::Server, "renameat", "EIO"),
    fault(Of::Server, "openat", "EMFILE"),
    fault(Of::Server, "unlinkat", "EIO"),
    fault(Of::Server, "pipe2", "EMFILE"),
    fault(Of::Server, "clone", "EAGAIN"),
    fault(Of::Server, "wait4", "EINTR"),
    fault(Of::Child, "write", "ENOSPC"),
    fault(Of::Child, "fdatasync", "EIO"),
    fault(Of::Child, "fsync", "EIO"),
    fault(Of::Child, "renameat", "EIO"),
    fault(Of::Child, "openat", "EMFILE"),
    fault(Of::Child, "close", "EIO"),
];
/// The largest n: later calls are like earlier ones.
const MOST: u32 = 8;

const BEFORE: usize = 3;
const BESIDE: usize = 12;

#[test]
fn every_call_may_fail_under_hardened_always() {
    every_call_may_fail(("hardened", "always"));
}

#[test]
fn every_call_may_fail_under_hardened_everysec() {
    every_call_may_fail(("hardened", "everysec"));
}

#[test]
fn every_call_may_fail_under_hardened_no() {
    every_call_may_fail(("hardened", "no"));
}

#[test]
fn every_call_may_fail_under_redis_always() {
    every_call_may_fail(("redis-6.2", "always"));
}

#[test]
fn every_call_may_fail_under_redis_everysec() {
    every_call_may_fail(("redis-6.2", "everysec"));
}

#[test]
fn every_call_may_fail_under_redis_no() {
    every_call_may_fail(("redis-6.2", "no"));
}

/// A server with its policy, and what is used on it.
struct Lab {
    world: (&'static str, &'static str),
    strace: PathBuf,
    redis: Option<Redis>,
}

/// What became of one run.
#[derive(Debug, Default)]
struct Outcome {
    injected: usize,
    halted: bool,
}

fn every_call_may_fail(world: (&'static str, &'static str)) {
    let proves = "that the server bears every call that fails";
    let Some(strace) = needs::program("strace", proves) else { return };
    if !needs::root(proves) {
        return;
    }
    let lab = Lab { world, strace, redis: Redis::find() };
    for fault in FAULTS {
        let (mut runs, mut halts) = (0, 0);
        for number in 1..=MOST {
            let outcome = lab.run(fault, number);
            if outcome.injected == 0 {
                break;
            }
            runs += 1;
            halts += usize::from(outcome.halted);
        }
        eprintln!("{world:?}: {fault:?}: {runs} runs, {halts} halts");
        judge(world, fault, (runs, halts));
    }
}

/// How often a call was seen, and what it may lead to.
fn judge((profile, policy): (&str, &str), fault: Fault, (runs, halts): (usize, usize)) {
    let call = fault.call;
    // Redis 6.2 syncs no directory, without a policy nobody syncs the log, and only a rewrite that
    // fails has something to remove.
    let is_rare = matches!(call, "fsync" | "fdatasync" | "unlinkat");
    assert!(runs > 0 || is_rare, "{profile} {policy}: {fault:?} was not seen");
    let may_halt = policy == "always" && matches!(call, "write" | "fdatasync" | "fsync");
    assert!(halts == 0 || may_halt, "{profile} {policy}: {fault:?} ended the server");
    let must_halt = may_halt && call != "fsync";
    assert!(halts > 0 || !must_halt, "{profile} {policy}: {fault:?} is said to be nothing");
    let renames_durably = profile == "hardened" && call == "fsync" && fault.of == Of::Server;
    assert!(runs > 0 || !renames_durably, "{profile} {policy}: no sync of the directory");
}

impl Lab {
    fn run(&self, fault: Fault, number: u32) -> Outcome {
        let Fault { of, call, error } = fault;
        let dir = folder();
        let what = format!("{:?}, {fault:?}, call {number}", self.world);
        let launch = launch(dir.path(), self.world).set("auto-aof-rewrite-percentage", "0");
        let mut server = launch.start();
        let calls = dir.path().join("calls");
        let inject = format!("{call}:error={error}:when={number}");
        let traced = (server.pid(), of == Of::Child);
        let tracer = Attached::start(&self.strace, traced, &calls, (call, &inject));
        let mut story = Story::new(20);
        let halted = self.tell(&mut story, &mut server, call, &calls);
        if halted {
            let code = server.process.wait(wait::LIMIT).code();
            assert_eq!(code, Some(1), "{what}:\n{}", server.process.printed());
        } else {
            until_written(server.port());
        }
        server.kill();
        drop(tracer);
        let injected = injections(&calls);
        if injected > 0 {
            story.assert_survives(&launch, self.redis.as_ref(), &what);
            if self.world.0 == "hardened" {
                assert_clean(dir.path(), &what);
            }
        }
        Outcome { injected, halted }
    }

    /// Writes before, beside and after a rewrite. Returns whether the server has ended.
    fn tell(&self, story: &mut Story, server: &mut Server, call: &str, calls: &PathBuf) -> bool {
        let port = server.port();
        let mut writer = Writer { port, client: None };
        for _ in 0..BEFORE {
            writer.write(story);
        }
        if let Ok(mut client) = Client::connect(port) {
            client.call(&["BGREWRITEAOF"]).ok();
        }
        for _ in 0..BESIDE {
            writer.write(story);
        }
        wait::until_true("the rewrite to end", || {
            info(port, "aof_rewrite_in_progress").is_none_or(|text| text == "0")
        });
        if (self.world.1, call) == ("everysec", "fdatasync") {
            // A sync comes once a second. Without one there is less to see, and nothing is wrong.
            wait::for_at_most(Duration::from_secs(2), || {
                writer.write(story);
                (injections(calls) > 0).then_some(())
            });
        }
        // What failed once is over: the server takes writes again, or it has ended. Only Redis 6.2
        // after a failed sync waits for another to succeed, which needs something to write.
        let for_ever = self.world.0 == "redis-6.2" && call == "fdatasync";
        if !for_ever {
            wait::until_true("a write to be taken", || {
                server.process.ended().is_some() || writer.write(story) == Said::Ok
            });
        }
        info(port, "process_id").is_none()
    }
}

/// A client that comes again when it is sent away.
struct Writer {
    port: u16,
    client: Option<Client>,
}

impl Writer {
    fn write(&mut self, story: &mut Story) -> Said {
        if self.client.is_none() {
            self.client = Client::connect(self.port).ok();
        }
        let Some(client) = &mut self.client else { return Said::Nothing };
        let said = story.write(client, "");
        if said == Said::Nothing {
            self.client = None;
        }
        said
    }
}

/// How many calls were made to fail.
fn injections(calls: &PathBuf) -> usize {
    std::fs::read_to_string(calls).unwrap_or_default().matches("(INJECTED)").count()
}

//! BGREWRITEAOF, `CONFIG SET appendonly yes` and INFO while a rewrite goes on, beside Redis; and
//! what happens when there can be no child.

use std::fs;
use std::process::Command;

use aof_tests::client::{Client, Reply};
use aof_tests::needs;
use aof_tests::server::{Launch, Server};
use aof_tests::strace::Strace;
use aof_tests::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::server::folder;

const STARTED: &str = "rewriting started by pid ";

/// A server, what was asked of it, and what it answered.
struct Told {
    server: Server,
    client: Client,
    seen: Vec<String>,
}

impl Told {
    fn new(launch: &Launch) -> Self {
        let server = launch.start();
        let client = server.client();
        let mut told = Self { server, client, seen: Vec::new() };
        // So much that a child can be caught before it has written all of it.
        told.client.command("DEBUG POPULATE 100000 key 20");
        told
    }

    /// Asks and writes down the reply.
    fn ask(&mut self, line: &str) {
        let reply = self.client.command(line);
        self.seen.push(format!("{line}: {reply:?}"));
    }

    /// Writes down what INFO says of rewrites.
    fn look(&mut self, when: &str) {
        let client = &mut self.client;
        let mut fields: Vec<String> = [
            "aof_enabled",
            "aof_rewrite_in_progress",
            "aof_rewrite_scheduled",
            "aof_last_bgrewrite_status",
            "aof_last_write_status",
            "aof_rewrites",
            "total_forks",
        ]
        .map(|name| format!("{name}:{}", client.info(name)))
        .to_vec();
        // How much differs from run to run; whether there is something does not.
        for name in ["aof_last_rewrite_time_sec", "aof_current_rewrite_time_sec"] {
            fields.push(format!("{name} none: {}", client.info(name) == "-1"));
        }
        for name in ["latest_fork_usec", "aof_last_cow_size"] {
            fields.push(format!("{name} none: {}", client.info(name) == "0"));
        }
        self.seen.push(format!("{when}: {}", fields.join(" ")));
    }

    fn children(&self) -> Vec<i32> {
        let text = self.server.process.printed();
        let numbers =
            text.lines().filter_map(|line| line.split_once(STARTED)?.1.trim().parse().ok());
        numbers.collect()
    }

    /// Starts a rewrite by `line` and stops its child before it has ended. `None` when it was too
    /// fast; the rewrite has then ended.
    fn try_to_hold(&mut self, line: &str) -> Option<(Reply, Pid)> {
        let before = self.children().len();
        let reply = self.client.command(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
        let child = wait::until("a child", || self.children().get(before).copied());
        let child = Pid::from_raw(child);
        // It may have ended, and then its number is nobody's.
        let _ = kill(child, Signal::SIGSTOP);
        let is_held = || {
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
            match state {
                Some('T') => Some(true),
                None | Some('Z') => Some(false),
                Some(_) => None,
            }
        };
        if wait::until("the child to stop or to end", is_held) {
            return Some((reply, child));
        }
        self.wait_until_over();
        None
    }

    /// As [`Self::try_to_hold`], as often as it takes.
    fn hold(&mut self, line: &str) -> Pid {
        let (reply, child) = wait::until("a child that can be stopped", || self.try_to_hold(line));
        self.seen.push(format!("{line}: {reply:?}"));
        child
    }

    fn wait_until_over(&mut self) {
        let client = &mut self.client;
        wait::until_true("the end of the rewrite", || {
            client.info("aof_rewrite_in_progress") == "0"
        });
    }

    /// Ours brings to the disk what the log holds beside the loop; Redis stands still for it.
    fn wait_until_off(&mut self) {
        let client = &mut self.client;
        wait::until_true("the log to be off", || client.info("aof_enabled") == "0");
    }

    fn go_on(&mut self, child: Pid) {
        kill(child, Signal::SIGCONT).expect("it is stopped");
        self.wait_until_over();
    }

    /// Counters do not count attempts that were too fast to be looked at.
    fn reset(&mut self) {
        self.client.command("CONFIG RESETSTAT");
    }
}

/// Everything that both servers have.
fn scenario(launch: &Launch) -> Vec<String> {
    let mut told = Told::new(launch);
    told.ask("BGREWRITEAOF now");
    told.look("before the first");
    let child = told.hold("BGREWRITEAOF");
    told.ask("BGREWRITEAOF");
    told.ask("CONFIG SET appendonly yes");
    told.reset();
    told.look("while it is written");
    told.go_on(child);
    told.look("after the first");

    let child = told.hold("BGREWRITEAOF");
    kill(child, Signal::SIGKILL).expect("it is stopped");
    told.wait_until_over();
    told.reset();
    told.look("after a child was killed");
    let child = told.hold("BGREWRITEAOF");
    told.go_on(child);
    told.reset();
    told.look("after one that ended well");

    told.ask("CONFIG SET appendonly no");
    told.wait_until_off();
    told.look("without a log");
    let child = told.hold("BGREWRITEAOF");
    told.ask("BGREWRITEAOF");
    told.reset();
    told.look("while a log is written that is off");
    told.go_on(child);
    told.look("after that");

    // Too fast to be held, the log is on and has to be turned off again.
    let held = wait::until("a first rewrite that can be stopped", || {
        told.client.command("CONFIG SET appendonly no");
        told.wait_until_off();
        told.try_to_hold("CONFIG SET appendonly yes")
    });
    told.seen.push(format!("CONFIG SET appendonly yes: {:?}", held.0));
    told.reset();
    told.look("while the first log is written");
    told.ask("SHUTDOWN");
    told.ask("SHUTDOWN NOSAVE");
    told.ask("CONFIG GET appendonly");
    told.go_on(held.1);
    told.look("with a log");
    told.seen
}

/// A signal that came during the first rewrite is refused and forgotten: the next one is not a
/// second that insists.
#[test]
fn a_signal_that_was_refused_does_not_make_the_next_one_insist() {
    let dir = folder();
    let launch = Launch::aofd(dir.path()).set("appendonly", "no");
    let mut told = Told::new(&launch);
    let (_, child) = wait::until("a first rewrite that can be stopped", || {
        told.client.command("CONFIG SET appendonly no");
        told.wait_until_off();
        told.try_to_hold("CONFIG SET appendonly yes")
    });
    told.server.process.signal(Signal::SIGTERM);
    wait::until_true("the refusal", || {
        told.server.process.printed().contains("Writing initial AOF, can't exit.")
    });
    told.go_on(child);
    assert_eq!(told.client.command("SET last 1"), Reply::ok());
    told.server.process.signal(Signal::SIGTERM);
    let status = told.server.process.wait(wait::LIMIT);
    assert_eq!(status.code(), Some(0), "{}", told.server.process.printed());
    drop(told);
    let launch = launch.set("appendonly", "yes");
    assert_eq!(launch.start().client().command("GET last"), Reply::bulk("1"));
}

#[test]
fn a_rewrite_is_answered_and_told_of_as_in_redis() {
    let proves = "that a rewrite is answered and told of as in Redis";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let dir = folder();
    let theirs = scenario(&Launch::redis(&redis, dir.path()));
    for profile in ["redis-6.2", "hardened"] {
        let dir = folder();
        let ours = scenario(&Launch::aofd(dir.path()).set("profile", profile));
        assert_eq!(ours.len(), theirs.len());
        for (our, their) in ours.iter().zip(&theirs) {
            // A crash would lose such a log, so it is not called enabled.
            let honest = profile == "hardened" && our.starts_with("while the first log is written");
            let their = if honest {
                their.replace("aof_enabled:1", "aof_enabled:0")
            } else {
                their.clone()
            };
            assert_eq!(*our, their, "{profile}");
        }
    }
}

#[test]
fn without_a_child_the_replies_say_so_and_nothing_changes() {
    let Some(strace) = needs::program("strace", "replies when fork fails") else { return };
    for profile in ["hardened", "redis-6.2"] {
        let dir = folder();
        let strace = Strace::new(&strace, &dir.path().join("calls")).without_children();
        let launch = Launch::aofd(dir.path()).set("profile", profile).under(strace.wrapper());
        let server = launch.start();
        let mut client = server.client();
        let refused = Reply::Error(
            b"ERR Can't execute an AOF background rewriting. Please check the server logs for \
              more information."
                .to_vec(),
        );
        assert_eq!(client.command("SET a 1"), Reply::ok());
        assert_eq!(client.command("BGREWRITEAOF"), refused);
        // Within a transaction only its own part of the reply changes.
        for line in ["MULTI", "SET a 2", "BGREWRITEAOF", "GET a"] {
            client.command(line);
        }
        let parts = Reply::Array(Some(vec![Reply::ok(), refused, Reply::bulk("2")]));
        assert_eq!(client.command("EXEC"), parts);
        assert_eq!(client.command("CONFIG SET appendonly no"), Reply::ok());
        wait::until_true("the log to be off", || client.info("aof_state") == "off");
        let off = Reply::Error(b"ERR Unable to turn on AOF. Check server logs.".to_vec());
        assert_eq!(client.command("CONFIG SET appendonly yes"), off, "{profile}");
        let get = client.command("CONFIG GET appendonly");
        assert_eq!(get.elements().last(), Some(&Reply::bulk("no")));
        assert_eq!(client.info("aof_state"), "off");
        assert_eq!(client.info("aof_enabled"), "0");
        assert_eq!(client.info("aof_rewrite_in_progress"), "0");
        assert_eq!(client.info("total_forks"), "0");
        assert_eq!(client.info("aof_rewrites"), "3");
        let failed = server.process.printed().matches("background: fork: ").count();
        assert_eq!(failed, 3, "{}", server.process.printed());
        let status = client.info("aof_last_bgrewrite_status");
        let honest = if profile == "hardened" { "err" } else { "ok" };
        assert_eq!(status, honest, "{profile}: Redis 6.2 leaves it as it was");
        assert_eq!(client.command("GET a"), Reply::bulk("2"));
    }
}

/// A number that was a process's and is nobody's now.
fn dead() -> u32 {
    let mut process = Command::new("true").spawn().expect("there is `true`");
    let number = process.id();
    process.wait().expect("it ends");
    number
}

#[test]
fn a_start_removes_what_dead_children_have_left_and_nothing_else() {
    let dir = folder();
    let (dead, alive) = (dead(), std::process::id());
    let gone = [format!("temp-rewriteaof-{dead}.aof"), format!("temp-rewriteaof-bg-{dead}.aof")];
    let stays = [
        format!("temp-rewriteaof-{alive}.aof"),
        format!("temp-rewriteaof-{dead}.aof.bak"),
        "temp-rewriteaof-x.aof".to_owned(),
        "dump.rdb".to_owned(),
    ];
    for name in gone.iter().chain(&stays) {
        fs::write(dir.path().join(name), "half a file").expect("a file");
    }
    let there = |name: &String| dir.path().join(name).exists();
    drop(Launch::aofd(dir.path()).set("profile", "redis-6.2").start());
    assert!(gone.iter().all(there), "Redis removes nothing");
    let server = Launch::aofd(dir.path()).start();
    assert!(!gone.iter().any(there), "{}", server.process.printed());
    assert!(stays.iter().all(there), "{}", server.process.printed());
}

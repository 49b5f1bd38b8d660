//! The server may be killed at any moment of a rewrite: before the n-th call of each kind, of
//! whichever of its threads or of its child. Everything acknowledged is there after a restart, and
//! nothing is left of the rewrite.

use aof_tests::client::Reply;
use aof_tests::needs;
use aof_tests::strace::Attached;
use aof_tests::wait;
use std::path::Path;

use super::load::Load;
use super::{launch, unfinished};
use crate::server::folder;

/// The calls that the server makes for a rewrite, on the loop and on its lanes.
const OF_THE_SERVER: [&str; 10] = [
    "pipe2",
    "clone",
    "openat",
    "read",
    "write",
    "fsync",
    "fdatasync",
    "renameat",
    "close",
    "wait4",
];
/// Those of its child, which dies instead.
const OF_THE_CHILD: [&str; 5] = ["close_range", "fsync", "poll", "renameat", "exit_group"];
/// Before which of them.
const CALLS: [u32; 6] = [1, 2, 3, 5, 8, 13];

#[test]
fn a_server_that_is_killed_while_hardened_rewrites_loses_nothing() {
    kill_at_each_phase(("hardened", "everysec"));
}

#[test]
fn a_server_that_is_killed_while_hardened_rewrites_under_always_loses_nothing() {
    kill_at_each_phase(("hardened", "always"));
}

#[test]
fn a_server_that_is_killed_while_redis_6_2_rewrites_loses_nothing() {
    kill_at_each_phase(("redis-6.2", "always"));
}

fn kill_at_each_phase(world: (&str, &str)) {
    let proves = "that a kill at any call of a rewrite loses nothing";
    let Some(strace) = needs::program("strace", proves) else { return };
    if !needs::root(proves) {
        return;
    }
    let dir = folder();
    let load = Load::new(2, None);
    let kill = |kinds: &[&'static str], who: Killed| -> Vec<(&'static str, usize)> {
        let at = |kind, call| kill_at(world, &strace, dir.path(), &load, (who, kind, call)) == who;
        // When nobody died there are not so many calls of this kind.
        let of_kind = |&kind: &&'static str| {
            (kind, CALLS.into_iter().take_while(|&call| at(kind, call)).count())
        };
        kinds.iter().map(of_kind).collect()
    };
    let servers = kill(&OF_THE_SERVER, Killed::Server);
    let children = kill(&OF_THE_CHILD, Killed::Child);
    eprintln!("{world:?}: killed before so many calls: {servers:?}, children {children:?}");
    for (kind, count) in servers {
        // Redis 6.2 syncs no directory.
        assert!(count > 0 || (kind, world.0) == ("fsync", "redis-6.2"), "none at {kind}");
    }
    assert!(children.iter().all(|&(_, count)| count > 0), "{children:?}");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    Server,
    Child,
    Nobody,
}

/// One run: a rewrite under load, killed before that call, or at the end.
fn kill_at(
    world: (&str, &str),
    strace: &Path,
    dir: &Path,
    load: &Load,
    (who, kind, call): (Killed, &str, u32),
) -> Killed {
    let launch = launch(dir, world);
    let mut server = launch.start();
    let what = format!("{world:?}, before {kind} {call}");
    load.assert_there(&mut server.client(), &what);
    // Redis 6.2 never removes them.
    if world.0 == "hardened" {
        assert_eq!(unfinished(dir), Vec::<String>::new(), "{what}:\n{}", server.process.printed());
    }
    let inject = format!("{kind}:signal=SIGKILL:when={call}");
    let traced = (server.pid(), who == Killed::Child);
    let tracer = Attached::start(strace, traced, &dir.join("calls"), (kind, &inject));
    let survived = load.on(&mut server, |server| {
        let ended = match rewrite_if_alive(server) {
            None => Killed::Server,
            Some(false) => Killed::Child,
            Some(true) => Killed::Nobody,
        };
        server.kill();
        ended
    });
    drop(tracer);
    survived
}

/// A rewrite, and whether it succeeded; `None` if the server died meanwhile.
fn rewrite_if_alive(server: &mut aof_tests::server::Server) -> Option<bool> {
    let mut client = aof_tests::client::Client::connect(server.port()).ok()?;
    let reply = client.call(&["BGREWRITEAOF"]).ok()?.reply;
    if reply.is_error() {
        return Some(false);
    }
    wait::until("the rewrite to end", || {
        let Ok(answer) = client.call(&["INFO", "persistence"]) else { return Some(None) };
        let Reply::Bulk(Some(text)) = answer.reply else { return Some(None) };
        let text = String::from_utf8_lossy(&text).into_owned();
        let has = |line: &str| text.lines().any(|found| found == line);
        has("aof_rewrite_in_progress:0").then(|| Some(has("aof_last_bgrewrite_status:ok")))
    })
}

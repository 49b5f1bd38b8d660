//! A disk that is really full, before and after a rewrite.
//!
//! Redis 7.4 does not come through this after a rewrite: its new file is opened without `O_APPEND`,
//! so what it takes back from a short write becomes a hole in the middle of the log when there is
//! room again, and the log no longer loads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aof_tests::client::{Client, Reply};
use aof_tests::needs;
use aof_tests::server::{Launch, Server};
use aof_tests::small_disk::{SmallDisk, on_small_disk};
use aof_tests::strace::Strace;
use aof_tests::wait::{self, LIMIT};

use super::story::{Redis, Said, Story, info, until_written};
use crate::server::launch;

const DISK_BYTES: u64 = 2 * 1024 * 1024;
const PAGES_LEFT: u64 = 20;
const VALUE_BYTES: usize = 700;
const BEFORE: usize = 40;
/// More than the disk has room for.
const MOST_WRITES: u64 = DISK_BYTES / VALUE_BYTES as u64;
const FULL: &str = "MISCONF Errors writing to the AOF file: No space left on device";
const HALTED: &str = "Can't recover from AOF write error when the AOF fsync policy is 'always'";

/// Whether and when the log is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rewrite {
    Never,
    /// The disk fills up after it.
    Before,
    /// Somebody asks for it while the disk is full, and again when there is room.
    WhileFull,
}

const REWRITES: [Rewrite; 3] = [Rewrite::Never, Rewrite::Before, Rewrite::WhileFull];

fn on_disk(world: (&str, &str), work: impl FnOnce(&SmallDisk, &Launch) + Send) {
    if !needs::root("what happens on a full disk") {
        return;
    }
    on_small_disk(DISK_BYTES, |disk| {
        let launch = launch(&disk.path(), world).printing_in(disk.beside());
        // A client whose reply is held must not be closed for it here.
        let launch = launch.set("held-reply-timeout-ms", "60000");
        work(disk, &launch.set("auto-aof-rewrite-percentage", "0"));
    });
}

/// Returns whether it succeeded.
fn rewrite(client: &mut Client) -> bool {
    if client.command("BGREWRITEAOF").is_error() {
        return false;
    }
    wait::until_true("the rewrite to end", || client.info("aof_rewrite_in_progress") == "0");
    client.info("aof_last_bgrewrite_status") == "ok"
}

fn begin(server: &Server, story: &mut Story, when: Rewrite) {
    let mut client = server.client();
    for _ in 0..BEFORE {
        assert_eq!(story.write(&mut client, "no reason"), Said::Ok);
    }
    if when == Rewrite::Before {
        assert!(rewrite(&mut client), "{}", server.process.printed());
    }
}

/// Refused with the reason while it is full, with reads going on; taken again when there is room;
/// and everything that was acknowledged is there in the end.
fn refuses_until_there_is_room(world: (&str, &str), truncate_fails: bool) {
    let proves = "what a short write leads to that cannot be taken back";
    let strace = if truncate_fails { needs::program("strace", proves) } else { None };
    if truncate_fails && strace.is_none() {
        return;
    }
    let redis = Redis::find();
    for when in REWRITES {
        on_disk(world, |disk, launch| {
            let what = format!("{world:?}, rewritten: {when:?}, truncate fails: {truncate_fails}");
            let mut traced = launch.clone();
            if let Some(strace) = &strace {
                let calls = disk.beside().join("calls");
                // The lock is cut, too.
                let log = disk.path().join("appendonly.aof");
                let strace = Strace::new(strace, &calls).only("ftruncate").path(&log);
                traced = traced.under(strace.inject("ftruncate:error=EIO:when=1").wrapper());
            }
            let mut server = traced.start();
            let mut story = Story::new(VALUE_BYTES);
            begin(&server, &mut story, when);
            disk.fill(PAGES_LEFT);
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                let mut writer = server.client();
                let (story, stop) = (&mut story, &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::Acquire)
                        && story.write(&mut writer, "No space left on device") == Said::Ok
                    {
                    }
                });
                fill_and_free((disk, &server), stop, when, &what);
            });
            let mut client = server.client();
            for _ in 0..BEFORE {
                assert_eq!(story.write(&mut client, "no reason"), Said::Ok, "{what}");
            }
            if when != Rewrite::Never {
                assert!(rewrite(&mut client), "{what}:\n{}", server.process.printed());
                assert_eq!(story.write(&mut client, "no reason"), Said::Ok, "{what}");
            }
            until_written(server.port());
            server.kill();
            assert!(story.count(Said::Ok) > 2 * BEFORE, "{what}");
            story.assert_survives(launch, redis.as_ref(), &what);
        });
    }
}

/// The writer fills the disk; then there is room again.
fn fill_and_free(
    (disk, server): (&SmallDisk, &Server),
    stop: &AtomicBool,
    when: Rewrite,
    what: &str,
) {
    let _stop = StopAtEnd(stop);
    let mut other = server.client();
    // Not asked with a write: the one that fails would be held until there is room.
    wait::until_true("writes to be refused", || other.command("PING").text() == FULL);
    assert_eq!(other.command("SET other 1").text(), FULL, "{what}");
    assert_eq!(other.command("STRLEN k:0"), Reply::Integer(702), "{what}");
    assert_eq!(other.info("aof_last_write_status"), "err", "{what}");
    if when == Rewrite::WhileFull {
        // The child's file does not fit either. The old log goes on, with its refusal.
        assert!(!rewrite(&mut other), "{what}");
        assert_eq!(other.command("SET other 1").text(), FULL, "{what}");
    }
    // Left alone the writer would fill the disk again at once.
    stop.store(true, Ordering::Release);
    disk.free();
    wait::until_true("writes to be taken again", || other.command("SET other 1") == Reply::ok());
    assert_eq!(other.info("aof_last_write_status"), "ok", "{what}");
    assert_eq!(info(server.port(), "loading").as_deref(), Some("0"), "{what}");
}

/// Ends the writer, also when a test fails.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn hardened_comes_through_a_full_disk_under_everysec() {
    refuses_until_there_is_room(("hardened", "everysec"), false);
}

#[test]
fn hardened_comes_through_a_full_disk_under_no() {
    refuses_until_there_is_room(("hardened", "no"), false);
}

#[test]
fn redis_comes_through_a_full_disk_under_everysec_and_no() {
    refuses_until_there_is_room(("redis-6.2", "everysec"), false);
    refuses_until_there_is_room(("redis-6.2", "no"), false);
}

#[test]
fn a_short_write_that_cannot_be_taken_back_leaves_no_hole() {
    refuses_until_there_is_room(("hardened", "everysec"), true);
    refuses_until_there_is_room(("redis-6.2", "everysec"), true);
}

/// Nobody is told anything, the process ends, and a restart has what was acknowledged.
#[test]
fn always_halts_on_a_full_disk_before_and_after_a_rewrite() {
    let redis = Redis::find();
    for profile in ["hardened", "redis-6.2"] {
        for when in [Rewrite::Never, Rewrite::Before] {
            on_disk((profile, "always"), |disk, launch| {
                let what = format!("{profile}, rewritten: {when:?}");
                let mut server = launch.start();
                let mut story = Story::new(VALUE_BYTES);
                begin(&server, &mut story, when);
                disk.fill(PAGES_LEFT);
                let mut client = server.client();
                let mut writes = 0..MOST_WRITES;
                while writes.next().is_some() && story.write(&mut client, "none") == Said::Ok {}
                assert_eq!(story.count(Said::Refused), 0, "{what}");
                assert_eq!(server.process.wait(LIMIT).code(), Some(1), "{what}");
                let printed = server.process.printed();
                assert!(printed.contains(HALTED), "{what}: {printed}");
                disk.free();
                story.assert_survives(launch, redis.as_ref(), &what);
            });
        }
    }
}

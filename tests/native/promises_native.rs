//! A disk that is full, and a disk that fails: what clients are told, and what a restart finds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aof_tests::client::{Client, Reply};
use aof_tests::needs;
use aof_tests::server::Launch;
use aof_tests::small_disk::{SmallDisk, on_small_disk};
use aof_tests::strace::Strace;
use aof_tests::wait::{self, LIMIT};

use crate::server::{folder, launch};

const DISK_BYTES: u64 = 1024 * 1024;
const FULL: &str = "MISCONF Errors writing to the AOF file: No space left on device";
const FAILED: &str = "MISCONF Errors writing to the AOF file: Input/output error";

/// Writes `name:0`, `name:1`, … until a reply is no OK. Returns how many were acknowledged, and
/// that reply, if there was one.
fn write_until_refused(client: &mut Client, name: &str) -> (u64, Option<Reply>) {
    write_until(client, name, &AtomicBool::new(false))
}

/// The same, but stops also when told to.
fn write_until(client: &mut Client, name: &str, stop: &AtomicBool) -> (u64, Option<Reply>) {
    let value = "v".repeat(700);
    for number in 0.. {
        if stop.load(Ordering::Acquire) {
            return (number, None);
        }
        match client.call(&["SET", &format!("{name}:{number}"), &value]) {
            Ok(answer) if answer.reply == Reply::ok() => {}
            Ok(answer) => return (number, Some(answer.reply)),
            Err(_) => return (number, None),
        }
    }
    unreachable!("a small disk is never full")
}

/// After a restart, what was acknowledged is there.
fn assert_there(launch: &Launch, name: &str, acknowledged: u64) {
    let server = launch.start();
    let mut client = server.client();
    for number in 0..acknowledged {
        let found = client.command(&format!("STRLEN {name}:{number}"));
        assert_eq!(found, Reply::Integer(700), "{name}:{number} of {acknowledged}");
    }
}

fn on_full_disk(profile: &str, policy: &str, work: impl FnOnce(&SmallDisk, &Launch) + Send) {
    if !needs::root("what happens on a full disk") {
        return;
    }
    on_small_disk(DISK_BYTES, |disk| {
        let launch = launch(&disk.path(), (profile, policy)).printing_in(disk.beside());
        work(disk, &launch);
    });
}

/// Reads go on, writes and PING are refused with the reason, and all is well when there is room.
fn refuses_until_there_is_room(profile: &str, policy: &str) {
    on_full_disk(profile, policy, |disk, launch| {
        // The client of the failed write is held; here it must not be closed for it.
        let launch = launch.clone().set("held-reply-timeout-ms", "60000");
        let mut server = launch.start();
        let mut client = server.client();
        let mut other = server.client();
        disk.fill(20);
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let writer = std::thread::spawn(move || write_until(&mut client, "before", &told));
        // Not asked with a write: the one that fails would be held until there is room.
        wait::until_true("writes to be refused", || other.command("PING").text() == FULL);
        assert_eq!(other.command("SET a 1").text(), FULL);
        assert_eq!(other.command("INCR n").text(), FULL);
        assert_eq!(other.command("GET before:0").text().len(), 700);
        assert_eq!(other.info("aof_last_write_status"), "err");
        // The writer is held or was refused. Left alone it would fill the disk again at once.
        stop.store(true, Ordering::Release);
        disk.free();
        wait::until_true("writes to be taken again", || other.command("SET a 1") == Reply::ok());
        assert_eq!(other.command("PING"), Reply::Simple(b"PONG".to_vec()));
        assert_eq!(other.info("aof_last_write_status"), "ok");
        let (acknowledged, _) = writer.join().expect("no panic");
        assert!(acknowledged > 10, "{acknowledged}");
        server.kill();
        assert_there(&launch, "before", acknowledged);
        let printed = server.process.printed();
        assert!(printed.contains("AOF write error looks solved"), "{printed}");
    });
}

#[test]
fn hardened_everysec_refuses_on_a_full_disk_until_there_is_room() {
    refuses_until_there_is_room("hardened", "everysec");
}

#[test]
fn hardened_no_refuses_on_a_full_disk_until_there_is_room() {
    refuses_until_there_is_room("hardened", "no");
}

#[test]
fn redis_everysec_refuses_on_a_full_disk_until_there_is_room() {
    refuses_until_there_is_room("redis-6.2", "everysec");
}

/// The reply cannot be un-said, so nobody gets one and the process ends.
#[test]
fn always_halts_on_a_full_disk() {
    for profile in ["hardened", "redis-6.2"] {
        on_full_disk(profile, "always", |disk, launch| {
            let mut server = launch.start();
            let mut client = server.client();
            disk.fill(20);
            let (acknowledged, reply) = write_until_refused(&mut client, "k");
            assert_eq!(reply, None, "{profile}");
            assert!(acknowledged > 10, "{profile}: {acknowledged}");
            assert_eq!(server.process.wait(LIMIT).code(), Some(1), "{profile}");
            let printed = server.process.printed();
            let halted = "Can't recover from AOF write error when the AOF fsync policy is 'always'";
            assert!(printed.contains(halted), "{profile}: {printed}");
            disk.free();
            assert_there(launch, "k", acknowledged);
        });
    }
}

/// A server whose syncs fail from the second of each thread on: the first of the first thread is
/// that of a start under `hardened`.
fn failing(strace: &Path, dir: &Path, world: (&str, &str), when: &str) -> Launch {
    let inject = format!("fdatasync:error=EIO:when={when}");
    let strace = Strace::new(strace, &dir.join("calls")).inject(&inject);
    launch(dir, world).under(strace.wrapper())
}

#[test]
fn hardened_everysec_refuses_after_a_failed_sync_until_a_rewrite_has_healed_it() {
    let Some(strace) = needs::program("strace", "what a failed sync leads to") else { return };
    let dir = folder();
    // Only the second one fails. The kernel may have dropped the pages all the same.
    let mut server = failing(&strace, dir.path(), ("hardened", "everysec"), "2").start();
    let mut client = server.client();
    let mut acknowledged = 0;
    wait::until_true("the log to heal", || {
        let key = format!("k:{acknowledged}");
        match client.call(&["SET", &key, "v"]) {
            Ok(answer) if answer.reply == Reply::ok() => acknowledged += 1,
            Ok(answer) => assert_eq!(answer.reply.text(), FAILED),
            // It was held while the sync ran, and neither OK nor an error would be true of it.
            Err(_) => client = server.client(),
        }
        // Only a rewrite ends it, and it begins by itself.
        client.info("aof_rewrites") != "0" && client.info("aof_rewrite_in_progress") == "0"
    });
    let printed = server.process.printed();
    assert!(printed.contains("Fail to fsync the AOF file"), "{printed}");
    wait::until_true("the new log to count", || client.command("SET late v") == Reply::ok());
    assert_eq!(client.info("aof_last_bgrewrite_status"), "ok");
    assert_eq!(client.info("aof_last_write_status"), "ok");
    server.kill();
    let server = launch(dir.path(), ("hardened", "everysec")).start();
    let mut client = server.client();
    for number in 0..acknowledged {
        let found = client.command(&format!("EXISTS k:{number}"));
        assert_eq!(found, Reply::Integer(1), "a kill loses nothing acknowledged: {number}");
    }
    assert_eq!(client.command("SET late v"), Reply::ok());
}

/// Redis 6.2 forgets a failed sync with the next that succeeds. That one comes only when there is
/// something to write, and clients are refused: here it is the end of a key.
#[test]
fn redis_everysec_refuses_after_a_failed_sync_until_the_next_succeeds() {
    let Some(strace) = needs::program("strace", "what a failed sync leads to") else { return };
    let dir = folder();
    let server = failing(&strace, dir.path(), ("redis-6.2", "everysec"), "2").start();
    let mut client = server.client();
    wait::until_true("the sync to fail", || client.command("SET k v PX 3000").text() == FAILED);
    assert_eq!(client.command("PING").text(), FAILED);
    assert_eq!(client.command("GET k"), Reply::bulk("v"), "reads go on");
    wait::until_true("it to be forgotten", || client.command("SET k v") == Reply::ok());
    assert_eq!(client.info("aof_last_write_status"), "ok");
}

#[test]
fn always_halts_after_a_failed_sync() {
    let Some(strace) = needs::program("strace", "what a failed sync leads to") else { return };
    for profile in ["hardened", "redis-6.2"] {
        let dir = folder();
        let mut server = failing(&strace, dir.path(), (profile, "always"), "5").start();
        let (acknowledged, reply) = write_until_refused(&mut server.client(), "k");
        assert_eq!(reply, None, "{profile}");
        assert!((3..=5).contains(&acknowledged), "{profile}: {acknowledged}");
        assert_eq!(server.process.wait(LIMIT).code(), Some(1), "{profile}");
        let printed = server.process.printed();
        let halted = "Can't persist AOF for fsync error when the AOF fsync policy is 'always': \
                      Input/output error. Exiting...";
        assert!(printed.contains(halted), "{profile}: {printed}");
        assert_there(&launch(dir.path(), (profile, "always")), "k", acknowledged);
    }
}

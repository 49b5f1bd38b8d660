//! Every fault of a file system, met by the real server: what its clients are told, and that no
//! crash before, during or after the fault breaks the promise.

use aof_core::promise::{Breach, Failure};
use aof_core::sim::crash::DiskModel;
use aof_tests::client::Reply;
use aof_tests::fuse::survey::{Found, survey};
use aof_tests::fuse::{Fault, Kind, Outcome, Recorder, Watched, on_recorder};
use aof_tests::server::Launch;
use aof_tests::wait::{self, LIMIT};
use nix::errno::Errno;

use super::{LIMITS, LOG, NEW_LOG, Writer, assert_kept, on_mount, settle};

const FULL: &str = "MISCONF Errors writing to the AOF file: No space left on device";
const FAILED: &str = "MISCONF Errors writing to the AOF file: Input/output error";
const EIO: Outcome = Outcome::Fails(Errno::EIO);
const ENOSPC: Outcome = Outcome::Fails(Errno::ENOSPC);

/// What a restarted server holds: numbers from 1 without a gap. Returns how many.
fn recovered(recorder: &Recorder, world: (&str, &str)) -> usize {
    let server = recorder.start(&on_mount(recorder, world));
    let list = server.client().command("LRANGE list 0 -1");
    for (reply, number) in list.elements().iter().zip(1..) {
        assert_eq!(*reply, Reply::bulk(number.to_string()), "{world:?}");
    }
    list.elements().len()
}

/// A server with one unit, whose sync hangs.
fn write_while_a_sync_hangs<'a>(
    recorder: &'a Recorder,
    launch: &Launch,
) -> (Watched<'a>, Writer<'a>) {
    let server = recorder.start(launch);
    let mut writer = Writer::new(recorder, server.client());
    recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(LOG));
    writer.write(1);
    wait::until_true("a sync to begin", || recorder.hanging() == 1);
    (server, writer)
}

#[test]
fn a_short_write_is_finished_and_no_crash_shows_a_half_command_as_whole() {
    for policy in ["everysec", "no"] {
        on_recorder("what a short write leads to", |recorder| {
            let world = ("hardened", policy);
            let mut server = recorder.start(&on_mount(recorder, world));
            let mut writer = Writer::new(recorder, server.client());
            writer.write(2);
            for taken in [1, 7, 30] {
                recorder.arm(Fault::next(Kind::Write, Outcome::TakesAtMost(taken)).of(LOG));
                writer.write(1);
            }
            assert_eq!(recorder.hits(), 3, "{policy}");
            writer.write(2);
            server.kill();
            assert_eq!(recovered(recorder, world), 7, "{policy}");
            assert_kept(&writer.run(world));
        });
    }
}

#[test]
fn under_always_a_failed_sync_ends_the_server_and_no_reply_was_too_early() {
    for profile in ["hardened", "redis-6.2"] {
        on_recorder("what a failed sync leads to", |recorder| {
            let world = (profile, "always");
            let mut server = recorder.start(&on_mount(recorder, world));
            let mut writer = Writer::new(recorder, server.client());
            writer.write(5);
            recorder.arm(Fault::next(Kind::Sync, EIO).of(LOG));
            writer.send();
            assert!(!writer.receive(), "{profile}: a reply without a sync");
            assert_eq!(server.process.wait(LIMIT).code(), Some(1), "{profile}");
            let run = writer.run(world);
            let row = survey(&run, Failure::PowerCut, DiskModel::AnyPrefix, LIMITS);
            // The pages of the failed sync may be zeros now, which Redis 6.2 refuses to load.
            let refused = row.violations.iter().any(|violation| {
                (violation.found, violation.breach) == (Found::Log, Breach::Refused)
            });
            assert_eq!(refused, profile == "redis-6.2", "{row}");
            if profile == "hardened" {
                assert_kept(&run);
            }
            assert!(recovered(recorder, world) >= 5, "{profile}");
        });
    }
}

#[test]
fn under_everysec_a_failed_sync_heals_by_a_rewrite_and_no_crash_meanwhile_loses_a_promise() {
    on_recorder("that a log heals after a failed sync", |recorder| {
        let world = ("hardened", "everysec");
        let mut server = recorder.start(&on_mount(recorder, world));
        let mut writer = Writer::new(recorder, server.client());
        writer.write(3);
        wait::until_true("a first sync", || recorder.is_synced(LOG));
        recorder.arm(Fault::next(Kind::Sync, EIO).of(LOG));
        writer.write(1);
        let mut other = server.client();
        wait::until_true("the sync to fail and the log to heal", || {
            let told = other.command("PING").text();
            assert!(told == FAILED || told == "PONG", "{told}");
            recorder.hits() == 1
                && other.info("aof_rewrites") != "0"
                && other.info("aof_rewrite_in_progress") == "0"
        });
        wait::until_true("writes to be taken", || other.command("PING").text() == "PONG");
        writer.write(3);
        wait::until_true("the last sync", || recorder.is_synced(LOG));
        server.kill();
        assert_eq!(recovered(recorder, world), 7);
        assert_kept(&writer.run(world));
    });
}

/// Redis 6.2 forgets a failed sync with the next one that succeeds, although the pages are gone.
#[test]
fn a_sync_error_that_redis_6_2_forgets_is_a_hole_in_its_log() {
    on_recorder("that Redis 6.2 forgets a failed sync", |recorder| {
        let world = ("redis-6.2", "everysec");
        let launch = on_mount(recorder, world);
        let (mut server, mut writer) = write_while_a_sync_hangs(recorder, &launch);
        // Answered at once, and written after the sync has failed. A second one could come two
        // seconds later on a slow machine, and Redis 6.2 waits for the disk then.
        writer.write(1);
        recorder.fail_hanging(Errno::EIO);
        wait::until_true("a sync of everything to succeed", || recorder.is_synced(LOG));
        let mut other = server.client();
        wait::until_true("the failure to be forgotten", || {
            other.info("aof_last_write_status") == "ok"
        });
        server.kill();
        let run = writer.run(world);
        let row = survey(&run, Failure::PowerCut, DiskModel::Exact, LIMITS);
        let hole = row.violations.iter().find(|violation| violation.found == Found::Log);
        let hole = hole.unwrap_or_else(|| panic!("nothing was found: {row}"));
        assert_eq!((hole.breach, hole.promised), (Breach::Refused, 2), "{row}");
    });
}

/// Redis 3.0 does not look at what a sync returns: it answers as if the write were durable, says
/// nothing, and writes on behind the gap.
#[test]
fn redis_3_0_does_not_see_that_a_sync_has_failed() {
    for policy in ["always", "everysec"] {
        on_recorder("that Redis 3.0 does not see a failed sync", |recorder| {
            let world = ("redis-3.0", policy);
            let mut server = recorder.start(&on_mount(recorder, world));
            let mut writer = Writer::new(recorder, server.client());
            writer.write(2);
            settle(&mut writer, world);
            recorder.arm(Fault::next(Kind::Sync, EIO).of(LOG));
            let before = writer.commands.len();
            wait::until_true("a sync to fail", || {
                writer.write(1);
                recorder.hits() == 1
            });
            let acknowledged = writer.commands.len();
            let mut other = server.client();
            assert_eq!(other.info("aof_last_write_status"), "ok", "{policy}");
            assert_eq!(other.command("PING").text(), "PONG", "{policy}");
            writer.write(2);
            settle(&mut writer, world);
            server.kill();
            let printed = server.process.printed();
            assert!(!printed.contains("Fail to fsync"), "{policy}: {printed}");
            let row = survey(&writer.run(world), Failure::PowerCut, DiskModel::Exact, LIMITS);
            let in_log = |breach: fn(&Breach) -> bool| {
                let mut all = row.violations.iter();
                all.any(|violation| violation.found == Found::Log && breach(&violation.breach))
            };
            assert!(in_log(|breach| *breach == Breach::Refused), "{policy}: {row}");
            if policy == "always" {
                assert_eq!(acknowledged, before + 1);
                assert!(in_log(|breach| matches!(breach, Breach::TooShort { .. })), "{row}");
            }
        });
    }
}

#[test]
fn a_sync_that_hangs_puts_off_writes_and_their_replies() {
    on_recorder("what a hanging sync leads to", |recorder| {
        let world = ("hardened", "everysec");
        let launch = on_mount(recorder, world).set("held-reply-timeout-ms", "60000");
        let (mut server, mut writer) = write_while_a_sync_hangs(recorder, &launch);
        let before = recorder.bytes(LOG);
        writer.send();
        let mut other = server.client();
        wait::until_true("the write to be put off", || other.info("aof_buffer_length") != "0");
        assert_eq!(other.command("LLEN list"), Reply::Integer(2), "it was executed");
        assert_eq!(recorder.bytes(LOG), before, "it was written during the sync");
        recorder.release();
        assert!(writer.receive());
        writer.write(2);
        server.kill();
        assert_kept(&writer.run(world));
    });
}

/// The acknowledged write that a plain kill loses.
#[test]
fn redis_6_2_answers_writes_that_a_hanging_sync_puts_off() {
    on_recorder("that a kill loses what Redis 6.2 acknowledged", |recorder| {
        let world = ("redis-6.2", "everysec");
        let launch = on_mount(recorder, world);
        let (mut server, mut writer) = write_while_a_sync_hangs(recorder, &launch);
        writer.write(1);
        let run = writer.run(world);
        let row = survey(&run, Failure::Killed, DiskModel::Exact, LIMITS);
        let lost = Breach::TooShort { units: 1, at_least: 2 };
        assert!(row.violations.iter().any(|violation| violation.breach == lost), "{row}");
        recorder.release();
        server.kill();
    });
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again() {
    let policies = ["everysec", "no"].into_iter();
    for (policy, cuts) in policies.flat_map(|policy| [(policy, true), (policy, false)]) {
        on_recorder("what a full disk leads to", |recorder| {
            let world = ("hardened", policy);
            let launch = on_mount(recorder, world).set("held-reply-timeout-ms", "60000");
            let mut server = recorder.start(&launch);
            let mut writer = Writer::new(recorder, server.client());
            writer.write(3);
            // A part of the record fits, as on a real disk.
            recorder.arm(Fault::next(Kind::Write, Outcome::TakesAtMost(9)).of(LOG));
            recorder.arm(Fault::next(Kind::Write, ENOSPC).of(LOG).nth(2).for_ever());
            if !cuts {
                recorder.arm(Fault::next(Kind::Truncate, EIO).of(LOG).for_ever());
            }
            writer.send();
            let mut other = server.client();
            wait::until_true("writes to be refused", || other.command("PING").text() == FULL);
            assert_eq!(other.command("SET a 1").text(), FULL, "{policy}");
            assert_eq!(other.command("LLEN list"), Reply::Integer(4), "reads go on");
            recorder.clear_faults();
            assert!(writer.receive(), "{policy}");
            wait::until_true("writes to be taken", || other.command("PING").text() == "PONG");
            writer.write(3);
            server.kill();
            assert_eq!(recovered(recorder, world), 7, "{policy}");
            assert_kept(&writer.run(world));
        });
    }
}

/// A rewrite that meets a fault, with changes that the new log gets last. Returns how it ended.
fn rewrite_with(recorder: &Recorder, fault: &Fault) -> String {
    let world = ("hardened", "always");
    let mut server = recorder.start(&on_mount(recorder, world));
    let mut writer = Writer::new(recorder, server.client());
    writer.write(3);
    recorder.arm(fault.clone());
    recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(NEW_LOG).nth(2));
    let started = writer.client.command("BGREWRITEAOF");
    assert!(!started.is_error(), "{started:?}");
    let mut other = server.client();
    let mut ended = || other.info("aof_rewrite_in_progress") == "0";
    wait::until_true("the child to sync or to fail", || recorder.hanging() == 1 || ended());
    let hung = recorder.hanging() as u64;
    writer.write(3);
    recorder.release();
    wait::until_true("the rewrite to end", ended);
    assert_eq!(recorder.hits() - hung, 1, "{fault:?} was not met");
    let status = other.info("aof_last_bgrewrite_status");
    writer.write(2);
    server.kill();
    assert_eq!(recovered(recorder, world), 8, "{fault:?}");
    assert_kept(&writer.run(world));
    status
}

/// Whatever fails while a log is rewritten costs the rewrite at most, and nothing else.
#[test]
fn a_fault_anywhere_in_a_rewrite_breaks_no_promise() {
    let faults = [
        (Kind::Create, 1, ENOSPC, "err"),
        // The child's dataset; the server's last changes.
        (Kind::Write, 1, ENOSPC, "err"),
        (Kind::Write, 1, Outcome::TakesAtMost(3), "ok"),
        (Kind::Write, 2, ENOSPC, "err"),
        (Kind::Write, 2, Outcome::TakesAtMost(3), "ok"),
        // The child's two, and the server's.
        (Kind::Sync, 1, EIO, "err"),
        (Kind::Sync, 2, EIO, "err"),
        (Kind::Sync, 3, EIO, "err"),
        // The child's, and the one that makes the new file the log.
        (Kind::Rename, 1, EIO, "err"),
        (Kind::Rename, 2, EIO, "err"),
    ];
    for (kind, nth, outcome, expected) in faults {
        let fault = Fault::next(kind, outcome).of(NEW_LOG).nth(nth);
        on_recorder("that a fault in a rewrite breaks no promise", |recorder| {
            assert_eq!(rewrite_with(recorder, &fault), expected, "{fault:?}");
        });
    }
}

/// Nobody knows what the name leads to after a sync of the directory that failed. Under `always`
/// the server ends; else it tries until the directory is synced.
#[test]
fn a_failed_sync_of_the_directory_breaks_no_promise() {
    for policy in ["always", "everysec"] {
        on_recorder("what a failed sync of the directory leads to", |recorder| {
            let world = ("hardened", policy);
            let mut server = recorder.start(&on_mount(recorder, world));
            let mut writer = Writer::new(recorder, server.client());
            writer.write(3);
            recorder.arm(Fault::next(Kind::SyncDirectory, EIO));
            let started = writer.client.command("BGREWRITEAOF");
            assert!(!started.is_error(), "{started:?}");
            if policy == "always" {
                assert_eq!(server.process.wait(LIMIT).code(), Some(1));
            } else {
                let mut other = server.client();
                wait::until_true("the rewrite to end", || {
                    recorder.hits() == 1 && other.info("aof_rewrite_in_progress") == "0"
                });
                assert_eq!(other.info("aof_last_bgrewrite_status"), "ok");
                writer.write(3);
                server.kill();
            }
            assert_eq!(recorder.hits(), 1, "{policy}");
            assert_eq!(recovered(recorder, world), writer.commands.len(), "{policy}");
            assert_kept(&writer.run(world));
        });
    }
}

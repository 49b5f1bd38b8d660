//! The real server on a file system that writes down what it asks for: every crash of a run is
//! looked at, and every fault of a file system can be met.

mod faults;
mod own;
mod redis;

use std::fmt::Display;
use std::time::Duration;

use aof_core::config::{Config, Policy};
use aof_core::profile::ProfileName;
use aof_core::promise::{Breach, Failure};
use aof_core::sim::crash::{DiskModel, Limits};
use aof_tests::client::{Client, Reply};
use aof_tests::fuse::survey::{Found, HEADING, Line, Row, Run, Violation, survey};
use aof_tests::fuse::{Fault, Kind, Outcome, Recorder, Watched, on_recorder};
use aof_tests::needs;
use aof_tests::server::Launch;
use aof_tests::strace::Attached;
use aof_tests::wait;

use crate::server::{WORLDS, launch};

const POLICIES: [&str; 3] = ["always", "everysec", "no"];
const LOG: &str = "appendonly.aof";
/// What the file of a rewrite is called while it is made.
const NEW_LOG: &str = "temp-";
/// Nothing depends on it but how many writes there are.
const BETWEEN_WRITES: Duration = Duration::from_millis(100);
const LIMITS: Limits = Limits { images: 300, total_bytes: 1024 * 1024 };

/// The client of a run: unit *k* is its *k*-th command.
struct Writer<'a> {
    recorder: &'a Recorder,
    client: Client,
    commands: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(recorder: &'a Recorder, client: Client) -> Self {
        Self { recorder, client, commands: Vec::new() }
    }

    /// Sends so many units, each after the reply to the one before.
    fn write(&mut self, units: usize) {
        for _ in 0..units {
            self.send();
            assert!(self.receive(), "unit {} was refused", self.commands.len());
        }
    }

    /// Sends one unit.
    fn send(&mut self) {
        let command = format!("RPUSH list {}", self.commands.len() + 1);
        let words: Vec<&str> = command.split(' ').collect();
        self.client.send(&words).expect("a connection");
        self.commands.push(command);
    }

    /// Waits for the reply to the last unit; `false` if the connection ends instead.
    fn receive(&mut self) -> bool {
        let units = self.commands.len();
        let Ok(answer) = self.client.receive() else { return false };
        assert_eq!(answer.reply, Reply::Integer(i64::try_from(units).expect("a small number")));
        self.recorder.acknowledged(units as u64);
        true
    }

    /// What was recorded, and what it is to be judged by.
    fn run(self, world: (&str, &str)) -> Run {
        let (operations, commands) = (self.recorder.operations(), self.commands);
        Run { operations, commands, config: config(world) }
    }
}

fn on_mount(recorder: &Recorder, world: (&str, &str)) -> Launch {
    let launch = launch(&recorder.path(), world).printing_in(recorder.beside());
    launch.set("auto-aof-rewrite-percentage", "0")
}

fn config((profile, policy): (&str, &str)) -> Config {
    Config {
        profile: ProfileName::parse(profile.as_bytes()).expect("a profile"),
        appendfsync: Policy::parse(policy.as_bytes()).expect("a policy"),
        ..Config::default()
    }
}

/// Under `everysec`, waits until the log is synced to its end. Redis 3.0 syncs only when there is
/// something to write, so there is.
fn settle(writer: &mut Writer<'_>, world: (&str, &str)) {
    let recorder = writer.recorder;
    match world {
        ("redis-3.0", "everysec") => wait::until_true("a write to be synced", || {
            writer.write(1);
            wait::for_at_most(BETWEEN_WRITES, || recorder.is_synced(LOG).then_some(())).is_some()
        }),
        (_, "everysec") => wait::until_true("the log to be synced", || recorder.is_synced(LOG)),
        _ => {}
    }
}

/// Starts a rewrite and waits until its child syncs its file for the second time, which hangs: the
/// child has asked for no more changes by then. What is written from now on, the new log gets last.
fn rewrite_until_the_last_changes(recorder: &Recorder, client: &mut Client) {
    recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(NEW_LOG).nth(2));
    let started = client.command("BGREWRITEAOF");
    assert!(!started.is_error(), "{started:?}");
    wait::until_true("the child to sync its file", || recorder.hanging() == 1);
}

/// Writes, and writes again while a rewrite goes on. Its child waits in a sync until
/// [`Recorder::release`], and what came last is still with the server.
fn record_until_the_switch<'a>(
    recorder: &'a Recorder,
    world: (&str, &str),
) -> (Watched<'a>, Writer<'a>) {
    let server = recorder.start(&on_mount(recorder, world));
    let mut writer = Writer::new(recorder, server.client());
    writer.write(6);
    settle(&mut writer, world);
    rewrite_until_the_last_changes(recorder, &mut writer.client);
    writer.write(6);
    settle(&mut writer, world);
    (server, writer)
}

/// The same, and goes on behind the rewrite.
fn record(recorder: &Recorder, world: (&str, &str)) -> Run {
    let (mut server, mut writer) = record_until_the_switch(recorder, world);
    recorder.release();
    wait::until_true("the rewrite to end", || writer.client.info("aof_rewrite_in_progress") == "0");
    assert_eq!(writer.client.info("aof_last_bgrewrite_status"), "ok");
    writer.write(6);
    settle(&mut writer, world);
    server.kill();
    writer.run(world)
}

/// A kill, and a power cut under each model for which promises are made.
fn rows(run: &Run) -> Vec<Row> {
    let mut rows = vec![survey(run, Failure::Killed, DiskModel::Exact, LIMITS)];
    rows.extend(DiskModel::IN_ORDER.map(|model| survey(run, Failure::PowerCut, model, LIMITS)));
    let Config { profile, appendfsync: policy, .. } = &run.config;
    let server = format!("aofd {}", profile.as_str());
    show(&HEADING);
    for row in &rows {
        show(&Line { server: &server, policy: *policy, row });
    }
    rows
}

/// A line of the table that `cargo xtask crashes` puts together.
fn show(line: &dyn Display) {
    eprintln!("crashes: {line}");
}

/// The power cut under this model.
fn under(rows: &[Row], model: DiskModel) -> &Row {
    let found = rows.iter().find(|row| (row.failure, row.model) == (Failure::PowerCut, model));
    found.expect("a row for each model")
}

/// No crash of this run breaks the promise.
fn assert_kept(run: &Run) {
    for row in rows(run) {
        assert!(row.violations.is_empty(), "{row}\n{:?}", row.violations);
    }
}

#[test]
fn hardened_keeps_its_promise_on_every_disk_that_a_crash_of_the_real_server_may_leave() {
    let proves = "that the real server keeps its promises, whatever operation a crash follows";
    for world in WORLDS.into_iter().filter(|(profile, _)| *profile == "hardened") {
        on_recorder(proves, |recorder| {
            let run = record(recorder, world);
            let rows = rows(&run);
            for row in &rows {
                assert!(row.violations.is_empty(), "{world:?} {row}");
            }
            assert!(rows[0].distinct > run.commands.len(), "{world:?} {}", rows[0]);
            let zeros = under(&rows, DiskModel::ZeroTail);
            assert!(zeros.distinct > 500, "{world:?} {zeros}");
        });
    }
}

/// Redis 6.2 never syncs a name, and refuses a log that ends in zeros.
#[test]
fn the_holes_of_redis_6_2_are_seen_with_the_real_server() {
    for world in WORLDS.into_iter().filter(|(profile, _)| *profile == "redis-6.2") {
        on_recorder("that the recorder finds the holes of Redis 6.2", |recorder| {
            let run = record(recorder, world);
            let rows = rows(&run);
            let killed = &rows[0];
            let [exact, prefix, zeros] =
                [DiskModel::Exact, DiskModel::AnyPrefix, DiskModel::ZeroTail]
                    .map(|model| under(&rows, model));
            // What a sync on a slow machine may show besides under `everysec` has tests of its own:
            // a write that it puts off, and a rename that it does not wait for.
            let everysec = world.1 == "everysec";
            assert!(everysec || killed.violations.is_empty(), "{killed}");
            let promises = world.1 != "no";
            for row in [exact, prefix] {
                assert_eq!(row.has(Found::Nothing), promises, "{world:?} {row}");
                assert_eq!(row.has(Found::Predecessor), promises, "{world:?} {row}");
                assert!(everysec || !row.has(Found::Log), "{world:?} {row}");
            }
            let refused = |violation: &Violation| violation.breach == Breach::Refused;
            assert!(zeros.violations.iter().any(refused), "{world:?} {zeros}");
        });
    }
}

/// Redis 3.0 gives the new log its name before it syncs the last changes in it, and never syncs the
/// name: under `always`, too, it may be back where it was before what it has acknowledged.
#[test]
fn redis_3_0_renames_a_log_before_it_syncs_it_under_every_policy() {
    for world in POLICIES.map(|policy| ("redis-3.0", policy)) {
        on_recorder("that the recorder finds the holes of Redis 3.0", |recorder| {
            let rows = rows(&record(recorder, world));
            let (killed, promises) = (&rows[0], world.1 != "no");
            assert!(world.1 == "everysec" || killed.violations.is_empty(), "{killed}");
            // Not on ext4, which begins to write a file back when it takes the place of another.
            for model in [DiskModel::Exact, DiskModel::AnyPrefix, DiskModel::ZeroTail] {
                let row = under(&rows, model);
                let lost = |violation: &Violation| {
                    let is_short = matches!(violation.breach, Breach::TooShort { .. });
                    violation.found == Found::Log && is_short
                };
                assert_eq!(row.violations.iter().any(lost), promises, "{world:?} {row}");
            }
            let prefix = under(&rows, DiskModel::AnyPrefix);
            assert_eq!(prefix.has(Found::Nothing), promises, "{world:?} {prefix}");
            assert_eq!(prefix.has(Found::Predecessor), promises, "{world:?} {prefix}");
        });
    }
}

/// Under `everysec` Redis 6.2 syncs the last changes of a new log in the background and renames
/// it meanwhile. The disk may then have a log with less in it than the old one had for certain.
/// The kernel lets the rename of a file wait for a sync of it, so here the sync comes late instead.
#[test]
fn a_log_of_redis_6_2_takes_the_place_of_one_that_was_synced_further() {
    let proves = "that Redis 6.2 renames a log before its last changes are synced";
    let Some(strace) = needs::program("strace", proves) else { return };
    let world = ("redis-6.2", "everysec");
    on_recorder(proves, |recorder| {
        let (mut server, writer) = record_until_the_switch(recorder, world);
        let old = recorder.bytes(LOG).expect("a log");
        let output = recorder.beside().join("calls");
        let late = ("fdatasync", "fdatasync:delay_enter=1000000000");
        let attached = Attached::start(&strace, (server.pid(), false), &output, late);
        recorder.release();
        wait::until_true("the rename", || recorder.bytes(LOG).is_some_and(|log| log != old));
        // Killed while its call is delayed, it would not be gone before the delay is over.
        drop(attached);
        server.kill();
        let rows = rows(&writer.run(world));
        for model in DiskModel::IN_ORDER {
            let row = under(&rows, model);
            assert!(row.has(Found::Log), "{row}");
        }
    });
}

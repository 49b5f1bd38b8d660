//! Debian's Redis on the recorder: its directories after every power cut, recovered by itself.

use std::fs;
use std::path::Path;

use aof_core::config::{Config, Policy};
use aof_core::promise::{Breach, Failure};
use aof_core::sim::crash::DiskModel;
use aof_tests::client::Reply;
use aof_tests::fuse::survey::{Directory, DirectoryLimits, Row, Run, survey_directories};
use aof_tests::fuse::{Fault, Kind, Outcome, Recorder, on_recorder};
use aof_tests::needs;
use aof_tests::server::Launch;
use aof_tests::wait;

use super::{NEW_LOG, Writer};
use crate::server::folder;

/// Where Redis 7 keeps the files of its log.
const DIRECTORY: &str = "appendonlydir";
/// The file that records go to before the rewrite.
const FIRST: &str = "appendonlydir/appendonly.aof.1.incr.aof";
/// Of three records that are not synced: none, all, those between, and a torn one.
const LIMITS: DirectoryLimits = DirectoryLimits { each: 6, most: 200 };

fn launch(redis: &Path, dir: &Path, policy: &str) -> Launch {
    Launch::redis(redis, dir).set("appendfsync", policy).set("auto-aof-rewrite-percentage", "0")
}

fn incremental(number: u32) -> String {
    format!("{DIRECTORY}/appendonly.aof.{number}.incr.aof")
}

/// Writes, rewrites with writes meanwhile, and writes again. Under `everysec` the last units before
/// the rewrite are not synced when it begins, and their sync ends late.
fn record(recorder: &Recorder, redis: &Path, policy: &str) -> Run {
    recorder.make_directory(DIRECTORY);
    let launch = launch(redis, &recorder.path(), policy).printing_in(recorder.beside());
    let mut server = recorder.start(&launch);
    let mut writer = Writer::new(recorder, server.client());
    let everysec = policy == "everysec";
    let settle = |number| {
        let path = incremental(number);
        wait::until_true("a sync", || !everysec || recorder.is_synced(&path));
    };
    writer.write(3);
    settle(1);
    writer.write(3);
    if everysec {
        recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(FIRST));
        // On a slow machine the second may have been over before.
        while recorder.is_synced(&incremental(1)) {
            recorder.clear_faults();
            writer.write(1);
            recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(FIRST));
        }
    }
    recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(NEW_LOG));
    let started = writer.client.command("BGREWRITEAOF");
    assert!(!started.is_error(), "{started:?}");
    let hanging = 1 + usize::from(everysec);
    wait::until_true("the child to sync its file", || recorder.hanging() == hanging);
    writer.write(3);
    // Perhaps put off for two seconds, by a sync that hangs.
    wait::until_true("the records in the second file", || {
        let written = recorder.bytes(&incremental(2)).unwrap_or_default();
        written.windows(5).filter(|word| word == b"RPUSH").count() == 3
    });
    recorder.release();
    wait::until_true("the rewrite to end", || writer.client.info("aof_rewrite_in_progress") == "0");
    assert_eq!(writer.client.info("aof_last_bgrewrite_status"), "ok");
    writer.write(3);
    settle(2);
    server.kill();
    let policy = Policy::parse(policy.as_bytes()).expect("a policy");
    Run {
        operations: recorder.operations(),
        commands: writer.commands,
        config: Config { appendfsync: policy, ..Config::default() },
    }
}

/// What Redis makes of a directory: so many units; something else; or it does not start.
fn recover(launch: &Launch, directory: &Directory) -> Option<Result<u64, String>> {
    let place = launch.dir().join(DIRECTORY);
    fs::remove_dir_all(&place).ok();
    fs::create_dir(&place).expect("a folder");
    for (path, content) in directory {
        fs::write(launch.dir().join(path), content).expect("a file");
    }
    let server = launch.attempt().ok()?;
    let list = server.client().command("LRANGE list 0 -1");
    let numbers: Vec<Reply> = list.elements().to_vec();
    let whole = numbers.iter().zip(1..).all(|(reply, n)| *reply == Reply::bulk(n.to_string()));
    Some(if whole { Ok(numbers.len() as u64) } else { Err(format!("{numbers:?}")) })
}

/// Power cuts under one model, each directory recovered by Redis itself.
fn row(policy: &str, model: DiskModel) -> Option<Row> {
    let proves = "what a power cut leaves of the log of Redis 7";
    let redis = needs::program("redis-server", proves)?;
    let mut found = None;
    on_recorder(proves, |recorder| {
        let run = record(recorder, &redis, policy);
        let dir = folder();
        let launch = launch(&redis, dir.path(), policy);
        // What lies elsewhere, or is called otherwise, Redis does not look at.
        let counts = |path: &str| path.starts_with("appendonlydir/appendonly.aof.");
        let recover = |directory: &Directory| recover(&launch, directory);
        let row = survey_directories(&run, (Failure::PowerCut, model), LIMITS, counts, recover);
        eprintln!("Redis 7   {policy:8} {row}");
        found = Some(row);
    });
    found
}

fn has(row: &Row, breach: Breach) -> bool {
    row.violations.iter().any(|violation| violation.breach == breach)
}

/// As long as bytes arrive in order, `always` keeps what was acknowledged, also through the switch
/// of files that Redis 7 makes.
#[test]
fn redis_7_keeps_the_promise_of_always_where_bytes_arrive_in_order() {
    let Some(row) = row("always", DiskModel::AnyPrefix) else { return };
    assert!(row.violations.is_empty(), "{row}");
    assert!(row.recovered > 20, "{row}");
}

/// A file system that makes a file longer before its bytes arrive leaves zeros at its end. Redis
/// does not start from them, and one that does not start has lost everything that was acknowledged.
#[test]
fn redis_7_refuses_a_log_that_ends_in_zeros_under_always() {
    let Some(row) = row("always", DiskModel::ZeroTail) else { return };
    assert!(has(&row, Breach::Refused), "{row}");
}

/// A rewrite names the next file in the manifest, durably, before the end of the file before it
/// is synced. A power cut then leaves a file in the middle that lacks its end: Redis refuses it if
/// a record is torn; if not, it loads units without those before them.
#[test]
fn redis_7_names_the_next_file_before_the_last_one_is_synced_under_everysec() {
    let Some(row) = row("everysec", DiskModel::AnyPrefix) else { return };
    assert!(has(&row, Breach::Refused), "{row}");
    assert!(has(&row, Breach::NotAPrefix), "{row}");
}

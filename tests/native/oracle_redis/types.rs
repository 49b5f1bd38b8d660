//! Every type against Redis: at least 100,000 random commands each; every reply, every record of
//! the log, and the datasets, alive and after each server has loaded what the other wrote.
//!
//! `AOF_LAB_SEED` chooses other commands, `AOF_LAB_COMMANDS` their number, `AOF_LAB_REDIS` another
//! program as the oracle, and `AOF_LAB_SUBJECT` a program of Redis in the place of `aofd`: with
//! 6.2 there and 7.0 as the oracle, the table of known differences is put to the test itself.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use aof_core::config::Config;
use aof_tests::dataset::{self, Dataset};
use aof_tests::generate::{Family, Generator, families};
use aof_tests::needs;
use aof_tests::server::{Launch, Server};
use aof_tests::workload::{self, Command, now_ms};

use super::compare::{KnownDifference, TOLERANCE_MS};
use super::known;
use super::pair::Pair;
use super::shrink::shrink;

/// Commands of each type.
const COMMANDS: usize = 100_000;
/// Commands between two looks at the logs.
const AT_ONCE: usize = 2_000;
/// Commands between two looks at the datasets.
const LOOK_AT_DATASETS: usize = 20_000;

#[test]
fn strings_agree_with_redis() {
    agree(&families::STRINGS);
}

#[test]
fn lists_agree_with_redis() {
    agree(&families::LISTS);
}

#[test]
fn hashes_agree_with_redis() {
    agree(&families::HASHES);
}

#[test]
fn sets_agree_with_redis() {
    agree(&families::SETS);
}

#[test]
fn sorted_sets_agree_with_redis() {
    agree(&families::SORTED_SETS);
}

#[test]
fn sort_copy_and_move_agree_with_redis() {
    agree(&families::KEYS);
}

#[test]
fn transactions_of_every_type_agree_with_redis() {
    agree(&families::TRANSACTIONS);
}

#[test]
fn every_known_difference_is_met_and_needed() {
    let Some(setting) = Setting::find() else { return };
    if env::var_os("AOF_LAB_REDIS").is_some() {
        eprintln!("NOT PROVEN: that every excuse is needed (another oracle was chosen)");
        return;
    }
    let mut pair = setting.pair(known::of_errors());
    pair.assert_every_known_difference_is_needed();
}

/// Where the two servers keep their files, and which they are.
pub(super) struct Setting {
    redis: PathBuf,
    subject: Option<PathBuf>,
    folder: tempfile::TempDir,
}

impl Setting {
    pub(super) fn find() -> Option<Self> {
        let redis = needs::program("redis-server", "that Redis and aofd agree on every type")?;
        let redis = env::var_os("AOF_LAB_REDIS").map_or(redis, PathBuf::from);
        let subject = env::var_os("AOF_LAB_SUBJECT").map(PathBuf::from);
        Some(Self { redis, subject, folder: tempfile::tempdir().expect("a folder") })
    }

    /// Both servers, empty. No sync ends before a reply, so it is not waited for.
    pub(super) fn pair(&self, known: Vec<KnownDifference>) -> Pair {
        let (our_dir, their_dir) = (self.dir("ours"), self.dir("theirs"));
        Pair::start(
            &self.ours(&our_dir).set("appendfsync", "no"),
            &self.theirs(&their_dir).set("appendfsync", "no"),
            known,
        )
    }

    fn dir(&self, name: &str) -> PathBuf {
        let dir = self.folder.path().join(name);
        fs::create_dir(&dir).expect("a folder");
        dir
    }

    fn ours(&self, dir: &Path) -> Launch {
        match &self.subject {
            Some(program) => Launch::redis(program, dir),
            None => Launch::aofd(dir),
        }
    }

    fn theirs(&self, dir: &Path) -> Launch {
        Launch::redis(&self.redis, dir)
    }
}

fn agree(family: &Family) {
    let Some(setting) = Setting::find() else { return };
    let chosen = setting.subject.is_some() || env::var_os("AOF_LAB_REDIS").is_some();
    let known = if chosen { known::of_two_releases() } else { known::of_every_type() };
    let mut pair = setting.pair(known);
    let count = env::var("AOF_LAB_COMMANDS").ok().and_then(|text| text.parse().ok());
    let seed = workload::seed(family.name);
    assert!(count.is_none() || !needs::in_ci(), "AOF_LAB_COMMANDS would shorten the proof");
    let played = play(&mut pair, family, seed, count.unwrap_or(COMMANDS));
    eprintln!("{}: {played} commands; known differences met: {:?}", family.name, pair.met());
    compare_datasets(&setting, &mut pair);
}

/// Plays the commands of the family. A difference ends the test, with the smallest sequence.
fn play(pair: &mut Pair, family: &Family, seed: u64, count: usize) -> usize {
    let mut generator = Generator::new(family, seed, now_ms());
    let mut played: Vec<Command> = Vec::new();
    if let Err(difference) = pair.begin_with(family.prelude) {
        panic!("{}: {difference:?}", family.name);
    }
    let mut next: Vec<Command> = Vec::new();
    let mut filling = Generator::new(&families::FILLING, seed, now_ms());
    let mut filled = false;
    while !filled {
        filled = played.len() >= count;
        next.extend(if filled { filling.commands(500) } else { generator.commands(AT_ONCE) });
        let before = played.len();
        let result = pair.play(&next);
        played.append(&mut next);
        if let Err(difference) = result {
            played.truncate(before + difference.at + 1);
            let told = shrink(pair, played, difference);
            panic!("{}, AOF_LAB_SEED={seed}: aofd and Redis differ: {told}", family.name);
        }
        if played.len() / LOOK_AT_DATASETS > before / LOOK_AT_DATASETS {
            compare_live(pair);
        }
    }
    played.len()
}

/// The datasets of both, alive, and as each loads what the other wrote.
fn compare_datasets(setting: &Setting, pair: &mut Pair) {
    let our_log = setting.folder.path().join("ours.aof");
    let their_log = setting.folder.path().join("theirs.aof");
    pair.copy_logs(&our_log, &their_log);
    let theirs = compare_live(pair);
    assert!(theirs.len() >= 10, "only {} keys are left", theirs.len());
    if setting.subject.is_some() {
        return;
    }
    let of_log = |log: &Path| dataset::of_log(log, &Config::default()).expect("the log loads");
    let (from_ours, from_theirs) = (of_log(&our_log), of_log(&their_log));
    let live = dataset::of_aofd(&mut pair.ours.server.client(), &from_ours);
    dataset::assert_equal("aofd alive / its log in core", &live, &from_ours);
    let tolerance_ms = if env::var_os("AOF_LAB_REDIS").is_some() { TOLERANCE_MS } else { 0 };
    dataset::assert_near("Redis's log in core / alive", &from_theirs, &theirs, tolerance_ms);

    let check = needs::program("redis-check-aof", "that Redis accepts our logs");
    super::accepted_by_redis_check_aof(&check.expect("redis-server has it"), &our_log);
    let theirs_in_ours = load(&setting.ours(&setting.dir("aofd-loads")), &their_log);
    let loaded = dataset::of_aofd(&mut theirs_in_ours.client(), &from_theirs);
    dataset::assert_equal("Redis's log in aofd / in core", &loaded, &from_theirs);
    let ours_in_theirs = load(&setting.theirs(&setting.dir("redis-loads")), &our_log);
    let loaded = dataset::of_redis(&mut ours_in_theirs.client());
    dataset::assert_near("aofd's log in Redis / in core", &loaded, &from_ours, tolerance_ms);
}

fn compare_live(pair: &Pair) -> Dataset {
    let ours = dataset::of_redis(&mut pair.ours.server.client());
    let theirs = dataset::of_redis(&mut pair.theirs.server.client());
    dataset::assert_near("aofd alive / Redis alive", &ours, &theirs, TOLERANCE_MS);
    theirs
}

/// A server that has loaded a copy of the log, as the single file of older releases.
fn load(launch: &Launch, log: &Path) -> Server {
    fs::copy(log, launch.dir().join("appendonly.aof")).expect("a copy");
    launch.start()
}

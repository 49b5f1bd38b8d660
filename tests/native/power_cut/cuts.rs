//! The power is cut under the real server: after its n-th call of each kind, of whichever of its
//! threads or of its child, while it flushes and while it rewrites.
//!
//! # One cut
//! A server starts on a new disk, gets some keys, and everything is made durable. From then on its
//! calls are written down. A client goes on writing, one command after the other, and asks for a
//! rewrite early on. After the chosen call everything stands still. In every second cut somebody
//! else then syncs an unrelated file, which commits the journal. The power goes.
//!
//! # What must hold
//! - The log that is found is one that the model of the disk allows, when it is told the same
//!   calls. A log outside would be a hole in the model.
//! - `redis-check-aof` agrees with our checker on it.
//! - What it recovers to is the dataset after a prefix of the commands, and the prefix holds what
//!   the policy promised: under `always` each acknowledged one, under `everysec` what the last
//!   finished sync of the log had covered. `redis-6.2` is known to break that, and
//!   `aof_core::explore::holes` names how. What it breaks after an arbitrary call depends on when
//!   the client and the child had their turns, and is only printed; [`known`] cuts where it must
//!   break.
//!
//! # The option that makes holes
//! With `nodelalloc` ext4 may show NULs up to the end of a block and real commands behind it. No
//! server can load that and know that it is right: the hole may as well be damage. The loader
//! refuses, says where, and what `aof fix` leaves must hold the promise.
//!
//! # The kind that is not cut
//! `clone`: a signal makes it start again, and strace sends one each time, so that no child would
//! ever be there. It changes no file. What a cut right after it leaves is what one leaves after the
//! server's call before it, or before the child's first one.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;

use aof_core::config::{Config, Policy};
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{Class, Known, LoadStep, Loader, Options, check};
use aof_core::profile::ProfileName;
use aof_core::promise::{self, Breach, Failure, Ground, History, Promise, Unit};
use aof_core::sim::crash;
use aof_core::sim::disk::Parameters;
use aof_core::sim::operation::{Operation, Replay, Target};
use aof_core::sim::recover::{Recovery, recover};
use aof_core::start::StartError;
use aof_tests::client::{Client, encode};
use aof_tests::loop_disk::{FileSystem, LoopDisk, Maker, Place};
use aof_tests::needs;
use aof_tests::operations::Reader;
use aof_tests::server::{Server, aof};
use aof_tests::standstill::{Watched, Who};
use aof_tests::wait::{self, LIMIT};

use super::models;

mod known;

/// Options of the mount, in turn.
const fn options(kind: FileSystem) -> &'static [&'static str] {
    match kind {
        FileSystem::Ext4 => &[
            "commit=300,data=ordered",
            "commit=300,nodelalloc",
            "commit=300,data=writeback",
            "commit=300,noauto_da_alloc",
        ],
        FileSystem::Xfs => &[""],
    }
}

/// After calls of a kind, and after which of them.
type Kind = (Who, &'static str, &'static [usize]);

const KINDS: [Kind; 10] = [
    (Who::Server, "write", &[1, 2, 3, 8, 13, 21, 34, 55]),
    (Who::Server, "fdatasync", &[1, 2, 3, 8, 13, 21, 34]),
    (Who::Server, "fsync", &[1, 2]),
    (Who::Server, "openat", &[1, 2]),
    (Who::Server, "renameat", &[1]),
    (Who::Server, "close", &[1, 8, 13]),
    (Who::Child, "openat", &[1]),
    (Who::Child, "write", &[1, 2, 3]),
    (Who::Child, "fsync", &[1, 2]),
    (Who::Child, "renameat", &[1]),
];
/// Under a policy that never syncs by itself, only a rewrite promises more than the start did.
const KINDS_OF_A_REWRITE: [Kind; 7] = [
    (Who::Server, "write", &[34]),
    (Who::Server, "fsync", &[1, 2]),
    (Who::Server, "renameat", &[1]),
    (Who::Child, "openat", &[1]),
    (Who::Child, "write", &[3]),
    (Who::Child, "fsync", &[2]),
    (Who::Child, "renameat", &[1]),
];
const LOG: &str = "appendonly.aof";

/// The first commands, which are durable when the calls begin to be written down.
const DURABLE: usize = 20;
/// All commands that are sent before a rewrite is asked for.
const BEFORE_REWRITE: usize = 24;
/// Commands that are sent then, whether it has ended or not.
const DURING_REWRITE: usize = 60;
/// Commands that are sent when it has ended.
const AFTER_REWRITE: usize = 40;

/// The default, and what some people set.
const SYNCS_WHILE_REWRITING: (&str, &str) = ("no-appendfsync-on-rewrite", "no");
const REWRITES_WITHOUT_SYNCS: (&str, &str) = ("no-appendfsync-on-rewrite", "yes");

/// A server that is cut.
#[derive(Clone, Copy)]
struct World {
    profile: ProfileName,
    policy: Policy,
}

impl fmt::Display for World {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.profile.as_str(), self.policy.as_str())
    }
}

impl World {
    fn config(self) -> Config {
        Config { profile: self.profile, appendfsync: self.policy, ..Config::default() }
    }
}

/// The commands that every run sends, with the dataset after each.
struct Script {
    commands: Vec<Vec<u8>>,
    start_digest: u128,
    units: Vec<Unit>,
}

impl Script {
    fn get() -> &'static Self {
        static SCRIPT: OnceLock<Script> = OnceLock::new();
        SCRIPT.get_or_init(Self::make)
    }

    fn make() -> Self {
        let commands: Vec<Vec<u8>> = (0..BEFORE_REWRITE + DURING_REWRITE + AFTER_REWRITE)
            .map(|number| {
                // Every seventh one is longer than a block.
                let padding = if number % 7 == 3 { 5_000 } else { 20 };
                let value = format!("{number}:{}", "x".repeat(padding));
                encode(&["SET", &format!("key:{}", number % 11), &value])
            })
            .collect();
        let mut loader = Loader::new(Executor::new(Config::default(), Keyspace::new(1), 1));
        let start_digest = loader.executor().keyspace.content_digest();
        let mut end = 0;
        let unit = |command: &Vec<u8>| {
            loader.feed(command);
            assert!(matches!(loader.next_step(), Ok(LoadStep::Command(_))));
            end += command.len() as u64;
            Unit { end, digest: loader.executor().keyspace.content_digest() }
        };
        let units = commands.iter().map(unit).collect();
        Self { commands, start_digest, units }
    }

    fn history(&self) -> History<'_> {
        History { start_digest: self.start_digest, units: &self.units }
    }

    /// Position in the log after so many commands.
    fn end_of(&self, commands: usize) -> u64 {
        commands.checked_sub(1).map_or(0, |last| self.units[last].end)
    }
}

/// Sends commands from this one on until there is no reply, or a rewrite has ended and some more
/// were sent. Returns how many were acknowledged, from the first on.
fn write_until_cut(mut client: Client, from: usize) -> usize {
    client.patience(LIMIT);
    let mut acknowledged = from;
    let whole = send(&mut client, &mut acknowledged, BEFORE_REWRITE - from)
        && client.call(&["BGREWRITEAOF"]).is_ok()
        && send(&mut client, &mut acknowledged, DURING_REWRITE)
        && wait::until("the rewrite to end", || rewrite_ended(&mut client));
    if whole {
        send(&mut client, &mut acknowledged, AFTER_REWRITE);
    }
    acknowledged
}

/// The next `count` commands, one after the other. `false` if the server is gone.
fn send(client: &mut Client, acknowledged: &mut usize, count: usize) -> bool {
    for command in &Script::get().commands[*acknowledged..][..count] {
        if client.send_raw(command).is_err() || client.receive().is_err() {
            return false;
        }
        *acknowledged += 1;
    }
    true
}

/// Nothing while a rewrite goes on, `false` if the server is gone.
fn rewrite_ended(client: &mut Client) -> Option<bool> {
    let Ok(answer) = client.call(&["INFO", "persistence"]) else { return Some(false) };
    answer.reply.text().contains("aof_rewrite_in_progress:0").then_some(true)
}

/// What is known at the moment of the cut.
struct AtCut {
    acknowledged: usize,
    /// What the server did, laid onto the model.
    replay: Replay,
    /// Position in the log that the last finished sync of it covered.
    synced: u64,
}

/// Where and when the power goes.
#[derive(Clone, Copy)]
struct Cut {
    who: Who,
    kind: &'static str,
    call: usize,
    commit: bool,
}

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = if self.commit { ", then a commit" } else { "" };
        write!(out, "after {} {} of {:?}{commit}", self.kind, self.call, self.who)
    }
}

/// A server with the first commands, which are durable, and what the model knows of its disk.
fn start(
    place: &Place,
    disk: &LoopDisk<'_>,
    world: World,
    (option, value): (&str, &str),
) -> (Server, Client, Replay) {
    let (profile, policy) = (world.profile.as_str(), world.policy.as_str());
    let launch = crate::server::launch(&disk.path(), (profile, policy)).set(option, value);
    let launch = launch.set("auto-aof-rewrite-percentage", "0").printing_in(place.beside());
    let server = launch.start();
    let mut client = server.client();
    for command in &Script::get().commands[..DURABLE] {
        client.send_raw(command).expect("sent");
        assert!(!client.receive().expect("a reply").reply.is_error());
    }
    // Redis 6.2 may have put off a write.
    let before = wait::until("the log to have all commands", || {
        let log = fs::read(disk.path().join(LOG)).expect("a log");
        let length = log.len() as u64 - selects(&log);
        (length == Script::get().end_of(DURABLE)).then_some(log)
    });
    disk.sync_all();
    let mut replay = Replay::new(Parameters::default());
    replay.install(LOG, 1, before);
    (server, client, replay)
}

/// Runs a server and cuts its power. `None` if it does not make so many calls of this kind.
fn run(place: &Place, disk: &LoopDisk<'_>, strace: &Path, world: World, cut: Cut) -> Option<AtCut> {
    let (mut server, client, mut replay) = start(place, disk, world, SYNCS_WHILE_REWRITING);
    let output = place.beside().join("calls");
    let mut watched = Watched::attach(strace, server.pid(), cut.kind, &output);
    let writer = thread::spawn(move || write_until_cut(client, DURABLE));
    let stands = watched.stand_still(cut.who, cut.call, || writer.is_finished());
    let calls = watched.text().to_owned();
    if cut.commit && stands {
        disk.sync_unrelated();
    }
    disk.cut();
    server.kill();
    watched.end();
    let acknowledged = writer.join().expect("no panic");
    stands.then(|| {
        let synced = lay(&mut replay, &operations(disk, &calls), cut.commit);
        AtCut { acknowledged, replay, synced }
    })
}

/// What strace has written down of the files on this disk.
fn operations(disk: &LoopDisk<'_>, calls: &str) -> Vec<Operation> {
    let mut reader = Reader::new(&disk.path(), &[LOG.to_owned()]);
    calls.lines().for_each(|line| reader.line(line));
    reader.operations
}

/// How much of these bytes says which database is meant. A server says it at the beginning and
/// after a rewrite; positions here are those of the commands alone.
fn selects(bytes: &[u8]) -> u64 {
    let select = encode(&["SELECT", "0"]);
    let found = bytes.windows(select.len()).filter(|window| *window == select).count();
    (found * select.len()) as u64
}

/// Lays what the server did onto the model. Returns what the last finished sync of the log covered.
fn lay(replay: &mut Replay, operations: &[Operation], commit: bool) -> u64 {
    let script = Script::get();
    let (mut log, mut written) = (1, script.end_of(DURABLE));
    let mut synced = written;
    let mut running = Vec::new();
    let mut names = vec![(LOG.to_owned(), 1)];
    for operation in operations {
        replay.apply(operation).expect("what a program has done");
        match operation {
            Operation::Create { name, file } => names.push((name.clone(), *file)),
            Operation::Append { file, bytes } if *file == log => {
                written += bytes.len() as u64 - selects(bytes);
            }
            Operation::Rename { from, to } => {
                let place = names.iter().position(|(name, _)| name == from).expect("created");
                let (_, file) = names.swap_remove(place);
                if to == LOG {
                    log = file;
                }
                names.push((to.clone(), file));
            }
            Operation::SyncBegins { call, target: Target::File(file) } if *file == log => {
                running.push((*call, written));
            }
            Operation::SyncEnds { call, result: Ok(()) } => {
                let ended = running.iter().find(|(begun, _)| begun == call);
                synced = ended.map_or(synced, |&(_, covered)| synced.max(covered));
            }
            _ => {}
        }
    }
    if commit {
        let file = u64::MAX;
        let (call, target) = (u64::MAX, Target::File(file));
        for operation in [
            Operation::Create { name: "unrelated".to_owned(), file },
            Operation::Append { file, bytes: b"x".as_slice().into() },
            Operation::SyncBegins { call, target },
            Operation::SyncEnds { call, result: Ok(()) },
        ] {
            replay.apply(&operation).expect("what somebody has done");
        }
    }
    synced
}

/// What became of the promise after one cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Kept, and everything was there that was promised at most.
    Kept,
    /// Kept, and the file ended with NULs.
    KeptWithZeros,
    /// Refused for a hole, and kept after `aof fix`.
    KeptAfterFix,
    /// Broken, which only Redis's own order may do.
    Broken(&'static str),
}

fn judge(disk: &LoopDisk<'_>, place: &Place, world: World, cut: Cut, at: &AtCut) -> Outcome {
    let what = format!("{world}, {disk:?}, {cut}");
    let content = fs::read(disk.path().join(LOG)).unwrap_or_else(|error| panic!("{what}: {error}"));
    let (saved, length) = (keep(place, &content), content.len());
    for &model in models(disk) {
        let (disk, cut) = (at.replay.disk(), Failure::PowerCut);
        let known = crash::admits(disk, LOG, cut, model, Some(&content));
        assert!(known, "{what}: {} does not know these {length} bytes", model.as_str());
    }
    check_agrees(&what, &content, &saved);
    let promise = match world.policy {
        Policy::Always => Promise {
            at_least_upto: Script::get().end_of(at.acknowledged),
            ground: Ground::Acknowledged,
        },
        _ => Promise { at_least_upto: at.synced, ground: Ground::LastSync },
    };
    match recovered(&content, world, promise) {
        Ok(_) if content.last() == Some(&0) => Outcome::KeptWithZeros,
        Ok(_) => Outcome::Kept,
        Err((Breach::Refused, Some(Class::Malformed))) if disk.options().contains("nodelalloc") => {
            fixed(&what, &saved, world, promise);
            Outcome::KeptAfterFix
        }
        Err((breach, class)) => {
            let hardened = world.profile == ProfileName::Hardened;
            assert!(!hardened, "{what}: {breach} {class:?} in {length} bytes");
            Outcome::Broken(match breach {
                Breach::Refused => "refused",
                Breach::NotAPrefix => "not a prefix",
                Breach::TooShort { .. } => "too short",
            })
        }
    }
}

/// A copy of what was found, for other programs.
fn keep(place: &Place, content: &[u8]) -> PathBuf {
    let saved = place.beside().join("found.aof");
    fs::write(&saved, content).expect("room beside the disk");
    saved
}

fn recovered(
    content: &[u8],
    world: World,
    promise: Promise,
) -> Result<usize, (Breach, Option<Class>)> {
    let recovery = recover(Some(content), &world.config(), 1);
    let class = match &recovery {
        Recovery::Refused(error) => match &**error {
            StartError::Load(error) => Some(error.class()),
            _ => None,
        },
        Recovery::Loaded { .. } => None,
    };
    promise::check(&Script::get().history(), recovery.judged(), promise)
        .map_err(|breach| (breach, class))
}

/// `aof fix` leaves what was promised.
fn fixed(what: &str, saved: &Path, world: World, promise: Promise) {
    let output = Command::new(aof()).args(["fix", "--yes"]).arg(saved).output().expect("it runs");
    assert!(output.status.success(), "{what}: {output:?}");
    let content = fs::read(saved).expect("the fixed log");
    let units = recovered(&content, world, promise);
    assert!(units.is_ok(), "{what}: after aof fix {units:?}");
}

/// Redis's checker calls the log good exactly when ours does.
fn check_agrees(what: &str, content: &[u8], saved: &Path) {
    let Some(program) = needs::program("redis-check-aof", "that it agrees after a cut") else {
        return;
    };
    let ours = check(Options::of(ProfileName::Hardened.profile()), Known::Everything, content);
    let output = Command::new(program).arg(saved).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.success(), ours.error.is_none(), "{what}: {said} {ours:?}");
}

/// Cuts after every call that is asked for, and tells what became of the promise.
fn cut_everywhere(kind: FileSystem, world: World, kinds: &[Kind]) -> Vec<(Cut, Outcome)> {
    let proves = format!("that {world} on {} keeps its promise at a power cut", kind.name());
    let Some(strace) = needs::program("strace", &proves) else { return Vec::new() };
    let Some(maker) = Maker::find(kind, &proves) else { return Vec::new() };
    maker.place(|place| {
        let mut outcomes = Vec::new();
        let mut number = 0;
        let options = options(kind);
        for &(who, kind, calls) in kinds {
            for &call in calls {
                let cut = Cut { who, kind, call, commit: number % 2 == 0 };
                let mut disk = place.disk(options[number / 2 % options.len()]);
                let Some(at) = run(place, &disk, &strace, world, cut) else { break };
                disk.power_on();
                let outcome = judge(&disk, place, world, cut, &at);
                eprintln!("{world}, {disk:?}, {cut}: {outcome:?}");
                outcomes.push((cut, outcome));
                number += 1;
            }
        }
        outcomes
    })
}

fn cut_hardened(kind: FileSystem, policy: Policy, kinds: &[Kind]) {
    let outcomes = cut_everywhere(kind, World { profile: ProfileName::Hardened, policy }, kinds);
    if !outcomes.is_empty() {
        assert_every_kind_was_cut(&outcomes, kinds, &[]);
    }
}

fn cut_redis(policy: Policy) {
    let world = World { profile: ProfileName::Redis62, policy };
    let outcomes = cut_everywhere(FileSystem::Ext4, world, &KINDS);
    if !outcomes.is_empty() {
        // Redis 6.2 syncs no directory.
        assert_every_kind_was_cut(&outcomes, &KINDS, &[(Who::Server, "fsync")]);
    }
}

fn assert_every_kind_was_cut(outcomes: &[(Cut, Outcome)], kinds: &[Kind], but: &[(Who, &str)]) {
    for &(who, kind, _) in kinds {
        let kind = (who, kind);
        let cut = outcomes.iter().any(|(cut, _)| (cut.who, cut.kind) == kind);
        assert!(cut || but.contains(&kind), "no cut after {kind:?}");
    }
}

#[test]
fn hardened_always_loses_nothing() {
    cut_hardened(FileSystem::Ext4, Policy::Always, &KINDS);
}

#[test]
fn hardened_loses_nothing_on_xfs() {
    cut_hardened(FileSystem::Xfs, Policy::Always, &KINDS);
}

#[test]
fn hardened_everysec_keeps_what_was_synced() {
    cut_hardened(FileSystem::Ext4, Policy::EverySec, &KINDS);
}

#[test]
fn hardened_without_syncs_keeps_what_was_durable() {
    cut_hardened(FileSystem::Ext4, Policy::No, &KINDS_OF_A_REWRITE);
}

#[test]
fn redis_always_leaves_what_the_model_knows() {
    cut_redis(Policy::Always);
}

#[test]
fn redis_everysec_leaves_what_the_model_knows() {
    cut_redis(Policy::EverySec);
}

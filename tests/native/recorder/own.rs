//! Any server on the recorder: its directories after every crash, recovered by itself.
//!
//! What a server makes of its own files is the last word on what they are worth, and the only one
//! where the server is not ours. So each directory that a crash may leave is given to it, and it
//! is asked what it has. That takes some milliseconds for each, so directories are bounded; files
//! of `aofd` are recovered by `core` elsewhere, many more of them. Both must agree.
//!
//! `AOF_LAB_RECORDER_SERVER` names the program of a server of the reader's; `cargo xtask crashes`
//! sets it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use aof_core::config::{Config, Policy};
use aof_core::promise::{Breach, Failure};
use aof_core::sim::crash::DiskModel;
use aof_tests::client::Reply;
use aof_tests::fuse::survey::{
    Directory, DirectoryLimits, HEADING, Line, Row, Run, survey_directories,
};
use aof_tests::fuse::{Fault, Kind, Outcome, Recorder, Watched, on_recorder};
use aof_tests::server::Launch;
use aof_tests::wait;

use super::{LOG, NEW_LOG, POLICIES, Writer, show};
use crate::server::folder;

/// Where Redis 7 keeps the files of its log.
const DIRECTORY: &str = "appendonlydir";
/// The file that records go to there before the rewrite.
const FIRST: &str = "appendonlydir/appendonly.aof.1.incr.aof";
/// A server that syncs once a second has done so by then; else it is given something to write.
const SYNC_PAUSE: Duration = Duration::from_secs(2);
/// Of three records that are not synced: none, all, those between, and a torn one.
const EACH: usize = 6;

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// What the table calls it.
    name: String,
    /// None is ours.
    program: Option<PathBuf>,
    /// Of ours.
    profile: &'static str,
    policy: &'static str,
}

impl Subject {
    fn aofd(profile: &'static str, policy: &'static str) -> Self {
        Self { name: format!("aofd {profile}"), program: None, profile, policy }
    }

    /// One that takes Redis's options.
    pub(super) fn like_redis(program: &Path, policy: &'static str) -> Self {
        let asked = Command::new(program).arg("--version").output();
        let said = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let said = said.unwrap_or_default();
        let version = said.split_whitespace().find_map(|word| word.strip_prefix("v="));
        let called = program.file_name().unwrap_or_default().to_string_lossy();
        let name = version.map_or(called.into_owned(), |version| {
            let family = said.split_whitespace().next().unwrap_or_default();
            format!("{family} {version}")
        });
        Self { name, program: Some(program.to_owned()), profile: "", policy }
    }

    fn launch(&self, dir: &Path) -> Launch {
        let launch = match &self.program {
            Some(program) => Launch::redis(program, dir),
            None => Launch::aofd(dir).set("profile", self.profile),
        };
        launch.set("appendfsync", self.policy).set("auto-aof-rewrite-percentage", "0")
    }

    fn policy(&self) -> Policy {
        Policy::parse(self.policy.as_bytes()).expect("a policy")
    }

    /// Lets the failure come after each operation of a run.
    pub(super) fn row(&self, of: (Failure, DiskModel), most: usize, proves: &str) -> Option<Row> {
        let mut found = None;
        on_recorder(proves, |recorder| {
            let run = Recording::new(recorder, self).make();
            // What lies elsewhere, or is called otherwise, is not looked at.
            let counts = |path: &str| path == LOG || path.starts_with("appendonlydir/appendonly.");
            let limits = DirectoryLimits { each: EACH, most };
            let recover = |directory: &Directory| self.recover(directory);
            let row = survey_directories(&run, of, limits, counts, recover);
            show(&HEADING);
            show(&Line { server: &self.name, policy: self.policy(), row: &row });
            found = Some(row);
        });
        found
    }

    /// What it makes of a directory: so many units; something else; or it does not start.
    fn recover(&self, directory: &Directory) -> Option<Result<u64, String>> {
        let dir = folder();
        for (path, content) in directory {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        let server = self.launch(dir.path()).attempt().ok()?;
        let list = server.client().command("LRANGE list 0 -1");
        let numbers: Vec<Reply> = list.elements().to_vec();
        let whole = numbers.iter().zip(1..).all(|(reply, n)| *reply == Reply::bulk(n.to_string()));
        Some(if whole { Ok(numbers.len() as u64) } else { Err(format!("{numbers:?}")) })
    }
}

/// A run that is made.
struct Recording<'a> {
    recorder: &'a Recorder,
    subject: &'a Subject,
    server: Watched<'a>,
    writer: Writer<'a>,
    /// The log is in several files.
    is_split: bool,
}

impl<'a> Recording<'a> {
    fn new(recorder: &'a Recorder, subject: &'a Subject) -> Self {
        recorder.make_directory(DIRECTORY);
        let launch = subject.launch(&recorder.path()).printing_in(recorder.beside());
        let server = recorder.start(&launch);
        let writer = Writer::new(recorder, server.client());
        let is_split = recorder.bytes(LOG).is_none();
        Self { recorder, subject, server, writer, is_split }
    }

    /// The file that records go to, before and after the rewrite.
    fn log(&self, number: u32) -> String {
        let split = format!("{DIRECTORY}/appendonly.aof.{number}.incr.aof");
        if self.is_split { split } else { LOG.to_owned() }
    }

    /// Under `everysec`, waits for a sync of everything.
    fn settle(&mut self, number: u32) {
        if self.subject.policy != "everysec" {
            return;
        }
        let path = self.log(number);
        wait::until_true("a sync", || {
            let synced = || self.recorder.is_synced(&path).then_some(());
            let found = wait::for_at_most(SYNC_PAUSE, synced).is_some();
            if !found {
                self.writer.write(1);
            }
            found
        });
    }

    /// Lets the next sync of the first file end late, and with it a sync of what is in it. Of a log
    /// in one file that would only make the server wait.
    fn hold_first_file(&mut self) -> usize {
        if !self.is_split || self.subject.policy != "everysec" {
            return 0;
        }
        self.recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(FIRST));
        // On a slow machine the second may have been over before.
        while self.recorder.is_synced(FIRST) {
            self.recorder.clear_faults();
            self.writer.write(1);
            self.recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(FIRST));
        }
        1
    }

    /// Writes, rewrites with writes meanwhile, and writes again. Of several files, under
    /// `everysec`, the last units before the rewrite are not synced when it begins.
    fn make(mut self) -> Run {
        let recorder = self.recorder;
        self.writer.write(3);
        self.settle(1);
        self.writer.write(3);
        let hanging = 1 + self.hold_first_file();
        // A child that gets what is written meanwhile has two syncs, the second behind all of it.
        let last = if self.is_split { 1 } else { 2 };
        recorder.arm(Fault::next(Kind::Sync, Outcome::Hangs).of(NEW_LOG).nth(last));
        let started = self.writer.client.command("BGREWRITEAOF");
        assert!(!started.is_error(), "{started:?}");
        wait::until_true("the child to sync its file", || recorder.hanging() == hanging);
        let before = self.writer.commands.len();
        self.writer.write(3);
        if self.is_split {
            // Perhaps put off for two seconds, by a sync that hangs.
            let (path, records) = (self.log(2), self.writer.commands.len() - before);
            wait::until_true("the records in the second file", || {
                let written = recorder.bytes(&path).unwrap_or_default();
                written.windows(5).filter(|word| word == b"RPUSH").count() == records
            });
        } else {
            self.settle(1);
        }
        recorder.release();
        let client = &mut self.writer.client;
        wait::until_true("the rewrite to end", || client.info("aof_rewrite_in_progress") == "0");
        assert_eq!(client.info("aof_last_bgrewrite_status"), "ok");
        self.writer.write(3);
        self.settle(2);
        self.server.kill();
        Run {
            operations: recorder.operations(),
            commands: self.writer.commands,
            config: Config { appendfsync: self.subject.policy(), ..Config::default() },
        }
    }
}

/// What `core` says of a log, the server says of it: one profile keeps its promise, one does not.
#[test]
fn our_server_recovers_from_crashes_as_core_says() {
    let proves = "that our server recovers from a crash as core says";
    let crash = (Failure::PowerCut, DiskModel::AnyPrefix);
    let Some(row) = Subject::aofd("hardened", "always").row(crash, 60, proves) else { return };
    assert!(row.violations.is_empty() && row.recovered > 20 && row.datasets > 9, "{row}");
    let Some(row) = Subject::aofd("redis-3.0", "always").row(crash, 60, proves) else { return };
    let short = |breach| matches!(breach, Breach::TooShort { .. });
    assert!(row.violations.iter().any(|violation| short(violation.breach)), "{row}");
}

/// The rows of a server of the reader's. Without one there are none.
#[test]
fn a_server_of_your_own_gets_its_rows() {
    let Some(program) = env::var_os("AOF_LAB_RECORDER_SERVER") else { return };
    for policy in POLICIES {
        let subject = Subject::like_redis(Path::new(&program), policy);
        let models = [DiskModel::Exact, DiskModel::AnyPrefix, DiskModel::ZeroTail];
        let cuts = models.map(|model| (Failure::PowerCut, model));
        for crash in [(Failure::Killed, DiskModel::Exact)].into_iter().chain(cuts) {
            let row = subject.row(crash, 400, "what a crash leaves of your server");
            assert!(row.is_some_and(|row| row.recovered > 0), "{crash:?}");
        }
    }
}

//! The server under torture, as a child process. It ends with this program, however that ends,
//! but for a `kill -9`: the server has a process group of its own.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use aof_core::config::Policy;
use aof_core::profile::ProfileName;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::client::{Client, Reply};
use super::place::{Place, SOCKET};

/// A server that does not serve after so long never will.
const START_LIMIT: Duration = Duration::from_secs(120);
/// A server that was asked to end has so long.
const END_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);
/// Most bytes of what a server printed that are looked at.
const PRINTED_BYTES: u64 = 64 * 1024;
/// Lines of it that are shown.
const PRINTED_LINES: usize = 2;

/// Which family a server is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Ours.
    Aofd,
    /// Redis and what has its command line.
    Redis,
}

/// A program that is a server.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) family: Family,
    /// What it says about itself.
    pub(super) version: String,
}

impl Program {
    /// Finds the program: a path, or a name that is looked for beside this program and on `PATH`.
    ///
    /// # Errors
    /// If there is none, or it is no server.
    pub(super) fn find(asked: &Path) -> anyhow::Result<Self> {
        let path = search(asked).with_context(|| format!("there is no {}", asked.display()))?;
        let output = Command::new(&path).arg("--version").stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("Can't run {}", path.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let line = said.lines().next().unwrap_or_default().trim();
        let family = if line.starts_with("aofd ") {
            Family::Aofd
        } else if line.starts_with("Redis server ") || line.starts_with("Valkey server ") {
            Family::Redis
        } else {
            bail!("{} is neither aofd nor redis-server: it says \"{line}\"", path.display());
        };
        // Redis tells its build, too.
        let version = line.split(" sha=").next().unwrap_or(line).to_owned();
        Ok(Self { path, family, version })
    }
}

fn search(asked: &Path) -> Option<PathBuf> {
    if asked.components().count() > 1 {
        // A program may know itself by the name of a link, so links are not followed.
        return std::path::absolute(asked).ok().filter(|path| path.is_file());
    }
    let beside = env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned()));
    let path = env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(asked))
        .find(|path| path.is_file())
}

/// How the server is to be started, the same at every start.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) program: Program,
    pub(super) policy: Policy,
    /// Of our own server.
    pub(super) profile: Option<ProfileName>,
}

impl Launch {
    fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut set = |directive: &str, value: &str| {
            words.push(format!("--{directive}").into());
            words.push(value.into());
        };
        set("port", "0");
        set("unixsocket", &format!("../{SOCKET}"));
        set("appendonly", "yes");
        set("appendfsync", self.policy.as_str());
        // Small enough for some rewrites that nobody has asked for.
        set("auto-aof-rewrite-min-size", "16mb");
        match self.program.family {
            Family::Aofd => {
                if let Some(profile) = self.profile {
                    set("profile", profile.as_str());
                }
            }
            Family::Redis => set("save", ""),
        }
        words
    }
}

/// What became of a start.
#[derive(Debug)]
pub(super) enum Started {
    /// It answers; the time from its start until then.
    Serves(Duration),
    /// It ended, or never answered. What it printed last.
    Refused(String),
    /// Somebody wants to stop.
    Interrupted,
}

/// A server that runs. It leads a process group of its own; dropping this kills the group.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    began: Instant,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Server {
    /// Starts the server and waits for nothing.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub(super) fn spawn(launch: &Launch, place: &Place) -> anyhow::Result<Self> {
        match fs::remove_file(place.root().join(SOCKET)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let log = place.log();
        let output = File::create(&log)?;
        let mut command = Command::new(&launch.program.path);
        command.args(launch.words()).current_dir(place.data()).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let began = Instant::now();
        let failed = || format!("Can't run {}", launch.program.path.display());
        let child = command.spawn().with_context(failed)?;
        Ok(Self { child, began, log, ended: None })
    }

    /// Waits until it answers PING, or ends.
    pub(super) fn wait_until_serving(&mut self, place: &Place, stop: &AtomicBool) -> Started {
        while self.began.elapsed() < START_LIMIT {
            if self.has_ended() {
                return Started::Refused(self.last_words());
            }
            if stop.load(Ordering::Relaxed) {
                return Started::Interrupted;
            }
            let answer = Client::connect(place.folder(), SOCKET)
                .and_then(|mut client| client.call(&["PING"]));
            if answer.is_ok_and(|reply| reply == Reply::Simple(b"PONG".to_vec())) {
                return Started::Serves(self.began.elapsed());
            }
            thread::sleep(PAUSE);
        }
        let limit = START_LIMIT.as_secs();
        Started::Refused(format!("no answer for {limit} s; {}", self.last_words()))
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended.is_some()
    }

    /// How it ended and what it printed last.
    pub(super) fn last_words(&self) -> String {
        let mut printed = Vec::new();
        if let Ok(file) = File::open(&self.log) {
            file.take(PRINTED_BYTES).read_to_end(&mut printed).ok();
        }
        let printed = String::from_utf8_lossy(&printed);
        let lines: Vec<&str> =
            printed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(PRINTED_LINES)..).unwrap_or(&lines);
        let how = self.ended.map_or_else(String::new, |status| format!("{status}: "));
        format!("{how}{}", last.join(" / "))
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().map(Pid::from_raw)
    }

    /// `kill -9` of the server and of its rewrite child; returns when the server is gone.
    pub(super) fn kill(&mut self) {
        if !self.has_ended() {
            if let Some(pid) = self.pid() {
                killpg(pid, Signal::SIGKILL).ok();
            }
            self.ended = self.child.wait().ok();
        }
    }

    /// Asks it to end, and waits for that.
    ///
    /// # Errors
    /// If it does not end.
    pub(super) fn end(&mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.pid().filter(|_| self.ended.is_none()) {
            kill(pid, Signal::SIGTERM).ok();
        }
        let began = Instant::now();
        while !self.has_ended() {
            if began.elapsed() > END_LIMIT {
                bail!("the server does not end when it is asked to: {}", self.last_words());
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

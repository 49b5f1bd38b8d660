//! The server under torture, as a child process. It ends with this program, however that ends,
//! but for a `kill -9`: the server has a process group of its own.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
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
/// Between two looks at a server that is about to stand still.
const FREEZE_PAUSE: Duration = Duration::from_micros(50);
/// Numbers of system calls.
const WRITE_CALL: i64 = nix::libc::SYS_write;
const WRITEV_CALL: i64 = nix::libc::SYS_writev;
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
        let printed = end_of(&self.log).unwrap_or_default();
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

    /// Stops the server and its rewrite child where they are; returns when the server stands
    /// still. `false` if it has ended.
    pub(super) fn freeze(&mut self) -> bool {
        self.signal_group(Signal::SIGSTOP);
        // A thread inside a system call that cannot be interrupted stops at its end.
        while !self.has_ended() {
            if self.stands_still() {
                return true;
            }
            thread::sleep(FREEZE_PAUSE);
        }
        false
    }

    /// Lets it go on.
    pub(super) fn thaw(&self) {
        self.signal_group(Signal::SIGCONT);
    }

    fn signal_group(&self, signal: Signal) {
        if let Some(pid) = self.pid().filter(|_| self.ended.is_none()) {
            killpg(pid, signal).ok();
        }
    }

    fn about(&self, what: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{what}", self.child.id()))
    }

    /// The state stands behind the name, which may hold anything.
    fn stands_still(&self) -> bool {
        let stat = fs::read_to_string(self.about("stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
    }

    /// Whether its first thread, which stands still, was stopped as it wrote to a log in
    /// `folder`. `false` where the kernel does not say.
    pub(super) fn stands_in_a_write_to(&self, folder: &Path) -> bool {
        let call = fs::read_to_string(self.about("syscall")).unwrap_or_default();
        let Some(descriptor) = written_descriptor(&call) else { return false };
        let path = fs::read_link(self.about(&format!("fd/{descriptor}"))).unwrap_or_default();
        let is_log = |name: &OsStr| name.as_encoded_bytes().starts_with(b"appendonly.aof");
        path.starts_with(folder) && path.file_name().is_some_and(is_log)
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

/// The last [`PRINTED_BYTES`] of a file.
fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(PRINTED_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(PRINTED_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The descriptor of a line of `/proc/PID/syscall`, if the call is a `write`: the number of the
/// call, then its arguments.
fn written_descriptor(call: &str) -> Option<u64> {
    let mut words = call.split_ascii_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    if ![WRITE_CALL, WRITEV_CALL].contains(&number) {
        return None;
    }
    u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_what_was_printed_is_said() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("printed");
        let long = "an old line\n".repeat(20_000) + "the reason\n";
        fs::write(&path, &long).expect("written");
        let end = end_of(&path).expect("readable");
        assert_eq!(end.len() as u64, PRINTED_BYTES);
        assert!(end.ends_with(b"\nthe reason\n"));
        fs::write(&path, "short").expect("written");
        assert_eq!(end_of(&path).expect("readable"), b"short");
    }

    #[test]
    fn only_a_write_has_a_descriptor() {
        let call = |number: i64| format!("{number} 0x1a 0x7f00 0x40 0x0 0x0 0x0 0x7ffc 0x7f11\n");
        assert_eq!(written_descriptor(&call(WRITE_CALL)), Some(26));
        assert_eq!(written_descriptor(&call(WRITEV_CALL)), Some(26));
        assert_eq!(written_descriptor(&call(nix::libc::SYS_fdatasync)), None);
        for other in ["running\n", "-1 0x7ffc 0x7f11\n", "", "1", "1 26"] {
            assert_eq!(written_descriptor(other), None, "{other}");
        }
    }
}

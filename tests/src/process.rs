//! A program of others or of ours that runs beside a test and never outlives it.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::wait;

/// A running program. It leads a process group of its own; dropping this kills the whole group,
/// so that a server under strace goes with its tracer.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command`; what it prints goes to `log`.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(mut command: Command, log: &Path) -> io::Result<Self> {
        let name = Path::new(command.get_program()).display().to_string();
        let output = File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let child = command.spawn()?;
        Ok(Self { child, name, log: log.to_owned(), ended: None })
    }

    /// Its number; under strace, the tracer's.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX))
    }

    /// What it printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Sends a signal to the process itself.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            kill(self.pid(), signal).ok();
        }
    }

    /// Kills the whole group at once, and returns when it is gone.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            killpg(self.pid(), Signal::SIGKILL).ok();
            self.ended = self.child.wait().ok();
        }
        // A server under strace may take longer to go than its tracer, and holds its lock; and a
        // rewrite child dies a little after its server.
        wait::until_true("the group to be gone", || !group_lives(self.id()));
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// If it does not come within `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        match wait::for_at_most(limit, || self.ended()) {
            Some(status) => status,
            None => panic!("{} still runs after {limit:?}:\n{}", self.name, self.printed()),
        }
    }
}

/// Whether a process of this group has not ended. One that nobody has reaped has ended.
fn group_lives(group: u32) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else { return false };
    entries.flatten().any(|entry| {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { return false };
        // After the name in parentheses: state, parent, group.
        let Some((_, fields)) = stat.rsplit_once(") ") else { return false };
        let mut fields = fields.split(' ');
        let state = fields.next().unwrap_or("Z");
        state != "Z" && state != "X" && fields.nth(1) == Some(&group.to_string())
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

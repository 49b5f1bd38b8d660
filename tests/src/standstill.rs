//! A server and its rewrite child that stand still after a chosen call.
//!
//! # How
//! strace stops the process that makes a call of one kind, each time, right after the call. Whoever
//! waits for another one lets the process go on ([`Watched::stand_still`] does). At the chosen one
//! the other process is stopped as well, and then nothing is in flight: every call that strace has
//! written down is done, and none is done that it has not.
//!
//! # When a process stands still
//! When each of its threads has said so since it last went on. The state in `/proc` says less: a
//! thread that strace looks at for a moment has the same state. A process is only let go on when
//! it stands still, because SIGCONT takes a stop back that has not come about yet.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::Process;
use crate::wait;

/// Whose calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The server, with all its threads.
    Server,
    /// The child that rewrites its log.
    Child,
}

/// The calls that are written down, because they change files or say whose descriptor is whose.
const CALLS: &str = "openat,write,writev,pwrite64,fdatasync,fsync,ftruncate,close,rename,renameat,\
                     renameat2,unlink,unlinkat,clone";

/// A server under strace.
#[derive(Debug)]
pub struct Watched {
    process: Process,
    server: Pid,
    written: File,
    text: String,
    /// Lines up to here are of the time before the server last went on; and of its child.
    went_on: [usize; 2],
}

impl Watched {
    /// Takes hold of a server that runs. It will stop after each call of this kind, and so will its
    /// child.
    ///
    /// # Panics
    /// If strace does not take hold of it.
    #[must_use]
    pub fn attach(strace: &Path, server: Pid, kind: &str, output: &Path) -> Self {
        let mut command = Command::new(strace);
        // Paths and contents whole, and in hexadecimal digits: nothing to unescape.
        command.args(["-f", "-y", "-xx", "-s", "4194304", "-o"]).arg(output);
        command.args(["-e", &format!("trace={CALLS},{kind}")]);
        command.args(["-e", &format!("inject={kind}:signal=SIGSTOP")]);
        // With all of its threads, because new ones are followed.
        command.args(["-p", &server.to_string()]);
        let mut process = Process::start(command, &output.with_extension("said")).expect("strace");
        wait::until_true("strace to take hold of the server", || {
            let said = process.printed();
            assert!(process.ended().is_none(), "{said}");
            said.contains("attached")
        });
        let written = File::open(output).expect("strace writes");
        Self { process, server, written, text: String::new(), went_on: [0, 0] }
    }

    /// What strace wrote so far.
    pub fn text(&mut self) -> &str {
        // A line may be half written; it is whole before anybody stands still.
        let mut more = Vec::new();
        self.written.read_to_end(&mut more).expect("strace's file");
        self.text.push_str(&String::from_utf8_lossy(&more));
        &self.text
    }

    /// Lets both run until one of them has made its `nth` call of the kind, from 1 on, and then
    /// stops both. `false` if `is_over` says so before.
    ///
    /// # Panics
    /// If neither comes.
    pub fn stand_still(&mut self, who: Who, nth: usize, is_over: impl FnMut() -> bool) -> bool {
        let stands = self.hold(who, nth, is_over);
        if stands {
            self.freeze();
        }
        stands
    }

    /// The same, but the other one goes on. The next [`Self::stand_still`] lets this one go on,
    /// too, and counts from this call on.
    ///
    /// # Panics
    /// If neither comes.
    pub fn hold(&mut self, who: Who, nth: usize, mut is_over: impl FnMut() -> bool) -> bool {
        let mut counted = 0;
        loop {
            let mut found = None;
            wait::until_true("a call or the end", || {
                let both = [Who::Server, Who::Child];
                found = both.into_iter().find(|who| self.stops(*who) > 0);
                found.is_some() || is_over()
            });
            let Some(of) = found else { return false };
            if let Some(pid) = self.pid(of) {
                self.wait_until_still(pid, of);
            }
            // Two threads may have stopped their process together. It goes on once.
            let stops = self.stops(of);
            counted += if of == who { stops } else { 0 };
            if counted >= nth {
                return true;
            }
            self.went_on[of as usize] = self.text().len();
            if let Some(pid) = self.pid(of) {
                kill(pid, Signal::SIGCONT).ok();
            }
        }
    }

    /// How many threads of a process strace has stopped since it last went on.
    fn stops(&mut self, who: Who) -> usize {
        let since = self.went_on[who as usize];
        let stop = |line: &str| -> Option<i32> {
            let (thread, rest) = line.split_once(' ')?;
            // One of ours comes from a process, strace's from the kernel.
            let is_strace =
                rest.trim_start().starts_with("--- SIGSTOP") && rest.contains("SI_KERNEL");
            is_strace.then(|| thread.parse().ok()).flatten()
        };
        let threads: Vec<i32> = self.text()[since..].lines().filter_map(stop).collect();
        threads.into_iter().filter(|thread| self.process_of(*thread) == who).count()
    }

    fn process_of(&self, thread: i32) -> Who {
        if threads(self.server).contains(&thread) { Who::Server } else { Who::Child }
    }

    fn pid(&self, who: Who) -> Option<Pid> {
        match who {
            Who::Server => Some(self.server),
            Who::Child => child_of(self.server),
        }
    }

    /// Stops both wherever they are. A call that a thread was in has ended then.
    ///
    /// # Panics
    /// If one does not stand still.
    pub fn freeze(&mut self) {
        // The server first: it could make another child.
        for who in [Who::Server, Who::Child] {
            if let Some(pid) = self.pid(who) {
                kill(pid, Signal::SIGSTOP).ok();
                self.wait_until_still(pid, who);
            }
        }
    }

    fn wait_until_still(&mut self, pid: Pid, who: Who) {
        let since = self.went_on[who as usize];
        wait::until_true("a process to stand still", || {
            let text = self.text();
            let still: BTreeSet<i32> = text[since..]
                .lines()
                .filter(|line| line.ends_with("--- stopped by SIGSTOP ---"))
                .filter_map(|line| line.split_once(' ')?.0.parse().ok())
                .collect();
            threads(pid).is_subset(&still)
        });
    }

    /// Both are gone, and strace with them.
    pub fn end(&mut self) {
        wait::until_true("strace to end", || self.process.ended().is_some());
    }
}

/// The threads of a process that have not ended.
fn threads(pid: Pid) -> BTreeSet<i32> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return BTreeSet::new() };
    let lives = |path: &PathBuf| {
        let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    let paths = entries.flatten().map(|entry| entry.path()).filter(lives);
    paths.filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect()
}

/// The process that a server has forked, if it has not ended.
fn child_of(server: Pid) -> Option<Pid> {
    threads(server).into_iter().find_map(|thread| {
        let path = format!("/proc/{server}/task/{thread}/children");
        let children = fs::read_to_string(path).unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        pids.map(Pid::from_raw).find(|pid| !threads(*pid).is_empty())
    })
}

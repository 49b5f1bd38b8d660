//! System calls as strace saw them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::process::Process;
use crate::wait;

/// One call, from the line that began it to the line that ended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The thread.
    pub thread: u32,
    /// Its name, such as `write`.
    pub name: String,
    /// The file that it works on: of its first argument, or that which `openat` gave.
    pub path: PathBuf,
    /// Its last argument when that is a number: bytes of `write`, length of `ftruncate`.
    pub argument: Option<u64>,
    /// What it gave, or the number of the error.
    pub result: Result<u64, i32>,
    /// Line on which it began, from 0.
    pub began: usize,
    /// Line on which it ended; the same if nothing came between.
    pub ended: usize,
    /// strace made it wait.
    pub delayed: bool,
}

/// What to watch and what to do to it.
#[derive(Clone, Debug)]
pub struct Strace {
    program: PathBuf,
    output: PathBuf,
    inject: Vec<String>,
    /// The calls that are watched.
    calls: String,
    /// If there are any, only calls that work on one of these.
    paths: Vec<PathBuf>,
}

/// The calls that can touch a file.
const CALLS: &str = "openat,write,writev,pwrite64,pwritev,fdatasync,fsync,sync_file_range,\
                     ftruncate,truncate,fallocate,close,rename,renameat,renameat2,unlink,unlinkat";

impl Strace {
    /// strace at `program`, writing to `output`.
    #[must_use]
    pub fn new(program: &Path, output: &Path) -> Self {
        Self {
            program: program.to_owned(),
            output: output.to_owned(),
            inject: Vec::new(),
            calls: CALLS.to_owned(),
            paths: Vec::new(),
        }
    }

    /// Watches only calls that work on this file or folder, or another that was given so. Only
    /// these are counted, and tampered with.
    #[must_use]
    pub fn path(mut self, path: &Path) -> Self {
        self.paths.push(path.to_owned());
        self
    }

    /// Tampers with calls, such as `fdatasync:error=EIO:when=2`. Numbers count per thread.
    #[must_use]
    pub fn inject(mut self, what: &str) -> Self {
        self.inject.push(format!("inject={what}"));
        self
    }

    /// Lets every `fork(2)` fail. Threads are made by another call.
    #[must_use]
    pub fn without_children(self) -> Self {
        // strace tampers with nothing that it does not watch.
        self.inject("clone:error=EAGAIN").watch("clone")
    }

    /// Watches these calls instead, separated by commas.
    #[must_use]
    pub fn only(mut self, calls: &str) -> Self {
        calls.clone_into(&mut self.calls);
        self
    }

    /// Watches another call.
    #[must_use]
    pub fn watch(mut self, call: &str) -> Self {
        self.calls.push(',');
        self.calls.push_str(call);
        self
    }

    /// The command line before the traced program.
    #[must_use]
    pub fn wrapper(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![self.program.clone().into()];
        // Follow threads, show the path of each descriptor, no contents.
        words.extend(["-f", "-y", "-s", "0", "-o"].map(OsString::from));
        words.push(self.output.clone().into());
        words.extend(["-e".into(), format!("trace={}", self.calls).into()]);
        for inject in &self.inject {
            words.extend(["-e".into(), inject.into()]);
        }
        for path in &self.paths {
            words.extend(["-P".into(), path.into()]);
        }
        words
    }

    /// What was seen so far.
    #[must_use]
    pub fn text(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Waits until the traced program has ended and strace has said so, and returns the calls.
    ///
    /// # Panics
    /// If it does not end, or a line cannot be read.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        wait::until_true("strace to see the end", || {
            let text = self.text();
            let last = text.lines().last().unwrap_or_default();
            text.ends_with('\n') && last.contains("+++ ")
        });
        parse(&self.text())
    }
}

/// strace on a server that runs already, so that nothing of its start is counted. Dropping it lets
/// the server go on alone.
#[derive(Debug)]
pub struct Attached {
    process: Process,
}

impl Attached {
    /// Watches `calls` of the threads that a process has now, and tampers with them; with
    /// `children`, also of what it starts from now on. Calls are counted per thread.
    ///
    /// # Panics
    /// If strace does not take hold of it.
    #[must_use]
    pub fn start(
        program: &Path,
        (pid, children): (Pid, bool),
        output: &Path,
        (calls, inject): (&str, &str),
    ) -> Self {
        let mut command = Command::new(program);
        command.args(["-s", "0", "-e", &format!("trace={calls}")]);
        if children {
            command.arg("-f");
        }
        let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
        let threads: Vec<_> = threads.map(|thread| thread.expect("a thread").file_name()).collect();
        for thread in &threads {
            command.arg("-p").arg(thread);
        }
        // It says so of each that was named; one that is followed into its threads has all of them.
        let lines = if children { 1 } else { threads.len() };
        command.args(["-e", &format!("inject={inject}"), "-o"]).arg(output);
        let mut process = Process::start(command, &output.with_extension("said")).expect("strace");
        wait::until_true("strace to take hold", || {
            let said = process.printed();
            assert!(process.ended().is_none(), "{said}");
            said.matches("attached").count() >= lines
        });
        Self { process }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // At SIGTERM it detaches; killed, it would leave the server stopped.
        self.process.signal(Signal::SIGTERM);
        wait::for_at_most(wait::LIMIT, || self.process.ended());
    }
}

/// Reads what `strace -f -y -s 0 -o` wrote. Calls stand in the order in which they began.
///
/// # Panics
/// If a line is none of strace's.
#[must_use]
pub fn parse(text: &str) -> Vec<Call> {
    let mut calls: BTreeMap<usize, Call> = BTreeMap::new();
    let mut unfinished: BTreeMap<u32, (usize, String)> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let (thread, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no call: {line}"));
        let thread: u32 = thread.parse().unwrap_or_else(|_| panic!("no thread: {line}"));
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (number, start.to_owned()));
            continue;
        }
        let (began, whole) = match rest.split_once(" resumed>") {
            Some((_, end)) if rest.starts_with("<... ") => {
                let Some((began, start)) = unfinished.remove(&thread) else { continue };
                (began, format!("{start}{end}"))
            }
            _ => (number, rest.to_owned()),
        };
        if let Some(call) = parse_call(thread, &whole, began, number) {
            calls.insert(began, call);
        }
    }
    calls.into_values().collect()
}

/// `None` for a call that never returned.
fn parse_call(thread: u32, text: &str, began: usize, ended: usize) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, outcome) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let number = |text: &str| text.parse::<u64>().ok();
    let result = match outcome.strip_prefix("-1 ") {
        Some(error) => Err(errno(error.split_whitespace().next()?)),
        None => {
            let end = outcome.find(|letter: char| !letter.is_ascii_digit());
            Ok(number(outcome.get(..end.unwrap_or(outcome.len()))?)?)
        }
    };
    let annotated = if name == "openat" { outcome } else { arguments };
    Some(Call {
        thread,
        name: name.to_owned(),
        path: path(annotated),
        argument: arguments.rsplit(", ").next().filter(|_| name != "openat").and_then(number),
        result,
        began,
        ended,
        delayed: outcome.contains("(DELAYED)"),
    })
}

/// The path in `7</a/b>`; of a call that failed before it had one, the one in quotes.
fn path(annotated: &str) -> PathBuf {
    let inside = annotated.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(path, _)| PathBuf::from(path)).unwrap_or_default()
}

/// # Panics
/// For an error that no test has met yet.
fn errno(name: &str) -> i32 {
    match name {
        "ENOENT" => 2,
        "EINTR" => 4,
        "EIO" => 5,
        "EAGAIN" => 11,
        "EEXIST" => 17,
        "EFBIG" => 27,
        "ENOSPC" => 28,
        other => panic!("strace shows {other}: give it its number here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = "\
10 openat(AT_FDCWD</x>, \"\"..., O_RDWR|O_APPEND|O_CLOEXEC) = -1 ENOENT (No such file or directory)
10 openat(AT_FDCWD</x>, \"\"..., O_RDWR|O_CREAT|O_APPEND, 0644) = 7</x/appendonly.aof>
10 write(7</x/appendonly.aof>, \"\"..., 50) = 50
11 fdatasync(7</x/appendonly.aof> <unfinished ...>
10 write(7</x/appendonly.aof>, \"\"..., 60) = 20
11 <... fdatasync resumed>)          = -1 EIO (Input/output error) (INJECTED)
10 --- SIGTERM {si_signo=SIGTERM} ---
10 ftruncate(7</x/appendonly.aof>, 50) = 0
11 fdatasync(7</x/appendonly.aof>) = 0 (DELAYED)
12 write(3<pipe:[1]>, \"\"..., 1 <unfinished ...>
10 +++ exited with 0 +++
";

    #[test]
    fn lines_become_calls_in_the_order_in_which_they_began() {
        let calls = parse(SEEN);
        let short: Vec<_> = calls
            .iter()
            .map(|call| (call.thread, call.name.as_str(), call.argument, call.result))
            .collect();
        assert_eq!(
            short,
            [
                (10, "openat", None, Err(2)),
                (10, "openat", None, Ok(7)),
                (10, "write", Some(50), Ok(50)),
                (11, "fdatasync", None, Err(5)),
                (10, "write", Some(60), Ok(20)),
                (10, "ftruncate", Some(50), Ok(0)),
                (11, "fdatasync", None, Ok(0)),
            ]
        );
        assert_eq!((calls[3].began, calls[3].ended), (3, 5));
        assert!(calls[6].delayed && !calls[3].delayed);
        assert_eq!(calls[1].path, Path::new("/x/appendonly.aof"));
    }
}

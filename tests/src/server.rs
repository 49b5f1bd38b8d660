//! `aofd` and Debian's `redis-server`, started in a directory of the test's own.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::client::{Client, Reply};
use crate::process::Process;
use crate::wait::{self, LIMIT};

/// Where cargo puts the project's programs, built with the same profile as this test.
///
/// `cargo test -p aof-tests` does not build another package's programs, so this does, once.
///
/// # Panics
/// If they do not build.
#[must_use]
pub fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        // With aof-tests among the packages the features of shared crates are those that the test
        // itself was built with, so nothing is compiled twice.
        cargo.args(["build", "--quiet", "--bins", "-p", "aof-native", "-p", "aof-tests"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "aofd and aof do not build");
        let test = std::env::current_exe().expect("a test has a path");
        let folder = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
        folder.to_owned()
    })
}

/// The server under test.
#[must_use]
pub fn aofd() -> PathBuf {
    programs().join("aofd")
}

/// Its tool.
#[must_use]
pub fn aof() -> PathBuf {
    programs().join("aof")
}

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Aofd,
    /// Debian's.
    Redis,
}

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Launch {
    kind: Kind,
    program: PathBuf,
    dir: PathBuf,
    options: Vec<OsString>,
    /// A program and its arguments that run the server, such as strace.
    wrapper: Vec<OsString>,
    file_size_limit: Option<u64>,
    /// Where the file goes that has what it prints.
    prints_in: PathBuf,
}

impl Launch {
    /// Our server with its log in `dir`.
    #[must_use]
    pub fn aofd(dir: &Path) -> Self {
        Self::new(Kind::Aofd, aofd(), dir)
    }

    /// Debian's server at `program`, with its files in `dir`: the log on, in RESP alone, and
    /// nothing saved.
    #[must_use]
    pub fn redis(program: &Path, dir: &Path) -> Self {
        let launch = Self::new(Kind::Redis, program.to_owned(), dir);
        let launch = launch.set("save", "").set("appendonly", "yes");
        let asked = Command::new(program).arg("--version").output();
        let said = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let number = said.ok().and_then(|text| {
            let (_, version) = text.split_once("v=")?;
            version.split('.').next()?.parse::<u32>().ok()
        });
        // Older ones have no such directives, and nothing that they would turn off.
        let number = number.unwrap_or(u32::MAX);
        let launch = if number < 4 { launch } else { launch.set("aof-use-rdb-preamble", "no") };
        if number < 7 { launch } else { launch.set("enable-debug-command", "yes") }
    }

    fn new(kind: Kind, program: PathBuf, dir: &Path) -> Self {
        let launch = Self {
            kind,
            program,
            dir: dir.to_owned(),
            options: Vec::new(),
            wrapper: Vec::new(),
            file_size_limit: None,
            prints_in: dir.to_owned(),
        };
        launch.set("dir", dir.as_os_str())
    }

    /// Where the server's files are.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// One directive.
    #[must_use]
    pub fn set(mut self, directive: &str, value: impl Into<OsString>) -> Self {
        self.options.push(format!("--{directive}").into());
        self.options.push(value.into());
        self
    }

    /// Runs the server under another program, given with its arguments.
    #[must_use]
    pub fn under(mut self, wrapper: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.wrapper = wrapper.into_iter().map(Into::into).collect();
        self
    }

    /// No file of the server may grow longer than this (`RLIMIT_FSIZE`).
    #[must_use]
    pub fn file_size_limit(mut self, bytes: u64) -> Self {
        self.file_size_limit = Some(bytes);
        self
    }

    /// Keeps what the server prints in another folder, for a disk that is to be full.
    #[must_use]
    pub fn printing_in(mut self, folder: &Path) -> Self {
        self.prints_in = folder.to_owned();
        self
    }

    fn command(&self, port: u16) -> Command {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(bytes) = self.file_size_limit {
            // The signal of the limit would kill the server; ignored, the write fails instead.
            words.extend(["env".into(), "--ignore-signal=XFSZ".into()]);
            words.extend(["prlimit".into(), format!("--fsize={bytes}").into(), "--".into()]);
        }
        words.extend(self.wrapper.iter().cloned());
        words.push(self.program.clone().into());
        words.extend(["--port".into(), port.to_string().into()]);
        words.extend(self.options.iter().cloned());
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(&self.dir);
        // SORT compares texts as the language of the machine has it.
        command.env("LC_ALL", "C");
        command
    }

    /// Starts the server and waits until it serves.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(&self) -> Server {
        // Somebody else may take the port between our look and the server's bind.
        for _ in 0..5 {
            let mut server = self.spawn();
            if server.wait_until_serving() {
                return server;
            }
            assert!(
                server.process.printed().contains("in use"),
                "{:?} did not start:\n{}",
                self.kind,
                server.process.printed()
            );
        }
        panic!("no port is free");
    }

    /// Starts a server that may refuse to serve.
    ///
    /// # Errors
    /// If it ended instead: how, and what it said.
    ///
    /// # Panics
    /// If it does not end either.
    pub fn attempt(&self) -> Result<Server, (ExitStatus, String)> {
        for _ in 0..5 {
            let mut server = self.spawn();
            if server.wait_until_serving() {
                return Ok(server);
            }
            let printed = server.process.printed();
            if !printed.contains("in use") {
                return Err((server.process.wait(LIMIT), printed));
            }
        }
        panic!("no port is free");
    }

    /// Starts the server and does not wait for anything.
    ///
    /// # Panics
    /// If the program is missing.
    #[must_use]
    pub fn spawn(&self) -> Server {
        let port = free_port();
        let log = self.prints_in.join(format!("server-{port}.log"));
        let process = Process::start(self.command(port), &log).expect("the server's program runs");
        Server { dir: self.dir.clone(), port, process }
    }

    /// Starts a server that must refuse to serve, and returns how it ended and what it said.
    ///
    /// # Panics
    /// If it serves.
    #[must_use]
    pub fn refuse(&self) -> (ExitStatus, String) {
        let mut server = self.spawn();
        assert!(!server.wait_until_serving(), "it serves:\n{}", server.process.printed());
        (server.process.wait(LIMIT), server.process.printed())
    }
}

/// A port that nobody listens on and that no other test of this process is given.
///
/// It lies below the ports that the kernel gives to outgoing connections. One of those would be
/// free only until one of ten thousand clients, or the probe of another test, takes it, and a
/// client that connects early would then be reset by somebody who is not its server.
fn free_port() -> u16 {
    const PORTS: std::ops::Range<u32> = 10_000..32_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(127);
    for _ in PORTS {
        let next = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + next % (PORTS.end - PORTS.start);
        let port = u16::try_from(port).expect("the range ends below 65,536");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// A server that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    dir: PathBuf,
    port: u16,
    /// The process; under a wrapper such as strace, the wrapper's.
    pub process: Process,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file that new log records go to.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        let of_many = self.dir.join("appendonlydir/appendonly.aof.1.incr.aof");
        if of_many.exists() { of_many } else { self.dir.join("appendonly.aof") }
    }

    /// A new connection.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::connect(self.port).expect("a server that serves accepts")
    }

    /// A connection to a server that listens but perhaps does not serve yet: it answers, if only
    /// that it loads.
    ///
    /// # Panics
    /// If it ends instead.
    #[must_use]
    pub fn first_client(&mut self) -> Client {
        wait::until("the server to listen", || {
            assert!(self.process.ended().is_none(), "it ended:\n{}", self.process.printed());
            let mut client = Client::connect(self.port).ok()?;
            client.call(&["PING"]).ok().map(|_| client)
        })
    }

    /// Waits until PING is answered; `false` if the process ended instead.
    fn wait_until_serving(&mut self) -> bool {
        wait::until("the server to serve", || {
            if self.process.ended().is_some() {
                return Some(false);
            }
            let mut client = Client::connect(self.port).ok()?;
            let answer = client.call(&["PING"]).ok()?;
            let wants_password = answer.reply.text().starts_with("NOAUTH");
            (wants_password || answer.reply == Reply::Simple(b"PONG".to_vec())).then_some(true)
        })
    }

    /// The number of the server's own process, even under strace.
    ///
    /// # Panics
    /// If the server does not say.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.client().info("process_id").parse().expect("a process id"))
    }

    /// `kill -9`: returns when the server is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM: returns when the server has ended by itself.
    ///
    /// # Panics
    /// If it does not end.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = self.pid();
        kill(pid, Signal::SIGTERM).expect("the server runs");
        self.process.wait(LIMIT)
    }

    /// A copy of its log at `to`. Always a copy: Redis 7 moves a single file away.
    ///
    /// # Panics
    /// If there is no log.
    pub fn copy_log(&self, to: &Path) {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).expect("a folder for the copy");
        }
        fs::copy(self.log(), to).unwrap_or_else(|error| panic!("{:?}: {error}", self.log()));
    }
}

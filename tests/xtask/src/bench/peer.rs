//! One of the two servers, started for a measurement, on a port and a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::project::Project;
use crate::run;

/// The core that the server has to itself; the generator has the other.
pub(crate) const SERVER_CORE: &str = "0";
/// The generator's core.
pub(crate) const GENERATOR_CORE: &str = "1";

/// How long a server may take to answer, loading included.
const START_LIMIT: Duration = Duration::from_secs(300);

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `aofd`.
    Ours,
    /// `redis-server`.
    Redis,
}

impl Kind {
    /// Both, in the order of a round; every other round turns it round.
    pub(crate) fn pair(round: usize) -> [Self; 2] {
        if round.is_multiple_of(2) { [Self::Ours, Self::Redis] } else { [Self::Redis, Self::Ours] }
    }
}

/// How it is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// `appendfsync`.
    pub(crate) policy: &'a str,
    /// Added to each `fdatasync(2)`, in microseconds.
    pub(crate) sync_delay_micros: u32,
}

/// A running server. It ends, and its folder goes, when this is dropped.
pub(crate) struct Peer {
    child: Child,
    server_id: u32,
    port: u16,
    folder: PathBuf,
}

/// Prints what is compared and on what.
pub(crate) fn describe(project: &Project) -> Result<()> {
    let redis = run::answer(project.command("redis-server").arg("--version"))
        .ok_or_else(|| anyhow!("redis-server does not start"))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("peer: {}", redis.split(" sha").next().unwrap_or(&redis));
    println!(
        "machine: {cores} cores; server on core {SERVER_CORE}, generator on {GENERATOR_CORE}; \
         disk of {}",
        project.target().display()
    );
    Ok(())
}

impl Peer {
    /// Starts a server over `log`, or over nothing, and waits until it answers.
    pub(crate) fn start(
        project: &Project,
        kind: Kind,
        setting: Setting<'_>,
        log: Option<&Path>,
    ) -> Result<Self> {
        let folder = project.target().join("bench").join(format!("{kind:?}").to_lowercase());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        if let Some(log) = log {
            fs::copy(log, folder.join("appendonly.aof"))?;
        }
        let port = free_port()?;
        let mut command = server(project, kind, setting);
        command.args(["--port", &port.to_string(), "--appendonly", "yes"]);
        command.args(["--appendfsync", setting.policy, "--bind", "127.0.0.1"]);
        command.arg("--dir").arg(&folder);
        let printed = fs::File::create(folder.join("printed"))?;
        command.stdin(Stdio::null()).stdout(printed.try_clone()?).stderr(printed);
        let child = command.spawn().with_context(|| format!("cannot start {kind:?}"))?;
        let mut peer = Self { server_id: child.id(), child, port, folder };
        peer.wait()?;
        Ok(peer)
    }

    fn wait(&mut self) -> Result<()> {
        let since = Instant::now();
        loop {
            // Both answer INFO while they load.
            if let Ok(info) = self.ask("INFO")
                && field(&info, "loading") == Some("0")
                && let Some(id) = field(&info, "process_id")
            {
                self.server_id = id.parse().context("process_id")?;
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at once ({status}):\n{}", self.printed());
            }
            if since.elapsed() > START_LIMIT {
                bail!("the server does not answer:\n{}", self.printed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it printed.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(self.folder.join("printed")).unwrap_or_default()
    }

    /// The reply to one inline command, which must be an error, a bulk string or a line.
    ///
    /// The end of the connection would be no sign of its end: a rewrite child of Redis holds the
    /// socket, too, for as long as it runs.
    pub(crate) fn ask(&self, request: &str) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(START_LIMIT))?;
        stream.write_all(format!("{request}\r\n").as_bytes())?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if line.starts_with('-') {
            bail!("{request}: {line}");
        }
        let Some(length) = line.strip_prefix('$') else { return Ok(line) };
        let mut bytes = vec![0; length.trim_end().parse::<usize>().context("a length")?];
        stream.read_exact(&mut bytes)?;
        Ok(String::from_utf8(bytes)?)
    }

    /// Processor time of all threads so far, in nanoseconds.
    pub(crate) fn processor_ns(&self) -> Result<u64> {
        let mut sum = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.server_id))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let time = text.split(' ').next().unwrap_or_default();
            sum += time.parse::<u64>().context("schedstat")?;
        }
        Ok(sum)
    }

    /// Memory in use, in bytes (`VmRSS`).
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server_id))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        let kilobytes: u64 = kilobytes.ok_or_else(|| anyhow!("no VmRSS"))?.parse()?;
        Ok(kilobytes * 1024)
    }

    /// Memory in use, where shared pages count in parts (`Pss`), of the server and its children
    /// together, in bytes.
    pub(crate) fn proportional_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for id in self.children()?.iter().chain([&self.server_id.to_string()]) {
            // A child may have ended since it was listed.
            let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with("Pss:"));
            let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
            bytes += kilobytes.map_or(Ok(0), str::parse::<u64>)? * 1024;
        }
        Ok(bytes)
    }

    /// The process ids of its children.
    fn children(&self) -> Result<Vec<String>> {
        let id = self.server_id;
        let text = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    /// The process id of its one child.
    pub(crate) fn child(&self) -> Result<String> {
        self.children()?.pop().ok_or_else(|| anyhow!("there is no child:\n{}", self.printed()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Under strace the tracer's end would leave the server running.
        let _ = Command::new("kill").args(["-9", &self.server_id.to_string()]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The value of a line `name:value` of INFO.
pub(crate) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// The server's command line up to the directives that both have.
fn server(project: &Project, kind: Kind, setting: Setting<'_>) -> Command {
    let mut command = project.command("taskset");
    command.args(["--cpu-list", SERVER_CORE]);
    if setting.sync_delay_micros > 0 {
        // Only `fdatasync(2)` stops for the tracer; every other call runs at full speed.
        let inject = format!("inject=fdatasync:delay_enter={}", setting.sync_delay_micros);
        command.args(["strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "-o"]);
        command.args(["/dev/null", "-e", "trace=fdatasync", "-e", &inject]);
    }
    match kind {
        Kind::Ours => {
            command.arg(project.target().join("release/aofd"));
        }
        Kind::Redis => {
            let found = project.find("redis-server");
            command.arg(found.unwrap_or_else(|| PathBuf::from("redis-server")));
            command.args(["--save", "", "--auto-aof-rewrite-percentage", "0"]);
            command.args(["--aof-use-rdb-preamble", "no"]);
        }
    }
    command
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

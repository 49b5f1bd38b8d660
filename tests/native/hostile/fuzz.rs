//! The fuzzer of hostile clients: rounds of many connections whose behaviour is drawn, on servers
//! of several kinds, beside two clients that do nothing wrong.
//!
//! After each round: the process lives and has not panicked; the honest clients had every answer,
//! and it was right; its descriptors and the memory of its clients are back where they were; INFO
//! agrees with itself. After all rounds of a server: its memory was never above the bound that the
//! README states, and a start on its log, after SIGTERM or after `kill -9`, has exactly what the
//! honest clients were told.
//!
//! A server that dies is asked again, by fresh processes: each script of the round alone, then
//! with steps left out, and what still kills it is printed. What else is wrong is printed with
//! seed and scripts.
//!
//! `AOF_LAB_SEED` gives another seed; `cargo xtask soak --hostile-minutes` runs this for longer,
//! with one seed after the other.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aof_tests::client::{Client, Reply};
use aof_tests::proc;
use aof_tests::server::{Launch, Server, aof};
use aof_tests::wait;
use aof_tests::workload::{self, Random};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::behaviour::{Fashion, PASSWORD, Script};
use super::honest::{Honest, STALL, connect};
use super::storm::{Storm, Tally};
use super::{MB, shrink};
use crate::server::folder;

/// For how long, if not as in every test run.
const MINUTES: &str = "AOF_LAB_SOAK_HOSTILE_MINUTES";

/// Of one server in every run; and so many connections in each round.
const ROUNDS: usize = 2;
const CONNECTIONS: usize = 700;

/// At one time. Beyond `maxclients` they are turned away.
const MOST_AT_ONCE: usize = 560;
const MAXCLIENTS: usize = 500;

/// `client-buffers-limit`, `client-output-buffer-limit` and `aof-buffer-limit`.
const BUFFERS_MB: u64 = 48;
const OUTPUT_MB: u64 = 12;
const LOG_MB: u64 = 1;

/// The datasets of these servers, which no limit bounds: the clients are such that it stays small.
const DATASET_MB: u64 = 24;

/// A kind of server.
#[derive(Clone, Copy, Debug)]
pub(super) struct World {
    profile: &'static str,
    policy: &'static str,
    pub(super) wants_password: bool,
    /// It ends by `kill -9` and not by SIGTERM.
    killed: bool,
    /// The first round.
    begins_with: Option<Fashion>,
}

const WORLDS: [World; 3] = [
    World {
        profile: "hardened",
        policy: "everysec",
        wants_password: false,
        killed: true,
        begins_with: Some(Fashion::WATCHING),
    },
    World {
        profile: "redis-6.2",
        policy: "always",
        wants_password: true,
        killed: false,
        begins_with: None,
    },
    World {
        profile: "hardened",
        policy: "always",
        wants_password: false,
        killed: false,
        begins_with: None,
    },
];

impl World {
    pub(super) fn launch(self, dir: &Path) -> Launch {
        let launch = Launch::aofd(dir)
            .set("profile", self.profile)
            .set("appendfsync", self.policy)
            .set("maxclients", MAXCLIENTS.to_string())
            .set("tcp-backlog", "2048")
            .set("client-buffers-limit", format!("{BUFFERS_MB}mb"))
            .set("client-output-buffer-limit", format!("normal {OUTPUT_MB}mb 0 0"))
            .set("aof-buffer-limit", format!("{LOG_MB}mb"))
            .set("aof-rewrite-buffer-limit", "16mb")
            .set("auto-aof-rewrite-min-size", "4mb");
        if self.wants_password { launch.set("requirepass", PASSWORD) } else { launch }
    }

    /// Values that hostile clients ask for.
    pub(super) fn prepare(self, port: u16) -> Client {
        let mut client = connect(port, self.wants_password);
        let big = client.call(&[b"SET".as_slice(), b"big", &vec![b'v'; 256 * 1024]]);
        assert_eq!(big.expect("a reply").reply, Reply::ok());
        for number in 0..1_000 {
            client.command(&format!("SADD hostile:set {number} member:{number}"));
            client.command(&format!("HSET hostile:hash field:{number} value:{number}"));
            client.command(&format!("ZADD hostile:sorted {number} member:{number}"));
            client.command(&format!("RPUSH hostile:list {number}"));
        }
        client
    }
}

fn figure(client: &mut Client, field: &str) -> u64 {
    let text = client.info(field);
    text.parse().unwrap_or_else(|_| panic!("{field} is no number: {text}"))
}

/// What a server had before the first hostile client came.
#[derive(Clone, Copy, Debug)]
struct Base {
    resident_bytes: u64,
    used_bytes: u64,
    descriptors: usize,
}

impl Base {
    fn of(client: &mut Client, pid: Pid) -> Self {
        wait::until_true("all others to be gone", || client.info("connected_clients") == "1");
        Self {
            resident_bytes: proc::memory_bytes(pid),
            used_bytes: figure(client, "used_memory"),
            descriptors: proc::descriptors(pid),
        }
    }

    /// The bound of the README, with what these servers were set to: what there was, what was
    /// stored since, the log's buffer, twice what clients may hold, the replies of one client,
    /// 2 KB for each, and 16 MB for everything else.
    fn most_bytes(&self, stored_bytes: u64) -> u64 {
        let clients = MAXCLIENTS as u64 * 2 * 1024;
        self.resident_bytes
            + stored_bytes
            + (LOG_MB + 2 * BUFFERS_MB + OUTPUT_MB + 16) * MB
            + clients
    }
}

/// Whether the process has ended, or a thread of it has panicked.
pub(super) fn is_broken(server: &mut Server) -> bool {
    server.process.ended().is_some() || server.process.printed().contains("panicked")
}

/// All rounds on one server. Returns what they were, and how many replies the honest clients had.
fn run(world: World, seed: u64) -> (Tally, u64) {
    let dir = folder();
    let launch = world.launch(dir.path());
    let mut server = launch.start();
    let port = server.port();
    let pid = Pid::from_raw(i32::try_from(server.process.id()).expect("a process id"));
    let mut client = world.prepare(port);
    let base = Base::of(&mut client, pid);
    drop(client);
    let mut random = Random::new(seed);
    let (kills, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut honest = [Honest::new("one", seed), Honest::new("two", !seed)];
    let mut storm = Storm::new(port, world.wants_password, &kills);
    thread::scope(|scope| {
        let living: Vec<_> = honest
            .iter_mut()
            .map(|one| scope.spawn(|| one.live((port, world.wants_password), &kills, &stop)))
            .collect();
        // Without this the honest clients would go on when an assertion here fails.
        let _stopped = Stop(&stop);
        for round in 0..ROUNDS {
            let drawn = Fashion::draw(&mut random);
            let fashion = world.begins_with.filter(|_| round == 0).unwrap_or(drawn);
            let scripts: Vec<Script> =
                (0..CONNECTIONS).map(|_| Script::draw(&mut random, fashion)).collect();
            storm.play(&scripts, MOST_AT_ONCE, &mut random);
            storm.leave();
            if is_broken(&mut server) {
                shrink::explain(world, &scripts);
                panic!("{world:?} seed {seed} round {round}:\n{}", server.process.printed());
            }
            assert!(
                living.iter().all(|one| !one.is_finished()),
                "{world:?} seed {seed} round {round}: an honest client was not served; {scripts:?}"
            );
            settled(world, &server, pid, base);
        }
        stop.store(true, Ordering::SeqCst);
        living.into_iter().for_each(|one| one.join().expect("every answer is right"));
    });
    let mut client = connect(port, world.wants_password);
    let stored = figure(&mut client, "used_memory").saturating_sub(base.used_bytes);
    let (peak, most) = (proc::peak_memory_bytes(pid), base.most_bytes(stored));
    let replies = honest.iter().map(|one| one.replies).sum();
    let wait = honest.iter().map(|one| one.longest_wait).max().unwrap_or_default();
    eprintln!(
        "{world:?} seed {seed}: {:?}; everybody killed {} times; honest: {replies} replies, \
         longest round {} ms; memory at most {} of {} MB, {} MB stored",
        storm.tally,
        kills.load(Ordering::SeqCst),
        wait.as_millis(),
        peak / MB,
        most / MB,
        stored / MB
    );
    assert!(peak <= most, "{world:?} seed {seed}: {peak} bytes of at most {most}");
    assert!(stored <= DATASET_MB * MB, "{world:?} seed {seed}: {stored} bytes stored");
    for one in &honest {
        assert!(one.rounds > 0, "{world:?} seed {seed}: nobody was served");
        one.verify(&mut client, "live");
    }
    drop(client);
    end(world, &mut server);
    start_again(world, &launch, &honest);
    (storm.tally, replies)
}

/// Tells the honest clients to stop, whatever happens.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// As [`wait::until_true`], for a server that may have much to do before.
fn until_true(what: &str, mut look: impl FnMut() -> bool) {
    let came = wait::for_at_most(STALL, || look().then_some(()));
    assert!(came.is_some(), "waited {STALL:?} in vain for {what}");
}

/// After a round nothing of the hostile clients is left but what they stored.
fn settled(world: World, server: &Server, pid: Pid, base: Base) {
    // The honest two, and the one that asks. It may be hit by what they said last.
    until_true("the hostile clients to be gone", || {
        let mut client = connect(server.port(), world.wants_password);
        let said = client.call(&["INFO", "clients"]).map(|answer| answer.reply.text());
        let said = said.unwrap_or_default();
        let mut lines = said.lines().filter_map(|line| line.strip_prefix("connected_clients:"));
        lines.next().and_then(|text| text.trim().parse::<u64>().ok()).is_some_and(|all| all <= 3)
    });
    let mut client = connect(server.port(), world.wants_password);
    until_true("the rewrite to end", || {
        client.info("aof_rewrite_in_progress") == "0" && client.info("aof_rewrite_scheduled") == "0"
    });
    // A child waits for some seconds only, and so a busy machine may have cost one. Now there is
    // nothing in the way of the next.
    until_true("a rewrite to succeed", || {
        if client.info("aof_rewrite_in_progress") == "0" {
            if client.info("aof_last_bgrewrite_status") == "ok" {
                return true;
            }
            client.command("BGREWRITEAOF");
        }
        false
    });
    until_true("all descriptors to be closed", || proc::descriptors(pid) <= base.descriptors + 2);
    until_true("the memory of clients to be given back", || {
        figure(&mut client, "mem_clients_normal") < MB
    });
    let good = [("blocked_clients", "0"), ("loading", "0"), ("aof_last_write_status", "ok")];
    for (field, value) in good {
        assert_eq!(client.info(field), value, "{field}:\n{}", server.process.printed());
    }
}

fn end(world: World, server: &mut Server) {
    if world.killed {
        server.kill();
        return;
    }
    server.process.signal(Signal::SIGTERM);
    let status = server.process.wait(STALL);
    assert_eq!(status.code(), Some(0), "{}", server.process.printed());
    let output = Command::new(aof()).arg("check").arg(server.log()).output().expect("aof runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn start_again(world: World, launch: &Launch, honest: &[Honest]) {
    let server = launch.start();
    let mut client = connect(server.port(), world.wants_password);
    for one in honest {
        one.verify(&mut client, "after a new start");
    }
}

#[test]
fn drawn_harm_hurts_nobody_else() {
    if !proc::room_for_descriptors(4_096, "that drawn hostile clients are borne") {
        return;
    }
    let seed = workload::seed("hostile");
    let minutes = std::env::var(MINUTES).ok();
    let minutes: u64 = minutes.map_or(0, |text| text.parse().expect("a number"));
    let (began, limit) = (Instant::now(), Duration::from_secs(60 * minutes));
    let (mut servers, mut connections, mut replies) = (0, 0, 0);
    for number in 0.. {
        if number > 0 && began.elapsed() >= limit {
            break;
        }
        for (offset, world) in WORLDS.into_iter().enumerate() {
            let seed = seed.wrapping_add(number * WORLDS.len() as u64 + offset as u64);
            let (tally, answered) = run(world, seed);
            servers += 1;
            connections += tally.opened;
            replies += answered;
        }
    }
    eprintln!(
        "soak: {connections} hostile connections on {servers} servers, {replies} replies to \
         honest clients, all right, {:?}",
        began.elapsed()
    );
}

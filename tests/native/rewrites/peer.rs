//! A rewritten log is Redis's, too.

use std::path::PathBuf;
use std::process::Command;

use aof_core::config::Config;
use aof_tests::client::Client;
use aof_tests::server::{Launch, Server};
use aof_tests::workload::{self, Workload, now_ms};
use aof_tests::{dataset, needs, wait};

use super::{finish, launch, number, rewrite, start};
use crate::server::folder;

const COMMANDS: usize = 3_000;
/// Rewrites until one has had a diff through the pipe.
const MOST_ROUNDS: usize = 20;

/// Redis's programs.
struct Theirs {
    redis: PathBuf,
    check: PathBuf,
}

#[test]
fn a_rewritten_log_loads_in_redis_and_passes_its_check() {
    let proves = "that Redis takes a rewritten log";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let Some(check) = needs::program("redis-check-aof", proves) else { return };
    let theirs = Theirs { redis, check };
    for world in [("hardened", "everysec"), ("redis-6.2", "always")] {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut client = server.client();
        let seed = workload::seed(&format!("rewritten for redis {}", world.0));
        let mut workload = Workload::new(seed, now_ms());
        send(&mut client, &workload.fill(200));
        send(&mut client, &workload.commands(COMMANDS));
        let sent = with_a_diff(&mut client, &mut workload);
        eprintln!("{world:?}: {sent} bytes through the pipe");
        theirs.take(&server, &mut client, "with what came through the pipe");
        send(&mut client, &workload.commands(50));
        client.command("SELECT 0");
        rewrite(&server, &mut client);
        send(&mut client, &workload.commands(50));
        theirs.take(&server, &mut client, "with nobody writing");
    }
}

fn send(client: &mut Client, commands: &[workload::Command]) {
    drop(client.pipeline(commands).expect("replies"));
}

/// Rewrites until some of what was written beside a child went through the pipe, and returns how
/// many bytes. A busy machine may keep the writes back until the child has asked to stop.
fn with_a_diff(client: &mut Client, workload: &mut Workload) -> u64 {
    for _ in 0..MOST_ROUNDS {
        client.command("SELECT 0");
        start(client);
        send(client, &workload.commands(COMMANDS));
        client.command("SELECT 0");
        assert!(finish(client));
        let sent = number(client, "aof_last_diff_sent");
        if sent > 0 {
            return sent;
        }
    }
    panic!("none of {MOST_ROUNDS} rewrites had a diff through the pipe");
}

impl Theirs {
    /// The log of the server, as it is now, passes their check and is the same dataset for them,
    /// for our loader and for our server.
    fn take(&self, server: &Server, client: &mut Client, what: &str) {
        wait::until_true("the log to be written", || number(client, "aof_buffer_length") == 0);
        let theirs = folder();
        let copy = theirs.path().join("appendonly.aof");
        server.copy_log(&copy);
        let checked = Command::new(&self.check).arg(&copy).output().expect("it runs");
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success() && said.contains("is valid"), "{what}: {said}");
        let expected = dataset::of_log(&copy, &Config::default());
        let expected = expected.expect("our own loader takes it");
        let peer = Launch::redis(&self.redis, theirs.path()).start();
        let found = dataset::of_redis(&mut peer.client());
        dataset::assert_equal(&format!("the dataset in Redis, {what}"), &expected, &found);
        let ours = dataset::of_aofd(&mut server.client(), &expected);
        dataset::assert_equal(&format!("the dataset live, {what}"), &expected, &ours);
    }
}

//! A child may be killed at any moment: the rewrite fails, the log goes on as if there had been
//! none, and the next one works.
//!
//! `cargo xtask soak` runs this with [`SECONDS`] set.

use std::thread;
use std::time::{Duration, Instant};

use aof_core::config::Config;
use aof_tests::client::Client;
use aof_tests::proc::children;
use aof_tests::wait;
use aof_tests::workload::{self, Random};
use aof_tests::{dataset, needs};
use nix::sys::signal::{Signal, kill};

use super::load::Load;
use super::{finish, launch, start, unfinished};
use crate::server::folder;

/// How long, if not as long as in every test run.
const SECONDS: &str = "AOF_LAB_SOAK_SECONDS";
const COUNTERS: usize = 2;
/// A child is killed after at most so many more transactions.
const MOST_TRANSACTIONS: u64 = 300;

#[test]
fn children_that_are_killed_cost_nothing() {
    let asked = std::env::var(SECONDS).ok().map(|text| text.parse().expect("a number"));
    let seconds = asked.unwrap_or(if needs::in_ci() { 60 } else { 10 });
    thread::scope(|scope| {
        for world in [("hardened", "everysec"), ("redis-6.2", "everysec")] {
            scope.spawn(move || kill_children(world, Duration::from_secs(seconds)));
        }
    });
}

fn kill_children(world: (&str, &str), length: Duration) {
    let dir = folder();
    let launch = launch(dir.path(), world);
    let seed = workload::seed(&format!("killed children {}", world.0));
    let load = Load::new(COUNTERS, Some(seed));
    let mut server = launch.start();
    let (killed, survived) = load.on(&mut server, |server| {
        let mut random = Random::new(seed);
        let mut client = server.client();
        let pid = server.pid();
        let end = Instant::now() + length;
        let (mut killed, mut survived) = (0, 0);
        while Instant::now() < end || killed == 0 || survived == 0 {
            start(&mut client);
            if !random.one_in(3) {
                let moment = load.acknowledged() + random.below(MOST_TRANSACTIONS);
                wait::until_true("the moment", || load.acknowledged() >= moment);
                for child in children(pid) {
                    kill(child, Signal::SIGKILL).ok();
                }
            }
            if finish(&mut client) {
                survived += 1;
            } else {
                killed += 1;
            }
            until_clean(dir.path(), &mut client);
        }
        (killed, survived)
    });
    eprintln!(
        "{world:?}: {killed} children killed, {survived} rewrites complete, {} transactions",
        load.acknowledged()
    );
    let mut client = server.client();
    load.assert_exact(&mut client, "live");
    assert_eq!(server.terminate().code(), Some(0), "{}", server.process.printed());
    let expected = dataset::of_log(&dir.path().join("appendonly.aof"), &Config::default());
    let server = launch.start();
    let mut client = server.client();
    load.assert_exact(&mut client, "after a restart");
    let expected = expected.expect("a good log");
    let found = dataset::of_aofd(&mut client, &expected);
    dataset::assert_equal("after a restart", &expected, &found);
}

/// What a killed child left is removed in the background.
fn until_clean(dir: &std::path::Path, client: &mut Client) {
    wait::until_true("the unfinished file to go", || unfinished(dir).is_empty());
    assert_eq!(client.info("aof_rewrite_buffer_length"), "0");
}

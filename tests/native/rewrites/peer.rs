//! A rewritten log is Redis's, too.

use std::process::Command;

use aof_tests::dataset;
use aof_tests::needs;
use aof_tests::server::Launch;
use aof_tests::workload::{self, Workload, now_ms};

use super::{launch, rewrite};
use crate::server::folder;

const COMMANDS: usize = 3_000;

#[test]
fn a_rewritten_log_loads_in_redis_and_passes_its_check() {
    let proves = "that Redis takes a rewritten log";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let Some(check) = needs::program("redis-check-aof", proves) else { return };
    for world in [("hardened", "everysec"), ("redis-6.2", "always")] {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut client = server.client();
        let seed = workload::seed(&format!("rewritten for redis {}", world.0));
        let mut workload = Workload::new(seed, now_ms());
        let send = |client: &mut aof_tests::client::Client, commands: Vec<_>| {
            for answer in client.pipeline(&commands).expect("replies") {
                drop(answer);
            }
        };
        send(&mut client, workload.fill(200));
        send(&mut client, workload.commands(COMMANDS));
        client.command("SELECT 0");
        super::start(&mut client);
        // Some of it comes while the child lives, and goes through the pipe.
        send(&mut client, workload.commands(COMMANDS));
        assert!(super::finish(&mut client));
        send(&mut client, workload.commands(50));
        client.command("SELECT 0");
        rewrite(&server, &mut client);
        send(&mut client, workload.commands(50));
        let copy = dir.path().join("copy.aof");
        server.copy_log(&copy);
        let checked = Command::new(&check).arg(&copy).output().expect("it runs");
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success() && said.contains("is valid"), "{said}");
        let expected = dataset::of_log(&copy, &aof_core::config::Config::default());
        let expected = expected.expect("our own loader takes it");
        let theirs = folder();
        std::fs::copy(&copy, theirs.path().join("appendonly.aof")).expect("copied");
        let peer = Launch::redis(&redis, theirs.path()).start();
        let found = dataset::of_redis(&mut peer.client());
        dataset::assert_equal("the dataset in Redis", &expected, &found);
        let ours = dataset::of_aofd(&mut server.client(), &expected);
        dataset::assert_equal("the dataset live", &expected, &ours);
    }
}

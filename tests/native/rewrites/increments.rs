//! No increment is lost or counted twice while the log is rewritten under it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use aof_tests::client::{Client, Reply, encode};
use aof_tests::wait;

use super::{finish, launch, number, rewrite, start};
use crate::server::folder;

const CLIENTS: u64 = 20;
const REWRITES: u64 = 6;
const AT_LEAST: usize = 5;
const PIPELINE: u64 = 20;

/// Increments one shared number and one of its own, as many as `allowed` says, until it has made
/// all of its own.
fn increment(mut client: Client, number: u64, each: u64, allowed: &AtomicU64) {
    let own = format!("own:{number}");
    let mut done = 0;
    while done < each {
        wait::until_true("leave to go on", || done < allowed.load(Ordering::Relaxed));
        let mut bytes = Vec::new();
        for _ in 0..PIPELINE / 2 {
            bytes.extend(encode(&["INCR", "shared"]));
            bytes.extend(encode(&["INCR", &own]));
        }
        client.send_raw(&bytes).expect("sent");
        for _ in 0..PIPELINE / 2 {
            client.receive().expect("the shared number");
            let mine = client.receive().expect("its own number").reply;
            done += 2;
            assert_eq!(mine.integer(), Some(i64::try_from(done / 2).expect("small")));
        }
    }
}

fn assert_exact(client: &mut Client, each: u64, when: &str) {
    let shared = Reply::bulk((CLIENTS * each / 2).to_string());
    assert_eq!(client.command("GET shared"), shared, "{when}");
    for number in 0..CLIENTS {
        let own = Reply::bulk((each / 2).to_string());
        assert_eq!(client.command(&format!("GET own:{number}")), own, "{when}");
    }
}

fn exact_in(world: (&str, &str), each: u64) {
    let dir = folder();
    let launch = launch(dir.path(), world);
    let mut server = launch.start();
    let mut client = server.client();
    let allowed = AtomicU64::new(each / (REWRITES + 1));
    let mut moved = Vec::new();
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (client, allowed) = (server.client(), &allowed);
            scope.spawn(move || increment(client, number, each, allowed));
        }
        for round in 1..=REWRITES {
            start(&mut client);
            // So there is always something to do while a child lives.
            allowed.store(each * (round + 1) / (REWRITES + 1), Ordering::Relaxed);
            assert!(finish(&mut client), "{}", server.process.printed());
            moved.push(number(&mut client, "aof_last_diff_sent"));
        }
        allowed.store(each, Ordering::Relaxed);
    });
    assert_exact(&mut client, each, "live");
    // Redis 6.2 keeps what it has answered while a sync runs, and a kill would take it.
    wait::until_true("the log to be written", || number(&mut client, "aof_buffer_length") == 0);
    server.kill();
    eprintln!("{world:?}: bytes through the pipe in each rewrite: {moved:?}");
    assert!(moved.len() >= AT_LEAST, "only {} rewrites", moved.len());
    assert!(moved.iter().all(|&bytes| bytes > 0), "a rewrite without a diff proves nothing");
    let server = launch.start();
    assert_exact(&mut server.client(), each, "after a kill and a restart");
    // The last file was made by a rewrite alone: with nobody writing, it says the same.
    let mut client = server.client();
    rewrite(&server, &mut client);
    assert_exact(&mut client, each, "after another rewrite");
}

#[test]
fn increments_are_exact_while_hardened_rewrites() {
    exact_in(("hardened", "everysec"), 20_000);
}

#[test]
fn increments_are_exact_while_hardened_rewrites_under_always() {
    exact_in(("hardened", "always"), 2_000);
}

#[test]
fn increments_are_exact_while_redis_6_2_rewrites() {
    exact_in(("redis-6.2", "everysec"), 20_000);
}

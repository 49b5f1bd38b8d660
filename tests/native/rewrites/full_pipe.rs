//! A pipe that is full for as long as the child reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aof_tests::client::{Client, Reply, encode};
use aof_tests::server::Server;
use aof_tests::wait;

use super::load::StopAtEnd;
use super::{finish, launch, number, start};
use crate::server::folder;

/// More than the pipe holds.
const VALUE_BYTES: usize = 200_000;
const ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 100;
/// What the server prints when it has heard the child.
const HEARD: &str = "AOF rewrite child asks to stop sending diffs.";

/// A client writes faster than the child takes in, so that the data pipe has room only in the
/// moment in which the child reads, and is full again at once. The server must hear the child's
/// `!` all the same: one that goes on filling the pipe for as long as there is something to send
/// never comes to it, and the child gives up after five seconds.
#[test]
fn a_child_is_heard_while_its_pipe_is_full() {
    for world in [("hardened", "no"), ("redis-6.2", "no")] {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut client = server.client();
        // A busy machine may keep the writer away for the 20 ms after which a child asks to stop;
        // such a rewrite ends well and proves nothing.
        let mut filled = 0;
        for round in 1..=MOST_ROUNDS {
            filled += usize::from(rewrite_beside_a_flood(&server, &mut client, round));
            if filled == ROUNDS {
                break;
            }
        }
        assert_eq!(filled, ROUNDS, "{world:?}: in {MOST_ROUNDS} rewrites");
    }
}

/// A rewrite beside a client that writes until the child was heard, and no longer: a slow disk
/// could not catch up with it. Returns whether more came through the pipe than it holds.
fn rewrite_beside_a_flood(server: &Server, client: &mut Client, round: usize) -> bool {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = server.client();
        scope.spawn(|| fill(writer, &stop));
        let _stop = StopAtEnd(&stop);
        start(client);
        wait::until_true("the child to be heard", || {
            server.process.printed().matches(HEARD).count() >= round
                || client.info("aof_rewrite_in_progress") == "0"
        });
    });
    assert!(finish(client), "the rewrite failed:\n{}", server.process.printed());
    number(client, "aof_last_diff_sent") > VALUE_BYTES as u64
}

fn fill(mut client: Client, stop: &AtomicBool) {
    let value = "v".repeat(VALUE_BYTES);
    let set = encode(&["SET", "large", &value]);
    let some = set.repeat(4);
    while !stop.load(Ordering::Relaxed) && client.send_raw(&some).is_ok() {
        for _ in 0..4 {
            assert_eq!(client.receive().expect("a reply").reply, Reply::ok());
        }
    }
}

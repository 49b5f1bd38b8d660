//! A pipe that is full for as long as the child reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aof_tests::client::{Client, Reply, encode};

use super::load::StopAtEnd;
use super::{launch, number, rewrite};
use crate::server::folder;

/// More than the pipe holds.
const VALUE_BYTES: usize = 200_000;
const ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 30;

/// A client writes faster than the child takes in, so that the data pipe has room only in the
/// moment in which the child reads, and is full again at once. The server must hear the child's
/// `!` all the same: one that goes on filling the pipe for as long as there is something to send
/// never comes to it, and the child gives up after five seconds.
#[test]
fn a_child_is_heard_while_its_pipe_is_full() {
    for world in [("hardened", "no"), ("redis-6.2", "no")] {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let writer = server.client();
            scope.spawn(|| fill(writer, &stop));
            let _stop = StopAtEnd(&stop);
            let mut client = server.client();
            // A busy machine may keep the writer away for the 20 ms after which a child asks to
            // stop; such a rewrite ends well and proves nothing.
            let mut filled = 0;
            for _ in 0..MOST_ROUNDS {
                rewrite(&server, &mut client);
                let sent = number(&mut client, "aof_last_diff_sent");
                filled += usize::from(sent > VALUE_BYTES as u64);
                if filled == ROUNDS {
                    return;
                }
            }
            panic!("{world:?}: the pipe was full in only {filled} of {MOST_ROUNDS} rewrites");
        });
    }
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

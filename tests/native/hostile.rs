//! Clients that mean harm, all at once, while a well-behaved one is served.
//!
//! What must hold: the server stays up, its memory stays within the bound that the README states,
//! no descriptor is lost, the good client gets every answer, and the log is whole.

mod behaviour;
mod bytes;
mod fuzz;
mod honest;
mod shrink;
mod storm;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aof_tests::client::{Client, Reply};
use aof_tests::hostile;
use aof_tests::proc;
use aof_tests::server::{Launch, Server, aof};
use aof_tests::wait;
use aof_tests::workload;

use crate::server::folder;

const MB: u64 = 1024 * 1024;
const MEGABYTE: usize = 1024 * 1024;

/// Who waits so long is not served. Far from any time that a busy machine makes: this finds a
/// server that stands still, not a slow one.
const STALL: Duration = Duration::from_secs(10);

/// `client-buffers-limit` in these tests.
const BUFFERS_MB: u64 = 64;

/// The bound of the README: what the server held before, twice what all buffers may hold (an
/// allocator keeps and loses some), what one client is being sent; and 16 MB for everything else.
fn bound_bytes(before_bytes: u64, one_client_mb: u64) -> u64 {
    before_bytes + (2 * BUFFERS_MB + one_client_mb + 16) * MB
}

fn launch(dir: &std::path::Path) -> Launch {
    Launch::aofd(dir)
        .set("client-buffers-limit", format!("{BUFFERS_MB}mb"))
        .set("client-output-buffer-limit", "normal 16mb 0 0")
}

/// A client that does what it should and gets what it should, until `stop`.
fn behave(port: u16, stop: &AtomicBool) -> u64 {
    let mut client = Client::connect(port).expect("accepted");
    let mut rounds = 0;
    let mut longest_wait = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        rounds += 1;
        let number = rounds.to_string();
        let asked = Instant::now();
        assert_eq!(client.command(&format!("SET good {number}")), Reply::ok());
        assert_eq!(client.command("GET good"), Reply::bulk(&number));
        assert_eq!(client.command("PING"), Reply::Simple(b"PONG".to_vec()));
        longest_wait = longest_wait.max(asked.elapsed());
    }
    println!("the good client waited at most {} ms for three replies", longest_wait.as_millis());
    assert!(longest_wait < STALL, "the good client was kept waiting for {longest_wait:?}");
    rounds
}

fn store_big(server: &Server, length: usize) {
    let value = vec![b'v'; length];
    let set = server.client().call(&[b"SET".as_slice(), b"big", &value]).expect("a reply");
    assert_eq!(set.reply, Reply::ok());
}

/// All but the asking client are gone, and so are their descriptors.
fn everybody_left(server: &Server, descriptors_before: usize) {
    let mut client = server.client();
    wait::until_true("all clients to be gone", || client.info("connected_clients") == "1");
    drop(client);
    let pid = server.pid();
    wait::until_true("all descriptors to be closed", || {
        proc::descriptors(pid) <= descriptors_before
    });
}

fn check_log(server: &Server) {
    let output = Command::new(aof()).arg("check").arg(server.log()).output().expect("aof runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn hostile_clients_hurt_nobody_else() {
    let proves = "that thousands of hostile clients are borne";
    if !proc::room_for_descriptors(8_192, proves) {
        return;
    }
    let seed = workload::seed("hostile");
    let dir = folder();
    let launch = launch(dir.path());
    let mut server = launch.start();
    store_big(&server, 256 * 1024);
    let (pid, port) = (server.pid(), server.port());
    wait::until_true("the first clients to be gone", || {
        server.client().info("connected_clients") == "1"
    });
    let descriptors = proc::descriptors(pid) + 1;
    let before = proc::memory_bytes(pid);
    let stop = AtomicBool::new(false);
    let rounds = thread::scope(|scope| {
        let good = scope.spawn(|| behave(port, &stop));
        let stay = [
            scope.spawn(|| hostile::giant_claims(port, 600)),
            scope.spawn(|| hostile::unfinished_requests(port, 40, 4 * 1024 * 1024)),
            scope.spawn(|| hostile::slow_readers(port, 60, "big", 100)),
            scope.spawn(|| hostile::hoarders(port, 10, 12 * 1024 * 1024)),
        ];
        let go = [
            scope.spawn(|| hostile::random_bytes(port, seed, 400)),
            scope.spawn(|| hostile::comers_and_goers(port, seed, 3_000, "big")),
        ];
        let slow = scope.spawn(|| hostile::slow_writers(port, 100));
        let half = scope.spawn(|| hostile::half_closers(port, 50, 200));
        // These did nothing wrong, but they may have been among the largest.
        let answered = slow.join().expect("slow writers end");
        assert_eq!(answered, 100, "seed {seed}");
        let replies = half.join().expect("half-closers end");
        assert_eq!(replies, 50 * 200, "seed {seed}");
        go.into_iter().for_each(|thread| thread.join().expect("they go"));
        let open: Vec<_> = stay.map(|thread| thread.join().expect("they stay")).into();
        stop.store(true, Ordering::Relaxed);
        let rounds = good.join().expect("the good client gets its answers");
        drop(open);
        rounds
    });
    assert!(server.process.ended().is_none(), "seed {seed}\n{}", server.process.printed());
    let (peak, bound) = (proc::peak_memory_bytes(pid), bound_bytes(before, 16));
    println!("{rounds} rounds; memory {} MB, at most {} MB", before / MB, peak / MB);
    assert!(peak <= bound, "{peak} bytes of at most {bound}, seed {seed}");
    assert!(rounds > 100, "the good client had {rounds} rounds, seed {seed}");
    everybody_left(&server, descriptors);
    assert_eq!(server.client().command("GET good"), Reply::bulk(rounds.to_string()));
    assert_eq!(server.terminate().code(), Some(0), "{}", server.process.printed());
    check_log(&server);
    assert_eq!(launch.start().client().command("GET good"), Reply::bulk(rounds.to_string()));
}

#[test]
fn buffers_of_all_clients_together_are_bounded() {
    let proves = "that the buffers of all clients together are bounded";
    if !proc::room_for_descriptors(4_096, proves) {
        return;
    }
    let dir = folder();
    let server = launch(dir.path()).start();
    store_big(&server, MEGABYTE);
    let (pid, port) = (server.pid(), server.port());
    let before = proc::memory_bytes(pid);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let good = scope.spawn(|| behave(port, &stop));
        // Each stays below its own limits: together they would hold 600 MB.
        let readers = hostile::slow_readers(port, 40, "big", 12);
        let writers = hostile::unfinished_requests(port, 30, 8 * MEGABYTE);
        stop.store(true, Ordering::Relaxed);
        assert!(good.join().expect("the good client gets its answers") > 10);
        drop((readers, writers));
    });
    let (peak, bound) = (proc::peak_memory_bytes(pid), bound_bytes(before, 16));
    println!("memory {} MB, at most {} MB", before / MB, peak / MB);
    assert!(peak <= bound, "{peak} bytes of at most {bound}");
    let printed = server.process.printed();
    assert!(printed.contains("more than client-buffers-limit"), "{printed}");
    assert!(!printed.contains("overcoming of output buffer limits"), "{printed}");
}

#[test]
fn a_slow_reader_is_closed_beyond_its_limit() {
    let dir = folder();
    let server =
        Launch::aofd(dir.path()).set("client-output-buffer-limit", "normal 4mb 0 0").start();
    store_big(&server, MEGABYTE);
    let readers = hostile::slow_readers(server.port(), 1, "big", 32);
    let line = "scheduled to be closed ASAP for overcoming of output buffer limits.";
    wait::until_true("the reader to be closed", || server.process.printed().contains(line));
    let mut client = server.client();
    wait::until_true("it to be gone", || client.info("connected_clients") == "1");
    drop(readers);
    // A soft limit has its seconds.
    assert_eq!(
        client
            .call(&["CONFIG", "SET", "client-output-buffer-limit", "normal 0 1mb 1"])
            .expect("a reply")
            .reply,
        Reply::ok()
    );
    let readers = hostile::slow_readers(server.port(), 1, "big", 16);
    wait::until_true("the second one to be closed", || {
        server.process.printed().matches(line).count() == 2
    });
    drop(readers);
}

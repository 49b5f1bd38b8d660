//! `aofd` as its clients and its operator see it.

use std::net::TcpListener;
use std::path::Path;

use aof_tests::client::{Reply, encode};
use aof_tests::server::Launch;
use aof_tests::wait::LIMIT;
use nix::sys::signal::Signal;

/// Every profile with every policy.
pub(crate) const WORLDS: [(&str, &str); 6] = [
    ("hardened", "always"),
    ("hardened", "everysec"),
    ("hardened", "no"),
    ("redis-6.2", "always"),
    ("redis-6.2", "everysec"),
    ("redis-6.2", "no"),
];

/// A server of one of these worlds.
pub(crate) fn launch(dir: &Path, (profile, policy): (&str, &str)) -> Launch {
    Launch::aofd(dir).set("profile", profile).set("appendfsync", policy)
}

/// A folder for one test.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn pong() -> Reply {
    Reply::Simple(b"PONG".to_vec())
}

#[test]
fn answers_under_every_profile_and_policy() {
    for world in WORLDS {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut client = server.client();
        assert_eq!(client.command("PING"), pong(), "{world:?}");
        assert_eq!(client.command("SET a 1"), Reply::ok(), "{world:?}");
        assert_eq!(client.command("GET a"), Reply::bulk("1"), "{world:?}");
        assert_eq!(client.command("GET b"), Reply::Bulk(None), "{world:?}");
        assert_eq!(client.command("INCR a"), Reply::Integer(2), "{world:?}");
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    for byte in encode(&["SET", "a", "1\r\n"]) {
        client.send_raw(&[byte]).expect("sent");
    }
    assert_eq!(client.receive().expect("a reply").reply, Reply::ok());
    client.send_raw(b"GET a\r\n").expect("sent");
    assert_eq!(client.receive().expect("a reply").raw, b"$3\r\n1\r\n\r\n");
}

#[test]
fn requests_may_come_all_at_once() {
    const PAIRS: usize = 20_000;
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    let mut bytes = Vec::new();
    for number in 0..PAIRS {
        bytes.extend(encode(&["SET", "k", &number.to_string()]));
        bytes.extend(encode(&["GET", "k"]));
    }
    client.send_raw(&bytes).expect("sent");
    // One client with much to say does not keep others out.
    assert_eq!(server.client().command("PING"), pong());
    for number in 0..PAIRS {
        assert_eq!(client.receive().expect("a reply").reply, Reply::ok());
        let value = Reply::bulk(number.to_string());
        assert_eq!(client.receive().expect("a reply").reply, value);
    }
}

#[test]
fn large_replies_wait_for_a_slow_reader() {
    const BYTES: usize = 8 * 1024 * 1024;
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    let value = vec![b'v'; BYTES];
    let set = client.call(&[b"SET".as_slice(), b"big", &value]).expect("a reply");
    assert_eq!(set.reply, Reply::ok());
    for _ in 0..8 {
        client.send(&["GET", "big"]).expect("sent");
    }
    // Others are served while 64 MB wait for this client.
    assert_eq!(server.client().command("STRLEN big").integer(), Some(8 * 1024 * 1024));
    for _ in 0..8 {
        assert!(client.receive().expect("a reply").reply == Reply::bulk(&value));
    }
}

#[test]
fn a_client_that_speaks_no_protocol_is_told_and_closed() {
    for world in WORLDS {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut client = server.client();
        client.send_raw(b"PING\r\n*1\r\n:1\r\nPING\r\n").expect("sent");
        let bytes = client.read_to_end().expect("closed");
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n",
            "{world:?}"
        );
    }
}

#[test]
fn quit_is_answered_and_closes() {
    for world in WORLDS {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut client = server.client();
        client.send_raw(b"SET a 1\r\nQUIT\r\nSET a 2\r\n*1\r\n:1\r\n").expect("sent");
        assert_eq!(client.read_to_end().expect("closed"), b"+OK\r\n+OK\r\n", "{world:?}");
        assert_eq!(server.client().command("GET a"), Reply::bulk("1"), "{world:?}");
    }
}

#[test]
fn one_client_too_many_is_told_so() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut first = server.client();
    assert_eq!(first.command("CONFIG SET maxclients 2"), Reply::ok());
    let mut second = server.client();
    assert_eq!(second.command("PING"), pong());
    let bytes = server.client().read_to_end().expect("closed");
    assert_eq!(bytes, b"-ERR max number of clients reached\r\n");
    assert_eq!(first.command("PING"), pong());
}

#[test]
fn a_request_beyond_the_query_buffer_closes_its_client_only() {
    const MEGABYTE: usize = 1024 * 1024;
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("client-query-buffer-limit", "1mb").start();
    let mut other = server.client();
    let mut client = server.client();
    client.send_raw(b"*2\r\n$3\r\nGET\r\n$4194304\r\n").expect("sent");
    // The server may close before it has read everything.
    client.send_raw(&vec![b'x'; 4 * MEGABYTE]).ok();
    assert_eq!(client.read_to_end().expect("closed"), b"");
    assert_eq!(other.command("PING"), pong());
}

#[test]
fn an_idle_client_is_closed_after_timeout() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("timeout", "1").start();
    // One that monitors is idle by trade.
    let mut monitor = server.client();
    assert_eq!(monitor.command("MONITOR"), Reply::ok());
    let mut client = server.client();
    assert_eq!(client.command("PING"), pong());
    assert!(monitor.receive().expect("a line").reply.text().contains("PING"));
    assert_eq!(client.read_to_end().expect("closed"), b"");
    assert_eq!(server.client().command("PING"), pong());
    assert!(monitor.receive().expect("a line").reply.text().contains("PING"));
}

#[test]
fn a_signal_ends_it_with_everything_on_the_disk() {
    let signals = [Signal::SIGTERM, Signal::SIGINT];
    for (signal, world) in signals.into_iter().cycle().zip(WORLDS) {
        let dir = folder();
        let launch = launch(dir.path(), world);
        let mut server = launch.start();
        assert_eq!(server.client().command("SET a 1"), Reply::ok());
        server.process.signal(signal);
        let status = server.process.wait(LIMIT);
        let printed = server.process.printed();
        assert_eq!(status.code(), Some(0), "{signal} {world:?}\n{printed}");
        for line in [
            &*format!("# Received {} scheduling shutdown...", signal.as_str()),
            "# User requested shutdown...",
            "* Calling fsync() on the AOF file.",
            "# Redis is now ready to exit, bye bye...",
        ] {
            assert!(printed.contains(line), "{line}\n{printed}");
        }
        assert_eq!(launch.start().client().command("GET a"), Reply::bulk("1"));
    }
}

#[test]
fn shutdown_ends_it_with_zero() {
    for world in WORLDS {
        let dir = folder();
        let launch = launch(dir.path(), world);
        let mut server = launch.start();
        let mut client = server.client();
        client.send_raw(b"SET a 1\r\nSHUTDOWN\r\n").expect("sent");
        let status = server.process.wait(LIMIT);
        assert_eq!(status.code(), Some(0), "{world:?}\n{}", server.process.printed());
        assert_eq!(launch.start().client().command("GET a"), Reply::bulk("1"));
    }
}

#[test]
fn a_second_server_on_one_log_is_refused() {
    let dir = folder();
    let launch = Launch::aofd(dir.path());
    let mut server = launch.start();
    assert_eq!(server.client().command("SET a 1"), Reply::ok());
    let (status, printed) = launch.refuse();
    assert_eq!(status.code(), Some(1), "{printed}");
    assert!(printed.contains("appendonly.aof.lock"), "{printed}");
    assert!(printed.contains(&format!("pid {}", server.process.id())), "{printed}");
    // Another log in the same folder is another matter, and so is a server without one.
    drop(launch.clone().set("appendfilename", "other.aof").start());
    drop(launch.clone().set("appendonly", "no").start());
    assert_eq!(server.client().command("GET a"), Reply::bulk("1"));
    // The lock ends with its holder, however it ends.
    server.kill();
    assert_eq!(launch.start().client().command("GET a"), Reply::bulk("1"));
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let dir = folder();
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = holder.local_addr().expect("an address").port();
    let (status, printed) = Launch::aofd(dir.path()).set("port", port.to_string()).refuse();
    assert_eq!(status.code(), Some(1), "{printed}");
    assert!(printed.contains(&format!("127.0.0.1:{port}")), "{printed}");
    assert!(printed.contains("--port"), "{printed}");
    assert!(!dir.path().join("appendonly.aof").exists(), "nothing was begun");
}

#[test]
fn without_a_log_nothing_is_written() {
    let dir = folder();
    let mut server = Launch::aofd(dir.path()).set("appendonly", "no").start();
    assert_eq!(server.client().command("SET a 1"), Reply::ok());
    assert_eq!(server.terminate().code(), Some(0), "{}", server.process.printed());
    assert!(!dir.path().join("appendonly.aof").exists());
}

#[test]
fn the_log_follows_loglevel_and_logfile() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("logfile", "aofd.log").start();
    let read = || std::fs::read_to_string(dir.path().join("aofd.log")).expect("the log is there");
    let mut client = server.client();
    assert!(!read().contains("Accepted"), "{}", read());
    assert_eq!(client.command("CONFIG SET loglevel verbose"), Reply::ok());
    aof_tests::wait::until_true("a verbose line", || {
        assert_eq!(server.client().command("PING"), pong());
        read().contains(" - Accepted 127.0.0.1:")
    });
    assert_eq!(server.process.printed(), "");
}

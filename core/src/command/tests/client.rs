use super::Bench;
use crate::execute::Request;
use crate::peer::Peer;
use crate::session::Socket;
use crate::units::ClientId;

/// Three connections: two over TCP, one over the Unix socket.
fn bench() -> Bench {
    let mut bench = Bench::default();
    bench.executor.config.unixsocket = "/run/s".to_owned();
    for (id, port) in [(1, 5001), (2, 5002), (3, 0)] {
        bench.step(&format!("{id}> PING"));
        let address = |text: &str| text.parse().unwrap();
        let remote = address(&format!("10.0.0.{id}:{port}"));
        let session = bench.sessions.get_mut(&id).unwrap();
        session.peer = match id {
            3 => Peer::Unix,
            _ => Peer::Tcp { remote, local: address("10.0.0.9:6379") },
        };
    }
    bench
}

#[test]
fn a_line_has_all_fields_with_their_values() {
    let mut bench = bench();
    let session = bench.sessions.get_mut(&2).unwrap();
    session.socket = Socket { descriptor: 12, query_bytes: 34, unsent_bytes: 56 };
    bench.step("2> CLIENT SETNAME two");
    bench.step("2> SELECT 3");
    bench.step("+2500");
    let line = bench.step("2> CLIENT INFO");
    assert_eq!(
        line,
        "\"id=2 addr=10.0.0.2:5002 laddr=10.0.0.9:6379 fd=12 name=two age=2 idle=0 flags=N db=3 \
         sub=0 psub=0 multi=-1 qbuf=34 qbuf-free=0 argv-mem=10 obl=0 oll=0 omem=56 tot-mem=423 \
         events=rw cmd=client user=default redir=-1\\n\""
    );
    let list = bench.step("CLIENT LIST ID 3");
    assert!(list.contains("addr=/run/s:0 laddr=/run/s:0 ") && list.contains("flags=U "), "{list}");
}

#[test]
fn flags_say_what_a_client_is_doing() {
    let mut bench = bench();
    bench.step("2> WATCH a");
    bench.step("1> SET a 1");
    bench.step("2> MULTI");
    bench.step("3> MONITOR");
    let list = bench.step("CLIENT LIST");
    for flags in ["id=2 addr=10.0.0.2:5002", "flags=xd ", "flags=OU ", "flags=N "] {
        assert!(list.contains(flags), "{flags} in {list}");
    }
}

#[test]
fn kill_finds_addresses() {
    let mut bench = bench();
    for (line, reply, killed) in [
        ("CLIENT KILL 10.0.0.2:5002", "+OK", &[2][..]),
        ("CLIENT KILL 10.0.0.2:5001", "-ERR No such client", &[]),
        // The old form ends the own connection too.
        ("CLIENT KILL 10.0.0.1:5001", "+OK", &[1]),
        ("CLIENT KILL /run/s:0", "+OK", &[3]),
        ("CLIENT KILL ADDR 10.0.0.2:5002", ":1", &[2]),
        ("CLIENT KILL ADDR 10.0.0.1:5001", ":0", &[]),
        ("CLIENT KILL ADDR 10.0.0.1:5001 SKIPME no", ":1", &[1]),
        ("CLIENT KILL LADDR 10.0.0.9:6379", ":1", &[2]),
        ("CLIENT KILL LADDR 10.0.0.9:6379 SKIPME no", ":2", &[1, 2]),
        ("CLIENT KILL LADDR 10.0.0.9:6379 ID 3", ":0", &[]),
        ("CLIENT KILL LADDR /run/s:0 TYPE normal USER default", ":1", &[3]),
        ("CLIENT KILL SKIPME maybe", "-ERR syntax error", &[]),
        ("CLIENT KILL what ever", "-ERR syntax error", &[]),
    ] {
        bench.requests.clear();
        assert_eq!(bench.step(line), reply, "{line}");
        let clients: Vec<_> = killed.iter().copied().map(ClientId).collect();
        let expected = if clients.is_empty() { vec![] } else { vec![Request::Kill { clients }] };
        assert_eq!(bench.requests, expected, "{line}");
    }
}

#[test]
fn what_does_not_exist_here_is_answered_truthfully() {
    let mut bench = bench();
    for (line, reply) in [
        ("CLIENT UNBLOCK 2", ":0"),
        ("CLIENT UNBLOCK 2 ERROR", ":0"),
        ("CLIENT UNBLOCK 2 what", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"),
        ("CLIENT UNBLOCK x", "-ERR value is not an integer or out of range"),
        ("CLIENT TRACKING off", "+OK"),
        ("CLIENT TRACKING on", "-ERR client side caching is not supported"),
        ("CLIENT TRACKING what", "-ERR syntax error"),
        ("CLIENT GETREDIR", ":-1"),
        ("CLIENT UNPAUSE", "+OK"),
        ("CLIENT PAUSE 10", "-ERR CLIENT PAUSE is not supported"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
}

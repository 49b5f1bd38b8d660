//! How clients reach `aofd`, and how connections end.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use aof_tests::client::{Reply, encode};
use aof_tests::hostile::connect;
use aof_tests::needs;
use aof_tests::proc;
use aof_tests::server::{Launch, Server};
use aof_tests::wait::{self, LIMIT};

use crate::server::{WORLDS, folder, launch};

/// Everything that comes until the connection ends, however it ends.
fn read_all(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A connection whose reads wait long enough for anything.
fn patient(port: u16) -> TcpStream {
    let stream = connect(port);
    stream.set_read_timeout(Some(LIMIT)).expect("a socket takes a timeout");
    stream
}

#[test]
fn a_client_that_sends_no_more_gets_what_it_is_owed() {
    const BYTES: usize = 3 * 1024 * 1024;
    for world in WORLDS {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut stream = patient(server.port());
        stream.write_all(b"SET a 1\r\nGET a\r\nSET b").expect("sent");
        stream.shutdown(Shutdown::Write).expect("open");
        assert_eq!(read_all(stream), "+OK\r\n$1\r\n1\r\n", "{world:?}");
        // More than the socket takes at once, read late.
        let value = "v".repeat(BYTES);
        let mut client = server.client();
        assert_eq!(client.call(&["SET", "big", &value]).expect("a reply").reply, Reply::ok());
        let mut stream = patient(server.port());
        stream.write_all(&encode(&["GET", "big"]).repeat(8)).expect("sent");
        stream.shutdown(Shutdown::Write).expect("open");
        assert_eq!(client.command("GET a"), Reply::bulk("1"));
        let one = format!("${BYTES}\r\n{value}\r\n");
        assert!(read_all(stream) == one.repeat(8), "{world:?}");
        wait::until_true("they are gone", || client.info("connected_clients") == "1");
    }
}

#[test]
fn the_last_error_arrives_although_the_client_goes_on_sending() {
    const JUNK: usize = 4 * 1024 * 1024;
    for world in WORLDS {
        let dir = folder();
        let server = launch(dir.path(), world).start();
        let mut stream = patient(server.port());
        stream.write_all(b"SET a 1\r\n*1\r\n:1\r\n").expect("sent");
        // A socket that was closed with unread bytes would answer these with a reset.
        stream.write_all(&vec![b'x'; JUNK]).expect("they are taken and dropped");
        stream.shutdown(Shutdown::Write).expect("open");
        let said = "+OK\r\n-ERR Protocol error: expected '$', got ':'\r\n";
        assert_eq!(read_all(stream), said, "{world:?}");
        let mut client = server.client();
        wait::until_true("it is gone", || client.info("connected_clients") == "1");
    }
}

#[test]
fn http_is_cut_off_and_logged_once_a_minute() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    for line in ["POST / HTTP/1.1\r\n", "Host: 127.0.0.1\r\n"] {
        let mut stream = patient(server.port());
        stream.write_all(line.as_bytes()).expect("sent");
        stream.write_all(b"\r\nSET a 1\r\n").ok();
        assert_eq!(read_all(stream), "");
    }
    assert_eq!(server.client().command("EXISTS a"), Reply::Integer(0));
    let printed = server.process.printed();
    assert_eq!(printed.matches("# Possible SECURITY ATTACK detected.").count(), 1, "{printed}");
}

/// A reply through a Unix socket.
fn ask(path: &Path, line: &str) -> String {
    let mut stream = UnixStream::connect(path).expect("a server listens");
    stream.write_all(line.as_bytes()).expect("sent");
    stream.shutdown(Shutdown::Write).expect("open");
    read_all(stream)
}

#[test]
fn a_unix_socket_serves_beside_the_port_and_goes_with_the_server() {
    let dir = folder();
    let path = dir.path().join("aofd.sock");
    let launch = Launch::aofd(dir.path()).set("unixsocket", &path).set("unixsocketperm", "750");
    let mut server = launch.start();
    assert_eq!(ask(&path, "SET a 1\r\n"), "+OK\r\n");
    assert_eq!(server.client().command("GET a"), Reply::bulk("1"));
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
    // One that was killed leaves its socket; the next server replaces it.
    server.kill();
    assert!(path.exists());
    let mut server = launch.start();
    assert_eq!(ask(&path, "GET a\r\n"), "$1\r\n1\r\n");
    assert_eq!(server.terminate().code(), Some(0));
    let printed = server.process.printed();
    for line in [
        format!("* The server is now ready to accept connections at {}", path.display()),
        "* Removing the unix socket file.".to_owned(),
    ] {
        assert!(printed.contains(&line), "{line}\n{printed}");
    }
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_socket_is_never_removed() {
    let dir = folder();
    let path = dir.path().join("precious");
    fs::write(&path, "data").expect("written");
    let (status, printed) = Launch::aofd(dir.path()).set("unixsocket", &path).refuse();
    assert_eq!(status.code(), Some(1), "{printed}");
    assert!(printed.contains("# Opening Unix socket: "), "{printed}");
    assert_eq!(fs::read(&path).expect("it is there"), b"data");
}

#[test]
fn a_second_server_leaves_the_socket_of_the_first_alone() {
    let dir = folder();
    let path = dir.path().join("aofd.sock");
    let launch = Launch::aofd(dir.path()).set("unixsocket", &path);
    let server = launch.start();
    let (status, printed) = launch.refuse();
    assert_eq!(status.code(), Some(1), "{printed}");
    assert_eq!(ask(&path, "PING\r\n"), "+PONG\r\n");
    drop(server);
}

#[test]
fn several_addresses_are_listened_on_and_a_missing_one_may_be_marked() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("bind", "127.0.0.1 127.0.0.2 -192.0.2.1").start();
    for address in ["127.0.0.1", "127.0.0.2"] {
        let mut stream = TcpStream::connect((address, server.port())).expect("it listens");
        stream.write_all(b"PING\r\n").expect("sent");
        stream.shutdown(Shutdown::Write).expect("open");
        assert_eq!(read_all(stream), "+PONG\r\n", "{address}");
    }
    let printed = server.process.printed();
    let port = server.port();
    let line = format!(
        "# Warning: Could not create server TCP listening socket 192.0.2.1:{port}: bind: Cannot \
         assign requested address"
    );
    assert!(printed.contains(&line), "{printed}");
    drop(server);
    let (status, printed) = Launch::aofd(dir.path()).set("bind", "127.0.0.1 192.0.2.1").refuse();
    assert_eq!(status.code(), Some(1));
    assert!(printed.contains("# Failed listening on port"), "{printed}");
    let (status, printed) = Launch::aofd(dir.path()).set("port", "0").refuse();
    assert_eq!(status.code(), Some(1));
    assert!(printed.contains("# Configured to not listen anywhere, exiting."), "{printed}");
}

/// An address of this machine that is not loopback. Nothing is sent to find it.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

#[test]
fn protected_mode_serves_this_machine_only() {
    let Some(address) = outer_address() else {
        needs::missing("an address beyond loopback", "protected mode over a real interface");
        return;
    };
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("bind", "*").start();
    let ask = |server: &Server| {
        let mut stream = TcpStream::connect((address, server.port())).expect("it listens");
        stream.write_all(b"PING\r\n").ok();
        stream.shutdown(Shutdown::Write).ok();
        read_all(stream)
    };
    let refusal = ask(&server);
    assert!(refusal.starts_with("-DENIED Redis is running in protected mode"), "{refusal}");
    assert!(refusal.ends_with("\r\n"), "{refusal}");
    let mut client = server.client();
    assert_eq!(client.command("CONFIG SET protected-mode no"), Reply::ok());
    assert_eq!(ask(&server), "+PONG\r\n");
    assert_eq!(client.command("CONFIG SET protected-mode yes"), Reply::ok());
    assert_eq!(client.command("CONFIG SET requirepass secret"), Reply::ok());
    assert_eq!(ask(&server), "-NOAUTH Authentication required.\r\n");
    drop(server);
    // An address that was named is meant.
    let server = Launch::aofd(dir.path()).set("bind", format!("127.0.0.1 {address}")).start();
    assert_eq!(ask(&server), "+PONG\r\n");
}

#[test]
fn a_stranger_may_send_little_until_it_has_said_the_password() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut first = server.client();
    assert_eq!(first.command("CONFIG SET requirepass secret"), Reply::ok());
    let word = "w".repeat(20_000);
    let many = encode(&["DEL"; 11]);
    let large = encode(&["ECHO", &word]);
    let ask = |bytes: &[u8]| {
        let mut stream = patient(server.port());
        stream.write_all(bytes).expect("sent");
        stream.shutdown(Shutdown::Write).ok();
        read_all(stream)
    };
    assert_eq!(ask(&many), "-ERR Protocol error: unauthenticated multibulk length\r\n");
    assert_eq!(ask(&large), "-ERR Protocol error: unauthenticated bulk length\r\n");
    // In one piece with the password, too.
    let known = [encode(&["AUTH", "secret"]), large, many].concat();
    assert_eq!(ask(&known), format!("+OK\r\n$20000\r\n{word}\r\n:0\r\n"));
    assert_eq!(first.command("PING"), Reply::Simple(b"PONG".to_vec()));
}

#[test]
fn ten_thousand_clients_are_served_at_once() {
    const CLIENTS: usize = 10_000;
    let proves = "that 10,000 clients are served at once";
    if !proc::room_for_descriptors(CLIENTS as u64 + 500, proves) {
        return;
    }
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let pid = server.pid();
    let before = proc::memory_bytes(pid);
    // One of the ten thousand places is for the client that asks at the end.
    let mut clients: Vec<TcpStream> = (1..CLIENTS).map(|_| patient(server.port())).collect();
    for _ in 0..2 {
        for client in &mut clients {
            client.write_all(b"INCR n\r\n").expect("sent");
        }
        for client in &mut clients {
            assert_eq!(client.read(&mut [0; 64]).map(|bytes| bytes > 3).ok(), Some(true));
        }
    }
    let mut last = server.client();
    assert_eq!(last.command("GET n"), Reply::bulk((2 * (CLIENTS - 1)).to_string()));
    assert_eq!(last.info("connected_clients"), CLIENTS.to_string());
    let refused = read_all(patient(server.port()));
    assert_eq!(refused, "-ERR max number of clients reached\r\n");
    let each = proc::memory_bytes(pid).saturating_sub(before) / CLIENTS as u64;
    println!("{each} bytes for each client");
    assert!(each < 8 * 1024, "{each} bytes for each idle client");
    drop(clients);
    wait::until_true("they are gone", || last.info("connected_clients") == "1");
}

/// A log that takes a while to load.
fn long_log(path: &Path) {
    let mut bytes = encode(&["SELECT", "0"]);
    for number in 0..1_000_000 {
        bytes.extend_from_slice(
            format!("*3\r\n$3\r\nSET\r\n$8\r\nk{number:07}\r\n$1\r\nv\r\n").as_bytes(),
        );
    }
    fs::write(path, bytes).expect("written");
}

#[test]
fn clients_are_answered_while_the_log_is_loaded() {
    let dir = folder();
    long_log(&dir.path().join("appendonly.aof"));
    let launch = Launch::aofd(dir.path());
    let mut server = launch.spawn();
    let mut client = server.first_client();
    let loading = Reply::Error(b"LOADING Redis is loading the dataset in memory".to_vec());
    assert_eq!(client.command("PING"), loading, "the log is too short for this machine");
    assert_eq!(client.command("SET a 1"), loading);
    assert_eq!(client.info("loading"), "1");
    let total: u64 = client.info("loading_total_bytes").parse().expect("a number");
    let loaded: u64 = client.info("loading_loaded_bytes").parse().expect("a number");
    assert!(loaded < total, "{loaded} of {total}");
    // Half a request now, the other half when the server serves.
    let mut stream = patient(server.port());
    stream.write_all(b"GET k00").expect("sent");
    // The same connection goes on.
    wait::until_true("the load to end", || client.command("PING") != loading);
    assert_eq!(client.command("DBSIZE"), Reply::Integer(1_000_000));
    stream.write_all(b"00007\r\n").expect("sent");
    stream.shutdown(Shutdown::Write).expect("open");
    assert_eq!(read_all(stream), "$1\r\nv\r\n");
    assert!(client.command("INFO persistence").text().contains("loading:0"));
    let printed = server.process.printed();
    assert!(printed.contains("* DB loaded from append only file: "), "{printed}");
    server.kill();
    // Somebody may end it before it has loaded.
    let mut server = launch.spawn();
    let mut client = server.first_client();
    client.send(&["SHUTDOWN"]).expect("sent");
    let status = server.process.wait(LIMIT);
    let printed = server.process.printed();
    assert_eq!(status.code(), Some(0), "{printed}");
    assert!(printed.contains("# Received shutdown signal during loading, exiting now."));
}

#[test]
fn files_that_would_destroy_each_other_are_refused_before_any_is_opened() {
    let dir = folder();
    let launch = Launch::aofd(dir.path());
    drop(launch.start().client().command("SET a 1"));
    let log = fs::read(dir.path().join("appendonly.aof")).expect("a log");
    assert!(!log.is_empty());
    let trace = dir.path().join("old.trace");
    fs::write(&trace, "a trace").expect("written");
    for (setting, value) in [
        ("logfile", "appendonly.aof".into()),
        ("logfile", "./appendonly.aof.lock".into()),
        ("record", dir.path().join("appendonly.aof")),
        ("record", trace.clone()),
        ("record", dir.path().join("missing/trace")),
    ] {
        let (status, printed) = launch.clone().set(setting, value.as_os_str()).refuse();
        assert_eq!(status.code(), Some(1), "{setting} {value:?}\n{printed}");
        assert!(!printed.contains("DB loaded"), "{printed}");
    }
    assert_eq!(fs::read(dir.path().join("appendonly.aof")).expect("a log"), log);
    assert_eq!(fs::read(&trace).expect("a trace"), b"a trace");
}

//! What the server says of itself is true: memory, connections, slow commands, the log read back.

use std::io::ErrorKind;
use std::net::TcpStream;

use aof_tests::client::{Client, Reply};
use aof_tests::server::Launch;
use aof_tests::wait;

use crate::server::folder;

fn number(client: &mut Client, field: &str) -> u64 {
    let text = client.info(field);
    text.parse().unwrap_or_else(|_| panic!("{field}:{text} is no number"))
}

fn processor_seconds(client: &mut Client) -> f64 {
    let text = client.info("used_cpu_user");
    text.parse().unwrap_or_else(|_| panic!("used_cpu_user:{text} is no number"))
}

/// One field of a line of CLIENT LIST.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let mut fields = line.split_whitespace().filter_map(|word| word.split_once('='));
    fields.find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no {name} in {line}")).1
}

#[test]
fn used_memory_grows_by_what_is_set() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).set("appendfsync", "no").start();
    let mut client = server.client();
    let before = number(&mut client, "used_memory");
    assert!(number(&mut client, "used_memory_startup") <= before);
    let value = vec![b'x'; 1_000_000];
    for key in 0..20 {
        let key = format!("key:{key}");
        client.call(&[b"SET", key.as_bytes(), &value]).expect("a reply");
    }
    let grown = number(&mut client, "used_memory") - before;
    // Buffers that the writes went through may still be there.
    assert!((20_000_000..32_000_000).contains(&grown), "{grown} bytes more");
    let usage = client.command("MEMORY USAGE key:3").integer().expect("a number");
    assert!((1_000_000..1_001_000).contains(&usage), "{usage} bytes for one key");
    let peak = number(&mut client, "used_memory_peak");
    assert!(peak >= before + grown);
    assert!(number(&mut client, "used_memory_rss") > 20_000_000);
    assert!(number(&mut client, "used_memory_dataset") > 20_000_000);
    client.command("FLUSHALL");
    let after = number(&mut client, "used_memory");
    assert!(after < before + grown - 19_000_000, "{after} bytes after FLUSHALL");
    assert_eq!(number(&mut client, "used_memory_peak"), peak.max(after));
}

#[test]
fn the_network_and_the_processor_are_counted() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    let (input, output) = (
        number(&mut client, "total_net_input_bytes"),
        number(&mut client, "total_net_output_bytes"),
    );
    client.call(&[&b"SET"[..], b"a", &[b'x'; 100_000]]).expect("a reply");
    client.command("GET a");
    let input = number(&mut client, "total_net_input_bytes") - input;
    let output = number(&mut client, "total_net_output_bytes") - output;
    assert!((100_000..101_000).contains(&input), "{input} bytes came");
    assert!((100_000..120_000).contains(&output), "{output} bytes went");
    let before = processor_seconds(&mut client);
    wait::until_true("work to cost processor time", || {
        client.command("DEBUG DIGEST");
        processor_seconds(&mut client) > before
    });
    assert_eq!(client.command("CONFIG RESETSTAT"), Reply::ok());
    assert!(number(&mut client, "total_net_input_bytes") < 1_000);
    assert_eq!(number(&mut client, "total_connections_received"), 0);
    assert_eq!(client.info("run_id").len(), 40);
    assert_eq!(client.info("tcp_port"), server.port().to_string());
    assert!(client.info("mem_allocator").starts_with("jemalloc-"));
}

#[test]
fn a_client_is_listed_with_its_own_address() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    let other = TcpStream::connect(("127.0.0.1", server.port())).expect("connected");
    let address = other.local_addr().expect("an address").to_string();
    let target = other.peer_addr().expect("an address").to_string();
    // The server has accepted it once it lists it.
    let line = wait::until("the connection to be listed", || {
        let list = client.command("CLIENT LIST").text();
        list.lines().find(|line| field(line, "addr") == address).map(str::to_owned)
    });
    assert_eq!(field(&line, "laddr"), target);
    assert_ne!(field(&line, "fd"), "0");
    let own = client.command("CLIENT INFO").text();
    assert_eq!(field(&own, "cmd"), "client");
    assert_ne!(field(&own, "fd"), field(&line, "fd"));
    assert_eq!(client.command(&format!("CLIENT KILL ADDR {address}")), Reply::Integer(1));
    other.set_read_timeout(Some(wait::LIMIT)).expect("a socket takes a timeout");
    let mut piece = [0];
    match std::io::Read::read(&mut &other, &mut piece) {
        Ok(bytes) => assert_eq!(bytes, 0, "the connection is closed"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert_eq!(client.command(&format!("CLIENT KILL ADDR {address}")), Reply::Integer(0));
}

#[test]
fn half_a_request_is_seen() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let (mut client, mut slow) = (server.client(), server.client());
    let id = slow.command("CLIENT ID").integer().expect("a number");
    slow.send_raw(b"*2\r\n$3\r\nGET\r\n$10\r\nabc").expect("sent");
    wait::until_true("half a request to be seen", || {
        let line = client.command(&format!("CLIENT LIST ID {id}")).text();
        let bytes = field(&line, "qbuf");
        assert!(matches!(bytes, "0" | "21"), "{line}");
        bytes == "21"
    });
    assert_eq!(client.info("client_recent_max_input_buffer"), "21");
    slow.send_raw(b"defghij\r\n").expect("sent");
    assert_eq!(slow.receive().expect("a reply").reply, Reply::Bulk(None));
    let line = client.command(&format!("CLIENT LIST ID {id}")).text();
    assert_eq!(field(&line, "qbuf"), "0", "{line}");
}

#[test]
fn slow_commands_are_logged_and_others_not() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    client.command("CLIENT SETNAME me");
    assert_eq!(client.command("CONFIG SET slowlog-log-slower-than 1000000"), Reply::ok());
    client.command("SLOWLOG RESET");
    // In a pipeline, between quick ones. A second, so that a busy machine makes no other slow.
    client.send_raw(b"SET a 1\r\nDEBUG SLEEP 1.1\r\nGET a\r\n").expect("sent");
    for _ in 0..3 {
        client.receive().expect("a reply");
    }
    let entries = client.command("SLOWLOG GET");
    let [slept] = entries.elements() else { panic!("not one entry: {entries:?}") };
    let slept = slept.elements();
    assert!(slept[2].integer().is_some_and(|micros| micros >= 1_100_000), "{slept:?}");
    assert_eq!(format!("{:?}", slept[3]), "[\"DEBUG\", \"SLEEP\", \"1.1\"]");
    assert!(slept[4].text().starts_with("127.0.0.1:"), "{slept:?}");
    assert_eq!(slept[5].text(), "me");
    client.command("CONFIG SET slowlog-log-slower-than -1");
    client.command("SLOWLOG RESET");
    client.command("DEBUG SLEEP 0.15");
    assert_eq!(client.command("SLOWLOG LEN"), Reply::Integer(0));
}

/// Two million bytes of log and a piece: what memory held is read back from the disk.
#[test]
fn the_log_can_be_loaded_again() {
    for policy in ["always", "everysec", "no"] {
        let dir = folder();
        let server = Launch::aofd(dir.path()).set("appendfsync", policy).start();
        let mut client = server.client();
        let value = vec![b'v'; 700_000];
        for key in ["a", "b", "c"] {
            client.call(&[b"SET", key.as_bytes(), &value]).expect("a reply");
        }
        client.command("SELECT 4");
        client.command("SET d 1 PX 100000000");
        let before = client.command("DEBUG DIGEST");
        assert_eq!(client.command("DEBUG LOADAOF"), Reply::ok(), "{policy}");
        assert_eq!(client.command("DEBUG DIGEST"), before, "{policy}");
        assert_eq!(client.command("DBSIZE"), Reply::Integer(1));
        // A log that somebody spoiled is not taken.
        let log = dir.path().join("appendonly.aof");
        let mut bytes = std::fs::read(&log).expect("a log");
        bytes[0] = b'!';
        std::fs::write(&log, bytes).expect("written");
        assert!(client.command("DEBUG LOADAOF").is_error(), "{policy}");
        assert_eq!(client.command("DEBUG DIGEST"), before, "{policy}");
    }
}

#[test]
fn a_password_is_asked_for_and_shown_nowhere() {
    let dir = folder();
    let server = Launch::aofd(dir.path()).start();
    let mut client = server.client();
    let mut monitor = server.client();
    client.command("CONFIG SET slowlog-log-slower-than 0");
    assert_eq!(monitor.command("MONITOR"), Reply::ok());
    assert_eq!(client.command("CONFIG SET requirepass hunter2"), Reply::ok());
    let mut late = server.client();
    assert_eq!(
        late.command("GET a").text(),
        "NOAUTH Authentication required.",
        "who comes later must say it"
    );
    assert!(late.command("AUTH hunter1").text().starts_with("WRONGPASS"));
    assert_eq!(late.command("AUTH hunter2"), Reply::ok());
    late.command("HELLO 2 AUTH default hunter2");
    assert_eq!(late.command("GET a"), Reply::Bulk(None));
    // Who was there before goes on.
    assert_eq!(client.command("PING"), Reply::Simple(b"PONG".to_vec()));
    let slow = format!("{:?}", client.command("SLOWLOG GET 100"));
    assert!(slow.contains("(redacted)") && !slow.contains("hunter"), "{slow}");
    client.command("ECHO last");
    let mut seen = String::new();
    while !seen.contains("last") {
        seen.push_str(&monitor.receive().expect("a line").reply.text());
    }
    assert!(seen.contains("(redacted)") && !seen.contains("hunter"), "{seen}");
}

use super::{Bench, check};
use crate::execute::Request;
use crate::units::ClientId;

#[test]
fn small_talk() {
    check(
        &[
            ("PING", "+PONG"),
            ("ping hello", "\"hello\""),
            ("PING a b", "-ERR wrong number of arguments for 'ping' command"),
            ("ECHO 'a b'", "\"a b\""),
            ("ECHO", "-ERR wrong number of arguments for 'echo' command"),
            ("ECHO a b", "-ERR wrong number of arguments for 'echo' command"),
        ],
        &[],
    );
}

#[test]
fn unknown_commands_are_shown_with_what_follows() {
    let long = "x".repeat(200);
    let cut = "x".repeat(128);
    let cases = [
        ("FOO".to_owned(), "unknown command `FOO`, with args beginning with: ".to_owned()),
        ("foo a b".into(), "unknown command `foo`, with args beginning with: `a`, `b`, ".into()),
        (
            format!("foo {long} b"),
            format!("unknown command `foo`, with args beginning with: `{cut}`, "),
        ),
        (
            "foo \"a\\r\\nb\"".into(),
            "unknown command `foo`, with args beginning with: `a  b`, ".into(),
        ),
    ];
    for (line, reply) in cases {
        assert_eq!(Bench::default().step(&line), format!("-ERR {reply}"), "{line}");
    }
}

#[test]
fn hello_speaks_resp2_only() {
    let mut bench = Bench::default();
    let hello = bench.step("HELLO 2 SETNAME me");
    assert!(hello.contains("\"proto\", :2"), "{hello}");
    assert_eq!(bench.step("CLIENT GETNAME"), "\"me\"");
    assert!(bench.step("HELLO").starts_with("[\"server\", \"redis\""));
    for (line, reply) in [
        ("HELLO 3", "-NOPROTO unsupported protocol version"),
        ("HELLO x", "-ERR Protocol version is not an integer or out of range"),
        ("HELLO 4", "-NOPROTO unsupported protocol version"),
        ("HELLO 2 WHAT", "-ERR Syntax error in HELLO option 'WHAT'"),
        ("HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
}

#[test]
fn quit_and_reset_work_inside_multi() {
    let mut bench = Bench::default();
    bench.step("SELECT 4");
    bench.step("CLIENT SETNAME x");
    bench.step("MULTI");
    assert_eq!(bench.step("RESET"), "+RESET");
    assert_eq!(bench.step("EXEC"), "-ERR EXEC without MULTI");
    assert_eq!(bench.step("CLIENT GETNAME"), "nil");
    bench.step("MULTI");
    assert_eq!(bench.step("QUIT"), "+OK");
    assert_eq!(bench.requests, [Request::Close]);
}

#[test]
fn clients_know_themselves_and_each_other() {
    let mut bench = Bench::default();
    bench.step("2> SELECT 5");
    bench.step("2> MULTI");
    bench.step("2> GET a");
    assert_eq!(bench.step("CLIENT ID"), ":1");
    assert_eq!(bench.step("CLIENT SETNAME a-b"), "+OK");
    assert_eq!(
        bench.step("CLIENT SETNAME 'a b'"),
        "-ERR Client names cannot contain spaces, newlines or special characters."
    );
    let list = bench.step("CLIENT LIST");
    assert!(list.contains("id=1 ") && list.contains("name=a-b "), "{list}");
    assert!(
        list.contains("id=2 ") && list.contains("db=5 ") && list.contains("multi=1 "),
        "{list}"
    );
    let only = bench.step("CLIENT LIST ID 2 7");
    assert!(!only.contains("id=1 ") && only.contains("id=2 "), "{only}");
    assert!(bench.step("CLIENT INFO").contains("cmd=client "));
    for (line, reply) in [
        ("CLIENT LIST TYPE pubsub", "\"\""),
        ("CLIENT LIST TYPE what", "-ERR Unknown client type 'what'"),
        ("CLIENT LIST ID x", "-ERR Invalid client ID"),
        ("CLIENT KILL 1.2.3.4:5", "-ERR No such client"),
        ("CLIENT KILL ID 9", ":0"),
        ("CLIENT KILL ID 2", ":1"),
        ("CLIENT KILL ID 1", ":0"),
        ("CLIENT KILL ID 1 SKIPME no", ":1"),
        ("CLIENT KILL TYPE normal", ":1"),
        ("CLIENT KILL TYPE pubsub", ":0"),
        ("CLIENT KILL USER who", "-ERR No such user 'who'"),
        ("CLIENT KILL ID", "-ERR No such client"),
        ("CLIENT KILL ID 1 SKIPME", "-ERR syntax error"),
        (
            "CLIENT WHAT",
            "-ERR Unknown subcommand or wrong number of arguments for 'WHAT'. Try CLIENT HELP.",
        ),
        (
            "CLIENT ID x",
            "-ERR Unknown subcommand or wrong number of arguments for 'ID'. Try CLIENT HELP.",
        ),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    let kill = |id| Request::Kill { clients: vec![ClientId(id)] };
    assert_eq!(bench.requests, [kill(2), kill(1), kill(2)]);
}

#[test]
fn replies_can_be_turned_off() {
    check(
        &[
            ("CLIENT REPLY OFF", "(none)"),
            ("SET a 1", "(none)"),
            ("CLIENT REPLY SKIP", "(none)"),
            ("PING", "(none)"),
            ("CLIENT REPLY ON", "+OK"),
            ("GET a", "\"1\""),
            ("CLIENT REPLY SKIP", "(none)"),
            ("SET a 2", "(none)"),
            ("GET a", "\"2\""),
            ("CLIENT REPLY WHAT", "-ERR syntax error"),
        ],
        &["SELECT 0", "SET a 1", "SET a 2"],
    );
}

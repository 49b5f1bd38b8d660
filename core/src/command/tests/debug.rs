use super::Bench;
use crate::execute::Request;

#[test]
fn loadaof_is_asked_for_and_not_inside_a_transaction() {
    let mut bench = Bench::default();
    assert_eq!(bench.step("DEBUG LOADAOF"), "+OK");
    assert_eq!(bench.requests, [Request::LoadLog]);
    bench.step("MULTI");
    bench.step("DEBUG LOADAOF");
    assert_eq!(bench.step("EXEC"), "[-ERR DEBUG LOADAOF is not allowed in transactions]");
    assert_eq!(bench.requests.len(), 1);
}

#[test]
fn the_active_cycle_can_be_switched_off() {
    let mut bench = Bench::default();
    bench.step("SET a 1 PX 10");
    bench.step("DEBUG SET-ACTIVE-EXPIRE 0");
    bench.step("+100");
    assert_eq!(bench.step("cycle"), "0");
    assert_eq!(bench.step("DBSIZE"), ":1");
    assert_eq!(bench.step("GET a"), "nil", "whoever looks still finds nothing");
    bench.step("SET a 1 PX 10");
    bench.step("+100");
    bench.step("DEBUG SET-ACTIVE-EXPIRE 1");
    assert_eq!(bench.step("cycle"), "1");
}

#[test]
fn populated_keys_are_in_the_log() {
    let mut bench = Bench::default();
    bench.step("SET key:1 mine");
    for (line, reply) in [
        ("DEBUG POPULATE 3", "+OK"),
        ("GET key:0", "\"value:0\""),
        ("GET key:1", "\"mine\""),
        ("DEBUG POPULATE 2 p 3", "+OK"),
        ("GET p:1", "\"val\""),
        ("DEBUG POPULATE 1 q 10", "+OK"),
        ("GET q:0", "\"value:0\\0\\0\\0\""),
        ("DEBUG POPULATE x", "-ERR value is out of range, must be positive"),
        ("DEBUG POPULATE -1", "-ERR value is out of range, must be positive"),
        ("DEBUG POPULATE 9223372036854775807", "-ERR DEBUG POPULATE makes at most 1 GB"),
        ("DEBUG POPULATE 1 a 9223372036854775807", "-ERR DEBUG POPULATE makes at most 1 GB"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    assert_eq!(
        bench.replayed().keyspace.content_digest(),
        bench.executor.keyspace.content_digest()
    );
}

#[test]
fn digests_are_those_of_the_content() {
    let (mut one, mut other) = (Bench::default(), Bench::default());
    let nothing = format!("+{}", "0".repeat(40));
    assert_eq!(one.step("DEBUG DIGEST"), nothing);
    one.step("SET a 1");
    one.step("SET b 1");
    other.step("SET b 1");
    other.step("SET a 1");
    assert_eq!(one.step("DEBUG DIGEST"), other.step("DEBUG DIGEST"));
    other.step("SET a 2");
    assert_ne!(one.step("DEBUG DIGEST"), other.step("DEBUG DIGEST"));
    let values = one.step("DEBUG DIGEST-VALUE a b none");
    let values: Vec<&str> = values.trim_matches(['[', ']']).split(", ").collect();
    assert_eq!(values.len(), 3);
    assert_eq!(values[0], values[1]);
    assert_eq!(values[2], nothing);
}

#[test]
fn errors_can_be_asked_for() {
    assert_eq!(Bench::default().step("DEBUG ERROR 'MINE it is'"), "-MINE it is");
}

#[test]
fn object_says_how_a_value_is_held() {
    let mut bench = Bench::default();
    bench.step("SET a 1");
    bench.step(&format!("SET b {}", "x".repeat(30)));
    for (line, reply) in [
        ("DEBUG OBJECT a", "+refcount:1 encoding:embstr memory:0"),
        ("DEBUG OBJECT b", "+refcount:1 encoding:raw memory:48"),
        ("DEBUG OBJECT none", "-ERR no such key"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
}

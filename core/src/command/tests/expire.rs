use super::{Bench, START, check};
use crate::resp::OwnedArgv;
use crate::session::Session;
use crate::units::{ClientId, Millis};

#[test]
fn every_form_becomes_absolute() {
    check(
        &[
            ("EXPIRE a 10", ":0"),
            ("MSET a 1 b 1 c 1 d 1", "+OK"),
            ("expire a 10", ":1"),
            ("PEXPIRE b 10", ":1"),
            ("EXPIREAT c 1795226410", ":1"),
            ("pexpireat d 1795226400001", ":1"),
            ("TTL a", ":10"),
            ("PTTL b", ":10"),
            ("PTTL c", ":10000"),
            ("PTTL d", ":1"),
            ("TTL b", ":0"),
            ("TTL x", ":-2"),
            ("PTTL x", ":-2"),
            ("PERSIST a", ":1"),
            ("PERSIST a", ":0"),
            ("PERSIST x", ":0"),
            ("TTL a", ":-1"),
        ],
        &[
            "SELECT 0",
            "MSET a 1 b 1 c 1 d 1",
            "PEXPIREAT a {+10000}",
            "PEXPIREAT b {+10}",
            "PEXPIREAT c {+10000}",
            "pexpireat d {+1}",
            "PERSIST a",
        ],
    );
}

#[test]
fn a_time_that_is_over_deletes() {
    check(
        &[
            ("MSET a 1 b 1 c 1 d 1", "+OK"),
            ("EXPIRE a 0", ":1"),
            ("PEXPIRE b -5", ":1"),
            ("EXPIREAT c 1", ":1"),
            ("PEXPIREAT d -9223372036854775808", ":1"),
            ("DBSIZE", ":0"),
        ],
        &["SELECT 0", "MSET a 1 b 1 c 1 d 1", "DEL a", "DEL b", "DEL c", "DEL d"],
    );
}

#[test]
fn times_that_do_not_fit() {
    check(
        &[
            ("EXPIRE a 9223372036854775807", "-ERR invalid expire time in expire"),
            ("EXPIRE a -9223372036854775808", "-ERR invalid expire time in expire"),
            ("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in pexpire"),
            ("EXPIREAT a 9223372036854775807", "-ERR invalid expire time in expireat"),
            ("PEXPIREAT a 9223372036854775807", ":0"),
            ("EXPIRE a 1.5", "-ERR value is not an integer or out of range"),
            ("EXPIRE a 1 NX", "-ERR wrong number of arguments for 'expire' command"),
        ],
        &[],
    );
}

/// A key lives through the millisecond that is its time. Then the first access deletes it, before
/// the command, as a record of its own.
#[test]
fn lazy_expiry_is_logged_before_the_command() {
    check(
        &[
            ("SET a 1 PX 10", "+OK"),
            ("+10", ""),
            ("GET a", "\"1\""),
            ("+1", ""),
            ("SET a 2 XX", "nil"),
            ("SET b 1 PX 10", "+OK"),
            ("SET c 1 PX 10", "+OK"),
            ("+11", ""),
            ("INCR b", ":1"),
            ("TTL b", ":-1"),
            ("MGET b c", "[\"1\", nil]"),
            ("SET d 1 PX 10", "+OK"),
            ("+11", ""),
            ("DEL d", ":0"),
            ("SET e 1 PX 10", "+OK"),
            ("+11", ""),
            ("SET e 2", "+OK"),
        ],
        &[
            "SELECT 0",
            "SET a 1 PXAT {+10}",
            "DEL a",
            "SET b 1 PXAT {+21}",
            "SET c 1 PXAT {+21}",
            "DEL b",
            "INCR b",
            "DEL c",
            "SET d 1 PXAT {+32}",
            "DEL d",
            "SET e 1 PXAT {+43}",
            "DEL e",
            "SET e 2",
        ],
    );
}

#[test]
fn the_active_cycle_deletes_and_logs() {
    check(
        &[
            ("SET a 1 PX 10", "+OK"),
            ("SET b 1 PX 20", "+OK"),
            ("SELECT 2", "+OK"),
            ("SET c 1 PX 5", "+OK"),
            ("cycle", "0"),
            ("+11", ""),
            ("cycle", "2"),
            ("cycle", "0"),
            ("+10", ""),
            ("cycle", "1"),
        ],
        &[
            "SELECT 0",
            "SET a 1 PXAT {+10}",
            "SET b 1 PXAT {+20}",
            "SELECT 2",
            "SET c 1 PXAT {+5}",
            "SELECT 0",
            "DEL a",
            "SELECT 2",
            "DEL c",
            "SELECT 0",
            "DEL b",
        ],
    );
}

#[test]
fn one_cycle_does_a_bounded_amount_of_work() {
    let mut bench = Bench::default();
    for number in 0..1000 {
        bench.step(&format!("SET key{number} 1 PX 5"));
    }
    bench.step("+6");
    let rounds: Vec<String> = (0..5).map(|_| bench.step("cycle")).collect();
    assert_eq!(rounds, ["320", "320", "320", "40", "0"]);
    assert_eq!(bench.executor.statistics.expired_keys, 1000);
}

/// While loading nothing expires, and a time that is over is kept for the first look after it.
#[test]
fn loading_keeps_what_is_over() {
    let mut bench = Bench::default();
    let mut session = Session::new(ClientId(9));
    bench.executor.set_load_time(START);
    for line in ["SET a 1", "PEXPIREAT a 5", "SET b 1 PXAT 5", "EXPIRE b 10", "INCR a", "GET b"] {
        bench.executor.replay(&mut session, OwnedArgv::from_line(line).as_argv()).unwrap();
    }
    let database = bench.executor.keyspace.db(0);
    assert_eq!(database.expiry(b"a"), Some(Millis(5)));
    assert_eq!(database.expiry(b"b"), Some(Millis(START.0 + 10_000)));
    assert_eq!(database.get(b"a").unwrap().as_string().unwrap().as_bytes(), b"2");
    assert_eq!(bench.step("GET a"), "nil");
    assert_eq!(bench.log_lines(), ["SELECT 0", "DEL a"]);
}

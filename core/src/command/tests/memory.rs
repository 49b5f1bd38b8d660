use super::Bench;
use crate::info::memory::{KEY_BYTES, key_memory_bytes};
use crate::usage::Usage;

#[test]
fn usage_counts_entry_key_and_value() {
    let mut bench = Bench::default();
    bench.step("SET short 1");
    assert_eq!(bench.step("MEMORY USAGE short"), format!(":{KEY_BYTES}"));
    // What does not fit into the entry is on the heap.
    bench.step(&format!("SET short {}", "x".repeat(100)));
    assert_eq!(bench.step("MEMORY USAGE short"), format!(":{}", KEY_BYTES + 112));
    let long = "k".repeat(40);
    bench.step(&format!("SET {long} 1"));
    assert_eq!(bench.step(&format!("MEMORY USAGE {long}")), format!(":{}", KEY_BYTES + 48));
    assert_eq!(key_memory_bytes(&[b'k'; 22]), KEY_BYTES);
}

#[test]
fn usage_grows_with_every_type() {
    let mut bench = Bench::default();
    for add in ["RPUSH key {}", "HSET key {} x", "SADD key {}", "ZADD key 1 {}", "APPEND key {}"] {
        bench.step("DEL key");
        let mut usage = Vec::new();
        for number in 0..2_000 {
            bench.step(&add.replace("{}", &format!("element:{number}")));
            if number % 500 == 499 {
                let reply = bench.step("MEMORY USAGE key SAMPLES 0");
                usage.push(reply[1..].parse::<u64>().expect(&reply));
            }
        }
        assert!(usage.is_sorted(), "{add}: {usage:?}");
        assert!(usage[3] > 2_000 * 10, "{add}: {usage:?}");
        assert!(usage[3] < 2_000 * 300, "{add}: {usage:?}");
    }
}

#[test]
fn words_are_checked() {
    let mut bench = Bench::default();
    bench.step("SET a 1 PX 10");
    for (line, reply) in [
        ("MEMORY USAGE none", "nil"),
        ("MEMORY USAGE a SAMPLES -1", "-ERR syntax error"),
        ("MEMORY USAGE a SAMPLES x", "-ERR value is not an integer or out of range"),
        ("MEMORY USAGE a SAMPLES", "-ERR syntax error"),
        ("MEMORY USAGE a what", "-ERR syntax error"),
        ("MEMORY USAGE a what 1", "-ERR syntax error"),
        (
            "MEMORY WHAT",
            "-ERR Unknown subcommand or wrong number of arguments for 'WHAT'. Try MEMORY HELP.",
        ),
        ("MEMORY PURGE", "+OK"),
        ("MEMORY STATS", "[]"),
        ("+11", ""),
        ("MEMORY USAGE a", "nil"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
}

#[test]
fn stats_and_doctor_say_what_the_host_knows() {
    let used_bytes = 100_000_000;
    let usage = Usage { used_bytes, peak_bytes: used_bytes, ..Usage::default() };
    let mut bench = Bench { usage: Some(usage), ..Bench::default() };
    bench.step("SET a 1");
    let stats = bench.step("MEMORY STATS");
    assert!(stats.contains("\"total.allocated\", :100000000"), "{stats}");
    assert!(stats.contains("\"keys.count\", :1, \"keys.bytes-per-key\", :100000000"), "{stats}");
    assert!(stats.contains("\"peak.percentage\", \"100.00\""), "{stats}");
    assert_eq!(bench.step("MEMORY DOCTOR"), "\"Nothing is wrong.\\n\"");
    bench.usage = Some(Usage { rss_bytes: used_bytes * 2, ..usage });
    assert!(bench.step("MEMORY DOCTOR").contains("fragmentation"));
    bench.usage = Some(Usage { used_bytes: 1_000, ..usage });
    assert!(bench.step("MEMORY DOCTOR").contains("less than 5 MB"));
}

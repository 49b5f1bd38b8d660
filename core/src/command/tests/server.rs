use super::Bench;
use crate::config::Policy;
use crate::execute::{Request, ShutdownSave};

#[test]
fn config_is_read_and_changed() {
    let mut bench = Bench::default();
    for (line, reply) in [
        ("CONFIG GET appendfsync", "[\"appendfsync\", \"everysec\"]"),
        ("config get APPENDFSYNC", "[\"appendfsync\", \"everysec\"]"),
        ("CONFIG GET nothing", "[]"),
        ("CONFIG SET appendfsync always", "+OK"),
        ("CONFIG SET appendfsync always", "+OK"),
        ("CONFIG GET appendfsync", "[\"appendfsync\", \"always\"]"),
        ("CONFIG SET nothing 1", "-ERR Unsupported CONFIG parameter: nothing"),
        ("CONFIG SET profile redis-6.2", "+OK"),
        ("CONFIG SET appendonly no", "+OK"),
        ("CONFIG GET appendonly", "[\"appendonly\", \"no\"]"),
        ("CONFIG RESETSTAT", "+OK"),
        ("CONFIG REWRITE", "-ERR The server is running without a config file"),
        (
            "CONFIG GET",
            "-ERR Unknown subcommand or wrong number of arguments for 'GET'. Try CONFIG HELP.",
        ),
        (
            "CONFIG WHAT x",
            "-ERR Unknown subcommand or wrong number of arguments for 'WHAT'. Try CONFIG HELP.",
        ),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    assert_eq!(bench.executor.config.appendfsync, Policy::Always);
    assert_eq!(
        bench.requests,
        [
            Request::PolicyChanged,
            Request::ProfileChanged,
            Request::AppendOnlyOff,
            Request::ResetStatistics,
        ]
    );
    assert!(bench.log.is_empty());
}

#[test]
fn more_clients_than_the_host_has_room_for_are_refused() {
    let mut bench = Bench::default();
    assert_eq!(bench.step("CONFIG SET maxclients 4294967295"), "+OK", "no limit is known");
    bench.executor.config.most_clients = 19_968;
    let refused = |asked: u32| {
        format!(
            "-ERR Invalid argument '{asked}' for CONFIG SET 'maxclients' - The operating system \
             is not able to handle the specified number of clients, try with 19968"
        )
    };
    for (asked, taken) in [(19_969, true), (19_970, false), (19_969, true), (10, true)] {
        let reply = bench.step(&format!("CONFIG SET maxclients {asked}"));
        assert_eq!(reply, if taken { "+OK".to_owned() } else { refused(asked) }, "not raised");
    }
    for (asked, taken) in [(30_000, false), (19_969, false), (19_968, true), (19_969, false)] {
        let reply = bench.step(&format!("CONFIG SET maxclients {asked}"));
        assert_eq!(reply, if taken { "+OK".to_owned() } else { refused(asked) });
    }
    assert_eq!(bench.step("CONFIG GET maxclients"), "[\"maxclients\", \"19968\"]");
}

#[test]
fn a_transaction_may_ask_for_several_things() {
    let mut bench = Bench::default();
    for line in ["MULTI", "CONFIG SET appendfsync no", "DEBUG SLEEP 0.5", "EXEC"] {
        bench.step(line);
    }
    assert_eq!(bench.requests, [Request::PolicyChanged, Request::Sleep { micros: 500_000 }]);
}

#[test]
fn debug_and_shutdown() {
    let mut bench = Bench::default();
    for (line, reply) in [
        ("DEBUG SLEEP 1.25", "+OK"),
        ("DEBUG SLEEP x", "+OK"),
        ("DEBUG SLEEP -1", "+OK"),
        (
            "DEBUG WHAT a",
            "-ERR Unknown subcommand or wrong number of arguments for 'WHAT'. Try DEBUG HELP.",
        ),
        ("SHUTDOWN now", "-ERR syntax error"),
        ("SHUTDOWN save nosave", "-ERR syntax error"),
        ("SHUTDOWN", "(none)"),
        ("shutdown nosave", "(none)"),
        ("SHUTDOWN SAVE", "(none)"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    let shutdown = |save| Request::Shutdown { save };
    assert_eq!(
        bench.requests,
        [
            Request::Sleep { micros: 1_250_000 },
            Request::Sleep { micros: 0 },
            Request::Sleep { micros: 0 },
            shutdown(ShutdownSave::Default),
            shutdown(ShutdownSave::NoSave),
            shutdown(ShutdownSave::Save),
        ]
    );
}

/// Every field of generation 6.2, in the order in which the reference lists them.
#[test]
fn info_persistence_has_every_field() {
    let mut bench = Bench::default();
    bench.step("SET a 1");
    let text = String::from_utf8(bench.run_words(1, &["INFO", "persistence"])).unwrap();
    let names: Vec<&str> = text
        .split("\r\n")
        .filter(|line| line.starts_with("aof_") || line.starts_with("loading"))
        .filter_map(|line| line.split(':').next())
        .collect();
    let expected = [
        "loading",
        "aof_enabled",
        "aof_rewrite_in_progress",
        "aof_rewrite_scheduled",
        "aof_last_rewrite_time_sec",
        "aof_current_rewrite_time_sec",
        "aof_last_bgrewrite_status",
        "aof_last_write_status",
        "aof_last_cow_size",
        "aof_current_size",
        "aof_base_size",
        "aof_pending_rewrite",
        "aof_buffer_length",
        "aof_rewrite_buffer_length",
        "aof_pending_bio_fsync",
        "aof_delayed_fsync",
        "aof_state",
        "aof_rewrites",
        "aof_last_diff_sent",
        "aof_last_switch_usec",
    ];
    assert_eq!(names, expected);
    for line in ["aof_current_size:42", "aof_delayed_fsync:7", "aof_last_rewrite_time_sec:-1"] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line} in {text}");
    }
    bench.step("CONFIG SET appendonly no");
    let text = String::from_utf8(bench.run_words(1, &["INFO", "persistence"])).unwrap();
    assert!(!text.contains("aof_current_size"), "{text}");
}

#[test]
fn info_has_sections() {
    let mut bench = Bench::default();
    bench.step("SET a 1 PX 1000");
    bench.step("SELECT 7");
    bench.step("SET b 1");
    let all = bench.step("INFO");
    let titles = [
        "Server",
        "Clients",
        "Memory",
        "Persistence",
        "Stats",
        "Replication",
        "CPU",
        "Errorstats",
        "Cluster",
        "Keyspace",
    ];
    for title in titles {
        assert!(all.contains(&format!("# {title}\\r\\n")), "{title} in {all}");
    }
    assert!(all.contains("redis_version:6.2."), "{all}");
    assert!(all.contains("role:master"), "{all}");
    assert!(all.contains("db0:keys=1,expires=1,avg_ttl=1000\\r\\n"), "{all}");
    assert!(all.contains("db7:keys=1,expires=0,avg_ttl=0\\r\\n"), "{all}");
    let one = bench.step("info KeySpace");
    assert!(one.starts_with("\"# Keyspace"), "{one}");
    assert_eq!(bench.step("INFO nothing"), "\"\"");
    assert_eq!(bench.step("INFO a b"), "-ERR syntax error");
}

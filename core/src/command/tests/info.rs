use super::{Bench, START};
use crate::config::ProcessFacts;
use crate::usage::Usage;

/// The fields of a section, as names and values.
fn fields(bench: &mut Bench, section: &str) -> Vec<(String, String)> {
    let text = bench.run_words(1, &["INFO", section]);
    let text = String::from_utf8(text).unwrap();
    let field = |line: &str| line.split_once(':').map(|(k, v)| (k.to_owned(), v.to_owned()));
    text.split("\r\n").filter_map(field).collect()
}

#[track_caller]
fn assert_field(fields: &[(String, String)], name: &str, value: &str) {
    let found = fields.iter().find(|(other, _)| other == name);
    assert_eq!(found.map(|(_, value)| value.as_str()), Some(value), "{name} in {fields:?}");
}

const USAGE: Usage = Usage {
    used_bytes: 4_000_000,
    peak_bytes: 8_000_000,
    startup_bytes: 1_000_000,
    active_bytes: 4_400_000,
    resident_bytes: 5_000_000,
    rss_bytes: 6_000_000,
    system_bytes: 25_276_514_304,
    user_cpu_micros: 1_234_567,
    system_cpu_micros: 8_900,
    input_bytes: 100,
    output_bytes: 200,
    rejected_connections: 3,
    client_buffer_bytes: 500_000,
    largest_query_bytes: 400_000,
    largest_output_bytes: 90,
};

#[test]
fn what_the_host_measures_is_shown() {
    let mut bench = Bench { usage: Some(USAGE), ..Bench::default() };
    bench.executor.config.process.allocator = "some".to_owned();
    let memory = fields(&mut bench, "memory");
    for (name, value) in [
        ("used_memory", "4000000"),
        ("used_memory_human", "3.81M"),
        ("used_memory_rss", "6000000"),
        ("used_memory_peak", "8000000"),
        ("used_memory_peak_perc", "50.00%"),
        ("used_memory_overhead", "1500000"),
        ("used_memory_startup", "1000000"),
        ("used_memory_dataset", "2500000"),
        ("used_memory_dataset_perc", "83.33%"),
        ("total_system_memory_human", "23.54G"),
        ("maxmemory", "0"),
        ("maxmemory_policy", "noeviction"),
        ("allocator_frag_ratio", "1.10"),
        ("allocator_frag_bytes", "400000"),
        ("mem_fragmentation_ratio", "1.50"),
        ("mem_clients_normal", "500000"),
        ("mem_aof_buffer", "0"),
        ("mem_allocator", "some"),
    ] {
        assert_field(&memory, name, value);
    }
    let cpu = fields(&mut bench, "cpu");
    assert_field(&cpu, "used_cpu_user", "1.234567");
    assert_field(&cpu, "used_cpu_sys", "0.008900");
    let stats = fields(&mut bench, "stats");
    assert_field(&stats, "total_net_input_bytes", "100");
    assert_field(&stats, "total_net_output_bytes", "200");
    assert_field(&stats, "rejected_connections", "3");
    let clients = fields(&mut bench, "clients");
    assert_field(&clients, "client_recent_max_input_buffer", "400000");
}

/// The simulated world knows nothing of memory and time, and says nothing of them.
#[test]
fn what_nobody_measures_is_left_out() {
    let mut bench = Bench::default();
    assert_eq!(fields(&mut bench, "cpu"), []);
    assert_eq!(fields(&mut bench, "memory"), [("mem_aof_buffer".to_owned(), "0".to_owned())]);
    let all = bench.step("INFO everything");
    for name in ["usec=", "kbps", "total_net_input_bytes", "run_id", "os:"] {
        assert!(!all.contains(name), "{name} in {all}");
    }
}

#[test]
fn the_server_says_who_it_is() {
    let mut bench = Bench::default();
    bench.executor.config.process = ProcessFacts {
        run_id: "0".repeat(40),
        executable: "/bin/aofd".to_owned(),
        system: "Linux 6.1 x86_64".to_owned(),
        allocator: String::new(),
        multiplexing: "epoll".to_owned(),
    };
    bench.executor.config.config_file = "/etc/aofd.conf".to_owned();
    bench.now.0 += 90_000_000;
    let server = fields(&mut bench, "server");
    for (name, value) in [
        ("os", "Linux 6.1 x86_64"),
        ("arch_bits", "64"),
        ("multiplexing_api", "epoll"),
        ("run_id", &"0".repeat(40)),
        ("tcp_port", "6379"),
        ("uptime_in_seconds", "90000"),
        ("uptime_in_days", "1"),
        ("executable", "/bin/aofd"),
        ("config_file", "/etc/aofd.conf"),
        ("server_time_usec", &((START.0 + 90_000_000) * 1000).to_string()),
    ] {
        assert_field(&server, name, value);
    }
}

#[test]
fn commands_and_errors_are_counted() {
    let mut bench = Bench::default();
    for line in ["SET a x", "GET a", "GET a", "GET", "INCR a", "WHAT", "LPUSH a 1", "EXEC"] {
        bench.step(line);
    }
    let commands = fields(&mut bench, "commandstats");
    assert_field(&commands, "cmdstat_set", "calls=1,rejected_calls=0,failed_calls=0");
    assert_field(&commands, "cmdstat_get", "calls=2,rejected_calls=1,failed_calls=0");
    assert_field(&commands, "cmdstat_incr", "calls=1,rejected_calls=0,failed_calls=1");
    assert!(!commands.iter().any(|(name, _)| name == "cmdstat_del"));
    let errors = fields(&mut bench, "errorstats");
    assert_field(&errors, "errorstat_ERR", "count=4");
    assert_field(&errors, "errorstat_WRONGTYPE", "count=1");
    let stats = fields(&mut bench, "stats");
    assert_field(&stats, "total_error_replies", "5");
    bench.step("CONFIG RESETSTAT");
    assert_eq!(fields(&mut bench, "errorstats"), []);
    let commands = fields(&mut bench, "commandstats");
    assert!(!commands.iter().any(|(name, _)| name == "cmdstat_get"), "{commands:?}");
}

#[test]
fn sections_are_asked_for_by_name() {
    let mut bench = Bench::default();
    let has = |text: &str, title: &str| text.contains(&format!("# {title}\\r\\n"));
    let default = bench.step("INFO");
    assert!(has(&default, "Errorstats") && !has(&default, "Commandstats"), "{default}");
    for word in ["all", "everything", "EVERYTHING"] {
        assert!(has(&bench.step(&format!("INFO {word}")), "Commandstats"), "{word}");
    }
    assert!(bench.step("INFO commandstats").starts_with("\"# Commandstats"));
    assert!(bench.step("INFO CPU").starts_with("\"# CPU"));
}

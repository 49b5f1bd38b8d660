//! What other servers do: replication, the cluster, TLS, scripts, modules; and what they ask of
//! the operating system.

use super::{COUNT, INTEGER, LONG_COUNT, PORT, accepted, refused, yes_no};
use crate::config::directives::{Directive, Shape};

const NO_REPLICATION: &str = "there is no replication in this server";
const NO_CLUSTER: &str = "there is no cluster in this server";
const NO_TLS: &str = "there is no TLS in this server";
const NO_SCRIPTS: &str = "there are no scripts in this server";
const NO_PINNING: &str = "threads run where the operating system puts them";

pub(super) const REPLICATION: &[Directive] = &[
    refused("replicaof", Shape::Words, &["", "no one"], NO_REPLICATION).at_start().also("slaveof"),
    accepted("masterauth", Shape::Text, "", NO_REPLICATION),
    accepted("masteruser", Shape::Text, "", NO_REPLICATION),
    accepted("replica-serve-stale-data", Shape::YesNo, "yes", NO_REPLICATION)
        .also("slave-serve-stale-data"),
    accepted("replica-read-only", Shape::YesNo, "yes", NO_REPLICATION).also("slave-read-only"),
    accepted("replica-ignore-maxmemory", Shape::YesNo, "yes", NO_REPLICATION)
        .also("slave-ignore-maxmemory"),
    accepted("replica-lazy-flush", Shape::YesNo, "no", NO_REPLICATION).also("slave-lazy-flush"),
    accepted("replica-priority", COUNT, "100", NO_REPLICATION).also("slave-priority"),
    accepted("replica-announced", Shape::YesNo, "yes", NO_REPLICATION),
    accepted("replica-announce-ip", Shape::Text, "", NO_REPLICATION).also("slave-announce-ip"),
    accepted("replica-announce-port", PORT, "0", NO_REPLICATION).also("slave-announce-port"),
    accepted("repl-diskless-sync", Shape::YesNo, "no", NO_REPLICATION),
    accepted("repl-diskless-sync-delay", COUNT, "5", NO_REPLICATION),
    accepted(
        "repl-diskless-load",
        Shape::Choice(&["disabled", "on-empty-db", "swapdb"]),
        "disabled",
        NO_REPLICATION,
    ),
    accepted("repl-disable-tcp-nodelay", Shape::YesNo, "no", NO_REPLICATION),
    accepted("repl-ping-replica-period", Shape::Integer(1, INTEGER as i64), "10", NO_REPLICATION)
        .also("repl-ping-slave-period"),
    accepted("repl-timeout", Shape::Integer(1, INTEGER as i64), "60", NO_REPLICATION),
    accepted("repl-backlog-size", Shape::Memory(1), "1048576", NO_REPLICATION),
    accepted("repl-backlog-ttl", LONG_COUNT, "3600", NO_REPLICATION),
    refused(
        "min-replicas-to-write",
        COUNT,
        &["0"],
        "there are no replicas that writes could wait for",
    )
    .also("min-slaves-to-write"),
    accepted("min-replicas-max-lag", COUNT, "10", NO_REPLICATION).also("min-slaves-max-lag"),
];

pub(super) const CLUSTER: &[Directive] = &[
    refused("cluster-enabled", Shape::YesNo, &["no"], NO_CLUSTER).at_start(),
    accepted("cluster-config-file", Shape::Text, "nodes.conf", NO_CLUSTER).at_start(),
    accepted("cluster-node-timeout", LONG_COUNT, "15000", NO_CLUSTER),
    accepted("cluster-replica-validity-factor", COUNT, "10", NO_CLUSTER)
        .also("cluster-slave-validity-factor"),
    accepted("cluster-migration-barrier", COUNT, "1", NO_CLUSTER),
    accepted("cluster-allow-replica-migration", Shape::YesNo, "yes", NO_CLUSTER),
    accepted("cluster-require-full-coverage", Shape::YesNo, "yes", NO_CLUSTER),
    accepted("cluster-replica-no-failover", Shape::YesNo, "no", NO_CLUSTER)
        .also("cluster-slave-no-failover"),
    accepted("cluster-allow-reads-when-down", Shape::YesNo, "no", NO_CLUSTER),
    accepted("cluster-announce-ip", Shape::Text, "", NO_CLUSTER),
    accepted("cluster-announce-port", PORT, "0", NO_CLUSTER),
    accepted("cluster-announce-tls-port", PORT, "0", NO_CLUSTER),
    accepted("cluster-announce-bus-port", PORT, "0", NO_CLUSTER),
];

pub(super) const TLS: &[Directive] = &[
    refused("tls-port", PORT, &["0"], NO_TLS).at_start(),
    refused("tls-replication", Shape::YesNo, &["no"], NO_TLS),
    refused("tls-cluster", Shape::YesNo, &["no"], NO_TLS),
    accepted("tls-cert-file", Shape::Text, "", NO_TLS),
    accepted("tls-key-file", Shape::Text, "", NO_TLS),
    accepted("tls-key-file-pass", Shape::Text, "", NO_TLS),
    accepted("tls-client-cert-file", Shape::Text, "", NO_TLS),
    accepted("tls-client-key-file", Shape::Text, "", NO_TLS),
    accepted("tls-client-key-file-pass", Shape::Text, "", NO_TLS),
    accepted("tls-dh-params-file", Shape::Text, "", NO_TLS),
    accepted("tls-ca-cert-file", Shape::Text, "", NO_TLS),
    accepted("tls-ca-cert-dir", Shape::Text, "", NO_TLS),
    accepted("tls-auth-clients", Shape::Choice(&["no", "yes", "optional"]), "yes", NO_TLS),
    accepted("tls-protocols", Shape::Text, "", NO_TLS),
    accepted("tls-ciphers", Shape::Text, "", NO_TLS),
    accepted("tls-ciphersuites", Shape::Text, "", NO_TLS),
    accepted("tls-prefer-server-ciphers", Shape::YesNo, "no", NO_TLS),
    accepted("tls-session-caching", Shape::YesNo, "yes", NO_TLS),
    accepted("tls-session-cache-size", COUNT, "20480", NO_TLS),
    accepted("tls-session-cache-timeout", COUNT, "300", NO_TLS),
];

pub(super) const SCRIPTS: &[Directive] = &[
    accepted("lua-time-limit", LONG_COUNT, "5000", NO_SCRIPTS),
    accepted("lua-replicate-commands", Shape::YesNo, "yes", NO_SCRIPTS),
    refused("loadmodule", Shape::Words, &[], "there are no modules in this server").in_files(),
    refused("sentinel", Shape::Words, &[], "sentinel directive while not in sentinel mode")
        .in_files(),
];

pub(super) const PROCESS: &[Directive] = &[
    accepted("io-threads", Shape::Integer(1, 128), "1", "one thread reads, executes and replies")
        .at_start(),
    accepted("io-threads-do-reads", Shape::YesNo, "no", "one thread reads, executes and replies")
        .at_start(),
    accepted("server_cpulist", Shape::Text, "", NO_PINNING).at_start(),
    accepted("bio_cpulist", Shape::Text, "", NO_PINNING).at_start(),
    accepted("aof_rewrite_cpulist", Shape::Text, "", NO_PINNING).at_start(),
    accepted("bgsave_cpulist", Shape::Text, "", NO_PINNING).at_start(),
    refused(
        "oom-score-adj",
        Shape::Choice(&["no", "yes", "relative", "absolute"]),
        &["no"],
        "this server does not change which process the kernel ends when memory runs out",
    ),
    accepted(
        "oom-score-adj-values",
        Shape::Words,
        "0 200 800",
        "this server does not change which process the kernel ends when memory runs out",
    ),
    yes_no(
        "disable-thp",
        |config| config.disable_thp,
        |config, disabled| config.disable_thp = disabled,
    )
    .at_start(),
    accepted("set-proc-title", Shape::YesNo, "yes", "the process keeps its name").at_start(),
    accepted(
        "proc-title-template",
        Shape::Text,
        "{title} {listen-addr} {server-mode}",
        "the process keeps its name",
    ),
    accepted("crash-log-enabled", Shape::YesNo, "yes", "this server catches no signal of a crash"),
    accepted(
        "crash-memcheck-enabled",
        Shape::YesNo,
        "yes",
        "this server catches no signal of a crash",
    ),
    accepted("use-exit-on-panic", Shape::YesNo, "no", "this server catches no signal of a crash"),
];

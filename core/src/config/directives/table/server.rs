//! Where the server listens, what it writes about itself, and what a client may do.

use super::{
    COUNT, INTEGER, LONG, LONG_COUNT, accepted, bytes, choice, honoured, integer, refused, row,
    word, yes_no,
};
use crate::config::directives::value::MEGABYTE;
use crate::config::directives::{Directive, Kind, Shape, Standing};

const LOG_LEVELS: &[&str] = &["debug", "verbose", "notice", "warning"];
const FACILITIES: &[&str] =
    &["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];
const NO_SYSLOG: &str = "nothing is written to the system's log";
const NO_LISTS: &str = "there is one password and no access control lists (ACL) in this server";

pub(super) const FILES: &[Directive] = &[row("include", Standing::Included).in_files()];

pub(super) const NETWORK: &[Directive] = &[
    honoured(
        "bind",
        Kind::Text {
            several: true,
            get: |config| &config.bind,
            set: |config, text| config.bind = text,
            refuse: |text| {
                (text.split_whitespace().count() > 16)
                    .then_some("Too many bind addresses specified.")
            },
        },
    )
    .at_start(),
    integer(
        "port",
        (0, u16::MAX as u64),
        |config| u64::from(config.port),
        |config, number| config.port = u16::try_from(number).unwrap_or_default(),
    )
    .at_start(),
    yes_no(
        "protected-mode",
        |config| config.protected_mode,
        |config, on| config.protected_mode = on,
    ),
    word(
        "unixsocket",
        |config| &config.unixsocket,
        |config, text| config.unixsocket = text,
        |_| None,
    )
    .at_start(),
    honoured(
        "unixsocketperm",
        Kind::Octal {
            get: |config| config.unixsocketperm,
            set: |config, mode| config.unixsocketperm = mode,
        },
    )
    .at_start(),
    integer(
        "tcp-backlog",
        (0, INTEGER),
        |config| u64::from(config.tcp_backlog),
        |config, number| config.tcp_backlog = u32::try_from(number).unwrap_or_default(),
    )
    .at_start(),
    integer(
        "tcp-keepalive",
        (0, INTEGER),
        |config| config.tcp_keepalive,
        |config, seconds| config.tcp_keepalive = seconds,
    ),
    integer(
        "timeout",
        (0, INTEGER),
        |config| config.timeout,
        |config, seconds| config.timeout = seconds,
    ),
    refused(
        "gopher-enabled",
        Shape::YesNo,
        &["no"],
        "this server does not speak the Gopher protocol",
    ),
];

pub(super) const GENERAL: &[Directive] = &[
    word("dir", |config| &config.dir, |config, text| config.dir = text, |_| None).at_start(),
    choice(
        "loglevel",
        LOG_LEVELS,
        |config| &config.loglevel,
        |config, name| name.clone_into(&mut config.loglevel),
    ),
    word("logfile", |config| &config.logfile, |config, text| config.logfile = text, |_| None)
        .at_start(),
    refused(
        "databases",
        Shape::Integer(1, INTEGER as i64),
        &["16"],
        "there are always 16 databases",
    )
    .at_start(),
    refused(
        "daemonize",
        Shape::YesNo,
        &["no"],
        "this server stays in the foreground: start it from a service manager",
    )
    .at_start(),
    refused(
        "supervised",
        Shape::Choice(&["upstart", "systemd", "auto", "no"]),
        &["no"],
        "this server does not tell a service manager when it is ready",
    )
    .at_start(),
    accepted("pidfile", Shape::Text, "", "no file with the process number is written").at_start(),
    refused("syslog-enabled", Shape::YesNo, &["no"], NO_SYSLOG).at_start(),
    accepted("syslog-ident", Shape::Text, "redis", NO_SYSLOG).at_start(),
    accepted("syslog-facility", Shape::Choice(FACILITIES), "local0", NO_SYSLOG).at_start(),
    accepted("always-show-logo", Shape::YesNo, "no", "there is no logo").at_start(),
    accepted("hz", COUNT, "10", "what must be done from time to time is done ten times a second"),
    accepted(
        "dynamic-hz",
        Shape::YesNo,
        "yes",
        "what must be done from time to time is done ten times a second",
    ),
    accepted(
        "ignore-warnings",
        Shape::Text,
        "",
        "there is no warning of the start that could be ignored",
    ),
];

pub(super) const CLIENTS: &[Directive] = &[
    integer(
        "maxclients",
        (1, u32::MAX as u64),
        |config| u64::from(config.maxclients),
        |config, number| config.maxclients = u32::try_from(number).unwrap_or(u32::MAX),
    ),
    bytes(
        "proto-max-bulk-len",
        MEGABYTE,
        |config| config.proto_max_bulk_len,
        |config, bytes| config.proto_max_bulk_len = bytes,
    ),
    bytes(
        "client-query-buffer-limit",
        MEGABYTE,
        |config| config.client_query_buffer_limit,
        |config, bytes| config.client_query_buffer_limit = bytes,
    ),
    honoured(
        "client-output-buffer-limit",
        Kind::OutputLimits {
            get: |config| &config.client_output_buffer_limit,
            get_mut: |config| &mut config.client_output_buffer_limit,
        },
    ),
    bytes(
        "client-buffers-limit",
        MEGABYTE,
        |config| config.client_buffers_limit_bytes,
        |config, bytes| config.client_buffers_limit_bytes = bytes,
    ),
    accepted(
        "tracking-table-max-keys",
        LONG_COUNT,
        "1000000",
        "this server does not help clients to keep copies of values",
    ),
];

pub(super) const SECURITY: &[Directive] = &[
    word(
        "requirepass",
        |config| &config.requirepass,
        |config, text| config.requirepass = text,
        |text| (text.len() > 512).then_some("Password is longer than CONFIG_AUTHPASS_MAX_LEN"),
    ),
    refused(
        "rename-command",
        Shape::Words,
        &[],
        "commands keep their names: who must not use one must not reach this server",
    )
    .in_files(),
    refused(
        "user",
        Shape::Words,
        // What a Redis without any user of its own writes into a file that it rewrites.
        &["default on nopass ~* &* +@all", "default on nopass sanitize-payload ~* &* +@all"],
        NO_LISTS,
    )
    .in_files(),
    refused("aclfile", Shape::Text, &[""], NO_LISTS).at_start(),
    accepted("acllog-max-len", LONG_COUNT, "128", NO_LISTS),
    accepted(
        "acl-pubsub-default",
        Shape::Choice(&["allchannels", "resetchannels"]),
        "allchannels",
        NO_LISTS,
    ),
];

pub(super) const WATCHING: &[Directive] = &[
    honoured(
        "slowlog-log-slower-than",
        Kind::Signed {
            least: -1,
            most: i64::MAX,
            get: |config| config.slowlog_log_slower_than,
            set: |config, micros| config.slowlog_log_slower_than = micros,
        },
    ),
    integer(
        "slowlog-max-len",
        (0, LONG),
        |config| config.slowlog_max_len,
        |config, number| config.slowlog_max_len = number,
    ),
    accepted("latency-monitor-threshold", LONG_COUNT, "0", "there is no LATENCY in this server"),
    refused(
        "notify-keyspace-events",
        Shape::Text,
        &[""],
        "there is no publish and subscribe in this server: only \"\" is possible",
    ),
];

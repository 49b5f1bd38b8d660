//! How values are held, and what memory may be used.

use super::{COUNT, INTEGER, LONG, LONG_COUNT, accepted, bytes, honoured, integer, refused};
use crate::config::directives::{Directive, Kind, Shape};

const NO_EVICTION: &str = "this server deletes no keys to save memory";
const NO_DEFRAGMENTATION: &str = "this server does not move values in memory";
const FREED_AT_ONCE: &str = "memory is always freed at once, by the thread that serves";

pub(super) const VALUES: &[Directive] = &[
    integer(
        "hash-max-ziplist-entries",
        (0, LONG),
        |config| config.hash_max_ziplist_entries,
        |config, number| config.hash_max_ziplist_entries = number,
    ),
    bytes(
        "hash-max-ziplist-value",
        0,
        |config| config.hash_max_ziplist_value,
        |config, bytes| config.hash_max_ziplist_value = bytes,
    ),
    honoured(
        "list-max-ziplist-size",
        Kind::Signed {
            least: i32::MIN as i64,
            most: i32::MAX as i64,
            get: |config| config.list_max_ziplist_size,
            set: |config, number| config.list_max_ziplist_size = number,
        },
    ),
    accepted("list-compress-depth", COUNT, "0", "lists are not compressed"),
    integer(
        "set-max-intset-entries",
        (0, LONG),
        |config| config.set_max_intset_entries,
        |config, number| config.set_max_intset_entries = number,
    ),
    integer(
        "zset-max-ziplist-entries",
        (0, LONG),
        |config| config.zset_max_ziplist_entries,
        |config, number| config.zset_max_ziplist_entries = number,
    ),
    bytes(
        "zset-max-ziplist-value",
        0,
        |config| config.zset_max_ziplist_value,
        |config, bytes| config.zset_max_ziplist_value = bytes,
    ),
    accepted(
        "hll-sparse-max-bytes",
        Shape::Memory(0),
        "3000",
        "there are no HyperLogLogs in this server",
    ),
    accepted(
        "stream-node-max-bytes",
        Shape::Memory(0),
        "4096",
        "there are no streams in this server",
    ),
    accepted("stream-node-max-entries", LONG_COUNT, "100", "there are no streams in this server"),
    accepted("list-max-ziplist-entries", Shape::Text, "", "Redis has ignored it since 3.2")
        .in_files(),
    accepted("list-max-ziplist-value", Shape::Text, "", "Redis has ignored it since 3.2")
        .in_files(),
];

pub(super) const MEMORY: &[Directive] = &[
    refused(
        "maxmemory",
        Shape::Memory(0),
        &["0"],
        "this server deletes no keys to save memory (no eviction): only 0, no limit, is possible",
    ),
    accepted(
        "maxmemory-policy",
        Shape::Choice(&[
            "volatile-lru",
            "volatile-lfu",
            "volatile-random",
            "volatile-ttl",
            "allkeys-lru",
            "allkeys-lfu",
            "allkeys-random",
            "noeviction",
        ]),
        "noeviction",
        NO_EVICTION,
    ),
    accepted("maxmemory-samples", Shape::Integer(1, INTEGER as i64), "5", NO_EVICTION),
    accepted("maxmemory-eviction-tenacity", Shape::Integer(0, 100), "10", NO_EVICTION),
    accepted("lfu-log-factor", COUNT, "10", NO_EVICTION),
    accepted("lfu-decay-time", COUNT, "1", NO_EVICTION),
    accepted("lazyfree-lazy-eviction", Shape::YesNo, "no", FREED_AT_ONCE),
    accepted("lazyfree-lazy-expire", Shape::YesNo, "no", FREED_AT_ONCE),
    accepted("lazyfree-lazy-server-del", Shape::YesNo, "no", FREED_AT_ONCE),
    accepted("lazyfree-lazy-user-del", Shape::YesNo, "no", FREED_AT_ONCE),
    accepted("lazyfree-lazy-user-flush", Shape::YesNo, "no", FREED_AT_ONCE),
    refused(
        "activedefrag",
        Shape::YesNo,
        &["no"],
        "Active defragmentation cannot be enabled: this server does not move values in memory",
    ),
    accepted("active-defrag-cycle-min", Shape::Integer(1, 99), "1", NO_DEFRAGMENTATION),
    accepted("active-defrag-cycle-max", Shape::Integer(1, 99), "25", NO_DEFRAGMENTATION),
    accepted("active-defrag-ignore-bytes", Shape::Memory(1), "104857600", NO_DEFRAGMENTATION),
    accepted(
        "active-defrag-max-scan-fields",
        Shape::Integer(1, i64::MAX),
        "1000",
        NO_DEFRAGMENTATION,
    ),
    accepted("active-defrag-threshold-lower", Shape::Integer(0, 1000), "10", NO_DEFRAGMENTATION),
    accepted("active-defrag-threshold-upper", Shape::Integer(0, 1000), "100", NO_DEFRAGMENTATION),
    accepted("jemalloc-bg-thread", Shape::YesNo, "yes", "this server does not use jemalloc"),
    accepted(
        "activerehashing",
        Shape::YesNo,
        "yes",
        "tables grow with the commands that make them grow",
    ),
    accepted(
        "active-expire-effort",
        Shape::Integer(1, 10),
        "1",
        "the keys whose time has come are known in order and need no search",
    ),
];

//! The log, and the snapshots that stand beside it in Redis.

use super::{INTEGER, accepted, bytes, choice, integer, refused, word, yes_no};
use crate::config::Policy;
use crate::config::directives::value::LONGEST;
use crate::config::directives::{Directive, Shape};
use crate::profile::ProfileName;

const POLICIES: &[&str] = &["everysec", "always", "no"];
const PROFILES: &[&str] = &["hardened", "redis-6.2", "redis-3.0"];

const NO_SNAPSHOTS: &str = "there are no snapshots (RDB) in this server";

pub(super) const LOG: &[Directive] = &[
    yes_no("appendonly", |config| config.appendonly, |config, on| config.appendonly = on),
    word(
        "appendfilename",
        |config| &config.appendfilename,
        |config, text| config.appendfilename = text,
        |text| {
            (text.is_empty() || text.contains('/'))
                .then_some("appendfilename can't be a path, just a filename")
        },
    )
    .at_start(),
    choice(
        "appendfsync",
        POLICIES,
        |config| config.appendfsync.as_str(),
        |config, name| config.appendfsync = Policy::parse(name.as_bytes()).unwrap_or_default(),
    ),
    yes_no(
        "no-appendfsync-on-rewrite",
        |config| config.no_appendfsync_on_rewrite,
        |config, on| config.no_appendfsync_on_rewrite = on,
    ),
    yes_no(
        "aof-load-truncated",
        |config| config.aof_load_truncated,
        |config, on| config.aof_load_truncated = on,
    ),
    choice(
        "profile",
        PROFILES,
        |config| config.profile.as_str(),
        |config, name| config.profile = ProfileName::parse(name.as_bytes()).unwrap_or_default(),
    ),
    integer(
        "held-reply-timeout-ms",
        (0, INTEGER),
        |config| config.held_reply_timeout_ms,
        |config, number| config.held_reply_timeout_ms = number,
    ),
    bytes(
        "aof-buffer-limit",
        1,
        |config| config.aof_buffer_limit_bytes,
        |config, bytes| config.aof_buffer_limit_bytes = bytes,
    ),
    integer(
        "auto-aof-rewrite-percentage",
        (0, INTEGER),
        |config| config.auto_aof_rewrite_percentage,
        |config, number| config.auto_aof_rewrite_percentage = number,
    ),
    bytes(
        "auto-aof-rewrite-min-size",
        0,
        |config| config.auto_aof_rewrite_min_size,
        |config, bytes| config.auto_aof_rewrite_min_size = bytes,
    ),
    yes_no(
        "aof-rewrite-incremental-fsync",
        |config| config.aof_rewrite_incremental_fsync,
        |config, on| config.aof_rewrite_incremental_fsync = on,
    ),
    bytes(
        "aof-rewrite-buffer-limit",
        1,
        |config| config.aof_rewrite_buffer_limit_bytes,
        |config, bytes| config.aof_rewrite_buffer_limit_bytes = bytes,
    ),
    bytes(
        "aof-rewrite-block-size",
        // In smaller ones, what a block costs would soon be a multiple of what it holds.
        32,
        |config| config.aof_rewrite_block_bytes,
        |config, bytes| config.aof_rewrite_block_bytes = bytes,
    ),
    accepted("aof-use-rdb-preamble", Shape::YesNo, "no", "the log never begins with a snapshot"),
];

pub(super) const SNAPSHOTS: &[Directive] = &[
    refused(
        "save",
        Shape::Words,
        &[""],
        "there are no snapshots (RDB) in this server: only \"\" is possible",
    ),
    accepted("dbfilename", Shape::Text, "dump.rdb", NO_SNAPSHOTS),
    accepted("rdbcompression", Shape::YesNo, "yes", NO_SNAPSHOTS),
    accepted("rdbchecksum", Shape::YesNo, "yes", NO_SNAPSHOTS).at_start(),
    accepted("rdb-del-sync-files", Shape::YesNo, "no", NO_SNAPSHOTS),
    accepted("rdb-save-incremental-fsync", Shape::YesNo, "yes", NO_SNAPSHOTS),
    accepted("rdb-key-save-delay", Shape::Integer(-LONGEST, LONGEST), "0", NO_SNAPSHOTS),
    accepted("stop-writes-on-bgsave-error", Shape::YesNo, "yes", NO_SNAPSHOTS),
    accepted(
        "sanitize-dump-payload",
        Shape::Choice(&["no", "yes", "clients"]),
        "no",
        "there is no RESTORE in this server",
    ),
    accepted(
        "key-load-delay",
        Shape::Integer(-LONGEST, LONGEST),
        "0",
        "nothing is slowed down while loading",
    ),
];

//! `INFO persistence`.

use super::Info;
use crate::execute::AofFacts;

const fn status(failed: bool) -> &'static str {
    if failed { "err" } else { "ok" }
}

/// Seconds, or -1 for none.
fn seconds(seconds: Option<u64>) -> i64 {
    seconds.map_or(-1, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
}

impl Info<'_> {
    /// Every field of generation 6.2. The lines after `aof_last_cow_size` are there only while
    /// `appendonly` is on.
    pub(super) fn persistence(&mut self) {
        let aof = self.facts.aof();
        self.line("loading", 0);
        self.line("current_cow_size", 0);
        self.line("current_cow_size_age", 0);
        self.line("current_fork_perc", "0.00");
        self.line("current_save_keys_processed", 0);
        self.line("current_save_keys_total", 0);
        self.line("rdb_changes_since_last_save", self.executor.statistics.changes);
        self.line("rdb_bgsave_in_progress", 0);
        self.line("rdb_last_save_time", self.facts.server().started.seconds());
        self.line("rdb_last_bgsave_status", "ok");
        self.line("rdb_last_bgsave_time_sec", -1);
        self.line("rdb_current_bgsave_time_sec", -1);
        self.line("rdb_last_cow_size", 0);
        self.line("aof_enabled", u8::from(aof.enabled));
        self.line("aof_rewrite_in_progress", u8::from(aof.rewrite_in_progress));
        self.line("aof_rewrite_scheduled", u8::from(aof.rewrite_scheduled));
        self.line("aof_last_rewrite_time_sec", seconds(aof.last_rewrite_seconds));
        self.line("aof_current_rewrite_time_sec", seconds(aof.current_rewrite_seconds));
        self.line("aof_last_bgrewrite_status", status(aof.last_rewrite_failed));
        self.line("aof_last_write_status", status(aof.last_write_failed));
        self.line("aof_last_cow_size", aof.last_cow_bytes);
        self.line("module_fork_in_progress", 0);
        self.line("module_fork_last_cow_size", 0);
        if self.executor.config.appendonly {
            self.aof_sizes(&aof);
        }
    }

    fn aof_sizes(&mut self, aof: &AofFacts) {
        self.line("aof_current_size", aof.current_size_bytes);
        self.line("aof_base_size", aof.base_size_bytes);
        self.line("aof_pending_rewrite", u8::from(aof.rewrite_scheduled));
        self.line("aof_buffer_length", aof.buffer_bytes);
        self.line("aof_rewrite_buffer_length", aof.rewrite_buffer_bytes);
        self.line("aof_pending_bio_fsync", aof.pending_syncs);
        self.line("aof_delayed_fsync", aof.delayed_syncs);
    }
}

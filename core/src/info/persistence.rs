//! `INFO persistence`.

use super::Info;
use crate::execute::AofFacts;

const fn status(failed: bool) -> &'static str {
    if failed { "err" } else { "ok" }
}

/// Seconds, or -1 for none.
fn seconds(seconds: Option<u64>) -> i64 {
    seconds.map_or(-1, whole)
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Of how many keys the child has written how many, as a percentage with two digits.
fn percent(done: u64, total: u64) -> String {
    let hundredths = u128::from(done) * 10_000 / u128::from(total.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

impl Info<'_> {
    /// Every field of generation 6.2. The lines after `module_fork_last_cow_size` are there only
    /// while `appendonly` is on; at the end are those of this server alone.
    pub(super) fn persistence(&mut self) {
        let aof = self.facts.aof();
        self.line("loading", 0);
        self.line("current_cow_size", aof.current_cow_bytes);
        self.line("current_cow_size_age", aof.current_cow_age_seconds);
        self.line("current_fork_perc", percent(aof.keys_done, aof.keys_total));
        self.line("current_save_keys_processed", aof.keys_done);
        self.line("current_save_keys_total", aof.keys_total);
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
        self.own(&aof);
    }

    /// What Redis 6.2 does not say: WAIT_REWRITE, in which it calls the log enabled although a
    /// crash would lose it; how often the log was rewritten (Redis 7 has that line); and what the
    /// last switch cost.
    fn own(&mut self, aof: &AofFacts) {
        let state = match (aof.waits_for_rewrite, aof.enabled) {
            (true, _) => "wait_rewrite",
            (false, true) => "on",
            (false, false) => "off",
        };
        self.line("aof_state", state);
        self.line("aof_rewrites", aof.rewrites);
        self.line("aof_last_diff_sent", aof.last_sent_bytes);
        self.line("aof_last_switch_usec", aof.last_switch_micros.map_or(-1, whole));
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

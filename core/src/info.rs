//! The text of INFO, with the sections and names of Redis 6.2 as far as they say something here.

use std::fmt::Write;

use crate::execute::{AofFacts, Executor, Facts};
use crate::units::Millis;

/// The release whose behaviour this server has. Clients and tools choose by it what they may ask.
pub const REDIS_VERSION: &str = "6.2.16";

/// One section: its name as asked for, and what writes it.
struct Section {
    name: &'static str,
    title: &'static str,
    render: fn(&mut Info<'_>),
}

const SECTIONS: [Section; 8] = [
    Section { name: "server", title: "Server", render: |info| info.server() },
    Section { name: "clients", title: "Clients", render: |info| info.clients() },
    Section { name: "memory", title: "Memory", render: |info| info.memory() },
    Section { name: "persistence", title: "Persistence", render: |info| info.persistence() },
    Section { name: "stats", title: "Stats", render: |info| info.stats() },
    Section { name: "replication", title: "Replication", render: |info| info.replication() },
    Section { name: "modules", title: "Modules", render: |_| {} },
    Section { name: "keyspace", title: "Keyspace", render: |info| info.keyspace() },
];

/// INFO for `section` in lower case: a name, `default`, `all` or `everything`. Anything else has
/// no lines. Lines end with CR LF.
#[must_use]
pub fn render(section: &str, executor: &Executor, facts: &dyn Facts, now: Millis) -> String {
    let all = matches!(section, "default" | "all" | "everything");
    let mut info = Info { text: String::new(), executor, facts, now };
    for candidate in &SECTIONS {
        if all || candidate.name == section {
            if !info.text.is_empty() {
                info.text.push_str("\r\n");
            }
            // Writing to a string cannot fail.
            let _ = write!(info.text, "# {}\r\n", candidate.title);
            (candidate.render)(&mut info);
        }
    }
    info.text
}

struct Info<'a> {
    text: String,
    executor: &'a Executor,
    facts: &'a dyn Facts,
    now: Millis,
}

const fn status(failed: bool) -> &'static str {
    if failed { "err" } else { "ok" }
}

/// Seconds, or -1 for none.
fn seconds(seconds: Option<u64>) -> i64 {
    seconds.map_or(-1, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
}

impl Info<'_> {
    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{name}:{value}\r\n");
    }

    fn server(&mut self) {
        let server = self.facts.server();
        let uptime = self.now.since(server.started) / 1000;
        self.line("redis_version", REDIS_VERSION);
        self.line("aof_lab_version", env!("CARGO_PKG_VERSION"));
        self.line("redis_mode", "standalone");
        // The server's word, also where a page of 32 bits runs its events again: INFO is a reply,
        // and the same events give the same replies in both worlds.
        self.line("arch_bits", 64);
        self.line("process_id", server.process_id);
        self.line("tcp_port", self.executor.config.port);
        self.line("server_time_usec", self.now.0.saturating_mul(1000));
        self.line("uptime_in_seconds", uptime);
        self.line("uptime_in_days", uptime / 86_400);
        self.line("hz", 10);
        self.line("aof_lab_profile", self.executor.config.profile.as_str());
    }

    fn clients(&mut self) {
        let clients = self.facts.clients();
        self.line("connected_clients", clients.connected);
        self.line("maxclients", self.executor.config.maxclients);
        self.line("blocked_clients", 0);
    }

    fn memory(&mut self) {
        let aof = self.facts.aof();
        self.line("mem_aof_buffer", aof.buffer_bytes + aof.rewrite_buffer_bytes);
    }

    /// Every field of generation 6.2. The lines after `aof_last_cow_size` are there only while
    /// `appendonly` is on.
    fn persistence(&mut self) {
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

    fn stats(&mut self) {
        let statistics = &self.executor.statistics;
        self.line("total_connections_received", self.facts.clients().received);
        self.line("total_commands_processed", statistics.commands);
        self.line("rejected_connections", 0);
        self.line("expired_keys", statistics.expired_keys);
        self.line("evicted_keys", 0);
        self.line("keyspace_hits", statistics.keyspace_hits);
        self.line("keyspace_misses", statistics.keyspace_misses);
        self.line("latest_fork_usec", 0);
        self.line("total_forks", 0);
        self.line("total_error_replies", statistics.error_replies);
    }

    fn replication(&mut self) {
        self.line("role", "master");
        self.line("connected_slaves", 0);
        self.line("master_repl_offset", 0);
    }

    fn keyspace(&mut self) {
        let executor = self.executor;
        for (number, database) in executor.keyspace.databases() {
            if !database.is_empty() {
                self.line(
                    &format!("db{number}"),
                    format_args!(
                        "keys={},expires={},avg_ttl={}",
                        database.len(),
                        database.expires_len(),
                        database.average_ttl_ms(self.now)
                    ),
                );
            }
        }
    }
}

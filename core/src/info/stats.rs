//! `INFO stats`, `commandstats` and `errorstats`.

use super::Info;

impl Info<'_> {
    pub(super) fn stats(&mut self) {
        let executor = self.executor;
        let statistics = &executor.statistics;
        let usage = self.facts.usage();
        self.line("total_connections_received", self.facts.clients().received);
        self.line("total_commands_processed", statistics.commands);
        self.line("instantaneous_ops_per_sec", executor.rate.per_second());
        if let Some(usage) = usage {
            self.line("total_net_input_bytes", usage.input_bytes);
            self.line("total_net_output_bytes", usage.output_bytes);
        }
        self.line("rejected_connections", usage.map_or(0, |usage| usage.rejected_connections));
        self.line("sync_full", 0);
        self.line("sync_partial_ok", 0);
        self.line("sync_partial_err", 0);
        self.line("expired_keys", statistics.expired_keys);
        self.line("evicted_keys", 0);
        self.line("keyspace_hits", statistics.keyspace_hits);
        self.line("keyspace_misses", statistics.keyspace_misses);
        self.line("pubsub_channels", 0);
        self.line("pubsub_patterns", 0);
        let aof = self.facts.aof();
        self.line("latest_fork_usec", aof.latest_fork_micros);
        self.line("total_forks", aof.forks);
        self.line("tracking_total_keys", 0);
        self.line("total_error_replies", statistics.error_replies);
    }

    pub(super) fn commandstats(&mut self) {
        for (name, count) in self.executor.counts.commands() {
            self.line(
                &format!("cmdstat_{name}"),
                format_args!(
                    "calls={},rejected_calls={},failed_calls={}",
                    count.calls, count.rejected, count.failed
                ),
            );
        }
    }

    pub(super) fn errorstats(&mut self) {
        for (kind, count) in self.executor.counts.errors() {
            self.line(&format!("errorstat_{kind}"), format_args!("count={count}"));
        }
    }
}

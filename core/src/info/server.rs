//! `INFO server` and `INFO clients`.

use super::{Info, REDIS_VERSION};

impl Info<'_> {
    pub(super) fn server(&mut self) {
        let config = &self.executor.config;
        let process = &config.process;
        let uptime = self.now.since(self.facts.server().started) / 1000;
        self.line("redis_version", REDIS_VERSION);
        // No commit of Redis is in here.
        self.line("redis_git_sha1", "00000000");
        self.line("redis_git_dirty", 0);
        self.line("aof_lab_version", env!("CARGO_PKG_VERSION"));
        self.line("aof_lab_profile", config.profile.as_str());
        self.line("redis_mode", "standalone");
        self.text("os", &process.system);
        // The server's word, also where a page of 32 bits runs its events again: INFO is a reply,
        // and the same events give the same replies in both worlds.
        self.line("arch_bits", 64);
        self.text("multiplexing_api", &process.multiplexing);
        self.line("process_id", config.process_id);
        self.line("process_supervised", "no");
        self.text("run_id", &process.run_id);
        self.line("tcp_port", config.port);
        self.line("server_time_usec", self.now.0.saturating_mul(1000));
        self.line("uptime_in_seconds", uptime);
        self.line("uptime_in_days", uptime / 86_400);
        self.line("hz", 10);
        self.line("configured_hz", 10);
        self.text("executable", &process.executable);
        self.line("config_file", &config.config_file);
        self.line("io_threads_active", 0);
    }

    pub(super) fn clients(&mut self) {
        let clients = self.facts.clients();
        self.line("connected_clients", clients.connected);
        self.line("cluster_connections", 0);
        self.line("maxclients", self.executor.config.maxclients);
        if let Some(usage) = self.facts.usage() {
            self.line("client_recent_max_input_buffer", usage.largest_query_bytes);
            self.line("client_recent_max_output_buffer", usage.largest_output_bytes);
        }
        self.line("blocked_clients", 0);
        self.line("tracking_clients", 0);
        self.line("clients_in_timeout_table", 0);
    }

    /// A field that the host knows, or none.
    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.line(name, value);
        }
    }
}

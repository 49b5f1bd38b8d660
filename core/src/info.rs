//! The text of INFO, with the sections and names of Redis 6.2.
//!
//! Four lines are this server's own, at the end of `persistence`: `aof_state` (`off`, `on`,
//! `wait_rewrite`), `aof_rewrites` (how many were begun, since the start or `CONFIG RESETSTAT`),
//! `aof_last_diff_sent` (what the last child was sent of the rewrite buffer, in bytes), and
//! `aof_last_switch_usec` (what it cost replies to writes when the last rewritten file became
//! the log, -1 before the first).
//!
//! A field is there if it says something true. What this server does not have and never will
//! (replicas, scripts, eviction) shows the constant of a Redis that does not use it, because tools
//! ask for it. What nobody measures here is left out: times of commands, the kilobytes a second,
//! the cost of the expiry cycle. Memory, processor time and network come from the host
//! ([`crate::usage::Usage`]), so the simulated world does not show them.

mod cpu;
pub mod memory;
mod persistence;
mod server;
mod stats;

use std::fmt::Write;

use crate::execute::{Executor, Facts};
use crate::units::Millis;

/// The release whose behaviour this server has. Clients and tools choose by it what they may ask.
pub const REDIS_VERSION: &str = "6.2.16";

/// One section: its title, which is also its name, and what writes it.
struct Section {
    title: &'static str,
    /// It is shown to who asks for nothing special.
    by_default: bool,
    render: fn(&mut Info<'_>),
}

/// In the order of Redis 6.2.
const SECTIONS: [Section; 12] = [
    section("Server", |info| info.server()),
    section("Clients", |info| info.clients()),
    section("Memory", |info| info.memory()),
    section("Persistence", |info| info.persistence()),
    section("Stats", |info| info.stats()),
    section("Replication", |info| info.replication()),
    section("CPU", |info| info.cpu()),
    section("Modules", |_| {}),
    Section { by_default: false, ..section("Commandstats", |info| info.commandstats()) },
    section("Errorstats", |info| info.errorstats()),
    section("Cluster", |info| info.line("cluster_enabled", 0)),
    section("Keyspace", |info| info.keyspace()),
];

const fn section(title: &'static str, render: fn(&mut Info<'_>)) -> Section {
    Section { title, by_default: true, render }
}

/// INFO for `section` in lower case: a name, `default`, `all` or `everything`. Anything else has
/// no lines. Lines end with CR LF.
#[must_use]
pub fn render(section: &str, executor: &Executor, facts: &dyn Facts, now: Millis) -> String {
    let all = matches!(section, "all" | "everything");
    let mut info = Info { text: String::new(), executor, facts, now };
    for candidate in &SECTIONS {
        if all
            || candidate.by_default && section == "default"
            || candidate.title.eq_ignore_ascii_case(section)
        {
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

impl Info<'_> {
    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{name}:{value}\r\n");
    }

    fn replication(&mut self) {
        self.line("role", "master");
        self.line("connected_slaves", 0);
        self.line("master_failover_state", "no-failover");
        self.line("master_repl_offset", 0);
        self.line("second_repl_offset", -1);
        self.line("repl_backlog_active", 0);
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

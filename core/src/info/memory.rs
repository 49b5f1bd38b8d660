//! `INFO memory` and `MEMORY STATS`: where memory goes.
//!
//! `used_memory` is what the allocator has handed out, as it counts it itself. What of it is not
//! data is known: what there was before the log was loaded, buffers of clients, `aof_buf`. The
//! rest is the dataset: keys, values, and the index that finds them.

use super::Info;
use crate::execute::{Executor, Facts};
use crate::usage::Usage;
use crate::value::CompactBytes;

/// What a key takes besides its bytes beyond 22 and its value's: the place of the entry, which
/// holds short keys and strings itself, and its places in the index. On a 64-bit machine.
pub const KEY_BYTES: u64 = 48 + 8;

/// Bytes that this key takes without its value.
#[must_use]
pub fn key_memory_bytes(key: &[u8]) -> u64 {
    KEY_BYTES + CompactBytes::new(key).heap_bytes()
}

/// Where memory goes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    usage: Usage,
    clients_bytes: u64,
    aof_buffer_bytes: u64,
    keys: u64,
}

/// A value of `MEMORY STATS`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stat {
    /// A number of bytes or keys.
    Count(u64),
    /// A ratio or percentage.
    Ratio(f64),
}

impl Memory {
    /// As it is now, if the host knows.
    #[must_use]
    pub fn of(executor: &Executor, facts: &dyn Facts) -> Option<Self> {
        let usage = facts.usage()?;
        let aof = facts.aof();
        Some(Self {
            usage,
            clients_bytes: usage.client_buffer_bytes + facts.clients().held_bytes,
            aof_buffer_bytes: aof.buffer_bytes + aof.rewrite_buffer_bytes,
            keys: executor.keyspace.len() as u64,
        })
    }

    /// What is not data.
    fn overhead_bytes(&self) -> u64 {
        let known = self.usage.startup_bytes + self.clients_bytes + self.aof_buffer_bytes;
        known.min(self.usage.used_bytes)
    }

    fn dataset_bytes(&self) -> u64 {
        self.usage.used_bytes - self.overhead_bytes()
    }

    /// Part of what came after the start that is data.
    fn dataset_percent(&self) -> f64 {
        let net = self.usage.used_bytes.saturating_sub(self.usage.startup_bytes);
        percent(self.dataset_bytes(), net)
    }

    /// The fields of `MEMORY STATS`.
    pub(crate) fn stats(&self) -> Vec<(&'static str, Stat)> {
        let usage = &self.usage;
        let net = usage.used_bytes.saturating_sub(usage.startup_bytes);
        vec![
            ("peak.allocated", Stat::Count(usage.peak_bytes)),
            ("total.allocated", Stat::Count(usage.used_bytes)),
            ("startup.allocated", Stat::Count(usage.startup_bytes)),
            ("replication.backlog", Stat::Count(0)),
            ("clients.slaves", Stat::Count(0)),
            ("clients.normal", Stat::Count(self.clients_bytes)),
            ("aof.buffer", Stat::Count(self.aof_buffer_bytes)),
            ("lua.caches", Stat::Count(0)),
            ("overhead.total", Stat::Count(self.overhead_bytes())),
            ("keys.count", Stat::Count(self.keys)),
            ("keys.bytes-per-key", Stat::Count(net.checked_div(self.keys).unwrap_or(0))),
            ("dataset.bytes", Stat::Count(self.dataset_bytes())),
            ("dataset.percentage", Stat::Ratio(self.dataset_percent())),
            ("peak.percentage", Stat::Ratio(percent(usage.used_bytes, usage.peak_bytes))),
            ("allocator.allocated", Stat::Count(usage.used_bytes)),
            ("allocator.active", Stat::Count(usage.active_bytes)),
            ("allocator.resident", Stat::Count(usage.resident_bytes)),
            (
                "allocator-fragmentation.ratio",
                Stat::Ratio(ratio(usage.active_bytes, usage.used_bytes)),
            ),
            ("fragmentation", Stat::Ratio(ratio(usage.rss_bytes, usage.used_bytes))),
        ]
    }
}

impl Info<'_> {
    pub(super) fn memory(&mut self) {
        let Some(memory) = Memory::of(self.executor, self.facts) else {
            let aof = self.facts.aof();
            self.line("mem_aof_buffer", aof.buffer_bytes + aof.rewrite_buffer_bytes);
            return;
        };
        let usage = memory.usage;
        let allocator = &self.executor.config.process.allocator;
        self.bytes("used_memory", usage.used_bytes);
        self.bytes("used_memory_rss", usage.rss_bytes);
        self.bytes("used_memory_peak", usage.peak_bytes);
        let peak_percent = percent(usage.used_bytes, usage.peak_bytes);
        self.line("used_memory_peak_perc", format_args!("{peak_percent:.2}%"));
        self.line("used_memory_overhead", memory.overhead_bytes());
        self.line("used_memory_startup", usage.startup_bytes);
        self.line("used_memory_dataset", memory.dataset_bytes());
        self.line("used_memory_dataset_perc", format_args!("{:.2}%", memory.dataset_percent()));
        self.line("allocator_allocated", usage.used_bytes);
        self.line("allocator_active", usage.active_bytes);
        self.line("allocator_resident", usage.resident_bytes);
        self.bytes("total_system_memory", usage.system_bytes);
        self.bytes("used_memory_lua", 0);
        self.bytes("used_memory_scripts", 0);
        self.line("number_of_cached_scripts", 0);
        self.bytes("maxmemory", 0);
        self.line("maxmemory_policy", "noeviction");
        self.compared("allocator_frag", usage.active_bytes, usage.used_bytes);
        self.compared("allocator_rss", usage.resident_bytes, usage.active_bytes);
        self.compared("rss_overhead", usage.rss_bytes, usage.resident_bytes);
        self.compared("mem_fragmentation", usage.rss_bytes, usage.used_bytes);
        self.line("mem_replication_backlog", 0);
        self.line("mem_clients_slaves", 0);
        self.line("mem_clients_normal", memory.clients_bytes);
        self.line("mem_aof_buffer", memory.aof_buffer_bytes);
        if !allocator.is_empty() {
            self.line("mem_allocator", allocator);
        }
        self.line("active_defrag_running", 0);
        self.line("lazyfree_pending_objects", 0);
    }

    /// A number of bytes, and the same for people.
    fn bytes(&mut self, name: &str, bytes: u64) {
        self.line(name, bytes);
        self.line(&format!("{name}_human"), human(bytes));
    }

    /// How much larger one number is than another, as ratio and in bytes.
    fn compared(&mut self, name: &str, larger: u64, smaller: u64) {
        self.line(&format!("{name}_ratio"), format_args!("{:.2}", ratio(larger, smaller)));
        let difference = i128::from(larger) - i128::from(smaller);
        self.line(&format!("{name}_bytes"), difference);
    }
}

#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn ratio(larger: u64, smaller: u64) -> f64 {
    if smaller == 0 { 0.0 } else { larger as f64 / smaller as f64 }
}

fn percent(part: u64, whole: u64) -> f64 {
    ratio(part, whole) * 100.0
}

/// Bytes in the largest unit of 1024s, with two digits.
#[doc(alias = "bytesToHuman")]
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn human(bytes: u64) -> String {
    const UNITS: [char; 5] = ['K', 'M', 'G', 'T', 'P'];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.2}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn people_read_units() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.00K"),
            (982_504, "959.48K"),
            (25_276_514_304, "23.54G"),
            (u64::MAX, "16384.00P"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}

//! What the process uses, as only the host can know it.

use crate::digest::Digest;

/// One reading. INFO and MEMORY show it; the simulated world has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// `used_memory`: what the allocator has handed out, in bytes.
    pub used_bytes: u64,
    /// `used_memory_peak`: the most of it so far.
    pub peak_bytes: u64,
    /// `used_memory_startup`: as much of it as there was before the log was loaded.
    pub startup_bytes: u64,
    /// `allocator_active`: pages that hold something.
    pub active_bytes: u64,
    /// `allocator_resident`: pages that the allocator keeps in memory.
    pub resident_bytes: u64,
    /// `used_memory_rss`: physical memory of the process.
    pub rss_bytes: u64,
    /// `total_system_memory`.
    pub system_bytes: u64,
    /// `used_cpu_user`, in microseconds.
    pub user_cpu_micros: u64,
    /// `used_cpu_sys`, in microseconds.
    pub system_cpu_micros: u64,
    /// `total_net_input_bytes`.
    pub input_bytes: u64,
    /// `total_net_output_bytes`.
    pub output_bytes: u64,
    /// `rejected_connections`.
    pub rejected_connections: u64,
    /// What the host keeps for clients: requests that are not whole, and replies that their
    /// sockets did not take.
    pub client_buffer_bytes: u64,
    /// `client_recent_max_input_buffer`: the largest request that is not whole.
    pub largest_query_bytes: u64,
    /// `client_recent_max_output_buffer`: the most that waits for one client's socket.
    pub largest_output_bytes: u64,
}

impl Usage {
    /// How many numbers it has.
    pub(crate) const FIELDS: usize = 15;

    /// All numbers, in a fixed order.
    pub(crate) const fn fields(self) -> [u64; Self::FIELDS] {
        [
            self.used_bytes,
            self.peak_bytes,
            self.startup_bytes,
            self.active_bytes,
            self.resident_bytes,
            self.rss_bytes,
            self.system_bytes,
            self.user_cpu_micros,
            self.system_cpu_micros,
            self.input_bytes,
            self.output_bytes,
            self.rejected_connections,
            self.client_buffer_bytes,
            self.largest_query_bytes,
            self.largest_output_bytes,
        ]
    }

    /// [`Self::fields`] back.
    pub(crate) const fn from_fields(fields: [u64; Self::FIELDS]) -> Self {
        let [
            used_bytes,
            peak_bytes,
            startup_bytes,
            active_bytes,
            resident_bytes,
            rss_bytes,
            system_bytes,
            user_cpu_micros,
            system_cpu_micros,
            input_bytes,
            output_bytes,
            rejected_connections,
            client_buffer_bytes,
            largest_query_bytes,
            largest_output_bytes,
        ] = fields;
        Self {
            used_bytes,
            peak_bytes,
            startup_bytes,
            active_bytes,
            resident_bytes,
            rss_bytes,
            system_bytes,
            user_cpu_micros,
            system_cpu_micros,
            input_bytes,
            output_bytes,
            rejected_connections,
            client_buffer_bytes,
            largest_query_bytes,
            largest_output_bytes,
        }
    }

    /// The same, with the counters counted from `base` on (`CONFIG RESETSTAT`).
    pub(crate) const fn counted_from(self, base: Self) -> Self {
        Self {
            input_bytes: self.input_bytes.saturating_sub(base.input_bytes),
            output_bytes: self.output_bytes.saturating_sub(base.output_bytes),
            rejected_connections: self
                .rejected_connections
                .saturating_sub(base.rejected_connections),
            ..self
        }
    }

    /// Adds all numbers: later replies show them.
    pub(crate) fn digest_into(self, digest: &mut Digest) {
        self.fields().into_iter().for_each(|field| digest.put_u64(field));
    }
}

//! `INFO cpu`.

use super::Info;

impl Info<'_> {
    pub(super) fn cpu(&mut self) {
        let Some(usage) = self.facts.usage() else { return };
        let seconds = |micros: u64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        self.line("used_cpu_sys", seconds(usage.system_cpu_micros));
        self.line("used_cpu_user", seconds(usage.user_cpu_micros));
        // No child process runs.
        self.line("used_cpu_sys_children", "0.000000");
        self.line("used_cpu_user_children", "0.000000");
    }
}

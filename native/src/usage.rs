//! What the process uses: memory, processor time, network.
//!
//! # Memory
//! jemalloc counts what it has handed out, to the byte; asking costs some microseconds, because
//! every arena adds its numbers up first. The peak is the largest of ten readings a second, as in
//! Redis. The resident size is the kernel's.

use std::fs;
use std::io;

use aof_core::client::Client;
use aof_core::config::ProcessFacts;
use aof_core::usage::Usage;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::{SysconfVar, sysconf};
use tikv_jemalloc_ctl::{epoch, stats};

use crate::connection::{Connection, Inbox};
use crate::host::Host;

/// Reads the usage, and remembers start and peak.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    startup_bytes: u64,
    peak_bytes: u64,
    system_bytes: u64,
    page_bytes: u64,
}

/// What the allocator says, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Allocated {
    allocated: u64,
    active: u64,
    resident: u64,
}

impl Meter {
    /// A meter that begins now: what is allocated already belongs to the start.
    #[must_use]
    pub fn start() -> Self {
        let page_bytes = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
        let mut meter = Self {
            startup_bytes: allocated().allocated,
            peak_bytes: 0,
            system_bytes: system_bytes().unwrap_or(0),
            page_bytes: u64::try_from(page_bytes).unwrap_or(4096),
        };
        meter.sample();
        meter
    }

    /// Remembers the peak.
    pub fn sample(&mut self) {
        self.peak_bytes = self.peak_bytes.max(allocated().allocated);
    }

    /// Everything that there is to say.
    pub fn read(&mut self, host: &Host) -> Usage {
        let Allocated { allocated, active, resident } = allocated();
        self.peak_bytes = self.peak_bytes.max(allocated);
        let (user_cpu_micros, system_cpu_micros) = cpu_micros();
        let (mut query_bytes, mut largest_query_bytes, mut largest_output_bytes) = (0, 0, 0);
        for connection in host.all_connections() {
            query_bytes += connection.query_bytes + CONNECTION_BYTES;
            largest_query_bytes = largest_query_bytes.max(connection.query_bytes);
            largest_output_bytes = largest_output_bytes.max(connection.backlog_bytes());
        }
        Usage {
            used_bytes: allocated,
            peak_bytes: self.peak_bytes,
            startup_bytes: self.startup_bytes,
            active_bytes: active,
            resident_bytes: resident,
            rss_bytes: resident_pages().unwrap_or(0).saturating_mul(self.page_bytes),
            system_bytes: self.system_bytes,
            user_cpu_micros,
            system_cpu_micros,
            input_bytes: host.traffic.input_bytes,
            output_bytes: host.traffic.output_bytes,
            rejected_connections: host.traffic.rejected_connections,
            client_buffer_bytes: query_bytes + host.unsent_bytes(),
            largest_query_bytes,
            largest_output_bytes,
        }
    }
}

/// What a connection takes that holds nothing: the socket's side, the decoder's and the engine's.
const CONNECTION_BYTES: u64 =
    (size_of::<Connection>() + size_of::<Inbox>() + size_of::<Client>()) as u64;

/// The allocator's numbers as of now. All zero in a program that has another allocator.
fn allocated() -> Allocated {
    // Statistics are as old as the last step of the epoch.
    let read = || -> Result<Allocated, tikv_jemalloc_ctl::Error> {
        epoch::advance()?;
        let bytes = |value: usize| value as u64;
        Ok(Allocated {
            allocated: bytes(stats::allocated::read()?),
            active: bytes(stats::active::read()?),
            resident: bytes(stats::resident::read()?),
        })
    };
    read().unwrap_or_default()
}

/// User and system time of the process, in microseconds.
fn cpu_micros() -> (u64, u64) {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return (0, 0) };
    let micros =
        |time: nix::sys::time::TimeVal| u64::try_from(time.num_microseconds()).unwrap_or(0);
    (micros(usage.user_time()), micros(usage.system_time()))
}

/// Pages of the process that are in physical memory.
fn resident_pages() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    statm.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Physical memory of the machine.
fn system_bytes() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What does not change while the process runs. `random` gives numbers that nobody can guess.
pub fn process_facts(mut random: impl FnMut() -> u64) -> ProcessFacts {
    let mut run_id = String::new();
    while run_id.len() < 40 {
        run_id.push_str(&format!("{:016x}", random()));
    }
    run_id.truncate(40);
    let kernel = |name: &str| -> io::Result<String> {
        let text = fs::read_to_string(format!("/proc/sys/kernel/{name}"))?;
        Ok(text.trim().to_owned())
    };
    let system = match (kernel("ostype"), kernel("osrelease")) {
        (Ok(name), Ok(release)) => format!("{name} {release} {}", std::env::consts::ARCH),
        _ => std::env::consts::OS.to_owned(),
    };
    ProcessFacts {
        run_id,
        executable: std::env::current_exe()
            .map_or_else(|_| String::new(), |p| p.display().to_string()),
        system,
        allocator: tikv_jemalloc_ctl::version::read().map_or_else(
            |_| String::new(),
            |version| {
                let number = version.split('-').next().unwrap_or(version);
                format!("jemalloc-{number}")
            },
        ),
        multiplexing: "epoll".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_memory_and_a_process_some_of_it() {
        let system = system_bytes().expect("a number");
        let resident = resident_pages().expect("a number");
        assert!(resident > 0 && resident * 4096 < system, "{resident} pages of {system} bytes");
    }

    #[test]
    fn run_ids_have_forty_digits() {
        let mut number = 0;
        let facts = process_facts(|| {
            number += 1;
            number
        });
        assert_eq!(facts.run_id.len(), 40);
        assert!(facts.run_id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(facts.executable.starts_with('/'), "{}", facts.executable);
    }
}

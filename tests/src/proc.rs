//! What the kernel says about a process, and what this one may do.

use std::fs;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

/// Physical memory of a process in bytes, now.
///
/// # Panics
/// If the process is gone.
#[must_use]
pub fn memory_bytes(pid: Pid) -> u64 {
    status_bytes(pid, "VmRSS")
}

/// The most physical memory that it ever had, in bytes.
///
/// # Panics
/// If the process is gone.
#[must_use]
pub fn peak_memory_bytes(pid: Pid) -> u64 {
    status_bytes(pid, "VmHWM")
}

fn status_bytes(pid: Pid, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or_else(|| panic!("no {field} in\n{status}")) * 1024
}

/// The children of a process that were not reaped.
///
/// # Panics
/// If there is no `/proc`.
#[must_use]
pub fn children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let child = |name: &str| -> Option<Pid> {
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
        // After the name in parentheses: state, parent.
        let fields = stat.rsplit_once(") ")?.1;
        let found = fields.split(' ').nth(1)?.parse::<i32>().ok()?;
        (found == parent.as_raw()).then(|| name.parse().ok().map(Pid::from_raw))?
    };
    processes.filter_map(|entry| child(entry.file_name().to_str()?)).collect()
}

/// How many descriptors a process has open.
///
/// # Panics
/// If the process is gone.
#[must_use]
pub fn descriptors(pid: Pid) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("the process runs").count()
}

/// Raises this process's limit of open files to `wanted`, which its servers inherit.
///
/// Where the machine forbids it, prints what `proves` names as unproven and returns `false`.
///
/// # Panics
/// With `CI=true`, when the machine forbids it.
#[must_use]
pub fn room_for_descriptors(wanted: u64, proves: &str) -> bool {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    if soft >= wanted || setrlimit(Resource::RLIMIT_NOFILE, wanted, hard.max(wanted)).is_ok() {
        return true;
    }
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1");
    assert!(!ci, "only {hard} open files are allowed, so nothing shows {proves}");
    eprintln!("NOT PROVEN: {proves} (only {hard} open files are allowed here)");
    false
}

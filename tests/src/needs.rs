//! Programs of others that a test runs beside ours.
//!
//! `cargo xtask test` installs them. Under plain `cargo test` on a machine without them a test
//! says so and proves nothing; with `CI=true` it fails.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The path of `program`, looked for among the project's tools (`AOF_LAB_TOOLS`, or
/// `target/tools`) and on `PATH`.
///
/// Where it is missing, prints what `proves` names as unproven and returns `None`.
///
/// # Panics
///
/// With `CI=true`, when the program is missing.
#[must_use]
pub fn program(program: &str, proves: &str) -> Option<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let tools = env::var_os("AOF_LAB_TOOLS")
        .map_or_else(|| root.join("target/tools"), |tools| root.join(tools));
    let path = env::var_os("PATH").unwrap_or_default();
    let found = std::iter::once(tools.join("bin"))
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        missing(program, proves);
    }
    found
}

/// A Python that has redis-py: Debian's, which need not be the first on `PATH`.
///
/// # Panics
///
/// With `CI=true`, when there is none.
#[must_use]
pub fn python_with_redis(proves: &str) -> Option<PathBuf> {
    let python = PathBuf::from("/usr/bin/python3");
    let asked = Command::new(&python).args(["-c", "import redis"]).output();
    if asked.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    missing("python3-redis", proves);
    None
}

/// Whether nothing may be missing and nothing left out.
#[must_use]
pub fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

/// Fails in CI, and otherwise says what stays unproven.
///
/// # Panics
///
/// With `CI=true`.
pub fn missing(what: &str, proves: &str) {
    assert!(!in_ci(), "{what} is missing, so nothing shows {proves}");
    eprintln!("NOT PROVEN: {proves} ({what} is missing; cargo xtask test installs it)");
}

/// Whether this process may mount and trace, as root may.
///
/// # Panics
///
/// With `CI=true`, when it may not.
#[must_use]
pub fn root(proves: &str) -> bool {
    let lacks = if !nix::unistd::geteuid().is_root() {
        "it needs root"
    } else if !crate::mounts::are_allowed() {
        "root may not mount here"
    } else {
        return true;
    };
    assert!(!in_ci(), "{lacks}, so nothing shows {proves}");
    eprintln!("NOT PROVEN: {proves} ({lacks})");
    false
}

/// Whether the kernel has FUSE.
///
/// # Panics
///
/// With `CI=true`, when it has not.
#[must_use]
pub fn fuse(proves: &str) -> bool {
    // A container may have the device and not the right to open it.
    let opened = std::fs::File::options().read(true).write(true).open("/dev/fuse");
    if let Err(error) = &opened {
        assert!(!in_ci(), "/dev/fuse: {error}, so nothing shows {proves}");
        eprintln!("NOT PROVEN: {proves} (/dev/fuse: {error})");
    }
    opened.is_ok()
}

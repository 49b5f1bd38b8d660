//! `maxclients` and the limit of open files: raised as far as the system allows, and what lies
//! beyond is said at the start and refused later.

use std::fs;

use aof_tests::client::Reply;
use aof_tests::proc;
use aof_tests::server::{Launch, Server};
use aof_tests::wait;
use nix::unistd::geteuid;

use crate::server::folder;

/// What aofd keeps for everything that is no client.
const RESERVED: u64 = 32;

/// The soft limit of open files of a server.
fn limit(server: &Server) -> u64 {
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).expect("it runs");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
    soft.unwrap_or_else(|| panic!("no limit in\n{limits}"))
}

/// Runs a server after a change of its limits. Without the capability of root, where asked for,
/// which may raise even a hard limit.
fn under_limit(launch: Launch, change: &str, forbidden: bool) -> Launch {
    let drop_it = ["setpriv", "--bounding-set=-sys_resource"];
    let without: &[&str] = if forbidden && geteuid().is_root() { &drop_it } else { &[] };
    let script = format!("{change}; exec \"$@\"");
    let shell = ["sh", "-c", script.as_str(), "sh"];
    launch.under(shell.into_iter().chain(without.iter().copied()))
}

#[test]
fn maxclients_raises_the_limit_of_open_files() {
    if !proc::room_for_descriptors(12_000 + RESERVED, "that maxclients raises the limit") {
        return;
    }
    let dir = folder();
    let server = under_limit(Launch::aofd(dir.path()), "ulimit -Sn 256", false).start();
    assert_eq!(limit(&server), 10_000 + RESERVED);
    let printed = server.process.printed();
    let line = "Increased maximum number of open files to 10032 (it was originally set to 256).";
    assert!(printed.contains(line), "{printed}");
    assert_eq!(server.client().command("CONFIG SET maxclients 12000"), Reply::ok());
    wait::until_true("the limit to follow", || limit(&server) == 12_000 + RESERVED);
}

#[test]
fn what_the_hard_limit_forbids_is_said_and_refused() {
    let dir = folder();
    let server = under_limit(Launch::aofd(dir.path()), "ulimit -n 256", true).start();
    assert_eq!(limit(&server), 256);
    let printed = server.process.printed();
    for line in [
        "You requested maxclients of 10000 requiring at least 10032 max file descriptors.",
        "Server can't set maximum open files to 10032 because of OS error:",
        "Current maximum open files is 256. maxclients has been reduced to 224 to compensate for \
         low ulimit. If you need higher maxclients increase 'ulimit -n'.",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    let mut client = server.client();
    assert_eq!(
        client.command("CONFIG SET maxclients 30000").text(),
        "ERR Invalid argument '30000' for CONFIG SET 'maxclients' - The operating system is not \
         able to handle the specified number of clients, try with 224"
    );
    assert_eq!(client.info("maxclients"), "224");
    assert_eq!(client.command("CONFIG SET maxclients 100"), Reply::ok());
    assert_eq!(client.command("CONFIG SET maxclients 224"), Reply::ok());
}

//! Rewrites by a real child, seen from outside: by clients, by the operator, and by the disk.

mod fork;
mod full_pipe;
mod increments;
mod killed_children;
mod killed_parents;
mod load;
mod lock;
mod many;
mod memory;
mod peer;

use std::path::Path;

use aof_tests::client::{Client, Reply};
use aof_tests::server::{Launch, Server};
use aof_tests::wait;

/// A server of a world, whose log is rewritten only when somebody asks.
fn launch(dir: &Path, world: (&str, &str)) -> Launch {
    crate::server::launch(dir, world).set("auto-aof-rewrite-percentage", "0")
}

/// What `BGREWRITEAOF` says.
const STARTED: &str = "Background append only file rewriting started";

/// Starts a rewrite.
fn start(client: &mut Client) {
    assert_eq!(client.command("BGREWRITEAOF"), Reply::Simple(STARTED.into()));
}

/// Waits until no rewrite is in progress. Returns whether the last one was a success.
fn finish(client: &mut Client) -> bool {
    wait::until_true("the rewrite to end", || client.info("aof_rewrite_in_progress") == "0");
    client.info("aof_last_bgrewrite_status") == "ok"
}

/// A whole rewrite.
fn rewrite(server: &Server, client: &mut Client) {
    start(client);
    assert!(finish(client), "the rewrite failed:\n{}", server.process.printed());
}

/// Files in the folder that a rewrite makes and that are not the log.
fn unfinished(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("temp-")).collect()
}

/// A number of INFO.
fn number(client: &mut Client, field: &str) -> u64 {
    let text = client.info(field);
    text.parse().unwrap_or_else(|_| panic!("{field} is no number: {text}"))
}

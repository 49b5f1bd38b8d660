//! `cargo xtask crashes`: what every crash of a recorded run leaves, as one table.
//!
//! The rows are those that tests of the recorder print, each behind `crashes: ` and with the broken
//! promises below it; here they are put together under one heading. That all tests ran is counted:
//! one whose name was changed would else be left out without a word.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::closing::Closing;
use crate::project::Project;
use crate::run;

/// What a row begins with.
const MARK: &str = "crashes: ";
/// The width of the first column.
const SERVER_COLUMN: usize = 19;
/// The tests, in `tests/native/recorder`: of `aofd`, recovered by `core`; of Debian's Redis; and
/// of a server that is given.
const OURS: [&str; 3] = [
    "recorder::hardened_keeps_its_promise_on_every_disk_that_a_crash_of_the_real_server_may_leave",
    "recorder::redis_3_0_renames_a_log_before_it_syncs_it_under_every_policy",
    "recorder::the_holes_of_redis_6_2_are_seen_with_the_real_server",
];
const GIVEN: &str = "recorder::own::a_server_of_your_own_gets_its_rows";

/// Options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// A server that takes Redis's options, of any release from 3.0 on; Debian's by default
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// Only that server, and not `aofd` beside it
    #[arg(long)]
    alone: bool,
}

/// Runs the tests and prints the table.
pub(crate) fn crashes(project: &Project, options: &Options) -> Result<()> {
    let server = match &options.server {
        Some(server) => {
            server.canonicalize().with_context(|| format!("no {}", server.display()))?
        }
        None => {
            project.find("redis-server").context("there is no redis-server; --server PROGRAM")?
        }
    };
    let mut command = project.cargo();
    command.args(["test", "-p", "aof-tests", "--test", "native", "--", "--exact"]);
    let tests = if options.alone { &[][..] } else { &OURS[..] };
    command.args(tests).arg(GIVEN).args(["--nocapture", "--test-threads", "1"]);
    command.env("AOF_LAB_RECORDER_SERVER", server);
    let mut closing = Closing::default();
    let mut rows: Vec<String> = Vec::new();
    run::watch(&mut command, |line| {
        closing.read_cargo(line);
        // With one thread, the name of a test stands before what it prints first.
        if let Some((_, row)) = line.split_once(MARK) {
            rows.push(row.trim_end().to_owned());
        } else if line.starts_with("    after operation")
            && let Some(last) = rows.last_mut()
        {
            last.push('\n');
            last.push_str(line.trim_end());
        }
    })?;
    let passed: u64 = closing.passed().values().sum();
    if passed != tests.len() as u64 + 1 || rows.is_empty() {
        bail!("{passed} of {} tests ran and passed: {} rows", tests.len() + 1, rows.len());
    }
    // Each test prints the heading first. Servers stand together, in the order of their rows.
    let heading = rows[0].clone();
    rows.retain(|row| *row != heading);
    rows.sort_by_key(|row| row.chars().take(SERVER_COLUMN).collect::<String>().to_lowercase());
    println!("\n{heading}");
    rows.iter().for_each(|row| println!("{row}"));
    Ok(())
}

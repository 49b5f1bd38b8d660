//! `cargo xtask play`: from a fresh clone to the page in a browser.

use anyhow::Result;
use clap::Args;

use crate::project::Project;
use crate::{need, needs, page, run};

/// What can be chosen.
#[derive(Args)]
pub(crate) struct Options {
    /// Serve on this port and no other; by default 4173 or the next free one
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Build the page and stop
    #[arg(long)]
    build_only: bool,
}

/// Sets up, builds, serves until interrupted.
pub(crate) fn play(project: &Project, options: &Options) -> Result<()> {
    need::meet(project, needs::for_page(project)?)?;
    page::build(project)?;
    if options.build_only {
        return Ok(());
    }
    let mut command = project.command("node");
    command.arg("www/serve.mjs");
    if let Some(port) = options.port {
        command.args(["--port", &port.to_string()]);
    }
    run::check(&mut command)
}

//! One thing that must be installed, and how it gets there.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::run;

/// Something a command of this program cannot do without.
pub(crate) struct Need {
    /// What it is, with the version where that matters.
    pub(crate) name: String,
    /// What it would show, for machines where it cannot be installed. Without such a sentence
    /// nothing works while it is missing.
    pub(crate) proves: Option<&'static str>,
    /// Tells the version found, or `None`.
    pub(crate) found: Probe,
    /// How it is installed.
    pub(crate) cure: Cure,
}

/// Looks for one thing.
pub(crate) type Probe = Box<dyn Fn(&Project) -> Option<String>>;

/// How something is installed.
pub(crate) enum Cure {
    /// By running this.
    Run {
        /// The command.
        command: Box<Command>,
        /// How long it takes, for the one who waits.
        about: &'static str,
        /// The line to type by hand.
        line: String,
    },
    /// By Debian's package manager.
    Packages(&'static [&'static str]),
    /// Only by hand, with this line.
    ByHand(String),
}

/// A need that could not be met, and what therefore stays unproven.
pub(crate) struct Missing {
    /// Its name.
    pub(crate) name: String,
    /// What was not proven.
    pub(crate) proves: &'static str,
    /// The line to run.
    pub(crate) line: String,
}

/// Checks each need in order and installs what is missing.
///
/// Returns what is still missing although the rest can go on; in CI that is an error.
pub(crate) fn meet(project: &Project, needs: Vec<Need>) -> Result<Vec<Missing>> {
    let count = needs.len();
    let mut missing = Vec::new();
    for (index, need) in needs.into_iter().enumerate() {
        let place = format!("[{}/{count}] {}", index + 1, need.name);
        if let Some(version) = (need.found)(project) {
            println!("{place}: {version}");
            continue;
        }
        let line = need.cure.line();
        let outcome = need.cure.apply(project, &place);
        if let Err(error) = outcome {
            let Some(proves) = need.proves.filter(|_| !project.is_ci()) else {
                bail!(
                    "{} is missing ({error:#}). Run this, then try again:\n    {line}",
                    need.name
                );
            };
            println!("{place}: missing ({error:#})");
            missing.push(Missing { name: need.name, proves, line });
        } else if (need.found)(project).is_none() {
            bail!("{} was installed but cannot be used. Try by hand:\n    {line}", need.name);
        }
    }
    Ok(missing)
}

impl Cure {
    /// What a person would type.
    fn line(&self) -> String {
        match self {
            Self::Run { line, .. } | Self::ByHand(line) => line.clone(),
            Self::Packages(packages) => {
                format!("sudo apt-get update && sudo apt-get install --yes {}", packages.join(" "))
            }
        }
    }

    fn apply(self, project: &Project, place: &str) -> Result<()> {
        match self {
            Self::Run { mut command, about, .. } => {
                println!("{place}: installing ({about})");
                run::check(&mut command)
            }
            Self::Packages(packages) => install_packages(project, packages, place),
            Self::ByHand(_) => bail!("not installed"),
        }
    }
}

/// Installs Debian packages, as root only: this program never asks for a password.
fn install_packages(project: &Project, packages: &[&str], place: &str) -> Result<()> {
    if project.find("apt-get").is_none() {
        bail!("no apt-get here");
    }
    let user = run::answer(project.command("id").arg("-u")).context("id")?;
    if user != "0" {
        bail!("not root");
    }
    println!("{place}: installing (about a minute)");
    let apt = || {
        let mut command = project.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet=2");
        command
    };
    run::check(apt().arg("update"))?;
    run::check(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

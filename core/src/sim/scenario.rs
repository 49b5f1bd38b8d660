//! Runs that are written down: settings, inputs with their times, and the step to look at first.

use std::sync::Arc;

use crate::config::{Config, Policy};
use crate::profile::ProfileName;
use crate::resp::OwnedArgv;
use crate::sim::world::{Due, Input, Settings};
use crate::units::{ClientId, Micros};

#[cfg(test)]
mod tests;

/// A run to begin with.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// What the world begins with.
    pub settings: Settings,
    /// What happens in it.
    pub inputs: Vec<Due>,
    /// The step to look at first.
    pub position: u64,
}

/// One command of client 1.
#[must_use]
pub fn command(at_micros: u64, line: &str) -> Due {
    let words = Arc::new(OwnedArgv::from_line(line));
    Due { at: Micros(at_micros), input: Input::Command { client: ClientId(1), words } }
}

/// An empty log.
#[must_use]
pub fn empty(policy: Policy, profile: ProfileName, seed: u64) -> Scenario {
    let config = Config { appendfsync: policy, profile, ..Config::default() };
    Scenario { settings: Settings { config, seed, ..Settings::default() }, ..Scenario::default() }
}

/// How much longer the second sync of [`first_visit`] takes.
const FIRST_VISIT_STALL_MICROS: u64 = 157_000;

/// What a first visit opens on: four writes are acknowledged, and each is somewhere else. The
/// second sync is slow, so the fourth write is put off while its reply leaves.
#[must_use]
pub fn first_visit(policy: Policy, profile: ProfileName, seed: u64) -> Scenario {
    let mut scenario = empty(policy, profile, seed);
    scenario.settings.stalled_syncs_micros = vec![(2, FIRST_VISIT_STALL_MICROS)];
    scenario.inputs = vec![
        command(120_000, "SET a 1"),
        command(1_310_000, "SET b 2"),
        command(1_640_000, "SET c 3"),
        command(2_104_000, "SET d 4"),
    ];
    scenario.position = 15;
    scenario
}

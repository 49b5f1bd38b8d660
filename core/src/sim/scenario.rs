//! Runs that are written down: settings, inputs with their times, and the step to look at first.

use std::sync::Arc;

use crate::config::{Config, Policy};
use crate::profile::ProfileName;
use crate::resp::OwnedArgv;
use crate::sim::fact::{ChildStep, Fact, FileWork, Progress};
use crate::sim::rewriting::Parameters;
use crate::sim::world::{Due, Input, Settings, World};
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

/// How often `n` is incremented in [`rewrite`].
const INCREMENTS: u64 = 100;
/// One of the two writes of the child of [`rewrite`]: so slow that four commands arrive meanwhile.
const REWRITE_CHILD_MICROS: u64 = 196_850;
/// The child of [`rename`] is slower still: a sync of the old log ends before it.
const RENAME_CHILD_MICROS: u64 = 600_000;

/// A hundred increments become one SET: the rewrite at the moment at which the child asks the
/// parent to stop. Blocks and a pipe of 64 bytes, and a child that reads once and not to the end,
/// so that some of the diff is everywhere.
#[must_use]
pub fn rewrite(policy: Policy, profile: ProfileName, seed: u64) -> Scenario {
    let scenario = rewriting(policy, profile, seed, REWRITE_CHILD_MICROS);
    let stops =
        |fact: &Fact| matches!(fact, Fact::Child { step: ChildStep::AskedToStop { .. }, .. });
    looking_at(scenario, stops)
}

/// The same a little slower: the name has moved, and the directory is not synced.
#[must_use]
pub fn rename(policy: Policy, profile: ProfileName, seed: u64) -> Scenario {
    let scenario = rewriting(policy, profile, seed, RENAME_CHILD_MICROS);
    let renames = |fact: &Fact| {
        let Fact::File { work: FileWork::Rename { .. }, progress, .. } = fact else { return false };
        matches!(progress, Progress::Ended { .. })
    };
    looking_at(scenario, renames)
}

fn rewriting(policy: Policy, profile: ProfileName, seed: u64, write_micros: u64) -> Scenario {
    let mut scenario = empty(policy, profile, seed);
    scenario.settings.config.aof_rewrite_block_bytes = 64;
    scenario.settings.rewriting = Parameters {
        pipe_bytes: 64,
        // Two writes, so that the file is seen to grow.
        write_bytes: 64,
        write_micros,
        read_bytes: 44,
        // The child has read once, and its time to collect is over.
        drain_limit_ms: 1,
        step_micros: 2_000,
        ..Parameters::default()
    };
    scenario.inputs = vec![
        command(120_000, "SET a 1"),
        command(1_310_000, "SET b 2"),
        command(1_640_000, "SET c 3"),
        command(2_104_000, "SET d 4"),
    ];
    // All in one turn: they share a write.
    scenario.inputs.extend((0..INCREMENTS).map(|_| command(3_200_000, "INCR n")));
    scenario.inputs.extend([
        command(8_900_000, "BGREWRITEAOF"),
        command(9_050_000, "INCR n"),
        command(9_050_000, "DEL b"),
        command(9_150_000, "INCR n"),
        command(9_230_000, "SET e 5"),
    ]);
    scenario
}

/// Sixty-four commands of every kind, and a rewrite between them: what the explorer is measured by.
#[must_use]
pub fn busy(policy: Policy, profile: ProfileName, seed: u64) -> Scenario {
    const EVERY_MICROS: u64 = 137_000;
    const LINES: [&str; 16] = [
        "SET page:{} 200",
        "INCR hits",
        "RPUSH queue job:{}",
        "HSET user:{} name ada age 36",
        "SADD seen {}",
        "ZADD board {} ada",
        "APPEND text {},",
        "EXPIRE page:{} 3600",
        "LPOP queue",
        "HINCRBY user:{} age 1",
        "DEL page:{}",
        "SETRANGE text 3 xyz",
        "SELECT 1",
        "INCRBY hits 10",
        "SELECT 0",
        "ZINCRBY board 2 bob",
    ];
    let mut scenario = rewriting(policy, profile, seed, RENAME_CHILD_MICROS);
    scenario.inputs = (0..64_u64)
        .zip(LINES.iter().cycle())
        .map(|(number, line)| {
            let line = line.replace("{}", &(number / 16).to_string());
            command(100_000 + number * EVERY_MICROS, &line)
        })
        .collect();
    scenario.inputs.insert(40, command(100_000 + 40 * EVERY_MICROS - 1, "BGREWRITEAOF"));
    scenario
}

/// The scenario at the first step of which this is true.
fn looking_at(mut scenario: Scenario, is_it: impl Fn(&Fact) -> bool) -> Scenario {
    if let Ok(mut world) = World::new(scenario.settings.clone()) {
        scenario.inputs.iter().for_each(|due| world.submit(due.clone()));
        while let Some(fact) = world.step() {
            if is_it(&fact) {
                scenario.position = world.steps();
                break;
            }
        }
    }
    scenario
}

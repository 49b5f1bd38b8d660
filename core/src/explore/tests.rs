use super::*;
use crate::config::Policy;
use crate::profile::ProfileName;
use crate::promise::Failure;
use crate::sim::scenario::{self, Scenario};

mod promises;
mod recoveries;
mod risk;
mod twice;
mod witness;

fn world_of(scenario: Scenario) -> World {
    let mut world = World::new(scenario.settings).expect("the log loads");
    scenario.inputs.into_iter().for_each(|due| world.submit(due));
    world
}

type Story = fn(Policy, ProfileName, u64) -> Scenario;

const STORIES: [(&str, Story); 3] = [
    ("first visit", scenario::first_visit),
    ("rewrite", scenario::rewrite),
    ("rename", scenario::rename),
];

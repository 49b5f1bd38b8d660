//! What the search finds.

#![expect(clippy::disallowed_macros, reason = "tests say how much they covered")]

mod gaps;
mod mutations;
mod orders;
mod promises;

use crate::rewrite::switch::Limits;

use super::acts::Bounds;
use super::search::{Report, Until, search};
use super::switch::{State, Switch};

/// Three commands, one rewrite and one second: the smallest in which everything can happen.
const SMALL: Bounds = Bounds {
    commands: 3,
    faults: 0,
    policy_changes: 0,
    seconds: 1,
    rewrites: 1,
    writebacks: 0,
    tidies_first: true,
    shared_turns: false,
};

/// Catching up in rounds of single records.
const LITTLE: Limits = Limits { append_bytes: 40, sync_bytes: 40, little_bytes: 0, most_rounds: 2 };

/// Searches, and says what was covered.
fn covered(name: &str, space: &mut Switch, start: &State, until: Until) -> Report<Switch> {
    let report = search(space, start.clone(), until);
    println!(
        "{name}: {} states, {} moves, {} deep, {} images judged, {} waits let come to their end{}",
        report.states,
        report.moves,
        report.depth,
        space.judge.judged,
        space.settled,
        if report.is_cut { ", cut" } else { "" },
    );
    for (violation, trace) in &report.violations {
        let way = space.explain(start, &trace.moves);
        println!("{name}: {violation:?} in {} moves\n{way}", trace.moves.len());
    }
    report
}

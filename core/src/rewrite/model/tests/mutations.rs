//! Deliberate mistakes: each must be found.

use crate::config::Policy;
use crate::profile::ProfileName;
use crate::rewrite::mutation::{self, Mutation};

use super::super::acts::{Beginning, Bounds};
use super::super::search::Until;
use super::super::switch::Switch;
use super::{SMALL, covered};

/// Takes the mistake back when the test is over, however it ends.
struct Made;

impl Drop for Made {
    fn drop(&mut self) {
        mutation::make(None);
    }
}

/// Looks for the consequences of one mistake, and says in how many moves they show.
fn is_caught(mutation: Mutation, policy: Policy, beginning: Beginning, bounds: Bounds) {
    let _made = Made;
    let (mut space, start) = Switch::new(ProfileName::Hardened, policy, beginning, bounds);
    mutation::make(Some(mutation));
    let name = format!("{mutation:?}, {}", policy.as_str());
    let report = covered(&name, &mut space, &start, Until::FIRST);
    let (violation, trace) = report.violations.first_key_value().expect("the mistake is found");
    println!("{name}: caught in {} moves: {violation:?}", trace.moves.len());
}

/// The same, where only what clients can find out counts.
fn is_felt(mutation: Mutation, policy: Policy, bounds: Bounds) {
    let _made = Made;
    let (mut space, mut start) = Switch::new(ProfileName::Hardened, policy, Beginning::On, bounds);
    space.checks_invariants = false;
    start.story.ledger_is_judged = false;
    mutation::make(Some(mutation));
    let name = format!("{mutation:?}, {}", policy.as_str());
    let report = covered(&name, &mut space, &start, Until::FIRST);
    let (violation, trace) = report.violations.first_key_value().expect("the mistake is felt");
    println!("{name}: felt after {} moves: {violation:?}", trace.moves.len());
}

#[test]
fn gates_that_are_not_held_lose_what_was_acknowledged() {
    is_felt(Mutation::NoHold, Policy::EverySec, Bounds { commands: 2, ..SMALL });
}

/// Here the engine itself is the first to notice: it counts what the buffer should hold.
#[test]
fn a_buffer_that_is_not_cleared_ends_the_process() {
    let bounds = Bounds { commands: 1, rewrites: 2, seconds: 0, ..SMALL };
    is_felt(Mutation::DiffNotCleared, Policy::No, bounds);
}

#[test]
fn a_swap_before_the_directory_is_synced_loses_what_was_acknowledged() {
    is_felt(Mutation::SwapBeforeDirectorySync, Policy::Always, Bounds { seconds: 0, ..SMALL });
}

#[test]
fn gates_by_the_new_file_lose_what_was_acknowledged() {
    let bounds = Bounds { seconds: 0, ..SMALL };
    is_felt(Mutation::GatesByNewFileBeforeRename, Policy::Always, bounds);
}

#[test]
fn no_select_after_the_fork_is_caught() {
    is_caught(Mutation::NoSelectAfterFork, Policy::EverySec, Beginning::On, SMALL);
}

#[test]
fn a_buffer_that_is_not_cleared_is_caught() {
    let bounds = Bounds { rewrites: 2, ..SMALL };
    is_caught(Mutation::DiffNotCleared, Policy::EverySec, Beginning::On, bounds);
}

#[test]
fn an_answer_to_the_child_before_sending_ends_is_caught() {
    is_caught(Mutation::AckBeforeDrain, Policy::EverySec, Beginning::On, SMALL);
}

#[test]
fn a_rename_before_the_rest_is_appended_is_caught() {
    is_caught(Mutation::RenameBeforeResidual, Policy::EverySec, Beginning::On, SMALL);
}

#[test]
fn gates_that_are_not_held_are_caught() {
    is_caught(Mutation::NoHold, Policy::EverySec, Beginning::On, SMALL);
}

#[test]
fn a_new_file_that_is_not_synced_is_caught() {
    is_caught(Mutation::NoSealSync, Policy::Always, Beginning::On, SMALL);
}

#[test]
fn a_swap_before_the_directory_is_synced_is_caught() {
    is_caught(Mutation::SwapBeforeDirectorySync, Policy::Always, Beginning::On, SMALL);
}

#[test]
fn gates_that_go_by_the_new_file_too_early_are_caught() {
    is_caught(Mutation::GatesByNewFileBeforeRename, Policy::Always, Beginning::On, SMALL);
}

#[test]
fn closed_gates_without_a_sync_are_caught() {
    let bounds = Bounds { policy_changes: 1, ..SMALL };
    is_caught(Mutation::NoSyncForClosedGates, Policy::Always, Beginning::On, bounds);
}

#[test]
fn free_replies_during_the_hold_of_a_first_rewrite_are_caught() {
    is_caught(Mutation::FreeRepliesWhileWaiting, Policy::EverySec, Beginning::Off, SMALL);
}

#[test]
fn throwing_away_what_only_the_buffer_has_is_caught() {
    is_caught(Mutation::DiscardsTooMuch, Policy::EverySec, Beginning::On, SMALL);
}

//! From a world to what the page draws of it. Copies and counts; nothing here decides anything
//! about persistence.

pub mod bytes;
pub mod crash;
pub mod fact;
pub mod fields;
pub mod functions;
pub mod log;
pub mod rewrite;
pub mod snapshot;
pub mod value;

use aof_core::config::Policy;
use aof_core::resp::OwnedArgv;
use aof_core::sim::timeline::{Branch, Cause, Timeline};
use aof_core::sim::verdict::Fate;

use crate::view;

/// The words of a command as texts.
#[must_use]
pub fn words(argv: &OwnedArgv) -> Vec<String> {
    argv.as_argv().iter().map(view::text).collect()
}

/// A command on one line.
#[must_use]
pub fn line(argv: &OwnedArgv) -> String {
    words(argv).join(" ")
}

/// `Fate`.
#[must_use]
pub const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "kept",
        Fate::Maybe => "maybe",
        Fate::Lost => "lost",
        Fate::Memory => "memory",
    }
}

/// `Policy`.
#[must_use]
pub const fn policy(policy: Policy) -> &'static str {
    policy.as_str()
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Main => "main",
        Cause::Command => "command",
        Cause::Fault => "fault",
        Cause::Killed => "killed",
        Cause::PowerCut => "power-cut",
        Cause::Settings => "settings",
        Cause::Boot => "boot",
        Cause::Import => "import",
    }
}

fn branch(branch: &Branch) -> view::step::BranchView {
    let config = &branch.settings().config;
    view::step::BranchView {
        id: branch.id,
        parent: branch.parent,
        from_step: branch.from_step,
        steps: branch.steps(),
        policy: policy(config.appendfsync),
        profile: config.profile.as_str(),
        cause: cause(branch.cause),
    }
}

/// `Timeline`.
#[must_use]
pub fn timeline(timeline: &Timeline) -> view::step::Timeline {
    let marks = timeline.marks().iter().zip(0_u64..).skip(1);
    view::step::Timeline {
        branch: timeline.branch().id,
        step: timeline.position(),
        marks: marks
            .map(|(mark, step)| view::step::StepMark {
                step,
                time_us: mark.time.0,
                fact: fact::shown(&mark.fact),
                risk_killed: mark.risk_killed,
                risk_power: mark.risk_power,
            })
            .collect(),
        branches: timeline.branches().iter().map(branch).collect(),
    }
}

//! The table of crashes, gap by gap: what has the name after a kill and after a power cut, and why
//! nothing acknowledged is lost.

use std::collections::BTreeSet;

use crate::config::Policy;
use crate::effect::Lane;
use crate::profile::ProfileName;
use crate::pump;
use crate::rewrite::Stage;
use crate::rewrite::names::FileName;
use crate::units::FileId;

use super::super::acts::{Act, Beginning, Bounds};
use super::super::outside::{Call, Fault, Outside};
use super::super::switch::{State, Switch};
use super::{LITTLE, SMALL};

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Old,
    New,
}

use Named::{New, Old};

/// A run that stops in a gap. One write was made before the fork, one while the child wrote, and
/// one while the gates were held.
struct Run {
    space: Switch,
    state: State,
}

impl Run {
    fn new(policy: Policy) -> Self {
        let bounds = Bounds { faults: 2, seconds: 0, ..SMALL };
        let profile = ProfileName::Hardened;
        let (space, state) = Switch::new(profile, policy, Beginning::On, bounds);
        let mut run = Self { space, state };
        run.act(Act::Command);
        run.settle();
        run.act(Act::Rewrite);
        run.act(Act::Command);
        while run.state.jobs(Lane::Sync) > 0 {
            run.act(Act::Effect(Lane::Sync, None));
            run.act(Act::Told(Lane::Sync));
        }
        run
    }

    fn stage(&self) -> Stage {
        self.state.engine.rewrite().stage()
    }

    fn act(&mut self, act: Act) {
        self.state = self.space.go(&self.state, act).expect("nothing is wrong");
    }

    /// Lets everything come that comes by itself.
    fn settle(&mut self) {
        while let Some(act) = self.state.comes_by_itself() {
            self.act(act);
        }
    }

    /// The same, until this is so. As soon as gates are held, one more client writes.
    fn until(&mut self, is_there: impl Fn(&State) -> bool) {
        for _ in 0..100 {
            if self.stage().holds_gates() && self.state.commands_left() == 1 {
                self.act(Act::Command);
            }
            if is_there(&self.state) {
                return;
            }
            let act = self.state.comes_by_itself().expect("the gap comes");
            self.act(act);
        }
        panic!("the gap does not come: {:?}", self.stage());
    }

    /// The same, while the lane of syncs stands still.
    fn until_of_slow(&mut self, is_there: impl Fn(&State) -> bool) {
        for _ in 0..100 {
            if is_there(&self.state) {
                return;
            }
            let ran = !self.state.outside.slow_lane.finished.is_empty();
            let act = if ran { Act::Told(Lane::Slow) } else { Act::Effect(Lane::Slow, None) };
            self.act(act);
        }
        panic!("the gap does not come: {:?}", self.stage());
    }

    fn which(&self, inode: Option<usize>) -> Named {
        if inode == Some(0) { Old } else { New }
    }

    /// Asserts what has the name, and that what it loads to is enough.
    fn expect(&mut self, gap: &str, after_kill: Named, after_power_cut: &[Named]) {
        let disk = &self.state.outside.disk;
        let (cached, durable) = (disk.lookup(FileName::Log), disk.lookup_durable(FileName::Log));
        assert_eq!(self.which(cached), after_kill, "{gap}: kill");
        let after_cut = BTreeSet::from([self.which(cached), self.which(durable)]);
        assert_eq!(after_cut, after_power_cut.iter().copied().collect(), "{gap}: power cut");
        let looked = self.space.judge.look_again(
            &self.state.engine,
            &self.state.outside.disk,
            &mut self.state.story,
        );
        assert_eq!(looked, Ok(()), "{gap}");
        // Every complete file has everything up to C, and C is at least what was acknowledged.
        let State { story, outside, .. } = &self.state;
        let kept = self.space.judge.units_after_kill(story, &outside.disk);
        assert!(kept >= Some(story.acknowledged()), "{gap}");
    }
}

fn is_renamed(state: &State) -> bool {
    state.outside.disk.lookup(FileName::Log) != Some(0)
}

/// The next job of the sync lane makes this call.
fn waits_for(state: &State, call: Call) -> bool {
    let front = state.outside.sync_lane.waiting.front();
    front.is_some_and(|(_, task)| Outside::next_call(task) == call)
}

fn has_run(state: &State) -> bool {
    !state.outside.sync_lane.finished.is_empty()
}

#[test]
fn while_the_child_writes() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| matches!(state.engine.rewrite().stage(), Stage::Child { .. }));
        run.expect("child", Old, &[Old]);
    }
}

#[test]
fn while_the_new_file_catches_up() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.state.engine.set_catch_up_limits(LITTLE);
        // The child has taken everything; what comes now is the parent's to append.
        run.until(|state| matches!(state.engine.rewrite().stage(), Stage::Opening { .. }));
        run.act(Act::Command);
        run.until(|state| matches!(state.engine.rewrite().stage(), Stage::CatchingUp { .. }));
        run.expect("catching up", Old, &[Old]);
    }
}

/// Under `always` the next stage is not put off for a sync of the old file, because one is nearly
/// always in flight. So here the old file still has one coming while nothing more may be written
/// to it; gates go by it until then.
#[test]
fn while_it_freezes() {
    let mut run = Run::new(Policy::Always);
    run.state.engine.set_catch_up_limits(LITTLE);
    run.until(|state| matches!(state.engine.rewrite().stage(), Stage::Opening { .. }));
    run.act(Act::Command);
    run.until_of_slow(|state| matches!(state.engine.rewrite().stage(), Stage::Freezing));
    assert!(!run.state.engine.log().is_quiet(), "a sync of the old file is in flight");
    assert!(run.state.held_replies() > 0, "and a reply waits for it");
    run.expect("freezing", Old, &[Old]);
    let acknowledged = run.state.story.acknowledged();
    // It takes effect, and nobody knows.
    run.act(Act::Effect(Lane::Sync, None));
    assert!(matches!(run.stage(), Stage::Freezing));
    run.expect("freezing, synced", Old, &[Old]);
    run.act(Act::Told(Lane::Sync));
    assert!(matches!(run.stage(), Stage::Sealing { .. }), "{:?}", run.stage());
    assert!(run.state.story.acknowledged() > acknowledged, "the old file has it");
    run.expect("freezing, told", Old, &[Old]);
}

#[test]
fn while_the_rest_is_sealed() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| matches!(state.engine.rewrite().stage(), Stage::Sealing { .. }));
        run.expect("sealing", Old, &[Old]);
    }
}

#[test]
fn sealed_and_not_renamed() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| waits_for(state, Call::Rename));
        run.expect("sealed", Old, &[Old]);
    }
}

#[test]
fn renamed_and_nobody_knows() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| is_renamed(state) && has_run(state));
        assert!(matches!(run.stage(), Stage::Renaming { .. }));
        run.expect("renamed", New, &[Old, New]);
    }
}

#[test]
fn renamed_and_the_directory_is_not_synced() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| waits_for(state, Call::SyncDirectory));
        run.expect("directory not synced", New, &[Old, New]);
    }
}

#[test]
fn the_directory_is_synced_and_nobody_knows() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| is_renamed(state) && waits_for(state, Call::SyncDirectory));
        run.act(Act::Effect(Lane::Sync, None));
        assert!(matches!(run.stage(), Stage::SyncingDirectory { .. }));
        run.expect("directory synced", New, &[New]);
    }
}

#[test]
fn swapped_and_the_new_file_not_written_to() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| waits_for(state, Call::SyncDirectory));
        run.act(Act::Effect(Lane::Sync, None));
        // The first write follows at once: the gap lies between two effects of one event.
        let told = run.state.outside.tell(Lane::Sync).expect("it has run");
        run.state.engine.handle(told);
        while run.state.engine.log().file() == FileId::LIVE {
            assert!(pump::step(&mut run.state.engine, &mut run.state.outside));
        }
        let waiting = run.state.engine.log().buffer().waiting_bytes();
        assert!(waiting > 0, "the write of the hold is still there");
        run.expect("swapped", New, &[New]);
    }
}

#[test]
fn while_the_old_file_is_closed() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| {
            let front = state.outside.slow_lane.waiting.front();
            is_renamed(state)
                && front.is_some_and(|(_, task)| Outside::next_call(task) == Call::Close)
        });
        run.expect("closing", New, &[New]);
    }
}

#[test]
fn in_limbo() {
    for policy in Policy::ALL {
        let mut run = Run::new(policy);
        run.until(|state| waits_for(state, Call::SyncDirectory));
        run.act(Act::Effect(Lane::Sync, Some(Fault::Fails)));
        run.act(Act::Told(Lane::Sync));
        if policy == Policy::Always {
            assert!(run.state.outside.halted.is_some(), "as after any failed sync");
        } else {
            assert!(matches!(run.stage(), Stage::Limbo { .. }));
            assert!(run.state.held_replies() > 0, "the write of the hold is not acknowledged");
        }
        run.expect("limbo", New, &[Old, New]);
    }
}

//! What somebody can do in a state.

use crate::aof::log::State as LogState;
use crate::config::Policy;
use crate::effect::Lane;
use crate::event::ChildStatus;
use crate::rewrite::Stage;
use crate::rewrite::names::FileName;

use super::child::{Child, Stage as ChildStage};
use super::outside::{CRASHED, Fault, Outside, STOPPED, Script};
use super::switch::State;

/// How the log stands at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It is on.
    On,
    /// It is off, another one lies there from before, and the rewrite turns it on.
    Off,
    /// It is off and stays so; BGREWRITEAOF replaces what lies there.
    Without,
}

/// How much may happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) commands: u64,
    pub(super) faults: usize,
    pub(super) policy_changes: u8,
    /// Whole seconds that pass.
    pub(super) seconds: u8,
    pub(super) rewrites: u8,
    /// Times that the kernel makes something durable on its own.
    pub(super) writebacks: u8,
    /// Whether what only tidies up is done at once, whenever it can be.
    pub(super) tidies_first: bool,
    /// Whether several events can share a turn; else a turn ends after each.
    pub(super) shared_turns: bool,
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The next client writes.
    Command,
    /// BGREWRITEAOF, or CONFIG SET appendonly yes.
    Rewrite,
    /// CONFIG SET appendfsync.
    Policy(Policy),
    /// The loop is about to sleep.
    TurnEnd,
    /// A second passes.
    Second,
    /// The first job of a lane takes effect.
    Effect(Lane, Option<Fault>),
    /// The engine is told of it.
    Told(Lane),
    /// A file is closed or a name removed: nobody sees when.
    Tidied(Lane),
    /// The child takes a step, where it is the machine itself.
    ChildSteps,
    /// The child takes what is in the pipe.
    ChildReads,
    /// The child asks for no more.
    ChildAsks,
    /// The child completes its file.
    ChildFinishes(ChildStatus),
    /// The child ends without it.
    ChildDies(ChildStatus),
    /// The parent reads the child's byte.
    StopSeen,
    /// The parent learns that the child has ended.
    Reaped,
    /// The parent learns that the pipe has room.
    Room,
    /// The kernel makes the content under the log's name durable, or the directory.
    Writeback { directory: bool },
}

impl Act {
    /// Whether the server's loop hears of it and so ends a turn.
    pub(super) const fn is_heard(self) -> bool {
        !matches!(
            self,
            Self::Effect(..)
                | Self::Tidied(_)
                | Self::Writeback { .. }
                | Self::ChildSteps
                | Self::ChildReads
                | Self::ChildAsks
                | Self::ChildFinishes(_)
                | Self::ChildDies(_)
        )
    }

    /// Whether it is a failure by itself.
    pub(super) const fn is_failure(self) -> bool {
        match self {
            Self::Effect(_, fault) => fault.is_some(),
            Self::ChildDies(_) => true,
            Self::ChildFinishes(status) => !matches!(status, ChildStatus::Code(0)),
            _ => false,
        }
    }
}

/// An act, and which of the calls that follow from it fail.
#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) act: Act,
    pub(super) script: Script,
}

impl State {
    /// What somebody could do now, failing calls aside.
    pub(super) fn acts(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        let outside = &self.outside;
        if outside.halted.is_some() {
            return acts;
        }
        let left = &self.left;
        // It changes nothing that anybody could see, now or later, so it need not be tried in
        // every order.
        if let Some(lane) = outside.tidies() {
            acts.push(Act::Tidied(lane));
            if left.tidies_first {
                return acts;
            }
        }
        if self.turn_open {
            acts.push(Act::TurnEnd);
        }
        if left.commands > 0 {
            acts.push(Act::Command);
        }
        if left.rewrites > 0 {
            acts.push(Act::Rewrite);
        }
        if left.policy_changes > 0 {
            let now = self.engine.config().appendfsync;
            acts.extend(Policy::ALL.into_iter().filter(|p| *p != now).map(Act::Policy));
        }
        for (lane, thread) in [(Lane::Sync, &outside.sync_lane), (Lane::Slow, &outside.slow_lane)] {
            if let Some((_, task)) = thread.waiting.front()
                && outside.tidies() != Some(lane)
            {
                acts.push(Act::Effect(lane, None));
                if left.faults > 0 {
                    let faults = Outside::next_call(task).faults();
                    acts.extend(faults.iter().map(|fault| Act::Effect(lane, Some(*fault))));
                }
            }
            if !thread.finished.is_empty() {
                acts.push(Act::Told(lane));
            }
        }
        self.child_acts(&mut acts);
        if outside.pipe_has_room() {
            acts.push(Act::Room);
        }
        if left.writebacks > 0 {
            acts.push(Act::Writeback { directory: false });
            acts.push(Act::Writeback { directory: true });
        }
        if left.seconds > 0 {
            acts.push(Act::Second);
        }
        acts
    }

    fn child_acts(&self, acts: &mut Vec<Act>) {
        let Some(child) = &self.outside.child else { return };
        if child.has_exited() {
            acts.push(Act::Reaped);
            return;
        }
        if child.machine().is_some() {
            self.whole_child_acts(child, acts);
            return;
        }
        let faults = self.left.faults > 0;
        if self.outside.pipe_bytes() > 0 {
            acts.push(Act::ChildReads);
        }
        if child.killed {
            acts.push(Act::ChildDies(STOPPED));
        } else if faults || !self.outside.pipes_are_open() {
            acts.push(Act::ChildDies(ChildStatus::Code(1)));
        }
        match child.stage {
            ChildStage::Writing => acts.push(Act::ChildAsks),
            ChildStage::Asking { seen } => {
                if !seen && self.outside.pipes_are_open() {
                    acts.push(Act::StopSeen);
                }
                if !self.outside.acks.is_empty() {
                    acts.push(Act::ChildFinishes(ChildStatus::Code(0)));
                    if faults {
                        acts.push(Act::ChildFinishes(CRASHED));
                    }
                }
            }
            ChildStage::Exited(_) => {}
        }
    }

    fn whole_child_acts(&self, child: &Child, acts: &mut Vec<Act>) {
        let pipes_open = self.outside.pipes_are_open();
        if child.can_step(&self.outside.acks, pipes_open) {
            acts.push(Act::ChildSteps);
        }
        if child.stage == (ChildStage::Asking { seen: false }) && pipes_open {
            acts.push(Act::StopSeen);
        }
        if child.killed {
            acts.push(Act::ChildDies(STOPPED));
        } else if self.left.faults > 0 {
            acts.push(Act::ChildDies(CRASHED));
        }
    }

    /// Jobs of a lane, told or not.
    pub(super) fn jobs(&self, lane: Lane) -> usize {
        let thread =
            if lane == Lane::Slow { &self.outside.slow_lane } else { &self.outside.sync_lane };
        thread.waiting.len() + thread.finished.len()
    }

    /// The end of a rewrite that nothing has disturbed.
    pub(super) fn has_all_in_the_new_log(&self) -> Result<(), &'static str> {
        let rewrite = self.engine.rewrite();
        let disk = &self.outside.disk;
        let left = disk.names().any(|name| name != FileName::Log);
        let checks = [
            (
                rewrite.stage() == Stage::Idle && !rewrite.last_failed(),
                "the rewrite has ended well",
            ),
            (disk.lookup(FileName::Log) != Some(0), "the new file has the name"),
            (!left, "no other name is left"),
            (self.engine.log().state() == LogState::On, "the log is on"),
            (self.held_replies() == 0, "everybody is answered"),
            (self.engine.log().buffer().is_empty(), "everything is written"),
            (self.engine.rewrite().diff().waiting_bytes() == 0, "the buffer is empty"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(what))
    }

    pub(super) fn commands_left(&self) -> u64 {
        self.left.commands
    }

    /// Replies that were made and have not left.
    pub(super) fn held_replies(&self) -> u32 {
        self.engine.clients().map(|(_, client)| client.held_replies()).sum()
    }

    /// What comes by itself, without anybody's will and without failing.
    pub(super) fn comes_by_itself(&self) -> Option<Act> {
        let willed = |act: &Act| {
            matches!(
                act,
                Act::Command
                    | Act::Rewrite
                    | Act::Policy(_)
                    | Act::Second
                    | Act::Effect(_, Some(_))
                    | Act::Writeback { .. }
            )
        };
        let dies = |act: &Act| match act {
            Act::ChildDies(_) => {
                let child = self.outside.child.as_ref();
                self.outside.pipes_are_open() && child.is_some_and(|child| !child.killed)
            }
            Act::ChildFinishes(status) => *status != ChildStatus::Code(0),
            _ => false,
        };
        self.acts().into_iter().find(|act| !willed(act) && !dies(act))
    }
}

//! What is remembered of the rewrite that was started last.
//!
//! The engine forgets a rewrite when it has ended, and the machine forgets a child when it was
//! waited for. Who looks at a rewrite wants to see it a moment longer.

use std::rc::Rc;

use crate::aof::log::State;
use crate::effect::Lane;
use crate::rewrite::stage::Stage as EngineStage;
use crate::rewrite::trigger::Cause as EngineCause;
use crate::sim::disk::Inode;
use crate::sim::fact::{ChildStep, Fact, Progress};
use crate::sim::machine::ChildProcess;
use crate::sim::rewriting::{self, Cause, Redundant, Stage, foreground};
use crate::sim::world::World;
use crate::units::{ChildId, Errno, Micros};

/// One rewrite, from its fork on.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) cause: Cause,
    pub(crate) child: ChildId,
    pub(crate) forked: Micros,
    pub(crate) forked_at: u64,
    /// Length of the log, commands in it, and keys.
    pub(crate) before: (u64, u64, u64),
    /// What becomes of it.
    pub(crate) redundant: Rc<[Redundant]>,
    pub(crate) old_inode: Inode,
    pub(crate) stage: Stage,
    /// For how long the loop has stood still.
    pub(crate) blocked_micros: u64,
    /// Length of the new log when it became the log.
    pub(crate) new_bytes: Option<u64>,
    /// The child, once it was waited for.
    pub(crate) reaped: Option<Box<ChildProcess>>,
    /// Pages that were split when the child ended: there is nothing to share any more.
    pub(crate) split: Option<Rc<[u32]>>,
    /// Pages that were split before the last step, and by it.
    pub(crate) split_before: Rc<[u32]>,
    pub(crate) split_now: Vec<u32>,
    /// When the same on the loop would have ended.
    pub(crate) foreground_end: Micros,
    /// Rewrites that had ended well before.
    completed: u64,
    /// The log was on at the fork, or is by now, so that the journal knows how the dataset came
    /// about.
    log_was_on: bool,
}

impl World {
    /// A fork was tried.
    pub(super) fn forked(&mut self, result: Result<ChildId, Errno>, took_micros: u64) -> Fact {
        let pages = self.shared_pages();
        let (at, keys) = match (&self.machine.child, result) {
            (Some(process), Ok(_)) => (process.forked_at, process.keyspace.len() as u64),
            _ => (self.appended(), self.engine().map_or(0, |e| e.executor().keyspace.len() as u64)),
        };
        if let (Ok(child), Some(engine)) = (result, self.engine()) {
            let stored = self.machine.disk.file(self.machine.inode);
            // What waits to be written is part of the log that a reader thinks of.
            let mut log = stored.map_or_else(Vec::new, |stored| stored.cached().to_vec());
            log.extend_from_slice(engine.log().buffer().bytes());
            let keyspace = self.machine.child.as_ref().map(|process| &process.keyspace);
            let (redundant, commands) = keyspace
                .map(|keyspace| rewriting::redundant::redundant(&log, keyspace))
                .unwrap_or_default();
            let end = self.machine.child.as_ref().map_or(0, |process| {
                foreground::takes_micros(
                    &process.keyspace,
                    engine.config(),
                    &self.settings.rewriting,
                    self.machine.disk.parameters(),
                )
            });
            self.rewriting = Some(Box::new(Record {
                cause: cause_of(engine.rewrite().cause()),
                child,
                forked: self.machine.clock,
                forked_at: at,
                before: (log.len() as u64, commands, keys),
                redundant: redundant.into(),
                old_inode: self.machine.inode,
                stage: Stage::Child,
                blocked_micros: took_micros,
                new_bytes: None,
                reaped: None,
                split: None,
                split_before: Rc::default(),
                split_now: Vec::new(),
                foreground_end: Micros(self.machine.clock.0.saturating_add(end)),
                completed: engine.rewrite().completed(),
                log_was_on: engine.log().state() == State::On,
            }));
        }
        Fact::Forked { result, took_micros, at, keys, pages }
    }

    /// Takes note of what a step means for the rewrite.
    pub(super) fn observe_rewriting(&mut self, fact: &Fact) {
        let Some(mut record) = self.rewriting.take() else { return };
        match fact {
            Fact::File {
                lane: Lane::Inline,
                progress: Progress::Ended { took_micros, .. },
                ..
            } => {
                record.blocked_micros = record.blocked_micros.saturating_add(*took_micros);
            }
            Fact::SyncInline { took_micros, .. } if record.is_switching() => {
                record.blocked_micros = record.blocked_micros.saturating_add(*took_micros);
            }
            Fact::Switched { new_bytes, .. } => record.new_bytes = Some(*new_bytes),
            Fact::Child { step: ChildStep::Exited { .. }, .. } | Fact::ChildKilled { .. } => {
                record.split = Some(self.split_pages().into());
            }
            _ => {}
        }
        let made =
            record.reaped.as_ref().filter(|process| process.made == Some(self.machine.inode));
        if let Some(process) = made.filter(|_| record.begins_log()) {
            self.base = Rc::clone(&process.keyspace);
            self.journal.begins_at(record.forked_at);
            record.log_was_on = true;
        }
        if record.split.is_none() && self.machine.child.as_ref().is_none_or(|c| !c.is_alive()) {
            record.split = Some(self.split_pages().into());
        }
        if record.split.is_none() {
            let split = self.split_pages();
            record.split_now = split
                .iter()
                .copied()
                .filter(|page| record.split_before.binary_search(page).is_err())
                .collect();
            if !record.split_now.is_empty() {
                record.split_before = split.into();
            }
        } else {
            record.split_now.clear();
        }
        if let Some(engine) = self.engine() {
            let rewrite = engine.rewrite();
            record.stage = match rewrite.stage() {
                EngineStage::Idle | EngineStage::OpeningPipes | EngineStage::Forking => {
                    match record.stage {
                        Stage::Done | Stage::Failed => record.stage,
                        _ if rewrite.completed() > record.completed => Stage::Done,
                        _ => Stage::Failed,
                    }
                }
                EngineStage::Child { .. } => Stage::Child,
                EngineStage::Aborting { .. } => Stage::Failed,
                EngineStage::Opening { .. } => Stage::Opening,
                EngineStage::CatchingUp { .. } => Stage::CatchingUp,
                EngineStage::Freezing => Stage::Freezing,
                EngineStage::Sealing { .. } => Stage::Sealing,
                EngineStage::Renaming { .. } | EngineStage::SyncingRenamed { .. } => {
                    Stage::Renaming
                }
                EngineStage::SyncingDirectory { .. } => Stage::SyncingDirectory,
                EngineStage::Limbo { .. } => Stage::Limbo,
            };
        }
        self.rewriting = Some(record);
    }

    /// The child was waited for.
    pub(super) fn keep_reaped(&mut self, process: ChildProcess) {
        let split = self.split_pages_of(&process);
        if let Some(record) = self.rewriting.as_mut().filter(|r| r.child == process.id) {
            record.split.get_or_insert_with(|| split.into());
            record.reaped = Some(Box::new(process));
        }
    }

    /// A child that only a trace knows has made this file.
    pub(super) fn made_by_traced_child(&mut self, inode: Inode) {
        if let Some(process) = self.rewriting.as_mut().and_then(|record| record.reaped.as_mut()) {
            process.made = Some(inode);
        }
    }

    /// Inodes of the old and the new log at a switch.
    pub(super) fn switched_inodes(&self) -> (u64, u64) {
        let Some(record) = &self.rewriting else { return (0, self.machine.inode.0) };
        let made = record.reaped.as_ref().and_then(|process| process.made);
        (record.old_inode.0, made.unwrap_or(self.machine.inode).0)
    }

    /// Pages that parent and child have copies of by now.
    #[must_use]
    pub fn split_pages(&self) -> Vec<u32> {
        self.machine.child.as_ref().map(|process| self.split_pages_of(process)).unwrap_or_default()
    }

    fn split_pages_of(&self, process: &ChildProcess) -> Vec<u32> {
        let Some(engine) = self.engine() else { return Vec::new() };
        let pages = rewriting::pages::Pages::of(&process.mark, &self.settings.rewriting);
        let written = engine.executor().keyspace.written_since(&process.mark);
        let mut split: Vec<u32> =
            written.filter_map(|(database, slot)| pages.of_place(database, slot)).collect();
        split.sort_unstable();
        split.dedup();
        split
    }

    fn shared_pages(&self) -> u32 {
        let child = self.machine.child.as_ref();
        child.map_or(0, |process| {
            rewriting::pages::Pages::of(&process.mark, &self.settings.rewriting).total()
        })
    }

    /// The child of the rewrite that is remembered, running or not.
    pub(crate) fn remembered_child(&self) -> Option<&ChildProcess> {
        let record = self.rewriting.as_ref()?;
        let running = self.machine.child.as_ref().filter(|process| process.id == record.child);
        running.or(record.reaped.as_deref())
    }
}

impl Record {
    /// Whether its file is to turn the log on, and is not the log yet.
    pub(crate) const fn begins_log(&self) -> bool {
        !self.log_was_on
    }

    /// Whether the child has ended and the switch is under way.
    const fn is_switching(&self) -> bool {
        !matches!(self.stage, Stage::Child | Stage::Done | Stage::Failed)
    }
}

const fn cause_of(cause: Option<EngineCause>) -> Cause {
    match cause {
        None | Some(EngineCause::Asked) => Cause::Asked,
        Some(EngineCause::Automatic) => Cause::Automatic,
        Some(EngineCause::Scheduled) => Cause::Scheduled,
        Some(EngineCause::Healing) => Cause::Healing,
        Some(EngineCause::TurningOn) => Cause::TurningOn,
    }
}

//! A rewrite: what happened, and what the server says about it. How it stands is in [`state`].

use aof_core::effect::{Lane, Pipe};
use aof_core::event::ChildStatus;
use aof_core::note::RewriteNote;
use aof_core::sim::fact::{AckHeard, ChildStep, ChildSync, Fact, FileWork, Part, Progress};
use aof_core::sim::machine::ChildProcess;
use aof_core::sim::world::World;

use crate::show::line;
use crate::view::IoResult;
use crate::view::rewrite::{ChildExit, RewriteFact, RewriteNoteFact, RewriteWork};

pub mod state;

/// Whether there is a child that could be killed.
#[must_use]
pub fn child_lives(world: &World) -> bool {
    world.machine().child.as_ref().is_some_and(ChildProcess::is_alive)
}

/// `ChildExit`.
#[must_use]
pub const fn exit(status: ChildStatus) -> ChildExit {
    match status {
        ChildStatus::Code(code) => ChildExit::Code(code),
        ChildStatus::Signal(signal) => ChildExit::Signal(signal),
    }
}

/// `PipeName`.
#[must_use]
pub const fn pipe(pipe: Pipe) -> &'static str {
    match pipe {
        Pipe::Data => "data",
        Pipe::Stop => "stop",
        Pipe::Ack => "ack",
        Pipe::Report => "report",
    }
}

const fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Inline => "inline",
        Lane::Sync => "sync",
        Lane::Slow => "slow",
    }
}

/// `RewriteFact`, if the step is one of a rewrite.
#[must_use]
pub fn shown(fact: &Fact) -> Option<RewriteFact> {
    Some(match fact {
        Fact::NamesWrittenBack => RewriteFact::NamesWrittenBack,
        Fact::PipesOpened { result } => {
            RewriteFact::Pipes { result: IoResult::of(result.map(|()| 0)) }
        }
        Fact::Forked { result, took_micros, pages, .. } => RewriteFact::Fork {
            child: result.map_or(0, |child| child.0),
            pages: u64::from(*pages),
            took_us: *took_micros,
            result: IoResult::of(result.map(|_| 0)),
        },
        Fact::PipeWrite { pipe: which, offered_bytes, result, left_bytes } => RewriteFact::Send {
            pipe: pipe(*which),
            bytes: *offered_bytes,
            left_bytes: *left_bytes,
            result: IoResult::of(*result),
        },
        Fact::PipeWritable => RewriteFact::Writable,
        Fact::StopHeard { byte, unsent_bytes } => RewriteFact::StopAsked {
            byte: char::from(*byte).to_string(),
            unsent_bytes: *unsent_bytes,
        },
        Fact::ReportHeard { keys_done, keys_total, copied_bytes } => RewriteFact::Report {
            keys_done: *keys_done,
            keys_total: *keys_total,
            copied_bytes: *copied_bytes,
        },
        Fact::PipesClosed => RewriteFact::ClosePipes,
        Fact::ChildAsked { child } => RewriteFact::KillChild { child: child.0 },
        Fact::ChildKilled { child } => RewriteFact::ChildKilled { child: child.0 },
        Fact::ChildReaped { child, status } => {
            RewriteFact::Reaped { child: child.0, exit: exit(*status) }
        }
        Fact::Switched { old_inode, new_inode, old_bytes, new_bytes } => RewriteFact::Switched {
            old_inode: *old_inode,
            new_inode: *new_inode,
            old_bytes: *old_bytes,
            new_bytes: *new_bytes,
        },
        Fact::Child { step, .. } => of_child(step),
        Fact::File { lane: on, work: done, progress } => of_work(*on, done, *progress),
        _ => return None,
    })
}

fn of_work(on: Lane, done: &FileWork, progress: Progress) -> RewriteFact {
    let lane = lane(on);
    match progress {
        Progress::Begun => RewriteFact::WorkStart { work: work(done), lane },
        // The loop hears of it later, which only a schedule of its own can tell apart.
        Progress::Done => {
            RewriteFact::WorkEnd { work: work(done), lane, took_us: 0, result: IoResult::of(Ok(0)) }
        }
        Progress::Ended { took_micros, result } => RewriteFact::WorkEnd {
            work: work(done),
            lane,
            took_us: took_micros,
            result: IoResult::of(result.map(|()| 0)),
        },
    }
}

fn work(work: &FileWork) -> RewriteWork {
    match work {
        FileWork::Open { name, .. } => RewriteWork::Open { file: name.clone() },
        FileWork::Append { from, to, .. } => {
            RewriteWork::Append { bytes: to.saturating_sub(*from) }
        }
        FileWork::Sync { from, to, .. } => RewriteWork::Sync { bytes: to.saturating_sub(*from) },
        FileWork::Rename { from, to, old_inode, new_inode } => RewriteWork::Rename {
            from: from.clone(),
            to: to.clone(),
            old_inode: *old_inode,
            new_inode: *new_inode,
        },
        FileWork::SyncDirectory => RewriteWork::SyncDirectory,
        FileWork::Close { inode, freed } => RewriteWork::Close { inode: *inode, freed: *freed },
        FileWork::Unlink { name } => RewriteWork::Unlink { file: name.clone() },
    }
}

fn of_child(step: &ChildStep) -> RewriteFact {
    match step {
        ChildStep::Opened { name, result } => {
            RewriteFact::ChildOpen { file: name.clone(), result: IoResult::of(result.map(|_| 0)) }
        }
        ChildStep::Wrote { .. } => wrote(step),
        ChildStep::ReadDiff { result, diff_bytes, ended } => RewriteFact::ChildRead {
            bytes: result.unwrap_or(0),
            diff_bytes: *diff_bytes,
            ended: *ended,
            result: IoResult::of(*result),
        },
        ChildStep::Synced { kind, to, took_micros, result, .. } => RewriteFact::ChildSync {
            which: match kind {
                ChildSync::Incremental => "incremental",
                ChildSync::First => "first",
                ChildSync::Final => "final",
            },
            bytes: *to,
            took_us: *took_micros,
            result: IoResult::of(result.map(|()| 0)),
        },
        ChildStep::Waited { timeout_ms, readable } => {
            RewriteFact::ChildWait { timeout_ms: *timeout_ms, readable: *readable }
        }
        ChildStep::AskedToStop { result, unsent_bytes } => RewriteFact::ChildStop {
            unsent_bytes: *unsent_bytes,
            result: IoResult::of(result.map(|()| 1)),
        },
        ChildStep::HeardAck(heard) => RewriteFact::ChildAck {
            answer: match heard {
                AckHeard::Byte(b'!') => "ack",
                AckHeard::Byte(_) => "other",
                AckHeard::TimedOut => "timed-out",
                AckHeard::Ended => "ended",
                AckHeard::Failed(_) => "failed",
            },
        },
        ChildStep::Closed => RewriteFact::ChildClose,
        ChildStep::Renamed { from, to, result } => RewriteFact::ChildRename {
            from: from.clone(),
            to: to.clone(),
            result: IoResult::of(result.map(|()| 0)),
        },
        ChildStep::Unlinked { name } => RewriteFact::ChildUnlink { file: name.clone() },
        ChildStep::Reported { keys_done, keys_total } => {
            RewriteFact::ChildReport { keys_done: *keys_done, keys_total: *keys_total }
        }
        ChildStep::Exited { code } => RewriteFact::ChildExit { exit: ChildExit::Code(*code) },
    }
}

fn wrote(step: &ChildStep) -> RewriteFact {
    let ChildStep::Wrote { part, offered_bytes, result, commands, .. } = step else {
        return RewriteFact::ChildClose;
    };
    let ChildStep::Wrote { commands_total, keys_done, keys_total, .. } = step else {
        return RewriteFact::ChildClose;
    };
    RewriteFact::ChildWrite {
        bytes: *offered_bytes,
        commands: commands.iter().map(|words| line(words)).collect(),
        commands_total: *commands_total,
        keys_done: *keys_done,
        keys_total: *keys_total,
        part: match part {
            Part::Snapshot => "rewritten",
            Part::Diff => "diff",
        },
        result: IoResult::of(*result),
    }
}

/// `RewriteNoteFact`.
#[must_use]
pub fn noted(note: RewriteNote) -> RewriteNoteFact {
    use RewriteNoteFact as Fact;
    match note {
        RewriteNote::Automatic { growth_percent } => Fact::Automatic { growth_percent },
        RewriteNote::Healing => Fact::Healing,
        RewriteNote::PipesFailed(errno) => Fact::PipesFailed { errno: errno.into() },
        RewriteNote::ForkFailed(errno) => Fact::ForkFailed { errno: errno.into() },
        RewriteNote::Started { child } => Fact::Started { child: child.0 },
        RewriteNote::StopAsked => Fact::StopAsked,
        RewriteNote::AckFailed(errno) => Fact::AckFailed { errno: errno.into() },
        RewriteNote::CopiedOnWrite { copied_bytes } => Fact::CopiedOnWrite { copied_bytes },
        RewriteNote::ChildEnded { child, status } => {
            Fact::ChildEnded { child: child.0, exit: exit(status) }
        }
        RewriteNote::OpenFailed(errno) => Fact::OpenFailed { errno: errno.into() },
        RewriteNote::DiffFailed(errno) => Fact::DiffFailed { errno: errno.into() },
        RewriteNote::DiffWritten { bytes } => Fact::DiffWritten { bytes },
        RewriteNote::SealFailed(errno) => Fact::SealFailed { errno: errno.into() },
        RewriteNote::GatesHeld => Fact::GatesHeld,
        RewriteNote::RenameFailed(errno) => Fact::RenameFailed { errno: errno.into() },
        RewriteNote::DirectorySyncFailed { errno, retry_ms } => {
            Fact::DirectorySyncFailed { errno: errno.into(), retry_ms }
        }
        RewriteNote::Finished { old_bytes, new_bytes } => Fact::Finished { old_bytes, new_bytes },
        RewriteNote::SwitchTook { micros } => Fact::SwitchTook { micros },
        RewriteNote::KillingChild { child } => Fact::KillingChild { child: child.0 },
        RewriteNote::DiffGrows { blocks, bytes } => Fact::DiffGrows { blocks, bytes },
        RewriteNote::DiffLimit { bytes } => Fact::DiffLimit { bytes },
        RewriteNote::BacksOff { retry_ms } => Fact::BacksOff { retry_ms },
        RewriteNote::TurnOnFailed(errno) => Fact::TurnOnFailed { errno: errno.into() },
        RewriteNote::TurnedOn => Fact::TurnedOn,
        RewriteNote::ShutdownRefused => Fact::ShutdownRefused,
    }
}

//! How a rewrite stands: `RewriteView`.

use aof_core::sim::rewriting::{
    BlockView as Block, Cause, ChildStage, FileView as File, Foreground, KeyCell as Cell, KeyState,
    Piece as Part, PipeView as Pipe, RecoveredView as Recovered, Redundant, Source, Stage, Subject,
    View,
};

use crate::show::rewrite::exit;
use crate::show::{line, value};
use crate::view;
use crate::view::rewrite::{
    AfterView, BeforeView, BlockView, ChildView, DatasetText, DiffView, FileView, ForegroundView,
    KeyCell, NameView, PagesView, ParentView, PartView, Piece, PipeView, PipesView, RecoveredView,
    RedundantView, RewriteView, WaitingView,
};

/// `RewriteView`.
#[must_use]
pub fn shown(now: &View) -> RewriteView {
    let [data, stop, ack] = &now.pipes;
    RewriteView {
        stage: stage(now.stage),
        cause: cause(now.cause),
        forked_at_us: now.forked.0,
        gates_held: now.gates_held,
        loop_blocked_us: now.loop_blocked_micros,
        parent: ParentView {
            pid: now.parent.pid,
            keys: now.parent.keys.iter().map(cell).collect(),
            keys_total: now.parent.keys_total,
            changed: now.parent.changed,
            aof_buf_bytes: now.parent.aof_buf_bytes,
        },
        child: child(now),
        pages: PagesView {
            total: u64::from(now.pages.total),
            split: now.pages.split.iter().map(|page| u64::from(*page)).collect(),
            split_now: now.pages.split_now.iter().map(|page| u64::from(*page)).collect(),
        },
        diff: DiffView {
            block_bytes: now.diff.block_bytes,
            freed_blocks: now.diff.freed_blocks,
            blocks: now.diff.blocks.iter().map(block).collect(),
            waiting_bytes: now.diff.waiting_bytes,
            sent_bytes: now.diff.sent_bytes,
            stop_sending: now.diff.stop_sending,
        },
        pipes: PipesView { data: pipe(data), stop: pipe(stop), ack: pipe(ack) },
        files: now.files.iter().map(file).collect(),
        directory: now
            .directory
            .iter()
            .map(|name| NameView {
                name: name.name.clone(),
                cached: name.cached_inode,
                durable: name.durable_inode,
            })
            .collect(),
        recovered: RecoveredView {
            old: now.recovered_old.as_ref().map(recovered),
            new: now.recovered_new.as_ref().map(recovered),
        },
        before: BeforeView {
            bytes: now.before_bytes,
            commands: now.before_commands,
            keys: now.before_keys,
        },
        after: now.after.map(|(bytes, commands)| AfterView { bytes, commands }),
        redundant: now.redundant.iter().map(redundant).collect(),
        foreground: now.foreground.as_ref().map(foreground),
    }
}

fn child(now: &View) -> ChildView {
    let child = &now.child;
    ChildView {
        pid: child.pid.0,
        alive: child.alive,
        stage: child_stage(child.stage),
        exit: child.exit.map(exit),
        keys: child.keys.iter().map(cell).collect(),
        keys_done: child.keys_done,
        keys_total: child.keys_total,
        commands: child.commands,
        written_bytes: child.written_bytes,
        diff: child.diff.iter().map(piece).collect(),
        diff_bytes: child.diff_bytes,
    }
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Child => "child",
        Stage::Opening => "opening",
        Stage::CatchingUp => "catching-up",
        Stage::Freezing => "freezing",
        Stage::Sealing => "sealing",
        Stage::Renaming => "renaming",
        Stage::SyncingDirectory => "syncing-directory",
        Stage::Limbo => "limbo",
        Stage::Done => "done",
        Stage::Failed => "failed",
    }
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Asked => "asked",
        Cause::Automatic => "automatic",
        Cause::Scheduled => "scheduled",
        Cause::Healing => "healing",
        Cause::TurningOn => "turning-on",
    }
}

const fn child_stage(stage: ChildStage) -> &'static str {
    match stage {
        ChildStage::Writing => "writing",
        ChildStage::FirstSync => "first-sync",
        ChildStage::Draining => "draining",
        ChildStage::Asking => "asking",
        ChildStage::AwaitingAck => "awaiting-ack",
        ChildStage::FinalRead => "final-read",
        ChildStage::Appending => "appending",
        ChildStage::FinalSync => "final-sync",
        ChildStage::Renaming => "renaming",
        ChildStage::Exited => "exited",
    }
}

fn piece(part: &Part) -> Piece {
    Piece {
        text: line(&part.words),
        bytes: part.bytes,
        twin: part.twin.map(u64::from),
        count: part.count,
    }
}

fn block(block: &Block) -> BlockView {
    BlockView {
        number: block.number,
        capacity: block.capacity_bytes,
        sent: block.sent_bytes,
        pieces: block.pieces.iter().map(piece).collect(),
    }
}

fn pipe(pipe: &Pipe) -> PipeView {
    PipeView {
        capacity: pipe.capacity_bytes,
        bytes: pipe.bytes,
        pieces: pipe.pieces.iter().map(piece).collect(),
    }
}

/// A key by its name, with its database where that is not the first.
fn named(cell: &Cell) -> String {
    let key = view::text(&cell.key);
    if cell.database == 0 { key } else { format!("{key} ({})", cell.database) }
}

fn cell(cell: &Cell) -> KeyCell {
    KeyCell {
        key: named(cell),
        text: value::shown(&cell.value).0,
        state: match cell.state {
            KeyState::Same => "same",
            KeyState::Changed => "changed",
            KeyState::Deleted => "deleted",
            KeyState::Added => "added",
        },
    }
}

fn recovered(dataset: &Recovered) -> DatasetText {
    let one = |cell: &Cell| format!("{}={}", named(cell), value::shown(&cell.value).0);
    let mut text = dataset.keys.iter().map(one).collect::<Vec<_>>().join(", ");
    if dataset.keys_total > dataset.keys.len() as u64 {
        text.push_str(", …");
    }
    DatasetText { keys: dataset.keys_total, text }
}

fn file(file: &File) -> FileView {
    let part = |(source, bytes): &(Source, u64)| PartView {
        kind: match source {
            Source::Log => "log",
            Source::Rewritten => "rewritten",
            Source::Diff => "diff",
        },
        bytes: *bytes,
    };
    FileView {
        inode: file.inode,
        role: if file.is_new { "new" } else { "old" },
        length_bytes: file.length_bytes,
        durable_bytes: file.durable_bytes,
        open_descriptor: file.descriptor.map(u64::from),
        parts: file.parts.iter().map(part).collect(),
        pieces: file.pieces.iter().map(piece).collect(),
        pieces_total: file.pieces_total,
    }
}

/// A key that is gone has no command any more.
fn redundant(row: &Redundant) -> RedundantView {
    let (subject, key, keys) = match &row.subject {
        Subject::Key(key) => ("key", view::text(key), 1),
        Subject::Dataset => ("dataset", String::new(), 0),
        Subject::Frame => ("frame", String::new(), 0),
        Subject::Rest { keys } => ("rest", String::new(), *keys),
    };
    RedundantView {
        subject,
        key,
        keys,
        becomes: row.becomes.as_ref().map(|words| line(words)).unwrap_or_default(),
        commands: row.commands,
        bytes: row.bytes,
        new_commands: row.new_commands,
        new_bytes: row.new_bytes,
    }
}

fn foreground(lane: &Foreground) -> ForegroundView {
    ForegroundView {
        start_us: lane.start.0,
        end_us: lane.end.0,
        waiting: lane
            .waiting
            .iter()
            .map(|one| WaitingView {
                client: one.client.0,
                text: line(&one.words),
                arrived_us: one.arrived.0,
                waited_us: one.waited_micros,
            })
            .collect(),
    }
}

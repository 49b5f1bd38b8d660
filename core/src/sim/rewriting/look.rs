//! A world becomes a [`View`].

use std::rc::Rc;

use crate::effect::Pipe;
use crate::engine::Engine;
use crate::event::ChildStatus;
use crate::keyspace::Keyspace;
use crate::rewrite::child::Stage as Writing;
use crate::sim::disk::{Inode, Stored};
use crate::sim::fields::descriptor;
use crate::sim::machine::{ChildProcess, FIRST_PID};
use crate::sim::pipes::PipeBuffer;
use crate::sim::recover::{Recovery, recover};
use crate::sim::rewriting::pages::Pages;
use crate::sim::rewriting::pieces::{Stream, limited, written};
use crate::sim::rewriting::{
    BlockView, ChildStage, ChildView, DiffView, FileView, Foreground, KeyCell, KeyState, NameView,
    PagesView, ParentView, PipeView, RecoveredView, Source, Stage, View, Waiting,
};
use crate::sim::world::{Due, Input, RewritingRecord, World};
use crate::units::Micros;

/// A file that is longer than this is not loaded for a look, in bytes.
const LOADED_BYTES: usize = 256 * 1024;

impl World {
    /// The rewrite that was started last in this life of the server, as it stands. Nothing before
    /// the first fork, and nothing while no server runs.
    #[must_use]
    pub fn rewriting(&self) -> Option<View> {
        let engine = self.engine()?;
        let record = self.rewriting.as_deref()?;
        let process = self.remembered_child()?;
        let now = &engine.executor().keyspace;
        let stream = Stream::new(&self.journal, record.forked_at);
        let (parent_keys, child_keys, changed) = cells(&process.keyspace, now);
        let (before_bytes, before_commands, before_keys) = record.before;
        let pages = Pages::of(&process.mark, &self.settings.rewriting);
        let snapshot = process.child.snapshot_bytes();
        let recovered = |inode| self.recovered(record, inode);
        Some(View {
            stage: record.stage,
            cause: record.cause,
            forked: record.forked,
            forked_at: record.forked_at,
            gates_held: engine.rewrite().holds_gates(),
            loop_blocked_micros: record.blocked_micros,
            parent: ParentView {
                pid: FIRST_PID,
                keys_total: parent_keys.len() as u64,
                keys: first(parent_keys),
                changed,
                aof_buf_bytes: engine.log().buffer().waiting_bytes(),
            },
            child: child(process, &stream, record, first(child_keys)),
            pages: PagesView {
                total: pages.total(),
                split_now: record.split_now.clone(),
                split: record.split.as_deref().map_or_else(|| self.split_pages(), <[u32]>::to_vec),
            },
            diff: diff(engine, &stream, record.forked_at),
            pipes: self.pipes(engine, &stream, record.forked_at),
            files: self.files(record, process, &stream),
            directory: self.directory(),
            recovered_old: recovered(Some(record.old_inode)),
            recovered_new: recovered(process.made),
            before_bytes,
            before_commands,
            before_keys,
            after: snapshot.map(|bytes| (bytes, process.child.commands_written())),
            redundant: Rc::clone(&record.redundant),
            foreground: Some(self.foreground(record)),
        })
    }

    fn pipes(&self, engine: &Engine, stream: &Stream<'_>, forked_at: u64) -> [PipeView; 3] {
        let capacity_bytes = self.settings.rewriting.pipe_bytes;
        let pipes = self.machine.pipes.as_ref();
        let view = |pipe, buffer: Option<&PipeBuffer>| PipeView {
            pipe,
            capacity_bytes,
            bytes: buffer.map_or(0, PipeBuffer::len),
            pieces: Vec::new(),
        };
        let mut data = view(Pipe::Data, pipes.map(|pipes| &pipes.data));
        let sent = forked_at.saturating_add(engine.rewrite().diff().sent_bytes());
        if data.bytes > 0 {
            data.pieces = stream.between(sent.saturating_sub(data.bytes), sent);
            data.pieces.truncate(View::PIECES);
        }
        let stop = view(Pipe::Stop, pipes.map(|pipes| &pipes.stop));
        [data, stop, view(Pipe::Ack, pipes.map(|pipes| &pipes.ack))]
    }

    fn descriptor(&self, inode: Inode) -> Option<u32> {
        let open = self.machine.files.iter().find(|(_, known)| **known == inode);
        open.map(|(file, _)| descriptor(*file))
    }

    fn files(
        &self,
        record: &RewritingRecord,
        process: &ChildProcess,
        stream: &Stream<'_>,
    ) -> Vec<FileView> {
        let mut files = Vec::new();
        let new = process.made.filter(|inode| *inode != record.old_inode);
        for (inode, is_new) in [(Some(record.old_inode), false), (new, true)] {
            let Some(inode) = inode else { continue };
            let Some(stored) = self.machine.disk.file(inode) else { continue };
            let content = stored.cached();
            let length_bytes = content.len() as u64;
            let origin = stored.origin();
            let dataset_bytes = origin.offset.min(length_bytes);
            let dataset = usize::try_from(dataset_bytes).unwrap_or(usize::MAX).min(content.len());
            let diff_bytes = if is_new {
                let upto = record.new_bytes.unwrap_or(length_bytes).min(length_bytes);
                upto.saturating_sub(dataset_bytes)
            } else {
                0
            };
            let log_bytes = length_bytes - dataset_bytes - diff_bytes;
            let parts = [
                (Source::Rewritten, dataset_bytes),
                (Source::Diff, diff_bytes),
                (Source::Log, log_bytes),
            ];
            let mut pieces = written(&content[..dataset]);
            if let Some(end) = origin.position_of(length_bytes) {
                pieces.extend(stream.between(origin.position, end));
            }
            let (pieces, pieces_total) = limited(pieces);
            files.push(FileView {
                inode: inode.0,
                is_new,
                length_bytes,
                durable_bytes: stored.durable_upto(),
                descriptor: self.descriptor(inode),
                parts: parts.into_iter().filter(|(_, bytes)| *bytes > 0).collect(),
                pieces,
                pieces_total,
            });
        }
        files
    }

    fn directory(&self) -> Vec<NameView> {
        let disk = &self.machine.disk;
        let names = disk.names().into_iter();
        names
            .map(|name| NameView {
                name: name.to_owned(),
                cached_inode: disk.cached_name(name).map(|inode| inode.0),
                durable_inode: disk.durable_name(name).map(|inode| inode.0),
            })
            .collect()
    }

    /// What a file would load to if the power went now, while it is open which of two files the
    /// name leads to.
    fn recovered(&self, record: &RewritingRecord, inode: Option<Inode>) -> Option<RecoveredView> {
        let renames =
            matches!(record.stage, Stage::Renaming | Stage::SyncingDirectory | Stage::Limbo);
        let two = self.machine.disk.possible_inodes(&self.machine.name).len() > 1;
        if !renames && !two {
            return None;
        }
        let content = self.machine.disk.file(inode?).map(Stored::durable)?;
        if content.len() > LOADED_BYTES {
            return None;
        }
        let recovery = recover(Some(content), self.config(), self.settings.seed);
        let Recovery::Loaded { keyspace, .. } = recovery else { return None };
        let (mut keys, _, _) = cells(&keyspace, &keyspace);
        keys.sort_by(|a, b| (a.database, &a.key).cmp(&(b.database, &b.key)));
        Some(RecoveredView { keys_total: keys.len() as u64, keys: first(keys) })
    }

    fn foreground(&self, record: &RewritingRecord) -> Foreground {
        let (start, end) = (record.forked, record.foreground_end);
        let would_wait = |arrived: Micros| start <= arrived && arrived < end;
        let asked = self.journal.asked().iter().filter(|asked| would_wait(asked.executed));
        let came = asked.map(|asked| (Self::client_of(asked.client), &asked.words, asked.executed));
        let to_come = self.inputs.iter().filter_map(|Due { at, input }| match input {
            Input::Command { client, words } if would_wait(*at) => Some((*client, words, *at)),
            _ => None,
        });
        let waiting = came.chain(to_come).take(View::PIECES).map(|(client, words, arrived)| {
            Waiting { client, words: words.clone(), arrived, waited_micros: end.since(arrived) }
        });
        Foreground { start, end, waiting: waiting.collect() }
    }
}

fn first(mut keys: Vec<KeyCell>) -> Vec<KeyCell> {
    keys.truncate(View::KEYS);
    keys
}

/// The keys of both sides, and how many are other than at the fork.
fn cells(then: &Keyspace, now: &Keyspace) -> (Vec<KeyCell>, Vec<KeyCell>, u64) {
    let (mut parent, mut child, mut changed) = (Vec::new(), Vec::new(), 0);
    let cell = |database, key: &[u8], value: &crate::value::Value, state| KeyCell {
        database,
        key: key.to_vec(),
        value: value.clone(),
        state,
    };
    for (database, old) in then.databases() {
        let new = now.db(database);
        for entry in old.iter() {
            let current = new.entry(entry.key);
            let state = match current {
                None => KeyState::Deleted,
                Some(current) if current == entry => KeyState::Same,
                Some(_) => KeyState::Changed,
            };
            changed += u64::from(state != KeyState::Same);
            let value = current.map_or(entry.value, |current| current.value);
            parent.push(cell(database, entry.key, value, state));
            child.push(cell(database, entry.key, entry.value, state));
        }
        for entry in new.iter().filter(|entry| !old.contains(entry.key)) {
            changed += 1;
            parent.push(cell(database, entry.key, entry.value, KeyState::Added));
        }
    }
    (parent, child, changed)
}

fn child(
    process: &ChildProcess,
    stream: &Stream<'_>,
    record: &RewritingRecord,
    keys: Vec<KeyCell>,
) -> ChildView {
    let machine = &process.child;
    let diff_bytes = machine.diff().len() as u64;
    let stage = match machine.stage() {
        _ if !process.is_alive() => ChildStage::Exited,
        Writing::Opening | Writing::Writing { .. } => ChildStage::Writing,
        Writing::FirstSync => ChildStage::FirstSync,
        Writing::Draining { .. } => ChildStage::Draining,
        Writing::Asking => ChildStage::Asking,
        Writing::AwaitingAck => ChildStage::AwaitingAck,
        Writing::FinalRead => ChildStage::FinalRead,
        Writing::Appending { .. } => ChildStage::Appending,
        Writing::FinalSync => ChildStage::FinalSync,
        Writing::Closing | Writing::Renaming | Writing::Reporting => ChildStage::Renaming,
        Writing::Abandoning | Writing::Removing | Writing::Exited { .. } => ChildStage::Exited,
    };
    ChildView {
        pid: process.id,
        alive: process.is_alive(),
        stage,
        exit: process.status.or(match machine.stage() {
            Writing::Exited { code } => Some(ChildStatus::Code(code)),
            _ => None,
        }),
        keys_done: machine.keys_done(),
        keys_total: machine.keys_total(),
        keys,
        commands: machine.commands_written(),
        written_bytes: machine.written_bytes(),
        diff: limited(
            stream.between(record.forked_at, record.forked_at.saturating_add(diff_bytes)),
        )
        .0,
        diff_bytes,
    }
}

fn diff(engine: &Engine, stream: &Stream<'_>, forked_at: u64) -> DiffView {
    let rewrite = engine.rewrite();
    let diff = rewrite.diff();
    let held: u64 = diff.blocks().map(|block| block.bytes.len() as u64).sum();
    let mut at = forked_at.saturating_add(diff.appended_bytes()).saturating_sub(held);
    let blocks = diff.blocks().map(|block| {
        let from = at.saturating_add(block.sent_bytes);
        at = at.saturating_add(block.bytes.len() as u64);
        let mut pieces = stream.between(from, at);
        pieces.truncate(View::PIECES);
        BlockView {
            number: block.number,
            capacity_bytes: block.capacity_bytes,
            sent_bytes: block.sent_bytes,
            pieces,
        }
    });
    let blocks = blocks.take(View::PIECES).collect();
    DiffView {
        block_bytes: engine.config().aof_rewrite_block_bytes,
        freed_blocks: diff.freed_blocks(),
        blocks,
        waiting_bytes: diff.waiting_bytes(),
        sent_bytes: diff.sent_bytes(),
        stop_sending: rewrite.stop_sending(),
    }
}

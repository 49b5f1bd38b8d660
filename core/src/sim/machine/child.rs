//! The rewrite child as a process: its own copy of the dataset, its file, its ends of the pipes.
//!
//! The machine that decides is [`crate::rewrite::child`]; here its effects meet the simulated disk
//! and pipes, and each costs time. What it is about to do is known as soon as the last step is
//! over, so its time is known, too; it takes effect when that has passed. A wait for a pipe ends
//! as soon as there is something to read.

use std::rc::Rc;
use std::sync::Arc;

use crate::config::Config;
use crate::digest::Digest;
use crate::effect::Pipe;
use crate::event::ChildStatus;
use crate::keyspace::{Keyspace, WriteMark};
use crate::resp::{Decoded, Decoder, Limits, OwnedArgv};
use crate::rewrite::child::{
    AGREED, Ack, Child, ChildEffect, ChildEvent, Parameters, Stage, SyncKind,
};
use crate::sim::disk::{Inode, Origin, Stored, Sync};
use crate::sim::fact::{AckHeard, ChildStep, ChildSync, Part};
use crate::sim::machine::Machine;
use crate::sim::pipes::Report;
use crate::sim::rewriting;
use crate::units::{ChildId, Errno, Micros};

/// A page of memory, in bytes.
pub const PAGE_BYTES: u64 = 4096;

/// A child process.
#[derive(Clone, Debug)]
pub struct ChildProcess {
    /// Which.
    pub id: ChildId,
    /// The dataset at the fork.
    pub keyspace: Rc<Keyspace>,
    /// What it does.
    pub child: Child,
    /// Position in the log at the fork.
    pub forked_at: u64,
    /// The moment of the fork in the life of the dataset.
    pub mark: WriteMark,
    /// Its file, while it is open.
    pub file: Option<Inode>,
    /// The file that it has made, open or not.
    pub made: Option<Inode>,
    /// How it ended.
    pub status: Option<ChildStatus>,
    /// Its parent is gone.
    pub orphan: bool,
    /// Since when it has been at what it does.
    started: Micros,
    /// When that will have taken effect, unless it waits and is woken.
    due: Micros,
    waits_for: Option<Pipe>,
    sync: Option<Sync>,
}

/// What a child is told to keep to.
pub(crate) fn parameters_of(config: &Config, limits: &rewriting::Parameters) -> Parameters {
    Parameters {
        write_bytes: usize::try_from(limits.write_bytes).unwrap_or(usize::MAX),
        read_diff_every_bytes: limits.read_diff_every_bytes,
        diff_read_bytes: usize::try_from(limits.read_bytes).unwrap_or(usize::MAX),
        drain_limit_ms: limits.drain_limit_ms,
        silent_ms: limits.silent_ms,
        ..Parameters::of(config)
    }
}

impl ChildProcess {
    /// Whether it takes steps.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        self.status.is_none()
    }

    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u32(self.id.0);
        self.child.digest_into(digest);
        digest.put_u64(self.forked_at);
        digest.put_u64(self.file.map_or(0, |inode| inode.0));
        digest.put_u64(self.made.map_or(0, |inode| inode.0));
        digest.put_u64(self.started.0);
        digest.put_u64(self.due.0);
        digest.put_bool(self.orphan);
        self.keyspace.digest_into(digest);
        // Small enums and numbers: their debug form names every part.
        let waits = format!("{:?} {:?} {:?}", self.status, self.waits_for, self.sync);
        digest.put_bytes(waits.as_bytes());
    }
}

impl Machine {
    /// `fork(2)`.
    pub(super) fn fork(&mut self, keyspace: &Keyspace, config: &Config, at: u64) -> ChildId {
        let id = ChildId(self.next_pid);
        self.next_pid = self.next_pid.saturating_add(1);
        let mark = keyspace.write_mark();
        let mut frozen = keyspace.clone();
        frozen.unwatch_writes();
        let parameters = parameters_of(config, &self.parameters);
        let mut process = ChildProcess {
            id,
            child: Child::new(id, &frozen, parameters, self.clock),
            keyspace: Rc::new(frozen),
            forked_at: at,
            mark,
            file: None,
            made: None,
            status: None,
            orphan: false,
            started: self.clock,
            due: self.clock,
            waits_for: None,
            sync: None,
        };
        self.prepare(&mut process);
        self.child = Some(process);
        id
    }

    /// When the child will take its next step, if it lives.
    #[must_use]
    pub fn child_due(&self) -> Option<Micros> {
        let process = self.child.as_ref().filter(|process| process.is_alive())?;
        let due = if self.is_woken(process) { self.clock.min(process.due) } else { process.due };
        Some(match self.parameters.hold {
            Some((from, to)) if from <= due && due < to => to,
            _ => due,
        })
    }

    /// Whether the child waits, and there is nothing that it waits for.
    #[must_use]
    pub fn child_waits_in_vain(&self) -> bool {
        let process = self.child.as_ref().filter(|process| process.is_alive());
        process.is_some_and(|process| process.waits_for.is_some() && !self.is_woken(process))
    }

    fn is_woken(&self, process: &ChildProcess) -> bool {
        let Some(pipes) = &self.pipes else { return process.waits_for.is_some() };
        match process.waits_for {
            Some(Pipe::Data) => pipes.data.is_readable(),
            Some(_) => pipes.ack.is_readable(),
            None => false,
        }
    }

    /// The child is about to do something: how long does it take?
    fn prepare(&mut self, process: &mut ChildProcess) {
        let limits = self.parameters;
        process.started = self.clock;
        process.waits_for = None;
        process.sync = None;
        let writes_snapshot = matches!(process.child.stage(), Stage::Writing { .. });
        let micros = match process.child.next_effect(&process.keyspace) {
            ChildEffect::Write { .. } if writes_snapshot => limits.write_micros,
            ChildEffect::Sync { .. } => {
                process.sync = process.file.map(|inode| self.disk.begin_sync(inode));
                process.sync.map_or(0, |sync| sync.duration_micros)
            }
            ChildEffect::AwaitDiff { timeout_ms } => {
                process.waits_for = Some(Pipe::Data);
                timeout_ms.saturating_mul(1_000)
            }
            ChildEffect::AwaitAck { timeout_ms } => {
                process.waits_for = Some(Pipe::Ack);
                timeout_ms.saturating_mul(1_000)
            }
            ChildEffect::Write { .. }
            | ChildEffect::Open { .. }
            | ChildEffect::ReadDiff { .. }
            | ChildEffect::SendStop
            | ChildEffect::Close
            | ChildEffect::Rename { .. }
            | ChildEffect::Unlink { .. }
            | ChildEffect::Report { .. }
            | ChildEffect::Exit { .. } => limits.step_micros,
        };
        process.due = Micros(self.clock.0.saturating_add(micros));
        self.know_snapshot(process);
    }

    /// The child takes its next step. Nothing if there is none.
    pub(crate) fn child_step(&mut self) -> Option<ChildStep> {
        let mut process = self.child.take_if(|process| process.is_alive())?;
        let step = self.perform_for(&mut process);
        let gone = matches!(step, ChildStep::Exited { .. }) && process.orphan;
        if process.is_alive() {
            self.prepare(&mut process);
        }
        // The child of a dead parent is waited for by nobody here.
        if !gone {
            self.child = Some(process);
        }
        Some(step)
    }

    fn perform_for(&mut self, process: &mut ChildProcess) -> ChildStep {
        let clock = self.clock;
        let keyspace = Rc::clone(&process.keyspace);
        let stage = process.child.stage();
        let part = if matches!(stage, Stage::Writing { .. }) { Part::Snapshot } else { Part::Diff };
        let (keys_done, keys_total) = (process.child.keys_done(), process.child.keys_total());
        let from = process.child.written_bytes();
        let (step, event) = match process.child.next_effect(&keyspace) {
            ChildEffect::Open { name } => {
                let name = name.text(&self.name);
                let inode = self.disk.open(&name, clock);
                self.disk.set_origin(inode, Origin::NOWHERE);
                let emptied = self.disk.truncate(inode, 0, clock);
                if emptied.is_ok() {
                    self.disk.hold(inode);
                    (process.file, process.made) = (Some(inode), Some(inode));
                }
                let result = emptied.map(|()| inode.0);
                (ChildStep::Opened { name, result }, ChildEvent::Opened(emptied))
            }
            ChildEffect::Write { bytes } => {
                let result = process
                    .file
                    .ok_or(Errno::EBADF)
                    .and_then(|inode| self.disk.write(inode, bytes, clock));
                let (commands, commands_total) = commands_in(bytes);
                let step = ChildStep::Wrote {
                    part,
                    from,
                    offered_bytes: bytes.len() as u64,
                    result,
                    commands,
                    commands_total,
                    keys_done,
                    keys_total,
                };
                (step, ChildEvent::Written(result))
            }
            ChildEffect::ReadDiff { max_bytes } => return self.read_diff(process, max_bytes),
            ChildEffect::Sync { kind } => {
                let sync = process.sync.take();
                let stored = process.file.and_then(|inode| self.disk.file(inode));
                let from = stored.map_or(0, Stored::durable_upto);
                let result = match sync {
                    Some(sync) => self.disk.finish_sync(sync),
                    None => Err(Errno::EBADF),
                };
                let took_micros = clock.since(process.started);
                let to = process.child.written_bytes();
                let kind = match kind {
                    SyncKind::Incremental => ChildSync::Incremental,
                    SyncKind::First => ChildSync::First,
                    SyncKind::Final => ChildSync::Final,
                };
                let step = ChildStep::Synced { kind, from, to, took_micros, result };
                (step, ChildEvent::Synced(result))
            }
            ChildEffect::AwaitDiff { timeout_ms } => {
                let readable = self.pipes.as_ref().is_none_or(|pipes| pipes.data.is_readable());
                (ChildStep::Waited { timeout_ms, readable }, ChildEvent::Readable(readable))
            }
            ChildEffect::SendStop => {
                let pipes = self.pipes.as_mut();
                let result = pipes.map_or(Err(Errno::EBADF), |pipes| pipes.stop.write(&[AGREED]));
                let result = result.map(|_| ());
                // The world knows what the parent holds.
                let step = ChildStep::AskedToStop { result, unsent_bytes: 0 };
                (step, ChildEvent::StopSent(result))
            }
            ChildEffect::AwaitAck { .. } => {
                let (heard, ack) = self.hear_ack();
                (ChildStep::HeardAck(heard), ChildEvent::Ack(ack))
            }
            ChildEffect::Close => {
                if let Some(inode) = process.file.take() {
                    self.disk.release(inode);
                }
                (ChildStep::Closed, ChildEvent::Closed(Ok(())))
            }
            ChildEffect::Rename { from, to } => {
                let (from, to) = (from.text(&self.name), to.text(&self.name));
                let result = self.disk.rename(&from, &to, clock);
                (ChildStep::Renamed { from, to, result }, ChildEvent::Renamed(result))
            }
            ChildEffect::Unlink { name } => {
                let name = name.text(&self.name);
                // Its failure is no news.
                let _ = self.disk.unlink(&name, clock);
                (ChildStep::Unlinked { name }, ChildEvent::Unlinked)
            }
            ChildEffect::Report { keys_done, keys_total } => {
                let copied_bytes = self.copied_bytes;
                if let Some(pipes) = &mut self.pipes {
                    pipes.reports.push_back(Report { keys_done, keys_total, copied_bytes });
                }
                (ChildStep::Reported { keys_done, keys_total }, ChildEvent::Reported)
            }
            ChildEffect::Exit { code } => {
                self.child_ends(process, ChildStatus::Code(code));
                return ChildStep::Exited { code };
            }
        };
        process.child.handle(event, clock);
        step
    }

    fn read_diff(&mut self, process: &mut ChildProcess, max_bytes: usize) -> ChildStep {
        let (bytes, ended) = match &mut self.pipes {
            None => (Vec::new(), true),
            Some(pipes) => {
                let bytes = pipes.data.read(max_bytes);
                let ended = bytes.is_empty() && pipes.data.has_ended();
                (bytes, ended)
            }
        };
        let event = if ended { ChildEvent::DiffEnded } else { ChildEvent::Diff(Ok(&bytes)) };
        process.child.handle(event, self.clock);
        let diff_bytes = process.child.diff().len() as u64;
        ChildStep::ReadDiff { result: Ok(bytes.len() as u64), ended, diff_bytes }
    }

    fn hear_ack(&mut self) -> (AckHeard, Ack) {
        let Some(pipes) = &mut self.pipes else { return (AckHeard::Ended, Ack::Ended) };
        match pipes.ack.read(1).first() {
            Some(byte) => (AckHeard::Byte(*byte), Ack::Byte(*byte)),
            None if pipes.ack.has_ended() => (AckHeard::Ended, Ack::Ended),
            None => (AckHeard::TimedOut, Ack::TimedOut),
        }
    }

    /// As soon as the dataset is in the file, what follows has places in the log.
    fn know_snapshot(&mut self, process: &ChildProcess) {
        if let (Some(offset), Some(inode)) = (process.child.snapshot_bytes(), process.file) {
            self.disk.set_origin(inode, Origin { offset, position: process.forked_at });
        }
    }

    /// A signal ends the child.
    pub(crate) fn signal_child(&mut self, signal: i32) -> Option<ChildId> {
        let mut process = self.child.take_if(|process| process.is_alive())?;
        let id = process.id;
        self.child_ends(&mut process, ChildStatus::Signal(signal));
        if !process.orphan {
            self.child = Some(process);
        }
        Some(id)
    }

    fn child_ends(&mut self, process: &mut ChildProcess, status: ChildStatus) {
        process.status = Some(status);
        if let Some(inode) = process.file.take() {
            self.disk.release(inode);
        }
        if let Some(pipes) = &mut self.pipes {
            pipes.child_leaves();
        }
    }
}

/// The commands that begin in these bytes, as far as they are whole.
fn commands_in(mut bytes: &[u8]) -> (Vec<Arc<OwnedArgv>>, u64) {
    let mut decoder = Decoder::new(Limits::default());
    let (mut commands, mut total) = (Vec::new(), 0);
    while let Decoded::Command { argv, consumed } = decoder.decode(bytes) {
        if commands.len() < ChildStep::COMMANDS {
            commands.push(Arc::new(OwnedArgv::from(argv)));
        }
        total += 1;
        bytes = &bytes[consumed..];
    }
    (commands, total)
}

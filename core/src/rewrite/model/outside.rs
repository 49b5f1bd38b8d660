//! What the engine stands in: performs effects, fails where it is told to, and keeps background
//! work in two parts: what it did, and that the engine knows.

use std::collections::{BTreeMap, VecDeque};

use crate::digest::Digest;
use crate::effect::{Effect, HaltReason, Lane, OpenMode, Pipe, Work};
use crate::event::{ChildStatus, Event};
use crate::pump::{Environment, Outcome};
use crate::rewrite::child::Parameters;
use crate::rewrite::names::FileName;
use crate::units::{ChildId, Errno, FileId, JobId, Micros};

use super::child::{Child, Hands, Stage};
use super::disk::{Disk, Inode};

/// The pipe to the child holds so many bytes: one record and a half, so that it fills.
pub(super) const PIPE_BYTES: usize = 64;

/// A call that the engine made, as far as it can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Write,
    Append,
    Sync,
    SyncDirectory,
    Truncate,
    Rename,
    Open,
    Close,
    Unlink,
    Pipes,
    Fork,
    Data,
    Ack,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// It does nothing and says so.
    Fails,
    /// The disk fills: half goes in, the rest does not.
    Fills,
}

impl Call {
    /// The ways in which it can fail that lead to different states.
    pub(super) const fn faults(self) -> &'static [Fault] {
        match self {
            Self::Write | Self::Append => &[Fault::Fails, Fault::Fills],
            Self::Sync
            | Self::SyncDirectory
            | Self::Truncate
            | Self::Rename
            | Self::Open
            | Self::Pipes
            | Self::Fork
            | Self::Ack => &[Fault::Fails],
            // The engine hears of neither, or a full pipe says the same.
            Self::Close | Self::Unlink | Self::Data => &[],
        }
    }
}

/// What a lane was given.
#[derive(Clone, Debug)]
pub(super) enum Task {
    Append {
        file: FileId,
        bytes: Vec<u8>,
    },
    /// Covers what the file had when it was asked for, which is the least it may cover.
    Sync {
        file: FileId,
        covers: usize,
    },
    Other(Work),
}

/// A job that has taken effect and was not told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finished {
    job: JobId,
    opens: bool,
    result: Result<u64, Errno>,
}

/// One background thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    pub(super) waiting: VecDeque<(JobId, Task)>,
    pub(super) finished: VecDeque<Finished>,
}

/// Which of the calls of one move fail, in order: the n-th call, and how.
pub(super) type Script = Vec<(usize, Fault)>;

/// Everything outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Outside {
    pub(super) disk: Disk,
    open: BTreeMap<FileId, Inode>,
    pub(super) sync_lane: Thread,
    pub(super) slow_lane: Thread,
    pub(super) child: Option<Child>,
    forks: u32,
    /// Children are machines with these limits, and not only seen from outside.
    pub(super) whole_child: Option<Parameters>,
    pipes_open: bool,
    data: Vec<u8>,
    /// The parent found no room and waits to be told of some.
    data_full: bool,
    pub(super) acks: Vec<u8>,
    /// Clients that were sent something, with how many replies; emptied by whoever looks.
    pub(super) sent: Vec<(u64, u32)>,
    pub(super) closed: Vec<u64>,
    pub(super) halted: Option<HaltReason>,
    /// The log was written to since somebody looked.
    pub(super) wrote: bool,
    /// Whether effects are put into words.
    pub(super) tells: bool,
    pub(super) trail: Vec<String>,
    /// The calls of this move.
    pub(super) calls: Vec<Call>,
    pub(super) script: Script,
    /// The disk is full for the rest of this move.
    full: bool,
}

impl Outside {
    /// The log that a start opened.
    pub(super) fn opened_at_start(&mut self, inode: Inode) {
        self.open.insert(FileId::LIVE, inode);
    }

    pub(super) fn lane(&mut self, lane: Lane) -> &mut Thread {
        if lane == Lane::Slow { &mut self.slow_lane } else { &mut self.sync_lane }
    }

    pub(super) fn inode(&self, file: FileId) -> Option<Inode> {
        self.open.get(&file).copied()
    }

    /// Says how the next call of this move goes.
    fn call(&mut self, call: Call) -> Option<Fault> {
        let number = self.calls.len();
        self.calls.push(call);
        let fault = self.script.iter().find(|(index, _)| *index == number).map(|(_, fault)| *fault);
        self.full |= fault == Some(Fault::Fills);
        fault
    }

    /// What would fail if the first job of a lane took effect now.
    pub(super) fn next_call(task: &Task) -> Call {
        match task {
            Task::Append { .. } => Call::Append,
            Task::Sync { .. } => Call::Sync,
            Task::Other(work) => match work {
                Work::Sync { .. } => Call::Sync,
                Work::Truncate { .. } => Call::Truncate,
                Work::Close { .. } => Call::Close,
                Work::Open { .. } => Call::Open,
                Work::Rename { .. } => Call::Rename,
                Work::SyncDirectory => Call::SyncDirectory,
                Work::Unlink { .. } => Call::Unlink,
            },
        }
    }

    /// A lane whose next job closes or removes something, with nothing before it to be told.
    pub(super) fn tidies(&self) -> Option<Lane> {
        let tidies = |thread: &Thread| {
            thread.finished.is_empty()
                && thread.waiting.front().is_some_and(|(_, task)| {
                    matches!(Self::next_call(task), Call::Close | Call::Unlink)
                })
        };
        if tidies(&self.sync_lane) {
            return Some(Lane::Sync);
        }
        tidies(&self.slow_lane).then_some(Lane::Slow)
    }

    /// The first job of a lane takes effect; the engine does not know yet.
    pub(super) fn take_effect(&mut self, lane: Lane, fault: Option<Fault>) {
        let Some((job, task)) = self.lane(lane).waiting.pop_front() else { return };
        let opens = matches!(task, Task::Other(Work::Open { .. }));
        let result = self.run(task, fault);
        self.lane(lane).finished.push_back(Finished { job, opens, result });
    }

    /// What the engine is told of the oldest finished job of a lane.
    pub(super) fn tell(&mut self, lane: Lane) -> Option<Event<'static>> {
        self.lane(lane).finished.pop_front().map(Finished::event)
    }

    fn run(&mut self, task: Task, fault: Option<Fault>) -> Result<u64, Errno> {
        let opened = |outside: &Self, file: FileId| outside.inode(file).ok_or(Errno::EBADF);
        match task {
            Task::Append { file, bytes } => {
                let inode = opened(self, file)?;
                let taken = match fault {
                    None => bytes.len(),
                    Some(Fault::Fails) => 0,
                    Some(Fault::Fills) => bytes.len() / 2,
                };
                self.disk.file_mut(inode).append(&bytes[..taken]);
                if fault.is_none() { Ok(0) } else { Err(Errno::ENOSPC) }
            }
            Task::Sync { file, covers } => {
                let inode = opened(self, file)?;
                self.disk.file_mut(inode).sync(covers, fault.is_none());
                if fault.is_none() { Ok(0) } else { Err(Errno::EIO) }
            }
            Task::Other(work) => self.work(work, fault),
        }
    }

    fn work(&mut self, work: Work, fault: Option<Fault>) -> Result<u64, Errno> {
        if fault.is_some() {
            return Err(if matches!(work, Work::Open { .. }) { Errno::EMFILE } else { Errno::EIO });
        }
        match work {
            Work::Sync { .. } => {}
            Work::Truncate { file, length_bytes } => {
                let inode = self.inode(file).ok_or(Errno::EBADF)?;
                let length = usize::try_from(length_bytes).unwrap();
                self.disk.file_mut(inode).truncate(length);
            }
            Work::Close { file } => {
                self.open.remove(&file);
            }
            Work::Open { file, name, mode } => {
                let inode = match (self.disk.lookup(name), mode) {
                    (Some(inode), _) => inode,
                    (None, OpenMode::AppendOrCreate) => self.disk.create(name),
                    (None, _) => return Err(Errno::ENOENT),
                };
                self.open.insert(file, inode);
                return Ok(self.disk.file(inode).length() as u64);
            }
            Work::Rename { from, to, .. } => {
                if !self.disk.rename(from, to) {
                    return Err(Errno::ENOENT);
                }
            }
            Work::SyncDirectory => self.disk.sync_directory(),
            Work::Unlink { name } => self.disk.unlink(name),
        }
        Ok(0)
    }

    fn submit(&mut self, job: JobId, lane: Lane, task: Task) -> Outcome<'static> {
        if lane != Lane::Inline {
            self.lane(lane).waiting.push_back((job, task));
            return Outcome::Later;
        }
        let opens = matches!(task, Task::Other(Work::Open { .. }));
        let call = Self::next_call(&task);
        let fault = self.call(call);
        let result = self.run(task, fault);
        Outcome::Now(Finished { job, opens, result }.event())
    }

    fn write(&mut self, file: FileId, bytes: &[u8], offset: u64) -> Result<u64, Errno> {
        if self.full {
            return Err(Errno::ENOSPC);
        }
        let inode = self.inode(file).ok_or(Errno::EBADF)?;
        let length = self.disk.file(inode).length() as u64;
        assert_eq!(offset, length, "the engine has lost count of the file");
        let taken = match self.call(Call::Write) {
            None => bytes.len(),
            Some(Fault::Fails) => return Err(Errno::ENOSPC),
            Some(Fault::Fills) => bytes.len() / 2,
        };
        self.disk.file_mut(inode).append(&bytes[..taken]);
        self.wrote = true;
        Ok(taken as u64)
    }

    fn pipe_write(&mut self, pipe: Pipe, bytes: &[u8]) -> Result<u64, Errno> {
        let call = if pipe == Pipe::Ack { Call::Ack } else { Call::Data };
        if self.call(call).is_some() || !self.pipes_open {
            return Err(Errno::EAGAIN);
        }
        if pipe == Pipe::Ack {
            self.acks.extend_from_slice(bytes);
            return Ok(bytes.len() as u64);
        }
        let taken = bytes.len().min(PIPE_BYTES - self.data.len());
        self.data_full = taken < bytes.len();
        if taken == 0 {
            return Err(Errno::EAGAIN);
        }
        self.data.extend_from_slice(&bytes[..taken]);
        Ok(taken as u64)
    }

    /// The parent waits for room in the pipe, and there is some.
    pub(super) fn pipe_has_room(&self) -> bool {
        self.pipes_open && self.data_full && self.data.len() < PIPE_BYTES
    }

    /// The parent is told of the room.
    pub(super) fn tell_of_room(&mut self) {
        self.data_full = false;
    }

    pub(super) fn pipe_bytes(&self) -> usize {
        self.data.len()
    }

    pub(super) fn drain_pipe(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.data)
    }

    /// The child takes one step.
    pub(super) fn child_steps(&mut self) {
        let Some(child) = &mut self.child else { return };
        child.step(&mut Hands {
            disk: &mut self.disk,
            data: &mut self.data,
            acks: &mut self.acks,
            pipes_open: self.pipes_open,
        });
    }

    pub(super) fn pipes_are_open(&self) -> bool {
        self.pipes_open
    }

    /// The kernel does on its own what a sync would do.
    pub(super) fn write_back(&mut self, directory: bool) {
        if directory {
            self.disk.sync_directory();
        } else if let Some(inode) = self.disk.lookup(FileName::Log) {
            let file = self.disk.file_mut(inode);
            let covers = file.length();
            file.sync(covers, true);
        }
    }

    /// Before a move.
    pub(super) fn begin(&mut self, script: Script) {
        self.calls.clear();
        self.trail.clear();
        self.script = script;
        self.full = false;
    }

    /// Whether something is under way that ends by itself.
    pub(super) fn is_busy(&self) -> bool {
        [&self.sync_lane, &self.slow_lane]
            .iter()
            .any(|lane| !lane.waiting.is_empty() || !lane.finished.is_empty())
            || self.child.is_some()
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        self.disk.digest_into(digest);
        digest.put_bytes(
            format!(
                "{:?} {:?} {:?} {} {} {:?} {:?}",
                self.open,
                self.sync_lane,
                self.slow_lane,
                self.pipes_open,
                self.data_full,
                self.acks,
                self.halted
            )
            .as_bytes(),
        );
        digest.put_bytes(&self.data);
        digest.put_u32(self.forks);
        digest.put_bool(self.child.is_some());
        if let Some(child) = &self.child {
            child.digest_into(digest);
        }
    }
}

impl Finished {
    fn event(self) -> Event<'static> {
        let Self { job, opens, result } = self;
        if opens {
            Event::Opened { job, result }
        } else {
            Event::Job { job, result: result.map(|_| ()), took: Micros(0) }
        }
    }
}

impl Environment for Outside {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        if self.tells {
            self.trail.push(summary(&effect));
        }
        match effect {
            Effect::Write { file, bytes, offset, .. } => {
                let result = self.write(file, bytes, offset);
                return Outcome::Now(Event::Written { file, result });
            }
            Effect::Submit { job, lane, work } => {
                let task = match work {
                    Work::Sync { file, .. } => {
                        let length = self.inode(file).map(|inode| self.disk.file(inode).length());
                        Task::Sync { file, covers: length.unwrap_or(0) }
                    }
                    other => Task::Other(other),
                };
                return self.submit(job, lane, task);
            }
            Effect::Append { job, lane, file, block, .. } => {
                let task = Task::Append { file, bytes: block.to_vec() };
                return self.submit(job, lane, task);
            }
            Effect::OpenPipes => {
                let failed = self.call(Call::Pipes).is_some();
                self.pipes_open = !failed;
                self.data.clear();
                self.acks.clear();
                self.data_full = false;
                let result = if failed { Err(Errno::EMFILE) } else { Ok(()) };
                return Outcome::Now(Event::PipesOpened { result });
            }
            Effect::Fork { keyspace, .. } => {
                let result = match self.call(Call::Fork) {
                    Some(_) => Err(Errno::ENOMEM),
                    None => {
                        self.forks += 1;
                        let id = ChildId(100 + self.forks);
                        self.child = Some(match self.whole_child {
                            Some(parameters) => Child::whole(id, keyspace, parameters),
                            None => Child::staged(id, keyspace),
                        });
                        Ok(id)
                    }
                };
                return Outcome::Now(Event::Forked { result, took: Micros(0) });
            }
            Effect::PipeWrite { pipe, bytes } => {
                let result = self.pipe_write(pipe, bytes);
                return Outcome::Now(Event::PipeWritten { pipe, result });
            }
            Effect::ClosePipes => {
                self.pipes_open = false;
                self.data.clear();
                self.acks.clear();
                self.data_full = false;
            }
            Effect::Kill { child: id } => {
                if let Some(child) = self.child.as_mut().filter(|child| child.id == id) {
                    child.killed = true;
                }
            }
            Effect::Send { client, replies, .. } => self.sent.push((client.0, replies)),
            Effect::Close { client, .. } => self.closed.push(client.0),
            Effect::Halt(reason) => self.halted = Some(reason),
            Effect::Read { file, .. } => {
                return Outcome::Now(Event::Read { file, result: Err(Errno::EIO) });
            }
            Effect::RewriteConfig { .. } => {
                return Outcome::Now(Event::ConfigRewritten { result: Err(Errno::ENOENT) });
            }
            Effect::Pause { .. }
            | Effect::Resume { .. }
            | Effect::Sleep { .. }
            | Effect::Deadline { .. }
            | Effect::Note(_) => {}
        }
        Outcome::Done
    }
}

fn summary(effect: &Effect<'_>) -> String {
    match effect {
        Effect::Write { file, bytes, .. } => format!("write({}, {} bytes)", file.0, bytes.len()),
        Effect::Append { lane, file, block, .. } => {
            format!("append({}, {} bytes, {lane:?})", file.0, block.len())
        }
        Effect::Submit { lane, work, .. } => format!("{work:?} on {lane:?}"),
        Effect::PipeWrite { pipe, bytes } => format!("{pipe:?} pipe <- {} bytes", bytes.len()),
        Effect::Send { client, replies, gate, .. } => {
            format!("send({}, {replies} replies, {gate:?})", client.0)
        }
        other => {
            let text = format!("{other:?}");
            text.split(['{', '(']).next().unwrap_or_default().trim().to_owned()
        }
    }
}

/// The name of a child's status, for deaths that nobody asked for.
pub(super) const CRASHED: ChildStatus = ChildStatus::Signal(11);
/// What the parent's own signal leads to.
pub(super) const STOPPED: ChildStatus = ChildStatus::Signal(10);

/// Whether the child can be told to have ended.
pub(super) fn ended(child: &Child) -> Option<ChildStatus> {
    match child.stage {
        Stage::Exited(status) => Some(status),
        Stage::Writing | Stage::Asking { .. } => None,
    }
}

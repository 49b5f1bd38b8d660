//! The scripted outside: a directory, files, lanes whose work ends when the test says so, pipes,
//! and a child that does what the test says.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use crate::aof::log::State;
use crate::config::{Config, Policy};
use crate::effect::{Effect, HaltReason, Lane, Pipe, Work};
use crate::engine::Engine;
use crate::event::{ChildStatus, Event};
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::{LoadStep, Loader};
use crate::note::Note;
use crate::peer::Peer;
use crate::profile::ProfileName;
use crate::pump::{Environment, Outcome};
use crate::resp::OwnedArgv;
use crate::rewrite::emit::Emitter;
use crate::rewrite::names::FileName;
use crate::units::{ChildId, ClientId, Errno, FileId, JobId, Lsn, Micros, Millis};

/// What the kernel has of a file, and how much of it the disk has.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    pub(super) bytes: Vec<u8>,
    synced: usize,
}

#[derive(Debug)]
enum Task {
    Work(Work),
    Append { file: FileId, block: Arc<Vec<u8>>, offset: u64 },
}

#[derive(Debug)]
struct Started {
    job: JobId,
    lane: Lane,
    task: Task,
}

/// A child and what it has.
pub(super) struct FakeChild {
    pub(super) id: ChildId,
    snapshot: Keyspace,
    pub(super) got: Vec<u8>,
}

/// The outside.
pub(super) struct Outside {
    pub(super) seen: Vec<String>,
    pub(super) received: BTreeMap<u64, String>,
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<FileName, usize>,
    pub(super) durable: BTreeMap<FileName, usize>,
    pub(super) open: BTreeMap<FileId, usize>,
    started: VecDeque<Started>,
    /// The next effect of this kind fails.
    pub(super) fails: Vec<(&'static str, Errno)>,
    pub(super) pipe: Vec<u8>,
    pub(super) pipe_capacity: usize,
    pub(super) pipes_open: bool,
    pub(super) child: Option<FakeChild>,
    /// The child that was told to end.
    pub(super) killed: Option<ChildId>,
    next_child: u32,
    pub(super) acked: bool,
    pub(super) halted: Option<HaltReason>,
    pub(super) notes: Vec<Note>,
}

impl Outside {
    fn new(appendonly: bool) -> Self {
        let mut outside = Self {
            seen: Vec::new(),
            received: BTreeMap::new(),
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable: BTreeMap::new(),
            open: BTreeMap::new(),
            started: VecDeque::new(),
            fails: Vec::new(),
            pipe: Vec::new(),
            pipe_capacity: 64 * 1024,
            pipes_open: false,
            child: None,
            killed: None,
            next_child: 100,
            acked: false,
            halted: None,
            notes: Vec::new(),
        };
        if appendonly {
            outside.inodes.push(Inode::default());
            outside.names.insert(FileName::Log, 0);
            outside.durable = outside.names.clone();
            outside.open.insert(FileId::LIVE, 0);
        }
        outside
    }

    fn fault(&mut self, kind: &str) -> Result<(), Errno> {
        match self.fails.iter().position(|(known, _)| *known == kind) {
            Some(index) => Err(self.fails.remove(index).1),
            None => Ok(()),
        }
    }

    fn append(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        let inode = &mut self.inodes[self.open[&file]];
        assert_eq!(inode.bytes.len() as u64, offset, "O_APPEND and the offset agree");
        inode.bytes.extend_from_slice(bytes);
    }

    fn finish(&mut self, job: JobId, task: &Task) -> Event<'static> {
        let result = match task {
            Task::Append { file, block, offset } => match self.fault("append") {
                Ok(()) => {
                    self.append(*file, *offset, block);
                    Ok(())
                }
                Err(errno) => {
                    self.append(*file, *offset, &block[..block.len() / 2]);
                    Err(errno)
                }
            },
            Task::Work(Work::Open { file, name, mode: _ }) => {
                let result = self.fault("open").and_then(|()| match self.names.get(name) {
                    Some(&inode) => Ok(inode),
                    None if *name == FileName::Log => Err(Errno(2)),
                    None => Err(Errno(2)),
                });
                if let Ok(inode) = result {
                    self.open.insert(*file, inode);
                }
                let result = result.map(|inode| self.inodes[inode].bytes.len() as u64);
                return Event::Opened { job, result };
            }
            Task::Work(work) => self.work(work),
        };
        Event::Job { job, result, took: Micros(7) }
    }

    fn work(&mut self, work: &Work) -> Result<(), Errno> {
        match work {
            Work::Sync { file, .. } => {
                let kind = if self.is_log(*file) { "sync log" } else { "sync new" };
                self.fault(kind)?;
                if let Some(&inode) = self.open.get(file) {
                    let inode = &mut self.inodes[inode];
                    inode.synced = inode.bytes.len();
                }
            }
            Work::Truncate { file, length_bytes } => {
                let inode = &mut self.inodes[self.open[file]];
                inode.bytes.truncate(usize::try_from(*length_bytes).unwrap());
            }
            Work::Close { file } => {
                assert!(self.open.remove(file).is_some(), "{file:?} is closed twice");
            }
            Work::Rename { file, from, to } => {
                self.fault("rename")?;
                let inode = self.names.remove(from).ok_or(Errno(2))?;
                assert_eq!(self.open[file], inode);
                self.names.insert(*to, inode);
            }
            Work::SyncDirectory => {
                self.fault("directory")?;
                self.durable = self.names.clone();
            }
            Work::Unlink { name } => {
                self.names.remove(name);
            }
            Work::Open { .. } => unreachable!("answered elsewhere"),
        }
        Ok(())
    }

    fn is_log(&self, file: FileId) -> bool {
        self.open.get(&file) == self.names.get(&FileName::Log)
    }

    fn name(&self, task: &Task) -> String {
        match task {
            Task::Append { block, .. } => format!("append {}", block.len()),
            Task::Work(Work::Sync { file, .. }) if self.is_log(*file) => "sync log".to_owned(),
            Task::Work(Work::Sync { .. }) => "sync new".to_owned(),
            Task::Work(Work::Truncate { .. }) => "truncate".to_owned(),
            Task::Work(Work::Close { file }) => format!("close {}", file.0),
            Task::Work(Work::Open { file, name, mode }) => {
                format!("open {} {mode:?} as {}", short(*name), file.0)
            }
            Task::Work(Work::Rename { .. }) => "rename".to_owned(),
            Task::Work(Work::SyncDirectory) => "sync directory".to_owned(),
            Task::Work(Work::Unlink { name }) => format!("unlink {}", short(*name)),
        }
    }

    fn submit(&mut self, job: JobId, lane: Lane, task: Task) -> Outcome<'static> {
        let name = self.name(&task);
        if lane == Lane::Inline {
            self.seen.push(format!("inline {name}"));
            return Outcome::Now(self.finish(job, &task));
        }
        self.seen.push(format!("start {name}"));
        self.started.push_back(Started { job, lane, task });
        Outcome::Later
    }
}

fn short(name: FileName) -> &'static str {
    match name {
        FileName::Log => "log",
        FileName::Unfinished(_) => "temp",
        FileName::Rewritten(_) => "temp-bg",
    }
}

impl Environment for Outside {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        match effect {
            Effect::Write { file, bytes, offset, .. } => {
                self.seen.push(format!("write {}", bytes.len()));
                let result = self.fault("write").map(|()| bytes.len() as u64);
                if result.is_ok() {
                    self.append(file, offset, bytes);
                }
                return Outcome::Now(Event::Written { file, result });
            }
            Effect::Read { file, .. } => {
                return Outcome::Now(Event::Read { file, result: Err(Errno::EIO) });
            }
            Effect::Submit { job, lane, work: Work::Open { file, name, mode } } => {
                // `O_CREAT`.
                if mode == crate::effect::OpenMode::AppendOrCreate
                    && !self.fails.iter().any(|(kind, _)| *kind == "open")
                    && !self.names.contains_key(&name)
                {
                    self.names.insert(name, self.inodes.len());
                    self.inodes.push(Inode::default());
                }
                return self.submit(job, lane, Task::Work(Work::Open { file, name, mode }));
            }
            Effect::Submit { job, lane, work } => return self.submit(job, lane, Task::Work(work)),
            Effect::Append { job, lane, file, block, offset, .. } => {
                let task = Task::Append { file, block: Arc::clone(block), offset };
                return self.submit(job, lane, task);
            }
            Effect::OpenPipes => {
                self.seen.push("open pipes".to_owned());
                let result = self.fault("pipes");
                self.pipes_open = result.is_ok();
                return Outcome::Now(Event::PipesOpened { result });
            }
            Effect::Fork { keyspace, .. } => {
                self.seen.push("fork".to_owned());
                assert!(self.pipes_open, "pipes come first");
                let result = self.fault("fork").map(|()| ChildId(self.next_child));
                if let Ok(id) = result {
                    self.next_child += 1;
                    let snapshot = keyspace.clone();
                    self.child = Some(FakeChild { id, snapshot, got: Vec::new() });
                    self.acked = false;
                    self.names.insert(FileName::Unfinished(id), self.inodes.len());
                    self.inodes.push(Inode::default());
                }
                return Outcome::Now(Event::Forked { result, took: Micros(250) });
            }
            Effect::PipeWrite { pipe: Pipe::Data, bytes } => {
                let room = self.pipe_capacity - self.pipe.len();
                let taken = room.min(bytes.len());
                self.seen.push(format!("pipe {taken} of {}", bytes.len()));
                self.pipe.extend_from_slice(&bytes[..taken]);
                let result = match self.fault("pipe") {
                    Err(errno) => Err(errno),
                    Ok(()) if taken == 0 => Err(Errno(11)),
                    Ok(()) => Ok(taken as u64),
                };
                return Outcome::Now(Event::PipeWritten { pipe: Pipe::Data, result });
            }
            Effect::PipeWrite { pipe, bytes } => {
                assert_eq!((pipe, bytes), (Pipe::Ack, &b"!"[..]));
                self.seen.push("ack".to_owned());
                let result = self.fault("ack").map(|()| 1);
                self.acked = result.is_ok();
                return Outcome::Now(Event::PipeWritten { pipe, result });
            }
            Effect::ClosePipes => {
                self.seen.push("close pipes".to_owned());
                self.pipes_open = false;
                self.pipe.clear();
            }
            Effect::Kill { child } => {
                self.seen.push("kill".to_owned());
                self.killed = Some(child);
            }
            Effect::Send { client, bytes, replies, .. } => {
                let text = String::from_utf8_lossy(bytes).replace("\r\n", " ");
                self.seen.push(format!("send {}: {replies}", client.0));
                self.received.entry(client.0).or_default().push_str(&text);
            }
            Effect::Close { client, reason } => {
                self.seen.push(format!("close {}: {reason:?}", client.0));
            }
            Effect::Note(note) => self.notes.push(note),
            Effect::Halt(reason) => {
                self.seen.push(format!("halt {}", reason.exit_code()));
                self.halted = Some(reason);
            }
            Effect::Pause { client } => self.seen.push(format!("pause {}", client.0)),
            Effect::Resume { client } => self.seen.push(format!("resume {}", client.0)),
            Effect::Sleep { .. } | Effect::RewriteConfig { .. } | Effect::Deadline { .. } => {}
        }
        Outcome::Done
    }
}

/// An engine, its outside, and every dataset that there has been.
pub(super) struct Rig {
    pub(super) engine: Engine,
    pub(super) outside: Outside,
    pub(super) now: u64,
    /// The content after each position of the log, oldest first.
    history: Vec<(Lsn, u128)>,
    /// Crashes are checked after every event.
    pub(super) checks: bool,
    /// The policy was `always` from the beginning, so every acknowledged write is promised.
    always: bool,
}

impl Rig {
    pub(super) fn new(profile: ProfileName, policy: Policy) -> Self {
        Self::with(Config { profile, appendfsync: policy, ..Config::default() })
    }

    pub(super) fn with(config: Config) -> Self {
        let now = 1_000_000;
        let appendonly = config.appendonly;
        let checks = config.profile == ProfileName::Hardened;
        let always = config.appendfsync == Policy::Always;
        let engine = Engine::new(config, 7, Keyspace::new(7), 0, Millis(now), Micros(0));
        let outside = Outside::new(appendonly);
        let mut rig = Self { engine, outside, now, history: Vec::new(), checks, always };
        rig.remember();
        for client in 1..=3 {
            rig.event(Event::Connected { client: ClientId(client), peer: Peer::Simulated });
        }
        rig
    }

    fn remember(&mut self) {
        let lsn = self.engine.ledger().appended();
        self.history.push((lsn, self.content()));
    }

    pub(super) fn content(&self) -> u128 {
        self.engine.executor().keyspace.content_digest()
    }

    pub(super) fn event(&mut self, event: Event<'_>) -> String {
        self.engine.handle(event);
        self.drain()
    }

    fn drain(&mut self) -> String {
        loop {
            self.remember();
            if self.checks {
                self.check_crashes();
            }
            if !crate::pump::step(&mut self.engine, &mut self.outside) {
                break;
            }
        }
        std::mem::take(&mut self.outside.seen).join(", ")
    }

    /// One command, as redis-cli would split it; no turn ends.
    pub(super) fn command(&mut self, client: u64, line: &str) -> String {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let argv = OwnedArgv::from_words(&words);
        let now = Millis(self.now);
        self.event(Event::Command { client: ClientId(client), argv: argv.as_argv(), now })
    }

    pub(super) fn turn_end(&mut self) -> String {
        self.now += 1;
        let now = Millis(self.now);
        self.event(Event::TurnEnd { now, mono: Micros(self.now * 1000) })
    }

    fn then_turn_end(&mut self, mut seen: String) -> String {
        let end = self.turn_end();
        if !seen.is_empty() && !end.is_empty() {
            seen.push_str(", ");
        }
        let _ = write!(seen, "{end}");
        seen
    }

    /// A command and the end of its turn.
    pub(super) fn turn(&mut self, client: u64, line: &str) -> String {
        let seen = self.command(client, line);
        self.then_turn_end(seen)
    }

    /// A command, the end of its turn, and all work that it brings.
    pub(super) fn done(&mut self, client: u64, line: &str) -> String {
        self.turn(client, line);
        self.settle();
        self.received(client)
    }

    pub(super) fn tick(&mut self, later_ms: u64) -> String {
        self.now += later_ms;
        let now = Millis(self.now);
        let seen = self.event(Event::Tick { now, mono: Micros(self.now * 1000) });
        self.then_turn_end(seen)
    }

    pub(super) fn received(&mut self, client: u64) -> String {
        self.outside.received.remove(&client).unwrap_or_default()
    }

    /// Work that was started and has not ended.
    pub(super) fn running(&self) -> Vec<String> {
        self.outside.started.iter().map(|started| self.outside.name(&started.task)).collect()
    }

    /// The oldest work of the first lane that has any ends, and the turn with it.
    pub(super) fn job(&mut self) -> String {
        let started = self.outside.started.pop_front().expect("something runs");
        let event = self.outside.finish(started.job, &started.task);
        let seen = self.event(event);
        self.then_turn_end(seen)
    }

    /// The oldest work of this lane ends. Whether there was any.
    pub(super) fn job_of_lane(&mut self, lane: Lane) -> bool {
        let index = self.outside.started.iter().position(|started| started.lane == lane);
        let Some(started) = index.and_then(|index| self.outside.started.remove(index)) else {
            return false;
        };
        let event = self.outside.finish(started.job, &started.task);
        self.event(event);
        true
    }

    /// All work ends, also what comes of it.
    pub(super) fn settle(&mut self) -> String {
        let mut seen = Vec::new();
        while !self.outside.started.is_empty() {
            assert!(seen.len() < 1_000, "work without end: {seen:?}");
            let some = self.job();
            if !some.is_empty() {
                seen.push(some);
            }
        }
        seen.join(", ")
    }

    /// The child reads what is in the pipe.
    pub(super) fn child_reads(&mut self) -> String {
        let was_full = self.outside.pipe.len() == self.outside.pipe_capacity;
        let bytes = std::mem::take(&mut self.outside.pipe);
        let Some(child) = &mut self.outside.child else { return String::new() };
        child.got.extend_from_slice(&bytes);
        if was_full { self.event(Event::PipeWritable) } else { String::new() }
    }

    /// The child asks for no more.
    pub(super) fn child_asks(&mut self) -> String {
        let seen = self.event(Event::StopAsked { byte: b'!' });
        self.then_turn_end(seen)
    }

    /// The child reads for the last time, leaves its file and ends well.
    pub(super) fn child_ends(&mut self) -> String {
        self.child_reads();
        let Some(child) = self.outside.child.take() else { panic!("there is no child") };
        let mut bytes = Vec::new();
        let mut emitter = Emitter::new();
        while emitter.emit(&child.snapshot, &mut bytes, 1 << 20) {}
        bytes.extend_from_slice(&child.got);
        let inode = self.outside.names.remove(&FileName::Unfinished(child.id)).expect("its file");
        self.outside.inodes[inode] = Inode { synced: bytes.len(), bytes };
        self.outside.names.insert(FileName::Rewritten(child.id), inode);
        self.exits(child.id, ChildStatus::Code(0))
    }

    /// The child ends without a file.
    pub(super) fn child_dies(&mut self, status: ChildStatus) -> String {
        let Some(child) = self.outside.child.take() else { panic!("there is no child") };
        self.exits(child.id, status)
    }

    /// The child that was told to end does.
    pub(super) fn killed_child_ends(&mut self) -> String {
        let child = self.outside.killed.take().expect("a child was killed");
        self.outside.child = None;
        self.exits(child, ChildStatus::Signal(10))
    }

    fn exits(&mut self, child: ChildId, status: ChildStatus) -> String {
        let mut seen = self.event(Event::ChildExited { child, status });
        let tick = self.tick(100);
        if !seen.is_empty() && !tick.is_empty() {
            seen.push_str(", ");
        }
        seen + &tick
    }

    /// A rewrite from the fork to the end of the child.
    pub(super) fn child_goes_all_the_way(&mut self) -> String {
        self.child_reads();
        self.child_asks();
        assert!(self.outside.acked, "the child was answered");
        self.child_ends()
    }

    pub(super) fn log_bytes(&self) -> &[u8] {
        &self.outside.inodes[self.outside.names[&FileName::Log]].bytes
    }

    /// The end of the log says the dataset of now.
    pub(super) fn assert_log_is_complete(&self) {
        assert_eq!(content_of(self.log_bytes()), Ok(self.content()), "the log says the dataset");
    }

    /// Names that a rewrite should not leave behind.
    pub(super) fn leftovers(&self) -> usize {
        self.outside.names.keys().filter(|&&name| name != FileName::Log).count()
    }

    /// Every crash that is possible now leaves what was promised.
    fn check_crashes(&self) {
        let log = self.engine.log();
        if !matches!(log.state(), State::On | State::Stopping) {
            return;
        }
        let ledger = self.engine.ledger();
        let always = self.always && self.engine.config().appendfsync == Policy::Always;
        if let Some(&inode) = self.outside.names.get(&FileName::Log) {
            let least = ledger.written().max(ledger.acknowledged());
            self.assert_recovers("kill", &self.outside.inodes[inode].bytes, least);
        }
        let mut possible = vec![self.outside.names.get(&FileName::Log)];
        possible.push(self.outside.durable.get(&FileName::Log));
        let least =
            if always { ledger.synced().max(ledger.acknowledged()) } else { ledger.synced() };
        for inode in possible.into_iter().flatten().map(|&inode| &self.outside.inodes[inode]) {
            self.assert_recovers("power cut", &inode.bytes[..inode.synced], least);
            self.assert_recovers("power cut", &inode.bytes, least);
        }
    }

    fn assert_recovers(&self, crash: &str, bytes: &[u8], least: Lsn) {
        let stage = self.engine.rewrite().stage();
        let content = content_of(bytes);
        let reached = content.as_ref().ok().and_then(|content| {
            self.history.iter().rev().find(|(_, known)| known == content).map(|&(lsn, _)| lsn)
        });
        assert!(
            reached.is_some_and(|reached| reached >= least),
            "{crash} at {stage:?}: {content:?} is the state of {reached:?}, promised {least:?}; {}",
            String::from_utf8_lossy(bytes)
        );
    }
}

/// What a log loads to.
pub(super) fn content_of(bytes: &[u8]) -> Result<u128, String> {
    let executor = Executor::new(Config::default(), Keyspace::new(7), 0);
    let mut loader = Loader::new(executor);
    loader.feed(bytes);
    loop {
        match loader.next_step() {
            Ok(LoadStep::Command(_)) => {}
            Ok(LoadStep::NeedMore) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    let loaded = loader.finish().map_err(|error| error.to_string())?;
    Ok(loaded.executor.keyspace.content_digest())
}

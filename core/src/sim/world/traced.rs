//! A recorded run in the simulated world: the events come from the trace, the effects are
//! performed on the simulated disk with the outcomes that they had, and both are compared.
//!
//! The clock is the recorded one, so nothing here costs time. Where the trace ends, or where
//! somebody acts, the world lives on by itself.

use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;

use crate::effect::{Effect, Lane, Work};
use crate::engine::Engine;
use crate::event::Event;
use crate::pump::{self, Environment, Outcome};
use crate::rewrite::emit::Emitter;
use crate::rewrite::names::FileName;
use crate::sim::disk::{Faults, Origin};
use crate::sim::fact::{Fact, Goodbye, Progress};
use crate::sim::journal::Cause;
use crate::sim::machine::{Machine, Performed, Working};
use crate::sim::world::{Phase, Settings, StartFailed, World};
use crate::trace::{
    EffectSummary, Header, Reader, Record, RecordedEvent, TraceError, dataset_digest,
};
use crate::units::{Errno, JobId, Micros, Millis};

/// The latest time of day in a trace: the end of the year 9999.
const LATEST: Millis = Millis(253_402_300_799_999);
/// The longest life of a server in a trace, in microseconds: a hundred years. Sums of times of a
/// world are then far from the end of the numbers.
const LIFE_MICROS: u64 = 100 * 366 * 86_400 * 1_000_000;

/// A trace that was read.
#[derive(Clone, Debug)]
pub struct Recorded {
    header: Header,
    records: Vec<Record>,
    bytes: Vec<u8>,
}

impl Recorded {
    /// The trace as it was read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A trace that cannot be stepped.
#[derive(Debug, Error)]
pub enum TraceFailed {
    /// It is no good trace.
    #[error("{0}")]
    Trace(#[from] TraceError),
    /// It does not begin with a header.
    #[error("the trace does not say how the run began")]
    NoHeader,
    /// The log inside it cannot be loaded.
    #[error("{0}")]
    Start(#[from] StartFailed),
    /// A clock that no server has.
    #[error("the trace begins at millisecond {0} since 1970, which is after the year 9999")]
    Clock(u64),
    /// The log inside it gives another dataset, or it holds none.
    #[error("the trace does not hold the log that its run began with")]
    OtherDataset,
    /// This engine does something else.
    #[error("record {record}: this engine does something else than the one that was recorded")]
    Differs {
        /// The number of the record, from 0.
        record: usize,
    },
}

/// How far a trace was followed.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    trace: Rc<Recorded>,
    next: usize,
    /// The record at which this engine did something else.
    differs: Option<usize>,
}

/// Reads a trace, and makes the settings of a world that follows it.
///
/// # Errors
/// When it cannot be read, or is not a trace of a whole life.
pub fn settings_of(bytes: &[u8]) -> Result<Settings, TraceFailed> {
    let mut reader = Reader::new();
    reader.feed(bytes);
    let (mut header, mut aof, mut records) = (None, Vec::new(), Vec::new());
    while let Some(record) = reader.next_record()? {
        match record {
            Record::Header(first) if header.is_none() => header = Some(*first),
            Record::Header(_) => return Err(TraceFailed::NoHeader),
            Record::Log(piece) => aof.extend_from_slice(&piece),
            other => records.push(other),
        }
    }
    reader.finish()?;
    let header = header.ok_or(TraceFailed::NoHeader)?;
    if header.now > LATEST {
        return Err(TraceFailed::Clock(header.now.0));
    }
    if header.loaded_bytes != aof.len() as u64 {
        return Err(TraceFailed::OtherDataset);
    }
    Ok(Settings {
        config: header.config.clone(),
        seed: header.seed,
        aof: Arc::new(aof),
        clients: Vec::new(),
        trace: Some(Rc::new(Recorded { header, records, bytes: bytes.to_vec() })),
        ..Settings::default()
    })
}

impl World {
    /// The engine as the header describes it, over the dataset that was loaded.
    pub(super) fn follow_trace(&mut self) {
        let Some(trace) = self.settings.trace.clone() else { return };
        let Phase::Running(engine) = &self.phase else { return };
        let Header { config, seed, now, mono, loaded_bytes, .. } = trace.header.clone();
        let keyspace = engine.executor().keyspace.clone();
        let same = dataset_digest(&keyspace) == trace.header.dataset_digest;
        self.machine.epoch = now;
        let engine = Engine::new(config, seed, keyspace, loaded_bytes, now, mono);
        self.phase = Phase::Running(Box::new(engine));
        let differs = (!same).then_some(0);
        self.following = Some(Following { trace, next: 0, differs });
    }

    /// The record at which this engine did something else than the recorded one, if it did.
    #[must_use]
    pub fn differs_at(&self) -> Option<usize> {
        self.following.as_ref().and_then(|following| following.differs)
    }

    /// Whether there is more of the trace to follow.
    #[must_use]
    pub fn follows(&self) -> bool {
        // A host may say one thing more to an engine that has ended itself.
        let following = self.following.as_ref().filter(|_| self.engine().is_some());
        following.is_some_and(|f| f.differs.is_none() && f.next < f.trace.records.len())
    }

    /// Takes the next step of the trace. Nothing at its end, or where the engines differ.
    pub(super) fn traced_step(&mut self) -> Option<Fact> {
        while self.follows() {
            let following = self.following.as_mut()?;
            let trace = Rc::clone(&following.trace);
            let number = following.next;
            following.next += 1;
            let stepped = match &trace.records[number] {
                Record::Event(event) => self.traced_event(event),
                Record::Effect(summary) => {
                    let answer = match trace.records.get(number + 1) {
                        Some(Record::Answer(event)) => Some(event.as_event()),
                        _ => None,
                    };
                    if answer.is_some()
                        && let Some(following) = &mut self.following
                    {
                        following.next += 1;
                    }
                    self.traced_effect(summary, answer)
                }
                Record::Answer(_) | Record::Header(_) | Record::Log(_) => Err(Differs),
                Record::Step(expected) => self.traced_digest(*expected).map(|()| None),
            };
            let stepped = stepped.and_then(|fact| {
                // The digest belongs to the step before it.
                if fact.is_some()
                    && let Some(Record::Step(expected)) = trace.records.get(self.next_record())
                {
                    self.traced_digest(*expected)?;
                    if let Some(following) = &mut self.following {
                        following.next += 1;
                    }
                }
                Ok(fact)
            });
            match stepped {
                Ok(Some(fact)) => return Some(fact),
                Ok(None) => {}
                Err(Differs) => {
                    if let Some(following) = &mut self.following {
                        following.differs = Some(number);
                    }
                }
            }
        }
        None
    }

    fn next_record(&self) -> usize {
        self.following.as_ref().map_or(0, |following| following.next)
    }

    fn traced_digest(&self, expected: u128) -> Result<(), Differs> {
        match self.engine() {
            Some(engine) if engine.digest() == expected => Ok(()),
            // The process ended with this step, and with it the engine.
            None => Ok(()),
            Some(_) => Err(Differs),
        }
    }

    fn traced_clock(&mut self, now: Millis) -> Result<(), Differs> {
        self.traced_time(now.since(self.machine.epoch).saturating_mul(1_000))
    }

    fn traced_mono(&mut self, mono: Micros) -> Result<(), Differs> {
        let begun = self.following.as_ref().map_or(Micros(0), |f| f.trace.header.mono);
        self.traced_time(mono.since(begun))
    }

    /// Goes to a time since the start, if a server can have lived so long.
    fn traced_time(&mut self, micros: u64) -> Result<(), Differs> {
        if micros > LIFE_MICROS {
            return Err(Differs);
        }
        self.machine.advance_to(Micros(micros));
        Ok(())
    }

    fn traced_event(&mut self, event: &RecordedEvent) -> Result<Option<Fact>, Differs> {
        let Phase::Running(engine) = &mut self.phase else { return Err(Differs) };
        if engine.poll_effect().is_some() {
            return Err(Differs);
        }
        let event = match event {
            RecordedEvent::Command { client, argv, now } => {
                self.traced_clock(*now)?;
                return Ok(Some(self.command(*client, &Arc::new(argv.clone()), *now)));
            }
            other => other.as_event(),
        };
        match event {
            Event::TurnEnd { mono, .. } => {
                self.traced_mono(mono)?;
                self.handle(event);
                self.turn_open = false;
                Ok(None)
            }
            Event::Tick { mono, .. } => {
                self.traced_mono(mono)?;
                self.traced_tick(event);
                Ok(None)
            }
            Event::Job { job, result, took } => {
                Ok(self.traced_job(event, job, result.map(|()| 0), took))
            }
            Event::Opened { job, result } => Ok(self.traced_job(event, job, result, Micros(0))),
            Event::PipeWritable => {
                self.handle(event);
                Ok(Some(Fact::PipeWritable))
            }
            Event::StopAsked { byte } => {
                let unsent_bytes = self.unsent_bytes();
                self.handle(event);
                Ok(Some(Fact::StopHeard { byte, unsent_bytes }))
            }
            Event::ChildReport { copied_bytes, keys_done, keys_total } => {
                self.handle(event);
                Ok(Some(Fact::ReportHeard { keys_done, keys_total, copied_bytes }))
            }
            Event::ChildExited { child, status } => {
                if let Some(mut process) = self.machine.child.take_if(|known| known.id == child) {
                    process.status = Some(status);
                    self.keep_reaped(process);
                }
                self.handle(event);
                Ok(Some(Fact::ChildReaped { child, status }))
            }
            Event::Connected { client, .. } => {
                self.handle(event);
                Ok(Some(Fact::Connected { client: Self::client_of(client) }))
            }
            Event::Closed { client } => {
                self.handle(event);
                self.journal.connection_lost(client);
                let (client, reason) = (Self::client_of(client), Goodbye::Peer);
                Ok(Some(Fact::Closed { client, reason }))
            }
            Event::Malformed { client, error } => {
                self.handle(event);
                Ok(Some(Fact::Malformed { client: Self::client_of(client), error }))
            }
            Event::Backlog { .. }
            | Event::Shutdown { .. }
            | Event::InputEnded { .. }
            | Event::Socket { .. }
            | Event::Usage(_)
            | Event::Took { .. } => {
                self.handle(event);
                Ok(None)
            }
            Event::Written { .. }
            | Event::Read { .. }
            | Event::ConfigRewritten { .. }
            | Event::PipesOpened { .. }
            | Event::Forked { .. }
            | Event::PipeWritten { .. }
            | Event::Command { .. } => Err(Differs),
        }
    }

    fn traced_effect(
        &mut self,
        expected: &EffectSummary,
        answer: Option<Event<'_>>,
    ) -> Result<Option<Fact>, Differs> {
        if let EffectSummary::Submit { lane: Lane::Inline, work: Work::Open { name, .. }, .. } =
            expected
            && let Some(Event::Opened { result: Ok(length_bytes), .. }) = answer
        {
            self.traced_file(*name, length_bytes);
        }
        self.machine.appended = self.appended();
        let Phase::Running(engine) = &mut self.phase else { return Err(Differs) };
        let mut host =
            RecordedHost { machine: &mut self.machine, expected, answer, differs: false };
        let performed = pump::step(engine, &mut host);
        if !performed || host.differs {
            return Err(Differs);
        }
        self.follow_log();
        let performed = self.machine.performed.take().ok_or(Differs)?;
        Ok(Some(self.fact_of(performed)))
    }

    /// A job beside the loop has ended as the trace says.
    fn traced_job(
        &mut self,
        event: Event<'_>,
        job: JobId,
        result: Result<u64, Errno>,
        took: Micros,
    ) -> Option<Fact> {
        let known = self.machine.jobs.iter().find(|known| known.job == job).cloned();
        let performed = known.map(|mut known| {
            self.machine.disk.faults = Faults::default();
            match &known.work {
                // Its failure is the disk's: what becomes of the pages is known there.
                Working::SyncLog { .. } | Working::Sync { .. } => {
                    self.machine.disk.faults.fail_next_sync = result.err();
                }
                Working::Open { name, .. } => {
                    if let Ok(length_bytes) = result {
                        self.traced_file(*name, length_bytes);
                    }
                }
                _ => {}
            }
            if result.is_err() && self.machine.disk.faults.fail_next_sync.is_none() {
                known.done = Some(result);
            }
            known.started = self.machine.clock;
            known.due = Micros(known.started.0.saturating_add(took.0));
            self.machine.finish(&known).0
        });
        self.handle(event);
        performed.map(|performed| self.fact_of(performed))
    }

    /// The file that a real child has made. The trace holds no byte of it, but what it must be is
    /// known: the dataset at the fork, then what was sent of the diff.
    fn traced_file(&mut self, name: FileName, length_bytes: u64) {
        let FileName::Rewritten(child) = name else { return };
        let text = name.text(&self.machine.name);
        let Some(process) = self.remembered_child().filter(|process| process.id == child) else {
            return;
        };
        let (keyspace, forked_at) = (Rc::clone(&process.keyspace), process.forked_at);
        let mut content = Vec::new();
        Emitter::new().emit(&keyspace, &mut content, usize::MAX);
        let offset = content.len() as u64;
        for entry in self.journal.entries().iter().filter(|entry| entry.from >= forked_at) {
            if content.len() as u64 >= length_bytes {
                break;
            }
            content.extend_from_slice(entry.words.as_bytes());
        }
        content.resize(usize::try_from(length_bytes).unwrap_or(usize::MAX).min(content.len()), 0);
        let origin = if offset <= length_bytes {
            Origin { offset, position: forked_at }
        } else {
            Origin::NOWHERE
        };
        let inode = self.machine.disk.install(&text, content);
        self.machine.disk.set_origin(inode, origin);
        self.made_by_traced_child(inode);
    }

    /// The active expiry cycle of a recorded tick.
    fn traced_tick(&mut self, event: Event<'_>) {
        let before = self.appended();
        self.handle(event);
        let units = self.last_units();
        self.note_appended(before, &units, Cause::Expiry);
    }
}

/// The two engines go different ways.
struct Differs;

/// Answers as the trace says, and does to the simulated disk what was done to the real one.
struct RecordedHost<'a> {
    machine: &'a mut Machine,
    expected: &'a EffectSummary,
    answer: Option<Event<'a>>,
    differs: bool,
}

impl Environment for RecordedHost<'_> {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        // An answer that nobody can have given must not reach the engine.
        self.differs =
            EffectSummary::from(&effect) != *self.expected || !answers(&effect, self.answer);
        if self.differs {
            return Outcome::Later;
        }
        let machine = &mut *self.machine;
        let clock = machine.clock;
        match (effect, self.answer) {
            (Effect::Write { file, bytes, upto, .. }, Some(Event::Written { result, .. })) => {
                let upto = machine.positions.of(upto);
                let from = upto.saturating_sub(bytes.len() as u64);
                if let Ok(taken) = result {
                    let taken = usize::try_from(taken).unwrap_or(usize::MAX).min(bytes.len());
                    machine.disk.faults = Faults::default();
                    let inode = machine.inode_of(file).unwrap_or(machine.inode);
                    let written = machine.disk.write(inode, &bytes[..taken], clock);
                    debug_assert!(written.is_ok(), "a disk without faults: {written:?}");
                }
                machine.performed = Some(Performed::Write { from, to: upto, result });
            }
            (Effect::Submit { job, lane, work }, answer) => {
                if let Some(Event::Job { result, .. }) = answer {
                    machine.disk.faults.fail_next_sync =
                        result.err().filter(|_| matches!(work, Work::Sync { .. }));
                }
                // On the simulated machine, but with the time and the answer of the trace.
                machine.perform(Effect::Submit { job, lane, work });
                machine.clock = clock;
                if let Some(Event::Job { took, result, .. }) = answer {
                    told(&mut machine.performed, took, result);
                }
            }
            (Effect::Fork { keyspace, config }, Some(Event::Forked { result, took })) => {
                if let Ok(child) = result {
                    machine.next_pid = child.0;
                    machine.child = None;
                    machine.perform(Effect::Fork { keyspace, config });
                    machine.clock = clock;
                }
                machine.performed = Some(Performed::Forked { result, took_micros: took.0 });
            }
            (Effect::OpenPipes, Some(Event::PipesOpened { result })) => {
                machine.performed = Some(Performed::PipesOpened { result });
            }
            (Effect::PipeWrite { pipe, bytes }, Some(Event::PipeWritten { result, .. })) => {
                let offered_bytes = bytes.len() as u64;
                machine.performed = Some(Performed::PipeWrite { pipe, offered_bytes, result });
            }
            (other, _) => {
                machine.perform(other);
                machine.clock = clock;
            }
        }
        self.answer.map_or(Outcome::Later, Outcome::Now)
    }
}

/// The fact says how it was, and not how it would be here.
fn told(performed: &mut Option<Performed>, took: Micros, how: Result<(), Errno>) {
    match performed {
        Some(Performed::SyncInline { took_micros, .. }) => *took_micros = took.0,
        Some(Performed::File { progress: Progress::Ended { took_micros, result }, .. }) => {
            (*took_micros, *result) = (took.0, how);
        }
        _ => {}
    }
}

/// Whether this effect can have been answered like this.
fn answers(effect: &Effect<'_>, answer: Option<Event<'_>>) -> bool {
    match (effect, answer) {
        (Effect::Write { file, bytes, .. }, Some(Event::Written { file: written, result })) => {
            *file == written && result.unwrap_or(0) <= bytes.len() as u64
        }
        (Effect::Submit { job, .. }, Some(Event::Job { job: ended, .. })) => *job == ended,
        (Effect::Read { file, max_bytes, .. }, Some(Event::Read { file: read, result })) => {
            let bytes = result.unwrap_or_default().len();
            *file == read && u32::try_from(bytes).is_ok_and(|bytes| bytes <= *max_bytes)
        }
        (Effect::Submit { job, .. }, Some(Event::Opened { job: opened, .. }))
        | (Effect::Append { job, .. }, Some(Event::Job { job: opened, .. })) => *job == opened,
        (Effect::PipeWrite { pipe, bytes }, Some(Event::PipeWritten { pipe: told, result })) => {
            *pipe == told && result.unwrap_or(0) <= bytes.len() as u64
        }
        (Effect::RewriteConfig { .. }, Some(Event::ConfigRewritten { .. }))
        | (Effect::OpenPipes, Some(Event::PipesOpened { .. }))
        | (Effect::Fork { .. }, Some(Event::Forked { .. })) => true,
        (
            Effect::Write { .. }
            | Effect::Read { .. }
            | Effect::RewriteConfig { .. }
            | Effect::OpenPipes
            | Effect::Fork { .. }
            | Effect::PipeWrite { .. },
            _,
        )
        | (_, Some(_)) => false,
        (_, None) => true,
    }
}

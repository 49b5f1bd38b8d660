//! Runs the events of a trace on a new engine, and compares every effect and every state.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::effect::Pipe;
use crate::engine::Engine;
use crate::event::Event;
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::{LoadError, Loader};
use crate::trace::read::{Reader, TraceError};
use crate::trace::record::{EffectSummary, Header, Record, RecordedEvent, dataset_digest};
use crate::units::{FileId, JobId};

/// The first step at which two runs are not the same.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Difference {
    /// The dataset that the run begins with is another one.
    #[error("the loaded dataset differs: the trace has {expected:032x}, this is {found:032x}")]
    Dataset {
        /// Its digest in the trace.
        expected: u128,
        /// The digest of what was loaded here.
        found: u128,
    },
    /// Another effect.
    #[error("record {record}: the trace has {expected:?}, the engine wants {found:?}")]
    Effect {
        /// Number of the record, counted from 0.
        record: u64,
        /// In the trace. None: the trace goes on with an event.
        expected: Option<EffectSummary>,
        /// Here. None: the engine wants nothing.
        found: Option<EffectSummary>,
    },
    /// An answer that no effect asked for: a write that was not made, more bytes than it had, a job
    /// that does not run. The engine trusts its host; a trace need not come from one.
    #[error("record {record}: an answer that nothing asked for")]
    Answer {
        /// Number of the record, counted from 0.
        record: u64,
    },
    /// The same effects so far, but another state.
    #[error("record {record}: the state differs: {expected:032x} in the trace, {found:032x} here")]
    State {
        /// Number of the record, counted from 0.
        record: u64,
        /// The digest in the trace.
        expected: u128,
        /// The digest here.
        found: u128,
    },
}

/// Why a trace could not be replayed to its end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplayFailure {
    /// It is no good trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The log inside it cannot be loaded.
    #[error("the log of the trace: {0}")]
    Load(#[from] LoadError),
    /// It is a good trace of something else.
    #[error("{0}")]
    Difference(#[from] Difference),
}

/// What a whole replay has compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReplayReport {
    /// Records of the trace.
    pub records: u64,
    /// Events that were handled.
    pub events: u64,
    /// Effects that were the same.
    pub effects: u64,
    /// States that were the same.
    pub digests: u64,
}

/// A replay in progress, one record at a time.
#[derive(Clone, Debug)]
pub struct Replay {
    engine: Engine,
    report: ReplayReport,
    /// What was asked for last, if it is answered at once and was not yet.
    asked: Option<Asked>,
    /// Jobs that have not been answered.
    jobs: BTreeSet<JobId>,
}

impl Replay {
    /// An engine like the one that was recorded, over the dataset it began with.
    ///
    /// # Errors
    /// When the dataset is another one.
    pub fn new(header: &Header, keyspace: Keyspace) -> Result<Self, Difference> {
        let found = dataset_digest(&keyspace);
        if found != header.dataset_digest {
            return Err(Difference::Dataset { expected: header.dataset_digest, found });
        }
        let (config, seed) = (header.config.clone(), header.seed);
        let (now, mono) = (header.now, header.mono);
        let engine = Engine::new(config, seed, keyspace, header.loaded_bytes, now, mono);
        let report = ReplayReport::default();
        Ok(Self { engine, report, asked: None, jobs: BTreeSet::new() })
    }

    /// The engine as it is after the records so far.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What has been compared so far.
    #[must_use]
    pub const fn report(&self) -> ReplayReport {
        self.report
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// At the first difference.
    pub fn apply(&mut self, record: &Record, number: u64) -> Result<(), Difference> {
        match record {
            Record::Header(_) | Record::Log(_) => {}
            Record::Event(event) => {
                self.expect_no_effect(number)?;
                self.expect_asked(event, number)?;
                self.engine.handle(event.as_event());
                self.report.events += 1;
            }
            Record::Answer(event) => {
                self.expect_asked(event, number)?;
                self.engine.handle(event.as_event());
                self.report.events += 1;
            }
            Record::Effect(expected) => {
                let found = self.engine.poll_effect().as_ref().map(EffectSummary::from);
                if found.as_ref() != Some(expected) {
                    let expected = Some(expected.clone());
                    return Err(Difference::Effect { record: number, expected, found });
                }
                self.asked = Asked::of(expected);
                if let EffectSummary::Submit { job, .. } | EffectSummary::Append { job, .. } =
                    *expected
                {
                    self.jobs.insert(job);
                }
                self.report.effects += 1;
            }
            Record::Step(expected) => {
                let (expected, found) = (*expected, self.engine.digest());
                if expected != found {
                    return Err(Difference::State { record: number, expected, found });
                }
                self.report.digests += 1;
            }
        }
        self.report.records = number + 1;
        Ok(())
    }

    /// What the host says must have been asked of it.
    fn expect_asked(&mut self, event: &RecordedEvent, record: u64) -> Result<(), Difference> {
        let asked = match event {
            RecordedEvent::Plain(Event::Job { job, .. } | Event::Opened { job, .. }) => {
                self.jobs.remove(job)
            }
            answer if is_answer(answer) => {
                self.asked.take().is_some_and(|asked| asked.is_answered_by(answer))
            }
            _ => self.asked.is_none(),
        };
        if asked { Ok(()) } else { Err(Difference::Answer { record }) }
    }

    /// The engine wants nothing more, because the trace goes on with an event.
    fn expect_no_effect(&mut self, record: u64) -> Result<(), Difference> {
        match self.engine.poll_effect().as_ref().map(EffectSummary::from) {
            None => Ok(()),
            Some(found) => Err(Difference::Effect { record, expected: None, found: Some(found) }),
        }
    }
}

/// An effect that is answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Write { file: FileId, bytes: u64 },
    Read { file: FileId, max_bytes: u32 },
    RewriteConfig,
    OpenPipes,
    Fork,
    PipeWrite { pipe: Pipe, bytes: u64 },
}

impl Asked {
    fn of(effect: &EffectSummary) -> Option<Self> {
        Some(match *effect {
            EffectSummary::Write { file, bytes, .. } => {
                Self::Write { file, bytes: bytes.length_bytes }
            }
            EffectSummary::Read { file, max_bytes, .. } => Self::Read { file, max_bytes },
            EffectSummary::RewriteConfig => Self::RewriteConfig,
            EffectSummary::OpenPipes => Self::OpenPipes,
            EffectSummary::Fork => Self::Fork,
            EffectSummary::PipeWrite { pipe, bytes } => {
                Self::PipeWrite { pipe, bytes: bytes.length_bytes }
            }
            _ => return None,
        })
    }

    /// Whether this is its answer, and gives no more than was asked for.
    fn is_answered_by(self, answer: &RecordedEvent) -> bool {
        match (self, answer) {
            (
                Self::Write { file, bytes },
                RecordedEvent::Plain(Event::Written { file: answered, result }),
            ) => file == *answered && result.unwrap_or(0) <= bytes,
            (Self::Read { file, max_bytes }, RecordedEvent::Read { file: answered, result }) => {
                let read = result.as_ref().map_or(0, Vec::len);
                file == *answered && u32::try_from(read).is_ok_and(|read| read <= max_bytes)
            }
            (
                Self::PipeWrite { pipe, bytes },
                RecordedEvent::Plain(Event::PipeWritten { pipe: answered, result }),
            ) => pipe == *answered && result.unwrap_or(0) <= bytes,
            (Self::RewriteConfig, RecordedEvent::Plain(Event::ConfigRewritten { .. }))
            | (Self::OpenPipes, RecordedEvent::Plain(Event::PipesOpened { .. }))
            | (Self::Fork, RecordedEvent::Plain(Event::Forked { .. })) => true,
            _ => false,
        }
    }
}

/// Whether an event answers an effect at once, and never comes by itself.
fn is_answer(event: &RecordedEvent) -> bool {
    match event {
        RecordedEvent::Read { .. } => true,
        RecordedEvent::Plain(event) => matches!(
            event,
            Event::Written { .. }
                | Event::ConfigRewritten { .. }
                | Event::PipesOpened { .. }
                | Event::Forked { .. }
                | Event::PipeWritten { .. }
        ),
        RecordedEvent::Command { .. } | RecordedEvent::Took { .. } => false,
    }
}

/// Replays a whole trace that holds its own log.
///
/// # Errors
/// At the first thing that is wrong or different.
pub fn replay(bytes: &[u8]) -> Result<ReplayReport, ReplayFailure> {
    let mut reader = Reader::new();
    reader.feed(bytes);
    let mut beginning: Option<(Header, Loader)> = None;
    let mut running: Option<Replay> = None;
    while let Some(record) = reader.next_record()? {
        let number = reader.records() - 1;
        match (&record, &mut beginning) {
            (Record::Header(header), _) => {
                beginning = Some((Header::clone(header), loader(header)));
                continue;
            }
            (Record::Log(piece), Some((_, loader))) => {
                loader.feed(piece);
                while let crate::load::LoadStep::Command(_) = loader.next_step()? {}
                continue;
            }
            _ => {}
        }
        if let Some((header, loader)) = beginning.take() {
            running = Some(Replay::new(&header, loader.finish()?.executor.keyspace)?);
        }
        if let Some(replay) = &mut running {
            replay.apply(&record, number)?;
        }
    }
    reader.finish()?;
    if let Some((header, loader)) = beginning {
        running = Some(Replay::new(&header, loader.finish()?.executor.keyspace)?);
    }
    Ok(running.map(|replay| replay.report()).unwrap_or_default())
}

/// A loader for the log inside a trace.
fn loader(header: &Header) -> Loader {
    let keyspace = Keyspace::new(header.seed);
    let mut executor = Executor::new(header.config.clone(), keyspace, header.seed);
    executor.set_load_time(header.now);
    Loader::new(executor)
}

//! The effects of a trace that are system calls on the log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aof_core::effect::{Lane, Work};
use aof_core::event::Event;
use aof_core::trace::{EffectSummary, Reader, Record, RecordedEvent};
use aof_core::units::{Errno, JobId};
use aof_tests::strace::Call;

/// One effect that is a call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Effect {
    name: &'static str,
    argument: Option<u64>,
    result: Option<Result<u64, i32>>,
    lane: Lane,
    /// Calls of the loop before it, and before its completion.
    loop_calls_before: usize,
    loop_calls_before_end: usize,
}

/// What a trace says that the kernel was asked for.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    effects: Vec<Effect>,
    /// Commands in the trace.
    pub(crate) commands: u64,
}

impl Effects {
    /// Reads the trace of a run that has ended.
    pub(crate) fn read(trace: &Path) -> Self {
        let mut reader = Reader::new();
        reader.feed(&fs::read(trace).expect("a trace"));
        let mut effects = Self::default();
        let mut jobs: BTreeMap<JobId, usize> = BTreeMap::new();
        while let Some(record) = reader.next_record().expect("a good trace") {
            match record {
                Record::Effect(effect) => effects.take(&effect, &mut jobs),
                Record::Event(event) | Record::Answer(event) => effects.answer(&event, &jobs),
                Record::Header(_) | Record::Log(_) | Record::Step(_) => {}
            }
        }
        effects
    }

    fn loop_calls(&self) -> usize {
        self.effects.iter().filter(|effect| effect.lane == Lane::Inline).count()
    }

    fn take(&mut self, effect: &EffectSummary, jobs: &mut BTreeMap<JobId, usize>) {
        let (name, argument, lane) = match *effect {
            EffectSummary::Write { bytes, .. } => ("write", Some(bytes.length_bytes), Lane::Inline),
            EffectSummary::Submit { job, lane, work } => {
                jobs.insert(job, self.effects.len());
                let (name, argument) = match work {
                    Work::Sync { .. } => ("fdatasync", None),
                    Work::Truncate { length_bytes, .. } => ("ftruncate", Some(length_bytes)),
                    Work::Close { .. } => ("close", None),
                    Work::Open { .. } => ("openat", None),
                    Work::Rename { .. } => ("rename", None),
                    Work::SyncDirectory => ("fsync", None),
                    Work::Unlink { .. } => ("unlink", None),
                };
                (name, argument, lane)
            }
            _ => return,
        };
        let before = self.loop_calls();
        self.effects.push(Effect {
            name,
            argument,
            result: None,
            lane,
            loop_calls_before: before,
            loop_calls_before_end: usize::MAX,
        });
    }

    fn answer(&mut self, event: &RecordedEvent, jobs: &BTreeMap<JobId, usize>) {
        let errno = |errno: Errno| errno.0;
        let loop_calls = self.loop_calls();
        match *event {
            RecordedEvent::Command { .. } => self.commands += 1,
            RecordedEvent::Plain(Event::Written { result, .. }) => {
                if let Some(write) = self.effects.last_mut() {
                    write.result = Some(result.map_err(errno));
                }
            }
            RecordedEvent::Plain(Event::Job { job, result, .. }) => {
                let done = jobs.get(&job).and_then(|&at| self.effects.get_mut(at));
                let done = done.expect("a job ends that was submitted");
                done.result = Some(result.map(|()| 0).map_err(errno));
                done.loop_calls_before_end = loop_calls;
            }
            RecordedEvent::Took { .. } | RecordedEvent::Read { .. } | RecordedEvent::Plain(_) => {}
        }
    }

    /// The calls are these effects: per thread in order, with their lengths and results, and
    /// between threads in the order that their events give.
    pub(crate) fn assert_are(&self, calls: &[&Call]) {
        let main = calls.first().map_or(0, |call| call.thread);
        let on_loop: Vec<&Call> =
            calls.iter().copied().filter(|call| call.thread == main).collect();
        for lane in [Lane::Inline, Lane::Sync, Lane::Slow] {
            let expected: Vec<&Effect> =
                self.effects.iter().filter(|effect| effect.lane == lane).collect();
            let seen: Vec<&Call> =
                calls.iter().copied().filter(|call| lane_of(call, main) == lane).collect();
            for (number, (effect, call)) in expected.iter().zip(&seen).enumerate() {
                assert_eq!(effect.name, call.name, "{lane:?} {number}: {effect:?} / {call:?}");
                assert_eq!(effect.argument, call.argument, "{lane:?} {number}: {effect:?}");
                if let Some(result) = effect.result {
                    assert_eq!(result, call.result, "{lane:?} {number}: {effect:?} / {call:?}");
                }
                if lane != Lane::Inline {
                    assert_between(effect, call, &on_loop);
                }
            }
            let (expected, seen) = (expected.len(), seen.len());
            assert_eq!(expected, seen, "effects and calls of {lane:?}");
        }
    }

    /// How many effects of this name there are, and how many of them failed or fell short.
    pub(crate) fn count(&self, name: &str) -> (usize, usize) {
        let of_name = || self.effects.iter().filter(|effect| effect.name == name);
        let short = of_name().filter(|effect| match effect.result {
            Some(Ok(bytes)) => name == "write" && Some(bytes) != effect.argument,
            Some(Err(_)) => true,
            None => false,
        });
        (of_name().count(), short.count())
    }
}

/// The lane whose thread made the call. A lane has one thread; which it is shows its first work.
fn lane_of(call: &Call, main: u32) -> Lane {
    match call.name.as_str() {
        _ if call.thread == main => Lane::Inline,
        "close" => Lane::Slow,
        _ => Lane::Sync,
    }
}

/// A background job begins and ends where the trace says, as seen from the loop.
fn assert_between(effect: &Effect, call: &Call, on_loop: &[&Call]) {
    let begun_before = |line: usize| on_loop.iter().filter(|other| other.began < line).count();
    let ended_before = |line: usize| on_loop.iter().filter(|other| other.ended < line).count();
    assert!(
        ended_before(call.began) >= effect.loop_calls_before,
        "{effect:?} began too early: {call:?}"
    );
    assert!(
        begun_before(call.ended) <= effect.loop_calls_before_end,
        "{effect:?} ended too late: {call:?}"
    );
}

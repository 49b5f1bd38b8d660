//! The effects of a trace that are system calls on the log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aof_core::effect::{Lane, Work};
use aof_core::event::{ChildStatus, Event};
use aof_core::trace::{EffectSummary, Reader, Record, RecordedEvent};
use aof_core::units::{Errno, JobId};
use aof_tests::strace::Call;
use aof_tests::wait;
use nix::unistd::Pid;

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
    /// Each child's number, and how it ended.
    pub(crate) children: Vec<(u32, Option<ChildStatus>)>,
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
            EffectSummary::Write { bytes, .. } | EffectSummary::PipeWrite { bytes, .. } => {
                ("write", Some(bytes.length_bytes), Lane::Inline)
            }
            EffectSummary::Append { job, lane, block, .. } => {
                jobs.insert(job, self.effects.len());
                ("write", Some(block.length_bytes), lane)
            }
            EffectSummary::OpenPipes => return self.push_on_loop(&["pipe2"; 4]),
            // The parent has no use for the child's ends.
            EffectSummary::Fork => {
                return self.push_on_loop(&["clone", "close", "close", "close", "close"]);
            }
            EffectSummary::ClosePipes => return self.push_on_loop(&["close"; 4]),
            EffectSummary::Kill { .. } => return self.push_on_loop(&["kill"]),
            EffectSummary::Submit { job, lane, work } => {
                jobs.insert(job, self.effects.len());
                let (name, argument) = match work {
                    Work::Sync { .. } => ("fdatasync", None),
                    Work::Truncate { length_bytes, .. } => ("ftruncate", Some(length_bytes)),
                    Work::Close { .. } => ("close", None),
                    Work::Open { .. } => ("openat", None),
                    Work::Rename { .. } => ("renameat", None),
                    Work::SyncDirectory => ("fsync", None),
                    Work::Unlink { .. } => ("unlinkat", Some(0)),
                };
                (name, argument, lane)
            }
            _ => return,
        };
        self.push(name, argument, lane);
    }

    fn push_on_loop(&mut self, names: &[&'static str]) {
        names.iter().for_each(|name| self.push(name, None, Lane::Inline));
    }

    fn push(&mut self, name: &'static str, argument: Option<u64>, lane: Lane) {
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
            RecordedEvent::Plain(
                Event::Written { result, .. } | Event::PipeWritten { result, .. },
            ) => {
                if let Some(write) = self.effects.last_mut() {
                    write.result = Some(result.map_err(errno));
                }
            }
            RecordedEvent::Plain(Event::Job { job, result, .. }) => {
                let done = jobs.get(&job).and_then(|&at| self.effects.get_mut(at));
                let done = done.expect("a job ends that was submitted");
                // A block is in the file whole, or the job has failed.
                let whole = if done.name == "write" { done.argument.unwrap_or(0) } else { 0 };
                // That there is no such name is a success to the engine.
                let known = done.name != "unlinkat";
                done.result = known.then(|| result.map(|()| whole).map_err(errno));
                done.loop_calls_before_end = loop_calls;
            }
            RecordedEvent::Plain(Event::Opened { job, .. }) => {
                let done = jobs.get(&job).and_then(|&at| self.effects.get_mut(at));
                done.expect("a job ends that was submitted").loop_calls_before_end = loop_calls;
            }
            RecordedEvent::Plain(Event::Forked { result, .. }) => {
                self.children.push((result.expect("a child").0, None));
            }
            RecordedEvent::Plain(Event::ChildExited { child, status }) => {
                let known = self.children.iter_mut().find(|(number, _)| *number == child.0);
                known.expect("a child that was forked").1 = Some(status);
            }
            RecordedEvent::Took { .. } | RecordedEvent::Read { .. } | RecordedEvent::Plain(_) => {}
        }
    }

    /// The calls are these effects: per thread in order, with their lengths and results, and
    /// between threads in the order that their events give.
    pub(crate) fn assert_are(&self, calls: &[&Call], threads: &Threads) {
        let of_lane = |call: &Call| threads.get(&call.thread).copied();
        let on_loop: Vec<&Call> =
            calls.iter().copied().filter(|call| of_lane(call) == Some(Lane::Inline)).collect();
        for lane in [Lane::Inline, Lane::Sync, Lane::Slow] {
            let expected: Vec<&Effect> =
                self.effects.iter().filter(|effect| effect.lane == lane).collect();
            let seen: Vec<&Call> =
                calls.iter().copied().filter(|call| of_lane(call) == Some(lane)).collect();
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

/// The lane of each thread of a server.
pub(crate) type Threads = BTreeMap<u32, Lane>;

/// The threads of a server, by their names. A thread gives itself its name when it first runs,
/// which on a busy machine is after the server serves.
pub(crate) fn threads(server: Pid) -> Threads {
    wait::until("both lanes to have their names", || {
        let threads = named_threads(server);
        let are_lanes = threads.values().filter(|lane| **lane != Lane::Inline).count() == 2;
        are_lanes.then_some(threads).inspect(|threads| {
            assert_eq!(threads.len(), 3, "the loop and two lanes");
        })
    })
}

fn named_threads(server: Pid) -> Threads {
    let tasks = fs::read_dir(format!("/proc/{server}/task")).expect("the server runs");
    let named = tasks.map(|thread| {
        let thread = thread.expect("a thread");
        let name = fs::read_to_string(thread.path().join("comm")).expect("a name");
        let lane = match name.trim() {
            "aof-sync" => Lane::Sync,
            "aof-slow" => Lane::Slow,
            _ => Lane::Inline,
        };
        (thread.file_name().to_string_lossy().parse().expect("a number"), lane)
    });
    named.collect()
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

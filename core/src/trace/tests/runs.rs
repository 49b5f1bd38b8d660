//! A run, its record, and the record against a new engine.

use std::collections::VecDeque;

use super::*;
use crate::effect::Effect;
use crate::engine::Engine;
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::Loader;
use crate::profile::ProfileName;
use crate::pump::{Environment, Outcome};

/// A disk that answers by a plan: every third write is short, jobs of the lanes end later.
#[derive(Default)]
struct World {
    writes: u64,
    jobs: VecDeque<JobId>,
    ended: bool,
}

impl Environment for World {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        match effect {
            Effect::Write { file, bytes, .. } => {
                self.writes += 1;
                let length = bytes.len() as u64;
                let taken = if self.writes.is_multiple_of(3) { length / 2 } else { length };
                Outcome::Now(Event::Written { file, result: Ok(taken) })
            }
            Effect::Submit { job, lane: Lane::Inline, .. } => {
                Outcome::Now(Event::Job { job, result: Ok(()), took: Micros(7) })
            }
            Effect::Submit { job, .. } => {
                self.jobs.push_back(job);
                Outcome::Later
            }
            Effect::Append { .. }
            | Effect::OpenPipes
            | Effect::Fork { .. }
            | Effect::PipeWrite { .. }
            | Effect::ClosePipes
            | Effect::Kill { .. } => panic!("nothing is rewritten here: {effect:?}"),
            Effect::Halt(_) => {
                self.ended = true;
                Outcome::Done
            }
            Effect::Send { .. }
            | Effect::Close { .. }
            | Effect::Pause { .. }
            | Effect::Resume { .. }
            | Effect::Sleep { .. }
            | Effect::Deadline { .. }
            | Effect::Note(_) => Outcome::Done,
            Effect::RewriteConfig { .. } => {
                Outcome::Now(Event::ConfigRewritten { result: Err(Errno(2)) })
            }
            Effect::Read { file, .. } => Outcome::Now(Event::Read { file, result: Ok(&[]) }),
        }
    }
}

/// Records a run of 60 turns over a loaded log.
fn recorded(profile: ProfileName, policy: Policy) -> Vec<u8> {
    let config = Config { profile, appendfsync: policy, ..Config::default() };
    let log = [
        OwnedArgv::from_line("SELECT 0").as_bytes(),
        OwnedArgv::from_line("SET loaded 1").as_bytes(),
    ]
    .concat();
    let mut loader = Loader::new(Executor::new(config.clone(), Keyspace::new(3), 3));
    loader.feed(&log);
    let loaded = loader.finish().expect("a good log");
    let keyspace = loaded.executor.keyspace;
    let header = Header {
        config: config.clone(),
        seed: 3,
        now: Millis(1_000_000),
        mono: Micros(0),
        loaded_bytes: loaded.length_bytes,
        dataset_digest: dataset_digest(&keyspace),
    };
    let mut recorder = Recorder::new(&header);
    recorder.log(&log);
    let (now, mono) = (header.now, header.mono);
    let mut engine = Engine::new(config, 3, keyspace, header.loaded_bytes, now, mono);
    let mut world = World::default();
    let client = ClientId(1);
    pump_recorded(
        &mut engine,
        &mut world,
        &mut recorder,
        Event::Connected { client, peer: Peer::Unix },
    );
    for turn in 0..60_u64 {
        let (now, mono) = (Millis(1_000_000 + turn * 130), Micros(turn * 130_000));
        for line in [
            format!("SET key:{} {turn}", turn % 7),
            "INCR counter".to_owned(),
            format!("SET short:{turn} x PX 300"),
            "GET key:1".to_owned(),
            if turn % 9 == 0 { "CONFIG SET appendfsync always".to_owned() } else { "PING".into() },
        ] {
            let argv = OwnedArgv::from_line(&line);
            let event = Event::Command { client, argv: argv.as_argv(), now };
            pump_recorded(&mut engine, &mut world, &mut recorder, event);
        }
        pump_recorded(&mut engine, &mut world, &mut recorder, Event::TurnEnd { now, mono });
        if turn % 4 == 3
            && let Some(job) = world.jobs.pop_front()
        {
            let event = Event::Job { job, result: Ok(()), took: Micros(500) };
            pump_recorded(&mut engine, &mut world, &mut recorder, event);
        }
        pump_recorded(&mut engine, &mut world, &mut recorder, Event::Tick { now, mono });
    }
    recorder.bytes().to_vec()
}

#[test]
fn a_run_is_equal_to_its_own_record() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            let trace = recorded(profile, policy);
            assert_eq!(trace, recorded(profile, policy), "the same run is the same bytes");
            let report = replay(&trace).expect("the same engine");
            assert!(report.events > 400, "{report:?}");
            assert!(report.effects > 60, "{report:?}");
            assert!(report.digests > 360, "{report:?}");
        }
    }
}

/// Replays records that were changed, and says at which record it was noticed.
fn noticed(records: &[Record]) -> Option<(u64, Difference)> {
    match replay(&file_of(records)) {
        Ok(_) => None,
        Err(ReplayFailure::Difference(difference)) => match difference {
            Difference::Effect { record, .. }
            | Difference::State { record, .. }
            | Difference::Answer { record } => Some((record, difference)),
            Difference::Dataset { .. } => Some((0, difference)),
        },
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_changed_record_is_noticed_where_it_stands() {
    let trace = recorded(ProfileName::Hardened, Policy::EverySec);
    let records = read(&trace, 1000).expect("a good trace");
    assert_eq!(noticed(&records), None);
    let mut kinds = [0; 4];
    for at in (3..records.len()).step_by(5) {
        let mut changed = records.clone();
        let kind = match &mut changed[at] {
            Record::Effect(_) => {
                changed[at] = Record::Effect(EffectSummary::Sleep { micros: 1 });
                0
            }
            Record::Step(digest) => {
                *digest ^= 1;
                1
            }
            Record::Event(RecordedEvent::Command { .. }) => {
                let argv = OwnedArgv::from_line("SET other 1");
                let event = RecordedEvent::Command { client: ClientId(1), argv, now: Millis(1) };
                changed[at] = Record::Event(event);
                2
            }
            Record::Answer(RecordedEvent::Plain(Event::Written { result, .. })) => {
                *result = Ok(u64::MAX);
                3
            }
            _ => continue,
        };
        kinds[kind] += 1;
        let (record, difference) = noticed(&changed).expect("it is another run");
        // A changed event shows at the digest behind it.
        let place = if kind == 2 { at + 1 } else { at };
        assert_eq!(record, place as u64, "{difference}");
    }
    assert!(kinds.iter().all(|&count| count > 0), "{kinds:?}");
}

#[test]
fn a_missing_effect_and_one_too_many_are_noticed() {
    let trace = recorded(ProfileName::Redis62, Policy::No);
    let mut records = read(&trace, 1000).expect("a good trace");
    records.retain(|record| !matches!(record, Record::Step(_)));
    // An effect that returned nothing at once, with an event behind it.
    let last = records
        .windows(2)
        .rposition(|pair| matches!(pair, [Record::Effect(_), Record::Event(_)]))
        .expect("effects");
    let mut missing = records.clone();
    missing.remove(last);
    let (record, difference) = noticed(&missing).expect("an effect is missing");
    assert_eq!(record, last as u64);
    assert!(matches!(difference, Difference::Effect { expected: None, found: Some(_), .. }));
    records.insert(last + 1, records[last].clone());
    let (record, difference) = noticed(&records).expect("an effect too many");
    assert_eq!(record, last as u64 + 1);
    assert!(matches!(difference, Difference::Effect { .. }));
}

#[test]
fn another_dataset_is_noticed_at_once() {
    let trace = recorded(ProfileName::Hardened, Policy::No);
    let mut records = read(&trace, 1000).expect("a good trace");
    records[1] = Record::Log(OwnedArgv::from_line("SET loaded 2").as_bytes().to_vec());
    assert!(matches!(noticed(&records), Some((0, Difference::Dataset { .. }))));
}

#[test]
fn an_answer_that_nothing_asked_for_never_reaches_the_engine() {
    let trace = recorded(ProfileName::Hardened, Policy::Always);
    let records = read(&trace, 1000).expect("a good trace");
    let file = FileId::LIVE;
    for event in [
        Event::Written { file, result: Ok(1) },
        Event::Written { file, result: Err(Errno::EIO) },
        Event::Job { job: JobId(999), result: Ok(()), took: Micros(0) },
    ] {
        let mut changed = records.clone();
        let at = 2;
        changed.insert(at, Record::Event(RecordedEvent::Plain(event)));
        assert_eq!(noticed(&changed).map(|(record, _)| record), Some(at as u64));
    }
}

//! A state of the server and its surroundings, and every move that somebody can make in it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::config::{Config, Policy};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::event::{ChildStatus, Event};
use crate::peer::Peer;
use crate::profile::ProfileName;
use crate::promise::Recovered;
use crate::pump;
use crate::resp::OwnedArgv;
use crate::rewrite::names::FileName;
use crate::sim::recover::{Recovery, recover};
use crate::units::{ClientId, Micros, Millis};

use super::acts::{Act, Beginning, Bounds, Move};
use super::child::Stage as ChildStage;
use super::invariants;
use super::outside::{Call, Outside, Script, ended};
use super::search::{Space, Ways};
use super::story::{Judge, Story, Violation};

/// The first of the clients that write, one command each.
const WRITERS: u64 = 1;
/// Who asks for the rewrite, or turns the log on.
const REWRITER: u64 = 50;
/// Who changes the policy.
const OPERATOR: u64 = 60;
/// A whole second, because Redis 6.2 counts in whole seconds.
const START: Millis = Millis(1_767_225_600_000);
/// After so many quiet seconds a reply that is still held is held for ever: longer than the
/// longest back-off.
const PATIENCE_SECONDS: usize = 70;

/// Everything at one moment.
#[derive(Clone)]
pub(super) struct State {
    pub(super) engine: Engine,
    pub(super) outside: Outside,
    pub(super) story: Story,
    pub(super) left: Bounds,
    pub(super) next_writer: u64,
    pub(super) turn_open: bool,
    /// Nothing has failed, and nobody was told to end.
    is_calm: bool,
    now: Millis,
}

/// Says what is wrong with an end.
type AtEnd = fn(&State) -> Result<(), &'static str>;

/// The space of all of them.
pub(super) struct Switch {
    pub(super) judge: Judge,
    beginning: Beginning,
    /// What must be so when nobody can do anything any more.
    pub(super) at_end: Option<AtEnd>,
    /// Else only what clients can find out is judged.
    pub(super) checks_invariants: bool,
    /// Searches that let everything come to its end, and clients that were closed in them.
    pub(super) settled: u64,
}

/// What the old log says: keys in three databases, so that a snapshot ends in another one than the
/// one that the clients use.
fn old_log() -> Vec<u8> {
    let mut log = Vec::new();
    for words in [
        &[&b"SELECT"[..], b"0"][..],
        &[b"SET", b"a", b"1"],
        &[b"SELECT", b"1"],
        &[b"RPUSH", b"l", b"0"],
        &[b"SELECT", b"2"],
        &[b"SET", b"z", b"26"],
    ] {
        crate::resp::encode_command(words, &mut log);
    }
    log
}

impl Switch {
    /// The space, and where it begins.
    pub(super) fn new(
        profile: ProfileName,
        policy: Policy,
        beginning: Beginning,
        bounds: Bounds,
    ) -> (Self, State) {
        let config = Config {
            profile,
            appendfsync: policy,
            appendonly: beginning == Beginning::On,
            auto_aof_rewrite_percentage: 0,
            aof_rewrite_block_bytes: 48,
            ..Config::default()
        };
        let mut judge = Judge::new(&config);
        let log = old_log();
        let keyspace = match recover(Some(&log), &config, 1) {
            Recovery::Loaded { keyspace, .. } => *keyspace,
            Recovery::Refused(error) => panic!("the old log is good: {error}"),
        };
        let mut outside = Outside::default();
        let mut older = None;
        let loaded_bytes = if beginning == Beginning::On {
            let length = log.len() as u64;
            let inode = outside.disk.install(FileName::Log, log);
            outside.opened_at_start(inode);
            length
        } else {
            // Not the dataset: a log of some earlier life.
            let mut other = Vec::new();
            crate::resp::encode_command(&[&b"SELECT"[..], b"0"], &mut other);
            crate::resp::encode_command(&[&b"SET"[..], b"older", b"1"], &mut other);
            outside.disk.install(FileName::Log, other.clone());
            if let Recovered::Dataset(dataset) = judge.load(Some(&other)) {
                older = Some(dataset);
            }
            0
        };
        let engine = Engine::new(config, 1, keyspace, loaded_bytes, START, Micros(0));
        let story = Story::new(&engine, older);
        let mut state = State {
            engine,
            outside,
            story,
            left: bounds,
            next_writer: WRITERS,
            turn_open: false,
            is_calm: true,
            now: START,
        };
        let mut space =
            Self { judge, beginning, at_end: None, checks_invariants: true, settled: 0 };
        for client in (WRITERS..WRITERS + bounds.commands).chain([REWRITER, OPERATOR]) {
            let client = ClientId(client);
            let event = Event::Connected { client, peer: Peer::Simulated };
            pump::pump(&mut state.engine, &mut state.outside, event);
            space.command(&mut state, client.0, "SELECT 1").expect("nothing is wrong yet");
        }
        space.event(&mut state, Act::TurnEnd).expect("nothing is wrong yet");
        state.turn_open = false;
        (space, state)
    }

    /// One event with what follows from it.
    fn pump(&mut self, state: &mut State, event: Event<'_>) -> Result<(), Violation> {
        state.engine.handle(event);
        self.drain(state)
    }

    /// Between any two effects everything may end.
    fn drain(&mut self, state: &mut State) -> Result<(), Violation> {
        loop {
            self.judge.look(&state.engine, &state.outside.disk, &mut state.story)?;
            if self.checks_invariants {
                invariants::check(&state.engine, state.is_calm)?;
            }
            let held = state.engine.rewrite().holds_gates();
            if !pump::step(&mut state.engine, &mut state.outside) {
                return Ok(());
            }
            let wrote = std::mem::take(&mut state.outside.wrote);
            if self.checks_invariants && wrote && held && state.engine.rewrite().holds_gates() {
                return Err(Violation::Invariant("the old log gets nothing while gates are held"));
            }
            for (client, _) in std::mem::take(&mut state.outside.sent) {
                state.story.answered(client);
            }
        }
    }

    fn command(&mut self, state: &mut State, client: u64, line: &str) -> Result<(), Violation> {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let argv = OwnedArgv::from_words(&words);
        let (client, now) = (ClientId(client), state.now);
        state.engine.handle(Event::Command { client, argv: argv.as_argv(), now });
        state.story.executed(client.0, &state.engine);
        self.drain(state)
    }

    fn turn_end(&mut self, state: &mut State) -> Result<(), Violation> {
        state.story.turn_ended(&state.engine);
        let mono = Micros((state.now.0 - START.0) * 1_000);
        state.turn_open = false;
        self.pump(state, Event::TurnEnd { now: state.now, mono })
    }

    fn tick(&mut self, state: &mut State) -> Result<(), Violation> {
        let mono = Micros((state.now.0 - START.0) * 1_000);
        self.pump(state, Event::Tick { now: state.now, mono })
    }

    /// What one act does, in place.
    fn event(&mut self, state: &mut State, act: Act) -> Result<(), Violation> {
        state.turn_open = true;
        match act {
            Act::Command => {
                let writer = state.next_writer;
                state.next_writer += 1;
                state.left.commands -= 1;
                self.command(state, writer, &format!("RPUSH l {writer}"))
            }
            Act::Rewrite => {
                state.left.rewrites -= 1;
                let line = match self.beginning {
                    Beginning::On | Beginning::Without => "BGREWRITEAOF",
                    Beginning::Off => "CONFIG SET appendonly yes",
                };
                self.command(state, REWRITER, line)
            }
            Act::Policy(policy) => {
                state.left.policy_changes -= 1;
                let line = format!("CONFIG SET appendfsync {}", policy.as_str());
                self.command(state, OPERATOR, &line)
            }
            Act::TurnEnd => self.turn_end(state),
            Act::Second => {
                state.left.seconds = state.left.seconds.saturating_sub(1);
                state.now = Millis(state.now.0 + 1_000);
                self.tick(state)?;
                self.turn_end(state)
            }
            Act::Effect(lane, fault) => {
                state.turn_open = false;
                state.left.faults -= usize::from(fault.is_some());
                state.outside.take_effect(lane, fault);
                self.drain(state)
            }
            Act::Told(lane) => match state.outside.tell(lane) {
                Some(event) => self.pump(state, event),
                None => Ok(()),
            },
            Act::Tidied(lane) => {
                state.outside.take_effect(lane, None);
                match state.outside.tell(lane) {
                    Some(event) => self.pump(state, event),
                    None => Ok(()),
                }
            }
            Act::StopSeen => {
                if let Some(child) = &mut state.outside.child {
                    child.stage = ChildStage::Asking { seen: true };
                }
                self.pump(state, Event::StopAsked { byte: b'!' })
            }
            Act::Reaped => {
                let child = state.outside.child.take();
                let status = child.as_ref().and_then(ended);
                if let Some((child, status)) = child.zip(status) {
                    self.pump(state, Event::ChildExited { child: child.id, status })?;
                }
                self.tick(state)
            }
            Act::Room => {
                state.outside.tell_of_room();
                self.pump(state, Event::PipeWritable)
            }
            Act::Writeback { directory } => {
                state.left.writebacks -= 1;
                state.outside.write_back(directory);
                self.drain(state)
            }
            Act::ChildSteps => {
                state.outside.child_steps();
                self.drain(state)
            }
            Act::ChildReads | Act::ChildAsks | Act::ChildFinishes(_) | Act::ChildDies(_) => {
                Self::child_acts(state, act);
                self.drain(state)
            }
        }
    }

    fn child_acts(state: &mut State, act: Act) {
        let Some(mut child) = state.outside.child.take() else { return };
        let died_by_itself = !child.killed && state.outside.pipes_are_open();
        match act {
            Act::ChildReads => child.read(&state.outside.drain_pipe()),
            Act::ChildAsks => child.stage = ChildStage::Asking { seen: false },
            Act::ChildFinishes(status) => {
                let rest = state.outside.drain_pipe();
                child.finish(&rest, &mut state.outside.disk, status);
                state.left.faults -= usize::from(status != ChildStatus::Code(0));
            }
            Act::ChildDies(status) => {
                child.die(status);
                state.left.faults -= usize::from(died_by_itself);
            }
            _ => {}
        }
        state.outside.child = Some(child);
    }

    /// One move: an act whose calls fail as the script says, and the end of its turn if turns are
    /// not shared.
    fn make(&mut self, state: &State, by: &Move) -> (State, Result<(), Violation>) {
        let mut next = state.clone();
        next.outside.begin(by.script.clone());
        next.left.faults -= by.script.len();
        next.is_calm &= by.script.is_empty() && !by.act.is_failure();
        // The engine asserts some of what is asked here. A mistake that it notices itself is found
        // all the same.
        let made = AssertUnwindSafe(|| self.make_in_place(&mut next, by.act));
        let result = catch_unwind(made).unwrap_or(Err(Violation::Panicked));
        (next, result)
    }

    fn make_in_place(&mut self, next: &mut State, act: Act) -> Result<(), Violation> {
        let open_before = next.turn_open;
        self.event(next, act)?;
        if !act.is_heard() {
            next.turn_open = open_before;
        }
        if next.turn_open && !next.left.shared_turns {
            self.turn_end(next)?;
        }
        Ok(())
    }

    /// One act without failures.
    pub(super) fn go(&mut self, state: &State, act: Act) -> Result<State, Violation> {
        let (next, result) = self.make(state, &Move { act, script: Vec::new() });
        result.map(|()| next)
    }

    /// With nothing under way and no further failure, every reply must leave as time passes.
    fn settle(
        &mut self,
        state: &mut State,
        tell: &mut dyn FnMut(Act, &State),
    ) -> Result<(), Violation> {
        state.outside.begin(Vec::new());
        state.outside.closed.clear();
        state.left.faults = 0;
        for _ in 0..PATIENCE_SECONDS {
            while let Some(act) = state.comes_by_itself() {
                self.event(state, act)?;
                tell(act, state);
                state.outside.trail.clear();
            }
            if !state.outside.closed.is_empty() {
                return Err(Violation::ClosedUnanswered);
            }
            if state.held_replies() == 0 || state.outside.halted.is_some() {
                return Ok(());
            }
            self.event(state, Act::Second)?;
            tell(Act::Second, state);
            state.outside.trail.clear();
        }
        Err(Violation::Stuck)
    }

    /// Makes the moves of a trace again and says what each led to.
    pub(super) fn explain(&mut self, start: &State, moves: &[Move]) -> String {
        let mut state = start.clone();
        let mut text = String::new();
        state.outside.tells = true;
        for by in moves {
            let (next, result) = self.make(&state, by);
            let fails: Vec<String> = by
                .script
                .iter()
                .map(|(index, fault)| format!("{:?} {fault:?}", next.outside.calls[*index]))
                .collect();
            text.push_str(&format!("  {:?} {}\n", by.act, fails.join(", ")));
            text.push_str(&format!("      {}\n", next.outside.trail.join("; ")));
            text.push_str(&format!(
                "      {:?} {:?}\n",
                next.engine.rewrite().stage(),
                next.engine.ledger()
            ));
            if let Err(violation) = result {
                text.push_str(&format!("  => {violation:?}\n"));
            }
            state = next;
        }
        if self.at_rest(&state).is_err() {
            let mut tell = |act: Act, state: &State| {
                let stage = state.engine.rewrite().stage();
                let trail = state.outside.trail.join("; ");
                text.push_str(&format!("  {act:?}, by itself\n      {trail}\n      {stage:?}\n"));
            };
            let result = self.settle(&mut state, &mut tell);
            text.push_str(&format!("  => {result:?}\n"));
        }
        text
    }
}

impl Space for Switch {
    type State = State;
    type Move = Move;
    type Violation = Violation;

    fn ways(&mut self, state: &State) -> Ways<Self> {
        let mut ways = Vec::new();
        for act in state.acts() {
            // Each run shows which calls it makes; each of them may fail in a run of its own.
            let mut scripts: Vec<Script> = vec![Vec::new()];
            while let Some(script) = scripts.pop() {
                let by = Move { act, script };
                let (next, result) = self.make(state, &by);
                if next.left.faults > 0 {
                    let from = by.script.last().map_or(0, |(index, _)| index + 1);
                    extend(&mut scripts, &by.script, &next.outside.calls, from);
                }
                ways.push((by, result.map(|()| next)));
            }
        }
        ways
    }

    fn at_rest(&mut self, state: &State) -> Result<(), Violation> {
        if let Some(at_end) = self.at_end
            && state.acts().is_empty()
        {
            at_end(state).map_err(Violation::Invariant)?;
        }
        let waits = state.outside.halted.is_none()
            && !state.turn_open
            && !state.outside.is_busy()
            && state.held_replies() > 0;
        if waits {
            self.settled += 1;
            return self.settle(&mut state.clone(), &mut |_, _| {});
        }
        Ok(())
    }

    fn digest(&self, state: &State) -> u128 {
        let mut digest = Digest::new();
        // Statistics of commands would tell apart what has the same future.
        state.engine.executor().keyspace.digest_into(&mut digest);
        let engine = state.engine.digest_behind(digest);
        let mut digest = Digest::new();
        digest.put_u128(engine);
        let config = state.engine.config();
        digest.put_bytes(format!("{:?} {}", config.appendfsync, config.appendonly).as_bytes());
        state.outside.digest_into(&mut digest);
        state.story.digest_into(&mut digest);
        digest.put_bool(state.turn_open);
        digest.put_bool(state.is_calm);
        digest.put_u64(state.left.commands);
        digest.put_count(state.left.faults);
        for left in [
            state.left.policy_changes,
            state.left.seconds,
            state.left.rewrites,
            state.left.writebacks,
        ] {
            digest.put_u8(left);
        }
        digest.finish()
    }
}

/// Every way in which one more of these calls can fail.
fn extend(scripts: &mut Vec<Script>, script: &Script, calls: &[Call], from: usize) {
    for (index, call) in calls.iter().enumerate().skip(from) {
        for fault in call.faults() {
            let mut longer = script.clone();
            longer.push((index, *fault));
            scripts.push(longer);
        }
    }
}

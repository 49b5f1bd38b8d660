//! `Lab` without JavaScript: the story, the disk model, and what can be done.

use std::sync::Arc;

use aof_core::command::{COMMANDS, lookup};
use aof_core::config::{Config, Policy};
use aof_core::execute::{Executor, NoFacts};
use aof_core::explore::holes::Hole;
use aof_core::keyspace::Keyspace;
use aof_core::profile::ProfileName;
use aof_core::propagate::Propagation;
use aof_core::resp::{Argv, OwnedArgv};
use aof_core::session::Session;
use aof_core::sim::crash::DiskModel;
use aof_core::sim::fact::{Fact, Fault};
use aof_core::sim::scenario::{self, Scenario};
use aof_core::sim::timeline::{Cause, Timeline};
use aof_core::sim::world::{Input, Phase, Pick, Settings, TraceFailed, World, settings_of};
use aof_core::units::{ClientId, Millis};

use crate::error::LabError;
use crate::show;
use crate::view::crash::CrashView;
use crate::view::snapshot::Snapshot;
use crate::{reply, view};

pub mod bytes;

#[cfg(test)]
mod tests;

/// The longest line of the prompt, in bytes.
pub const LINE_LIMIT_BYTES: usize = 64 * 1024;
/// The largest log that can be brought in, in bytes.
pub const AOF_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// The largest trace that can be brought in, in bytes.
pub const TRACE_LIMIT_BYTES: usize = 64 * 1024 * 1024;
/// The largest number of a client.
pub const CLIENT_LIMIT: u64 = 1_000;
/// The longest wait, in milliseconds.
pub const WAIT_LIMIT_MS: u64 = 3_600_000;
/// The most words that a completion offers.
const COMPLETIONS: usize = 50;

/// A run that is written down. Each but the first is a lesson of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScenarioName {
    /// An empty log.
    Empty,
    /// Four writes, each somewhere else.
    FirstVisit,
    /// A rewrite, when the child asks to stop.
    Rewrite,
    /// The same, when the name has moved.
    Rename,
    /// A known hole, where one failure is enough.
    Hole(Hole),
}

impl ScenarioName {
    /// All of them but the holes.
    pub const LESSONS: [Self; 4] = [Self::Empty, Self::FirstVisit, Self::Rewrite, Self::Rename];

    /// As options and addresses name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::FirstVisit => "first-visit",
            Self::Rewrite => "rewrite",
            Self::Rename => "rename",
            Self::Hole(hole) => hole.as_str(),
        }
    }

    /// Reads [`Self::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lesson = Self::LESSONS.into_iter().find(|name| name.as_str() == text);
        lesson.or_else(|| Hole::parse(text).map(Self::Hole))
    }
}

/// What a lab begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `appendfsync`.
    pub policy: Policy,
    /// Which behaviours.
    pub profile: ProfileName,
    /// What a disk may keep.
    pub disk_model: DiskModel,
    /// Feeds the engine's generator.
    pub seed: u64,
    /// What to begin with.
    pub scenario: ScenarioName,
}

impl Options {
    /// What a run begins with when nothing else is asked for: a known hole with the settings that
    /// show it, all others with `redis-6.2`, because that is what people run and where the
    /// surprises are.
    #[must_use]
    pub const fn of(scenario: ScenarioName) -> Self {
        let (policy, profile, disk_model) = match scenario {
            ScenarioName::Hole(hole) => (hole.policy(), hole.profile(), hole.model()),
            _ => (Policy::EverySec, ProfileName::Redis62, DiskModel::AnyPrefix),
        };
        Self { policy, profile, disk_model, seed: 1, scenario }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::of(ScenarioName::Empty)
    }
}

/// Which image a server is started from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootImage {
    /// The one that loses most.
    Worst,
    /// The one that loses least.
    Best,
    /// The one of this length.
    Length(u64),
    /// The longest of the group of this number.
    Example(u64),
}

impl BootImage {
    fn pick(&self) -> Pick {
        match self {
            Self::Worst => Pick::Worst,
            Self::Best => Pick::Best,
            Self::Length(length) => Pick::Length(*length),
            Self::Example(group) => Pick::Example(usize::try_from(*group).unwrap_or(usize::MAX)),
        }
    }
}

/// The lab.
#[derive(Clone, Debug)]
pub struct Lab {
    timeline: Timeline,
    model: DiskModel,
    /// What a failure left, with the branch, step and model it belongs to.
    crash: Option<((u64, u64, DiskModel), Option<CrashView>)>,
    /// The file whose bytes are looked at.
    opened: Option<bytes::Opened>,
}

impl Lab {
    /// Begins.
    ///
    /// # Errors
    /// Never in practice: an empty log loads.
    pub fn new(options: Options) -> Result<Self, LabError> {
        let Options { policy, profile, seed, .. } = options;
        let begin: fn(Policy, ProfileName, u64) -> Scenario = match options.scenario {
            ScenarioName::Empty => scenario::empty,
            ScenarioName::FirstVisit => scenario::first_visit,
            ScenarioName::Rewrite => scenario::rewrite,
            ScenarioName::Rename => scenario::rename,
            // Its story has a policy of its own.
            ScenarioName::Hole(hole) => return Self::at(hole.scenario(profile), options),
        };
        Self::at(begin(policy, profile, seed), options)
    }

    fn at(scenario: Scenario, options: Options) -> Result<Self, LabError> {
        let timeline = Timeline::new(scenario)?;
        Ok(Self { timeline, model: options.disk_model, crash: None, opened: None })
    }

    /// The story behind it.
    #[must_use]
    pub const fn story(&self) -> &Timeline {
        &self.timeline
    }

    /// One look.
    pub fn snapshot(&mut self) -> Snapshot {
        let key = (self.timeline.branch().id, self.timeline.position(), self.model);
        if self.crash.as_ref().is_none_or(|(known, _)| *known != key) {
            let view = show::crash::crash(self.timeline.world(), self.model);
            self.crash = Some((key, view));
        }
        let crash = self.crash.as_ref().and_then(|(_, view)| view.clone());
        show::snapshot::snapshot(&self.timeline, self.model, crash)
    }

    /// The scrubber.
    #[must_use]
    pub fn timeline(&self) -> view::step::Timeline {
        show::timeline(&self.timeline)
    }

    /// A client sends a line. Goes to the step at which it is executed.
    ///
    /// # Errors
    /// `bad-command` with Redis's text, `not-here` for MONITOR, `not-running`, `too-large`,
    /// `bad-option` for a client that cannot be.
    pub fn submit(&mut self, client: u64, line: &str) -> Result<(), LabError> {
        if !(1..=CLIENT_LIMIT).contains(&client) {
            return Err(LabError::BadOption(format!("clients are 1 to {CLIENT_LIMIT}")));
        }
        let words = parse(line)?;
        if self.timeline.world().engine().is_none() {
            return Err(LabError::NotRunning);
        }
        let words = Arc::new(words);
        let input = Input::Command { client: ClientId(client), words: Arc::clone(&words) };
        self.act(input, Cause::Command)?;
        let sent = |fact: &Fact| match fact {
            Fact::Command { words: executed, .. } => Arc::ptr_eq(executed, &words),
            _ => false,
        };
        self.go_to_next(sent);
        Ok(())
    }

    /// One step forward.
    ///
    /// # Errors
    /// `no-such-step` at the end.
    pub fn step(&mut self) -> Result<(), LabError> {
        self.seek(self.timeline.position() + 1)
    }

    /// One step back.
    ///
    /// # Errors
    /// `no-such-step` at the beginning.
    pub fn step_back(&mut self) -> Result<(), LabError> {
        let before = self.timeline.position().checked_sub(1);
        let before = before
            .ok_or_else(|| LabError::NoSuchStep("there is no step before the first".to_owned()))?;
        self.seek(before)
    }

    /// To any known step.
    ///
    /// # Errors
    /// `no-such-step`.
    pub fn seek(&mut self, step: u64) -> Result<(), LabError> {
        Ok(self.timeline.seek(step)?)
    }

    /// Forward to the next step of that kind, if there is one.
    pub fn run_until(&mut self, kind: &str) {
        self.go_to_next(|fact| show::fact::shown(fact).kind() == kind);
    }

    fn go_to_next(&mut self, wanted: impl Fn(&Fact) -> bool) {
        let position = self.timeline.position();
        let found = (0_u64..)
            .zip(self.timeline.marks())
            .find(|(step, mark)| *step > position && wanted(&mark.fact));
        if let Some((step, _)) = found {
            // A known mark is a step that can be sought.
            let sought = self.timeline.seek(step);
            debug_assert!(sought.is_ok(), "{sought:?}");
        }
    }

    /// Time passes.
    ///
    /// # Errors
    /// `not-running`, `too-large`.
    pub fn wait(&mut self, millis: u64) -> Result<(), LabError> {
        if millis > WAIT_LIMIT_MS {
            return Err(LabError::TooLarge { what: "a wait", size: millis, limit: WAIT_LIMIT_MS });
        }
        if self.timeline.world().down().is_some() {
            return Err(LabError::NotRunning);
        }
        Ok(self.timeline.wait(millis * 1_000)?)
    }

    /// Something is wrong with the disk from now on.
    ///
    /// # Errors
    /// `bad-option` for another name, `not-running`.
    pub fn fault(&mut self, name: &str) -> Result<(), LabError> {
        let fault = Fault::parse(name)
            .ok_or_else(|| LabError::BadOption(format!("there is no fault {name}")))?;
        self.strike(Input::Fault(fault), Cause::Fault)
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// `not-running`.
    pub fn kill(&mut self) -> Result<(), LabError> {
        self.strike(Input::Kill, Cause::Killed)
    }

    /// `kill -9` of the rewrite child. The server goes on.
    ///
    /// # Errors
    /// `not-running` when there is none.
    pub fn kill_child(&mut self) -> Result<(), LabError> {
        if !show::rewrite::child_lives(self.timeline.world()) {
            return Err(LabError::NotRunning);
        }
        self.strike(Input::KillChild, Cause::Fault)
    }

    /// The power plug.
    ///
    /// # Errors
    /// `not-running`.
    pub fn cut_power(&mut self) -> Result<(), LabError> {
        self.strike(Input::CutPower, Cause::PowerCut)
    }

    fn strike(&mut self, input: Input, cause: Cause) -> Result<(), LabError> {
        if self.timeline.world().down().is_some() {
            return Err(LabError::NotRunning);
        }
        self.act(input, cause)?;
        self.step()
    }

    /// The server is started again; goes to the first step of the start.
    ///
    /// # Errors
    /// `not-crashed`, `no-such-image`.
    pub fn boot(&mut self, image: &BootImage) -> Result<(), LabError> {
        self.boot_from(image.pick())
    }

    fn boot_from(&mut self, pick: Pick) -> Result<(), LabError> {
        let world = self.timeline.world();
        let down = world.down().ok_or(LabError::NotCrashed)?;
        if down.scene.is_none() || !world.has_image(&pick, self.model) {
            return Err(LabError::NoSuchImage);
        }
        self.act(Input::Boot { pick, model: self.model }, Cause::Boot)?;
        self.step()
    }

    /// The length nearest to this one that a disk may have now.
    #[must_use]
    pub fn length_near(&self, wanted_bytes: u64) -> Option<u64> {
        self.timeline.world().length_near(wanted_bytes, self.model)
    }

    /// Back to the moment before the failure.
    ///
    /// # Errors
    /// `not-crashed`.
    pub fn undo_crash(&mut self) -> Result<(), LabError> {
        let failed = matches!(self.timeline.branch().cause, Cause::Killed | Cause::PowerCut);
        if failed {
            return Ok(self.timeline.leave()?);
        }
        // A server that ended itself: the step before that.
        let position = self.timeline.position();
        let end = (0_u64..)
            .zip(self.timeline.marks())
            .find(|(step, mark)| *step <= position && matches!(mark.fact, Fact::Halt(_)));
        match end {
            Some((step, _)) => self.seek(step.saturating_sub(1)),
            None => Err(LabError::NotCrashed),
        }
    }

    /// Looks at another branch.
    ///
    /// # Errors
    /// `no-such-branch`.
    pub fn select_branch(&mut self, id: u64) -> Result<(), LabError> {
        Ok(self.timeline.select(id)?)
    }

    /// The same inputs under other settings. Another disk model changes nothing that happened.
    ///
    /// # Errors
    /// `bad-aof` when the log cannot be loaded under them, `too-large`.
    pub fn configure(
        &mut self,
        policy: Option<Policy>,
        profile: Option<ProfileName>,
        model: Option<DiskModel>,
    ) -> Result<(), LabError> {
        self.model = model.unwrap_or(self.model);
        let settings = self.timeline.branch().settings().clone();
        if settings.trace.is_some() && (policy.is_some() || profile.is_some()) {
            let text = "a recorded run has the settings that it was recorded with";
            return Err(LabError::BadOption(text.to_owned()));
        }
        let config = Config {
            appendfsync: policy.unwrap_or(settings.config.appendfsync),
            profile: profile.unwrap_or(settings.config.profile),
            ..settings.config.clone()
        };
        if config != settings.config {
            self.timeline.configure(Settings { config, ..settings })??;
        }
        Ok(())
    }

    /// Words that can complete a line: commands, then keys.
    #[must_use]
    pub fn complete(&self, line: &str) -> Vec<String> {
        let Some((_, last)) = line.rsplit_once(' ') else {
            let start = line.to_ascii_lowercase();
            let names = COMMANDS.iter().filter(|command| command.name.starts_with(&start));
            let mut names: Vec<String> = names.map(|command| command.upper_name()).collect();
            names.sort();
            names.truncate(COMPLETIONS);
            return names;
        };
        let Some(keyspace) = show::log::keyspace(self.timeline.world()) else { return Vec::new() };
        let keys = keyspace.databases().flat_map(|(_, database)| database.iter());
        let mut keys: Vec<String> = keys
            .take(show::log::KEYS_SHOWN)
            .filter_map(|entry| std::str::from_utf8(entry.key).ok())
            .filter(|key| key.starts_with(last) && !key.contains([' ', '"', '\'']))
            .map(str::to_owned)
            .collect();
        keys.sort();
        keys.dedup();
        keys.truncate(COMPLETIONS);
        keys
    }

    /// The log file as the kernel has it.
    #[must_use]
    pub fn export_aof(&self) -> Vec<u8> {
        let machine = self.timeline.world().machine();
        machine.disk.file(machine.inode).map_or_else(Vec::new, |stored| stored.cached().to_vec())
    }

    /// A new branch over a log that was brought in.
    ///
    /// # Errors
    /// `too-large`, `bad-aof`.
    pub fn import_aof(&mut self, bytes: Vec<u8>) -> Result<(), LabError> {
        if bytes.len() > AOF_LIMIT_BYTES {
            let (size, limit) = (bytes.len() as u64, AOF_LIMIT_BYTES as u64);
            return Err(LabError::TooLarge { what: "the log", size, limit });
        }
        let now = self.timeline.branch().settings();
        let settings = Settings {
            config: now.config.clone(),
            seed: now.seed,
            aof: Arc::new(bytes),
            ..Settings::default()
        };
        self.timeline.add_branch(None, Cause::Import, settings, Vec::new())??;
        Ok(())
    }

    /// The run up to here as a trace.
    ///
    /// # Errors
    /// When the branch cannot be run again, which it could before.
    pub fn export_trace(&self) -> Result<Vec<u8>, LabError> {
        Ok(self.timeline.trace()?)
    }

    /// What the branch that is looked at is made of.
    #[must_use]
    pub fn export_run(&self) -> Vec<u8> {
        self.timeline.branch().run().to_bytes()
    }

    /// A new branch that follows a recorded run of a server. Every effect and every digest is
    /// compared first.
    ///
    /// # Errors
    /// `too-large`, `bad-trace`.
    pub fn import_trace(&mut self, bytes: &[u8]) -> Result<(), LabError> {
        if bytes.len() > TRACE_LIMIT_BYTES {
            let (size, limit) = (bytes.len() as u64, TRACE_LIMIT_BYTES as u64);
            return Err(LabError::TooLarge { what: "the trace", size, limit });
        }
        let bad = |error: TraceFailed| LabError::BadTrace(error.to_string());
        let settings = settings_of(bytes).map_err(bad)?;
        let mut world = World::new(settings.clone()).map_err(|error| bad(error.into()))?;
        while world.follows() {
            world.step();
        }
        if let Some(record) = world.differs_at() {
            return Err(bad(TraceFailed::Differs { record }));
        }
        self.timeline.add_branch(None, Cause::Import, settings, Vec::new())??;
        Ok(())
    }

    fn act(&mut self, input: Input, cause: Cause) -> Result<(), LabError> {
        Ok(self.timeline.act(input, cause)?)
    }

    /// Whether the server is being started.
    #[must_use]
    pub fn is_booting(&self) -> bool {
        matches!(self.timeline.world().phase(), Phase::Booting(_))
    }
}

/// A line as words, if it is a command that exists and can have so many.
fn parse(line: &str) -> Result<OwnedArgv, LabError> {
    if line.len() > LINE_LIMIT_BYTES {
        let (size, limit) = (line.len() as u64, LINE_LIMIT_BYTES as u64);
        return Err(LabError::TooLarge { what: "the line", size, limit });
    }
    let words = OwnedArgv::from_quoted_line(line.as_bytes())
        .map_err(|_| LabError::BadCommand("Invalid argument(s)".to_owned()))?;
    let argv = words.as_argv();
    if argv.is_empty() {
        return Err(LabError::BadCommand("empty line".to_owned()));
    }
    // Its lines belong to no command, so no place of the page could show them.
    if argv.name().eq_ignore_ascii_case(b"MONITOR") {
        return Err(LabError::NotHere);
    }
    if lookup(argv.name()).is_some_and(|command| command.accepts(argv.len())) {
        Ok(words)
    } else {
        Err(LabError::BadCommand(refusal(argv)))
    }
}

/// What the server would answer to a command that it refuses to look at.
fn refusal(argv: Argv<'_>) -> String {
    let mut executor = Executor::new(Config::default(), Keyspace::new(0), 0);
    let mut session = Session::new(ClientId(1));
    let (mut bytes, mut log) = (Vec::new(), Propagation::off());
    executor.execute(&mut session, argv, Millis(0), &NoFacts, &mut bytes, &mut log);
    reply::shown(&bytes)
}

//! A start, one step at a time: the same machine as in a real server, on the simulated disk.

use std::sync::Arc;

use crate::config::Config;
use crate::digest::Digest;
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::{LoadError, Loader, Replayed, Tail, TailClass};
use crate::resp::OwnedArgv;
use crate::sim::fact::Fact;
use crate::sim::machine::Machine;
use crate::sim::recover::piece;
use crate::start::{Opened, Removal, Start, StartAction, StartError, StartStep, Started};
use crate::units::Errno;

/// Only so many commands of a load are steps of their own. In a longer log, those before the last
/// so many are part of the first step that loads: nobody looks at ten thousand steps, and a run
/// holds no more.
pub const STEPPED_COMMANDS: u64 = 1_000;

/// A start in progress.
#[derive(Clone, Debug)]
pub struct Boot {
    start: Start,
    config: Config,
    name: String,
    /// Bytes of the log, fixed when it was opened.
    size_bytes: u64,
    /// Where the commands begin that are steps of their own.
    stepped_from: u64,
    /// The first command that the failure did not leave whole: its first byte and its length.
    torn: Option<(u64, u64)>,
}

/// What one step of a start came to.
pub(crate) enum Booted {
    /// It goes on.
    Step(Fact),
    /// A command was loaded: its place and its bytes.
    Command { fact: Fact, entry: LoadedEntry },
    /// Everything is ready.
    Ready(Box<Started>),
    /// It failed.
    Refused(StartError),
}

/// One command of the log, for the journal.
#[derive(Clone, Debug)]
pub(crate) struct LoadedEntry {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) words: Arc<OwnedArgv>,
}

impl Boot {
    /// A start from the file that the configuration names.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let name = config.appendfilename.clone();
        let executor = Executor::new(config.clone(), Keyspace::new(seed), seed);
        let start = Start::new(executor);
        Self { start, config, name, size_bytes: 0, stepped_from: 0, torn: None }
    }

    /// What is remembered of the command that the failure tore: its first byte and its length.
    #[must_use]
    pub(crate) fn remembering(self, torn: Option<(u64, u64)>) -> Self {
        Self { torn, ..self }
    }

    fn torn_bytes(&self, tail: &Tail) -> Option<u64> {
        let place = match tail.class {
            TailClass::Truncated { place, .. } | TailClass::ZeroTail { place, .. } => place,
            TailClass::OpenTransaction => return None,
        };
        self.torn.filter(|(from, _)| *from == place.offset).map(|(_, length)| length)
    }

    /// What the server starts with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The dataset so far, while the log is loaded.
    #[must_use]
    pub fn keyspace(&self) -> Option<&Keyspace> {
        self.start.loader().map(|loader| &loader.executor().keyspace)
    }

    /// Commands loaded so far, while the log is loaded.
    #[must_use]
    pub fn commands(&self) -> Option<u64> {
        self.start.loader().map(Loader::commands)
    }

    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.size_bytes);
        digest.put_optional_u64(self.commands());
        if let Some(keyspace) = self.keyspace() {
            keyspace.digest_into(digest);
        }
    }

    /// Takes the next step. `loaded` is told every command, also those that are no steps.
    pub(crate) fn step(&mut self, machine: &mut Machine, loaded: &mut Vec<LoadedEntry>) -> Booted {
        match self.try_step(machine, loaded) {
            Ok(booted) => booted,
            Err(error) => Booted::Refused(error),
        }
    }

    fn try_step(
        &mut self,
        machine: &mut Machine,
        loaded: &mut Vec<LoadedEntry>,
    ) -> Result<Booted, StartError> {
        loop {
            let action = match self.start.next_step()? {
                StartStep::Ready => return self.ready(),
                StartStep::Loaded(replayed) => {
                    let entry = entry_of(&replayed);
                    if entry.from < self.stepped_from {
                        loaded.push(entry);
                        continue;
                    }
                    let fact = Fact::BootCommand {
                        command: replayed.command.place.command,
                        words: Arc::clone(&entry.words),
                        from: entry.from,
                        to: entry.to,
                    };
                    return Ok(Booted::Command { fact, entry });
                }
                StartStep::Perform(action) => action,
            };
            if let Some(fact) = self.perform(machine, action)? {
                return Ok(Booted::Step(fact));
            }
        }
    }

    fn perform(
        &mut self,
        machine: &mut Machine,
        action: StartAction,
    ) -> Result<Option<Fact>, StartError> {
        match action {
            StartAction::Open => {
                let created = machine.disk.cached_name(&self.name).is_none();
                machine.inode = machine.disk.open(&self.name, machine.clock);
                let content = machine.disk.file(machine.inode).map_or(&[][..], |s| s.cached());
                self.size_bytes = content.len() as u64;
                self.stepped_from = last_commands_from(content, STEPPED_COMMANDS);
                self.start.opened(Ok(Opened { created, size_bytes: self.size_bytes }))?;
                Ok(Some(Fact::BootOpen { image_bytes: self.size_bytes }))
            }
            StartAction::Read { offset, max_bytes } => {
                let stored = machine.disk.file(machine.inode);
                let content = stored.map_or(Err(Errno(9)), |stored| Ok(stored.cached()));
                self.start.read(content.map(|content| piece(content, offset, max_bytes)))?;
                Ok(None)
            }
            StartAction::Truncate { length_bytes } => {
                let result = machine.disk.truncate(machine.inode, length_bytes, machine.clock);
                let cut = self.start.cut();
                self.start.done(result)?;
                let torn_bytes = cut.and_then(|tail| self.torn_bytes(&tail));
                Ok(cut.map(|tail| Fact::BootTruncate { tail, torn_bytes }))
            }
            StartAction::SyncFile => {
                let sync = machine.disk.begin_sync(machine.inode);
                machine.clock.0 += sync.duration_micros;
                let result = machine.disk.finish_sync(sync);
                self.start.done(result)?;
                Ok(Some(Fact::BootSync))
            }
            StartAction::SyncDirectory => {
                machine.clock.0 += machine.disk.parameters().sync_base_micros;
                let result = machine.disk.sync_directory();
                self.start.done(result)?;
                Ok(Some(Fact::BootSyncDirectory))
            }
            StartAction::FindOrphans => {
                let names = machine.disk.names();
                self.start.found(
                    names.into_iter().filter(|name| machine.disk.cached_name(name).is_some()),
                )?;
                Ok(None)
            }
            StartAction::Remove { name, child } => {
                let lives = machine.child.as_ref().is_some_and(|known| known.id == child);
                let text = name.text(&self.name);
                let removal = if lives {
                    Removal::InUse
                } else {
                    match machine.disk.unlink(&text, machine.clock) {
                        Ok(()) => Removal::Removed,
                        Err(errno) => Removal::Failed(errno),
                    }
                };
                self.start.removed(removal)?;
                Ok(Some(Fact::BootRemoved { name: text, removed: removal == Removal::Removed }))
            }
        }
    }

    fn ready(&mut self) -> Result<Booted, StartError> {
        Ok(Booted::Ready(Box::new(self.start.clone().into_started()?)))
    }
}

fn entry_of(replayed: &Replayed<'_>) -> LoadedEntry {
    LoadedEntry {
        from: replayed.command.place.offset,
        to: replayed.command.end(),
        words: Arc::new(OwnedArgv::from(replayed.command.argv)),
    }
}

/// Where the last `count` commands of a log begin, as a rough reader sees it: a line that starts
/// with `*`. Being wrong here only means more or fewer steps.
fn last_commands_from(content: &[u8], count: u64) -> u64 {
    let mut seen = 0;
    for (index, pair) in content.windows(2).enumerate().rev() {
        if pair == b"\n*" {
            seen += 1;
            if seen == count {
                return index as u64 + 1;
            }
        }
    }
    0
}

/// Class and place of a refusal, for those who show it.
pub(crate) fn place_of(error: &StartError) -> u64 {
    match error {
        StartError::Load(LoadError::Broken(broken)) => broken.place.offset,
        StartError::Load(error) => error.valid_up_to(),
        StartError::Read { offset, .. } => *offset,
        _ => 0,
    }
}

//! How a world begins, and how a server in it begins again.

use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;

use crate::engine::Engine;
use crate::event::Event;
use crate::keyspace::Keyspace;
use crate::profile::OpenMulti;
use crate::sim::boot::{Boot, Booted, LoadedEntry, STEPPED_COMMANDS, place_of};
use crate::sim::disk::{Disk, Origin, Stored};
use crate::sim::fact::Fact;
use crate::sim::journal::Journal;
use crate::sim::machine::{Machine, Positions};
use crate::sim::recover::load_class;
use crate::sim::world::{Down, DownKind, EPOCH, Phase, Settings, World};
use crate::start::{StartError, Started};
use crate::units::{FileId, Micros};

/// A world cannot begin: its log cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct StartFailed(#[from] pub StartError);

/// Where a load stands that is compared with the journal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loading {
    /// Entries of the journal that were met.
    met: usize,
    /// A transaction that the journal does not know, so far.
    transaction: Option<(u64, Vec<u8>)>,
    commands: u64,
}

/// Starts the server before the first step: its steps are not shown, and time begins after them.
pub(super) fn start(settings: Settings) -> Result<World, StartFailed> {
    let disk = disk_with(&settings);
    let name = settings.config.appendfilename.clone();
    let machine = Machine::new(disk, &name, EPOCH, settings.rewriting);
    let boot = Boot::new(settings.config.clone(), settings.seed);
    let mut world = World {
        phase: Phase::Booting(Box::new(boot)),
        machine,
        journal: Journal::starting_at(0),
        inputs: std::collections::VecDeque::new(),
        base: Rc::new(Keyspace::new(settings.seed)),
        loading: Loading::default(),
        synced_before_boot: 0,
        turn_open: false,
        next_tick: Micros(0),
        last_input: Micros(0),
        waiting_until: Micros(0),
        steps: 0,
        lives: 0,
        last_sync_started: None,
        recorder: None,
        following: None,
        rewriting: None,
        tick_follows: false,
        settings,
    };
    while let Phase::Booting(_) = world.phase {
        world.boot_step();
    }
    if let Phase::Down(down) = &world.phase
        && let DownKind::Refused(error) = &down.kind
    {
        return Err(StartFailed(StartError::clone(error)));
    }
    world.begin();
    Ok(world)
}

impl World {
    /// Time starts now.
    fn begin(&mut self) {
        self.machine.clock = Micros(0);
        let loaded = self.journal.end();
        if self.loading.commands > STEPPED_COMMANDS
            && let Phase::Running(engine) = &self.phase
        {
            // A long log is where the story begins and not part of it.
            self.base = Rc::new(engine.executor().keyspace.clone());
            self.journal = Journal::starting_at(loaded);
        }
        self.renew_engine();
        self.follow_trace();
        self.begin_trace();
        for (sync, micros) in &self.settings.stalled_syncs_micros {
            self.machine.disk.stall_sync(*sync, *micros);
        }
        for client in self.settings.clients.clone() {
            let client = self.connection(client);
            self.handle(Event::Connected { client, peer: crate::peer::Peer::Simulated });
        }
        self.turn_open = false;
    }

    /// The engine was made before time was set back.
    fn renew_engine(&mut self) {
        let Phase::Running(engine) = &self.phase else { return };
        let mut keyspace = engine.executor().keyspace.clone();
        keyspace.watch_writes();
        let length = engine.ledger().appended().0;
        let (now, mono) = (self.machine.wall(), self.machine.clock);
        let config = self.settings.config.clone();
        let engine = Engine::new(config, self.settings.seed, keyspace, length, now, mono);
        self.phase = Phase::Running(Box::new(engine));
    }

    /// Takes one step of a start.
    pub(crate) fn boot_step(&mut self) -> Fact {
        let Phase::Booting(boot) = &mut self.phase else { return Fact::Start };
        let mut silent = Vec::new();
        let booted = boot.step(&mut self.machine, &mut silent);
        for entry in &silent {
            self.loaded(entry);
        }
        match booted {
            Booted::Step(fact) => fact,
            Booted::Command { fact, entry } => {
                self.loaded(&entry);
                fact
            }
            Booted::Ready(started) => self.ready(*started),
            Booted::Refused(error) => self.refused(error),
        }
    }

    /// Compares one loaded command with the journal: what it knows keeps its memory, what it does
    /// not know is new to it. The dataset with which a rewritten file begins is everything that was
    /// executed before.
    fn loaded(&mut self, loaded: &LoadedEntry) {
        self.loading.commands += 1;
        let origin = self.loaded_origin();
        if loaded.to <= origin.offset {
            return;
        }
        let position = |offset: u64| origin.position + offset.saturating_sub(origin.offset);
        let (start, end) = (position(loaded.from), position(loaded.to));
        if end <= self.journal.base_bytes() {
            return;
        }
        let entries = self.journal.entries();
        let before = entries.partition_point(|entry| entry.to <= origin.position);
        self.loading.met = self.loading.met.max(before);
        let known = self.journal.entries().get(self.loading.met);
        if self.loading.transaction.is_none()
            && known.is_some_and(|entry| {
                (entry.from, entry.to) == (start, end)
                    && entry.words.as_bytes() == loaded.words.as_bytes()
            })
        {
            self.loading.met += 1;
            return;
        }
        let name = loaded.words.as_argv().name();
        let opens = name.eq_ignore_ascii_case(b"MULTI");
        let closes = name.eq_ignore_ascii_case(b"EXEC");
        let (from, mut bytes) = self.loading.transaction.take().unwrap_or((start, Vec::new()));
        bytes.extend_from_slice(loaded.words.as_bytes());
        let continues = from < start && !closes;
        if opens || continues {
            self.loading.transaction = Some((from, bytes));
            return;
        }
        self.journal.cut_back_to(from);
        self.journal.loaded(from, &bytes, self.machine.clock);
        self.loading.met = self.journal.entries().len();
    }

    /// The log may end in a transaction that is open. Where that was applied, it is one more unit;
    /// else the file may still have it, and the dataset has nothing from its MULTI on.
    fn left_open(&mut self, open_multi: OpenMulti) {
        let Some((from, bytes)) = self.loading.transaction.take() else { return };
        match open_multi {
            OpenMulti::Reverted | OpenMulti::KeptWhenTorn => self.journal.cut_back_to(from),
            OpenMulti::Applied => {
                self.journal.cut_back_to(from);
                self.journal.loaded(from, &bytes, self.machine.clock);
            }
        }
    }

    /// How the file that is loaded and positions go together.
    fn loaded_origin(&self) -> Origin {
        self.machine.disk.file(self.machine.inode).map(Stored::origin).unwrap_or_default()
    }

    fn ready(&mut self, started: Started) -> Fact {
        let Started { mut executor, length_bytes, commands, .. } = started;
        let origin = self.loaded_origin();
        let end = origin.position_of(length_bytes).unwrap_or(length_bytes);
        self.journal.cut_back_to(end);
        self.left_open(executor.config.choices().open_multi);
        self.machine.positions = Positions { engine: length_bytes, world: end };
        self.machine.opened_log(FileId::LIVE);
        let keys = executor.keyspace.len() as u64;
        executor.keyspace.watch_writes();
        let (now, mono) = (self.machine.wall(), self.machine.clock);
        let config = executor.config;
        let seed = self.settings.seed;
        let engine = Engine::new(config, seed, executor.keyspace, length_bytes, now, mono);
        self.phase = Phase::Running(Box::new(engine));
        self.rewriting = None;
        self.turn_open = false;
        self.begin_trace();
        Fact::BootReady { commands, keys, length_bytes }
    }

    fn refused(&mut self, error: StartError) -> Fact {
        let error = Arc::new(error);
        let (class, at) = (load_class(&error), place_of(&error));
        let config = match &self.phase {
            Phase::Booting(boot) => boot.config().clone(),
            Phase::Running(_) | Phase::Down(_) => self.settings.config.clone(),
        };
        let kind = DownKind::Refused(Arc::clone(&error));
        self.phase = Phase::Down(Box::new(Down { kind, scene: None, config }));
        Fact::BootRefused { error, class, at }
    }
}

/// A disk with the log on it, as a start wants it.
fn disk_with(settings: &Settings) -> Disk {
    let mut disk = Disk::new(settings.parameters);
    disk.install(&settings.config.appendfilename, settings.aof.to_vec());
    disk
}

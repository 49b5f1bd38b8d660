//! The dataset after every unit that was executed, kept while a world goes on.
//!
//! It comes from running the log that the engine produced. That this is what the engine had in
//! memory is checked by [`World::log_describes_memory`].

use std::rc::Rc;

use crate::config::Config;
use crate::execute::Executor;
use crate::explore::Told;
use crate::keyspace::Keyspace;
use crate::promise::{History, Unit};
use crate::session::Session;
use crate::sim::disk::Inode;
use crate::sim::journal::{Journal, Origin};
use crate::sim::world::{Phase, World};
use crate::units::ClientId;

/// What was executed, with the dataset after each unit.
#[derive(Clone, Debug)]
pub(crate) struct Chronicle {
    executor: Executor,
    session: Session,
    from: u64,
    start_digest: u128,
    units: Vec<Unit>,
    /// Entries of the journal that were run.
    entries: usize,
    /// The life of the server, whether it has served in it, and what it began with. With another of
    /// these the journal may have been cut.
    told_by: (u64, bool, Rc<Keyspace>),
}

impl Chronicle {
    /// Nothing yet, of this journal of this world.
    pub(crate) fn of(world: &World, journal: &Journal) -> Self {
        let base = Rc::clone(&world.base);
        Self::beginning(world, journal, base, world.config_of_start())
    }

    pub(super) fn beginning(
        world: &World,
        journal: &Journal,
        base: Rc<Keyspace>,
        config: &Config,
    ) -> Self {
        let seed = world.settings.seed;
        Self {
            executor: Executor::new(config.clone(), Keyspace::clone(&base), seed),
            session: Session::new(ClientId(u64::MAX)),
            from: journal.base_bytes(),
            start_digest: base.content_digest(),
            units: Vec::new(),
            entries: 0,
            told_by: (world.lives(), matches!(world.phase, Phase::Running(_)), base),
        }
    }

    /// Goes on to where this world stands.
    pub(crate) fn follow(&mut self, world: &World) {
        let (lives, ran, base) = &self.told_by;
        let runs = matches!(world.phase, Phase::Running(_));
        let goes_on = *lives == world.lives() && *ran && runs && Rc::ptr_eq(base, &world.base);
        if !goes_on || self.units.len() > world.journal.units().len() {
            *self = Self::of(world, &world.journal);
        }
        self.read(&world.journal, 0);
    }

    /// Runs what the journal has more. Units before `digested` are run, and get no digest.
    pub(crate) fn read(&mut self, journal: &Journal, digested: usize) {
        let units = journal.units();
        for (number, unit) in units.iter().enumerate().skip(self.units.len()) {
            let entries = journal.entries().get(self.entries..).unwrap_or_default();
            for entry in entries.iter().take_while(|entry| entry.unit == number) {
                self.entries += 1;
                let name = entry.words.as_argv().name();
                let bracket = entry.origin == Origin::Log && !name.eq_ignore_ascii_case(b"SELECT");
                if !bracket {
                    // A command that the engine logged replays; if it did not, the digest differs.
                    let _ = self.executor.replay(&mut self.session, entry.words.as_argv());
                }
            }
            let digest =
                if number >= digested { self.executor.keyspace.content_digest() } else { 0 };
            self.units.push(Unit { end: unit.to, digest });
        }
    }

    /// What was executed.
    pub(crate) fn told(&self) -> Told<'_> {
        let history = History { start_digest: self.start_digest, units: &self.units };
        Told { from: self.from, history }
    }
}

impl World {
    /// What the rewritten file that is to turn the log on tells, until it is the log.
    pub(crate) fn other_chronicle(&self) -> Option<(Inode, Chronicle)> {
        let (inode, keyspace, position) = self.dataset_without_log()?;
        let mut journal = self.journal.clone();
        journal.begins_at(position);
        let base = Rc::clone(keyspace);
        let mut chronicle = Chronicle::beginning(self, &journal, base, self.config_of_start());
        chronicle.read(&journal, 0);
        Some((inode, chronicle))
    }
}

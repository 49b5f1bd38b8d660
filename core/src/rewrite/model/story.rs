//! What was executed and acknowledged, and what a failure would leave now.

use std::collections::{BTreeMap, BTreeSet};

use crate::aof::log::State as LogState;
use crate::config::{Config, Policy};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::ledger::Ledger;
use crate::promise::{Breach, Failure, Ground, History, Promise, Reached, Recovered, Unit};
use crate::promise::{check, promised};
use crate::rewrite::names::FileName;
use crate::sim::recover::recover;
use crate::units::Lsn;

use super::disk::{Disk, Inode};

/// Something that must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// A failure now leaves less than was promised, or nothing that is a prefix.
    Broken { failure: When, how: How },
    /// The ledger says more than this failure would leave.
    LedgerAbove { failure: When },
    /// A position of the ledger went back.
    LedgerWentBack,
    /// A reply that nothing will ever release.
    Stuck,
    /// A client was closed without its reply, although nothing fails any more.
    ClosedUnanswered,
    /// An assertion of the engine.
    Panicked,
    /// One of the numbered invariants, see the design of the switch.
    Invariant(&'static str),
}

/// [`Failure`], in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum When {
    Killed,
    PowerCut,
}

/// How a promise breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// The log cannot be loaded.
    Refused,
    /// The dataset is none that ever was.
    NotAPrefix,
    /// What was acknowledged is gone.
    AcknowledgedIsLost,
    /// What a completed sync had covered is gone.
    SyncedIsLost,
}

/// What happened so far, as far as promises go. Positions of the log are counted in units here:
/// a promise only compares them.
#[derive(Clone, Debug)]
pub(super) struct Story {
    start: u128,
    /// Dataset after each unit, and where it ends in the log.
    units: Vec<(u128, Lsn)>,
    /// Which unit a client's write was, counted from 1.
    written_by: BTreeMap<u64, usize>,
    /// Clients that wrote in this turn.
    this_turn: BTreeSet<u64>,
    /// Clients whose turn ended under `always`.
    under_always: BTreeSet<u64>,
    acknowledged: usize,
    acknowledged_after_sync: usize,
    /// What the log loads to that a rewrite is to replace, where the log was off before.
    older: Option<u128>,
    /// Whether the ledger must be true, besides promises being kept.
    pub(super) ledger_is_judged: bool,
    ledger: Ledger,
    /// When it was judged last: nothing is judged twice.
    looked: Option<Looked>,
}

impl Story {
    pub(super) fn new(engine: &Engine, older: Option<u128>) -> Self {
        Self {
            start: engine.executor().keyspace.content_digest(),
            units: Vec::new(),
            written_by: BTreeMap::new(),
            this_turn: BTreeSet::new(),
            under_always: BTreeSet::new(),
            acknowledged: 0,
            acknowledged_after_sync: 0,
            older,
            ledger_is_judged: true,
            ledger: *engine.ledger(),
            looked: None,
        }
    }

    /// A command of this client has run.
    pub(super) fn executed(&mut self, client: u64, engine: &Engine) {
        let dataset = engine.executor().keyspace.content_digest();
        if dataset == self.units.last().map_or(self.start, |unit| unit.0) {
            return;
        }
        let end = engine.last_units().last().copied();
        self.units.push((dataset, end.unwrap_or(engine.ledger().appended())));
        self.written_by.insert(client, self.units.len());
        self.this_turn.insert(client);
    }

    pub(super) fn turn_ended(&mut self, engine: &Engine) {
        let turn = std::mem::take(&mut self.this_turn);
        if engine.config().appendfsync == Policy::Always && engine.log().state() == LogState::On {
            self.under_always.extend(turn);
        }
    }

    /// This client has been answered.
    pub(super) fn answered(&mut self, client: u64) {
        let Some(&unit) = self.written_by.get(&client) else { return };
        self.acknowledged = self.acknowledged.max(unit);
        if self.under_always.contains(&client) {
            self.acknowledged_after_sync = self.acknowledged_after_sync.max(unit);
        }
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    fn units_upto(&self, position: Lsn) -> u64 {
        self.units.iter().filter(|unit| unit.1 <= position).count() as u64
    }

    fn judge(
        &self,
        engine: &Engine,
        failure: Failure,
        recovered: Recovered,
    ) -> Result<(), Violation> {
        let when = if failure == Failure::Killed { When::Killed } else { When::PowerCut };
        let is_on = matches!(engine.log().state(), LogState::On | LogState::Stopping);
        // As long as the first rewrite is not complete, the log of before may still be there.
        let allowed = self.older.filter(|_| !is_on).map(Recovered::Dataset);
        if allowed == Some(recovered) {
            return Ok(());
        }
        let ledger = engine.ledger();
        let reached = Reached {
            written: self.units_upto(ledger.written()),
            synced: self.units_upto(ledger.synced()),
            acknowledged: self.acknowledged as u64,
            acknowledged_after_sync: self.acknowledged_after_sync as u64,
            written_back: 0,
        };
        let config = engine.config();
        let promise = if is_on {
            promised(failure, config.appendfsync, &config.choices(), reached)
        } else if engine.log().state() == LogState::Off {
            Promise { at_least_upto: 0, ground: Ground::Acknowledged }
        } else {
            // Once the new log can be found, it must have everything that was acknowledged.
            Promise { at_least_upto: reached.acknowledged, ground: Ground::Acknowledged }
        };
        let numbered = 1_u64..;
        let units: Vec<Unit> = self
            .units
            .iter()
            .zip(numbered)
            .map(|(&(digest, _), end)| Unit { end, digest })
            .collect();
        let history = History { start_digest: self.start, units: &units };
        let kept = check(&history, recovered, promise).map_err(|breach| Violation::Broken {
            failure: when,
            how: match (breach, promise.ground) {
                (Breach::Refused, _) => How::Refused,
                (Breach::NotAPrefix, _) => How::NotAPrefix,
                (Breach::TooShort { at_least, .. }, Ground::LastSync)
                    if at_least > self.acknowledged_after_sync =>
                {
                    How::SyncedIsLost
                }
                (Breach::TooShort { .. }, _) => How::AcknowledgedIsLost,
            },
        })?;
        let claimed = if failure == Failure::Killed { reached.written } else { reached.synced };
        if is_on && self.ledger_is_judged && (kept as u64) < claimed {
            return Err(Violation::LedgerAbove { failure: when });
        }
        Ok(())
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        digest.put_count(self.units.len());
        for (dataset, end) in &self.units {
            digest.put_u128(*dataset);
            digest.put_u64(end.0);
        }
        digest.put_count(self.acknowledged);
        digest.put_count(self.acknowledged_after_sync);
        digest.put_bytes(format!("{:?} {:?}", self.this_turn, self.under_always).as_bytes());
    }

    fn watch_ledger(&mut self, ledger: &Ledger) -> Result<(), Violation> {
        let before = std::mem::replace(&mut self.ledger, *ledger);
        let went_back = ledger.appended() < before.appended()
            || ledger.written() < before.written()
            || ledger.synced() < before.synced()
            || ledger.acknowledged() < before.acknowledged();
        if went_back { Err(Violation::LedgerWentBack) } else { Ok(()) }
    }
}

/// All that the judgement of a moment depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Looked {
    disk: u64,
    ledger: Ledger,
    log: LogState,
    policy: Policy,
    units: usize,
    acknowledged: (usize, usize),
}

/// Loads what failures leave, each content once.
pub(super) struct Judge {
    config: Config,
    loaded: BTreeMap<Option<Vec<u8>>, Recovered>,
    /// By what the medium may hold in full, and the shortest that it may hold of it.
    cut: BTreeMap<(Vec<u8>, usize), Vec<Recovered>>,
    /// Else only kills are judged.
    pub(super) power_may_be_cut: bool,
    /// Images that were judged.
    pub(super) judged: u64,
}

impl Judge {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            loaded: BTreeMap::new(),
            cut: BTreeMap::new(),
            judged: 0,
            power_may_be_cut: true,
        }
    }

    /// What this content loads to.
    pub(super) fn load(&mut self, content: Option<&[u8]>) -> Recovered {
        let content = content.map(<[u8]>::to_vec);
        if let Some(known) = self.loaded.get(&content) {
            return *known;
        }
        let recovered = recover(content.as_deref(), &self.config, 1).judged();
        self.loaded.insert(content, recovered);
        recovered
    }

    /// Everything that the file may load to after a power cut: each length from what is settled
    /// to what the cache has.
    fn after_power_cut(&mut self, disk: &Disk, inode: Option<Inode>) -> Vec<Recovered> {
        let Some(file) = inode.map(|inode| disk.file(inode)) else {
            return vec![self.load(None)];
        };
        let content = file.on_medium();
        let key = (content, file.shortest());
        if let Some(known) = self.cut.get(&key) {
            return known.clone();
        }
        let mut found = Vec::new();
        for length in key.1..=key.0.len() {
            let recovered = self.load(Some(&key.0[..length]));
            if !found.contains(&recovered) {
                found.push(recovered);
            }
        }
        self.cut.insert(key, found.clone());
        found
    }

    /// The same, even if nothing has changed.
    pub(super) fn look_again(
        &mut self,
        engine: &Engine,
        disk: &Disk,
        story: &mut Story,
    ) -> Result<(), Violation> {
        story.looked = None;
        self.look(engine, disk, story)
    }

    /// How many units a kill leaves.
    pub(super) fn units_after_kill(&mut self, story: &Story, disk: &Disk) -> Option<usize> {
        let named = disk.lookup(FileName::Log);
        let Recovered::Dataset(left) = self.load(named.map(|inode| disk.file(inode).cached()))
        else {
            return None;
        };
        let datasets = std::iter::once(story.start).chain(story.units.iter().map(|unit| unit.0));
        datasets.enumerate().filter(|(_, dataset)| *dataset == left).map(|(units, _)| units).last()
    }

    /// What happens if the process is killed now, or the power is cut.
    pub(super) fn look(
        &mut self,
        engine: &Engine,
        disk: &Disk,
        story: &mut Story,
    ) -> Result<(), Violation> {
        story.watch_ledger(engine.ledger())?;
        let looked = Looked {
            disk: disk.version(),
            ledger: *engine.ledger(),
            log: engine.log().state(),
            policy: engine.config().appendfsync,
            units: story.units.len(),
            acknowledged: (story.acknowledged, story.acknowledged_after_sync),
        };
        if story.looked.replace(looked) == Some(looked) {
            return Ok(());
        }
        let named = disk.lookup(FileName::Log);
        let left = self.load(named.map(|inode| disk.file(inode).cached()));
        self.judged += 1;
        story.judge(engine, Failure::Killed, left)?;
        if !self.power_may_be_cut {
            return Ok(());
        }
        let mut names = vec![disk.lookup_durable(FileName::Log), named];
        names.dedup();
        for inode in names {
            for recovered in self.after_power_cut(disk, inode) {
                self.judged += 1;
                story.judge(engine, Failure::PowerCut, recovered)?;
            }
        }
        Ok(())
    }
}

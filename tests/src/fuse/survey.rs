//! Every crash of a recorded run: which files it may leave, what each recovers to, and whether the
//! promise of the policy is kept.
//!
//! The workload is one connection's: unit *k* is its *k*-th command, so a dataset says how many of
//! them are in it. Positions in the log are not needed, and a promise is a number of units:
//!
//! - after a kill, all that were acknowledged;
//! - after a power cut under `always`, the same;
//! - under `everysec` and `no`, what the last sync of the log that succeeded has covered: as many
//!   units as the file that was the log then held when that sync began.

use std::collections::{BTreeMap, BTreeSet};

use aof_core::config::{Config, Policy};
use aof_core::digest::Digest;
use aof_core::execute::{Executor, NoFacts};
use aof_core::keyspace::Keyspace;
use aof_core::promise::{Breach, Failure, Ground, History, Promise, Recovered, Unit, check};
use aof_core::propagate::Propagation;
use aof_core::resp::OwnedArgv;
use aof_core::session::Session;
use aof_core::sim::crash::{DiskModel, Image, Limits, images};
use aof_core::sim::disk::{Inode, Parameters};
use aof_core::sim::operation::{Operation, Replay, Target};
use aof_core::sim::recover::recover;
use aof_core::units::{ClientId, Millis};

mod directories;
mod table;

pub use directories::{Directory, Limits as DirectoryLimits, survey_directories};
pub use table::{HEADING, Line};

/// A recorded run of one server.
#[derive(Clone, Debug)]
pub struct Run {
    /// What happened in its directory.
    pub operations: Vec<Operation>,
    /// The commands of its one client, in order.
    pub commands: Vec<String>,
    /// How it was configured: its policy, and how its log is to be loaded.
    pub config: Config,
}

/// Which file a breach was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// None: the name is gone.
    Nothing,
    /// One that was the log before: the rename of its successor did not arrive.
    Predecessor,
    /// The one that processes see as the log.
    Log,
    /// All files of the directory together are the log.
    Directory,
}

/// A crash that breaks the promise.
#[derive(Clone, Debug)]
pub struct Violation {
    /// After so many operations.
    pub operations: u64,
    /// The last of them.
    pub last: Operation,
    /// So many units were promised.
    pub promised: u64,
    /// In which file.
    pub found: Found,
    /// Length of the file, in bytes.
    pub length_bytes: u64,
    /// What is wrong.
    pub breach: Breach,
}

/// One failure under one model.
#[derive(Clone, Debug)]
pub struct Row {
    /// What failed.
    pub failure: Failure,
    /// What was assumed about the disk.
    pub model: DiskModel,
    /// Moments at which it failed.
    pub cuts: u64,
    /// Images at all moments together.
    pub images: u64,
    /// Images of different content among those that were listed.
    pub distinct: usize,
    /// How many of them were recovered.
    pub recovered: usize,
    /// How many of those did not load.
    pub refused: usize,
    /// Different datasets that the others lead to.
    pub datasets: usize,
    /// At some moment there were more than were listed.
    pub more_than: bool,
    /// How many of those that were recovered break the promise at some moment.
    pub broken: usize,
    /// Crashes that break the promise: the first of each kind of file and breach.
    pub violations: Vec<Violation>,
}

impl Row {
    const fn new(failure: Failure, model: DiskModel) -> Self {
        Self {
            failure,
            model,
            cuts: 0,
            images: 0,
            distinct: 0,
            recovered: 0,
            refused: 0,
            datasets: 0,
            more_than: false,
            broken: 0,
            violations: Vec::new(),
        }
    }

    /// Remembers a violation if it is the first of its kind.
    fn note(&mut self, violation: Violation) {
        let same = |known: &Violation| {
            let kind = |of: &Violation| (of.found, std::mem::discriminant(&of.breach));
            kind(known) == kind(&violation)
        };
        if !self.violations.iter().any(same) {
            self.violations.push(violation);
        }
    }

    /// Whether a breach was seen in such a file.
    #[must_use]
    pub fn has(&self, found: Found) -> bool {
        self.violations.iter().any(|violation| violation.found == found)
    }
}

/// The datasets after each prefix of a run's commands.
struct Prefixes {
    start_digest: u128,
    units: Vec<Unit>,
}

impl Prefixes {
    fn of(commands: &[String]) -> Self {
        let mut executor = Executor::new(Config::default(), Keyspace::new(1), 1);
        let start_digest = executor.keyspace.content_digest();
        let mut session = Session::new(ClientId(1));
        let units = commands.iter().zip(1..).map(|(command, end)| {
            let words: Vec<&[u8]> = command.split_whitespace().map(str::as_bytes).collect();
            let argv = OwnedArgv::from_words(&words);
            let (mut reply, mut log) = (Vec::new(), Propagation::off());
            let now = Millis(0);
            executor.execute(&mut session, argv.as_argv(), now, &NoFacts, &mut reply, &mut log);
            assert_ne!(reply.first(), Some(&b'-'), "{command}");
            Unit { end, digest: executor.keyspace.content_digest() }
        });
        let units = units.collect();
        Self { start_digest, units }
    }

    /// Of the dataset after so many units; of nothing that ever was, if there are not so many.
    fn digest(&self, units: u64) -> u128 {
        let index = usize::try_from(units).unwrap_or(usize::MAX).checked_sub(1);
        index.map_or(self.start_digest, |index| {
            self.units.get(index).map_or(u128::MAX, |unit| unit.digest)
        })
    }

    fn judge(&self, recovered: Recovered, promised: u64) -> Result<usize, Breach> {
        let history = History { start_digest: self.start_digest, units: &self.units };
        // A unit's position is its number.
        let promise = Promise { at_least_upto: promised, ground: Ground::Acknowledged };
        check(&history, recovered, promise)
    }
}

/// A run that is followed operation by operation.
struct Survey<'a> {
    run: &'a Run,
    prefixes: Prefixes,
    replay: Replay,
    /// Recoveries by content.
    recovered: BTreeMap<u128, Recovered>,
    /// Syncs of the log that have begun: units in it at that time.
    covering: BTreeMap<u64, u64>,
    /// Units that the last of them to succeed has covered.
    covered: u64,
}

impl Survey<'_> {
    /// A fingerprint of the content, and what it leads to.
    fn recover(&mut self, content: Option<&[u8]>) -> (u128, Recovered) {
        let mut digest = Digest::new();
        digest.put_bool(content.is_some());
        digest.put_bytes(content.unwrap_or_default());
        let (key, config) = (digest.finish(), &self.run.config);
        let recovered = self.recovered.entry(key);
        (key, *recovered.or_insert_with(|| recover(content, config, 1).judged()))
    }

    /// The file that processes see as the log.
    fn log(&self) -> Option<Inode> {
        self.replay.disk().cached_name(&self.run.config.appendfilename)
    }

    /// Follows what the server may believe about its syncs.
    fn follow(&mut self, operation: &Operation) {
        match operation {
            Operation::SyncBegins { call, target: Target::File(file) } => {
                let inode = self.replay.inode(*file);
                if inode.is_none() || inode != self.log() {
                    return;
                }
                let stored = inode.and_then(|inode| self.replay.disk().file(inode));
                let content = stored.map(|stored| stored.cached().to_vec());
                let (_, recovered) = self.recover(content.as_deref());
                if let Ok(units) = self.prefixes.judge(recovered, 0) {
                    self.covering.insert(*call, units as u64);
                }
            }
            Operation::SyncEnds { call, result } => {
                let units = self.covering.remove(call).unwrap_or(0);
                if result.is_ok() {
                    self.covered = self.covered.max(units);
                }
            }
            _ => {}
        }
    }

    fn promised(&self, failure: Failure) -> u64 {
        let acknowledged = self.replay.acknowledged_units();
        match (failure, self.run.config.appendfsync) {
            (Failure::Killed, _) | (Failure::PowerCut, Policy::Always) => acknowledged,
            (Failure::PowerCut, Policy::EverySec | Policy::No) => self.covered,
        }
    }

    fn kind(&self, image: &Image) -> Found {
        match image.inode {
            _ if image.content.is_none() => Found::Nothing,
            inode if inode == self.log() => Found::Log,
            _ => Found::Predecessor,
        }
    }
}

/// Whether an operation changes what a failure may leave.
const fn changes_disk(operation: &Operation) -> bool {
    !matches!(operation, Operation::SyncBegins { .. } | Operation::Acknowledged { .. })
}

const fn dataset(recovered: Recovered) -> Option<u128> {
    match recovered {
        Recovered::Dataset(digest) => Some(digest),
        Recovered::Refused => None,
    }
}

/// Images that lead to the same, at one moment.
struct Outcome {
    recovered: Recovered,
    /// Length of the first of them, in bytes.
    length_bytes: u64,
    /// Their fingerprints.
    contents: BTreeSet<u128>,
}

/// Lets the failure come after each operation of the run.
///
/// # Panics
/// If no program can have caused these operations.
#[must_use]
pub fn survey(run: &Run, failure: Failure, model: DiskModel, limits: Limits) -> Row {
    let mut survey = Survey {
        run,
        prefixes: Prefixes::of(&run.commands),
        replay: Replay::new(Parameters::default()),
        recovered: BTreeMap::new(),
        covering: BTreeMap::new(),
        covered: 0,
    };
    let mut row = Row::new(failure, model);
    let (mut distinct, mut broken) = (BTreeSet::<u128>::new(), BTreeSet::<u128>::new());
    let mut possible: BTreeMap<(Found, Option<u128>), Outcome> = BTreeMap::new();
    for (operation, operations) in run.operations.iter().zip(1..) {
        survey.replay.apply(operation).expect("a program did this");
        survey.follow(operation);
        row.cuts += 1;
        if changes_disk(operation) {
            possible.clear();
            let name = &run.config.appendfilename;
            let found = images(survey.replay.disk(), name, failure, model, limits);
            row.images += found.images.len() as u64;
            row.more_than |= found.more_than;
            for image in &found.images {
                let (content, recovered) = survey.recover(image.content.as_deref());
                let length_bytes = image.length_bytes();
                let key = (survey.kind(image), dataset(recovered));
                let contents = BTreeSet::new();
                let outcome = possible.entry(key);
                let outcome = outcome.or_insert(Outcome { recovered, length_bytes, contents });
                outcome.contents.insert(content);
                distinct.insert(content);
            }
        }
        let promised = survey.promised(failure);
        for (&(found, _), outcome) in &possible {
            let judgement = survey.prefixes.judge(outcome.recovered, promised);
            let Err(breach) = judgement else { continue };
            broken.extend(&outcome.contents);
            let (last, length_bytes) = (operation.clone(), outcome.length_bytes);
            row.note(Violation { operations, last, promised, found, length_bytes, breach });
        }
    }
    row.distinct = distinct.len();
    row.recovered = distinct.len();
    let led: Vec<_> = distinct.iter().filter_map(|content| survey.recovered.get(content)).collect();
    row.refused = led.iter().filter(|recovered| dataset(***recovered).is_none()).count();
    let datasets: BTreeSet<u128> =
        led.iter().filter_map(|recovered| dataset(**recovered)).collect();
    row.datasets = datasets.len();
    row.broken = broken.len();
    row
}

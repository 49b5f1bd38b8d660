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

use std::collections::BTreeMap;
use std::fmt;

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

/// One failure under one model: a line of the table.
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
    /// Images of different content; each was recovered once.
    pub distinct: usize,
    /// At some moment there were more than were listed.
    pub more_than: bool,
    /// Crashes that break the promise: the first of each kind of file and breach.
    pub violations: Vec<Violation>,
}

impl Row {
    /// Whether a breach was seen in such a file.
    #[must_use]
    pub fn has(&self, found: Found) -> bool {
        self.violations.iter().any(|violation| violation.found == found)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = match self.failure {
            Failure::Killed => "killed",
            Failure::PowerCut => "power cut",
        };
        let more = if self.more_than { " and more" } else { "" };
        let (model, cuts) = (self.model.as_str(), self.cuts);
        let (images, distinct) = (self.images, self.distinct);
        write!(out, "{failure:9} {model:12} {cuts:4} cuts {images:7} images{more}")?;
        write!(out, " {distinct:6} distinct")?;
        if self.violations.is_empty() {
            write!(out, "  kept")?;
        }
        for violation in &self.violations {
            let Violation { operations, promised, found, length_bytes, breach, .. } = violation;
            write!(out, "\n    BROKEN after operation {operations}: {promised} units promised; ")?;
            write!(out, "{found:?} of {length_bytes} bytes: {breach}")?;
        }
        Ok(())
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
    fn recover(&mut self, content: Option<&[u8]>) -> Recovered {
        let mut digest = Digest::new();
        digest.put_bool(content.is_some());
        digest.put_bytes(content.unwrap_or_default());
        let config = &self.run.config;
        *self
            .recovered
            .entry(digest.finish())
            .or_insert_with(|| recover(content, config, 1).judged())
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
                let recovered = self.recover(content.as_deref());
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
    let mut row = Row {
        failure,
        model,
        cuts: 0,
        images: 0,
        distinct: 0,
        more_than: false,
        violations: Vec::new(),
    };
    let mut possible: BTreeMap<(Found, Option<u128>), (Recovered, u64)> = BTreeMap::new();
    for (operation, number) in run.operations.iter().zip(1..) {
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
                let recovered = survey.recover(image.content.as_deref());
                let key = (survey.kind(image), dataset(recovered));
                possible.entry(key).or_insert((recovered, image.length_bytes()));
            }
        }
        let promised = survey.promised(failure);
        for (&(found, _), &(recovered, length_bytes)) in &possible {
            let Err(breach) = survey.prefixes.judge(recovered, promised) else { continue };
            let same = |known: &Violation| {
                let kinds = [known.breach, breach].map(|breach| std::mem::discriminant(&breach));
                known.found == found && kinds[0] == kinds[1]
            };
            if !row.violations.iter().any(same) {
                let last = operation.clone();
                let operations = number;
                row.violations.push(Violation {
                    operations,
                    last,
                    promised,
                    found,
                    length_bytes,
                    breach,
                });
            }
        }
    }
    row.distinct = survey.recovered.len();
    row
}

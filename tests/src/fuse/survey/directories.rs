//! Every crash of a server that keeps its log in several files of one directory, as Redis 7 does.
//!
//! An image is a whole directory: a state of the names that may have arrived, and for each name a
//! content that its file may have. Names arrive in the order in which they were changed; contents
//! of different files are independent, so images are a product. Use a model that lets bytes and
//! names arrive apart: a journal ties some of them together, and then not all of these can be
//! found. [`Row::images`] is that product, by arithmetic; of it [`Limits::each`] contents of each
//! file are taken, the worst and the best among them, and [`Limits::most`] directories are
//! recovered.
//!
//! Recovery is the server's own: the caller starts one on each directory.

use std::collections::{BTreeMap, BTreeSet};

use aof_core::config::Policy;
use aof_core::digest::Digest;
use aof_core::promise::{Failure, Recovered};
use aof_core::sim::crash::{self, DiskModel, possibilities};
use aof_core::sim::disk::Parameters;
use aof_core::sim::operation::{Operation, Replay, Target};

use super::{Found, Prefixes, Row, Run, changes_disk};

/// Files by name.
pub type Directory = BTreeMap<String, Vec<u8>>;

/// How many images are taken.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Contents of each file.
    pub each: usize,
    /// Directories of a whole run.
    pub most: usize,
}

/// The names of a directory, and how far they are durable.
#[derive(Default)]
struct Names {
    /// Where names lead, after each change that may not have arrived; the first is durable.
    states: Vec<BTreeMap<String, u64>>,
    /// Changes that have become durable.
    settled: usize,
    /// Syncs that have begun, and how many changes they cover.
    covering: BTreeMap<u64, usize>,
}

impl Names {
    fn follow(&mut self, operation: &Operation) {
        let mut now = self.states.last().cloned().unwrap_or_default();
        match operation {
            Operation::Create { name, file } => drop(now.insert(name.clone(), *file)),
            Operation::Rename { from, to } => {
                let file = now.remove(from).expect("a program did this");
                now.insert(to.clone(), file);
            }
            Operation::Unlink { name } => drop(now.remove(name)),
            Operation::SyncBegins { call, target: Target::Directory } => {
                self.covering.insert(*call, self.settled + self.states.len() - 1);
                return;
            }
            Operation::SyncEnds { call, result } => {
                if let (Some(covered), Ok(())) = (self.covering.remove(call), result) {
                    self.states.drain(..covered.saturating_sub(self.settled));
                    self.settled = self.settled.max(covered);
                }
                return;
            }
            _ => return,
        }
        self.states.push(now);
    }
}

/// Which units are covered by syncs that have succeeded.
#[derive(Default)]
struct Covered {
    /// The file of each unit, and its length after it.
    units: Vec<(u64, u64)>,
    lengths: BTreeMap<u64, u64>,
    covering: BTreeMap<u64, (u64, u64)>,
    synced: BTreeMap<u64, u64>,
    /// So many from the first on.
    upto: u64,
}

impl Covered {
    /// A unit is written as one record that begins with this word.
    const WORD: &[u8] = b"RPUSH";

    fn follow(&mut self, operation: &Operation, is_log: impl Fn(u64) -> bool) {
        match operation {
            Operation::Append { file, bytes } => {
                let length = self.lengths.entry(*file).or_default();
                *length += bytes.len() as u64;
                let found = bytes.windows(Self::WORD.len()).filter(|word| *word == Self::WORD);
                if is_log(*file) {
                    self.units.extend(found.map(|_| (*file, *length)));
                }
            }
            Operation::Truncate { file, length_bytes } => {
                self.lengths.insert(*file, *length_bytes);
            }
            Operation::SyncBegins { call, target: Target::File(file) } => {
                let length = self.lengths.get(file).copied().unwrap_or(0);
                self.covering.insert(*call, (*file, length));
            }
            Operation::SyncEnds { call, result: Ok(()) } => {
                if let Some((file, length)) = self.covering.remove(call) {
                    self.synced.insert(file, length);
                }
            }
            _ => {}
        }
        let is_synced = |&&(file, end): &&(u64, u64)| self.synced.get(&file) >= Some(&end);
        let upto = self.units.iter().take_while(is_synced).count() as u64;
        self.upto = self.upto.max(upto);
    }
}

/// One directory that may be found, and the most that was promised when it may.
struct Possible {
    directory: Directory,
    promised: u64,
    operations: u64,
    last: Operation,
}

/// Lets the failure come after each operation of the run, and recovers directories by `recover`:
/// how many units there are, from the first on without a gap, or nothing if it refuses. Files for
/// which `counts` is false are left away.
///
/// # Panics
/// If no program can have caused these operations.
#[must_use]
pub fn survey_directories(
    run: &Run,
    (failure, model): (Failure, DiskModel),
    limits: Limits,
    counts: impl Fn(&str) -> bool,
    mut recover: impl FnMut(&Directory) -> Option<Result<u64, String>>,
) -> Row {
    let prefixes = Prefixes::of(&run.commands);
    let mut row = Row::new(failure, model);
    let possible = every_directory(run, &mut row, limits, counts);
    row.distinct = possible.len();
    // Of too many, some from all parts of the run.
    let step = possible.len().div_ceil(limits.most.max(1)).max(1);
    row.more_than |= step > 1;
    let mut datasets: BTreeSet<Result<u64, String>> = BTreeSet::new();
    for possible in possible.into_iter().step_by(step) {
        let outcome = recover(&possible.directory);
        let recovered = match &outcome {
            Some(Ok(units)) => Recovered::Dataset(prefixes.digest(*units)),
            // No dataset of any prefix has this digest, but by an accident that nobody meets.
            Some(Err(_)) => Recovered::Dataset(u128::MAX),
            None => Recovered::Refused,
        };
        row.recovered += 1;
        row.refused += usize::from(outcome.is_none());
        datasets.extend(outcome);
        if let Err(breach) = prefixes.judge(recovered, possible.promised) {
            let length_bytes = possible.directory.values().map(|content| content.len() as u64);
            let (length_bytes, Possible { promised, operations, last, .. }) =
                (length_bytes.sum(), possible);
            row.broken += 1;
            row.note(super::Violation {
                operations,
                last,
                promised,
                found: Found::Directory,
                length_bytes,
                breach,
            });
        }
    }
    row.datasets = datasets.len();
    row
}

fn every_directory(
    run: &Run,
    row: &mut Row,
    limits: Limits,
    counts: impl Fn(&str) -> bool,
) -> Vec<Possible> {
    let mut replay = Replay::new(Parameters::default());
    let mut names = Names { states: vec![BTreeMap::new()], ..Names::default() };
    let mut covered = Covered::default();
    let mut places: BTreeMap<u128, usize> = BTreeMap::new();
    let mut found: Vec<Possible> = Vec::new();
    // Places of what the last change of the disk made possible.
    let mut now: Vec<usize> = Vec::new();
    for (operation, operations) in run.operations.iter().zip(1..) {
        replay.apply(operation).expect("a program did this");
        names.follow(operation);
        let called = names.states.last().cloned().unwrap_or_default();
        // A log of several files, or of one.
        let log = &run.config.appendfilename;
        let holds_records = |name: &str| name == log || name.contains(".incr.");
        let is_log = |file| called.iter().any(|(name, at)| *at == file && holds_records(name));
        covered.follow(operation, is_log);
        row.cuts += 1;
        let promised = match (row.failure, run.config.appendfsync) {
            (Failure::Killed, _) | (_, Policy::Always) => replay.acknowledged_units(),
            (Failure::PowerCut, Policy::EverySec | Policy::No) => covered.upto,
        };
        if changes_disk(operation) {
            now.clear();
            // The kernel knows the last one.
            let lost = if row.failure == Failure::Killed { names.states.len() - 1 } else { 0 };
            for state in &names.states[lost..] {
                for directory in directories(&replay, state, row, limits, &counts) {
                    let mut digest = Digest::new();
                    for (name, content) in &directory {
                        digest.put_bytes(name.as_bytes());
                        digest.put_bytes(content);
                    }
                    let place = *places.entry(digest.finish()).or_insert_with(|| {
                        let last = operation.clone();
                        found.push(Possible { directory, promised, operations, last });
                        found.len() - 1
                    });
                    now.push(place);
                }
            }
        }
        for place in &now {
            let possible = &mut found[*place];
            if promised > possible.promised {
                possible.promised = promised;
                possible.operations = operations;
                possible.last = operation.clone();
            }
        }
    }
    found
}

/// The product of what the files of this directory may hold.
fn directories(
    replay: &Replay,
    state: &BTreeMap<String, u64>,
    row: &mut Row,
    limits: Limits,
    counts: &impl Fn(&str) -> bool,
) -> Vec<Directory> {
    let mut product = vec![Directory::new()];
    let mut counted = 1_u64;
    for (name, file) in state.iter().filter(|(name, _)| counts(name)) {
        let limits = crash::Limits { images: limits.each, ..crash::Limits::default() };
        let inode = replay.inode(*file);
        let stored = possibilities(replay.disk(), name, row.failure, row.model, limits);
        let of_file = stored.into_iter().find(|possibility| possibility.inode == inode);
        let of_file = of_file.expect("the name may lead there");
        counted = counted.saturating_mul(of_file.counted);
        row.more_than |= of_file.more_than;
        let contents: Vec<Vec<u8>> = of_file.images().filter_map(|image| image.content).collect();
        let with = |known: &Directory, content: &Vec<u8>| {
            let mut directory = known.clone();
            directory.insert(name.clone(), content.clone());
            directory
        };
        product = product
            .iter()
            .flat_map(|known| contents.iter().map(|content| with(known, content)))
            .collect();
    }
    row.images = row.images.saturating_add(counted);
    product
}

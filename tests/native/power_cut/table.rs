//! What file systems leave of a log: unsynced bytes behind synced ones, new files, and a new file
//! that takes the place of an old one.
//!
//! A cut alone leaves what was synced. It becomes interesting when the journal was committed
//! meanwhile, which any program does that syncs anything on the same file system, or when the
//! kernel has written bytes back. Files to which the same happens share a disk and a cut.

use aof_core::promise::Failure;
use aof_core::sim::crash::admits;
use aof_tests::loop_disk::{FileSystem, LoopDisk, Maker, Place};

use super::models;
use super::script::{Left, Run, Step, name};

/// Steps, and what is looked at after the cut.
struct Case {
    steps: Vec<Step>,
    lines: Vec<Line>,
}

/// One line of the table.
struct Line {
    what: String,
    /// The file under whose name is looked.
    name: char,
    /// Files that the name may lead to, with what is durable of each by a promise.
    may_be: Vec<(char, u64)>,
    /// Whether the name is durable by a promise.
    named: bool,
}

/// What happens between the last write and the cut.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Nothing,
    Commit,
    WriteBack,
    WriteBackThenCommit,
    HalfWrittenBackThenCommit,
    CommitThenWriteBack,
}

impl Meanwhile {
    const ALL: [Self; 6] = [
        Self::Nothing,
        Self::Commit,
        Self::WriteBack,
        Self::WriteBackThenCommit,
        Self::HalfWrittenBackThenCommit,
        Self::CommitThenWriteBack,
    ];

    /// To these files, each with the end of the half that is written back.
    fn steps(self, files: &[(char, u64)]) -> Vec<Step> {
        let all = files.iter().map(|&(file, _)| Step::WriteBack(file, 0));
        let half = files.iter().map(|&(file, half)| Step::WriteBack(file, half));
        let commit = std::iter::once(Step::SyncUnrelated);
        match self {
            Self::Nothing => vec![],
            Self::Commit => commit.collect(),
            Self::WriteBack => all.collect(),
            Self::WriteBackThenCommit => all.chain(commit).collect(),
            Self::HalfWrittenBackThenCommit => half.chain(commit).collect(),
            Self::CommitThenWriteBack => commit.chain(all).collect(),
        }
    }
}

const TAILS: [usize; 3] = [20, 5_000, 1 << 20];
/// In the middle of a block, and at the end of one.
const SYNCED: [usize; 2] = [27, 4096];
const LETTERS: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'f'];

/// Files that are durable with their names.
fn durable(files: &[(char, usize)]) -> Vec<Step> {
    let each = |&(file, length)| [Step::Create(file), Step::Append(file, length), Step::Sync(file)];
    files.iter().flat_map(each).chain([Step::SyncDirectory]).collect()
}

/// Synced bytes, and unsynced ones behind them.
fn tails(meanwhile: Meanwhile) -> Case {
    let lengths = SYNCED.iter().flat_map(|&synced| TAILS.map(|tail| (synced, tail)));
    let files: Vec<_> = LETTERS.into_iter().zip(lengths).collect();
    let synced: Vec<_> = files.iter().map(|&(file, (synced, _))| (file, synced)).collect();
    let mut steps = durable(&synced);
    steps.extend(files.iter().map(|&(file, (_, tail))| Step::Append(file, tail)));
    let half =
        |&(file, (synced, tail)): &(char, (usize, usize))| (file, (synced + tail / 2) as u64);
    steps.extend(meanwhile.steps(&files.iter().map(half).collect::<Vec<_>>()));
    let line = |&(file, (synced, tail)): &(char, (usize, usize))| Line {
        what: format!("{synced} synced, {tail} not: {meanwhile:?}"),
        name: file,
        may_be: vec![(file, synced as u64)],
        named: true,
    };
    Case { steps, lines: files.iter().map(line).collect() }
}

/// Unsynced bytes, a part of which is taken back.
fn truncated() -> Case {
    let mut steps = durable(&[('a', 27)]);
    steps.extend([Step::Append('a', 5_000), Step::Truncate('a', 2_527), Step::SyncUnrelated]);
    let what = "27 synced, 5000 not, truncated to 2527: Commit".to_owned();
    Case { steps, lines: vec![Line { what, name: 'a', may_be: vec![('a', 27)], named: true }] }
}

/// Files that were never synced, or whose names were not.
fn new_files(what: &str, then: impl Fn(char) -> Vec<Step>, promised: bool) -> Case {
    let files: Vec<_> = LETTERS.into_iter().zip(TAILS).collect();
    let made = |&(file, length)| {
        [Step::Create(file), Step::Append(file, length)].into_iter().chain(then(file))
    };
    let mut steps: Vec<_> = files.iter().flat_map(made).collect();
    if what.contains("Commit") {
        steps.push(Step::SyncUnrelated);
    }
    let line = |&(file, length): &(char, usize)| Line {
        what: format!("new file of {length}: {what}"),
        name: file,
        may_be: vec![(file, if promised { length as u64 } else { 0 })],
        // POSIX would promise nothing; every file system with a journal does.
        named: promised,
    };
    Case { lines: files.iter().map(line).collect(), steps }
}

/// A file that grows over two commits. The second one brings a longer file and need not bring what
/// was written meanwhile into the block that the first one had: with `nodelalloc`, 5000 real bytes,
/// 3192 NULs, and real ones again.
fn grown() -> Case {
    let steps = vec![
        Step::Create('a'),
        Step::Append('a', 5_000),
        Step::SyncUnrelated,
        Step::Append('a', 5_000),
        Step::SyncUnrelated,
    ];
    let what = "5000 not, Commit, 5000 more: Commit".to_owned();
    Case { steps, lines: vec![Line { what, name: 'a', may_be: vec![('a', 0)], named: false }] }
}

/// New files take the places of logs, whose own last bytes are not synced.
fn renames(synced: bool, directory: bool, commit: bool) -> Case {
    const LATE: [usize; 3] = [0, 20, 5_000];
    let pairs: Vec<_> = [('a', 'b'), ('c', 'd'), ('e', 'f')].into_iter().zip(LATE).collect();
    let mut steps = durable(&[('a', 27), ('c', 27), ('e', 27)]);
    for &((old, new), _) in &pairs {
        steps.extend([Step::Append(old, 20), Step::Create(new), Step::Append(new, 5_000)]);
    }
    if synced {
        steps.extend(pairs.iter().map(|&((_, new), _)| Step::Sync(new)));
    }
    for &((old, new), late) in &pairs {
        steps.extend((late > 0).then_some(Step::Append(new, late)));
        steps.push(Step::Rename(new, old));
    }
    steps.extend(directory.then_some(Step::SyncDirectory));
    steps.extend(commit.then_some(Step::SyncUnrelated));
    let promised = if synced { 5_000 } else { 0 };
    let line = |&((old, new), late): &((char, char), usize)| Line {
        what: format!(
            "5000 {}, {late} behind them, renamed over{}{}",
            if synced { "synced" } else { "not" },
            if directory { ", directory synced" } else { "" },
            if commit { ", Commit" } else { "" }
        ),
        name: old,
        // A synced directory leads to the new file for ever.
        may_be: if directory { vec![(new, promised)] } else { vec![(old, 27), (new, promised)] },
        named: true,
    };
    Case { lines: pairs.iter().map(line).collect(), steps }
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = Meanwhile::ALL.into_iter().map(tails).collect();
    cases.push(truncated());
    cases.push(grown());
    cases.push(new_files("never synced", |_| vec![], false));
    cases.push(new_files("never synced, Commit", |_| vec![], false));
    cases.push(new_files("synced, its name not", |file| vec![Step::Sync(file)], true));
    for synced in [false, true] {
        for (directory, commit) in [(false, false), (true, false), (false, true), (true, true)] {
            cases.push(renames(synced, directory, commit));
        }
    }
    cases
}

/// What was found, one for each line.
type Found = Vec<(String, Left)>;

fn cut_after(place: &Place, options: &str, case: &Case) -> Found {
    let mut disk = place.disk(options);
    let mut run = Run::new(&disk);
    case.steps.iter().for_each(|step| run.step(*step));
    disk.cut();
    let replay = run.end();
    disk.power_on();
    let mut found = Found::new();
    for line in &case.lines {
        let (left, content) = look(&disk, line);
        for &model in models(&disk) {
            let name = name(line.name);
            let cut = Failure::PowerCut;
            let known = admits(replay.disk(), &name, cut, model, content.as_deref());
            assert!(known, "{disk:?}: {}: {} does not know {left}", line.what, model.as_str());
        }
        found.push((line.what.clone(), left));
    }
    found
}

/// Looks under one name, and whether what must be there is there.
fn look(disk: &LoopDisk<'_>, line: &Line) -> (Left, Option<Vec<u8>>) {
    let files: Vec<char> = line.may_be.iter().map(|&(file, _)| file).collect();
    let (left, content) = Left::of(&disk.path(), &name(line.name), &files);
    let what = format!("{disk:?}: {}: {left}", line.what);
    match left {
        Left::Gone => assert!(!line.named, "{what}: a durable name is gone"),
        Left::Strange { .. } => panic!("{what}"),
        Left::Pattern { file, real, .. } => {
            let promised = line.may_be.iter().find(|(known, _)| *known == file);
            let promised = promised.map_or(0, |&(_, promised)| promised);
            assert!(real >= promised, "{what}: {promised} bytes were durable");
        }
    }
    (left, content)
}

/// Makes the table of a file system, and prints it. One part for each of the options.
fn table(kind: FileSystem, options: &[&str]) -> Vec<Found> {
    let proves = format!("what a power cut leaves on {}", kind.name());
    let Some(maker) = Maker::find(kind, &proves) else { return Vec::new() };
    let column = |place: &Place, options: &str| -> Found {
        cases().iter().flat_map(|case| cut_after(place, options, case)).collect()
    };
    maker.place(|place| {
        let columns: Vec<_> = options.iter().map(|options| column(place, options)).collect();
        for (options, lines) in options.iter().zip(&columns) {
            for (what, left) in lines {
                eprintln!("{} {options:26} {what:60} {left}", kind.name());
            }
        }
        columns
    })
}

/// The journal is not committed by time, so that only the cases decide about it.
const EXT4: [&str; 4] = [
    "commit=300,data=ordered",
    "commit=300,data=writeback",
    "commit=300,nodelalloc",
    "commit=300,noauto_da_alloc",
];

#[test]
fn ext4_leaves_what_the_models_know() {
    for lines in table(FileSystem::Ext4, &EXT4) {
        let torn = |(_, left): &&(String, Left)| matches!(left, Left::Pattern { zeros: 1.., .. });
        // A cut that never tears anything would prove nothing about torn logs.
        assert!(lines.iter().any(|line| torn(&line)), "lengths are committed without their bytes");
    }
}

#[test]
fn xfs_leaves_what_the_models_know() {
    table(FileSystem::Xfs, &[""]);
}

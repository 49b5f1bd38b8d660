//! The verdict, and what a failure left.

use aof_core::promise::{Breach, Ground};
use aof_core::resp::{self, Decoded, Decoder, OwnedArgv};
use aof_core::sim::bytes;
use aof_core::sim::crash::{DiskModel, Image, Limits};
use aof_core::sim::journal::Journal;
use aof_core::sim::recover::{Group, Recovery, recover};
use aof_core::sim::verdict::{self, Fate, Frontier, Then};
use aof_core::sim::world::{Scene, SceneKind, World};
use aof_core::start::StartError;

use crate::show::{fate, line, log};
use crate::view;
use crate::view::crash::{
    Chip, CrashEntry, CrashFile, CrashGroup, CrashView, PromiseView, Verdict, VerdictRow,
};

/// Chips in one row.
const CHIPS_SHOWN: usize = 8;
/// Commands of one possible file that are listed.
const ENTRIES_SHOWN: usize = 64;

/// `Verdict`.
#[must_use]
pub fn verdict(world: &World, model: DiskModel) -> Verdict {
    let scene = world.down().and_then(|down| down.scene.as_deref());
    let journal = scene.map_or(world.journal(), |scene| &scene.journal);
    let verdict = world.verdict(model);
    let mut disk_error = row(journal, &verdict.disk_error);
    disk_error.then = Some(match verdict.then {
        Then::RefusesWrites => "refuses-writes",
        Then::Halts => "halts",
        Then::GoesOn => "goes-on",
        Then::NothingToSync => "nothing-to-sync",
    });
    Verdict {
        killed: row(journal, &verdict.killed),
        power: row(journal, &verdict.power),
        disk_error,
    }
}

fn row(journal: &Journal, row: &verdict::Row) -> VerdictRow {
    VerdictRow {
        sure: row.sure,
        of: row.of,
        chips: chips(journal, row),
        lost: row.lost,
        maybe: row.maybe,
        risk_bytes: row.to - row.from,
        risk_from: row.from,
        risk_to: row.to,
        risk_us: row.risk_micros,
        then: None,
    }
}

/// All writes when they are few, else only those that are not simply kept.
fn chips(journal: &Journal, row: &verdict::Row) -> Vec<Chip> {
    if row.of > CHIPS_SHOWN as u64 {
        return row.fates.iter().take(CHIPS_SHOWN).map(|(n, f)| chip(journal, *n, *f)).collect();
    }
    let fate_of = |number: usize| {
        row.fates.iter().find(|(at_risk, _)| *at_risk == number).map_or(Fate::Kept, |(_, f)| *f)
    };
    let asked = journal.asked().iter().enumerate();
    asked
        .filter(|(_, asked)| asked.is_acknowledged_write())
        .map(|(number, _)| chip(journal, number, fate_of(number)))
        .collect()
}

fn chip(journal: &Journal, number: usize, of: Fate) -> Chip {
    let words = &journal.asked()[number].words;
    let argv = words.as_argv();
    // A command that is about no key, or about several, is told by its name.
    let mut keys = log::keys(argv);
    let label = match (keys.next(), keys.next()) {
        (Some(key), None) => key,
        _ => argv.name(),
    };
    Chip { label: view::text(label), command: line(words), fate: fate(of) }
}

/// `CrashView`, while the server is down after it ran.
#[must_use]
pub fn crash(world: &World, model: DiskModel) -> Option<CrashView> {
    let scene = world.down()?.scene.as_deref()?;
    let survey = world.survey(model, Limits::default())?;
    let (worst, best) = (survey.worst()?, survey.best()?);
    let kept = survey.is_kept();
    let sync_counts = survey.promise.ground == Ground::LastSync;
    Some(CrashView {
        kind: match scene.kind {
            SceneKind::Killed => "killed",
            SceneKind::PowerCut => "power-cut",
            SceneKind::Halted(_) => "halted",
        },
        model: model.as_str(),
        images: survey.images as u64,
        more_than: survey.more_than,
        groups: (0..)
            .zip(&survey.groups)
            .map(|(example, group)| self::group(world, scene, (example, group)))
            .collect(),
        promise: PromiseView {
            kept,
            at_least_units: survey.at_least_units as u64,
            at_least_up_to: survey.promise.at_least_upto,
            since_us: scene.last_sync_started.filter(|_| sync_counts).map(|at| at.0),
        },
        files: files(world, &survey.groups),
        worst: worst.length_bytes(),
        best: best.length_bytes(),
        worst_inode: worst.inode.map(|inode| inode.0),
        best_inode: best.inode.map(|inode| inode.0),
    })
}

/// The files to which the name of the log may lead now, from the worst to the best.
fn files(world: &World, groups: &[Group]) -> Vec<CrashFile> {
    let mut files: Vec<CrashFile> = Vec::new();
    let mut longest: Vec<&Image> = Vec::new();
    for group in groups {
        let inode = group.example.inode.map(|inode| inode.0);
        let images = group.images as u64;
        match files.iter().position(|file| file.inode == inode) {
            Some(place) => {
                let file = &mut files[place];
                file.images += images;
                file.shortest = file.shortest.min(group.shortest);
                if group.longest > file.longest {
                    file.longest = group.longest;
                    longest[place] = &group.example;
                }
            }
            None => {
                let (shortest, to) = (group.shortest, group.longest);
                let (role, entries) = ("only", Vec::new());
                files.push(CrashFile { inode, role, images, shortest, longest: to, entries });
                longest.push(&group.example);
            }
        }
    }
    let named = world.machine().disk.cached_name(&world.machine().name).map(|inode| inode.0);
    let several = files.len() > 1;
    for (file, image) in files.iter_mut().zip(longest) {
        file.entries = entries(image.content.as_deref().unwrap_or_default());
        if several {
            file.role = match file.inode {
                None => "missing",
                inode if inode == named => "new",
                Some(_) => "old",
            };
        }
    }
    files
}

/// Whole commands of a file, equal ones in a row as one.
fn entries(mut bytes: &[u8]) -> Vec<CrashEntry> {
    let mut decoder = Decoder::new(resp::Limits::default());
    let (mut found, mut from): (Vec<CrashEntry>, u64) = (Vec::new(), 0);
    while let Decoded::Command { argv, consumed } = decoder.decode(bytes) {
        let text = line(&OwnedArgv::from(argv));
        let to = from + consumed as u64;
        if let Some(last) = found.last_mut().filter(|last| last.text == text) {
            (last.to, last.count) = (to, last.count + 1);
        } else if found.len() < ENTRIES_SHOWN {
            found.push(CrashEntry { from, to, text, count: 1 });
        } else {
            break;
        }
        (from, bytes) = (to, &bytes[consumed..]);
    }
    found
}

/// How many acknowledged writes the group has, and how many it has not.
fn kept_and_lost(world: &World, scene: &Scene, group: &Group) -> (u64, u64) {
    if group.judgement == Err(Breach::NotAPrefix) {
        // Other bytes than those that were written have been loaded: how many says nothing.
        let content = group.example.content.as_deref().unwrap_or_default();
        let (config, seed) = (&world.settings().config, world.settings().seed);
        let origin = group.example.origin;
        let ledger = bytes::read(content, content, origin, &scene.journal, config, seed).ledger;
        return (ledger.kept.len() as u64, (ledger.lost.len() + ledger.altered.len()) as u64);
    }
    // By its position in the log: the file may be a rewritten one, whose bytes are others.
    let survives = |to: u64| group.position().is_some_and(|position| to <= position);
    let writes = scene.journal.asked().iter().filter(|asked| asked.is_acknowledged_write());
    let (kept, lost): (Vec<_>, Vec<_>) = writes.partition(|asked| survives(asked.to));
    (kept.len() as u64, lost.len() as u64)
}

fn group(world: &World, scene: &Scene, (example, group): (u64, &Group)) -> CrashGroup {
    let (kept_writes, lost_writes) = kept_and_lost(world, scene, group);
    let now = log::wall(world, scene.at);
    let (dataset, refused) = match &group.recovery {
        Recovery::Loaded { keyspace, .. } => {
            (log::dataset(keyspace, &scene.journal, &(0..0), now), None)
        }
        Recovery::Refused(error) => (Vec::new(), Some(reason(world, group, error))),
    };
    CrashGroup {
        images: group.images as u64,
        example,
        shortest: group.shortest,
        longest: group.longest,
        inode: group.example.inode.map(|inode| inode.0),
        dataset,
        kept_writes,
        lost_writes,
        refused,
        promise_kept: group.judgement.is_ok(),
    }
}

/// Why the image that can be opened is refused: others of its group may fail at other places.
fn reason(world: &World, group: &Group, first: &StartError) -> String {
    let config = world.down().map_or(world.config(), |down| &down.config);
    let content = group.example.content.as_deref();
    match recover(content, config, world.settings().seed) {
        Recovery::Refused(error) => error.to_string(),
        Recovery::Loaded { .. } => first.to_string(),
    }
}

/// The frontier that is shown: of the moment before the failure, if there was one.
#[must_use]
pub fn frontier(world: &World, model: DiskModel) -> Frontier {
    match world.down().and_then(|down| down.scene.as_ref()) {
        Some(scene) => Frontier { model, ..scene.frontier },
        None => world.frontier(model),
    }
}

//! The verdict, and what a failure left.

use aof_core::promise::Ground;
use aof_core::sim::crash::{DiskModel, Limits};
use aof_core::sim::journal::Journal;
use aof_core::sim::recover::{Group, Recovery};
use aof_core::sim::verdict::{self, Fate, Frontier, Then};
use aof_core::sim::world::{Scene, SceneKind, World};

use crate::show::{fate, line, log};
use crate::view;
use crate::view::crash::{Chip, CrashGroup, CrashView, PromiseView, Verdict, VerdictRow};

/// Chips in one row.
const CHIPS_SHOWN: usize = 8;

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
    let label = log::keys(argv).next().unwrap_or(argv.name());
    Chip { label: view::text(label), command: line(words), fate: fate(of) }
}

/// `CrashView`, while the server is down after it ran.
#[must_use]
pub fn crash(world: &World, model: DiskModel) -> Option<CrashView> {
    let scene = world.down()?.scene.as_deref()?;
    let survey = world.survey(model, Limits::default())?;
    let (worst, best) = (survey.worst()?.length_bytes(), survey.best()?.length_bytes());
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
        worst,
        best,
    })
}

fn group(world: &World, scene: &Scene, (example, group): (u64, &Group)) -> CrashGroup {
    // By its position in the log: the file may be a rewritten one, whose bytes are others.
    let survives = |to: u64| group.position().is_some_and(|position| to <= position);
    let writes = scene.journal.asked().iter().filter(|asked| asked.is_acknowledged_write());
    let (kept, lost): (Vec<_>, Vec<_>) = writes.partition(|asked| survives(asked.to));
    let now = log::wall(world, scene.at);
    let (dataset, refused) = match &group.recovery {
        Recovery::Loaded { keyspace, .. } => {
            (log::dataset(keyspace, &scene.journal, &(0..0), now), None)
        }
        Recovery::Refused(error) => (Vec::new(), Some(error.to_string())),
    };
    CrashGroup {
        images: group.images as u64,
        example,
        shortest: group.shortest,
        longest: group.longest,
        shortest_inode: group.witness.inode.map(|inode| inode.0),
        longest_inode: group.example.inode.map(|inode| inode.0),
        dataset,
        kept_writes: kept.len() as u64,
        lost_writes: lost.len() as u64,
        refused,
        promise_kept: group.judgement.is_ok(),
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

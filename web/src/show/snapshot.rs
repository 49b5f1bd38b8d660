//! One look at the world.

use std::ops::Range;

use aof_core::aof::log::{SyncStatus, WriteStatus};
use aof_core::config::Policy;
use aof_core::engine::Engine;
use aof_core::note::Note;
use aof_core::profile::{FailedSync, PostponedWrite};
use aof_core::sim::crash::DiskModel;
use aof_core::sim::fact::{Fact, SeedFunction};
use aof_core::sim::journal::Journal;
use aof_core::sim::timeline::{STEP_LIMIT, Timeline};
use aof_core::sim::world::{Down, DownKind, Phase, SceneKind, World};

use crate::show::log::Sight;
use crate::show::{crash, fact, fields, functions, log, policy, rewrite};
use crate::view::crash::CrashView;
use crate::view::snapshot::{
    Can, DirectoryView, FaultsView, Focus, May, PostponedView, RefusingView, Snapshot, SyncView,
};

/// The two seconds for which Redis puts a write off, in microseconds.
const POSTPONE_LIMIT_MICROS: u64 = 2_000_000;

/// `Snapshot`. What a failure left is given, because it is costly and kept by the caller.
#[must_use]
pub fn snapshot(timeline: &Timeline, model: DiskModel, crash: Option<CrashView>) -> Snapshot {
    let world = timeline.world();
    let config = world.down().map_or(world.config(), |down| &down.config);
    let scene = world.down().and_then(|down| down.scene.as_deref());
    let journal = scene.map_or(world.journal(), |scene| &scene.journal);
    let frontier = crash::frontier(world, model);
    let failure = scene.map(|scene| scene.kind.failure());
    let sight = Sight { journal, frontier, failure };
    let step_fact = &timeline.mark().fact;
    let focus = focus(step_fact, journal);
    let touched = match (step_fact, &focus) {
        (Fact::Command { .. } | Fact::BootCommand { .. }, Some(entries)) => entries.clone(),
        _ => 0..0,
    };
    let keyspace = log::keyspace(world);
    let now = world.now();
    Snapshot {
        branch: timeline.branch().id,
        step: timeline.position(),
        step_count: timeline.branch().steps(),
        time_us: now.0,
        digest: format!("{:032x}", world.digest()),
        policy: policy(config.appendfsync),
        profile: config.profile.as_str(),
        disk_model: model.as_str(),
        state: state(world),
        fact: fact::shown(step_fact),
        focus: Focus {
            entries: focus.map(|entries| (entries.start, entries.end)),
            layer: layer(step_fact),
        },
        clients: log::clients(world, &sight),
        log: sight.entries(),
        dataset: keyspace
            .map(|keyspace| log::dataset(keyspace, journal, &touched, log::wall(world, now)))
            .unwrap_or_default(),
        key_count: keyspace.map_or(0, |keyspace| keyspace.len() as u64),
        appended: frontier.appended,
        written: frontier.written,
        synced: frontier.durable,
        acknowledged: journal.acknowledged_upto(),
        file_bytes: world.machine().file_bytes(),
        sync: sync(world),
        postponed: world.engine().and_then(|engine| postponed(world, engine)),
        refusing: world.engine().and_then(refusing),
        verdict: crash::verdict(world, model),
        directory: directory(world),
        fields: fields::shown(timeline),
        functions: functions::shown(timeline),
        function: step_fact.function().map(SeedFunction::as_str),
        rewrite: world.rewriting().as_ref().map(rewrite::state::shown),
        faults: faults(world),
        can: can(timeline),
        crash,
    }
}

/// The state of the machine, which is also the reason why something cannot be done.
fn state(world: &World) -> &'static str {
    match world.phase() {
        Phase::Running(_) => "running",
        Phase::Booting(_) => "booting",
        Phase::Down(down) => match down.kind {
            DownKind::Failed(SceneKind::Killed) => "killed",
            DownKind::Failed(SceneKind::PowerCut) => "power-lost",
            DownKind::Failed(SceneKind::Halted(_)) => "halted",
            DownKind::Refused(_) => "refused",
        },
    }
}

/// The entries of the log that a step is about, the end not included.
fn focus(fact: &Fact, journal: &Journal) -> Option<Range<u64>> {
    let (from, to) = match fact {
        Fact::Command { from, to, .. }
        | Fact::BootCommand { from, to, .. }
        | Fact::Write { from, to, .. }
        | Fact::SyncStart { from, to }
        | Fact::SyncEnd { from, to, .. }
        | Fact::SyncInline { from, to, .. }
        | Fact::Writeback { from, to } => (*from, *to),
        Fact::Note(Note::WritePostponed { waiting_bytes }) => {
            let end = journal.end();
            (end.saturating_sub(*waiting_bytes), end)
        }
        Fact::Note(Note::SyncFailed { synced, upto, .. }) => (synced.0, upto.0),
        Fact::Reply { answered, .. } => {
            let writes = answered.iter().map(|answered| answered.log).filter(|(a, b)| a < b);
            let first = writes.clone().map(|(from, _)| from).min()?;
            // The SELECT in front of a command is the log's own business.
            let own = journal.entries().iter().find(|entry| {
                entry.from >= first && entry.origin == aof_core::sim::journal::Origin::Client
            });
            (own.map_or(first, |entry| entry.from), writes.map(|(_, to)| to).max()?)
        }
        _ => return None,
    };
    let entries = journal.entries();
    let first = entries.partition_point(|entry| entry.to <= from) as u64;
    let last = entries.partition_point(|entry| entry.from < to) as u64;
    (first < last).then_some(first..last)
}

fn layer(fact: &Fact) -> Option<&'static str> {
    match fact {
        Fact::Command { from, to, .. } if from < to => Some("buffer"),
        Fact::Command { .. } | Fact::BootCommand { .. } => Some("dataset"),
        Fact::Note(Note::WritePostponed { .. }) => Some("buffer"),
        Fact::Write { .. } | Fact::Truncate { .. } | Fact::SyncStart { .. } => Some("cache"),
        Fact::SyncEnd { .. }
        | Fact::SyncInline { .. }
        | Fact::Writeback { .. }
        | Fact::BootSync
        | Fact::BootTruncate { .. }
        | Fact::BootOpen { .. }
        | Fact::Note(Note::SyncFailed { .. }) => Some("disk"),
        Fact::BootSyncDirectory => Some("directory"),
        Fact::Reply { .. }
        | Fact::Connected { .. }
        | Fact::Malformed { .. }
        | Fact::Closed { .. }
        | Fact::Pause { .. }
        | Fact::Resume { .. } => Some("client"),
        _ => None,
    }
}

fn sync(world: &World) -> Option<SyncView> {
    let (job, from, to) = world.machine().log_sync()?;
    Some(SyncView {
        from,
        to,
        started_us: job.started.0,
        elapsed_us: world.now().since(job.started),
        expected_us: job.due.since(job.started),
    })
}

fn postponed(world: &World, engine: &Engine) -> Option<PostponedView> {
    let postponed = engine.log().postponed()?;
    let limited = world.choices().postponed_write == PostponedWrite::MadeAfterTwoSeconds;
    Some(PostponedView {
        since_us: postponed.since.since(world.machine().epoch).saturating_mul(1_000),
        waiting_bytes: engine.log().buffer().waiting_bytes(),
        limit_us: limited.then_some(POSTPONE_LIMIT_MICROS),
    })
}

fn refusing(engine: &Engine) -> Option<RefusingView> {
    let log = engine.log();
    // Under `always` the log refuses nothing: the next step is the end of the process.
    let always = engine.config().appendfsync == Policy::Always;
    let Some(errno) = log.refusal().filter(|_| !always) else {
        // Only in limbo: the new log has its name in memory, and the directory cannot be synced.
        let errno = engine.rewrite().refusal()?;
        let held_bytes = log.buffer().waiting_bytes();
        let ends_when = "directory-sync";
        return Some(RefusingView { reason: "sync", errno: errno.into(), held_bytes, ends_when });
    };
    let forgets = engine.config().choices().failed_sync != FailedSync::RemainsUntilRewritten;
    let (reason, ends_when) = match (log.write_status(), log.sync_status()) {
        (WriteStatus::Failed { .. }, _) => ("write", "space-returns"),
        (_, SyncStatus::Failed(_)) if forgets => ("sync", "next-sync"),
        (_, SyncStatus::Failed(_) | SyncStatus::Fine) => ("sync", "rewrite"),
    };
    let held_bytes = log.buffer().waiting_bytes();
    Some(RefusingView { reason, errno: errno.into(), held_bytes, ends_when })
}

fn directory(world: &World) -> Vec<DirectoryView> {
    let disk = &world.machine().disk;
    let names = disk.names();
    names
        .into_iter()
        .map(|name| DirectoryView {
            name: name.to_owned(),
            cached_inode: disk.cached_name(name).map(|inode| inode.0),
            disk_inode: disk.durable_name(name).map(|inode| inode.0),
        })
        .collect()
}

fn faults(world: &World) -> FaultsView {
    let faults = &world.machine().disk.faults;
    FaultsView {
        fail_next_sync: faults.fail_next_sync.is_some(),
        stall_next_sync: faults.stall_next_sync_micros.is_some(),
        disk_full: faults.capacity_bytes.is_some(),
    }
}

fn can(timeline: &Timeline) -> Can {
    let world = timeline.world();
    let state = state(world);
    let full = (timeline.position() >= STEP_LIMIT).then_some("too-many-steps");
    let serves = full.or((state != "running").then_some(state));
    let lives = full.or((state != "running" && state != "booting").then_some(state));
    let boots = full.or(match world.down() {
        None => Some("not-crashed"),
        Some(Down { scene: None, .. }) => Some(state),
        Some(Down { scene: Some(_), .. }) => None,
    });
    let steps = (timeline.position() >= timeline.branch().steps())
        .then_some(if world.down().is_some() { state } else { "at-end" });
    Can {
        submit: May::unless(serves),
        kill_child: May::unless(full.or((!rewrite::child_lives(world)).then_some("no-child"))),
        kill: May::unless(lives),
        cut_power: May::unless(lives),
        fail_sync: May::unless(lives),
        fill_disk: May::unless(lives),
        boot: May::unless(boots),
        step: May::unless(steps),
        step_back: May::unless((timeline.position() == 0).then_some("at-start")),
    }
}

//! The server does not run: why, what is left, and what of it can be started again.

use std::rc::Rc;
use std::sync::Arc;

use crate::config::Config;
use crate::digest::Digest;
use crate::effect::HaltReason;
use crate::explore::Promises;
use crate::keyspace::Keyspace;
use crate::promise::{Failure, History, Promise, Reached, Unit, promised};
use crate::sim::boot::Boot;
use crate::sim::bytes::Edits;
use crate::sim::crash::{DiskModel, Image, Limits, image_of_length, images, length_near};
use crate::sim::disk;
use crate::sim::fact::Fact;
use crate::sim::journal::Journal;
use crate::sim::recover::Survey;
use crate::sim::verdict::Frontier;
use crate::sim::world::chronicle::Chronicle;
use crate::sim::world::start::Loading;
use crate::sim::world::{Phase, World};
use crate::start::StartError;
use crate::units::Micros;

/// The dataset after every unit is computed as long as units times keys stay below this; in a
/// larger run, only from the promised part on.
const DIGEST_WORK: usize = 20_000_000;

/// SIGKILL.
const PARENT_DIED: i32 = 9;

/// Why the server does not run.
#[derive(Clone, Debug)]
pub enum DownKind {
    /// A failure, or its own decision.
    Failed(SceneKind),
    /// It refused to start.
    Refused(Arc<StartError>),
}

/// How a running server came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneKind {
    /// `kill -9`.
    Killed,
    /// The power plug.
    PowerCut,
    /// It ended itself.
    Halted(HaltReason),
}

impl SceneKind {
    /// What it does to the disk.
    #[must_use]
    pub const fn failure(self) -> Failure {
        match self {
            Self::Killed | Self::Halted(_) => Failure::Killed,
            Self::PowerCut => Failure::PowerCut,
        }
    }
}

/// The moment before a failure, kept for judging it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What happened.
    pub kind: SceneKind,
    /// When.
    pub at: Micros,
    /// Where everything stood.
    pub frontier: Frontier,
    /// What was asked and executed, before connections were lost.
    pub journal: Arc<Journal>,
    /// Where the engine believed everything stood.
    pub reached: Reached,
    /// What was promised.
    pub promise: Promise,
    /// Content digest of the dataset in memory, if it was complete.
    pub memory_digest: Option<u128>,
    /// When the last sync that succeeded had started.
    pub last_sync_started: Option<Micros>,
}

/// A server that does not run.
#[derive(Clone, Debug)]
pub struct Down {
    /// Why.
    pub kind: DownKind,
    /// The moment before, if it ran before.
    pub scene: Option<Box<Scene>>,
    /// What it would start with.
    pub config: Config,
}

impl Down {
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u8(match &self.kind {
            DownKind::Failed(SceneKind::Killed) => 1,
            DownKind::Failed(SceneKind::PowerCut) => 2,
            DownKind::Failed(SceneKind::Halted(_)) => 3,
            DownKind::Refused(_) => 4,
        });
        digest.put_u64(self.scene.as_ref().map_or(0, |scene| scene.at.0));
    }
}

/// Which of the possible disks a server starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The one that loses most.
    Worst,
    /// The one that loses least.
    Best,
    /// The one of this length; of several, the one with the fewest real bytes.
    Length(u64),
    /// The longest of the group at this place of the survey.
    Example(usize),
    /// One that was changed by hand before the start.
    ByHand(Box<ByHand>),
}

/// A disk whose file of the log was changed by hand, and how it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// What was there before.
    pub of: Pick,
    /// What was done to it. The result is a new file, as editors leave one, and it is synced.
    pub edits: Edits,
    /// `aof-load-truncated` of the start, if it is not as it was.
    pub load_truncated: Option<bool>,
}

impl World {
    /// The server comes to its end. Nothing if it does not run.
    pub(super) fn go_down(&mut self, kind: SceneKind) -> Option<Fact> {
        let frontier = self.frontier(DiskModel::default());
        let reached = self.reached()?;
        let config = self.config_of_start().clone();
        let keyspace = self.engine().map(|engine| &engine.executor().keyspace);
        let memory_digest = keyspace.map(Keyspace::content_digest);
        let choices = config.choices();
        let promise = promised(kind.failure(), config.appendfsync, &choices, reached);
        let scene = Scene {
            kind,
            at: self.now(),
            frontier,
            journal: Arc::new(self.journal.clone()),
            reached,
            promise,
            memory_digest,
            last_sync_started: self.last_sync_started,
        };
        let scene = Some(Box::new(scene));
        self.phase = Phase::Down(Box::new(Down { kind: DownKind::Failed(kind), scene, config }));
        self.machine.process_gone();
        self.child_after(kind);
        self.turn_open = false;
        self.tick_follows = false;
        self.journal.all_connections_lost();
        Some(match kind {
            SceneKind::Killed => Fact::Killed,
            SceneKind::PowerCut => Fact::PowerCut {
                synced: frontier.safe(),
                written: frontier.written,
                appended: frontier.appended,
            },
            SceneKind::Halted(reason) => Fact::Halt(reason),
        })
    }

    /// How far everything has come, as the engine believes it. Nothing while the server does not
    /// run.
    fn reached(&self) -> Option<Reached> {
        let (written, synced) = match &self.phase {
            Phase::Running(engine) => {
                let (ledger, positions) = (engine.ledger(), self.machine.positions);
                (positions.of(ledger.written()), positions.of(ledger.believed()))
            }
            // A failure during a start: nothing has been promised since the last one.
            Phase::Booting(_) => (self.journal.end(), self.synced_before_boot),
            Phase::Down(_) => return None,
        };
        // What changed memory only has a position, and no file has it.
        let end = self.journal.end();
        Some(Reached {
            written: written.min(end),
            synced: synced.min(end),
            acknowledged: self.journal.acknowledged_upto(),
            acknowledged_after_sync: self.journal.acknowledged_after_sync(),
            written_back: self.frontier(DiskModel::Exact).safe().min(end),
        })
    }

    /// What must survive a failure now. Nothing while the server does not run.
    #[must_use]
    pub fn promises(&self) -> Option<Promises> {
        let reached = self.reached()?;
        let config = self.config_of_start();
        let choices = config.choices();
        let of = |failure| promised(failure, config.appendfsync, &choices, reached);
        Some(Promises { killed: of(Failure::Killed), power_cut: of(Failure::PowerCut) })
    }

    /// What a server would start with after a failure now.
    pub(crate) fn config_of_start(&self) -> &Config {
        match &self.phase {
            Phase::Running(engine) => engine.config(),
            Phase::Booting(boot) => boot.config(),
            Phase::Down(down) => &down.config,
        }
    }

    /// What becomes of a child whose parent is gone.
    fn child_after(&mut self, kind: SceneKind) {
        let lives_on = self.settings.rewriting.orphan_lives && kind != SceneKind::PowerCut;
        let Some(process) = &mut self.machine.child else { return };
        process.orphan = true;
        if !lives_on || !process.is_alive() {
            // Natively the kernel sends SIGKILL on the parent's death (PR_SET_PDEATHSIG).
            self.machine.signal_child(PARENT_DIED);
            self.machine.child = None;
            self.machine.pipes = None;
        }
    }

    /// Every disk that the failure may have left, recovered and judged. Nothing while the server
    /// runs.
    #[must_use]
    pub fn survey(&self, model: DiskModel, limits: Limits) -> Option<Survey> {
        let down = self.down()?;
        let scene = down.scene.as_ref()?;
        let failure = scene.kind.failure();
        let name = &down.config.appendfilename;
        let found = images(&self.machine.disk, name, failure, model, limits);
        let (config, promise) = (&down.config, scene.promise);
        let (start_digest, units) = self.history_of(&scene.journal, &self.base, config, promise);
        let history = History { start_digest, units: &units };
        // A file that begins with a dataset of which the log does not tell has its own history.
        let own = self.dataset_without_log().map(|(inode, keyspace, position)| {
            let mut journal = Journal::clone(&scene.journal);
            journal.begins_at(position);
            (inode, self.history_of(&journal, keyspace, config, promise))
        });
        let own = own.as_ref().map(|(inode, (start_digest, units))| {
            (*inode, History { start_digest: *start_digest, units })
        });
        let history_of = |image: &Image| match &own {
            Some((inode, own)) if image.inode == Some(*inode) => *own,
            _ => history,
        };
        Some(Survey::of(found, config, self.settings.seed, &history_of, promise))
    }

    /// The rewritten file that is to turn the log on, until it is the log: it holds what was
    /// executed while nothing was logged. With its dataset, and the position at which that was
    /// taken.
    pub(super) fn dataset_without_log(&self) -> Option<(disk::Inode, &Rc<Keyspace>, u64)> {
        self.rewriting.as_deref().filter(|record| record.begins_log())?;
        let process = self.remembered_child()?;
        Some((process.made?, &process.keyspace, process.forked_at))
    }

    /// The dataset's digest after every unit.
    fn history_of(
        &self,
        journal: &Journal,
        base: &Rc<Keyspace>,
        config: &Config,
        promise: Promise,
    ) -> (u128, Vec<Unit>) {
        let units = journal.units();
        let keys = base.len().saturating_add(units.len());
        let all = units.len().saturating_mul(keys) <= DIGEST_WORK;
        let first = if all {
            0
        } else {
            units.partition_point(|unit| unit.to <= promise.at_least_upto).saturating_sub(1)
        };
        let mut chronicle = Chronicle::beginning(self, journal, Rc::clone(base), config);
        chronicle.read(journal, first);
        let history = chronicle.told().history;
        (history.start_digest, history.units.to_vec())
    }

    /// Whether running the whole log gives what the engine had in memory.
    #[must_use]
    pub fn log_describes_memory(&self) -> bool {
        let Some(Down { scene: Some(scene), config, .. }) = self.down() else { return true };
        let (start, units) = self.history_of(&scene.journal, &self.base, config, scene.promise);
        let described = units.last().map_or(start, |unit| unit.digest);
        scene.memory_digest.is_none_or(|digest| digest == described)
    }

    /// Starts the server again. Nothing if it runs, or if there is no such disk.
    pub(super) fn boot(&mut self, pick: &Pick, model: DiskModel) -> Option<Fact> {
        let down = self.down()?;
        let mut config = down.config.clone();
        let scene = down.scene.as_ref()?;
        let synced = scene.reached.synced;
        if let Pick::ByHand(by_hand) = pick {
            config.aof_load_truncated = by_hand.load_truncated.unwrap_or(config.aof_load_truncated);
        }
        // What the failure left is what the journal may go on with; the rest is lost.
        let (left, started_from) = if scene.kind == SceneKind::PowerCut {
            let image = self.image(pick, model)?;
            let left = self.agrees_up_to(&image);
            self.machine.disk.restart_with(&config.appendfilename, image.content, image.inode);
            (left, image.inode)
        } else if matches!(pick, Pick::ByHand(by_hand) if !by_hand.edits.is_none()) {
            let image = self.image(pick, model)?;
            let left = self.known_up_to(image.origin.position_of(image.data_bytes));
            if let Some(content) = image.content {
                let edited = self.machine.disk.replace(&config.appendfilename, content);
                self.machine.disk.set_origin(edited, image.origin);
            }
            (left, image.inode)
        } else {
            let inode = self.machine.disk.cached_name(&config.appendfilename);
            let stored = inode.and_then(|inode| self.machine.disk.file(inode));
            let position =
                |file: &disk::Stored| file.origin().position_of(file.cached().len() as u64);
            (stored.map_or(Some(0), position), inode)
        };
        let new = self.dataset_without_log();
        if let Some((_, keyspace, position)) =
            new.filter(|(inode, ..)| started_from == Some(*inode))
        {
            self.base = Rc::clone(keyspace);
            self.journal.begins_at(position);
        }
        let torn = self.torn(left);
        match left {
            Some(left) => self.journal.cut_back_to(left),
            None => self.begin_anew(&config.appendfilename),
        }
        self.synced_before_boot = synced.min(self.journal.end());
        self.lives += 1;
        self.loading = Loading::default();
        let boot = Boot::new(config, self.settings.seed).remembering(torn);
        self.phase = Phase::Booting(Box::new(boot));
        Some(self.boot_step())
    }

    /// The position itself, or nothing if it lies in what the journal does not tell any more: only
    /// a hand reaches there.
    fn known_up_to(&self, position: Option<u64>) -> Option<u64> {
        position.filter(|position| *position >= self.journal.base_bytes())
    }

    /// Up to which position a file is what was executed. Pages that a failed sync has dropped are
    /// none of the bytes that were pending, and yet they are not what was written.
    fn agrees_up_to(&self, image: &Image) -> Option<u64> {
        let Image { content, origin, .. } = image;
        let left = self.known_up_to(origin.position_of(image.data_bytes))?;
        let Some(content) = content else { return Some(left) };
        let place = |position: u64| {
            let offset = position.checked_sub(origin.position)?.checked_add(origin.offset)?;
            usize::try_from(offset).ok()
        };
        let differs =
            self.journal.entries().iter().take_while(|entry| entry.to <= left).find(|entry| {
                let range = place(entry.from).zip(place(entry.to));
                let stands = range.and_then(|(from, to)| content.get(from..to));
                stands.is_some_and(|stands| stands != entry.words.as_bytes())
            });
        Some(differs.map_or(left, |entry| entry.from))
    }

    /// The first command that the failure did not leave whole: where it begins in the file that is
    /// loaded, and its length.
    fn torn(&self, left: Option<u64>) -> Option<(u64, u64)> {
        let inode = self.machine.disk.cached_name(&self.machine.name);
        let origin = inode.and_then(|inode| self.machine.disk.file(inode))?.origin();
        let entry =
            self.journal.entries().iter().find(|entry| left.is_some_and(|l| entry.to > l))?;
        let offset = entry.from.checked_sub(origin.position)?.saturating_add(origin.offset);
        Some((offset, entry.to - entry.from))
    }

    /// What is left is part of a dataset and describes no moment of what was executed.
    fn begin_anew(&mut self, name: &str) {
        self.journal.all_lost();
        self.base = Rc::new(Keyspace::new(self.settings.seed));
        if let Some(inode) = self.machine.disk.cached_name(name) {
            self.machine.disk.set_origin(inode, disk::Origin::default());
        }
    }

    /// The image that a choice means.
    fn image(&self, pick: &Pick, model: DiskModel) -> Option<Image> {
        match pick {
            Pick::Worst => self.survey(model, Limits::default())?.worst().cloned(),
            Pick::Best => self.survey(model, Limits::default())?.best().cloned(),
            Pick::Example(group) => {
                let survey = self.survey(model, Limits::default())?;
                survey.groups.get(*group).map(|group| group.example.clone())
            }
            Pick::ByHand(by_hand) => {
                let image = self.image(&by_hand.of, model)?;
                Some(edited(image, &by_hand.edits))
            }
            Pick::Length(length) => {
                let down = self.down()?;
                let failure = down.scene.as_ref()?.kind.failure();
                let name = &down.config.appendfilename;
                image_of_length(&self.machine.disk, name, failure, model, *length)
            }
        }
    }

    /// The length nearest to this one that [`Pick::Length`] can have. Nothing while the server
    /// runs.
    #[must_use]
    pub fn length_near(&self, wanted_bytes: u64, model: DiskModel) -> Option<u64> {
        let down = self.down()?;
        let failure = down.scene.as_ref()?.kind.failure();
        let name = &down.config.appendfilename;
        length_near(&self.machine.disk, name, failure, model, wanted_bytes)
    }

    /// Whether there is a disk that this choice means.
    #[must_use]
    pub fn has_image(&self, pick: &Pick, model: DiskModel) -> bool {
        let failed = self.down().is_some_and(|down| down.scene.is_some());
        // Every failure leaves something, so there is a worst and a best.
        failed && (matches!(pick, Pick::Worst | Pick::Best) || self.image(pick, model).is_some())
    }
}

/// The image after it was changed by hand. It has written bytes up to the first change.
fn edited(image: Image, edits: &Edits) -> Image {
    let Some(content) = &image.content else { return image };
    let after = edits.applied_to(content);
    let same = content.iter().zip(&after).take_while(|(before, after)| before == after).count();
    Image { data_bytes: image.data_bytes.min(same as u64), content: Some(after), ..image }
}

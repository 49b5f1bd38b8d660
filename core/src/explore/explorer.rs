//! Looks at one moment after the other and keeps what it finds.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::explore::Options;
use crate::explore::moment::{Moment, Promises, Told};
use crate::explore::recoveries::{Outcome, Recoveries, load_settings};
use crate::explore::report::{FirstCut, Look, Outlook, Report, Witness};
use crate::promise::{Breach, Failure, Recovered, check};
use crate::sim::crash::{Image, Possibility, possibilities};
use crate::sim::fact::Fact;
use crate::sim::world::World;
use crate::sim::world::chronicle::Chronicle;

/// What is known of a run so far.
#[derive(Clone, Debug)]
pub struct Explorer {
    options: Options,
    recoveries: Recoveries,
    report: Report,
    /// What was executed in the world that is looked at.
    chronicle: Option<Chronicle>,
    /// What failed before, while a second failure is explored.
    pub(super) first: Option<FirstCut>,
    last: Option<Last>,
    nothing_seen: bool,
}

/// The moment that was looked at last.
#[derive(Clone, Debug)]
struct Last {
    disk: u128,
    told: (Promises, u64, usize, usize),
    files: [Vec<File>; 2],
    look: Look,
}

/// One file to which the name may lead, with what its images lead to.
#[derive(Clone, Debug)]
struct File {
    possibility: Possibility,
    groups: Vec<Group>,
}

/// Images of one file with one outcome.
#[derive(Clone, Copy, Debug)]
struct Group {
    outcome: Outcome,
    images: u64,
    /// The first of its tails, which is the shortest.
    first: usize,
    /// Real bytes that every one of them has, of what was loaded.
    real_bytes: u64,
}

impl Explorer {
    /// Nothing looked at yet. `seed` is the one that a server would start with.
    #[must_use]
    pub fn new(seed: u64, options: Options) -> Self {
        Self {
            options,
            recoveries: Recoveries::new(seed, options.remembered_images),
            report: Report::default(),
            chronicle: None,
            first: None,
            last: None,
            nothing_seen: false,
        }
    }

    /// What was found, with the steps of the run.
    #[must_use]
    pub fn finish(self, facts: Vec<Fact>) -> Report {
        Report { facts, ..self.report }
    }

    /// What was found so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Takes note that something was not looked at, if that is so.
    pub(super) const fn left_out(&mut self, something: bool) {
        self.report.more_than |= something;
    }

    /// Another world is looked at from now on, with what is remembered of the ones before.
    pub(super) fn begin_world(&mut self) {
        self.chronicle = None;
        self.last = None;
    }

    /// Looks at a world. Nothing while its server does not run.
    pub fn look_at(&mut self, world: &World) -> Option<Look> {
        self.look_after(world, 0)
    }

    /// The same, with steps counted from `first` on.
    pub(super) fn look_after(&mut self, world: &World, first: u64) -> Option<Look> {
        let promises = world.promises()?;
        let mut chronicle =
            self.chronicle.take().unwrap_or_else(|| Chronicle::of(world, world.journal()));
        chronicle.follow(world);
        let other = world.other_chronicle();
        let asked = world.journal().asked().iter();
        let acknowledged: Vec<u64> =
            asked.filter(|asked| asked.is_acknowledged_write()).map(|asked| asked.to).collect();
        let config = world.config_of_start();
        let look = self.look(&Moment {
            step: world.steps().saturating_sub(first),
            disk: &world.machine().disk,
            name: &config.appendfilename,
            config,
            promises,
            told: chronicle.told(),
            told_otherwise: other.as_ref().map(|(inode, other)| (*inode, other.told())),
            acknowledged: &acknowledged,
        });
        self.chronicle = Some(chronicle);
        Some(look)
    }

    /// Looks at a moment.
    pub fn look(&mut self, moment: &Moment<'_>) -> Look {
        let disk = self.disk_of(moment);
        let told = (
            moment.promises,
            moment.told.from,
            moment.told.history.units.len(),
            moment.acknowledged.len(),
        );
        let last = self.last.take().filter(|last| last.disk == disk);
        if let Some(last) = &last
            && last.told == told
        {
            let look = last.look;
            self.last = Some(last.clone());
            return look;
        }
        self.report.cuts += 1;
        let files = match last {
            Some(last) => last.files,
            None => {
                self.recoveries.configure(moment.config);
                [Failure::Killed, Failure::PowerCut].map(|failure| self.files(moment, failure))
            }
        };
        let [killed, power_cut] = &files;
        let look = Look {
            killed: self.judge(moment, Failure::Killed, killed),
            power_cut: self.judge(moment, Failure::PowerCut, power_cut),
        };
        self.report.distinct = self.recoveries.distinct + u64::from(self.nothing_seen);
        self.report.refused = self.recoveries.refused;
        self.report.datasets = self.recoveries.datasets();
        self.last = Some(Last { disk, told, files, look });
        look
    }

    /// A fingerprint of what a failure leaves, and of how a server would load it.
    fn disk_of(&self, moment: &Moment<'_>) -> u128 {
        let mut digest = Digest::new();
        moment.disk.digest_into(&mut digest);
        digest.put_bytes(moment.name.as_bytes());
        load_settings(moment.config, &mut digest);
        digest.finish()
    }

    /// Every image of one failure, recovered.
    fn files(&mut self, moment: &Moment<'_>, failure: Failure) -> Vec<File> {
        let Options { model, limits, .. } = self.options;
        let found = possibilities(moment.disk, moment.name, failure, model, limits);
        found.into_iter().map(|possibility| self.recovered(possibility)).collect()
    }

    fn recovered(&mut self, possibility: Possibility) -> File {
        let mut groups: Vec<Group> = Vec::new();
        let mut places: BTreeMap<Outcome, usize> = BTreeMap::new();
        let missing = possibility.inode.is_none();
        self.nothing_seen |= missing;
        if !missing {
            self.recoveries.begin(&possibility.front);
        }
        for (number, tail) in possibility.tails.iter().enumerate() {
            let outcome = if missing {
                self.recoveries.of_nothing()
            } else {
                self.recoveries.of_tail(&tail.bytes)
            };
            let real_bytes = match outcome {
                Outcome::Loaded { applied_bytes, .. } => tail.data_bytes.min(applied_bytes),
                Outcome::Refused(_) => 0,
            };
            let place = *places.entry(outcome).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => {
                    group.images += 1;
                    group.real_bytes = group.real_bytes.min(real_bytes);
                }
                None => groups.push(Group { outcome, images: 1, first: number, real_bytes }),
            }
        }
        File { possibility, groups }
    }

    /// Judges the images of one failure by what was promised.
    fn judge(&mut self, moment: &Moment<'_>, failure: Failure, files: &[File]) -> Outlook {
        let acknowledged = moment.acknowledged.len() as u64;
        let mut outlook =
            Outlook { acknowledged, kept_at_worst: acknowledged, ..Outlook::default() };
        let mut datasets = Vec::new();
        let mut broken: Vec<(u64, Witness)> = Vec::new();
        for File { possibility, groups } in files {
            outlook.counted = outlook.counted.saturating_add(possibility.counted);
            outlook.listed += possibility.tails.len() as u64;
            outlook.more_than |= possibility.more_than;
            let told = moment.told_by(possibility.inode);
            for group in groups {
                match group.outcome {
                    Outcome::Loaded { digest, .. } => datasets.push(digest),
                    Outcome::Refused(_) => outlook.refused += group.images,
                }
                let garbage = self.options.model.leaves_garbage();
                let (kept, breach) = judged(moment, failure, possibility, group, &told, garbage);
                outlook.kept_at_worst = outlook.kept_at_worst.min(kept);
                outlook.kept_at_best = outlook.kept_at_best.max(kept);
                if let Some(breach) = breach {
                    let image = image_of(possibility, group.first);
                    let promise = moment.promises.of(failure);
                    let (step, first) = (moment.step, self.first.clone());
                    let witness =
                        Witness { step, first, image, promise, acknowledged, kept, breach };
                    broken.push((group.images, witness));
                }
            }
        }
        datasets.sort_unstable();
        datasets.dedup();
        outlook.datasets = datasets.len() as u64;
        outlook.broken = !broken.is_empty();
        self.report.counted = self.report.counted.saturating_add(outlook.counted);
        self.report.listed += outlook.listed;
        self.report.more_than |= outlook.more_than;
        self.report.broken(failure, broken);
        outlook
    }
}

/// How many acknowledged writes every image of a group keeps at least, and how they break the
/// promise. With `garbage`, anything may stand in place of bytes that did not arrive.
fn judged(
    moment: &Moment<'_>,
    failure: Failure,
    possibility: &Possibility,
    group: &Group,
    told: &Told<'_>,
    garbage: bool,
) -> (u64, Option<Breach>) {
    let recovered = match group.outcome {
        Outcome::Loaded { digest, .. } => Recovered::Dataset(digest),
        Outcome::Refused(_) => Recovered::Refused,
    };
    match check(&told.history, recovered, moment.promises.of(failure)) {
        Ok(units) => (moment.acknowledged_upto(told.position_after(units)), None),
        Err(breach @ Breach::TooShort { units, .. }) => {
            (moment.acknowledged_upto(told.position_after(units)), Some(breach))
        }
        // Something is there that was never executed, and it may be a command that takes back what
        // stands before it.
        Err(Breach::NotAPrefix) if garbage => (0, Some(Breach::NotAPrefix)),
        // Zeros are no command, so what stands before the first of them is kept.
        Err(Breach::NotAPrefix) => {
            let position = possibility.origin.position_of(group.real_bytes).unwrap_or(0);
            (moment.acknowledged_upto(position), Some(Breach::NotAPrefix))
        }
        Err(Breach::Refused) => (0, Some(Breach::Refused)),
    }
}

/// One image of a file as a whole.
fn image_of(possibility: &Possibility, number: usize) -> Image {
    let tail = possibility.tails.get(number);
    let content = possibility.inode.map(|_| {
        let mut content = possibility.front.to_vec();
        content.extend_from_slice(tail.map_or(&[], |tail| &tail.bytes));
        content
    });
    Image {
        content,
        data_bytes: tail.map_or(0, |tail| tail.data_bytes),
        inode: possibility.inode,
        origin: possibility.origin,
    }
}

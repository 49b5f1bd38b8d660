//! One cycle after the other: write, kill, start again, look.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use aof_core::config::Policy;
use aof_core::promise::Failure;
use aof_core::random::Random;

use super::client::{Client, Reply};
use super::judge::{self, Allowed, Sent};
use super::known;
use super::loop_disk::LoopDisk;
use super::place::{Place, SOCKET};
use super::report::{Break, Cycle, Kind, Moment, Report};
use super::server::{Launch, Server, Started};
use super::standstill::{self, Standstill};
use super::waiting::Waiting;
use super::workload::{Keys, Writer};
use super::writer::{self, Shared, Written};
use crate::cli::latency::Latency;

/// Keys that are there from the beginning, so that a rewrite and a load take some time.
const FILLERS: u64 = 20_000;
/// Keys of one MSET.
const FILLERS_AT_ONCE: u64 = 500;
/// How fine the histogram of acknowledgements is.
const PARTS_OF_DECADE: u32 = 6;
/// Most starts that are killed before one is left alone.
const KILLED_STARTS: u64 = 3;

/// What to do.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) launch: Launch,
    pub(super) failure: Failure,
    /// Of the disk whose power is cut.
    pub(super) mount_options: Option<String>,
    pub(super) connections: u32,
    pub(super) seed: u64,
    pub(super) limit: Duration,
    pub(super) cycles: u64,
}

/// What came of a start.
enum Up {
    Serves(Duration),
    Refused(String),
}

/// What came before a failure.
struct Failed {
    /// By each connection.
    written: Vec<Written>,
    at: Instant,
    /// Where the server stood, if it was made to stand still before.
    stood: Option<Standstill>,
}

/// Nobody wants to go on.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

/// Everything that a run needs.
pub(super) struct Rig<'a> {
    plan: &'a Plan,
    place: &'a mut Place,
    /// Of a run that cuts the power.
    disk: Option<LoopDisk>,
    stop: &'a AtomicBool,
    server: Option<Server>,
    /// What each connection had after the last restart.
    bases: Vec<(u64, Keys)>,
    /// How long the last start took.
    last_start: Duration,
    latency: Latency,
    report: &'a mut Report,
}

impl<'a> Rig<'a> {
    /// A rig that has done nothing yet.
    ///
    /// # Errors
    /// If no histogram can be made, or no disk.
    pub(super) fn new(
        plan: &'a Plan,
        place: &'a mut Place,
        stop: &'a AtomicBool,
        report: &'a mut Report,
    ) -> anyhow::Result<Self> {
        let disk = match plan.failure {
            Failure::Killed => None,
            Failure::PowerCut => Some(LoopDisk::make(place, plan.mount_options.as_deref())?),
        };
        Ok(Self {
            plan,
            place,
            disk,
            stop,
            server: None,
            bases: Vec::new(),
            last_start: Duration::ZERO,
            latency: Latency::new()?,
            report,
        })
    }

    /// Runs cycles until the time is over, the number is reached, or somebody wants to stop.
    ///
    /// # Errors
    /// If this machine does not do its part: a server that cannot be run, a full disk.
    pub(super) fn run(&mut self, mut progress: impl FnMut(&Report)) -> anyhow::Result<()> {
        let began = Instant::now();
        let outcome = self.cycles(began, &mut progress);
        self.server = None;
        self.report.seconds = began.elapsed().as_secs_f64();
        self.report.acknowledgement = self.latency.summary();
        self.report.acknowledgement_parts = self.latency.parts(PARTS_OF_DECADE);
        self.report.finish();
        match outcome {
            Err(error) if error.is::<Interrupted>() => Ok(()),
            other => other,
        }
    }

    fn cycles(&mut self, began: Instant, progress: &mut impl FnMut(&Report)) -> anyhow::Result<()> {
        for number in 1..=self.plan.cycles {
            if number > 1 && began.elapsed() >= self.plan.limit {
                break;
            }
            if self.server.is_none() {
                self.set_up()?;
            }
            self.cycle(number)
                .with_context(|| format!("in cycle {number} of seed {}", self.plan.seed))?;
            progress(self.report);
        }
        Ok(())
    }

    /// Begins with nothing but the fillers, which are on the disk for good.
    fn set_up(&mut self) -> anyhow::Result<()> {
        self.server = None;
        match &self.disk {
            Some(disk) => disk.make_again()?,
            None => self.place.empty_data().context("Can't empty the server's folder")?,
        }
        self.start_or_fail()?;
        let mut client = self.client()?;
        for first in (0..FILLERS).step_by(usize::try_from(FILLERS_AT_ONCE)?) {
            self.go_on()?;
            let mut words = vec!["MSET".to_owned()];
            for number in first..first + FILLERS_AT_ONCE {
                words.push(format!("filler:{number}"));
                words.push(format!("{number:0>100}"));
            }
            if let Reply::Error(text) = client.call(&words)? {
                bail!("the server refuses to be filled: {}", text.escape_ascii());
            }
        }
        if let Some(mut server) = self.server.take() {
            server.end()?;
        }
        self.go_on()?;
        // No failure of the torture may reach back to what it began with.
        nix::unistd::syncfs(fs::File::open(self.place.data())?)?;
        self.start_or_fail()?;
        self.bases = vec![(0, Keys::default()); usize::try_from(self.plan.connections)?];
        Ok(())
    }

    /// An error if somebody wants to stop.
    fn go_on(&self) -> Result<(), Interrupted> {
        if self.stop.load(Ordering::Relaxed) { Err(Interrupted) } else { Ok(()) }
    }

    fn start_or_fail(&mut self) -> anyhow::Result<()> {
        match self.start()? {
            Up::Serves(_) => Ok(()),
            Up::Refused(said) => bail!("the server does not start: {said}"),
        }
    }

    fn start(&mut self) -> anyhow::Result<Up> {
        let mut server = Server::spawn(&self.plan.launch, self.place)?;
        let started = server.wait_until_serving(self.place, self.stop);
        match started {
            Started::Serves(took) => {
                self.last_start = took;
                self.server = Some(server);
                Ok(Up::Serves(took))
            }
            Started::Refused(said) => Ok(Up::Refused(said)),
            Started::Interrupted => Err(Interrupted.into()),
        }
    }

    fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.place.folder(), SOCKET).context("the server takes no connection")
    }

    fn writer(&self, connection: usize) -> anyhow::Result<Writer> {
        Ok(Writer { seed: self.plan.seed, connection: u32::try_from(connection)? })
    }

    /// Writes, kills, starts again and looks.
    fn cycle(&mut self, number: u64) -> anyhow::Result<()> {
        let mut random = Random::new(self.plan.seed ^ number.wrapping_mul(0x2545_F491_4F6C_DD1D));
        let moment = match random.below(10) {
            0..4 => Moment::Writing,
            4..7 => Moment::Rewriting,
            7..9 => Moment::Switching,
            _ => Moment::Loading,
        };
        // Drawn here, where the seed alone decides: what is drawn later depends on the machine.
        let stands_still = self.disk.is_some() && random.below(2) == 0;
        let Failed { written, at: failed_at, stood } =
            self.write_and_fail(number, moment, stands_still, &mut random)?;
        self.go_on()?;
        let mut cycle = Cycle {
            cycle: number,
            moment,
            stood,
            acknowledged: 0,
            lost: 0,
            extra: 0,
            loss_window_ms: 0.0,
            recovery_ms: None,
            log_bytes: log_bytes(&self.place.data()).unwrap_or(0),
        };
        for one in &written {
            cycle.acknowledged += one.acknowledged.len() as u64;
            self.latency.add(&one.latency);
        }
        if moment == Moment::Loading {
            self.kill_starts(&mut random)?;
        }
        match self.start()? {
            Up::Serves(took) => {
                cycle.recovery_ms = Some(milliseconds(took));
                let whole = self.look(&written, failed_at, &mut cycle)?;
                self.report.add(cycle);
                if !whole {
                    self.server = None;
                }
            }
            Up::Refused(said) => {
                cycle.lost = self.bases.iter().map(|(units, _)| units).sum::<u64>();
                cycle.lost += cycle.acknowledged;
                self.report.add(cycle);
                self.broke(
                    number,
                    Kind::Refused,
                    None,
                    format!("the server does not start: {said}"),
                )?;
            }
        }
        Ok(())
    }

    fn broke(
        &mut self,
        cycle: u64,
        kind: Kind,
        connection: Option<u32>,
        how: String,
    ) -> anyhow::Result<()> {
        let kept = self.place.keep(cycle).context("Can't keep the server's files")?;
        let kept = kept.map(|path| path.display().to_string());
        let plan = self.plan;
        let known = known::known(plan.launch.profile, plan.failure, kind, &how);
        self.report.add_break(Break { cycle, kind, connection, how, known, kept });
        Ok(())
    }

    /// Lets all connections write and ends that with the failure.
    fn write_and_fail(
        &mut self,
        number: u64,
        moment: Moment,
        stands_still: bool,
        random: &mut Random,
    ) -> anyhow::Result<Failed> {
        let shared = Shared::default();
        let mut clients = Vec::new();
        for connection in 0..self.bases.len() {
            clients.push((self.client()?, self.writer(connection)?, random.fork()));
        }
        let control = self.client()?;
        let Some(mut server) = self.server.take() else { bail!("no server runs") };
        let (bases, disk) = (&self.bases, self.disk.as_ref());
        let data = self.place.data();
        let beside: Vec<_> =
            (0..standstill::SYNCING).map(|thread| data.join(format!("beside-{thread}"))).collect();
        let (written, at, stood, ended, cut) = thread::scope(|scope| {
            let shared = &shared;
            let writers: Vec<_> = clients
                .iter_mut()
                .zip(bases)
                .map(|((client, writer, random), (base, _))| {
                    scope.spawn(move || writer::write(client, *writer, *base, random, shared))
                })
                .collect();
            if disk.is_some() {
                for beside in &beside {
                    scope.spawn(|| standstill::sync_beside(beside, shared));
                }
            }
            let waiting = Waiting { stop: self.stop, shared, writers: writers.len() as u64 };
            waiting.until(moment, control, &mut server, random);
            let stood = stands_still
                .then(|| standstill::stand_still(&mut server, &data, &waiting, random))
                .flatten();
            let ended = server.has_ended();
            let at = Instant::now();
            let cut = disk.map_or(Ok(()), LoopDisk::cut);
            server.kill();
            shared.enough.store(true, Ordering::Relaxed);
            let written: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            (written, at, stood, ended, cut)
        });
        cut?;
        if let Some(disk) = &self.disk {
            disk.revive()?;
        }
        if ended {
            let how = format!("the server ended by itself: {}", server.last_words());
            self.broke(number, Kind::Ended, None, how)?;
        }
        let mut results = Vec::new();
        for one in written {
            let Ok(one) = one else { bail!("a connection has panicked") };
            let mut one = one?;
            if self.disk.is_some() {
                one.lose_power(at);
            }
            // Without power every write is refused, and none of those was acknowledged.
            match &one.refused {
                Some((when, text)) if *when < at && !ended => {
                    bail!("the server refuses to write: {text}")
                }
                _ => results.push(one),
            }
        }
        Ok(Failed { written: results, at, stood })
    }

    /// Starts the server some times and kills it before it serves, or just after.
    fn kill_starts(&mut self, random: &mut Random) -> anyhow::Result<()> {
        let longest = u64::try_from(self.last_start.as_micros()).unwrap_or(u64::MAX).min(1_000_000);
        for _ in 0..=random.below(KILLED_STARTS) {
            let mut server = Server::spawn(&self.plan.launch, self.place)?;
            thread::sleep(Duration::from_micros(random.below(longest)));
            if let Some(disk) = &self.disk {
                disk.cut()?;
            }
            server.kill();
            if let Some(disk) = &self.disk {
                disk.revive()?;
            }
        }
        Ok(())
    }

    /// Compares what came back with what was sent. `false` if it is of no use any more.
    fn look(
        &mut self,
        written: &[Written],
        failed_at: Instant,
        cycle: &mut Cycle,
    ) -> anyhow::Result<bool> {
        let mut client = self.client()?;
        let mut whole = true;
        let mut expected_keys = FILLERS;
        for (connection, written) in written.iter().enumerate() {
            let writer = self.writer(connection)?;
            let (base, base_keys) = self.bases[connection].clone();
            let acknowledged = base + written.acknowledged.len() as u64;
            let sent = Sent { writer, base, base_keys, acknowledged, sent: written.sent };
            let found = judge::read(&mut client, writer).context("Can't read what came back")?;
            match judge::judge(&sent, &found) {
                Ok(verdict) => {
                    let lost = acknowledged.saturating_sub(verdict.units);
                    cycle.extra += verdict.units.saturating_sub(acknowledged);
                    cycle.lost += lost;
                    expected_keys += verdict.keys.values.len() as u64;
                    let window = window(&sent, verdict.units, written, failed_at);
                    cycle.loss_window_ms = cycle.loss_window_ms.max(window);
                    if lost > 0 && self.is_broken(&sent, verdict.units) {
                        let how = loss(&sent, verdict.units, window);
                        self.broke(cycle.cycle, Kind::Lost, Some(writer.connection), how)?;
                    }
                    self.bases[connection] = (verdict.units, verdict.keys);
                }
                Err(torn) => {
                    whole = false;
                    self.broke(cycle.cycle, Kind::Torn, Some(writer.connection), torn.how)?;
                }
            }
        }
        let keys = client.call(&["DBSIZE"])?;
        if whole && keys != Reply::Integer(i64::try_from(expected_keys)?) {
            whole = false;
            let how =
                format!("{expected_keys} keys should be there, and DBSIZE is {}", keys.text());
            self.broke(cycle.cycle, Kind::Torn, None, how)?;
        }
        Ok(whole)
    }

    /// What was there after the last restart was read from the disk, so nothing may take it.
    fn is_broken(&self, sent: &Sent, units: u64) -> bool {
        let plan = self.plan;
        let allowed = judge::allowed(plan.failure, plan.launch.policy, plan.launch.profile);
        allowed == Allowed::Nothing || units < sent.base
    }
}

/// How long before the failure the first unit that is gone was acknowledged, in milliseconds.
fn window(sent: &Sent, units: u64, written: &Written, failed_at: Instant) -> f64 {
    let Some(index) = units.checked_sub(sent.base) else {
        // It was there before the cycle began; the first time that is known is that of the cycle.
        let first = written.acknowledged.first();
        return first.map_or(0.0, |&when| milliseconds(failed_at.duration_since(when)));
    };
    let first = usize::try_from(index).ok().and_then(|index| written.acknowledged.get(index));
    first.map_or(0.0, |&when| milliseconds(failed_at.saturating_duration_since(when)))
}

fn loss(sent: &Sent, units: u64, window_ms: f64) -> String {
    let lost = sent.acknowledged - units;
    format!(
        "{lost} of {} acknowledged writes are gone; the first is write {units}, {window_ms:.1} ms \
         before the failure: {}",
        sent.acknowledged,
        sent.writer.unit(units)
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Length of all files of the log.
fn log_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() && name == "appendonlydir" {
            bytes += log_bytes(&entry.path())?;
        } else if name.starts_with("appendonly.aof") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// What the report says of the plan.
pub(super) fn recent_may_be_lost(plan: &Plan) -> bool {
    let policy: Policy = plan.launch.policy;
    judge::allowed(plan.failure, policy, plan.launch.profile) == Allowed::Recent
}

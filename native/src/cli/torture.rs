//! `aof torture --dir DIR`: kills a server again and again, and checks what comes back.
//!
//! # What is proven and what not
//! Several connections write units that are numbered ([`workload`]), so that after each restart
//! one number says which prefix of them is there ([`judge`]). It must be at least as long as what
//! was acknowledged, or, where the policy gives away the newest, as what was there after the last
//! restart. Each connection is judged by itself; the order between connections is not seen.
//!
//! `kill -9` leaves the page cache alone, so it proves nothing about the disk. `--power-cut` does:
//! the server's folder is a small file system of its own, which is shut down as if the power had
//! gone, mounted again, and loaded.
//!
//! # How a failure is seen again
//! Seed and number of a cycle decide what is written and which moment is chosen. Time decides the
//! rest, so a failure may need several runs; the files that it left are kept for that reason.

mod client;
mod judge;
mod known;
mod loop_disk;
mod page;
mod place;
mod report;
mod rig;
mod server;
mod standstill;
mod table;
mod waiting;
mod workload;
mod writer;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use aof_core::config::Policy;
use aof_core::profile::ProfileName;
use aof_core::promise::Failure;
use clap::Args;

use self::place::Place;
use self::report::{Report, Verdict};
use self::rig::{Plan, Rig};
use self::server::{Family, Launch, Program};
use super::latency::Summary;
use super::{html, stop, text};

/// Kills a server again and again while clients write, and checks each time what came back.
///
/// The server is our own `aofd` or a Redis. Its files are kept in DIR, which must be empty or
/// left by an earlier run, and are removed in the end; after a broken promise a copy stays.
///
/// Exit code 0: every promise was kept. 1: one was broken. 2: nothing can be said.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aof torture --dir /mnt/disk/torture --policy always --for 5m
  aof torture --dir t --server redis-server --html report.html
  aof torture --dir t --server /opt/redis/redis-server --policy everysec --json
  aof torture --dir t --seed 42 --cycles 20        (the same choices again)
  sudo aof torture --dir t --policy always --power-cut

The fields of --json are described in docs/aof-json.md.")]
pub struct TortureArguments {
    /// The folder for the server's files, on the disk that is to be tested.
    #[arg(long)]
    dir: PathBuf,
    /// When the server syncs: always, everysec or no.
    #[arg(long, default_value = "everysec", value_parser = policy)]
    policy: Policy,
    /// How aofd behaves: hardened, redis-6.2 and so on.
    #[arg(long, value_parser = profile)]
    profile: Option<ProfileName>,
    /// The server: a path, or a name that is looked for beside this program and on PATH.
    #[arg(long, default_value = "aofd", value_name = "PROGRAM")]
    server: PathBuf,
    /// For how long new cycles are begun, such as 500ms, 60s, 5m or 2h.
    #[arg(long = "for", default_value = "60s", value_parser = duration, value_name = "TIME")]
    time: Duration,
    /// End after so many cycles, although there is time left.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    cycles: Option<u64>,
    /// Makes the same choices as the run that printed this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// How many connections write at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    connections: u32,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Write a page with plots to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Cut the power of a small disk that is made and mounted in DIR, instead of killing the
    /// server. Needs root, mkfs.ext4 and mount.
    #[arg(long)]
    power_cut: bool,
    /// How that disk is mounted: options of ext4, such as data=writeback or nodelalloc.
    #[arg(long, value_name = "OPTIONS", requires = "power_cut")]
    mount_options: Option<String>,
    /// Show no progress. (It is only shown on a terminal.)
    #[arg(long)]
    quiet: bool,
}

fn policy(text: &str) -> Result<Policy, String> {
    let all = || Policy::ALL.map(Policy::as_str).join(", ");
    Policy::parse(text.as_bytes()).ok_or_else(|| format!("one of {}", all()))
}

fn profile(text: &str) -> Result<ProfileName, String> {
    let all = || ProfileName::ALL.map(ProfileName::as_str).join(", ");
    ProfileName::parse(text.as_bytes()).ok_or_else(|| format!("one of {}", all()))
}

/// Reads `60s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|one: char| one.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("a number with ms, s, m or h, such as 60s".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "no whole number".to_owned())?;
    let milliseconds = number.checked_mul(factor).filter(|&time| time <= 7 * 24 * 3_600_000);
    milliseconds.map(Duration::from_millis).ok_or_else(|| "at most a week".to_owned())
}

/// Runs the torture and prints what was found.
///
/// # Errors
/// If this machine does not do its part, or the answer cannot be printed.
pub fn run(arguments: &TortureArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let plan = plan(arguments)?;
    let stop = stop::on_signals()?;
    let mut place = Place::take(&arguments.dir)?;
    let mut report = empty_report(&plan);
    let mut progress = Progress { enabled: !arguments.quiet && io::stderr().is_terminal() };
    let outcome = Rig::new(&plan, &mut place, &stop, &mut report)
        .and_then(|mut rig| rig.run(|report| progress.show(report)));
    progress.clear();
    report.kept = place.kept().iter().map(|path| path.display().to_string()).collect();
    let left = place.leave().context("Can't remove what was made");
    if let Err(error) = outcome.with_context(|| format!("seed {}", plan.seed)) {
        if report.broken == 0 {
            return Err(error);
        }
        // What was found is worth more than what kept it from going on.
        writeln!(io::stderr(), "aof: {error:#}").ok();
    }
    if let Some(path) = &arguments.html {
        html::write(path, &page::page(&report, &arguments.dir))?;
    }
    let printed = if arguments.json {
        format!("{}\n", serde_json::to_string(&report)?)
    } else {
        table::table(&report, &arguments.dir)
    };
    out.write_all(printed.as_bytes())?;
    out.flush()?;
    left?;
    Ok(match report.verdict {
        Verdict::Kept => ExitCode::SUCCESS,
        Verdict::Broken => ExitCode::FAILURE,
        Verdict::Nothing => ExitCode::from(super::NO_ANSWER),
    })
}

fn plan(arguments: &TortureArguments) -> anyhow::Result<Plan> {
    let program = Program::find(&arguments.server)?;
    let profile = match program.family {
        Family::Aofd => Some(arguments.profile.unwrap_or_default()),
        Family::Redis if arguments.profile.is_some() => {
            bail!("--profile is of aofd; {} has none", program.version)
        }
        Family::Redis => None,
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Short enough to be typed again.
    let seed = arguments.seed.unwrap_or_else(|| u64::from(since.subsec_nanos()));
    Ok(Plan {
        launch: Launch { program, policy: arguments.policy, profile },
        failure: if arguments.power_cut { Failure::PowerCut } else { Failure::Killed },
        mount_options: arguments.mount_options.clone(),
        connections: arguments.connections,
        seed,
        limit: arguments.time,
        cycles: arguments.cycles.unwrap_or(u64::MAX),
    })
}

fn empty_report(plan: &Plan) -> Report {
    Report {
        verdict: Verdict::Nothing,
        server: plan.launch.program.version.clone(),
        program: plan.launch.program.path.display().to_string(),
        policy: plan.launch.policy.as_str(),
        profile: plan.launch.profile.map(ProfileName::as_str),
        failure: match plan.failure {
            Failure::Killed => "kill",
            Failure::PowerCut => "power-cut",
        },
        mount_options: plan.mount_options.clone(),
        connections: plan.connections,
        seed: plan.seed,
        seconds: 0.0,
        cycles: 0,
        acknowledged: 0,
        lost: 0,
        extra: 0,
        recent_may_be_lost: rig::recent_may_be_lost(plan),
        longest_loss_window_ms: 0.0,
        recovery_median_ms: None,
        recovery_max_ms: None,
        acknowledgement: Summary::default(),
        acknowledgement_parts: Vec::new(),
        broken: 0,
        breaks: Vec::new(),
        kept: Vec::new(),
        each: Vec::new(),
    }
}

/// The line of progress on standard error.
struct Progress {
    enabled: bool,
}

impl Progress {
    fn show(&mut self, report: &Report) {
        if self.enabled {
            let cycles = text::count(report.cycles, "cycle");
            let (acknowledged, lost) = (report.acknowledged, report.lost);
            write!(
                io::stderr(),
                "\r{cycles}, {acknowledged} acknowledged, {lost} lost, {} broken\x1b[K",
                report.broken
            )
            .ok();
        }
    }

    fn clear(&mut self) {
        if self.enabled {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("60s"), Ok(Duration::from_mins(1)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        for wrong in ["", "60", "s", "-1s", "1.5s", "9999999h", "99999999999999999999s", "1d", "é"]
        {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}

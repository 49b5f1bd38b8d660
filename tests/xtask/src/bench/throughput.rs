//! Requests a second and processor time a request, as `redis-benchmark` sees them.

use anyhow::{Context, Result, bail};

use super::Options;
use super::peer::{GENERATOR_CORE, Kind, Peer, Setting};
use super::report::{Better, Pair, heading, row};
use crate::project::Project;
use crate::run;

/// Clients of the generator, its own default.
pub(super) const CLIENTS: u32 = 50;

/// What the generator sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    name: &'static str,
    /// Its tests, as `redis-benchmark` calls them.
    tests: &'static str,
    /// How many tests that are.
    count: u32,
    /// Length of a value.
    value_bytes: u64,
}

/// Strings of 64 bytes.
pub(super) const SET: Workload = Workload { name: "SET", tests: "set", count: 1, value_bytes: 64 };

/// Strings that fill a log quickly.
pub(super) const LARGE_SET: Workload =
    Workload { name: "SET", tests: "set", count: 1, value_bytes: LARGE_VALUE_BYTES };

/// Their length.
pub(super) const LARGE_VALUE_BYTES: u64 = 16 * 1024;

/// Every type, reads and writes.
const MIXED: Workload = Workload {
    name: "mixed",
    tests: "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,mset",
    count: 13,
    value_bytes: 64,
};

/// What one run brought.
#[derive(Clone, Copy, Debug)]
struct Figures {
    processor_micros_per_request: f64,
    seen: Seen,
}

/// What the generator saw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) requests_per_second: f64,
    pub(super) p99_ms: f64,
}

/// SET and mixed, every policy and pipeline depth.
pub(crate) fn measure(project: &Project, options: &Options) -> Result<()> {
    for policy in &options.policies {
        let setting = Setting { policy, sync_delay_micros: 0 };
        for workload in [SET, MIXED] {
            table(project, options, &options.pipelines, setting, workload, CLIENTS)?;
        }
    }
    Ok(())
}

/// `always` on a disk that takes 1 and 4 ms longer.
pub(crate) fn measure_slow_disk(project: &Project, options: &Options) -> Result<()> {
    for sync_delay_micros in [1_000, 4_000] {
        let setting = Setting { policy: "always", sync_delay_micros };
        for clients in [CLIENTS, 4 * CLIENTS] {
            table(project, options, &[1], setting, SET, clients)?;
        }
    }
    Ok(())
}

fn table(
    project: &Project,
    options: &Options,
    pipelines: &[u32],
    setting: Setting<'_>,
    workload: Workload,
    clients: u32,
) -> Result<()> {
    let delay = match setting.sync_delay_micros {
        0 => String::new(),
        micros => format!(", {} ms added to each sync", micros / 1000),
    };
    println!(
        "{}",
        heading(&format!("{} {}, {clients} clients{delay}", workload.name, setting.policy))
    );
    for &pipeline in pipelines {
        let runs = rounds(project, options, setting, workload, pipeline, clients)?;
        let pairs = |of: fn(&Figures) -> f64| -> Vec<Pair> {
            runs.iter().map(|(ours, redis)| Pair { ours: of(ours), redis: of(redis) }).collect()
        };
        let name = |what: &str| format!("P={pipeline:<3} {what}");
        println!(
            "{}",
            row(&name("requests/s"), &pairs(|f| f.seen.requests_per_second), Better::More)
        );
        let processor = pairs(|f| f.processor_micros_per_request);
        println!("{}", row(&name("server µs/request"), &processor, Better::Less));
        println!("{}", row(&name("p99 ms"), &pairs(|f| f.seen.p99_ms), Better::Less));
    }
    Ok(())
}

fn rounds(
    project: &Project,
    options: &Options,
    setting: Setting<'_>,
    workload: Workload,
    pipeline: u32,
    clients: u32,
) -> Result<Vec<(Figures, Figures)>> {
    // A first run of Redis tells how many requests fill the time.
    let rehearsal = one_run(project, Kind::Redis, setting, workload, pipeline, clients, 20_000)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let requests =
        (rehearsal.seen.requests_per_second * options.seconds).clamp(2_000.0, 50_000_000.0) as u64;
    let requests = requests / u64::from(workload.count).max(1);
    let mut runs = Vec::new();
    for round in 0..options.rounds {
        let mut ours = None;
        let mut redis = None;
        for kind in Kind::pair(round) {
            let figures = one_run(project, kind, setting, workload, pipeline, clients, requests)?;
            match kind {
                Kind::Ours => ours = Some(figures),
                Kind::Redis => redis = Some(figures),
            }
        }
        runs.extend(ours.zip(redis));
    }
    Ok(runs)
}

fn one_run(
    project: &Project,
    kind: Kind,
    setting: Setting<'_>,
    workload: Workload,
    pipeline: u32,
    clients: u32,
    requests: u64,
) -> Result<Figures> {
    let peer = Peer::start(project, kind, setting, None)?;
    let before = peer.processor_ns()?;
    let seen = generate(project, peer.port(), workload, pipeline, clients, requests)?;
    let spent_ns = peer.processor_ns()? - before;
    let all: f64 = requests as f64 * f64::from(workload.count);
    Ok(Figures { processor_micros_per_request: spent_ns as f64 / 1000.0 / all, seen })
}

/// Runs the generator once against a server that runs.
pub(super) fn generate(
    project: &Project,
    port: u16,
    workload: Workload,
    pipeline: u32,
    clients: u32,
    requests: u64,
) -> Result<Seen> {
    let mut generator = project.command("taskset");
    generator.args(["--cpu-list", GENERATOR_CORE, "redis-benchmark", "--csv"]);
    generator.args(["-p", &port.to_string(), "-c", &clients.to_string()]);
    generator.args(["-n", &requests.to_string(), "-P", &pipeline.to_string()]);
    generator.args(["-d", &workload.value_bytes.to_string(), "-r", "100000"]);
    generator.args(["-t", workload.tests]);
    let text = run::answer(&mut generator).context("redis-benchmark failed")?;
    let lines = parse(&text)?;
    let all: f64 = requests as f64 * f64::from(workload.count);
    let seconds: f64 = lines.iter().map(|line| requests as f64 / line.requests_per_second).sum();
    Ok(Seen {
        requests_per_second: all / seconds,
        p99_ms: lines.iter().map(|line| line.p99_ms).fold(0.0, f64::max),
    })
}

/// One line of the generator.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    requests_per_second: f64,
    p99_ms: f64,
}

/// `"test","rps","avg_latency_ms","min_…","p50_…","p95_…","p99_…","max_…"`, a heading and a line a
/// test.
fn parse(text: &str) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with("\"test\"")) {
        // A name may contain commas; the figures stand behind it.
        let fields: Vec<&str> = line.rsplit("\",\"").map(|field| field.trim_matches('"')).collect();
        let [_, p99, _, _, _, _, rate, ..] = fields.as_slice() else {
            bail!("redis-benchmark says {line:?}")
        };
        lines.push(Line { requests_per_second: rate.parse()?, p99_ms: p99.parse()? });
    }
    if lines.is_empty() {
        bail!("redis-benchmark reported nothing");
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_generator_are_read_from_the_back() {
        let text = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\
                    \"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"\n\
                    \"MSET (10 \",\"keys)\",\"200000.50\",\"0.1\",\"0.2\",\"0.3\",\"0.4\",\"0.5\",\"0.6\"\n";
        let lines = parse(text).unwrap_or_default();
        assert_eq!(lines, [Line { requests_per_second: 200_000.5, p99_ms: 0.5 }]);
        assert!(parse("").is_err() && parse("WARNING").is_err());
    }
}

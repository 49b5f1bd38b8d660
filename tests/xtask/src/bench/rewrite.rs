//! The rewrite beside Redis: how long it takes, what clients feel of it, and what it costs.
//!
//! Both servers load the same dataset, and Redis writes its log without a snapshot in front
//! (`aof-use-rdb-preamble no`), as this project always does. Each round takes the two in turn:
//!
//! 1. Rewrites of an idle server: the time from BGREWRITEAOF until INFO says that none runs.
//! 2. The generator alone, then the same generator while rewrites follow one another.
//! 3. One rewrite while at least [`SWITCH_BYTES`] are written: the pause at its end. The child is
//!    stopped meanwhile, so that every machine writes as much before it ends.
//! 4. Memory of parent and child together, at its peak, idle and while clients write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Options;
use super::logfile;
use super::peer::{Kind, Peer, Setting, field};
use super::report::{Better, Pair, heading, row};
use super::throughput::{CLIENTS, LARGE_SET, LARGE_VALUE_BYTES, SET, Seen, generate};
use crate::project::Project;
use crate::run;

/// Written during the rewrite whose end is timed.
const SWITCH_BYTES: u64 = 100_000_000;
/// Idle rewrites of one round.
const IDLE_REWRITES: u32 = 3;
/// No rewrite of these datasets takes so long.
const LIMIT: Duration = Duration::from_secs(300);

/// What one round says of one server.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    rewrite_seconds: f64,
    fork_ms: f64,
    before: Seen,
    during: Seen,
    switch_ms: f64,
    extra_mb: f64,
    extra_loaded_mb: f64,
}

/// Measures both servers in turn and prints one table.
pub(crate) fn measure(project: &Project, options: &Options) -> Result<()> {
    let path = project.target().join("bench/dataset.aof");
    std::fs::create_dir_all(project.target().join("bench"))?;
    let keys = options.keys.saturating_mul(2);
    let bytes = logfile::keys_of_every_type(&path, keys)?;
    println!("\ndataset: {keys} keys of all types, a log of {} MB", bytes / 1_000_000);
    let mut rounds = Vec::new();
    for round in 0..options.rounds {
        let (mut ours, mut redis) = (Figures::default(), Figures::default());
        for kind in Kind::pair(round) {
            let figures = one_server(project, kind, options, &path)?;
            match kind {
                Kind::Ours => ours = figures,
                Kind::Redis => redis = figures,
            }
        }
        rounds.push((ours, redis));
    }
    std::fs::remove_file(&path)?;
    println!("{}", heading("rewrite"));
    for (name, of, better) in ROWS {
        let pairs: Vec<Pair> =
            rounds.iter().map(|(ours, redis)| Pair { ours: of(ours), redis: of(redis) }).collect();
        println!("{}", row(name, &pairs, *better));
    }
    Ok(())
}

type Row = (&'static str, fn(&Figures) -> f64, Better);

const ROWS: &[Row] = &[
    ("idle rewrite, seconds", |f| f.rewrite_seconds, Better::Less),
    ("fork, ms", |f| f.fork_ms, Better::Less),
    ("SET before, requests/s", |f| f.before.requests_per_second, Better::More),
    ("SET during rewrites, requests/s", |f| f.during.requests_per_second, Better::More),
    ("SET before, p99 ms", |f| f.before.p99_ms, Better::Less),
    ("SET during rewrites, p99 ms", |f| f.during.p99_ms, Better::Less),
    ("pause at the switch, 100 MB, ms", |f| f.switch_ms, Better::Less),
    ("memory above before, idle, MB", |f| f.extra_mb, Better::Less),
    ("memory above before, writes meanwhile, MB", |f| f.extra_loaded_mb, Better::Less),
];

fn one_server(
    project: &Project,
    kind: Kind,
    options: &Options,
    log: &std::path::Path,
) -> Result<Figures> {
    let setting = Setting { policy: "everysec", sync_delay_micros: 0 };
    let peer = Peer::start(project, kind, setting, Some(log))?;
    let mut figures = Figures::default();
    let mut idle = Vec::new();
    for _ in 0..IDLE_REWRITES {
        idle.push(rewrite(&peer)?);
        figures.fork_ms = number(&peer, "latest_fork_usec")? / 1000.0;
    }
    idle.sort_by(f64::total_cmp);
    figures.rewrite_seconds = idle.get(idle.len() / 2).copied().context("a rewrite")?;
    let seconds = options.seconds;
    figures.before = load(project, &peer, seconds)?;
    figures.during = while_rewriting(&peer, || load(project, &peer, seconds))?;
    figures.extra_mb = extra_bytes(&peer)? / 1e6;
    // The generator's keys are there by now: what grows is copied pages and the rewrite buffer.
    while_writing(project, &peer, || {
        figures.extra_loaded_mb = extra_bytes(&peer)? / 1e6;
        Ok(())
    })?;
    figures.switch_ms = switch(project, kind, &peer)?;
    println!("{kind:?}: {figures:?}");
    Ok(figures)
}

/// Runs the generator for about so many seconds.
fn load(project: &Project, peer: &Peer, seconds: f64) -> Result<Seen> {
    let rehearsal = generate(project, peer.port(), SET, 1, CLIENTS, 20_000)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let requests = (rehearsal.requests_per_second * seconds).clamp(2_000.0, 5_000_000.0) as u64;
    generate(project, peer.port(), SET, 1, CLIENTS, requests)
}

/// One rewrite, in seconds.
fn rewrite(peer: &Peer) -> Result<f64> {
    let since = Instant::now();
    peer.ask("BGREWRITEAOF")?;
    await_end(peer)?;
    Ok(since.elapsed().as_secs_f64())
}

fn await_end(peer: &Peer) -> Result<()> {
    let since = Instant::now();
    loop {
        let info = peer.ask("INFO persistence")?;
        if field(&info, "aof_rewrite_in_progress") == Some("0") {
            if field(&info, "aof_last_bgrewrite_status") != Some("ok") {
                bail!("the rewrite failed:\n{info}\n{}", peer.printed());
            }
            return Ok(());
        }
        if since.elapsed() > LIMIT {
            bail!("the rewrite does not end:\n{info}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Does `work` while one rewrite follows the other.
fn while_rewriting<T>(peer: &Peer, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let rewriter = scope.spawn(|| -> Result<u32> {
            let mut rewrites = 0;
            while !ends.load(Ordering::Relaxed) {
                rewrite(peer)?;
                rewrites += 1;
            }
            Ok(rewrites)
        });
        let done = work();
        ends.store(true, Ordering::Relaxed);
        let rewrites = rewriter.join().map_err(|_| anyhow::anyhow!("the rewriter panicked"))??;
        if rewrites == 0 {
            bail!("nothing was rewritten meanwhile");
        }
        done
    })
}

/// Does `work` while clients write small values.
fn while_writing(project: &Project, peer: &Peer, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<()> {
            while !ends.load(Ordering::Relaxed) {
                generate(project, peer.port(), SET, 1, CLIENTS, 20_000)?;
            }
            Ok(())
        });
        let done = work();
        ends.store(true, Ordering::Relaxed);
        writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        done
    })
}

/// The pause at the end of a rewrite during which [`SWITCH_BYTES`] were written, in milliseconds.
/// `aofd` says for how long it held replies, Redis for how long its event loop stood still.
fn switch(project: &Project, kind: Kind, peer: &Peer) -> Result<f64> {
    if kind == Kind::Redis {
        peer.ask("CONFIG SET loglevel verbose")?;
    }
    peer.ask("BGREWRITEAOF")?;
    let child = peer.child()?;
    let signal = |name: &str| run::check(project.command("kill").args([name, &child]));
    signal("-STOP")?;
    let before = number(peer, "aof_current_size")?;
    let values = SWITCH_BYTES / LARGE_VALUE_BYTES + 1;
    generate(project, peer.port(), LARGE_SET, 1, CLIENTS, values)?;
    let written = number(peer, "aof_current_size")? - before;
    signal("-CONT").with_context(|| format!("the server printed:\n{}", peer.printed()))?;
    // Clients go on writing until the switch is over: it has to catch up with them.
    while_writing(project, peer, || await_end(peer))?;
    if written < SWITCH_BYTES as f64 {
        bail!("only {written} bytes were written during the rewrite");
    }
    match kind {
        Kind::Ours => Ok(number(peer, "aof_last_switch_usec")? / 1000.0),
        Kind::Redis => Ok(handler_micros(&peer.printed())? / 1000.0),
    }
}

/// `… - Background AOF rewrite signal handler took 1234us`
fn handler_micros(printed: &str) -> Result<f64> {
    let before = "Background AOF rewrite signal handler took ";
    let line = printed.lines().rev().find_map(|line| line.split_once(before));
    let (_, text) =
        line.with_context(|| format!("the server does not say how long:\n{printed}"))?;
    Ok(text.trim_end().trim_end_matches("us").parse()?)
}

/// By how much parent and child together grow at most during one rewrite, in bytes of memory
/// (`Pss`: what they share counts once).
fn extra_bytes(peer: &Peer) -> Result<f64> {
    let before = peer.proportional_bytes()?;
    let mut most = before;
    peer.ask("BGREWRITEAOF")?;
    while number(peer, "aof_rewrite_in_progress")? > 0.0 {
        most = most.max(peer.proportional_bytes()?);
        thread::sleep(Duration::from_millis(50));
    }
    Ok(most.saturating_sub(before) as f64)
}

fn number(peer: &Peer, name: &str) -> Result<f64> {
    let info = peer.ask("INFO")?;
    let value = field(&info, name).with_context(|| format!("INFO has no {name}"))?;
    value.parse().with_context(|| format!("{name}:{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_redis_is_understood() {
        let text =
            "1:M 1 Jan 2026 00:00:00.000 - Background AOF rewrite signal handler took 12us\n";
        assert!(handler_micros(text).is_ok_and(|micros| (micros - 12.0).abs() < 1e-9));
        assert!(handler_micros("nothing").is_err());
    }
}

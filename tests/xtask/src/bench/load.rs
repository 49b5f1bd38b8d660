//! How long a log takes to load.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::Options;
use super::logfile;
use super::peer::{Kind, Peer, Setting};
use super::report::{Better, Pair, heading, row};
use crate::project::Project;

/// Loads a generated log in both servers, in turn.
pub(crate) fn measure(project: &Project, options: &Options) -> Result<()> {
    let path = project.target().join("bench/mixed.aof");
    std::fs::create_dir_all(project.target().join("bench"))?;
    let started = Instant::now();
    let bytes = logfile::mixed(&path, options.commands)?;
    println!(
        "\nlog: {} commands, {} MB, made in {:.1} s",
        options.commands,
        bytes / 1_000_000,
        started.elapsed().as_secs_f64()
    );
    println!("{}", heading("load"));
    let setting = Setting { policy: "everysec", sync_delay_micros: 0 };
    let mut pairs = Vec::new();
    let mut sizes = Vec::new();
    for round in 0..options.rounds {
        let (mut ours, mut redis) = (0.0, 0.0);
        for kind in Kind::pair(round) {
            let peer = Peer::start(project, kind, setting, Some(&path))?;
            let seconds = loaded_seconds(&peer.printed())?;
            sizes.push(peer.ask("DBSIZE")?);
            match kind {
                Kind::Ours => ours = seconds,
                Kind::Redis => redis = seconds,
            }
        }
        pairs.push(Pair { ours, redis });
    }
    std::fs::remove_file(&path)?;
    sizes.dedup();
    if sizes.len() != 1 {
        bail!("the servers loaded different numbers of keys: {sizes:?}");
    }
    println!("{}", row("seconds", &pairs, Better::Less));
    Ok(())
}

/// Both say `DB loaded from append only file: 1.234 seconds`.
fn loaded_seconds(printed: &str) -> Result<f64> {
    let line = printed.lines().rev().find(|line| line.contains("DB loaded from append only file"));
    let line = line.with_context(|| format!("the server did not say how long:\n{printed}"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let seconds =
        words.iter().rposition(|word| *word == "seconds").and_then(|at| at.checked_sub(1));
    Ok(words[seconds.with_context(|| line.to_owned())?].parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_either_server_is_understood() {
        let text = "1:M 1 Jan 2026 00:00:00.000 * DB loaded from append only file: 1.234 seconds\n";
        assert!(loaded_seconds(text).is_ok_and(|seconds| (seconds - 1.234).abs() < 1e-9));
        assert!(loaded_seconds("nothing").is_err());
    }
}

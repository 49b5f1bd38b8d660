//! What people read on a terminal.

use std::path::Path;

use super::report::{Moment, Report, Verdict};
use crate::cli::latency::{bars, time};
use crate::cli::text;

/// Most broken promises that are shown.
const SHOWN_BREAKS: usize = 10;

/// The verdict, the figures, and every broken promise with how to look at it again.
pub(super) fn table(report: &Report, dir: &Path) -> String {
    let mut said = format!("{}\n\n", verdict(report));
    let milliseconds =
        |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| time(value * 1e3));
    let profile = report.profile.map_or_else(String::new, |name| format!(", profile {name}"));
    let mut rows: Vec<(&str, String)> = vec![
        ("server", format!("{}, appendfsync {}{profile}", report.server, report.policy)),
        ("cycles", moments(report)),
        ("acknowledged writes", report.acknowledged.to_string()),
        ("lost", lost(report)),
        ("extra", format!("{} (not acknowledged, but there)", report.extra)),
    ];
    let mut row = |name, value| rows.push((name, value));
    if report.lost > 0 {
        row("longest loss window", time(report.longest_loss_window_ms * 1e3));
    }
    let acknowledgement = report.acknowledgement;
    row(
        "acknowledgement",
        format!(
            "median {}, 99 % {}, longest {}",
            time(acknowledgement.p50_us),
            time(acknowledgement.p99_us),
            time(acknowledgement.max_us)
        ),
    );
    row("", bars(&report.acknowledgement_parts));
    let (median, max) = (report.recovery_median_ms, report.recovery_max_ms);
    row("recovery", format!("median {}, longest {}", milliseconds(median), milliseconds(max)));
    row("seed", report.seed.to_string());
    for (name, value) in rows {
        said.push_str(&format!("  {name:<20} {value}\n"));
    }
    if !report.breaks.is_empty() {
        said.push('\n');
    }
    for found in report.breaks.iter().take(SHOWN_BREAKS) {
        let who = found.connection.map_or_else(String::new, |who| format!(", connection {who}"));
        said.push_str(&format!(
            "BROKEN in cycle {} of seed {}{who}: {}\n",
            found.cycle, report.seed, found.how
        ));
    }
    let shown = report.breaks.len().min(SHOWN_BREAKS) as u64;
    if report.broken > shown {
        said.push_str(&format!("… and {} more\n", report.broken - shown));
    }
    for kept in &report.kept {
        said.push_str(&format!("What the server left then is kept in {kept}\n"));
    }
    if let Some(found) = report.breaks.first() {
        said.push_str(&format!("Again: {}\n", again(report, dir, found.cycle)));
    }
    said
}

/// The command line that makes the same choices.
pub(super) fn again(report: &Report, dir: &Path, cycles: u64) -> String {
    let profile = report.profile.map_or_else(String::new, |name| format!(" --profile {name}"));
    let power = if report.failure == "power-cut" { " --power-cut" } else { "" };
    format!(
        "aof torture --dir {} --server {} --policy {}{profile}{power} --connections {} --seed {} \
         --cycles {cycles}",
        dir.display(),
        report.program,
        report.policy,
        report.connections,
        report.seed
    )
}

/// One sentence.
pub(super) fn verdict(report: &Report) -> String {
    let failures = match report.failure {
        "power-cut" => text::count(report.cycles, "power cut"),
        _ => text::count(report.cycles, "kill"),
    };
    match report.verdict {
        Verdict::Nothing => "Not one cycle was completed, so nothing is known.".to_owned(),
        Verdict::Broken => format!(
            "{} broken in {failures}.",
            match report.broken {
                1 => "A promise was".to_owned(),
                broken => format!("{broken} promises were"),
            }
        ),
        Verdict::Kept if report.lost == 0 => {
            format!("All {} acknowledged writes survived {failures}.", report.acknowledged)
        }
        Verdict::Kept => format!(
            "Every promise was kept in {failures}; {} of {} acknowledged writes are gone, which \
             this policy allows.",
            report.lost, report.acknowledged
        ),
    }
}

fn lost(report: &Report) -> String {
    let allowed = match (report.recent_may_be_lost, report.lost) {
        (_, 0) => "",
        (true, _) if report.broken == 0 => " (the newest ones, which this policy does not promise)",
        _ => "",
    };
    format!("{}{allowed}", report.lost)
}

/// `12, of them 5 while writing, …`.
fn moments(report: &Report) -> String {
    let mut parts = Vec::new();
    for moment in Moment::ALL {
        let count = report.at(moment);
        if count > 0 {
            parts.push(format!("{count} {}", moment.as_str()));
        }
    }
    format!("{} in {:.1} s: {}", report.cycles, report.seconds, parts.join(", "))
}

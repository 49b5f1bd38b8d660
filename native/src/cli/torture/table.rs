//! What people read on a terminal.

use std::path::Path;

use super::report::{Break, Cycle, Moment, Report, Verdict};
use super::standstill::Standstill;
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
        ("standing still", standstills(report).unwrap_or_else(|| "never".to_owned())),
        ("acknowledged writes", report.acknowledged.to_string()),
        ("lost", lost(report)),
        ("extra", format!("{} (not acknowledged, but there)", report.extra)),
    ];
    rows.retain(|(name, _)| *name != "standing still" || report.failure == "power-cut");
    let mut row = |name, value| rows.push((name, value));
    if report.longest_loss_window_ms > 0.0 {
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
        said.push_str(&format!("BROKEN in {}: {}\n", place(report, found), found.how));
        if let Some(known) = found.known {
            said.push_str(&format!("  {}\n", of_profile(report, known)));
        }
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

/// `cycle 3 of seed 7, a power cut while rewriting, …`: where a promise was broken.
pub(super) fn place(report: &Report, found: &Break) -> String {
    let who = found.connection.map_or_else(String::new, |who| format!(", connection {who}"));
    let of_cycle = report.each.iter().find(|cycle| cycle.cycle == found.cycle);
    let when = of_cycle.map_or_else(String::new, |cycle| format!(", {}", moment(cycle)));
    format!("cycle {} of seed {}{who}{when}", found.cycle, report.seed)
}

/// When the failure came, and where the server stood.
pub(super) fn moment(cycle: &Cycle) -> String {
    let stood = cycle.stood.map_or_else(String::new, |there| {
        format!(", as the server stood still {}", there.as_str())
    });
    format!("{}{stood}", cycle.moment.as_str())
}

/// A flaw that a profile has on purpose.
pub(super) fn of_profile(report: &Report, known: &str) -> String {
    format!("(profile {} is known for this: {known})", report.profile.unwrap_or_default())
}

/// The command line that makes the same choices.
pub(super) fn again(report: &Report, dir: &Path, cycles: u64) -> String {
    let profile = report.profile.map_or_else(String::new, |name| format!(" --profile {name}"));
    let mut power = String::new();
    if report.failure == "power-cut" {
        power.push_str(" --power-cut");
    }
    if let Some(options) = &report.mount_options {
        power.push_str(&format!(" --mount-options {options}"));
    }
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
        Verdict::Nothing if report.cycles == 0 => {
            "Not one cycle was completed, so nothing is known.".to_owned()
        }
        Verdict::Nothing => {
            format!("Nothing was acknowledged in {failures}, so nothing is known.")
        }
        Verdict::Broken => format!(
            "{} broken in {failures}.{}",
            match report.broken {
                1 => "A promise was".to_owned(),
                broken => format!("{broken} promises were"),
            },
            refused(report).map_or_else(String::new, |refused| format!(" {refused}"))
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

/// How often a server did not load what it had left itself.
pub(super) fn refused(report: &Report) -> Option<String> {
    let times = match report.refused() {
        0 => return None,
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    Some(format!("The server refused its own log {times}."))
}

/// Where servers were made to stand still.
pub(super) fn standstills(report: &Report) -> Option<String> {
    let parts: Vec<String> = [Standstill::BetweenWriteAndSync, Standstill::Anywhere]
        .into_iter()
        .map(|there| (report.stood(there), there))
        .filter(|&(count, _)| count > 0)
        .map(|(count, there)| format!("{count} {}", there.as_str()))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
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

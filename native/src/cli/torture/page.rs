//! The report as a page with plots.

use std::path::Path;

use super::report::{Cycle, Moment, Report, Verdict};
use super::table;
use crate::cli::html::{card, escape, facts, figure, page as whole, table as rows, thousands};
use crate::cli::latency::time;
use crate::cli::plot::{Column, columns, histogram, points};
use crate::cli::text;

/// Most cycles that are listed one by one; the broken ones always are.
const LISTED: usize = 500;

/// The whole page.
pub(super) fn page(report: &Report, dir: &Path) -> String {
    let mut body = format!(
        "<p class=\"over\">aof torture · {} · <code>appendfsync {}</code>{}</p>\n<h1>{}</h1>\n",
        escape(&report.server),
        escape(report.policy),
        report.profile.map_or_else(String::new, |name| format!(" · profile {}", escape(name))),
        headline(report)
    );
    body.push_str(&figures(report));
    if !report.breaks.is_empty() {
        body.push_str(&breaks(report, dir));
    }
    body.push_str(&every_cycle(report));
    if report.longest_loss_window_ms > 0.0 {
        body.push_str(&loss_windows(report));
    }
    body.push_str(&recovery(report));
    body.push_str(&waiting(report));
    body.push_str(&how(report, dir));
    body.push_str(&listed(report));
    body.push_str(FOOT);
    whole(&format!("aof torture: {}", table::verdict(report)), &body)
}

const FOOT: &str = "<footer>An acknowledged write is one whose reply had arrived. Each connection \
wrote numbered changes to keys of its own; after each restart its keys had to be the keys after \
some number of them. A kill leaves the page cache alone; only a power cut says something about the \
disk.</footer>";

/// A fact, and what it is worth.
fn headline(report: &Report) -> String {
    let failures = match report.failure {
        "power-cut" => text::count(report.cycles, "power cut"),
        _ => text::count(report.cycles, "kill"),
    };
    match report.verdict {
        Verdict::Nothing if report.cycles == 0 => "Not one cycle was completed.".to_owned(),
        Verdict::Nothing => format!("{failures}, and nothing was acknowledged."),
        Verdict::Kept if report.lost == 0 => format!(
            "{failures}, and <em>all {} acknowledged writes came back.</em>",
            thousands(report.acknowledged)
        ),
        Verdict::Kept => format!(
            "{failures}, and every promise was kept. <em>{} of {} acknowledged writes are gone, \
             which this policy allows.</em>",
            thousands(report.lost),
            thousands(report.acknowledged)
        ),
        Verdict::Broken => format!(
            "{failures}, and <span class=\"bad\">{} broken.</span>",
            match report.broken {
                1 => "a promise was".to_owned(),
                broken => format!("{broken} promises were"),
            }
        ),
    }
}

fn figures(report: &Report) -> String {
    let split = |text: String| match text.split_once(' ') {
        Some((value, unit)) => (value.to_owned(), unit.to_owned()),
        None => (text, String::new()),
    };
    let (recovery, unit) = split(
        report.recovery_median_ms.map_or_else(|| "none".to_owned(), |value| time(value * 1e3)),
    );
    let lost_note = match (report.lost, report.broken, report.recent_may_be_lost) {
        (0, ..) => "Acknowledged, and not there after a restart.".to_owned(),
        (_, 0, true) => format!(
            "The newest ones, up to {} before the failure.",
            time(report.longest_loss_window_ms * 1e3)
        ),
        _ if report.longest_loss_window_ms == 0.0 => {
            "Everything, where the server did not start.".to_owned()
        }
        _ if report.refused() > 0 => format!(
            "Up to {} before the failure; everything, where the server did not start.",
            time(report.longest_loss_window_ms * 1e3)
        ),
        _ => format!("Up to {} before the failure.", time(report.longest_loss_window_ms * 1e3)),
    };
    let longest =
        report.recovery_max_ms.map_or_else(|| "none".to_owned(), |value| time(value * 1e3));
    format!(
        "<div class=\"figures\">{}{}{}{}</div>\n",
        figure(
            "Acknowledged writes",
            &thousands(report.acknowledged),
            "",
            &format!("Over {}.", text::count(u64::from(report.connections), "connection")),
            false
        ),
        figure("Lost", &thousands(report.lost), "", &lost_note, report.lost > 0),
        figure(
            "Extra",
            &thousands(report.extra),
            "",
            "Never acknowledged, but there. No policy forbids that.",
            false
        ),
        figure("Until it serves", &recovery, &unit, &format!("Median; {longest} at most."), false),
    )
}

fn breaks(report: &Report, dir: &Path) -> String {
    let mut list = String::from("<ul class=\"breaks\">");
    for found in &report.breaks {
        let known = found.known.map(|known| table::of_profile(report, known)).unwrap_or_default();
        list.push_str(&format!(
            "<li><b>{}</b>{} {}</li>",
            capital(&table::place(report, found)),
            escape(&found.how),
            escape(&known)
        ));
    }
    list.push_str("</ul>");
    for kept in &report.kept {
        list.push_str(&format!("<p>The server's files of then: <code>{}</code></p>", escape(kept)));
    }
    let again = report.breaks.first().map(|found| table::again(report, dir, found.cycle));
    list.push_str(&format!(
        "<pre class=\"command\"><code>{}</code></pre>",
        escape(&again.unwrap_or_default())
    ));
    card("Broken promises", "", &list)
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at_checked(1).unwrap_or_default();
    format!("{}{}", first.to_ascii_uppercase(), escape(rest))
}

fn is_broken(report: &Report, cycle: &Cycle) -> bool {
    report.breaks.iter().any(|found| found.cycle == cycle.cycle)
}

fn column(report: &Report, cycle: &Cycle, value: f64, lost: f64) -> Column {
    let recovered =
        cycle.recovery_ms.map_or_else(|| "it did not start".to_owned(), |value| time(value * 1e3));
    Column {
        number: cycle.cycle,
        value,
        lost,
        broken: is_broken(report, cycle),
        words: format!(
            "Cycle {}, {}: {} acknowledged, {} lost, {} extra; served after {recovered}",
            cycle.cycle,
            table::moment(cycle),
            thousands(cycle.acknowledged),
            thousands(cycle.lost),
            thousands(cycle.extra)
        ),
    }
}

fn every_cycle(report: &Report) -> String {
    let all: Vec<Column> = report
        .each
        .iter()
        .map(|cycle| {
            // A lost write of an earlier cycle may make this larger than what was acknowledged.
            let lost = cycle.lost.min(cycle.acknowledged);
            column(report, cycle, (cycle.acknowledged - lost) as f64, lost as f64)
        })
        .collect();
    let moments: Vec<String> = Moment::ALL
        .iter()
        .map(|&moment| format!("{} {}", report.at(moment), moment.as_str()))
        .collect();
    let failed = if report.failure == "power-cut" { "Power cut" } else { "Killed" };
    let stood = table::standstills(report)
        .map_or_else(String::new, |stood| format!(" The server stood still in some: {stood}."));
    let plot = columns("Acknowledged writes of each cycle", &all, &whole_number);
    let legend = "<div class=\"legend\"><span><i></i>came back</span>\
                  <span><i class=\"mem\"></i>lost</span><span>× a promise was broken</span></div>";
    card(
        "Every cycle",
        &format!("Acknowledged writes of each cycle. {failed} {}.{stood}", moments.join(", ")),
        &format!("{plot}{legend}"),
    )
}

fn whole_number(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} M", value / 1e6),
        value if value >= 1e4 => format!("{} k", value / 1e3),
        value => value.to_string(),
    }
}

fn millis(value: f64) -> String {
    if value > 0.0 { time(value * 1e3) } else { "0".to_owned() }
}

fn loss_windows(report: &Report) -> String {
    let all: Vec<Column> =
        report.each.iter().map(|cycle| column(report, cycle, 0.0, cycle.loss_window_ms)).collect();
    card(
        "How far back a loss reaches",
        "From the acknowledgement of the first write that is gone to the failure.",
        &columns("Loss window of each cycle", &all, &millis),
    )
}

fn recovery(report: &Report) -> String {
    let all: Vec<Column> = report
        .each
        .iter()
        .map(|cycle| {
            let mut point = column(report, cycle, cycle.recovery_ms.unwrap_or(0.0), 0.0);
            point.broken = cycle.recovery_ms.is_none();
            point
        })
        .collect();
    let largest = report.each.iter().map(|cycle| cycle.log_bytes).max().unwrap_or(0);
    card(
        "Until it serves again",
        &format!(
            "From the start of the server to its first answer. The largest log was {}B.",
            match text::size(largest) {
                size if size.ends_with(|one: char| one.is_ascii_digit()) => format!("{size} "),
                size => size.trim_end_matches('B').to_owned(),
            }
        ),
        &points("Recovery time of each cycle", &all, report.recovery_median_ms, &millis),
    )
}

fn waiting(report: &Report) -> String {
    let waited = report.acknowledgement;
    let marks = [("median", waited.p50_us), ("99 %", waited.p99_us), ("longest", waited.max_us)];
    card(
        "How long a write waited for its reply",
        "Up to 8 writes of a connection wait together. The scale is logarithmic.",
        &histogram("Times until acknowledgement", &report.acknowledgement_parts, &marks),
    )
}

fn how(report: &Report, dir: &Path) -> String {
    let pairs = [
        ("server", format!("{} ({})", report.server, report.program)),
        ("policy", format!("appendfsync {}", report.policy)),
        ("profile", report.profile.unwrap_or("its own").to_owned()),
        ("failure", report.failure.to_owned()),
        ("folder", dir.display().to_string()),
        ("connections", report.connections.to_string()),
        ("seed", report.seed.to_string()),
        ("time", format!("{:.1} s", report.seconds)),
        ("the same choices", table::again(report, dir, report.cycles)),
    ];
    card("What was done", "", &facts(&pairs))
}

fn listed(report: &Report) -> String {
    let head =
        ["cycle", "killed", "acknowledged", "lost", "extra", "window", "served after", "log"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for (index, cycle) in report.each.iter().enumerate() {
        let broken = is_broken(report, cycle);
        if index >= LISTED && !broken {
            continue;
        }
        let stood = if cycle.stood.is_some() { ", standing still" } else { "" };
        lines.push(vec![
            format!("{}{}", if broken { "!" } else { "" }, cycle.cycle),
            format!("{}{stood}", cycle.moment.as_str()),
            thousands(cycle.acknowledged),
            thousands(cycle.lost),
            thousands(cycle.extra),
            millis(cycle.loss_window_ms),
            cycle.recovery_ms.map_or_else(|| "refused".to_owned(), millis),
            text::size(cycle.log_bytes),
        ]);
    }
    format!(
        "<section class=\"card\"><details><summary>The cycles one by one</summary>{}</details>\
         </section>\n",
        rows(&lines)
    )
}

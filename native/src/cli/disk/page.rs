//! The figures as a page with plots.

use super::measure::Call;
use super::outlook::rounded;
use super::{Report, SIZES, bytes};
use crate::cli::html::{card, escape, figure, page as whole, table, thousands};
use crate::cli::latency::time;
use crate::cli::plot::histogram;

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let sync = report.of(Call::DataSync, SIZES[0]);
    let mut body = format!(
        "<p class=\"over\">aof disk · <code>{}</code> · {}</p>\n<h1>A write is on this disk after \
         {}, <em>and after {} in 99 of 100 cases.</em></h1>\n",
        escape(&report.dir),
        escape(&report.file_system),
        time(sync.p50_us),
        time(sync.p99_us)
    );
    if let Some(warning) = &report.warning {
        body.push_str(&card("Something is strange", warning, ""));
    }
    body.push_str("<div class=\"figures\">");
    for speed in &report.outlook.always {
        let who = match speed.clients {
            1 => "One client".to_owned(),
            clients => format!("{clients} clients"),
        };
        let value = rounded(speed.writes_per_second);
        let note = "acknowledged writes a second under always, worked out from the times below.";
        body.push_str(&figure(&who, &value, "", note, false));
    }
    body.push_str("</div>\n");
    body.push_str(&policies(report));
    for measured in &report.calls {
        let summary = measured.summary;
        let marks = [("median", summary.p50_us), ("99 %", summary.p99_us)];
        let name = format!("{} of {}", measured.call.as_str(), bytes(measured.size_bytes));
        body.push_str(&card(
            &name,
            sentence(measured.call),
            &histogram(&name, &measured.parts, &marks),
        ));
    }
    body.push_str(&figures(report));
    whole(&format!("aof disk: {}", report.dir), &body)
}

fn sentence(call: Call) -> &'static str {
    match call {
        Call::Write => "Appended to a file, into the page cache.",
        Call::DataSync => "fdatasync after so much was appended: what a log asks for.",
        Call::Sync => "fsync after so much was appended: the file's times as well.",
        Call::Rename => {
            "A file that is synced already takes over a name, and the directory is synced: how a \
             rewrite ends."
        }
    }
}

fn policies(report: &Report) -> String {
    let mut list = String::from("<dl>");
    for policy in &report.outlook.policies {
        list.push_str(&format!(
            "<dt><code>{}</code></dt><dd>{}<br/>{}</dd>",
            policy.policy,
            escape(&policy.speed),
            escape(&policy.risk)
        ));
    }
    list.push_str("</dl>");
    card("What each policy would give here", "", &list)
}

fn figures(report: &Report) -> String {
    let head = ["call", "size", "median", "90 %", "99 %", "99.9 %", "longest", "times"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for measured in &report.calls {
        let summary = measured.summary;
        rows.push(vec![
            measured.call.as_str().to_owned(),
            bytes(measured.size_bytes),
            time(summary.p50_us),
            time(summary.p90_us),
            time(summary.p99_us),
            time(summary.p999_us),
            time(summary.max_us),
            thousands(summary.count),
        ]);
    }
    card("All figures", "", &table(&rows))
}

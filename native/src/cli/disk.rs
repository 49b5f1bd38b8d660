//! `aof disk --dir DIR`: what a disk asks for each call that makes something durable, and what
//! each policy would give on it.
//!
//! A log is written by appending, so everything here appends, too; a disk may be faster where it
//! writes over what is there. Each call is timed alone: the time of `fdatasync` does not hold that
//! of the `write` before it. Nothing else is kept from using the disk meanwhile, as nothing is in
//! real life.

mod measure;
mod outlook;
mod page;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use self::measure::{Call, Folder};
use self::outlook::Outlook;
use super::latency::{Part, Summary, bars, time};
use super::torture::duration;
use super::{html, stop, text};

/// Sizes of what is appended before a call, in bytes: a short command, a page, a large value.
const SIZES: [usize; 3] = [64, 4096, 1024 * 1024];
/// How fine the histograms are.
const PARTS_OF_DECADE: u32 = 6;
/// A sync that is faster than this at its median reaches no disk.
const NO_DISK_US: f64 = 5.0;

/// Measures what writes and syncs cost on the disk of a folder, and what each policy would give.
///
/// Makes a folder in DIR, writes up to 256 MB there, and removes it.
///
/// Exit code 0: it was measured. 2: it could not be.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aof disk --dir /mnt/disk
  aof disk --dir . --for 2m --html disk.html
  aof disk --dir . --json | jq '.calls[] | select(.call == \"fdatasync\")'

The fields of --json are described in docs/aof-json.md.")]
pub struct DiskArguments {
    /// A folder on the disk.
    #[arg(long)]
    dir: PathBuf,
    /// For how long it measures, all together.
    #[arg(long = "for", default_value = "20s", value_parser = duration, value_name = "TIME")]
    time: Duration,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Write a page with plots to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show no progress. (It is only shown on a terminal.)
    #[arg(long)]
    quiet: bool,
}

/// One call after so many bytes.
#[derive(Clone, Debug, Serialize)]
struct Measured {
    call: Call,
    size_bytes: usize,
    #[serde(flatten)]
    summary: Summary,
    parts: Vec<Part>,
}

/// Everything, as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
struct Report {
    dir: String,
    file_system: String,
    seconds: f64,
    /// What is strange about this disk, in words.
    warning: Option<String>,
    calls: Vec<Measured>,
    outlook: Outlook,
}

impl Report {
    fn of(&self, call: Call, size_bytes: usize) -> Summary {
        let found = self.calls.iter().find(|one| one.call == call && one.size_bytes == size_bytes);
        found.map(|one| one.summary).unwrap_or_default()
    }
}

/// Measures and prints what was found.
///
/// # Errors
/// If the folder cannot be written, or the answer cannot be printed.
pub fn run(arguments: &DiskArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let stop = stop::on_signals()?;
    let folder = Folder::make(&arguments.dir)?;
    let shows = !arguments.quiet && io::stderr().is_terminal();
    let count = u32::try_from(Call::ALL.len() * SIZES.len()).unwrap_or(1);
    let share = arguments.time / count;
    let began = std::time::Instant::now();
    let mut calls = Vec::new();
    for call in Call::ALL {
        for size_bytes in SIZES {
            if shows {
                let size = bytes(size_bytes);
                write!(io::stderr(), "\r{} of {size} …\x1b[K", call.as_str()).ok();
            }
            let Some(latency) = folder.measure(call, size_bytes, share, &stop)? else {
                // Interrupted: a part of the figures would be taken for all of them.
                return Ok(ExitCode::from(super::NO_ANSWER));
            };
            let (summary, parts) = (latency.summary(), latency.parts(PARTS_OF_DECADE));
            calls.push(Measured { call, size_bytes, summary, parts });
        }
    }
    if shows {
        write!(io::stderr(), "\r\x1b[K").ok();
    }
    let mut report = Report {
        dir: arguments.dir.display().to_string(),
        file_system: folder.file_system(),
        seconds: began.elapsed().as_secs_f64(),
        warning: None,
        calls,
        outlook: Outlook::default(),
    };
    drop(folder);
    report.outlook = outlook::outlook(|call, size| report.of(call, size));
    report.warning = warning(&report);
    if let Some(path) = &arguments.html {
        html::write(path, &page::page(&report))?;
    }
    let printed = if arguments.json {
        format!("{}\n", serde_json::to_string(&report)?)
    } else {
        table(&report)
    };
    out.write_all(printed.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn warning(report: &Report) -> Option<String> {
    let median_us = report.of(Call::DataSync, SIZES[1]).p50_us;
    if report.file_system == "tmpfs" {
        return Some(
            "This folder is in memory (tmpfs): nothing in it survives a power cut.".into(),
        );
    }
    (median_us < NO_DISK_US).then(|| {
        format!(
            "fdatasync of 4 KB takes {} here: no disk is that fast, so it does not wait for one.",
            time(median_us)
        )
    })
}

fn bytes(size: usize) -> String {
    match size {
        1_048_576 => "1 MB".to_owned(),
        4096 => "4 KB".to_owned(),
        size => format!("{size} B"),
    }
}

/// Rows with a histogram each, and what the policies would give.
fn table(report: &Report) -> String {
    let mut said = format!("{}, {}\n\n", report.dir, report.file_system);
    if let Some(warning) = &report.warning {
        said.push_str(&format!("{warning}\n\n"));
    }
    let head = ["", "size", "median", "90 %", "99 %", "99.9 %", "longest", "times"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for measured in &report.calls {
        let summary = measured.summary;
        let times = [summary.p50_us, summary.p90_us, summary.p99_us, summary.p999_us];
        let mut row = vec![measured.call.as_str().to_owned(), bytes(measured.size_bytes)];
        row.extend(times.map(time));
        row.push(time(summary.max_us));
        row.push(summary.count.to_string());
        rows.push(row);
    }
    said.push_str(&text::table(&rows));
    said.push_str("\nHow long each call took, from short to long; each decade has six bars:\n");
    for measured in &report.calls {
        let (first, last) = (measured.parts.first(), measured.parts.last());
        let (Some(first), Some(last)) = (first, last) else { continue };
        let name = format!("{} {}", measured.call.as_str(), bytes(measured.size_bytes));
        said.push_str(&format!(
            "  {name:<22} {:>8} ┤{}├ {}\n",
            time(super::latency::micros(first.upto_ns)),
            bars(&measured.parts),
            time(super::latency::micros(last.upto_ns))
        ));
    }
    said.push_str("\nWhat each policy would give here:\n");
    for policy in &report.outlook.policies {
        said.push_str(&format!("  {:<10} {}\n", policy.policy, policy.speed));
        said.push_str(&format!("  {:<10} {}\n", "", policy.risk));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(html: Option<PathBuf>, json: bool) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().expect("a folder");
        let arguments = DiskArguments {
            dir: dir.path().to_owned(),
            time: Duration::from_millis(120),
            json,
            html,
            quiet: true,
        };
        let mut out = Vec::new();
        run(&arguments, &mut out).expect("measured");
        (dir, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn every_call_of_every_size_is_measured_and_nothing_is_left() {
        let (dir, said) = short(None, true);
        let report: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        let calls = report["calls"].as_array().expect("calls");
        assert_eq!(calls.len(), 12);
        for call in calls {
            assert!(call["count"].as_u64() > Some(0), "{call}");
            assert!(call["p50_us"].as_f64() <= call["max_us"].as_f64(), "{call}");
            let parts = call["parts"].as_array().expect("parts");
            let sum: u64 = parts.iter().filter_map(|part| part["count"].as_u64()).sum();
            assert_eq!(Some(sum), call["count"].as_u64(), "{call}");
        }
        assert_eq!(report["outlook"]["policies"].as_array().map(Vec::len), Some(3));
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 0);
    }

    #[test]
    fn people_get_a_table_with_bars() {
        let (_dir, said) = short(None, false);
        for word in ["fdatasync", "rename", "99.9 %", "always", "everysec", "┤", "4 KB"] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

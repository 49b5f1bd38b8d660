//! `aof diff A B`: do two logs lead to the same dataset, and if not, where do they differ.
//!
//! Both are loaded through the loader of the server and compared key by key. Two logs can differ
//! in every byte and be equal here: after a rewrite, or when keys came in another order.

mod compare;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use aof_core::keyspace::{Entry, Keyspace};
use aof_core::load::LoadError;
use aof_core::units::Millis;
use clap::Args;
use serde::Serialize;

use super::loading::{self, Log, Reading};
use super::text;
use crate::clock::Clock;

#[cfg(test)]
mod tests;

/// Compares the datasets of two append only files, key by key: types, values and expiry times.
///
/// The order of keys does not count, nor the order in sets and hashes. A file whose end is
/// missing is compared as a server would load it, and a note says so; a file that no server loads
/// is not compared.
///
/// Exit code 0: the datasets are equal. 1: they differ. 2: they could not be compared.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aof diff before.aof after.aof
  aof diff --limit 0 before.aof after.aof      (only how many)
  aof diff --json before.aof after.aof | jq .different

The fields of --json are described in docs/aof-json.md.")]
pub struct DiffArguments {
    /// The first append only file.
    a: PathBuf,
    /// The second append only file.
    b: PathBuf,
    /// How many differences are shown. All are counted.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Leave out keys whose time has come. A server deletes them when it likes, so two logs of
    /// one dataset can differ in them.
    #[arg(long)]
    ignore_expired: bool,
    #[command(flatten)]
    reading: Reading,
}

/// What was found, as `--json` prints it.
#[derive(Debug, Default, Serialize)]
struct Comparison {
    a: File,
    b: File,
    equal: u64,
    only_in_a: u64,
    only_in_b: u64,
    different: u64,
    differences: Vec<Difference>,
    /// How many of the differences are listed at most.
    #[serde(skip)]
    limit: usize,
}

/// One of the two files.
#[derive(Debug, Default, Serialize)]
struct File {
    file: String,
    keys: u64,
    good_bytes: u64,
    size_bytes: u64,
    /// Why its end was left out, if it was.
    cut: Option<String>,
}

/// One key that is not the same.
#[derive(Debug, Serialize)]
struct Difference {
    database: u8,
    key: String,
    found: Found,
    /// What differs, in words.
    how: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Found {
    OnlyInA,
    OnlyInB,
    Different,
}

/// Loads both, compares them and prints what was found.
///
/// # Errors
/// If one of them cannot be loaded or the answer cannot be printed.
pub fn run(arguments: &DiffArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    // One moment for both, so that relative times in logs of other servers agree.
    let now = Clock::start().now();
    let (a, b) = (load(&arguments.a, arguments, now)?, load(&arguments.b, arguments, now)?);
    let ignored = arguments.ignore_expired.then_some(now);
    let mut comparison = Comparison {
        a: file(&arguments.a, &a),
        b: file(&arguments.b, &b),
        limit: arguments.limit,
        ..Comparison::default()
    };
    comparison.compare(a.keyspace(), b.keyspace(), ignored);
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&comparison)?)?;
    } else {
        out.write_all(human(&comparison).as_bytes())?;
    }
    out.flush()?;
    Ok(if comparison.differing() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn load(path: &Path, arguments: &DiffArguments, now: Millis) -> anyhow::Result<Log> {
    let log = loading::load(path, &arguments.reading, now, &mut ())?;
    if let Some(LoadError::Broken(broken)) = &log.damage {
        bail!("{} cannot be loaded: {broken}", path.display());
    }
    Ok(log)
}

fn file(path: &Path, log: &Log) -> File {
    File {
        file: path.display().to_string(),
        keys: log.keyspace().len() as u64,
        good_bytes: log.good_bytes(),
        size_bytes: log.size_bytes,
        cut: log.damage.as_ref().map(ToString::to_string),
    }
}

impl Comparison {
    const fn differing(&self) -> u64 {
        self.only_in_a + self.only_in_b + self.different
    }

    fn compare(&mut self, a: &Keyspace, b: &Keyspace, ignored: Option<Millis>) {
        let lives = |entry: &Entry<'_>| {
            ignored.is_none_or(|now| entry.expiry.is_none_or(|when| now <= when))
        };
        for (number, database) in a.databases() {
            let other = b.db(number);
            for entry in database.iter().filter(lives) {
                match other.entry(entry.key).filter(lives) {
                    None => self.note(number, &entry, Found::OnlyInA, None),
                    Some(held) if held == entry => self.equal += 1,
                    Some(held) => self.note(number, &entry, Found::Different, Some(&held)),
                }
            }
        }
        for (number, database) in b.databases() {
            let other = a.db(number);
            for entry in database.iter().filter(lives) {
                if !other.entry(entry.key).is_some_and(|held| lives(&held)) {
                    self.note(number, &entry, Found::OnlyInB, None);
                }
            }
        }
    }

    fn note(&mut self, database: u8, entry: &Entry<'_>, found: Found, other: Option<&Entry<'_>>) {
        let number = match found {
            Found::OnlyInA => &mut self.only_in_a,
            Found::OnlyInB => &mut self.only_in_b,
            Found::Different => &mut self.different,
        };
        *number += 1;
        if self.differences.len() < self.limit {
            let how = match other {
                Some(other) => compare::how(entry, other),
                None => vec![compare::summary(entry)],
            };
            let key = text::escaped(entry.key);
            self.differences.push(Difference { database, key, found, how });
        }
    }
}

fn human(comparison: &Comparison) -> String {
    let mut said = String::new();
    for file in [&comparison.a, &comparison.b] {
        if let Some(cut) = &file.cut {
            said.push_str(&format!(
                "{}: its end was left out, as a server would: {cut}\n",
                file.file
            ));
        }
    }
    for difference in &comparison.differences {
        let sign = match difference.found {
            Found::OnlyInA => "only in A",
            Found::OnlyInB => "only in B",
            Found::Different => "different",
        };
        let (database, key) = (difference.database, &difference.key);
        let how = difference.how.join("; ");
        said.push_str(&format!("{sign}: db {database} \"{key}\": {how}\n"));
    }
    let listed = comparison.differences.len() as u64;
    if comparison.differing() > listed && listed > 0 {
        said.push_str(&format!("… and {} more\n", comparison.differing() - listed));
    }
    said.push_str(&match comparison.differing() {
        0 => format!("The datasets are equal: {}.\n", text::count(comparison.equal, "key")),
        _ => format!(
            "The datasets differ: {} only in A, {} only in B, {} different, {} equal.\n",
            comparison.only_in_a, comparison.only_in_b, comparison.different, comparison.equal
        ),
    });
    said
}

//! What `aof inspect` found, for people.

use super::report::{Key, Report};
use crate::cli::text::{count, percent, size, table};

/// Most bytes of a key that are shown in a row.
const KEY_COLUMNS: usize = 50;

/// All of it.
pub(super) fn text(report: &Report) -> String {
    let mut text = head(report);
    section(&mut text, "Commands", &commands(report));
    section(&mut text, "Databases", &databases(report));
    section(&mut text, "Types", &types(report));
    section(&mut text, "Largest keys", &largest(report));
    section(&mut text, "Growth", &growth(report));
    text
}

/// One table under its title; nothing if there is only the head of one.
fn section(text: &mut String, title: &str, rows: &[Vec<String>]) {
    if rows.len() > 1 {
        text.push_str(&format!("\n{title}\n{}", table(rows)));
    }
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

fn head(report: &Report) -> String {
    let weight = &report.dead_weight;
    let mut text = format!(
        "{}: {}, {}\n",
        report.file,
        bytes(report.size_bytes),
        count(report.commands.count, "command")
    );
    match &report.damage {
        None => text.push_str("The file is whole.\n"),
        Some(damage) => text.push_str(&format!(
            "DAMAGED ({}): {}\nWhat follows is about the first {} of {}.\n",
            damage.class,
            damage.message,
            size(report.good_bytes),
            count(report.size_bytes, "byte")
        )),
    }
    text.push_str(&format!(
        "Dead weight: {} of {} ({}); a rewrite would leave {}.\n",
        size(weight.dead_bytes),
        size(weight.log_bytes),
        percent(weight.dead_bytes, weight.log_bytes),
        size(weight.rewrite_bytes)
    ));
    text.push_str(&format!(
        "Expired keys: {} ({}).\n",
        report.expired.keys,
        size(report.expired.rewrite_bytes)
    ));
    text.push_str(&format!(
        "Transactions: {} with {}, at most {} in one.\n",
        report.transactions.count,
        count(report.transactions.commands, "command"),
        report.transactions.longest
    ));
    if let Some(longest) = &report.longest_command {
        text.push_str(&format!(
            "Longest command: {} ({}), command {} at offset {}.\n",
            longest.name,
            size(longest.bytes),
            longest.command,
            longest.offset
        ));
    }
    text
}

/// A size, and the exact number where the size is rounded.
fn bytes(number: u64) -> String {
    let exact = count(number, "byte");
    if number < 1000 { exact } else { format!("{} ({exact})", size(number)) }
}

fn commands(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(["name", "count", "size", "of all"])];
    rows.extend(report.commands.kinds.iter().map(|kind| {
        vec![
            kind.name.to_owned(),
            kind.count.to_string(),
            size(kind.bytes),
            percent(kind.bytes, report.commands.bytes),
        ]
    }));
    rows
}

fn databases(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(["number", "keys", "expiring", "size"])];
    rows.extend(report.databases.iter().map(|database| {
        vec![
            database.number.to_string(),
            database.keys.to_string(),
            database.expiring_keys.to_string(),
            size(database.rewrite_bytes),
        ]
    }));
    rows
}

fn types(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(["type", "keys", "elements", "size"])];
    rows.extend(report.types.iter().map(|kind| {
        vec![
            kind.name.to_owned(),
            kind.keys.to_string(),
            kind.elements.to_string(),
            size(kind.rewrite_bytes),
        ]
    }));
    rows
}

fn largest(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(["key", "database", "type", "elements", "size"])];
    rows.extend(report.largest_keys.iter().map(|key| {
        vec![
            shown(key),
            key.database.to_string(),
            key.kind.to_owned(),
            key.elements.to_string(),
            size(key.rewrite_bytes),
        ]
    }));
    rows
}

/// The escaped name, cut to its column.
fn shown(key: &Key) -> String {
    match key.key.get(..KEY_COLUMNS) {
        Some(front) if key.key.len() > KEY_COLUMNS => format!("{front}…"),
        _ => key.key.clone(),
    }
}

fn growth(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(["up to", "commands", "keys", "rewritten", "dead", "of log"])];
    rows.extend(report.growth.iter().map(|point| {
        vec![
            size(point.offset),
            point.commands.to_string(),
            point.keys.to_string(),
            size(point.rewrite_bytes),
            size(point.dead_bytes),
            percent(point.dead_bytes, point.offset),
        ]
    }));
    rows
}

use aof_core::resp::encode_command;
use clap::Parser;
use serde_json::Value as Json;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    inspect: InspectArguments,
}

/// The log of these commands, words separated by blanks.
fn log_of(lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        encode_command(&line.split(' ').collect::<Vec<_>>(), &mut bytes);
    }
    bytes
}

fn inspect(bytes: &[u8], options: &[&str]) -> (ExitCode, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("log");
    std::fs::write(&path, bytes).expect("written");
    let mut words = vec!["inspect".to_owned(), path.display().to_string()];
    words.extend(options.iter().map(|&word| word.to_owned()));
    let mut out = Vec::new();
    let code = run(&Line::parse_from(words).inspect, &mut out).expect("readable");
    assert_eq!(std::fs::read(&path).expect("readable"), bytes);
    (code, String::from_utf8(out).expect("text"))
}

fn json(bytes: &[u8], options: &[&str]) -> Json {
    let options = [&["--json"], options].concat();
    serde_json::from_str(&inspect(bytes, &options).1).expect("JSON")
}

/// A log of everything there are figures for.
fn sample() -> Vec<u8> {
    let mut lines = vec!["SELECT 0".to_owned()];
    lines.extend((0..100).map(|number| format!("SET counter {number}")));
    lines.push(format!("SET big {}", "x".repeat(1000)));
    lines.push("set old 1 PXAT 1000".to_owned());
    lines.push("SET late 1 PXAT 99999999999999".to_owned());
    lines.extend(
        ["MULTI", "SET t1 1", "SET t2 2", "EXEC", "SELECT 3", "SET other 1"].map(str::to_owned),
    );
    log_of(&lines)
}

#[test]
fn every_figure_of_a_known_log() {
    let bytes = sample();
    let found = json(&bytes, &["--points", "4", "--keys", "2"]);
    assert_eq!(found["size_bytes"], bytes.len());
    assert_eq!(found["good_bytes"], bytes.len());
    assert_eq!(found["damage"], Json::Null);
    assert_eq!(found["commands"]["count"], 110);
    assert_eq!(found["commands"]["bytes"], bytes.len());
    let kinds = found["commands"]["kinds"].as_array().expect("a list");
    assert_eq!(kinds[0]["name"], "set");
    assert_eq!(kinds[0]["count"], 106);
    let sum: u64 = kinds.iter().filter_map(|kind| kind["bytes"].as_u64()).sum();
    assert_eq!(sum, bytes.len() as u64);
    let transactions = &found["transactions"];
    assert_eq!(transactions, &serde_json::json!({"count": 1, "commands": 2, "longest": 2}));
    assert_eq!(found["longest_command"]["name"], "set");
    assert_eq!(found["longest_command"]["command"], 102);
    let [zero, three] = &found["databases"].as_array().expect("a list")[..] else {
        panic!("{found}")
    };
    assert_eq!((&zero["keys"], &zero["expiring_keys"]), (&6.into(), &2.into()));
    assert_eq!((&three["number"], &three["keys"]), (&3.into(), &1.into()));
    assert_eq!(found["types"][0]["keys"], 7);
    assert_eq!(found["largest_keys"].as_array().map(Vec::len), Some(2));
    assert_eq!(found["largest_keys"][0]["key"], "big");
    assert_eq!(found["largest_keys"][1]["key"], "late");
    assert_eq!(found["expired"]["keys"], 1);
}

/// The rewritten size is the size of a log that has been written so.
#[test]
fn the_rewritten_size_is_that_of_the_smallest_log() {
    let smallest = log_of(
        &[
            "SELECT 0",
            "SET counter 99",
            &format!("SET big {}", "x".repeat(1000)),
            "SET old 1",
            "PEXPIREAT old 1000",
            "SET late 1",
            "PEXPIREAT late 99999999999999",
            "SET t1 1",
            "SET t2 2",
            "SELECT 3",
            "SET other 1",
        ]
        .map(str::to_owned),
    );
    let bytes = sample();
    let found = json(&bytes, &[]);
    let weight = &found["dead_weight"];
    assert_eq!(weight["rewrite_bytes"], smallest.len());
    assert_eq!(weight["log_bytes"], bytes.len());
    assert_eq!(weight["dead_bytes"], bytes.len() - smallest.len());
    let rewritten = json(&smallest, &[]);
    assert_eq!(rewritten["dead_weight"]["dead_bytes"], 0);
    assert_eq!(rewritten["dead_weight"]["rewrite_bytes"], smallest.len());
}

#[test]
fn growth_has_the_points_that_were_asked_for() {
    let bytes = sample();
    for points in ["1", "7", "20", "1000"] {
        let found = json(&bytes, &["--points", points]);
        let growth = found["growth"].as_array().expect("a list");
        assert_eq!(growth.len().to_string(), points);
        let offsets: Vec<_> = growth.iter().filter_map(|point| point["offset"].as_u64()).collect();
        assert!(offsets.is_sorted() && offsets.len() == growth.len(), "{offsets:?}");
        let last = growth.last().expect("one");
        assert_eq!(last["offset"], bytes.len());
        assert_eq!(last["keys"], 7);
        assert_eq!(last["dead_bytes"], found["dead_weight"]["dead_bytes"]);
    }
    assert_eq!(json(&bytes, &["--points", "0"])["growth"], serde_json::json!([]));
    assert_eq!(json(&bytes, &["--keys", "0"])["largest_keys"], serde_json::json!([]));
}

#[test]
fn a_damaged_log_is_shown_up_to_the_damage() {
    let mut bytes = sample();
    let good = bytes.len();
    bytes.extend_from_slice(b"nonsense");
    let (code, text) = inspect(&bytes, &[]);
    assert_eq!(code, ExitCode::FAILURE);
    assert!(text.contains("DAMAGED (malformed)"), "{text}");
    let found = json(&bytes, &[]);
    assert_eq!(found["damage"]["class"], "malformed");
    assert_eq!(found["damage"]["offset"], good);
    assert_eq!(found["good_bytes"], good);
    assert_eq!(found["commands"]["count"], 110);
    // An unfinished transaction is in the file and not in the dataset.
    let open = log_of(&["SET a 1".to_owned(), "MULTI".to_owned(), "SET b 1".to_owned()]);
    let found = json(&open, &[]);
    assert_eq!(found["damage"]["class"], "open-multi");
    assert_eq!((&found["commands"]["count"], &found["types"][0]["keys"]), (&3.into(), &1.into()));
}

#[test]
fn people_get_tables() {
    let (code, text) = inspect(&sample(), &[]);
    assert_eq!(code, ExitCode::SUCCESS);
    for part in [
        "110 commands\nThe file is whole.\nDead weight: ",
        "Expired keys: 1 (",
        "Transactions: 1 with 2 commands, at most 2 in one.",
        "\nCommands\n  name",
        "\nLargest keys\n  key",
        "\nGrowth\n  up to",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let (code, text) = inspect(b"", &[]);
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(text.contains("log: 0 bytes, 0 commands"), "{text}");
}

/// Programs rely on the names: each one is described.
#[test]
fn every_field_is_described() {
    let described = include_str!("../../../../docs/aof-json.md");
    let mut bytes = sample();
    bytes.extend_from_slice(b"nonsense");
    let mut values = vec![json(&bytes, &[])];
    while let Some(value) = values.pop() {
        match value {
            Json::Object(fields) => {
                for (name, value) in fields {
                    assert!(described.contains(&format!("`{name}`")), "{name}");
                    values.push(value);
                }
            }
            Json::Array(elements) => values.extend(elements),
            _ => {}
        }
    }
}

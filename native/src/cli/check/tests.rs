use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    check: CheckArguments,
}

const SET: &str = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";

/// Checks these bytes. Returns the exit code's debug form and what was printed.
fn check(bytes: &[u8], options: &[&str]) -> (ExitCode, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("log");
    std::fs::write(&path, bytes).expect("write");
    let mut words = vec!["check".to_owned(), path.display().to_string()];
    words.extend(options.iter().map(|&word| word.to_owned()));
    let mut out = Vec::new();
    let code = run(&Line::parse_from(words).check, &mut out).expect("readable");
    assert_eq!(std::fs::read(&path).expect("read"), bytes, "a check never writes");
    (code, String::from_utf8(out).expect("text"))
}

#[test]
fn a_whole_log_is_valid() {
    let (code, text) = check(SET.repeat(2).as_bytes(), &[]);
    assert_eq!(text, "AOF analyzed: size=54, ok_up_to=54, commands=2, diff=0\nAOF is valid\n");
    assert_eq!(code, ExitCode::SUCCESS);
    assert_eq!(check(b"", &[]).0, ExitCode::SUCCESS);
}

#[test]
fn a_cut_log_names_class_place_and_what_is_good() {
    let bytes = SET.repeat(2);
    let (code, text) = check(&bytes.as_bytes()[..40], &[]);
    assert_eq!(code, ExitCode::FAILURE);
    assert!(text.starts_with("0x0000000000000028: "), "{text}");
    assert!(text.contains("size=40, ok_up_to=27, commands=1, diff=13\n"), "{text}");
    assert!(text.contains("AOF is not valid: truncated."), "{text}");
}

#[test]
fn json_says_the_same() {
    let mut bytes = SET.repeat(2);
    bytes.push_str("nonsense");
    let (code, text) = check(bytes.as_bytes(), &["--json"]);
    assert_eq!(code, ExitCode::FAILURE);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["verdict"], "broken");
    assert_eq!(value["class"], "malformed");
    assert_eq!(value["offset"], 54);
    assert_eq!(value["command"], 3);
    assert_eq!(value["ok_up_to"], 54);
    assert_eq!(value["size_bytes"], 62);
}

#[test]
fn the_profile_decides_how_strict_the_end_of_a_payload_is() {
    let bytes = SET.replace("1\r\na\r\n", "1\r\naXX");
    assert_eq!(check(bytes.as_bytes(), &[]).0, ExitCode::FAILURE);
    assert_eq!(check(bytes.as_bytes(), &["--profile", "redis-6.2"]).0, ExitCode::SUCCESS);
}

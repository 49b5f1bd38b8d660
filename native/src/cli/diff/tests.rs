use aof_core::resp::encode_command;
use clap::Parser;
use serde_json::Value as Json;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    diff: DiffArguments,
}

/// The log of these commands, words separated by blanks.
fn log_of(lines: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        encode_command(&line.split(' ').collect::<Vec<_>>(), &mut bytes);
    }
    bytes
}

fn diff_bytes(a: &[u8], b: &[u8], options: &[&str]) -> anyhow::Result<(ExitCode, String)> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut words = vec!["diff".to_owned()];
    for (name, bytes) in [("a", a), ("b", b)] {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        words.push(path.display().to_string());
    }
    words.extend(options.iter().map(|&word| word.to_owned()));
    let mut out = Vec::new();
    let code = run(&Line::parse_from(words).diff, &mut out)?;
    Ok((code, String::from_utf8(out).expect("text")))
}

fn diff(a: &[&str], b: &[&str], options: &[&str]) -> (ExitCode, String) {
    diff_bytes(&log_of(a), &log_of(b), options).expect("both load")
}

#[test]
fn order_and_history_do_not_count() {
    let a = ["SET x 1", "SET y 2", "SET x 3", "PEXPIREAT y 99999999999999"];
    let b = ["SELECT 0", "SET y 2 PXAT 99999999999999", "SET z 1", "SET x 3", "DEL z"];
    let (code, said) = diff(&a, &b, &[]);
    assert_eq!((code, said.as_str()), (ExitCode::SUCCESS, "The datasets are equal: 2 keys.\n"));
    assert_eq!(diff(&[], &[], &[]).0, ExitCode::SUCCESS);
}

#[test]
fn each_kind_of_difference_is_told() {
    let a = ["SET same 1", "SET text hello", "SET gone 1", "SET late 1 PXAT 99999999999999"];
    let b = ["SET same 1", "SET text help!!", "SET late 1", "SELECT 5", "SET gone 1"];
    let (code, said) = diff(&a, &b, &[]);
    assert_eq!(code, ExitCode::FAILURE);
    for line in [
        "different: db 0 \"text\": 5 / 6 bytes, from byte 3 on: \"hello\" / \"help!!\"\n",
        "only in A: db 0 \"gone\": \"1\"\n",
        "different: db 0 \"late\": expires at 99999999999999 / never\n",
        "only in B: db 5 \"gone\": \"1\"\n",
        "The datasets differ: 1 only in A, 1 only in B, 2 different, 1 equal.\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    let (_, backwards) = diff(&b, &a, &["--limit", "1"]);
    assert_eq!(backwards.lines().count(), 3, "{backwards}");
    assert!(backwards.contains("… and 3 more\n"), "{backwards}");
    let (_, counted) = diff(&a, &b, &["--limit", "0"]);
    assert_eq!(counted.lines().count(), 1, "{counted}");
}

/// Large ones are held in another form than small ones, and are the same to a client.
#[test]
fn collections_differ_by_what_is_in_them() {
    let many: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let backwards: Vec<String> = many.iter().rev().cloned().collect();
    let (many, backwards) = (many.join(" "), backwards.join(" "));
    let log = |order: &str| {
        ["SADD s", "HSET h", "ZADD z"].map(|front| format!("{front} {order}")).to_vec()
    };
    let (a, b) = (log(&many), log(&backwards));
    let views = |lines: &[String]| log_of(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let (code, said) = diff_bytes(&views(&a[..1]), &views(&b[..1]), &[]).expect("both load");
    assert_eq!(code, ExitCode::SUCCESS, "{said}");
    let grown = [a[0].clone(), "SADD s x".to_owned(), "SREM s x".to_owned()];
    assert_eq!(
        diff_bytes(&views(&grown), &views(&b[..1]), &[]).expect("loads").0,
        ExitCode::SUCCESS
    );
    let cases = [
        (["RPUSH l a b c"], ["RPUSH l a x c"], "element 1: \"b\" / \"x\""),
        (["RPUSH l a"], ["RPUSH l a b"], "1 / 2 elements; element 1: nothing / \"b\""),
        (
            ["SADD s a b c"],
            ["SADD s c x b y"],
            "1 only in A, first \"a\"; 2 only in B, first \"x\"",
        ),
        (["HSET h f v g w"], ["HSET h g x f v"], "1 different, first \"g\": \"w\" / \"x\""),
        (["ZADD z 1 a 2 b"], ["ZADD z 1 a 2.5 b"], "1 different, first \"b\": \"2\" / \"2.5\""),
        (["RPUSH k a"], ["SADD k a"], "type list / set"),
    ];
    for (a, b, how) in cases {
        let (code, said) = diff(&a, &b, &[]);
        assert_eq!(code, ExitCode::FAILURE);
        assert!(said.contains(how), "{how}\n{said}");
    }
    let (_, said) = diff(&["ZADD z 1 a 2 b"], &[], &[]);
    assert!(said.contains("only in A: db 0 \"z\": zset of 2 elements\n"), "{said}");
}

#[test]
fn expired_keys_can_be_left_out() {
    let (a, b) = (["SET x 1", "SET old 1 PXAT 1000"], ["SET x 1"]);
    assert_eq!(diff(&a, &b, &[]).0, ExitCode::FAILURE);
    assert_eq!(diff(&a, &b, &["--ignore-expired"]).0, ExitCode::SUCCESS);
    assert_eq!(diff(&b, &a, &["--ignore-expired"]).0, ExitCode::SUCCESS);
}

#[test]
fn a_missing_end_is_noted_and_a_broken_log_is_trouble() {
    let whole = log_of(&["SET x 1"]);
    let cut = [whole.as_slice(), b"*3\r\n$3"].concat();
    let (code, said) = diff_bytes(&whole, &cut, &[]).expect("both load");
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(said.contains("its end was left out, as a server would"), "{said}");
    let broken = [whole.as_slice(), b"nonsense"].concat();
    let error = diff_bytes(&whole, &broken, &[]).expect_err("broken");
    assert!(error.to_string().contains("cannot be loaded"), "{error}");
}

/// Programs rely on the names: each one is described.
#[test]
fn json_says_the_same_and_every_field_is_described() {
    let described = include_str!("../../../../docs/aof-json.md");
    let (code, said) = diff(&["SET x 1", "SET a 1"], &["SET x 2", "SET b 1"], &["--json"]);
    assert_eq!(code, ExitCode::FAILURE);
    let found: Json = serde_json::from_str(&said).expect("JSON");
    assert_eq!(found["different"], 1);
    assert_eq!(found["differences"][0]["found"], "different");
    assert_eq!(found["differences"][1]["found"], "only-in-a");
    assert_eq!(found["differences"][2]["found"], "only-in-b");
    assert_eq!(found["b"]["keys"], 2);
    for part in [&found, &found["a"], &found["differences"][0]] {
        for name in part.as_object().expect("an object").keys() {
            assert!(described.contains(&format!("`{name}`")), "{name}");
        }
    }
}

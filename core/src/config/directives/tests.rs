use super::*;
use crate::config::Policy;
use crate::profile::ProfileName;
use crate::random::Random;

mod standings;

fn set_text(config: &mut Config, name: &str, value: &str) -> Result<&'static str, String> {
    set(config, name.as_bytes(), value.as_bytes())
        .map(|directive| directive.name)
        .map_err(|error| error.text())
}

fn get_text(config: &Config, pattern: &str) -> Vec<(&'static str, String)> {
    get(config, pattern.as_bytes()).collect()
}

#[test]
fn every_name_is_there_once_and_in_lower_case() {
    let all: Vec<&Directive> = directives().collect();
    for (index, directive) in all.iter().enumerate() {
        assert_eq!(directive.name, directive.name.to_ascii_lowercase());
        assert!(all[..index].iter().all(|other| other.name != directive.name));
        assert!(find(directive.name.to_uppercase().as_bytes()).is_some());
    }
}

#[test]
fn every_default_value_can_be_set_again() {
    let defaults = Config::default();
    for directive in settings() {
        let mut config = defaults.clone();
        let value = directive.get(&config);
        assert_eq!(directive.set(&mut config, value.as_bytes()), Ok(()), "{}", directive.name);
        assert_eq!(config, defaults, "{}", directive.name);
    }
    for (policy, name) in Policy::ALL.map(|policy| (policy, policy.as_str())) {
        let mut config = Config::default();
        assert_eq!(set_text(&mut config, "appendfsync", name), Ok("appendfsync"));
        assert_eq!(config.appendfsync, policy);
    }
    for (profile, name) in ProfileName::ALL.map(|profile| (profile, profile.as_str())) {
        let mut config = Config::default();
        assert_eq!(set_text(&mut config, "profile", name), Ok("profile"));
        assert_eq!(config.profile, profile);
    }
}

#[test]
fn get_takes_patterns_in_any_case() {
    let config = Config::default();
    let pair = |name, value: &str| (name, value.to_owned());
    assert_eq!(get_text(&config, "save"), [pair("save", "")]);
    assert_eq!(get_text(&config, "AppendOnly"), [pair("appendonly", "yes")]);
    assert_eq!(
        get_text(&config, "append*"),
        [
            pair("appendonly", "yes"),
            pair("appendfilename", "appendonly.aof"),
            pair("appendfsync", "everysec"),
        ]
    );
    assert_eq!(get_text(&config, "aof-buffer-limit"), [pair("aof-buffer-limit", "268435456")]);
    assert_eq!(get_text(&config, "nothing"), []);
    let names: usize = settings().map(|directive| 1 + usize::from(directive.alias.is_some())).sum();
    assert_eq!(get_text(&config, "*").len(), names, "each is got, by both names");
    assert_eq!(
        get_text(&config, "*-read-only"),
        [pair("replica-read-only", "yes"), pair("slave-read-only", "yes")]
    );
}

#[test]
fn set_answers_with_the_texts_of_redis() {
    let mut config = Config::default();
    for (name, value, error) in [
        ("nosuch", "1", "ERR Unsupported CONFIG parameter: nosuch"),
        ("Port", "1", "ERR Unsupported CONFIG parameter: Port"),
        (
            "appendonly",
            "maybe",
            "ERR Invalid argument 'maybe' for CONFIG SET 'appendonly' - argument must be 'yes' or \
             'no'",
        ),
        (
            "APPENDFSYNC",
            "sometimes",
            "ERR Invalid argument 'sometimes' for CONFIG SET 'APPENDFSYNC' - argument must be one \
             of the following: everysec, always, no",
        ),
        (
            "timeout",
            "soon",
            "ERR Invalid argument 'soon' for CONFIG SET 'timeout' - argument couldn't be parsed \
             into an integer",
        ),
        (
            "timeout",
            "-1",
            "ERR Invalid argument '-1' for CONFIG SET 'timeout' - argument must be between 0 and \
             2147483647 inclusive",
        ),
        (
            "proto-max-bulk-len",
            "1tb",
            "ERR Invalid argument '1tb' for CONFIG SET 'proto-max-bulk-len' - argument must be a \
             memory value",
        ),
        (
            "save",
            "900 1",
            "ERR Invalid argument '900 1' for CONFIG SET 'save' - there are no snapshots \
             (RDB) in this server: only \"\" is possible",
        ),
    ] {
        assert_eq!(set_text(&mut config, name, value), Err(error.to_owned()));
        assert_eq!(config, Config::default(), "a refused value changes nothing");
    }
    assert_eq!(set_text(&mut config, "save", ""), Ok("save"));
    assert_eq!(set_text(&mut config, "AppendOnly", "NO"), Ok("appendonly"));
    assert!(!config.appendonly);
}

#[test]
fn units_of_memory_are_those_of_redis() {
    for (text, bytes) in [
        ("0", Some(0)),
        ("1024", Some(1024)),
        ("7b", Some(7)),
        ("1k", Some(1000)),
        ("1kb", Some(1024)),
        ("2M", Some(2_000_000)),
        ("2Mb", Some(2 * 1024 * 1024)),
        ("3g", Some(3_000_000_000)),
        ("3GB", Some(3 * 1024 * 1024 * 1024)),
        ("9223372036854775807", Some(u64::MAX >> 1)),
        ("9223372036854775808", None),
        ("99999999999999999999", None),
        ("9223372036854775807k", None),
        ("", None),
        ("k", None),
        ("-1", None),
        ("1 k", None),
        ("1kib", None),
        ("1.5g", None),
    ] {
        assert_eq!(value::memory_bytes(text.as_bytes()), bytes, "{text}");
    }
}

#[test]
fn a_file_is_read_as_redis_reads_it() {
    let mut config = Config::default();
    let text = b"# a comment\r\n\n  appendonly no  \r\n\tAPPENDFSYNC \"always\"\nport 6400\n\
        save \"\"\nport 6401\ndir '/tmp/a b'\nbind 127.0.0.1 ::1\naof-buffer-limit 64mb";
    assert_eq!(parse_text(&mut config, "redis.conf", text), Ok(()));
    let expected = Config {
        appendonly: false,
        appendfsync: Policy::Always,
        port: 6401,
        dir: "/tmp/a b".to_owned(),
        bind: "127.0.0.1 ::1".to_owned(),
        aof_buffer_limit_bytes: 64 * 1024 * 1024,
        ..Config::default()
    };
    assert_eq!(config, expected);
}

#[test]
fn an_error_names_file_and_line() {
    for (text, line, problem) in [
        ("port 1\n\nport", 3, "wrong number of arguments"),
        ("port 1 2", 1, "wrong number of arguments"),
        ("#\nnosuch 1", 2, "Bad directive or wrong number of arguments"),
        ("dir \"a", 1, "Unbalanced quotes in configuration line"),
        ("dir \"a\"b", 1, "Unbalanced quotes in configuration line"),
        ("appendonly 1", 1, "argument must be 'yes' or 'no'"),
        ("appendfilename a/b", 1, "appendfilename can't be a path, just a filename"),
        ("port 65536", 1, "argument must be between 0 and 65535 inclusive"),
        ("maxclients 0", 1, "argument must be between 1 and 4294967295 inclusive"),
        ("databases 32", 1, "there are always 16 databases"),
    ] {
        let error = parse_text(&mut Config::default(), "a.conf", text.as_bytes())
            .expect_err("the line is wrong");
        assert_eq!(error.problem.to_string(), problem, "{text}");
        assert_eq!(error.source_of.to_string(), format!("a.conf, line {line}"), "{text}");
    }
    let save = parse_text(&mut Config::default(), "a.conf", b"save 900 1").expect_err("refused");
    assert_eq!(
        save.to_string(),
        "a.conf, line 1: 'save 900 1': there are no snapshots (RDB) in this server: only \"\" is \
         possible"
    );
}

#[test]
fn the_command_line_is_directives_too() {
    let mut config = Config::default();
    let arguments = ["--port", "0", "--bind", "::1", "127.0.0.1", "--appendfsync", "no"];
    assert_eq!(parse_arguments(&mut config, &arguments), Ok(()));
    assert_eq!((config.port, config.bind.as_str()), (0, "::1 127.0.0.1"));
    assert_eq!(config.appendfsync, Policy::No);
    for (arguments, error) in [
        (&["--port"][..], "the command line: '--port': wrong number of arguments"),
        (&["port", "1"], "the command line: 'port 1': Bad directive or wrong number of arguments"),
        (
            &["--port", "1", "--nosuch", "2"],
            "the command line: '--nosuch 2': Bad directive or wrong number of arguments",
        ),
    ] {
        let found = parse_arguments(&mut Config::default(), arguments).expect_err("wrong");
        assert_eq!(found.to_string(), error);
    }
}

#[test]
fn what_is_written_is_read_back() {
    let config = Config {
        appendonly: false,
        appendfilename: "ä \"quoted\" \\ name\t\n\x7f\u{200b}'#".to_owned(),
        appendfsync: Policy::No,
        aof_load_truncated: false,
        profile: ProfileName::Redis62,
        held_reply_timeout_ms: 1,
        aof_buffer_limit_bytes: 2,
        dir: String::new(),
        bind: "a  b".to_owned(),
        loglevel: "debug".to_owned(),
        logfile: "# not a comment".to_owned(),
        ..Config::default()
    };
    let text = to_text(&config);
    let mut read = Config::default();
    assert_eq!(parse_text(&mut read, "text", text.as_bytes()), Ok(()), "{text}");
    assert_eq!(read, config);
    assert_eq!(to_text(&read), text);
}

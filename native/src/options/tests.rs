use aof_core::config::Policy;
use aof_core::profile::ProfileName;

use super::*;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn serve(line: &str) -> ServerOptions {
    match parse(&words(line)) {
        Ok(Invocation::Serve(options)) => *options,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn no_arguments_mean_defaults_with_the_log_on() {
    let options = serve("");
    assert_eq!(options.config, Config::default());
    assert!(options.config.appendonly);
    assert_eq!(options.record, None);
}

#[test]
fn directives_have_redis_s_names_and_units() {
    let options =
        serve("--port 7000 --appendfsync always --profile redis-6.2 --proto-max-bulk-len 2mb");
    assert_eq!(options.config.port, 7000);
    assert_eq!(options.config.appendfsync, Policy::Always);
    assert_eq!(options.config.profile, ProfileName::Redis62);
    assert_eq!(options.config.proto_max_bulk_len, 2 * 1024 * 1024);
}

#[test]
fn the_command_line_wins_over_the_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("lab.conf");
    std::fs::write(&path, "# a comment\nport 7001\nappendfsync no\n").expect("write");
    let options = serve(&format!("{} --port 7002", path.display()));
    assert_eq!(options.config.port, 7002);
    assert_eq!(options.config.appendfsync, Policy::No);
}

#[test]
fn a_file_includes_another_and_an_error_names_the_one_it_is_in() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (main, other) = (dir.path().join("main.conf"), dir.path().join("other.conf"));
    std::fs::write(&main, format!("port 1\ninclude {}\n", other.display())).expect("write");
    let line = main.display().to_string();
    let error = parse(&words(&line)).expect_err("not there").to_string();
    assert!(error.contains(&format!("at line 2 of {}", main.display())), "{error}");
    std::fs::write(&other, "timeout 7\nport 2\n").expect("write");
    let options = serve(&line);
    assert_eq!((options.config.port, options.config.timeout), (2, 7));
    let real = main.canonicalize().expect("it is there");
    assert_eq!(options.config.config_file, real.display().to_string());
    std::fs::write(&other, "# one\ntimeout soon\n").expect("write");
    let error = parse(&words(&line)).expect_err("no number").to_string();
    assert!(error.contains(&format!("at line 2 of {}", other.display())), "{error}");
    assert!(error.contains(">>> 'timeout soon'"), "{error}");
}

#[test]
fn a_dash_first_or_last_is_the_standard_input() {
    let all = words("lab.conf --port 1 -");
    assert_eq!(sources(&all), (Some(&all[0]), true, &all[1..3]));
    let all = words("- --port 1");
    assert_eq!(sources(&all), (None, true, &all[1..]));
    let all = words("--slowlog-log-slower-than -1");
    assert_eq!(sources(&all), (None, false, &all[..]));
    assert_eq!(sources(&[]), (None, false, &[][..]));
}

#[test]
fn help_and_version_are_not_directives() {
    assert!(matches!(parse(&words("--help")), Ok(Invocation::Help)));
    assert!(matches!(parse(&words("-h")), Ok(Invocation::Help)));
    assert!(matches!(parse(&words("--version")), Ok(Invocation::Version)));
    assert!(help().contains("--appendonly yes\n"), "{}", help());
    assert!(help().contains("--port 6379\n"), "{}", help());
}

#[test]
fn record_takes_one_file_among_directives() {
    let options = serve("--port 7000 --record run.trace --appendonly no");
    assert_eq!(options.record, Some(PathBuf::from("run.trace")));
    assert!(!options.config.appendonly);
    assert!(matches!(parse(&words("--record")), Err(OptionsError::Record)));
    assert!(matches!(parse(&words("--record --port 1")), Err(OptionsError::Record)));
    assert!(matches!(parse(&words("--record a --record b")), Err(OptionsError::Record)));
}

#[test]
fn what_is_wrong_is_named() {
    for line in ["--no-such-thing 1", "--port", "--port many", "--appendfsync sometimes"] {
        let error = parse(&words(line)).expect_err(line).to_string();
        assert!(error.contains(line), "{line}: {error}");
    }
    let error = parse(&words("--port 1 --maxmemory 1gb")).expect_err("refused").to_string();
    assert!(error.contains("FATAL CONFIG FILE ERROR") && error.contains("no eviction"), "{error}");
    let error = parse(&words("/no/such/file")).expect_err("no such file").to_string();
    assert!(error.contains("/no/such/file"), "{error}");
}

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
    let error = parse(&words("/no/such/file")).expect_err("no such file").to_string();
    assert!(error.contains("/no/such/file"), "{error}");
}

//! Loader and checker over the same bytes, in every way a file can be cut, zeroed, flipped and
//! fed.

mod cuts;
mod damage;
mod verdicts;

use crate::config::Config;
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::check::{Check, Known, Report, Verdict};
use crate::load::fault::LoadError;
use crate::load::replay::{LoadStep, Loader};
use crate::load::scan::Options;
use crate::profile::ProfileName;
use crate::resp::encode_command;

/// A configuration of this profile.
fn config(profile: ProfileName) -> Config {
    Config { profile, ..Config::default() }
}

fn hardened() -> Options {
    Options::of(ProfileName::Hardened.profile())
}

fn redis() -> Options {
    Options::of(ProfileName::Redis62.profile())
}

/// The log of these commands, words separated by blanks.
fn log_of(lines: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        encode_command(&line.split(' ').collect::<Vec<_>>(), &mut bytes);
    }
    bytes
}

/// A log with everything in it: databases, a transaction, empty words, NUL and line ends inside a
/// value. Returns the bytes and the ends of its commands.
fn sample() -> (Vec<u8>, Vec<usize>) {
    let commands: &[&[&[u8]]] = &[
        &[b"SELECT", b"0"],
        &[b"SET", b"a", b"1"],
        &[b"set", b"nul", b"x\0y\0\0"],
        &[b"MULTI"],
        &[b"SET", b"", b"\r\n"],
        &[b"SET", b"b", b"0123456789ab", b"PXAT", b"99999999999999"],
        &[b"EXEC"],
        &[b"SELECT", b"3"],
        &[b"DEL", b"a", b"b"],
    ];
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for words in commands {
        encode_command(words, &mut bytes);
        ends.push(bytes.len());
    }
    (bytes, ends)
}

/// What the loader says, in the words of the checker.
fn load_in_pieces(config: &Config, bytes: &[u8], piece: usize) -> (Report, Option<u128>) {
    let keyspace = Keyspace::new(1);
    let mut loader = Loader::new(Executor::new(config.clone(), keyspace, 1));
    let mut failed = None;
    let mut next_offset = 0;
    'pieces: for piece in bytes.chunks(piece) {
        loader.feed(piece);
        loop {
            match loader.next_step() {
                Ok(LoadStep::Command(replayed)) => {
                    assert_eq!(replayed.command.place.offset, next_offset);
                    next_offset = replayed.command.end();
                }
                Ok(LoadStep::NeedMore) => break,
                Err(error) => {
                    assert_eq!(loader.next_step().err().as_ref(), Some(&error), "it stays failed");
                    failed = Some(error);
                    break 'pieces;
                }
            }
        }
    }
    let commands = loader.commands();
    let valid_up_to = match loader.end() {
        Ok(Some(tail)) => {
            assert_eq!(tail.applied_up_to(), loader.valid_up_to());
            tail.valid_up_to
        }
        Ok(None) | Err(_) => loader.valid_up_to(),
    };
    let size_bytes = bytes.len() as u64;
    let report = |verdict, error| Report { verdict, error, commands, valid_up_to, size_bytes };
    match loader.finish() {
        Ok(loaded) => {
            assert_eq!(failed, None);
            assert_eq!(loaded.length_bytes, valid_up_to);
            let digest = loaded.executor.keyspace.content_digest();
            match loaded.cut {
                None => (report(Verdict::Valid, None), Some(digest)),
                Some(tail) => {
                    let reverted = tail.open.map_or(0, |open| open.queued + 1);
                    assert_eq!(loaded.commands + reverted, commands);
                    let error = LoadError::Unfinished(tail);
                    (report(Verdict::Recoverable, Some(error)), Some(digest))
                }
            }
        }
        Err(error) => {
            if let Some(failed) = failed {
                assert_eq!(failed, error);
            }
            (report(Verdict::Broken, Some(error)), None)
        }
    }
}

fn check_in_pieces(options: Options, bytes: &[u8], piece: usize) -> Report {
    let mut check = Check::new(options, Known::Table);
    for piece in bytes.chunks(piece) {
        check.feed(piece);
    }
    check.finish()
}

/// Checks and loads, and insists that both agree and that the report makes sense.
fn judge(profile: ProfileName, bytes: &[u8], piece: usize) -> Report {
    let config = config(profile);
    let report = check_in_pieces(Options::from(&config), bytes, piece);
    let (loaded, _) = load_in_pieces(&config, bytes, piece);
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(report, loaded, "checker and loader disagree: {}", shown());
    assert_eq!(report.size_bytes, bytes.len() as u64);
    assert!(report.valid_up_to <= report.size_bytes);
    match &report.error {
        None => assert_eq!(report.valid_up_to, report.size_bytes),
        Some(error) => {
            assert_eq!(error.valid_up_to(), report.valid_up_to, "{}", shown());
            let applied = match error {
                LoadError::Unfinished(tail) => tail.applied_up_to(),
                LoadError::Broken(broken) => broken.valid_up_to,
            };
            assert!(applied <= report.valid_up_to, "{}", shown());
            assert!(error.place().offset >= applied, "{}", shown());
            assert!(error.place().offset <= report.size_bytes, "{}", shown());
            assert!(!error.to_string().is_empty());
        }
    }
    report
}

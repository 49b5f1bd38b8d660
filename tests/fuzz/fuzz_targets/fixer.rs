//! `aof fix --yes` on any bytes: it agrees with the checker, cuts where the checker says and
//! nowhere else, keeps a copy of what it cuts, and leaves alone what it cannot heal.
//!
//! The first byte says which profile reads; the rest is the file.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};

use aof_core::load::{Known, Options, Verdict, check};
use aof_core::profile::ProfileName;
use aof_native::cli::fix::{self, FixArguments};
use clap::Parser;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    fix: FixArguments,
}

/// A folder in memory where there is one: a fix syncs what it writes, which a disk makes slow.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .expect("a folder")
}

/// Everything beside the log but its lock, which holds no bytes.
fn copies(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.to_string_lossy().contains("before-fix")).collect()
}

fuzz_target!(|data: &[u8]| {
    let [flags, log @ ..] = data else { return };
    let profile = ProfileName::ALL[usize::from(*flags) % ProfileName::ALL.len()];
    let options = Options::of(profile.profile()).for_repair();
    let before = check(options, Known::Table, log);

    let folder = folder();
    let path = folder.path().join("a.aof");
    fs::write(&path, log).expect("a file");
    let line = Line::try_parse_from([
        "fix".as_ref(),
        "--yes".as_ref(),
        "--quiet".as_ref(),
        "--profile".as_ref(),
        profile.as_str().as_ref(),
        path.as_os_str(),
    ])
    .expect("a command line");
    let mut said = Vec::new();
    fix::run(&line.fix, &mut said).expect("an answer");

    let after = fs::read(&path).expect("the file");
    let copies = copies(folder.path());
    if after == log {
        assert!(copies.is_empty(), "a copy of what was not cut");
        assert_ne!(before.verdict, Verdict::Recoverable, "what a start would cut was left");
        return;
    }
    let good = usize::try_from(before.valid_up_to).expect("a length");
    assert_ne!(before.verdict, Verdict::Valid, "a whole file was cut");
    assert!(good > 0 || before.verdict == Verdict::Recoverable, "nothing of the file remains");
    assert_eq!(after, log[..good], "not cut where the checker says");
    assert_eq!(check(options, Known::Table, &after).verdict, Verdict::Valid);
    let [copy] = copies.as_slice() else { panic!("{} copies", copies.len()) };
    assert_eq!(fs::read(copy).expect("the copy"), log, "the copy is another file");
});

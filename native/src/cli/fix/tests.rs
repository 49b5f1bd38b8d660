use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use aof_core::load::check as check_bytes;
use aof_core::profile::ProfileName;
use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    fix: FixArguments,
}

const SET: &str = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
const MULTI: &str = "*1\r\n$5\r\nMULTI\r\n";

/// A folder with one log in it.
struct Folder {
    dir: tempfile::TempDir,
    path: PathBuf,
    original: Vec<u8>,
    before: (i64, i64),
}

impl Folder {
    fn with(bytes: &[u8]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log.aof");
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("permitted");
        let before = modified(&path);
        Self { dir, path, original: bytes.to_vec(), before }
    }

    /// Runs the command. `answer` is what is typed, `None` where there is no terminal.
    fn fix(&self, options: &[&str], answer: Option<&str>) -> (ExitCode, String) {
        let mut words = vec!["fix".to_owned(), self.path.display().to_string()];
        words.extend(options.iter().map(|&word| word.to_owned()));
        let mut out = Vec::new();
        let mut typed = answer.map(str::as_bytes);
        let terminal = typed.as_mut().map(|typed| typed as &mut dyn BufRead);
        let code = fix(&Line::parse_from(words).fix, &mut out, terminal).expect("an answer");
        (code, String::from_utf8(out).expect("text"))
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("readable")
    }

    fn copies(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.path()).expect("readable");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.to_string_lossy().contains(".before-fix-")).collect()
    }

    fn assert_untouched(&self, said: &str) {
        assert_eq!(self.bytes(), self.original, "{said}");
        assert_eq!(modified(&self.path), self.before, "{said}");
        assert!(self.copies().is_empty(), "{said}");
    }

    /// The file is the good front of what it was, and there is one copy of what it was.
    fn assert_cut_to(&self, length: usize, said: &str) {
        assert_eq!(self.bytes(), self.original[..length], "{said}");
        let copies = self.copies();
        assert_eq!(copies.len(), 1, "{said}");
        assert_eq!(fs::read(&copies[0]).expect("readable"), self.original, "{said}");
        assert_eq!(fs::metadata(&copies[0]).expect("there").mode() & 0o7777, 0o640);
        assert!(said.contains(&copies[0].display().to_string()), "{said}");
    }
}

fn modified(path: &Path) -> (i64, i64) {
    let metadata = fs::metadata(path).expect("there");
    (metadata.mtime(), metadata.mtime_nsec())
}

#[test]
fn a_whole_file_is_not_touched() {
    for bytes in ["", SET] {
        let folder = Folder::with(bytes.as_bytes());
        let (code, said) = folder.fix(&["--yes"], None);
        assert_eq!(code, ExitCode::SUCCESS);
        assert!(said.contains("AOF is valid") && said.contains("nothing to fix"), "{said}");
        folder.assert_untouched(&said);
        assert_eq!(fs::read_dir(folder.dir.path()).expect("readable").count(), 1);
    }
}

#[test]
fn an_end_is_cut_after_a_yes_and_only_then() {
    let bytes = format!("{SET}{}", &SET[..10]);
    for (options, answer, cut) in [
        (&["--yes"][..], None, true),
        (&[], Some("y\n"), true),
        (&[], Some("YES\n"), true),
        (&[], Some("n\n"), false),
        (&[], Some("\n"), false),
        (&[], Some(""), false),
        (&[], None, false),
    ] {
        let folder = Folder::with(bytes.as_bytes());
        let (code, said) = folder.fix(options, answer);
        assert!(said.contains("To cut: 10 bytes (27.0 %), from offset 27 to the end"), "{said}");
        assert!(!said.contains("WARNING"), "{said}");
        if cut {
            assert_eq!(code, ExitCode::SUCCESS, "{said}");
            folder.assert_cut_to(SET.len(), &said);
            assert!(said.ends_with("Cut from 37 to 27 bytes. AOF is valid\n"), "{said}");
        } else {
            assert_eq!(code, ExitCode::FAILURE, "{said}");
            folder.assert_untouched(&said);
            assert_eq!(answer.is_none(), said.contains("aof fix --yes "), "{said}");
        }
    }
}

#[test]
fn losing_commands_that_can_be_read_takes_a_word() {
    let bytes = format!("{SET}junk{SET}{SET}");
    for (answer, cut) in [("y\n", false), ("cut\n", true)] {
        let folder = Folder::with(bytes.as_bytes());
        let (code, said) = folder.fix(&[], Some(answer));
        assert!(said.contains("WARNING: what would be cut holds 2 commands"), "{said}");
        assert!(said.contains("the first at offset 31"), "{said}");
        assert_eq!(code, if cut { ExitCode::SUCCESS } else { ExitCode::FAILURE }, "{said}");
        if cut {
            folder.assert_cut_to(SET.len(), &said);
        } else {
            folder.assert_untouched(&said);
        }
    }
}

/// The case that `redis-check-aof --fix` is silent about.
#[test]
fn commands_swallowed_by_a_wrong_length_are_told() {
    let bytes = format!("{SET}*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500\r\n1\r\n{SET}{SET}{SET}");
    let folder = Folder::with(bytes.as_bytes());
    let (code, said) = folder.fix(&[], Some("y\n"));
    assert_eq!(code, ExitCode::FAILURE);
    assert!(said.contains("AOF is not valid: truncated."), "{said}");
    assert!(said.contains("WARNING: what would be cut holds 3 commands"), "{said}");
    folder.assert_untouched(&said);
}

#[test]
fn what_cutting_cannot_heal_is_refused_with_the_reason() {
    let cases = [
        ("REDIS0009".to_owned(), "begins with a snapshot"),
        (format!("{SET}*1\r\n$6\r\nNOSUCH\r\n{SET}"), "a command that this server does not have"),
        (format!("{SET}*1\r\n$3\r\nSET\r\n"), "a command in a form"),
        (format!("{SET}#TS:1\r\n{SET}"), "written by Redis 7"),
        (format!("nonsense{SET}"), "Nothing of the file would remain"),
        (format!("{MULTI}{SET}{MULTI}{SET}"), "Nothing of the file would remain"),
    ];
    for (bytes, reason) in cases {
        let folder = Folder::with(bytes.as_bytes());
        let (code, said) = folder.fix(&["--yes"], None);
        assert_eq!(code, ExitCode::FAILURE, "{said}");
        assert!(said.contains(reason), "{said}");
        folder.assert_untouched(&said);
    }
    let unknown = format!("*1\r\n$6\r\nNOSUCH\r\n{}", &SET[..9]);
    let folder = Folder::with(unknown.as_bytes());
    let (code, said) = folder.fix(&["--yes", "--any-command"], None);
    assert_eq!(code, ExitCode::SUCCESS, "{said}");
    folder.assert_cut_to(16, &said);
}

#[test]
fn an_open_transaction_goes_as_a_whole() {
    let bytes = format!("{SET}{MULTI}{SET}{SET}");
    let folder = Folder::with(bytes.as_bytes());
    let (code, said) = folder.fix(&["--yes"], None);
    assert_eq!(code, ExitCode::SUCCESS, "{said}");
    assert!(said.contains("3 commands of a transaction"), "{said}");
    folder.assert_cut_to(SET.len(), &said);
}

#[test]
fn a_server_that_uses_the_log_keeps_it() {
    let bytes = format!("{SET}{}", &SET[..10]);
    let folder = Folder::with(bytes.as_bytes());
    let _held = LogLock::take(&folder.path).expect("free");
    let words = ["fix", "--yes", &folder.path.display().to_string()].map(str::to_owned);
    let error = fix(&Line::parse_from(words).fix, &mut Vec::new(), None).expect_err("held");
    let holder = format!("a server (pid {}) is using", std::process::id());
    assert!(error.to_string().contains(&holder), "{error}");
    folder.assert_untouched("held");
}

/// Every length of a log, and every byte of it replaced: what is fixed is then valid and the
/// longest good front; what is not fixed is untouched.
#[test]
fn every_cut_and_every_flipped_byte() {
    let log = format!("{SET}{MULTI}{SET}*1\r\n$4\r\nEXEC\r\n{SET}");
    let options = Options::of(ProfileName::Hardened.profile());
    let mut damaged: Vec<Vec<u8>> =
        (0..log.len()).map(|length| log.as_bytes()[..length].to_vec()).collect();
    for at in 0..log.len() {
        let mut bytes = log.clone().into_bytes();
        bytes[at] ^= 0x10;
        damaged.push(bytes);
    }
    for bytes in damaged {
        let report = check_bytes(options, Known::Table, &bytes);
        let folder = Folder::with(&bytes);
        let (code, said) = folder.fix(&["--yes"], None);
        let good = usize::try_from(report.valid_up_to).expect("small");
        match (report.verdict, code == ExitCode::SUCCESS) {
            (Verdict::Valid, fixed) => {
                assert!(fixed, "{said}");
                folder.assert_untouched(&said);
            }
            (Verdict::Recoverable, fixed) => {
                assert!(fixed, "{said}");
                folder.assert_cut_to(good, &said);
            }
            (Verdict::Broken, true) => folder.assert_cut_to(good, &said),
            (Verdict::Broken, false) => folder.assert_untouched(&said),
        }
        let after = check_bytes(options, Known::Table, &folder.bytes());
        assert_eq!(after.verdict == Verdict::Valid, code == ExitCode::SUCCESS, "{said}");
    }
}

use super::*;
use crate::config::Config;
use crate::keyspace::Keyspace;
use crate::profile::ProfileName;
use crate::resp::encode_command;

/// A file and its faults, and what was done to it.
struct Host {
    file: Vec<u8>,
    /// Bytes that one read gives at most.
    piece: usize,
    /// The action that fails.
    failing: Option<&'static str>,
    done: Vec<String>,
    /// What lies in the directory.
    names: Vec<&'static str>,
    /// The only child that lives.
    alive: Option<ChildId>,
}

impl Host {
    fn new(file: &[u8]) -> Self {
        Self {
            file: file.to_vec(),
            piece: 10,
            failing: None,
            done: Vec::new(),
            names: Vec::new(),
            alive: None,
        }
    }

    fn result<T>(&self, name: &str, value: T) -> Result<T, Errno> {
        if self.failing == Some(name) { Err(Errno::EIO) } else { Ok(value) }
    }

    fn perform(&mut self, start: &mut Start, action: StartAction) -> Result<(), StartError> {
        match action {
            StartAction::Open => {
                self.done.push("open".to_owned());
                let size_bytes = self.file.len() as u64;
                start.opened(self.result("open", Opened { created: false, size_bytes }))
            }
            StartAction::Read { offset, max_bytes } => {
                let offset = usize::try_from(offset).expect("small");
                let end = self.file.len().min(offset + self.piece.min(max_bytes));
                let bytes = self.file[offset..end].to_vec();
                start.read(self.result("read", bytes.as_slice()))
            }
            StartAction::Truncate { length_bytes } => {
                self.done.push(format!("truncate {length_bytes}"));
                let result = self.result("truncate", ());
                if result.is_ok() {
                    self.file.truncate(usize::try_from(length_bytes).expect("small"));
                }
                start.done(result)
            }
            StartAction::SyncFile => {
                self.done.push("sync file".to_owned());
                start.done(self.result("sync file", ()))
            }
            StartAction::SyncDirectory => {
                self.done.push("sync directory".to_owned());
                start.done(self.result("sync directory", ()))
            }
            StartAction::FindOrphans => start.found(self.names.iter().copied()),
            StartAction::Remove { name, child } => {
                self.done.push(format!("remove {}", name.text("")));
                start.removed(match self.result("remove", ()) {
                    _ if self.alive == Some(child) => Removal::InUse,
                    Ok(()) => Removal::Removed,
                    Err(errno) => Removal::Failed(errno),
                })
            }
        }
    }

    /// Performs a whole start. Also counts the commands that were steps.
    fn run(&mut self, config: Config) -> Result<(Started, u64), StartError> {
        let mut start = Start::new(Executor::new(config, Keyspace::new(1), 1));
        let mut commands = 0;
        loop {
            match start.next_step() {
                Ok(StartStep::Perform(action)) => {
                    let _ = self.perform(&mut start, action);
                }
                Ok(StartStep::Loaded(_)) => commands += 1,
                Ok(StartStep::Ready) => return Ok((start.into_started()?, commands)),
                Err(error) => {
                    assert_eq!(start.next_step().err().as_ref(), Some(&error), "it stays failed");
                    assert_eq!(start.into_started().err().as_ref(), Some(&error));
                    return Err(error);
                }
            }
        }
    }
}

fn config(profile: ProfileName) -> Config {
    Config { profile, ..Config::default() }
}

fn log() -> Vec<u8> {
    let mut bytes = Vec::new();
    for words in [&["SELECT", "0"][..], &["SET", "a", "1"], &["SET", "b", "2"]] {
        encode_command(words, &mut bytes);
    }
    bytes
}

#[test]
fn what_was_loaded_is_durable_before_anything_is_served() {
    let mut host = Host::new(&log());
    let (started, commands) = host.run(config(ProfileName::Hardened)).expect("a good log");
    assert_eq!(host.done, ["open", "sync file", "sync directory"]);
    assert_eq!((started.commands, commands), (3, 3));
    assert_eq!(started.length_bytes, log().len() as u64);
    assert_eq!(started.executor.keyspace.db(0).len(), 2);
    assert_eq!(started.cut, None);
}

#[test]
fn redis_syncs_nothing_at_a_start() {
    let mut host = Host::new(&log()[..40]);
    let (started, _) = host.run(config(ProfileName::Redis62)).expect("a cut log");
    assert_eq!(host.done, ["open", "truncate 23"]);
    assert_eq!(started.length_bytes, 23);
}

#[test]
fn a_new_file_is_made_durable_too() {
    let mut host = Host::new(b"");
    let (started, commands) = host.run(config(ProfileName::Hardened)).expect("an empty log");
    assert_eq!(host.done, ["open", "sync file", "sync directory"]);
    assert_eq!((started.commands, commands, started.length_bytes), (0, 0, 0));
}

#[test]
fn a_missing_end_is_cut_off_before_the_syncs() {
    let mut zeros = log();
    zeros.extend([0; 30]);
    for (file, length) in [(log()[..60].to_vec(), 50), (zeros, log().len())] {
        let mut host = Host::new(&file);
        let (started, _) = host.run(config(ProfileName::Hardened)).expect("recoverable");
        assert_eq!(
            host.done,
            ["open", &format!("truncate {length}"), "sync file", "sync directory"]
        );
        assert_eq!(host.file.len(), length);
        assert_eq!(started.cut.map(|tail| tail.valid_up_to), Some(length as u64));
        // The next start finds nothing to cut.
        let (again, _) = host.run(config(ProfileName::Hardened)).expect("good now");
        assert_eq!(again.cut, None);
        let digest = |started: &Started| started.executor.keyspace.content_digest();
        assert_eq!(digest(&again), digest(&started));
    }
}

#[test]
fn without_load_truncated_the_file_stays_as_it_is() {
    let mut host = Host::new(&log()[..60]);
    let config = Config { aof_load_truncated: false, ..config(ProfileName::Hardened) };
    let error = host.run(config).expect_err("refused");
    assert!(matches!(error, StartError::Load(LoadError::Unfinished(_))));
    assert_eq!(host.done, ["open"]);
    assert_eq!(host.file.len(), 60);
}

#[test]
fn a_broken_log_is_not_touched() {
    let mut file = log();
    file[23] = b'!';
    let mut host = Host::new(&file);
    let error = host.run(config(ProfileName::Hardened)).expect_err("broken");
    assert!(matches!(error, StartError::Load(LoadError::Broken(_))));
    assert_eq!((host.done, host.file), (vec!["open".to_owned()], file));
}

#[test]
fn every_failing_action_refuses_the_start() {
    for (failing, expected) in [
        ("open", StartError::Open(Errno::EIO)),
        ("read", StartError::Read { offset: 0, errno: Errno::EIO }),
        ("truncate", StartError::Truncate { length_bytes: 50, errno: Errno::EIO }),
        ("sync file", StartError::SyncFile(Errno::EIO)),
        ("sync directory", StartError::SyncDirectory(Errno::EIO)),
    ] {
        let mut host = Host { failing: Some(failing), ..Host::new(&log()[..60]) };
        let error = host.run(config(ProfileName::Hardened)).expect_err(failing);
        assert_eq!(error, expected);
        assert!(error.to_string().contains("Input/output error"), "{error}");
    }
}

#[test]
fn an_answer_that_nobody_asked_for_is_no_start() {
    let executor = || Executor::new(Config::default(), Keyspace::new(1), 1);
    let mut start = Start::new(executor());
    assert_eq!(start.done(Ok(())), Err(StartError::OutOfOrder));
    assert!(matches!(start.next_step(), Err(StartError::OutOfOrder)));
    assert_eq!(Start::new(executor()).read(Ok(b"")), Err(StartError::OutOfOrder));
    assert_eq!(Start::new(executor()).found([]), Err(StartError::OutOfOrder));
    assert_eq!(Start::new(executor()).removed(Removal::Removed), Err(StartError::OutOfOrder));
    assert!(matches!(Start::new(executor()).into_started(), Err(StartError::OutOfOrder)));
}

#[test]
fn a_start_can_be_copied_in_the_middle() {
    let file = log();
    let mut start = Start::new(Executor::new(Config::default(), Keyspace::new(1), 1));
    start.opened(Ok(Opened { created: false, size_bytes: 77 })).expect("asked for");
    start.read(Ok(&file[..60])).expect("asked for");
    assert!(matches!(start.next_step(), Ok(StartStep::Loaded(_))));
    let mut copy = start.clone();
    for start in [&mut start, &mut copy] {
        assert!(matches!(start.next_step(), Ok(StartStep::Loaded(_))));
        let action = StartAction::Read { offset: 60, max_bytes: READ_BYTES };
        assert!(matches!(start.next_step(), Ok(StartStep::Perform(found)) if found == action));
        assert_eq!(start.loader().map(Loader::commands), Some(2));
    }
}

/// In the order of their kinds and numbers, however the directory is listed.
#[test]
fn what_rewrites_have_left_is_removed_last() {
    let names = vec![
        "temp-rewriteaof-bg-7.aof",
        "appendonly.aof",
        "temp-rewriteaof-12.aof",
        "temp-rewriteaof-9.aof.bak",
        "temp-rewriteaof-7.aof",
        "temp-rewriteaof-bg-9.aof",
    ];
    let mut host = Host { names, alive: Some(ChildId(12)), ..Host::new(&log()[..60]) };
    let (started, _) = host.run(config(ProfileName::Hardened)).expect("a cut log");
    assert_eq!(
        host.done,
        [
            "open",
            "truncate 50",
            "sync file",
            "sync directory",
            "remove temp-rewriteaof-7.aof",
            "remove temp-rewriteaof-12.aof",
            "remove temp-rewriteaof-bg-7.aof",
            "remove temp-rewriteaof-bg-9.aof",
        ]
    );
    let [unfinished, rewritten] = [FileName::Unfinished, FileName::Rewritten];
    assert_eq!(
        started.orphans,
        [
            (unfinished(ChildId(7)), Removal::Removed),
            (unfinished(ChildId(12)), Removal::InUse),
            (rewritten(ChildId(7)), Removal::Removed),
            (rewritten(ChildId(9)), Removal::Removed),
        ]
    );
}

#[test]
fn a_file_that_cannot_be_removed_is_no_reason_not_to_start() {
    let names = vec!["temp-rewriteaof-7.aof", "temp-rewriteaof-8.aof"];
    let mut host = Host { names, failing: Some("remove"), ..Host::new(&log()) };
    let (started, _) = host.run(config(ProfileName::Hardened)).expect("a good log");
    let failed = Removal::Failed(Errno::EIO);
    assert_eq!(started.orphans.iter().map(|orphan| orphan.1).collect::<Vec<_>>(), [failed; 2]);
}

/// While it is not certain which file the log is, nothing beside it is removed.
#[test]
fn nothing_is_removed_before_the_name_is_durable() {
    for failing in ["open", "read", "truncate", "sync file", "sync directory"] {
        let names = vec!["temp-rewriteaof-7.aof"];
        let mut host = Host { names, failing: Some(failing), ..Host::new(&log()[..60]) };
        host.run(config(ProfileName::Hardened)).expect_err(failing);
        assert!(!host.done.iter().any(|done| done.starts_with("remove")), "{:?}", host.done);
    }
    let mut host = Host { names: vec!["temp-rewriteaof-7.aof"], ..Host::new(&log()) };
    host.run(config(ProfileName::Redis62)).expect("a good log");
    assert_eq!(host.done, ["open"], "Redis leaves them");
}

use super::*;
use crate::promise::Failure;
use crate::sim::crash::{DiskModel, Limits, images};

fn replayed(operations: &[Operation]) -> Replay {
    let mut replay = Replay::new(Parameters::default());
    for operation in operations {
        replay.apply(operation).expect("a program could have done this");
    }
    replay
}

fn contents(replay: &Replay, name: &str) -> Vec<Option<Vec<u8>>> {
    let found =
        images(replay.disk(), name, Failure::PowerCut, DiskModel::AnyPrefix, Limits::default());
    found.images.into_iter().map(|image| image.content).collect()
}

fn create(name: &str, file: u64) -> Operation {
    Operation::Create { name: name.to_owned(), file }
}

fn append(file: u64, bytes: &[u8]) -> Operation {
    Operation::Append { file, bytes: bytes.into() }
}

fn sync(call: u64, target: Target) -> [Operation; 2] {
    [Operation::SyncBegins { call, target }, Operation::SyncEnds { call, result: Ok(()) }]
}

#[test]
fn a_sync_covers_what_was_written_before_it_began() {
    let mut operations = vec![create("log", 1), append(1, b"ab")];
    operations.extend(sync(1, Target::Directory));
    operations.push(Operation::SyncBegins { call: 2, target: Target::File(1) });
    operations.push(append(1, b"c"));
    operations.push(Operation::SyncEnds { call: 2, result: Ok(()) });
    let replay = replayed(&operations);
    let expected = [b"ab".to_vec(), b"abc".to_vec()].map(Some);
    assert_eq!(contents(&replay, "log"), expected);
}

#[test]
fn without_a_sync_of_the_directory_a_new_file_may_be_missing() {
    let mut operations = vec![create("log", 1), append(1, b"a")];
    operations.extend(sync(1, Target::File(1)));
    let replay = replayed(&operations);
    assert_eq!(contents(&replay, "log"), [None, Some(b"a".to_vec())]);
}

#[test]
fn a_failed_sync_drops_its_pages() {
    let mut operations = vec![create("log", 1), append(1, b"ab")];
    operations.extend(sync(1, Target::Directory));
    operations.push(Operation::SyncBegins { call: 2, target: Target::File(1) });
    operations.push(Operation::SyncEnds { call: 2, result: Err(Errno::EIO) });
    operations.push(append(1, b"c"));
    operations.extend(sync(3, Target::File(1)));
    let replay = replayed(&operations);
    assert_eq!(contents(&replay, "log"), [Some(b"\0\0c".to_vec())]);
}

#[test]
fn what_no_program_can_do_is_refused() {
    let mut replay = Replay::new(Parameters::default());
    let missing = replay.apply(&append(7, b"a"));
    assert_eq!(missing, Err(ReplayError::NoSuchFile { index: 0, file: 7 }));
    let gone = replay.apply(&Operation::Unlink { name: "log".to_owned() });
    assert_eq!(gone, Err(ReplayError::Refused { index: 0, errno: Errno(2) }));
    let end = replay.apply(&Operation::SyncEnds { call: 3, result: Ok(()) });
    assert_eq!(end, Err(ReplayError::NoSuchSync { index: 0, call: 3 }));
}

//! `DEBUG LOADAOF`.

use super::*;

/// The dataset's content.
fn content(rig: &Rig) -> u128 {
    rig.engine.executor().keyspace.content_digest()
}

#[test]
fn the_log_is_written_and_read_back() {
    for profile in [ProfileName::Redis62, ProfileName::Hardened] {
        for policy in Policy::ALL {
            let mut rig = Rig::new(profile, policy);
            rig.command(1, "SET a 1");
            rig.command(1, "RENAME a b");
            let before = content(&rig);
            let seen = rig.command(2, "DEBUG LOADAOF");
            let steps: Vec<&str> = seen.split(", ").collect();
            assert!(steps[0].starts_with("write "), "{profile:?} {policy:?}: {seen}");
            assert!(
                seen.ends_with("read at 0, LogReloaded { commands: 3 }"),
                "{profile:?} {policy:?}: {seen}"
            );
            assert_eq!(content(&rig), before);
            // Nothing is sent before the turn ends, and then everything that may be.
            assert_eq!(rig.received(2), "");
            rig.turn_end();
            while !rig.outside.jobs.is_empty() {
                rig.job_ends(Ok(()));
                rig.turn_end();
            }
            assert_eq!(rig.received(2), "+OK ", "{profile:?} {policy:?}");
            assert_eq!(rig.received(1), "+OK +OK ", "{profile:?} {policy:?}");
        }
    }
}

#[test]
fn it_goes_on_where_it_was() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.turn(1, "SELECT 3");
    rig.turn(1, "SET a 1");
    rig.turn(1, "WATCH a");
    rig.turn(2, "DEBUG LOADAOF");
    rig.turn(1, "SET b 2");
    // The log still says database 3, once.
    let log = String::from_utf8(rig.outside.file.clone()).unwrap();
    assert_eq!(log.matches("SELECT").count(), 1, "{log}");
    assert!(log.ends_with("$1\r\nb\r\n$1\r\n2\r\n"), "{log}");
    rig.received(1);
    rig.turn(1, "MULTI");
    rig.turn(1, "SET a 3");
    rig.turn(1, "EXEC");
    assert_eq!(rig.received(1), "+OK +QUEUED *-1 ", "a watched key was loaded anew");
}

#[test]
fn a_long_log_is_read_in_pieces() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::No);
    let value = "x".repeat(700_000);
    for key in ["a", "b", "c"] {
        rig.turn(1, &format!("SET {key} {value}"));
    }
    let before = content(&rig);
    let seen = rig.command(2, "DEBUG LOADAOF");
    assert_eq!(seen, "read at 0, read at 1048576, read at 2097152, LogReloaded { commands: 4 }");
    assert_eq!(content(&rig), before);
}

/// Whatever is wrong, the dataset stays and the client gets an error.
#[test]
fn a_log_that_cannot_be_loaded_changes_nothing() {
    type Spoil = fn(&mut Rig);
    let cases: [(Spoil, &str); 5] = [
        (|rig| rig.outside.fail_read = Some(Errno::EIO), "NotRead(Errno(5))"),
        (|rig| rig.outside.file[0] = b'!', "Refused { class: Malformed, offset: 0 }"),
        (|rig| rig.outside.file.truncate(30), "FileEnds { offset: 30 }"),
        (
            |rig| rig.outside.file[31..34].copy_from_slice(b"WHA"),
            "Refused { class: UnknownCommand, offset: 23 }",
        ),
        (|rig| rig.outside.writes = VecDeque::from([Err(Errno::ENOSPC)]), "NotWritten"),
    ];
    for (spoil, failure) in cases {
        let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
        rig.turn(1, "SET a 1");
        if failure == "NotWritten" {
            rig.command(1, "SET a 2");
        }
        spoil(&mut rig);
        let before = content(&rig);
        let seen = rig.command(2, "DEBUG LOADAOF");
        assert!(seen.ends_with(&format!("LogNotReloaded({failure})")), "{failure}: {seen}");
        assert_eq!(content(&rig), before, "{failure}");
        rig.turn_end();
        assert_eq!(
            rig.received(2),
            "-ERR Error trying to load the AOF. Check server logs. ",
            "{failure}"
        );
    }
}

#[test]
fn without_a_log_there_is_nothing_to_load() {
    let mut rig = Rig::with(Config { appendonly: false, ..Config::default() });
    rig.turn(1, "SET a 1");
    assert_eq!(rig.command(1, "DEBUG LOADAOF"), "LogNotReloaded(LogIsOff)");
    rig.turn_end();
    assert_eq!(rig.received(1), "+OK -ERR Error trying to load the AOF. Check server logs. ");
    assert_eq!(rig.engine.executor().keyspace.len(), 1);
}

#[test]
fn an_unwanted_reply_is_not_taken_back() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.outside.fail_read = Some(Errno::EIO);
    rig.turn(1, "SET a 1");
    rig.command(2, "PING");
    rig.command(2, "CLIENT REPLY OFF");
    rig.command(2, "DEBUG LOADAOF");
    rig.turn_end();
    assert_eq!(rig.received(2), "+PONG ");
}

/// A write that a running sync puts off is made all the same: the file must have all of it.
#[test]
fn the_write_is_forced() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.turn(1, "SET a 1");
    rig.tick(1_100);
    assert_eq!(rig.outside.jobs.len(), 1, "a sync runs");
    assert!(rig.turn(1, "SET b 2").contains("WritePostponed"));
    let seen = rig.command(2, "DEBUG LOADAOF");
    assert_eq!(seen, "write 27, read at 0, LogReloaded { commands: 3 }, send 1: 1");
    assert_eq!(rig.engine.executor().keyspace.len(), 2);
}

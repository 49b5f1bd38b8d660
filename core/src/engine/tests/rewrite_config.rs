//! `CONFIG REWRITE`.

use super::*;

fn with_file(file: &str) -> Rig {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    file.clone_into(&mut rig.engine.executor.config.config_file);
    rig
}

#[test]
fn the_host_writes_the_file_before_the_next_command() {
    let mut rig = with_file("/etc/lab.conf");
    let seen = rig.command(1, "CONFIG REWRITE");
    assert_eq!(seen, "rewrite /etc/lab.conf, ConfigRewritten(Ok(()))");
    rig.command(1, "PING");
    rig.turn_end();
    assert_eq!(rig.received(1), "+OK +PONG ");
}

#[test]
fn what_failed_is_said_in_the_reply_and_in_the_log() {
    let mut rig = with_file("/etc/lab.conf");
    rig.outside.fail_read = Some(Errno::ENOSPC);
    rig.command(1, "PING");
    let seen = rig.command(1, "CONFIG REWRITE");
    assert_eq!(seen, "rewrite /etc/lab.conf, ConfigRewritten(Err(Errno(28)))");
    rig.command(1, "PING");
    rig.turn_end();
    assert_eq!(rig.received(1), "+PONG -ERR Rewriting config file: No space left on device +PONG ");
}

#[test]
fn without_a_file_nothing_is_asked_and_an_answer_without_a_question_is_nothing() {
    let mut rig = with_file("");
    assert_eq!(rig.command(1, "CONFIG REWRITE"), "");
    let before = rig.engine.digest();
    rig.engine.handle(Event::ConfigRewritten { result: Err(Errno::EIO) });
    assert_eq!(rig.engine.digest(), before);
    rig.turn_end();
    assert_eq!(rig.received(1), "-ERR The server is running without a config file ");
}

/// Within a transaction only its own part of the reply is replaced.
#[test]
fn a_failure_within_a_transaction_leaves_the_other_replies() {
    let mut rig = with_file("/etc/lab.conf");
    rig.outside.fail_read = Some(Errno::ENOSPC);
    for line in ["MULTI", "SET a 1", "CONFIG REWRITE", "GET a"] {
        rig.command(1, line);
    }
    rig.command(1, "EXEC");
    rig.command(1, "PING");
    rig.turn_end();
    assert_eq!(
        rig.received(1),
        "+OK +QUEUED +QUEUED +QUEUED \
         *3 +OK -ERR Rewriting config file: No space left on device $1 1 +PONG "
    );
}

/// Nobody gets the reply, so nothing is put in its place.
#[test]
fn a_failure_that_nobody_is_told_of_is_only_in_the_log() {
    let mut rig = with_file("/etc/lab.conf");
    rig.outside.fail_read = Some(Errno::ENOSPC);
    rig.command(1, "CLIENT REPLY OFF");
    let seen = rig.command(1, "CONFIG REWRITE");
    assert_eq!(seen, "rewrite /etc/lab.conf, ConfigRewritten(Err(Errno(28)))");
    rig.command(1, "CLIENT REPLY ON");
    rig.turn_end();
    assert_eq!(rig.received(1), "+OK ");
}

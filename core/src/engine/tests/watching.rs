//! MONITOR, the slow log, and connections that end in halves.

use super::*;
use crate::session::Socket;

#[test]
fn a_monitor_sees_what_runs() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.turn(3, "MONITOR");
    assert_eq!(rig.received(3), "+OK ");
    rig.command(1, "SET a \"\n");
    rig.command(2, "SELECT 5");
    rig.command(2, "CONFIG GET port");
    rig.command(2, "WHAT");
    rig.command(2, "AUTH x secret");
    rig.turn_end();
    assert_eq!(
        rig.received(3),
        "+1000.000000 [0 ?:0] \"SET\" \"a\" \"\\\"\\n\" \
         +1000.000000 [5 ?:0] \"SELECT\" \"5\" \
         +1000.000000 [5 ?:0] \"AUTH\" \"(redacted)\" \"(redacted)\" "
    );
    // A transaction is shown when it runs, EXEC behind what it ran.
    rig.turn(1, "MULTI");
    rig.turn(1, "GET a");
    assert_eq!(rig.received(3), "+1000.000000 [0 ?:0] \"MULTI\" ");
    rig.turn(1, "EXEC");
    assert_eq!(
        rig.received(3),
        "+1000.000000 [0 ?:0] \"GET\" \"a\" +1000.000000 [0 ?:0] \"EXEC\" "
    );
    // RESET ends it; so does the end of the connection.
    rig.turn(3, "RESET");
    rig.received(3);
    rig.turn(1, "GET a");
    assert_eq!(rig.received(3), "");
    rig.turn(3, "MONITOR");
    rig.event(Event::Closed { client: ClientId(3) });
    assert_eq!(rig.turn(1, "GET a"), "send 1: 1");
}

#[test]
fn lines_are_no_replies() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.turn(3, "MONITOR");
    assert_eq!(rig.turn(1, "GET a"), "send 1: 1, send 3: 0");
}

/// Under `always`, a monitor learns of a write when its writer does.
#[test]
fn lines_wait_for_the_disk_under_always() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.turn(3, "MONITOR");
    rig.received(3);
    rig.turn(1, "SET a 1");
    assert_eq!(rig.received(3), "");
    rig.job_ends(Ok(()));
    assert!(rig.received(3).contains("\"SET\""));
}

#[test]
fn a_monitor_that_does_not_read_is_closed() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.turn(3, "MONITOR");
    let value = "x".repeat(64 * 1024 * 1024);
    for _ in 0..4 {
        rig.command(1, &format!("ECHO {value}"));
        rig.event(Event::Closed { client: ClientId(1) });
        rig.event(Event::Connected { client: ClientId(1), peer: Peer::Simulated });
    }
    assert!(rig.engine.client(ClientId(3)).is_none(), "more than 256 MB wait for it");
}

#[test]
fn slow_commands_enter_the_slow_log() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    let argv = OwnedArgv::from_line("KEYS *");
    let mut took = |micros| {
        let (client, now) = (ClientId(1), Millis(5_000));
        rig.event(Event::Took { client, argv: argv.as_argv(), micros, now });
        rig.engine.executor().slowlog.commands().len()
    };
    assert_eq!(took(9_999), 0);
    assert_eq!(took(10_000), 1);
    rig.turn(1, "CONFIG SET slowlog-log-slower-than -1");
    rig.engine.executor.config.slowlog_log_slower_than = -1;
    let (client, now) = (ClientId(1), Millis(5_000));
    rig.event(Event::Took { client, argv: argv.as_argv(), micros: u64::MAX, now });
    assert_eq!(rig.engine.executor().slowlog.commands().len(), 1);
    let entry = &rig.engine.executor().slowlog.commands()[0];
    assert_eq!((entry.at_seconds, entry.micros, &*entry.address), (5, 10_000, "?:0"));
}

/// Who sends no more is still told everything it is owed.
#[test]
fn a_half_closed_connection_gets_its_replies() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.command(1, "SET a 1");
    assert_eq!(rig.event(Event::InputEnded { client: ClientId(1) }), "");
    assert_eq!(rig.turn_end(), "write 50, start sync");
    assert_eq!(rig.command(1, "SET a 2"), "", "it can ask nothing more");
    assert_eq!(rig.job_ends(Ok(())), "send 1: 1, close 1: InputEnded");
    assert_eq!(rig.received(1), "+OK ");
    assert_eq!(rig.event(Event::InputEnded { client: ClientId(2) }), "close 2: InputEnded");
    assert_eq!(rig.event(Event::InputEnded { client: ClientId(2) }), "");
}

/// A reply that is held too long is dropped, also of one who has said goodbye.
#[test]
fn a_held_reply_of_a_half_closed_connection_is_given_up_like_any_other() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.outside.writes = (0..100).map(|_| Err(Errno::ENOSPC)).collect();
    rig.turn(1, "SET a 1");
    rig.event(Event::InputEnded { client: ClientId(1) });
    let mut seen = String::new();
    for _ in 0..12 {
        seen.push_str(&rig.tick(1_000));
    }
    assert!(seen.contains("HeldTooLong"), "{seen}");
    assert!(seen.contains("close 1: "), "{seen}");
    assert!(rig.engine.client(ClientId(1)).is_none());
    assert_eq!(rig.received(1), "");
}

#[test]
fn what_the_host_says_is_shown() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    let client = ClientId(2);
    rig.event(Event::Socket { client, descriptor: 9, query_bytes: 10, unsent_bytes: 11 });
    let socket = Socket { descriptor: 9, query_bytes: 10, unsent_bytes: 11 };
    assert_eq!(rig.engine.client(client).unwrap().session.socket, socket);
    rig.turn(1, "CLIENT LIST");
    let list = rig.received(1);
    assert!(list.contains("id=2 addr=?:0 laddr=?:0 fd=9 "), "{list}");
    assert!(list.contains("qbuf=10 ") && list.contains("omem=11 "), "{list}");
}

/// One pass a turn: a failed write is tried once, whatever the profile.
#[test]
fn a_failed_write_is_tried_once_a_tick() {
    for profile in [ProfileName::Redis62, ProfileName::Hardened] {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.outside.writes = (0..100).map(|_| Err(Errno::ENOSPC)).collect();
        rig.turn(1, "SET a 1");
        let before = rig.outside.writes.len();
        for _ in 0..5 {
            rig.tick(1_000);
        }
        assert_eq!(before - rig.outside.writes.len(), 5, "{profile:?}");
    }
}

//! Rewrites that go well.

use super::rig::Rig;
use crate::aof::log::State;
use crate::config::{Config, Policy};
use crate::event::Event;
use crate::profile::ProfileName;
use crate::rewrite::stage::Stage;
use crate::rewrite::switch::Limits;
use crate::units::Lsn;

#[test]
fn a_whole_rewrite_in_both_profiles_and_all_policies() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            let mut rig = Rig::new(profile, policy);
            for _ in 0..20 {
                rig.done(1, "INCR n");
            }
            let old_bytes = rig.log_bytes().len();
            let seen = rig.turn(1, "BGREWRITEAOF");
            assert!(seen.starts_with("open pipes, fork"), "{profile:?} {policy:?}: {seen}");
            rig.settle();
            assert_eq!(rig.received(1), "+Background append only file rewriting started ");
            assert!(rig.engine.rewrite().child().is_some());
            rig.done(1, "INCR n");
            rig.done(2, "SET during 1");
            rig.child_reads();
            rig.child_asks();
            rig.done(2, "SET residual 2");
            assert!(rig.engine.rewrite().diff().waiting_bytes() > 0);
            rig.child_ends();
            rig.done(2, "SET after 3");
            rig.settle();
            let rewrite = rig.engine.rewrite();
            assert_eq!(rewrite.stage(), Stage::Idle, "{profile:?} {policy:?}");
            assert_eq!((rewrite.completed(), rewrite.forks()), (1, 1));
            assert!(!rewrite.last_failed());
            assert_eq!(rewrite.last_took_seconds(), Some(0));
            rig.done(3, "SET later 4");
            rig.tick(1_100);
            rig.settle();
            rig.assert_log_is_complete();
            let log = rig.engine.log();
            assert_eq!(log.file_length_bytes(), rig.log_bytes().len() as u64);
            let end = log.origin().offset_of(log.ledger().written());
            assert_eq!(end, Some(log.file_length_bytes()), "positions and offsets go together");
            assert!(log.base_length_bytes() < old_bytes as u64);
            assert_eq!(rig.leftovers(), 0);
            assert_eq!(rig.outside.open.len(), 1, "only the log is open");
            assert!(!rig.outside.pipes_open);
        }
    }
}

#[test]
fn hardened_holds_the_gates_and_never_works_on_the_loop() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1");
    rig.turn(1, "BGREWRITEAOF");
    rig.child_reads();
    rig.child_asks();
    rig.done(1, "SET b 2");
    rig.received(1);
    let seen = rig.child_ends();
    assert_eq!(seen, "close pipes, start open temp-bg Append as 2");
    let seen = rig.job();
    assert!(seen.starts_with("start append 50"), "little is left, so it freezes: {seen}");
    assert!(matches!(rig.engine.rewrite().stage(), Stage::Sealing { .. }));
    assert!(rig.engine.rewrite().holds_gates());
    assert_eq!(rig.turn(2, "SET c 3"), "", "neither written nor answered");
    assert_eq!(rig.turn(3, "GET c"), "send 3: 1", "reads are free");
    assert_eq!(rig.job(), "start sync new");
    assert_eq!(rig.job(), "start rename");
    assert_eq!(rig.job(), "start sync directory");
    let seen = rig.job();
    assert_eq!(
        seen, "write 27, start close 1, start unlink temp-bg, start unlink temp, send 2: 1",
        "the name is durable, so what waited is the first write of the new file"
    );
    rig.settle();
    assert_eq!(rig.received(2), "+OK ");
    let switch_micros = rig.engine.rewrite().switch_micros();
    assert!(switch_micros.is_some_and(|micros| micros >= 4 * 7), "{switch_micros:?}");
    rig.assert_log_is_complete();
}

#[test]
fn redis_does_all_of_it_on_the_loop_and_syncs_as_the_policy_says() {
    assert_switch_on_the_loop(ProfileName::Redis62, "new", |sync| {
        format!("{sync}inline rename, start close 1, ")
    });
}

#[test]
fn redis_3_0_renames_before_it_syncs() {
    assert_switch_on_the_loop(ProfileName::Redis30, "log", |sync| {
        format!("inline rename, {sync}start close 1, ")
    });
}

/// A rewrite whose switch stands in one turn. `synced` is the name that the new file has when it is
/// synced, and `calls` what is done with it between its last bytes and the end of the old one.
fn assert_switch_on_the_loop(profile: ProfileName, synced: &str, calls: fn(&str) -> String) {
    for (policy, sync) in [
        (Policy::Always, format!("inline sync {synced}, ")),
        (Policy::EverySec, format!("start sync {synced}, ")),
        (Policy::No, String::new()),
    ] {
        let mut rig = Rig::new(profile, policy);
        rig.done(1, "SET a 1");
        rig.turn(1, "BGREWRITEAOF");
        rig.child_reads();
        rig.child_asks();
        rig.done(1, "SET b 2");
        let seen = rig.child_ends();
        let calls = calls(&sync);
        assert_eq!(
            seen,
            format!(
                "close pipes, inline open temp-bg Append as 2, inline append 50, {calls}start \
                 unlink temp-bg, start unlink temp"
            )
        );
        assert_eq!(rig.outside.durable.len(), 1, "the directory is never synced");
        rig.settle();
        assert_eq!(rig.engine.rewrite().completed(), 1);
        assert!(rig.engine.rewrite().switch_micros().is_some());
        rig.assert_log_is_complete();
    }
}

#[test]
fn a_large_rest_is_caught_up_with_in_rounds_while_gates_are_open() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.engine.set_catch_up_limits(Limits {
        append_bytes: 30,
        little_bytes: 10,
        ..Limits::default()
    });
    rig.done(1, "SET a 1");
    rig.turn(1, "BGREWRITEAOF");
    rig.child_asks();
    for _ in 0..4 {
        rig.done(1, "SET b 2");
    }
    rig.received(1);
    rig.child_ends();
    let seen = rig.job();
    assert_eq!(seen, "start append 30");
    let mut rounds = Vec::new();
    while let Stage::CatchingUp { round } = rig.engine.rewrite().stage() {
        rounds.push(round);
        if rounds.len() == 3 {
            assert_eq!(rig.turn(2, "SET c 3"), "write 27, send 2: 1", "gates are open");
        }
        assert!(rounds.len() < 40);
        rig.job();
    }
    assert_eq!(rounds.last(), Some(&2), "what came meanwhile is another round: {rounds:?}");
    rig.settle();
    rig.assert_log_is_complete();
}

#[test]
fn catching_up_waits_for_a_sync_of_the_old_log_with_open_gates() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1");
    rig.turn(1, "BGREWRITEAOF");
    rig.child_asks();
    rig.turn(1, "SET b 2");
    rig.child_ends();
    assert!(rig.tick(1_500).contains("start sync log"));
    assert_eq!(rig.running(), ["open temp-bg Append as 2".to_owned(), "sync log".to_owned()]);
    assert_eq!(rig.job(), "", "a sync runs, so it goes on catching up, with nothing to do");
    assert_eq!(rig.engine.rewrite().stage(), Stage::CatchingUp { round: 0 });
    let seen = rig.job();
    assert!(seen.starts_with("start append"), "{seen}");
    rig.settle();
    rig.assert_log_is_complete();
}

#[test]
fn under_always_the_next_sync_waits_for_the_switch() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.child_asks();
    rig.turn(1, "SET b 2");
    rig.child_ends();
    assert_eq!(rig.running(), ["sync log".to_owned(), "open temp-bg Append as 2".to_owned()]);
    assert!(rig.job_of_lane(crate::effect::Lane::Slow));
    assert_eq!(rig.engine.rewrite().stage(), Stage::Freezing);
    assert_eq!(rig.turn(2, "SET c 3"), "");
    rig.job();
    assert_eq!(rig.received(1), "+OK ", "its sync was under way");
    assert_eq!(rig.received(2), "");
    let Stage::Sealing { upto } = rig.engine.rewrite().stage() else { panic!("sealing") };
    assert_eq!(upto, rig.engine.ledger().appended(), "all that was executed until then");
    assert_eq!(rig.turn(3, "GET a"), "", "reads wait under always");
    rig.settle();
    assert_eq!(rig.received(2), "+OK ");
    assert_eq!(rig.received(3), "$1 1 ");
    rig.assert_log_is_complete();
}

#[test]
fn the_log_rewrites_itself_when_it_has_grown() {
    let mut rig = Rig::with(Config {
        auto_aof_rewrite_min_size: 200,
        auto_aof_rewrite_percentage: 100,
        ..Config::default()
    });
    for _ in 0..5 {
        rig.done(1, "INCR n");
    }
    assert_eq!(rig.tick(100), "");
    for _ in 0..5 {
        rig.done(1, "INCR n");
    }
    assert!(rig.tick(100).starts_with("open pipes, fork"));
    rig.child_goes_all_the_way();
    rig.settle();
    assert_eq!(rig.engine.rewrite().completed(), 1);
    assert_eq!(rig.tick(100), "", "it is short again");
}

#[test]
fn the_snapshot_of_a_log_that_is_off_gets_the_name() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::with(Config { profile, appendonly: false, ..Config::default() });
        rig.done(1, "SET a 1");
        let then = rig.content();
        rig.done(1, "BGREWRITEAOF");
        rig.done(1, "SET b 2");
        assert_eq!(rig.engine.rewrite().diff().appended_bytes(), 0);
        rig.child_asks();
        let seen = rig.child_ends() + " " + &rig.settle();
        assert_eq!(seen.contains("sync directory"), profile == ProfileName::Hardened, "{seen}");
        assert_eq!(super::rig::content_of(rig.log_bytes()), Ok(then));
        assert_eq!(rig.engine.log().state(), State::Off);
        assert!(rig.outside.open.is_empty());
        assert_eq!(rig.leftovers(), 0);
        // The second one finds a file of the name, which Redis opens so that the rename need not
        // free it.
        rig.done(1, "BGREWRITEAOF");
        rig.child_asks();
        let seen = rig.child_ends() + " " + &rig.settle();
        assert_eq!(seen.contains("ReadOnly"), profile != ProfileName::Hardened, "{seen}");
        assert!(rig.outside.open.is_empty());
        rig.assert_log_is_complete();
    }
}

#[test]
fn positions_never_go_back_over_many_rewrites() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    let mut before = (Lsn(0), Lsn(0));
    for round in 0..5 {
        rig.done(1, &format!("SET key{round} {round}"));
        rig.done(2, "BGREWRITEAOF");
        rig.done(1, "INCR n");
        rig.child_goes_all_the_way();
        rig.done(3, "INCR n");
        rig.settle();
        let ledger = rig.engine.ledger();
        assert!(ledger.written() >= before.0 && ledger.synced() >= before.1);
        before = (ledger.written(), ledger.synced());
        rig.assert_log_is_complete();
    }
    assert_eq!(rig.engine.rewrite().completed(), 5);
}

/// Two engines that are told the same are the same, and no step leaves one as it was.
#[test]
fn every_step_of_a_rewrite_is_in_the_digest() {
    let run = |profile| {
        let mut rig = Rig::new(profile, Policy::EverySec);
        let mut digests = Vec::new();
        rig.done(1, "SET a 1");
        let mut note = |rig: &Rig| digests.push(rig.engine.digest());
        rig.command(1, "BGREWRITEAOF");
        note(&rig);
        rig.command(1, "SET b 2");
        note(&rig);
        rig.turn_end();
        note(&rig);
        rig.event(Event::ChildReport { copied_bytes: 1, keys_done: 1, keys_total: 2 });
        note(&rig);
        rig.event(Event::StopAsked { byte: b'!' });
        note(&rig);
        rig.child_ends();
        note(&rig);
        while !rig.running().is_empty() {
            rig.job();
            note(&rig);
        }
        digests
    };
    for profile in ProfileName::ALL {
        let mut digests = run(profile);
        assert_eq!(digests, run(profile));
        let all = digests.len();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), all, "{profile:?}");
    }
}

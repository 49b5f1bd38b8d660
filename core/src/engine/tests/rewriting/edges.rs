//! Every failure on the way, and what is left after it.

use super::rig::Rig;
use crate::config::{Config, Policy};
use crate::effect::HaltReason;
use crate::event::ChildStatus;
use crate::note::{Note, RewriteNote};
use crate::profile::ProfileName;
use crate::rewrite::stage::Stage;
use crate::units::Errno;

const CANNOT: &str = "-ERR Can't execute an AOF background rewriting. Please check the server \
                      logs for more information. ";

/// A rewrite with a residual, up to the end of the child.
fn until_the_child_ends(rig: &mut Rig) {
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.done(1, "SET b 2");
    rig.child_reads();
    rig.child_asks();
    rig.done(1, "SET c 3");
    rig.received(1);
}

/// The old log goes on as if nothing had been.
fn assert_nothing_is_left(rig: &mut Rig, profile: ProfileName) {
    assert_eq!(rig.engine.rewrite().stage(), Stage::Idle);
    assert_eq!(rig.done(2, "SET later 4"), "+OK ");
    rig.tick(1_100);
    rig.settle();
    rig.assert_log_is_complete();
    assert_eq!(rig.engine.log().file().0, 1, "the old file is the log");
    assert_eq!(rig.outside.open.len(), 1);
    assert_eq!(rig.leftovers(), 0);
    assert!(!rig.outside.pipes_open);
    let rewrite = rig.engine.rewrite();
    assert_eq!((rewrite.completed(), rewrite.diff().appended_bytes()), (0, 0));
    assert!(rewrite.started().is_none() && rewrite.forked_at().is_none());
    let backs_off = profile == ProfileName::Hardened;
    assert_eq!(rewrite.not_before().is_some(), backs_off);
}

#[test]
fn without_pipes_or_a_child_the_reply_says_so() {
    for profile in ProfileName::ALL {
        for kind in ["pipes", "fork"] {
            let mut rig = Rig::new(profile, Policy::EverySec);
            rig.outside.fails.push((kind, Errno(12)));
            rig.done(1, "SET a 1");
            rig.received(1);
            let seen = rig.turn(1, "BGREWRITEAOF");
            assert_eq!(seen.contains("close pipes"), kind == "fork", "{seen}");
            assert_eq!(rig.received(1), CANNOT);
            assert_nothing_is_left(&mut rig, profile);
            // Redis leaves the status of the last rewrite as it was.
            let failed = rig.engine.rewrite().last_failed();
            assert_eq!(failed, profile == ProfileName::Hardened);
        }
    }
}

#[test]
fn within_a_transaction_only_its_own_part_of_the_reply_says_so() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.outside.fails.push(("fork", Errno(12)));
    rig.turn(1, "MULTI");
    rig.turn(1, "SET a 1");
    rig.turn(1, "BGREWRITEAOF");
    rig.turn(1, "SET b 1");
    rig.received(1);
    rig.turn(1, "EXEC");
    assert_eq!(rig.received(1), format!("*3 +OK {CANNOT}+OK "));
}

#[test]
fn failing_fork_in_a_loop_creates_nothing_that_grows() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::with(Config {
            profile,
            auto_aof_rewrite_min_size: 1,
            auto_aof_rewrite_percentage: 1,
            ..Config::default()
        });
        rig.done(1, "SET a 1");
        let inodes = rig.outside.inodes.len();
        for _ in 0..200 {
            rig.outside.fails.push(("fork", Errno(12)));
            rig.tick(100);
            rig.outside.fails.clear();
        }
        let attempts = rig.engine.rewrite().attempts();
        // 20 seconds: at once, then after 1, 2, 4, 8 seconds.
        let expected = if profile == ProfileName::Hardened { 5 } else { 200 };
        assert_eq!(attempts, expected, "{profile:?}");
        assert_eq!(rig.engine.rewrite().forks(), 0);
        assert_eq!(rig.outside.inodes.len(), inodes);
        assert_eq!(rig.outside.open.len(), 1);
        assert!(!rig.outside.pipes_open);
        assert_eq!(rig.done(2, "SET b 2"), "+OK ");
        rig.assert_log_is_complete();
    }
}

#[test]
fn a_child_that_fails_leaves_the_old_log() {
    for profile in ProfileName::ALL {
        for status in [ChildStatus::Code(1), ChildStatus::Signal(9), ChildStatus::Signal(11)] {
            let mut rig = Rig::new(profile, Policy::EverySec);
            until_the_child_ends(&mut rig);
            rig.child_dies(status);
            rig.settle();
            assert!(rig.engine.rewrite().last_failed());
            assert_nothing_is_left(&mut rig, profile);
        }
    }
}

#[test]
fn a_disk_that_is_full_at_any_stage_of_the_switch_leaves_the_old_log() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            for kind in ["open", "append", "sync new", "rename"] {
                let on_the_loop = profile != ProfileName::Hardened;
                let looks = policy == Policy::Always && profile != ProfileName::Redis30;
                if kind == "sync new" && on_the_loop && !looks {
                    continue;
                }
                let mut rig = Rig::new(profile, policy);
                until_the_child_ends(&mut rig);
                rig.outside.fails.push((kind, Errno::ENOSPC));
                rig.child_ends();
                rig.turn(3, "SET during 1");
                rig.settle();
                assert!(rig.outside.fails.is_empty(), "{profile:?} {policy:?} {kind}: it failed");
                assert_eq!(rig.received(3), "+OK ", "{profile:?} {policy:?} {kind}");
                assert_eq!(rig.engine.rewrite().last_failed(), !on_the_loop);
                assert_nothing_is_left(&mut rig, profile);
            }
        }
    }
}

#[test]
fn redis_3_0_goes_on_when_the_sync_after_the_rename_fails() {
    let mut rig = Rig::new(ProfileName::Redis30, Policy::Always);
    until_the_child_ends(&mut rig);
    rig.outside.fails.push(("sync log", Errno::EIO));
    rig.child_ends();
    assert!(rig.outside.fails.is_empty(), "it failed");
    assert_eq!(rig.engine.rewrite().completed(), 1);
    assert_eq!(rig.turn(3, "SET after 1"), "write 54, inline sync log, send 3: 1");
    assert_eq!(rig.received(3), "+OK ", "nobody has looked");
    let log = rig.engine.log();
    assert!(log.lost_from().is_some_and(|lost| lost < log.ledger().believed()));
}

#[test]
fn the_second_attempt_goes_well() {
    for kind in ["fork", "open", "append", "sync new", "rename"] {
        let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
        rig.outside.fails.push((kind, Errno::EIO));
        until_the_child_ends_or_not(&mut rig);
        assert!(rig.engine.rewrite().last_failed(), "{kind}");
        rig.done(1, "BGREWRITEAOF");
        rig.done(1, "INCR n");
        rig.child_goes_all_the_way();
        rig.settle();
        assert!(!rig.engine.rewrite().last_failed(), "{kind}");
        assert_eq!(rig.engine.rewrite().not_before(), None);
        rig.assert_log_is_complete();
    }
}

fn until_the_child_ends_or_not(rig: &mut Rig) {
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.done(1, "SET b 2");
    if rig.outside.child.is_some() {
        rig.child_asks();
        rig.done(1, "SET c 3");
        rig.child_ends();
        rig.settle();
    }
}

/// After the rename there is no way back, and until the directory is synced nothing is promised.
#[test]
fn in_limbo_gates_stay_held_and_writes_are_refused_until_the_name_is_durable() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    until_the_child_ends(&mut rig);
    for _ in 0..3 {
        rig.outside.fails.push(("directory", Errno::EIO));
    }
    rig.child_ends();
    rig.job();
    rig.turn(3, "SET held 1");
    rig.settle();
    let Stage::Limbo { errno, .. } = rig.engine.rewrite().stage() else { panic!("limbo") };
    assert_eq!(errno, Errno::EIO);
    assert_eq!(rig.received(3), "", "held");
    rig.turn(2, "SET more 1");
    assert!(rig.received(2).starts_with("-MISCONF"), "writes are refused");
    assert!(rig.done(2, "GET held").contains('1'), "reads are not");
    // Tried again after 100, 200, 400 ms.
    let mut tries = 0;
    for _ in 0..20 {
        tries += usize::from(rig.tick(50).contains("sync directory"));
        rig.settle();
    }
    assert_eq!(tries, 3);
    assert_eq!(rig.engine.rewrite().stage(), Stage::Idle);
    assert_eq!(rig.received(3), "+OK ");
    assert_eq!(rig.done(2, "SET more 1"), "+OK ");
    rig.assert_log_is_complete();
}

#[test]
fn a_reply_that_is_held_too_long_in_limbo_ends_its_client() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    until_the_child_ends(&mut rig);
    for _ in 0..1_000 {
        rig.outside.fails.push(("directory", Errno::EIO));
    }
    rig.child_ends();
    rig.job();
    rig.turn(3, "SET held 1");
    for _ in 0..150 {
        rig.tick(100);
        rig.settle();
    }
    assert_eq!(rig.received(3), "");
    assert!(rig.engine.client(crate::units::ClientId(3)).is_none());
}

#[test]
fn under_always_a_directory_that_cannot_be_synced_ends_the_server() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    until_the_child_ends(&mut rig);
    rig.outside.fails.push(("directory", Errno::EIO));
    rig.child_ends();
    rig.settle();
    assert_eq!(rig.outside.halted, Some(HaltReason::SyncFailed(Errno::EIO)));
}

#[test]
fn a_child_that_ends_well_without_having_been_answered_is_not_believed() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.done(1, "SET b 2");
    assert!(rig.engine.rewrite().diff().sent_bytes() > 0);
    rig.child_ends();
    rig.settle();
    assert!(rig.engine.rewrite().last_failed());
    assert_nothing_is_left(&mut rig, ProfileName::Hardened);
}

/// A sync of the live log fails: writes are refused until a rewrite, which starts by itself, has
/// made a fresh file.
#[test]
fn a_failed_sync_of_the_log_is_healed_by_a_rewrite() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1");
    rig.outside.fails.push(("sync log", Errno::EIO));
    rig.tick(1_100);
    rig.settle();
    assert!(rig.engine.log().lost_from().is_some());
    rig.received(1);
    assert!(rig.done(1, "SET b 2").starts_with("-MISCONF"));
    let seen = rig.tick(100);
    assert!(seen.starts_with("open pipes, fork"), "{seen}");
    assert!(rig.outside.notes.contains(&Note::Rewrite(RewriteNote::Healing)));
    rig.child_goes_all_the_way();
    rig.settle();
    assert_eq!(rig.engine.log().lost_from(), None);
    assert_eq!(rig.engine.ledger().synced(), rig.engine.ledger().written());
    assert_eq!(rig.done(1, "SET b 2"), "+OK ");
    rig.assert_log_is_complete();
    assert_eq!(rig.tick(100), "", "once is enough");
}

/// What could not be written is in the new file; the status does not stay behind.
#[test]
fn a_full_disk_of_the_old_log_does_not_outlive_it() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.done(1, "SET a 1");
        rig.outside.fails.push(("write", Errno::ENOSPC));
        rig.turn(1, "SET b 2");
        assert!(rig.engine.log().refusal().is_some());
        rig.received(1);
        rig.outside.fails.push(("write", Errno::ENOSPC));
        rig.turn(2, "BGREWRITEAOF");
        for _ in 0..5 {
            rig.outside.fails.push(("write", Errno::ENOSPC));
        }
        rig.child_asks();
        rig.child_ends();
        rig.settle();
        rig.outside.fails.clear();
        assert_eq!(rig.engine.rewrite().completed(), 1);
        assert_eq!(rig.engine.log().refusal(), None);
        assert_eq!(rig.done(3, "SET c 3"), "+OK ");
        rig.assert_log_is_complete();
    }
}

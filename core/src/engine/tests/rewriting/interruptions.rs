//! What comes in between (`engine.md` 6.4 has the table).

use super::rig::Rig;
use crate::aof::log::{State, WriteStatus};
use crate::config::{Config, Policy};
use crate::effect::{HaltReason, Lane};
use crate::event::Event;
use crate::note::{Note, RewriteNote};
use crate::profile::ProfileName;
use crate::rewrite::stage::Stage;
use crate::units::{ClientId, Errno, Millis};

/// A rewrite with a residual, brought to its `steps`-th job; 0 is a living child.
fn at_step(policy: Policy, steps: usize) -> Rig {
    let mut rig = Rig::new(ProfileName::Hardened, policy);
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.child_asks();
    rig.done(1, "SET b 2");
    rig.received(1);
    if steps > 0 {
        rig.child_ends();
        for _ in 1..steps {
            rig.job();
        }
    }
    rig
}

/// The same where the log is turned on by it.
fn first_at_step(policy: Policy, steps: usize) -> Rig {
    let mut rig = Rig::with(Config { appendonly: false, appendfsync: policy, ..Config::default() });
    rig.done(1, "SET a 1");
    rig.done(1, "CONFIG SET appendonly yes");
    rig.child_asks();
    rig.done(1, "SET b 2");
    rig.received(1);
    if steps > 0 {
        rig.child_ends();
        for _ in 1..steps {
            rig.job();
        }
    }
    rig
}

/// Living child, opening, sealing (append, sync), renaming, syncing the directory.
const STEPS: usize = 6;

fn shut_down(rig: &mut Rig) {
    let now = Millis(rig.now);
    rig.event(Event::Shutdown { now });
    for _ in 0..100 {
        if rig.outside.killed.is_some() {
            rig.killed_child_ends();
        }
        rig.settle();
        if rig.outside.halted.is_some() {
            return;
        }
        rig.tick(100);
    }
}

#[test]
fn a_shutdown_at_every_step_ends_well_and_loses_nothing() {
    for policy in Policy::ALL {
        for steps in 0..STEPS {
            let mut rig = at_step(policy, steps);
            rig.turn(3, "SET last 1");
            let stage = rig.engine.rewrite().stage();
            let past_return = stage.may_be_renamed();
            shut_down(&mut rig);
            let halted = Some(HaltReason::Shutdown { flushed: true });
            assert_eq!(rig.outside.halted, halted, "{policy:?} {stage:?}");
            assert_eq!(rig.received(3), "+OK ", "{policy:?} {stage:?}");
            rig.assert_log_is_complete();
            assert_eq!(rig.leftovers(), 0, "{policy:?} {stage:?}");
            assert_eq!(rig.engine.rewrite().completed(), u64::from(past_return), "{stage:?}");
        }
    }
}

#[test]
fn a_shutdown_in_limbo_tries_once_more_and_says_how_it_went() {
    for second_fails in [false, true] {
        let mut rig = at_step(Policy::EverySec, STEPS - 1);
        rig.outside.fails.push(("directory", Errno::EIO));
        rig.settle();
        assert!(matches!(rig.engine.rewrite().stage(), Stage::Limbo { .. }));
        if second_fails {
            rig.outside.fails.push(("directory", Errno::EIO));
        }
        shut_down(&mut rig);
        let flushed = !second_fails;
        assert_eq!(rig.outside.halted, Some(HaltReason::Shutdown { flushed }));
        rig.assert_log_is_complete();
    }
}

#[test]
fn a_shutdown_whose_directory_sync_fails_tries_once_more() {
    let mut rig = at_step(Policy::EverySec, STEPS - 1);
    rig.outside.fails.push(("directory", Errno::EIO));
    shut_down(&mut rig);
    assert_eq!(rig.outside.halted, Some(HaltReason::Shutdown { flushed: true }));
    rig.assert_log_is_complete();
}

#[test]
fn the_first_rewrite_is_not_shut_down() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::with(Config { profile, appendonly: false, ..Config::default() });
        rig.done(1, "SET a 1");
        rig.done(1, "CONFIG SET appendonly yes");
        let now = Millis(rig.now);
        rig.event(Event::Shutdown { now });
        rig.turn_end();
        assert_eq!(rig.outside.halted, None);
        assert!(rig.outside.notes.contains(&Note::Rewrite(RewriteNote::ShutdownRefused)));
        rig.child_goes_all_the_way();
        rig.settle();
        shut_down(&mut rig);
        assert_eq!(rig.outside.halted, Some(HaltReason::Shutdown { flushed: true }));
        rig.assert_log_is_complete();
    }
}

/// In Redis the second command opens the log and forks; here something must end first. Whoever asks
/// meanwhile must not be told, or treated, as if the log were on.
#[test]
fn a_log_that_was_turned_off_and_on_in_one_turn_is_not_shut_down() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            let mut rig = Rig::new(profile, policy);
            rig.done(1, "SET a 1");
            rig.command(1, "CONFIG SET appendonly no");
            rig.command(1, "SET b 1");
            rig.command(1, "CONFIG SET appendonly yes");
            rig.command(1, "SET c 1");
            rig.command(2, "INFO persistence");
            rig.command(3, "SHUTDOWN");
            let now = Millis(rig.now);
            rig.event(Event::Shutdown { now });
            rig.turn_end();
            for _ in 0..20 {
                rig.settle();
                rig.tick(100);
            }
            let at = format!("{profile:?} {policy:?}");
            assert_eq!(rig.outside.halted, None, "{at}");
            assert!(rig.received(2).contains("aof_state:wait_rewrite"), "{at}");
            assert!(rig.received(3).contains("Errors trying to SHUTDOWN"), "{at}");
            rig.child_goes_all_the_way();
            rig.settle();
            shut_down(&mut rig);
            assert_eq!(rig.outside.halted, Some(HaltReason::Shutdown { flushed: true }), "{at}");
            rig.assert_log_is_complete();
        }
    }
}

#[test]
fn the_log_is_turned_off_at_every_step_and_complete_until_then() {
    for policy in Policy::ALL {
        for steps in 0..STEPS {
            let mut rig = at_step(policy, steps);
            rig.turn(3, "SET last 1");
            let stage = rig.engine.rewrite().stage();
            rig.turn(1, "CONFIG SET appendonly no");
            let then = rig.content();
            if rig.outside.killed.is_some() {
                rig.killed_child_ends();
            }
            rig.settle();
            assert_eq!(rig.received(1), "+OK ", "{policy:?} {stage:?}");
            assert_eq!(rig.received(3), "+OK ", "{policy:?} {stage:?}");
            assert_eq!(rig.engine.log().state(), State::Off, "{policy:?} {stage:?}");
            rig.done(2, "SET more 1");
            assert_eq!(super::rig::content_of(rig.log_bytes()), Ok(then));
            assert!(rig.outside.open.is_empty(), "{policy:?} {stage:?}");
            assert_eq!(rig.leftovers(), 0);
            assert_eq!(rig.engine.rewrite().stage(), Stage::Idle);
        }
    }
}

/// The log never had a file before: what fails leaves it without one, and nothing is told to a file
/// that is not there.
#[test]
fn the_log_is_turned_off_at_every_step_of_its_first_rewrite_and_each_later_job_fails() {
    const FAILURES: [Option<&str>; 6] =
        [None, Some("open"), Some("append"), Some("sync new"), Some("rename"), Some("directory")];
    for policy in Policy::ALL {
        for steps in 0..STEPS {
            for fails in FAILURES {
                let what = format!("{policy:?}, step {steps}, {fails:?} fails");
                let mut rig = first_at_step(policy, steps);
                rig.turn(3, "SET last 1");
                let stage = rig.engine.rewrite().stage();
                rig.turn(1, "CONFIG SET appendonly no");
                rig.turn(2, "SET more 1");
                rig.outside.fails.extend(fails.map(|kind| (kind, Errno::EIO)));
                if rig.outside.killed.is_some() {
                    rig.killed_child_ends();
                }
                rig.settle();
                let halts = policy == Policy::Always
                    && stage.may_be_renamed()
                    && fails == Some("directory");
                assert_eq!(rig.outside.halted.is_some(), halts, "{what}");
                if halts {
                    continue;
                }
                rig.tick(200);
                rig.settle();
                for client in 1..=3 {
                    assert_eq!(rig.received(client), "+OK ", "{what}: client {client}");
                }
                assert_eq!(rig.engine.log().state(), State::Off, "{what}");
                assert_eq!(rig.engine.log().write_status(), WriteStatus::Fine, "{what}");
                assert!(rig.outside.open.is_empty(), "{what}");
                assert_eq!(rig.leftovers(), 0, "{what}");
                let stopped = rig.outside.notes.iter();
                let stopped = stopped.filter(|&note| *note == Note::AppendOnlyStopped).count();
                assert_eq!(stopped, 1, "{what}");
                rig.outside.fails.clear();
                rig.done(1, "CONFIG SET appendonly yes");
                rig.child_goes_all_the_way();
                rig.settle();
                assert_eq!(rig.engine.log().state(), State::On, "{what}");
                rig.assert_log_is_complete();
            }
        }
    }
}

#[test]
fn the_log_is_not_turned_off_in_limbo() {
    let mut rig = at_step(Policy::EverySec, STEPS - 1);
    rig.outside.fails.push(("directory", Errno::EIO));
    rig.settle();
    rig.turn(2, "CONFIG SET appendonly no");
    assert!(rig.received(2).starts_with("-ERR Unable to turn off AOF"));
    assert!(rig.engine.config().appendonly);
    rig.tick(200);
    rig.settle();
    assert_eq!(rig.engine.log().state(), State::On);
    rig.assert_log_is_complete();
}

#[test]
fn the_policy_changes_at_every_step() {
    for (from, to) in [(Policy::Always, "everysec"), (Policy::Always, "no"), (Policy::No, "always")]
    {
        for steps in 0..STEPS {
            let mut rig = at_step(from, steps);
            rig.turn(2, "SET before 1");
            let stage = rig.engine.rewrite().stage();
            rig.turn(1, &format!("CONFIG SET appendfsync {to}"));
            rig.turn(3, "SET after 1");
            rig.settle();
            if rig.outside.child.is_some() {
                rig.child_ends();
                rig.settle();
            }
            for client in [2, 3] {
                assert_eq!(rig.received(client), "+OK ", "{from:?} to {to} at {stage:?}");
            }
            assert_eq!(rig.engine.rewrite().completed(), 1);
            rig.assert_log_is_complete();
        }
    }
}

/// Redis's profile tells everything at once; not while nobody knows which file will be found.
#[test]
fn the_profile_changes_at_every_step() {
    for policy in Policy::ALL {
        for steps in 0..STEPS {
            let mut rig = at_step(policy, steps);
            rig.turn(1, "CONFIG SET profile redis-6.2");
            let in_hold = rig.engine.rewrite().holds_gates();
            rig.checks = false;
            rig.turn(3, "SET after 1");
            assert!(!in_hold || rig.received(3).is_empty(), "{policy:?} {steps}");
            rig.settle();
            if rig.outside.child.is_some() {
                rig.child_ends();
                rig.settle();
            }
            rig.turn_end();
            rig.settle();
            assert_eq!(rig.engine.rewrite().completed(), 1);
            rig.assert_log_is_complete();
        }
    }
}

#[test]
fn a_second_rewrite_is_refused_at_every_step() {
    for steps in 0..STEPS {
        let mut rig = at_step(Policy::EverySec, steps);
        rig.turn(2, "BGREWRITEAOF");
        let reply = rig.received(2);
        assert!(reply.contains("already in progress"), "{steps}: {reply}");
        assert_eq!(rig.engine.rewrite().attempts(), 1);
    }
}

#[test]
fn flushall_is_an_ordinary_command_at_every_step() {
    for steps in 0..STEPS {
        let mut rig = at_step(Policy::EverySec, steps);
        rig.turn(2, "FLUSHALL");
        rig.turn(2, "SET new 1");
        rig.settle();
        if rig.outside.child.is_some() {
            rig.child_ends();
            rig.settle();
        }
        assert_eq!(rig.received(2), "+OK +OK ");
        assert_eq!(rig.engine.rewrite().completed(), 1);
        rig.assert_log_is_complete();
    }
}

#[test]
fn a_client_that_goes_while_it_is_held_takes_only_its_reply_along() {
    let mut rig = at_step(Policy::EverySec, 3);
    rig.turn(3, "SET held 1");
    rig.event(Event::Closed { client: ClientId(3) });
    rig.settle();
    assert_eq!(rig.received(3), "");
    assert_eq!(rig.done(2, "GET held"), "$1 1 ");
    rig.assert_log_is_complete();
}

#[test]
fn no_appendfsync_on_rewrite_rests_while_a_child_lives_and_no_longer() {
    let mut rig = Rig::with(Config { no_appendfsync_on_rewrite: true, ..Config::default() });
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    assert!(!rig.tick(2_000).contains("sync"));
    rig.child_asks();
    rig.turn(1, "SET b 2");
    rig.child_ends();
    let seen = rig.settle();
    assert!(seen.contains("sync new"), "the new file is synced all the same: {seen}");
    rig.assert_log_is_complete();
}

/// A reply that was promised a sync gets it, although a child lives.
#[test]
fn a_promise_of_always_is_kept_while_a_child_forbids_syncs() {
    let mut rig = Rig::with(Config {
        no_appendfsync_on_rewrite: true,
        appendfsync: Policy::Always,
        ..Config::default()
    });
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.turn(2, "SET b 1");
    rig.turn(3, "SET c 1");
    rig.turn(1, "CONFIG SET appendfsync no");
    rig.settle();
    assert_eq!(rig.received(3), "+OK ");
}

/// Redis 6.2 and 3.0 answer all the same, without a sync; `hardened` keeps the word of `always`.
#[test]
fn always_is_not_always_while_a_child_writes() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::with(Config {
            no_appendfsync_on_rewrite: true,
            appendfsync: Policy::Always,
            profile,
            ..Config::default()
        });
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        let seen = rig.turn(2, "SET b 1");
        let syncs = profile == ProfileName::Hardened;
        assert_eq!(seen.contains("sync log"), syncs, "{profile:?}: {seen}");
        rig.settle();
        assert_eq!(rig.received(2), "+OK ");
        let (synced, written) = (rig.engine.ledger().synced(), rig.engine.ledger().written());
        assert_eq!(synced == written, syncs, "{profile:?}");
    }
}

#[test]
fn turning_on_replaces_a_child_that_was_told_of_nothing() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::with(Config { profile, appendonly: false, ..Config::default() });
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        rig.done(1, "SET b 2");
        let seen = rig.turn(1, "CONFIG SET appendonly yes");
        assert!(seen.contains("kill"), "{seen}");
        assert!(rig.received(1).ends_with("+OK "));
        rig.killed_child_ends();
        rig.settle();
        rig.tick(100);
        assert_eq!(rig.engine.rewrite().forks(), 2);
        rig.done(1, "SET c 3");
        rig.child_goes_all_the_way();
        rig.settle();
        assert_eq!(rig.engine.log().state(), State::On);
        rig.assert_log_is_complete();
        assert_eq!(rig.leftovers(), 0);
    }
}

#[test]
fn what_cannot_be_turned_on_stays_off() {
    for profile in ProfileName::ALL {
        for kind in ["pipes", "fork", "open"] {
            if kind == "open" && profile == ProfileName::Hardened {
                continue;
            }
            let mut rig = Rig::with(Config { profile, appendonly: false, ..Config::default() });
            rig.outside.fails.push((kind, Errno::ENOSPC));
            rig.done(1, "SET a 1");
            rig.turn(1, "CONFIG SET appendonly yes");
            rig.settle();
            let reply = rig.received(1);
            assert!(reply.ends_with("-ERR Unable to turn on AOF. Check server logs. "), "{reply}");
            assert_eq!(rig.engine.log().state(), State::Off);
            assert!(!rig.engine.config().appendonly);
            assert!(rig.outside.open.is_empty());
            assert!(!rig.engine.rewrite().is_scheduled());
            for _ in 0..30 {
                assert_eq!(rig.tick(100), "");
            }
        }
    }
}

#[test]
fn off_and_on_again_waits_until_it_is_off() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.turn(1, "SET a 1");
    rig.turn(1, "CONFIG SET appendonly no");
    assert_eq!(rig.engine.log().state(), State::Stopping);
    rig.turn(1, "CONFIG SET appendonly yes");
    rig.settle();
    rig.tick(100);
    assert_eq!(rig.engine.log().state(), State::WaitRewrite);
    rig.done(1, "SET b 2");
    rig.child_goes_all_the_way();
    rig.settle();
    assert_eq!(rig.engine.log().state(), State::On);
    rig.assert_log_is_complete();
}

#[test]
fn off_while_the_first_rewrite_is_waited_for() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::with(Config { profile, appendonly: false, ..Config::default() });
        rig.done(1, "SET a 1");
        rig.done(1, "CONFIG SET appendonly yes");
        rig.done(1, "CONFIG SET appendonly no");
        assert_eq!(rig.engine.log().state(), State::Off);
        rig.killed_child_ends();
        rig.settle();
        assert!(rig.outside.open.is_empty());
        assert_eq!(rig.leftovers(), 0);
        assert_eq!(rig.tick(2_000), "");
    }
}

/// Everything in one transaction, before any effect has run.
#[test]
fn requests_of_one_transaction_do_not_trip_over_each_other() {
    for profile in ProfileName::ALL {
        for lines in [
            &["CONFIG SET appendonly no", "CONFIG SET appendonly yes"][..],
            &["BGREWRITEAOF", "CONFIG SET appendonly no"],
            &["BGREWRITEAOF", "BGREWRITEAOF"],
            &["CONFIG SET appendonly no", "BGREWRITEAOF", "CONFIG SET appendonly yes"],
        ] {
            for appendonly in [true, false] {
                let mut rig = Rig::with(Config { profile, appendonly, ..Config::default() });
                rig.done(1, "SET a 1");
                rig.turn(1, "MULTI");
                if !appendonly {
                    rig.turn(1, "CONFIG SET appendonly yes");
                }
                for line in lines {
                    rig.turn(1, line);
                }
                rig.turn(1, "EXEC");
                for _ in 0..6 {
                    if rig.outside.killed.is_some() {
                        rig.killed_child_ends();
                    }
                    rig.settle();
                    rig.tick(100);
                }
                if rig.outside.child.is_some() {
                    rig.done(2, "SET b 2");
                    rig.child_goes_all_the_way();
                    rig.settle();
                }
                assert_eq!(rig.engine.rewrite().stage(), Stage::Idle, "{lines:?} {appendonly}");
                rig.done(2, "SET c 3");
                if rig.engine.log().state() == State::On {
                    rig.assert_log_is_complete();
                }
                assert!(rig.received(1).contains("*"), "{lines:?}");
                assert_eq!(rig.leftovers(), 0);
                let open = usize::from(rig.engine.log().state() != State::Off);
                assert_eq!(rig.outside.open.len(), open, "{profile:?} {lines:?} {appendonly}");
            }
        }
    }
}

/// Lanes end in any order.
#[test]
fn a_slow_lane_does_not_hold_up_the_end() {
    let mut rig = at_step(Policy::EverySec, STEPS - 1);
    while rig.job_of_lane(Lane::Sync) {}
    assert_eq!(rig.engine.rewrite().stage(), Stage::Idle);
    rig.done(2, "SET c 1");
    rig.assert_log_is_complete();
}

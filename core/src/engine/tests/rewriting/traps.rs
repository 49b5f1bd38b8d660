//! The known traps of this design, by name.

use std::collections::BTreeSet;

use super::rig::{Rig, content_of};
use crate::aof::log::State;
use crate::config::{Config, Policy};
use crate::effect::Lane;
use crate::event::{ChildStatus, Event};
use crate::note::{Note, RewriteNote};
use crate::profile::ProfileName;
use crate::rewrite::mutation::{self, Mutation};
use crate::rewrite::names::FileName;
use crate::rewrite::stage::Stage;
use crate::rewrite::switch::Limits;
use crate::units::Errno;

fn off(profile: ProfileName) -> Rig {
    Rig::with(Config { profile, appendonly: false, ..Config::default() })
}

/// The child's file ends in some database; what follows it must not depend on which.
#[test]
fn select_after_fork() {
    let mut rig = Rig::new(ProfileName::Redis62, Policy::EverySec);
    rig.done(1, "SELECT 3");
    rig.done(1, "SET a 1");
    rig.done(2, "SET zero 1");
    rig.done(1, "SET a 2");
    rig.done(3, "BGREWRITEAOF");
    assert_eq!(rig.engine.selected_db(), None);
    let before = rig.log_bytes().len();
    rig.done(1, "SET a 3");
    let first = String::from_utf8_lossy(&rig.log_bytes()[before..]).into_owned();
    assert!(first.starts_with("*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"), "{first}");
    rig.child_goes_all_the_way();
    rig.settle();
    rig.assert_log_is_complete();
}

#[test]
fn a_missing_select_after_the_fork_would_be_noticed() {
    mutation::make(Some(Mutation::NoSelectAfterFork));
    let mut rig = Rig::new(ProfileName::Redis62, Policy::EverySec);
    rig.done(1, "SET zero 1");
    rig.done(2, "SELECT 3");
    rig.done(2, "SET three 1");
    rig.done(1, "SET zero 2");
    rig.done(3, "BGREWRITEAOF");
    rig.done(1, "SET zero 3");
    rig.child_goes_all_the_way();
    rig.settle();
    mutation::make(None);
    assert_ne!(content_of(rig.log_bytes()), Ok(rig.content()), "zero went to database 3");
}

#[test]
fn both_buffers_while_a_child_lives() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        let forked_at = rig.engine.rewrite().forked_at().expect("a rewrite runs");
        let old_bytes = rig.log_bytes().len() as u64;
        for line in ["INCR n", "LPUSH l a b c", "SELECT 5", "SET five 5"] {
            rig.command(1, line);
            let rewrite = rig.engine.rewrite();
            let since = rig.engine.ledger().appended().since(forked_at);
            assert_eq!(rewrite.diff().appended_bytes(), since, "{line}");
        }
        rig.turn_end();
        rig.settle();
        // Bytes of the old file since the fork are those that were sent and those that are left.
        let diff = rig.engine.rewrite().diff();
        let grown = rig.log_bytes().len() as u64 - old_bytes;
        assert_eq!(grown, diff.sent_bytes() + diff.waiting_bytes());
        rig.child_goes_all_the_way();
        rig.settle();
        rig.assert_log_is_complete();
    }
}

#[test]
fn the_active_expiry_feeds_both_too() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1 PX 50");
    rig.done(1, "BGREWRITEAOF");
    rig.tick(200);
    rig.settle();
    assert!(rig.engine.rewrite().diff().appended_bytes() > 0, "DEL a");
    rig.child_goes_all_the_way();
    rig.settle();
    rig.assert_log_is_complete();
}

#[test]
fn wait_rewrite_feeds_only_the_diff() {
    for profile in ProfileName::ALL {
        let mut rig = off(profile);
        rig.done(1, "SET a 1");
        let seen = rig.turn(1, "CONFIG SET appendonly yes");
        let opens = profile != ProfileName::Hardened;
        assert_eq!(seen.contains("inline open log AppendOrCreate"), opens, "{seen}");
        assert!(seen.contains("fork"));
        assert!(rig.received(1).ends_with("+OK "));
        assert_eq!(rig.engine.log().state(), State::WaitRewrite);
        let seen = rig.turn(1, "SET b 2");
        assert_eq!(seen, "send 1: 1, pipe 50 of 50", "no write, and nobody waits");
        assert!(rig.engine.log().buffer().is_empty());
        assert_eq!(rig.engine.rewrite().diff().appended_bytes(), 50);
        rig.child_reads();
        rig.child_asks();
        rig.turn(1, "SET c 3");
        rig.child_ends();
        rig.settle();
        assert_eq!(rig.engine.log().state(), State::On);
        assert!(rig.outside.notes.contains(&Note::Rewrite(RewriteNote::TurnedOn)));
        rig.assert_log_is_complete();
        rig.done(1, "SET d 4");
        rig.assert_log_is_complete();
        assert_eq!(rig.outside.open.len(), 1);
    }
}

/// Until its first rewrite is complete the log promises nothing, and replies are free. What comes
/// during the hold is the first write of the new file, and its replies wait for that.
#[test]
fn during_the_hold_of_the_first_rewrite_replies_wait() {
    let mut rig = off(ProfileName::Hardened);
    rig.done(1, "SET a 1");
    rig.done(1, "CONFIG SET appendonly yes");
    rig.child_asks();
    rig.child_ends();
    rig.job();
    assert!(rig.engine.rewrite().holds_gates());
    assert_eq!(rig.turn(2, "SET b 2"), "");
    assert_eq!(rig.engine.log().buffer().waiting_bytes(), 50, "for the new file");
    assert_eq!(rig.turn(3, "GET a"), "send 3: 1");
    rig.settle();
    assert_eq!(rig.received(2), "+OK ");
    rig.assert_log_is_complete();
}

/// It is given up during the hold: the replies are what they would have been without.
#[test]
fn a_first_rewrite_that_fails_during_the_hold_frees_the_replies_and_is_tried_again() {
    let mut rig = off(ProfileName::Hardened);
    rig.done(1, "SET a 1");
    rig.done(1, "CONFIG SET appendonly yes");
    rig.child_asks();
    rig.child_ends();
    rig.job();
    rig.turn(2, "SET b 2");
    rig.outside.fails.push(("sync new", Errno::EIO));
    rig.settle();
    assert_eq!(rig.received(2), "+OK ");
    assert_eq!(rig.engine.log().state(), State::WaitRewrite);
    assert!(rig.engine.log().buffer().is_empty());
    assert!(rig.engine.rewrite().is_scheduled());
    assert_eq!(rig.turn(2, "SET c 3"), "send 2: 1");
    assert!(!rig.tick(100).contains("fork"), "it waits a second");
    assert!(rig.tick(1_000).contains("fork"));
    rig.child_goes_all_the_way();
    rig.settle();
    assert_eq!(rig.engine.log().state(), State::On);
    rig.assert_log_is_complete();
}

/// `aof_buf` is discarded at the swap, up to where the new file reaches and no further.
#[test]
fn discarded_aof_buf() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.child_asks();
    for _ in 0..3 {
        rig.outside.fails.push(("write", Errno::ENOSPC));
    }
    rig.turn(1, "SET b 2");
    assert_eq!(rig.engine.log().buffer().waiting_bytes(), 50, "the old log cannot take it");
    rig.child_ends();
    rig.job();
    let Stage::Sealing { upto } = rig.engine.rewrite().stage() else { panic!("sealing") };
    rig.outside.fails.clear();
    rig.settle();
    assert_eq!(rig.engine.log().origin().lsn, upto);
    assert!(rig.engine.log().buffer().is_empty(), "the new file has it");
    assert_eq!(rig.received(1), "+OK ");
    rig.assert_log_is_complete();
}

#[test]
fn what_came_after_the_freeze_is_kept() {
    for (mistake, is_kept) in [(None, true), (Some(Mutation::DiscardsTooMuch), false)] {
        let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
        rig.checks = mistake.is_none();
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        rig.child_asks();
        rig.child_ends();
        rig.job();
        assert!(rig.engine.rewrite().holds_gates());
        rig.turn(1, "SET b 2");
        mutation::make(mistake);
        rig.settle();
        mutation::make(None);
        assert_eq!(content_of(rig.log_bytes()) == Ok(rig.content()), is_kept);
    }
}

#[test]
fn ack_lost() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        rig.outside.fails.push(("ack", Errno(32)));
        assert_eq!(rig.child_asks(), "ack");
        assert!(rig.outside.notes.contains(&Note::Rewrite(RewriteNote::AckFailed(Errno(32)))));
        // It is not said again, whatever comes through the pipe; the child waits five seconds.
        assert_eq!(rig.event(Event::StopAsked { byte: b'!' }), "");
        assert_eq!(rig.turn(1, "SET b 2"), "write 50, send 1: 1", "nothing more is sent");
        rig.child_dies(ChildStatus::Code(1));
        rig.settle();
        assert!(rig.engine.rewrite().last_failed());
        rig.assert_log_is_complete();
    }
}

#[test]
fn another_byte_than_a_bang_asks_for_nothing() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "BGREWRITEAOF");
    assert_eq!(rig.event(Event::StopAsked { byte: b'?' }), "");
    assert!(!rig.engine.rewrite().stop_sending());
    assert_eq!(rig.event(Event::StopAsked { byte: b'!' }), "", "the pipe is looked at once");
}

#[test]
fn pipe_full() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.outside.pipe_capacity = 60;
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        assert!(rig.turn(1, "SET b 2").ends_with("pipe 50 of 50"));
        assert!(rig.turn(1, "SET c 3").ends_with("pipe 10 of 27"));
        let seen = rig.turn(1, "SET d 4");
        assert!(!seen.contains("pipe"), "nobody writes into a full pipe: {seen}");
        assert_eq!(rig.engine.rewrite().diff().waiting_bytes(), 17 + 27);
        assert_eq!(rig.child_reads(), "pipe 44 of 44");
        rig.outside.fails.push(("pipe", Errno(11)));
        rig.turn(1, "SET e 5");
        rig.outside.pipe.truncate(44);
        rig.event(Event::PipeWritable);
        rig.child_goes_all_the_way();
        rig.settle();
        rig.assert_log_is_complete();
    }
}

#[test]
fn a_turn_writes_only_so_much_into_the_pipe() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.outside.pipe_capacity = usize::MAX;
    rig.done(1, "BGREWRITEAOF");
    rig.checks = false;
    rig.command(1, &format!("SET a {}", "x".repeat(3 << 20)));
    let seen = rig.turn_end();
    assert_eq!(seen.matches("pipe 65536").count(), 16);
    rig.turn_end();
    assert_eq!(rig.engine.rewrite().diff().sent_bytes(), 2 << 20);
    rig.child_goes_all_the_way();
    rig.settle();
    rig.assert_log_is_complete();
}

/// An older log stays what it is until the new one is complete.
#[test]
fn crash_after_config_set_appendonly_yes() {
    for profile in ProfileName::ALL {
        let mut rig = off(profile);
        rig.outside.inodes.push(super::rig::Inode::default());
        rig.outside.inodes[0].bytes = b"*3\r\n$3\r\nSET\r\n$3\r\nold\r\n$1\r\n1\r\n".to_vec();
        rig.outside.names.insert(FileName::Log, 0);
        let old = rig.log_bytes().to_vec();
        rig.done(1, "SET a 1");
        rig.done(1, "CONFIG SET appendonly yes");
        rig.done(1, "SET b 2");
        assert_eq!(rig.log_bytes(), old, "a crash leaves the older log");
        rig.command(2, "INFO persistence");
        rig.turn_end();
        let info = rig.received(2);
        let enabled = profile != ProfileName::Hardened;
        assert!(info.contains(&format!("aof_enabled:{}", u8::from(enabled))), "{info}");
        assert!(info.contains("aof_state:wait_rewrite"), "{info}");
        rig.child_goes_all_the_way();
        assert_eq!(rig.log_bytes() == old, profile == ProfileName::Hardened);
        rig.settle();
        rig.assert_log_is_complete();
        rig.command(2, "INFO persistence");
        rig.turn_end();
        assert!(rig.received(2).contains("aof_enabled:1"));
    }
}

/// With no older log, Redis has made an empty one: a crash now gives an empty dataset.
#[test]
fn redis_makes_an_empty_log_at_once() {
    for profile in ProfileName::ALL {
        let mut rig = off(profile);
        rig.done(1, "SET a 1");
        rig.done(1, "CONFIG SET appendonly yes");
        let made = rig.outside.names.contains_key(&FileName::Log);
        assert_eq!(made, profile != ProfileName::Hardened);
    }
}

#[test]
fn transactions_are_never_split_by_the_freeze() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.child_asks();
    rig.child_ends();
    for line in ["MULTI", "SET x 1", "SET y 1"] {
        rig.turn(2, line);
    }
    // The transaction runs while the new file is being opened, another one in the hold.
    rig.command(2, "EXEC");
    rig.job();
    let Stage::Sealing { upto } = rig.engine.rewrite().stage() else { panic!("sealing") };
    assert_eq!(upto, rig.engine.ledger().appended());
    for line in ["MULTI", "SET x 2", "SET y 2", "EXEC"] {
        rig.turn(3, line);
    }
    assert!(rig.engine.ledger().appended() > upto);
    rig.settle();
    rig.assert_log_is_complete();
    assert!(rig.received(3).ends_with("*2 +OK +OK "));
}

/// Whatever is written while a long sync of the old file is waited for must not be left for the
/// hold.
#[test]
fn catching_up_goes_on_while_the_old_file_is_synced() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.engine.set_catch_up_limits(Limits { little_bytes: 30, ..Limits::default() });
    rig.done(1, "SET a 1");
    rig.done(1, "BGREWRITEAOF");
    rig.child_asks();
    rig.turn(1, "SET b 2");
    assert!(rig.tick(1_100).contains("start sync log"));
    rig.child_ends();
    for _ in 0..20 {
        for _ in 0..3 {
            rig.turn(1, "SET b 2");
        }
        assert!(rig.job_of_lane(Lane::Slow), "it goes on: {:?}", rig.engine.rewrite().stage());
        let stage = rig.engine.rewrite().stage();
        assert!(matches!(stage, Stage::CatchingUp { .. }), "{stage:?}");
    }
    while rig.job_of_lane(Lane::Slow) {}
    assert!(matches!(rig.engine.rewrite().stage(), Stage::CatchingUp { .. }));
    assert!(rig.engine.rewrite().diff().waiting_bytes() <= 30, "nothing is left for the hold");
    assert!(rig.job_of_lane(Lane::Sync), "the sync of the old file ends");
    assert!(matches!(rig.engine.rewrite().stage(), Stage::Sealing { .. }));
    rig.settle();
    assert_eq!(rig.engine.rewrite().completed(), 1);
    rig.assert_log_is_complete();
}

/// A lane that hangs: no job ever ends, while clients write and are answered by the old log.
#[test]
fn the_bound_of_the_buffer_holds_beside_a_job_that_never_ends() {
    for appendonly in [true, false] {
        // 0: the new file is being opened, 1: a block is being appended, 2: it is being synced.
        for steps in 0..3 {
            let mut rig = Rig::with(Config {
                aof_rewrite_buffer_limit_bytes: 1_000,
                appendonly,
                ..Config::default()
            });
            let limits = Limits { little_bytes: 0, ..Limits::default() };
            rig.engine.set_catch_up_limits(limits);
            rig.done(1, "SET a 1");
            rig.done(1, if appendonly { "BGREWRITEAOF" } else { "CONFIG SET appendonly yes" });
            rig.child_asks();
            rig.done(1, "SET b 2");
            rig.child_ends();
            for _ in 0..steps {
                rig.job();
            }
            let what = format!("{:?} {:?}", rig.engine.rewrite().stage(), rig.running());
            let early = matches!(
                rig.engine.rewrite().stage(),
                Stage::Opening { .. } | Stage::CatchingUp { .. }
            );
            assert!(early, "{what}");
            rig.received(1);
            for _ in 0..100 {
                rig.turn(1, "SET b 2");
                let waiting_bytes = rig.engine.rewrite().diff().waiting_bytes();
                assert!(waiting_bytes <= 1_000, "{what}: {waiting_bytes}");
            }
            assert_eq!(rig.received(1), "+OK ".repeat(100), "{what}");
            let rewrite = rig.engine.rewrite();
            assert_eq!((rewrite.stage(), rewrite.last_failed()), (Stage::Idle, true), "{what}");
            let limit = |note: &Note| matches!(note, Note::Rewrite(RewriteNote::DiffLimit { .. }));
            assert_eq!(rig.outside.notes.iter().filter(|&note| limit(note)).count(), 1);
            // The lane recovers, and so does everything else.
            rig.settle();
            assert_eq!(rig.leftovers(), 0, "{what}");
            assert_eq!(rig.outside.open.len(), usize::from(appendonly), "{what}");
            if !appendonly {
                assert!(rig.tick(1_100).contains("fork"), "{what}: it is tried again");
                rig.child_goes_all_the_way();
                rig.settle();
            }
            rig.assert_log_is_complete();
        }
    }
}

/// While gates are held, nothing goes to either file and everything gathers in `aof_buf`: its bound
/// is the one that holds. In limbo writes are refused.
#[test]
fn writers_are_paused_while_gates_are_held() {
    const LIMIT: u64 = 200;
    let mut stages = BTreeSet::new();
    for steps in 0..12 {
        let mut rig = Rig::with(Config { aof_buffer_limit_bytes: LIMIT, ..Config::default() });
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        rig.child_asks();
        rig.done(1, "SET b 2");
        rig.child_ends();
        for _ in 0..steps {
            if !rig.running().is_empty() {
                rig.job();
            }
        }
        let stage = rig.engine.rewrite().stage();
        if !stage.holds_gates() {
            continue;
        }
        let name = format!("{stage:?}");
        let name = name.split(' ').next().unwrap_or_default().to_owned();
        rig.received(1);
        let mut written = 0;
        while rig.turn(1, "SET b 2") != "pause 1" {
            written += 1;
            assert!(written < 20, "{name}: nobody is paused");
        }
        let waiting_bytes = rig.engine.log().buffer().waiting_bytes();
        assert!((LIMIT..LIMIT + 50).contains(&waiting_bytes), "{name}: {waiting_bytes}");
        assert_eq!(rig.received(1), "", "{name}: held");
        let seen = rig.settle();
        assert!(seen.contains("resume 1"), "{name}: {seen}");
        assert_eq!(rig.received(1), "+OK ".repeat(written + 1), "{name}");
        assert_eq!(rig.engine.rewrite().completed(), 1, "{name}");
        rig.assert_log_is_complete();
        stages.insert(name);
    }
    let stages: Vec<&str> = stages.iter().map(String::as_str).collect();
    assert_eq!(stages, ["Renaming", "Sealing", "SyncingDirectory"]);
}

/// Redis has no bound here (issue 476).
#[test]
fn the_bound_of_the_buffer_gives_the_rewrite_up() {
    for profile in ProfileName::ALL {
        let mut rig =
            Rig::with(Config { profile, aof_rewrite_buffer_limit_bytes: 100, ..Config::default() });
        rig.done(1, "SET a 1");
        rig.done(1, "BGREWRITEAOF");
        for _ in 0..3 {
            rig.done(1, "SET b 2");
        }
        if profile != ProfileName::Hardened {
            assert_eq!(rig.engine.rewrite().diff().appended_bytes(), 104, "it grows");
            continue;
        }
        assert!(matches!(rig.engine.rewrite().stage(), Stage::Aborting { .. }));
        assert!(rig.outside.killed.is_some());
        assert!(rig.engine.rewrite().last_failed());
        assert_eq!(rig.done(2, "BGREWRITEAOF").matches("scheduled").count(), 1);
        rig.killed_child_ends();
        rig.settle();
        assert_eq!(rig.leftovers(), 0);
        rig.assert_log_is_complete();
        assert!(rig.tick(1_100).contains("fork"), "what was scheduled is made");
    }
}

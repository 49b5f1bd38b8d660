//! What INFO says from one stage of a rewrite to the next.

use super::rig::Rig;
use crate::config::{Config, Policy};
use crate::event::{ChildStatus, Event};
use crate::note::{Note, RewriteNote};
use crate::profile::ProfileName;

/// The values of these fields.
fn look(rig: &mut Rig, names: &[&str]) -> String {
    // A read is answered at the end of its turn, held gates or not.
    rig.turn(3, "INFO all");
    let text = rig.received(3);
    let value = |name: &&str| {
        let field = format!(" {name}:");
        let start = text.find(&field).unwrap_or_else(|| panic!("no {name} in {text}"));
        text[start + field.len()..].split(' ').next().unwrap_or_default().to_owned()
    };
    names.iter().map(value).collect::<Vec<_>>().join(" ")
}

const STATE: [&str; 4] =
    ["aof_state", "aof_enabled", "aof_rewrite_in_progress", "aof_last_bgrewrite_status"];

#[test]
fn a_rewrite_is_in_progress_until_its_file_is_the_log() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.done(1, "SET a 1");
        assert_eq!(look(&mut rig, &STATE), "on 1 0 ok");
        let none = ["aof_last_rewrite_time_sec", "aof_current_rewrite_time_sec", "aof_rewrites"];
        assert_eq!(look(&mut rig, &none), "-1 -1 0");
        rig.turn(1, "BGREWRITEAOF");
        assert_eq!(look(&mut rig, &STATE), "on 1 1 ok");
        let fork = ["latest_fork_usec", "total_forks", "aof_rewrites"];
        assert_eq!(look(&mut rig, &fork), "250 1 1");
        rig.tick(2_000);
        assert_eq!(look(&mut rig, &none), "-1 2 1");

        rig.event(Event::ChildReport { copied_bytes: 4_096, keys_done: 1, keys_total: 2 });
        let progress = [
            "current_cow_size",
            "current_cow_size_age",
            "current_fork_perc",
            "current_save_keys_processed",
            "current_save_keys_total",
            "aof_last_cow_size",
        ];
        assert_eq!(look(&mut rig, &progress), "4096 0 50.00 1 2 0");
        rig.tick(3_000);
        assert_eq!(look(&mut rig, &progress), "4096 3 50.00 1 2 0");

        rig.child_goes_all_the_way();
        if profile == ProfileName::Hardened {
            assert_eq!(look(&mut rig, &STATE), "on 1 1 ok", "its switch belongs to it");
        }
        rig.settle();
        assert_eq!(look(&mut rig, &STATE), "on 1 0 ok");
        assert_eq!(look(&mut rig, &progress), "0 0 0.00 0 0 4096");
        assert_eq!(look(&mut rig, &["aof_last_rewrite_time_sec"]), "5");
        let length = rig.log_bytes().len();
        let sizes = look(&mut rig, &["aof_base_size", "aof_current_size"]);
        assert_eq!(sizes, format!("{length} {length}"));
        assert_ne!(look(&mut rig, &["aof_last_switch_usec"]), "-1");
        rig.turn(1, "CONFIG RESETSTAT");
        assert_eq!(look(&mut rig, &fork), "0 0 0");
    }
}

#[test]
fn the_rewrite_buffer_is_memory_of_the_log() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.done(1, "SET a 1");
    rig.turn(1, "BGREWRITEAOF");
    rig.outside.pipe_capacity = 0;
    rig.done(1, "SET b 2");
    // SELECT, because the child knows of none, and the SET.
    let names = ["aof_rewrite_buffer_length", "aof_buffer_length", "mem_aof_buffer"];
    assert_eq!(look(&mut rig, &names), "50 0 50");
}

/// The pipe is full, so everything that is written waits; a SET of these is 27 bytes.
#[test]
fn the_rewrite_buffer_says_at_every_tenth_block_how_much_waits() {
    for profile in ProfileName::ALL {
        let aof_rewrite_block_bytes = 16;
        let config = Config { profile, aof_rewrite_block_bytes, ..Config::default() };
        let mut rig = Rig::with(config);
        rig.done(1, "SET a 1");
        rig.turn(1, "BGREWRITEAOF");
        rig.outside.pipe_capacity = 0;
        let mut expected = Vec::new();
        for _ in 0..40 {
            let before = rig.engine.rewrite().diff().blocks_len();
            rig.done(1, "SET b 2");
            let after = rig.engine.rewrite().diff().blocks_len();
            let told = (before + 1..=after).filter(|blocks| blocks % 10 == 9);
            expected.extend(told.map(|blocks| (blocks, (blocks - 1) * 16)));
        }
        let grows = |note: &Note| match *note {
            Note::Rewrite(RewriteNote::DiffGrows { blocks, bytes }) => Some((blocks, bytes)),
            _ => None,
        };
        let told: Vec<_> = rig.outside.notes.iter().filter_map(grows).collect();
        assert_eq!(told, expected, "{profile:?}");
        assert_eq!(told[..2], [(9, 128), (19, 288)], "{profile:?}");
        // A record over many blocks says it once.
        rig.done(1, &format!("SET b {}", "v".repeat(500)));
        let lines = rig.outside.notes.iter().filter_map(grows).count();
        assert_eq!(lines, told.len() + 1, "{profile:?}");
    }
}

#[test]
fn a_failure_shows_until_the_next_success() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.done(1, "SET a 1");
        rig.turn(1, "BGREWRITEAOF");
        rig.child_dies(ChildStatus::Signal(9));
        rig.settle();
        assert_eq!(look(&mut rig, &STATE), "on 1 0 err");
        rig.turn(1, "BGREWRITEAOF");
        assert_eq!(look(&mut rig, &STATE), "on 1 1 err");
        rig.child_goes_all_the_way();
        rig.settle();
        assert_eq!(look(&mut rig, &STATE), "on 1 0 ok");
    }
}

/// Nobody may take such a log for one that keeps what it is told.
#[test]
fn a_log_that_waits_for_its_first_rewrite_is_not_called_on() {
    for (profile, enabled) in [(ProfileName::Hardened, 0), (ProfileName::Redis62, 1)] {
        let mut rig = Rig::with(Config { profile, appendonly: false, ..Config::default() });
        rig.done(1, "SET a 1");
        assert_eq!(look(&mut rig, &STATE), "off 0 0 ok");
        assert_eq!(rig.done(1, "CONFIG SET appendonly yes"), "+OK ");
        assert_eq!(look(&mut rig, &STATE), format!("wait_rewrite {enabled} 1 ok"));
        let refused = "-ERR Errors trying to SHUTDOWN. Check logs. ";
        assert_eq!(rig.done(1, "SHUTDOWN"), refused);
        assert!(rig.outside.halted.is_none());
        rig.child_goes_all_the_way();
        rig.settle();
        assert_eq!(look(&mut rig, &STATE), "on 1 0 ok");
    }
}

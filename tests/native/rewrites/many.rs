//! Rewrite after rewrite under load: each one ends, and none loses or doubles anything.
//!
//! Clients that never pause keep a child reading for a whole second, and the machine busy for a
//! minute and more. So in most rewrites they have a budget, given once the child lives, and every
//! so often none.
//!
//! `cargo xtask soak` runs this with [`REWRITES`] set.

use std::thread;
use std::time::Instant;

use aof_core::config::Config;
use aof_tests::dataset;
use aof_tests::workload;

use super::load::Load;
use super::{finish, launch, number, start, unfinished};
use crate::server::folder;

/// How many, if not as many as in every test run.
const REWRITES: &str = "AOF_LAB_SOAK_REWRITES";
const IN_EVERY_RUN: u64 = 500;
const WORLDS: [(&str, &str); 2] = [("hardened", "everysec"), ("redis-6.2", "everysec")];
const COUNTERS: usize = 2;
/// Rounds of the load in one rewrite,
const ROUNDS: u64 = 24;
/// and in each of so many, there is no end to them.
const ONE_WITHOUT_END: u64 = 50;

#[test]
fn rewrites_end_and_lose_nothing() {
    let asked = std::env::var(REWRITES).ok();
    let wanted = asked.map_or(IN_EVERY_RUN, |text| text.parse().expect("a number"));
    let began = Instant::now();
    let share = wanted.div_ceil(WORLDS.len() as u64);
    let done: Vec<u64> = thread::scope(|scope| {
        let runs: Vec<_> =
            WORLDS.iter().map(|&world| scope.spawn(move || rewrite_often(world, share))).collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).collect()
    });
    let done: u64 = done.into_iter().sum();
    assert!(done >= wanted, "{done} of {wanted}");
    eprintln!("soak: {done} complete rewrites, no hang, nothing lost, {:?}", began.elapsed());
}

/// Returns how many ended well, counted by what the server said.
fn rewrite_often(world: (&str, &str), wanted: u64) -> u64 {
    let dir = folder();
    let launch = launch(dir.path(), world);
    let mut server = launch.start();
    let load = Load::new(COUNTERS, Some(workload::seed(&format!("rewrites {}", world.0))));
    load.allow(ROUNDS);
    let (mut beside, mut through) = (0, 0);
    load.on(&mut server, |server| {
        let mut client = server.client();
        for done in 1..=wanted {
            start(&mut client);
            let before = load.acknowledged();
            if done % ONE_WITHOUT_END == 0 {
                load.allow_all();
            } else {
                load.allow(ROUNDS);
            }
            assert!(finish(&mut client), "{world:?} {done}:\n{}", server.process.printed());
            beside += u64::from(load.acknowledged() > before);
            through += u64::from(number(&mut client, "aof_last_diff_sent") > 0);
            if done % (wanted / 10).max(1) == 0 {
                eprintln!("soak: {world:?}: {done} of {wanted} rewrites");
            }
        }
    });
    let mut client = server.client();
    assert_eq!(number(&mut client, "aof_rewrites"), wanted);
    eprintln!(
        "{world:?}: writes beside {beside} of {wanted}, a diff through the pipe of {through}"
    );
    // How many is for the machine to say: one without a turn for the writers has few. Those whose
    // writers have no budget cannot all be missed.
    assert!(beside > 0 && through > 0, "{beside} and {through} of {wanted}");
    load.assert_exact(&mut client, "live");
    let said = server.process.printed();
    let finished = said.matches("Background AOF rewrite finished successfully").count() as u64;
    assert_eq!(finished, wanted, "{world:?}");
    assert_eq!(unfinished(dir.path()), Vec::<String>::new());
    assert_eq!(server.terminate().code(), Some(0), "{}", server.process.printed());
    let expected = dataset::of_log(&dir.path().join("appendonly.aof"), &Config::default());
    let server = launch.start();
    let mut client = server.client();
    load.assert_exact(&mut client, "after a restart");
    let expected = expected.expect("a good log");
    let found = dataset::of_aofd(&mut client, &expected);
    dataset::assert_equal("after a restart", &expected, &found);
    eprintln!("{world:?}: {wanted} rewrites beside {} transactions", load.acknowledged());
    finished
}

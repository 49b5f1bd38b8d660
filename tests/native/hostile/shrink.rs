//! Which of many scripts breaks a server, and which of its steps.

use std::sync::atomic::AtomicU64;

use aof_tests::workload::Random;

use super::behaviour::{Script, Step};
use super::fuzz::{World, is_broken};
use super::storm::Storm;
use crate::server::folder;

/// Servers that are started for it.
const ATTEMPTS: usize = 600;

/// Prints what breaks a fresh server by itself, if one script does; else all of them.
pub(super) fn explain(world: World, scripts: &[Script]) {
    let mut attempts = ATTEMPTS;
    for script in scripts {
        let steps = script.steps(world.wants_password);
        if breaks(world, script, &steps, &mut attempts) {
            eprintln!("this script alone breaks the server: {script:?}");
            eprintln!(
                "what of it is needed: {}",
                shown(&least(world, script, steps, &mut attempts))
            );
            return;
        }
    }
    eprintln!("no script alone breaks the server; these did together: {scripts:#?}");
}

/// Leaves out as many steps as can be, and then as many bytes of the others.
fn least(world: World, script: &Script, steps: Vec<Step>, attempts: &mut usize) -> Vec<Step> {
    let mut least = steps;
    let mut at = 0;
    while at < least.len() {
        let mut without = least.clone();
        without.remove(at);
        if breaks(world, script, &without, attempts) {
            least = without;
        } else {
            at += 1;
        }
    }
    for at in 0..least.len() {
        let Step::Send(bytes) = least[at].clone() else { continue };
        let mut kept = bytes;
        let mut part = kept.len() / 2;
        while part > 0 {
            let mut from = 0;
            while from < kept.len() {
                let mut fewer = kept.clone();
                fewer.drain(from..(from + part).min(kept.len()));
                let mut shorter = least.clone();
                shorter[at] = Step::Send(fewer.clone());
                if breaks(world, script, &shorter, attempts) {
                    kept = fewer;
                    least = shorter;
                } else {
                    from += part;
                }
            }
            part /= 2;
        }
    }
    least
}

fn breaks(world: World, script: &Script, steps: &[Step], attempts: &mut usize) -> bool {
    if *attempts == 0 {
        return false;
    }
    *attempts -= 1;
    let dir = folder();
    let mut server = world.launch(dir.path()).start();
    drop(world.prepare(server.port()));
    let kills = AtomicU64::new(0);
    let mut storm = Storm::new(server.port(), world.wants_password, &kills);
    storm.play_steps(script, steps, &mut Random::new(script.seed));
    storm.leave();
    // It has seen the end of the connection when it takes the next, if it still can.
    let port = server.port();
    let asked = std::panic::catch_unwind(|| super::honest::connect(port, world.wants_password));
    asked.is_err() || is_broken(&mut server)
}

fn shown(steps: &[Step]) -> String {
    let short = |bytes: &[u8]| {
        let text = bytes[..bytes.len().min(600)].escape_ascii().to_string();
        format!("send {} bytes \"{text}\"", bytes.len())
    };
    let text = |step: &Step| match step {
        Step::Send(bytes) => short(bytes),
        other => format!("{other:?}"),
    };
    steps.iter().map(text).collect::<Vec<_>>().join("; ")
}

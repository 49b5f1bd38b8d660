//! Labels of steps, and runs as bytes.

use super::*;
use crate::explore::risk::{Label, Strip};
use crate::sim::bytes::Edits;
use crate::sim::fact::Fault;
use crate::sim::timeline::run::Run;
use crate::sim::timeline::{Cause, Timeline};
use crate::sim::world::{ByHand, Input, Pick};

fn labels(run: Run) -> Vec<Label> {
    Strip::new(run, Options::default()).expect("the log loads").collect()
}

/// The same by looking at the timeline, step by step, each with a memory of its own.
fn compare(timeline: &mut Timeline) {
    let run = timeline.branch().run();
    let bytes = run.to_bytes();
    let again = Run::from_bytes(&bytes).expect("its own bytes");
    assert_eq!(again.to_bytes(), bytes);
    let labels = labels(again);
    assert_eq!(labels.len(), timeline.marks().len());
    for label in labels {
        if timeline.marks().len() > 60 && label.step % 7 != 0 {
            continue;
        }
        timeline.seek(label.step).expect("a known step");
        let world = timeline.world();
        let look = Explorer::new(world.settings().seed, Options::default()).look_at(world);
        assert_eq!(label.look, look, "step {}", label.step);
    }
}

#[test]
fn a_run_as_bytes_has_the_labels_of_the_run() {
    for (_, story) in STORIES {
        for profile in ProfileName::ALL {
            compare(&mut Timeline::new(story(Policy::EverySec, profile, 1)).expect("it loads"));
        }
    }
}

#[test]
fn acts_are_part_of_a_run() {
    let story = scenario::first_visit(Policy::EverySec, ProfileName::Hardened, 1);
    let mut timeline = Timeline::new(story).expect("it loads");
    let command = scenario::command(0, "SET e 5").input;
    timeline.act(command, Cause::Command).expect("room");
    timeline.act(Input::Fault(Fault::FailNextSync), Cause::Fault).expect("room");
    timeline.wait(700_000).expect("room");
    timeline.act(Input::CutPower, Cause::PowerCut).expect("room");
    timeline.seek(timeline.position() + 1).expect("the power cut");
    let cut = timeline.position();
    let edits = Edits { cut: Some(90), flips: vec![(47, 2), (48, 0)] };
    let of = Pick::Best;
    let by_hand = ByHand { of, edits, load_truncated: Some(true) };
    for pick in [Pick::Worst, Pick::ByHand(Box::new(by_hand))] {
        timeline.seek(cut).expect("the power cut");
        let boot = Input::Boot { pick, model: DiskModel::ZeroTail };
        timeline.act(boot, Cause::Boot).expect("room");
        compare(&mut timeline);
    }
}

#[test]
fn bytes_that_are_no_run_are_refused() {
    let story = scenario::first_visit(Policy::Always, ProfileName::Redis62, 1);
    let bytes = Run::new(story.settings, story.inputs).to_bytes();
    for length in 0..bytes.len() {
        assert!(Run::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        // Read or refused: never a panic, and never more memory than there are bytes.
        let _ = Run::from_bytes(&damaged);
    }
}

//! `Lab`, as the page and whoever types into its console call it: any calls in any order. None
//! panics, every state can be drawn, and a step there and back leads to the same state.
//!
//! The input is a list of calls; the first two bytes choose what the lab begins with.
#![no_main]

use aof_core::config::Policy;
use aof_core::explore::holes;
use aof_core::profile::ProfileName;
use aof_core::sim::bytes::Edits;
use aof_core::sim::crash::DiskModel;
use aof_core::sim::fact::Fault;
use aof_web::lab::bytes::{Look, Source};
use aof_web::lab::{BootImage, Lab, Options, ScenarioName};
use aof_web::risk;
use libfuzzer_sys::fuzz_target;

/// Calls of one input.
const CALLS: usize = 24;
/// Bytes of a line or of a file that is brought in.
const PIECE_BYTES: usize = 96;

/// What is left of the input.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from(u16::from_le_bytes([self.byte()?, self.byte()?])))
    }

    /// Bytes up to a NUL or the bound.
    fn piece(&mut self) -> &'a [u8] {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let (piece, rest) = self.0.split_at(length.min(PIECE_BYTES));
        self.0 = rest.strip_prefix(&[0]).unwrap_or(rest);
        piece
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let byte = usize::from(self.byte()?);
        all.get(byte % all.len()).copied()
    }
}

const POLICIES: [Policy; 3] = [Policy::Always, Policy::EverySec, Policy::No];

fn begin(input: &mut Input<'_>) -> Option<Lab> {
    let mut scenarios = ScenarioName::LESSONS.to_vec();
    scenarios.extend(holes::ALL.into_iter().map(ScenarioName::Hole));
    let scenario = input.one_of(&scenarios)?;
    let policy = input.one_of(&POLICIES)?;
    let profile = input.one_of(&ProfileName::ALL)?;
    let disk_model = input.one_of(&DiskModel::ALL)?;
    let options = Options { policy, profile, disk_model, seed: 7, scenario };
    Some(Lab::new(options).expect("a lab"))
}

/// One call. What it answers is the caller's business; that it answers is ours.
fn call(lab: &mut Lab, input: &mut Input<'_>) -> Option<()> {
    match input.byte()? % 20 {
        0..=3 => {
            let client = u64::from(input.byte()?);
            let line = String::from_utf8_lossy(input.piece()).into_owned();
            lab.submit(client, &line).ok();
        }
        4 => {
            lab.step().ok();
        }
        5 => there_and_back(lab),
        6 => {
            lab.seek(input.number()?).ok();
        }
        7 => lab.run_until(&String::from_utf8_lossy(input.piece())),
        8 => {
            lab.wait(input.number()? * 4).ok();
        }
        9 => {
            lab.fault(input.one_of(&Fault::ALL)?.as_str()).ok();
        }
        10 => {
            lab.kill().ok();
        }
        11 => {
            lab.kill_child().ok();
        }
        12 => {
            lab.cut_power().ok();
        }
        13 => {
            lab.boot(&image(input)?).ok();
        }
        14 => {
            lab.undo_crash().ok();
            lab.select_branch(input.number()? % 8).ok();
        }
        15 => {
            let policy = input.one_of(&POLICIES);
            let profile = input.one_of(&ProfileName::ALL);
            lab.configure(policy, profile, input.one_of(&DiskModel::ALL)).ok();
        }
        16 => {
            lab.import_aof(input.piece().to_vec()).ok();
        }
        17 => look_at_bytes(lab, input)?,
        18 => {
            // The page asks for labels of every step; these are enough for a panic.
            let strip = risk::strip(&lab.export_run(), input.one_of(&DiskModel::ALL)?);
            let mut strip = strip.expect("the lab's own run");
            risk::labels(&mut strip, 3);
        }
        _ => {
            let log = lab.export_aof();
            lab.import_aof(log).ok();
            lab.export_trace().ok();
            lab.import_trace(input.piece()).ok();
            let _ = lab.complete(&String::from_utf8_lossy(input.piece()));
        }
    }
    Some(())
}

fn image(input: &mut Input<'_>) -> Option<BootImage> {
    let number = input.number()?;
    input.one_of(&[0, 1, 2, 3]).map(|kind| match kind {
        0 => BootImage::Worst,
        1 => BootImage::Best,
        2 => BootImage::Length(number),
        _ => BootImage::Example(number % 8),
    })
}

fn look_at_bytes(lab: &mut Lab, input: &mut Input<'_>) -> Option<()> {
    let image = image(input)?;
    let source = if input.byte()? % 2 == 0 { Source::Log } else { Source::Image(image) };
    let cut = input.number()?;
    let look = Look {
        edits: Edits {
            cut: (cut % 2 == 0).then_some(cut / 2),
            flips: vec![(input.number()? % 512, input.byte()?)],
        },
        load_truncated: input.one_of(&[None, Some(false), Some(true)])?,
        window_from: input.number()?,
        until: input.one_of(&[None, Some(0), Some(30), Some(u64::MAX)])?,
    };
    lab.bytes(&source, &look).ok();
    if input.byte()? % 2 == 0 {
        let _ = lab.length_near(cut);
        lab.boot_edited(&source, &look).ok();
    }
    Some(())
}

fn there_and_back(lab: &mut Lab) {
    let before = lab.snapshot();
    if lab.step().is_err() {
        return;
    }
    lab.step_back().expect("there was a step before");
    let after = lab.snapshot();
    assert_eq!(before.digest, after.digest, "there and back is not where it was");
    assert_eq!(before.step, after.step);
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let Some(mut lab) = begin(&mut input) else { return };
    for _ in 0..CALLS {
        if call(&mut lab, &mut input).is_none() {
            break;
        }
        let snapshot = lab.snapshot();
        assert!(snapshot.step <= snapshot.step_count, "a step that is not there");
    }
    let _ = lab.timeline();
});

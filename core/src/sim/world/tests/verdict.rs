//! The verdict says what all images recover to.

use std::collections::BTreeMap;

use super::*;
use crate::digest::{Digest, fingerprint};
use crate::promise::Failure;
use crate::sim::crash::{Image, images};
use crate::sim::recover::recover;
use crate::sim::scenario::{rename, rewrite};
use crate::sim::verdict::Fate;

/// How many images of a moment are recovered. The states between two writes come first, and what
/// the model makes of them.
const IMAGES: usize = 96;

/// Length of what was loaded from a file with this fingerprint, nothing if it was refused.
type Known = BTreeMap<Option<u128>, Option<u64>>;

/// Up to which position in the log this image keeps everything as it was written; nothing if it
/// is refused or loads as something else.
fn kept(world: &World, image: &Image, known: &mut Known) -> Option<u64> {
    let Some(content) = &image.content else { return Some(0) };
    let length_bytes = (*known.entry(Some(fingerprint(content))).or_insert_with(|| {
        recover(Some(content), world.config(), world.settings().seed).length_bytes()
    }))?;
    let stored = world.machine().disk.file(image.inode?)?;
    let length = usize::try_from(length_bytes).expect("it was in memory");
    let as_written = stored.cached().get(..length) == Some(&content[..length]);
    as_written.then(|| image.origin.position_of(length_bytes).unwrap_or(0))
}

/// Compares the verdict of this moment with all images, and says how many fates there were of each
/// kind.
fn compare(world: &World, model: DiskModel, known: &mut Known, context: &str) -> [usize; 3] {
    let limits = Limits { images: IMAGES, ..Limits::default() };
    let name = &world.config().appendfilename;
    let found = images(&world.machine().disk, name, Failure::PowerCut, model, limits);
    let kept: Vec<Option<u64>> =
        found.images.iter().map(|image| kept(world, image, known)).collect();
    let verdict = world.verdict(model).power;
    let mut seen = [0; 3];
    for (number, asked) in world.journal().asked().iter().enumerate() {
        if !asked.is_acknowledged_write() {
            continue;
        }
        let survives = kept.iter().filter(|upto| upto.is_some_and(|upto| asked.to <= upto)).count();
        let fate = match survives {
            0 => Fate::Lost,
            count if count == kept.len() => Fate::Kept,
            _ => Fate::Maybe,
        };
        let said = verdict.fates.iter().find(|(at_risk, _)| *at_risk == number);
        let said = said.map_or(Fate::Kept, |(_, fate)| *fate);
        assert_eq!(said, fate, "{context}: {survives} of {} up to {}", kept.len(), asked.to);
        seen[fate as usize] += 1;
    }
    seen
}

#[test]
fn the_verdict_is_what_all_images_recover_to() {
    for make in [first_visit, rewrite, rename] {
        for profile in ProfileName::ALL {
            let mut known = Known::new();
            let mut seen = [0; 3];
            for policy in Policy::ALL {
                let mut world = world_of(make(policy, profile, 1));
                let mut last = None;
                for step in 0.. {
                    let mut digest = Digest::new();
                    world.machine().disk.digest_into(&mut digest);
                    let moment = (digest.finish(), world.journal().acknowledged_writes());
                    if last.replace(moment) != Some(moment) {
                        for model in DiskModel::ALL {
                            let context = format!("{profile:?} {policy:?} step {step} {model:?}");
                            let counts = compare(&world, model, &mut known, &context);
                            (0..3).for_each(|fate| seen[fate] += counts[fate]);
                        }
                    }
                    if world.step().is_none() {
                        break;
                    }
                }
            }
            assert!(seen.iter().all(|count| *count > 0), "{profile:?} {seen:?}");
        }
    }
}

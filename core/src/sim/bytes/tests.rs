use super::*;
use crate::config::Policy;
use crate::load::check::Verdict;
use crate::profile::ProfileName;
use crate::sim::scenario::{self, Scenario};
use crate::sim::world::World;

/// The first visit at its moment: four writes are answered, the last one is in memory.
fn world_of(scenario: &Scenario) -> World {
    let mut world = World::new(scenario.settings.clone()).expect("an empty log loads");
    scenario.inputs.iter().for_each(|due| world.submit(due.clone()));
    for _ in 0..scenario.position {
        world.step();
    }
    world
}

struct Bench {
    world: World,
    file: Vec<u8>,
    origin: Origin,
}

impl Bench {
    fn new(scenario: &Scenario) -> Self {
        let world = world_of(scenario);
        let machine = world.machine();
        let stored = machine.disk.file(machine.inode).expect("there is a log");
        let (file, origin) = (stored.cached().to_vec(), stored.origin());
        Self { world, file, origin }
    }

    fn read(&self, edits: &Edits, truncated: bool) -> Reading {
        let config = Config { aof_load_truncated: truncated, ..self.world.config().clone() };
        let bytes = edits.applied_to(&self.file);
        read(&bytes, &self.file, self.origin, self.world.journal(), &config, 1)
    }
}

fn cut(at: u64) -> Edits {
    Edits { cut: Some(at), ..Edits::default() }
}

#[test]
fn every_cut_keeps_the_commands_before_it() {
    let bench = Bench::new(&scenario::first_visit(Policy::EverySec, ProfileName::Hardened, 1));
    let asked = bench.world.journal().acknowledged_writes();
    let ends: Vec<u64> = bench.world.journal().entries().iter().map(|entry| entry.to).collect();
    for at in 0..=bench.file.len() as u64 {
        let valid = ends.iter().copied().filter(|end| *end <= at).max().unwrap_or(0);
        for truncated in [true, false] {
            let reading = bench.read(&cut(at), truncated);
            assert_eq!(reading.report.valid_up_to, valid, "cut at {at}");
            let loads = truncated || at == valid;
            assert_eq!(reading.recovery.length_bytes(), loads.then_some(valid), "cut at {at}");
            let kept = bench.world.journal().asked().iter();
            let kept = kept.filter(|asked| asked.is_acknowledged_write() && asked.to <= valid);
            let kept = if loads { kept.count() as u64 } else { 0 };
            assert_eq!(reading.ledger.kept.len() as u64, kept, "cut at {at}");
            assert_eq!(reading.ledger.lost.len() as u64, asked - kept, "cut at {at}");
            assert!(reading.ledger.altered.is_empty());
        }
    }
}

#[test]
fn every_flip_of_a_bit_is_refused_or_told_as_altered() {
    let bench = Bench::new(&scenario::first_visit(Policy::EverySec, ProfileName::Redis62, 1));
    let (mut silent, mut refused, mut cut_off) = (0, 0, 0);
    for place in 0..bench.file.len() as u64 {
        for bit in 0..8 {
            let flips = vec![(place, 1 << bit)];
            let reading = bench.read(&Edits { cut: None, flips }, true);
            let Ledger { kept, lost, altered, .. } = &reading.ledger;
            assert_eq!((kept.len() + lost.len() + altered.len()) as u64, 3 + 1);
            match reading.recovery {
                Recovery::Refused(_) => {
                    assert_eq!((kept.len(), altered.len()), (0, 0), "{place} {bit}");
                    refused += 1;
                }
                Recovery::Loaded { length_bytes, .. } if length_bytes < bench.file.len() as u64 => {
                    assert!(length_bytes <= place, "{place} {bit}");
                    cut_off += 1;
                }
                Recovery::Loaded { .. } => {
                    assert_eq!(reading.report.verdict, Verdict::Valid);
                    // Only in front of the first command nobody's write is changed.
                    assert!(!altered.is_empty() || place < 23, "{place} {bit}");
                    silent += 1;
                }
            }
        }
    }
    assert!(silent > 50 && refused > 50 && cut_off > 0, "{silent} {refused} {cut_off}");
}

#[test]
fn a_rewritten_file_holds_what_came_before_it_as_one() {
    let scenario = scenario::rename(Policy::EverySec, ProfileName::Hardened, 1);
    let mut bench = Bench::new(&scenario);
    let view = bench.world.rewriting().expect("a rewrite");
    let new = view.files.iter().find(|file| file.is_new).expect("the new log");
    let disk = &bench.world.machine().disk;
    let stored = disk.file(crate::sim::disk::Inode(new.inode)).expect("it is there");
    (bench.file, bench.origin) = (stored.cached().to_vec(), stored.origin());
    assert!(bench.origin.offset > 0);
    let whole = bench.read(&Edits::default(), true).ledger;
    assert_eq!((whole.kept.len(), whole.lost.len()), (108, 0));
    let dataset = bench.read(&cut(bench.origin.offset), true).ledger;
    assert_eq!((dataset.kept.len(), dataset.lost.len()), (104, 4));
    let part = bench.read(&cut(bench.origin.offset - 1), true).ledger;
    assert_eq!((part.kept.len(), part.lost.len()), (0, 108));
}

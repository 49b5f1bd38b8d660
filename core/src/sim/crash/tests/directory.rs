//! What may stand beside a name.

use std::collections::BTreeSet;

use super::*;
use crate::sim::crash::directory::{Directories, directories};

const NAMES: [&str; 3] = [NAME, "temp.aof", "backup.aof"];

/// Two durable files, and every list of so many renames, removals and new files.
fn disks() -> Vec<Disk> {
    let kinds = 11_u32;
    let make = |list: u32| {
        let mut disk = Disk::new(Parameters::default());
        disk.install(NAMES[0], b"log".to_vec());
        disk.install(NAMES[1], b"temp".to_vec());
        for place in 0..3 {
            let at = Micros(1);
            match (list / kinds.pow(place) % kinds) as usize {
                0 => {}
                kind @ 1..=6 => {
                    let from = (kind - 1) / 2;
                    let to = (from + 1 + (kind - 1) % 2) % 3;
                    // A name that is not there cannot be renamed.
                    let _ = disk.rename(NAMES[from], NAMES[to], at);
                }
                kind @ 7..=9 => {
                    let _ = disk.unlink(NAMES[kind - 7], at);
                }
                _ => {
                    disk.open(NAMES[2], at);
                }
            }
        }
        disk
    };
    (0..kinds.pow(3)).map(make).collect()
}

fn all(disk: &Disk, model: DiskModel) -> Directories {
    let found = directories(disk, model, 1000);
    assert!(!found.more_than && found.directories.len() as u64 <= found.counted);
    found
}

#[test]
fn a_name_alone_leads_to_the_same_files_in_any_order() {
    let mut unlike = 0;
    for disk in disks() {
        let ordered = all(&disk, DiskModel::AnyPrefix);
        let any = all(&disk, DiskModel::PosixMinimal);
        for name in NAMES {
            let files: BTreeSet<_> = disk.possible_inodes(name).into_iter().collect();
            for found in [&ordered, &any] {
                let leads = found.directories.iter().map(|directory| directory.get(name).copied());
                assert_eq!(leads.collect::<BTreeSet<_>>(), files, "{name} {disk:?}");
            }
        }
        let wider = ordered.directories.iter().all(|known| any.directories.contains(known));
        assert!(wider, "{disk:?}");
        unlike += u32::from(ordered.directories != any.directories);
    }
    assert!(unlike > 500, "{unlike}");
}

#[test]
fn a_rename_is_one_change_only_where_names_are_ordered() {
    let mut disk = Disk::new(Parameters::default());
    let old = disk.install(NAMES[0], b"old".to_vec());
    let new = disk.install(NAMES[1], b"new".to_vec());
    disk.rename(NAMES[1], NAMES[0], Micros(1)).expect("it is there");
    let ordered = all(&disk, DiskModel::Ext4Ordered);
    assert_eq!((ordered.counted, ordered.directories.len()), (2, 2));
    let any = all(&disk, DiskModel::PosixMinimal);
    assert_eq!((any.counted, any.directories.len()), (4, 4));
    let lead = |log, temp: Option<Inode>| {
        let temp = temp.map(|temp| (NAMES[1].to_owned(), temp));
        std::iter::once((NAMES[0].to_owned(), log)).chain(temp).collect()
    };
    assert!(any.directories.contains(&lead(new, Some(new))), "both names");
    assert!(any.directories.contains(&lead(old, None)), "the new file has no name any more");
    let few = directories(&disk, DiskModel::PosixMinimal, 2);
    assert!(few.more_than && few.counted == 4);
    assert_eq!(few.directories, ordered.directories, "the durable one and the cached one");
}

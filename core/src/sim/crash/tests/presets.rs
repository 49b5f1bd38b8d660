//! What is said of single models, on files of real sizes.

use super::*;
use crate::sim::disk::Disk;

const TEMP: &str = "temp-rewriteaof-7.aof";

fn posix(content: &[u8], disk: &Disk) -> bool {
    admits(disk, NAME, Failure::PowerCut, DiskModel::PosixMinimal, Some(content))
}

fn ext4(disk: &Disk, content: &[u8]) -> bool {
    admits(disk, NAME, Failure::PowerCut, DiskModel::Ext4Ordered, Some(content))
}

/// `real` bytes of a file, zeros up to `length`.
fn torn(whole: &[u8], real: usize, length: usize) -> Vec<u8> {
    let mut content = whole[..length].to_vec();
    content[real..].fill(0);
    content
}

/// Measured: 27 synced bytes, a tail, and a commit of the journal by another file.
#[test]
fn ext4_leaves_zeros_to_the_end_of_the_block_and_whole_blocks_behind() {
    for tail in [20, 5_000, 1_048_576] {
        let bytes: Vec<u8> = (b'a'..=b'w').cycle().take(tail).collect();
        let (disk, inode) = disk_with(&[b'S'; 27], &[&bytes]);
        let whole = disk.file(inode).expect("it is there").cached().to_vec();
        let block = whole.len().min(4096);
        for (real, length) in [(27, 27), (27, block), (block, block), (whole.len(), whole.len())] {
            assert!(ext4(&disk, &torn(&whole, real, length)), "{tail}: {real} of {length}");
        }
        assert!(!ext4(&disk, &whole[..26]), "what was synced is there");
        if tail > 4096 {
            let half = tail / 2 / 4096 * 4096;
            assert!(ext4(&disk, &whole[..half.max(4096)]), "{tail}: written back by halves");
            assert!(!ext4(&disk, &whole[..4097]), "{tail}: blocks are allocated whole");
        }
    }
}

#[test]
fn ext4_after_a_rename_over_a_name_has_the_length_and_perhaps_zeros() {
    let mut disk = Disk::new(Parameters::default());
    disk.install(NAME, b"old".to_vec());
    let new = disk.open(TEMP, Micros(0));
    disk.write(new, b"synced", Micros(1)).expect("room");
    let sync = disk.begin_sync(new);
    disk.finish_sync(sync).expect("no fault");
    disk.write(new, b" diff", Micros(2)).expect("room");
    disk.rename(TEMP, NAME, Micros(3)).expect("it is there");
    disk.write(new, b" more", Micros(4)).expect("room");
    // The name did not arrive; or it did, and with it the length that the file had then.
    for content in [&b"old"[..], b"synced\0\0\0\0\0", b"synced d\0\0\0", b"synced diff more"] {
        assert!(ext4(&disk, content), "{:?}", content.escape_ascii().to_string());
    }
    assert!(!ext4(&disk, b"synced"), "the length was in the journal before the name");
    assert!(!ext4(&disk, b"synced d"), "the length was in the journal before the name");
    let zero_tail =
        |content: &[u8]| admits(&disk, NAME, Failure::PowerCut, DiskModel::ZeroTail, Some(content));
    assert!(zero_tail(b"synced") && posix(b"synced d", &disk));
    let found = images(&disk, NAME, Failure::PowerCut, DiskModel::Ext4Ordered, Limits::default());
    let shortest = found
        .images
        .iter()
        .filter(|image| image.inode == Some(new))
        .min_by_key(|i| (i.length_bytes(), i.data_bytes));
    let shortest = shortest.expect("the name may have arrived");
    assert_eq!(shortest.content.as_deref(), Some(&b"synced\0\0\0\0\0"[..]));
    assert_eq!(shortest.data_bytes, 6);
}

#[test]
fn a_name_that_replaced_nothing_says_less() {
    let mut disk = Disk::new(Parameters::default());
    let new = disk.open(TEMP, Micros(0));
    disk.write(new, &[b'x'; 5_000], Micros(1)).expect("room");
    disk.rename(TEMP, NAME, Micros(3)).expect("it is there");
    // Nothing was allocated, and nothing forced it to be.
    assert!(ext4(&disk, b""));
    assert!(admits(&disk, NAME, Failure::PowerCut, DiskModel::Ext4Ordered, None));
}

/// Measured: the rename begins to write back and does not wait for it.
#[test]
fn a_name_that_replaced_a_file_has_its_whole_length() {
    let mut disk = Disk::new(Parameters::default());
    disk.install(NAME, b"old".to_vec());
    let new = disk.open(TEMP, Micros(0));
    disk.write(new, &[b'x'; 5_000], Micros(1)).expect("room");
    disk.rename(TEMP, NAME, Micros(3)).expect("it is there");
    assert!(ext4(&disk, &[b'x'; 5_000]) && ext4(&disk, &[0; 5_000]));
    assert!(ext4(&disk, &torn(&[b'x'; 5_000], 4_096, 5_000)));
    assert!(!ext4(&disk, b"") && !ext4(&disk, &[b'x'; 4_096]));
    disk.sync_directory().expect("no fault");
    assert!(!ext4(&disk, b"old") && ext4(&disk, &[0; 5_000]) && !ext4(&disk, b""));
}

/// Measured with `nodelalloc`: zeros to the end of the block, and real bytes behind them.
#[test]
fn a_subset_has_holes_and_garbage() {
    let bytes: Vec<u8> = (b'a'..=b'w').cycle().take(5_000).collect();
    let (disk, inode) = disk_with(&[b'S'; 27], &[&bytes]);
    let whole = disk.file(inode).expect("it is there").cached().to_vec();
    let mut hole = whole.clone();
    hole[27..4096].fill(0);
    let subset = |content: &[u8]| {
        admits(&disk, NAME, Failure::PowerCut, DiskModel::AnySubset, Some(content))
    };
    assert!(subset(&hole) && posix(&hole, &disk) && !ext4(&disk, &hole));
    let mut command = whole.clone();
    Missing::Command.fill(&mut command[27..512], 27, 27);
    assert!(command[27..].starts_with(b"*1\r\n$8\r\nFLUSHALL\r\n*1\r\n"));
    assert!(subset(&command) && posix(&command, &disk));
    let mut marker = whole.clone();
    Missing::Marker.fill(&mut marker[512..1536], 512, 512);
    assert!(marker[512..].starts_with(b"\xffGARBAGE00000001\xffGARBAGE00000001"));
    assert!(marker[1024..].starts_with(b"\xffGARBAGE00000002"));
    assert!(subset(&marker) && posix(&marker, &disk));
    marker[26] = b'G';
    assert!(!subset(&marker), "synced bytes of the same block stay");
    marker[26] = b'S';
    marker[600] = b'G';
    assert!(!subset(&marker), "a block is there or not");
}

/// Seen with `nodelalloc` under a server: each block as it was when the journal had its allocation.
#[test]
fn a_block_may_hold_what_it_held_after_an_earlier_write() {
    let writes: Vec<Vec<u8>> = (b'a'..=b'z').map(|letter| vec![letter; 400]).collect();
    let writes: Vec<&[u8]> = writes.iter().map(|write| &write[..]).collect();
    let (disk, inode) = disk_with(&[b'S'; 27], &writes);
    let whole = disk.file(inode).expect("it is there").cached().to_vec();
    // The first block after the first write, the second one after the eleventh.
    let old = |first: usize, second: usize| {
        let mut content = whole.clone();
        content[first..4096].fill(0);
        content[second..8192].fill(0);
        content
    };
    for model in [DiskModel::AnySubset, DiskModel::PosixMinimal] {
        let known = |content: &[u8]| admits(&disk, NAME, Failure::PowerCut, model, Some(content));
        assert!(known(&old(427, 27 + 11 * 400)) && known(&old(27, 8192)), "{model:?}");
        assert!(!known(&old(428, 8192)), "{model:?}: nothing ended there");
        let mut garbage = old(427, 8192);
        Missing::Marker.fill(&mut garbage[4096..8192], 4096, 4096);
        assert!(!known(&garbage), "{model:?}: zeros in one block and a marker in another");
    }
    assert!(!ext4(&disk, &old(427, 8192)), "a file system that allocates late has no such hole");
}

#[test]
fn what_cannot_be_listed_is_counted_and_its_extremes_are_listed() {
    let (disk, inode) = disk_with(b"ab", &[&vec![b'x'; 100_000]]);
    let whole = disk.file(inode).expect("it is there").cached().to_vec();
    for model in [DiskModel::AnySubset, DiskModel::PosixMinimal] {
        let limits = Limits { images: 10, total_bytes: 10_000_000 };
        let cut = possibilities(&disk, NAME, Failure::PowerCut, model, limits);
        let [possibility] = &cut[..] else { panic!("{cut:?}") };
        assert!(possibility.more_than && possibility.counted == u64::MAX, "{model:?}");
        let contents: Vec<_> = possibility.images().filter_map(|image| image.content).collect();
        assert_eq!(contents.first().map(Vec::len), Some(2), "{model:?}");
        assert!(contents.contains(&whole), "{model:?}");
        assert!(contents.contains(&torn(&whole, 2, whole.len())), "{model:?}");
    }
    // A payload of zeros is torn in millions of ways that look the same.
    let (zeros, _) = disk_with(b"ab", &[&vec![0; 3_000]]);
    let limits = Limits { images: 5_000, total_bytes: 10_000_000 };
    let cut = possibilities(&zeros, NAME, Failure::PowerCut, DiskModel::ZeroTail, limits);
    assert_eq!(cut[0].counted, 3_001 * 3_002 / 2);
    assert!(cut[0].tails.len() <= 3_001);
}

#[test]
fn names_of_models_are_read_back() {
    for model in DiskModel::ALL {
        assert_eq!(DiskModel::parse(model.as_str()), Some(model));
        assert_eq!(DiskModel::IN_ORDER.contains(&model), !model.leaves_garbage());
    }
    assert_eq!(DiskModel::parse("ext4"), None);
}

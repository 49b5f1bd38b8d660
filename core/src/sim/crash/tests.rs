use std::sync::Arc;

use super::*;
use crate::sim::disk::Parameters;
use crate::units::{Errno, Micros};

mod brute;
mod directory;
mod presets;

const NAME: &str = "appendonly.aof";

fn disk_with(durable: &[u8], appended: &[&[u8]]) -> (Disk, Inode) {
    let mut disk = Disk::new(Parameters::default());
    let inode = disk.install(NAME, durable.to_vec());
    for bytes in appended {
        disk.write(inode, bytes, Micros(1)).expect("room");
    }
    (disk, inode)
}

fn after_cut(disk: &Disk, model: DiskModel) -> Vec<Option<Vec<u8>>> {
    let found = images(disk, NAME, Failure::PowerCut, model, Limits::default());
    assert!(!found.more_than);
    found.images.into_iter().map(|image| image.content).collect()
}

fn texts(contents: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    contents.iter().map(|content| Some(content.to_vec())).collect()
}

#[test]
fn a_killed_process_leaves_what_the_kernel_has() {
    let (disk, _) = disk_with(b"ab", &[b"cd"]);
    for model in DiskModel::ALL {
        let found = images(&disk, NAME, Failure::Killed, model, Limits::default());
        let [image] = &found.images[..] else { panic!("{:?}", found.images) };
        assert_eq!((image.content.as_deref(), image.data_bytes), (Some(&b"abcd"[..]), 4));
    }
}

#[test]
fn exact_leaves_what_was_synced() {
    let (disk, _) = disk_with(b"ab", &[b"cd"]);
    assert_eq!(after_cut(&disk, DiskModel::Exact), texts(&[b"ab"]));
}

#[test]
fn any_prefix_cuts_at_every_byte() {
    let (disk, _) = disk_with(b"ab", &[b"c", b"de"]);
    let expected = texts(&[b"ab", b"abc", b"abcd", b"abcde"]);
    assert_eq!(after_cut(&disk, DiskModel::AnyPrefix), expected);
}

#[test]
fn fifty_four_pending_bytes_make_fifty_five_images() {
    let (disk, _) = disk_with(&[b'x'; 50], &[&[b'y'; 27], &[b'z'; 27]]);
    assert_eq!(after_cut(&disk, DiskModel::AnyPrefix).len(), 55);
    // Every length from 0 to 54, and for each every number of real bytes up to it.
    assert_eq!(after_cut(&disk, DiskModel::ZeroTail).len(), 55 * 56 / 2);
}

#[test]
fn zero_tail_fills_what_did_not_arrive() {
    let (disk, _) = disk_with(b"ab", &[b"cd"]);
    let expected = texts(&[b"ab", b"ab\0", b"abc", b"ab\0\0", b"abc\0", b"abcd"]);
    assert_eq!(after_cut(&disk, DiskModel::ZeroTail), expected);
}

#[test]
fn a_short_write_that_was_taken_back_is_part_of_the_order() {
    let (mut disk, inode) = disk_with(b"ab", &[b"c"]);
    disk.truncate(inode, 2, Micros(2)).expect("shorter");
    disk.write(inode, b"de", Micros(3)).expect("room");
    let expected = texts(&[b"ab", b"abc", b"abd", b"abde"]);
    assert_eq!(after_cut(&disk, DiskModel::AnyPrefix), expected);
}

#[test]
fn a_truncation_of_durable_bytes_may_not_have_arrived() {
    let (mut disk, inode) = disk_with(b"abc", &[]);
    disk.truncate(inode, 1, Micros(2)).expect("shorter");
    assert_eq!(after_cut(&disk, DiskModel::Exact), texts(&[b"abc"]));
    assert_eq!(after_cut(&disk, DiskModel::AnyPrefix), texts(&[b"a", b"abc"]));
}

#[test]
fn dropped_pages_never_arrive() {
    let (mut disk, inode) = disk_with(b"ab", &[b"cd"]);
    disk.faults.fail_next_sync = Some(Errno::EIO);
    let sync = disk.begin_sync(inode);
    disk.finish_sync(sync).expect_err("armed");
    disk.write(inode, b"e", Micros(2)).expect("room");
    let expected = texts(&[b"ab", b"ab\0", b"ab\0\0", b"ab\0\0e"]);
    assert_eq!(after_cut(&disk, DiskModel::AnyPrefix), expected);
}

#[test]
fn a_name_that_was_never_synced_may_be_gone() {
    let mut disk = Disk::new(Parameters::default());
    let inode = disk.open(NAME, Micros(0));
    disk.write(inode, b"ab", Micros(1)).expect("room");
    let expected: Vec<Option<Vec<u8>>> =
        [None, Some(&b""[..]), Some(b"a"), Some(b"ab")].map(|c| c.map(<[u8]>::to_vec)).to_vec();
    assert_eq!(after_cut(&disk, DiskModel::AnyPrefix), expected);
    let found = images(&disk, NAME, Failure::Killed, DiskModel::Exact, Limits::default());
    assert_eq!(found.images.len(), 1);
    assert_eq!(found.images[0].content.as_deref(), Some(&b"ab"[..]));
}

#[test]
fn the_limit_is_told_and_the_extremes_are_there() {
    let (disk, _) = disk_with(b"ab", &[&[b'x'; 100]]);
    for limits in [
        Limits { images: 10, total_bytes: u64::MAX },
        Limits { images: usize::MAX, total_bytes: 300 },
    ] {
        let found = images(&disk, NAME, Failure::PowerCut, DiskModel::ZeroTail, limits);
        assert!(found.more_than);
        assert!((2..=limits.images).contains(&found.images.len()), "{}", found.images.len());
        let bytes: u64 = found.images.iter().map(Image::length_bytes).sum();
        assert!(bytes <= limits.total_bytes);
        assert_eq!(found.images.first().map(Image::length_bytes), Some(2));
        assert_eq!(found.images.last().map(Image::length_bytes), Some(102));
    }
}

#[test]
fn an_image_of_a_length_is_one_of_those_that_are_enumerated() {
    let (mut disk, inode) = disk_with(b"ab", &[b"cde"]);
    disk.truncate(inode, 3, Micros(2)).expect("shorter");
    disk.write(inode, b"xyz", Micros(3)).expect("room");
    for model in DiskModel::ALL {
        for failure in [Failure::Killed, Failure::PowerCut] {
            let all = images(&disk, NAME, failure, model, Limits::default()).images;
            for length in 0..10 {
                let found = image_of_length(&disk, NAME, failure, model, length);
                let exists = all.iter().any(|image| image.length_bytes() == length);
                assert_eq!(found.is_some(), exists, "{failure:?} {model:?} {length}");
                if let Some(image) = found {
                    assert!(all.contains(&image), "{failure:?} {model:?} {length}: {image:?}");
                }
            }
        }
    }
}

#[test]
fn the_nearest_length_is_one_that_is_enumerated() {
    let (mut cut, inode) = disk_with(b"ab", &[b"cde"]);
    cut.truncate(inode, 3, Micros(2)).expect("shorter");
    cut.write(inode, b"xyz", Micros(3)).expect("room");
    // Beyond the allocated block only whole blocks, and the ends of appends.
    let (wide, _) = disk_with(&[b'x'; 4000], &[&[b'y'; 5000], &[b'z'; 4500]]);
    for (disk, step, most) in [(cut, 1, 12), (wide, 97, 14_000)] {
        for model in [DiskModel::Exact, DiskModel::AnyPrefix, DiskModel::Ext4Ordered] {
            for failure in [Failure::Killed, Failure::PowerCut] {
                let possible =
                    |length: u64| image_of_length(&disk, NAME, failure, model, length).is_some();
                let lengths: Vec<u64> = (0..most).filter(|length| possible(*length)).collect();
                for wanted in (0..most).step_by(step) {
                    let near = length_near(&disk, NAME, failure, model, wanted).expect("a file");
                    let best = lengths.iter().min_by_key(|length| length.abs_diff(wanted));
                    assert_eq!(Some(&near), best, "{failure:?} {model:?} {wanted}");
                }
            }
        }
    }
}

#[test]
fn possibilities_share_what_is_the_same_in_every_image() {
    let (mut disk, inode) = disk_with(b"abcd", &[b"ef"]);
    for model in DiskModel::ALL {
        let cut = possibilities(&disk, NAME, Failure::PowerCut, model, Limits::default());
        let [possibility] = &cut[..] else { panic!("{cut:?}") };
        assert_eq!((possibility.inode, &possibility.front[..]), (Some(inode), &b"abcd"[..]));
        assert!(Arc::ptr_eq(
            &possibility.front,
            &disk.file(inode).expect("it is there").shared_durable()
        ));
        let killed = possibilities(&disk, NAME, Failure::Killed, model, Limits::default());
        assert_eq!((&killed[0].front[..], killed[0].counted), (&b"abcdef"[..], 1));
        assert_eq!(killed[0].tails, [Tail { bytes: Vec::new(), data_bytes: 6 }]);
    }
    disk.truncate(inode, 2, Micros(2)).expect("shorter");
    let cut =
        possibilities(&disk, NAME, Failure::PowerCut, DiskModel::AnyPrefix, Limits::default());
    assert_eq!(&cut[0].front[..], b"ab", "a pending truncation cuts what is shared");
}

#[test]
fn images_are_counted_whatever_is_listed() {
    let (disk, _) = disk_with(b"ab", &[&[b'x'; 60], &[b'y'; 40]]);
    let zero_tails = 101 * 102 / 2;
    for (model, expected) in [
        (DiskModel::Exact, 1),
        (DiskModel::AnyPrefix, 101),
        (DiskModel::Ext4Ordered, zero_tails),
        (DiskModel::ZeroTail, zero_tails),
    ] {
        for images in [3, 100_000] {
            let limits = Limits { images, total_bytes: u64::MAX };
            let cut = possibilities(&disk, NAME, Failure::PowerCut, model, limits);
            assert_eq!(cut[0].counted, expected, "{model:?}");
            assert_eq!(cut[0].more_than, expected > images as u64, "{model:?}");
            assert_eq!(cut[0].tails.len() as u64, expected.min(images as u64), "{model:?}");
        }
    }
}

#[test]
fn under_a_limit_the_states_between_changes_come_first() {
    let (disk, _) = disk_with(b"", &[&[b'x'; 60], &[b'y'; 40]]);
    let limits = Limits { images: 4, total_bytes: u64::MAX };
    let cut = possibilities(&disk, NAME, Failure::PowerCut, DiskModel::ZeroTail, limits);
    let lengths: Vec<usize> = cut[0].tails.iter().map(|tail| tail.bytes.len()).collect();
    assert_eq!(lengths, [0, 60, 100, 100]);
}

#[test]
fn whatever_the_limit_one_image_has_the_length_without_the_data() {
    let (disk, _) = disk_with(b"ab", &[&[b'x'; 60], &[b'y'; 40]]);
    let limits = Limits { images: 1, total_bytes: 1 };
    for model in [DiskModel::ZeroTail, DiskModel::Ext4Ordered] {
        let cut = possibilities(&disk, NAME, Failure::PowerCut, model, limits);
        let tails: Vec<&[u8]> = cut[0].tails.iter().map(|tail| &tail.bytes[..]).collect();
        let whole = [&[b'x'; 60][..], &[b'y'; 40]].concat();
        assert_eq!(tails, [&[][..], &[0; 100], &whole], "{model:?}");
        assert!(cut[0].more_than, "{model:?}");
    }
}

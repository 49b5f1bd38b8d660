//! Lists, counts and membership against an enumeration that knows no segments and no arithmetic.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::sim::crash::admit::admits_under;
use crate::sim::disk::{Change, Stored};

/// Contents, each with the number of ways to it.
type Ways = BTreeMap<Vec<u8>, u64>;

const EVERYTHING: &[Missing] = &[Missing::Earlier, Missing::Marker, Missing::Command];

const LARGE_BLOCKS: Data = Data::Blocks { block_bytes: 4, missing: EVERYTHING };

/// The assumptions of a preset, for files of some bytes: blocks of four bytes, and sectors of two.
fn small(model: DiskModel) -> Assumptions {
    let assumed = model.assumptions();
    let data = match assumed.data {
        Data::ZeroTailByBlocks { .. } => Data::ZeroTailByBlocks { block_bytes: 4 },
        Data::Blocks { missing, .. } => Data::Blocks { block_bytes: 2, missing },
        Data::Anything { missing, .. } => Data::Anything { block_bytes: 2, missing },
        other => other,
    };
    Assumptions { data, ..assumed }
}

/// Every way, by going through the list byte by byte.
fn brute(stored: &Stored, data: Data) -> Ways {
    let mut ways = Ways::new();
    let mut content = stored.durable().to_vec();
    let mut settled = content.len();
    let mut ends = BTreeSet::from([content.len()]);
    state(&content, settled, &ends, data, &mut ways);
    if data == Data::Nothing {
        return ways;
    }
    for pending in stored.pending() {
        match &pending.change {
            Change::Append(bytes) => {
                // Its end is one of them from its first byte on; no state is longer than it is.
                ends.insert(content.len() + bytes.len());
                for byte in bytes.iter() {
                    content.push(if pending.dropped { 0 } else { *byte });
                    state(&content, settled, &ends, data, &mut ways);
                }
            }
            Change::Truncate(to) => {
                let to = usize::try_from(*to).expect("small");
                content.truncate(to);
                settled = settled.min(to);
                ends.retain(|end| *end < to);
                ends.insert(to);
                state(&content, settled, &ends, data, &mut ways);
            }
        }
    }
    ways
}

/// Every way of one state.
fn state(content: &[u8], settled: usize, ends: &BTreeSet<usize>, data: Data, ways: &mut Ways) {
    let mut way = |bytes: Vec<u8>| *ways.entry(bytes).or_default() += 1;
    let is_step = |length: usize| match data {
        Data::ZeroTailByBlocks { block_bytes } => {
            let allocated = settled.div_ceil(block_bytes) * block_bytes;
            length <= allocated || length.is_multiple_of(block_bytes) || ends.contains(&length)
        }
        _ => true,
    };
    if !is_step(content.len()) {
        return;
    }
    way(content.to_vec());
    if !matches!(data, Data::Nothing | Data::Prefix | Data::Blocks { .. }) {
        for real in settled..content.len() {
            if is_step(real) {
                let mut torn = content.to_vec();
                torn[real..].fill(0);
                way(torn);
            }
        }
    }
    let (Data::Blocks { block_bytes, missing } | Data::Anything { block_bytes, missing }) = data
    else {
        return;
    };
    let unsynced = settled..content.len();
    let blocks: BTreeSet<usize> = unsynced.clone().map(|at| at / block_bytes).collect();
    let blocks: Vec<usize> = blocks.into_iter().collect();
    for subset in 1_u32..1 << blocks.len() {
        let is_missing = |at: usize| {
            let place = blocks.iter().position(|block| *block == at / block_bytes);
            unsynced.contains(&at) && place.is_some_and(|place| subset >> place & 1 == 1)
        };
        for hold in missing {
            if *hold == Missing::Earlier {
                let missing: Vec<usize> = unsynced.clone().filter(|at| is_missing(*at)).collect();
                earlier(content.to_vec(), &missing, block_bytes, ends, &mut way);
                continue;
            }
            let mut bytes = content.to_vec();
            let mut row = 0;
            for at in unsynced.clone() {
                if at == settled || !is_missing(at - 1) {
                    row = at;
                }
                if is_missing(at) {
                    bytes[at] = hold.byte(at, row);
                }
            }
            way(bytes);
        }
    }
}

/// Every way in which the blocks of these bytes hold what they held after some write, each block
/// after another one. A write that ended before the block left nothing in it.
fn earlier(
    bytes: Vec<u8>,
    missing: &[usize],
    block_bytes: usize,
    ends: &BTreeSet<usize>,
    way: &mut dyn FnMut(Vec<u8>),
) {
    let Some(&first) = missing.first() else { return way(bytes) };
    let (block, others): (Vec<usize>, Vec<usize>) =
        missing.iter().partition(|at| *at / block_bytes == first / block_bytes);
    let held: BTreeSet<usize> = ends
        .iter()
        .map(|end| block.iter().filter(|at| *at < end).count())
        .chain([0])
        .filter(|count| *count < block.len())
        .collect();
    for count in held {
        let mut bytes = bytes.clone();
        for at in &block[count..] {
            bytes[*at] = 0;
        }
        earlier(bytes, &others, block_bytes, ends, way);
    }
}

/// Every disk with so many synced bytes and up to three changes, and some whose first sync failed.
fn disks() -> Vec<(String, Disk, Inode)> {
    let mut disks = Vec::new();
    for durable in [0, 3, 4] {
        let kinds = 7_u32;
        for list in 0..kinds.pow(3) {
            for fails in [false, true] {
                let (mut disk, inode) = disk_with(&b"ABCDE"[..durable], &[]);
                let mut letters = (b'a'..=b'z').cycle();
                for place in 0..3 {
                    let length = disk.file(inode).expect("it is there").cached().len() as u64;
                    let mut take = |count: usize| letters.by_ref().take(count).collect::<Vec<u8>>();
                    let _ = match list / kinds.pow(place) % kinds {
                        0 => Ok(0),
                        1 => disk.write(inode, &take(1), Micros(1)),
                        2 => disk.write(inode, &take(3), Micros(1)),
                        // It looks like what a block that did not arrive may hold.
                        3 => disk.write(inode, b"x\0*1", Micros(1)),
                        4 => disk.truncate(inode, length.saturating_sub(1), Micros(1)).map(|()| 0),
                        5 => disk.truncate(inode, length / 2, Micros(1)).map(|()| 0),
                        _ => disk.truncate(inode, 0, Micros(1)).map(|()| 0),
                    };
                    if fails && place == 0 {
                        disk.faults.fail_next_sync = Some(Errno::EIO);
                        let sync = disk.begin_sync(inode);
                        disk.finish_sync(sync).expect_err("armed");
                    }
                }
                disks.push((format!("durable {durable} list {list} fails {fails}"), disk, inode));
            }
        }
    }
    disks
}

fn listed(disk: &Disk, assumed: Assumptions) -> Possibility {
    let limits = Limits { images: usize::MAX, total_bytes: u64::MAX };
    let found = Lister::new(limits, false).list(disk, NAME, Failure::PowerCut, assumed);
    let [possibility] = <[Possibility; 1]>::try_from(found).expect("the name is durable");
    possibility
}

#[test]
fn every_list_and_count_equals_brute_force() {
    let mut images = 0;
    for (context, disk, inode) in disks() {
        let mut every = BTreeSet::new();
        let mut by_model = Vec::new();
        // Several writes may end in a block of four bytes.
        let large = Assumptions { data: LARGE_BLOCKS, ..small(DiskModel::AnySubset) };
        for assumed in DiskModel::ALL.into_iter().map(small).chain([large]) {
            let ways = brute(disk.file(inode).expect("it is there"), assumed.data);
            let possibility = listed(&disk, assumed);
            let context = format!("{context} {assumed:?}");
            assert_eq!(possibility.counted, ways.values().sum::<u64>(), "{context}");
            assert!(!possibility.more_than, "{context}");
            let found: Vec<Vec<u8>> =
                possibility.images().filter_map(|image| image.content).collect();
            assert_eq!(found.len(), ways.len(), "{context}: each once");
            assert!(found.iter().all(|content| ways.contains_key(content)), "{context}");
            for tail in &possibility.tails {
                let data = usize::try_from(tail.data_bytes).expect("small");
                assert!(data <= possibility.front.len() + tail.bytes.len(), "{context}");
            }
            images += found.len();
            every.extend(found);
            by_model.push((assumed, ways));
        }
        // What one model lists, and what none does.
        let strange = every.iter().filter(|content| !content.is_empty()).map(|content| {
            let mut content = content.clone();
            let last = content.len() - 1;
            content[last] ^= 0x80;
            content
        });
        for content in every.iter().cloned().chain(strange) {
            for (assumed, ways) in &by_model {
                let content = Some(&content[..]);
                let admitted = admits_under(&disk, NAME, Failure::PowerCut, *assumed, content);
                let exists = content.is_some_and(|content| ways.contains_key(content));
                assert_eq!(admitted, exists, "{context} {assumed:?} {content:?}");
            }
        }
    }
    assert!(images > 100_000, "{images}");
}

#[test]
fn a_wider_model_allows_what_a_narrower_one_does() {
    use DiskModel::{AnyPrefix, AnySubset, Exact, Ext4Ordered, PosixMinimal, ZeroTail};
    let chain = [
        (Exact, AnyPrefix),
        (Exact, Ext4Ordered),
        (AnyPrefix, ZeroTail),
        (Ext4Ordered, ZeroTail),
        (AnyPrefix, AnySubset),
        (ZeroTail, PosixMinimal),
        (AnySubset, PosixMinimal),
    ];
    for (context, disk, _) in disks() {
        let contents = |assumed: Assumptions| -> BTreeSet<Vec<u8>> {
            listed(&disk, assumed).images().filter_map(|image| image.content).collect()
        };
        for (narrow, wide) in chain {
            let (narrow, wide) = (contents(small(narrow)), contents(small(wide)));
            assert!(narrow.is_subset(&wide), "{context} {:?}", narrow.difference(&wide).next());
        }
        let blocks = |block_bytes| Assumptions {
            data: Data::Blocks { block_bytes, missing: EVERYTHING },
            ..small(AnySubset)
        };
        let (large, sectors) = (contents(blocks(4)), contents(blocks(2)));
        assert!(large.is_subset(&sectors), "{context}: a large block is a row of small ones");
    }
}

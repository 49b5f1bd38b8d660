use super::*;
use crate::random::Random;

/// The same queue without blocks.
#[derive(Default)]
struct Model {
    appended: Vec<u8>,
    gone: usize,
    sent: u64,
    taken: u64,
}

impl Model {
    fn check(&self, diff: &Diff) {
        let waiting = &self.appended[self.gone..];
        assert_eq!(diff.waiting_bytes(), waiting.len() as u64);
        assert!(waiting.starts_with(diff.unsent()));
        assert_eq!(diff.unsent().is_empty(), waiting.is_empty());
        assert_eq!((diff.sent_bytes(), diff.taken_bytes()), (self.sent, self.taken));
        assert_eq!(diff.appended_bytes(), self.appended.len() as u64);
        let mut unsent = Vec::new();
        for (index, block) in diff.blocks().enumerate() {
            assert_eq!(block.number, diff.freed_blocks() + index as u64);
            assert!(block.bytes.len() as u64 <= block.capacity_bytes);
            assert!(block.sent_bytes < block.bytes.len() as u64, "a sent block is freed");
            assert!(index == 0 || block.sent_bytes == 0);
            let is_last = index as u64 + 1 == diff.blocks_len();
            assert!(is_last || block.bytes.len() as u64 == block.capacity_bytes);
            unsent.extend_from_slice(&block.bytes[usize::try_from(block.sent_bytes).unwrap()..]);
        }
        assert_eq!(unsent, waiting);
    }
}

fn digest(diff: &Diff) -> u128 {
    let mut digest = Digest::new();
    diff.digest_into(&mut digest);
    digest.finish()
}

/// Steps of a short run; fewer for Miri, which is some hundred times slower.
const SHORT_RUN_STEPS: u32 = if cfg!(miri) { 2 } else { 4 };

/// Every sequence of that many steps with every size that can matter, for blocks of one to three
/// bytes.
#[test]
fn every_short_run_agrees_with_a_byte_string() {
    let mut runs = 0;
    for block_bytes in 1..=3 {
        // A step: which of the three operations, and with how many bytes (0 to 4).
        for choices in 0..(15_u32.pow(SHORT_RUN_STEPS)) {
            let (mut diff, mut model) = (Diff::new(block_bytes), Model::default());
            let mut next = 0_u8;
            diff.append(b"ab");
            model.appended.extend(b"ab");
            let mut left = choices;
            for _ in 0..SHORT_RUN_STEPS {
                let (kind, bytes) = (left % 3, usize::try_from(left / 3 % 5).unwrap());
                left /= 15;
                step(&mut diff, &mut model, kind, bytes, &mut next);
                model.check(&diff);
            }
            runs += 1;
        }
    }
    assert_eq!(runs, 3 * if cfg!(miri) { 225 } else { 50_625 });
}

/// Steps of a long run; fewer for Miri.
const LONG_RUN_STEPS: u32 = if cfg!(miri) { 15 } else { 2000 };

#[test]
fn long_runs_agree_with_a_byte_string() {
    let mut random = Random::new(20_261_121);
    for block_bytes in [1, 7, 64, 1000] {
        let (mut diff, mut model, mut next) = (Diff::new(block_bytes), Model::default(), 0);
        for _ in 0..LONG_RUN_STEPS {
            let bytes = usize::try_from(random.below(300)).unwrap();
            step(&mut diff, &mut model, u32::try_from(random.below(3)).unwrap(), bytes, &mut next);
        }
        model.check(&diff);
    }
}

fn step(diff: &mut Diff, model: &mut Model, kind: u32, bytes: usize, next: &mut u8) {
    match kind {
        0 => {
            let record: Vec<u8> = (0..bytes)
                .map(|_| {
                    *next = next.wrapping_add(1);
                    *next
                })
                .collect();
            diff.append(&record);
            model.appended.extend(record);
        }
        1 => {
            let expected = bytes.min(diff.unsent().len());
            diff.sent(bytes);
            model.gone += expected;
            model.sent += expected as u64;
        }
        _ => {
            let most = bytes.min(diff.unsent().len());
            let expected = (most > 0).then(|| model.appended[model.gone..][..most].to_vec());
            let taken = diff.take(bytes as u64);
            assert_eq!(taken.as_deref(), expected.as_ref());
            model.gone += most;
            model.taken += most as u64;
        }
    }
}

#[test]
fn a_block_that_left_is_used_again() {
    let mut diff = Diff::new(4);
    assert_eq!(diff.memory_bytes(), 0);
    diff.append(b"abcdef");
    assert_eq!((diff.blocks_len(), diff.memory_bytes()), (2, 8));
    diff.sent(4);
    assert_eq!((diff.freed_blocks(), diff.memory_bytes()), (1, 8), "one is kept");
    diff.sent(2);
    diff.append(b"g");
    assert_eq!((diff.freed_blocks(), diff.blocks_len(), diff.memory_bytes()), (2, 1, 4));
    diff.sent(1);
    diff.append(b"hijklmno");
    assert_eq!(diff.blocks().map(|block| block.number).collect::<Vec<_>>(), [3, 4]);
    diff.reset(5);
    assert_eq!((diff.freed_blocks(), diff.memory_bytes(), diff.appended_bytes()), (0, 0, 0));
    diff.append(b"12345");
    assert_eq!(diff.blocks().next().map(|block| block.capacity_bytes), Some(5));
}

/// What was propagated must not be copied again to be written: blocks are hundreds of megabytes.
#[test]
fn a_whole_block_is_handed_over_without_a_copy() {
    let mut diff = Diff::new(1000);
    diff.append(&[1; 1500]);
    let memory = diff.unsent().as_ptr();
    let block = diff.take(4000).expect("a block");
    assert_eq!((block.len(), block.as_ptr()), (1000, memory));
    diff.sent(100);
    assert_eq!(diff.take(4000).expect("the rest").len(), 400);
    assert!(diff.take(4000).is_none());
}

/// Bytes of the block that is filled one by one; fewer for Miri.
const FILLED_BYTES: u64 = if cfg!(miri) { 200 } else { 100_000 };

/// A block that grew would be copied on the event loop.
#[test]
fn a_block_never_moves() {
    for mut diff in [Diff::new(FILLED_BYTES), Diff::new(FILLED_BYTES).clone()] {
        diff.append(b"a");
        let memory = diff.unsent().as_ptr();
        for _ in 1..FILLED_BYTES {
            diff.append(b"b");
        }
        assert_eq!((diff.unsent().len() as u64, diff.unsent().as_ptr()), (FILLED_BYTES, memory));
    }
}

#[test]
fn the_digest_sees_what_comes_next_and_not_the_memory() {
    let mut diff = Diff::new(4);
    let mut seen = vec![digest(&diff)];
    for change in [
        |diff: &mut Diff| diff.append(b"abcdef"),
        |diff: &mut Diff| diff.sent(1),
        |diff: &mut Diff| drop(diff.take(1)),
        |diff: &mut Diff| diff.sent(2),
        |diff: &mut Diff| diff.reset(5),
    ] {
        change(&mut diff);
        assert!(!seen.contains(&digest(&diff)));
        assert_eq!(digest(&diff), digest(&diff.clone()));
        seen.push(digest(&diff));
    }
}

#[test]
fn a_block_has_a_size_that_can_be_had() {
    assert_eq!(Diff::new(0).block_bytes, 1);
    assert_eq!(Diff::new(u64::MAX).block_bytes, 1 << 30);
}

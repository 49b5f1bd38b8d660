//! The rewrite buffer: what was propagated since the fork and is not in the new file yet.
//!
//! # The problem
//! While a child writes the dataset as it was at the fork, clients go on writing. Each record goes
//! to the old log and once more in here. From here it leaves at the front, a pipe's worth at a
//! time to the child, or in blocks that the parent appends itself; at the back it grows by one
//! record at a time, without pause and perhaps to hundreds of megabytes.
//!
//! # The structure
//! A queue of blocks of one size. A record fills the last block and goes on in the next. Of the
//! first block some bytes may have been sent; a block that was sent whole is freed. The last
//! block that was freed is kept for the next one that is needed: mostly everything is sent at
//! once, and then no record asks for memory.
//!
//! # Rejected
//! One growing byte string: to grow by doubling copies everything on the event loop, and what was
//! sent could only be given back by moving the rest. Redis moves the rest of the first block to its
//! front after each send, up to 10 MB for a pipe's worth of 64 KB; here the block remembers how
//! much of it was sent. So the room before that is not used again until the block is freed.
//!
//! # Not promised
//! A bound: the queue takes what it is given. Who feeds it looks at [`Diff::appended_bytes`], the
//! sum of what waits here and what the child already holds in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::digest::Digest;

/// The largest block, in bytes; what is configured beyond it is cut.
const MOST_BLOCK_BYTES: u64 = 1 << 30;

/// The queue of blocks.
#[doc(alias = "aof_rewrite_buf_blocks")]
#[derive(Clone, Debug)]
pub struct Diff {
    block_bytes: usize,
    /// None is empty, none is sent whole, and all but the last are full.
    blocks: VecDeque<Vec<u8>>,
    /// Of the first block; less than it holds, 0 when there is none.
    sent_of_first: usize,
    waiting_bytes: u64,
    sent_bytes: u64,
    taken_bytes: u64,
    freed_blocks: u64,
    /// The memory of the last block that was freed, empty.
    spare: Option<Vec<u8>>,
}

/// One block, for who shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "aofrwblock")]
pub struct Block<'a> {
    /// 0 for the first since the last reset, then one more for each.
    pub number: u64,
    /// What it has room for, in bytes.
    pub capacity_bytes: u64,
    /// How many of `bytes` have left.
    pub sent_bytes: u64,
    /// All that was put into it, what has left included.
    pub bytes: &'a [u8],
}

impl Diff {
    /// An empty queue of blocks of `block_bytes`, at least one byte and at most 1 GiB.
    #[must_use]
    pub fn new(block_bytes: u64) -> Self {
        let block_bytes = block_bytes.clamp(1, MOST_BLOCK_BYTES);
        Self {
            block_bytes: usize::try_from(block_bytes).expect("at most 2^30"),
            blocks: VecDeque::new(),
            sent_of_first: 0,
            waiting_bytes: 0,
            sent_bytes: 0,
            taken_bytes: 0,
            freed_blocks: 0,
            spare: None,
        }
    }

    /// Adds `bytes` at the end.
    #[doc(alias = "aofRewriteBufferAppend")]
    pub fn append(&mut self, mut bytes: &[u8]) {
        self.waiting_bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.blocks.back().is_none_or(|block| block.len() == self.block_bytes) {
                self.blocks.push_back(self.spare.take().unwrap_or_default());
            }
            let Some(block) = self.blocks.back_mut() else { return };
            let room = self.block_bytes - block.len();
            // Once for each block: it never moves, and memory that is not written costs nothing.
            block.reserve_exact(room);
            let (fits, rest) = bytes.split_at(room.min(bytes.len()));
            block.extend_from_slice(fits);
            bytes = rest;
        }
    }

    /// What is sent next: the rest of the first block, empty when nothing waits.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        self.blocks.front().map_or(&[], |block| &block[self.sent_of_first..])
    }

    /// So many bytes of [`Self::unsent`] went to the child.
    #[doc(alias = "aofChildWriteDiffData")]
    pub fn sent(&mut self, bytes: usize) {
        let bytes = bytes.min(self.unsent().len());
        self.sent_bytes += bytes as u64;
        self.leave(bytes);
    }

    /// Takes the oldest bytes, at most `most_bytes`, to append them to the new file. `None` when
    /// nothing waits.
    ///
    /// A whole block is handed over as it is; a part of one is copied.
    #[doc(alias = "aofRewriteBufferWrite")]
    #[must_use]
    pub fn take(&mut self, most_bytes: u64) -> Option<Arc<Vec<u8>>> {
        let unsent = self.unsent();
        let most = usize::try_from(most_bytes).unwrap_or(usize::MAX).min(unsent.len());
        if most == 0 {
            return None;
        }
        let is_whole = self.sent_of_first == 0 && most == unsent.len();
        let part = if is_whole { Vec::new() } else { unsent[..most].to_vec() };
        self.taken_bytes += most as u64;
        if is_whole {
            self.waiting_bytes -= most as u64;
            self.freed_blocks += 1;
            return self.blocks.pop_front().map(Arc::new);
        }
        self.leave(most);
        Some(Arc::new(part))
    }

    /// `bytes` of the first block are gone.
    fn leave(&mut self, bytes: usize) {
        self.waiting_bytes -= bytes as u64;
        self.sent_of_first += bytes;
        if self.unsent().is_empty()
            && let Some(mut block) = self.blocks.pop_front()
        {
            self.sent_of_first = 0;
            self.freed_blocks += 1;
            block.clear();
            self.spare = Some(block);
        }
    }

    /// Bytes that wait.
    #[doc(alias = "aofRewriteBufferSize")]
    #[must_use]
    pub const fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes
    }

    /// Bytes that waited when so many blocks existed and the last of them was new and empty.
    #[must_use]
    pub fn waiting_bytes_before(&self, blocks: u64) -> u64 {
        let full_bytes = blocks.saturating_sub(1).saturating_mul(self.block_bytes as u64);
        full_bytes.saturating_sub(self.sent_of_first as u64)
    }

    /// Bytes that went to the child since the last reset.
    #[must_use]
    pub const fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    /// Bytes that [`Self::take`] gave out since the last reset.
    #[must_use]
    pub const fn taken_bytes(&self) -> u64 {
        self.taken_bytes
    }

    /// All bytes that came in since the last reset: sent, taken and waiting.
    #[must_use]
    pub const fn appended_bytes(&self) -> u64 {
        self.sent_bytes + self.taken_bytes + self.waiting_bytes
    }

    /// Forgets everything and begins again with blocks of `block_bytes`.
    #[doc(alias = "aofRewriteBufferReset")]
    pub fn reset(&mut self, block_bytes: u64) {
        *self = Self::new(block_bytes);
    }

    /// The blocks that exist, oldest first.
    pub fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        self.blocks.iter().zip(0_u64..).map(|(bytes, index)| Block {
            number: self.freed_blocks + index,
            capacity_bytes: self.block_bytes as u64,
            sent_bytes: if index == 0 { self.sent_of_first as u64 } else { 0 },
            bytes,
        })
    }

    /// Number of blocks that exist.
    #[must_use]
    pub fn blocks_len(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// Blocks that left whole since the last reset.
    #[must_use]
    pub const fn freed_blocks(&self) -> u64 {
        self.freed_blocks
    }

    /// Memory that is set aside for blocks, in bytes: whole blocks, however full, and the one that
    /// is kept.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let blocks = self.blocks_len() + u64::from(self.spare.is_some());
        blocks * self.block_bytes as u64
    }

    /// Adds everything that decides what comes next.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_count(self.block_bytes);
        digest.put_u64(self.sent_bytes);
        digest.put_u64(self.taken_bytes);
        digest.put_u64(self.freed_blocks);
        digest.put_bool(self.spare.is_some());
        digest.put_count(self.sent_of_first);
        digest.put_count(self.blocks.len());
        self.blocks.iter().for_each(|block| digest.put_bytes(block));
    }
}

#[cfg(test)]
mod tests;

//! What is assumed about a disk whose power is cut: plain choices, and sets of them with a name.
//!
//! # One assumption under all of them
//!
//! Synced bytes stay as they are, also when unsynced bytes stand in the same block: a disk that
//! tears a block while its end is written again leaves old or new bytes there, and the old ones are
//! equal. A disk that loses the block itself is broken, and no order of calls helps.
//!
//! # What is not a choice here
//!
//! What a sync that failed does to its pages is [`FailedPages`](crate::sim::disk::FailedPages) of
//! the disk's parameters: it is decided when the sync fails, because later syncs and writes build
//! on it, and not when the power goes.

/// A set of assumptions with a name, from the narrowest to the widest.
///
/// *Process killed* is none of them: the kernel has everything, see
/// [`Failure::Killed`](crate::promise::Failure::Killed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskModel {
    /// Exactly what was synced or written back is there, nothing else.
    Exact,
    /// What was pending arrived in order, up to any byte.
    #[default]
    AnyPrefix,
    /// What ext4 with its default options was seen to leave, see [`Data::ZeroTailByBlocks`] and
    /// [`RenamedOver::WholeLength`]. Measured under Linux 6.18 with `EXT4_IOC_SHUTDOWN`.
    Ext4Ordered,
    /// Lengths may arrive before data: up to any length, real bytes up to any place, zeros behind.
    /// What ext4 leaves with any option, but for `nodelalloc`.
    ZeroTail,
    /// Any of the unsynced sectors arrived, each as it is now or as it was after an earlier write:
    /// a disk that reorders, or a file system that writes in place and commits lengths early
    /// (`nodelalloc`, `data=writeback`), see [`Missing::Earlier`].
    AnySubset,
    /// What the standard promises: nothing about what was not synced. Everything that the other
    /// models allow, and changes of names in any order.
    PosixMinimal,
}

/// What unsynced bytes of a file may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Data {
    /// None of them arrive.
    Nothing,
    /// They arrive in order, up to any byte.
    Prefix,
    /// As before, and the length may have arrived before the data: zeros behind any place.
    ZeroTail,
    /// As before, in the steps of a file system that allocates late. Up to the end of the block in
    /// which the synced bytes end, the length is in the journal as soon as it is written: every
    /// byte. Behind it blocks are allocated when they are written back: lengths and real bytes end
    /// where a block or a write ends.
    ///
    /// Zeros behind the block, too: blocks are allocated as "unwritten" and read as zeros until
    /// their bytes are there, and a commit may come in between. Seen on 6 to 9 of 20 cuts after a
    /// rename and a sync of the directory.
    ZeroTailByBlocks {
        /// Size of a block in bytes.
        block_bytes: usize,
    },
    /// Any length, and of the blocks behind what was synced, any that arrived.
    Blocks {
        /// Size of a block in bytes.
        block_bytes: usize,
        /// What the others hold: one of these kinds, the same in all of them.
        missing: &'static [Missing],
    },
    /// What [`Self::ZeroTail`] or [`Self::Blocks`] allow.
    Anything {
        /// Size of a block in bytes.
        block_bytes: usize,
        /// What blocks that did not arrive hold.
        missing: &'static [Missing],
    },
}

/// What stands in a block that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// What it held before: zeros if nothing of it had arrived, or what had been written up to the
    /// end of an earlier write, and zeros behind; in each block another write.
    ///
    /// Seen on ext4 with `nodelalloc` under a server: a block is written when the journal is
    /// committed that has its allocation. Later commits bring the length and newer blocks, but not
    /// what was written into this one meanwhile. So real bytes end where a write ended in the
    /// middle of a sector, zeros follow up to the end of the block, and real blocks behind them.
    Earlier,
    /// Bytes with which no command can go on, and the number of their block.
    Marker,
    /// Bytes that another file held before, and that are a command: `FLUSHALL`, again and again.
    Command,
}

/// In which order changes of the directory become durable without a sync.
///
/// A name alone leads to the same files either way: to where the medium has it, or to where any
/// change of it led. What differs is what may stand beside it, and what a name that arrived says
/// about the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameOrder {
    /// In the order in which they were made, as one journal has them. Changes of lengths stand in
    /// the same order: a file whose name arrived has the length that it had then, up to the end
    /// of its last allocated block.
    Ordered,
    /// Each alone: of a rename, the new name may be there and the old one, too, or neither.
    Any,
}

/// What a rename onto a name that exists does for the bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RenamedOver {
    /// Nothing.
    Nothing,
    /// It begins to write them back (`auto_da_alloc`) and does not wait: when the name arrived, the
    /// file has its whole length, but its bytes may be zeros.
    WholeLength,
}

/// Everything that is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Assumptions {
    /// About bytes.
    pub data: Data,
    /// About names.
    pub names: NameOrder,
    /// About a rename onto a name that exists.
    pub renamed_over: RenamedOver,
}

/// A page of memory and the default block of ext4.
const FILE_SYSTEM_BLOCK_BYTES: usize = 4096;

/// A sector, the least that a disk writes whole. Subsets of larger blocks are subsets of these.
const SECTOR_BYTES: usize = 512;

const EVERYTHING_MISSING: &[Missing] = &[Missing::Earlier, Missing::Marker, Missing::Command];

impl DiskModel {
    /// All of them, for menus and tests.
    pub const ALL: [Self; 6] = [
        Self::Exact,
        Self::AnyPrefix,
        Self::Ext4Ordered,
        Self::ZeroTail,
        Self::AnySubset,
        Self::PosixMinimal,
    ];

    /// Those under which unsynced bytes arrive in order, with nothing but zeros behind them. What
    /// the README promises holds under these: a log without checksums cannot tell a hole in a
    /// payload from the payload.
    pub const IN_ORDER: [Self; 4] =
        [Self::Exact, Self::AnyPrefix, Self::Ext4Ordered, Self::ZeroTail];

    /// As written in options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AnyPrefix => "any-prefix",
            Self::Ext4Ordered => "ext4-ordered",
            Self::ZeroTail => "zero-tail",
            Self::AnySubset => "any-subset",
            Self::PosixMinimal => "posix-minimal",
        }
    }

    /// Reads [`Self::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.as_str() == text)
    }

    /// What the name stands for.
    #[must_use]
    pub const fn assumptions(self) -> Assumptions {
        let (sectors, missing) = (SECTOR_BYTES, EVERYTHING_MISSING);
        let data = match self {
            Self::Exact => Data::Nothing,
            Self::AnyPrefix => Data::Prefix,
            Self::Ext4Ordered => Data::ZeroTailByBlocks { block_bytes: FILE_SYSTEM_BLOCK_BYTES },
            Self::ZeroTail => Data::ZeroTail,
            Self::AnySubset => Data::Blocks { block_bytes: sectors, missing },
            Self::PosixMinimal => Data::Anything { block_bytes: sectors, missing },
        };
        let names = match self {
            Self::PosixMinimal => NameOrder::Any,
            _ => NameOrder::Ordered,
        };
        let renamed_over = match self {
            Self::Ext4Ordered => RenamedOver::WholeLength,
            _ => RenamedOver::Nothing,
        };
        Assumptions { data, names, renamed_over }
    }

    /// Whether a file whose last bytes were not synced may end in zeros.
    #[must_use]
    pub const fn leaves_zeros(self) -> bool {
        !matches!(self, Self::Exact | Self::AnyPrefix)
    }

    /// Whether anything at all may stand in place of bytes that were not synced.
    #[must_use]
    pub const fn leaves_garbage(self) -> bool {
        matches!(self, Self::AnySubset | Self::PosixMinimal)
    }
}

impl Missing {
    const COMMAND: &[u8] = b"*1\r\n$8\r\nFLUSHALL\r\n";

    /// Fills `bytes`, of which none arrived, and which stand at `offset` of a file in a row of
    /// missing blocks that begins at `row`. Depends on no size of a block, so a row of small blocks
    /// is a large one.
    pub(super) fn fill(self, bytes: &mut [u8], offset: usize, row: usize) {
        for (at, byte) in (offset..).zip(bytes) {
            *byte = self.byte(at, row);
        }
    }

    /// The byte at `offset`; of a block as it was earlier, one behind the end of that write.
    pub(super) fn byte(self, offset: usize, row: usize) -> u8 {
        match self {
            Self::Earlier => 0,
            Self::Command => Self::COMMAND[offset.saturating_sub(row) % Self::COMMAND.len()],
            // A byte that begins nothing, seven letters, and the sector's number in eight digits.
            Self::Marker => match offset % 16 {
                0 => 0xff,
                place @ 1..8 => b"GARBAGE"[place - 1],
                place => {
                    let digit = (offset / SECTOR_BYTES) >> (4 * (15 - place)) & 0xf;
                    b"0123456789abcdef"[digit]
                }
            },
        }
    }
}

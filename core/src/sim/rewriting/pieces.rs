//! Ranges of the log as commands, and which of them are twins.

use std::sync::Arc;

use crate::resp::{Decoded, Decoder, Limits, OwnedArgv};
use crate::sim::journal::{Entry, Journal, Origin};
use crate::sim::rewriting::{Piece, View};

/// The log since a fork: commands of clients are numbered from 1, so that each can be found again
/// wherever its bytes go.
pub(crate) struct Stream<'a> {
    entries: &'a [Entry],
    forked_at: u64,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(journal: &'a Journal, forked_at: u64) -> Self {
        Self { entries: journal.entries(), forked_at }
    }

    /// The commands of which bytes lie in this range of positions.
    pub(crate) fn between(&self, from: u64, to: u64) -> Vec<Piece> {
        let first = self.entries.partition_point(|entry| entry.to <= from);
        let since = self.entries.partition_point(|entry| entry.to <= self.forked_at);
        let is_write = |entry: &&Entry| entry.origin != Origin::Log;
        let before = self.entries.get(since..first).unwrap_or_default();
        let mut number = u32::try_from(before.iter().filter(is_write).count()).unwrap_or(u32::MAX);
        let mut pieces: Vec<Piece> = Vec::new();
        for entry in self.entries[first..].iter().take_while(|entry| entry.from < to) {
            let is_new = entry.from >= self.forked_at;
            let twin = (is_new && is_write(&entry)).then(|| {
                number = number.saturating_add(1);
                number
            });
            let bytes = entry.to.min(to) - entry.from.max(from);
            push(&mut pieces, Piece { words: Arc::clone(&entry.words), bytes, count: 1, twin });
        }
        pieces
    }
}

/// Adds a piece; equal ones without a twin become one.
pub(crate) fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    if let Some(last) = pieces.last_mut()
        && last.twin.is_none()
        && piece.twin.is_none()
        && last.words.as_bytes() == piece.words.as_bytes()
    {
        last.bytes += piece.bytes;
        last.count += 1;
        return;
    }
    pieces.push(piece);
}

/// The commands of a dataset as a child wrote it, as far as they are whole.
pub(crate) fn written(mut bytes: &[u8]) -> Vec<Piece> {
    let mut decoder = Decoder::new(Limits::default());
    let mut pieces = Vec::new();
    while let Decoded::Command { argv, consumed } = decoder.decode(bytes) {
        let words = Arc::new(OwnedArgv::from(argv));
        push(&mut pieces, Piece { words, bytes: consumed as u64, count: 1, twin: None });
        bytes = &bytes[consumed..];
    }
    pieces
}

/// The last of them that are shown, and how many there are.
pub(crate) fn limited(mut pieces: Vec<Piece>) -> (Vec<Piece>, u64) {
    let total = pieces.len() as u64;
    let surplus = pieces.len().saturating_sub(View::PIECES);
    pieces.drain(..surplus);
    (pieces, total)
}

//! The slow log: commands that took long, the newest first.
//!
//! The engine has no clock. The host measures a command and says with
//! [`crate::event::Event::Took`] that it was slow, with its words once more, so that nothing is
//! kept of a fast one. A transaction is one command here: EXEC is in the log with the time of all
//! of it, where Redis has an entry for each command inside.

use std::collections::VecDeque;

use crate::digest::Digest;
use crate::execute::secret::words_without_secrets;
use crate::resp::Argv;
use crate::units::Millis;

/// Words that an entry keeps; the last tells how many more there were.
#[doc(alias = "SLOWLOG_ENTRY_MAX_ARGC")]
const WORDS: usize = 32;
/// Bytes that an entry keeps of one word.
#[doc(alias = "SLOWLOG_ENTRY_MAX_STRING")]
const WORD_BYTES: usize = 128;

/// One slow command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowCommand {
    /// Counts up for ever, also over SLOWLOG RESET.
    pub id: u64,
    /// When it ended, in seconds since the epoch.
    pub at_seconds: u64,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// Its words, cut short, without passwords.
    pub words: Vec<Vec<u8>>,
    /// Where its client was.
    pub address: String,
    /// The client's name.
    pub name: Vec<u8>,
}

/// The newest slow commands.
#[derive(Clone, Debug, Default)]
pub struct SlowLog {
    commands: VecDeque<SlowCommand>,
    next_id: u64,
}

impl SlowLog {
    /// Takes a slow command in, and keeps at most `limit`.
    #[doc(alias = "slowlogPushEntryIfNeeded")]
    pub(crate) fn push(
        &mut self,
        argv: Argv<'_>,
        micros: u64,
        now: Millis,
        (address, name): (String, &[u8]),
        limit: u64,
    ) {
        let command = SlowCommand {
            id: self.next_id,
            at_seconds: now.seconds(),
            micros,
            words: cut(argv),
            address,
            name: name.to_vec(),
        };
        self.next_id += 1;
        self.commands.push_front(command);
        self.commands.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }

    /// The entries, newest first.
    #[must_use]
    pub const fn commands(&self) -> &VecDeque<SlowCommand> {
        &self.commands
    }

    /// `SLOWLOG RESET`.
    pub(crate) fn reset(&mut self) {
        self.commands.clear();
    }

    /// Adds all entries.
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.next_id);
        digest.put_count(self.commands.len());
        for command in &self.commands {
            digest.put_u64(command.id);
            digest.put_u64(command.at_seconds);
            digest.put_u64(command.micros);
            digest.put_count(command.words.len());
            command.words.iter().for_each(|word| digest.put_bytes(word));
            digest.put_bytes(command.address.as_bytes());
            digest.put_bytes(&command.name);
        }
    }
}

/// The words as an entry keeps them.
fn cut(argv: Argv<'_>) -> Vec<Vec<u8>> {
    let count = argv.len();
    let kept = if count > WORDS { WORDS - 1 } else { count };
    let mut words: Vec<Vec<u8>> = words_without_secrets(argv).take(kept).map(cut_word).collect();
    if kept < count {
        words.push(format!("... ({} more arguments)", count - kept).into_bytes());
    }
    words
}

fn cut_word(word: &[u8]) -> Vec<u8> {
    if word.len() <= WORD_BYTES {
        return word.to_vec();
    }
    let mut cut = word[..WORD_BYTES].to_vec();
    cut.extend_from_slice(format!("... ({} more bytes)", word.len() - WORD_BYTES).as_bytes());
    cut
}

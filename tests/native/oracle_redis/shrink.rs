//! The smallest sequence of commands that still shows a difference.
//!
//! Delta debugging: pieces of the sequence are left out, large ones first, and stay out if a
//! difference is still there. Before that two guesses that mostly save nearly all of the work:
//! only the commands that share a word with the last one, and only the last few commands.
//! It need not be the same difference as at the start; any is worth a look.

use std::time::{Duration, Instant};

use aof_tests::workload::Command;

use super::pair::{Difference, Pair, shown};

/// After this long the smallest sequence so far has to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Shrinks `commands`, after which a difference was seen, and tells what is left.
pub(crate) fn shrink(pair: &mut Pair, commands: Vec<Command>, seen: Difference) -> String {
    let deadline = Instant::now() + PATIENCE;
    let count = commands.len();
    let mut smallest = Smallest { pair, commands, difference: seen };
    if !smallest.pair.is_alive() {
        let last = smallest.commands.last().map(shown).unwrap_or_default();
        return format!("aofd is gone after {count} commands, the last {last}");
    }
    let all = smallest.commands.clone();
    if !smallest.accept(all.clone()) {
        let last = all.last().map(shown).unwrap_or_default();
        let what = &smallest.difference.what;
        return format!("not seen again after FLUSHALL; the last of {count}: {last}\n{what}");
    }
    smallest.keep_related();
    smallest.keep_the_end();
    let mut before = usize::MAX;
    while smallest.words() < before && Instant::now() < deadline {
        before = smallest.words();
        smallest.leave_pieces_out(deadline);
        smallest.leave_words_out(deadline);
    }
    let lines: Vec<String> = smallest.commands.iter().map(shown).collect();
    let what = &smallest.difference.what;
    format!("{} of {count} commands show it:\n{}\n{what}", lines.len(), lines.join("\n"))
}

struct Smallest<'a> {
    pair: &'a mut Pair,
    commands: Vec<Command>,
    difference: Difference,
}

impl Smallest<'_> {
    fn words(&self) -> usize {
        self.commands.iter().map(Vec::len).sum()
    }

    /// Takes the candidate if it shows a difference.
    fn accept(&mut self, mut candidate: Vec<Command>) -> bool {
        if !self.pair.is_alive() {
            return false;
        }
        self.pair.reset().expect("both begin alike");
        let Err(difference) = self.pair.play(&candidate) else { return false };
        candidate.truncate(difference.at + 1);
        self.commands = candidate;
        self.difference = difference;
        true
    }

    fn keep_related(&mut self) {
        let Some((last, before)) = self.commands.split_last() else { return };
        let words: Vec<&Vec<u8>> = last.iter().skip(1).collect();
        let related = |command: &&Command| command.iter().skip(1).any(|word| words.contains(&word));
        let mut candidate: Vec<Command> = before.iter().filter(related).cloned().collect();
        candidate.push(last.clone());
        self.accept(candidate);
    }

    fn keep_the_end(&mut self) {
        let mut length = 2;
        while length < self.commands.len() {
            let start = self.commands.len() - length;
            if self.accept(self.commands[start..].to_vec()) {
                return;
            }
            length *= 4;
        }
    }

    fn leave_pieces_out(&mut self, deadline: Instant) {
        let mut size = self.commands.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < self.commands.len() {
                if Instant::now() > deadline {
                    return;
                }
                let mut candidate = self.commands.clone();
                candidate.drain(at..(at + size).min(candidate.len()));
                if !self.accept(candidate) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn leave_words_out(&mut self, deadline: Instant) {
        for number in (0..self.commands.len()).rev() {
            let mut size = self.commands.get(number).map_or(0, |command| command.len() / 2);
            while size > 0 {
                let mut at = 2;
                while self.commands.get(number).is_some_and(|command| at + size <= command.len()) {
                    if Instant::now() > deadline {
                        return;
                    }
                    let mut candidate = self.commands.clone();
                    candidate[number].drain(at..at + size);
                    if !self.accept(candidate) {
                        at += size;
                    }
                }
                size /= 2;
            }
        }
    }
}

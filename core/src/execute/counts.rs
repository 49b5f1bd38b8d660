//! How often each command ran, was refused and failed; how often each kind of error was replied;
//! how many commands run a second.
//!
//! Times are not among them: nobody measures each command (see `SLOWLOG`), so `commandstats` has
//! no `usec`.

use std::collections::BTreeMap;

use crate::command::{COMMANDS, Command};
use crate::digest::Digest;
use crate::units::Micros;

/// One command's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandCount {
    /// It ran so often.
    pub calls: u64,
    /// It was refused before it ran.
    pub rejected: u64,
    /// It ran and replied with an error.
    pub failed: u64,
}

/// Most kinds of errors that are told apart. Only `DEBUG ERROR` can make up new ones.
const KINDS: usize = 128;

/// Longest name of a kind.
const KIND_BYTES: usize = 64;

/// All numbers.
#[derive(Clone, Debug)]
pub struct Counts {
    commands: Box<[CommandCount]>,
    errors: BTreeMap<String, u64>,
}

impl Default for Counts {
    fn default() -> Self {
        let commands = vec![CommandCount::default(); COMMANDS.len()].into_boxed_slice();
        Self { commands, errors: BTreeMap::new() }
    }
}

impl Counts {
    /// The command has run.
    #[inline]
    pub(crate) fn called(&mut self, command: &Command) {
        if let Some(count) = self.of(command) {
            count.calls += 1;
        }
    }

    #[cold]
    pub(crate) fn failed(&mut self, command: &Command) {
        if let Some(count) = self.of(command) {
            count.failed += 1;
        }
    }

    #[cold]
    pub(crate) fn rejected(&mut self, command: &Command) {
        if let Some(count) = self.of(command) {
            count.rejected += 1;
        }
    }

    /// An error was replied, whose text this is.
    #[cold]
    pub(crate) fn replied(&mut self, text: &str) {
        let kind = text.split(' ').next().unwrap_or_default();
        let kind = &kind[..kind.floor_char_boundary(KIND_BYTES)];
        if let Some(count) = self.errors.get_mut(kind) {
            *count += 1;
        } else if self.errors.len() < KINDS {
            self.errors.insert(kind.to_owned(), 1);
        }
    }

    /// Rows of the table lie behind each other, so the distance from the first is the number.
    #[inline]
    fn of(&mut self, command: &Command) -> Option<&mut CommandCount> {
        let distance = std::ptr::from_ref(command).addr().wrapping_sub(COMMANDS.as_ptr().addr());
        self.commands.get_mut(distance / size_of::<Command>())
    }

    /// Commands that were called or refused, in the order of the table.
    pub fn commands(&self) -> impl Iterator<Item = (&'static str, CommandCount)> {
        let all = COMMANDS.iter().map(|command| command.name).zip(self.commands.iter().copied());
        all.filter(|(_, count)| *count != CommandCount::default())
    }

    /// Kinds of errors with how often they were replied.
    pub fn errors(&self) -> impl Iterator<Item = (&str, u64)> {
        self.errors.iter().map(|(kind, &count)| (kind.as_str(), count))
    }

    /// `CONFIG RESETSTAT`.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Adds all numbers.
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        for count in &self.commands {
            digest.put_u64(count.calls);
            digest.put_u64(count.rejected);
            digest.put_u64(count.failed);
        }
        for (kind, count) in self.errors() {
            digest.put_bytes(kind.as_bytes());
            digest.put_u64(count);
        }
    }
}

/// Ticks that a rate is the mean of.
#[doc(alias = "STATS_METRIC_SAMPLES")]
const SAMPLES: usize = 16;

/// `instantaneous_ops_per_sec`: the mean of the rates of the last 16 ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    samples: [u64; SAMPLES],
    next: u8,
    commands: u64,
    mono: Micros,
}

impl Rate {
    /// A tick: so many commands have run since the start.
    #[doc(alias = "trackInstantaneousMetric")]
    pub(crate) fn sample(&mut self, commands: u64, mono: Micros) {
        let micros = mono.since(self.mono);
        let rate = match micros {
            0 => 0,
            _ => commands.saturating_sub(self.commands).saturating_mul(1_000_000) / micros,
        };
        self.samples[usize::from(self.next) % SAMPLES] = rate;
        self.next = self.next.wrapping_add(1);
        (self.commands, self.mono) = (commands, mono);
    }

    /// Commands a second.
    #[must_use]
    pub fn per_second(&self) -> u64 {
        self.samples.iter().sum::<u64>() / SAMPLES as u64
    }

    /// Adds all samples.
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        self.samples.iter().for_each(|&sample| digest.put_u64(sample));
        digest.put_u8(self.next);
        digest.put_u64(self.commands);
        digest.put_u64(self.mono.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::lookup;

    #[test]
    fn every_command_has_its_own_number() {
        let mut counts = Counts::default();
        for command in COMMANDS {
            counts.called(lookup(command.name.as_bytes()).expect("in the table"));
        }
        assert!(counts.commands.iter().all(|count| count.calls == 1));
    }

    #[test]
    fn a_rate_is_the_mean_of_sixteen_ticks() {
        let mut rate = Rate::default();
        for tick in 1..=16 {
            rate.sample(tick * 10, Micros(tick * 100_000));
        }
        assert_eq!(rate.per_second(), 100);
        for tick in 17..=24 {
            rate.sample(160, Micros(tick * 100_000));
        }
        assert_eq!(rate.per_second(), 50);
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let mut counts = Counts::default();
        for number in 0..1_000 {
            counts.replied(&format!("E{number} text"));
        }
        counts.replied(&"x".repeat(1_000));
        counts.replied("E1 again");
        assert_eq!(counts.errors().count(), KINDS);
        assert!(counts.errors().any(|error| error == ("E1", 2)));
    }
}

//! Logs to be loaded: made from a seed, so that every machine loads the same bytes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Writes commands as the log holds them.
pub(crate) struct LogFile {
    out: BufWriter<File>,
    state: u64,
}

impl LogFile {
    /// A new file, with numbers drawn from `seed`.
    pub(crate) fn create(path: &Path, seed: u64) -> Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut log = Self { out: BufWriter::with_capacity(1 << 20, file), state: seed };
        log.command(&["SELECT", "0"])?;
        Ok(log)
    }

    /// Adds one command.
    pub(crate) fn command<W: AsRef<str>>(&mut self, words: &[W]) -> Result<()> {
        write!(self.out, "*{}\r\n", words.len())?;
        for word in words {
            let word = word.as_ref();
            write!(self.out, "${}\r\n{word}\r\n", word.len())?;
        }
        Ok(())
    }

    /// A number below `bound` (SplitMix64).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Ends the file and returns its length in bytes.
    pub(crate) fn finish(self) -> Result<u64> {
        let file = self.out.into_inner().context("the log cannot be written")?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

/// `commands` commands of all types over a tenth as many names, as a busy server leaves them.
pub(crate) fn mixed(path: &Path, commands: u64) -> Result<u64> {
    let mut log = LogFile::create(path, 20_261_121)?;
    let names = (commands / 10).max(1);
    for _ in 0..commands {
        let (kind, name) = (log.below(20), log.below(names));
        let (field, number) = (log.below(50), log.below(1_000_000));
        let value = format!("value:{number:010}:{}", "x".repeat(usize::try_from(field)?));
        match kind {
            0..=7 => log.command(&["SET", &format!("string:{name:010}"), &value])?,
            8 => log.command(&["INCR", &format!("counter:{:010}", name / 10)])?,
            9 => log.command(&["DEL", &format!("string:{name:010}")])?,
            10 | 11 => {
                let field = format!("field:{field}");
                log.command(&["HSET", &format!("hash:{:010}", name / 10), &field, &value])?;
            }
            12 | 13 => log.command(&["RPUSH", &format!("list:{:010}", name / 20), &value])?,
            14 => log.command(&["LPOP", &format!("list:{:010}", name / 20)])?,
            15 | 16 => {
                let member = format!("member:{number}");
                log.command(&["SADD", &format!("set:{:010}", name / 20), &member])?;
            }
            17 | 18 => {
                let (key, member) = (format!("zset:{:010}", name / 20), format!("member:{field}"));
                log.command(&["ZADD", &key, &number.to_string(), &member])?;
            }
            _ => {
                // Far in the future, so that no run finds a key gone.
                let at = format!("{}", 4_102_444_800_000_u64 + number);
                log.command(&["PEXPIREAT", &format!("string:{name:010}"), &at])?;
            }
        }
    }
    log.finish()
}

/// One command for each of `keys` keys: the dataset that a rewrite writes out. Most are strings,
/// every eighth is a small collection, every thousandth a collection of 1,000 elements.
pub(crate) fn keys_of_every_type(path: &Path, keys: u64) -> Result<u64> {
    let mut log = LogFile::create(path, 20_261_122)?;
    for key in 0..keys {
        let elements = match key {
            key if key.is_multiple_of(1000) => 1000,
            key if key.is_multiple_of(8) => 10,
            _ => 0,
        };
        let name = format!("key:{key:012}");
        let element = |index: u64| format!("element:{:010}", key.wrapping_mul(31) + index);
        let pairs = |first: fn(u64) -> String| {
            (0..elements).flat_map(move |index| [first(index), element(index)])
        };
        let (command, words): (&str, Vec<String>) = match (elements, log.below(4)) {
            (0, number) => ("SET", vec![format!("{number:064}")]),
            (_, 0) => ("RPUSH", (0..elements).map(element).collect()),
            (_, 1) => ("SADD", (0..elements).map(element).collect()),
            (_, 2) => ("HSET", pairs(|index| format!("field:{index}")).collect()),
            (_, _) => ("ZADD", pairs(|index| index.to_string()).collect()),
        };
        let head = [command.to_owned(), name];
        log.command(&[&head[..], &words].concat())?;
    }
    log.finish()
}

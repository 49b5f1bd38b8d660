//! Looks for commands that can still be read in what would be cut off.
//!
//! A command can begin at any byte behind the damage. Where a byte looks like the front of one
//! (`*words`, then a name that is known), a checker is started there. After what it accepts the
//! search goes on, so that every byte is read about twice. A file made for that purpose could ask
//! for many readings of the same bytes; a budget ends the search, and the number found is then
//! the least there is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use aof_core::load::{Check, Known, Options};

/// Bytes of one read.
const READ_BYTES: usize = 1024 * 1024;

/// Bytes of the first read of a checker.
const SHORT_READ_BYTES: usize = 4096;

/// The front of a command: `*1048576\r\n$16\r\n` and a name with its CR LF.
const FRONT_BYTES: u64 = 40;

/// A part of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    /// Offset of its first byte.
    pub(super) from: u64,
    /// Offset after its last byte.
    pub(super) to: u64,
}

/// What there is in a region that begins after the last good command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Remains {
    /// Whole commands before the damage: MULTI without EXEC, and what follows it.
    pub(super) open: u64,
    /// Whole commands behind the damage.
    pub(super) behind: u64,
    /// Offset of the first of them.
    pub(super) first: Option<u64>,
    /// Whether everything was searched.
    pub(super) complete: bool,
}

/// Searches the region.
pub(super) fn search(
    file: &File,
    region: Region,
    options: Options,
    known: Known,
) -> io::Result<Remains> {
    let mut budget = (region.to - region.from).saturating_mul(4).saturating_add(1 << 24);
    let (buffer, window) = (vec![0; READ_BYTES], Vec::new());
    let mut search = Search { file, region, options, known, buffer, window, window_at: 0 };
    let open = search.run(region.from, &mut budget)?;
    let mut remains = Remains { open: open.commands, complete: true, ..Remains::default() };
    // The command at the damage itself: its length may have swallowed others.
    let mut at = region.from + open.length_bytes + 1;
    while let Some(candidate) = search.next_candidate(at)? {
        if budget == 0 {
            remains.complete = false;
            break;
        }
        let run = search.run(candidate, &mut budget)?;
        if run.commands > 0 {
            remains.behind += run.commands;
            remains.first.get_or_insert(candidate);
        }
        at = candidate + run.length_bytes.max(1);
    }
    Ok(remains)
}

/// Whole commands one after the other.
struct Run {
    commands: u64,
    length_bytes: u64,
}

struct Search<'a> {
    file: &'a File,
    region: Region,
    options: Options,
    known: Known,
    /// What a checker reads.
    buffer: Vec<u8>,
    /// Where fronts are looked for: the bytes from `window_at` on.
    window: Vec<u8>,
    window_at: u64,
}

impl Search<'_> {
    /// What a checker accepts from `at` on.
    fn run(&mut self, at: u64, budget: &mut u64) -> io::Result<Run> {
        let mut check = Check::new(self.options, self.known);
        let mut next = at;
        while !check.is_broken() {
            // Most that looks like a command and is none shows it soon.
            let most = if next == at { SHORT_READ_BYTES } else { READ_BYTES };
            let bytes = read(self.file, self.region, next, &mut self.buffer[..most])?;
            check.feed(&self.buffer[..bytes]);
            next += bytes as u64;
            *budget = budget.saturating_sub(bytes as u64);
            if bytes == 0 || (*budget == 0 && check.commands() == 0) {
                break;
            }
        }
        Ok(Run { commands: check.commands(), length_bytes: check.whole_up_to() })
    }

    /// The next offset from `at` on where a command could begin.
    fn next_candidate(&mut self, mut at: u64) -> io::Result<Option<u64>> {
        loop {
            let end = self.window_at + self.window.len() as u64;
            // A front must lie in the window as a whole, unless the region ends first.
            let whole = (self.window_at..=end.saturating_sub(FRONT_BYTES)).contains(&at);
            if !whole && (at < self.window_at || end < self.region.to) {
                self.window.resize(READ_BYTES, 0);
                let bytes = read(self.file, self.region, at, &mut self.window)?;
                self.window.truncate(bytes);
                self.window_at = at;
            }
            let skipped = usize::try_from(at - self.window_at).unwrap_or(usize::MAX);
            let piece = self.window.get(skipped..).unwrap_or(&[]);
            let mut starts =
                piece.iter().enumerate().filter(|&(_, &byte)| byte == b'*').map(|(at, _)| at);
            if let Some(found) = starts.find(|&start| is_front(&piece[start..], self.known)) {
                return Ok(Some(at + found as u64));
            }
            let end = at + piece.len() as u64;
            if piece.is_empty() || end >= self.region.to {
                return Ok(None);
            }
            // A front that the window cut is looked at again, as a whole.
            at = end.saturating_sub(FRONT_BYTES).max(at + 1);
        }
    }
}

/// Reads a buffer full from `at`, but not over the end of the region.
fn read(file: &File, region: Region, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let room = usize::try_from(region.to.saturating_sub(at)).unwrap_or(usize::MAX);
    let room = room.min(buffer.len());
    loop {
        match file.read_at(&mut buffer[..room], at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Whether these bytes begin with the number of words and the name of a command that exists.
fn is_front(bytes: &[u8], known: Known) -> bool {
    let Some((words, rest)) = number(bytes, b'*') else { return false };
    let Some((length, rest)) = number(rest, b'$') else { return false };
    let Some(name) = rest.get(..length) else { return false };
    if name.is_empty() || !rest[length..].starts_with(b"\r\n") {
        return false;
    }
    match known {
        Known::Table => {
            aof_core::command::lookup(name).is_some_and(|command| command.accepts(words))
        }
        Known::Everything => name.iter().all(u8::is_ascii_alphabetic),
    }
}

/// A header line: its number, and what follows.
fn number(bytes: &[u8], kind: u8) -> Option<(usize, &[u8])> {
    let rest = bytes.strip_prefix(&[kind])?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    Some((number, rest[digits..].strip_prefix(b"\r\n")?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const SET: &str = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";

    fn search_bytes(bytes: &[u8], from: u64) -> Remains {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("written");
        let options = Options::of(aof_core::profile::ProfileName::Hardened.profile());
        let region = Region { from, to: bytes.len() as u64 };
        search(&file, region, options, Known::Table).expect("readable")
    }

    #[test]
    fn commands_behind_damage_are_counted() {
        let bytes = format!("{SET}junk*{SET}{SET}more*3\r\n$3\r\n{SET}*1\r\n$4\r\nEXEC\r\n");
        let found = search_bytes(bytes.as_bytes(), SET.len() as u64);
        let first = Some(SET.len() as u64 + 5);
        assert_eq!(found, Remains { open: 0, behind: 3, first, complete: true });
    }

    #[test]
    fn what_a_wrong_length_swallowed_is_found() {
        let bytes = format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$999\r\n1\r\n{}", SET.repeat(3));
        let found = search_bytes(bytes.as_bytes(), 0);
        assert_eq!((found.behind, found.complete), (3, true));
    }

    #[test]
    fn an_open_transaction_is_no_damage() {
        let bytes = format!("*1\r\n$5\r\nMULTI\r\n{SET}{SET}*3\r\n$3\r\nS");
        let found = search_bytes(bytes.as_bytes(), 0);
        assert_eq!(found, Remains { open: 3, behind: 0, first: None, complete: true });
    }

    #[test]
    fn fronts_over_the_edge_of_a_piece_are_seen() {
        for shift in 0..60 {
            let mut bytes = vec![b'*'; READ_BYTES - 30 + shift];
            bytes.extend_from_slice(SET.as_bytes());
            bytes.extend(vec![b'x'; READ_BYTES]);
            bytes.extend_from_slice(SET.as_bytes());
            let found = search_bytes(&bytes, 0);
            assert_eq!((found.behind, found.complete), (2, true), "{shift}");
        }
    }

    #[test]
    fn a_file_made_to_be_slow_ends_the_search() {
        // Each front claims a payload that goes to the end of the file.
        let bytes = "*2\r\n$3\r\nGET\r\n$99999999\r\n".repeat(200_000);
        let found = search_bytes(bytes.as_bytes(), 0);
        assert_eq!((found.behind, found.complete), (0, false));
    }
}

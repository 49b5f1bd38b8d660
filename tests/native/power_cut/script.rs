//! Operations that are done twice: on a real disk, and on the model of one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use aof_core::sim::disk::Parameters;
use aof_core::sim::operation::{Operation, Replay, Target};
use aof_tests::loop_disk::LoopDisk;
use aof_tests::power;

/// One thing to do. A file is known by a letter, also after a rename has taken its [`name`] away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A new file.
    Create(char),
    /// Bytes at its end.
    Append(char, usize),
    /// It becomes so long.
    Truncate(char, u64),
    /// `fdatasync(2)`.
    Sync(char),
    /// The first bytes are written back; no journal is committed for it. 0 for all of them.
    WriteBack(char, u64),
    /// The first file takes the place of the second.
    Rename(char, char),
    /// `fsync(2)` of the directory.
    SyncDirectory,
    /// `fsync(2)` of a file that nobody asked for, which commits the journal for all.
    SyncUnrelated,
}

/// The name under which a file is made.
pub(super) fn name(letter: char) -> String {
    format!("{letter}.aof")
}

/// What is written to the file of this letter at this offset: never NUL, never the same for two
/// letters, and another in each block.
pub(super) fn bytes(file: char, offset: u64, count: usize) -> Vec<u8> {
    let seed = u64::from(u32::from(file)) * 31;
    let byte = |at: u64| u8::try_from(1 + (at * 7 + seed + (at >> 8)) % 250).unwrap_or(1);
    (offset..).take(count).map(byte).collect()
}

/// A run of steps on a disk.
pub(super) struct Run<'a> {
    disk: &'a LoopDisk<'a>,
    files: BTreeMap<char, Open>,
    replay: Replay,
    calls: u64,
}

struct Open {
    file: File,
    written_bytes: u64,
}

/// The recorder's number of the file that belongs to nobody.
const UNRELATED: u64 = 0;

impl<'a> Run<'a> {
    pub(super) fn new(disk: &'a LoopDisk<'a>) -> Self {
        let replay = Replay::new(Parameters::default());
        Self { disk, files: BTreeMap::new(), replay, calls: 0 }
    }

    /// Closes all files, and returns what the model knows of the disk.
    pub(super) fn end(self) -> Replay {
        self.replay
    }

    /// Does one thing, here and there.
    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Create(letter) => {
                let place = self.disk.path().join(name(letter));
                let file = File::options().create_new(true).append(true).open(place);
                let file = file.expect("a new file");
                self.files.insert(letter, Open { file, written_bytes: 0 });
                self.note(&Operation::Create { name: name(letter), file: number(letter) });
            }
            Step::Append(letter, count) => {
                let open = self.files.get_mut(&letter).expect("created before");
                let bytes = bytes(letter, open.written_bytes, count);
                open.file.write_all(&bytes).expect("there is room");
                open.written_bytes += bytes.len() as u64;
                self.note(&Operation::Append { file: number(letter), bytes: bytes.into() });
            }
            Step::Truncate(letter, length_bytes) => {
                let open = self.files.get_mut(&letter).expect("created before");
                open.file.set_len(length_bytes).expect("shorter");
                open.written_bytes = length_bytes;
                self.note(&Operation::Truncate { file: number(letter), length_bytes });
            }
            Step::Sync(letter) => {
                self.files[&letter].file.sync_data().expect("the disk has power");
                self.note_sync(Target::File(number(letter)));
            }
            Step::WriteBack(letter, first_bytes) => {
                power::write_back(&self.files[&letter].file, first_bytes).expect("taken");
            }
            Step::Rename(from, to) => {
                let (folder, from, to) = (self.disk.path(), name(from), name(to));
                fs::rename(folder.join(&from), folder.join(&to)).expect("there is such a name");
                self.note(&Operation::Rename { from, to });
            }
            Step::SyncDirectory => {
                let folder = File::open(self.disk.path()).expect("the directory");
                folder.sync_all().expect("the disk has power");
                self.note_sync(Target::Directory);
            }
            Step::SyncUnrelated => {
                self.disk.sync_unrelated();
                let name = "unrelated".to_owned();
                self.note(&Operation::Create { name, file: UNRELATED });
                let bytes = b"x".as_slice().into();
                self.note(&Operation::Append { file: UNRELATED, bytes });
                self.note_sync(Target::File(UNRELATED));
            }
        }
    }

    fn note_sync(&mut self, target: Target) {
        self.calls += 1;
        let call = self.calls;
        self.note(&Operation::SyncBegins { call, target });
        self.note(&Operation::SyncEnds { call, result: Ok(()) });
    }

    fn note(&mut self, operation: &Operation) {
        self.replay.apply(operation).expect("what a program has done");
    }
}

fn number(letter: char) -> u64 {
    u64::from(u32::from(letter))
}

/// What a file held after the cut, beside what was written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Left {
    /// No such name.
    Gone,
    /// Real bytes, then NULs, then real bytes again.
    Pattern { file: char, real: u64, zeros: u64, real_again: u64 },
    /// Nothing that anybody wrote.
    Strange { real: u64 },
}

impl Left {
    /// Looks at the file of that name, which is one of these.
    pub(super) fn of(folder: &Path, name: &str, files: &[char]) -> (Self, Option<Vec<u8>>) {
        let content = match fs::read(folder.join(name)) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => return (Self::Gone, None),
            Err(error) => panic!("{name}: {error}"),
        };
        let best = files.iter().map(|&file| Self::beside(file, &content)).max_by_key(Self::rank);
        (best.unwrap_or(Self::Strange { real: 0 }), Some(content))
    }

    /// The file with which it has most in common.
    fn rank(&self) -> u64 {
        match *self {
            Self::Gone => 0,
            Self::Strange { real } => real,
            Self::Pattern { real, real_again, .. } => 1 + real + real_again,
        }
    }

    fn beside(file: char, content: &[u8]) -> Self {
        let written = bytes(file, 0, content.len());
        let real = content.iter().zip(&written).take_while(|(found, wrote)| found == wrote).count();
        let zeros = content[real..].iter().take_while(|byte| **byte == 0).count();
        let again = real + zeros;
        if content[again..] == written[again..] {
            let real_again = (content.len() - again) as u64;
            Self::Pattern { file, real: real as u64, zeros: zeros as u64, real_again }
        } else {
            Self::Strange { real: real as u64 }
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Gone => write!(out, "gone"),
            Self::Strange { real } => write!(out, "{real} real, then what nobody wrote"),
            Self::Pattern { file, real, zeros, real_again } => {
                write!(out, "{file}: {real} real")?;
                if zeros > 0 {
                    write!(out, ", {zeros} NUL")?;
                }
                if real_again > 0 {
                    write!(out, ", {real_again} real")?;
                }
                Ok(())
            }
        }
    }
}

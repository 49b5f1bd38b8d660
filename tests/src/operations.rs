//! What strace wrote down, as operations of the model of a disk.
//!
//! Lines are those of [`crate::standstill`]: paths and contents whole, in hexadecimal digits. Only
//! files of one directory count. A descriptor is known by its process and its number, from the
//! `openat` that made it on; one that is older than strace by the path that stands beside it. Paths
//! alone would not do, because a rename changes those of open files.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use aof_core::sim::operation::{Operation, Target};
use aof_core::units::Errno;

/// Reads lines, one after the other.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    /// Files by their present names.
    names: BTreeMap<String, u64>,
    files: u64,
    /// Descriptors by process. Of the server under 0, of a child under its number.
    descriptors: BTreeMap<(u32, u32), u64>,
    children: Vec<u32>,
    /// Beginnings of calls that had not returned when the line was written, by thread.
    unfinished: BTreeMap<u32, Begun>,
    calls: u64,
    /// What was read.
    pub operations: Vec<Operation>,
}

#[derive(Debug)]
struct Begun {
    text: String,
    /// The number of the sync that has begun.
    sync: Option<u64>,
}

impl Reader {
    /// For the files of `dir`, of which these are there already. They have the numbers from 1 on.
    #[must_use]
    pub fn new(dir: &Path, names: &[String]) -> Self {
        let names: BTreeMap<String, u64> = names.iter().cloned().zip(1..).collect();
        Self {
            dir: dir.to_owned(),
            files: names.len() as u64,
            names,
            descriptors: BTreeMap::new(),
            children: Vec::new(),
            unfinished: BTreeMap::new(),
            calls: 0,
            operations: Vec::new(),
        }
    }

    /// A name that is there.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    /// Reads the next line.
    ///
    /// # Panics
    /// If it is none of strace's, or has a call that this cannot lay onto a disk.
    pub fn line(&mut self, line: &str) {
        let (thread, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no call: {line}"));
        let thread: u32 = thread.parse().unwrap_or_else(|_| panic!("no thread: {line}"));
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            return;
        }
        if let Some(text) = rest.strip_suffix(" <unfinished ...>") {
            let sync = self.begin_sync(thread, text);
            self.unfinished.insert(thread, Begun { text: text.to_owned(), sync });
            return;
        }
        match rest.split_once(" resumed>") {
            Some((_, end)) if rest.starts_with("<... ") => {
                let Some(begun) = self.unfinished.remove(&thread) else { return };
                self.call(thread, &format!("{}{end}", begun.text), begun.sync);
            }
            _ => {
                let sync = self.begin_sync(thread, rest);
                self.call(thread, rest, sync);
            }
        }
    }

    fn begin_sync(&mut self, thread: u32, text: &str) -> Option<u64> {
        let arguments = text.strip_prefix("fdatasync(").or_else(|| text.strip_prefix("fsync("))?;
        let (number, path) = descriptor(arguments)?;
        let target = if self.dir.as_os_str().as_bytes() == path {
            Target::Directory
        } else {
            Target::File(self.known(thread, number, &path)?)
        };
        self.calls += 1;
        self.operations.push(Operation::SyncBegins { call: self.calls, target });
        Some(self.calls)
    }

    fn call(&mut self, thread: u32, text: &str, sync: Option<u64>) {
        let Some((name, rest)) = text.split_once('(') else { return };
        let Some((arguments, outcome)) = rest.rsplit_once(" = ") else { return };
        let outcome = outcome.trim().trim_end_matches(" (INJECTED)");
        let done = !outcome.starts_with(['-', '?']);
        let failed = outcome.strip_prefix("-1 ").and_then(|text| text.split_whitespace().next());
        match (name, sync) {
            (_, Some(call)) => {
                let result = failed.map_or(Ok(()), |name| Err(errno(name)));
                self.operations.push(Operation::SyncEnds { call, result });
            }
            ("openat", _) if done => self.opened(thread, arguments, outcome),
            ("write" | "writev" | "pwrite64", _) if done => {
                self.written(thread, name, arguments, outcome);
            }
            ("ftruncate", _) if done => self.truncated(thread, arguments),
            ("close", _) => {
                if let Some((number, _)) = descriptor(arguments) {
                    self.descriptors.remove(&(self.process(thread), number));
                }
            }
            ("rename" | "renameat" | "renameat2", _) if done => self.renamed(arguments),
            ("unlink" | "unlinkat", _) if done => {
                if let Some(name) = texts(arguments).first().and_then(|path| self.name(path))
                    && self.names.remove(&name).is_some()
                {
                    self.operations.push(Operation::Unlink { name });
                }
            }
            ("clone", _) if done && !arguments.contains("CLONE_THREAD") => {
                let Ok(child) = outcome.parse() else { return };
                let parent = self.process(thread);
                let inherited: Vec<(u32, u64)> = self
                    .descriptors
                    .range((parent, 0)..=(parent, u32::MAX))
                    .map(|(&(_, number), &file)| (number, file))
                    .collect();
                self.children.push(child);
                self.descriptors
                    .extend(inherited.into_iter().map(|(number, file)| ((child, number), file)));
            }
            _ => {}
        }
    }

    fn opened(&mut self, thread: u32, arguments: &str, outcome: &str) {
        let Some((number, path)) = descriptor(outcome) else { return };
        let key = (self.process(thread), number);
        self.descriptors.remove(&key);
        let Some(name) = self.name(&path) else { return };
        let file = match self.file(&name) {
            Some(file) => {
                assert!(!arguments.contains("O_TRUNC"), "{name} is emptied: not looked for");
                file
            }
            None => {
                self.files += 1;
                self.operations.push(Operation::Create { name: name.clone(), file: self.files });
                self.names.insert(name, self.files);
                self.files
            }
        };
        self.descriptors.insert(key, file);
    }

    fn written(&mut self, thread: u32, call: &str, arguments: &str, outcome: &str) {
        let Some((number, path)) = descriptor(arguments) else { return };
        let Some(file) = self.known(thread, number, &path) else { return };
        assert!(call != "pwrite64", "at an offset: not looked for");
        let taken: usize = outcome.parse().expect("a number of bytes");
        let mut bytes: Vec<u8> = texts(arguments).concat();
        assert!(bytes.len() >= taken, "strace keeps contents whole");
        bytes.truncate(taken);
        self.operations.push(Operation::Append { file, bytes: bytes.into() });
    }

    fn truncated(&mut self, thread: u32, arguments: &str) {
        let Some((number, path)) = descriptor(arguments) else { return };
        let Some(file) = self.known(thread, number, &path) else { return };
        let length = arguments.trim_end_matches(')').rsplit(", ").next();
        let length_bytes = length.and_then(|text| text.parse().ok()).expect("a length");
        self.operations.push(Operation::Truncate { file, length_bytes });
    }

    fn renamed(&mut self, arguments: &str) {
        let paths = texts(arguments);
        let names: Vec<_> = paths.iter().filter_map(|path| self.name(path)).collect();
        let [from, to] = &names[..] else { return };
        let Some(file) = self.names.remove(from) else { return };
        self.names.insert(to.clone(), file);
        self.operations.push(Operation::Rename { from: from.clone(), to: to.clone() });
    }

    fn process(&self, thread: u32) -> u32 {
        if self.children.contains(&thread) { thread } else { 0 }
    }

    /// The file behind a descriptor, if it is one of the directory.
    fn known(&mut self, thread: u32, number: u32, path: &[u8]) -> Option<u64> {
        let name = self.name(path)?;
        let key = (self.process(thread), number);
        let file = self.descriptors.get(&key).copied().or_else(|| self.file(&name))?;
        self.descriptors.insert(key, file);
        Some(file)
    }

    /// The name of a path in the directory. A path of one name alone is in it, too: the server
    /// names its files by the open directory.
    fn name(&self, path: impl AsRef<[u8]>) -> Option<String> {
        let path = path.as_ref();
        let path = Path::new(OsStr::from_bytes(path.strip_suffix(b" (deleted)").unwrap_or(path)));
        let parent = path.parent()?;
        let inside = parent == self.dir || parent.as_os_str().is_empty();
        inside.then(|| path.file_name()?.to_str().map(str::to_owned)).flatten()
    }
}

/// `7<\x2f\x61>`: the number, and the path beside it.
fn descriptor(text: &str) -> Option<(u32, Vec<u8>)> {
    let (number, rest) = text.split_once('<')?;
    let (path, _) = rest.split_once('>')?;
    Some((number.trim_start_matches("AT_FDCWD").parse().ok()?, unhex(path)))
}

/// What stands in quotes, in order.
fn texts(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(unhex).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits.map(|two| u8::from_str_radix(two.get(..2).unwrap_or(two), 16).unwrap_or(b'?')).collect()
}

/// # Panics
/// For an error that no test has met yet.
fn errno(name: &str) -> Errno {
    match name {
        "EIO" => Errno::EIO,
        "ENOSPC" => Errno::ENOSPC,
        other => panic!("strace shows {other}: give it its number here"),
    }
}

#[cfg(test)]
mod tests;

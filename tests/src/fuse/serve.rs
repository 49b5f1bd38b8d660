//! The answers to the kernel, on a thread that only FUSE runs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aof_core::sim::operation::Operation;
use fuser::{
    BsdFileFlags, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use nix::errno::Errno;

use super::files::{Node, Number};
use super::{Kind, Outcome, Shared, State};

/// The kernel remembers nothing: whatever is asked, is asked here.
const FORGET_AT_ONCE: Duration = Duration::ZERO;
/// Numbers are never used twice, so one generation will do.
const GENERATION: Generation = Generation(0);

/// Answers for the files behind one mount.
pub(super) struct Server {
    shared: Shared,
}

impl Server {
    pub(super) const fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

pub(super) fn told(errno: Errno) -> fuser::Errno {
    fuser::Errno::from_i32(errno as i32)
}

fn text(name: &OsStr) -> Result<&str, Errno> {
    name.to_str().ok_or(Errno::EILSEQ)
}

impl State {
    fn attributes(&self, number: Number) -> Result<FileAttr, Errno> {
        let (kind, size, perm) = match self.files.node(number)? {
            Node::File(bytes) => (FileType::RegularFile, bytes.len() as u64, 0o644),
            Node::Directory(_) => (FileType::Directory, 0, 0o755),
        };
        let at = SystemTime::UNIX_EPOCH;
        Ok(FileAttr {
            ino: INodeNo(number),
            size,
            blocks: size.div_ceil(512),
            atime: at,
            mtime: at,
            ctime: at,
            crtime: at,
            kind,
            perm,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }

    /// Fails if it is to fail.
    fn meet(&mut self, kind: Kind, name: &str) -> Result<(), Errno> {
        match self.faults.meet(kind, name) {
            Some(Outcome::Fails(errno)) => Err(errno),
            _ => Ok(()),
        }
    }

    fn create(&mut self, directory: Number, name: &str) -> Result<FileAttr, Errno> {
        let path = self.files.path(directory, name);
        self.meet(Kind::Create, &path)?;
        let file = self.files.add(directory, name, Node::File(Arc::default()))?;
        self.log.push(Operation::Create { name: path, file });
        self.attributes(file)
    }

    fn write(&mut self, file: Number, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let name = self.files.path_of(file)?;
        let taken = match self.faults.meet(Kind::Write, &name) {
            Some(Outcome::Fails(errno)) => return Err(errno),
            Some(Outcome::TakesAtMost(most)) => bytes.len().min(most),
            _ => bytes.len(),
        };
        let bytes = &bytes[..taken];
        self.files.append(file, offset, bytes)?;
        self.log.push(Operation::Append { file, bytes: bytes.into() });
        Ok(taken)
    }

    fn truncate(&mut self, file: Number, length_bytes: u64) -> Result<(), Errno> {
        let name = self.files.path_of(file)?;
        self.meet(Kind::Truncate, &name)?;
        if self.files.truncate(file, length_bytes)? {
            self.log.push(Operation::Truncate { file, length_bytes });
        }
        Ok(())
    }

    fn rename(&mut self, from: (Number, &str), to: (Number, &str)) -> Result<(), Errno> {
        let (old, new) = (self.files.path(from.0, from.1), self.files.path(to.0, to.1));
        self.meet(Kind::Rename, &old)?;
        self.files.rename(from, to)?;
        self.log.push(Operation::Rename { from: old, to: new });
        Ok(())
    }

    fn unlink(&mut self, directory: Number, name: &str) -> Result<(), Errno> {
        let path = self.files.path(directory, name);
        self.meet(Kind::Unlink, &path)?;
        self.files.unlink(directory, name)?;
        self.log.push(Operation::Unlink { name: path });
        Ok(())
    }

    fn sync(&mut self, file: Number, reply: ReplyEmpty) {
        let name = match self.files.path_of(file) {
            Ok(name) => name,
            Err(errno) => return reply.error(told(errno)),
        };
        let outcome = self.faults.meet(Kind::Sync, &name);
        let sync = self.begin_sync(Some(file));
        self.finish(sync, outcome, reply);
    }

    fn finish(&mut self, sync: super::Sync, outcome: Option<Outcome>, reply: ReplyEmpty) {
        match outcome {
            Some(Outcome::Hangs) => self.held.push((sync, reply)),
            Some(Outcome::Fails(errno)) => {
                self.end_sync(&sync, Err(errno));
                reply.error(told(errno));
            }
            _ => {
                self.end_sync(&sync, Ok(()));
                reply.ok();
            }
        }
    }
}

impl Filesystem for Server {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let state = self.shared.lock();
        let found = text(name).and_then(|name| state.files.lookup(parent.0, name));
        match found.and_then(|number| state.attributes(number)) {
            Ok(attributes) => reply.entry(&FORGET_AT_ONCE, &attributes, GENERATION),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.shared.lock().attributes(number.0) {
            Ok(attributes) => reply.attr(&FORGET_AT_ONCE, &attributes),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        number: INodeNo,
        _mode: Option<u32>,
        _user: Option<u32>,
        _group: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut state = self.shared.lock();
        let done = size.map_or(Ok(()), |size| state.truncate(number.0, size));
        match done.and_then(|()| state.attributes(number.0)) {
            Ok(attributes) => reply.attr(&FORGET_AT_ONCE, &attributes),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let mut state = self.shared.lock();
        let node = Node::Directory(BTreeMap::new());
        let made = text(name).and_then(|name| state.files.add(parent.0, name, node));
        match made.and_then(|number| state.attributes(number)) {
            Ok(attributes) => reply.entry(&FORGET_AT_ONCE, &attributes, GENERATION),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut state = self.shared.lock();
        match text(name).and_then(|name| state.create(parent.0, name)) {
            Ok(attributes) => reply.created(
                &FORGET_AT_ONCE,
                &attributes,
                GENERATION,
                FileHandle(0),
                FopenFlags::FOPEN_DIRECT_IO,
            ),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.shared.lock().files.bytes(number.0) {
            Ok(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                reply.data(&bytes[from..from.saturating_add(size).min(bytes.len())]);
            }
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn write(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.shared.lock().write(number.0, offset, bytes) {
            Ok(taken) => reply.written(u32::try_from(taken).unwrap_or(u32::MAX)),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn fsync(&self, _: &Request, number: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.shared.lock().sync(number.0, reply);
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let mut state = self.shared.lock();
        let outcome = state.faults.meet(Kind::SyncDirectory, "");
        let sync = state.begin_sync(None);
        state.finish(sync, outcome, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut state = self.shared.lock();
        let done = match (flags.is_empty(), text(name), text(new_name)) {
            (true, Ok(from), Ok(to)) => state.rename((parent.0, from), (new_parent.0, to)),
            _ => Err(Errno::EINVAL),
        };
        match done {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let mut state = self.shared.lock();
        match text(name).and_then(|name| state.unlink(parent.0, name)) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(told(errno)),
        }
    }

    fn readdir(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let state = self.shared.lock();
        let names = match state.files.names(number.0) {
            Ok(names) => names,
            Err(errno) => return reply.error(told(errno)),
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for (index, (name, number)) in names.iter().enumerate().skip(from) {
            let kind = match state.files.node(*number) {
                Ok(Node::Directory(_)) => FileType::Directory,
                _ => FileType::RegularFile,
            };
            if reply.add(INodeNo(*number), index as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }
}

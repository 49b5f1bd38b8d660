//! A file system in the memory of the test, which writes down what a program asks of it.
//!
//! # Why
//!
//! The model of a disk says which files a power cut may leave after a list of operations. The
//! engine's own list is what it *believes* to have asked for. Here the list is what the kernel was
//! really asked, by the real program: every creation, write, truncation, rename, deletion and
//! sync, in the order in which they took effect, with a mark wherever a client had its reply. It
//! needs nobody's cooperation, so Redis can be put on it as well.
//!
//! # How
//!
//! A FUSE mount, served from memory by a thread of its own. Each file is opened with direct I/O:
//! the kernel keeps no pages of it, and each `write(2)` arrives here as it was made. Entries of
//! the log are [`Operation`]s, which [`aof_core::sim::operation::Replay`] lays onto the model.
//! [`Fault`]s make the n-th operation of a kind fail, take less, or hang until it is released.
//!
//! The mount lives in the mount namespace of the thread that works with it, as that of
//! [`crate::small_disk`], and for the same reason: nothing is left behind, however a test ends.
//!
//! # Not promised
//!
//! The kernel lets one write or one sync of a file wait for the other, which most file systems do
//! not, and so does a rename; so no log shows a write or a rename of a file during a sync of the
//! same file. A hanging sync stays in
//! the kernel even when its program is killed: release it first, as [`Watched`] does.
//!
//! All directories of a mount are one to the model: names are paths, and a sync of any directory
//! covers the names of all, as on a file system with one journal. A server that relies on less is
//! not found out.
//!
//! # Rejected
//!
//! `strace`: it shows calls, not the order in which they took effect, and no bytes without a price.
//! A library put in front of libc: `aofd` calls the kernel without one.

mod faults;
mod files;
mod serve;

pub mod survey;

use std::collections::BTreeMap;
use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aof_core::sim::operation::{Operation, Target};
use aof_core::units::Errno as CoreErrno;
use fuser::{BackgroundSession, Config, MountOption};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

pub use faults::{Fault, Kind, Outcome};
use files::{Files, Node, Number, ROOT};

use crate::needs;
use crate::server::{Launch, Server};

/// A sync that has begun.
#[derive(Debug)]
struct Sync {
    call: u64,
    /// The file, and its length when the sync began.
    file: Option<(Number, u64)>,
}

/// Everything behind the mount.
#[derive(Debug, Default)]
struct State {
    files: Files,
    log: Vec<Operation>,
    faults: faults::Faults,
    /// Syncs so far.
    calls: u64,
    /// Syncs that hang.
    held: Vec<(Sync, fuser::ReplyEmpty)>,
    /// How many bytes of a file the last sync that succeeded has covered.
    synced_bytes: BTreeMap<Number, u64>,
}

impl State {
    fn begin_sync(&mut self, file: Option<Number>) -> Sync {
        self.calls += 1;
        let call = self.calls;
        let target = file.map_or(Target::Directory, Target::File);
        self.log.push(Operation::SyncBegins { call, target });
        let length = |file| self.files.bytes(file).map_or(0, |bytes| bytes.len() as u64);
        Sync { call, file: file.map(|file| (file, length(file))) }
    }

    fn end_sync(&mut self, sync: &Sync, result: Result<(), Errno>) {
        let told = result.map_err(|errno| CoreErrno(errno as i32));
        self.log.push(Operation::SyncEnds { call: sync.call, result: told });
        if let (Some((file, length)), Ok(())) = (sync.file, result) {
            self.synced_bytes.insert(file, length);
        }
    }
}

/// What the thread that serves and the thread that tests share.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of the one thread is told by that thread.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mounted file system and its log.
#[derive(Debug)]
pub struct Recorder {
    shared: Shared,
    folder: tempfile::TempDir,
    session: Option<BackgroundSession>,
}

/// Runs `work` on a thread that has such a file system of its own. Where that is impossible, prints
/// what `proves` names as unproven.
///
/// # Panics
/// If `work` panics, or with `CI=true` where there is no FUSE or no root.
pub fn on_recorder(proves: &str, work: impl FnOnce(&Recorder) + Send) {
    if !needs::root(proves) || !needs::fuse(proves) {
        return;
    }
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| work(&Recorder::mount()));
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

impl Recorder {
    fn mount() -> Self {
        unshare(CloneFlags::CLONE_NEWNS).expect("root may leave the mount namespace");
        let nothing: Option<&str> = None;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(nothing, "/", nothing, private, nothing).expect("root may make mounts private");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("disk");
        fs::create_dir(&path).expect("a place to mount");
        let shared = Shared::default();
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("recorder".to_owned())];
        let server = serve::Server::new(shared.clone());
        let session = fuser::spawn_mount(server, &path, &config).expect("root may mount");
        Self { shared, folder, session: Some(session) }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// A folder beside it, on a disk that nobody watches.
    #[must_use]
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// A directory that has been there for long.
    ///
    /// # Panics
    /// If it is there already.
    pub fn make_directory(&self, name: &str) {
        let node = Node::Directory(BTreeMap::new());
        self.shared.lock().files.add(ROOT, name, node).expect("a new name");
    }

    /// Starts a server, which must serve.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn start(&self, launch: &Launch) -> Watched<'_> {
        Watched { server: launch.start(), recorder: self }
    }

    /// Lets something go wrong.
    pub fn arm(&self, fault: Fault) {
        self.shared.lock().faults.arm(fault);
    }

    /// From now on nothing goes wrong. What hangs goes on hanging.
    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// How many operations went wrong.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.shared.lock().faults.hits
    }

    /// How many syncs hang.
    #[must_use]
    pub fn hanging(&self) -> usize {
        self.shared.lock().held.len()
    }

    /// Ends the syncs that hang, with success.
    pub fn release(&self) {
        self.end_hanging(Ok(()));
    }

    /// Ends the syncs that hang, with this error.
    pub fn fail_hanging(&self, errno: Errno) {
        self.end_hanging(Err(errno));
    }

    fn end_hanging(&self, result: Result<(), Errno>) {
        let mut state = self.shared.lock();
        for (sync, reply) in std::mem::take(&mut state.held) {
            state.end_sync(&sync, result);
            match result {
                Ok(()) => reply.ok(),
                Err(errno) => reply.error(serve::told(errno)),
            }
        }
    }

    /// Writes down that a client has its reply: so many units of its workload are acknowledged.
    pub fn acknowledged(&self, units: u64) {
        self.shared.lock().log.push(Operation::Acknowledged { units });
    }

    /// The bytes of a file below the mount, none if there is no such file.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Arc<Vec<u8>>> {
        let state = self.shared.lock();
        state.files.find(path).and_then(|file| state.files.bytes(file).cloned()).ok()
    }

    /// Whether the file exists, and a sync that succeeded has covered all its bytes.
    #[must_use]
    pub fn is_synced(&self, path: &str) -> bool {
        let state = self.shared.lock();
        let Ok(file) = state.files.find(path) else { return false };
        let length = state.files.bytes(file).map_or(0, |bytes| bytes.len() as u64);
        state.synced_bytes.get(&file) == Some(&length)
    }

    /// What happened, in order. Names are paths below the mount.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.shared.lock().log.clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // What hangs is refused, so that no program stays in the kernel.
        self.shared.lock().held.clear();
        // At once, even if somebody should still be there; the thread that serves ends with the
        // last of them. Waiting for it here could last for ever.
        umount2(&self.path(), MntFlags::MNT_DETACH).ok();
        drop(self.session.take());
    }
}

/// A server on the mount. Dropping it lets go what hangs, and then kills the server: even a killed
/// process waits in the kernel for its sync.
#[derive(Debug)]
pub struct Watched<'a> {
    server: Server,
    recorder: &'a Recorder,
}

impl Deref for Watched<'_> {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Watched<'_> {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.recorder.clear_faults();
        self.recorder.release();
    }
}

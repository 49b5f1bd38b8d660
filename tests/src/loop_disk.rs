//! A disk whose power can be cut: a real file system on a file.
//!
//! # How
//! A sparse file gets a file system and is mounted through a loop device. [`LoopDisk::cut`] shuts
//! the file system down without writing its journal: from then on nothing reaches the file any
//! more, as if the power had gone. [`LoopDisk::power_on`] takes the dead mount away and mounts the
//! file again, and the file system recovers by its journal as after a real cut. A cycle takes
//! about 40 ms.
//!
//! # What it does not show
//! The file is in the memory of the machine (a tmpfs: syncs then do not wait for the real disk),
//! and it has everything that was given to the device. A medium that loses or reorders its own
//! write cache, or tears a sector, is none of this;
//! the models of [`aof_core::sim::crash`] have that.
//!
//! # Nothing stays behind
//! The mount is one of [`crate::mounts`], and `mount -o loop` gives the device back with the mount.
//! So a test that panics or is killed leaves neither. One disk at a time: there may be no more than
//! eight loop devices.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use nix::mount::{MntFlags, MsFlags, mount, umount, umount2};

use crate::mounts::on_own_mounts;
use crate::{needs, power, wait};

/// Where the disk is mounted, in the folder of a place.
const MOUNTED: &str = "mounted";
/// Where the file is that is the disk.
const MEMORY: &str = "memory";

/// Which file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileSystem {
    /// With blocks of 4096 bytes, as on every disk that is not tiny.
    Ext4,
    /// As `mkfs.xfs` makes it.
    Xfs,
}

impl FileSystem {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }

    /// Bytes of the sparse file. XFS refuses to be smaller than 300 MB.
    const fn size_bytes(self) -> u64 {
        match self {
            Self::Ext4 => 64 << 20,
            Self::Xfs => 320 << 20,
        }
    }

    fn make(self, program: &Path, file: &Path) {
        let arguments: &[&str] = match self {
            Self::Ext4 => &["-q", "-F", "-b", "4096"],
            Self::Xfs => &["-q", "-f"],
        };
        run(Command::new(program).args(arguments).arg(file));
    }

    /// Whether the kernel has it. A module is loaded if there is a way to.
    fn is_known(self) -> bool {
        let listed = || {
            let list = fs::read_to_string("/proc/filesystems").unwrap_or_default();
            list.lines().any(|line| line.split_whitespace().next_back() == Some(self.name()))
        };
        if !listed() {
            // Where there is no such program, there may be no such module either.
            Command::new("modprobe").arg(self.name()).status().ok();
        }
        listed()
    }
}

/// What such disks need, and whether all of it is here.
#[derive(Clone, Debug)]
pub struct Maker {
    kind: FileSystem,
    program: PathBuf,
}

impl Maker {
    /// `None`, and a line that names what is not proven, where there is no root, no loop device, no
    /// program to make the file system, or no such file system in the kernel.
    ///
    /// # Panics
    /// In CI for all of these but a kernel without XFS, which nothing can be done about.
    #[must_use]
    pub fn find(kind: FileSystem, proves: &str) -> Option<Self> {
        if !needs::root(proves) {
            return None;
        }
        let program = needs::program(&format!("mkfs.{}", kind.name()), proves)?;
        if !Path::new("/dev/loop-control").exists() {
            needs::missing("/dev/loop-control", proves);
            return None;
        }
        if !kind.is_known() {
            assert!(kind == FileSystem::Xfs || !needs::in_ci(), "this kernel has no ext4");
            eprintln!("NOT PROVEN: {proves} (this kernel has no {})", kind.name());
            return None;
        }
        Some(Self { kind, program })
    }

    /// Runs `work` with a place for disks, on a thread whose mounts are its own. Only one such
    /// place exists at a time.
    ///
    /// # Panics
    /// If `work` panics.
    pub fn place<T: Send>(&self, work: impl FnOnce(&Place) -> T + Send) -> T {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        on_own_mounts(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let place = Place { maker: self.clone(), folder };
            for name in [MOUNTED, MEMORY] {
                fs::create_dir(place.beside().join(name)).expect("a place to mount");
            }
            let (kind, size) = (Some("tmpfs"), format!("size={}", self.kind.size_bytes()));
            let memory = place.beside().join(MEMORY);
            mount(kind, &memory, kind, MsFlags::empty(), Some(size.as_str())).expect("root may");
            work(&place)
        })
    }
}

/// Where disks are made, one after the other.
#[derive(Debug)]
pub struct Place {
    maker: Maker,
    folder: tempfile::TempDir,
}

impl Place {
    /// A folder on a disk whose power is not cut.
    #[must_use]
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// A new, empty disk, mounted with these options.
    ///
    /// # Panics
    /// If it cannot be made or mounted.
    #[must_use]
    pub fn disk(&self, options: &str) -> LoopDisk<'_> {
        let mut disk = LoopDisk { place: self, options: options.to_owned(), mounted: false };
        let image = disk.image();
        fs::remove_file(&image).ok();
        let file = File::create(&image).expect("a file for the disk");
        file.set_len(self.maker.kind.size_bytes()).expect("a sparse file");
        drop(file);
        self.maker.kind.make(&self.maker.program, &image);
        disk.mount();
        disk
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Else the folder could not be removed.
        umount2(&self.folder.path().join(MEMORY), MntFlags::MNT_DETACH).ok();
    }
}

/// A disk whose power can be cut.
pub struct LoopDisk<'a> {
    place: &'a Place,
    options: String,
    mounted: bool,
}

impl fmt::Debug for LoopDisk<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} with {:?}", self.place.maker.kind.name(), self.options)
    }
}

impl LoopDisk<'_> {
    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.place.folder.path().join(MOUNTED)
    }

    /// The options with which it is mounted.
    #[must_use]
    pub fn options(&self) -> &str {
        &self.options
    }

    fn image(&self) -> PathBuf {
        self.place.folder.path().join(MEMORY).join("disk")
    }

    /// Syncs a file that has nothing to do with any other. The journal that is committed for it is
    /// that of the whole file system.
    ///
    /// # Panics
    /// If the disk has no power.
    pub fn sync_unrelated(&self) {
        let open = File::options().create(true).append(true).open(self.path().join("unrelated"));
        let mut file = open.expect("a file beside the others");
        file.write_all(b"x").expect("there is room");
        file.sync_all().expect("the disk has power");
    }

    /// Makes everything durable that is on it.
    ///
    /// # Panics
    /// If the disk has no power.
    pub fn sync_all(&self) {
        let folder = File::open(self.path()).expect("the disk is mounted");
        nix::unistd::syncfs(folder).expect("the disk has power");
    }

    /// The power goes. Processes that have files open there go on and get errors.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn cut(&self) {
        let folder = File::open(self.path()).expect("the disk is mounted");
        power::cut(&folder).expect("root may cut the power of ext4 and XFS");
    }

    /// The power comes back: the file system recovers by its journal. Whoever has a file open there
    /// must be gone or going.
    ///
    /// # Panics
    /// If the disk is still in use, or cannot be mounted any more.
    pub fn power_on(&mut self) {
        wait::until_true("the disk to be free", || umount(&self.path()).is_ok());
        self.mounted = false;
        self.mount();
    }

    fn mount(&mut self) {
        let mut options = "loop".to_owned();
        if !self.options.is_empty() {
            options.push(',');
            options.push_str(&self.options);
        }
        let kind = self.place.maker.kind.name();
        let mut command = Command::new("mount");
        command.args(["-t", kind, "-o", &options]).arg(self.image()).arg(self.path());
        // The device of the mount before may be held for a moment, by whoever looks at new devices.
        let mut said = String::new();
        let mounted =
            wait::for_at_most(wait::LIMIT, || attempt(&mut command, &mut said).then_some(()));
        assert!(mounted.is_some(), "{command:?}: {said}");
        self.mounted = true;
    }
}

impl Drop for LoopDisk<'_> {
    fn drop(&mut self) {
        if self.mounted {
            // Also where a server still runs: the mount goes when the last file is closed.
            umount2(&self.path(), MntFlags::MNT_DETACH).ok();
        }
    }
}

fn run(command: &mut Command) {
    let mut said = String::new();
    assert!(attempt(command, &mut said), "{command:?}: {said}");
}

/// Whether it succeeded, with what it complained about.
fn attempt(command: &mut Command, said: &mut String) -> bool {
    let output = command.output().expect("the program runs");
    *said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success()
}

//! A disk whose power can be cut: an ext4 file system in a file, mounted where only this program
//! and its children see it.
//!
//! The mount lives in a mount namespace of its own, so that the kernel takes it away with the last
//! of them, however they end.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount, umount2};
use nix::sched::{CloneFlags, unshare};

use super::place::Place;
use crate::power_cut;

/// Room of the disk. Its file takes what is written only.
const DISK_BYTES: u64 = 384 * 1024 * 1024;
/// A process that was killed may need a moment to let go of its files.
const BUSY_LIMIT: Duration = Duration::from_secs(30);
/// For how long a mount is tried again.
const MOUNT_LIMIT: Duration = Duration::from_secs(3);
/// Between two mounts.
const MOUNT_PAUSE: Duration = Duration::from_millis(100);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// The disk; its mount ends with it.
#[derive(Debug)]
pub(super) struct LoopDisk {
    image: PathBuf,
    top: PathBuf,
    /// As `mount -o` takes them.
    options: String,
}

impl LoopDisk {
    /// Leaves the mount namespace of the machine, and makes the disk in the place's folder. To be
    /// called before there is any other thread: it would stay outside.
    ///
    /// # Errors
    /// If this is not root, or a program for it is missing.
    pub(super) fn make(place: &Place, options: Option<&str>) -> anyhow::Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            bail!("--power-cut makes and mounts a file system, which only root may do");
        }
        unshare(CloneFlags::CLONE_NEWNS).context("Can't leave the mount namespace")?;
        let nothing: Option<&str> = None;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(nothing, "/", nothing, private, nothing).context("Can't make mounts private")?;
        let options = options.map_or_else(String::new, |options| format!(",{options}"));
        let options = format!("loop{options}");
        let disk = Self { image: place.disk(), top: place.data(), options };
        std::fs::create_dir_all(&disk.top)?;
        disk.format()?;
        disk.mount()?;
        Ok(disk)
    }

    /// Begins again with an empty disk.
    ///
    /// # Errors
    /// If the disk is in use, or a program says no.
    pub(super) fn make_again(&self) -> anyhow::Result<()> {
        self.unmount()?;
        self.format()?;
        self.mount()
    }

    fn format(&self) -> anyhow::Result<()> {
        File::create(&self.image)?.set_len(DISK_BYTES)?;
        // Blocks as of a large disk; a small one would get smaller ones.
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-b", "4096"]).arg(&self.image))
    }

    /// Debian's mount sets a loop device up, and has it go with its mount. Somebody who looks at
    /// new devices may hold the one that has just gone, so a mount may need a second try.
    fn mount(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let mut command = Command::new("mount");
            command.args(["-t", "ext4", "-o", &self.options]).arg(&self.image).arg(&self.top);
            match run(&mut command) {
                Err(_) if began.elapsed() < MOUNT_LIMIT => thread::sleep(MOUNT_PAUSE),
                outcome => return outcome,
            }
        }
    }

    fn unmount(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            match umount(&self.top) {
                Ok(()) => return Ok(()),
                Err(Errno::EBUSY) if began.elapsed() < BUSY_LIMIT => thread::sleep(PAUSE),
                Err(errno) => return Err(errno).context("Can't unmount the disk"),
            }
        }
    }

    /// The power is gone.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub(super) fn cut(&self) -> anyhow::Result<()> {
        Ok(power_cut::cut(&self.top)?)
    }

    /// The power is back: the journal is replayed.
    ///
    /// # Errors
    /// If it cannot be mounted.
    pub(super) fn revive(&self) -> anyhow::Result<()> {
        self.unmount()?;
        self.mount()
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        if umount(&self.top).is_err() {
            umount2(&self.top, MntFlags::MNT_DETACH).ok();
        }
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("Can't run {name}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed: {}", said.trim());
    }
    Ok(())
}

//! The copy and the cut.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A file as it was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its length.
    pub(super) size_bytes: u64,
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Seen {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            size_bytes: metadata.len(),
            device: metadata.dev(),
            inode: metadata.ino(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Copies the file beside itself and then cuts it to `length_bytes`. Returns where the copy is.
/// `file` is the file that was looked at, open for reading.
pub(super) fn cut(
    path: &Path,
    file: &File,
    seen: &Seen,
    length_bytes: u64,
) -> anyhow::Result<PathBuf> {
    let shown = path.display();
    let writable = OpenOptions::new()
        .write(true)
        .open(path)
        .with_context(|| format!("Can't write to {shown}"))?;
    let unchanged = |file: &File| -> anyhow::Result<()> {
        if Seen::of(&file.metadata()?) == *seen {
            return Ok(());
        }
        bail!("{shown} has changed since it was looked at. It was left as it is; try again")
    };
    unchanged(&writable)?;
    let backup = copy(path, file).with_context(|| format!("Can't copy {shown}"))?;
    // The copy takes a while. What another program wrote meanwhile is not in it.
    if let Err(error) = unchanged(&writable) {
        fs::remove_file(&backup).ok();
        return Err(error);
    }
    let cut = writable.set_len(length_bytes).and_then(|()| writable.sync_all());
    cut.with_context(|| format!("Can't cut {shown}; a copy is in {}", backup.display()))?;
    Ok(backup)
}

/// Copies a file to a new name beside it, with its permissions, durably.
fn copy(path: &Path, mut file: &File) -> io::Result<PathBuf> {
    let metadata = file.metadata()?;
    let (backup, mut copy) = create_beside(path)?;
    let written = (|| {
        file.rewind()?;
        let bytes = io::copy(&mut file, &mut copy)?;
        if bytes != metadata.len() {
            return Err(io::Error::other(format!("{bytes} of {} bytes", metadata.len())));
        }
        // Only root may give a file away. Whoever else cuts a file owns it or shares its group.
        fchown(&copy, Some(metadata.uid()), Some(metadata.gid())).ok();
        copy.set_permissions(fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
        copy.sync_all()?;
        // The name must be durable, too, or the copy may be there without one.
        File::open(backup.parent().unwrap_or(Path::new(".")))?.sync_all()
    })();
    match written {
        Ok(()) => Ok(backup),
        Err(error) => {
            fs::remove_file(&backup).ok();
            Err(error)
        }
    }
}

/// Makes a file of a name that does not exist yet.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    const MOST_IN_A_SECOND: u32 = 1000;
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    for number in 1..=MOST_IN_A_SECOND {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-fix-{time}"));
        if number > 1 {
            name.push(format!("-{number}"));
        }
        // Nobody else reads it before it has the permissions of the original.
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&name);
        match created {
            Ok(file) => return Ok((PathBuf::from(name), file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many copies were made in this second"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_never_takes_a_name_that_exists() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log");
        fs::write(&path, "original").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("permitted");
        let mut copies = Vec::new();
        for _ in 0..5 {
            let file = File::open(&path).expect("readable");
            copies.push(copy(&path, &file).expect("copied"));
        }
        copies.sort();
        copies.dedup();
        assert_eq!(copies.len(), 5);
        for copy in copies {
            assert_eq!(fs::read(&copy).expect("readable"), b"original");
            let mode = fs::metadata(&copy).expect("there").permissions().mode();
            assert_eq!(mode & 0o7777, 0o640);
        }
    }

    #[test]
    fn a_file_that_changed_after_the_look_is_left_alone() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log");
        fs::write(&path, "0123456789").expect("written");
        let file = File::open(&path).expect("readable");
        let seen = Seen::of(&file.metadata().expect("there"));
        fs::write(&path, "0123456789abc").expect("written");
        let error = cut(&path, &file, &seen, 5).expect_err("changed");
        assert!(error.to_string().contains("has changed"), "{error}");
        // A rewrite puts another file under the name.
        fs::write(dir.path().join("new"), "0123456789").expect("written");
        fs::rename(dir.path().join("new"), &path).expect("renamed");
        cut(&path, &file, &seen, 5).expect_err("another file");
        assert_eq!(fs::read(&path).expect("readable"), b"0123456789");
        assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1, "no copy is left");
    }
}

//! Files that must not be one file. A server's log that is written into the append only file
//! would destroy it, and neither of the two would say why.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::lock::lock_path;

/// Two settings name one file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{setting} names the same file as {other}: {}. Give one of them another name.",
    path.display()
)]
pub struct SameFile {
    /// One setting.
    pub setting: &'static str,
    /// The other.
    pub other: &'static str,
    /// The file.
    pub path: PathBuf,
}

/// Checks that none of `others`, settings with their files, is the append only file or its lock.
///
/// # Errors
/// For the first that is.
pub fn check(log: &Path, others: &[(&'static str, PathBuf)]) -> Result<(), SameFile> {
    let lock = lock_path(log);
    for (setting, path) in others {
        for (other, file) in [("appendfilename", log), ("the lock of appendfilename", &*lock)] {
            if is_same(path, file) {
                return Err(SameFile { setting, other, path: path.clone() });
            }
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, or will once it is made.
fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        // A link to what does not exist yet is followed by hand, one step far.
        _ => place(one) == place(other),
    }
}

/// Where a file is or will be: its folder without links, and its name there.
fn place(path: &Path) -> PathBuf {
    let target = fs::read_link(path).map_or_else(
        |_| path.to_owned(),
        |target| path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target)),
    );
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.join(target.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn one_file_is_found_under_every_name() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = dir.path().join("appendonly.aof");
        let named = |path: &Path| check(&log, &[("logfile", path.to_owned())]);
        let link = dir.path().join("link");
        symlink("appendonly.aof", &link).expect("linked");
        let roundabout = dir.path().join("../").join(dir.path().file_name().expect("a name"));
        // Before the log exists, and when it does.
        for _ in 0..2 {
            assert!(named(&log).is_err());
            assert!(named(&link).is_err());
            assert!(named(&roundabout.join("appendonly.aof")).is_err());
            assert!(named(&dir.path().join("appendonly.aof.lock")).is_err());
            assert_eq!(named(&dir.path().join("aofd.log")), Ok(()));
            assert_eq!(named(Path::new("/dev/null")), Ok(()));
            fs::write(&log, "").expect("written");
        }
        let twin = dir.path().join("twin");
        fs::hard_link(&log, &twin).expect("linked");
        let error = named(&twin).expect_err("one file with two names");
        assert_eq!(error.setting, "logfile");
        assert!(error.to_string().contains("twin"), "{error}");
    }
}

//! What need not be done again: a step leaves the hash of its inputs beside the build, and is
//! skipped while they are the same and its output is there. Contents are hashed, not times, so a
//! change of branch and back costs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xxhash_rust::xxh3::Xxh3;

use crate::project::Project;

/// Folders that are made, not written.
const MADE: [&str; 7] =
    ["node_modules", "dist", "target", ".svelte-kit", ".vite", "test-results", "playwright-report"];

/// The state of a step's inputs, and where the last successful one is kept.
pub(crate) struct Stamp {
    kept: PathBuf,
    value: String,
}

impl Stamp {
    /// Hashes `inputs` (files and folders, from the top of the checkout; absent ones count as
    /// absent) and `facts`, such as the versions of the tools.
    pub(crate) fn of(
        project: &Project,
        step: &str,
        inputs: &[&str],
        facts: &[&str],
    ) -> Result<Self> {
        let mut hash = Xxh3::new();
        for fact in facts {
            mix(&mut hash, fact.as_bytes());
        }
        for input in inputs {
            mix(&mut hash, input.as_bytes());
            mix_path(&mut hash, &project.at(input))?;
        }
        let kept = project.target().join("xtask").join(format!("{step}.stamp"));
        Ok(Self { kept, value: format!("{:032x}", hash.digest128()) })
    }

    /// Whether the step was done for these inputs and `output` is still there.
    pub(crate) fn is_fresh(&self, output: &Path) -> bool {
        output.exists() && fs::read_to_string(&self.kept).is_ok_and(|kept| kept == self.value)
    }

    /// The step begins: until it succeeds nothing may be skipped.
    pub(crate) fn begin(&self) -> Result<()> {
        match fs::remove_file(&self.kept) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The step has succeeded.
    pub(crate) fn done(&self) -> Result<()> {
        if let Some(folder) = self.kept.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.kept, &self.value).with_context(|| self.kept.display().to_string())
    }
}

/// The length goes in first, so that two inputs cannot trade bytes.
fn mix(hash: &mut Xxh3, bytes: &[u8]) {
    hash.update(&(bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn mix_path(hash: &mut Xxh3, path: &Path) -> Result<()> {
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if MADE.iter().any(|made| name == *made) {
                continue;
            }
            mix(hash, name.as_encoded_bytes());
            mix_path(hash, &entry.path())?;
        }
    } else if path.is_file() {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        mix(hash, &bytes);
    }
    Ok(())
}

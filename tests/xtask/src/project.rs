//! Where things are: the checkout, the build folder, the tools installed for this project.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

/// One checkout of the project.
pub(crate) struct Project {
    root: PathBuf,
    target: PathBuf,
    tools: PathBuf,
    path: OsString,
    ci: bool,
}

impl Project {
    /// Finds the checkout this program was built from.
    ///
    /// Tools go to `target/tools`, or to `AOF_LAB_TOOLS` when several checkouts share them.
    pub(crate) fn discover() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .ancestors()
            .nth(2)
            .ok_or_else(|| anyhow!("{} is not inside the project", manifest.display()))?
            .to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => root.join(target),
            None => root.join("target"),
        };
        let tools = match env::var_os("AOF_LAB_TOOLS") {
            Some(tools) => root.join(tools),
            None => target.join("tools"),
        };
        let own = [tools.join("bin"), root.join("www/node_modules/.bin")];
        let before = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(own.into_iter().chain(env::split_paths(&before)))
            .context("a folder of the project's path contains a colon")?;
        let ci = env::var_os("CI").is_some_and(|value| value == "true" || value == "1");
        Ok(Self { root, target, tools, path, ci })
    }

    /// A path given from the top of the checkout.
    pub(crate) fn at(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where the project's own tools are installed.
    pub(crate) fn tools(&self) -> &Path {
        &self.tools
    }

    /// Whether nothing may be missing.
    pub(crate) fn is_ci(&self) -> bool {
        self.ci
    }

    /// A program that finds the project's tools first.
    pub(crate) fn command(&self, program: &str) -> Command {
        let found = self.find(program).unwrap_or_else(|| PathBuf::from(program));
        let mut command = Command::new(found);
        command.current_dir(&self.root).env("PATH", &self.path);
        command.env("AOF_LAB_TOOLS", &self.tools);
        command
    }

    /// Cargo, at the top of the checkout.
    pub(crate) fn cargo(&self) -> Command {
        self.command("cargo")
    }

    /// The npm of the machine, in a folder given from the top. It reports nothing home.
    pub(crate) fn npm(&self, folder: &str) -> Command {
        let mut command = self.command("npm");
        command.current_dir(self.at(folder));
        command.envs([("npm_config_fund", "false"), ("npm_config_audit", "false")]);
        command.env("npm_config_update_notifier", "false");
        command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        command
    }

    /// The first program of this name among the project's tools and on the path.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).map(|folder| folder.join(program)).find(|path| path.is_file())
    }

    /// The version of a package in `Cargo.lock`.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let lock = fs::read_to_string(self.at("Cargo.lock")).context("Cargo.lock")?;
        locked_version(&lock, package)
            .ok_or_else(|| anyhow!("Cargo.lock has no package named {package}"))
    }

    /// The `rust-version` of the workspace.
    pub(crate) fn rust_version(&self) -> Result<String> {
        let manifest = fs::read_to_string(self.at("Cargo.toml")).context("Cargo.toml")?;
        manifest
            .lines()
            .find_map(|line| line.strip_prefix("rust-version = "))
            .map(|value| value.trim_matches('"').to_owned())
            .ok_or_else(|| anyhow!("Cargo.toml names no rust-version"))
    }
}

/// Cargo writes `name` and `version` on two lines that follow each other.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name)?;
    let version = lines.next()?.strip_prefix("version = ")?;
    Some(version.trim_matches('"').to_owned())
}

/// Compares versions number by number; what follows a `-` is ignored.
pub(crate) fn at_least(version: &str, wanted: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let plain = text.trim_start_matches('v').split('-').next().unwrap_or_default();
        plain.split('.').map(|number| number.parse().unwrap_or(0)).collect()
    };
    numbers(version) >= numbers(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(at_least("1.95.0", "1.95"));
        assert!(at_least("v20.20.2", "20.19"));
        assert!(at_least("1.100.0-nightly", "1.95"));
        assert!(!at_least("v20.9.0", "20.19"));
        assert!(!at_least("18.19.1", "20.19"));
        assert!(!at_least("", "20.19"));
    }

    #[test]
    fn the_locked_version_is_that_of_the_whole_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}

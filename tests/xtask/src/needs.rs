//! The list of what must be installed: for the page, and for the tests.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Result;

use crate::need::{Cure, Need};
use crate::project::{Project, at_least};
use crate::run;

/// The oldest Node that the page's build tool runs on.
const NODE: &str = "20.19";
/// The wasm-pack that this program was written against.
const WASM_PACK: &str = "0.15.1";
/// The cargo-fuzz that this program was written against.
const CARGO_FUZZ: &str = "0.13.2";
/// What is not shown where nothing can be fuzzed.
pub(crate) const FUZZING_PROVES: &str = "that no input makes the engine panic (fuzzing)";
/// The toolchain that Miri is a component of.
pub(crate) const NIGHTLY: &str = "nightly";
/// The target of the page's module.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// What the page needs, except for npm packages, which [`crate::page`] keeps fresh.
pub(crate) fn for_page(project: &Project) -> Result<Vec<Need>> {
    let mut needs = for_wasm(project)?;
    needs.push(node());
    Ok(needs)
}

/// What a module for the browser needs.
pub(crate) fn for_wasm(project: &Project) -> Result<Vec<Need>> {
    Ok(vec![rust(project)?, wasm_target(project), wasm_bindgen(project)?, wasm_pack(project)])
}

/// What the checks of style need.
pub(crate) fn for_lint(project: &Project) -> Result<Vec<Need>> {
    Ok(vec![rust(project)?, components(project), wasm_target(project), make()])
}

/// What `cargo test` needs beyond Rust.
pub(crate) fn for_native(project: &Project) -> Result<Vec<Need>> {
    Ok(vec![rust(project)?, make(), redis(), redis_py(), strace(), ext4(), xfs()])
}

/// What the measurements beside Redis need.
pub(crate) fn for_bench(project: &Project) -> Result<Vec<Need>> {
    Ok(vec![rust(project)?, make(), redis(), strace(), taskset()])
}

/// The browser and its driver.
pub(crate) fn for_browser() -> Vec<Need> {
    vec![browser()]
}

/// What the tests of the page need beyond the page itself.
pub(crate) fn for_page_tests() -> Vec<Need> {
    vec![browser(), font()]
}

/// What the fuzz targets need. The sanitizer comes with the toolchain of rustup, also with the
/// stable one.
pub(crate) fn for_fuzz(project: &Project) -> Result<Vec<Need>> {
    let tool = cargo_tool(project, "cargo-fuzz", "cargo-fuzz", CARGO_FUZZ, &["--locked"]);
    Ok(vec![rust(project)?, cxx_compiler(), sanitizer(), tool])
}

/// What interprets the tests of `core`. Nothing else is shown by that, so nothing goes on without.
pub(crate) fn for_miri(project: &Project) -> Result<Vec<Need>> {
    Ok(vec![rust(project)?, nightly(project), miri(project)])
}

/// Only Rust itself.
pub(crate) fn for_core(project: &Project) -> Result<Vec<Need>> {
    Ok(vec![rust(project)?])
}

fn rust(project: &Project) -> Result<Need> {
    let wanted = project.rust_version()?;
    Ok(Need {
        name: format!("Rust {wanted} or newer"),
        proves: None,
        found: Box::new(move |project| {
            let version = rust_release(project)?;
            at_least(&version, &wanted).then_some(version)
        }),
        cure: Cure::ByHand("rustup update stable".to_owned()),
    })
}

/// The release of the Rust compiler in use here.
pub(crate) fn rust_release(project: &Project) -> Option<String> {
    let text = run::answer(project.command("rustc").arg("--version"))?;
    text.split_whitespace().nth(1).map(str::to_owned)
}

fn rustup(project: &Project, arguments: &[&str], about: &'static str) -> Cure {
    let mut command = project.command("rustup");
    command.args(arguments);
    Cure::Run { line: run::line(&command), command: Box::new(command), about }
}

fn components(project: &Project) -> Need {
    Need {
        name: "clippy and rustfmt".to_owned(),
        proves: None,
        found: Box::new(|project| {
            let clippy = run::answer(project.cargo().args(["clippy", "--version"]))?;
            run::answer(project.cargo().args(["fmt", "--version"]))?;
            clippy.split_whitespace().nth(1).map(str::to_owned)
        }),
        cure: rustup(project, &["component", "add", "clippy", "rustfmt"], "a few seconds"),
    }
}

/// A nightly that is here is not renewed: not every nightly has every component.
fn nightly(project: &Project) -> Need {
    let install = ["toolchain", "install", NIGHTLY, "--profile", "minimal"];
    Need {
        name: "a nightly Rust".to_owned(),
        proves: None,
        found: Box::new(|project| {
            let ask = ["run", NIGHTLY, "rustc", "--version"];
            let text = run::answer(project.command("rustup").args(ask))?;
            text.split_whitespace().nth(1).map(str::to_owned)
        }),
        cure: rustup(project, &install, "a minute"),
    }
}

/// It interprets the standard library too, and compiles it from its source.
fn miri(project: &Project) -> Need {
    let add = ["component", "add", "miri", "rust-src", "--toolchain", NIGHTLY];
    Need {
        name: "Miri and the source of the standard library".to_owned(),
        proves: None,
        found: Box::new(|project| {
            let ask = ["run", NIGHTLY, "rustc", "--print", "sysroot"];
            let toolchain = run::answer(project.command("rustup").args(ask))?;
            let library = "lib/rustlib/src/rust/library/Cargo.toml";
            let ask = ["run", NIGHTLY, "cargo", "miri", "--version"];
            let text = run::answer(project.command("rustup").args(ask))?;
            let version = text.split_whitespace().nth(1)?;
            Path::new(&toolchain).join(library).is_file().then(|| version.to_owned())
        }),
        cure: rustup(project, &add, "a few seconds"),
    }
}

fn wasm_target(project: &Project) -> Need {
    Need {
        name: format!("Rust target {WASM_TARGET}"),
        proves: None,
        found: Box::new(|project| {
            let ask = ["--print", "target-libdir", "--target", WASM_TARGET];
            let folder = run::answer(project.command("rustc").args(ask))?;
            Path::new(&folder).is_dir().then(|| "installed".to_owned())
        }),
        cure: rustup(project, &["target", "add", WASM_TARGET], "a few seconds"),
    }
}

/// The command line tool must have the version of the library, to the last digit.
///
/// It is installed without `--locked`: its own lock file names versions that no longer resolve.
fn wasm_bindgen(project: &Project) -> Result<Need> {
    let version = project.locked_version("wasm-bindgen")?;
    let mut need = cargo_tool(project, "wasm-bindgen-cli", "wasm-bindgen", &version, &[]);
    let runner = need.found;
    need.found = Box::new(move |project| {
        project.find("wasm-bindgen-test-runner")?;
        runner(project)
    });
    Ok(need)
}

fn wasm_pack(project: &Project) -> Need {
    cargo_tool(project, "wasm-pack", "wasm-pack", WASM_PACK, &["--locked"])
}

fn cargo_tool(
    project: &Project,
    package: &str,
    program: &'static str,
    version: &str,
    more: &[&str],
) -> Need {
    let mut command = project.cargo();
    command.args(["install", package, "--version", version]).args(more).arg("--root");
    command.arg(project.tools());
    let line = run::line(&command);
    // An interrupted install goes on where it stopped, and the two tools share what they share.
    command.env("CARGO_TARGET_DIR", project.tools().join("build"));
    // A tool that runs for a second need not be optimised for minutes.
    command.envs([
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ]);
    let wanted = version.to_owned();
    Need {
        name: format!("{package} {version}"),
        proves: None,
        found: Box::new(move |project| {
            let text = run::answer(project.command(program).arg("--version"))?;
            (text.split_whitespace().nth(1)? == wanted).then(|| "installed".to_owned())
        }),
        cure: Cure::Run { command: Box::new(command), about: "about 3 minutes", line },
    }
}

fn node() -> Need {
    Need {
        name: format!("Node {NODE} or newer"),
        proves: None,
        found: Box::new(|project| {
            project.find("npm")?;
            let version = run::answer(project.command("node").arg("--version"))?;
            at_least(&version, NODE).then_some(version)
        }),
        cure: Cure::ByHand(
            "sudo apt-get install --yes nodejs npm && sudo npm install --global n && sudo n 22"
                .to_owned(),
        ),
    }
}

/// Debian keeps the server's program in `redis-tools`, under the name of its checker; the package
/// `redis-server` adds only a link and a system service. The service would take port 6379 from
/// the one who wants to try `aofd`, so the link is made here and no service is installed.
fn redis() -> Need {
    Need {
        name: "redis-server, redis-cli, redis-benchmark, redis-check-aof".to_owned(),
        proves: Some("that Redis's own programs agree with aofd"),
        found: Box::new(|project| {
            for program in ["redis-cli", "redis-benchmark", "redis-check-aof"] {
                project.find(program)?;
            }
            if project.find("redis-server").is_none() {
                link_redis_server(project)?;
            }
            let text = run::answer(project.command("redis-server").arg("--version"))?;
            let version = text.split_whitespace().find_map(|word| word.strip_prefix("v="))?;
            Some(version.to_owned())
        }),
        cure: Cure::Packages(&["redis-tools"]),
    }
}

fn link_redis_server(project: &Project) -> Option<()> {
    let same_program = project.find("redis-check-rdb")?;
    let folder = project.tools().join("bin");
    fs::create_dir_all(&folder).ok()?;
    symlink(same_program, folder.join("redis-server")).ok()
}

/// Debian's package works with Debian's Python, which need not be the first on `PATH`.
fn redis_py() -> Need {
    Need {
        name: "redis-py".to_owned(),
        proves: Some("that Python's client library works with aofd"),
        found: Box::new(|project| {
            let script = "import redis; print(redis.__version__)";
            run::answer(project.command("/usr/bin/python3").args(["-c", script]))
        }),
        cure: Cure::Packages(&["python3-redis"]),
    }
}

fn strace() -> Need {
    Need {
        name: "strace".to_owned(),
        proves: Some("that the system calls of aofd are the effects of core"),
        found: Box::new(|project| {
            let text = run::answer(project.command("strace").arg("--version"))?;
            text.lines().next()?.rsplit(' ').next().map(str::to_owned)
        }),
        cure: Cure::Packages(&["strace"]),
    }
}

fn ext4() -> Need {
    file_system("mkfs.ext4", "what a power cut leaves on ext4", &["e2fsprogs"])
}

fn xfs() -> Need {
    file_system("mkfs.xfs", "what a power cut leaves on XFS", &["xfsprogs"])
}

fn file_system(
    program: &'static str,
    proves: &'static str,
    package: &'static [&'static str],
) -> Need {
    Need {
        name: program.to_owned(),
        proves: Some(proves),
        found: Box::new(move |project| project.find(program).map(|_| "installed".to_owned())),
        cure: Cure::Packages(package),
    }
}

fn taskset() -> Need {
    Need {
        name: "taskset".to_owned(),
        proves: Some("speed, with server and generator on cores of their own"),
        found: Box::new(|project| {
            let text = run::answer(project.command("taskset").arg("--version"))?;
            text.rsplit(' ').next().map(str::to_owned)
        }),
        cure: Cure::Packages(&["util-linux"]),
    }
}

/// The server's allocator is written in C and built with make.
fn make() -> Need {
    Need {
        name: "make and a C compiler".to_owned(),
        proves: None,
        found: Box::new(|project| {
            project.find("cc")?;
            let text = run::answer(project.command("make").arg("--version"))?;
            text.lines().next()?.rsplit(' ').next().map(str::to_owned)
        }),
        cure: Cure::Packages(&["make", "gcc", "libc6-dev"]),
    }
}

/// libFuzzer is written in C++ and compiled with the targets.
fn cxx_compiler() -> Need {
    Need {
        name: "a C++ compiler".to_owned(),
        proves: Some(FUZZING_PROVES),
        found: Box::new(|project| {
            let text = run::answer(project.command("c++").arg("--version"))?;
            text.lines().next().map(str::to_owned)
        }),
        cure: Cure::Packages(&["g++"]),
    }
}

fn sanitizer() -> Need {
    Need {
        name: "the address sanitizer of Rust".to_owned(),
        proves: Some(FUZZING_PROVES),
        found: Box::new(|project| {
            let libraries =
                run::answer(project.command("rustc").args(["--print", "target-libdir"]))?;
            let mut entries = fs::read_dir(libraries).ok()?.flatten();
            let is_it = |name: &str| name.starts_with("librustc") && name.ends_with("asan.a");
            entries
                .any(|entry| entry.file_name().to_str().is_some_and(is_it))
                .then(|| "installed".to_owned())
        }),
        cure: Cure::ByHand("rustup toolchain install stable && rustup default stable".to_owned()),
    }
}

/// Both come from one Debian source package, so their versions agree.
fn browser() -> Need {
    Need {
        name: "Chromium and its driver".to_owned(),
        proves: Some("anything that runs in a browser"),
        found: Box::new(|project| {
            project.find("chromedriver")?;
            let text = run::answer(project.command("chromium").arg("--version"))?;
            text.split_whitespace().nth(1).map(str::to_owned)
        }),
        cure: Cure::Packages(&["chromium", "chromium-driver"]),
    }
}

fn font() -> Need {
    Need {
        name: "a font with Chinese characters".to_owned(),
        proves: Some("how the Chinese page looks"),
        found: Box::new(|project| {
            let fonts = run::answer(project.command("fc-list").args([":lang=zh-cn", "family"]))?;
            Some(fonts.lines().next()?.split(',').next()?.to_owned())
        }),
        cure: Cure::Packages(&["fonts-noto-cjk", "fontconfig"]),
    }
}

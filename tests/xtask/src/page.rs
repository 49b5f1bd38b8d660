//! Builds the page: npm packages, the module for the browser, the static files. Each step is
//! skipped while its inputs are what they were.

use anyhow::{Result, bail};

use crate::needs::rust_release;
use crate::project::Project;
use crate::run;
use crate::stamp::Stamp;

/// What the module is made from.
const MODULE_INPUTS: [&str; 6] =
    ["Cargo.toml", "Cargo.lock", ".cargo", "core/Cargo.toml", "core/src", "web"];

/// Builds everything that `www/serve.mjs` serves.
pub(crate) fn build(project: &Project) -> Result<()> {
    install_packages(project, "www")?;
    build_module(project)?;
    build_site(project)
}

/// `npm ci`: exactly what the lock file says.
pub(crate) fn install_packages(project: &Project, folder: &str) -> Result<()> {
    let lock = format!("{folder}/package-lock.json");
    if !project.at(&lock).is_file() {
        bail!("{lock} is missing: this checkout has no {folder}");
    }
    let inputs = [lock, format!("{folder}/package.json"), format!("{folder}/.npmrc")];
    let inputs = inputs.each_ref().map(String::as_str);
    let node = run::answer(project.command("node").arg("--version")).unwrap_or_default();
    let step = format!("npm-{}", folder.replace('/', "-"));
    let stamp = Stamp::of(project, &step, &inputs, &[&node])?;
    let installed = project.at(&format!("{folder}/node_modules/.package-lock.json"));
    if stamp.is_fresh(&installed) {
        println!("npm packages of {folder}: as in its lock file");
        return Ok(());
    }
    stamp.begin()?;
    println!("npm packages of {folder}: installing (about a minute)");
    run::check(project.npm(folder).arg("ci"))?;
    stamp.done()
}

/// `www/pkg`: core and web as WebAssembly, with types.
pub(crate) fn build_module(project: &Project) -> Result<()> {
    // wasm-pack would download this one itself, from a place that need not be reachable.
    if !project.at("www/node_modules/.bin/wasm-opt").exists() {
        bail!("www/node_modules has no wasm-opt: www/package.json must list binaryen");
    }
    let rust = rust_release(project).unwrap_or_default();
    let packages = std::fs::read_to_string(project.at("www/package-lock.json"))?;
    let stamp = Stamp::of(project, "module", &MODULE_INPUTS, &[&rust, &packages])?;
    if stamp.is_fresh(&project.at("www/pkg/aof_web_bg.wasm")) {
        println!("the module: unchanged");
        return Ok(());
    }
    stamp.begin()?;
    println!("the module: building (about a minute)");
    let mut command = project.command("wasm-pack");
    command.args(["build", "web", "--target", "web", "--profile", "wasm", "--no-pack"]);
    command.args(["--mode", "no-install", "--out-dir", "../www/pkg"]);
    run::check(&mut command)?;
    stamp.done()
}

/// `www/dist`: what a browser loads.
pub(crate) fn build_site(project: &Project) -> Result<()> {
    let stamp = Stamp::of(project, "site", &["www"], &[])?;
    if stamp.is_fresh(&project.at("www/dist/index.html")) {
        println!("the page: unchanged");
        return Ok(());
    }
    stamp.begin()?;
    println!("the page: building (a few seconds)");
    run::check(project.npm("www").args(["run", "build"]))?;
    stamp.done()
}

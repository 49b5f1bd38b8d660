//! `cargo xtask test`: the steps of a test run, cheap and likely to fail first; the first failure
//! ends it. A table at the end tells what was shown and how long it took.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::closing::Closing;
use crate::counts::{self, Counts};
use crate::need::{self, Missing, Need};
use crate::needs::{self, WASM_TARGET};
use crate::project::Project;
use crate::{fuzz, page, run};

/// A part of the tests, for those who work on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subset {
    /// Format, clippy for both targets, documentation
    Lint,
    /// Unit tests of core
    Core,
    /// Tests of the server and its tools, with Redis's own programs beside them
    Native,
    /// A short run of every fuzz target
    Fuzz,
    /// Tests of the Lab object in a headless browser
    Browser,
    /// Types, build and tests of the page
    Page,
}

/// What happens to the number of tests that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It must be the expected one.
    Compare,
    /// It becomes the expected one.
    Rewrite,
}

/// One step of the plan.
struct Step {
    name: &'static str,
    /// The step counts tests, so it is part of [`Mode::Rewrite`].
    counts: bool,
    work: fn(&mut Session<'_>) -> Result<()>,
}

/// What the steps share.
struct Session<'a> {
    project: &'a Project,
    mode: Mode,
    counts: Counts,
    missing: Vec<Missing>,
}

/// How a step ended.
enum Ending {
    Passed(Duration),
    Unproven,
    Failed(Duration),
    NotRun,
}

/// Runs the plan for `subset`, or all of it.
pub(crate) fn run(project: &Project, subset: Option<Subset>, mode: Mode) -> Result<()> {
    let counts = match (mode, Counts::read(project)) {
        (Mode::Rewrite, Err(_)) => Counts::default(),
        (_, counts) => counts?,
    };
    let start = Instant::now();
    let missing = need::meet(project, needs_of(project, subset)?)?;
    let set_up = start.elapsed();
    let mut session = Session { project, mode, counts, missing };
    let steps = plan(subset, mode);
    let mut table = vec![("set-up", Ending::Passed(set_up))];
    let mut failure = None;
    for step in steps {
        let ending = match &failure {
            Some(_) => Ending::NotRun,
            None => session.perform(&step).unwrap_or_else(|(error, took)| {
                failure = Some(error.context(step.name));
                Ending::Failed(took)
            }),
        };
        table.push((step.name, ending));
    }
    print_table(&table, start.elapsed());
    for missing in &session.missing {
        println!("NOT PROVEN: {} ({} is missing; {})", missing.proves, missing.name, missing.line);
    }
    match failure {
        Some(error) => Err(error),
        None if mode == Mode::Rewrite => session.counts.write(project),
        None => Ok(()),
    }
}

/// Each need once, in the order in which the steps meet them.
fn needs_of(project: &Project, subset: Option<Subset>) -> Result<Vec<Need>> {
    let of = |part| -> Result<Vec<Need>> {
        let mut needs = match part {
            Subset::Lint => needs::for_lint(project)?,
            Subset::Core => needs::for_core(project)?,
            Subset::Native => needs::for_native(project)?,
            Subset::Fuzz => needs::for_fuzz(project)?,
            Subset::Browser => needs::for_wasm(project)?,
            Subset::Page => needs::for_page(project)?,
        };
        match part {
            Subset::Browser => needs.extend(needs::for_browser()),
            Subset::Page => needs.extend(needs::for_page_tests()),
            Subset::Lint | Subset::Core | Subset::Native | Subset::Fuzz => {}
        }
        Ok(needs)
    };
    let mut all: Vec<Need> = Vec::new();
    for part in Subset::value_variants() {
        if subset.is_some_and(|subset| subset != *part) {
            continue;
        }
        for need in of(*part)? {
            if all.iter().all(|other| other.name != need.name) {
                all.push(need);
            }
        }
    }
    Ok(all)
}

/// The steps of a run, in order.
fn plan(subset: Option<Subset>, mode: Mode) -> Vec<Step> {
    let step = |name, work| Step { name, counts: false, work };
    let counted = |name, work| Step { name, counts: true, work };
    let lint = [
        step("format", format),
        step("clippy", clippy),
        step("clippy for wasm32", clippy_wasm),
        step("core for wasm32", core_for_wasm),
        step("documentation", documentation),
    ];
    let page = [
        step("page: packages and module", page_module),
        step("page: types", page_types),
        step("page: build", page_build),
        counted("page: tests", page_tests),
    ];
    let mut steps = Vec::new();
    match subset {
        Some(Subset::Lint) => steps.extend(lint),
        Some(Subset::Core) => steps.push(counted("tests of core", test_core)),
        Some(Subset::Native) => steps.push(counted("native tests", test_native)),
        Some(Subset::Fuzz) => steps.push(counted("fuzz", fuzz_targets)),
        Some(Subset::Browser) => steps.push(counted("browser tests", test_browser)),
        Some(Subset::Page) => steps.extend(page),
        None => {
            steps.extend(lint);
            steps.push(counted("cargo test", test_workspace));
            steps.push(counted("fuzz", fuzz_targets));
            steps.push(counted("browser tests", test_browser));
            steps.extend(page);
        }
    }
    // The tests of the page need the page, so its build stays.
    steps.retain(|step| mode == Mode::Compare || step.counts || step.name.starts_with("page"));
    steps
}

impl Session<'_> {
    fn perform(&mut self, step: &Step) -> Result<Ending, (anyhow::Error, Duration)> {
        println!("\n=== {}", step.name);
        let lacks = |missing: &&Missing| match step.name {
            "browser tests" | "page: tests" => missing.name.starts_with("Chromium"),
            "fuzz" => missing.proves == needs::FUZZING_PROVES,
            _ => false,
        };
        if let Some(missing) = self.missing.iter().find(lacks) {
            println!("not run: {} is missing", missing.name);
            return Ok(Ending::Unproven);
        }
        let start = Instant::now();
        match (step.work)(self) {
            Ok(()) => Ok(Ending::Passed(start.elapsed())),
            Err(error) => Err((error, start.elapsed())),
        }
    }

    /// Judges what a runner reported.
    fn settle(&mut self, runner: &str, covers: fn(&str) -> bool, closing: &Closing) -> Result<()> {
        if !closing.odd().is_empty() {
            bail!("every test must run and pass, but: {}", closing.odd().join(", "));
        }
        let differences = self.counts.differences(runner, covers, closing.passed());
        if self.mode == Mode::Rewrite {
            for difference in &differences {
                let why = if difference.is_lower() { " (say why in the commit)" } else { "" };
                println!("{difference}{why}");
            }
            self.counts.adopt(runner, covers, closing.passed());
            return Ok(());
        }
        if differences.is_empty() {
            return Ok(());
        }
        for difference in &differences {
            eprintln!("{difference}");
        }
        bail!(
            "the number of tests is not the one in {}; `cargo xtask counts` writes the new one, \
             and a commit that lowers a number says why",
            counts::FILE
        )
    }

    fn cargo_test(&mut self, arguments: &[&str], covers: fn(&str) -> bool) -> Result<()> {
        let mut closing = Closing::default();
        let mut command = self.project.cargo();
        run::watch(command.arg("test").args(arguments), |line| closing.read_cargo(line))?;
        self.settle("cargo", covers, &closing)
    }
}

fn format(session: &mut Session<'_>) -> Result<()> {
    run::check(session.project.cargo().args(["fmt", "--all", "--check"]))?;
    // The fuzz targets are a workspace of their own.
    let fuzz = ["fmt", "--manifest-path", fuzz::MANIFEST, "--check"];
    run::check(session.project.cargo().args(fuzz))
}

fn clippy(session: &mut Session<'_>) -> Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run::check(session.project.cargo().args(arguments))
}

fn clippy_wasm(session: &mut Session<'_>) -> Result<()> {
    let mut command = session.project.cargo();
    command.args(["clippy", "--target", WASM_TARGET, "-p", "aof-core", "-p", "aof-web"]);
    command.args(["-p", "aof-tests", "--lib", "--test", "browser", "--", "-D", "warnings"]);
    run::check(&mut command)
}

fn core_for_wasm(session: &mut Session<'_>) -> Result<()> {
    run::check(session.project.cargo().args(["build", "-p", "aof-core", "--target", WASM_TARGET]))
}

fn documentation(session: &mut Session<'_>) -> Result<()> {
    let mut command = session.project.cargo();
    // Private items are documented too: these crates are read by those who work on them.
    command
        .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links");
    run::check(&mut command)
}

fn test_workspace(session: &mut Session<'_>) -> Result<()> {
    session.cargo_test(&["--workspace"], |_| true)
}

fn test_core(session: &mut Session<'_>) -> Result<()> {
    session.cargo_test(&["-p", "aof-core"], |suite| suite.starts_with("aof_core "))
}

fn test_native(session: &mut Session<'_>) -> Result<()> {
    session.cargo_test(&["-p", "aof-native", "-p", "aof-tests"], |suite| {
        let artifact = suite.split(' ').next().unwrap_or_default();
        !matches!(artifact, "aof_core" | "aof_web" | "xtask")
    })
}

fn fuzz_targets(session: &mut Session<'_>) -> Result<()> {
    let mut closing = Closing::default();
    fuzz::run_all(session.project, &mut closing)?;
    session.settle("fuzz", |_| true, &closing)
}

fn test_browser(session: &mut Session<'_>) -> Result<()> {
    let project = session.project;
    let Some(driver) = project.find("chromedriver") else { bail!("no chromedriver") };
    let mut command = project.command("wasm-pack");
    command.args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"]);
    command.arg(driver).args(["tests", "--test", "browser"]);
    // The defaults, 5 and 20 seconds, are short for a cold start on a busy machine.
    command
        .envs([("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60"), ("WASM_BINDGEN_TEST_TIMEOUT", "300")]);
    let mut closing = Closing::default();
    run::watch(&mut command, |line| closing.read_cargo(line))?;
    session.settle("browser", |_| true, &closing)
}

fn page_module(session: &mut Session<'_>) -> Result<()> {
    page::install_packages(session.project, "www")?;
    page::build_module(session.project)
}

fn page_types(session: &mut Session<'_>) -> Result<()> {
    run::check(session.project.npm("www").args(["run", "check"]))
}

fn page_build(session: &mut Session<'_>) -> Result<()> {
    page::build_site(session.project)
}

fn page_tests(session: &mut Session<'_>) -> Result<()> {
    let project = session.project;
    page::install_packages(project, "tests/page")?;
    let Some(chromium) = project.find("chromium") else { bail!("no chromium") };
    // Any free port, so that two checkouts can be tested at once.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut closing = Closing::default();
    let mut command = project.npm("tests/page");
    command.arg("test").env("AOF_LAB_CHROMIUM", chromium);
    command.env("AOF_LAB_PAGE_PORT", port.to_string());
    run::watch(&mut command, |line| closing.read_playwright(line))?;
    session.settle("page", |_| true, &closing)
}

fn print_table(table: &[(&str, Ending)], total: Duration) {
    println!("\n{:<28}{:>9}", "step", "seconds");
    for (name, ending) in table {
        match ending {
            Ending::Passed(took) => println!("{name:<28}{:>9.1}  passed", took.as_secs_f64()),
            Ending::Failed(took) => println!("{name:<28}{:>9.1}  FAILED", took.as_secs_f64()),
            Ending::Unproven => println!("{name:<28}{:>9}  NOT PROVEN", "-"),
            Ending::NotRun => println!("{name:<28}{:>9}  not run", "-"),
        }
    }
    println!("{:<28}{:>9.1}", "together", total.as_secs_f64());
}

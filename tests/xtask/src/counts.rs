//! `tests/expected-counts.toml`: how many tests each runner must report. A run with more or fewer
//! fails, so that an emptied suite cannot pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::project::Project;

/// The file, from the top of the checkout.
pub(crate) const FILE: &str = "tests/expected-counts.toml";

const HEADER: &str = "\
# How many tests each runner must report; `cargo xtask test` compares.
# `cargo xtask counts` writes this file. A commit that lowers a number says why.
";

type Suites = BTreeMap<String, u64>;

/// The file's contents: runner, suite, number of tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts(BTreeMap<String, Suites>);

/// One suite whose number is not the expected one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    suite: String,
    expected: u64,
    ran: u64,
}

impl Difference {
    /// Whether tests were lost.
    pub(crate) fn is_lower(&self) -> bool {
        self.ran < self.expected
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} expected, {} ran", self.suite, self.expected, self.ran)
    }
}

impl Counts {
    /// Reads the file.
    pub(crate) fn read(project: &Project) -> Result<Self> {
        Self::parse(&fs::read_to_string(project.at(FILE)).context(FILE)?).context(FILE)
    }

    /// Writes the file.
    pub(crate) fn write(&self, project: &Project) -> Result<()> {
        fs::write(project.at(FILE), self.render()).context(FILE)
    }

    /// Where `ran` differs from what is expected of this runner. Suites for which `covers` is
    /// false were not part of the run.
    pub(crate) fn differences(
        &self,
        runner: &str,
        covers: impl Fn(&str) -> bool,
        ran: &Suites,
    ) -> Vec<Difference> {
        let nothing = Suites::new();
        let expected = self.0.get(runner).unwrap_or(&nothing);
        let number = |suites: &Suites, suite| suites.get(suite).copied().unwrap_or(0);
        let names: BTreeSet<&String> =
            expected.keys().filter(|suite| covers(suite)).chain(ran.keys()).collect();
        names
            .into_iter()
            .map(|suite| Difference {
                suite: suite.clone(),
                expected: number(expected, suite),
                ran: number(ran, suite),
            })
            .filter(|difference| difference.expected != difference.ran)
            .collect()
    }

    /// Makes `ran` the expectation.
    pub(crate) fn adopt(&mut self, runner: &str, covers: impl Fn(&str) -> bool, ran: &Suites) {
        let suites = self.0.entry(runner.to_owned()).or_default();
        suites.retain(|suite, _| !covers(suite));
        suites.extend(ran.iter().map(|(suite, number)| (suite.clone(), *number)));
    }

    /// The few lines of TOML that this file is made of: `[runner]` and `"suite" = number`.
    fn parse(text: &str) -> Result<Self> {
        let mut counts = Self::default();
        let mut runner = None;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                runner = Some(name.to_owned());
                continue;
            }
            let entry = line.split_once('=').and_then(|(suite, number)| {
                let suite = suite.trim().strip_prefix('"')?.strip_suffix('"')?;
                Some((suite.to_owned(), number.trim().parse().ok()?))
            });
            let (Some(runner), Some((suite, number))) = (&runner, entry) else {
                bail!("line {}: neither [runner] nor \"suite\" = number", index + 1);
            };
            counts.0.entry(runner.clone()).or_default().insert(suite, number);
        }
        Ok(counts)
    }

    fn render(&self) -> String {
        let mut text = HEADER.to_owned();
        for (runner, suites) in self.0.iter().filter(|(_, suites)| !suites.is_empty()) {
            let _ = writeln!(text, "\n[{runner}]");
            for (suite, number) in suites {
                let _ = writeln!(text, "\"{suite}\" = {number}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suites(entries: &[(&str, u64)]) -> Suites {
        entries.iter().map(|(suite, number)| ((*suite).to_owned(), *number)).collect()
    }

    fn example() -> Counts {
        let text = "# text\n[cargo]\n\"aof_core src/lib.rs\" = 3\n\"native native/main.rs\" = 2\n";
        Counts::parse(text).expect("valid")
    }

    #[test]
    fn what_is_written_is_read_back() {
        let counts = example();
        assert_eq!(Counts::parse(&counts.render()).expect("valid"), counts);
        assert!(Counts::parse("[cargo]\nx = 3").is_err());
        assert!(Counts::parse("\"x\" = 3").is_err());
        assert!(Counts::parse("[cargo]\n\"x\" = three").is_err());
    }

    #[test]
    fn more_fewer_and_none_are_all_told() {
        let counts = example();
        let all = |_: &str| true;
        let same = suites(&[("aof_core src/lib.rs", 3), ("native native/main.rs", 2)]);
        assert!(counts.differences("cargo", all, &same).is_empty());
        let other = suites(&[("aof_core src/lib.rs", 4), ("aofd src/main.rs", 1)]);
        let told = counts.differences("cargo", all, &other);
        let told = told.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            told,
            [
                "aof_core src/lib.rs: 3 expected, 4 ran",
                "aofd src/main.rs: 0 expected, 1 ran",
                "native native/main.rs: 2 expected, 0 ran",
            ]
        );
        let core = |suite: &str| suite.starts_with("aof_core");
        assert!(
            counts.differences("cargo", core, &suites(&[("aof_core src/lib.rs", 3)])).is_empty()
        );
        assert_eq!(counts.differences("page", all, &suites(&[("playwright", 1)])).len(), 1);
    }

    #[test]
    fn adopting_a_part_leaves_the_rest() {
        let mut counts = example();
        let core = |suite: &str| suite.starts_with("aof_core");
        counts.adopt("cargo", core, &suites(&[("aof_core doc-tests", 7)]));
        let text = "[cargo]\n\"aof_core doc-tests\" = 7\n\"native native/main.rs\" = 2\n";
        assert_eq!(counts, Counts::parse(text).expect("valid"));
    }
}

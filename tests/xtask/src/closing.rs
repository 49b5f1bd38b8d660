//! Reads the closing lines of test runners: how many tests passed, and whether any did not run.
//!
//! An exit code of 0 is not enough. A suite that lost its tests, a test marked as ignored, a
//! browser file without its configuration line: all of these end with 0.

use std::collections::BTreeMap;

/// The words that a runner may put after a number and that mean a test was really run and passed.
const PASSED: &str = "passed";

/// What the runners have said so far.
#[derive(Default)]
pub(crate) struct Closing {
    suite: String,
    passed: BTreeMap<String, u64>,
    odd: Vec<String>,
}

impl Closing {
    /// Tests that passed, by suite; suites without tests are left out.
    pub(crate) fn passed(&self) -> &BTreeMap<String, u64> {
        &self.passed
    }

    /// Tests that did anything but pass, as sentences.
    pub(crate) fn odd(&self) -> &[String] {
        &self.odd
    }

    /// A line of `cargo test`, or of `wasm-pack test`, which runs it.
    pub(crate) fn read_cargo(&mut self, line: &str) {
        let line = line.trim();
        if let Some(crate_name) = line.strip_prefix("Doc-tests ") {
            self.suite = format!("{crate_name} doc-tests");
        } else if let Some(binary) = line.strip_prefix("Running ").and_then(suite_of_binary) {
            self.suite = binary;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            let (_, numbers) = result.split_once(". ").unwrap_or(("", result));
            for part in numbers.split(';') {
                self.add(part);
            }
        }
    }

    /// A line of Playwright: it closes with one line for each outcome, such as `14 passed (3.2s)`.
    pub(crate) fn read_playwright(&mut self, line: &str) {
        self.suite = "playwright".to_owned();
        let outcomes = [PASSED, "failed", "flaky", "skipped", "did not run", "interrupted"];
        let Some((number, outcome)) = line.trim().split_once(' ') else { return };
        let outcome = outcome.split(" (").next().unwrap_or(outcome);
        if outcomes.contains(&outcome) {
            self.add(&format!("{number} {outcome}"));
        }
    }

    /// A line of libFuzzer, which closes with `stat::number_of_executed_units: 12345`. A target
    /// counts as one test, and only if it ran at all.
    pub(crate) fn read_fuzzer(&mut self, target: &str, line: &str) {
        let runs = line.trim().strip_prefix("stat::number_of_executed_units:");
        if runs.and_then(|runs| runs.trim().parse::<u64>().ok()).is_some_and(|runs| runs > 0) {
            self.passed.insert(target.to_owned(), 1);
        }
    }

    /// `12 passed`, `1 filtered out`, or something without a number, such as the time taken.
    fn add(&mut self, part: &str) {
        let Some((number, outcome)) = part.trim().split_once(' ') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        if number == 0 {
            return;
        }
        if outcome == PASSED {
            *self.passed.entry(self.suite.clone()).or_default() += number;
        } else {
            self.odd.push(format!("{}: {number} {outcome}", self.suite));
        }
    }
}

/// From `unittests src/lib.rs (target/debug/deps/aof_core-0a1b2c)` to `aof_core src/lib.rs`.
fn suite_of_binary(text: &str) -> Option<String> {
    let (source, binary) = text.split_once(" (")?;
    let source = source.strip_prefix("unittests ").unwrap_or(source);
    let (artifact, _hash) = binary.rsplit('/').next()?.rsplit_once('-')?;
    Some(format!("{artifact} {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cargo(text: &str) -> Closing {
        let mut closing = Closing::default();
        text.lines().for_each(|line| closing.read_cargo(line));
        closing
    }

    #[test]
    fn each_binary_is_a_suite() {
        let closing = cargo(
            "     Running unittests src/lib.rs (target/debug/deps/aof_core-68c1f3)\n\
             running 3 tests\n\
             test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; \
             finished in 0.00s\n\
             \x20    Running native/main.rs (target/debug/deps/native-0123)\n\
             test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
             \x20  Doc-tests aof_core\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        let expected =
            [("aof_core doc-tests".to_owned(), 3), ("aof_core src/lib.rs".to_owned(), 3)];
        assert_eq!(closing.passed(), &BTreeMap::from(expected));
        assert!(closing.odd().is_empty());
    }

    #[test]
    fn what_did_not_run_is_odd() {
        let closing = cargo(
            "     Running browser/main.rs (target/wasm32-unknown-unknown/debug/deps/browser-7.wasm)\n\
             test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured; 1 filtered out\n",
        );
        assert_eq!(closing.passed()["browser browser/main.rs"], 5);
        assert_eq!(closing.odd().len(), 2);
    }

    #[test]
    fn a_fuzz_target_counts_when_it_ran() {
        let mut closing = Closing::default();
        for line in ["#2 INITED cov: 3", "stat::number_of_executed_units: 0", "stat::x: 3"] {
            closing.read_fuzzer("loader", line);
        }
        assert!(closing.passed().is_empty());
        closing.read_fuzzer("loader", "stat::number_of_executed_units: 98095");
        assert_eq!(closing.passed(), &BTreeMap::from([("loader".to_owned(), 1)]));
    }

    #[test]
    fn playwright_closes_with_a_line_for_each_outcome() {
        let mut closing = Closing::default();
        for line in
            ["Running 17 tests using 1 worker", "  1 skipped", "  2 flaky", "  14 passed (3.2s)"]
        {
            closing.read_playwright(line);
        }
        assert_eq!(closing.passed()["playwright"], 14);
        assert_eq!(closing.odd(), ["playwright: 1 skipped", "playwright: 2 flaky"]);
    }
}

//! What was found, as the lines of a table.

use std::fmt;

use aof_core::config::Policy;
use aof_core::promise::Failure;

use super::{Row, Violation};

/// What stands above the columns of [`Line`].
pub const HEADING: &str = "server              policy   failure   disk          cuts  images      \
                           distinct recovered refused datasets promise";

/// One line, and below it each way in which the promise is broken.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The server, and its profile or release.
    pub server: &'a str,
    /// Its `appendfsync`.
    pub policy: Policy,
    /// What was found.
    pub row: &'a Row,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:19} {:8} {}", self.server, self.policy.as_str(), self.row)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = match self.failure {
            Failure::Killed => "killed",
            Failure::PowerCut => "power cut",
        };
        // So many were found; a plus says that there are more.
        let images = format!("{}{}", self.images, if self.more_than { "+" } else { "" });
        let (model, cuts) = (self.model.as_str(), self.cuts);
        write!(out, "{failure:9} {model:12} {cuts:5}  {images:11} {:8} ", self.distinct)?;
        write!(out, "{:9} {:7} {:8} ", self.recovered, self.refused, self.datasets)?;
        if self.violations.is_empty() {
            write!(out, "kept")?;
        } else {
            write!(out, "broken by {} of {}", self.broken, self.recovered)?;
        }
        for violation in &self.violations {
            let Violation { operations, promised, found, length_bytes, breach, .. } = violation;
            write!(out, "\n    after operation {operations}: {promised} units promised; ")?;
            write!(out, "{found:?} of {length_bytes} bytes: {breach}")?;
        }
        Ok(())
    }
}

//! How long something took, many times: a histogram with three digits, and a picture of it for a
//! terminal.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Digits that are kept of each time.
const DIGITS: u8 = 3;
/// The quantiles that people compare.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];
/// How tall a bar of a terminal may be, in eighths.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Times in nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Latency {
    histogram: Histogram<u64>,
}

/// What `--json` says of a histogram. Times are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Summary {
    pub(super) count: u64,
    pub(super) mean_us: f64,
    pub(super) p50_us: f64,
    pub(super) p90_us: f64,
    pub(super) p99_us: f64,
    pub(super) p999_us: f64,
    pub(super) max_us: f64,
}

/// A part of the scale: from the end of the part before it up to `upto_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub(super) upto_ns: u64,
    pub(super) count: u64,
}

impl Latency {
    /// None yet.
    ///
    /// # Errors
    /// Never for three digits; the crate cannot know that.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { histogram: Histogram::new(DIGITS)? })
    }

    /// One more.
    pub(super) fn record(&mut self, took: Duration) {
        // It grows to any number, so nothing is refused.
        self.histogram.record(nanoseconds(took)).ok();
    }

    /// All of another one.
    pub(super) fn add(&mut self, other: &Self) {
        // Both grow, so there is room for everything.
        self.histogram.add(&other.histogram).ok();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.histogram.is_empty()
    }

    /// The figures that people compare.
    pub(super) fn summary(&self) -> Summary {
        if self.is_empty() {
            return Summary::default();
        }
        let [p50_us, p90_us, p99_us, p999_us] =
            QUANTILES.map(|quantile| micros(self.histogram.value_at_quantile(quantile)));
        Summary {
            count: self.histogram.len(),
            mean_us: self.histogram.mean() / 1000.0,
            p50_us,
            p90_us,
            p99_us,
            p999_us,
            max_us: micros(self.histogram.max()),
        }
    }

    /// How many fell into each part of a scale on which each decade has `of_decade` parts of the
    /// same width, from the first part with any to the last.
    pub(super) fn parts(&self, of_decade: u32) -> Vec<Part> {
        let mut all: Vec<Part> =
            scale(of_decade).map(|upto_ns| Part { upto_ns, count: 0 }).collect();
        // Each of the histogram's own buckets belongs to one part, so that none is counted twice.
        for bucket in self.histogram.iter_recorded() {
            let value = self.histogram.lowest_equivalent(bucket.value_iterated_to());
            let last = all.len().saturating_sub(1);
            let index = all.partition_point(|part| part.upto_ns <= value).min(last);
            if let Some(part) = all.get_mut(index) {
                part.count += bucket.count_since_last_iteration();
            }
        }
        let first = all.iter().position(|part| part.count > 0);
        let last = all.iter().rposition(|part| part.count > 0);
        match (first, last) {
            (Some(first), Some(last)) => all.drain(first..=last).collect(),
            _ => Vec::new(),
        }
    }
}

/// Ends of parts: 1 µs and up to 1,000 s, in nanoseconds.
fn scale(of_decade: u32) -> impl Iterator<Item = u64> {
    let of_decade = of_decade.max(1);
    (0..=9 * of_decade).map(move |step| {
        let decades = f64::from(step) / f64::from(of_decade);
        nanoseconds(Duration::from_secs_f64(1e-6 * 10_f64.powf(decades)))
    })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds as microseconds.
pub(super) fn micros(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64() * 1e6
}

/// A time as people say it: `840 ns`, `12.3 µs`, `4.56 ms`, `1.20 s`.
pub(super) fn time(micros: f64) -> String {
    let (value, unit) = match micros {
        micros if micros < 1.0 => (micros * 1e3, "ns"),
        micros if micros < 1e3 => (micros, "µs"),
        micros if micros < 1e6 => (micros / 1e3, "ms"),
        micros => (micros / 1e6, "s"),
    };
    let digits = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {unit}")
}

/// Bars for a terminal, one character for each part. A part with anything in it has a bar.
pub(super) fn bars(parts: &[Part]) -> String {
    let most = parts.iter().map(|part| part.count).max().unwrap_or(0).max(1);
    let bar = |part: &Part| {
        let eighths = (u128::from(part.count) * 8).div_ceil(u128::from(most));
        usize::try_from(eighths).ok().and_then(|eighths| EIGHTHS.get(eighths)).unwrap_or(&'█')
    };
    parts.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_times() {
        let mut latency = Latency::new().expect("three digits");
        assert_eq!(latency.summary(), Summary::default());
        assert!(latency.parts(5).is_empty());
        for micros in 1..=1000 {
            latency.record(Duration::from_micros(micros));
        }
        let summary = latency.summary();
        let near = |value: f64, wanted: f64| (value - wanted).abs() <= wanted * 0.002;
        assert_eq!(summary.count, 1000);
        assert!(near(summary.p50_us, 500.0) && near(summary.p90_us, 900.0), "{summary:?}");
        assert!(near(summary.p99_us, 990.0) && near(summary.max_us, 1000.0), "{summary:?}");
        let parts = latency.parts(1);
        assert_eq!(parts.iter().map(|part| part.count).sum::<u64>(), 1000);
        let mut other = Latency::new().expect("three digits");
        other.record(Duration::from_secs(4000));
        latency.add(&other);
        assert_eq!(latency.summary().count, 1001);
    }

    #[test]
    fn every_part_with_anything_in_it_has_a_bar() {
        let part = |count| Part { upto_ns: 1, count };
        assert_eq!(bars(&[part(0), part(1), part(50), part(100)]), " ▁▄█");
        assert_eq!(bars(&[part(0)]), " ");
        assert_eq!(bars(&[part(u64::MAX)]), "█");
    }

    #[test]
    fn times_have_three_digits() {
        let times = [(0.84, "840 ns"), (12.34, "12.3 µs"), (4560.0, "4.56 ms"), (1.2e6, "1.20 s")];
        for (micros, text) in times {
            assert_eq!(time(micros), text);
        }
    }
}

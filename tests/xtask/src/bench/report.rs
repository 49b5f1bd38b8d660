//! Pairs of figures and what they say.

/// One figure of both servers, measured one right after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    /// Of `aofd`.
    pub(crate) ours: f64,
    /// Of Redis.
    pub(crate) redis: f64,
}

/// Median, least and greatest of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub(crate) median: f64,
    /// The least.
    pub(crate) least: f64,
    /// The greatest.
    pub(crate) most: f64,
}

impl Spread {
    /// Of at least one figure.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let upper = sorted[middle];
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], upper)
        } else {
            upper
        };
        Some(Self { median, least, most })
    }
}

/// Which way round a ratio is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    /// Ours divided by Redis's: requests a second.
    More,
    /// Redis's divided by ours: seconds, bytes.
    Less,
}

/// The heading of a table of [`row`]s.
pub(crate) fn heading(unit: &str) -> String {
    format!(
        "\n{:<34} {:>12} {:>12} {:>8}  {}\n{}",
        unit,
        "aofd",
        "redis",
        "ratio",
        "least to greatest ratio",
        "-".repeat(96)
    )
}

/// One row: medians of both, the median ratio and its spread. A ratio above 1 is in our favour.
pub(crate) fn row(name: &str, pairs: &[Pair], better: Better) -> String {
    let ratio = |pair: &Pair| match better {
        Better::More => pair.ours / pair.redis,
        Better::Less => pair.redis / pair.ours,
    };
    let spreads = (
        Spread::of(pairs.iter().map(|pair| pair.ours)),
        Spread::of(pairs.iter().map(|pair| pair.redis)),
        Spread::of(pairs.iter().map(ratio)),
    );
    let (Some(ours), Some(redis), Some(ratios)) = spreads else {
        return format!("{name:<34} not measured");
    };
    format!(
        "{name:<34} {:>12} {:>12} {:>7.2}x  {:.2} to {:.2}",
        figure(ours.median),
        figure(redis.median),
        ratios.median,
        ratios.least,
        ratios.most
    )
}

/// Three significant digits, large ones in thousands.
fn figure(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.0} k", value / 1000.0)
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_odd_and_even_numbers_of_figures() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { median: 3.0, least: 3.0, most: 3.0 }));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(Spread { median: 2.0, least: 1.0, most: 9.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]).map(|s| s.median), Some(3.0));
    }

    #[test]
    fn a_ratio_above_one_is_in_our_favour() {
        let pairs = [Pair { ours: 20_000.0, redis: 10_000.0 }];
        assert!(row("x", &pairs, Better::More).contains("2.00x"));
        assert!(row("x", &pairs, Better::Less).contains("0.50x"));
        assert!(row("x", &[], Better::More).contains("not measured"));
    }
}

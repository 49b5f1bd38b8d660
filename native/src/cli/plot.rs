//! Plots as inline SVG, with the words of [`super::html`].

use std::fmt::Write;

use super::html::escape;
use super::latency::{Part, micros, time};

/// Size of a plot in its own units.
const WIDTH: f64 = 1040.0;
const HEIGHT: f64 = 232.0;
/// Room for the labels of the axes.
const LEFT: f64 = 72.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 28.0;
/// No plot has more columns: more would be thinner than a line.
const COLUMNS: usize = 240;
/// Labels of the horizontal axis.
const LABELS: usize = 12;

/// One column.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// Its number on the axis.
    pub(super) number: u64,
    /// Height of the part that is well.
    pub(super) value: f64,
    /// Height of the part that is lost, above the other one.
    pub(super) lost: f64,
    /// Whether it is marked.
    pub(super) broken: bool,
    /// What it is, in words.
    pub(super) words: String,
}

/// Round steps for an axis up to `most`: the step and the end of the axis.
fn axis(most: f64) -> (f64, f64) {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let rough = most / 4.0;
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade);
    let step = step.into_iter().find(|&step| step >= rough).unwrap_or(rough);
    (step, (most / step).ceil() * step)
}

fn open(name: &str) -> String {
    let name = escape(name);
    format!(
        "<div class=\"scroll\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{name}\" xmlns=\"http://www.w3.org/2000/svg\">"
    )
}

/// Lines and labels of the vertical axis.
fn grid(end: f64, step: f64, label: &dyn Fn(f64) -> String, out: &mut String) {
    let mut value = 0.0;
    while value <= end + step / 2.0 {
        let y = vertical(value, end);
        let class = if value > 0.0 { "grid" } else { "axis" };
        write!(
            out,
            "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0,
            escape(&label(value))
        )
        .ok();
        value += step;
    }
}

fn vertical(value: f64, end: f64) -> f64 {
    HEIGHT - BOTTOM - value / end * (HEIGHT - TOP - BOTTOM)
}

/// Several columns as one, so that no more than [`COLUMNS`] are left: the tallest of each group,
/// marked if one of them is.
fn grouped(columns: &[Column]) -> Vec<Column> {
    let size = columns.len().div_ceil(COLUMNS).max(1);
    let group = |group: &[Column]| {
        let tallest = group
            .iter()
            .max_by(|one, other| (one.value + one.lost).total_cmp(&(other.value + other.lost)));
        let mut column = tallest.cloned().unwrap_or_default();
        column.broken = group.iter().any(|one| one.broken);
        column
    };
    columns.chunks(size).map(group).collect()
}

/// Columns beside each other, with their parts above each other.
pub(super) fn columns(name: &str, all: &[Column], label: &dyn Fn(f64) -> String) -> String {
    let columns = grouped(all);
    let most = columns.iter().map(|one| one.value + one.lost).fold(0.0, f64::max);
    let (step, end) = axis(most);
    let mut out = open(name);
    grid(end, step, label, &mut out);
    let pitch = (WIDTH - LEFT - RIGHT) / columns.len().max(1) as f64;
    let width = (pitch * 0.72).min(28.0);
    let every = columns.len().div_ceil(LABELS).max(1);
    for (index, column) in columns.iter().enumerate() {
        let middle = LEFT + pitch * (index as f64 + 0.5);
        let x = middle - width / 2.0;
        write!(out, "<g><title>{}</title>", escape(&column.words)).ok();
        // The whole height answers the pointer.
        let height = HEIGHT - TOP - BOTTOM;
        write!(
            out,
            "<rect x=\"{:.1}\" y=\"{TOP}\" width=\"{pitch:.1}\" height=\"{height}\" \
             fill=\"transparent\"/>",
            middle - pitch / 2.0
        )
        .ok();
        let mut from = 0.0;
        for (class, value) in [("disk", column.value), ("mem", column.lost)] {
            if value > 0.0 {
                let (top, foot) = (vertical(from + value, end), vertical(from, end));
                let height = (foot - top).max(1.0);
                write!(
                    out,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
                     height=\"{height:.1}\" rx=\"{:.1}\"/>",
                    (width / 4.0).min(3.0)
                )
                .ok();
                from += value;
            }
        }
        if column.broken {
            let y = vertical(from, end) - 4.0;
            write!(
                out,
                "<text class=\"tag\" x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">×</text>"
            )
            .ok();
        }
        out.push_str("</g>");
        if index.is_multiple_of(every) {
            write!(
                out,
                "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - 8.0,
                column.number
            )
            .ok();
        }
    }
    out.push_str("</svg></div>");
    out
}

/// Points over their numbers, and a line at the value in the middle.
pub(super) fn points(
    name: &str,
    all: &[Column],
    middle: Option<f64>,
    label: &dyn Fn(f64) -> String,
) -> String {
    let points = grouped(all);
    let most = points.iter().map(|one| one.value).fold(0.0, f64::max);
    let (step, end) = axis(most);
    let mut out = open(name);
    grid(end, step, label, &mut out);
    let pitch = (WIDTH - LEFT - RIGHT) / points.len().max(1) as f64;
    let every = points.len().div_ceil(LABELS).max(1);
    for (index, point) in points.iter().enumerate() {
        let x = LEFT + pitch * (index as f64 + 0.5);
        let y = vertical(point.value, end);
        if !point.broken {
            write!(
                out,
                "<circle class=\"disk\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{}</title>\
                 </circle>",
                escape(&point.words)
            )
            .ok();
        }
        if index.is_multiple_of(every) {
            write!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - 8.0,
                point.number
            )
            .ok();
        }
    }
    if let Some(value) = middle {
        let y = vertical(value, end);
        write!(
            out,
            "<line class=\"line\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">median {}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT,
            y - 6.0,
            escape(&label(value))
        )
        .ok();
    }
    out.push_str("</svg></div>");
    out
}

/// How many took how long, on a logarithmic scale; `marks` are times with a name.
pub(super) fn histogram(name: &str, parts: &[Part], marks: &[(&str, f64)]) -> String {
    let total: u64 = parts.iter().map(|part| part.count).sum();
    let share = |count: u64| count as f64 / total.max(1) as f64 * 100.0;
    let most = parts.iter().map(|part| share(part.count)).fold(0.0, f64::max);
    let (step, end) = axis(most);
    let mut out = open(name);
    grid(end, step, &|value| format!("{value} %"), &mut out);
    let pitch = (WIDTH - LEFT - RIGHT) / parts.len().max(1) as f64;
    let every = parts.len().div_ceil(LABELS).max(1);
    for (index, part) in parts.iter().enumerate() {
        let x = LEFT + pitch * index as f64;
        let upto = time(micros(part.upto_ns));
        if part.count > 0 {
            let top = vertical(share(part.count), end);
            write!(
                out,
                "<rect class=\"disk\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                 rx=\"2\"><title>{} of {total} below {upto}</title></rect>",
                x + 1.0,
                (pitch - 2.0).max(1.0),
                (HEIGHT - BOTTOM - top).max(1.0),
                part.count
            )
            .ok();
        }
        if (index + 1).is_multiple_of(every) {
            // The last one would stick out.
            let anchor = if index + 1 == parts.len() { "end" } else { "middle" };
            write!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{upto}</text>",
                x + pitch,
                HEIGHT - 8.0
            )
            .ok();
        }
    }
    for (index, (name, value_us)) in marks.iter().enumerate() {
        let Some(x) = place(parts, *value_us, pitch) else { continue };
        let y = TOP + 4.0 + 14.0 * index as f64;
        write!(
            out,
            "<line class=\"line\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"{}\">{} {}</text>",
            HEIGHT - BOTTOM,
            if x > WIDTH * 0.8 { x - 6.0 } else { x + 6.0 },
            if x > WIDTH * 0.8 { "end" } else { "start" },
            escape(name),
            time(*value_us)
        )
        .ok();
    }
    out.push_str("</svg></div>");
    out
}

/// Where a time stands: within its part by its logarithm.
fn place(parts: &[Part], value_us: f64, pitch: f64) -> Option<f64> {
    let index = parts.iter().position(|part| value_us < micros(part.upto_ns))?;
    let upto = micros(parts[index].upto_ns);
    let from = match index.checked_sub(1).and_then(|before| parts.get(before)) {
        Some(before) => micros(before.upto_ns),
        // The first part is as wide as its neighbour.
        None => parts.get(1).map_or(upto / 2.0, |next| upto * upto / micros(next.upto_ns)),
    };
    let within = (value_us / from).ln() / (upto / from).ln();
    let within = if within.is_finite() { within.clamp(0.0, 1.0) } else { 0.5 };
    Some(LEFT + pitch * (index as f64 + within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, step, end) in
            [(7.0, 2.0, 8.0), (1000.0, 500.0, 1000.0), (0.03, 0.01, 0.03), (0.0, 0.5, 1.0)]
        {
            let (found, found_end) = axis(most);
            assert!(
                (found - step).abs() < 1e-9 && (found_end - end).abs() < 1e-9,
                "{most}: {found}"
            );
        }
        assert!(axis(f64::NAN).1 > 0.0 && axis(f64::INFINITY).1 > 0.0);
    }

    #[test]
    fn many_columns_become_few_and_no_mark_is_lost() {
        let all: Vec<Column> = (0..10_000)
            .map(|number| Column { number, value: 1.0, broken: number == 777, ..Column::default() })
            .collect();
        let few = grouped(&all);
        assert!(few.len() <= COLUMNS && few.iter().filter(|one| one.broken).count() == 1);
        let plot = columns("many", &all, &|value| value.to_string());
        assert!(plot.matches('×').count() == 1 && !plot.contains("NaN"), "{plot:.300}");
        for empty in [columns("none", &[], &|_| String::new()), histogram("none", &[], &[])] {
            assert!(!empty.contains("NaN") && !empty.contains("inf"), "{empty}");
        }
    }

    #[test]
    fn a_time_stands_where_it_belongs() {
        let part = |upto_ns| Part { upto_ns, count: 1 };
        let parts = [part(10_000), part(100_000), part(1_000_000)];
        let middle = place(&parts, 31.6227766, 100.0).expect("in the second part");
        assert!((middle - (LEFT + 150.0)).abs() < 0.1, "{middle}");
        assert_eq!(place(&parts, 5000.0, 100.0), None);
        assert!(place(&parts[..1], 0.0, 100.0).is_some_and(f64::is_finite));
    }
}

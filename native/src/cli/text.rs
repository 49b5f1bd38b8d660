//! How sizes, keys and columns are shown to people.

/// Most bytes of a key or an element that are shown.
const SHOWN_BYTES: usize = 60;

/// A size with three digits: `999`, `1.23 KB`, `45.6 MB`. Units of 1,000, as disks count.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];
    let mut unit = 1_u64;
    let mut name = "";
    for next in UNITS {
        if bytes / unit < 1000 {
            break;
        }
        unit *= 1000;
        name = next;
    }
    if name.is_empty() {
        return bytes.to_string();
    }
    let hundredths = u128::from(bytes) * 100 / u128::from(unit);
    match hundredths {
        0..1000 => format!("{}.{:02} {name}", hundredths / 100, hundredths % 100),
        1000..10_000 => format!("{}.{} {name}", hundredths / 100, hundredths / 10 % 10),
        _ => format!("{} {name}", hundredths / 100),
    }
}

/// `part` of `whole` as `12.3 %`.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Bytes as text: what is not printable ASCII becomes `\xff`, `\n` and so on.
pub(super) fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// [`escaped`] in quotation marks, and cut when it is long.
pub(super) fn quoted(bytes: &[u8]) -> String {
    match bytes.get(..SHOWN_BYTES) {
        Some(front) if bytes.len() > SHOWN_BYTES => {
            format!("\"{}\"… ({} bytes)", escaped(front), bytes.len())
        }
        _ => format!("\"{}\"", escaped(bytes)),
    }
}

/// `1 command`, `2 commands`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Rows under each other, the first column to the left, the others to the right.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            line.push_str(&match column {
                0 => format!("  {cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let sizes = [
            (0, "0"),
            (999, "999"),
            (1000, "1.00 KB"),
            (12_345, "12.3 KB"),
            (999_999, "999 KB"),
            (1_000_000, "1.00 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(0, 0), "0.0 %");
    }

    #[test]
    fn long_and_odd_bytes_are_shown_safely() {
        assert_eq!(quoted(b"a\r\n\xff\""), "\"a\\r\\n\\xff\\\"\"");
        assert!(quoted(&[b'x'; 61]).ends_with("x\"… (61 bytes)"));
        assert_eq!(quoted(&[b'x'; 60]).len(), 62);
    }

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["name", "count"], ["set", "1"], ["get", "1234567"]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        let expected = "  name    count\n  set         1\n  get   1234567\n";
        assert_eq!(table(&rows), expected);
    }
}

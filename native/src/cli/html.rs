//! Reports as one page each: no script, nothing from the network, light and dark.
//!
//! The colours are those of the playground: solid blue is what is on the disk, dark red is what is
//! at risk or gone. The text is well-formed XML too, so that a test can read it.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Colours, sizes and everything that both reports have in common.
const STYLE: &str = include_str!("html/report.css");

/// Text that may stand between tags and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML knows no control characters, and nobody could read them.
            one if one.is_control() && one != '\n' => escaped.push('\u{fffd}'),
            one => escaped.push(one),
        }
    }
    escaped
}

/// A whole page. `body` is markup.
pub(super) fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
         <title>{}</title>\n<style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body>\
         </html>\n",
        escape(title)
    )
}

/// One of the large figures at the top. `unit` stands small behind it.
pub(super) fn figure(name: &str, value: &str, unit: &str, note: &str, is_loss: bool) -> String {
    let class = if is_loss { "figure lost" } else { "figure" };
    let unit = match unit {
        "" => String::new(),
        unit => format!("<small>{}</small>", escape(unit)),
    };
    format!(
        "<div class=\"{class}\"><h2>{}</h2><b>{}{unit}</b><span>{}</span></div>",
        escape(name),
        escape(value),
        escape(note)
    )
}

/// A card with a title, a sentence and markup.
pub(super) fn card(title: &str, sentence: &str, body: &str) -> String {
    let sentence = match sentence {
        "" => String::new(),
        sentence => format!("<p>{}</p>", escape(sentence)),
    };
    format!("<section class=\"card\"><h2>{}</h2>{sentence}{body}</section>\n", escape(title))
}

/// Rows of a table; the first one is its head. A row that begins with `!` is a bad one.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let mut text = String::from("<div class=\"scroll\"><table>");
    for (index, row) in rows.iter().enumerate() {
        let (cell, bad) = match index {
            0 => ("th", false),
            _ => ("td", row.first().is_some_and(|first| first.starts_with('!'))),
        };
        text.push_str(if bad { "<tr class=\"bad\">" } else { "<tr>" });
        for value in row {
            text.push_str(&format!("<{cell}>{}</{cell}>", escape(value.trim_start_matches('!'))));
        }
        text.push_str("</tr>");
    }
    text.push_str("</table></div>");
    text
}

/// Names and values under each other.
pub(super) fn facts(pairs: &[(&str, String)]) -> String {
    let mut text = String::from("<dl>");
    for (name, value) in pairs {
        text.push_str(&format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)));
    }
    text.push_str("</dl>");
    text
}

/// `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a page to a file.
///
/// # Errors
/// What the kernel said.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("Can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let nasty = "<script>\"a\" & 'b'\u{1b}[0m\n</script>";
        let escaped = escape(nasty);
        assert_eq!(escaped, "&lt;script&gt;&quot;a&quot; &amp; 'b'\u{fffd}[0m\n&lt;/script&gt;");
        let rows = [vec![nasty.to_owned()], vec![format!("!{nasty}")]];
        for markup in [page(nasty, ""), card(nasty, nasty, ""), table(&rows)] {
            assert!(!markup.contains("<script"), "{markup}");
        }
    }

    #[test]
    fn long_numbers_have_commas() {
        let numbers = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in numbers {
            assert_eq!(thousands(number), text);
        }
    }
}

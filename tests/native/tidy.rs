//! Rules about the source text that no compiler checks. Each failure names the file and the line.

mod seeds;

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are made, not written, or that are not ours.
const SKIPPED: [&str; 8] =
    [".git", "target", "node_modules", "dist", "pkg", ".svelte-kit", "test-results", "mutants.out"];

/// The only modules that may say `unsafe`, each with its reason at its top.
const MAY_BE_UNSAFE: [&str; 3] =
    ["native/src/fork.rs", "native/src/power_cut.rs", "tests/src/power.rs"];

/// One text file of the project.
struct Text {
    /// From the top of the checkout, with `/`.
    path: String,
    contents: String,
}

impl Text {
    fn has_extension(&self, extensions: &[&str]) -> bool {
        let extension = Path::new(&self.path).extension().unwrap_or_default();
        extensions.iter().any(|wanted| extension == *wanted)
    }

    /// Line numbers from 1, and the lines without `//` comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.contents
            .lines()
            .map(|line| line.split("//").next().unwrap_or(line))
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests has a parent").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All text files, in order of their paths.
fn texts() -> Vec<Text> {
    let extensions =
        ["rs", "ts", "svelte", "css", "mjs", "js", "html", "md", "toml", "json", "npmrc"];
    let mut texts = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if extensions.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
                let relative = path.strip_prefix(root()).expect("below the top").to_owned();
                let contents = fs::read_to_string(&path).expect("UTF-8");
                texts.push(Text { path: relative.to_string_lossy().into_owned(), contents });
            }
        }
    }
    texts.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(texts.len() > 20, "the walk found only {} files", texts.len());
    texts
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// Whether `word` stands in `line` and is not a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(part_of_word) && !line[at + word.len()..].starts_with(part_of_word)
    })
}

#[test]
fn core_touches_nothing_outside() {
    let banned = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "std::io",
        "Instant",
        "SystemTime",
        "HashMap",
        "HashSet",
        "RandomState",
        "println",
        "eprintln",
        "unsafe",
    ];
    let mut found = Vec::new();
    for text in texts().iter().filter(|text| text.path.starts_with("core/src/")) {
        // A test may tell the seed that it fails with; clippy asks it for the reason.
        let is_test = text.path.contains("/tests");
        for (number, line) in text.code() {
            let found_words = banned.iter().filter(|word| has_word(line, word));
            for word in found_words.filter(|word| !(is_test && word.contains("println"))) {
                found.push(format!("{}:{number}: {word}", text.path));
            }
        }
    }
    assert_none(&found, "core takes events and gives effects, and nothing else");
}

#[test]
fn unsafe_stands_only_where_it_is_explained() {
    let mut found = Vec::new();
    for text in texts().iter().filter(|text| text.has_extension(&["rs"])) {
        let allowed = MAY_BE_UNSAFE.contains(&text.path.as_str());
        for (number, line) in text.code() {
            if has_word(line, concat!("un", "safe")) && !allowed && !text.path.contains("/tidy") {
                found.push(format!("{}:{number}", text.path));
            }
        }
    }
    assert_none(&found, "unsafe outside the named modules");
}

#[test]
fn files_and_lines_stay_readable() {
    let mut found = Vec::new();
    for text in texts().iter().filter(|text| text.has_extension(&["rs", "ts", "svelte", "css"])) {
        let lines = text.contents.lines().count();
        if lines > 600 {
            found.push(format!("{}: {lines} lines, at most 600", text.path));
        }
        for (index, line) in text.contents.lines().enumerate() {
            let columns = line.chars().count();
            // A table in a doc comment and a text that must be found whole cannot be broken.
            let whole = line.contains("//! |") || line.contains("/// |") || line.contains('"');
            if text.has_extension(&["rs"]) && columns > 100 && !whole {
                found.push(format!("{}:{}: {columns} columns, at most 100", text.path, index + 1));
            }
        }
    }
    assert_none(&found, "a file has one subject, a line fits");
}

#[test]
fn nothing_is_left_for_later_in_a_comment() {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut found = Vec::new();
    for text in texts() {
        if text.path.ends_with("package-lock.json") {
            continue;
        }
        for (index, line) in text.contents.lines().enumerate() {
            if words.iter().any(|word| has_word(line, word)) {
                found.push(format!("{}:{}", text.path, index + 1));
            }
        }
    }
    assert_none(&found, "later work belongs in an issue");
}

/// A file that no `mod` line names is not compiled, and its tests are lost without a word.
#[test]
fn every_module_is_declared() {
    let texts = texts();
    let contents = |path: &str| texts.iter().find(|text| text.path == path);
    let mut found = Vec::new();
    for text in texts.iter().filter(|text| text.has_extension(&["rs"])) {
        let (folder, file) = text.path.rsplit_once('/').expect("in a crate");
        let stem = file.trim_end_matches(".rs");
        let is_root = matches!(stem, "lib" | "main" | "build")
            || matches!(folder.rsplit('/').next(), Some("bin" | "benches" | "fuzz_targets"));
        if is_root {
            continue;
        }
        let parents =
            [format!("{folder}.rs"), format!("{folder}/lib.rs"), format!("{folder}/main.rs")];
        let declared = parents.iter().filter_map(|parent| contents(parent)).any(|parent| {
            parent.code().any(|(_, line)| line.trim_end().ends_with(&format!("mod {stem};")))
        });
        if !declared {
            found.push(text.path.clone());
        }
    }
    assert_none(&found, "files that no mod line names");
}

/// A lock file with addresses would install only where that registry can be reached.
#[test]
fn lock_files_name_no_registry() {
    let mut found = Vec::new();
    for folder in ["www", "tests/page"] {
        let lock = format!("{folder}/package-lock.json");
        if !root().join(&lock).exists() {
            continue;
        }
        for (index, line) in read(&lock).lines().enumerate() {
            if line.trim_start().starts_with("\"resolved\": \"http") {
                found.push(format!("{lock}:{}", index + 1));
            }
        }
        let settings = format!("{folder}/.npmrc");
        let text = fs::read_to_string(root().join(&settings)).unwrap_or_default();
        if !text.lines().any(|line| line == "omit-lockfile-registry-resolved=true") {
            found.push(format!("{settings}: omit-lockfile-registry-resolved=true is not set"));
        }
        if text.contains("registry=") {
            found.push(format!("{settings}: names a registry"));
        }
    }
    assert_none(&found, "registries in lock files");
}

/// The names on the left of `=` in one table of a manifest.
fn table_keys(manifest: &str, table: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != table)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once([' ', '=', '.']))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect()
}

/// The names in one object of a `package.json`, which npm writes with one entry a line.
fn package_names(folder: &str, object: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(folder).join("package.json")).unwrap_or_default();
    text.lines()
        .skip_while(|line| !line.trim_start().starts_with(&format!("\"{object}\"")))
        .skip(1)
        .take_while(|line| !line.trim_start().starts_with('}'))
        .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next().map(str::to_owned))
        .collect()
}

#[test]
fn the_architecture_names_every_crate_and_dependency() {
    let architecture = read("ARCHITECTURE.md");
    let mut names = table_keys(&read("Cargo.toml"), "[workspace.dependencies]");
    assert!(names.len() > 10, "only {} dependencies found", names.len());
    names.push("xtask".to_owned());
    names.push("aof-tests".to_owned());
    for folder in ["www", "tests/page"] {
        for object in ["dependencies", "devDependencies"] {
            names.extend(package_names(folder, object));
        }
    }
    names.retain(|name| !architecture.contains(&format!("`{name}`")));
    assert_none(&names, "ARCHITECTURE.md does not say why it is there");
}

/// A fuzzer finds a name by itself only after a long time.
#[test]
fn the_words_of_the_fuzzer_have_every_command() {
    let words = read("tests/fuzz/words.dict");
    let missing: Vec<String> = aof_core::command::COMMANDS
        .iter()
        .map(|command| format!("\"{}\"", command.upper_name()))
        .filter(|word| !words.lines().any(|line| line == word))
        .collect();
    assert_none(&missing, "tests/fuzz/words.dict lacks commands");
}

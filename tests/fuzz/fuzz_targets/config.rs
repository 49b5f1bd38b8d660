//! A configuration file: what was read and written is read back as the same, and `CONFIG REWRITE`
//! keeps its promises: the new text loads as the settings in force, and a second rewriting changes
//! nothing.
//!
//! Up to a NUL the input is the old file; behind it are the lines that CONFIG SET has changed.
#![no_main]

use aof_core::config::Config;
use aof_core::config::directives::rewrite::rewrite;
use aof_core::config::directives::{parse_text, set, to_text};
use libfuzzer_sys::fuzz_target;

fn parse(text: &[u8]) -> Option<Config> {
    let mut config = Config::default();
    parse_text(&mut config, "file", text).ok().map(|()| config)
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let old = parts.next().unwrap_or_default();
    let Some(mut config) = parse(old) else { return };
    for line in parts.next().unwrap_or_default().split(|&byte| byte == b'\n') {
        let mut words = line.splitn(2, |&byte| byte == b' ');
        let (name, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let before = config.clone();
        if set(&mut config, name, value).is_err() {
            assert_eq!(config, before, "a setting that is refused changes nothing");
        }
    }
    let text = to_text(&config);
    let again = parse(text.as_bytes()).expect("what was written can be read");
    assert_eq!(again, config, "{text}");
    assert_eq!(to_text(&again), text);
    let mut none = |_: &str| Err("no files here".to_owned());
    let rewritten = rewrite(old, &config, &mut none);
    let shown = || String::from_utf8_lossy(&rewritten).into_owned();
    let loaded = parse(&rewritten).unwrap_or_else(|| panic!("unreadable: {}", shown()));
    assert_eq!(loaded, config, "{}", shown());
    assert_eq!(rewrite(&rewritten, &config, &mut none), rewritten, "it changes again");
});

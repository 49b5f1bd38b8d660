//! `aof torture`: it finds nothing where nothing is wrong, and finds what is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aof_tests::loop_disk::{FileSystem, Maker};
use aof_tests::needs;
use aof_tests::server::{aof, aofd};

use crate::server::{WORLDS, folder};

/// Runs `aof torture` in `dir` with no terminal: its exit code, what it printed, and what it
/// complained about.
fn torture(dir: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(aof());
    command.arg("torture").arg("--dir").arg(dir).args(words).stdin(Stdio::null());
    let output = command.output().expect("aof runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The number behind `"name":` in a line of JSON.
fn number(json: &str, name: &str) -> f64 {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).expect(name);
    let end = rest.find([',', '}']).expect("more behind it");
    rest[..end].parse().unwrap_or_else(|error| panic!("{name}: {error} in {rest:.40}"))
}

/// The same JSON, read by somebody else.
fn assert_json(text: &str) {
    let script = "import json, sys; json.load(sys.stdin)";
    let dir = folder();
    let path = dir.path().join("report.json");
    fs::write(&path, text).expect("written");
    let mut python = Command::new("python3");
    python.args(["-c", script]).stdin(fs::File::open(&path).expect("there"));
    if let Ok(status) = python.status() {
        assert!(status.success(), "{text:.300}");
    }
}

/// Four cycles, each with another moment at which the server is killed.
/// However long they take: a busy machine must not end them early.
const ALL_MOMENTS: [&str; 6] = ["--cycles", "4", "--seed", "4", "--for", "1h"];
/// One cycle, in which the server is killed while clients write.
const WHILE_WRITING: [&str; 6] = ["--cycles", "1", "--seed", "4", "--for", "1h"];

/// Four power cuts at three moments, before each of which the server stands still.
const STANDING_STILL: [&str; 6] = ["--cycles", "4", "--seed", "1", "--for", "1h"];
/// Six power cuts while clients write, before each of which the server stands still.
const STANDING_STILL_WRITING: [&str; 6] = ["--cycles", "6", "--seed", "161", "--for", "1h"];

/// Whether a look at a server met it between its write and its sync. Nothing makes sure of that,
/// so where none did, this prints what is unproven.
fn met_a_write(said: &str, proves: &str) -> bool {
    let met = said.contains("between-write-and-sync")
        || said.contains("between a write to its log and the sync of it");
    if !met {
        eprintln!("no look met a write: it is not proven {proves}");
    }
    met
}

#[test]
fn aofd_keeps_every_promise_under_torture() {
    for (profile, policy) in WORLDS {
        let outer = folder();
        let dir = outer.path().join("tortured");
        let words = ["--profile", profile, "--policy", policy, "--json"];
        let words = [&words[..], &ALL_MOMENTS].concat();
        let (code, said, complaint) = torture(&dir, &words);
        assert_json(&said);
        // A kill may end a write in the middle of a transaction, and its MULTI then stays in the
        // log of Redis 6.2: that is known of it, and nothing else may happen.
        let known = profile == "redis-6.2" && code == Some(1) && !said.contains("\"known\":null");
        let verdict = if known { "broken" } else { "kept" };
        if !known {
            assert_eq!(code, Some(0), "{profile} {policy}: {said:.2000} {complaint}");
        }
        assert!(said.contains(&format!("\"verdict\":\"{verdict}\"")), "{said:.300}");
        assert!(number(&said, "acknowledged") > 0.0, "{said:.300}");
        assert_eq!(number(&said, "cycles"), 4.0);
        for moment in ["writing", "rewriting", "switching", "loading"] {
            assert!(said.contains(&format!("\"moment\":\"{moment}\"")), "{moment}: {said:.3000}");
        }
        if !known && (profile, policy) != ("redis-6.2", "everysec") {
            assert_eq!(number(&said, "lost"), 0.0, "{said:.300}");
        }
        assert!(!dir.exists(), "the folder that it made is gone");
    }
}

/// The oldest profile starts, serves, rewrites and loads. A kill may tear its log inside a
/// transaction, which it then executes: that is known of it, and nothing else may happen.
#[test]
fn the_oldest_profile_serves_rewrites_and_loads() {
    for policy in ["always", "everysec"] {
        let outer = folder();
        let words = ["--profile", "redis-3.0", "--policy", policy, "--json"];
        let (_, said, complaint) =
            torture(&outer.path().join("tortured"), &[&words[..], &ALL_MOMENTS].concat());
        assert_eq!(number(&said, "cycles"), 4.0, "{said:.2000} {complaint}");
        assert!(number(&said, "acknowledged") > 0.0, "{said:.300}");
        assert!(!said.contains("\"known\":null"), "{said:.2000}");
        assert!(!said.contains("\"recovery_ms\":null"), "it loads what it left: {said:.2000}");
        for moment in ["writing", "rewriting", "switching", "loading"] {
            assert!(said.contains(&format!("\"moment\":\"{moment}\"")), "{moment}: {said:.3000}");
        }
    }
}

/// Real Redis keeps its promise under kill -9.
#[test]
fn redis_is_tortured_in_the_same_way() {
    let proves = "that the torture works on redis-server";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let redis = redis.to_str().expect("a plain path");
    let outer = folder();
    let words = [&["--server", redis, "--policy", "always"], &ALL_MOMENTS[..]].concat();
    let (code, said, complaint) = torture(outer.path(), &words);
    assert_eq!(code, Some(0), "{said} {complaint}");
    assert!(said.starts_with("All ") && said.contains("Redis server v="), "{said}");
    assert!(outer.path().exists(), "the folder was there before");
    assert_eq!(fs::read_dir(outer.path()).expect("readable").count(), 0, "and is empty again");
}

/// A server that is `aofd` but for what `script` does before each start.
fn liar(dir: &Path, script: &str) -> PathBuf {
    liar_before(dir, &aofd(), "appendonly.aof", script)
}

/// A server that is `program` but for what `script` does before each start that finds a `log`.
fn liar_before(dir: &Path, program: &Path, log: &str, script: &str) -> PathBuf {
    let path = dir.join("liar");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" != --version ] && [ -s {log} ]; then\n{script}\nfi\n\
         exec {} \"$@\"\n",
        program.display()
    );
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

/// A server that has dropped what it had acknowledged since its second start.
#[test]
fn a_lost_write_is_found_and_named() {
    let outer = folder();
    // The second start is the one after which clients write.
    let script = "if [ -e ../../size ]; then truncate --size=$(cat ../../size) appendonly.aof\n\
                  else stat --format=%s appendonly.aof > ../../size\nfi";
    let liar = liar(outer.path(), script);
    let dir = outer.path().join("tortured");
    let liar = liar.to_str().expect("a plain path");
    let words = [&["--server", liar, "--policy", "no"], &WHILE_WRITING[..]].concat();
    let (code, said, complaint) = torture(&dir, &words);
    assert_eq!(code, Some(1), "{said} {complaint}");
    assert!(said.contains(" broken in 1 kill."), "{said}");
    assert!(said.contains("BROKEN in cycle 1 of seed 4, connection "), "{said}");
    assert!(said.contains("acknowledged writes are gone; the first is write 0, "), "{said}");
    assert!(said.contains(" ms before the failure: SET torture:"), "the write is named: {said}");
    assert!(said.contains("--seed 4 --cycles 1"), "how to see it again: {said}");
    let kept = dir.join("kept-1");
    assert!(kept.join("appendonly.aof").exists(), "{said}");
    assert!(kept.join("server.log").exists(), "{said}");
    // What is kept does not keep the next run from using the folder.
    let (code, said, complaint) = torture(&dir, &WHILE_WRITING);
    assert_eq!(code, Some(0), "{said} {complaint}");
    assert!(!kept.exists());
}

/// A server that has left something between its commands, which it then does not load; and one
/// that has executed something twice.
#[test]
fn a_log_that_is_not_whole_is_a_broken_promise() {
    let refused = "if [ -e ../../seen ]; then printf 'nonsense\\r\\n*1\\r\\n' >> appendonly.aof\n\
                   fi\ntouch ../../seen";
    let torn =
        "printf '*2\\r\\n$4\\r\\nINCR\\r\\n$17\\r\\ntorture:0:counter\\r\\n' >> appendonly.aof";
    for (script, kind, words) in [
        (refused, "refused", "the server does not start: "),
        (torn, "torn", "which no number of its units gives"),
    ] {
        let outer = folder();
        let liar = liar(outer.path(), script);
        let dir = outer.path().join("tortured");
        let more = ["--server", liar.to_str().expect("a plain path"), "--json"];
        let more = [&more[..], &WHILE_WRITING].concat();
        let (code, said, complaint) = torture(&dir, &more);
        assert_eq!(code, Some(1), "{said:.2000} {complaint}");
        assert!(said.contains("\"verdict\":\"broken\""), "{said:.2000}");
        assert!(said.contains(&format!("\"kind\":\"{kind}\"")), "{said:.2000}");
        assert!(said.contains(words), "{said:.2000}");
    }
}

/// It serves, and takes no write: nothing was promised, and nothing was kept.
#[test]
fn a_server_that_refuses_every_write_has_kept_nothing() {
    let proves = "that a server which refuses every write is not said to keep its promise";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    let mut failures = vec![vec![]];
    if can_cut(proves) {
        failures.push(vec!["--power-cut"]);
    }
    for failure in failures {
        let outer = folder();
        let log = "appendonlydir/appendonly.aof.1.incr.aof";
        let script = "set -- \"$@\" --min-replicas-to-write 1";
        let liar = liar_before(outer.path(), &redis, log, script);
        let dir = outer.path().join("tortured");
        let more = ["--server", liar.to_str().expect("a plain path"), "--policy", "always"];
        let (code, said, complaint) =
            torture(&dir, &[&more[..], &failure, &WHILE_WRITING].concat());
        assert_eq!(code, Some(2), "{failure:?}: {said:.2000} {complaint}");
        assert!(complaint.contains("the server refuses to write: NOREPLICAS"), "{complaint}");
        assert!(!dir.exists(), "{failure:?}");
    }
}

/// Whether the power of a disk can be cut here.
fn can_cut(proves: &str) -> bool {
    Maker::find(FileSystem::Ext4, proves).is_some()
}

/// The power goes, and everything that was acknowledged under `always` is on the medium, wherever
/// the server stood.
#[test]
fn aofd_keeps_every_promise_without_power() {
    let proves = "that acknowledged writes survive a power cut of a real file system";
    if !can_cut(proves) {
        return;
    }
    let outer = folder();
    let dir = outer.path().join("tortured");
    let words =
        ["--power-cut", "--policy", "always", "--json", "--mount-options", "data=writeback"];
    for words in [&words[..4], &words] {
        let words = [words, &STANDING_STILL].concat();
        let (code, said, complaint) = torture(&dir, &words);
        assert_eq!(code, Some(0), "{said:.2000} {complaint}");
        assert!(said.contains("\"failure\":\"power-cut\""), "{said:.300}");
        let acknowledged = number(&said, "acknowledged");
        assert!(acknowledged > 0.0 && number(&said, "lost") == 0.0, "{said:.2000}");
        assert_eq!(said.matches("\"stood\":\"").count(), 4, "the seed says so: {said:.3000}");
        met_a_write(&said, proves);
        assert!(!dir.exists(), "unmounted and removed");
        let mounts = fs::read_to_string("/proc/mounts").expect("readable");
        assert!(!mounts.contains(&dir.display().to_string()), "nobody else has seen the mount");
    }
}

/// Redis 7.0 under `always` does not load its own log when the power goes between its write and
/// its sync, after somebody else has synced.
#[test]
fn a_redis_that_refuses_its_own_log_is_found() {
    let proves = "that a power cut can leave redis-server a log that it refuses";
    let Some(redis) = needs::program("redis-server", proves) else { return };
    if !can_cut(proves) {
        return;
    }
    let outer = folder();
    let dir = outer.path().join("tortured");
    let redis = redis.to_str().expect("a plain path");
    let words = ["--server", redis, "--policy", "always", "--power-cut"];
    let (code, said, complaint) = torture(&dir, &[&words[..], &STANDING_STILL_WRITING].concat());
    if !met_a_write(&said, proves) {
        return;
    }
    assert_eq!(code, Some(1), "{said:.2000} {complaint}");
    assert!(said.contains("The server refused its own log "), "{said}");
    let break_line = said.lines().find(|line| line.starts_with("BROKEN in cycle ")).expect("one");
    let at = "as the server stood still between a write to its log and the sync of it: the server \
              does not start: ";
    assert!(break_line.contains(" of seed 161, ") && break_line.contains(at), "{break_line}");
    assert!(break_line.contains("Bad file format reading the append only file"), "{break_line}");
    assert!(!said.contains("is known for this"), "only our own profiles are: {said}");
    let kept =
        said.lines().find_map(|line| line.strip_prefix("What the server left then is kept in "));
    let kept = PathBuf::from(kept.expect("kept"));
    let (mut zeros, mut logs) = (false, 0);
    for entry in fs::read_dir(kept.join("appendonlydir")).expect("kept").flatten() {
        zeros |= fs::read(entry.path()).expect("readable").ends_with(&[0]);
        logs += 1;
    }
    assert!(zeros, "one of {logs} files in {} ends in zeros", kept.display());
}

/// The old profiles break the promises that their Redis breaks, and it is said that they do.
#[test]
fn an_old_profile_shows_what_it_is_known_for() {
    let proves = "that the profiles of old Redis break what that Redis breaks";
    if !can_cut(proves) {
        return;
    }
    for profile in ["redis-6.2", "redis-3.0"] {
        let outer = folder();
        let dir = outer.path().join("tortured");
        let words = ["--profile", profile, "--policy", "always", "--power-cut"];
        let (code, said, complaint) =
            torture(&dir, &[&words[..], &STANDING_STILL_WRITING].concat());
        if !met_a_write(&said, proves) {
            continue;
        }
        assert_eq!(code, Some(1), "{said:.2000} {complaint}");
        let known = format!("(profile {profile} is known for this: zeros behind what was synced ");
        assert!(said.contains(&known), "{said}");
    }
}

/// The counterpart: the power is really cut.
#[test]
fn a_write_that_a_power_cut_took_is_found() {
    if !can_cut("that the power is really cut") {
        return;
    }
    // Under `no` nothing is synced: what the kernel did not write back by itself is gone.
    let outer = folder();
    let dir = outer.path().join("tortured");
    let words = [&["--power-cut", "--policy", "no", "--json"], &WHILE_WRITING[..]].concat();
    let (code, said, complaint) = torture(&dir, &words);
    assert_eq!(code, Some(0), "{said:.2000} {complaint}");
    assert!(said.contains("\"recent_may_be_lost\":true"), "{said:.500}");
    // Somebody else's syncs never write the data of this file, so all of it is gone.
    assert!(number(&said, "lost") > 0.0, "{said:.2000}");
    assert!(number(&said, "longest_loss_window_ms") > 0.0, "{said:.2000}");
}

/// Well-formed, nothing from the network, nothing that runs.
fn assert_page(path: &Path) {
    let page = fs::read_to_string(path).expect("a page");
    for word in ["src=", "href=", "<script", "url(", "@import", "NaN", "inf\""] {
        assert!(!page.contains(word), "{word} in {}", path.display());
    }
    let addresses = page.matches("http").count();
    let names_of_svg = page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
    assert_eq!(addresses, names_of_svg, "an address in {}", path.display());
    assert!(page.contains("<svg") && page.contains("prefers-color-scheme:dark"));
    let script = "import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])";
    if let Ok(output) = Command::new("python3").args(["-c", script]).arg(path).output() {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_reports_are_pages_of_their_own() {
    let outer = folder();
    let (good, bad) = (outer.path().join("good.html"), outer.path().join("bad.html"));
    let html = |path: &Path| ["--html".to_owned(), path.display().to_string()];
    let dir = outer.path().join("<tortured> & \"quoted\"");
    let words: Vec<String> =
        html(&good).into_iter().chain(ALL_MOMENTS.map(str::to_owned)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (code, said, complaint) = torture(&dir, &words);
    assert_eq!(code, Some(0), "{said} {complaint}");
    assert_page(&good);
    // A broken promise has a list, with text that came from a server.
    let script = "printf '<b>\\r\\n' >> appendonly.aof";
    let liar =
        liar(outer.path(), &format!("if [ -e ../../seen ]; then {script}; fi\ntouch ../../seen"));
    let dir = outer.path().join("again");
    let [flag, file] = html(&bad);
    let more = ["--server", liar.to_str().expect("a plain path"), &flag, &file];
    let (code, said, complaint) = torture(&dir, &[&more[..], &WHILE_WRITING].concat());
    assert_eq!(code, Some(1), "{said} {complaint}");
    assert_page(&bad);
    assert!(fs::read_to_string(&bad).expect("a page").contains("Broken promises"));
    let disk = outer.path().join("disk.html");
    let mut command = Command::new(aof());
    command.arg("disk").arg("--dir").arg(outer.path()).args(["--for", "600ms", "--html"]);
    let output = command.arg(&disk).stdin(Stdio::null()).output().expect("aof runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_page(&disk);
    let left = fs::read_dir(outer.path()).expect("readable").flatten();
    let left: Vec<String> =
        left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|name| name.starts_with("aof-disk")), "{left:?}");
}

#[test]
fn what_cannot_be_done_is_said_and_touches_nothing() {
    let outer = folder();
    fs::write(outer.path().join("precious"), "bytes").expect("written");
    let missing = outer.path().join("no-server");
    let missing = missing.to_str().expect("a plain path");
    let fresh = outer.path().join("fresh");
    let cases: [(&Path, &[&str], &str); 7] = [
        (outer.path(), &[], "is not empty (precious is in it)"),
        (&fresh, &["--server", missing], "there is no "),
        (&fresh, &["--server", "/bin/true"], "is neither aofd nor redis-server"),
        (&fresh, &["--policy", "sometimes"], "one of always, everysec, no"),
        (&fresh, &["--profile", "none"], "one of hardened, redis-6.2"),
        (&fresh, &["--for", "60"], "such as 60s"),
        (&fresh, &["--connections", "0"], "0 is not in 1..=64"),
    ];
    for (dir, words, wanted) in cases {
        let (code, said, complaint) = torture(dir, words);
        assert_eq!(code, Some(2), "{words:?}: {said} {complaint}");
        assert!(complaint.contains(wanted), "{words:?}: {complaint}");
        assert!(!fresh.exists(), "{words:?}");
    }
    assert_eq!(fs::read(outer.path().join("precious")).expect("there"), b"bytes");
}

/// Ctrl-C: the server is gone, the folder is empty, and what was found until then is said.
#[test]
fn an_interrupted_torture_leaves_nothing_behind() {
    use aof_tests::process::Process;
    use aof_tests::wait::{self, LIMIT};
    use nix::sys::signal::Signal;

    let (outer, beside) = (folder(), folder());
    let dir = outer.path().join("tortured");
    let mut command = Command::new(aof());
    command.arg("torture").arg("--dir").arg(&dir).args(["--for", "1h"]);
    let mut run = Process::start(command, &beside.path().join("said")).expect("aof runs");
    wait::until_true("the server to listen", || dir.join("socket").exists());
    run.signal(Signal::SIGINT);
    // It syncs a whole file system before it looks; a slow disk takes its time.
    run.wait(LIMIT * 4);
    assert!(!dir.exists(), "{}", run.printed());
}

//! Schedules made in the page replay natively: the traces that the browser test exports, too, are
//! re-executed by the engine and by `aof replay`.
//!
//! `AOF_LAB_WRITE_FIXTURES=1 cargo test -p aof-tests --test native schedules` records them again
//! after a change of behaviour.

use std::fs;
use std::path::Path;

use aof_tests::schedules::{SCHEDULES, make};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/schedules");

#[test]
fn a_schedule_of_the_page_replays_natively() {
    let again = std::env::var_os("AOF_LAB_WRITE_FIXTURES").is_some();
    for (name, fixture) in SCHEDULES {
        let made = make(name).export_trace().expect("a trace");
        if again {
            fs::write(Path::new(FOLDER).join(format!("{name}.trace")), &made).expect("written");
            continue;
        }
        assert!(made == fixture, "{name}: the schedule gives another trace; record it again");
        let report = match aof_core::trace::replay(&made) {
            Ok(report) => report,
            Err(error) => panic!("{name}: {error}"),
        };
        assert!(report.effects > 5 && report.digests > 5, "{name}: {report:?}");
    }
}

#[test]
fn aof_replay_takes_a_schedule_of_the_page_and_tells_a_changed_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, fixture) in SCHEDULES {
        let path = folder.path().join(name);
        fs::write(&path, fixture).expect("written");
        let replay = |path: &Path| {
            let aof = aof_tests::server::programs().join("aof");
            std::process::Command::new(aof).arg("replay").arg(path).output().expect("aof runs")
        };
        let output = replay(&path);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));

        let mut changed = fixture.to_vec();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        fs::write(&path, changed).expect("written");
        assert_eq!(replay(&path).status.code(), Some(1), "{name}: the last state is another");
    }
}

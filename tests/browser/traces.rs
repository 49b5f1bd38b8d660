//! Runs of the real server, replayed in a browser: every effect and the digest of every step are
//! those of the recording.

use aof_core::trace::replay;
use aof_tests::fixtures::TRACES;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn recorded_runs_replay_with_equal_digests() {
    for (name, trace) in TRACES {
        let report = match replay(trace) {
            Ok(report) => report,
            Err(error) => panic!("{name}: {error}"),
        };
        assert!(report.digests > 100 && report.effects > 100, "{name}: {report:?}");
    }
}

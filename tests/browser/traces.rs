//! The same events give the same effects and states in a browser as in the server that was
//! recorded, at every step; and what the page exports is the same bytes in both worlds.

use aof_tests::fixtures::TRACES;
use aof_tests::schedules::{SCHEDULES, make};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn recorded_runs_of_the_server_replay_in_a_browser() {
    for (name, trace) in TRACES {
        let report = match aof_core::trace::replay(trace) {
            Ok(report) => report,
            Err(error) => panic!("{name}: {error}"),
        };
        assert!(report.digests > 100 && report.effects > 100, "{name}: {report:?}");
    }
}

#[wasm_bindgen_test]
fn a_changed_run_does_not_replay() {
    let (_, trace) = TRACES[0];
    let mut changed = trace.to_vec();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    assert!(aof_core::trace::replay(&changed).is_err(), "the last state is another");
}

#[wasm_bindgen_test]
fn a_schedule_of_the_page_is_the_same_bytes_as_natively() {
    for (name, fixture) in SCHEDULES {
        let made = make(name).export_trace().expect("a trace");
        assert!(made == fixture, "{name}: another trace than natively");
    }
}

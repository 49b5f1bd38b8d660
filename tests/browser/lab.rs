//! `Lab` as the page meets it: plain objects, numbers, `Uint8Array`s, errors with a code.

use aof_core::explore;
use aof_core::explore::risk::{Label, Strip};
use aof_core::sim::timeline::run::Run;
use aof_web::{Lab, RiskStrip};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::object::{at, code, number, options, text};

fn lab(pairs: &[(&str, &str)]) -> Lab {
    Lab::new(&options(pairs)).unwrap_or_else(|error| panic!("{error:?}"))
}

fn first_visit() -> Lab {
    lab(&[("scenario", "first-visit")])
}

#[wasm_bindgen_test]
fn the_opening_is_the_situation_of_the_picture() {
    let snapshot = first_visit().snapshot().expect("a snapshot");
    for (path, expected) in [
        ("step", 15.0),
        ("stepCount", 19.0),
        ("timeUs", 2_105_000.0),
        ("synced", 50.0),
        ("written", 104.0),
        ("appended", 131.0),
        ("acknowledged", 131.0),
        ("verdict.killed.sure", 3.0),
        ("verdict.killed.riskBytes", 27.0),
        ("verdict.killed.riskUs", 1_000.0),
        ("verdict.power.sure", 1.0),
        ("verdict.power.maybe", 2.0),
        ("verdict.power.riskBytes", 81.0),
        ("verdict.power.riskUs", 795_000.0),
        ("verdict.diskError.sure", 2.0),
        ("verdict.diskError.maybe", 2.0),
        ("log.length", 5.0),
    ] {
        assert_eq!(number(&snapshot, path), expected, "{path}");
    }
    assert_eq!(text(&snapshot, "fact.kind"), "reply");
    let bytes: Uint8Array = at(&snapshot, "log.0.bytes").dyn_into().expect("a Uint8Array");
    assert_eq!(bytes.to_vec(), b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
}

#[wasm_bindgen_test]
fn forward_and_back_come_to_the_same_digests() {
    let mut lab = first_visit();
    let digests: Vec<String> =
        (0..=19).map(|step| text(&lab.seek(f64::from(step)).expect("a step"), "digest")).collect();
    for step in (0..19).rev() {
        let back = lab.step_back().expect("a step back");
        assert_eq!(text(&back, "digest"), digests[step], "step {step}");
    }
    assert_eq!(code(lab.step_back()), "no-such-step");
}

#[wasm_bindgen_test]
fn a_write_is_stepped_down_to_the_disk_under_each_policy() {
    for (policy, survives) in [("always", 1.0), ("everysec", 1.0), ("no", 1.0)] {
        let mut lab = lab(&[("policy", policy), ("profile", "hardened")]);
        let mut snapshot = lab.submit(1.0, "SET a 1").expect("a write");
        let mut layers = vec![text(&snapshot, "log.1.layer")];
        while number(&snapshot, "step") < number(&snapshot, "stepCount") {
            snapshot = lab.step().expect("a known step");
            let layer = text(&snapshot, "log.1.layer");
            if layers.last() != Some(&layer) {
                layers.push(layer);
            }
        }
        assert_eq!(layers.first().map(String::as_str), Some("memory"), "{policy}");
        assert_eq!(layers.last().map(String::as_str), Some("disk"), "{policy}: {layers:?}");
        assert_eq!(number(&snapshot, "verdict.power.sure"), survives, "{policy}");
    }
}

#[wasm_bindgen_test]
fn a_power_cut_keeps_the_promise_and_the_worst_disk_boots() {
    let mut lab = first_visit();
    let cut = lab.cut_power().expect("a power cut");
    assert_eq!(text(&cut, "state"), "power-lost");
    assert_eq!(number(&cut, "crash.images"), 55.0);
    assert_eq!(number(&cut, "crash.groups.length"), 3.0);
    assert_eq!(at(&cut, "crash.promise.kept"), JsValue::TRUE);
    lab.boot(&"worst".into()).expect("a start");
    let booted = lab.run_until("boot-ready").expect("a start that ends");
    assert_eq!(number(&booted, "keyCount"), 1.0);
    let branches = at(&lab.timeline().expect("a timeline"), "branches");
    assert!(number(&branches, "length") >= 2.0, "the branch that was left is kept");
}

#[wasm_bindgen_test]
fn errors_are_errors_with_a_code() {
    assert_eq!(code(Lab::new(&options(&[("policy", "often")])).map(JsValue::from)), "bad-option");
    let mut lab = first_visit();
    assert_eq!(code(lab.submit(1.0, "FOO bar")), "bad-command");
    assert_eq!(code(lab.submit(1.0, "SET \"open")), "bad-command");
    assert_eq!(code(lab.submit(0.5, "PING")), "bad-option");
    assert_eq!(code(lab.submit(1.0, &"x".repeat(70_000))), "too-large");
    assert_eq!(code(lab.seek(1_000.0)), "no-such-step");
    assert_eq!(code(lab.seek(f64::NAN)), "bad-option");
    assert_eq!(code(lab.select_branch(99.0)), "no-such-branch");
    assert_eq!(code(lab.boot(&"best".into())), "not-crashed");
    assert_eq!(code(lab.fault("meteor")), "bad-option");
    let damaged = Uint8Array::from(b"*1\r\n$4\r\nPING\r\n!".as_slice());
    assert_eq!(code(lab.import_aof(&damaged)), "bad-aof");
    lab.kill().expect("a kill");
    assert_eq!(code(lab.kill()), "not-running");
    assert_eq!(code(lab.submit(1.0, "PING")), "not-running");
    lab.boot(&JsValue::from(1_000_000)).expect_err("there is no such image");
}

#[wasm_bindgen_test]
fn a_log_goes_out_and_comes_in_again() {
    let mut lab = first_visit();
    lab.seek(19.0).expect("the end");
    let bytes = lab.export_aof();
    assert_eq!(bytes.length(), 131);
    let mut other = self::lab(&[]);
    let snapshot = other.import_aof(&bytes).expect("a good log");
    assert_eq!(number(&snapshot, "keyCount"), 4.0);
    assert_eq!(other.export_aof().to_vec(), bytes.to_vec());
}

#[wasm_bindgen_test]
fn the_same_run_under_other_settings_is_a_branch_at_the_same_moment() {
    let mut lab = first_visit();
    let always = lab.configure(&options(&[("policy", "always")])).expect("a policy");
    assert_eq!(text(&always, "policy"), "always");
    assert!(number(&always, "timeUs") <= 2_105_000.0);
    assert_eq!(
        number(&always, "verdict.power.sure"),
        number(&always, "verdict.power.of"),
        "nothing acknowledged is at risk under always"
    );
    let back = lab.select_branch(1.0).expect("the first branch");
    assert_eq!(text(&back, "policy"), "everysec");
}

#[wasm_bindgen_test]
fn a_prompt_completes_commands_and_keys() {
    let mut lab = first_visit();
    assert!(lab.complete("set").contains(&"SETNX".to_owned()));
    lab.submit(1.0, "SET apple 1").expect("a write");
    assert_eq!(lab.complete("GET app"), ["apple"]);
}

#[wasm_bindgen_test]
fn a_rewrite_is_a_plain_object_down_to_its_pieces() {
    let mut lab = lab(&[("scenario", "rewrite")]);
    let snapshot = lab.snapshot().expect("a snapshot");
    for (path, expected) in [
        ("rewrite.before.bytes", 2231.0),
        ("rewrite.after.bytes", 160.0),
        ("rewrite.child.diffBytes", 44.0),
        ("rewrite.pipes.data.bytes", 20.0),
        ("rewrite.pipes.data.pieces.0.twin", 2.0),
        ("rewrite.diff.waitingBytes", 48.0),
        ("rewrite.pages.total", 32.0),
        ("rewrite.redundant.0.newBytes", 29.0),
        ("fields.length", 32.0),
        ("functions.length", 10.0),
    ] {
        assert_eq!(number(&snapshot, path), expected, "{path}");
    }
    assert_eq!(text(&snapshot, "fact.kind"), "rewrite");
    assert_eq!(text(&snapshot, "fact.rewrite.name"), "child-stop");
    assert_eq!(text(&snapshot, "rewrite.child.stage"), "awaiting-ack");
    assert_eq!(at(&snapshot, "rewrite.child.exit"), JsValue::NULL);
    let killed = lab.kill_child().expect("a child lives");
    assert_eq!(text(&killed, "fact.rewrite.name"), "child-killed");
    assert_eq!(text(&killed, "can.killChild"), "no-child");
    assert_eq!(number(&killed, "rewrite.child.exit.signal"), 9.0);
    assert_eq!(code(lab.kill_child()), "not-running");
}

/// A worker has nothing but the bytes, and its labels are those of the explorer itself.
#[wasm_bindgen_test]
fn a_worker_labels_every_step_of_a_run() {
    for scenario in ["first-visit", "rename"] {
        let mut lab = lab(&[("scenario", scenario)]);
        let bytes = lab.export_run();
        let run = Run::from_bytes(&bytes.to_vec()).expect("a run");
        let expected: Vec<Label> =
            Strip::new(run, explore::Options::default()).expect("it loads").collect();
        let began = js_sys::Date::now();
        let mut strip = RiskStrip::new(&bytes, "any-prefix").expect("a strip");
        let mut step = 0;
        loop {
            let labels = Array::from(&strip.next(16.0).expect("labels"));
            if labels.length() == 0 {
                break;
            }
            for label in labels.iter() {
                let look = expected[step].look.expect("the server runs");
                assert_eq!(number(&label, "step"), step as f64);
                for (failure, outlook) in [("killed", look.killed), ("powerCut", look.power_cut)] {
                    let field = |name: &str| number(&label, &format!("{failure}.{name}"));
                    assert_eq!(field("acknowledged"), outlook.acknowledged as f64);
                    assert_eq!(field("keptAtWorst"), outlook.kept_at_worst as f64);
                    assert_eq!(field("images"), outlook.listed as f64);
                    assert_eq!(field("datasets"), outlook.datasets as f64);
                }
                step += 1;
            }
        }
        assert_eq!(step, expected.len());
        let last = number(&lab.snapshot().expect("a snapshot"), "stepCount");
        assert_eq!(step as f64, last + 1.0);
        wasm_bindgen_test::console_log!(
            "{scenario}: {step} labels in {} ms",
            js_sys::Date::now() - began
        );
    }
    let refused = RiskStrip::new(&Uint8Array::from(&b"no run"[..]), "exact");
    assert_eq!(code(refused.map(|_| JsValue::NULL)), "bad-option");
}

//! Tests that run in a headless browser: `cargo xtask test browser`.
#![cfg(target_arch = "wasm32")]

mod lab;
mod object;
mod traces;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

// Without this line the runner skips the whole file and reports success; the expected number of
// tests would tell.
wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn the_tests_run_in_a_page() {
    let document = js_sys::Reflect::get(&js_sys::global(), &"document".into());
    assert!(document.is_ok_and(|document| document.is_object()));
}

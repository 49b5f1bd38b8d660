//! Looking into plain JavaScript objects by path, as the page does.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

/// The value at a path such as `verdict.killed.sure` or `log.1.words.0`.
pub(crate) fn at(object: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(object.clone(), |value, step| {
        let key = step.parse::<u32>().map_or_else(|_| step.into(), JsValue::from);
        Reflect::get(&value, &key).unwrap_or_else(|_| panic!("{path}: no {step}"))
    })
}

/// A number at a path.
pub(crate) fn number(object: &JsValue, path: &str) -> f64 {
    let value = at(object, path);
    value.as_f64().unwrap_or_else(|| panic!("{path} is {value:?}"))
}

/// A text at a path.
pub(crate) fn text(object: &JsValue, path: &str) -> String {
    let value = at(object, path);
    value.as_string().unwrap_or_else(|| panic!("{path} is {value:?}"))
}

/// The `code` of a thrown error, which must be a JavaScript `Error`.
pub(crate) fn code(thrown: Result<JsValue, JsValue>) -> String {
    let error = thrown.expect_err("it is refused");
    assert!(error.is_instance_of::<js_sys::Error>(), "{error:?} is no Error");
    assert!(!text(&error, "message").is_empty());
    text(&error, "code")
}

/// An options object.
pub(crate) fn options(pairs: &[(&str, &str)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in pairs {
        Reflect::set(&object, &(*name).into(), &(*value).into()).expect("a fresh object");
    }
    object.unchecked_into()
}

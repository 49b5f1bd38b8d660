//! `LogEntry`, `KeyView`, `ClientView`.

use serde::Serialize;

use crate::view::Bytes;

/// `LogEntry`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct LogEntry {
    pub index: u64,
    pub from: u64,
    pub to: u64,
    pub words: Vec<String>,
    pub bytes: Bytes,
    pub origin: &'static str,
    pub unit: u64,
    pub client: Option<u64>,
    pub key: Option<String>,
    pub executed_at_us: u64,
    pub acknowledged: bool,
    pub layer: &'static str,
    pub fate: Option<&'static str>,
}

/// `KeyView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct KeyView {
    pub db: u8,
    pub key: String,
    pub kind: &'static str,
    pub value: String,
    pub more: u64,
    pub expires_in_ms: Option<i64>,
    pub entry: Option<u64>,
    pub touched: bool,
}

/// `ClientCommand`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct ClientCommand {
    pub text: String,
    pub reply: Option<String>,
    pub is_error: bool,
    pub is_write: bool,
    pub step: u64,
    pub state: &'static str,
    pub fate: Option<&'static str>,
}

/// `ClientView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct ClientView {
    pub id: u64,
    pub db: u8,
    pub in_multi: bool,
    pub commands: Vec<ClientCommand>,
    pub connected: bool,
    pub paused: bool,
}

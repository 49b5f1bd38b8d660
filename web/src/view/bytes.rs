//! `BytesView`.

use serde::Serialize;

use crate::view::Bytes;
use crate::view::log::KeyView;

/// One command of the file, or bytes that are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct BytesEntry {
    pub from: u64,
    pub to: u64,
    pub text: String,
    pub state: &'static str,
}

/// Some writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct LedgerRow {
    pub count: u64,
    pub newest: Vec<String>,
}

/// The ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct LedgerView {
    pub kept: LedgerRow,
    pub lost: LedgerRow,
    pub altered: LedgerRow,
    pub extra: LedgerRow,
}

/// `BytesView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct BytesView {
    pub inode: Option<u64>,
    pub original_bytes: u64,
    pub length_bytes: u64,
    pub window_from: u64,
    pub window_bytes: u64,
    pub bytes: Bytes,
    pub entries: Vec<BytesEntry>,
    pub commands: u64,
    pub valid_up_to: u64,
    pub class: Option<&'static str>,
    pub error: Option<String>,
    pub loaded_bytes: Option<u64>,
    pub refused: Option<String>,
    pub dataset: Vec<KeyView>,
    pub key_count: u64,
    pub ledger: LedgerView,
    pub load_truncated: bool,
}

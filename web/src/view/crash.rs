//! `Verdict` and `CrashView`.

use serde::Serialize;

use crate::view::log::KeyView;

/// `Chip`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct Chip {
    pub label: String,
    pub command: String,
    pub fate: &'static str,
}

/// `VerdictRow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct VerdictRow {
    pub sure: u64,
    pub of: u64,
    pub chips: Vec<Chip>,
    pub lost: u64,
    pub maybe: u64,
    pub risk_bytes: u64,
    pub risk_from: u64,
    pub risk_to: u64,
    pub risk_us: u64,
    /// Only in the row of the disk error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<&'static str>,
}

/// `Verdict`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct Verdict {
    pub killed: VerdictRow,
    pub power: VerdictRow,
    pub disk_error: VerdictRow,
}

/// `CrashGroup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct CrashGroup {
    pub images: u64,
    pub example: u64,
    pub shortest: u64,
    pub longest: u64,
    pub inode: Option<u64>,
    pub dataset: Vec<KeyView>,
    pub kept_writes: u64,
    pub lost_writes: u64,
    pub refused: Option<String>,
    pub promise_kept: bool,
}

/// One command in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct CrashEntry {
    pub from: u64,
    pub to: u64,
    pub text: String,
    pub count: u64,
}

/// `CrashFile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct CrashFile {
    pub inode: Option<u64>,
    pub role: &'static str,
    pub images: u64,
    pub shortest: u64,
    pub longest: u64,
    pub entries: Vec<CrashEntry>,
}

/// What was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct PromiseView {
    pub kept: bool,
    pub at_least_units: u64,
    pub at_least_up_to: u64,
    pub since_us: Option<u64>,
}

/// `CrashView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct CrashView {
    pub kind: &'static str,
    pub model: &'static str,
    pub images: u64,
    pub more_than: bool,
    pub groups: Vec<CrashGroup>,
    pub files: Vec<CrashFile>,
    pub promise: PromiseView,
    pub worst: u64,
    pub best: u64,
    pub worst_inode: Option<u64>,
    pub best_inode: Option<u64>,
}

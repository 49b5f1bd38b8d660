//! `Snapshot`.

use serde::Serialize;

use crate::view::ErrnoView;
use crate::view::crash::{CrashView, Verdict};
use crate::view::log::{ClientView, KeyView, LogEntry};
use crate::view::rewrite::RewriteView;
use crate::view::step::StepFact;

/// What a step is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct Focus {
    pub entries: Option<(u64, u64)>,
    pub layer: Option<&'static str>,
}

/// A sync that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct SyncView {
    pub from: u64,
    pub to: u64,
    pub started_us: u64,
    pub elapsed_us: u64,
    pub expected_us: u64,
}

/// A write that is put off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct PostponedView {
    pub since_us: u64,
    pub waiting_bytes: u64,
    pub limit_us: Option<u64>,
}

/// Why writes are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct RefusingView {
    pub reason: &'static str,
    pub errno: ErrnoView,
    pub held_bytes: u64,
    pub ends_when: &'static str,
}

/// `DirectoryView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct DirectoryView {
    pub name: String,
    pub cached_inode: Option<u64>,
    pub disk_inode: Option<u64>,
}

/// `SeedField`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct SeedField {
    pub name: &'static str,
    pub value: String,
    pub changed_at_step: u64,
}

/// `SeedFunction`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct SeedFunction {
    pub name: &'static str,
    pub last_step: Option<u64>,
}

/// What is wrong with the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct FaultsView {
    pub fail_next_sync: bool,
    pub stall_next_sync: bool,
    pub disk_full: bool,
}

/// `true`, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum May {
    /// It can be done.
    Yes(bool),
    /// It cannot, for this reason.
    No(&'static str),
}

impl May {
    /// Nothing speaks against it, or this does.
    #[must_use]
    pub const fn unless(reason: Option<&'static str>) -> Self {
        match reason {
            None => Self::Yes(true),
            Some(reason) => Self::No(reason),
        }
    }
}

/// What can be done now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct Can {
    pub submit: May,
    pub kill_child: May,
    pub kill: May,
    pub cut_power: May,
    pub fail_sync: May,
    pub fill_disk: May,
    pub boot: May,
    pub step: May,
    pub step_back: May,
}

/// `Snapshot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct Snapshot {
    pub branch: u64,
    pub step: u64,
    pub step_count: u64,
    pub time_us: u64,
    pub digest: String,
    pub policy: &'static str,
    pub profile: &'static str,
    pub disk_model: &'static str,
    pub state: &'static str,
    pub fact: StepFact,
    pub focus: Focus,
    pub clients: Vec<ClientView>,
    pub log: Vec<LogEntry>,
    pub dataset: Vec<KeyView>,
    pub key_count: u64,
    pub appended: u64,
    pub written: u64,
    pub synced: u64,
    pub acknowledged: u64,
    pub file_bytes: u64,
    pub sync: Option<SyncView>,
    pub postponed: Option<PostponedView>,
    pub refusing: Option<RefusingView>,
    pub verdict: Verdict,
    pub directory: Vec<DirectoryView>,
    pub fields: Vec<SeedField>,
    pub functions: Vec<SeedFunction>,
    pub function: Option<&'static str>,
    pub rewrite: Option<RewriteView>,
    pub faults: FaultsView,
    pub can: Can,
    pub crash: Option<CrashView>,
}

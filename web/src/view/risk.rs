//! `RiskLabel`.

use serde::Serialize;

/// `RiskOutlook`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct RiskOutlook {
    pub acknowledged: u64,
    pub kept_at_worst: u64,
    pub kept_at_best: u64,
    pub images: u64,
    pub more_than: bool,
    pub datasets: u64,
    pub refused: u64,
    pub broken: bool,
}

/// `RiskLabel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct RiskLabel {
    pub step: u64,
    pub killed: Option<RiskOutlook>,
    pub power_cut: Option<RiskOutlook>,
}

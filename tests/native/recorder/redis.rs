//! Debian's Redis on the recorder: its directories after every power cut, recovered by itself.

use aof_core::promise::{Breach, Failure};
use aof_core::sim::crash::DiskModel;
use aof_tests::fuse::survey::Row;
use aof_tests::needs;

use super::own::Subject;

/// Of the directories that a crash of a run may leave, the most that are recovered.
const MOST: usize = 200;

/// Power cuts under one model.
fn row(policy: &'static str, model: DiskModel) -> Option<Row> {
    let proves = "what a power cut leaves of the log of Redis 7";
    let redis = needs::program("redis-server", proves)?;
    Subject::like_redis(&redis, policy).row((Failure::PowerCut, model), MOST, proves)
}

fn has(row: &Row, breach: Breach) -> bool {
    row.violations.iter().any(|violation| violation.breach == breach)
}

/// As long as bytes arrive in order, `always` keeps what was acknowledged, also through the switch
/// of files that Redis 7 makes.
#[test]
fn redis_7_keeps_the_promise_of_always_where_bytes_arrive_in_order() {
    let Some(row) = row("always", DiskModel::AnyPrefix) else { return };
    assert!(row.violations.is_empty(), "{row}");
    assert!(row.recovered > 20, "{row}");
}

/// A file system that makes a file longer before its bytes arrive leaves zeros at its end. Redis
/// does not start from them, and one that does not start has lost everything that was acknowledged.
#[test]
fn redis_7_refuses_a_log_that_ends_in_zeros_under_always() {
    let Some(row) = row("always", DiskModel::ZeroTail) else { return };
    assert!(has(&row, Breach::Refused), "{row}");
}

/// A rewrite names the next file in the manifest, durably, before the end of the file before it
/// is synced. A power cut then leaves a file in the middle that lacks its end: Redis refuses it if
/// a record is torn; if not, it loads units without those before them.
#[test]
fn redis_7_names_the_next_file_before_the_last_one_is_synced_under_everysec() {
    let Some(row) = row("everysec", DiskModel::AnyPrefix) else { return };
    assert!(has(&row, Breach::Refused), "{row}");
    assert!(has(&row, Breach::NotAPrefix), "{row}");
}

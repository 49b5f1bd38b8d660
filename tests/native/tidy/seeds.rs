//! Each function and each field of the seed documents has a place in the code that can be found
//! under its C name, as an item or as `#[doc(alias = "…")]`.

use super::{assert_none, has_word, texts};

/// The functions of the seeds.
const FUNCTIONS: [&str; 10] = [
    "flushAppendOnlyFile",
    "feedAppendOnlyFile",
    "aofRemoveTempFile",
    "rewriteAppendOnlyFileBackground",
    "loadAppendOnlyFile",
    "stopAppendOnly",
    "startAppendOnly",
    "backgroundRewriteDoneHandler",
    "aofRewriteBufferReset",
    "aofRewriteBufferSize",
];

/// The fields of the seeds.
const FIELDS: [&str; 32] = [
    "aof_state",
    "aof_fsync",
    "aof_filename",
    "aof_no_fsync_on_rewrite",
    "aof_rewrite_perc",
    "aof_rewrite_min_size",
    "aof_rewrite_base_size",
    "aof_current_size",
    "aof_rewrite_scheduled",
    "aof_child_pid",
    "aof_rewrite_buf_blocks",
    "aof_buf",
    "aof_fd",
    "aof_selected_db",
    "aof_flush_postponed_start",
    "aof_last_fsync",
    "aof_rewrite_time_last",
    "aof_rewrite_time_start",
    "aof_lastbgrewrite_status",
    "aof_delayed_fsync",
    "aof_rewrite_incremental_fsync",
    "aof_last_write_status",
    "aof_last_write_errno",
    "aof_load_truncated",
    "aof_pipe_write_data_to_child",
    "aof_pipe_read_data_from_parent",
    "aof_pipe_write_ack_to_parent",
    "aof_pipe_read_ack_from_child",
    "aof_pipe_write_ack_to_child",
    "aof_pipe_read_ack_from_parent",
    "aof_stop_sending_diff",
    "aof_child_diff",
];

#[test]
fn every_name_of_the_seeds_can_be_found_in_core() {
    let texts = texts();
    let core = || {
        let core = texts.iter().filter(|text| text.path.starts_with("core/src/"));
        core.flat_map(|text| text.code().map(|(_, line)| line))
    };
    let is_alias = |line: &str, name: &str| line.contains("alias") && has_word(line, name);
    let is_item = |line: &str, name: &str| {
        let starts = ["fn", "struct", "enum", "const", "mod", "type"];
        has_word(line, name)
            && (starts.iter().any(|start| line.contains(&format!("{start} {name}")))
                || line.trim_start().trim_start_matches("pub ").starts_with(&format!("{name}:")))
    };
    let missing = FUNCTIONS
        .iter()
        .chain(&FIELDS)
        .filter(|name| !core().any(|line| is_alias(line, name) || is_item(line, name)))
        .map(|&name| name.to_owned())
        .collect::<Vec<_>>();
    assert_none(&missing, "names of the seeds without a #[doc(alias)]");
}

/// The fields that the page shows, under the same names and in the same order.
#[test]
fn every_field_of_the_seeds_can_be_looked_at() {
    assert_eq!(aof_core::sim::fields::Field::ALL.map(aof_core::sim::fields::Field::name), FIELDS);
}

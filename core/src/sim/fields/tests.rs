use super::*;
use crate::config::Config;
use crate::keyspace::Keyspace;
use crate::units::Micros;

const NOW: Millis = Millis(1_700_000_000_999);

fn engine(config: Config) -> Engine {
    Engine::new(config, 1, Keyspace::new(1), 77, NOW, Micros(0))
}

/// As the C program has them just after a start over a log of 77 bytes.
#[test]
fn a_server_that_has_just_started() {
    let fields = Fields::of(&engine(Config::default()), None);
    let shown: Vec<String> = Field::ALL
        .iter()
        .map(|&field| format!("{}={}", field.name(), fields.value(field).text("a.aof")))
        .collect();
    assert_eq!(
        shown,
        [
            "aof_state=AOF_ON",
            "aof_fsync=everysec",
            "aof_filename=a.aof",
            "aof_no_fsync_on_rewrite=0",
            "aof_rewrite_perc=100",
            "aof_rewrite_min_size=67108864",
            "aof_rewrite_base_size=77",
            "aof_current_size=77",
            "aof_rewrite_scheduled=0",
            "aof_child_pid=-1",
            "aof_rewrite_buf_blocks=0 blocks, 0 B",
            "aof_buf=0 B",
            "aof_fd=8",
            "aof_selected_db=-1",
            "aof_flush_postponed_start=0",
            "aof_last_fsync=1700000000",
            "aof_rewrite_time_last=-1",
            "aof_rewrite_time_start=-1",
            "aof_lastbgrewrite_status=REDIS_OK",
            "aof_delayed_fsync=0",
            "aof_rewrite_incremental_fsync=1",
            "aof_last_write_status=REDIS_OK",
            "aof_last_write_errno=0",
            "aof_load_truncated=1",
            "aof_pipe_write_data_to_child=-1",
            "aof_pipe_read_data_from_parent=-1",
            "aof_pipe_write_ack_to_parent=-1",
            "aof_pipe_read_ack_from_child=-1",
            "aof_pipe_write_ack_to_child=-1",
            "aof_pipe_read_ack_from_parent=-1",
            "aof_stop_sending_diff=0",
            "aof_child_diff=0 B",
        ]
    );
}

#[test]
fn without_a_log_nothing_is_open() {
    let fields = Fields::of(&engine(Config { appendonly: false, ..Config::default() }), None);
    assert_eq!(fields.value(Field::State).text(""), "AOF_OFF");
    assert_eq!(fields.value(Field::Fd), Value::Descriptor(None));
}

/// Each part of the look is one field or two, and no field stays when its part changes.
#[test]
fn every_field_but_the_name_of_the_log_can_change_alone() {
    let before = Fields::of(&engine(Config::default()), None);
    let mut changes: Vec<(&str, Fields)> = Vec::new();
    let mut change = |names, edit: fn(&mut Fields)| {
        let mut fields = before;
        edit(&mut fields);
        changes.push((names, fields));
    };
    change("aof_state", |f| f.state = State::WaitRewrite);
    change("aof_fsync", |f| f.policy = Policy::Always);
    change("aof_no_fsync_on_rewrite", |f| f.no_sync_on_rewrite = true);
    change("aof_rewrite_perc", |f| f.percentage = 0);
    change("aof_rewrite_min_size", |f| f.min_size_bytes = 0);
    change("aof_rewrite_base_size", |f| f.base_size_bytes = 0);
    change("aof_current_size", |f| f.current_size_bytes = 0);
    change("aof_rewrite_scheduled", |f| f.scheduled = true);
    change("aof_child_pid", |f| f.child = Some(ChildId(4_242)));
    change("aof_rewrite_buf_blocks", |f| f.diff_bytes = 48);
    change("aof_rewrite_buf_blocks", |f| f.blocks = 1);
    change("aof_buf", |f| f.buffer_bytes = 1);
    change("aof_fd", |f| f.file = Some(FileId(FileId::LIVE.0 + 1)));
    change("aof_fd", |f| f.file = None);
    change("aof_selected_db", |f| f.selected_db = Some(0));
    change("aof_flush_postponed_start", |f| f.postponed_since = Some(NOW));
    change("aof_last_fsync", |f| f.last_sync = Millis(NOW.0 + 1));
    change("aof_rewrite_time_last", |f| f.last_seconds = Some(0));
    change("aof_rewrite_time_start", |f| f.started = Some(NOW));
    change("aof_lastbgrewrite_status", |f| f.last_failed = true);
    change("aof_delayed_fsync", |f| f.delayed_syncs = 1);
    change("aof_rewrite_incremental_fsync", |f| f.incremental_sync = false);
    change("aof_last_write_status aof_last_write_errno", |f| {
        f.last_write_error = Some(Errno::ENOSPC);
    });
    change("aof_load_truncated", |f| f.load_truncated = false);
    change(
        "aof_pipe_write_data_to_child aof_pipe_read_data_from_parent \
         aof_pipe_write_ack_to_parent aof_pipe_read_ack_from_child \
         aof_pipe_write_ack_to_child aof_pipe_read_ack_from_parent",
        |f| f.pipes_open = true,
    );
    change("aof_stop_sending_diff", |f| f.stop_sending = true);
    change("aof_child_diff", |f| f.child_diff_bytes = 44);
    let mut seen = vec!["aof_filename"];
    for (names, after) in &changes {
        let changed = Field::ALL.iter().filter(|&&field| before.value(field) != after.value(field));
        let changed: Vec<&str> = changed.map(|field| field.name()).collect();
        assert_eq!(changed.join(" "), *names);
        seen.extend(changed);
    }
    assert!(Field::ALL.iter().all(|field| seen.contains(&field.name())), "{seen:?}");
}

#[test]
fn numbers_of_descriptors_are_never_the_same() {
    let mut fields = Fields::of(&engine(Config::default()), None);
    fields.pipes_open = true;
    let mut open: Vec<u32> = Field::ALL
        .iter()
        .filter_map(|&field| match fields.value(field) {
            Value::Descriptor(number) => number,
            _ => None,
        })
        .collect();
    open.push(descriptor(FileId(FileId::LIVE.0 + 1)));
    open.sort_unstable();
    assert_eq!(open, [8, 9, 10, 11, 12, 13, 14, 15]);
    assert_eq!(descriptor(FileId::LIVE), descriptor(FileId(FileId::LIVE.0 + 2)));
}

use super::*;

const NAME: &str = "appendonly.aof";

fn disk() -> (Disk, Inode) {
    let mut disk = Disk::new(Parameters::default());
    let inode = disk.install(NAME, b"base".to_vec());
    (disk, inode)
}

fn stored(disk: &Disk, inode: Inode) -> &Stored {
    disk.file(inode).expect("the file exists")
}

#[test]
fn a_write_is_cached_and_not_durable() {
    let (mut disk, inode) = disk();
    assert_eq!(disk.write(inode, b"abc", Micros(1)), Ok(3));
    assert_eq!(stored(&disk, inode).cached(), b"baseabc");
    assert_eq!(stored(&disk, inode).durable(), b"base");
    assert_eq!(stored(&disk, inode).dirty_bytes(), 3);
    assert_eq!(stored(&disk, inode).durable_upto(), 4);
}

#[test]
fn a_sync_covers_what_was_written_when_it_started() {
    let (mut disk, inode) = disk();
    disk.write(inode, b"abc", Micros(1)).expect("room");
    let sync = disk.begin_sync(inode);
    disk.write(inode, b"def", Micros(2)).expect("room");
    assert_eq!(sync.dirty_bytes, 3);
    disk.finish_sync(sync).expect("no fault");
    assert_eq!(stored(&disk, inode).durable(), b"baseabc");
    assert_eq!(stored(&disk, inode).cached(), b"baseabcdef");
}

#[test]
fn a_sync_costs_a_base_and_something_per_dirty_byte() {
    let (mut disk, inode) = disk();
    disk.write(inode, &[b'x'; 54], Micros(1)).expect("room");
    assert_eq!(disk.begin_sync(inode).duration_micros, 18_000);
    disk.write(inode, &vec![b'x'; 1024 * 1024], Micros(1)).expect("room");
    assert_eq!(disk.begin_sync(inode).duration_micros, 18_000 + 20 * 1024);
}

#[test]
fn a_stall_takes_one_sync_and_is_over() {
    let (mut disk, inode) = disk();
    disk.faults.stall_next_sync_micros = Some(157_000);
    disk.faults.stalled_syncs_micros.insert(3, 5);
    let durations: Vec<u64> = (0..4).map(|_| disk.begin_sync(inode).duration_micros).collect();
    assert_eq!(durations, [175_000, 18_000, 18_005, 18_000]);
}

#[test]
fn dropped_pages_are_readable_and_become_zeros() {
    let (mut disk, inode) = disk();
    disk.write(inode, b"abc", Micros(1)).expect("room");
    disk.faults.fail_next_sync = Some(Errno::EIO);
    let sync = disk.begin_sync(inode);
    assert_eq!(disk.finish_sync(sync), Err(Errno::EIO));
    // The next sync finds nothing dirty and says so.
    let sync = disk.begin_sync(inode);
    assert_eq!(sync.dirty_bytes, 0);
    assert_eq!(disk.finish_sync(sync), Ok(()));
    assert_eq!(stored(&disk, inode).durable(), b"base");
    disk.write(inode, b"def", Micros(2)).expect("room");
    let sync = disk.begin_sync(inode);
    disk.finish_sync(sync).expect("no fault");
    assert_eq!(stored(&disk, inode).cached(), b"baseabcdef");
    assert_eq!(stored(&disk, inode).durable(), b"base\0\0\0def");
    assert_eq!(stored(&disk, inode).durable_upto(), 4);
}

#[test]
fn kept_pages_are_tried_again() {
    let parameters = Parameters { failed_pages: FailedPages::Kept, ..Parameters::default() };
    let mut disk = Disk::new(parameters);
    let inode = disk.install(NAME, Vec::new());
    disk.write(inode, b"abc", Micros(1)).expect("room");
    disk.faults.fail_next_sync = Some(Errno::EIO);
    let sync = disk.begin_sync(inode);
    assert_eq!(disk.finish_sync(sync), Err(Errno::EIO));
    let sync = disk.begin_sync(inode);
    assert_eq!(disk.finish_sync(sync), Ok(()));
    assert_eq!(stored(&disk, inode).durable(), b"abc");
}

#[test]
fn a_full_disk_takes_what_fits_and_then_nothing() {
    let (mut disk, inode) = disk();
    disk.faults.capacity_bytes = Some(6);
    assert_eq!(disk.write(inode, b"abcdef", Micros(1)), Ok(2));
    assert_eq!(disk.write(inode, b"cdef", Micros(1)), Err(Errno::ENOSPC));
    disk.truncate(inode, 4, Micros(2)).expect("shorter");
    disk.faults.capacity_bytes = None;
    assert_eq!(disk.write(inode, b"abcdef", Micros(3)), Ok(6));
    assert_eq!(stored(&disk, inode).cached(), b"baseabcdef");
}

#[test]
fn one_short_write_takes_a_part() {
    let (mut disk, inode) = disk();
    for (length, taken) in [(1, 1), (2, 1), (3, 2), (27, 14)] {
        disk.faults.short_next_write = true;
        assert_eq!(disk.write(inode, &vec![b'x'; length], Micros(1)), Ok(taken));
    }
    assert_eq!(disk.write(inode, b"xyz", Micros(1)), Ok(3));
}

#[test]
fn a_truncation_is_part_of_the_order() {
    let (mut disk, inode) = disk();
    disk.write(inode, b"abc", Micros(1)).expect("room");
    disk.truncate(inode, 2, Micros(2)).expect("shorter");
    disk.write(inode, b"xy", Micros(3)).expect("room");
    assert_eq!(stored(&disk, inode).cached(), b"baxy");
    assert_eq!(stored(&disk, inode).durable_upto(), 2);
    assert_eq!(disk.truncate(inode, 9, Micros(4)), Err(Errno(22)));
    let sync = disk.begin_sync(inode);
    disk.finish_sync(sync).expect("no fault");
    assert_eq!(stored(&disk, inode).durable(), b"baxy");
}

#[test]
fn a_new_name_is_durable_only_after_the_directory() {
    let mut disk = Disk::new(Parameters::default());
    let inode = disk.open(NAME, Micros(0));
    assert_eq!((disk.cached_name(NAME), disk.durable_name(NAME)), (Some(inode), None));
    let sync = disk.begin_sync(inode);
    disk.finish_sync(sync).expect("no fault");
    assert_eq!(disk.durable_name(NAME), None);
    disk.sync_directory().expect("no fault");
    assert_eq!(disk.durable_name(NAME), Some(inode));
    assert_eq!(disk.open(NAME, Micros(0)), inode);
}

#[test]
fn the_kernel_writes_old_changes_back() {
    let (mut disk, inode) = disk();
    assert_eq!(disk.next_writeback(), None);
    disk.write(inode, b"abc", Micros(120_000)).expect("room");
    disk.write(inode, b"def", Micros(6_000_000)).expect("room");
    assert_eq!(disk.next_writeback(), Some(Micros(35_000_000)));
    let done = disk.writeback(Micros(35_000_000));
    assert_eq!(done, [Writeback { inode, from_bytes: 4, to_bytes: 7 }]);
    assert_eq!(stored(&disk, inode).durable(), b"baseabc");
    assert_eq!(disk.next_writeback(), Some(Micros(40_000_000)));
    disk.writeback(Micros(40_000_000));
    assert_eq!(stored(&disk, inode).durable(), b"baseabcdef");
    assert_eq!(disk.next_writeback(), None);
}

#[test]
fn power_returns_to_exactly_one_image() {
    let (mut disk, inode) = disk();
    disk.write(inode, b"abc", Micros(1)).expect("room");
    disk.faults.capacity_bytes = Some(1);
    disk.restart_with(NAME, Some(b"basea".to_vec()), disk.cached_name(NAME));
    let inode = disk.cached_name(NAME).expect("installed");
    assert_eq!(stored(&disk, inode).cached(), b"basea");
    assert_eq!(stored(&disk, inode).durable(), b"basea");
    assert_eq!(disk.faults, Faults::default());
    disk.restart_with(NAME, None, None);
    assert_eq!(disk.cached_name(NAME), None);
    assert_eq!(disk.used_bytes(), 0);
}

//! The power is cut, on real file systems.
//!
//! [`table`] cuts after operations that are written down here, and says what each file system
//! leaves: the models of `aof_core::sim::crash` are only worth something if they know each of these
//! images. [`cuts`] cuts under the real server, and asks for the promises as well.
//! `cargo test -p aof-tests --test native power_cut -- --nocapture` prints all that was found.

mod cuts;
mod script;
mod table;

use aof_core::sim::crash::DiskModel;
use aof_tests::loop_disk::LoopDisk;

/// The models that must know whatever is found on such a disk: the narrowest that was seen to do,
/// and the one that knows everything that POSIX allows.
fn models(disk: &LoopDisk<'_>) -> &'static [DiskModel] {
    let options = disk.options();
    if options.contains("data=ordered") {
        &[DiskModel::Ext4Ordered, DiskModel::PosixMinimal]
    } else if options.contains("nodelalloc") {
        &[DiskModel::AnySubset, DiskModel::PosixMinimal]
    } else {
        // XFS, too, although no zeros were seen there.
        &[DiskModel::ZeroTail, DiskModel::PosixMinimal]
    }
}

//! What a rewrite costs in memory, as the kernel counts it.

use aof_tests::client::Reply;

use super::{launch, number, rewrite};
use crate::server::folder;

/// Keys and bytes of each value: more than 200 MB.
const KEYS: u64 = 400_000;
const VALUE_BYTES: u64 = 512;

/// What the child of an idle server may have of its own: its buffers, its stack, and what the
/// allocator and the event loop write. It does not depend on the dataset.
const CHILD_BYTES: u64 = 12 * 1024 * 1024;

/// To read the dataset must not write to it: no count of references, no mark of a visit, no hash
/// table that moves. Else the child would copy every page that it looks at.
#[test]
fn reading_the_dataset_copies_none_of_it() {
    let dir = folder();
    let server = launch(dir.path(), ("hardened", "no")).start();
    let mut client = server.client();
    let populate = format!("DEBUG POPULATE {KEYS} key {VALUE_BYTES}");
    assert_eq!(client.command(&populate), Reply::ok());
    // A collection of each type, small and large, beside the strings.
    for number in 0..2_000 {
        for line in [
            format!("RPUSH list {number}"),
            format!("SADD set member:{number}"),
            format!("HSET hash field:{number} {number}"),
            format!("ZADD sorted {number} member:{number}"),
            format!("RPUSH list:{number} a b c"),
            format!("SADD set:{number} 1 2 3"),
            format!("HSET hash:{number} field value"),
            format!("ZADD sorted:{number} 1.5 a"),
        ] {
            client.send(&line.split(' ').collect::<Vec<_>>()).expect("sent");
        }
        for _ in 0..8 {
            assert!(client.receive().expect("a reply").reply.integer().is_some());
        }
    }
    let used = number(&mut client, "used_memory");
    assert!(used > 200_000_000, "only {used} bytes are in use");
    rewrite(&server, &mut client);
    let copied = number(&mut client, "aof_last_cow_size");
    let forked_usec = number(&mut client, "latest_fork_usec");
    eprintln!("{used} bytes in use: {copied} private to the child, fork took {forked_usec} us");
    assert!(copied > 0, "nothing was measured");
    assert!(copied < CHILD_BYTES, "the child of an idle server has {copied} bytes of its own");
    assert!(forked_usec > 0);
    let said = server.process.printed();
    assert!(said.contains("of memory used by copy-on-write"), "{said}");
}

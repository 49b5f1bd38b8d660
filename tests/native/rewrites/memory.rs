//! What a rewrite costs in memory, as the kernel counts it.

use aof_tests::client::{Client, Reply};

use super::{launch, number, rewrite};
use crate::server::folder;

/// Strings, and bytes of each value: more than 100 MB.
const KEYS: u64 = 200_000;
const VALUE_BYTES: u64 = 512;

/// Of each other type: so many large ones with so many elements, more than 24 MB together.
const LARGE: u64 = 40;
const ELEMENTS: u64 = 8_000;
/// Of each element, beside its number.
const ELEMENT: &str = "an element that is long enough to lie by itself in memory, and some more";
/// Of each other type, so many small ones.
const SMALL: u64 = 2_000;

/// What the child of an idle server may have of its own: its buffers, its stack, and what the
/// allocator and the event loop write. It does not depend on the dataset.
const CHILD_BYTES: u64 = 12 * 1024 * 1024;

/// Name and command of each type but strings.
const TYPES: [(&str, &str); 4] =
    [("list", "RPUSH"), ("set", "SADD"), ("hash", "HSET"), ("sorted", "ZADD")];

/// Large and small ones of a type.
fn fill(client: &mut Client, name: &str, command: &str) {
    let element = |number: u64| match command {
        "HSET" | "ZADD" => vec![format!("{number}"), format!("{number} {ELEMENT}")],
        _ => vec![format!("{number} {ELEMENT}")],
    };
    let add = |key: String, elements: std::ops::Range<u64>| {
        let mut words = vec![command.to_owned(), key];
        words.extend(elements.flat_map(element));
        words
    };
    let large = (0..LARGE).map(|number| add(format!("large:{name}:{number}"), 0..ELEMENTS));
    let small = (0..SMALL).map(|number| add(format!("small:{name}:{number}"), 0..3));
    for words in large.chain(small) {
        assert!(client.call(&words).expect("a reply").reply.integer().is_some());
    }
}

/// To read the dataset must not write to it: no count of references, no mark of a visit, no hash
/// table that moves. Else the child would copy every page that it looks at.
#[test]
fn reading_the_dataset_copies_none_of_it() {
    let dir = folder();
    let server = launch(dir.path(), ("hardened", "no")).start();
    let mut client = server.client();
    let populate = format!("DEBUG POPULATE {KEYS} key {VALUE_BYTES}");
    assert_eq!(client.command(&populate), Reply::ok());
    // A child that copies any one of these types is over the bound.
    for (name, command) in TYPES {
        let before = number(&mut client, "used_memory");
        fill(&mut client, name, command);
        let added = number(&mut client, "used_memory") - before;
        eprintln!("{name}: {added} bytes");
        assert!(added > 2 * CHILD_BYTES, "to copy each {name} would not show: {added} bytes");
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

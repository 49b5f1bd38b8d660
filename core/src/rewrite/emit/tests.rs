use super::*;
use crate::resp::encode_command;

#[test]
fn a_string_is_one_set() {
    let mut keyspace = Keyspace::new(0);
    keyspace.db_mut(3).insert(b"key", Value::string(b"value"));
    keyspace.db_mut(3).set_expiry(b"key", Some(Millis(5)));
    let (mut out, mut expected) = (Vec::new(), Vec::new());
    assert!(!Emitter::new().emit(&keyspace, &mut out, usize::MAX));
    for words in [&["SELECT", "3"][..], &["SET", "key", "value"], &["PEXPIREAT", "key", "5"]] {
        encode_command(words, &mut expected);
    }
    assert_eq!(out, expected);
}

/// A digest is remembered in the memory of the dataset; in a child of a fork, that would copy it.
#[test]
fn to_emit_remembers_nothing_in_the_dataset() {
    let mut keyspace = Keyspace::new(0);
    keyspace.db_mut(0).insert(b"key", Value::string(b"value"));
    Emitter::new().emit(&keyspace, &mut Vec::new(), usize::MAX);
    let _ = size_of_key(b"key", &Value::string(b"value"), None);
    assert!(!keyspace.db(0).keeps_digests());
    keyspace.digest_into(&mut Digest::new());
    assert!(keyspace.db(0).keeps_digests(), "this test sees nothing");
}

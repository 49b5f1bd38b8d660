use super::*;
use crate::value::Value;

#[test]
fn a_snapshot_without_a_diff_becomes_a_file() {
    let mut keyspace = Keyspace::new(0);
    keyspace.db_mut(0).insert(b"key", Value::string(b"value"));
    let parameters = Parameters::of(&Config::default());
    let mut child = Child::new(ChildId(7), &keyspace, parameters, Micros(0));
    let (mut file, mut named) = (Vec::new(), None);
    for _ in 0..100 {
        let event = match child.next_effect(&keyspace) {
            ChildEffect::Open { .. } => ChildEvent::Opened(Ok(())),
            ChildEffect::Write { bytes } => {
                file.extend_from_slice(bytes);
                ChildEvent::Written(Ok(bytes.len() as u64))
            }
            ChildEffect::ReadDiff { .. } => ChildEvent::Diff(Ok(&[])),
            ChildEffect::Sync { .. } => ChildEvent::Synced(Ok(())),
            ChildEffect::AwaitDiff { .. } => ChildEvent::Readable(false),
            ChildEffect::SendStop => ChildEvent::StopSent(Ok(())),
            ChildEffect::AwaitAck { .. } => ChildEvent::Ack(Ack::Byte(AGREED)),
            ChildEffect::Close => ChildEvent::Closed(Ok(())),
            ChildEffect::Rename { from, to } => {
                named = Some((from, to));
                ChildEvent::Renamed(Ok(()))
            }
            ChildEffect::Unlink { .. } => ChildEvent::Unlinked,
            ChildEffect::Report { .. } => ChildEvent::Reported,
            ChildEffect::Exit { .. } => break,
        };
        child.handle(event, Micros(0));
    }
    assert_eq!(child.stage(), Stage::Exited { code: 0 });
    assert_eq!(named, Some((FileName::Unfinished(ChildId(7)), FileName::Rewritten(ChildId(7)))));
    assert_eq!(child.snapshot_bytes(), Some(file.len() as u64));
}

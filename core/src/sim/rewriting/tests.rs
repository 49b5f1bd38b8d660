//! The rewrite of the picture, and whole rewrites in both profiles.

use super::*;
use crate::config::Policy;
use crate::profile::ProfileName;
use crate::sim::crash::DiskModel;
use crate::sim::fact::{ChildStep, Fact};
use crate::sim::scenario::{self, Scenario};
use crate::sim::timeline::Timeline;
use crate::sim::world::{Due, Input, World};

fn world_of(scenario: &Scenario) -> World {
    let mut world = World::new(scenario.settings.clone()).expect("an empty log loads");
    scenario.inputs.iter().for_each(|due| world.submit(due.clone()));
    world
}

fn line(piece: &Piece) -> String {
    let argv = piece.words.as_argv();
    let words: Vec<String> = argv.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect();
    words.join(" ")
}

fn lines(pieces: &[Piece]) -> Vec<(String, u64, u64, Option<u32>)> {
    pieces.iter().map(|piece| (line(piece), piece.bytes, piece.count, piece.twin)).collect()
}

fn told(text: &str, bytes: u64, count: u64, twin: Option<u32>) -> (String, u64, u64, Option<u32>) {
    (text.to_owned(), bytes, count, twin)
}

fn at(scenario: Scenario) -> Timeline {
    let position = scenario.position;
    assert!(position > 0, "the moment of the picture comes");
    let mut timeline = Timeline::new(scenario).expect("an empty log loads");
    timeline.seek(position).expect("it is known");
    timeline
}

/// `page-design.md` 11: situation, bytes and times are binding.
#[test]
fn the_rewrite_has_the_numbers_of_the_picture() {
    for profile in ProfileName::ALL {
        let timeline = at(scenario::rewrite(Policy::EverySec, profile, 1));
        let world = timeline.world();
        assert_eq!(world.now().0, 9_318_000);
        let view = world.rewriting().expect("there was a fork");
        assert_eq!((view.stage, view.cause), (Stage::Child, Cause::Asked));
        assert_eq!((view.forked_at, view.before_bytes, view.before_keys), (2_231, 2_231, 5));
        assert_eq!(view.before_commands, 105, "SELECT, four SET, a hundred INCR");
        assert_eq!(view.after, Some((160, 6)));
        assert_eq!(
            (view.child.pid, view.child.keys_done, view.child.commands),
            (ChildId(4_242), 5, 6)
        );
        assert_eq!((view.child.stage, view.child.written_bytes), (ChildStage::AwaitingAck, 160));
        assert_eq!(view.child.diff_bytes, 44);
        let received = [told("SELECT 0", 23, 1, None), told("INCR n", 21, 1, Some(1))];
        assert_eq!(lines(&view.child.diff), received);
        let [data, stop, ack] = &view.pipes;
        assert_eq!((data.bytes, stop.bytes, ack.bytes), (20, 1, 0));
        assert_eq!(lines(&data.pieces), [told("DEL b", 20, 1, Some(2))]);
        let diff = &view.diff;
        assert_eq!((diff.block_bytes, diff.freed_blocks, diff.waiting_bytes), (64, 1, 48));
        assert_eq!((diff.sent_bytes, diff.stop_sending), (64, false));
        let [block] = &diff.blocks[..] else { panic!("{:?}", diff.blocks) };
        assert_eq!((block.number, block.capacity_bytes, block.sent_bytes), (1, 64, 0));
        let waiting = [told("INCR n", 21, 1, Some(3)), told("SET e 5", 27, 1, Some(4))];
        assert_eq!(lines(&block.pieces), waiting);
        the_files_of_the_picture(&view);
        the_verdict_of_the_picture(world);
        the_datasets_of_the_picture(&view);
        let Fact::Child { step: ChildStep::AskedToStop { unsent_bytes, .. }, .. } =
            &timeline.mark().fact
        else {
            panic!("{:?}", timeline.mark().fact);
        };
        assert_eq!(*unsent_bytes, 48);
    }
}

fn the_files_of_the_picture(view: &View) {
    let [old, new] = &view.files[..] else { panic!("{:?}", view.files) };
    assert_eq!((old.inode, old.length_bytes, old.durable_bytes), (17, 2_343, 2_295));
    assert_eq!((old.parts.as_slice(), old.descriptor), (&[(Source::Log, 2_343)][..], Some(8)));
    let pieces = lines(&old.pieces);
    assert_eq!(pieces[5], told("INCR n", 2_100, 100, None));
    assert_eq!(pieces[6], told("SELECT 0", 23, 1, None));
    assert_eq!(pieces[10], told("SET e 5", 27, 1, Some(4)));
    assert_eq!(old.pieces_total, 11);
    assert_eq!((new.inode, new.length_bytes, new.durable_bytes), (18, 160, 160));
    assert_eq!(new.parts, [(Source::Rewritten, 160)]);
    assert_eq!(lines(&new.pieces)[5], told("SET n 100", 29, 1, None));
    let names: Vec<(&str, Option<u64>, Option<u64>)> = view
        .directory
        .iter()
        .map(|name| (name.name.as_str(), name.cached_inode, name.durable_inode))
        .collect();
    let expected =
        [("appendonly.aof", Some(17), Some(17)), ("temp-rewriteaof-4242.aof", Some(18), None)];
    assert_eq!(names, expected);
    let [first, frame, rest] = &view.redundant[..] else { panic!("{:?}", view.redundant) };
    assert_eq!((first.commands, first.bytes, first.new_bytes), (100, 2_100, 29));
    assert_eq!((&frame.subject, frame.bytes, frame.new_bytes), (&Subject::Frame, 23, 23));
    assert_eq!((&rest.subject, rest.bytes), (&Subject::Rest { keys: 4 }, rest.new_bytes));
    let becomes = first.becomes.as_ref().map(|words| words.as_bytes().to_vec());
    assert_eq!(becomes.as_deref(), Some(&b"*3\r\n$3\r\nSET\r\n$1\r\nn\r\n$3\r\n100\r\n"[..]));
}

fn the_verdict_of_the_picture(world: &World) {
    let verdict = world.verdict(DiskModel::AnyPrefix);
    assert_eq!((verdict.killed.sure, verdict.killed.of), (108, 108));
    let power = &verdict.power;
    assert_eq!((power.sure, power.maybe, power.lost), (106, 2, 0));
    assert_eq!((power.from, power.to), (2_295, 2_343));
    assert_eq!((verdict.disk_error.sure, verdict.disk_error.maybe), (106, 2));
}

fn the_datasets_of_the_picture(view: &View) {
    let cells = |keys: &[KeyCell]| {
        let cell = |cell: &KeyCell| {
            let Value::String(string) = &cell.value else { panic!("only strings") };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (format!("{}={}", text(&cell.key), text(string.as_bytes())), cell.state)
        };
        keys.iter().map(cell).collect::<Vec<_>>()
    };
    let named = |text: &str, state| (text.to_owned(), state);
    let parent = cells(&view.parent.keys);
    assert!(parent.contains(&named("n=102", KeyState::Changed)));
    assert!(parent.contains(&named("b=2", KeyState::Deleted)));
    assert!(parent.contains(&named("e=5", KeyState::Added)));
    assert_eq!((view.parent.keys_total, view.parent.changed), (6, 3));
    let child = cells(&view.child.keys);
    assert!(child.contains(&named("n=100", KeyState::Changed)));
    assert_eq!(child.len(), 5);
    // The new key took the place of the deleted one: two pages, not three.
    assert_eq!((view.pages.total, view.pages.split.as_slice()), (32, &[1, 4][..]));
    let foreground = view.foreground.as_ref().expect("computed");
    assert_eq!(foreground.waiting.len(), 4);
    assert_eq!((foreground.start.0, foreground.end.0), (8_900_300, 9_318_000));
    assert_eq!(foreground.waiting[0].waited_micros, 268_000);
}

#[test]
fn the_rename_has_the_numbers_of_the_picture() {
    let timeline = at(scenario::rename(Policy::EverySec, ProfileName::Hardened, 1));
    let view = timeline.world().rewriting().expect("there was a fork");
    assert_eq!((view.stage, view.gates_held), (Stage::SyncingDirectory, true));
    let [old, new] = &view.files[..] else { panic!("{:?}", view.files) };
    assert_eq!((old.length_bytes, old.durable_bytes, old.descriptor), (2_343, 2_343, Some(8)));
    assert_eq!((new.length_bytes, new.durable_bytes, new.inode), (272, 272, 18));
    assert_eq!(new.parts, [(Source::Rewritten, 160), (Source::Diff, 112)]);
    let names: Vec<_> =
        view.directory.iter().map(|n| (n.name.as_str(), n.cached_inode, n.durable_inode)).collect();
    assert_eq!(names, [("appendonly.aof", Some(18), Some(17))]);
    let keys = |recovered: &Option<RecoveredView>| {
        let recovered = recovered.as_ref().expect("both files matter");
        let name = |cell: &KeyCell| String::from_utf8_lossy(&cell.key).into_owned();
        recovered.keys.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(keys(&view.recovered_old), ["a", "c", "d", "e", "n"]);
    assert_eq!(keys(&view.recovered_new), ["a", "c", "d", "e", "n"]);
    let verdict = timeline.world().verdict(DiskModel::AnyPrefix);
    for row in [&verdict.killed, &verdict.power, &verdict.disk_error] {
        assert_eq!((row.sure, row.of), (108, 108));
    }
}

/// Redis 6.2 renames before what it appended itself is durable, and never syncs the directory.
#[test]
fn under_redis_the_residual_is_at_risk_behind_the_new_name() {
    let timeline = at(scenario::rename(Policy::EverySec, ProfileName::Redis62, 1));
    let world = timeline.world();
    let view = world.rewriting().expect("there was a fork");
    assert_eq!((view.stage, view.gates_held), (Stage::Done, false));
    let [old, new] = &view.files[..] else { panic!("{:?}", view.files) };
    assert_eq!((old.durable_bytes, new.length_bytes, new.durable_bytes), (2_343, 272, 224));
    let power = world.verdict(DiskModel::AnyPrefix).power;
    assert_eq!((power.sure, power.maybe, power.of), (106, 2, 108));
}

#[test]
fn a_whole_rewrite_leaves_what_was_there() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            let scenario = scenario::rewrite(policy, profile, 1);
            let mut world = world_of(&scenario);
            let mut facts = Vec::new();
            while let Some(fact) = world.step() {
                facts.push(fact);
            }
            let switched = facts.iter().any(|fact| {
                matches!(fact, Fact::Switched { old_bytes: 2_343, new_bytes: 272, .. })
            });
            assert!(switched, "{policy:?} {profile:?}");
            let view = world.rewriting().expect("there was a fork");
            assert_eq!(view.stage, Stage::Done);
            assert_eq!(world.machine().file_bytes(), 272);
            assert_eq!((world.machine().written(), world.machine().durable()), (2_343, 2_343));
            // Everything is closed and removed, and the old file is gone.
            let disk = &world.machine().disk;
            assert_eq!(disk.names().into_iter().collect::<Vec<_>>(), ["appendonly.aof"]);
            assert_eq!(disk.used_bytes(), 272);
            assert!(disk.file(crate::sim::disk::Inode(17)).is_none());
            assert!(!world.machine().disk.names_differ());
        }
    }
}

/// Rows of the last rewrite after these lines, the two sums as in the files.
fn rows_after(lines: &[&str]) -> Vec<Redundant> {
    let mut scenario = scenario::empty(Policy::EverySec, ProfileName::Hardened, 7);
    let at = |number: usize| Micros(10_000 + 2_000_000 * number as u64);
    let command = |(number, line): (usize, &&str)| {
        let words = Arc::new(OwnedArgv::from_line(line));
        Due { at: at(number), input: Input::Command { client: ClientId(1), words } }
    };
    scenario.inputs = lines.iter().enumerate().map(command).collect();
    let mut world = world_of(&scenario);
    while world.step().is_some() {}
    let view = world.rewriting().expect("there was a fork");
    assert_eq!(view.stage, Stage::Done, "{lines:?}");
    let rows = view.redundant.iter();
    let sum = rows.fold([0; 4], |[a, b, c, d], row| {
        [a + row.bytes, b + row.commands, c + row.new_bytes, d + row.new_commands]
    });
    let (after_bytes, after_commands) = view.after.expect("it is complete");
    let files = [view.before_bytes, view.before_commands, after_bytes, after_commands];
    assert_eq!(sum, files, "{lines:?} {:?}", view.redundant);
    view.redundant.to_vec()
}

#[test]
fn what_was_redundant_adds_up() {
    let items: Vec<String> = (0..130).map(|number| format!("v{number}")).collect();
    let list = format!("RPUSH l {}", items.join(" "));
    let rows = rows_after(&[&list, "LPOP l", "BGREWRITEAOF"]);
    let [list, _] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((list.commands, list.new_commands), (2, 3), "at most 64 items in one RPUSH");
    assert!(list.new_bytes > list.bytes, "two more commands cost more than one item");

    let rows = rows_after(&["SET a 1", "SET b 2", "DEL a b", "BGREWRITEAOF"]);
    let of = |rows: &[Redundant], name: &str| {
        let key = Subject::Key(name.as_bytes().to_vec());
        let row = rows.iter().find(|row| row.subject == key);
        row.map(|row| (row.commands, row.becomes.is_some(), row.new_bytes))
    };
    assert_eq!(of(&rows, "a"), Some((2, false, 0)), "DEL counts for its first key");
    assert_eq!(of(&rows, "b"), Some((1, false, 0)));

    let rows = rows_after(&["SET a 1", "FLUSHALL", "SET c 1", "BGREWRITEAOF"]);
    assert_eq!(of(&rows, "a"), Some((1, false, 0)));
    let flush = rows.iter().find(|row| row.subject == Subject::Dataset);
    assert_eq!(flush.map(|row| (row.commands, row.bytes)), Some((1, 18)));

    let expiring = ["SET a 1 PX 100", "SELECT 3", "SET b 2", "GET a", "BGREWRITEAOF"];
    assert_eq!(of(&rows_after(&expiring), "a"), Some((2, false, 0)), "SET and the DEL of its end");

    let many = ["MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7", "MULTI", "INCR a", "INCR b", "EXEC"];
    let many: Vec<&str> = many.into_iter().chain(["INCR c", "BGREWRITEAOF"]).collect();
    let rows = rows_after(&many);
    assert!(rows.iter().any(|row| row.subject == Subject::Rest { keys: 2 }), "{rows:?}");

    // The second rewrite begins with what the first has made.
    let twice = ["SET a 1", "INCR a", "INCR a", "BGREWRITEAOF", "INCR a", "BGREWRITEAOF"];
    assert_eq!(of(&rows_after(&twice), "a"), Some((2, true, 27)));
}

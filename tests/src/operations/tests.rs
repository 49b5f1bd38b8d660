use super::*;

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// Lines of a rewrite, with `{a}` for the path of the log and `{d}` for the directory.
fn lines(text: &str) -> Vec<String> {
    let quoted = |line: &str| {
        let pieces = line.split('"').enumerate();
        let pieces: Vec<String> = pieces
            .map(|(i, piece)| if i % 2 == 1 { hex(piece) } else { piece.to_owned() })
            .collect();
        pieces.join("\"")
    };
    let line = |line: &str| {
        let line = quoted(line).replace("{d}", &hex("/d"));
        ["a", "b", "c"].iter().fold(line, |line, name| {
            line.replace(&format!("{{{name}}}"), &hex(&format!("/d/{name}")))
        })
    };
    text.lines().map(line).collect()
}

#[test]
fn a_rewrite_becomes_operations() {
    let mut reader = Reader::new(Path::new("/d"), &["a".to_owned()]);
    for line in lines(
        "10 write(7<{a}>, \"xy\", 2) = 1
11 fdatasync(7<{a}> <unfinished ...>
10 clone(child_stack=NULL, flags=SIGCHLD) = 12
12 openat(6<{d}>, \"b\", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0644) = 3<{b}>
11 <... fdatasync resumed>)          = -1 EIO (Input/output error)
12 write(3<{b}>, \"dump\", 4) = 4
12 write(5<\\x73\\x6f>, \"report\", 6) = 6
12 fsync(3<{b}>) = 0
12 renameat(6<{d}>, \"b\", 6<{d}>, \"c\") = 0
12 --- SIGSTOP {si_signo=SIGSTOP, si_code=SI_KERNEL} ---
12 write(3<{c}>, \"more\", 4) = 4
12 +++ exited with 0 +++
11 openat(6<{d}>, \"c\", O_RDWR|O_APPEND|O_CLOEXEC) = 9<{c}>
11 renameat(6<{d}>, \"c\", 6<{d}>, \"a\") = 0
10 write(7<{a}>, \"late\", 4) = 4
10 write(9<{a}>, \"new\", 3) = 3
10 ftruncate(9<{a}>, 4) = 0
11 fsync(6<{d}>) = 0
10 unlinkat(6<{d}>, \"a\", 0) = 0
",
    ) {
        reader.line(&line);
    }
    let append = |file, text: &str| Operation::Append { file, bytes: text.as_bytes().into() };
    let rename = |from: &str, to: &str| Operation::Rename { from: from.into(), to: to.into() };
    let begins = |call, target| Operation::SyncBegins { call, target };
    let ends = |call, result| Operation::SyncEnds { call, result };
    assert_eq!(
        reader.operations,
        [
            append(1, "x"),
            begins(1, Target::File(1)),
            Operation::Create { name: "b".into(), file: 2 },
            ends(1, Err(Errno::EIO)),
            append(2, "dump"),
            begins(2, Target::File(2)),
            ends(2, Ok(())),
            rename("b", "c"),
            append(2, "more"),
            rename("c", "a"),
            // The name is the new file's by now, the descriptor still the old one's.
            append(1, "late"),
            append(2, "new"),
            Operation::Truncate { file: 2, length_bytes: 4 },
            begins(3, Target::Directory),
            ends(3, Ok(())),
            Operation::Unlink { name: "a".into() },
        ]
    );
}

//! A fork that fails, again and again.

use aof_tests::client::Reply;
use aof_tests::needs;
use aof_tests::proc::descriptors;
use aof_tests::strace::Strace;

use super::{launch, number, rewrite, unfinished};
use crate::server::folder;

/// How often it fails.
const FAILURES: u64 = 300;

/// Every fork of the event loop fails as it does when there may be no more processes. Redis 7 left
/// a file behind each time; Redis 3 left six descriptors.
#[test]
fn a_fork_that_fails_leaves_nothing_behind() {
    let proves = "that a failing fork leaves nothing behind";
    let Some(strace) = needs::program("strace", proves) else { return };
    if !needs::root(proves) {
        return;
    }
    for world in [("hardened", "everysec"), ("redis-6.2", "everysec")] {
        let dir = folder();
        let launch = launch(dir.path(), world);
        let calls = dir.path().join("calls");
        let inject = format!("clone:error=EAGAIN:when=1..{FAILURES}");
        let strace = Strace::new(&strace, &calls).only("clone").inject(&inject);
        let server = launch.under(strace.wrapper()).start();
        let mut client = server.client();
        let pid = server.pid();
        assert_eq!(client.command("SET a 1"), Reply::ok());
        let mut seen = Vec::new();
        for attempt in 0..FAILURES {
            let reply = client.command("BGREWRITEAOF");
            assert!(reply.is_error(), "{world:?} {attempt}: {reply:?}");
            assert_eq!(unfinished(dir.path()), Vec::<String>::new());
            if attempt == 10 || attempt == FAILURES - 1 {
                let files = std::fs::read_dir(dir.path()).expect("a folder").count();
                seen.push((descriptors(pid), files));
            }
        }
        assert_eq!(seen[0], seen[1], "{world:?}: descriptors and files grow");
        assert_eq!(client.info("aof_rewrite_in_progress"), "0");
        assert_eq!(client.info("aof_rewrite_buffer_length"), "0");
        let said = server.process.printed();
        let lines = said.matches("Can't rewrite append only file in background: fork").count();
        assert!(lines > 0, "{said}");
        // And when there may be processes again, it works.
        assert_eq!(client.command("SET a 2"), Reply::ok());
        rewrite(&server, &mut client);
        assert_eq!(number(&mut client, "aof_rewrite_buffer_length"), 0);
        assert_eq!(client.command("GET a"), Reply::bulk("2"));
    }
}

//! One server per log, also when the log is turned on while the server runs.

use aof_tests::client::Reply;
use aof_tests::server::Launch;

use super::rewrite;
use crate::server::folder;

/// A server whose log is off may stand beside one whose log is on, but it must not take its name.
#[test]
fn a_log_of_another_server_is_not_turned_on() {
    for profile in ["hardened", "redis-6.2"] {
        let dir = folder();
        let launch = || Launch::aofd(dir.path()).set("profile", profile);
        let owner = launch().set("appendonly", "yes").start();
        let other = launch().set("appendonly", "no").start();
        let mut client = other.client();
        let before = std::fs::read(owner.log()).expect("a log");
        for line in ["CONFIG SET appendonly yes", "BGREWRITEAOF"] {
            let reply = client.command(line);
            assert!(reply.is_error(), "{profile} `{line}`: {reply:?}");
            let said = other.process.printed();
            let holder = format!("Another server (pid {})", owner.pid());
            assert!(said.contains(&holder), "{profile} `{line}`: {said}");
        }
        assert_eq!(client.command("CONFIG GET appendonly").elements()[1], Reply::bulk("no"));
        assert_eq!(client.info("aof_state"), "off");
        assert_eq!(client.command("SET a 1"), Reply::ok(), "{profile}");
        assert_eq!(std::fs::read(owner.log()).expect("a log"), before);
        // When the owner has gone, it may.
        drop(owner);
        assert_eq!(client.command("CONFIG SET appendonly yes"), Reply::ok(), "{profile}");
        assert!(super::finish(&mut client));
        assert_eq!(client.info("aof_state"), "on");
        let (status, said) = launch().set("appendonly", "yes").refuse();
        assert_eq!(status.code(), Some(1));
        assert!(said.contains(&format!("Another server (pid {})", other.pid())), "{said}");
    }
}

/// The lock is that of the name, which a rewrite lets lead to another file; and the child, which
/// had it for a moment, does not keep it.
#[test]
fn a_rewritten_log_is_still_locked_and_free_when_its_server_is_gone() {
    let dir = folder();
    let launch = Launch::aofd(dir.path()).set("appendonly", "yes");
    let mut server = launch.start();
    let mut client = server.client();
    rewrite(&server, &mut client);
    let (status, _) = launch.refuse();
    assert_eq!(status.code(), Some(1));
    super::start(&mut client);
    server.kill();
    // At once, although the child of the old one may still be dying.
    let mut server = launch.start();
    assert_eq!(server.terminate().code(), Some(0));
}

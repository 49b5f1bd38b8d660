use super::Bench;

const NOAUTH: &str = "-NOAUTH Authentication required.";
const WRONGPASS: &str = "-WRONGPASS invalid username-password pair or user is disabled.";

/// A server with a password, and its first client, which came before it said anything.
fn locked() -> Bench {
    let mut bench = Bench::default();
    bench.executor.config.requirepass = "secret".to_owned();
    for client in 1..=2 {
        bench.step(&format!("{client}> CLIENT ID"));
        bench.sessions.get_mut(&client).unwrap().authenticated = false;
    }
    bench
}

#[test]
fn without_a_password_everybody_is_the_default_user() {
    let mut bench = Bench::default();
    for (line, reply) in [
        (
            "AUTH x",
            "-ERR AUTH <password> called without any password configured for the default user. \
             Are you sure your configuration is correct?",
        ),
        ("AUTH default x", "+OK"),
        ("AUTH joe x", WRONGPASS),
        ("AUTH a b c", "-ERR syntax error"),
        ("AUTH", "-ERR wrong number of arguments for 'auth' command"),
        ("SET a 1", "+OK"),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
}

#[test]
fn nothing_runs_before_the_password() {
    let mut bench = locked();
    for (line, reply) in [
        ("GET a", NOAUTH),
        ("PING", NOAUTH),
        ("MULTI", NOAUTH),
        ("EXEC", "-EXECABORT Transaction discarded because of: NOAUTH Authentication required."),
        ("CONFIG GET requirepass", NOAUTH),
        ("COMMAND", NOAUTH),
        // Redis looks up the command and counts its words first.
        ("WHAT", "-ERR unknown command `WHAT`, with args beginning with: "),
        ("SET", "-ERR wrong number of arguments for 'set' command"),
        ("AUTH guess", WRONGPASS),
        ("AUTH joe secret", WRONGPASS),
        ("AUTH secret", "+OK"),
        ("GET a", "nil"),
        // The next client is not this one.
        ("2> GET a", NOAUTH),
        ("2> AUTH default secret", "+OK"),
        ("2> GET a", "nil"),
        ("RESET", "+RESET"),
        ("GET a", NOAUTH),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
}

#[test]
fn hello_can_say_the_password() {
    let mut bench = locked();
    let must = bench.step("HELLO");
    assert!(must.starts_with("-NOAUTH HELLO must be called with the client already"), "{must}");
    assert!(bench.step("HELLO 2").starts_with("-NOAUTH HELLO must"));
    assert_eq!(bench.step("HELLO 2 AUTH default guess SETNAME me"), WRONGPASS);
    assert_eq!(bench.step("HELLO 2 AUTH default"), "-ERR Syntax error in HELLO option 'AUTH'");
    assert_eq!(bench.step("GET a"), NOAUTH);
    assert!(bench.step("HELLO 2 AUTH default secret SETNAME me").contains("\"server\""));
    assert_eq!(bench.step("CLIENT GETNAME"), "\"me\"");
}

#[test]
fn quit_needs_no_password_and_a_removed_password_none_either() {
    let mut bench = locked();
    assert_eq!(bench.step("QUIT"), "+OK");
    bench.executor.config.requirepass.clear();
    assert_eq!(bench.step("2> PING"), "+PONG");
}

#[test]
fn the_table_says_what_needs_no_password() {
    let mut bench = Bench::default();
    for name in ["auth", "hello"] {
        let info = bench.step(&format!("COMMAND INFO {name}"));
        assert!(info.contains("+fast, +no_auth]"), "{info}");
    }
    assert!(!bench.step("COMMAND INFO get").contains("no_auth"));
}

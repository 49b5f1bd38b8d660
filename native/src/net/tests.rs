use super::*;

fn ips(bind: &str) -> Vec<(String, bool)> {
    let addresses = parse_bind(bind).expect("all are addresses");
    addresses.iter().map(|address| (address.ip.to_string(), address.optional)).collect()
}

#[test]
fn bind_takes_addresses_stars_and_optional_ones() {
    let owned = |ip: &str, optional| (ip.to_owned(), optional);
    assert_eq!(
        ips("127.0.0.1 -::1  * -::*"),
        [owned("127.0.0.1", false), owned("::1", true), owned("0.0.0.0", false), owned("::", true)]
    );
    assert_eq!(ips(""), ips("* -::*"));
    assert!(matches!(parse_bind("example"), Err(ListenError::Address(word)) if word == "example"));
    for open in ["", "*", "* -::*", "  "] {
        assert!(names_no_address(open), "{open}");
    }
    for closed in ["127.0.0.1", "0.0.0.0", "* 10.0.0.1", "-::1"] {
        assert!(!names_no_address(closed), "{closed}");
    }
}

#[test]
fn a_taken_port_is_said_as_redis_does_and_with_a_way_out() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = holder.local_addr().expect("an address").port();
    let error = listen_tcp("127.0.0.1", port, 511).expect_err("taken");
    assert_eq!(
        error.warning().expect("a line"),
        format!(
            "Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: \
             Address already in use"
        )
    );
    let text = error.to_string();
    assert!(text.starts_with(&format!("Failed listening on port {port} (TCP), aborting.")));
    assert!(text.contains("--port"), "{text}");
}

#[test]
fn port_zero_listens_nowhere() {
    assert!(listen_tcp("127.0.0.1", 0, 511).expect("nothing to do").is_empty());
}

#[test]
fn an_address_of_another_machine_is_an_error_unless_it_may_be_missing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    // Addresses of documents belong to no machine.
    let error = listen_tcp("127.0.0.1 192.0.2.1", port, 511).expect_err("not ours");
    assert!(error.warning().expect("a line").contains("bind: Cannot assign requested address"));
    let listeners = listen_tcp("127.0.0.1 -192.0.2.1", port, 511).expect("one of them");
    assert_eq!(listeners.len(), 1);
}

#[test]
fn a_socket_file_is_replaced_and_any_other_file_stays() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("aofd.sock");
    drop(listen_unix(&path, 0o700, 511).expect("new"));
    assert!(path.exists(), "a server that was killed leaves its socket");
    let Listener::Unix { path: kept, .. } = listen_unix(&path, 0o640, 511).expect("replaced")
    else {
        panic!("a Unix socket");
    };
    let mode = fs::metadata(&kept).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);

    let file = dir.path().join("appendonly.aof");
    fs::write(&file, "data").expect("written");
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&file, &link).expect("linked");
    for path in [&file, &link] {
        let error = listen_unix(path, 0, 511).expect_err("no socket");
        assert!(matches!(error, ListenError::NotASocket { .. }), "{error}");
    }
    assert_eq!(fs::read(&file).expect("still there"), b"data");
}

#[test]
fn a_path_without_a_folder_or_too_long_is_said_as_redis_does() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = |path: &Path| listen_unix(path, 0, 511).expect_err("impossible").to_string();
    assert_eq!(
        text(&dir.path().join("missing/socket")),
        "Opening Unix socket: bind: No such file or directory"
    );
    assert!(text(&dir.path().join("x".repeat(200))).starts_with("Opening Unix socket: bind: "));
}

#[test]
fn a_backlog_above_the_kernel_s_is_told() {
    let text = backlog_warning(511, Some("128\n")).expect("a warning");
    assert!(text.starts_with("WARNING: The TCP backlog setting of 511 cannot be enforced"));
    assert!(text.ends_with("the lower value of 128."), "{text}");
    assert_eq!(backlog_warning(511, Some("4096\n")), None);
    assert_eq!(backlog_warning(511, None), None);
    assert_eq!(backlog_warning(511, Some("many")), None);
}

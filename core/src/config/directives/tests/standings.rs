//! Walks the table: every directive, whatever its standing.

use super::*;

/// Every name that Redis 6.2 knows, in a file or by `CONFIG GET`. Sorted.
const REDIS_6_2: &str = "\
acl-pubsub-default aclfile acllog-max-len active-defrag-cycle-max active-defrag-cycle-min \
active-defrag-ignore-bytes active-defrag-max-scan-fields active-defrag-threshold-lower \
active-defrag-threshold-upper active-expire-effort activedefrag activerehashing always-show-logo \
aof-load-truncated aof-rewrite-incremental-fsync aof-use-rdb-preamble aof_rewrite_cpulist \
appendfilename appendfsync appendonly auto-aof-rewrite-min-size auto-aof-rewrite-percentage \
bgsave_cpulist bind bio_cpulist client-output-buffer-limit client-query-buffer-limit \
cluster-allow-reads-when-down cluster-allow-replica-migration cluster-announce-bus-port \
cluster-announce-ip cluster-announce-port cluster-announce-tls-port cluster-config-file \
cluster-enabled cluster-migration-barrier cluster-node-timeout cluster-replica-no-failover \
cluster-replica-validity-factor cluster-require-full-coverage cluster-slave-no-failover \
cluster-slave-validity-factor crash-log-enabled crash-memcheck-enabled daemonize databases \
dbfilename dir disable-thp dynamic-hz gopher-enabled hash-max-ziplist-entries \
hash-max-ziplist-value hll-sparse-max-bytes hz ignore-warnings include io-threads \
io-threads-do-reads jemalloc-bg-thread key-load-delay latency-monitor-threshold \
lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del \
lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-compress-depth \
list-max-ziplist-entries list-max-ziplist-size list-max-ziplist-value loadmodule logfile loglevel \
lua-replicate-commands lua-time-limit masterauth masteruser maxclients maxmemory \
maxmemory-eviction-tenacity maxmemory-policy maxmemory-samples min-replicas-max-lag \
min-replicas-to-write min-slaves-max-lag min-slaves-to-write no-appendfsync-on-rewrite \
notify-keyspace-events oom-score-adj oom-score-adj-values pidfile port proc-title-template \
protected-mode proto-max-bulk-len rdb-del-sync-files rdb-key-save-delay \
rdb-save-incremental-fsync rdbchecksum rdbcompression rename-command repl-backlog-size \
repl-backlog-ttl repl-disable-tcp-nodelay repl-diskless-load repl-diskless-sync \
repl-diskless-sync-delay repl-ping-replica-period repl-ping-slave-period repl-timeout \
replica-announce-ip replica-announce-port replica-announced replica-ignore-maxmemory \
replica-lazy-flush replica-priority replica-read-only replica-serve-stale-data replicaof \
requirepass sanitize-dump-payload save sentinel server_cpulist set-max-intset-entries \
set-proc-title slave-announce-ip slave-announce-port slave-ignore-maxmemory slave-lazy-flush \
slave-priority slave-read-only slave-serve-stale-data slaveof slowlog-log-slower-than \
slowlog-max-len stop-writes-on-bgsave-error stream-node-max-bytes stream-node-max-entries \
supervised syslog-enabled syslog-facility syslog-ident tcp-backlog tcp-keepalive timeout \
tls-auth-clients tls-ca-cert-dir tls-ca-cert-file tls-cert-file tls-ciphers tls-ciphersuites \
tls-client-cert-file tls-client-key-file tls-client-key-file-pass tls-cluster tls-dh-params-file \
tls-key-file tls-key-file-pass tls-port tls-prefer-server-ciphers tls-protocols tls-replication \
tls-session-cache-size tls-session-cache-timeout tls-session-caching tracking-table-max-keys \
unixsocket unixsocketperm use-exit-on-panic user zset-max-ziplist-entries zset-max-ziplist-value";

/// This project's own.
const OURS: &[&str] = &[
    "aof-buffer-limit",
    "aof-rewrite-block-size",
    "aof-rewrite-buffer-limit",
    "client-buffers-limit",
    "held-reply-timeout-ms",
    "profile",
];

#[test]
fn every_directive_of_redis_stands_in_the_table_and_nothing_else_but_ours() {
    let mut expected: Vec<&str> = REDIS_6_2.split(' ').chain(OURS.iter().copied()).collect();
    let mut found: Vec<&str> = directives()
        .flat_map(|directive| std::iter::once(directive.name).chain(directive.alias))
        .collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

fn in_file(line: &str) -> Result<Config, String> {
    let mut config = Config::default();
    parse_text(&mut config, "x.conf", format!("# first\n{line}\n").as_bytes())
        .map(|()| config)
        .map_err(|error| error.problem.to_string())
}

fn as_flags(line: &str) -> Result<Config, String> {
    let words = text::words_of(line.as_bytes()).map_err(|problem| problem.to_string())?;
    let (name, values) = words.split_first().expect("a name");
    let mut arguments = vec![[b"--", name.as_slice()].concat()];
    arguments.extend_from_slice(values);
    let mut config = Config::default();
    parse_arguments(&mut config, &arguments)
        .map(|()| config)
        .map_err(|error| error.problem.to_string())
}

/// A value of every shape that is allowed, and what is just beyond. Nothing beyond for text.
fn boundaries(shape: Shape) -> (Vec<String>, Vec<String>) {
    let strings = |values: &[&str]| values.iter().map(ToString::to_string).collect();
    match shape {
        Shape::YesNo => (strings(&["yes", "no", "YES"]), strings(&["1", "\"\"", "on"])),
        Shape::Choice(names) => (strings(names), strings(&["\"\"", "nothing-of-these"])),
        Shape::Memory(least) => (
            vec![least.to_string(), i64::MAX.to_string(), "64mb".to_owned()],
            [(least > 0).then(|| (least - 1).to_string())]
                .into_iter()
                .flatten()
                .chain(["-1".to_owned(), "1tb".to_owned(), "9223372036854775808".to_owned()])
                .collect(),
        ),
        Shape::Integer(least, most) => (
            vec![least.to_string(), most.to_string()],
            vec![
                (i128::from(least) - 1).to_string(),
                (i128::from(most) + 1).to_string(),
                "1k".to_owned(),
                "007".to_owned(),
            ],
        ),
        Shape::Octal => (strings(&["0", "700", "0777"]), strings(&["1000", "8", "-1", "+7"])),
        Shape::Text => (strings(&["\"\"", "word", "'two words'"]), Vec::new()),
        Shape::Words => (strings(&["\"\"", "word", "two words"]), Vec::new()),
        Shape::OutputLimits => (
            strings(&["normal 0 0 0", "replica 1gb 1 9 pubsub 5 6 7", "SLAVE 1 2 3"]),
            strings(&["normal 0 0", "master 1 1 1", "normal 1 1 -1", "normal x 1 1", "\"\""]),
        ),
    }
}

#[test]
fn every_honoured_and_accepted_one_takes_its_bounds_and_nothing_beyond() {
    for directive in settings() {
        if matches!(directive.standing, Standing::Refused { .. }) {
            continue;
        }
        let name = directive.name;
        let (fine, beyond) = boundaries(directive.shape());
        for value in &fine {
            let line = format!("{name} {value}");
            let config = match in_file(&line) {
                Err(error) if name == "appendfilename" => {
                    assert_eq!(error, "appendfilename can't be a path, just a filename");
                    continue;
                }
                read => read.unwrap_or_else(|error| panic!("{line}: {error}")),
            };
            assert_eq!(as_flags(&line), Ok(config.clone()), "file and flag agree: {line}");
            let bare: Vec<Vec<u8>> = text::words_of(value.as_bytes()).expect("words");
            let canonical = directive.shape().canonical(&bare.join(&b' '));
            if directive.shape() != Shape::OutputLimits {
                assert_eq!(Ok(directive.get(&config)), canonical, "{line}");
            }
            let mut live = Config::default();
            let changed = set(&mut live, name.as_bytes(), &bare.join(&b' '));
            assert_eq!(changed.is_ok(), directive.changeable, "{line}");
            if directive.changeable {
                assert_eq!(live, config, "CONFIG SET and the file agree: {line}");
            }
            let moved = !directive.get(&Config::default()).eq(&directive.get(&config));
            let warned = warnings(&config).iter().any(|warning| warning.starts_with(name));
            let accepted = matches!(directive.standing, Standing::Accepted { .. });
            assert_eq!(warned, accepted && moved, "warned about what has no effect: {line}");
        }
        for value in beyond {
            let line = format!("{name} {value}");
            let error = in_file(&line).expect_err(&line);
            assert_eq!(as_flags(&line), Err(error), "{line}");
        }
    }
}

#[test]
fn every_refused_one_says_why_and_takes_what_promises_nothing() {
    for directive in directives() {
        let Standing::Refused { shape, harmless, reason } = directive.standing else { continue };
        for value in harmless {
            let line = format!("{} {value}", directive.name);
            let line = if value.is_empty() { line + "\"\"" } else { line };
            assert_eq!(in_file(&line), Ok(Config::default()), "{line}: silently");
            assert_eq!(as_flags(&line), Ok(Config::default()), "{line}");
        }
        let (values, _) = boundaries(shape);
        let bad = values
            .iter()
            .find(|value| {
                let canonical = shape.canonical(value.trim_matches('"').as_bytes());
                canonical.is_ok_and(|value| !harmless.contains(&value.as_str()))
            })
            .expect("a value that promises something");
        let line = format!("{} {bad}", directive.name);
        assert_eq!(in_file(&line), Err(reason.to_owned()), "{line}");
        assert_eq!(as_flags(&line), Err(reason.to_owned()), "{line}");
        if directive.changeable {
            let error = set_text(&mut Config::default(), directive.name, bad).expect_err(bad);
            let expected =
                format!("ERR Invalid argument '{bad}' for CONFIG SET '{}' - ", directive.name);
            assert_eq!(error, expected + reason);
        }
        assert!(warnings(&Config::default()).is_empty());
    }
}

/// What stock files of Redis 6.2 set, as facts about them; only what they set is warned about.
#[test]
fn a_stock_file_of_redis_loads() {
    let stock = "bind 127.0.0.1 -::1\nprotected-mode yes\nport 6379\ntcp-backlog 511\ntimeout 0\n\
        tcp-keepalive 300\ndaemonize no\npidfile /var/run/redis_6379.pid\nloglevel notice\n\
        logfile \"\"\ndatabases 16\nalways-show-logo no\nset-proc-title yes\n\
        proc-title-template \"{title} {listen-addr} {server-mode}\"\n\
        stop-writes-on-bgsave-error yes\nrdbcompression yes\nrdbchecksum yes\n\
        dbfilename dump.rdb\nrdb-del-sync-files no\ndir ./\nreplica-serve-stale-data yes\n\
        replica-read-only yes\nrepl-diskless-sync no\nrepl-diskless-sync-delay 5\n\
        repl-diskless-load disabled\nrepl-disable-tcp-nodelay no\nreplica-priority 100\n\
        acllog-max-len 128\nlazyfree-lazy-eviction no\nlazyfree-lazy-expire no\n\
        lazyfree-lazy-server-del no\nreplica-lazy-flush no\nlazyfree-lazy-user-del no\n\
        lazyfree-lazy-user-flush no\noom-score-adj no\noom-score-adj-values 0 200 800\n\
        disable-thp yes\nappendonly no\nappendfilename \"appendonly.aof\"\n\
        appendfsync everysec\nno-appendfsync-on-rewrite no\nauto-aof-rewrite-percentage 100\n\
        auto-aof-rewrite-min-size 64mb\naof-load-truncated yes\naof-use-rdb-preamble yes\n\
        lua-time-limit 5000\nslowlog-log-slower-than 10000\nslowlog-max-len 128\n\
        latency-monitor-threshold 0\nnotify-keyspace-events \"\"\n\
        hash-max-ziplist-entries 512\nhash-max-ziplist-value 64\nlist-max-ziplist-size -2\n\
        list-compress-depth 0\nset-max-intset-entries 512\nzset-max-ziplist-entries 128\n\
        zset-max-ziplist-value 64\nhll-sparse-max-bytes 3000\nstream-node-max-bytes 4096\n\
        stream-node-max-entries 100\nactiverehashing yes\n\
        client-output-buffer-limit normal 0 0 0\n\
        client-output-buffer-limit replica 256mb 64mb 60\n\
        client-output-buffer-limit pubsub 32mb 8mb 60\nhz 10\ndynamic-hz yes\n\
        aof-rewrite-incremental-fsync yes\nrdb-save-incremental-fsync yes\n\
        jemalloc-bg-thread yes\nuser default on nopass ~* &* +@all\n";
    let mut config = Config::default();
    assert_eq!(parse_text(&mut config, "redis.conf", stock.as_bytes()), Ok(()));
    let warned: Vec<String> = warnings(&config)
        .iter()
        .filter_map(|warning| warning.split(' ').next().map(str::to_owned))
        .collect();
    assert_eq!(warned, ["aof-use-rdb-preamble", "pidfile"]);
}

#[test]
fn an_included_file_stands_in_the_place_of_its_line() {
    let mut read = |path: &str| match path {
        "a.conf" => Ok(b"port 1\ninclude 'b b.conf'\ntimeout 1".to_vec()),
        "b b.conf" => Ok(b"port 2\nnosuch\n".to_vec()),
        "self.conf" => Ok(b"include self.conf\n".to_vec()),
        _ => Err("No such file or directory".to_owned()),
    };
    let mut load = |text: &[u8]| {
        let mut config = Config::default();
        let result = parse_text_with(&mut config, "main.conf", text, &mut read);
        (config, result.map_err(|error| error.to_string()))
    };
    let (config, result) = load(b"port 9\ninclude a.conf\nport 3\n");
    assert_eq!(config.port, 2);
    let expected = "b b.conf, line 2: 'nosuch': Bad directive or wrong number of arguments";
    assert_eq!(result, Err(expected.to_owned()));
    let (_, result) = load(b"\n\ninclude gone.conf\n");
    let expected = "main.conf, line 3: 'include gone.conf': Fatal error, can't open config file \
        'gone.conf': No such file or directory";
    assert_eq!(result, Err(expected.to_owned()));
    let (_, result) = load(b"include self.conf");
    let text = result.expect_err("without end");
    assert!(text.starts_with("self.conf, line 1: 'include self.conf': more than 64"), "{text}");
}

#[test]
fn an_error_is_reported_as_redis_reports_it() {
    let mut config = Config::default();
    let error = parse_text(&mut config, "lab.conf", b"port 1\nmaxmemory 1gb").expect_err("wrong");
    assert_eq!(
        error.report("aofd 0.1.0"),
        "\n*** FATAL CONFIG FILE ERROR (aofd 0.1.0) ***\n\
         Reading the configuration file, at line 2 of lab.conf\n>>> 'maxmemory 1gb'\n\
         this server deletes no keys to save memory (no eviction): only 0, no limit, is possible"
    );
}

/// Text made of pieces of directives, and of bytes: it loads or it does not, and what loads can be
/// written and read again.
#[test]
fn no_text_is_too_strange_to_be_read() {
    let seed = 20_261_121;
    let mut random = Random::new(seed);
    let names: Vec<&str> = directives().map(|directive| directive.name).collect();
    let pieces: &[&[u8]] = &[
        b" ",
        b"\n",
        b"\"",
        b"'",
        b"\\",
        b"\\x00",
        b"#",
        b"yes",
        b"no",
        b"-1",
        b"1gb",
        b"\xff",
        b"normal 1 2 3",
        b"\0",
        b"\r\n",
        b"\t",
        b"99999999999999999999",
        b"777",
        b"always",
    ];
    for _ in 0..3000 {
        let mut text = Vec::new();
        for _ in 0..random.below(12) {
            match random.below(3) {
                0 => {
                    let pick = usize::try_from(random.below(names.len() as u64)).expect("small");
                    text.extend_from_slice(names[pick].as_bytes());
                    text.push(b' ');
                }
                1 => text.push(u8::try_from(random.below(256)).expect("a byte")),
                _ => {
                    let pick = usize::try_from(random.below(pieces.len() as u64)).expect("small");
                    text.extend_from_slice(pieces[pick]);
                }
            }
        }
        let mut config = Config::default();
        let loaded = parse_text(&mut config, "random", &text).is_ok();
        let again = rewrite::rewrite(&text, &config, &mut |_| Err(String::new()));
        if loaded {
            let mut read = Config::default();
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(parse_text(&mut read, "again", &again), Ok(()), "seed {seed}: {shown}");
            assert_eq!(read, config, "seed {seed}: {shown}");
        }
    }
}

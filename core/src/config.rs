//! The configuration: Redis's directives for what exists, and this project's own.

pub mod directives;

use std::collections::BTreeMap;

use crate::profile::{Profile, ProfileName};

/// `appendfsync`: when the log is synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "aof_fsync")]
pub enum Policy {
    /// Before any reply to a write.
    Always,
    /// About once a second, in the background.
    #[default]
    EverySec,
    /// When the kernel likes.
    No,
}

impl Policy {
    /// All three, for menus and tests.
    pub const ALL: [Self; 3] = [Self::Always, Self::EverySec, Self::No];

    /// As written in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::EverySec => "everysec",
            Self::No => "no",
        }
    }

    /// Reads [`Self::as_str`] back, in any case.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| text.eq_ignore_ascii_case(policy.as_str().as_bytes()))
    }
}

/// How much a client of one class may leave unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OutputLimit {
    /// Closed at once beyond so many bytes, 0 for no limit.
    pub hard_bytes: u64,
    /// Closed when it stays beyond so many bytes, 0 for no limit,
    pub soft_bytes: u64,
    /// for so many seconds.
    pub soft_seconds: u64,
}

/// `client-output-buffer-limit`: one limit for each of Redis's classes of clients. Only `normal`
/// ones exist here; the others are kept because configuration files name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutputLimits {
    /// Clients that send commands, MONITOR's among them.
    pub normal: OutputLimit,
    /// Replicas. There are none.
    pub replica: OutputLimit,
    /// Subscribers. There are none.
    pub pubsub: OutputLimit,
}

impl Default for OutputLimits {
    /// Redis's, but for `normal`: there no limit, here 256 MB, so that one client that does not
    /// read cannot take all memory.
    fn default() -> Self {
        let limit = |hard_mb: u64, soft_mb: u64, soft_seconds| OutputLimit {
            hard_bytes: hard_mb * 1024 * 1024,
            soft_bytes: soft_mb * 1024 * 1024,
            soft_seconds,
        };
        Self { normal: limit(256, 0, 0), replica: limit(256, 64, 60), pubsub: limit(32, 8, 60) }
    }
}

/// What INFO says of the process and its machine. Empty texts are left out: the simulated world
/// has none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProcessFacts {
    /// `run_id`: 40 digits, others at every start.
    pub run_id: String,
    /// `executable`: its path.
    pub executable: String,
    /// `os`: name, release, machine.
    pub system: String,
    /// `mem_allocator`.
    pub allocator: String,
    /// `multiplexing_api`.
    pub multiplexing: String,
}

/// Every setting of engine and host. Field names are the directives with `_` for `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Whether the log is on. On by default, unlike Redis: it is the point of this server.
    pub appendonly: bool,
    /// Base name of the log in `dir`.
    #[doc(alias = "aof_filename")]
    pub appendfilename: String,
    /// When the log is synced.
    pub appendfsync: Policy,
    /// Do not sync the live log while a rewrite child runs.
    #[doc(alias = "aof_no_fsync_on_rewrite")]
    pub no_appendfsync_on_rewrite: bool,
    /// Rewrite when the log has grown by so many percent since the last rewrite, 0 for never.
    #[doc(alias = "aof_rewrite_perc")]
    pub auto_aof_rewrite_percentage: u64,
    /// But never while it is smaller than this, in bytes.
    #[doc(alias = "aof_rewrite_min_size")]
    pub auto_aof_rewrite_min_size: u64,
    /// The child syncs its file now and then while it writes.
    pub aof_rewrite_incremental_fsync: bool,
    /// The most that the rewrite buffer may hold, in bytes (`hardened`).
    pub aof_rewrite_buffer_limit_bytes: u64,
    /// Ask the kernel for no huge pages. With them a write to one byte copies two megabytes while
    /// a rewrite child lives.
    pub disable_thp: bool,
    /// Size of one block of the rewrite buffer, in bytes.
    #[doc(alias = "AOF_RW_BUF_BLOCK_SIZE")]
    pub aof_rewrite_block_bytes: u64,
    /// Accept a log whose end is missing and cut it back to the last whole command.
    pub aof_load_truncated: bool,
    /// Which behaviours (this project's own directive).
    pub profile: ProfileName,
    /// How long a reply may be held while its write is retried (`hardened`).
    pub held_reply_timeout_ms: u64,
    /// When `aof_buf` holds this much, clients that write are paused (`hardened`).
    pub aof_buffer_limit_bytes: u64,
    /// Largest bulk string a client may send.
    pub proto_max_bulk_len: u64,
    /// Largest amount of unprocessed input of one client.
    pub client_query_buffer_limit: u64,
    /// Most fields of a hash that is packed.
    pub hash_max_ziplist_entries: u64,
    /// Longest field or value of a hash that is packed, in bytes.
    pub hash_max_ziplist_value: u64,
    /// Most integers of a set that is packed.
    pub set_max_intset_entries: u64,
    /// Most members of a sorted set that is packed.
    pub zset_max_ziplist_entries: u64,
    /// Longest member of a sorted set that is packed, in bytes.
    pub zset_max_ziplist_value: u64,
    /// Size of one chunk of a list: so many elements, or, from -1 to -5, 4, 8, 16, 32 or 64 KB.
    pub list_max_ziplist_size: i64,
    /// Working directory.
    pub dir: String,
    /// TCP port, 0 for none.
    pub port: u16,
    /// Addresses to listen on.
    pub bind: String,
    /// Most clients at once.
    pub maxclients: u32,
    /// Close a client that was idle for so many seconds, 0 for never.
    pub timeout: u64,
    /// `debug`, `verbose`, `notice` or `warning`.
    pub loglevel: String,
    /// Password that a client must give before anything else, empty for none.
    pub requirepass: String,
    /// Serve only this machine while there is no password and `bind` was not set.
    pub protected_mode: bool,
    /// Path of a Unix socket to listen on too, empty for none.
    pub unixsocket: String,
    /// Permissions of that socket, in octal when written; 0 for what the umask gives.
    pub unixsocketperm: u32,
    /// Connections that the kernel may hold before they are accepted.
    pub tcp_backlog: u32,
    /// Seconds of silence after which the kernel asks whether a peer still lives, 0 for never.
    pub tcp_keepalive: u64,
    /// Commands that took at least so many microseconds enter the slow log; below 0, none.
    pub slowlog_log_slower_than: i64,
    /// Most entries of the slow log.
    pub slowlog_max_len: u64,
    /// When a client is closed that does not read its replies.
    #[doc(alias = "client_obuf_limits")]
    pub client_output_buffer_limit: OutputLimits,
    /// All clients' query and output buffers together; beyond it the largest client is closed
    /// (this project's own directive `client-buffers-limit`).
    pub client_buffers_limit_bytes: u64,
    /// Directives that were accepted although they change nothing here, with their values, where
    /// these are not the usual ones.
    pub without_effect: BTreeMap<&'static str, String>,
    /// The file that the configuration was read from, empty for none: for INFO and
    /// `CONFIG REWRITE`. A fact of the host and no directive.
    pub config_file: String,
    /// The process, for INFO. A fact of the host and no directive.
    pub process_id: u32,
    /// More of them.
    pub process: ProcessFacts,
    /// The most clients for which the host can make room, `u32::MAX` where it does not know.
    /// `CONFIG SET maxclients` is judged by it. A fact of the host and no directive.
    pub most_clients: u32,
    /// Where the server's log goes, empty for standard output.
    pub logfile: String,
}

impl Config {
    /// How much one client may be owed, in bytes; beyond it the client is ended. No client may be
    /// owed more than all of them together.
    #[must_use]
    pub const fn most_output_bytes(&self) -> u64 {
        let hard_bytes = self.client_output_buffer_limit.normal.hard_bytes;
        if hard_bytes == 0 || hard_bytes > self.client_buffers_limit_bytes {
            self.client_buffers_limit_bytes
        } else {
            hard_bytes
        }
    }

    /// The choices behind the profile's name.
    #[must_use]
    pub const fn choices(&self) -> Profile {
        self.profile.profile()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            appendonly: true,
            appendfilename: "appendonly.aof".to_owned(),
            appendfsync: Policy::default(),
            no_appendfsync_on_rewrite: false,
            auto_aof_rewrite_percentage: 100,
            auto_aof_rewrite_min_size: 64 * 1024 * 1024,
            aof_rewrite_incremental_fsync: true,
            aof_rewrite_buffer_limit_bytes: 1024 * 1024 * 1024,
            disable_thp: true,
            aof_rewrite_block_bytes: 10 * 1024 * 1024,
            aof_load_truncated: true,
            profile: ProfileName::default(),
            held_reply_timeout_ms: 10_000,
            aof_buffer_limit_bytes: 256 * 1024 * 1024,
            proto_max_bulk_len: 512 * 1024 * 1024,
            client_query_buffer_limit: 1024 * 1024 * 1024,
            hash_max_ziplist_entries: 512,
            hash_max_ziplist_value: 64,
            set_max_intset_entries: 512,
            zset_max_ziplist_entries: 128,
            zset_max_ziplist_value: 64,
            list_max_ziplist_size: -2,
            dir: ".".to_owned(),
            port: 6379,
            bind: "127.0.0.1".to_owned(),
            maxclients: 10_000,
            timeout: 0,
            loglevel: "notice".to_owned(),
            requirepass: String::new(),
            protected_mode: true,
            unixsocket: String::new(),
            unixsocketperm: 0,
            tcp_backlog: 511,
            tcp_keepalive: 300,
            slowlog_log_slower_than: 10_000,
            slowlog_max_len: 128,
            client_output_buffer_limit: OutputLimits::default(),
            client_buffers_limit_bytes: 1024 * 1024 * 1024,
            without_effect: BTreeMap::new(),
            config_file: String::new(),
            process_id: 0,
            process: ProcessFacts::default(),
            most_clients: u32::MAX,
            logfile: String::new(),
        }
    }
}

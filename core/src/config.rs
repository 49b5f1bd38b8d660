//! The configuration: Redis's directives for what exists, and this project's own.

pub mod directives;

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
    /// The process, for INFO. A fact of the host and no directive.
    pub process_id: u32,
    /// Where the server's log goes, empty for standard output.
    pub logfile: String,
}

impl Config {
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
            process_id: 0,
            logfile: String::new(),
        }
    }
}

//! The rows, in sections as redis.conf has them, and the shorthands to write them.

mod append_only;
mod elsewhere;
mod memory;
mod server;

use crate::config::Config;
use crate::config::directives::{Directive, Kind, Section, Shape, Standing};

/// All directives.
pub static SECTIONS: &[Section] = &[
    Section { title: "Append only file", directives: append_only::LOG },
    Section { title: "Files", directives: server::FILES },
    Section { title: "Network", directives: server::NETWORK },
    Section { title: "General", directives: server::GENERAL },
    Section { title: "Clients", directives: server::CLIENTS },
    Section { title: "Security", directives: server::SECURITY },
    Section { title: "Slow log, latency and events", directives: server::WATCHING },
    Section { title: "Compact values", directives: memory::VALUES },
    Section { title: "Memory", directives: memory::MEMORY },
    Section { title: "Snapshots", directives: append_only::SNAPSHOTS },
    Section { title: "Replication", directives: elsewhere::REPLICATION },
    Section { title: "Cluster", directives: elsewhere::CLUSTER },
    Section { title: "TLS", directives: elsewhere::TLS },
    Section { title: "Scripts and modules", directives: elsewhere::SCRIPTS },
    Section { title: "Process", directives: elsewhere::PROCESS },
];

const fn row(name: &'static str, standing: Standing) -> Directive {
    Directive { name, alias: None, changeable: true, setting: true, standing }
}

const fn honoured(name: &'static str, kind: Kind) -> Directive {
    row(name, Standing::Honoured(kind))
}

const fn yes_no(
    name: &'static str,
    get: fn(&Config) -> bool,
    set: fn(&mut Config, bool),
) -> Directive {
    honoured(name, Kind::YesNo { get, set })
}

const fn choice(
    name: &'static str,
    names: &'static [&'static str],
    get: fn(&Config) -> &str,
    set: fn(&mut Config, &'static str),
) -> Directive {
    honoured(name, Kind::Choice { names, get, set })
}

const fn bytes(
    name: &'static str,
    least: u64,
    get: fn(&Config) -> u64,
    set: fn(&mut Config, u64),
) -> Directive {
    honoured(name, Kind::Memory { least, get, set })
}

const fn integer(
    name: &'static str,
    (least, most): (u64, u64),
    get: fn(&Config) -> u64,
    set: fn(&mut Config, u64),
) -> Directive {
    honoured(name, Kind::Integer { least, most, get, set })
}

const fn word(
    name: &'static str,
    get: fn(&Config) -> &str,
    set: fn(&mut Config, String),
    refuse: fn(&str) -> Option<&'static str>,
) -> Directive {
    honoured(name, Kind::Text { several: false, get, set, refuse })
}

const fn accepted(
    name: &'static str,
    shape: Shape,
    default: &'static str,
    warning: &'static str,
) -> Directive {
    row(name, Standing::Accepted { shape, default, warning })
}

const fn refused(
    name: &'static str,
    shape: Shape,
    harmless: &'static [&'static str],
    reason: &'static str,
) -> Directive {
    row(name, Standing::Refused { shape, harmless, reason })
}

impl Directive {
    /// The same, but not for `CONFIG SET`.
    const fn at_start(mut self) -> Self {
        self.changeable = false;
        self
    }

    /// The same, with an older name.
    const fn also(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    /// The same, for files only.
    const fn in_files(mut self) -> Self {
        self.changeable = false;
        self.setting = false;
        self
    }
}

/// The largest number of Redis's `int` settings.
const INTEGER: u64 = i32::MAX as u64;
/// The largest number of Redis's `long` settings.
const LONG: u64 = i64::MAX as u64;
/// Numbers from zero on.
const COUNT: Shape = Shape::Integer(0, i32::MAX as i64);
/// The same for Redis's `long` settings.
const LONG_COUNT: Shape = Shape::Integer(0, i64::MAX);
/// A port, zero for none.
const PORT: Shape = Shape::Integer(0, u16::MAX as i64);

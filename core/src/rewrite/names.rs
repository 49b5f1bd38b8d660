//! The names in the directory of the log.

use crate::units::ChildId;

/// A file that a rewrite opens, renames or removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileName {
    /// The log: `appendfilename`.
    Log,
    /// What the child writes: `temp-rewriteaof-PID.aof`.
    #[doc(alias = "temp-rewriteaof-%d.aof")]
    Unfinished(ChildId),
    /// What the child has finished: `temp-rewriteaof-bg-PID.aof`.
    #[doc(alias = "temp-rewriteaof-bg-%d.aof")]
    Rewritten(ChildId),
}

impl FileName {
    /// The name. `log` is what `appendfilename` says.
    #[must_use]
    pub fn text(self, log: &str) -> String {
        match self {
            Self::Log => log.to_owned(),
            Self::Unfinished(child) => format!("temp-rewriteaof-{}.aof", child.0),
            Self::Rewritten(child) => format!("temp-rewriteaof-bg-{}.aof", child.0),
        }
    }
}

/// What a child has left behind, if this is the name of such a file.
#[must_use]
pub fn orphan(name: &str) -> Option<(FileName, ChildId)> {
    let number = name.strip_prefix("temp-rewriteaof-")?.strip_suffix(".aof")?;
    let (number, is_finished) =
        number.strip_prefix("bg-").map_or((number, false), |number| (number, true));
    let canonical = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    let child = ChildId(number.parse().ok().filter(|_| canonical)?);
    let name = if is_finished { FileName::Rewritten(child) } else { FileName::Unfinished(child) };
    Some((name, child))
}

/// The child that must have left a file of this name behind, if it is the name of one.
#[must_use]
pub fn left_by(name: &str) -> Option<ChildId> {
    orphan(name).map(|(_, child)| child)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_children_are_known_again_and_no_others() {
        for child in [ChildId(1), ChildId(4_242), ChildId(u32::MAX)] {
            for name in [FileName::Unfinished(child), FileName::Rewritten(child)] {
                assert_eq!(left_by(&name.text("a.aof")), Some(child));
                assert_eq!(orphan(&name.text("a.aof")), Some((name, child)));
            }
        }
        assert_eq!(FileName::Log.text("a.aof"), "a.aof");
        for other in [
            "appendonly.aof",
            "temp-rewriteaof-.aof",
            "temp-rewriteaof-bg-.aof",
            "temp-rewriteaof-12.aof.bak",
            "temp-rewriteaof-012.aof",
            "temp-rewriteaof-+12.aof",
            "temp-rewriteaof-bg-bg-12.aof",
            "temp-rewriteaof-4294967296.aof",
            "x-temp-rewriteaof-12.aof",
        ] {
            assert_eq!(left_by(other), None, "{other}");
        }
    }
}

//! What is assumed about a disk whose power is cut: plain choices, and sets of them with a name.

/// A set of assumptions with a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskModel {
    /// Exactly what was synced or written back is there, nothing else.
    Exact,
    /// What was pending arrived in order, up to any byte.
    #[default]
    AnyPrefix,
    /// Lengths may arrive before data: up to any length, real bytes up to any place, zeros behind.
    ZeroTail,
}

/// What unsynced bytes of a file may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Data {
    /// None of them arrive.
    Nothing,
    /// They arrive in order, up to any byte.
    Prefix,
    /// As before, and the length may have arrived before the data: zeros behind any place.
    ZeroTail,
}

/// In which order changes of the directory become durable without a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameOrder {
    /// In the order in which they were made, as one journal has them.
    Ordered,
}

/// Everything that is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Assumptions {
    /// About bytes.
    pub data: Data,
    /// About names.
    pub names: NameOrder,
}

impl DiskModel {
    /// All of them, for menus and tests.
    pub const ALL: [Self; 3] = [Self::Exact, Self::AnyPrefix, Self::ZeroTail];

    /// As written in options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AnyPrefix => "any-prefix",
            Self::ZeroTail => "zero-tail",
        }
    }

    /// Reads [`Self::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.as_str() == text)
    }

    /// What the name stands for.
    #[must_use]
    pub const fn assumptions(self) -> Assumptions {
        let data = match self {
            Self::Exact => Data::Nothing,
            Self::AnyPrefix => Data::Prefix,
            Self::ZeroTail => Data::ZeroTail,
        };
        Assumptions { data, names: NameOrder::Ordered }
    }
}

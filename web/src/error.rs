//! Why `Lab` refuses something, as the page gets to know it: a JS `Error` with a `code`.

use thiserror::Error;

use aof_core::sim::timeline::TravelError;
use aof_core::sim::world::StartFailed;

/// The codes of `LabErrorCode` in `types.ts`, with the facts of each.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LabError {
    /// An option that does not exist.
    #[error("{0}")]
    BadOption(String),
    /// A line that is no command. The text is Redis's.
    #[error("{0}")]
    BadCommand(String),
    /// A step that is not known.
    #[error("{0}")]
    NoSuchStep(String),
    /// A branch that does not exist.
    #[error("there is no branch {0}")]
    NoSuchBranch(u64),
    /// The server does not run.
    #[error("the server does not run")]
    NotRunning,
    /// The server has not come to an end.
    #[error("nothing has failed")]
    NotCrashed,
    /// A log that cannot be loaded.
    #[error("{0}")]
    BadAof(String),
    /// A trace that cannot be replayed.
    #[error("{0}")]
    BadTrace(String),
    /// The disk model allows no such image.
    #[error("no disk of that kind could be left")]
    NoSuchImage,
    /// Something is larger than this page takes.
    #[error("{what} has {size}, more than {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// A command that would show nothing here that is not shown anyway.
    #[error("MONITOR is not for this page: it shows every command as it runs")]
    NotHere,
    /// A bound of the story is reached.
    #[error("{0}")]
    Full(String),
}

impl LabError {
    /// The code, as `LabErrorCode` has it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadOption(_) => "bad-option",
            Self::BadCommand(_) => "bad-command",
            Self::NoSuchStep(_) => "no-such-step",
            Self::NoSuchBranch(_) => "no-such-branch",
            Self::NotRunning => "not-running",
            Self::NotCrashed => "not-crashed",
            Self::BadAof(_) => "bad-aof",
            Self::BadTrace(_) => "bad-trace",
            Self::NoSuchImage => "no-such-image",
            Self::NotHere => "not-here",
            Self::TooLarge { .. } | Self::Full(_) => "too-large",
        }
    }
}

impl From<TravelError> for LabError {
    fn from(error: TravelError) -> Self {
        match error {
            TravelError::NoSuchStep { .. } => Self::NoSuchStep(error.to_string()),
            TravelError::NoSuchBranch(id) => Self::NoSuchBranch(id),
            TravelError::TooManyBranches | TravelError::TooManySteps => {
                Self::Full(error.to_string())
            }
        }
    }
}

impl From<StartFailed> for LabError {
    fn from(error: StartFailed) -> Self {
        Self::BadAof(error.to_string())
    }
}

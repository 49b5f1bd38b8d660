//! How long a switch kept replies waiting.

use crate::note::RewriteNote;
use crate::rewrite::Rewrite;
use crate::units::Micros;

/// How long gates are held, measured by the ends of turns, which alone have the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rewrite) enum Hold {
    No,
    /// They are held since the turn that has not ended; jobs have taken so long.
    Begins {
        jobs_micros: u64,
    },
    /// Since then.
    Since {
        at: Micros,
        jobs_micros: u64,
    },
    /// The turn in which they were opened has not ended.
    Ends {
        since: Micros,
        jobs_micros: u64,
    },
}

impl Rewrite {
    pub(super) fn count_job(&mut self, took: Micros) {
        match &mut self.hold {
            Hold::Begins { jobs_micros } | Hold::Since { jobs_micros, .. } => {
                *jobs_micros = jobs_micros.saturating_add(took.0);
            }
            Hold::No | Hold::Ends { .. } => {}
        }
    }

    /// A turn ends, and it is known what time it is.
    pub(in crate::rewrite) fn hold_turn_ended(&mut self, mono: Micros) {
        match self.hold {
            Hold::Begins { jobs_micros } => self.hold = Hold::Since { at: mono, jobs_micros },
            Hold::Ends { since, jobs_micros } => {
                self.hold = Hold::No;
                self.switch_took(mono.since(since).max(jobs_micros));
            }
            Hold::No | Hold::Since { .. } => {}
        }
    }

    pub(super) fn hold_ends(&mut self, hold: Hold) {
        match hold {
            Hold::No | Hold::Ends { .. } => {}
            // All in one turn, or on the loop: the jobs are all there was.
            Hold::Begins { jobs_micros } => self.switch_took(jobs_micros),
            Hold::Since { at, jobs_micros } => self.hold = Hold::Ends { since: at, jobs_micros },
        }
    }

    fn switch_took(&mut self, micros: u64) {
        self.switch_micros = Some(micros);
        self.notes.push_back(RewriteNote::SwitchTook { micros });
    }
}

//! What a profile of `aofd` is known for: flaws of Redis that it has on purpose.
//!
//! A broken promise stays a broken promise. But who tortures `--profile redis-3.0` wants to know
//! whether that was the flaw which the profile is there to show, or one of our own.

use aof_core::profile::{OpenMulti, ProfileName, Switch, ZeroTail};
use aof_core::promise::Failure;

use super::report::Kind;

const ZEROS_AT_END: &str = "zeros behind what was synced are a bad file format to it";
const KEPT_MULTI: &str = "a transaction that is torn at the end of the log stays there, and what \
                          is written later stands behind its MULTI";
const NO_DIRECTORY_OR_KEPT_MULTI: &str = "one of two: the new name of a rewritten log is never \
                                          synced, and what waited to be written stands behind \
                                          that name only; a transaction that is torn at the end \
                                          of the log stays there, and what is written later \
                                          stands behind its MULTI";
const OPEN_MULTI: &str = "a transaction that is torn at the end of the log is executed";
const UNSEEN: &str = "it does not see that a sync has failed, and a rewritten file becomes its log \
                      before what was written meanwhile is synced in it";
const NO_DIRECTORY: &str = "the new name of a rewritten log is never synced, and what waited to be \
                            written stands behind that name only";

/// The known flaw that explains a broken promise; `None` if the profile has none that does, or it
/// is no server of ours. `how` is what the break says of itself.
pub(super) fn known(
    profile: Option<ProfileName>,
    failure: Failure,
    kind: Kind,
    how: &str,
) -> Option<&'static str> {
    let profile = profile?.profile();
    let power = failure == Failure::PowerCut;
    match kind {
        Kind::Refused if how.contains("Bad file format") => {
            (power && profile.zero_tail == ZeroTail::BadFormat).then_some(ZEROS_AT_END)
        }
        Kind::Torn if profile.open_multi == OpenMulti::Applied => Some(OPEN_MULTI),
        Kind::Torn if profile.open_multi == OpenMulti::KeptWhenTorn => Some(KEPT_MULTI),
        Kind::Lost => {
            // A signal ends a write at a page, so a kill tears a transaction, too.
            let kept_multi = profile.open_multi == OpenMulti::KeptWhenTorn;
            match profile.switch {
                Switch::RenamesFirst if power => Some(UNSEEN),
                Switch::OnTheLoop if power && kept_multi => Some(NO_DIRECTORY_OR_KEPT_MULTI),
                Switch::OnTheLoop if power => Some(NO_DIRECTORY),
                Switch::RenamesFirst | Switch::OnTheLoop | Switch::HoldsGates => {
                    kept_multi.then_some(KEPT_MULTI)
                }
            }
        }
        Kind::Refused | Kind::Torn | Kind::Ended => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 4] = [Kind::Lost, Kind::Torn, Kind::Refused, Kind::Ended];
    const FORMAT: &str = "exit status: 1: # Bad file format reading the append only file";

    #[test]
    fn nothing_excuses_our_own_order_or_another_server() {
        for failure in [Failure::Killed, Failure::PowerCut] {
            for kind in KINDS {
                for profile in [None, Some(ProfileName::Hardened)] {
                    assert_eq!(known(profile, failure, kind, FORMAT), None, "{profile:?} {kind:?}");
                }
            }
        }
    }

    #[test]
    fn each_old_flaw_has_its_sentence() {
        let (old, new) = (Some(ProfileName::Redis30), Some(ProfileName::Redis62));
        let cut = Failure::PowerCut;
        assert_eq!(known(new, cut, Kind::Refused, FORMAT), Some(ZEROS_AT_END));
        assert_eq!(known(old, cut, Kind::Refused, FORMAT), Some(ZEROS_AT_END));
        assert_eq!(known(old, cut, Kind::Torn, ""), Some(OPEN_MULTI));
        assert_eq!(known(new, cut, Kind::Torn, ""), Some(KEPT_MULTI));
        assert_eq!(known(old, cut, Kind::Lost, ""), Some(UNSEEN));
        assert_eq!(known(new, cut, Kind::Lost, ""), Some(NO_DIRECTORY_OR_KEPT_MULTI));
        // A kill may end a write in the middle of a transaction.
        assert_eq!(known(new, Failure::Killed, Kind::Lost, ""), Some(KEPT_MULTI));
        assert_eq!(known(new, Failure::Killed, Kind::Torn, ""), Some(KEPT_MULTI));
        assert_eq!(known(old, Failure::Killed, Kind::Torn, ""), Some(OPEN_MULTI));
        assert_eq!(known(old, Failure::Killed, Kind::Lost, ""), None);
        // It leaves the page cache alone.
        for kind in [Kind::Refused, Kind::Ended] {
            assert_eq!(known(new, Failure::Killed, kind, FORMAT), None, "{kind:?}");
        }
        assert_eq!(known(old, cut, Kind::Refused, "Address already in use"), None);
        assert_eq!(known(old, cut, Kind::Ended, ""), None);
    }
}

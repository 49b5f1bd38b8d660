//! Known holes of Redis, each at the place where it must be.
//!
//! Nothing here is left to chance. The child of a rewrite stands still after its own last call, the
//! rename of its file, while the server takes commands that come too late for the child.
//!
//! - `redis-3.0` appends them to the new file, renames it onto the log, and only then syncs it. It
//!   stands still after the rename, somebody syncs an unrelated file, the power goes: the name is
//!   durable and leads to a file without commands that the old log had, acknowledged under
//!   `always`. `redis-6.2` syncs before it renames under `always`. Under `everysec` it leaves that
//!   to a thread, and whether the thread is in time no test can decide; so that is not cut here.
//! - With `no-appendfsync-on-rewrite`, Redis syncs nothing as long as the child lives, also under
//!   `always`. What it acknowledges meanwhile is gone with the power.
//!
//! `hardened` does the same things at the same places and loses nothing.

use super::*;

/// Commands that come too late, long ones among them.
const TOO_LATE: usize = 30;

/// When the power goes.
#[derive(Clone, Copy)]
enum Moment {
    /// The child stands still.
    WhileRewriting,
    /// The new log has its name, and the journal was committed since.
    Renamed,
}

impl Moment {
    const fn cut(self) -> Cut {
        let who = match self {
            Self::WhileRewriting => Who::Child,
            Self::Renamed => Who::Server,
        };
        Cut { who, kind: "renameat", call: 1, commit: matches!(self, Self::Renamed) }
    }
}

fn outcome(place: &Place, strace: &Path, world: World, moment: Moment) -> Outcome {
    // With `auto_da_alloc` the rename would have begun to write the last blocks back.
    let mut disk = place.disk("commit=300,noauto_da_alloc");
    let syncs = match moment {
        Moment::WhileRewriting => REWRITES_WITHOUT_SYNCS,
        Moment::Renamed => SYNCS_WHILE_REWRITING,
    };
    let cut = moment.cut();
    let (mut server, mut client, mut replay) = start(place, &disk, world, syncs);
    let output = place.beside().join("calls");
    let mut watched = Watched::attach(strace, server.pid(), cut.kind, &output);
    assert!(client.call(&["BGREWRITEAOF"]).is_ok(), "{world}");
    assert!(watched.hold(Who::Child, 1, || false));
    let mut acknowledged = DURABLE;
    assert!(send(&mut client, &mut acknowledged, TOO_LATE), "{world}");
    match moment {
        Moment::WhileRewriting => watched.freeze(),
        Moment::Renamed => {
            assert!(watched.stand_still(cut.who, cut.call, || false));
            disk.sync_unrelated();
        }
    }
    let calls = watched.text().to_owned();
    disk.cut();
    server.kill();
    watched.end();
    let synced = lay(&mut replay, &operations(&disk, &calls), cut.commit);
    disk.power_on();
    let outcome = judge(&disk, place, world, cut, &AtCut { acknowledged, replay, synced });
    eprintln!("{world}, {disk:?}, {TOO_LATE} too late for the child, {cut}: {outcome:?}");
    outcome
}

/// What becomes of acknowledged commands under `always`.
fn outcomes(moment: Moment, proves: &str) -> Vec<(ProfileName, Outcome)> {
    let Some(strace) = needs::program("strace", proves) else { return Vec::new() };
    let Some(maker) = Maker::find(FileSystem::Ext4, proves) else { return Vec::new() };
    let cut = |place: &Place, profile| {
        (profile, outcome(place, &strace, World { profile, policy: Policy::Always }, moment))
    };
    maker.place(|place| ProfileName::ALL.map(|profile| cut(place, profile)).to_vec())
}

/// A log without them, or one with NULs in their place.
fn is_broken(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Broken("refused" | "too short"))
}

#[test]
fn redis_3_renames_before_it_syncs() {
    for (profile, outcome) in outcomes(Moment::Renamed, "that a rename may come before a sync") {
        let broken = profile == ProfileName::Redis30;
        assert_eq!(is_broken(outcome), broken, "{}: {outcome:?}", profile.as_str());
    }
}

#[test]
fn redis_acknowledges_without_a_sync_while_it_rewrites() {
    let proves = "what a rewrite without syncs loses";
    for (profile, outcome) in outcomes(Moment::WhileRewriting, proves) {
        let broken = profile != ProfileName::Hardened;
        assert_eq!(is_broken(outcome), broken, "{}: {outcome:?}", profile.as_str());
    }
}

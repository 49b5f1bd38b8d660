//! The writer machine against a scripted kernel: every branch of a pass, and what the ledger says
//! after it.

use std::collections::VecDeque;

use super::*;
use crate::config::Policy;
use crate::effect::Effect;
use crate::profile::ProfileName;

/// What the scripted kernel says to the next write, truncation or sync on the loop.
#[derive(Clone, Copy, Debug)]
enum Kernel {
    Takes(u64),
    Fails(Errno),
}

use Kernel::{Fails, Takes};

/// A log, its settings, and a kernel that answers from a list (and says yes after it).
struct Rig {
    log: Log,
    config: Config,
    kernel: VecDeque<Kernel>,
    seen: Vec<String>,
}

impl Rig {
    fn new(profile: ProfileName, policy: Policy) -> Self {
        let config = Config { profile, appendfsync: policy, ..Config::default() };
        let log = Log::starting_at(&config, 0, Millis(10_000));
        Self { log, config, kernel: VecDeque::new(), seen: Vec::new() }
    }

    fn append(&mut self, bytes: usize) {
        self.log.tail().extend(std::iter::repeat_n(b'x', bytes));
        self.log.appended();
    }

    /// One pass at `now`; returns what it asked for, in words.
    fn pass(&mut self, now: u64) -> String {
        self.log.start_pass(Millis(now));
        self.run()
    }

    fn run(&mut self) -> String {
        for _ in 0..100 {
            match self.log.want(&self.config, &Held::default()) {
                Want::Nothing => return std::mem::take(&mut self.seen).join(", "),
                Want::Note(note) => self.seen.push(note_name(&note)),
                Want::Write { taken_bytes } => self.answer_write(taken_bytes),
                Want::Submit { job, lane, work } => self.answer_job(job, lane, work),
            }
        }
        panic!("the pass does not end: {:?}", self.seen);
    }

    fn answer_write(&mut self, taken_bytes: usize) {
        let Effect::Write { bytes, offset, .. } = self.log.write_effect(taken_bytes) else {
            panic!("a write effect writes");
        };
        let offered = bytes.len() as u64;
        self.seen.push(format!("write {offered} at {offset}"));
        let result = match self.kernel.pop_front() {
            None => Ok(offered),
            Some(Takes(bytes)) => Ok(bytes),
            Some(Fails(errno)) => Err(errno),
        };
        self.log.written(self.config.appendfsync, result);
    }

    fn answer_job(&mut self, job: JobId, lane: Lane, work: Work) {
        self.seen.push(match work {
            Work::Sync { upto, .. } => format!("{lane:?} sync to {}", upto.0),
            Work::Truncate { length_bytes, .. } => format!("truncate to {length_bytes}"),
            Work::Close { .. } => "close".to_owned(),
            other => format!("{other:?}"),
        });
        if lane == Lane::Inline {
            let result = match self.kernel.pop_front() {
                Some(Fails(errno)) => Err(errno),
                Some(Takes(_)) | None => Ok(()),
            };
            self.log.job_ended(&self.config, job, result, Micros(0), &Held::default());
        }
    }

    /// The background sync ends.
    fn sync_ends(&mut self, result: Result<(), Errno>) -> String {
        let job = self.log.sync_in_flight().expect("a sync is in flight").job;
        self.log.job_ended(&self.config, job, result, Micros(0), &Held::default());
        self.run()
    }

    fn frontiers(&self) -> (u64, u64, u64) {
        let ledger = self.log.ledger();
        (ledger.appended().0, ledger.written().0, ledger.synced().0)
    }
}

fn note_name(note: &Note) -> String {
    let text = format!("{note:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

#[test]
fn a_turn_under_each_policy() {
    for (profile, policy, expected) in [
        (ProfileName::Redis62, Policy::Always, "write 27 at 0, Inline sync to 27"),
        (ProfileName::Redis62, Policy::EverySec, "write 27 at 0"),
        (ProfileName::Redis62, Policy::No, "write 27 at 0"),
        (ProfileName::Hardened, Policy::Always, "write 27 at 0, Sync sync to 27"),
        (ProfileName::Hardened, Policy::EverySec, "write 27 at 0"),
        (ProfileName::Hardened, Policy::No, "write 27 at 0"),
    ] {
        let mut rig = Rig::new(profile, policy);
        rig.append(27);
        assert_eq!(rig.pass(10_100), expected, "{profile:?} {policy:?}");
        assert_eq!(rig.log.file_length_bytes(), 27);
    }
}

#[test]
fn everysec_syncs_what_was_written_when_it_started() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        assert_eq!(rig.pass(11_000), "write 27 at 0, Sync sync to 27");
        rig.append(23);
        assert_eq!(rig.pass(11_100), "WritePostponed");
        assert_eq!(rig.frontiers(), (50, 27, 0));
        let then = rig.sync_ends(Ok(()));
        let rest = rig.pass(11_200);
        assert_eq!(format!("{then}{rest}"), "write 23 at 27", "{profile:?}");
        assert_eq!(rig.frontiers(), (50, 50, 27));
        // The buffer is empty, yet the second second brings the sync of its bytes (Redis 5.0.5).
        if profile == ProfileName::Redis30 {
            assert_eq!(rig.pass(19_000), "", "before that, it waits for the next write");
            continue;
        }
        assert_eq!(rig.pass(12_000), "Sync sync to 50");
        rig.sync_ends(Ok(()));
        assert_eq!(rig.frontiers(), (50, 50, 50));
        assert_eq!(rig.pass(13_000), "");
    }
}

#[test]
fn a_write_that_waits_too_long_is_made_by_redis_and_counted_by_both() {
    for (profile, expected) in [
        (ProfileName::Redis62, "SyncTooSlow, write 23 at 27"),
        (ProfileName::Hardened, "SyncTooSlow"),
    ] {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        rig.pass(11_000);
        rig.append(23);
        assert_eq!(rig.pass(11_100), "WritePostponed");
        assert_eq!(rig.pass(12_900), "");
        assert_eq!(rig.pass(13_101), expected);
        assert_eq!(rig.log.delayed_fsync(), 1);
        assert_eq!(rig.pass(13_200), "", "told once");
    }
}

#[test]
fn the_kernel_may_take_a_write_in_parts() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::No);
    rig.append(27);
    rig.kernel = [Takes(3), Fails(Errno::EINTR), Takes(20)].into();
    let expected = "write 27 at 0, write 24 at 3, write 24 at 3, write 4 at 23";
    assert_eq!(rig.pass(10_100), expected);
    assert_eq!(rig.frontiers(), (27, 27, 0));
}

#[test]
fn a_short_write_is_cut_off_and_tried_again() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        rig.kernel = [Takes(3), Fails(Errno::ENOSPC)].into();
        let expected = "write 27 at 0, write 24 at 3, ShortWrite, truncate to 0";
        assert_eq!(rig.pass(10_100), expected);
        assert_eq!(rig.frontiers(), (27, 0, 0));
        assert_eq!(rig.log.refusal(), Some(Errno::ENOSPC));
        assert_eq!(rig.log.buffer().waiting_bytes(), 27, "nothing is lost");
        assert_eq!(rig.pass(11_100), "write 27 at 0, WriteRecovered, Sync sync to 27");
        assert_eq!(rig.log.refusal(), None);
    }
}

#[test]
fn a_part_that_cannot_be_cut_off_stays_and_the_rest_follows() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::No);
        rig.append(27);
        rig.kernel = [Takes(3), Fails(Errno::ENOSPC), Fails(Errno::EIO)].into();
        let expected = "write 27 at 0, write 24 at 3, ShortWrite, truncate to 0, TruncateFailed";
        assert_eq!(rig.pass(10_100), expected);
        assert_eq!(rig.frontiers(), (27, 3, 0));
        assert_eq!(rig.log.file_length_bytes(), 3);
        assert_eq!(rig.pass(11_100), "write 24 at 3, WriteRecovered");
        assert_eq!(rig.frontiers(), (27, 27, 0));
    }
}

#[test]
fn a_failed_write_is_told_every_thirty_seconds_and_tried_by_profile() {
    for (profile, soon) in [(ProfileName::Redis62, "write 27 at 0"), (ProfileName::Hardened, "")] {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        rig.kernel = std::iter::repeat_n(Fails(Errno::ENOSPC), 5).collect();
        assert_eq!(rig.pass(10_000), "write 27 at 0, WriteFailed");
        assert_eq!(rig.pass(10_999), soon, "{profile:?}");
        assert_eq!(rig.pass(40_000), "write 27 at 0", "thirty seconds are not more than thirty");
        assert_eq!(rig.pass(41_000), "write 27 at 0, WriteFailed");
    }
}

#[test]
fn always_halts_on_a_failed_write_or_sync() {
    for (kernel, expected) in [
        (vec![Fails(Errno::ENOSPC)], HaltReason::WriteFailed(Errno::ENOSPC)),
        (vec![Takes(3), Fails(Errno::ENOSPC)], HaltReason::WriteFailed(Errno::ENOSPC)),
        (
            vec![Takes(3), Fails(Errno::ENOSPC), Fails(Errno::EIO)],
            HaltReason::WriteFailed(Errno::ENOSPC),
        ),
        (vec![Takes(27), Fails(Errno::EIO)], HaltReason::SyncFailed(Errno::EIO)),
    ] {
        let mut rig = Rig::new(ProfileName::Redis62, Policy::Always);
        rig.append(27);
        rig.kernel = kernel.into();
        rig.pass(10_100);
        assert_eq!(rig.log.halted(), Some(expected));
    }
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.append(27);
    rig.pass(10_100);
    rig.sync_ends(Err(Errno::EIO));
    assert_eq!(rig.log.halted(), Some(HaltReason::SyncFailed(Errno::EIO)));
}

#[test]
fn a_failed_sync_is_forgotten_by_redis_and_remembered_by_hardened() {
    for profile in [ProfileName::Redis62, ProfileName::Hardened] {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        assert_eq!(rig.pass(11_000), "write 27 at 0, Sync sync to 27");
        rig.append(23);
        rig.pass(11_100);
        let told = rig.sync_ends(Err(Errno::EIO));
        assert!(told.starts_with("SyncFailed"), "{told}");
        assert_eq!(rig.log.refusal(), Some(Errno::EIO));
        let after = rig.pass(12_000);
        if profile != ProfileName::Hardened {
            assert_eq!(after, "write 23 at 27, Sync sync to 50");
            assert_eq!(rig.sync_ends(Ok(())), "SyncRecovered");
            assert_eq!(rig.log.refusal(), None, "the server believes that all is well");
        } else {
            assert_eq!(after, "");
            assert_eq!(rig.log.sync_in_flight(), None, "a hopeless sync is not tried");
            assert_eq!(rig.log.refusal(), Some(Errno::EIO));
        }
        assert_eq!(rig.log.lost_from(), Some(Lsn(0)));
        let written = if profile != ProfileName::Hardened { 50 } else { 27 };
        assert_eq!(rig.frontiers(), (50, written, 0), "the ledger does not believe it");
    }
}

#[test]
fn redis_3_0_does_not_look_at_what_a_sync_answers() {
    for policy in [Policy::EverySec, Policy::Always] {
        let mut rig = Rig::new(ProfileName::Redis30, policy);
        rig.append(27);
        if policy == Policy::Always {
            rig.kernel = [Takes(27), Fails(Errno::EIO)].into();
            assert_eq!(rig.pass(11_000), "write 27 at 0, Inline sync to 27");
        } else {
            assert_eq!(rig.pass(11_000), "write 27 at 0, Sync sync to 27");
            assert_eq!(rig.sync_ends(Err(Errno::EIO)), "");
        }
        assert_eq!((rig.log.refusal(), rig.log.halted()), (None, None), "{policy:?}");
        assert_eq!(rig.log.ledger().believed(), Lsn(27));
        // What was lost stays lost, also behind a sync that succeeds.
        assert_eq!(rig.log.lost_from(), Some(Lsn(0)));
        rig.append(23);
        rig.kernel.clear();
        rig.pass(13_000);
        if policy == Policy::EverySec {
            rig.sync_ends(Ok(()));
        }
        assert_eq!(rig.frontiers(), (50, 50, 0));
        assert_eq!(rig.log.ledger().believed(), Lsn(50));
        rig.log.drain(Millis(14_000));
        rig.run();
        assert_eq!(rig.log.drained(&rig.config), Some(true), "it ends as if nothing had been");
    }
}

#[test]
fn a_forgotten_failure_holds_no_reply_for_ever() {
    let mut rig = Rig::new(ProfileName::Redis62, Policy::EverySec);
    rig.append(27);
    rig.pass(11_000);
    rig.sync_ends(Err(Errno::EIO));
    rig.append(23);
    rig.pass(12_000);
    rig.sync_ends(Ok(()));
    assert_eq!(rig.frontiers(), (50, 50, 0));
    // Gates of `always` go by this.
    assert_eq!(rig.log.ledger().believed(), Lsn(50));
}

#[test]
fn a_shutdown_of_redis_3_0_forgets_what_waits() {
    for (profile, expected) in [
        (ProfileName::Redis30, "Inline sync to 27"),
        (ProfileName::Redis62, "write 23 at 27, Inline sync to 50"),
    ] {
        let mut rig = Rig::new(profile, Policy::No);
        rig.append(27);
        rig.pass(10_000);
        rig.append(23);
        rig.log.shut_down(&rig.config, Millis(10_100));
        assert_eq!(rig.run(), expected, "{profile:?}");
        assert_eq!(rig.log.drained(&rig.config), Some(true));
        // CONFIG SET appendonly no writes it in every version.
        let mut rig = Rig::new(profile, Policy::No);
        rig.append(23);
        rig.log.stop(Millis(10_100));
        let seen = rig.run();
        assert!(seen.starts_with("write 23 at 0, Inline sync to 23"), "{profile:?}: {seen}");
    }
}

#[test]
fn draining_brings_everything_to_the_disk() {
    for (profile, expected) in [
        (ProfileName::Redis62, "write 27 at 0, Inline sync to 27"),
        (ProfileName::Hardened, "write 27 at 0, Sync sync to 27"),
    ] {
        for policy in Policy::ALL {
            let mut rig = Rig::new(profile, policy);
            rig.append(27);
            rig.log.drain(Millis(10_001));
            assert_eq!(rig.run(), expected, "{policy:?}");
            if profile == ProfileName::Hardened {
                assert_eq!(rig.log.drained(&rig.config), None);
                rig.sync_ends(Ok(()));
            }
            assert_eq!(rig.log.drained(&rig.config), Some(true));
            assert_eq!(rig.frontiers(), (27, 27, 27));
        }
    }
}

#[test]
fn draining_over_a_running_sync_covers_what_came_after_it() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        rig.pass(11_000);
        rig.append(23);
        rig.log.drain(Millis(11_100));
        rig.run();
        rig.sync_ends(Ok(()));
        if rig.log.sync_in_flight().is_some() {
            rig.sync_ends(Ok(()));
        }
        assert_eq!(rig.log.drained(&rig.config), Some(true), "{profile:?}");
        assert_eq!(rig.frontiers(), (50, 50, 50));
    }
}

#[test]
fn draining_that_fails_says_so() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        rig.kernel = [Fails(Errno::ENOSPC)].into();
        rig.log.drain(Millis(10_100));
        assert_eq!(rig.run(), "write 27 at 0, WriteFailed");
        assert_eq!(rig.log.drained(&rig.config), Some(false));
    }
}

#[test]
fn stopping_drains_closes_and_forgets() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.append(27);
        rig.log.stop(Millis(10_100));
        assert!(!rig.log.accepts(), "nothing is logged from here on");
        let mut seen = rig.run();
        if profile == ProfileName::Hardened {
            seen.push_str(", ");
            seen.push_str(&rig.sync_ends(Ok(())));
        }
        assert!(seen.ends_with("AppendOnlyStopped, close"), "{seen}");
        let Pass::Closing { job: Some(job) } = rig.log.pass else { panic!("{:?}", rig.log.pass) };
        rig.log.job_ended(&rig.config, job, Ok(()), Micros(0), &Held::default());
        assert_eq!(rig.log.state(), State::Off);
        assert_eq!(rig.frontiers(), (27, 27, 27));
        assert_eq!(rig.pass(12_000), "");
    }
}

#[test]
fn turning_the_log_off_lifts_the_refusal() {
    let mut rig = Rig::new(ProfileName::Redis62, Policy::EverySec);
    rig.append(27);
    rig.kernel = [Fails(Errno::ENOSPC), Fails(Errno::ENOSPC)].into();
    rig.pass(10_100);
    assert!(rig.log.refusal().is_some());
    rig.log.stop(Millis(10_200));
    rig.run();
    assert_eq!(rig.log.refusal(), None);
}

/// All short scripts of appends, passes, ends of syncs and failures: the ledger never lies and
/// never goes back, and a calm end brings everything to the disk.
#[test]
fn every_short_history_keeps_the_ledger_honest() {
    #[derive(Clone, Copy, Debug)]
    enum Move {
        Append,
        Pass,
        SyncOk,
        SyncFails,
        WriteFails,
        WriteShort,
    }
    const MOVES: [Move; 6] = [
        Move::Append,
        Move::Pass,
        Move::SyncOk,
        Move::SyncFails,
        Move::WriteFails,
        Move::WriteShort,
    ];
    const LENGTH: u32 = 6;
    let mut histories = 0_u32;
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            for code in 0..6_u32.pow(LENGTH) {
                histories += 1;
                let script: Vec<Move> =
                    (0..LENGTH).map(|i| MOVES[(code / 6_u32.pow(i) % 6) as usize]).collect();
                let mut rig = Rig::new(profile, policy);
                let mut before = rig.frontiers();
                let mut now = 10_000;
                for step in &script {
                    match step {
                        Move::Append => rig.append(10),
                        Move::Pass => {
                            now += 600;
                            rig.pass(now);
                        }
                        Move::SyncOk | Move::SyncFails => {
                            if rig.log.sync_in_flight().is_some() {
                                let ok = matches!(step, Move::SyncOk);
                                rig.sync_ends(if ok { Ok(()) } else { Err(Errno::EIO) });
                            }
                        }
                        Move::WriteFails => rig.kernel.push_back(Fails(Errno::ENOSPC)),
                        Move::WriteShort => rig.kernel.extend([Takes(4), Fails(Errno::ENOSPC)]),
                    }
                    let after = rig.frontiers();
                    let context = format!("{profile:?} {policy:?} {script:?}");
                    assert!(after.0 >= before.0, "{context}");
                    assert!(after.1 >= before.1 && after.2 >= before.2, "goes back: {context}");
                    assert!(after.0 >= after.1 && after.1 >= after.2, "out of order: {context}");
                    assert_eq!(rig.log.buffer().end().0, after.0, "{context}");
                    assert_eq!(rig.log.file_length_bytes(), after.1, "{context}");
                    before = after;
                }
                calm_end(&mut rig, now);
            }
        }
    }
    assert_eq!(histories, 3 * 3 * 6_u32.pow(LENGTH));
}

/// Two quiet seconds, then a drain; with nothing lost, everything is durable.
fn calm_end(rig: &mut Rig, now: u64) {
    if rig.log.halted().is_some() {
        return;
    }
    rig.kernel.clear();
    rig.pass(now + 2_000);
    if rig.log.sync_in_flight().is_some() {
        rig.sync_ends(Ok(()));
    }
    rig.pass(now + 4_000);
    rig.log.drain(Millis(now + 5_000));
    rig.run();
    while rig.log.sync_in_flight().is_some() {
        rig.sync_ends(Ok(()));
    }
    let (appended, written, synced) = rig.frontiers();
    assert!(rig.log.drained(&rig.config).is_some(), "a drain ends");
    if rig.config.profile == ProfileName::Redis30 {
        // Nobody looks, so it always ends well.
        assert_eq!(rig.log.ledger().believed().0, written);
    }
    if rig.log.lost_from().is_none() {
        assert_eq!((appended, written), (synced, synced));
        assert_eq!(rig.log.drained(&rig.config), Some(true));
    } else {
        assert!(rig.log.lost_from().is_some_and(|lost| lost.0 >= synced));
    }
}

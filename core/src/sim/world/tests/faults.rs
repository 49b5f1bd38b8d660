//! A disk error at every step, and then a failure at every later step.

use super::*;

/// The run goes on with this fault from step `step` on.
fn with_fault(world: &World, fault: Fault) -> World {
    let mut world = world.clone();
    world.submit(Due { at: world.now(), input: Input::Fault(fault) });
    world
}

/// Breaches over all later steps, both failures and these models, with their contexts.
fn all_breaches(
    policy: Policy,
    profile: ProfileName,
    fault: Fault,
    failed_pages: FailedPages,
    models: &[DiskModel],
) -> Vec<(String, Breach)> {
    let mut found = Vec::new();
    let mut start = four_writes(policy, profile);
    let mut settings = start.settings().clone();
    settings.parameters.failed_pages = failed_pages;
    let inputs = std::mem::take(&mut start.inputs);
    let mut start = World::new(settings).expect("an empty log loads");
    inputs.into_iter().for_each(|due| start.submit(due));
    for (set_at, world) in states(start).iter().enumerate() {
        for (step, world) in states(with_fault(world, fault)).iter().enumerate() {
            if world.engine().is_none() && world.down().is_none() {
                continue;
            }
            for (input, name) in &FAILURES {
                // A server that has ended itself leaves what a killed one leaves.
                let down = match world.down() {
                    Some(_) => world.clone(),
                    None => struck(world, input.clone()),
                };
                for model in models {
                    for breach in breaches(&survey(&down, *model)) {
                        let context = format!(
                            "{policy:?} {fault:?} at {set_at}, {name} {step} later, {model:?}"
                        );
                        found.push((context, breach));
                    }
                }
            }
        }
    }
    found
}

const FAULTS: [Fault; 4] =
    [Fault::FailNextSync, Fault::StallNextSync, Fault::FillDisk, Fault::ShortWrite];

#[test]
fn hardened_keeps_its_promise_whatever_the_disk_says() {
    let models = [DiskModel::Exact, DiskModel::AnyPrefix];
    for policy in Policy::ALL {
        for fault in FAULTS {
            for pages in [FailedPages::Dropped, FailedPages::Kept] {
                let found = all_breaches(policy, ProfileName::Hardened, fault, pages, &models);
                assert_eq!(found, []);
            }
        }
    }
}

#[test]
fn redis_keeps_its_promise_until_a_sync_fails() {
    let models = [DiskModel::Exact, DiskModel::AnyPrefix];
    for policy in Policy::ALL {
        for fault in [Fault::StallNextSync, Fault::FillDisk, Fault::ShortWrite] {
            let found =
                all_breaches(policy, ProfileName::Redis62, fault, FailedPages::Dropped, &models);
            assert_eq!(found, []);
        }
    }
}

#[test]
fn redis_writes_behind_pages_that_a_failed_sync_has_dropped() {
    let models = [DiskModel::Exact];
    let fault = Fault::FailNextSync;
    let everysec =
        |pages| all_breaches(Policy::EverySec, ProfileName::Redis62, fault, pages, &models);
    let found = everysec(FailedPages::Dropped);
    assert!(found.iter().any(|(_, breach)| *breach == Breach::Refused), "{found:?}");
    assert_eq!(everysec(FailedPages::Kept), []);
}

#[test]
fn a_full_disk_refuses_writes_and_recovers_when_there_is_room() {
    for profile in ProfileName::ALL {
        let mut world = four_writes(Policy::EverySec, profile);
        world.submit(Due { at: Micros(1_400_000), input: Input::Fault(Fault::FillDisk) });
        world.submit(Due { at: Micros(6_000_000), input: Input::Fault(Fault::FreeDisk) });
        let mut refused = false;
        while world.step().is_some() {
            refused |= world.engine().is_some_and(|engine| engine.log().refusal().is_some());
        }
        assert!(refused, "{profile:?}");
        let engine = world.engine().expect("it stayed up");
        assert_eq!(engine.log().refusal(), None);
        let ledger = engine.ledger();
        assert_eq!(ledger.synced(), ledger.appended());
        assert_eq!(world.machine().durable(), ledger.appended().0);
    }
}

#[test]
fn always_halts_when_the_disk_fails() {
    for profile in ProfileName::ALL {
        for fault in [Fault::FailNextSync, Fault::FillDisk] {
            // Redis 3.0 looks at what a write answers and not at what a sync does.
            if profile == ProfileName::Redis30 && fault == Fault::FailNextSync {
                continue;
            }
            let mut world = four_writes(Policy::Always, profile);
            world.submit(Due { at: Micros(1_500_000), input: Input::Fault(fault) });
            while world.step().is_some() {}
            let down = world.down().expect("it has ended itself");
            assert!(matches!(down.kind, DownKind::Failed(SceneKind::Halted(_))));
            // SET a and SET b were acknowledged before; SET c never was.
            assert_eq!(world.journal().acknowledged_writes(), 2);
        }
    }
}

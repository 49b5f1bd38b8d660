//! What one step of the simulated world costs, and how fast time can be travelled.
//!
//! `cargo bench -p aof-core --bench world`. The run has 10,000 steps, the most that a branch may
//! have; seeks go to steps that are spread over all of it.

use std::hint::black_box;

use aof_core::config::Policy;
use aof_core::profile::ProfileName;
use aof_core::sim::scenario::{self, Scenario};
use aof_core::sim::timeline::{STEP_LIMIT, Timeline};
use aof_core::sim::world::World;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const STEPS: u64 = 1_000;

/// Enough commands for `steps` steps, over 20 keys.
fn long_run(policy: Policy, steps: u64) -> Scenario {
    let mut scenario = scenario::empty(policy, ProfileName::Hardened, 1);
    scenario.inputs = (0..steps)
        .map(|i| scenario::command(1_000 + i * 3_000, &format!("SET key:{} {i}", i % 20)))
        .collect();
    scenario
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    for policy in Policy::ALL {
        let Scenario { settings, inputs, .. } = long_run(policy, STEPS);
        let mut world = World::new(settings).expect("an empty log loads");
        inputs.into_iter().for_each(|due| world.submit(due));
        group.throughput(Throughput::Elements(STEPS));
        group.bench_function(policy.as_str(), |bencher| {
            bencher.iter_batched_ref(
                || world.clone(),
                |world| {
                    for _ in 0..STEPS {
                        black_box(world.step().expect("the run is longer"));
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn seek(criterion: &mut Criterion) {
    let scenario = long_run(Policy::EverySec, STEP_LIMIT);
    let mut timeline = Timeline::new(scenario).expect("an empty log loads");
    let steps = timeline.branch().steps();
    assert_eq!(steps, STEP_LIMIT, "the run fills its branch");
    let mut target = 1;
    criterion.bench_function("seek in 10,000 steps", |bencher| {
        bencher.iter(|| {
            // A full-period walk over the steps, far from the last position each time.
            target = (target + 7_919) % steps;
            timeline.seek(target).expect("the step exists");
            black_box(timeline.world().now());
        });
    });
}

criterion_group!(benches, step, seek);
criterion_main!(benches);

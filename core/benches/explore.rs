//! How fast every crash of a run is recovered and judged.
//!
//! `cargo bench -p aof-core --bench explore`. The run is `scenario::busy`: 64 commands and a
//! rewrite. Images, distinct images and datasets are printed, because a rate without them says
//! nothing.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark reads the clock, and prints"
)]

use std::hint::black_box;
use std::time::Instant;

use aof_core::config::Policy;
use aof_core::explore::{Options, explore};
use aof_core::profile::ProfileName;
use aof_core::sim::crash::{DiskModel, Limits};
use aof_core::sim::scenario::{Scenario, busy};
use aof_core::sim::world::World;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn world(profile: ProfileName) -> World {
    let Scenario { settings, inputs, .. } = busy(Policy::EverySec, profile, 1);
    let mut world = World::new(settings).expect("an empty log loads");
    inputs.into_iter().for_each(|due| world.submit(due));
    world
}

fn every_crash(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("every crash");
    group.sample_size(10);
    let limits = Limits { images: 500_000, total_bytes: 512 * 1024 * 1024 };
    for profile in [ProfileName::Hardened, ProfileName::Redis62] {
        for model in DiskModel::ALL {
            let options = Options { model, limits, ..Options::default() };
            let name = format!("{} {}", profile.as_str(), model.as_str());
            let start = world(profile);
            let began = Instant::now();
            let report = explore(start.clone(), options);
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "{name}: {} steps, {} cuts, {} images counted, {} listed{}, {} distinct, \
                 {} datasets, {} violations, {:.0} distinct images a second, {:.0} listed",
                report.facts.len(),
                report.cuts,
                report.counted,
                report.listed,
                if report.more_than { " (more than that exist)" } else { "" },
                report.distinct,
                report.datasets,
                report.violations.len(),
                report.distinct as f64 / seconds,
                report.listed as f64 / seconds,
            );
            group.throughput(Throughput::Elements(report.distinct));
            group.bench_function(&name, |bencher| {
                bencher.iter(|| black_box(explore(start.clone(), options)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, every_crash);
criterion_main!(benches);

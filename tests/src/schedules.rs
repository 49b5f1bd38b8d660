//! Schedules made with the page's own object, for the tests of both worlds: what a browser
//! exports, the native engine must replay, byte for byte.

use aof_web::lab::{Lab, Options, ScenarioName};

use aof_core::config::Policy;
use aof_core::profile::ProfileName;

/// Every schedule by name, with the trace that was exported when it was committed.
pub const SCHEDULES: [(&str, &[u8]); 3] = [
    ("first-visit", include_bytes!("../fixtures/schedules/first-visit.trace")),
    ("full-disk", include_bytes!("../fixtures/schedules/full-disk.trace")),
    ("always", include_bytes!("../fixtures/schedules/always.trace")),
];

/// Makes the schedule of that name.
///
/// # Panics
/// When the lab refuses a step of it, or there is no such schedule.
#[must_use]
pub fn make(name: &str) -> Lab {
    match name {
        "first-visit" => first_visit(),
        "full-disk" => full_disk(),
        "always" => always(),
        other => panic!("there is no schedule {other}"),
    }
}

fn lab(options: Options) -> Lab {
    Lab::new(options).expect("these options are good")
}

/// The opening of the page, followed to its rest.
fn first_visit() -> Lab {
    let mut lab = lab(Options { scenario: ScenarioName::FirstVisit, ..Options::default() });
    to_the_end(&mut lab);
    lab
}

/// A full disk, a refused write, space again.
fn full_disk() -> Lab {
    let profile = ProfileName::Hardened;
    let mut lab = lab(Options { profile, policy: Policy::EverySec, ..Options::default() });
    lab.submit(1, "SET a 1").expect("a write");
    lab.fault("fill-disk").expect("a fault");
    lab.submit(1, "SET b 2").expect("a write that is held");
    to_the_end(&mut lab);
    lab.submit(2, "SET c 3").expect("a write that is refused");
    lab.fault("free-disk").expect("no fault any more");
    to_the_end(&mut lab);
    lab
}

/// Group commit, a transaction, an expired key.
fn always() -> Lab {
    let profile = ProfileName::Hardened;
    let mut lab = lab(Options { profile, policy: Policy::Always, ..Options::default() });
    for line in ["SET a 1 PX 50", "MULTI", "INCR n", "SET b \"x y\"", "EXEC"] {
        lab.submit(1, line).expect("a command");
    }
    lab.submit(2, "GET n").expect("a read that waits");
    to_the_end(&mut lab);
    lab.wait(200).expect("time passes");
    to_the_end(&mut lab);
    lab
}

fn to_the_end(lab: &mut Lab) {
    let steps = lab.story().branch().steps();
    lab.seek(steps).expect("a known step");
}

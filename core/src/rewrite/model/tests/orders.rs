//! Every order in which the steps of parent and child can come, with both machines as they are.

use crate::config::Policy;
use crate::profile::ProfileName;
use crate::rewrite::child::Parameters;

use super::super::acts::{Act, Beginning, Bounds};
use super::super::search::{binomial, count_orders};
use super::super::switch::{State, Switch};
use super::SMALL;

/// So small that three keys are several writes, with a look into the pipe in between.
const TINY: Parameters = Parameters {
    write_bytes: 40,
    read_diff_every_bytes: 80,
    diff_read_bytes: 64,
    sync_every_bytes: None,
    append_bytes: 64,
    report_every_ms: u64::MAX / 1_000,
    drain_limit_ms: 1_000,
    silent_ms: 1,
    ack_timeout_ms: 5_000,
};

/// A world just after the fork: three keys, a child, and so many writes to come.
fn forked(
    profile: ProfileName,
    policy: Policy,
    beginning: Beginning,
    commands: u64,
) -> (Switch, State) {
    let bounds = Bounds { commands, seconds: 0, tidies_first: false, ..SMALL };
    let (mut space, mut state) = Switch::new(profile, policy, beginning, bounds);
    state.outside.whole_child = Some(TINY);
    state = space.go(&state, Act::Rewrite).expect("nothing is wrong");
    assert!(state.outside.child.is_some(), "it is forked at once");
    (space, state)
}

/// The log is off, so that nothing is to be sent: parent and child then wait for each other only
/// where they agree to stop, and what they do is one chain, whatever clients do meanwhile. Its
/// length is measured without any client; how often two writes fit into it is arithmetic.
#[test]
fn the_number_of_orders_is_the_one_that_arithmetic_gives() {
    let (mut space, alone) = forked(ProfileName::Hardened, Policy::EverySec, Beginning::Without, 0);
    let (orders, states) = count_orders(&mut space, &alone);
    assert_eq!(orders, 1, "a chain");
    let chain = states as u128 - 1;
    for writes in 1_u64..=4 {
        let (mut space, start) =
            forked(ProfileName::Hardened, Policy::EverySec, Beginning::Without, writes);
        let (orders, states) = count_orders(&mut space, &start);
        println!(
            "{writes} writes beside a chain of {chain} steps: {orders} orders, {states} states"
        );
        let writes = u128::from(writes);
        assert_eq!(orders, binomial(chain + writes, writes));
        assert_eq!(states as u128, (chain + 1) * (writes + 1));
    }
}

/// Three keys, two writes, one rewrite.
#[test]
fn in_every_order_the_new_log_has_everything() {
    let mut all = 0_u128;
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            for beginning in [Beginning::On, Beginning::Off] {
                let (mut space, start) = forked(profile, policy, beginning, 2);
                // What Redis 6.2 cannot promise after a power cut is told elsewhere.
                space.judge.power_may_be_cut = profile == ProfileName::Hardened;
                space.at_end = Some(|state| state.has_all_in_the_new_log());
                let (orders, states) = count_orders(&mut space, &start);
                all += orders;
                println!(
                    "{profile:?}, {}, {beginning:?}: {orders} orders of parent and child, \
                     {states} states, {} images judged",
                    policy.as_str(),
                    space.judge.judged
                );
                assert!(orders > 100, "parent and child are free of each other");
            }
        }
    }
    println!("{all} orders in all");
}

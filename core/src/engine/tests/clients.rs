//! How clients come, go and are answered.

use super::*;

#[test]
fn goodbyes_come_after_the_replies() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.command(1, "SET a 1");
    assert_eq!(rig.turn(1, "QUIT"), "write 50, start sync");
    assert_eq!(rig.job_ends(Ok(())), "send 1: 2, close 1: Quit");
    assert_eq!(rig.received(1), "+OK +OK ");
}

#[test]
fn an_http_request_is_cut_off_before_its_body() {
    for line in ["POST / HTTP/1.1", "Host: 127.0.0.1:6379", "host: x"] {
        let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
        rig.turn(2, "SET keep 1");
        rig.received(2);
        let mut seen = rig.command(1, line);
        seen.push_str(&rig.command(1, "FLUSHALL"));
        seen.push_str(&rig.turn_end());
        assert_eq!(seen, "close 1: CrossProtocol", "{line}");
        assert_eq!(rig.received(1), "", "{line}");
        rig.turn(2, "GET keep");
        assert_eq!(rig.received(2), "$1 1 ", "{line}");
    }
}

#[test]
fn a_client_that_leaves_takes_its_replies_with_it_but_not_its_writes() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.turn(1, "SET a 1");
    rig.event(Event::Closed { client: ClientId(1) });
    assert_eq!(rig.job_ends(Ok(())), "");
    rig.turn(2, "GET a");
    assert_eq!(rig.received(2), "$1 1 ");
}

#[test]
fn a_pipeline_is_answered_in_order_in_one_send() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    for line in ["SET a 1", "GET a", "INCR a", "GET a"] {
        rig.command(1, line);
    }
    assert_eq!(rig.turn_end(), "write 71, send 1: 4");
    assert_eq!(rig.received(1), "+OK $1 1 :2 $1 2 ");
}
